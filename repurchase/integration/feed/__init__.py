"""What a seller's ERP reads: one fixed namespace, one published schema (R-77)."""
