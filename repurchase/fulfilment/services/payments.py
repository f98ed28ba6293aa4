"""Recording what buyers paid, exactly, and taking a wrong record back while nothing was released
for it (R-91)."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.models import Store
from marketplace.money import Money, decimal_text
from pricing.frozen_values import rates_of_locks
from repurchase.batches.services import event_publishing
from repurchase.fulfilment import payment_rules
from repurchase.fulfilment.payment_rules import OrderBalance
from repurchase.fulfilment.queries.balances import balances_of_orders
from repurchase.models import Payment, PaymentKind, PaymentSource, Proforma, RepeatOrder
from repurchase.models.order_states import OrderStatus

FUTURE = dt.timedelta(minutes=5)  # two clocks may differ by so much


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentReceipt:
    """A payment as somebody tells it; `key` is the teller's own name for the row, echoed (pitfall
    9)."""

    key: str
    order: str
    reference: str
    amount: str
    currency: str
    received_at: dt.datetime | None = None  # None: now


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedPayment:
    index: int
    key: str
    problem: Problem


@dataclass(kw_only=True, slots=True)
class PaymentReport:
    recorded: int = 0
    known: int = 0  # stood already, to the cent: sending it again changes nothing
    paid: list[str] = field(
        default_factory=list
    )  # orders of which nothing is open any more by this
    overpaid: list[str] = field(
        default_factory=list
    )  # of these, those for which more came than their total
    refused: list[RefusedPayment] = field(default_factory=list)


@transaction.atomic
def record(
    *,
    store: Store,
    receipts: Sequence[PaymentReceipt],
    source: PaymentSource,
    by: str,
    whole: bool = False,
) -> PaymentReport:
    """Keeps each payment that its order can take. One that can't be taken stops no other, unless
    `whole`.

    Row by row: ORDER_UNKNOWN, ORDER_NOT_PAYABLE, PAYMENT_CURRENCY, PAYMENT_TOO_MUCH,
    PAYMENT_REPEATED, AMOUNT_INVALID, CURRENCY_UNKNOWN, INPUT_INVALID. With `whole` the first of
    them is raised and nothing written.
    """
    orders = _lock_orders_by_reference(store, {receipt.order for receipt in receipts})
    now = clock.now(store)
    most_beyond = policy.in_force(now)["overpayment_max_share"]
    standing = balances_of_orders(list(orders.values()))
    report, rows, before = PaymentReport(), [], dict(standing)
    for index, receipt in enumerate(receipts):
        try:
            order = _require_known_order(orders, receipt)
            money = _parse_receipt_amount(receipt, now)
            due = standing[order.pk]
            if payment_rules.is_payment_recorded(due, reference=receipt.reference, amount=money):
                report.known += 1
                continue
            payment_rules.check_payment(due, money, most_beyond=most_beyond)
        except Problem as problem:
            if whole:
                raise
            report.refused.append(RefusedPayment(index=index, key=receipt.key, problem=problem))
            continue
        after = replace(due, received={**due.received, receipt.reference: money.minor})
        standing[order.pk] = replace(after, status=OrderStatus.PAID) if after.is_paid else after
        rows.append(_build_payment(store, order, receipt, money, source, by, now))
    Payment.objects.bulk_create(rows, batch_size=1000)
    report.recorded = len(rows)
    report.paid = _mark_orders_paid(orders, before, standing, now)
    report.overpaid = [
        o.ref for o in orders.values() if o.ref in report.paid and standing[o.pk].overpaid_minor
    ]
    if rows:
        _record_payments(store, rows, orders, report, source, by, now)
    return report


def _lock_orders_by_reference(store: Store, refs: set[str]) -> dict[str, RepeatOrder]:
    """The store's orders among the references, locked in the order of their ids."""
    usable = [ref for ref in refs if "\0" not in ref]
    found = RepeatOrder.objects.select_for_update(of=("self",)).select_related("batch")
    return {order.ref: order for order in found.filter(store=store, ref__in=usable).order_by("pk")}


def _require_known_order(orders: Mapping[str, RepeatOrder], receipt: PaymentReceipt) -> RepeatOrder:
    if receipt.order not in orders:
        raise Problem(Code.ORDER_UNKNOWN, orders=[receipt.order])
    return orders[receipt.order]


