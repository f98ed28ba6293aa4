"""Papers are made under a lease; what is confirmed is owed at once, and released on open account, without a PDF."""

from django.db import migrations, models

OWE = """
UPDATE repurchase_repeatorder o SET status = 'awaiting_payment', changed_at = clock_timestamp() + s.clock_offset
  FROM repurchase_proforma p JOIN marketplace_store s ON s.id = p.store_id
 WHERE p.id = o.proforma_id AND o.status = 'confirmed' AND NOT p.open_account;
"""

# As in migration 0016, but for `p.issued_at IS NOT NULL`: a release on open account waits for no PDF.
RELEASE_WITHOUT_A_PDF = """
CREATE OR REPLACE FUNCTION refuse_what_is_not_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE came bigint;
BEGIN
    IF NEW.status = 'released' AND OLD.status = 'confirmed' THEN
        IF NOT EXISTS (SELECT FROM repurchase_proforma p WHERE p.id = NEW.proforma_id AND p.open_account) THEN
            RAISE EXCEPTION 'ORDER_NOT_PAID: % has no open account', OLD.ref
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status = 'released' AND OLD.status <> 'paid' OR NEW.status = 'paid' AND OLD.status <> 'awaiting_payment' THEN
        RAISE EXCEPTION 'ORDER_NOT_PAID: % is %', OLD.ref, OLD.status USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT coalesce(sum(amount_minor), 0) INTO came FROM repurchase_payment
     WHERE order_id = NEW.id AND reversed_at IS NULL AND currency = NEW.currency;
    IF came < NEW.total_minor THEN
        RAISE EXCEPTION 'ORDER_NOT_PAID: % has % of %', OLD.ref, came, NEW.total_minor
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("repurchase", "0016_settled_differences")]

    operations = [
        migrations.AddField("proforma", "alarmed_at", models.DateTimeField(null=True)),
        migrations.AddField("proforma", "busy_until", models.DateTimeField(null=True)),
        migrations.AddField(
            "proforma", "error", models.CharField(blank=True, default="", max_length=200)
        ),
        migrations.AddField("diagnosisreport", "alarmed_at", models.DateTimeField(null=True)),
        migrations.RunSQL(RELEASE_WITHOUT_A_PDF, migrations.RunSQL.noop),
        migrations.RunSQL(OWE, migrations.RunSQL.noop),
    ]
