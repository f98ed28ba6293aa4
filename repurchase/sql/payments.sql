-- R-91: payments, and the proforma invoice that asks for them.

-- A payment is in its order's currency and comes while something is open; a difference is exactly
-- what is still open.
CREATE OR REPLACE FUNCTION refuse_a_wrong_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE o record; came bigint;
BEGIN
    SELECT ref, status, currency, total_minor INTO o FROM repurchase_repeatorder
     WHERE id = NEW.order_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO came FROM repurchase_payment
     WHERE order_id = NEW.order_id AND reversed_at IS NULL;
    IF o.status <> 'awaiting_payment' OR o.currency <> NEW.currency OR came >= o.total_minor
       OR NEW.kind = 'difference' AND came + NEW.amount_minor <> o.total_minor THEN
        RAISE EXCEPTION 'PAYMENT_REFUSED: % is %, % of % came, not % more',
            o.ref, o.status, came, o.total_minor,
            NEW.amount_minor USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- A payment fits what is open of its order (R-91).
CREATE OR REPLACE TRIGGER a_payment_fits_its_order
    BEFORE INSERT ON repurchase_payment FOR EACH ROW
    EXECUTE FUNCTION refuse_a_wrong_payment();

CREATE OR REPLACE FUNCTION refuse_to_edit_a_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.reversed_at IS NULL AND NEW.reversed_at IS NOT NULL
       AND (OLD.id, OLD.store_id, OLD.order_id, OLD.kind, OLD.reference, OLD.reason,
            OLD.amount_minor, OLD.currency, OLD.received_at, OLD.source, OLD.recorded_at,
            OLD.recorded_by)
           IS NOT DISTINCT FROM
           (NEW.id, NEW.store_id, NEW.order_id, NEW.kind, NEW.reference, NEW.reason,
            NEW.amount_minor, NEW.currency, NEW.received_at, NEW.source, NEW.recorded_at,
            NEW.recorded_by)
       AND (SELECT status IN ('awaiting_payment', 'paid') FROM repurchase_repeatorder
             WHERE id = OLD.order_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'PAYMENT_FINAL: % on payment % refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- A payment is never edited, only reversed, once, and not after the release (R-91).
CREATE OR REPLACE TRIGGER a_payment_is_only_reversed
    BEFORE UPDATE OR DELETE ON repurchase_payment FOR EACH ROW
    EXECUTE FUNCTION refuse_to_edit_a_payment();

CREATE OR REPLACE FUNCTION refuse_to_change_an_issued_proforma()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued proforma is append-only: % on % refused', TG_OP, OLD.number;
END $$;

-- An issued proforma invoice stays (R-91).
CREATE OR REPLACE TRIGGER an_issued_proforma_stays
    BEFORE UPDATE OR DELETE ON repurchase_proforma FOR EACH ROW
    WHEN (OLD.issued_at IS NOT NULL) EXECUTE FUNCTION refuse_to_change_an_issued_proforma();
