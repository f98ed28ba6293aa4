-- A renegotiation: why it was opened, by which rates or closes, and until when. Runs after
-- locks.sql, whose function it uses.

-- A renegotiation keeps its reason, its figures and its deadline, and how it ended (R-50, R-51,
-- R-53).
CREATE OR REPLACE TRIGGER a_renegotiation_keeps_its_reason
    BEFORE UPDATE ON pricing_renegotiation FOR EACH ROW
    WHEN (
        (OLD.id, OLD.store_id, OLD.lock_id, OLD.kind, OLD.base_rate_set_id, OLD.new_rate_set_id,
         OLD.base_close_id, OLD.new_close_id, OLD.name, OLD.base_value, OLD.new_value, OLD.change,
         OLD."limit", OLD.opened_at, OLD.opened_by, OLD.deadline_at)
        IS DISTINCT FROM
        (NEW.id, NEW.store_id, NEW.lock_id, NEW.kind, NEW.base_rate_set_id, NEW.new_rate_set_id,
         NEW.base_close_id, NEW.new_close_id, NEW.name, NEW.base_value, NEW.new_value, NEW.change,
         NEW."limit", NEW.opened_at, NEW.opened_by, NEW.deadline_at)
        OR (OLD.ended_at IS NOT NULL
            AND (OLD.ended_at, OLD.ended_by) IS DISTINCT FROM (NEW.ended_at, NEW.ended_by))
    )
    EXECUTE FUNCTION refuse_to_change_a_locks_span();

-- A renegotiation is not deleted: its share of failures is measured (R-57).
CREATE OR REPLACE TRIGGER a_renegotiation_stays
    BEFORE DELETE ON pricing_renegotiation FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_a_locks_span();
