"""Keeps the sandbox stores alive: stock, rates, index closes, new orders, certificates, an ERP's
answers.

What it writes says `source="simulated"`. It moves with each sandbox store's own clock, so the demo
works 16 minutes and 100 days after it was loaded, and it leaves what was planted to fail as it is
(repurchase.demo.plants). It runs every minute: with nothing to do it is a handful of queries.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from zlib import crc32

from django.db import connection, transaction
from django.db.models import F, Max

from marketplace import clock
from marketplace.mirror.observations import COMPARABLE_AGE
from marketplace.models import SIMULATED, FxRate, FxRateSet, IndexClose, Store
from repurchase.demo import plants
from repurchase.fulfilment.services import shipments
from repurchase.fulfilment.services.shipments import (
    OrderAcknowledgement,
    OrderCompletion,
    OrderShipment,
)
from repurchase.models import Release

SERIES = "CRB"
FIRST_CLOSE = Decimal("300")
INDEX_HISTORY = dt.timedelta(days=30)
RATE_STEP_PPM = 2000  # at most 0.2 % a day each, so 0.4 % between two currencies
INDEX_STEP_PPM = 3000  # at most 1.5 % in a week: no renegotiation by itself
MAX_DAYS = 800  # of rates or closes in one run
QUIET_DAYS = 20  # a store whose newest order is older gets new ones
MEMORY_DAYS = 85  # copies come from so far back, within the 90 days of R-06
SIMULATED_ERP = ("dianxiaomi", "1.0")
"""What the demo's stores are connected to; the connection says that it is simulated."""
SIMULATOR_ACTOR = "system:simulator"
PACKED_AFTER = dt.timedelta(days=1)
ANSWERS_A_RUN = 5000


@transaction.atomic
def simulate(*, now: dt.datetime | None = None) -> dict[str, int]:
    """One round; how many rows of each kind it wrote. `now` is the real instant, offsets are added
    to it."""
    if not Store.objects.filter(sandbox=True).exists() or not _try_exclusive_lock():
        return {}
    now = now or clock.now()
    until = _latest_sandbox_clock(now).date()
    return {
        "stock": _execute_statement(SYNC_STOCK, now),
        "rate_sets": _publish_rates(until, now),
        "index_closes": _close_index(until, now),
        "orders": sum(_repeat_history(store, now) for store in _stores_without_new_orders(now)),
        "certificates": _execute_statement(EXTEND_CERTIFICATES, now),
        "registrations": _execute_statement(EXTEND_REGISTRATIONS, now),
        **_simulate_erp_responses(),
    }


def _try_exclusive_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('simulate'))")
        return cursor.fetchone()[0]


def _execute_statement(sql: str, now: dt.datetime, **values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"now": now, **PLANTED, **values})
        return cursor.rowcount


PLANTED: Mapping[str, object] = {
    "simulated": SIMULATED,
    "stale_sku": plants.STALE_SKU,
    "expired_buyers": list(plants.EXPIRED_BUYERS),
    "expired_registrations": ["/".join(found) for found in plants.EXPIRED_REGISTRATIONS],
    "quiet_buyers": list(plants.WITHOUT_NEW_ORDERS_BUYERS),
    "single_orders": list(plants.NEVER_REPEATED_ORDERS),
}

# Three times as often as R-70 asks for.
SYNC_STOCK = """
UPDATE marketplace_sku k
   SET stock_synced_at = %(now)s + s.clock_offset
  FROM marketplace_store s
 WHERE k.store_id = s.id AND s.sandbox AND k.code <> %(stale_sku)s
   AND k.stock_synced_at < %(now)s + s.clock_offset - interval '5 minutes'
   AND (k.source = %(simulated)s OR 'stock_synced_at' = ANY (k.assumed)) AND k.stock_source = ''
"""

