"""What is planted: one example of each failure that screening or pricing can find. Pure.

A plant is a store, a buyer or a past order, found by `name`; `planting` makes it, the simulator
leaves it failing.
"""

from dataclasses import dataclass
from enum import Enum, auto

from diagnostics.codes import Code


class PlantLevel(Enum):
    STORE = auto()
    BUYER = auto()
    ORDER = auto()


@dataclass(frozen=True, slots=True)
class PlantedFailure:
    code: Code
    where: PlantLevel

    @property
    def name(self) -> str:
        """The store's code, the buyer's external id, or the past order's number."""
        if self.where is PlantLevel.STORE:
            return f"sample-{self.code.lower().replace('_', '-')}"
        return f"PLANT-{self.code}"


STORES = (
    Code.QUALIFICATION_REQUIRED,
    Code.STORE_LEVEL_TOO_LOW,
    Code.STORE_NOT_VERIFIED,
    Code.DISPUTE_RATE_TOO_HIGH,
    Code.DISPUTE_RATE_NOT_EVALUABLE,
    Code.FX_RATE_STALE,
)
BUYERS = (
    Code.BUYER_NOT_CERTIFIED,
    Code.BUYER_CERTIFICATE_EXPIRED,
    Code.BUYER_TOO_FEW_ORDERS,
    Code.BUYER_GMV_TOO_LOW,
)
ORDERS = (
    Code.ORDER_NOT_COMPLETED,
    Code.ORDER_TOO_OLD,
    Code.ORDER_UNRATED,
    Code.ORDER_RATING_TOO_LOW,
    Code.ORDER_ALREADY_LOCKED,
    Code.ORDER_WITHOUT_LINES,
    Code.LANE_UNREACHABLE,
    Code.TRANSIT_TOO_SLOW,
    Code.REGISTRATION_MISSING,
    Code.REGISTRATION_EXPIRED,
    Code.EXPORT_CONTROLLED,
    Code.PARTY_SCREENED_OUT,
    Code.SKU_NOT_STANDARD,
    Code.SKU_INACTIVE,
    Code.STOCK_TOO_LOW,
    Code.STOCK_SYNC_STALE,
    Code.MOQ_NOT_MET,
    Code.HS_CODE_MISSING,
    Code.WEIGHT_MISSING,
    Code.PRICE_OUT_OF_BAND,
    Code.PRICE_REFERENCE_MISSING,
    Code.CUSTOM_SERVICE_UNCONFIRMED,
    Code.COMMISSION_RATE_MISSING,
    Code.FREIGHT_UNAVAILABLE,
    Code.TAX_CODE_MISSING,
    Code.FX_RATE_MISSING,
)
PLANTS = tuple(
    PlantedFailure(code, where)
    for where, codes in (
        (PlantLevel.STORE, STORES),
        (PlantLevel.BUYER, BUYERS),
        (PlantLevel.ORDER, ORDERS),
    )
    for code in codes
)


def of(code: Code) -> PlantedFailure:
    return next(plant for plant in PLANTS if plant.code is code)


PLANTS_BUYER = "PLANT-ORDERS"
"""The buyer of every planted order; it passes the gates."""

NOT_TO_BE_OPENED_STORE = (
    "sample-opening-refused"  # of no code of its own: its gates fail at opening
)
DOCUMENTS_STORE = "sample-documents-wanted"  # of no code either: it has passed the check
STALE_SKU = "PLANT-STALE"  # the simulator never refreshes its stock
OUT_OF_TIME_STORE = of(
    Code.FX_RATE_STALE
).name  # its clock is far ahead; no rates are published up to it
WITHOUT_NEW_ORDERS_STORES = frozenset({of(Code.DISPUTE_RATE_NOT_EVALUABLE).name})
WITHOUT_NEW_ORDERS_BUYERS = frozenset(
    of(c).name for c in (Code.BUYER_TOO_FEW_ORDERS, Code.BUYER_GMV_TOO_LOW)
)
EXPIRED_BUYERS = frozenset({of(Code.BUYER_CERTIFICATE_EXPIRED).name})
EXPIRED_REGISTRATIONS = frozenset({("ningbo-bulk", "EPR", "ES")})  # store, scheme, jurisdiction
NEVER_REPEATED_ORDERS = frozenset(
    {of(Code.ORDER_ALREADY_LOCKED).name}
)  # its copy would not be locked
