"""The golden orders: worked out by a script that shares no code with the product, compared with it
to the cent."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace import policy, territories
from marketplace.mirror import taxes
from marketplace.models import CarrierService, Category, RateCard, Registration, Store
from marketplace.money import Money, Rates, decimal_text
from pricing import order_cost
from pricing.fees import FeeKind, recompute
from pricing.queries import tariff_facts
from pricing.totals import TotalsGroup, TotalsRow, amounts_of, totals_by_currency
from tests import world
from tests.pricing.golden import work_out

FILE = Path(__file__).parent / "golden" / "orders.csv"
ROWS = list(csv.DictReader(FILE.open(encoding="utf-8", newline="")))
RATES = Rates(
    id=1,
    source="golden",
    published_on=world.TODAY,
    per_euro={currency: Decimal(rate) for currency, rate in work_out.PER_EURO.items()},
)
COUNTRIES = {row["country"] for row in ROWS}


class TestTheFile:
    def test_is_what_the_script_works_out(self):
        text = io.StringIO()
        work_out.main(text)
        assert FILE.read_text(encoding="utf-8") == text.getvalue()

    def test_holds_enough_cases_of_every_kind(self):
        assert len(ROWS) >= 120
        assert len({row["currency"] for row in ROWS}) == 10
        assert len(COUNTRIES) >= 35
        assert sum(row["prices_include_tax"] == "yes" for row in ROWS) >= 50
        assert len({row["tax_code"].partition("-")[0] for row in ROWS}) == 3

    def test_shares_no_code_with_the_product(self):
        imports = [
            line
            for line in Path(work_out.__file__).read_text(encoding="utf-8").splitlines()
            if line.startswith(("import ", "from "))
        ]
        assert imports == ["import csv", "import sys", "from fractions import Fraction"]


@pytest.fixture
def golden_store(db) -> Store:
    """A store with every registration, and the script's tariffs as rows; the tax table is the
    product's own."""
    taxes.load_tax_rates()
    store = world.store()
    for name, rows in work_out.COMMISSION.items():
        category = world.category(None, code=name)
        for since, rate in rows:
            world.commission(category, rate, valid_from=dt.date.fromisoformat(since))
    services = {
        name: CarrierService.objects.create(
            code=name, name=name, carrier=name, volumetric_divisor=divisor
        )
        for name, divisor in work_out.DIVISOR.items()
    }
    since = dt.date(2019, 1, 1)
    RateCard.objects.bulk_create(
        RateCard(
            service=services[service],
            store=store if negotiated else None,
            country=country,
            currency=currency,
            min_weight_g=start,
            base_minor=base,
            step_g=step,
            step_minor=each,
            minimum_minor=least,
            valid_from=since,
            **world.MIRRORED,
        )
        for service, negotiated, currency, start, base, step, each, least in work_out.CARDS
        for country in COUNTRIES
    )
    Registration.objects.bulk_create(
        Registration(
            store=store,
            scheme="VAT",
            jurisdiction=country,
            number=f"{country}123456789",
            valid_from=since,
            **world.MIRRORED,
        )
        for country in territories.related_countries(COUNTRIES)
    )
    return store


def noon(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T12:00:00+08:00")


def offers(store: Store) -> Iterator[tuple[Mapping[str, str], order_cost.OrderCost]]:
    categories = {category.code: category.pk for category in Category.objects.all()}
    services = dict(CarrierService.objects.values_list("code", "pk"))
    facts = {
        day: tariff_facts(
            store=store,
            countries=COUNTRIES,
            category_ids=categories.values(),
            now=noon(day),
            policies=policy.in_force(noon(day)),
        )
        for day in {row["day"] for row in ROWS}
    }
    for row in ROWS:
        yield (
            row,
            order_cost.calculate_order_cost(
                _wanted(row, categories, services), facts=facts[row["day"]], rates=RATES
            ),
        )


def _wanted(row: Mapping[str, str], categories: Mapping[str, int], services: Mapping[str, int]):
    currency, lines = row["currency"], [line.split() for line in row["lines"].split("; ")]
    return order_cost.OrderCostRequest(
        currency=currency,
        country=row["country"],
        postal_code=row["postal_code"],
        region="",
        lines=[
            order_cost.OrderCostLine(
                category_id=categories[name],
                category_code=name,
                total_minor=Money.of(amount, currency).minor,
                ear_controlled=bool(ear),
                weight_g=0 if place else int(row["weight_g"]),
                volume_cm3=0 if place else int(row["volume_cm3"]),
            )
            for place, (name, amount, *ear) in enumerate(lines)
        ],
        freight_minor=Money.of(row["freight_charged"], currency).minor,
        prices_include_tax=row["prices_include_tax"] == "yes",
        local_return=row["local_return"] == "yes",
        special_channel=False,
        service_ids=[services[row["service"]]],
        buyer_number=row["buyer_number"],
        buyer_number_checked=row["buyer_number_checked"] == "yes",
    )


def told(offer: order_cost.OrderCost, currency: str) -> dict[str, str]:
    """An offer in the columns of the file."""

    def text(minor: int) -> str:
        return decimal_text(minor, currency)

    priced = offer.priced
    fees: Counter[str] = Counter()
    for fee in priced.fees:
        fees[fee.part] += fee.amount_minor
    (total,) = totals_by_currency(
        [
            TotalsRow(
                group=TotalsGroup.OFFERED, currency=currency, amounts=amounts_of(priced), fees=fees
            )
        ]
    )
    by_kind = {fee.kind: text(fee.amount_minor) for fee in priced.fees}
    commissions = [
        f"{fee.rate.normalize():f} x {text(fee.base_minor)} = {text(fee.amount_minor)}"
        for fee in priced.fees
        if fee.kind == FeeKind.COMMISSION
    ]
    return {
        "tax_code": offer.treatment.code,
        "charged_weight_g": str(offer.quote.weight_g),
        "goods": text(priced.goods_minor),
        "freight": text(priced.freight_minor),
        "tax": text(priced.tax_minor),
        "total": text(priced.total_minor),
        "commissions": "; ".join(commissions),
        "ear_review": by_kind[FeeKind.EAR_REVIEW],
        "carrier": by_kind[FeeKind.FREIGHT],
        "saving_outside_the_range": "yes" if offer.quote.saving_flagged else "",
        "return_warehouse": by_kind[FeeKind.RETURN_WAREHOUSE],
        "payment": by_kind[FeeKind.PAYMENT],
        "vat_remittance": by_kind[FeeKind.VAT_REMITTANCE],
        "all_fees": text(priced.fees_minor),
        "goods_without_tax": text(total.goods_net.minor),
        "freight_without_tax": text(total.freight_net.minor),
        "seller_keeps": text(total.net.minor),
    }


def test_every_golden_order_costs_what_was_worked_out(golden_store):
    wrong = {}
    for row, offer in offers(golden_store):
        found = told(offer, row["currency"])
        differing = {name: (found[name], row[name]) for name in found if found[name] != row[name]}
        if differing:
            wrong[row["case"]] = differing
        assert [recompute(fee) for fee in offer.priced.fees] == [
            fee.amount_minor for fee in offer.priced.fees
        ]
    assert wrong == {}
