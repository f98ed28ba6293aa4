"""What production groups have to make, and what they can: a constant number of queries for any
number of orders."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db import connection

from marketplace.calendar import PLATFORM_ZONE, platform_day
from marketplace.models import ProductionDay, ProductionGroup, Sku, Store
from repurchase.batches.capacity import CapacityOverflow, GroupCapacity, PromisedWork, find_overflow
from repurchase.models import Batch
from repurchase.models.order_states import OrderStatus

STILL_TO_MAKE = (
    OrderStatus.CONFIRMED, OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID, OrderStatus.RELEASED,
)  # fmt: skip
"""What the buyer has confirmed and nobody has shipped; what is due by now counts as made."""

WORK_QUERY = """
SELECT sku.production_group_id,
       (b.screened_at AT TIME ZONE %(zone)s)::date + o.promise_days,
       coalesce(o.transit_days, 0),
       sum(l.quantity)::bigint
  FROM repurchase_repeatorder o
  JOIN repurchase_batch b ON b.id = o.batch_id
  JOIN repurchase_repeatline l ON l.order_id = o.id AND l.outcome = 'planned'
  JOIN marketplace_sku sku ON sku.id = l.sku_id
  LEFT JOIN pricing_lock lock ON lock.id = o.lock_id
 WHERE o.store_id = %(store)s AND sku.production_group_id = ANY(%(groups)s)
   AND {whose}
 GROUP BY 1, 2, 3
"""
OTHER_BATCHES_CONDITION = """o.batch_id <> %(batch)s
   AND (o.status = ANY(%(to_make)s)
        OR (o.status = 'locked' AND coalesce(lock.renegotiation_deadline, lock.expires_at) > %(now)s))
   AND (b.screened_at AT TIME ZONE %(zone)s)::date + o.promise_days - coalesce(o.transit_days, 0) > %(after)s"""
PLANNED_ORDERS_CONDITION = (
    "o.batch_id = %(batch)s AND o.status = 'planned' AND NOT o.past_order_id = ANY(%(without)s)"
)


def list_group_capacities(store: Store) -> list[GroupCapacity]:
    """Two queries."""
    days: dict[int, dict[dt.date, int]] = defaultdict(dict)
    for group_id, day, pieces in ProductionDay.objects.filter(store=store).values_list(
        "group_id", "day", "pieces"
    ):
        days[group_id][day] = pieces
    rows = ProductionGroup.objects.filter(store=store).order_by("code")
    return [
        GroupCapacity(id=pk, code=code, name=name, pieces_a_day=pieces, exceptions=days.get(pk, {}))
        for pk, code, name, pieces in rows.values_list("id", "code", "name", "pieces_a_day")
    ]


def work_of_others(
    batch: Batch, *, groups: Sequence[GroupCapacity], now: dt.datetime
) -> list[PromisedWork]:
    """What the store's other live locks and confirmed orders still have to have made."""
    return _fetch_work(
        OTHER_BATCHES_CONDITION,
        batch,
        groups,
        to_make=[str(s) for s in STILL_TO_MAKE],
        now=now,
        after=platform_day(now),
    )


def work_of_the_plan(
    batch: Batch, *, groups: Sequence[GroupCapacity], without: Sequence[int] = ()
) -> list[PromisedWork]:
    """What the planned orders of the batch draw on, but those of some past orders."""
    return _fetch_work(PLANNED_ORDERS_CONDITION, batch, groups, without=list(without))


def group_id_by_sku(sku_ids: Collection[int]) -> dict[int, int]:
    rows = Sku.objects.filter(pk__in=sku_ids, production_group__isnull=False)
    return dict(rows.values_list("id", "production_group_id"))


def plan_overflow(batch: Batch, *, now: dt.datetime) -> CapacityOverflow | None:
    """Whether the plan as it stands, locked at `now`, can be made beside what else is promised: at
    most four queries.

    Promises count from the day of the screening; pieces are made from the day after `now` on, up
    to a day later.
    """
    groups = list_group_capacities(batch.store)
    if not groups:
        return None
    planned = work_of_the_plan(batch, groups=groups)
    others = work_of_others(batch, groups=groups, now=now)
    return find_overflow(groups, asked=planned, kept=others, after=platform_day(now))


def screening_day(batch: Batch) -> dt.date:
    """The day from which its promises count."""
    return platform_day(batch.screened_at)


def _fetch_work(
    whose: str, batch: Batch, groups: Sequence[GroupCapacity], **values: object
) -> list[PromisedWork]:
    values |= {
        "store": batch.store_id,
        "batch": batch.pk,
        "zone": str(PLATFORM_ZONE),
        "groups": [g.id for g in groups],
    }
    with connection.cursor() as cursor:
        cursor.execute(WORK_QUERY.format(whose=whose), values)
        return [
            PromisedWork(group_id=group, promised=promised, transit_days=transit, pieces=pieces)
            for group, promised, transit, pieces in cursor.fetchall()
        ]
