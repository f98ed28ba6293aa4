"""Mirrored facts and tenancy. Public names are re-exported here; each file is one room."""

from marketplace.models.accounts import ApiKey, Membership, Role, Store, StoreLevel, User
from marketplace.models.base import SIMULATED, Tariff
from marketplace.models.capacity import ProductionDay, ProductionGroup
from marketplace.models.claims import OrderClaim, StockClaim
from marketplace.models.export_control import Embargo, ScreenedParty
from marketplace.models.goods import Category, CommissionRate, PriceListEntry, Sku
from marketplace.models.history import Dispute, PastOrder, PastOrderLine, PastOrderStatus
from marketplace.models.logistics import CarrierService, Channel, Lane, RateCard
from marketplace.models.parties import (
    Buyer,
    PaymentTerms,
    Registration,
    RegistrationRequirement,
    Scheme,
)
from marketplace.models.policies import PolicyValue
from marketplace.models.rates import (
    FxRate,
    FxRateSet,
    IndexClose,
    Quarantined,
    QuarantineVerdict,
    TaxCategory,
    TaxRate,
)

__all__ = [
    "SIMULATED",
    "ApiKey",
    "Buyer",
    "CarrierService",
    "Category",
    "Channel",
    "CommissionRate",
    "Dispute",
    "Embargo",
    "FxRate",
    "FxRateSet",
    "IndexClose",
    "Lane",
    "Membership",
    "OrderClaim",
    "PastOrder",
    "PastOrderLine",
    "PastOrderStatus",
    "PaymentTerms",
    "PolicyValue",
    "PriceListEntry",
    "ProductionDay",
    "ProductionGroup",
    "QuarantineVerdict",
    "Quarantined",
    "RateCard",
    "Registration",
    "RegistrationRequirement",
    "Role",
    "Scheme",
    "ScreenedParty",
    "Sku",
    "StockClaim",
    "Store",
    "StoreLevel",
    "Tariff",
    "TaxCategory",
    "TaxRate",
    "User",
]
