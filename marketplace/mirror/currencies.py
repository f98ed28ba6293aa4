"""Which names a table of exchange rates may have, and what a currency was worth in euros' time.
Pure."""

import csv
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from marketplace.mirror.observations import ExpectedRateRange
from marketplace.money import EXPONENTS

WITHDRAWN_CURRENCIES = frozenset(
    ["BGN", "CYP", "EEK", "HRK", "LTL", "LVL", "MTL", "ROL", "SIT", "SKK", "TRL"]
)
"""Of ISO 4217's list of withdrawn codes those that the European Central Bank has published."""


def _load_expected_ranges() -> Mapping[str, ExpectedRateRange]:
    path = Path(__file__).parent.parent / "data" / "euro_rate_ranges.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["currency"]: ExpectedRateRange(
                lowest=Decimal(row["lowest"]),
                highest=Decimal(row["highest"]),
                latest=Decimal(row["latest"]),
                latest_on=dt.date.fromisoformat(row["latest_on"]),
            )
            for row in csv.DictReader(file)
        }


EXPECTED_RATE_RANGES: Mapping[str, ExpectedRateRange] = _load_expected_ranges()
"""By currency: the range of its reference rates since 1999 and the last of them
(docs/data-sources.md)."""


def is_currency(code: str) -> bool:
    return code in EXPONENTS or code in WITHDRAWN_CURRENCIES
