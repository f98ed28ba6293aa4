"""What the API tells, field by field, a file each subject. What a view answers with is re-exported here."""

from repurchase.integration.api.serializers.batches import Batch, BatchPage
from repurchase.integration.api.serializers.common import Problem
from repurchase.integration.api.serializers.edits import EditAnswer
from repurchase.integration.api.serializers.fees import CarrierCharges, FeeQuote
from repurchase.integration.api.serializers.history import PastOrderPage
from repurchase.integration.api.serializers.orders import OrderDetail, OrderPage
from repurchase.integration.api.serializers.qualification import Document, Qualification
from repurchase.integration.api.serializers.screening import Screening
from repurchase.integration.api.serializers.stock import InventoryAnswer
from repurchase.integration.api.serializers.webhooks import (
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
