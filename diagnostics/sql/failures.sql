-- Failures are events: shares by cause and period are counted from them.

CREATE OR REPLACE FUNCTION refuse_to_change_a_failure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL
       AND to_jsonb(NEW) - 'ended_at' - 'ended_how' = to_jsonb(OLD) - 'ended_at' - 'ended_how' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'failures are events: % on failure % refused', TG_OP, OLD.id;
END $$;

-- A failure keeps its code, time and cause; only its end is added, once (R-75, R-76).
CREATE OR REPLACE TRIGGER a_failure_stays
    BEFORE UPDATE OR DELETE ON diagnostics_failure
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_a_failure();
