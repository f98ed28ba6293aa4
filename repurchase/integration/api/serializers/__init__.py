"""What the API tells, field by field, a file each subject. What a view answers with is re-exported
here."""

from repurchase.integration.api.serializers.batches import BatchPageSerializer, BatchSerializer
from repurchase.integration.api.serializers.common import ProblemSerializer
from repurchase.integration.api.serializers.edits import EditAnswerSerializer
from repurchase.integration.api.serializers.fees import CarrierChargesSerializer, FeeQuoteSerializer
from repurchase.integration.api.serializers.history import PastOrderPageSerializer
from repurchase.integration.api.serializers.orders import OrderDetailSerializer, OrderPageSerializer
from repurchase.integration.api.serializers.qualification import (
    DocumentSerializer,
    QualificationSerializer,
)
from repurchase.integration.api.serializers.screening import ScreeningSerializer
from repurchase.integration.api.serializers.stock import InventoryAnswerSerializer
from repurchase.integration.api.serializers.webhooks import (
    DeliveryPageSerializer,
    ReplayedSerializer,
    WebhookPageSerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)

__all__ = [
    "BatchPageSerializer",
    "BatchSerializer",
    "CarrierChargesSerializer",
    "DeliveryPageSerializer",
    "DocumentSerializer",
    "EditAnswerSerializer",
    "FeeQuoteSerializer",
    "InventoryAnswerSerializer",
    "OrderDetailSerializer",
    "OrderPageSerializer",
    "PastOrderPageSerializer",
    "ProblemSerializer",
    "QualificationSerializer",
    "ReplayedSerializer",
    "ScreeningSerializer",
    "WebhookPageSerializer",
    "WebhookSerializer",
    "WebhookWithSecretSerializer",
]
