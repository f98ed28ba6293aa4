"""A lock can be looked at; no path of the admin edits a locked price (R-19)."""

from django.contrib import admin

from marketplace.admin import ReadOnlyAdmin, StatusAdmin
from pricing.locks import LockStatus
from pricing.models import Act, Lock, SealedAgreement, Sealing


@admin.register(Lock)
class Locks(StatusAdmin):
    states = LockStatus
    list_display = ["id", "store", "subject", "currency", "state", "locked_at", "expires_at"]
    list_select_related = ["store"]
    search_fields = ["subject"]


@admin.register(Act)
class Acts(ReadOnlyAdmin):
    list_display = ["lock", "store", "kind", "at", "ip"]
    list_select_related = ["store", "lock"]


@admin.register(SealedAgreement)
class SealedAgreements(ReadOnlyAdmin):
    list_display = ["subject", "store", "kind", "agreed_at", "sealed_at", "file_bytes"]
    list_select_related = ["store"]
    search_fields = ["subject", "digest", "file_digest"]
    exclude = ["file_key"]


@admin.register(Sealing)
class Sealings(ReadOnlyAdmin):
    """What waits for its seal, and how often it was tried."""

    list_display = ["subject", "store", "kind", "asked_at", "tries", "done_at"]
    list_select_related = ["store"]
    search_fields = ["subject"]
