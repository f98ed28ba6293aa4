"""Reviews as figures: how long they take and how many are in time, from the cases themselves
(R-43, R-44)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Avg, Count, F, Q
from django.db.models.functions import TruncMonth

from marketplace import policy
from marketplace.models import Store
from qualification import sla
from qualification.models import Case
from qualification.queries.calendars import working_calendar

HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewStatistics:
    """Of the reviews that were decided: their number, the mean hours the platform had them, the
    share in time."""

    count: int
    hours: Decimal | None
    share: Decimal | None
    month: dt.datetime | None = None

    @property
    def share_of_96(self) -> Decimal:
        """For the chart, whose scale is 96 wide."""
        return (self.share or Decimal(0)) * 96


def open_case(store: Store) -> Case | None:
    return Case.objects.filter(store=store, ended_at=None).first()


def forecast_deadline(store: Store, now: dt.datetime) -> sla.ReviewDeadline:
    """By when a review that is handed in now is due."""
    case, known = open_case(store), working_calendar()
    if case is not None and case.days_left is not None:
        return sla.resume(now, case.days_left, known)
    return sla.deadline_for(
        now, known, working_days=int(policy.in_force(now)["review_working_days"])
    )


def review_statistics() -> ReviewStatistics:
    return _statistics_from_row(_ended_cases().aggregate(**_statistics_aggregates()))


def monthly_review_statistics() -> Sequence[ReviewStatistics]:
    """The twelve latest months in which a review was decided, the oldest first."""
    rows = (
        _ended_cases()
        .annotate(month=TruncMonth("ended_at"))
        .values("month")
        .annotate(**_statistics_aggregates())
        .order_by("-month")
    )
    return [_statistics_from_row(row) for row in reversed(rows[:12])]


def _ended_cases():
    return Case.objects.exclude(ended_at=None)


def _statistics_aggregates() -> dict:
    return {
        "count": Count("pk"),
        "spent_mean": Avg(F("spent")),
        "in_time": Count("pk", filter=Q(was_late=False)),
    }


def _statistics_from_row(row: dict) -> ReviewStatistics:
    count = row["count"]
    if not count:
        return ReviewStatistics(count=0, hours=None, share=None)
    share = (Decimal(row["in_time"]) / count).quantize(Decimal("0.001"))
    hours = Decimal(row["spent_mean"] / HOUR).quantize(Decimal("0.1"))
    return ReviewStatistics(count=count, hours=hours, share=share, month=row.get("month"))
