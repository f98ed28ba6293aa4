"""The fee lines of 5000 orders of 3 lines, against a bare Decimal loop that does only their
multiplications."""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from marketplace.gc_control import pause_garbage_collector
from marketplace.money import Money, Rates
from marketplace.territories import find_destination
from pricing.fees import FeeTariff, OrderToPrice, PriceList, intern_goods
from pricing.freight import FreightQuote
from pricing.tax import TaxRule, determine_treatment

ORDERS, RUNS = 5000, 15
DAY = dt.date(2026, 11, 23)
UNIT = Decimal(1)
RATES = Rates(id=1, source="bench", published_on=DAY, per_euro={"USD": Decimal("1.1053")})
TARIFF = FeeTariff(
    payment_rate=Decimal("0.007"),
    vat_remittance_rate=Decimal("0.005"),
    return_warehouse=Money(230, "USD"),
    ear_review=Money(12_000, "USD"),
)
VAT, FX = Decimal("0.19"), Decimal("0.9047")
COMMISSION = {"apparel": Decimal("0.08"), "hats": Decimal("0.08"), "auto-parts": Decimal("0.05")}

Amounts = list[tuple[Decimal, Decimal]]


def run() -> dict[str, dict]:
    orders = [_order(n) for n in range(ORDERS)]
    amounts = [_amounts(order) for order in orders]
    whole = [[(int(amount), rate) for amount, rate in some] for some in amounts]
    works = ((_priced, orders), (_bare, amounts), (_bare, whole), (_rounded, whole))
    for work, given in works:
        work(given)  # warm
    rows = [[_timed(work, given) for work, given in works] for _ in range(RUNS)]
    mine, bare, minor, rounded = (
        statistics.median(column) / ORDERS * 1e6 for column in zip(*rows, strict=True)
    )
    multiplications = sum(map(len, amounts)) / ORDERS
    return {
        "fees_5000": {
            "value": round(statistics.median(row[0] / row[1] for row in rows), 2),
            "unit": "× Decimal loop",
            "goal": "≤ 6",
            "detail": f"{mine:.2f} µs an order for its fee lines, {bare:.2f} µs for its {multiplications:.1f} bare"
            f" multiplications, Decimal by Decimal; {minor:.2f} µs from whole minor units ({mine / minor:.1f} ×),"
            f" {rounded:.2f} µs rounded to them ({mine / rounded:.1f} ×); median of {RUNS}",
        }
    }


def _order(n: int) -> OrderToPrice:
    """To Germany in euro: every tariff is exchanged; two commission rates, VAT on top; every tenth
    for the EAR."""
    names = ("apparel", "auto-parts", "hats")
    return OrderToPrice(
        goods=tuple(intern_goods(name, COMMISSION[name], n % 10 == 0) for name in names),
        line_totals=(10_000 + 7 * n, 20_000 + n, 3333 + n),
        freight_minor=2500 + n % 30,
        prices_include_tax=False,
        local_return=n % 2 == 0,
        quote=FreightQuote(
            service_id=1,
            weight_g=n,
            negotiated=Money(860 + n, "USD"),
            public=Money(1000 + n, "USD"),
        ),
    )


def _prices() -> PriceList:
    where = find_destination("DE")
    rule = TaxRule(category="S", rate=VAT, reverse_charge=False)
    treatment = determine_treatment(
        rule,
        destination=where,
        buyer_number="",
        buyer_number_checked=False,
        seller_registration="DE1",
    )
    return PriceList(
        currency="EUR", destination=where, treatment=treatment, tariff=TARIFF, rates=RATES, day=DAY
    )


def _amounts(order: OrderToPrice) -> Amounts:
    """What the fee lines multiply by what: each line and each rate's part of the freight by the
    commission's rate, the net by VAT's, what is paid by the payment's and the remittance's; the
    quote and the tariffs that are due by the exchange rate."""
    net = sum(order.line_totals) + order.freight_minor
    paid = net + int((net * VAT).quantize(UNIT, ROUND_HALF_UP))
    lines = [
        (total, of.commission_rate)
        for total, of in zip(order.line_totals, order.goods, strict=True)
    ]
    freight = [
        (order.freight_minor // 3, COMMISSION["auto-parts"]),
        (order.freight_minor // 2, COMMISSION["hats"]),
    ]
    exchanged = (
        [order.quote.cost.minor]
        + [230] * order.local_return
        + [12_000] * order.goods[0].ear_controlled
    )
    shares = [(net, VAT), (paid, TARIFF.payment_rate), (paid, TARIFF.vat_remittance_rate)]
    pairs = [*lines, *freight, *shares, *[(minor, FX) for minor in exchanged]]
    return [(Decimal(minor), rate) for minor, rate in pairs]


def _priced(orders: Sequence[OrderToPrice]) -> None:
    """As a batch does it: the price list is made once, for all of its orders to a destination."""
    prices = _prices()
    for order in orders:
        prices.price(order)


def _bare(orders: Sequence[Amounts]) -> None:
    for amounts in orders:
        for amount, rate in amounts:
            amount * rate


def _rounded(orders: Sequence[Amounts]) -> None:
    """From minor units to minor units, as the fee lines do it: multiplied, rounded half up, and
    nothing else."""
    for amounts in orders:
        for amount, rate in amounts:
            int((amount * rate).quantize(UNIT, ROUND_HALF_UP))


@pause_garbage_collector()
def _timed(work: Callable[[list], None], given: list) -> float:
    """Processor seconds: nothing here waits. Without the garbage collector, as a chunk is
    planned."""
    started = time.process_time()
    work(given)
    return time.process_time() - started
