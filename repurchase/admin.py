from django.contrib import admin

from marketplace.admin import LookOnly, Stated
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch, BatchEdit, RepeatOrder


@admin.register(Batch)
class Batches(Stated):
    states = BatchStatus
    list_display = ["ref", "store", "buyer", "state", "asked", "created_at"]
    list_select_related = ["store", "buyer"]
    search_fields = ["ref"]


@admin.register(RepeatOrder)
class RepeatOrders(Stated):
    states = OrderStatus
    list_display = ["ref", "store", "state", "currency", "total_minor"]
    list_select_related = ["store"]
    search_fields = ["ref"]
    show_full_result_count = False


@admin.register(BatchEdit)
class BatchEdits(LookOnly):
    list_display = ["batch", "version", "lines", "orders", "applied_at", "applied_by", "undone_at"]
    list_select_related = ["batch"]
    search_fields = ["batch__ref"]
