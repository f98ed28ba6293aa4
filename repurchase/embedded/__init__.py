"""The embedded default: our own PostgreSQL and Redis beside the portal, nothing to install by
hand."""
