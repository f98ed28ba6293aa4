"""5000 orders to 5000 consignees against a screening list of 20,000 entries, and the lock that
asks everything again."""

import itertools
import sys
import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from eligibility.queries import limits_of, order_facts, world_facts
from eligibility.rechecks import findings_at
from eligibility.rules import Moment
from marketplace import clock, policy
from marketplace.models import PastOrder, ScreenedParty, Sku
from marketplace.names import keys_of_listed
from marketplace.queries import latest_rates
from repurchase.batches.services import batches, price_lock
from repurchase.models import Batch
from tests import world as making
from tests.bench.filling import orders_of
from tests.repurchase.running import run as planned

ORDERS, LINES, ENTRIES, LISTED = 5000, 3, 20_000, 50
FIRST = (
    "Anna",
    "Boris",
    "Chen",
    "Dmitri",
    "Eva",
    "Farid",
    "Grete",
    "Hassan",
    "Ivan",
    "Jun",
    "Karim",
    "Lena",
)
SECOND = (
    "Sample",
    "Muster",
    "Probe",
    "Ejemplo",
    "Esempio",
    "Primer",
    "Voorbeeld",
    "Exemple",
    "Mostra",
    "Vzor",
)
THIRD = (
    "Trading",
    "Import",
    "Logistics",
    "Marine",
    "Avia",
    "Electronics",
    "Shipping",
    "Industrial",
    "Supply",
)


def run() -> dict[str, dict]:
    store, ids = _fill()
    asked, queries, found = _asked(store, ids)
    return {
        "listed_5000": {
            "value": round(asked, 2),
            "unit": "s",
            "goal": "≤ 2",
            "detail": f"{ORDERS} consignees against {ENTRIES} entries, loading included; {found} matches; {queries} queries",
        },
        **_locked(store, ids),
    }


def _names(n: int) -> list[str]:
    parts = itertools.cycle(itertools.product(FIRST, SECOND, THIRD))
    return [f"{a} {b}{i} {c} GmbH" for i, (a, b, c) in zip(range(n), parts, strict=False)]


def _fill():
    store = making.store()
    buyer, _ = making.repeatable(store, orders=5)
    skus = [making.sku(store, price="10.00") for _ in range(60)]
    orders_of(store, buyer, skus, orders=ORDERS, lines=LINES)
    names = _names(ENTRIES + ORDERS)
    ScreenedParty.objects.bulk_create(
        (
            ScreenedParty(
                list_name="BENCH",
                name=name,
                reference=str(n),
                keys=keys_of_listed([name]),
                **making.MIRRORED,
            )
            for n, name in enumerate(names[:ENTRIES])
        ),
        batch_size=2000,
    )
    orders = list(PastOrder.objects.filter(store=store, buyer=buyer).order_by("-id")[:ORDERS])
    for n, order in enumerate(orders):
        order.consignee = names[ENTRIES + n]
    PastOrder.objects.bulk_update(orders, ["consignee"], batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_sku SET on_hand = 10000000, stock_synced_at = now() + interval '1 day'"
        )
        cursor.execute("VACUUM ANALYZE")
    return store, [order.pk for order in orders]


def _asked(store, ids) -> tuple[float, int, int]:
    """R-90 alone over the orders, the lists' entries loaded by index."""
    now = clock.now(store)
    values = policy.in_force(now)
    orders = order_facts(store=store, order_ids=ids, now=now)
    rates = latest_rates(now, store=store, max_age_days=10_000)
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as seen:
        around = world_facts(
            store=store, orders=orders, limits=limits_of(values), rates=rates, now=now
        )
        found = sum(bool(findings_at(Moment.RELEASE, order, around)) for order in orders)
    seconds = time.perf_counter() - began
    sys.stderr.write(f"{seconds:.2f} s, {len(seen)} queries, {found} matches\n")
    return seconds, len(seen), found


def _locked(store, ids) -> dict[str, dict]:
    """The lock of 5000 orders, of which 50 are to parties listed since the plan, and one SKU is
    withdrawn."""
    numbers = list(PastOrder.objects.filter(pk__in=ids).values_list("number", flat=True))
    batch = planned(batches.create(store=store, numbers=numbers, by="user:1"))
    if batch.status != "planned":
        raise SystemExit(f"the batch is {batch.status}: {batch.orders.first().codes}")
    consignees = PastOrder.objects.filter(pk__in=ids[:LISTED]).values_list("consignee", flat=True)
    ScreenedParty.objects.bulk_create(
        ScreenedParty(
            list_name="LATE",
            name=name,
            keys=keys_of_listed([name]),
            reference=name,
            **making.MIRRORED,
        )
        for name in consignees
    )
    Sku.objects.filter(pk=Sku.objects.order_by("pk").last().pk).update(is_active=False)
    began, cpu = time.perf_counter(), time.process_time()
    price_lock.lock_and_invite(batch=batch, by="user:1")
    seconds, own = time.perf_counter() - began, time.process_time() - cpu
    left = Batch.objects.get(pk=batch.pk).left_at_lock
    return {
        "lock_5000": {
            "value": round(seconds, 2),
            "unit": "s",
            "goal": "≤ 10",
            "detail": f"{ORDERS} orders of {LINES} lines asked again and locked; {left['orders']} orders and "
            f"{left['lines']} lines left; {own:.2f} s of them this process's own",
        }
    }
