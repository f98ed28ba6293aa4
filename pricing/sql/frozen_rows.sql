-- What proves a contract is written once. Besides the triggers that refuse everybody (locks.sql,
-- offers.sql, sealed_agreements.sql) the roles web and worker have no right to change or delete
-- these rows. `keep_rows` (diagnostics/sql/frozen_rows.sql) takes the columns that may still be
-- filled in after the table.

-- What a lock was made by, and the bytes of its terms (R-19).
SELECT keep_rows('pricing_frozenvalues');
SELECT keep_rows('pricing_lockterms');
-- The buyer's answer to a lock (R-48).
SELECT keep_rows('pricing_act');
-- What was offered, approved, signed and said in a renegotiation (R-47, R-52, R-54).
SELECT keep_rows('pricing_offer');
SELECT keep_rows('pricing_offerterms');
SELECT keep_rows('pricing_approval');
SELECT keep_rows('pricing_signature');
SELECT keep_rows('pricing_remark');
-- Sealed agreements (R-54, R-56).
SELECT keep_rows('pricing_sealedagreement');
-- A buyer's link may be voided by its version, no more.
SELECT keep_rows('pricing_grant', 'version');
-- A renegotiation and a lock may end, once (R-48, R-53); a lock is judged and reminded of meanwhile
-- (R-50, R-51).
SELECT keep_rows('pricing_renegotiation', 'ended_at', 'ended_by');
SELECT keep_rows(
    'pricing_lock',
    'status', 'renegotiation_deadline', 'ended_at', 'ended_by', 'judged_by', 'next_reminder_at'
);
