from django.contrib import admin

from marketplace.admin import LookOnly
from repurchase.models import Batch, BatchEdit, RepeatOrder


@admin.register(Batch)
class Batches(LookOnly):
    list_display = ["ref", "store", "buyer", "status", "asked", "created_at"]
    list_select_related = ["store", "buyer"]
    list_filter = ["status"]
    search_fields = ["ref"]


@admin.register(RepeatOrder)
class RepeatOrders(LookOnly):
    list_display = ["ref", "store", "status", "currency", "total_minor"]
    list_select_related = ["store"]
    list_filter = ["status"]
    search_fields = ["ref"]
    show_full_result_count = False


@admin.register(BatchEdit)
class BatchEdits(LookOnly):
    list_display = ["batch", "version", "lines", "orders", "applied_at", "applied_by", "undone_at"]
    list_select_related = ["batch"]
    search_fields = ["batch__ref"]
