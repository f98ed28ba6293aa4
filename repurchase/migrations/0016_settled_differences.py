"""A difference that will not come is settled as a row of its own; what came beyond the total stands as it came (R-91)."""

from django.db import migrations, models
from django.db.models import Q

GUARD = """
-- An order is paid when nothing of it is open, and released once, when it is paid or its buyer has an open account (R-91).
CREATE OR REPLACE FUNCTION refuse_what_is_not_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE came bigint;
BEGIN
    IF NEW.status = 'released' AND OLD.status = 'confirmed' THEN
        IF NOT EXISTS (SELECT FROM repurchase_proforma p
                        WHERE p.id = NEW.proforma_id AND p.open_account AND p.issued_at IS NOT NULL) THEN
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

-- A payment is in its order's currency and comes while something is open; a difference is exactly what is still open.
CREATE OR REPLACE FUNCTION refuse_a_wrong_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE o record; came bigint;
BEGIN
    SELECT ref, status, currency, total_minor INTO o FROM repurchase_repeatorder WHERE id = NEW.order_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO came FROM repurchase_payment
     WHERE order_id = NEW.order_id AND reversed_at IS NULL;
    IF o.status <> 'awaiting_payment' OR o.currency <> NEW.currency OR came >= o.total_minor
       OR NEW.kind = 'difference' AND came + NEW.amount_minor <> o.total_minor THEN
        RAISE EXCEPTION 'PAYMENT_REFUSED: % is %, % of % came, not % more', o.ref, o.status, came, o.total_minor,
            NEW.amount_minor USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION refuse_to_edit_a_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.reversed_at IS NULL AND NEW.reversed_at IS NOT NULL
       AND (OLD.id, OLD.store_id, OLD.order_id, OLD.kind, OLD.reference, OLD.reason, OLD.amount_minor, OLD.currency,
            OLD.received_at, OLD.source, OLD.recorded_at, OLD.recorded_by)
           IS NOT DISTINCT FROM
           (NEW.id, NEW.store_id, NEW.order_id, NEW.kind, NEW.reference, NEW.reason, NEW.amount_minor, NEW.currency,
            NEW.received_at, NEW.source, NEW.recorded_at, NEW.recorded_by)
       AND (SELECT status IN ('awaiting_payment', 'paid') FROM repurchase_repeatorder WHERE id = OLD.order_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'PAYMENT_FINAL: % on payment % refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("repurchase", "0015_locked_policies_and_unconfirmed_services")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="kind",
            field=models.CharField(
                choices=[("received", "Received"), ("difference", "Difference")],
                default="received",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="payment", name="reason", field=models.CharField(blank=True, max_length=300)
        ),
        migrations.AlterField(
            model_name="payment",
            name="reference",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.RemoveConstraint(
            model_name="payment", name="one_payment_an_order_and_reference"
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("order", "reference"),
                condition=Q(kind="received", reversed_at__isnull=True),
                name="one_payment_an_order_and_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("order",),
                condition=Q(kind="difference", reversed_at__isnull=True),
                name="one_difference_an_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=(Q(kind="received", reason="") & ~Q(reference=""))
                | (Q(kind="difference", reference="") & ~Q(reason="")),
                name="a_payment_has_its_reference_a_difference_its_reason",
            ),
        ),
        migrations.RunSQL(GUARD, reverse_sql=migrations.RunSQL.noop),
    ]
