"""The verbs: `standing` moves the store, `uploading` takes and reads documents, `reviewing`
decides on them."""

from qualification.services.qualification_status import advance, keep_check, keep_up

__all__ = ["advance", "keep_check", "keep_up"]
