-- A sealed agreement: the PDF that both parties can verify.

CREATE OR REPLACE FUNCTION refuse_to_change_a_sealed_agreement()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sealed agreement is append-only: % on % refused', TG_OP, OLD.id;
END $$;

-- A sealed agreement keeps its digests and its file, and is not deleted (R-54, R-56).
CREATE OR REPLACE TRIGGER a_sealed_agreement_is_append_only
    BEFORE UPDATE OR DELETE ON pricing_sealedagreement
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_a_sealed_agreement();
