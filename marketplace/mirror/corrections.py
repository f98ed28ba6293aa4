"""Observations of days that are known already and say something else: never silently taken, never
written over."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from diagnostics import ledger
from marketplace.mirror import held_observations
from marketplace.mirror.observations import format_observation
from outbox import emails

MAX_SHOWN_CHANGES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservationChange:
    """Of a currency or series and a day: what acts, and what was read instead."""

    name: str
    day: dt.date
    old: Decimal
    text: str

    @property
    def told(self) -> dict[str, str]:
        return {
            "name": self.name,
            "day": self.day.isoformat(),
            "old": format_observation(self.old),
            "new": self.text,
        }


def record_and_alert(
    kind: str,
    source: str,
    corrected: Sequence[ObservationChange],
    *,
    by: str,
    now: dt.datetime,
    why: str = "",
) -> None:
    """The alarm to the platform's staff, and the ledger: last in the transaction that corrects."""
    if not corrected:
        return
    told = [change.told for change in corrected]
    entry = ledger.record(
        store_id=held_observations.PLATFORM_STORE_ID,
        kind="observation.corrected",
        subject=f"{kind}:{source}",
        by=by,
        at=now,
        why=why,
        corrected=told,
    )
    emails.write(
        kind="marketplace.corrected",
        store_id=held_observations.PLATFORM_STORE_ID,
        dedupe=f"corrected:{entry.seq}",
        source=source,
        n=len(told),
        rows=told[:MAX_SHOWN_CHANGES],
    )
