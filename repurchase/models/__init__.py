"""The rows of the roof, a file each subject. Public names are re-exported here; `work` is imported
from its own file."""

from repurchase.models.batches import Batch, Chunk, new_ref
from repurchase.models.customisations import LineService, ServiceSource
from repurchase.models.edits import BatchEdit, EditTask
from repurchase.models.erp import (
    ConformanceRun,
    Decision,
    ErpConnection,
    ErpProduct,
    ErpResponse,
    Release,
)
from repurchase.models.fees import CarrierCharge, OrderFee
from repurchase.models.idempotency import KeptAnswer
from repurchase.models.jobs import Heartbeat
from repurchase.models.orders import LineOutcome, RepeatLine, RepeatOrder
from repurchase.models.payments import Payment, PaymentKind, PaymentSource, Proforma
from repurchase.models.reports import DiagnosisReport
from repurchase.models.selections import Selection

__all__ = [
    "Batch", "BatchEdit", "CarrierCharge", "Chunk", "ConformanceRun", "Decision", "DiagnosisReport", "EditTask",
    "ErpConnection", "ErpProduct", "ErpResponse", "Heartbeat", "KeptAnswer", "LineOutcome", "LineService", "OrderFee",
    "Payment", "PaymentKind", "PaymentSource", "Proforma", "Release", "RepeatLine", "RepeatOrder", "Selection", "ServiceSource",
    "new_ref",
]  # fmt: skip
