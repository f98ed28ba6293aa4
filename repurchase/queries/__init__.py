"""What the pages and the API read. Each function is a constant number of queries."""

from repurchase.queries.advice import advice
from repurchase.queries.batches import batch, batch_orders, batches, plan, progress
from repurchase.queries.capacity import overflow_of
from repurchase.queries.charges import charges, order_row
from repurchase.queries.diagnoses import batch_diagnosis, diagnosis
from repurchase.queries.drift import order_sheet, plan_drift
from repurchase.queries.edits import names_in
from repurchase.queries.explained import explained
from repurchase.queries.history import buyer_groups, past_orders
from repurchase.queries.offers import offer, offer_orders
from repurchase.queries.opening import opening, to_replace
from repurchase.queries.orders import order
from repurchase.queries.renegotiations import renegotiation_figures
from repurchase.queries.repeated import repeated
from repurchase.queries.selections import selection_summary
from repurchase.queries.services import batch_services
from repurchase.queries.standing import standings
from repurchase.queries.stock import freshness, stock
from repurchase.queries.touched import open_plans
from repurchase.queries.webhooks import added_by, deliveries, webhook, webhooks

__all__ = [
    "added_by",
    "advice",
    "batch",
    "batch_diagnosis",
    "batch_orders",
    "batch_services",
    "batches",
    "buyer_groups",
    "charges",
    "deliveries",
    "diagnosis",
    "explained",
    "freshness",
    "names_in",
    "offer",
    "offer_orders",
    "open_plans",
    "opening",
    "order",
    "order_row",
    "order_sheet",
    "overflow_of",
    "past_orders",
    "plan",
    "plan_drift",
    "progress",
    "renegotiation_figures",
    "repeated",
    "selection_summary",
    "standings",
    "stock",
    "to_replace",
    "webhook",
    "webhooks",
]
