"""Recording what buyers paid, exactly, and taking a wrong record back while nothing was released for it (R-91)."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from marketplace.money import Money
from repurchase import paying
from repurchase.lifecycle import OrderStatus
from repurchase.models import Payment, PaymentSource, Proforma, RepeatOrder
from repurchase.paying import Due
from repurchase.queries.dues import dues
from repurchase.services import telling

FUTURE = dt.timedelta(minutes=5)  # two clocks may differ by so much


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A payment as somebody tells it; `key` is the teller's own name for the row, echoed (pitfall 9)."""

    key: str
    order: str
    reference: str
    amount: str
    currency: str
    received_at: dt.datetime | None = None  # None: now


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    index: int
    key: str
    problem: Problem


@dataclass(kw_only=True, slots=True)
class Report:
    recorded: int = 0
    known: int = 0  # stood already, to the cent: sending it again changes nothing
    paid: list[str] = field(default_factory=list)  # orders whose exact total has come by this
    refused: list[Refused] = field(default_factory=list)


@transaction.atomic
def record(
    *, store: Store, receipts: Sequence[Receipt], source: PaymentSource, by: str, whole: bool = False
) -> Report:
    """Keeps each payment that its order can take. One that can't be taken stops no other, unless `whole`.

    Row by row: ORDER_UNKNOWN, ORDER_NOT_PAYABLE, PAYMENT_CURRENCY, PAYMENT_TOO_MUCH, PAYMENT_REPEATED,
    AMOUNT_INVALID, CURRENCY_UNKNOWN, INPUT_INVALID. With `whole` the first of them is raised and nothing written.
    """
    orders = _held(store, {receipt.order for receipt in receipts})
    now = clock.now(store)
    standing = dues(list(orders.values()))
    report, rows, before = Report(), [], dict(standing)
    for index, receipt in enumerate(receipts):
        try:
            order = _known(orders, receipt)
            money = _money(receipt, now)
            due = standing[order.pk]
            if paying.is_known(due, reference=receipt.reference, amount=money):
                report.known += 1
                continue
            paying.judge(due, money)
        except Problem as problem:
            if whole:
                raise
            report.refused.append(Refused(index=index, key=receipt.key, problem=problem))
            continue
        standing[order.pk] = replace(due, received={**due.received, receipt.reference: money.minor})
        rows.append(_row(store, order, receipt, money, source, by, now))
    Payment.objects.bulk_create(rows, batch_size=1000)
    report.recorded = len(rows)
    report.paid = _pay(orders, before, standing, now)
    if rows:
        _record(store, rows, orders, report, source, by, now)
    return report


def _held(store: Store, refs: set[str]) -> dict[str, RepeatOrder]:
    """The store's orders among the references, locked in the order of their ids."""
    usable = [ref for ref in refs if "\0" not in ref]
    found = RepeatOrder.objects.select_for_update(of=("self",)).select_related("batch")
    return {order.ref: order for order in found.filter(store=store, ref__in=usable).order_by("pk")}


def _known(orders: Mapping[str, RepeatOrder], receipt: Receipt) -> RepeatOrder:
    if receipt.order not in orders:
        raise Problem(Code.ORDER_UNKNOWN, orders=[receipt.order])
    return orders[receipt.order]


def _money(receipt: Receipt, now: dt.datetime) -> Money:
    if not receipt.reference:
        raise Problem(Code.INPUT_INVALID, detail="reference")
    if receipt.received_at and receipt.received_at > now + FUTURE:
        raise Problem(Code.INPUT_INVALID, detail=f"received_at: {receipt.received_at.isoformat()}")
    return Money.of(receipt.amount, receipt.currency)


def _row(
    store: Store, order: RepeatOrder, receipt: Receipt, money: Money, source: PaymentSource, by: str, now: dt.datetime
) -> Payment:  # fmt: skip
    return Payment(
        store=store, order=order, reference=receipt.reference, amount_minor=money.minor, currency=money.currency,
        received_at=receipt.received_at or now, source=source, recorded_at=now, recorded_by=by,
    )  # fmt: skip


def _pay(
    orders: Mapping[str, RepeatOrder], before: Mapping[int, Due], after: Mapping[int, Due], now: dt.datetime
) -> list[str]:
    """Orders whose exact total has come by now, and had not before."""
    paid = [o for o in orders.values() if after[o.pk].is_paid and not before[o.pk].is_paid]
    moved = RepeatOrder.objects.filter(pk__in=[o.pk for o in paid], status=OrderStatus.AWAITING_PAYMENT)
    moved.update(status=OrderStatus.PAID, changed_at=now)
    telling.orders(RepeatOrder.objects.filter(pk__in=[o.pk for o in paid]), at=now)
    return sorted(o.ref for o in paid)


