-- R-91 and R-90 in the states of an order, from the plan to its completion
-- (repurchase/models/order_states.py).

-- An order is paid when nothing of it is open, and released once, when it is paid or its buyer has
-- an open account; a release on open account waits for no PDF.
CREATE OR REPLACE FUNCTION refuse_what_is_not_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE came bigint;
BEGIN
    IF NEW.status = 'released' AND OLD.status = 'confirmed' THEN
        IF NOT EXISTS (
            SELECT FROM repurchase_proforma p WHERE p.id = NEW.proforma_id AND p.open_account
        ) THEN
            RAISE EXCEPTION 'ORDER_NOT_PAID: % has no open account', OLD.ref
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status = 'released' AND OLD.status <> 'paid'
       OR NEW.status = 'paid' AND OLD.status <> 'awaiting_payment' THEN
        RAISE EXCEPTION 'ORDER_NOT_PAID: % is %',
            OLD.ref, OLD.status USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT coalesce(sum(amount_minor), 0) INTO came FROM repurchase_payment
     WHERE order_id = NEW.id AND reversed_at IS NULL AND currency = NEW.currency;
    IF came < NEW.total_minor THEN
        RAISE EXCEPTION 'ORDER_NOT_PAID: % has % of %', OLD.ref, came, NEW.total_minor
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- An order is paid before it is released, or its buyer has an open account (R-91).
CREATE OR REPLACE TRIGGER only_what_is_paid_is_released
    BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (NEW.status IN ('paid', 'released') AND NEW.status <> OLD.status)
    EXECUTE FUNCTION refuse_what_is_not_paid();

CREATE OR REPLACE FUNCTION refuse_to_go_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'STATE_CONFLICT: % is %, not to become %', OLD.ref, OLD.status, NEW.status
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- From the release on an order only goes forward: released, shipped, completed (R-91).
CREATE OR REPLACE TRIGGER a_released_order_goes_forward
    BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (
        OLD.status = 'released' AND NEW.status NOT IN ('released', 'shipped')
        OR OLD.status = 'shipped' AND NEW.status NOT IN ('shipped', 'completed')
        OR OLD.status = 'completed' AND NEW.status <> 'completed'
        OR NEW.status = 'shipped' AND OLD.status NOT IN ('released', 'shipped')
        OR NEW.status = 'completed' AND OLD.status NOT IN ('shipped', 'completed')
    )
    EXECUTE FUNCTION refuse_to_go_back();

CREATE OR REPLACE FUNCTION refuse_a_wrong_way_out_of_the_plan()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'STATE_CONFLICT: order % can not go from % to % like this',
        OLD.ref, OLD.status, NEW.status
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- planned -> failed | excluded: with a code that says why, and without a price (R-72).
CREATE OR REPLACE TRIGGER an_order_leaves_the_plan_with_its_code
    BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (OLD.status = 'planned' AND NEW.status IN ('failed', 'excluded')
          AND (cardinality(NEW.codes) = 0 OR NEW.total_minor <> 0 OR NEW.lock_id IS NOT NULL))
    EXECUTE FUNCTION refuse_a_wrong_way_out_of_the_plan();

-- Nothing leads on from there but planning anew, which makes the row anew (R-72).
CREATE OR REPLACE TRIGGER an_order_that_left_the_plan_stays_out
    BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (OLD.status IN ('failed', 'excluded') AND NEW.status NOT IN ('failed', 'excluded'))
    EXECUTE FUNCTION refuse_a_wrong_way_out_of_the_plan();

-- What is held back is neither confirmed nor released (R-90).
CREATE OR REPLACE TRIGGER an_order_held_back_does_not_go_on
    BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (NEW.held_at IS NOT NULL AND NEW.status <> OLD.status
          AND NEW.status IN ('confirmed', 'released'))
    EXECUTE FUNCTION refuse_a_wrong_way_out_of_the_plan();
