-- R-19 for the fee lines of an order that waits at its locked price.

CREATE OR REPLACE FUNCTION refuse_to_change_locked_fees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM touched t JOIN repurchase_repeatorder o ON o.id = t.order_id
         WHERE o.status = 'locked'
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its order is locked', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

-- A locked order gets no further fee (R-19, R-68).
CREATE OR REPLACE TRIGGER locked_fees_get_no_other
    AFTER INSERT ON repurchase_orderfee
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_to_change_locked_fees();

-- Its fees keep their amounts (R-19, R-67).
CREATE OR REPLACE TRIGGER locked_fees_keep_their_amounts
    AFTER UPDATE ON repurchase_orderfee
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_to_change_locked_fees();

-- Its fees are not deleted (R-19, R-68).
CREATE OR REPLACE TRIGGER locked_fees_stay
    AFTER DELETE ON repurchase_orderfee
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_to_change_locked_fees();
