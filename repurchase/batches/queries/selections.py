"""What a selection means, and how the sticky bar says it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from django.db.models import Q, QuerySet, Sum

from eligibility.queries import limits_of, repeatable_order_filter
from marketplace import policy
from marketplace.models import Buyer, PastOrder, Store, User
from marketplace.money import Money
from repurchase.batches.queries.batch_of_past_order import live_lock_holders
from repurchase.batches.queries.prior_repeats import (
    PriorRepeat,
    accepted_repeats,
    find_prior_repeats,
)
from repurchase.models import Selection


def search_condition(q: str) -> Q:
    """A search over what a seller has at hand: an order's number, a buyer's name or number."""
    return Q(number__icontains=q) | Q(buyer__name__icontains=q) | Q(buyer__external_id=q)


def selected_order_ids(selection: Selection, *, now: dt.datetime) -> list[int]:
    """The ticked past orders, newest first; a filter that finds more than a batch holds gives the
    newest."""
    rows = (
        matching_orders(selection, now=now)
        .order_by("-completed_at", "-id")
        .values_list("pk", flat=True)
    )
    return list(rows[: policy.in_force(now)["batch_max_orders"]])


def matching_orders(selection: Selection, *, now: dt.datetime) -> QuerySet[PastOrder]:
    """Every past order that the selection means, the limit of a batch not yet applied."""
    mine = PastOrder.objects.filter(store=selection.store_id, buyer=selection.buyer_id)
    ticked = mine.filter(pk__in=selection.included)
    if not selection.everything:
        return ticked
    limits = limits_of(policy.in_force(now))
    found = mine.filter(repeatable_order_filter(selection.store, limits=limits, now=now))
    if selection.search:
        found = found.filter(search_condition(selection.search))
    if not selection.with_repeated:
        found = found.exclude(pk__in=accepted_repeats(selection.store_id).values("past_order"))
    return mine.filter(pk__in=found.values("pk")).exclude(pk__in=selection.excluded) | ticked


def totals_by_buyer(orders: QuerySet[PastOrder]) -> dict[int, list[Money]]:
    totals: dict[int, list[Money]] = defaultdict(list)
    sums = (
        orders.values_list("buyer_id", "currency")
        .annotate(Sum("paid_minor"))
        .order_by("buyer_id", "currency")
    )
    for buyer_id, currency, minor in sums:
        totals[buyer_id].append(Money(int(minor), currency))
    return totals


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectionSummary:
    """What is ticked, as the sticky bar says it."""

    count: int = 0
    buyer: Buyer | None = None
    totals: list[Money]
    limit: int
    capped: int | None = None  # how many there were, when the limit of a batch cut them
    everything: bool = False
    search: str = ""
    ids: frozenset[int] = frozenset()
    held: int = 0  # of the ticked ones, by live locks: they can't be locked again
    held_by: Sequence[str] = ()  # the batches of those locks
    repeated: Sequence[PriorRepeat] = ()  # of the ticked ones, those that were repeated already
    with_repeated: bool = False
    left_out: int = 0  # orders of the group that were left out since they were repeated already

    @property
    def is_shown(self) -> bool:
        return bool(self.count or self.left_out)

    def has(self, order_id: int) -> bool:
        return order_id in self.ids


def selection_summary(store: Store, *, user: User, now: dt.datetime) -> SelectionSummary:
    limit = int(policy.in_force(now)["batch_max_orders"])
    selection = (
        Selection.objects.filter(store=store, user=user).select_related("buyer", "store").first()
    )
    if selection is None or selection.buyer is None:
        return SelectionSummary(totals=[], limit=limit)
    ids = selected_order_ids(selection, now=now)
    total = matching_orders(selection, now=now).count() if len(ids) == limit else len(ids)
    again = find_prior_repeats(store, ids)
    sums = totals_by_buyer(PastOrder.objects.filter(store=store, pk__in=ids))
    held, held_by = live_lock_holders(store, ids, now=now)
    return SelectionSummary(
        count=len(ids),
        buyer=selection.buyer,
        totals=sums.get(selection.buyer_id, []),
        limit=limit,
        capped=total if total > limit else None,
        everything=selection.everything,
        search=selection.search,
        ids=frozenset(ids),
        held=held,
        held_by=held_by,
        repeated=list(again.values()),
        with_repeated=selection.with_repeated,
        left_out=_count_left_out(selection, now),
    )


def _count_left_out(selection: Selection, now: dt.datetime) -> int:
    """How many more the group has, had those been taken that were repeated already."""
    if not selection.everything or selection.with_repeated:
        return 0
    with_them = copy(selection)
    with_them.with_repeated = True
    missing = matching_orders(with_them, now=now).exclude(pk__in=selection.included)
    return missing.filter(pk__in=accepted_repeats(selection.store_id).values("past_order")).count()
