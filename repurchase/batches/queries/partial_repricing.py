"""Locked orders as the core prices them again, from their own fee lines and rates: six queries for
any number."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from marketplace import territories
from marketplace.calendar import platform_day
from marketplace.money import Money, Rates
from marketplace.queries import rates_of
from pricing.fees import Kind, Priced, Tariff
from pricing.freight import Card, Quote
from pricing.frozen_values import rates_of_locks
from pricing.models import Lock
from pricing.queries import freight_cards
from pricing.tax import Treatment
from repurchase.batches import partial_repricing
from repurchase.models import Batch, OrderFee, RepeatLine, RepeatOrder


def without_lines(
    batch: Batch,
    orders: Mapping[int, RepeatOrder],
    dropped: Collection[int],
    totals: Mapping[int, int] | None = None,
) -> dict[int, Priced | None]:
    """Orders that lose lines, as they come out; None for one that loses all of them.

    `totals`: other prices than the locked ones, by line id (R-52).
    """
    if not orders:
        return {}
    loaded = _loaded(orders)
    if totals is not None:
        loaded = {pk: partial_repricing.repriced(order, totals) for pk, order in loaded.items()}
    cards = freight_cards(
        store=batch.store,
        countries={o.ship_to["country"] for o in orders.values()},
        now=batch.screened_at,
    )
    rates = _frozen(batch, orders)
    return {
        pk: partial_repricing.without(
            loaded[pk],
            dropped,
            cards=cards.get(order.ship_to["country"], ()),
            rates=rates[order.lock_id],
            day=platform_day(batch.screened_at),
        )
        for pk, order in orders.items()
    }


def at_prices(
    batch: Batch, orders: Mapping[int, RepeatOrder], totals: Mapping[int, int]
) -> dict[int, Priced]:
    """Orders of one lock at other prices of their lines (`totals` by line id): four queries for
    any number."""
    rates, day = _frozen(batch, orders), platform_day(batch.screened_at)
    return {
        pk: partial_repricing.at_prices(loaded, totals, rates=rates[orders[pk].lock_id], day=day)
        for pk, loaded in _loaded(orders).items()
    }


def _loaded(orders: Mapping[int, RepeatOrder]) -> dict[int, partial_repricing.LockedOrder]:
    lines, fees = _lines_of(orders), _fees_of(orders)
    return {pk: _locked(order, lines[pk], fees[pk]) for pk, order in orders.items()}


def _frozen(batch: Batch, orders: Mapping[int, RepeatOrder]) -> dict[UUID | None, Rates]:
    """The rates that each lock froze; under None, those of a plan that is not locked yet (pitfall
    1)."""
    locks = Lock.objects.filter(
        pk__in={o.lock_id for o in orders.values()} - {None}
    ).select_related("rate_set")
    frozen: dict[UUID | None, Rates] = {**rates_of_locks(locks)}
    if any(order.lock_id is None for order in orders.values()):
        frozen[None] = rates_of(batch.rate_set)
    return frozen


def _lines_of(orders: Mapping[int, RepeatOrder]) -> dict[int, list[partial_repricing.LockedLine]]:
    lines: dict[int, list[partial_repricing.LockedLine]] = defaultdict(list)
    rows = RepeatLine.objects.filter(order__in=orders, outcome="planned").order_by("line_no")
    for order_id, *line in rows.values_list(
        "order_id",
        "id",
        "sku__category__code",
        "total_minor",
        "quantity",
        "sku__weight_g",
        "sku__volume_cm3",
        "sku__is_ear_controlled",
    ):
        names = (
            "id",
            "category_code",
            "total_minor",
            "quantity",
            "weight_g",
            "volume_cm3",
            "ear_controlled",
        )
        lines[order_id].append(partial_repricing.LockedLine(**dict(zip(names, line, strict=True))))
    return lines


def _fees_of(orders: Mapping[int, RepeatOrder]) -> dict[int, list[OrderFee]]:
    fees: dict[int, list[OrderFee]] = defaultdict(list)
    for fee in OrderFee.objects.filter(order__in=orders).order_by("position"):
        fees[fee.order_id].append(fee)
    return fees


def _locked(
    order: RepeatOrder, lines: Sequence[partial_repricing.LockedLine], fees: Sequence[OrderFee]
) -> partial_repricing.LockedOrder:
    """Prices that included tax under reverse charge were made net at the plan: here no rate is
    taken out again."""
    by_kind = {fee.kind: fee for fee in fees}
    rate = order.tax_rate or Decimal(0)
    return partial_repricing.LockedOrder(
        currency=order.currency,
        destination=territories.destination(
            order.ship_to["country"],
            order.ship_to.get("postal_code", ""),
            order.ship_to.get("region", ""),
        ),
        region=order.ship_to.get("region", ""),
        special_channel=order.special_clearance,
        freight_minor=order.freight_minor,
        prices_include_tax=order.prices_include_tax,
        treatment=Treatment(
            category=order.tax_category, rate=rate, included_rate=rate, code=order.tax_code
        ),
        local_return=order.local_return,
        lines=lines,
        commission={
            code: fee.rate
            for fee in fees
            if fee.kind == Kind.COMMISSION
            for code in fee.detail["categories"]
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
    prices = {
        name: Money(**detail[name]) if detail[name] else None for name in ("negotiated", "public")
    }
    return Quote(
        service_id=detail["service_id"],
        weight_g=detail["weight_g"],
        actual_g=detail.get("actual_g"),
        card=_card(detail),
        **prices,
    )


def _card(detail: Mapping) -> Card | None:
    """The one that the locked cost is by, as its fee line keeps it."""
    kept, price = detail.get("card"), detail["negotiated"] or detail["public"]
    if kept is None:
        return None
    return Card(
        service_id=detail["service_id"],
        negotiated=detail["negotiated"] is not None,
        currency=price["currency"],
        min_weight_g=kept["from_g"],
        base_minor=kept["base_minor"],
        step_g=kept["step_g"],
        step_minor=kept["step_minor"],
        minimum_minor=kept["minimum_minor"],
    )
