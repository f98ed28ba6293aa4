"""Production groups in the admin: the platform's staff enter them; of a SKU nothing else can be
changed."""

import pytest
from django.test import Client

from marketplace.models import ProductionDay, ProductionGroup, Sku
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(world.user("boss@example.com", is_staff=True, is_superuser=True))
    return client


def form(store, **values) -> dict:
    days = {"days-TOTAL_FORMS": "1", "days-INITIAL_FORMS": "0"}
    return (
        {"store": store.pk, "code": "kiln", "name": "Kiln", "pieces_a_day": "100"} | days | values
    )


class TestAProductionGroup:
    def test_is_entered_with_its_days(self, store, boss):
        day = {"days-0-day": "2026-12-24", "days-0-pieces": "0"}
        assert (
            boss.post("/admin/marketplace/productiongroup/add/", form(store, **day)).status_code
            == 302
        )
        made = ProductionGroup.objects.get()
        assert (made.store, made.pieces_a_day, made.source) == (store, 100, "admin")
        assert (ProductionDay.objects.get().store, ProductionDay.objects.get().pieces) == (store, 0)

    def test_is_given_to_a_sku_of_its_store_only(self, store, boss):
        item = world.sku(store)
        mine, other = (
            ProductionGroup.objects.create(
                store=s, code="kiln", name="Kiln", pieces_a_day=1, **world.MIRRORED
            )
            for s in (store, world.store())
        )
        url = f"/admin/marketplace/sku/{item.pk}/change/"
        assert boss.post(url, {"production_group": other.pk}).status_code == 200
        before = Sku.objects.values().get()
        sent = {"production_group": mine.pk, "moq": "77", "on_hand": "1", "title": "x"}
        assert boss.post(url, sent).status_code == 302
        assert Sku.objects.values().get() == before | {"production_group_id": mine.pk}
