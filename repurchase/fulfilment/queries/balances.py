"""What orders owe and have been paid: for the cashier, the pages and the API."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from marketplace.models import Buyer, PaymentTerms, Store
from marketplace.money import Money
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.fulfilment.payment_rules import OrderBalance
from repurchase.models import Payment, PaymentKind, Proforma, RepeatOrder
from repurchase.models.order_states import OrderStatus


def balances_of_orders(orders: Sequence[RepeatOrder]) -> dict[int, OrderBalance]:
    """By the order's id, in one query."""
    received: dict[int, dict[str, int]] = defaultdict(dict)
    settled: dict[int, int] = defaultdict(int)
    standing = Payment.objects.filter(order__in=[order.pk for order in orders], reversed_at=None)
    for order_id, kind, reference, minor in standing.values_list(
        "order_id", "kind", "reference", "amount_minor"
    ):
        if kind == PaymentKind.DIFFERENCE:
            settled[order_id] += minor
        else:
            received[order_id][reference] = minor
    return {
        order.pk: OrderBalance(
            ref=order.ref,
            status=OrderStatus(order.status),
            currency=order.currency,
            total_minor=order.total_minor,
            received=received.get(order.pk, {}),
            settled_minor=settled[order.pk],
        )
        for order in orders
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderAccount:
    """One order: what it owes, what came, every payment with its fate."""

    order: RepeatOrder
    due: OrderBalance
    payments: Sequence[Payment]

    @property
    def received(self) -> Money:
        return Money(self.due.received_minor, self.due.currency)

    @property
    def outstanding(self) -> Money:
        return Money(self.due.outstanding_minor, self.due.currency)

    @property
    def settled(self) -> Money:
        return Money(self.due.settled_minor, self.due.currency)

    @property
    def overpaid(self) -> Money:
        return Money(self.due.overpaid_minor, self.due.currency)


def order_account(order: RepeatOrder) -> OrderAccount:
    """Two queries."""
    payments = list(order.payments.order_by("recorded_at", "pk"))
    return OrderAccount(order=order, due=balances_of_orders([order])[order.pk], payments=payments)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutstandingAmount:
    """What the orders of a proforma in one currency still owe together."""

    proforma: Proforma
    currency: str
    orders: int
    total: Money
    received: Money

    @property
    def outstanding(self) -> Money:
        return Money(self.total.minor - self.received.minor, self.currency)


def _received_minor() -> Subquery:
    """Minor units that stand on an order: received, or settled instead."""
    standing = (
        Payment.objects.filter(order=OuterRef("pk"), reversed_at=None).order_by().values("order")
    )
    return Subquery(standing.annotate(n=Sum("amount_minor")).values("n"))


@dataclass(frozen=True, kw_only=True, slots=True)
class OverpaidOrder:
    """An order for which more came than its total: the rest is the buyer's."""

    ref: str
    buyer: str
    beyond: Money


def list_overpaid_orders(store: Store) -> list[OverpaidOrder]:
    """The latest 50 orders that were paid beyond their total."""
    rows = (
        RepeatOrder.objects.filter(
            store=store, pk__in=Payment.objects.filter(store=store).values("order")
        )
        .annotate(came=Coalesce(_received_minor(), 0))
        .filter(came__gt=F("total_minor"))
        .order_by("-changed_at", "-pk")
        .values_list("ref", "batch__buyer__name", "currency", "came", "total_minor")
    )
    return [
        OverpaidOrder(ref=r, buyer=b, beyond=Money(int(came) - total, c))
        for r, b, c, came, total in rows[:PAGE_SIZE]
    ]


def list_outstanding_amounts(store: Store, batch_ref: str = "") -> list[OutstandingAmount]:
    """By proforma and currency, the oldest first: what awaits payment."""
    waiting = RepeatOrder.objects.filter(store=store, status=OrderStatus.AWAITING_PAYMENT)
    if batch_ref:
        waiting = waiting.filter(batch__ref=batch_ref)
    rows = list(
        waiting.annotate(came=Coalesce(_received_minor(), 0))
        .order_by("proforma", "currency")
        .values("proforma", "currency")
        .annotate(n=Count("pk"), total=Sum("total_minor"), received=Sum("came"))
    )
    papers = Proforma.objects.select_related("batch__buyer").in_bulk(
        [row["proforma"] for row in rows]
    )
    found = [
        OutstandingAmount(
            proforma=papers[row["proforma"]],
            currency=row["currency"],
            orders=row["n"],
            total=Money(int(row["total"]), row["currency"]),
            received=Money(int(row["received"]), row["currency"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.proforma.asked_at, each.currency))


def list_payments(store: Store, *, cursor: str = "") -> CursorPage:
    """50 of the store's payments, the last recorded first."""
    rows = (
        Payment.objects.filter(store=store).select_related("order").order_by("-recorded_at", "-pk")
    )
    if cursor:
        at, pk = decode_cursor(cursor, str, str)
        rows = rows.filter(Q(recorded_at__lt=at) | Q(recorded_at=at, pk__lt=pk))
    found = list(rows[: PAGE_SIZE + 1])
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    return CursorPage(
        rows=found[:PAGE_SIZE],
        next_cursor=encode_cursor(last.recorded_at.isoformat(), str(last.pk)) if last else "",
    )


def buyers_with_payment_terms(store: Store) -> QuerySet[Buyer]:
    """The store's buyers with terms of their own: `open_account` and since when, as they stand now
    or will."""
    latest = PaymentTerms.objects.filter(buyer=OuterRef("pk")).order_by("-valid_from")
    return (
        Buyer.objects.filter(store=store)
        .annotate(
            open_account=Subquery(latest.values("open_account")[:1]),
            since=Subquery(latest.values("valid_from")[:1]),
        )
        .order_by(F("since").desc(nulls_last=True), "name", "pk")
    )
