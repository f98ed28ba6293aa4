"""What the pages and the API read. Each function is a constant number of queries."""

from repurchase.queries.advice import advice
from repurchase.queries.batches import batch, batch_orders, batches, plan, progress
from repurchase.queries.explained import explained
from repurchase.queries.history import buyer_groups, past_orders
from repurchase.queries.offers import offer, offer_orders
from repurchase.queries.orders import order
from repurchase.queries.selections import selection_summary

__all__ = [
    "advice",
    "batch",
    "batch_orders",
    "batches",
    "buyer_groups",
    "explained",
    "offer",
    "offer_orders",
    "order",
    "past_orders",
    "plan",
    "progress",
    "selection_summary",
]
