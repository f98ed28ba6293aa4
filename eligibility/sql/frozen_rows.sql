-- `keep_rows`: diagnostics/sql/frozen_rows.sql.

-- What a screening was decided by is written once; its digests stand in the ledger (R-26).
SELECT keep_rows('eligibility_screeningrecord');
