-- R-19 for what a locked batch was decided under, and for its customised services.

CREATE OR REPLACE FUNCTION refuse_to_change_locked_policies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION
        'PRICE_LOCKED: % on % refused, its prices are locked by these policies and rates',
        TG_OP, OLD.ref
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- A locked batch keeps the policies, rates and time that it was screened by (R-19, R-67).
CREATE OR REPLACE TRIGGER a_locked_batch_keeps_its_policies
    BEFORE UPDATE ON repurchase_batch FOR EACH ROW
    WHEN (
        OLD.status IN ('locked', 'closed')
        AND (OLD.policies, OLD.rate_set_id, OLD.index_close_id, OLD.screened_at)
            IS DISTINCT FROM (NEW.policies, NEW.rate_set_id, NEW.index_close_id, NEW.screened_at)
    )
    EXECUTE FUNCTION refuse_to_change_locked_policies();

-- Services stand in the terms that the buyer is asked to agree to; only the answer is added to
-- them.
CREATE OR REPLACE FUNCTION refuse_to_change_locked_services() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- A locked batch gets and loses no service (R-15, R-19).
CREATE OR REPLACE TRIGGER locked_services_stay
    BEFORE INSERT OR DELETE ON repurchase_lineservice FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_locked_services();

-- A service of a locked batch keeps its text and its line (R-15, R-19).
CREATE OR REPLACE TRIGGER locked_services_keep_their_text
    BEFORE UPDATE ON repurchase_lineservice FOR EACH ROW
    WHEN (
        (OLD.batch_id, OLD.past_order_id, OLD.past_line_id, OLD.text, OLD.dismissed_at)
        IS DISTINCT FROM
        (NEW.batch_id, NEW.past_order_id, NEW.past_line_id, NEW.text, NEW.dismissed_at)
    )
    EXECUTE FUNCTION refuse_to_change_locked_services();