READ_STOCK = """
SELECT k.code, k.on_hand
  FROM marketplace_sku k
 WHERE k.store_id = %(store)s AND k.code = ANY (%(codes)s) AND k.code <> %(stale_sku)s
   AND (k.source = %(simulated)s OR 'stock_synced_at' = ANY (k.assumed)) AND k.stock_source = ''
"""


class SandboxStock:
    """The demo's stock source (marketplace.mirror.connector): sandbox stores' simulated SKUs,
    fresh at any moment.

    What was planted as stale has no source, and neither have SKUs whose stock came from outside.
    """

    name = ""  # the numbers stay the simulator's own

    def read(self, store: Store, sku_codes: Sequence[str]) -> dict[str, tuple[int, dt.datetime]]:
        if not store.sandbox:
            return {}
        now = clock.now(store)
        with connection.cursor() as cursor:
            cursor.execute(READ_STOCK, {**PLANTED, "store": store.pk, "codes": list(sku_codes)})
            return {code: (on_hand, now) for code, on_hand in cursor.fetchall()}


EXTEND_CERTIFICATES = """
UPDATE marketplace_buyer b
   SET certificate_valid_until = (%(now)s + s.clock_offset + interval '400 days')::date
  FROM marketplace_store s
 WHERE b.store_id = s.id AND s.sandbox AND b.certificate_valid_until < (%(now)s + s.clock_offset + interval '30 days')
   AND (b.source = %(simulated)s OR 'certificate_valid_until' = ANY (b.assumed))
   AND b.external_id <> ALL (%(expired_buyers)s)
"""

EXTEND_REGISTRATIONS = """
UPDATE marketplace_registration r
   SET valid_until = (%(now)s + s.clock_offset + interval '365 days')::date
  FROM marketplace_store s
 WHERE r.store_id = s.id AND s.sandbox AND r.source = %(simulated)s
   AND r.valid_until < (%(now)s + s.clock_offset + interval '30 days')
   AND s.code || '/' || r.scheme || '/' || r.jurisdiction <> ALL (%(expired_registrations)s)
"""

# Orders with lines and disputes, copied a whole number of days ahead; a copy's number ends in its
# day.
CHOOSE_COPIES = r"""
DROP TABLE IF EXISTS pg_temp.copies;
CREATE TEMP TABLE copies ON COMMIT DROP AS
SELECT p.id AS old_id, nextval(pg_get_serial_sequence('marketplace_pastorder', 'id')) AS new_id,
       left(regexp_replace(p.number, '~\d{8}$', ''), 55)
       || to_char(p.completed_at + %(shift)s, '"~"YYYYMMDD') AS number
  FROM marketplace_pastorder p JOIN marketplace_buyer b ON b.id = p.buyer_id
 WHERE p.store_id = %(store)s AND p.status = 'completed'
   AND p.completed_at > %(newest)s - %(memory)s AND p.completed_at <= %(newest)s
   AND b.external_id <> ALL (%(quiet_buyers)s) AND p.number <> ALL (%(single_orders)s);
DELETE FROM copies c USING marketplace_pastorder p WHERE p.store_id = %(store)s AND p.number = c.number;
ANALYZE copies
"""

COPY_ORDERS = """
INSERT INTO marketplace_pastorder (
    id, store_id, buyer_id, number, status, currency, ordered_at, paid_at, completed_at, rating, goods_minor,
    freight_minor, tax_minor, paid_minor, refunded_minor, prices_include_tax, incoterm, importer_of_record,
    line_count, promise_days, special_clearance, local_return, note, consignee, country, region, city, street,
    postal_code, source, mirrored_at, assumed)
SELECT c.new_id, p.store_id, p.buyer_id, c.number, p.status, p.currency, p.ordered_at + %(shift)s,
       p.paid_at + %(shift)s, p.completed_at + %(shift)s, p.rating, p.goods_minor, p.freight_minor, p.tax_minor,
       p.paid_minor, p.refunded_minor, p.prices_include_tax, p.incoterm, p.importer_of_record, p.line_count,
       p.promise_days, p.special_clearance, p.local_return, p.note, p.consignee, p.country, p.region, p.city,
       p.street, p.postal_code, %(simulated)s, %(now)s, p.assumed
  FROM copies c JOIN marketplace_pastorder p ON p.id = c.old_id
 ORDER BY c.new_id
"""

