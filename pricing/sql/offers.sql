-- What was offered, said and signed is evidence: rows are added, never changed.

CREATE OR REPLACE FUNCTION refuse_to_change_what_was_offered()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was offered, said and signed is append-only: % on % refused',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- The buyer's answer to a lock stays (R-48).
CREATE OR REPLACE TRIGGER an_act_is_append_only
    BEFORE UPDATE OR DELETE ON pricing_act
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- The bytes of the terms that were locked stay (R-19).
CREATE OR REPLACE TRIGGER a_locks_terms_are_append_only
    BEFORE UPDATE OR DELETE ON pricing_lockterms
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- The rates, policies and prices that a lock was made by stay (R-19, R-67).
CREATE OR REPLACE TRIGGER frozen_values_are_append_only
    BEFORE UPDATE OR DELETE ON pricing_frozenvalues
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- An offer in a renegotiation stays; a change is another version (R-54).
CREATE OR REPLACE TRIGGER an_offer_is_append_only
    BEFORE UPDATE OR DELETE ON pricing_offer
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- The bytes that an offer's digest is of stay (R-54).
CREATE OR REPLACE TRIGGER an_offers_terms_are_append_only
    BEFORE UPDATE OR DELETE ON pricing_offerterms
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- A second member's approval beyond the band stays (R-47).
CREATE OR REPLACE TRIGGER an_approval_is_append_only
    BEFORE UPDATE OR DELETE ON pricing_approval
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- A signature stays (R-54).
CREATE OR REPLACE TRIGGER a_signature_is_append_only
    BEFORE UPDATE OR DELETE ON pricing_signature
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();

-- What the parties wrote to each other stays (R-52).
CREATE OR REPLACE TRIGGER a_remark_is_append_only
    BEFORE UPDATE OR DELETE ON pricing_remark
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();
