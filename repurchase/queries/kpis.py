"""The store's figures of a time, from its own rows and events: a constant number of queries (R-57, R-85 to R-88)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.utils import timezone

from diagnostics import attribution, tally
from diagnostics.models import LedgerEntry
from diagnostics.tally import Failed, Period, Share, Span
from marketplace.models import PastOrder, Store
from outbox.models import Event
from repurchase import kpis
from repurchase.kpis import ADDRESS, Entered, Figure
from repurchase.lifecycle import ACCEPTED, OrderStatus
from repurchase.models import LineOutcome, RepeatLine, RepeatOrder
from repurchase.queries.diagnoses import failures

DONE = (OrderStatus.COMPLETED,)
ENDED_BADLY = ("lock.declined", "lock.terminated")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kpis:
    since: dt.datetime
    until: dt.datetime
    figures: Sequence[Figure]
    shares: Sequence[Share]  # of failures by first cause
    periods: Sequence[Period]
    failed: int


def kpis_of(store: Store, *, since: dt.datetime, until: dt.datetime, span: Span = Span.WEEK) -> Kpis:
    """Of what happened in `[since, until)`."""
    events = failures(store, since=since, until=until)
    confirmed = _confirmed(store, since, until)
    before, after = _ordinary(store, since, until), _cycle(confirmed)
    entered = _entered(confirmed)
    return Kpis(
        since=since,
        until=until,
        figures=(
            after,
            before,
            kpis.shorter(before, after),
            _accuracy(store, since, until),
            kpis.steps_saved(entered, acts=_acts(store, confirmed)),
            kpis.entries_carried(entered),
            _by_renegotiation(store, events, since, until),
        ),
        shares=tally.shares(events),
        periods=tally.by_period(events, span=span, zone=timezone.get_current_timezone()),
        failed=len(events),
    )


def _confirmed(store: Store, since: dt.datetime, until: dt.datetime) -> list[RepeatOrder]:
    rows = RepeatOrder.objects.filter(
        store=store, status__in=list(ACCEPTED), lock__ended_at__gte=since, lock__ended_at__lt=until
    )
    return list(
        rows.select_related("batch", "lock", "past_order", "batch__buyer").annotate(
            kept=Count("lines", filter=Q(lines__outcome=LineOutcome.PLANNED))
        )
    )


def _cycle(confirmed: Sequence[RepeatOrder]) -> Figure:
    """From the batch's making to the buyer's confirmation."""
    return kpis.days("cycle", "R-85", [o.lock.ended_at - o.batch.created_at for o in confirmed])


def _ordinary(store: Store, since: dt.datetime, until: dt.datetime) -> Figure:
    """From the order to its payment, of what the store sold in the ordinary way: the same stretch of the way."""
    rows = PastOrder.objects.filter(store=store, paid_at__gte=since, paid_at__lt=until)
    spans = rows.order_by("-paid_at").values_list(F("paid_at") - F("ordered_at"), flat=True)[:10_000]
    return kpis.days("ordinary_cycle", "R-85", list(spans))


def _accuracy(store: Store, since: dt.datetime, until: dt.datetime) -> Figure:
    """Completed repeat orders that were completed within the promise that the buyer confirmed."""
    rows = RepeatOrder.objects.filter(
        store=store, status__in=DONE, changed_at__gte=since, changed_at__lt=until
    )
    spans = rows.values_list("changed_at", "lock__ended_at", "promise_days")
    kept = [done <= confirmed + dt.timedelta(days=promise) for done, confirmed, promise in spans]
    return kpis.part("accuracy", "R-86", of=sum(kept), n=len(kept))


def _acts(store: Store, confirmed: Sequence[RepeatOrder]) -> int:
    """What members and keys did with these batches, by the ledger; ticking and making it counts as two."""
    subjects = {f"batch:{order.batch.ref}" for order in confirmed}
    by_people = Q(by__startswith="user:") | Q(by__startswith="key:")
    entries = LedgerEntry.objects.filter(by_people, store_id=store.pk, subject__in=subjects)
    return entries.count() + len(subjects)


def _entered(confirmed: Sequence[RepeatOrder]) -> list[Entered]:
    codes = _hs_codes(confirmed)
    return [_entry(order, codes.get(order.pk, [])) for order in confirmed]


def _hs_codes(confirmed: Sequence[RepeatOrder]) -> dict[int, list[tuple[str, str]]]:
    """(now, then) of each repeated line whose code of then is known: one query."""
    rows = RepeatLine.objects.filter(
        order__in=[o.pk for o in confirmed], outcome=LineOutcome.PLANNED, source_line__hs_code__isnull=False
    )
    by_order: dict[int, list[tuple[str, str]]] = {}
    for order_id, now, then in rows.values_list("order_id", "hs_code", "source_line__hs_code"):
        by_order.setdefault(order_id, []).append((now, then))
    return by_order


def _entry(order: RepeatOrder, codes: Sequence[tuple[str, str]]) -> Entered:
    filled = [name for name in ADDRESS if order.ship_to.get(name)]
    same = sum(order.ship_to[name] == getattr(order.past_order, name) for name in filled)
    number = bool(order.batch.buyer.tax_number)
    return Entered(
        address=len(filled),
        tax_number=number,
        lines=order.kept,
        hs_codes=len(codes),
        same=same + number + sum(now == then for now, then in codes),
    )


def _by_renegotiation(
    store: Store, failed: Sequence[Failed], since: dt.datetime, until: dt.datetime
) -> Figure:
    """Failures of orders whose lock was under renegotiation when it ended, of all failures (R-57), by the events."""
    told = Event.objects.filter(store_id=store.pk, at__lt=until)
    opened = set(told.filter(type="lock.renegotiating").values_list("subject", flat=True))
    ended = told.filter(type__in=ENDED_BADLY, at__gte=since, subject__in=opened)
    locks = [subject.removeprefix("lock:") for subject in ended.values_list("subject", flat=True)]
    refs = set(RepeatOrder.objects.filter(store=store, lock__in=locks).values_list("ref", flat=True))
    of = sum(each.ref in refs and each.code in attribution.ENDS.values() for each in failed)
    return kpis.part("by_renegotiation", "R-57", of=of, n=len(failed))