COPY_LINES = """
INSERT INTO marketplace_pastorderline (
    store_id, order_id, line_no, sku_id, quantity, unit_price, discount_minor, total_minor, rating,
    hs_code)
SELECT l.store_id, c.new_id, l.line_no, l.sku_id, l.quantity, l.unit_price, l.discount_minor, l.total_minor,
       l.rating, l.hs_code
  FROM copies c JOIN marketplace_pastorderline l ON l.order_id = c.old_id
"""

COPY_DISPUTES = r"""
INSERT INTO marketplace_dispute (store_id, order_id, external_id, opened_at, reason, source, mirrored_at, assumed)
SELECT d.store_id, c.new_id,
       left(regexp_replace(d.external_id, '~\d{8}$', ''), 55) || to_char(d.opened_at + %(shift)s, '"~"YYYYMMDD'),
       d.opened_at + %(shift)s, d.reason, %(simulated)s, %(now)s, d.assumed
  FROM copies c JOIN marketplace_dispute d ON d.order_id = c.old_id
ON CONFLICT DO NOTHING
"""


def _simulate_erp_responses() -> dict[str, int]:
    """What a connected ERP would send back for the releases of simulated connections, by the same
    services."""
    told = {"acknowledgements": 0, "shipments": 0, "completions": 0}
    for store in (
        Store.objects.filter(sandbox=True, erp_connections__simulated=True)
        .distinct()
        .order_by("pk")
    ):
        now = clock.now(store)
        mine = (
            Release.objects.filter(store=store, erp__simulated=True)
            .select_related("order")
            .order_by("pk")
        )
        told["acknowledgements"] += shipments.acknowledge(
            store=store,
            by=SIMULATOR_ACTOR,
            rows=[
                OrderAcknowledgement(key="", order=r.order.ref, erp_number=f"SIM-{r.pk}")
                for r in mine.filter(acknowledged_at=None)[:ANSWERS_A_RUN]
            ],
        ).taken
        packed = mine.filter(order__status="released", released_at__lte=now - PACKED_AFTER)
        told["shipments"] += shipments.ship(
            store=store,
            by=SIMULATOR_ACTOR,
            rows=[
                OrderShipment(
                    key="",
                    order=r.order.ref,
                    at=now,
                    carrier="Simulated carrier",
                    tracking=f"SIM{r.pk:010d}",
                )
                for r in packed[:ANSWERS_A_RUN]
            ],
        ).taken
        sent = mine.filter(order__status="shipped", order__transit_days__isnull=False)[
            :ANSWERS_A_RUN
        ]
        there = [r for r in sent if r.shipped_at + dt.timedelta(days=r.order.transit_days) <= now]
        told["completions"] += shipments.complete(
            store=store,
            by=SIMULATOR_ACTOR,
            rows=[OrderCompletion(key="", order=r.order.ref, at=now) for r in there],
        ).taken
    return told


def _stores_without_new_orders(now: dt.datetime) -> list[Store]:
    """Sandbox stores by whose clock nothing was completed lately; `newest` is their newest
    completed order."""
    stores = Store.objects.filter(sandbox=True).exclude(code__in=plants.WITHOUT_NEW_ORDERS_STORES)
    limit = now - dt.timedelta(days=QUIET_DAYS)
    return list(
        stores.annotate(newest=Max("past_orders__completed_at")).filter(
            newest__lt=limit + F("clock_offset")
        )
    )


