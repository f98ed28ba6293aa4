-- What prices and triggers rest on is written once: a change is a new row with its first day or
-- instant. `keep_rows` (diagnostics/sql/frozen_rows.sql) takes the columns that may still be filled
-- in after the table.

-- Commission, tax and freight (R-59, R-60, R-64); `close_the_version_before` ends a version as the
-- owner.
SELECT keep_rows('marketplace_commissionrate');
SELECT keep_rows('marketplace_taxrate');
SELECT keep_rows('marketplace_ratecard');
-- Exchange rates and closes of the index (R-50, R-51).
SELECT keep_rows('marketplace_fxrateset');
SELECT keep_rows('marketplace_fxrate');
SELECT keep_rows('marketplace_indexclose');
-- Policy values (⚙).
SELECT keep_rows('marketplace_policyvalue');
-- Reference prices (R-47).
SELECT keep_rows('marketplace_pricelistentry');
-- Open accounts (R-91).
SELECT keep_rows('marketplace_paymentterms');
-- Registrations that a destination demands (R-12).
SELECT keep_rows('marketplace_registrationrequirement');
-- A carrier's service keeps its divisor and its lanes; it may be renamed (R-60).
SELECT keep_rows('marketplace_carrierservice', 'name', 'carrier');
-- An observation held back keeps its value; the decision is added beside it (R-50, R-51).
SELECT keep_rows('marketplace_quarantined', 'verdict', 'decided_at', 'decided_by', 'why');
