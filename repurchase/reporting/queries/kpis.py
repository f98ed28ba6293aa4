"""The store's figures of a time, from its own rows and events: a constant number of queries (R-57,
R-85 to R-88)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Max, Q, QuerySet
from django.utils import timezone

from diagnostics import attribution, failure_counts
from diagnostics.failure_counts import FailurePeriod, FailureShare, PeriodLength, RecordedFailure
from diagnostics.models import LedgerEntry
from marketplace.models import PastOrder, Store
from outbox.models import Event
from repurchase.batches.queries.failures import list_failures
from repurchase.models import LineOutcome, Payment, RepeatLine, RepeatOrder
from repurchase.models.order_states import ACCEPTED, OrderStatus
from repurchase.reporting import kpis
from repurchase.reporting.kpis import ADDRESS, CarriedOrder, KeyFigure

ENDED_BADLY = ("lock.declined", "lock.terminated")
PAID = (OrderStatus.PAID, OrderStatus.RELEASED, OrderStatus.SHIPPED, OrderStatus.COMPLETED)
TO_FULFIL = (OrderStatus.CONFIRMED, *PAID)
"""An order that waits for its payment is the buyer's to move."""
NEWEST = 10_000
"""So many ordinary orders are measured at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFigures:
    since: dt.datetime
    until: dt.datetime
    figures: Sequence[KeyFigure]
    shares: Sequence[FailureShare]  # of failures by first cause
    periods: Sequence[FailurePeriod]
    failed: int


class LineCounts(NamedTuple):
    """Of an order's repeated lines; `same` are HS codes that equal the source line's."""

    lines: int
    hs_codes: int
    same: int


def key_figures_of_store(
    store: Store, *, since: dt.datetime, until: dt.datetime, span: PeriodLength = PeriodLength.WEEK
) -> KeyFigures:
    """Of what happened in `[since, until)`."""
    events = list_failures(store, since=since, until=until)
    confirmed = _confirmed_orders(store, since, until)
    ordinary, repeated = (
        _ordinary_order_cycle(store, since, until),
        _payment_cycle(store, since, until),
    )
    carried = _carried_orders(confirmed)
    return KeyFigures(
        since=since,
        until=until,
        figures=(
            _confirmation_cycle(confirmed),
            repeated,
            ordinary,
            kpis.cycle_reduction_figure(ordinary, repeated),
            _fulfilment_accuracy(store, since, until),
            kpis.steps_saved_figure(carried, acts=_count_member_actions(store, confirmed)),
            kpis.carried_entries_figure(carried),
            _renegotiation_failure_share(store, events, since, until),
        ),
        shares=failure_counts.count_by_cause(events),
        periods=failure_counts.count_by_period(
            events, span=span, zone=timezone.get_current_timezone()
        ),
        failed=len(events),
    )


def _confirmed_orders(
    store: Store, since: dt.datetime, until: dt.datetime
) -> QuerySet[RepeatOrder]:
    return RepeatOrder.objects.filter(
        store=store, status__in=list(ACCEPTED), lock__ended_at__gte=since, lock__ended_at__lt=until
    )


def _confirmation_cycle(confirmed: QuerySet[RepeatOrder]) -> KeyFigure:
    """From the batch's making to the buyer's confirmation."""
    spans = confirmed.values_list(F("lock__ended_at") - F("batch__created_at"), flat=True)
    return kpis.median_days_figure("cycle", "R-85", list(spans))


def _payment_cycle(store: Store, since: dt.datetime, until: dt.datetime) -> KeyFigure:
    """From the batch's making to the receipt of the payment that settled the order."""
    paid = Payment.objects.filter(store=store, reversed_at=None, order__status__in=PAID)
    settled = paid.values("order").annotate(
        last=Max("received_at"), span=Max("received_at") - F("order__batch__created_at")
    )
    spans = settled.filter(last__gte=since, last__lt=until).values_list("span", flat=True)
    return kpis.median_days_figure("cycle_paid", "R-85", list(spans))


def _ordinary_order_cycle(store: Store, since: dt.datetime, until: dt.datetime) -> KeyFigure:
    """From the order to its payment, of what the store sold in the ordinary way."""
    rows = PastOrder.objects.filter(store=store, paid_at__gte=since, paid_at__lt=until)
    spans = rows.order_by("-paid_at").values_list(F("paid_at") - F("ordered_at"), flat=True)
    return kpis.median_days_figure("ordinary_cycle", "R-85", list(spans[:NEWEST]))


