-- Whether a party is the one on a screening list is decided by two people, and what they said stays
-- (R-90).

CREATE OR REPLACE FUNCTION refuse_to_change_an_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: what was answered about a listed party stays',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- A vote stays as it was given (R-90).
CREATE OR REPLACE TRIGGER a_vote_stays
    BEFORE UPDATE OR DELETE ON eligibility_partyvote FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_an_answer();

-- A question is not deleted (R-90).
CREATE OR REPLACE TRIGGER a_question_stays
    BEFORE DELETE ON eligibility_partyquestion FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_an_answer();

-- A question keeps what it asks, and once decided everything (R-90).
CREATE OR REPLACE TRIGGER a_question_keeps_what_it_asks
    BEFORE UPDATE ON eligibility_partyquestion FOR EACH ROW
    WHEN (OLD.verdict <> '' OR (OLD.party, OLD.entry_id, OLD.entry_digest, OLD.listed, OLD.asked_at)
          IS DISTINCT FROM (NEW.party, NEW.entry_id, NEW.entry_digest, NEW.listed, NEW.asked_at))
    EXECUTE FUNCTION refuse_to_change_an_answer();

-- Two different members gave the same answer, or nothing is decided.
CREATE OR REPLACE FUNCTION refuse_what_two_did_not_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(DISTINCT v.by_id) FROM eligibility_partyvote v
         WHERE v.question_id = NEW.id AND v.answer = NEW.verdict) < 2 THEN
        RAISE EXCEPTION 'ANSWER_BY_TWO: question % has not been answered so by two members', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- A verdict needs two members who said the same (R-90).
CREATE OR REPLACE TRIGGER a_question_is_answered_by_two
    BEFORE INSERT OR UPDATE ON eligibility_partyquestion FOR EACH ROW
    WHEN (NEW.verdict <> '') EXECUTE FUNCTION refuse_what_two_did_not_answer();
