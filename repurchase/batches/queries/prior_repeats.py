"""Which past orders were repeated already: a buyer has accepted a repeat of them. Advice, it
blocks nothing."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from marketplace.models import Store
from repurchase.models import Batch, RepeatOrder
from repurchase.models.order_states import ACCEPTED

REPEATED_STATUSES = sorted(str(status) for status in ACCEPTED)


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorRepeat:
    """The newest accepted repeat of a past order, and how many there are."""

    times: int
    order: str  # its reference
    batch: str
    status: str
    at: dt.datetime | None  # when the buyer accepted it


def accepted_repeats(store: Store | int) -> QuerySet[RepeatOrder]:
    """The accepted repeats of a store; the partial index `accepted_repeats` answers it."""
    return RepeatOrder.objects.filter(store=store, status__in=REPEATED_STATUSES)


def find_prior_repeats(
    store: Store, order_ids: Collection[int], *, besides: Batch | None = None
) -> dict[int, PriorRepeat]:
    """By past order id, of those that were repeated, in another batch than `besides`: one query
    for any number."""
    rows = accepted_repeats(store).filter(past_order__in=order_ids).order_by("past_order_id", "pk")
    if besides:
        rows = rows.exclude(batch=besides)
    found: dict[int, PriorRepeat] = {}
    for pk, ref, batch, status, at in rows.values_list(
        "past_order_id", "ref", "batch__ref", "status", "lock__ended_at"
    ):
        times = found[pk].times + 1 if pk in found else 1
        found[pk] = PriorRepeat(times=times, order=ref, batch=batch, status=status, at=at)
    return found
