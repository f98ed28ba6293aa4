from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_to_change_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on entry % refused', TG_OP, OLD.id;
END $$;
CREATE TRIGGER the_ledger_is_append_only BEFORE UPDATE OR DELETE ON diagnostics_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_ledger();
"""
ALLOW = """
DROP TRIGGER the_ledger_is_append_only ON diagnostics_ledgerentry;
DROP FUNCTION refuse_to_change_the_ledger();
"""


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