def _parse_receipt_amount(receipt: PaymentReceipt, now: dt.datetime) -> Money:
    if not receipt.reference:
        raise Problem(Code.INPUT_INVALID, detail="reference")
    if receipt.received_at and receipt.received_at > now + FUTURE:
        raise Problem(Code.INPUT_INVALID, detail=f"received_at: {receipt.received_at.isoformat()}")
    return Money.of(receipt.amount, receipt.currency)


def _build_payment(
    store: Store,
    order: RepeatOrder,
    receipt: PaymentReceipt,
    money: Money,
    source: PaymentSource,
    by: str,
    now: dt.datetime,
) -> Payment:
    return Payment(
        store=store,
        order=order,
        reference=receipt.reference,
        amount_minor=money.minor,
        currency=money.currency,
        received_at=receipt.received_at or now,
        source=source,
        recorded_at=now,
        recorded_by=by,
    )


def _mark_orders_paid(
    orders: Mapping[str, RepeatOrder],
    before: Mapping[int, OrderBalance],
    after: Mapping[int, OrderBalance],
    now: dt.datetime,
) -> list[str]:
    """Orders of which nothing is open by now, and was before."""
    paid = [o for o in orders.values() if after[o.pk].is_paid and not before[o.pk].is_paid]
    moved = RepeatOrder.objects.filter(
        pk__in=[o.pk for o in paid], status=OrderStatus.AWAITING_PAYMENT
    )
    moved.update(status=OrderStatus.PAID, changed_at=now)
    event_publishing.publish_orders(RepeatOrder.objects.filter(pk__in=[o.pk for o in paid]), at=now)
    return sorted(o.ref for o in paid)


def _record_payments(
    store: Store,
    rows: Sequence[Payment],
    orders: Mapping[str, RepeatOrder],
    report: PaymentReport,
    source: PaymentSource,
    by: str,
    now: dt.datetime,
) -> None:
    """One entry a batch: what came for it, with every payment."""
    paid = set(report.paid)
    by_batch: dict[str, list[Payment]] = {}
    for row in rows:
        by_batch.setdefault(row.order.batch.ref, []).append(row)
    for ref, some in sorted(by_batch.items()):
        sums: Counter[str] = Counter()
        for row in some:
            sums[row.currency] += row.amount_minor
        ledger.record(
            store_id=store.pk,
            kind="payment.recorded",
            subject=f"batch:{ref}",
            by=by,
            at=now,
            source=str(source),
            sums=dict(sums),
            paid=sorted(paid & {row.order.ref for row in some}),
            payments=[
                [str(row.pk), row.order.ref, row.amount_minor, row.currency, row.reference]
                for row in some
            ],
        )


def record_all(
    *,
    store: Store,
    proforma: Proforma,
    currency: str,
    amount: str,
    reference: str,
    by: str,
    received_at: dt.datetime | None = None,
    difference: str = "",
) -> PaymentReport:
    """One transfer for everything that a proforma still asks for in a currency.

    What is short is settled where `difference` gives the reason, else PAYMENT_INEXACT, in
    proportion: each order is paid in part. What is beyond stands on the largest. Raises
    ORDER_NOT_PAYABLE where nothing is asked for in it, AMOUNT_INVALID, PAYMENT_TOO_MUCH,
    DIFFERENCE_TOO_LARGE.
    """
    with transaction.atomic():
        orders = _lock_awaiting_orders(store, proforma, currency)
        standing = balances_of_orders(orders)
        open_minor = {order.pk: standing[order.pk].outstanding_minor for order in orders}
        asked, money = Money(sum(open_minor.values()), currency), Money.of(amount, currency)
        if money.minor <= 0:
            raise Problem(Code.AMOUNT_INVALID, amount=amount[:40], currency=currency)
        short = Money(asked.minor - money.minor, currency)
        if short.minor > 0:
            if not (difference := _require_reason(difference)):
                raise Problem(Code.PAYMENT_INEXACT, value=str(money), limit=str(asked))
            _check_shortfall(store, orders, asked, short)
        parts = payment_rules.allocate_transfer(open_minor, money.minor)
        receipts = [
            PaymentReceipt(
                key=order.ref,
                order=order.ref,
                reference=reference,
                amount=decimal_text(parts[order.pk], currency),
                currency=currency,
                received_at=received_at,
            )
            for order in orders
            if parts[order.pk]
        ]
        report = record(
            store=store, receipts=receipts, source=PaymentSource.MEMBER, by=by, whole=True
        )
        lacking = {order: open_minor[order.pk] - parts[order.pk] for order in orders}
        lacking = {order: minor for order, minor in lacking.items() if minor > 0}
        report.paid += _settle_shortfalls(store, lacking, difference, PaymentSource.MEMBER, by)
        return report


