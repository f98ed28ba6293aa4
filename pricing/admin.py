"""A lock can be looked at; no path of the admin edits a locked price (R-19)."""

from django.contrib import admin

from marketplace.admin import LookOnly, Stated
from pricing.locks import LockStatus
from pricing.models import Act, Lock


@admin.register(Lock)
class Locks(Stated):
    states = LockStatus
    list_display = ["id", "store", "subject", "currency", "state", "locked_at", "expires_at"]
    list_select_related = ["store"]
    search_fields = ["subject"]


@admin.register(Act)
class Acts(LookOnly):
    list_display = ["lock", "store", "kind", "at", "ip"]
    list_select_related = ["store", "lock"]
