"""The verbs: `standing` moves the store, `uploading` takes and reads documents, `reviewing`
decides on them."""

from qualification.services.qualification_status import advance, process_due, record_check

__all__ = ["advance", "process_due", "record_check"]
