"""Where every row of an imported file went. Pure: the counts sum exactly to the rows read."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class MergedRowKind(StrEnum):
    """Rows whose content is in the mirror, but not as a line of its own."""

    REPEATED = "repeated"  # same order, SKU and price: its pieces were added to the line
    DUPLICATE = "duplicate"  # the same in every column as a row before it: added likewise
    CARRIAGE = "carriage"  # became freight charged to the buyer


class CancellationOutcome(StrEnum):
    """Cancellation rows that took back something which the file had sold before."""

    WHOLE = "refunded"
    PART = "refunded_in_part"  # it cancels more pieces than were found


class RowRefusalReason(StrEnum):
    UNPARSABLE = "unparsable"
    BAD_DEBT = "bad_debt_adjustment"
    NO_CUSTOMER = "no_customer"
    SERVICE_CODE = "service_code"
    COUNTRY_UNKNOWN = "country_unknown"
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    PRICE_NOT_POSITIVE = "price_not_positive"
    CARRIAGE_ALONE = "carriage_without_goods"
    CUSTOMER_DIFFERS = "customer_differs_within_order"
    ORDER_SPLIT = "order_split_in_file"
    NOTHING_TO_CANCEL = "nothing_to_cancel"


@dataclass(kw_only=True)
class ImportRowCounts:
    read: int = 0
    imported: int = 0  # rows that became a line
    already_there: int = 0  # rows of orders that the store had before
    merged: Counter[MergedRowKind] = field(default_factory=Counter)
    cancelled: Counter[CancellationOutcome] = field(default_factory=Counter)
    refused: Counter[RowRefusalReason] = field(default_factory=Counter)

    @property
    def accounted(self) -> int:
        parts = (self.merged, self.cancelled, self.refused)
        return self.imported + self.already_there + sum(part.total() for part in parts)

    @property
    def adds_up(self) -> bool:
        return self.accounted == self.read
