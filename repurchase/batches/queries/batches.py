"""A batch as its page and the API show it: progress, plan, orders."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from marketplace.models import Sku, StockClaim, Store
from marketplace.money import Money
from pricing.locks import LockStatus
from pricing.models import Lock, Renegotiation
from pricing.services import seconds_left, status_at
from pricing.totals import CurrencyTotals
from repurchase.batches.queries import worker_health
from repurchase.batches.queries.customisations import count_customisations
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.batches.queries.prior_repeats import accepted_repeats, find_prior_repeats
from repurchase.batches.queries.totals import (
    UNDECIDED,
    LeftOutLines,
    batch_totals,
    count_orders_by_lock,
    lot_sums,
    sum_left_out_lines,
)
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder, batch_states
from repurchase.models.batch_states import BatchOrderCounts, BatchStatus
from repurchase.models.order_states import OrderStatus

STATUS_BY_TAB = {
    "planned": OrderStatus.PLANNED,
    "failed": OrderStatus.FAILED,
    "excluded": OrderStatus.EXCLUDED,
}


def list_batches(store: Store, *, now: dt.datetime) -> QuerySet[Batch]:
    return (
        Batch.objects.filter(store=store)
        .at(now)
        .select_related("buyer")
        .order_by("-created_at", "-id")
    )


def get_batch(store: Store, ref: str, *, now: dt.datetime) -> Batch:
    """The store's batch, with its `state` at `now`, or 404."""
    found = Batch.objects.at(now).select_related("store", "buyer", "rate_set", "quoted_after__lock")
    return get_object_or_404(found, store=store, ref=ref)


def count_batch_orders(batch: Batch, *, now: dt.datetime) -> BatchOrderCounts:
    rows = batch.orders.at(now).order_by().values_list("state").annotate(Count("id"))
    return batch_states.count(batch.asked, dict(rows))


class ScreeningPhase(StrEnum):
    WAITING = "waiting"  # for its turn
    PLANNING = "planning"  # its orders are screened and priced
    FINISHING = "finishing"  # scarce stock is shared out
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreeningProgress:
    counts: BatchOrderCounts
    phase: ScreeningPhase
    rate: float | None = None  # orders a second so far in this attempt
    seconds_left: int | None = None
    waits: bool = False  # nobody works in the background: no time can be told

    @property
    def running(self) -> bool:
        return self.counts.pending > 0


