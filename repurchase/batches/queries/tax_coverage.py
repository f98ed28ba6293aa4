"""Every country as a destination: whether its VAT or GST is known, since when and from what
(R-64)."""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from marketplace.mirror.taxes import COUNTRIES_FILE
from marketplace.models import Lane, TaxRate


class TaxCoverageState(StrEnum):
    UNKNOWN = "unknown"  # no row: TAX_CODE_MISSING
    ENDED = "ended"  # the last row says that it ended, and no other took its place
    LATER = "later"  # its first row is not in force yet
    KNOWN = "known"


STATE_ORDER = tuple(TaxCoverageState)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaxState:
    """A country's own tax; its territories with rates of their own are rows of the tax table
    beside it."""

    country: str
    name: str
    state: TaxCoverageState
    reached: bool  # a carrier reaches it: orders may go there
    rate: Decimal | None = None
    valid_from: dt.date | None = None
    source: str = ""

    @property
    def percent(self) -> Decimal | None:
        return None if self.rate is None else (self.rate * 100).normalize()


def tax_states(day: dt.date) -> Sequence[TaxState]:
    """All of ISO 3166-1 in two queries: first what is not known, of that first what carriers
    reach."""
    versions: dict[str, TaxRate] = {}
    for row in TaxRate.objects.filter(region="").order_by("-valid_from"):
        kept = versions.get(row.country)
        if kept is None or kept.valid_from > day:  # the newest in force, or the first to come
            versions[row.country] = row
    reached = set(Lane.objects.values_list("country", flat=True).distinct())
    with COUNTRIES_FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            _build_tax_state(each, versions.get(each["alpha2"]), reached, day)
            for each in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda row: (STATE_ORDER.index(row.state), not row.reached, row.name))


def _build_tax_state(
    country: dict[str, str], row: TaxRate | None, reached: set[str], day: dt.date
) -> TaxState:
    code = country["alpha2"]
    common = {"country": code, "name": country["name"], "reached": code in reached}
    if row is None:
        return TaxState(state=TaxCoverageState.UNKNOWN, **common)
    later, ended = row.valid_from > day, row.rate is None
    state = (
        TaxCoverageState.LATER
        if later
        else TaxCoverageState.ENDED
        if ended
        else TaxCoverageState.KNOWN
    )
    return TaxState(
        state=state, rate=row.rate, valid_from=row.valid_from, source=row.source, **common
    )
