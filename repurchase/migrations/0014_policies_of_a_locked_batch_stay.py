from django.db import migrations

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_to_change_locked_policies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its prices are locked by these policies and rates', TG_OP, OLD.ref
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER a_locked_batch_keeps_its_policies BEFORE UPDATE ON repurchase_batch FOR EACH ROW
    WHEN (
        OLD.status IN ('locked', 'closed')
        AND (OLD.policies, OLD.rate_set_id, OLD.index_close_id, OLD.screened_at)
            IS DISTINCT FROM (NEW.policies, NEW.rate_set_id, NEW.index_close_id, NEW.screened_at)
    )
    EXECUTE FUNCTION refuse_to_change_locked_policies();
"""
ALLOW = """
DROP TRIGGER a_locked_batch_keeps_its_policies ON repurchase_batch;
DROP FUNCTION refuse_to_change_locked_policies();
"""


class Migration(migrations.Migration):
    """What a plan was decided under stays with it once its prices are locked (⚙)."""

    dependencies = [("repurchase", "0013_fixes_by_a_worker"), ("pricing", "0009_frozen_values_and_rows")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