def screening_progress(batch: Batch, *, now: dt.datetime) -> ScreeningProgress:
    """How far the screening is, counted from rows: it survives a reload and a lost worker."""
    counts = count_batch_orders(batch, now=now)
    rows = list(
        batch.chunks.filter(attempt=batch.attempt).values_list(
            "done_at", "past_order_ids", "beat_at"
        )
    )
    done = sum(len(ids) for done_at, ids, _ in rows if done_at)
    elapsed = (now - (batch.attempt_at or batch.screened_at)).total_seconds()
    if batch.status != BatchStatus.SCREENING:
        return ScreeningProgress(counts=counts, phase=ScreeningPhase.ENDED)
    if not counts.pending:
        return ScreeningProgress(counts=counts, phase=ScreeningPhase.FINISHING)
    if worker_health.is_work_waiting():
        return ScreeningProgress(counts=counts, phase=ScreeningPhase.WAITING, waits=True)
    if not any(beat_at for *_, beat_at in rows):
        return ScreeningProgress(counts=counts, phase=ScreeningPhase.WAITING)
    if not done or elapsed <= 0:
        return ScreeningProgress(counts=counts, phase=ScreeningPhase.PLANNING)
    rate = done / elapsed
    return ScreeningProgress(
        counts=counts,
        phase=ScreeningPhase.PLANNING,
        rate=rate,
        seconds_left=max(round(counts.pending / rate), 1),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LotView:
    """`orders` were locked together; `live_orders` of them wait for the buyer or were accepted,
    and come to `total`."""

    lock: Lock
    status: LockStatus
    seconds_left: int
    orders: int
    live_orders: int
    total: Money

    @property
    def renegotiation(self) -> Renegotiation | None:
        """What has opened the price again, if anything has."""
        return getattr(self.lock, "renegotiation", None)

    @property
    def terms_digest(self) -> str:
        return self.lock.terms_digest


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanSummary:
    counts: BatchOrderCounts
    totals: list[CurrencyTotals]
    codes: list[tuple[str, int]]
    lots: list[LotView]
    can_lock: bool
    seconds_old: int
    left_out: Sequence[LeftOutLines] = ()  # and why
    repeated: int = 0  # ready orders whose source a buyer has accepted a repeat of in another batch
    services: Mapping[str, int] = field(default_factory=dict)

    @property
    def lines_left_out(self) -> int:
        """Of orders that go on without them."""
        return sum(each.lines for each in self.left_out if not each.whole)


def plan_summary(batch: Batch, *, now: dt.datetime) -> PlanSummary:
    counts = count_batch_orders(batch, now=now)
    return PlanSummary(
        counts=counts,
        totals=batch_totals(batch, now=now),
        codes=_count_codes(batch),
        lots=list_lots(batch.store, batch.ref, now),
        can_lock=batch.status == BatchStatus.PLANNED and counts.planned > 0,
        seconds_old=int((now - batch.screened_at).total_seconds()),
        left_out=sum_left_out_lines(batch.orders.all()),
        repeated=_count_repeated(batch) if batch.status == BatchStatus.PLANNED else 0,
        services=count_customisations(batch),
    )


def _count_repeated(batch: Batch) -> int:
    before = (
        accepted_repeats(batch.store_id)
        .exclude(batch=batch)
        .filter(past_order=OuterRef("past_order"))
    )
    return batch.orders.filter(Exists(before), status=OrderStatus.PLANNED).count()


def _count_codes(batch: Batch) -> list[tuple[str, int]]:
    """How many orders carry each code, most first."""
    rows = (
        batch.orders.order_by()
        .annotate(code=Func(F("codes"), function="unnest"))
        .values_list("code")
        .annotate(n=Count("id"))
        .order_by("-n", "code")
    )
    return list(rows)


def list_lots(store: Store, subject: str, now: dt.datetime) -> list[LotView]:
    """Three queries."""
    locks = Lock.objects.filter(store=store, subject=subject).select_related("renegotiation")
    found = list(locks.order_by("locked_at", "currency", "index_series"))
    live, held = lot_sums(found, now=now), count_orders_by_lock(found)
    return [
        LotView(
            lock=lock,
            status=status_at(lock, now),
            seconds_left=seconds_left(lock, now),
            orders=held[lock.pk],
            live_orders=live[lock.pk][0],
            total=Money(live[lock.pk][1], lock.currency),
        )
        for lock in found
    ]


def batch_orders(
    batch: Batch, *, now: dt.datetime, tab: str = "all", cursor: str = ""
) -> CursorPage:
    """A page of 50 orders by position. `then_minor`, `now_minor` and `base_minor` are goods and
    freight: as it was paid, as it is offered, what the kept lines cost then in the quantities of
    now. `listed` tells its list price."""
    lines = RepeatLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    kept = lines.filter(outcome=LineOutcome.PLANNED)
    priced = lines.filter(Q(outcome=LineOutcome.PLANNED) | Q(order__status__in=UNDECIDED))
    listed = priced.filter(reference_minor__isnull=False)
    orders = (
        batch.orders.at(now)
        .select_related("past_order", "service", "lock")
        .annotate(
            line_count=F("past_order__line_count"),
            then_minor=F("past_order__goods_minor") + F("past_order__freight_minor"),
            now_minor=F("goods_minor") + F("freight_minor"),
            kept_count=Coalesce(Subquery(kept.annotate(n=Count("pk")).values("n")), 0),
            left_out=F("line_count") - F("kept_count"),
            base_minor=Subquery(kept.annotate(n=Sum("base_minor")).values("n"))
            + F("freight_minor"),
            listed_minor=Subquery(listed.annotate(n=Sum("reference_minor")).values("n")),
            listed_base_minor=Subquery(listed.annotate(n=Sum("base_minor")).values("n")),
            listed_count=Coalesce(Subquery(listed.annotate(n=Count("pk")).values("n")), 0),
            priced_count=Coalesce(Subquery(priced.annotate(n=Count("pk")).values("n")), 0),
        )
    )
    if tab in STATUS_BY_TAB:
        orders = orders.filter(state=STATUS_BY_TAB[tab])
    elif tab in list(OrderStatus):
        orders = orders.filter(state=tab)
    if cursor:
        orders = orders.filter(position__gt=decode_cursor(cursor, int)[0])
    found = list(orders.order_by("position")[: PAGE_SIZE + 1])
    again = find_prior_repeats(batch.store, [order.past_order_id for order in found], besides=batch)
    for order in found:
        order.repeated = again.get(order.past_order_id)
        order.listed = _compare_list_price(order)
    next_cursor = encode_cursor(found[PAGE_SIZE - 1].position) if len(found) > PAGE_SIZE else ""
    return CursorPage(rows=found[:PAGE_SIZE], next_cursor=next_cursor)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPriceComparison:
    """The list price in force when the plan was screened (R-47), beside what was paid for the same
    quantities.

    Of the lines that are kept; of an order that is out as a whole, of all its lines.
    """

    price: Money
    paid: Money
    without: int  # lines that have no list price, and are in neither

    @property
    def change(self) -> Money:
        return Money(self.price.minor - self.paid.minor, self.price.currency)


def _compare_list_price(order: RepeatOrder) -> ListPriceComparison | None:
    if not order.listed_count:
        return None
    return ListPriceComparison(
        price=Money(int(order.listed_minor), order.currency),
        paid=Money(int(order.listed_base_minor), order.currency),
        without=order.priced_count - order.listed_count,
    )


def short_skus(batch: Batch) -> list[int]:
    """SKUs that the planned orders together want more of than is available (R-10)."""
    wanted = dict(
        RepeatLine.objects.filter(
            order__batch=batch, order__status=OrderStatus.PLANNED, outcome="planned"
        )
        .values_list("sku_id")
        .annotate(Sum("quantity"))
        .order_by()
    )
    claimed = dict(
        StockClaim.objects.live(batch.screened_at)
        .filter(store=batch.store_id)
        .values_list("sku_id")
        .annotate(Sum("quantity"))
    )
    on_hand = Sku.objects.filter(pk__in=wanted).order_by("pk").values_list("pk", "on_hand")
    return [sku for sku, pieces in on_hand if wanted[sku] > pieces - claimed.get(sku, 0)]
