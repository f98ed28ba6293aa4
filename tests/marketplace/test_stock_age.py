"""R-70: 15:00 passes, 15:01 is stale; the rule in Python and in SQL is the same one."""

import datetime as dt

import pytest

from marketplace.models import Sku
from marketplace.queries import stale_stock
from marketplace.stock_age import is_stale
from tests import world

LIMIT = dt.timedelta(minutes=15)
AGES = [
    (LIMIT - dt.timedelta(microseconds=1), False),
    (LIMIT, False),
    (LIMIT + dt.timedelta(microseconds=1), True),
    (-dt.timedelta(days=1), False),  # a source whose clock runs ahead
    (None, True),  # never synchronised
]


@pytest.mark.parametrize(("age", "stale"), AGES)
def test_stock_is_stale_beyond_the_limit(age, stale):
    synced_at = None if age is None else world.NOW - age
    assert is_stale(synced_at, now=world.NOW, max_age=LIMIT) is stale


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "stale"), AGES)
def test_the_database_is_asked_for_the_same(store, age, stale):
    world.sku(store, stock_synced_at=None if age is None else world.NOW - age)
    assert Sku.objects.filter(stale_stock(now=world.NOW, max_age=LIMIT)).exists() is stale
