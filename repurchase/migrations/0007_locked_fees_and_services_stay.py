from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_new_lines_of_a_locked_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM touched t JOIN repurchase_repeatorder o ON o.id = t.order_id
         WHERE o.status NOT IN ('pending', 'planned', 'excluded', 'failed')
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its order is locked', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_locked_order_gets_no_line AFTER INSERT ON repurchase_repeatline
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION refuse_new_lines_of_a_locked_order();

-- A line leaves the scope only after its order was answered (R-15), never while the order waits at its locked price.
CREATE FUNCTION refuse_to_empty_a_waiting_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM repurchase_repeatorder o WHERE o.id = NEW.order_id AND o.status = 'locked') THEN
        RAISE EXCEPTION 'PRICE_LOCKED: UPDATE on % % refused, its order is locked', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_waiting_line_stays BEFORE UPDATE ON repurchase_repeatline FOR EACH ROW
    WHEN ((OLD.total_minor, OLD.outcome) IS DISTINCT FROM (NEW.total_minor, NEW.outcome))
    EXECUTE FUNCTION refuse_to_empty_a_waiting_line();

CREATE FUNCTION refuse_to_change_locked_fees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM touched t JOIN repurchase_repeatorder o ON o.id = t.order_id WHERE o.status = 'locked'
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its order is locked', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER locked_fees_get_no_other AFTER INSERT ON repurchase_orderfee
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_locked_fees();
CREATE TRIGGER locked_fees_keep_their_amounts AFTER UPDATE ON repurchase_orderfee
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_locked_fees();
CREATE TRIGGER locked_fees_stay AFTER DELETE ON repurchase_orderfee
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_locked_fees();

-- Services stand in the terms that the buyer is asked to agree to; only the answer is added to them.
CREATE FUNCTION refuse_to_change_locked_services() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM repurchase_batch b
         WHERE b.id IN (OLD.batch_id, NEW.batch_id) AND b.status IN ('locked', 'closed')
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its batch is locked', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER locked_services_stay BEFORE INSERT OR DELETE ON repurchase_lineservice FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_locked_services();
CREATE TRIGGER locked_services_keep_their_text BEFORE UPDATE ON repurchase_lineservice FOR EACH ROW
    WHEN (
        (OLD.batch_id, OLD.past_order_id, OLD.past_line_id, OLD.text, OLD.dismissed_at)
        IS DISTINCT FROM (NEW.batch_id, NEW.past_order_id, NEW.past_line_id, NEW.text, NEW.dismissed_at)
    )
    EXECUTE FUNCTION refuse_to_change_locked_services();
"""
ALLOW = """
DROP TRIGGER locked_services_keep_their_text ON repurchase_lineservice;
DROP TRIGGER locked_services_stay ON repurchase_lineservice;
DROP FUNCTION refuse_to_change_locked_services();
DROP TRIGGER locked_fees_stay ON repurchase_orderfee;
DROP TRIGGER locked_fees_keep_their_amounts ON repurchase_orderfee;
DROP TRIGGER locked_fees_get_no_other ON repurchase_orderfee;
DROP FUNCTION refuse_to_change_locked_fees();
DROP TRIGGER a_waiting_line_stays ON repurchase_repeatline;
DROP FUNCTION refuse_to_empty_a_waiting_line();
DROP TRIGGER a_locked_order_gets_no_line ON repurchase_repeatline;
DROP FUNCTION refuse_new_lines_of_a_locked_order();
"""


class Migration(migrations.Migration):
    """R-19 in the database, for what stands around a locked price: its lines, its fee lines, its services."""

    dependencies = [("repurchase", "0006_gates_at_the_confirmation")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
