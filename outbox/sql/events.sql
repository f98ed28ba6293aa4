-- Events get their number as their transaction commits, so that a reader never skips one (R-81).

CREATE OR REPLACE FUNCTION outbox_number_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told record;
    head bigint;
BEGIN
    -- Deferred, so it runs as the commit begins: the head's row is locked last and for a moment
    -- only, and whoever comes later gets a higher number and is visible later. Committed events
    -- have a number, so the ones without are this transaction's own: the first call numbers them
    -- all, the others find nothing.
    FOR told IN
        SELECT store_id, count(*) AS n FROM outbox_event
         WHERE seq IS NULL GROUP BY store_id ORDER BY store_id
    LOOP
        INSERT INTO outbox_eventhead AS h (store_id, seq) VALUES (told.store_id, told.n)
            ON CONFLICT (store_id) DO UPDATE SET seq = h.seq + excluded.seq
            RETURNING h.seq INTO head;
        UPDATE outbox_event e
           SET seq = head - told.n + numbered.place, committed_at = clock_timestamp()
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS place
                  FROM outbox_event WHERE seq IS NULL AND store_id = told.store_id) numbered
            WHERE e.id = numbered.id;
        PERFORM pg_notify('events', told.store_id::text);
    END LOOP;
    RETURN NULL;
END $$;

-- Each committed event of a store has the next number, without gaps, and its listeners are notified
-- (R-81).
DROP TRIGGER IF EXISTS events_are_numbered_at_the_commit ON outbox_event;
CREATE CONSTRAINT TRIGGER events_are_numbered_at_the_commit
    AFTER INSERT ON outbox_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION outbox_number_events();