def _lock_awaiting_orders(store: Store, proforma: Proforma, currency: str) -> list[RepeatOrder]:
    """The orders of a proforma that await payment, held with it."""
    _lock_proformas(Proforma.objects.filter(store=store, pk=proforma.pk))
    held = RepeatOrder.objects.select_for_update(of=("self",)).select_related("batch", "lock")
    found = held.filter(
        store=store, proforma=proforma, currency=currency, status=OrderStatus.AWAITING_PAYMENT
    )
    if not (orders := list(found.order_by("pk"))):
        raise Problem(Code.ORDER_NOT_PAYABLE, order=proforma.number, state="—")
    return orders


def _lock_proformas(proformas: QuerySet[Proforma]) -> None:
    """Before their orders: differences of one proforma are settled one after the other."""
    list(proformas.select_for_update(of=("self",), no_key=True).values_list("pk"))


@transaction.atomic
def settle_difference(
    *, store: Store, order: RepeatOrder, amount: str, reason: str, source: PaymentSource, by: str
) -> Payment:
    """What is still open of an order that was paid in part will not come: it is paid. Said again,
    nothing changes.

    INPUT_INVALID without a reason; what `paying.check_difference` refuses.
    """
    if not (reason := _require_reason(reason)):
        raise Problem(Code.INPUT_INVALID, detail="reason")
    _lock_proformas(Proforma.objects.filter(store=store, orders=order.pk))
    held = RepeatOrder.objects.select_for_update(of=("self",)).select_related("batch", "lock")
    order = held.get(store=store, pk=order.pk)
    money = Money.of(amount, order.currency)
    standing = order.payments.filter(kind=PaymentKind.DIFFERENCE, reversed_at=None)
    if known := standing.filter(amount_minor=money.minor).first():
        return known
    due = balances_of_orders([order])[order.pk]
    payment_rules.check_difference(
        due, money, most=_largest_difference_of(store, order, Money(due.total_minor, due.currency))
    )
    _settle_shortfalls(store, {order: money.minor}, reason, source, by)
    return standing.get()


def _require_reason(text: str) -> str:
    return text.replace("\0", "").strip()[:300]


def _check_shortfall(
    store: Store, orders: Sequence[RepeatOrder], asked: Money, short: Money
) -> None:
    """So much that every order still gets a minor unit, and no more than the policy allows."""
    part_each = Money(asked.minor - len(orders), asked.currency)
    most = min(
        _largest_difference_of(store, orders[0], asked), part_each, key=lambda each: each.minor
    )
    if short.minor > most.minor:
        raise Problem(Code.DIFFERENCE_TOO_LARGE, value=str(short), limit=str(most))


def _largest_difference_of(store: Store, order: RepeatOrder, asked: Money) -> Money:
    """By the policy of today, the rates that the order's lock froze and what its proforma has
    settled already.

    FX_RATE_MISSING where the rates lack its currency. The caller holds the proforma.
    """
    policies = policy.in_force(clock.now(store))
    usd = Money.of(policies["difference_max_usd"], "USD")
    minor = rates_of_locks([order.lock])[order.lock_id].exchange(usd.minor, "USD", asked.currency)
    settled = Payment.objects.filter(
        order__proforma=order.proforma_id,
        currency=asked.currency,
        kind=PaymentKind.DIFFERENCE,
        reversed_at=None,
    )
    return payment_rules.largest_difference(
        asked,
        share=policies["difference_max_share"],
        amount=Money(minor, asked.currency),
        settled_minor=int(settled.aggregate(n=Coalesce(Sum("amount_minor"), 0))["n"]),
    )


