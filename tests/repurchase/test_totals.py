"""One definition of totals: in every state, and after every transition, all who tell it agree to
the cent."""

import datetime as dt
from collections import Counter
from fractions import Fraction
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from marketplace import clock
from marketplace.models import Sku, Store, User
from marketplace.money import Money, decimal_text
from pricing import agreements, signing
from pricing.models import Grant, Lock, Offer, Renegotiation
from pricing.services.agreement_sealing import content_of
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries.totals import batch_totals, sum_left_out_lines
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.queries import agreements as confirmations
from repurchase.confirmation.queries import amendments
from repurchase.confirmation.queries.buyer_page import buyer_offer_of_grant
from repurchase.confirmation.queries.order_totals import BuyerSelection, total_selection
from repurchase.confirmation.services import buyer_response, triggers
from repurchase.deadlines import sweep
from repurchase.fulfilment.net_lines import net_amounts
from repurchase.fulfilment.queries import balances, proforma_invoices
from repurchase.fulfilment.services import payments, releases, unpaid_cancellation
from repurchase.fulfilment.services import proforma_invoices as proforma_invoice_services
from repurchase.integration.feed import native
from repurchase.models import (
    Batch,
    Payment,
    PaymentSource,
    Proforma,
    RepeatLine,
    RepeatOrder,
    order_states,
)
from repurchase.templatetags.parts import amount
from tests import world
from tests.repurchase import orders as rows
from tests.repurchase import paid, talking
from tests.repurchase.reading import pdf_text
from tests.repurchase.running import run
from tests.repurchase.sealing import confirm, sealed
from tests.wrapping import taken_back

pytestmark = pytest.mark.django_db
NS = {"n": native.NAMESPACE}
LIVE = ("offered", "accepted")
GROUPS = {
    "left_out": "failed excluded", "offered": "planned locked",
    "accepted": "confirmed awaiting_payment paid released shipped completed",
    "ended": "declined expired terminated cancelled",
}  # fmt: skip


# --- What is right, worked out from the rows by other means
# ---------------------------------------------------


def group_of(state: str) -> str:
    return next(group for group, states in GROUPS.items() if state in states.split())


