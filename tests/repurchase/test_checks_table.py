"""Every cell of the table in docs/checks.md: what changes just before a moment does what the table
says."""

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import (
    Buyer,
    Embargo,
    Lane,
    PastOrder,
    PriceListEntry,
    ProductionGroup,
    RegistrationRequirement,
    Sku,
    Store,
)
from qualification.models import Qualification
from repurchase.batches.services import batches, price_lock
from repurchase.fulfilment.services import proforma_invoices, releases
from repurchase.models import Batch, Proforma
from tests import world
from tests.repurchase import paid
from tests.repurchase.listed import listed
from tests.repurchase.running import run
from tests.repurchase.test_holding import accept

pytestmark = pytest.mark.django_db
CONSIGNEE = "Sample Drone Co., Ltd."
MOMENTS = ("Plan", "Lock", "Confirmation, signing", "Release")


def _cells() -> Iterator[tuple[str, str, str]]:
    """(check, moment, what the table says)."""
    text = (settings.BASE_DIR / "docs" / "checks.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in re.findall(r"^\|.*\|$", text, re.M)
    ]
    header, _, *checks = rows
    for check, *cells in checks:
        yield from ((check, moment, said) for moment, said in zip(header[1:], cells, strict=True))


CELLS = list(_cells())


def _second_sku() -> Sku:
    return Sku.objects.order_by("pk").last()


def _of_second(**fields) -> None:
    Sku.objects.filter(pk=_second_sku().pk).update(**fields)


def _of_store(store: Store, **fields) -> None:
    """In the row, and in what a request would have read from it."""
    Store.objects.filter(pk=store.pk).update(**fields)
    store.refresh_from_db()


def _stale(store: Store) -> None:
    _of_second(stock_synced_at=clock.now(store) - dt.timedelta(minutes=16))


def _embargo(store: Store) -> None:
    _of_second(is_ear_controlled=True)
    Embargo.objects.create(
        country="DE", programme="SAMPLE", valid_from=world.LONG_AGO, reference="x", **world.MIRRORED
    )


def _registration(store: Store) -> None:
    RegistrationRequirement.objects.create(
        scheme="EPR",
        country="DE",
        jurisdiction="DE",
        category=_second_sku().category,
        valid_from=world.LONG_AGO,
        reference="x",
    )


def _no_capacity(store: Store) -> None:
    group = ProductionGroup.objects.create(
        store=store, code="g", name="g", pieces_a_day=10, **world.MIRRORED
    )
    Sku.objects.exclude(pk=_second_sku().pk).update(production_group=group)


CHANGES: dict[str, Callable[[Store], object]] = {
    "The store is open (R-27)": lambda s: Qualification.objects.update(state="documents"),
    "The store's gates: verified, level, disputes (R-21, R-22, R-29)": lambda s: _of_store(
        s, level=1
    ),
    "The buyer's gates: certificate, orders, GMV (R-23 to R-25)": lambda s: Buyer.objects.update(
        certificate_valid_until=world.TODAY - dt.timedelta(days=1)
    ),
    "The buyer may be on a screening list (R-90)": lambda s: listed(Buyer.objects.get().name),
    "A consignee may be on a screening list (R-90)": lambda s: listed("SAMPLE DRONE"),
    "An embargo on controlled goods (R-90)": _embargo,
    "The SKU is standard (R-09)": lambda s: _of_second(is_standard=False),
    "The SKU is active (R-08)": lambda s: _of_second(is_active=False),
    "Registrations are in date (R-12)": _registration,
    "Stock suffices (R-10)": lambda s: _of_second(on_hand=0),
    "Stock is in sync (R-70)": _stale,
    "Capacity suffices (R-18)": _no_capacity,
    "The price list is within the band (R-47)": lambda s: PriceListEntry.objects.filter(
        sku=_second_sku()
    ).update(amount="12"),
    "A carrier reaches the destination in time (R-11)": lambda s: Lane.objects.all().delete(),
}


@pytest.fixture
def way(store):
    """Two orders on their way; what changes touches the second one, by its second line or its
    consignee."""
    buyer, _ = world.repeatable(store)
    first, second = world.sku(store), world.sku(store)
    past = [
        world.past_order(
            store, buyer, [(first, 100, 100_000), (sku, 50, 50_000)], freight_minor=2500
        )
        for sku in (first, second)
    ]
    PastOrder.objects.filter(pk=past[1].pk).update(consignee=CONSIGNEE)
    return store, past


def _walk(store: Store, past: list[PastOrder], moment: str, change: Callable) -> str:
    """What the change comes to, in the words of the table."""
    if moment == "Plan":
        change(store)
    if moment == "Plan" and not Qualification.objects.filter(store=store, state="open").exists():
        return _refused_plan(store, past)
    batch = run(batches.create(store=store, numbers=[o.number for o in past], by="user:1"))
    if moment == "Plan":
        return _left(batch)
    if moment == "Lock":
        change(store)
        try:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        except Problem:
            return "refused"
        said = _left(batch)
        return f"leaves, {said}" if said in ("failed", "excluded") else said
    price_lock.lock_and_invite(batch=batch, by="user:1")
    if moment == "Confirmation, signing":
        change(store)
        return _confirmed(batch)
    accept(batch)
    for proforma in Proforma.objects.filter(batch=batch):
        proforma_invoices.issue(proforma.pk)
    paid.pay(batch)
    change(store)
    releases.release(store=store, orders=batch.orders.all(), by="user:1", at=clock.now(store))
    return (
        "held back"
        if batch.orders.filter(held_at__isnull=False, status="paid").exists()
        else "not asked"
    )


def _refused_plan(store: Store, past: list[PastOrder]) -> str:
    with pytest.raises(Problem):
        batches.create(store=store, numbers=[o.number for o in past], by="user:1")
    return "fails"


def _left(batch: Batch) -> str:
    """By the second order, which everything that changes touches."""
    order = batch.orders.get(position=2)
    if order.status in ("failed", "excluded"):
        return str(order.status)
    return "line leaves" if order.lines.exclude(outcome="planned").exists() else "not asked"


def _confirmed(batch: Batch) -> str:
    with contextlib.suppress(Problem):  # ORDERS_UNDER_CHECK, where every order is held back
        accept(batch)
    if batch.orders.filter(held_at__isnull=False, status="locked").exists():
        return "held back"
    assert set(batch.orders.values_list("status", flat=True)) == {"awaiting_payment"}
    batch.refresh_from_db()
    return (
        "recorded"
        if any(not gate["passed"] for gate in batch.gates_at_confirmation)
        else "not asked"
    )


class TestTheTable:
    def test_has_a_change_for_every_check(self):
        assert list(dict.fromkeys(check for check, *_ in CELLS)) == list(CHANGES)
        assert tuple(dict.fromkeys(moment for _, moment, _ in CELLS)) == MOMENTS

    @pytest.mark.parametrize(("check", "moment", "said"), CELLS, ids=lambda text: text[:24])
    def test_says_what_happens(self, way, check, moment, said):
        store, past = way
        found = _walk(store, past, moment, CHANGES[check])
        assert found == {"fails": "failed"}.get(said, said) or (said == found == "fails")
