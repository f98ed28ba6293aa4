-- The ledger: one entry a decision, chained by digests. Entries are added, never changed
-- (`verify_ledger`).

CREATE OR REPLACE FUNCTION refuse_to_change_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on entry % refused', TG_OP, OLD.id;
END $$;

-- An entry is never changed or deleted: what it says is evidence of R-19, R-54 and R-91.
CREATE OR REPLACE TRIGGER the_ledger_is_append_only
    BEFORE UPDATE OR DELETE ON diagnostics_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_ledger();