def _repeat_history(store: Store, now: dt.datetime) -> int:
    """The orders of the quiet time's length before the newest, moved so that the newest is a day
    old."""
    days = (now + store.clock_offset - store.newest).days - 1
    values = {
        "store": store.pk,
        "newest": store.newest,
        "shift": dt.timedelta(days=days),
        "memory": dt.timedelta(days=min(days, MEMORY_DAYS)),
    }
    _execute_statement(CHOOSE_COPIES, now, **values)
    copied = _execute_statement(COPY_ORDERS, now, **values)
    _execute_statement(COPY_LINES, now, **values)
    _execute_statement(COPY_DISPUTES, now, **values)
    return copied


def _latest_sandbox_clock(now: dt.datetime) -> dt.datetime:
    """The latest of the sandbox stores' clocks, but for the one that is to run out of rates."""
    stores = Store.objects.filter(sandbox=True).exclude(code=plants.OUT_OF_TIME_STORE)
    ahead = stores.aggregate(ahead=Max("clock_offset"))["ahead"] or dt.timedelta(0)
    return now + max(ahead, dt.timedelta(0))


def _publish_rates(until: dt.date, now: dt.datetime) -> int:
    """A rate set for each business day after the last one: a small walk, the same for the same
    day."""
    last = (
        FxRateSet.objects.filter(store=None, published_on__lte=until)
        .order_by("-published_on", "-id")
        .first()
    )
    if last is None:
        return 0
    table = _rates_known_by(last.published_on)
    days = list(_business_days(last.published_on, until))
    sets = FxRateSet.objects.bulk_create(
        FxRateSet(source=SIMULATED, published_on=day, mirrored_at=now) for day in days
    )
    rows = []
    for rate_set in sets:
        table = {
            c: _random_walk_step(rate, rate_set.published_on, c, RATE_STEP_PPM)
            for c, rate in table.items()
        }
        rows += [FxRate(rate_set=rate_set, currency=c, per_euro=rate) for c, rate in table.items()]
    FxRate.objects.bulk_create(rows, batch_size=2000)
    return len(sets)


def _rates_known_by(day: dt.date) -> dict[str, Decimal]:
    """The last good rate of each currency: a publication may lack one that waits in quarantine."""
    lately = (day - COMPARABLE_AGE, day)
    rows = FxRate.objects.filter(rate_set__store=None, rate_set__published_on__range=lately)
    return dict(
        rows.order_by("rate_set__published_on", "rate_set_id").values_list("currency", "per_euro")
    )


def _close_index(until: dt.date, now: dt.datetime) -> int:
    last = (
        IndexClose.objects.filter(series=SERIES, closed_on__lte=until)
        .order_by("-closed_on", "-id")
        .first()
    )
    value, after = (
        (last.value, last.closed_on) if last else (FIRST_CLOSE, now.date() - INDEX_HISTORY)
    )
    closes = []
    for day in _business_days(after, until):
        value = _random_walk_step(value, day, SERIES, INDEX_STEP_PPM).quantize(Decimal("0.0001"))
        closes.append(
            IndexClose(series=SERIES, closed_on=day, value=value, source=SIMULATED, mirrored_at=now)
        )
    IndexClose.objects.bulk_create(closes)
    return len(closes)


def _business_days(after: dt.date, until: dt.date) -> Iterator[dt.date]:
    for n in range(1, min((until - after).days, MAX_DAYS) + 1):
        day = after + dt.timedelta(days=n)
        if day.weekday() < 5:
            yield day


def _random_walk_step(value: Decimal, day: dt.date, name: str, limit_ppm: int) -> Decimal:
    """`value` moved by at most `limit_ppm` millionths, up or down, by the day and the name
    alone."""
    ppm = crc32(f"{day}:{name}".encode()) % (2 * limit_ppm + 1) - limit_ppm
    return (value * (1_000_000 + ppm) / 1_000_000).quantize(Decimal("0.00000001"))