def _record(
    store: Store, rows: Sequence[Payment], orders: Mapping[str, RepeatOrder], report: Report, source: PaymentSource,
    by: str, now: dt.datetime,
) -> None:  # fmt: skip
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
            store_id=store.pk, kind="payment.recorded", subject=f"batch:{ref}", by=by, at=now, source=str(source),
            sums=dict(sums), paid=sorted(paid & {row.order.ref for row in some}),
            payments=[[str(row.pk), row.order.ref, row.amount_minor, row.currency, row.reference] for row in some],
        )  # fmt: skip


def record_all(
    *, store: Store, proforma: Proforma, currency: str, amount: str, reference: str, by: str,
    received_at: dt.datetime | None = None,
) -> Report:  # fmt: skip
    """One transfer for everything that a proforma still asks for in a currency: to the cent, or PAYMENT_INEXACT.

    Raises PAYMENT_CURRENCY where nothing is asked for in it, AMOUNT_INVALID, and INPUT_INVALID with what is missing.
    """
    with transaction.atomic():
        waiting = RepeatOrder.objects.select_for_update().filter(
            store=store, proforma=proforma, currency=currency, status=OrderStatus.AWAITING_PAYMENT
        )
        orders = list(waiting.order_by("pk"))
        if not orders:
            raise Problem(Code.ORDER_NOT_PAYABLE, order=proforma.number, state="—")
        standing = dues(orders)
        asked = Money(sum(due.outstanding_minor for due in standing.values()), currency)
        money = Money.of(amount, currency)
        if money.minor > asked.minor:
            raise Problem(Code.PAYMENT_TOO_MUCH, value=str(money), limit=str(asked))
        if money.minor < asked.minor:
            raise Problem(Code.PAYMENT_INEXACT, value=str(money), limit=str(asked))
        receipts = [
            Receipt(
                key=order.ref,
                order=order.ref,
                reference=reference,
                amount=str(Money(standing[order.pk].outstanding_minor, currency).amount),
                currency=currency,
                received_at=received_at,
            )
            for order in orders
        ]
        return record(store=store, receipts=receipts, source=PaymentSource.MEMBER, by=by, whole=True)


@transaction.atomic
def reverse(*, store: Store, payment_id: UUID, why: str, by: str) -> Payment:
    """Takes a recorded payment back: its order awaits payment again. NOT_FOUND, PAYMENT_FINAL, INPUT_INVALID."""
    found = Payment.objects.filter(store=store, pk=payment_id)
    if not found.exists():
        raise Problem(Code.NOT_FOUND)
    _reverse(store, found, why, by)
    return found.get()


@transaction.atomic
def reverse_transfer(*, store: Store, proforma: Proforma, reference: str, why: str, by: str) -> int:
    """Takes every payment of a proforma under one reference back, or none. PAYMENT_FINAL once one was released for."""
    found = Payment.objects.filter(
        store=store, order__proforma=proforma, reference=reference, reversed_at=None
    )
    if not found.exists():
        raise Problem(Code.NOT_FOUND)
    return _reverse(store, found, why, by)


def _reverse(store: Store, payments: QuerySet[Payment], why: str, by: str) -> int:
    """All of them or none; the orders are held first, so that no release comes in between."""
    if not (why := why.replace("\0", "").strip()[:300]):
        raise Problem(Code.INPUT_INVALID, detail="why")
    ids = list(payments.values_list("order_id", flat=True))
    held = RepeatOrder.objects.select_for_update(of=("self",)).select_related("batch")
    orders = list(held.filter(pk__in=ids).order_by("pk"))
    now = clock.now(store)
    if past := [order.status for order in orders if order.status not in paying.RECEIVED]:
        raise Problem(Code.PAYMENT_FINAL, state=past[0])
    rows = list(payments.order_by("order_id").values_list("pk", "order__ref"))
    standing = Payment.objects.filter(pk__in=[pk for pk, _ in rows], reversed_at=None)
    if standing.update(reversed_at=now, reversed_by=by, reversed_why=why) != len(rows):
        raise Problem(Code.PAYMENT_FINAL, state="reversed")
    back = RepeatOrder.objects.filter(pk__in=ids, status=OrderStatus.PAID)
    back.update(status=OrderStatus.AWAITING_PAYMENT, changed_at=now)
    telling.orders(RepeatOrder.objects.filter(pk__in=ids, changed_at=now), at=now)
    ledger.record(
        store_id=store.pk, kind="payment.reversed", subject=f"batch:{orders[0].batch.ref}", by=by, at=now, why=why,
        payments=[[str(pk), ref] for pk, ref in rows],
    )  # fmt: skip
    return len(rows)
