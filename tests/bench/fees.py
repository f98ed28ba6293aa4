"""The fee lines of 5000 orders of 3 lines, against a bare Decimal loop that does only their multiplications."""

import datetime as dt
import statistics
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from marketplace.garbage import uncollected
from marketplace.money import Money, Rates
from marketplace.territories import destination
from pricing.fees import OrderToPrice, PricedLine, Tariff, price
from pricing.freight import Quote
from pricing.tax import TaxRule, treat

ORDERS, RUNS = 5000, 9
DAY = dt.date(2026, 11, 23)
UNIT = Decimal(1)
RATES = Rates(id=1, source="bench", published_on=DAY, per_euro={"USD": Decimal("1.1053")})
TARIFF = Tariff(
    payment_rate=Decimal("0.007"),
    vat_remittance_rate=Decimal("0.005"),
    return_warehouse=Money(230, "USD"),
    ear_review=Money(12_000, "USD"),
)
APPAREL, PARTS, VAT = Decimal("0.08"), Decimal("0.05"), Decimal("0.19")


def run() -> dict[str, dict]:
    orders = [_order(n) for n in range(ORDERS)]
    amounts = [_amounts(order) for order in orders]
    for work, given in ((_priced, orders), (_multiplied, amounts), (_bare, amounts)):
        work(given)  # warm
    rows = [
        (_timed(_priced, orders), _timed(_multiplied, amounts), _timed(_bare, amounts)) for _ in range(RUNS)
    ]
    mine, rounded, bare = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(row[0] / row[1] for row in rows)
    return {
        "fees_5000": {
            "value": round(ratio, 2),
            "unit": "× Decimal loop",
            "goal": "≤ 6",
            "detail": f"{mine / ORDERS * 1e6:.1f} µs an order for its fee lines with evidence, "
            f"{rounded / ORDERS * 1e6:.2f} µs to multiply and round the same amounts; "
            f"multiplied without rounding {bare / ORDERS * 1e6:.2f} µs, {mine / bare:.0f} ×; median of {RUNS}",
        }
    }


def _order(n: int) -> OrderToPrice:
    """To Germany in euro: every tariff is exchanged; two commission rates, VAT on top."""
    rule = TaxRule(category="S", rate=VAT, reverse_charge=False)
    where = destination("DE")
    lines = [
        (10_000 + 7 * n, "apparel", APPAREL),
        (20_000 + n, "auto-parts", PARTS),
        (3333 + n, "hats", APPAREL),
    ]
    return OrderToPrice(
        currency="EUR",
        destination=where,
        lines=[
            PricedLine(
                category_code=code, commission_rate=rate, total_minor=total, ear_controlled=n % 10 == 0
            )
            for total, code, rate in lines
        ],
        freight_minor=2500 + n % 30,
        prices_include_tax=False,
        treatment=treat(
            rule, destination=where, buyer_number="", buyer_number_checked=False, seller_registration="DE1"
        ),
        quote=Quote(
            service_id=1, weight_g=n, negotiated=Money(860 + n, "USD"), public=Money(1000 + n, "USD")
        ),
        local_return=n % 2 == 0,
    )


def _amounts(order: OrderToPrice) -> list[tuple[int, Decimal]]:
    """What is multiplied by what: the lines and the freight, what is paid without and with VAT, the three tariffs."""
    lines = [line.total_minor for line in order.lines]
    net = sum(lines) + order.freight_minor
    paid = net * 119 // 100
    rated = [
        *zip(lines, (APPAREL, PARTS, APPAREL), strict=True),
        (order.freight_minor, PARTS),
        (net, VAT),
        (paid, TARIFF.payment_rate),
        (paid, TARIFF.vat_remittance_rate),
    ]
    return rated + [(minor, FX) for minor in (12_000, order.quote.cost.minor, 230)]


def _priced(orders: list[OrderToPrice]) -> None:
    for order in orders:
        price(order, tariff=TARIFF, rates=RATES, day=DAY)


FX = Decimal("0.9047")


def _multiplied(orders: list[list[tuple[int, Decimal]]]) -> None:
    """From minor units to minor units, as the fee lines do it: multiplied, rounded half up, and nothing else."""
    for amounts in orders:
        for minor, rate in amounts:
            int((Decimal(minor) * rate).quantize(UNIT, ROUND_HALF_UP))


def _bare(orders: list[list[tuple[int, Decimal]]]) -> None:
    for amounts in orders:
        for minor, rate in amounts:
            minor * rate


@uncollected()
def _timed(work: Callable[[list], None], given: list) -> float:
    """Processor seconds: nothing here waits. Without the garbage collector, as a chunk is planned."""
    started = time.process_time()
    work(given)
    return time.process_time() - started