def _fulfilment_accuracy(store: Store, since: dt.datetime, until: dt.datetime) -> KeyFigure:
    """Each order to be fulfilled counts once: when it is completed in time, or when its promise
    has passed."""
    promised = ExpressionWrapper(
        F("lock__ended_at") + F("promise_days") * dt.timedelta(days=1), output_field=DateTimeField()
    )
    orders = RepeatOrder.objects.filter(store=store, status__in=TO_FULFIL).annotate(
        promised=promised
    )
    in_time = Q(status=OrderStatus.COMPLETED, changed_at__lte=F("promised"))
    counted = orders.aggregate(
        kept=Count("pk", filter=in_time & Q(changed_at__gte=since, changed_at__lt=until)),
        missed=Count("pk", filter=~in_time & Q(promised__gte=since, promised__lt=until)),
    )
    return kpis.share_figure(
        "accuracy", "R-86", of=counted["kept"], n=counted["kept"] + counted["missed"]
    )


def _count_member_actions(store: Store, confirmed: QuerySet[RepeatOrder]) -> int:
    """What members and keys did with these batches, by the ledger; ticking and making it counts as
    two."""
    refs = set(confirmed.values_list("batch__ref", flat=True))
    by_people = Q(by__startswith="user:") | Q(by__startswith="key:")
    entries = LedgerEntry.objects.filter(
        by_people, store_id=store.pk, subject__in=[f"batch:{ref}" for ref in refs]
    )
    return entries.count() + len(refs)


def _carried_orders(confirmed: QuerySet[RepeatOrder]) -> list[CarriedOrder]:
    lines = _line_counts_by_order(confirmed)
    rows = confirmed.values_list(
        "pk",
        "ship_to",
        "buyer_tax_number",
        "past_order__buyer_tax_number",
        *(f"past_order__{name}" for name in ADDRESS),
    )
    return [
        _build_carried_order(
            ship_to, dict(zip(ADDRESS, then, strict=True)), number, number_then, lines[pk]
        )
        for pk, ship_to, number, number_then, *then in rows
    ]


def _line_counts_by_order(confirmed: QuerySet[RepeatOrder]) -> Mapping[int, LineCounts]:
    """How many lines each order repeats; HS codes are compared where the code of then was kept."""
    rows = RepeatLine.objects.filter(order__in=confirmed.values("pk"), outcome=LineOutcome.PLANNED)
    counted = rows.values_list("order_id").annotate(
        lines=Count("pk"),
        hs_codes=Count("source_line__hs_code"),
        same=Count("pk", filter=Q(hs_code=F("source_line__hs_code"))),
    )
    return defaultdict(
        lambda: LineCounts(0, 0, 0), {pk: LineCounts(*counts) for pk, *counts in counted}
    )


def _build_carried_order(
    ship_to: Mapping[str, str],
    then: Mapping[str, str],
    number: str,
    number_then: str | None,
    lines: LineCounts,
) -> CarriedOrder:
    filled = [name for name in ADDRESS if ship_to.get(name)]
    compared = bool(number) and number_then is not None
    return CarriedOrder(
        address=len(filled),
        tax_number=bool(number),
        lines=lines.lines,
        compared=len(filled) + compared + lines.hs_codes,
        same=sum(ship_to[name] == then[name] for name in filled)
        + (compared and number == number_then)
        + lines.same,
    )


def _renegotiation_failure_share(
    store: Store, failed: Sequence[RecordedFailure], since: dt.datetime, until: dt.datetime
) -> KeyFigure:
    """Failures of orders whose lock was under renegotiation when it ended, of all failures (R-57),
    by the events."""
    told = Event.objects.filter(store_id=store.pk, at__lt=until)
    opened = set(told.filter(type="lock.renegotiating").values_list("subject", flat=True))
    ended = told.filter(type__in=ENDED_BADLY, at__gte=since, subject__in=opened)
    locks = [subject.removeprefix("lock:") for subject in ended.values_list("subject", flat=True)]
    refs = set(
        RepeatOrder.objects.filter(store=store, lock__in=locks).values_list("ref", flat=True)
    )
    of = sum(
        each.ref in refs and each.code in attribution.END_CODE_BY_STATE.values() for each in failed
    )
    return kpis.share_figure("by_renegotiation", "R-57", of=of, n=len(failed))