def half_up(exact: Fraction) -> int:
    return int((2 * exact + 1) // 2)


def parts(order: RepeatOrder) -> dict[str, int]:
    goods, freight, tax, total = (
        order.goods_minor,
        order.freight_minor,
        order.tax_minor,
        order.total_minor,
    )
    net = (
        half_up(Fraction((total - tax) * goods, goods + freight))
        if goods + freight
        else total - tax
    )
    found = {"goods": goods, "freight": freight, "tax": tax, "total": total, "goods_net": net}
    return found | {"freight_net": total - tax - net}


def expected(batch: Batch) -> dict[str, dict[str, Any]]:
    """By currency, order by order."""
    told: dict[str, Counter] = {}
    flags: dict[str, set[bool]] = {}
    for order in batch.orders.at(clock.now(batch.store)).prefetch_related(
        "fees", "lines__source_line"
    ):
        sums = told.setdefault(order.currency, Counter())
        group = group_of(order.state)
        for line in order.lines.all():
            sums["asked"] += line.source_line.total_minor
            if line.outcome != "planned":
                sums["left_out"] += line.source_line.total_minor
                sums["left_out_lines"] += 1
        if group == "left_out":
            continue
        sums[group] += order.total_minor
        if group in LIVE:
            sums.update(parts(order))
            sums["orders"] += 1
            fees = sum(fee.amount_minor for fee in order.fees.all())
            assert fees == order.fees_minor
            sums["fees"] += fees
            sums["net"] += order.total_minor - order.tax_minor - fees
            flags.setdefault(order.currency, set()).add(order.prices_include_tax)
    return {
        currency: {**{name: sums[name] for name in NAMES}, "tax_included": flags.get(currency)}
        for currency, sums in told.items()
    }


MONEY = (
    "goods", "freight", "tax", "total", "net", "goods_net", "freight_net", "asked", "offered", "accepted",
    "ended", "left_out",
)  # fmt: skip
NAMES = (*MONEY, "left_out_lines", "fees")


# --- What everybody tells
# ---------------------------------------------------------------------------------------


def agree(batch: Batch, client: Client, key: str) -> None:
    batch.refresh_from_db()
    right = expected(batch)
    plan = batch_queries.plan_summary(batch, now=clock.now(batch.store))
    _core(plan.totals, right)
    _reasons(batch, right)
    told = client.get(
        f"/api/v1/batches/{batch.ref}/", headers={"Authorization": f"Bearer {key}"}
    ).json()
    _api(told, right)
    _lots(batch, told)
    _feed(batch, right)
    _owed(batch)
    _page(batch, client, right)
    if grant := Grant.objects.filter(subject=batch.ref).first():
        _buyer(batch, grant, client, right)


def _core(totals, right) -> None:
    assert {each.currency for each in totals} == set(right)
    for each in totals:
        want = right[each.currency]
        found = {name: getattr(each, name).minor for name in MONEY}
        found |= {"left_out_lines": each.left_out_lines, "fees": each.fees_total.minor}
        assert found == {name: want[name] for name in NAMES}
        assert each.goods_net.minor + each.freight_net.minor + each.tax.minor == each.total.minor
        assert each.offered.minor + each.accepted.minor == each.total.minor
        if want["tax_included"]:
            assert str(each.tax_included) == said(want["tax_included"])


def said(flags: set[bool]) -> str:
    return "mixed" if len(flags) > 1 else str(flags == {True}).lower()


def _reasons(batch: Batch, right) -> None:
    found = sum_left_out_lines(batch.orders.all())
    for currency, want in right.items():
        mine = [each for each in found if each.money.currency == currency]
        assert sum(each.money.minor for each in mine) == want["left_out"]
        assert sum(each.lines for each in mine) == want["left_out_lines"]


def _api(told: dict, right) -> None:
    assert [each["currency"] for each in told["totals"]] == sorted(right)
    for each in told["totals"]:
        want, currency = right[each["currency"]], each["currency"]
        for name in MONEY:
            assert each[name] == {
                "amount": decimal_text(want[name], currency),
                "currency": currency,
            }
        if want["tax_included"]:
            assert str(each["tax_included"]).lower() == said(want["tax_included"])
    sums: Counter[str] = Counter()
    for each in told["left_out"]:
        sums[each["money"]["currency"]] += Money.of(
            each["money"]["amount"], each["money"]["currency"]
        ).minor
    assert sums == Counter({currency: want["left_out"] for currency, want in right.items()})


def _lots(batch: Batch, told: dict) -> None:
    live = Counter()
    for order in batch.orders.at(clock.now(batch.store)).filter(lock__isnull=False):
        if group_of(order.state) in LIVE:
            live[str(order.lock_id)] += order.total_minor
    for lot in told["lots"]:
        assert lot["total"]["amount"] == decimal_text(live[lot["lock"]], lot["currency"])


def _feed(batch: Batch, right) -> None:
    """Of the accepted orders, as an ERP adds them up; the net parts of each add up to its total."""
    document = etree.fromstring(b"".join(native.document(batch, now=clock.now(batch.store))))
    sums: Counter[str] = Counter()
    for total in document.iterfind(".//n:Totals/n:Total", NS):
        currency = total.get("currency") or document.find(".//n:Totals/n:Total", NS).get("currency")
        sums[currency] += Money.of(total.text, currency).minor
    assert +sums == +Counter({currency: want["accepted"] for currency, want in right.items()})
    for order in batch.orders.filter(status__in=order_states.ACCEPTED).prefetch_related("lines"):
        lines, freight = net_amounts(order, list(order.lines.order_by("line_no")))
        assert (sum(lines), freight) == (parts(order)["goods_net"], parts(order)["freight_net"])


def _owed(batch: Batch) -> None:
    owing: Counter[str] = Counter()
    for order in batch.orders.filter(status="awaiting_payment"):
        came = Payment.objects.filter(order=order, reversed_at=None).values_list(
            "amount_minor", flat=True
        )
        owing[order.currency] += order.total_minor - sum(came)
    told: Counter[str] = Counter()
    for each in balances.list_outstanding_amounts(batch.store, batch.ref):
        told[each.currency] += each.outstanding.minor
    assert +told == +owing


def words(response) -> str:
    return " ".join(unescape(strip_tags(response.content.decode())).split())


def money(minor: int, currency: str) -> str:
    with translation.override("en"):
        return " ".join(amount(Money(minor, currency)).split())


def _page(batch: Batch, client: Client, right) -> None:
    page = words(client.get(reverse("batch", args=[batch.ref]), headers={"Accept-Language": "en"}))
    for label, name in (
        ("Asked for, goods as paid then", "asked"),
        ("Left out, goods as paid then", "left_out"),
        ("Goods without tax", "goods_net"),
        ("Freight without tax", "freight_net"),
        ("The buyer pays", "total"),
        ("You keep", "net"),
    ):
        shown = " ".join(money(right[currency][name], currency) for currency in sorted(right))
        assert f"{label} {shown}" in page, (label, shown)


def _buyer(batch: Batch, grant: Grant, client: Client, right) -> None:
    """Of what waits for him, else of what he accepted: it adds up, is told with its tax, and in
    his words."""
    seen = buyer_offer_of_grant(grant)
    group = "offered" if seen.state == "open" else "accepted"
    locks = [lot.lock.pk for lot in seen.open_lots]
    sums: dict[str, Counter] = {}
    for order in batch.orders.at(seen.now).filter(lock__isnull=False):
        if group_of(order.state) == group and (group == "accepted" or order.lock_id in locks):
            sums.setdefault(order.currency, Counter()).update(parts(order))
    assert {each.currency: each.total.minor for each in seen.totals} == {
        currency: found["total"] for currency, found in sums.items()
    }
    page = words(client.get(f"/b/{signing.token_of(grant)}/", headers={"Accept-Language": "en"}))
    assert "Needs work" not in page
    if seen.state not in ("open", "answered"):
        return
    for each in seen.totals:
        found = sums[each.currency]
        told = (each.goods_net.minor, each.freight_net.minor, each.tax.minor)
        assert told == (found["goods_net"], found["freight_net"], found["tax"])
        for minor in (*told, each.total.minor):
            assert money(minor, each.currency) in page
        assert (f"{each.currency}: the prices" in page) == (each.tax_included != "false")
    for each in seen.left_out:
        assert money(each.money.minor, each.money.currency) in page
    if seen.state == "open":
        everything = total_selection(
            grant=grant, lock_ids=locks, ticks=BuyerSelection(every_service=True)
        )
        assert not everything.sums or [s.total for s in everything.sums] == [
            t.total for t in seen.totals
        ]


# --- A batch with inclusive and exclusive orders, in two currencies, that loses lines
# --------------------------

LINE = 7_000


def history(store: Store, kinds: list[tuple[str, bool, bool]]) -> list:
    """Of (currency, prices include tax, one line is out of the price band); USD 10.00 a piece is
    the list price."""
    buyer, _ = world.repeatable(store, orders=5)
    dollars = Sku.objects.get(store=store)
    of = {
        "USD": dollars,
        "GBP": world.sku(store, currency="GBP", price="10.00", category=dollars.category),
    }
    return [
        world.past_order(
            store,
            buyer,
            [
                (of[currency], 7, LINE + 13 * n),
                (of[currency], 7, 9_500 if dear else LINE - n),
                (of[currency], 3, 3_001),
            ],
            currency=currency,
            prices_include_tax=inclusive,
            freight_minor=331 + n,
        )
        for n, (currency, inclusive, dear) in enumerate(kinds)
    ]


KINDS = st.lists(
    st.tuples(st.sampled_from(["USD", "GBP"]), st.booleans(), st.booleans()), max_size=3
).map(lambda more: [("USD", True, True), ("USD", False, False), ("GBP", True, False), *more])
ANSWERS = ("accept", "accept some", "decline", "lapse", "cancel", "agree anew", "lapse anew")
AFTERWARDS = st.lists(
    st.sampled_from(["pay one", "pay all", "take back", "call off", "release"]), max_size=3
)


def answer(batch: Batch, how: str, alice: User) -> None:
    grant = Grant.objects.get(subject=batch.ref)
    seen = {"token": signing.token_of(grant), "ip": "203.0.113.7", "user_agent": "Browser/1.0"}
    seen["digests"] = {
        lock.pk: lock.terms_digest for lock in Lock.objects.filter(subject=batch.ref)
    }
    match how:
        case "accept" | "accept some":
            first = batch.orders.filter(status="locked").order_by("position").first().ref
            buyer_response.accept(
                left_out=[first] if how == "accept some" else [], consent=True, **seen
            )
        case "decline":
            buyer_response.decline(reason="", **seen)
        case "lapse" | "lapse anew":
            if how == "lapse anew":
                renegotiated(batch)
            world.move_clock(batch.store, clock.now(batch.store) + dt.timedelta(hours=73))
        case "cancel":
            batches.cancel(batch=batch, by="user:1")
        case "agree anew":
            for found in renegotiated(batch):
                talking.offer(found, "-1.37", user=alice)
                talking.sign_as_seller(found, alice)
                talking.sign_as_buyer(found)


def renegotiated(batch: Batch) -> list[Renegotiation]:
    world.rates(published_on=clock.now(batch.store).date(), source=f"newer-{batch.pk}", CNY="8.034")
    triggers.open_renegotiations(store=batch.store)
    return list(
        Renegotiation.objects.filter(lock__subject=batch.ref).select_related("lock", "store")
    )


def go_on(batch: Batch, how: str) -> None:
    """What is not possible in this state is left alone."""
    waiting = list(batch.orders.filter(status="awaiting_payment").order_by("position"))
    standing = Payment.objects.filter(
        order__batch=batch, reversed_at=None, order__status="paid"
    ).first()
    match how:
        case "pay one" | "pay all" if waiting:
            some = waiting if how == "pay all" else waiting[:1]
            receipts = [paid.receipt(order) for order in some]
            done = payments.record(
                store=batch.store, receipts=receipts, source=PaymentSource.API, by="key:1"
            )
            assert not done.refused
        case "take back" if standing:
            payments.reverse(store=batch.store, payment_id=standing.pk, why="bounced", by="user:1")
        case "call off" if waiting:
            for proforma in {order.proforma for order in waiting}:
                unpaid_cancellation.cancel_orders(
                    store=batch.store, proforma=proforma, why="never paid", by="user:1"
                )
        case "release":
            ready = batch.orders.filter(status="paid")
            releases.release(
                store=batch.store, orders=ready, by="user:1", at=clock.now(batch.store)
            )


def papers(batch: Batch) -> None:
    """Sealed agreements and proformas of what was just accepted: their sums are those of the
    orders."""
    accepted = list(batch.orders.filter(status__in=order_states.ACCEPTED))
    right: dict[str, Counter] = {}
    for order in accepted:
        right.setdefault(order.currency, Counter()).update(parts(order))
    if not accepted:
        return
    sums: dict[str, Counter] = {}
    for lock_or_offer in _agreed(batch):
        for total in agreements.totals(lock_or_offer.agreement.orders):
            found = {
                "goods": total.now_minor,
                "freight": total.freight_minor,
                "tax": total.tax_minor,
            }
            found |= {"total": total.total_minor, "goods_net": total.goods_net_minor}
            sums.setdefault(total.currency, Counter()).update(
                found | {"freight_net": total.freight_net_minor}
            )
    assert sums == right
    owed: dict[str, Counter] = {}
    for proforma in Proforma.objects.filter(batch=batch):
        for total in proforma_invoices.drawn(
            proforma,
            list(proforma_invoices.list_billed_orders(proforma)),
            now=clock.now(batch.store),
        ).totals:
            found = {name: getattr(total, f"{name}_minor") for name in next(iter(right.values()))}
            owed.setdefault(total.currency, Counter()).update(found)
    assert owed == right


def _agreed(batch: Batch) -> list:
    if Renegotiation.objects.filter(lock__subject=batch.ref).exists():
        offers = Offer.objects.filter(renegotiation__lock__subject=batch.ref)
        return [amendments.build_amendment(each.pk) for each in offers]
    lock: UUID = Lock.objects.filter(subject=batch.ref).values_list("pk", flat=True)[0]
    return [confirmations.build_confirmation(lock)]


@pytest.fixture
def key(store) -> str:
    return world.key(store, "read")


class TestEverySurface:
    @pytest.mark.parametrize("how", ANSWERS)
    @settings(
        max_examples=2,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(kinds=KINDS, afterwards=AFTERWARDS)
    def test_tells_the_same_after_every_transition(
        self, store, alice, client, key, how, kinds, afterwards
    ):
        client.force_login(alice)
        offset = store.clock_offset
        with taken_back():
            made = history(store, kinds)
            batch = batches.create(store=store, numbers=[o.number for o in made], by="user:1")
            assert {
                each.currency: each.asked.minor
                for each in batch_totals(batch, now=clock.now(store))
            } == {
                currency: sum(o.goods_minor for o in made if o.currency == currency)
                for currency in {o.currency for o in made}
            }
            run(batch)
            agree(batch, client, key)
            price_lock.lock_and_invite(batch=batch, by=f"user:{alice.pk}")
            agree(batch, client, key)
            answer(batch, how, alice)
            agree(batch, client, key)
            papers(batch)
            sweep.run_sweep(store=store)
            agree(batch, client, key)
            for proforma in Proforma.objects.filter(batch=batch):
                proforma_invoice_services.issue(proforma.pk)
                agree(batch, client, key)
            for each in afterwards:
                go_on(batch, each)
                agree(batch, client, key)
            transaction.set_rollback(True)
        store.clock_offset = offset

    @pytest.mark.parametrize("state", sorted(set(order_states.OrderStatus) - {"pending"}))
    def test_tells_an_order_in_its_state(self, store, alice, client, key, state):
        client.force_login(alice)
        batch = rows.batch(store, asked=4)
        lock = None if state in ("planned", "failed", "excluded") else rows.lock(batch)
        shared = {"lines": 2, "lock": lock, "status": state, "skus": [world.sku(store)]}
        if state in ("failed", "excluded"):
            shared |= {
                "codes": ["ORDER_UNRATED"],
                "line": {"outcome": state, "codes": ["ORDER_UNRATED"]},
            }
        rows.repeats(batch, 2, **shared, **MADE)
        inclusive = {"prices_include_tax": True, "tax_minor": 4_341, "total_minor": 27_190}
        rows.repeats(batch, 2, first=3, **shared, **MADE | inclusive)
        assert set(batch.orders.values_list("status", flat=True)) == {state}
        right = expected(batch)
        _core(batch_totals(batch, now=clock.now(store)), right)
        told = client.get(
            f"/api/v1/batches/{batch.ref}/", headers={"Authorization": f"Bearer {key}"}
        ).json()
        _api(told, right)
        _lots(batch, told)
        (found,) = batch_totals(batch, now=clock.now(store))
        assert (found.total.minor > 0) == (group_of(state) in LIVE)


MADE = {"fees_minor": 1_430}


def test_a_cancelled_batch_comes_to_nothing(store, alice, client, key):
    batch = run(
        batches.create(
            store=store, numbers=[o.number for o in history(store, [("USD", True, False)])], by="u"
        )
    )
    batches.cancel(batch=batch, by="user:1")
    (found,) = batch_totals(batch, now=clock.now(store))
    assert (found.total.minor, found.net.minor, found.offered.minor, found.accepted.minor) == (
        0,
        0,
        0,
        0,
    )
    assert found.ended.minor == batch.orders.get().total_minor > 0
    assert RepeatLine.objects.filter(order__batch=batch).exists()


def test_the_seller_keeps_no_tax_that_is_inside_his_prices(store):
    """USD 170.01 of goods and 3.31 of freight with 19 % inside: 27.67 is the state's, whatever the
    fees are."""
    (order,) = history(store, [("USD", True, False)])
    batch = run(batches.create(store=store, numbers=[order.number], by="user:1"))
    (found,) = batch_totals(batch, now=clock.now(store))
    row = batch.orders.get()
    assert (found.goods.minor, found.freight.minor, found.total.minor) == (17_001, 331, 17_332)
    assert (found.tax.minor, found.goods_net.minor, found.freight_net.minor) == (2_767, 14_287, 278)
    assert found.net.minor == 17_332 - 2_767 - row.fees_minor


def test_sealed_agreement_and_proforma_say_that_tax_is_included_and_add_up(store, alice):
    """USD 170.01 of goods and 3.31 of freight with 19 % inside: 142.87 + 2.78 + 27.67 = 173.32."""
    (order,) = history(store, [("USD", True, False)])
    batch = run(batches.create(store=store, numbers=[order.number], by="user:1"))
    price_lock.lock_and_invite(batch=batch, by=f"user:{alice.pk}")
    confirm(batch)
    sealed_text = pdf_text(content_of(sealed(batch)))
    proforma_invoice_services.issue(Proforma.objects.get(batch=batch).pk)
    proforma_text = pdf_text(proforma_invoice_services.read_pdf(Proforma.objects.get(batch=batch)))
    for text in (sealed_text, proforma_text):
        assert "Tax is included in the prices" in " ".join(text.split())
        for shown in ("142.87", "2.78", "27.67", "173.32"):
            assert shown in text
