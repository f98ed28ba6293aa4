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
from pricing.fees import FeeKind, FeeTariff, PricedOrder
from pricing.freight import FreightCard, FreightQuote
from pricing.frozen_values import rates_of_locks
from pricing.models import Lock
from pricing.queries import freight_cards
from pricing.tax import Treatment
from repurchase.batches import partial_repricing
from repurchase.models import Batch, OrderFee, RepeatLine, RepeatOrder


def reprice_without_lines(
    batch: Batch,
    orders: Mapping[int, RepeatOrder],
    dropped: Collection[int],
    totals: Mapping[int, int] | None = None,
) -> dict[int, PricedOrder | None]:
    """Orders that lose lines, as they come out; None for one that loses all of them.

    `totals`: other prices than the locked ones, by line id (R-52).
    """
    if not orders:
        return {}
    loaded = _load_locked_orders(orders)
    if totals is not None:
        loaded = {
            pk: partial_repricing.with_line_totals(order, totals) for pk, order in loaded.items()
        }
    cards = freight_cards(
        store=batch.store,
        countries={o.ship_to["country"] for o in orders.values()},
        now=batch.screened_at,
    )
    rates = _rates_by_lock(batch, orders)
    return {
        pk: partial_repricing.price_without_lines(
            loaded[pk],
            dropped,
            cards=cards.get(order.ship_to["country"], ()),
            rates=rates[order.lock_id],
            day=platform_day(batch.screened_at),
        )
        for pk, order in orders.items()
    }


def reprice_at_totals(
    batch: Batch, orders: Mapping[int, RepeatOrder], totals: Mapping[int, int]
) -> dict[int, PricedOrder]:
    """Orders of one lock at other prices of their lines (`totals` by line id): four queries for
    any number."""
    rates, day = _rates_by_lock(batch, orders), platform_day(batch.screened_at)
    return {
        pk: partial_repricing.price_at_totals(
            loaded, totals, rates=rates[orders[pk].lock_id], day=day
        )
        for pk, loaded in _load_locked_orders(orders).items()
    }


def _load_locked_orders(
    orders: Mapping[int, RepeatOrder],
) -> dict[int, partial_repricing.LockedOrder]:
    lines, fees = _locked_lines_by_order(orders), _fees_by_order(orders)
    return {pk: _build_locked_order(order, lines[pk], fees[pk]) for pk, order in orders.items()}


def _rates_by_lock(batch: Batch, orders: Mapping[int, RepeatOrder]) -> dict[UUID | None, Rates]:
    """The rates that each lock froze; under None, those of a plan that is not locked yet (pitfall
    1)."""
    locks = Lock.objects.filter(
        pk__in={o.lock_id for o in orders.values()} - {None}
    ).select_related("rate_set")
    frozen: dict[UUID | None, Rates] = {**rates_of_locks(locks)}
    if any(order.lock_id is None for order in orders.values()):
        frozen[None] = rates_of(batch.rate_set)
    return frozen


def _locked_lines_by_order(
    orders: Mapping[int, RepeatOrder],
) -> dict[int, list[partial_repricing.LockedOrderLine]]:
    lines: dict[int, list[partial_repricing.LockedOrderLine]] = defaultdict(list)
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
        lines[order_id].append(
            partial_repricing.LockedOrderLine(**dict(zip(names, line, strict=True)))
        )
    return lines


def _fees_by_order(orders: Mapping[int, RepeatOrder]) -> dict[int, list[OrderFee]]:
    fees: dict[int, list[OrderFee]] = defaultdict(list)
    for fee in OrderFee.objects.filter(order__in=orders).order_by("position"):
        fees[fee.order_id].append(fee)
    return fees


def _build_locked_order(
    order: RepeatOrder, lines: Sequence[partial_repricing.LockedOrderLine], fees: Sequence[OrderFee]
) -> partial_repricing.LockedOrder:
    """Prices that included tax under reverse charge were made net at the plan: here no rate is
    taken out again."""
    by_kind = {fee.kind: fee for fee in fees}
    rate = order.tax_rate or Decimal(0)
    return partial_repricing.LockedOrder(
        currency=order.currency,
        destination=territories.find_destination(
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
            if fee.kind == FeeKind.COMMISSION
            for code in fee.detail["categories"]
        },
        tariff=_locked_tariff(by_kind),
        ear_due=by_kind[FeeKind.EAR_REVIEW].reason != "NO_EAR_GOODS",
        quote=_locked_quote(by_kind[FeeKind.FREIGHT].detail),
    )


def _locked_tariff(by_kind: Mapping[str, OrderFee]) -> FeeTariff:
    def charge(kind: FeeKind) -> Money:
        return Money(by_kind[kind].tariff_minor, by_kind[kind].tariff_currency)

    return FeeTariff(
        payment_rate=by_kind[FeeKind.PAYMENT].rate,
        vat_remittance_rate=by_kind[FeeKind.VAT_REMITTANCE].rate,
        return_warehouse=charge(FeeKind.RETURN_WAREHOUSE),
        ear_review=charge(FeeKind.EAR_REVIEW),
    )


def _locked_quote(detail: Mapping) -> FreightQuote:
    prices = {
        name: Money(**detail[name]) if detail[name] else None for name in ("negotiated", "public")
    }
    return FreightQuote(
        service_id=detail["service_id"],
        weight_g=detail["weight_g"],
        actual_g=detail.get("actual_g"),
        card=_locked_card(detail),
        **prices,
    )


def _locked_card(detail: Mapping) -> FreightCard | None:
    """The one that the locked cost is by, as its fee line keeps it."""
    kept, price = detail.get("card"), detail["negotiated"] or detail["public"]
    if kept is None:
        return None
    return FreightCard(
        service_id=detail["service_id"],
        negotiated=detail["negotiated"] is not None,
        currency=price["currency"],
        min_weight_g=kept["from_g"],
        base_minor=kept["base_minor"],
        step_g=kept["step_g"],
        step_minor=kept["step_minor"],
        minimum_minor=kept["minimum_minor"],
    )
