-- A price lock: its terms are written once, when it begins and ends too.

CREATE OR REPLACE FUNCTION refuse_to_change_a_locks_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'PRICE_LOCKED: % on lock % refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- A lock keeps its parties, currency, rates, total and terms (R-19, R-46).
CREATE OR REPLACE TRIGGER a_lock_keeps_its_terms
    BEFORE UPDATE ON pricing_lock FOR EACH ROW
    WHEN (
        (OLD.id, OLD.store_id, OLD.buyer_id, OLD.subject, OLD.currency, OLD.index_series,
         OLD.rate_set_id, OLD.index_close_id, OLD.order_count, OLD.total_minor, OLD.terms_digest)
        IS DISTINCT FROM
        (NEW.id, NEW.store_id, NEW.buyer_id, NEW.subject, NEW.currency, NEW.index_series,
         NEW.rate_set_id, NEW.index_close_id, NEW.order_count, NEW.total_minor, NEW.terms_digest)
    )
    EXECUTE FUNCTION refuse_to_change_a_locks_terms();

-- A lock is not deleted (R-19).
CREATE OR REPLACE TRIGGER a_lock_stays
    BEFORE DELETE ON pricing_lock FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_a_locks_terms();

CREATE OR REPLACE FUNCTION refuse_to_change_a_locks_span() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'LOCK_SPAN: % on % % refused', TG_OP, TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- A lock keeps its 72 hours, its limits of a renegotiation and its first deadline, and how it ended
-- (R-48, R-50, R-51, R-53).
CREATE OR REPLACE TRIGGER a_lock_keeps_its_span
    BEFORE UPDATE ON pricing_lock FOR EACH ROW
    WHEN (
        (OLD.locked_at, OLD.locked_by, OLD.expires_at, OLD.fx_trigger, OLD.index_trigger,
         OLD.renegotiation_hours, OLD.closes_seen)
        IS DISTINCT FROM
        (NEW.locked_at, NEW.locked_by, NEW.expires_at, NEW.fx_trigger, NEW.index_trigger,
         NEW.renegotiation_hours, NEW.closes_seen)
        OR (OLD.renegotiation_deadline IS NOT NULL
            AND OLD.renegotiation_deadline IS DISTINCT FROM NEW.renegotiation_deadline)
        OR (OLD.ended_at IS NOT NULL
            AND (OLD.status, OLD.ended_at, OLD.ended_by)
                IS DISTINCT FROM (NEW.status, NEW.ended_at, NEW.ended_by))
    )
    EXECUTE FUNCTION refuse_to_change_a_locks_span();
