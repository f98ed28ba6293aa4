"""What a buyer's answer comes to before it is given: services ticked, orders left out, the totals (R-15).

The page shows it, and the confirmation is bound to it by its digest: the same function weighs both.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.garbage import uncollected
from marketplace.money import Money
from marketplace.queries import rates_of
from pricing.fees import Kind, Priced, Tariff
from pricing.freight import Quote
from pricing.models import Grant, Lock
from pricing.queries import freight_cards, platform_day
from pricing.tax import Treatment
from repurchase import reducing
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch, OrderFee, RepeatLine, RepeatOrder
from repurchase.queries.services import ServiceView, asked_services

SUMS = ("goods", "freight", "tax", "total")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticks:
    """What the buyer ticked: services by id, or all of them; orders to leave out by reference."""

    services: Collection[int] = ()
    every_service: bool = False
    left_out: Collection[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """What is confirmed in one currency."""

    currency: str
    goods: Money
    freight: Money
    tax: Money
    total: Money


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """`reduced`: orders that lose lines, by id, as they come out; `gone`: those that lose every line."""

    confirmed: Sequence[ServiceView] = ()
    unconfirmed: Sequence[ServiceView] = ()
    dropped: Mapping[int, Sequence[str]] = field(default_factory=dict)  # line id → texts of its services
    reduced: Mapping[int, Priced] = field(default_factory=dict)
    gone: Collection[int] = frozenset()
    orders: int = 0
    sums: Sequence[Sum] = ()
    digest: str = ""

    @property
    def asked(self) -> int:
        return len(self.confirmed) + len(self.unconfirmed)

    @property
    def leaving(self) -> int:
        return len(self.dropped)


@uncollected()
def weigh(*, grant: Grant, lock_ids: Collection[UUID], ticks: Ticks) -> Weighed:
    """Eleven queries at most, for any number of services and orders. INPUT_INVALID for a tick of what isn't asked.

    Where no service is asked it is empty: nothing can leave but whole orders, as the buyer left them out.
    """
    batch = Batch.objects.select_related("store").get(store=grant.store_id, ref=grant.subject)
    asked = [view for view in asked_services(batch) if view.order.lock_id in lock_ids]
    if not asked:
        return Weighed()
    left_out = set(ticks.left_out)
    _refuse_strangers(ticks, asked)
    counted = [view for view in asked if view.order.ref not in left_out]
    confirmed = [view for view in counted if ticks.every_service or view.id in ticks.services]
    unconfirmed = [view for view in counted if not ticks.every_service and view.id not in ticks.services]
    dropped = _dropped(unconfirmed)
    priced = _priced(batch, {view.order.pk: view.order for view in unconfirmed}, dropped)
    reduced = {pk: left for pk, left in priced.items() if left}
    gone = frozenset(pk for pk, left in priced.items() if not left)
    orders, sums = _sums(batch, lock_ids, left_out, gone, reduced)
    return Weighed(
        confirmed=confirmed, unconfirmed=unconfirmed, dropped=dropped, reduced=reduced, gone=gone, orders=orders,
        sums=sums, digest=_digest(confirmed, left_out, sums),
    )  # fmt: skip


def _refuse_strangers(ticks: Ticks, asked: Sequence[ServiceView]) -> None:
    if unknown := sorted(set(ticks.services) - {view.id for view in asked}):
        raise Problem(Code.INPUT_INVALID, detail=f"services: {', '.join(map(str, unknown[:20]))}")


def _dropped(unconfirmed: Sequence[ServiceView]) -> dict[int, list[str]]:
    dropped: dict[int, list[str]] = defaultdict(list)
    for view in unconfirmed:
        for line in view.lines:
            dropped[line.pk].append(view.text)
    return dict(dropped)


def _priced(
    batch: Batch, orders: Mapping[int, RepeatOrder], dropped: Collection[int]
) -> dict[int, Priced | None]:
    """Orders that lose lines, as they come out; None for one that loses all of them."""
    if not orders:
        return {}
    lines, fees = _lines_of(orders), _fees_of(orders)
    cards = freight_cards(
        store=batch.store, countries={o.ship_to["country"] for o in orders.values()}, now=batch.screened_at
    )
    locks = Lock.objects.filter(pk__in={o.lock_id for o in orders.values()}).select_related("rate_set")
    sets = {lock.pk: lock.rate_set for lock in locks}
    rates = {rate_set.pk: rates_of(rate_set) for rate_set in sets.values()}
    return {
        pk: reducing.without(
            _locked(order, lines[pk], fees[pk]), dropped, cards=cards.get(order.ship_to["country"], ()),
            rates=rates[sets[order.lock_id].pk], day=platform_day(batch.screened_at),
        )
        for pk, order in orders.items()
    }  # fmt: skip


def _lines_of(orders: Mapping[int, RepeatOrder]) -> dict[int, list[reducing.LockedLine]]:
    lines: dict[int, list[reducing.LockedLine]] = defaultdict(list)
    rows = RepeatLine.objects.filter(order__in=orders, outcome="planned").order_by("line_no")
    for order_id, *line in rows.values_list(
        "order_id",
        "id",
        "sku__category__code",
        "total_minor",
        "quantity",
        "sku__weight_g",
        "sku__is_ear_controlled",
    ):
        names = ("id", "category_code", "total_minor", "quantity", "weight_g", "ear_controlled")
        lines[order_id].append(reducing.LockedLine(**dict(zip(names, line, strict=True))))
    return lines


def _fees_of(orders: Mapping[int, RepeatOrder]) -> dict[int, list[OrderFee]]:
    fees: dict[int, list[OrderFee]] = defaultdict(list)
    for fee in OrderFee.objects.filter(order__in=orders).order_by("position"):
        fees[fee.order_id].append(fee)
    return fees


def _locked(
    order: RepeatOrder, lines: Sequence[reducing.LockedLine], fees: Sequence[OrderFee]
) -> reducing.LockedOrder:
    """Prices that included tax under reverse charge were made net at the plan: here no rate is taken out again."""
    by_kind = {fee.kind: fee for fee in fees}
    rate = order.tax_rate or Decimal(0)
    return reducing.LockedOrder(
        currency=order.currency,
        country=order.ship_to["country"],
        freight_minor=order.freight_minor,
        prices_include_tax=order.prices_include_tax,
        treatment=Treatment(category=order.tax_category, rate=rate, included_rate=rate, code=order.tax_code),
        local_return=order.local_return,
        lines=lines,
        commission={
            code: fee.rate for fee in fees if fee.kind == Kind.COMMISSION for code in fee.detail["categories"]
        },
        tariff=_tariff(by_kind),
        ear_due=by_kind[Kind.EAR_REVIEW].reason != "NO_EAR_GOODS",
        quote=_quote(by_kind[Kind.FREIGHT].detail),
    )


def _tariff(by_kind: Mapping[str, OrderFee]) -> Tariff:
    def charge(kind: Kind) -> Money:
        return Money(by_kind[kind].tariff_minor, by_kind[kind].tariff_currency)

    return Tariff(
        payment_rate=by_kind[Kind.PAYMENT].rate,
        vat_remittance_rate=by_kind[Kind.VAT_REMITTANCE].rate,
        return_warehouse=charge(Kind.RETURN_WAREHOUSE),
        ear_review=charge(Kind.EAR_REVIEW),
    )


def _quote(detail: Mapping) -> Quote:
    prices = {name: Money(**detail[name]) if detail[name] else None for name in ("negotiated", "public")}
    return Quote(service_id=detail["service_id"], weight_g=detail["weight_g"], **prices)


def _sums(
    batch: Batch,
    lock_ids: Collection[UUID],
    left_out: Collection[str],
    gone: Collection[int],
    reduced: Mapping[int, Priced],
) -> tuple[int, list[Sum]]:
    """(orders that are confirmed, what they come to by currency): sums of orders, each rounded once (pitfall 5)."""
    minor: dict[str, list[int]] = defaultdict(lambda: [0] * len(SUMS))
    orders = 0
    names = [f"{name}_minor" for name in SUMS]
    rows = RepeatOrder.objects.filter(batch=batch, lock__in=lock_ids, status=OrderStatus.LOCKED)
    for pk, ref, currency, *amounts in rows.values_list("id", "ref", "currency", *names):
        if ref in left_out or pk in gone:
            continue
        orders += 1
        if pk in reduced:
            amounts = [getattr(reduced[pk], name) for name in names]
        minor[currency] = [a + b for a, b in zip(minor[currency], amounts, strict=True)]
    return orders, [
        Sum(currency=currency, **{name: Money(n, currency) for name, n in zip(SUMS, found, strict=True)})
        for currency, found in sorted(minor.items())
    ]


def _digest(confirmed: Sequence[ServiceView], left_out: Collection[str], sums: Sequence[Sum]) -> str:
    """SHA-256 over what would be confirmed: the services, the orders left out, the sums to the cent."""
    money = [[s.currency, *(getattr(s, name).minor for name in SUMS)] for s in sums]
    content = [sorted(view.id for view in confirmed), sorted(left_out), money]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
