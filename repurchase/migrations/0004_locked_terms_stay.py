from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_to_change_locked_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'PRICE_LOCKED: % on % % refused, its order is locked', TG_OP, TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION refuse_to_change_locked_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM repurchase_repeatorder o
         WHERE o.id IN (OLD.order_id, NEW.order_id)
           AND o.status NOT IN ('pending', 'planned', 'excluded', 'failed')
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % % refused, its order is locked', TG_OP, TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

-- What the buyer pays and is promised can't be changed any more; state, lock, ERP's answer, note can, and the
-- address, which has to be erasable.
-- The one way out: with the buyer's answer, lines that leave the scope take their amounts with them (R-15).
CREATE TRIGGER a_locked_order_keeps_its_terms BEFORE UPDATE ON repurchase_repeatorder FOR EACH ROW
    WHEN (
        OLD.status NOT IN ('pending', 'planned', 'excluded', 'failed')
        AND (
            (OLD.store_id, OLD.batch_id, OLD.past_order_id, OLD.currency, OLD.promise_days,
             OLD.prices_include_tax, OLD.incoterm, OLD.importer_of_record,
             OLD.tax_category, OLD.tax_rate, OLD.tax_code)
            IS DISTINCT FROM
            (NEW.store_id, NEW.batch_id, NEW.past_order_id, NEW.currency, NEW.promise_days,
             NEW.prices_include_tax, NEW.incoterm, NEW.importer_of_record,
             NEW.tax_category, NEW.tax_rate, NEW.tax_code)
            OR (OLD.goods_minor, OLD.freight_minor, OLD.tax_minor, OLD.total_minor)
               IS DISTINCT FROM (NEW.goods_minor, NEW.freight_minor, NEW.tax_minor, NEW.total_minor)
               AND NOT (OLD.status = 'locked' AND NEW.status IN ('confirmed', 'declined')
                        AND NEW.goods_minor <= OLD.goods_minor AND NEW.freight_minor <= OLD.freight_minor
                        AND NEW.tax_minor <= OLD.tax_minor AND NEW.total_minor <= OLD.total_minor)
            OR NEW.status IN ('pending', 'planned', 'excluded', 'failed')
        )
    )
    EXECUTE FUNCTION refuse_to_change_locked_terms();
CREATE TRIGGER a_locked_order_stays BEFORE DELETE ON repurchase_repeatorder FOR EACH ROW
    WHEN (OLD.status NOT IN ('pending', 'planned', 'excluded', 'failed'))
    EXECUTE FUNCTION refuse_to_change_locked_terms();

CREATE TRIGGER a_locked_line_keeps_its_terms BEFORE UPDATE ON repurchase_repeatline FOR EACH ROW
    WHEN (
        (OLD.store_id, OLD.order_id, OLD.source_line_id, OLD.line_no, OLD.sku_id, OLD.quantity, OLD.moq, OLD.base_minor)
        IS DISTINCT FROM
        (NEW.store_id, NEW.order_id, NEW.source_line_id, NEW.line_no, NEW.sku_id, NEW.quantity, NEW.moq, NEW.base_minor)
        OR OLD.total_minor <> NEW.total_minor AND NOT (NEW.total_minor = 0 AND NEW.outcome <> 'planned')
        OR OLD.outcome <> NEW.outcome AND NEW.outcome = 'planned'
    )
    EXECUTE FUNCTION refuse_to_change_locked_lines();
CREATE TRIGGER a_locked_line_stays BEFORE DELETE ON repurchase_repeatline FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_locked_lines();
"""
ALLOW = """
DROP TRIGGER a_locked_line_stays ON repurchase_repeatline;
DROP TRIGGER a_locked_line_keeps_its_terms ON repurchase_repeatline;
DROP TRIGGER a_locked_order_stays ON repurchase_repeatorder;
DROP TRIGGER a_locked_order_keeps_its_terms ON repurchase_repeatorder;
DROP FUNCTION refuse_to_change_locked_lines();
DROP FUNCTION refuse_to_change_locked_terms();
"""


class Migration(migrations.Migration):
    """R-19 in the database: who goes past the services finds the locked price closed as well."""

    dependencies = [("repurchase", "0003_edits_of_a_batch")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
