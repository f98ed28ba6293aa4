"""What the pages and the API read. Each function is a constant number of queries."""

from repurchase.queries.batches import batch, batch_orders, batches, plan, progress
from repurchase.queries.history import buyer_groups, past_orders
from repurchase.queries.offers import offer, offer_orders
from repurchase.queries.opening import opening
from repurchase.queries.orders import order
from repurchase.queries.selections import selection_summary

__all__ = [
    "batch",
    "batch_orders",
    "batches",
    "buyer_groups",
    "offer",
    "offer_orders",
    "opening",
    "order",
    "past_orders",
    "plan",
    "progress",
    "selection_summary",
]
