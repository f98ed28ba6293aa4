from django.contrib import admin

from diagnostics.models import LedgerEntry


@admin.register(LedgerEntry)
class LedgerEntryAdmin(admin.ModelAdmin):
    """The ledger can be read; it can't be written from here, nor from anywhere."""

    list_display = ["store_id", "seq", "at", "by", "kind", "subject"]
    list_filter = ["kind"]
    search_fields = ["subject"]
    show_full_result_count = False

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
