"""What the pages and the API read. Each function is a constant number of queries."""

from repurchase.queries.advice import advice
from repurchase.queries.batches import batch, batch_orders, batches, plan, progress
from repurchase.queries.drift import order_sheet, plan_drift
from repurchase.queries.explained import explained
from repurchase.queries.history import buyer_groups, past_orders
from repurchase.queries.offers import offer, offer_orders
from repurchase.queries.opening import opening
from repurchase.queries.orders import order
from repurchase.queries.selections import selection_summary
from repurchase.queries.standing import standings
from repurchase.queries.stock import freshness, stock
from repurchase.queries.webhooks import deliveries, webhook, webhooks

__all__ = [
    "advice",
    "batch",
    "batch_orders",
    "batches",
    "buyer_groups",
    "deliveries",
    "explained",
    "freshness",
    "offer",
    "offer_orders",
    "opening",
    "order",
    "order_sheet",
    "past_orders",
    "plan",
    "plan_drift",
    "progress",
    "selection_summary",
    "standings",
    "stock",
    "webhook",
    "webhooks",
]