def _settle_shortfalls(
    store: Store, lacking: Mapping[RepeatOrder, int], reason: str, source: PaymentSource, by: str
) -> list[str]:
    """Keeps a difference for each order, which is paid by it; one entry in the ledger."""
    if not lacking:
        return []
    now = clock.now(store)
    before = balances_of_orders(list(lacking))
    rows = [
        Payment(
            store=store,
            order=order,
            kind=PaymentKind.DIFFERENCE,
            reason=reason,
            amount_minor=minor,
            currency=order.currency,
            received_at=now,
            source=source,
            recorded_at=now,
            recorded_by=by,
        )
        for order, minor in lacking.items()
    ]
    Payment.objects.bulk_create(rows)
    ledger.record(
        store_id=store.pk,
        kind="payment.difference",
        subject=f"batch:{rows[0].order.batch.ref}",
        by=by,
        at=now,
        source=str(source),
        why=reason,
        payments=[[str(row.pk), row.order.ref, row.amount_minor, row.currency] for row in rows],
    )
    return _mark_orders_paid(
        {order.ref: order for order in lacking}, before, balances_of_orders(list(lacking)), now
    )


@transaction.atomic
def reverse(*, store: Store, payment_id: UUID, why: str, by: str) -> Payment:
    """Takes a recorded payment back: its order awaits payment again. NOT_FOUND, PAYMENT_FINAL,
    INPUT_INVALID."""
    found = Payment.objects.filter(store=store, pk=payment_id)
    if not found.exists():
        raise Problem(Code.NOT_FOUND)
    _reverse_payments(store, found, why, by)
    return found.get()


@transaction.atomic
def reverse_transfer(*, store: Store, proforma: Proforma, reference: str, why: str, by: str) -> int:
    """Takes every payment of a proforma under one reference back, or none, with what was settled
    beside.

    NOT_FOUND; PAYMENT_FINAL once one was released for.
    """
    found = Payment.objects.filter(
        store=store,
        order__proforma=proforma,
        kind=PaymentKind.RECEIVED,
        reference=reference,
        reversed_at=None,
    )
    if not found.exists():
        raise Problem(Code.NOT_FOUND)
    return _reverse_payments(store, found, why, by)


def _reverse_payments(store: Store, payments: QuerySet[Payment], why: str, by: str) -> int:
    """All of them or none; the orders are held first, so that no release comes in between.

    A difference was settled beside what came: it goes with it.
    """
    if not (why := _require_reason(why)):
        raise Problem(Code.INPUT_INVALID, detail="why")
    ids = list(payments.values_list("order_id", flat=True))
    held = RepeatOrder.objects.select_for_update(of=("self",)).select_related("batch")
    orders = list(held.filter(pk__in=ids).order_by("pk"))
    now = clock.now(store)
    if past := [order.status for order in orders if order.status not in payment_rules.RECEIVED]:
        raise Problem(Code.PAYMENT_FINAL, state=past[0])
    rows = list(payments.order_by("order_id").values_list("pk", "order__ref"))
    beside = Payment.objects.filter(order__in=ids, kind=PaymentKind.DIFFERENCE, reversed_at=None)
    rows += (
        beside.exclude(pk__in=[pk for pk, _ in rows])
        .order_by("order_id")
        .values_list("pk", "order__ref")
    )
    standing = Payment.objects.filter(pk__in=[pk for pk, _ in rows], reversed_at=None)
    if standing.update(reversed_at=now, reversed_by=by, reversed_why=why) != len(rows):
        raise Problem(Code.PAYMENT_FINAL, state="reversed")
    left = balances_of_orders(orders)
    open_again = [
        order.pk for order in orders if not left[order.pk].is_paid
    ]  # others had been overpaid
    back = RepeatOrder.objects.filter(pk__in=open_again, status=OrderStatus.PAID)
    back.update(status=OrderStatus.AWAITING_PAYMENT, changed_at=now)
    event_publishing.publish_orders(RepeatOrder.objects.filter(pk__in=ids, changed_at=now), at=now)
    ledger.record(
        store_id=store.pk,
        kind="payment.reversed",
        subject=f"batch:{orders[0].batch.ref}",
        by=by,
        at=now,
        why=why,
        payments=[[str(pk), ref] for pk, ref in rows],
    )
    return len(rows)
