"""Facts as the rows have them on a day (R-47)."""

import datetime as dt
from decimal import Decimal

import pytest

from eligibility.queries import order_facts
from marketplace.models import PriceListEntry
from tests import world

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


class TestAListPrice:
    @pytest.mark.parametrize(
        ("valid_from", "amount"),
        [(world.TODAY - DAY, "11.00"), (world.TODAY, "11.00"), (world.TODAY + DAY, "10.00")],
    )
    def test_holds_from_its_first_day_on(self, store, valid_from, amount):
        _, (order, *_) = world.repeatable(store)
        sku = order.lines.get().sku
        PriceListEntry.objects.create(
            store=store,
            sku=sku,
            min_quantity=1,
            amount=Decimal("11.00"),
            currency="USD",
            valid_from=valid_from,
            **world.MIRRORED,
        )
        (facts,) = order_facts(store=store, order_ids=[order.pk], now=world.NOW)
        assert [price.amount for price in facts.lines[0].sku.prices] == [Decimal(amount)]
