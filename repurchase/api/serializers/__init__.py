"""What the API tells, field by field, a file each subject. What a view answers with is re-exported here."""

from repurchase.api.serializers.batches import Batch, BatchPage
from repurchase.api.serializers.common import Problem
from repurchase.api.serializers.edits import EditAnswer
from repurchase.api.serializers.fees import CarrierCharges, FeeQuote
from repurchase.api.serializers.history import PastOrderPage
from repurchase.api.serializers.orders import OrderDetail, OrderPage
from repurchase.api.serializers.qualification import Document, Qualification
from repurchase.api.serializers.screening import Screening
from repurchase.api.serializers.stock import InventoryAnswer
from repurchase.api.serializers.webhooks import (
    DeliveryPage,
    Replayed,
    Webhook,
    WebhookPage,
    WebhookWithSecret,
)

__all__ = [
    "Batch",
    "BatchPage",
    "CarrierCharges",
    "DeliveryPage",
    "Document",
    "EditAnswer",
    "FeeQuote",
    "InventoryAnswer",
    "OrderDetail",
    "OrderPage",
    "PastOrderPage",
    "Problem",
    "Qualification",
    "Replayed",
    "Screening",
    "Webhook",
    "WebhookPage",
    "WebhookWithSecret",
]
