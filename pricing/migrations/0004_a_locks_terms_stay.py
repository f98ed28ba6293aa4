from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_to_change_a_locks_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'PRICE_LOCKED: % on lock % refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER a_lock_keeps_its_terms BEFORE UPDATE ON pricing_lock FOR EACH ROW
    WHEN (
        (OLD.id, OLD.store_id, OLD.buyer_id, OLD.subject, OLD.currency, OLD.index_series, OLD.rate_set_id,
         OLD.index_close_id, OLD.order_count, OLD.total_minor, OLD.terms_digest)
        IS DISTINCT FROM
        (NEW.id, NEW.store_id, NEW.buyer_id, NEW.subject, NEW.currency, NEW.index_series, NEW.rate_set_id,
         NEW.index_close_id, NEW.order_count, NEW.total_minor, NEW.terms_digest)
    )
    EXECUTE FUNCTION refuse_to_change_a_locks_terms();
CREATE TRIGGER a_lock_stays BEFORE DELETE ON pricing_lock FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_a_locks_terms();
"""
ALLOW = """
DROP TRIGGER a_lock_stays ON pricing_lock;
DROP TRIGGER a_lock_keeps_its_terms ON pricing_lock;
DROP FUNCTION refuse_to_change_a_locks_terms();
"""


class Migration(migrations.Migration):
    """R-19 in the database: a lock's terms are written once."""

    dependencies = [("pricing", "0003_particulars_of_an_act")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
