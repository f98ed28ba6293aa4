import datetime as dt

import pytest
from django.utils import translation

from marketplace import policy
from marketplace.models import PolicyValue
from qualification.documents import DOCUMENTS, FILE_POINTS
from qualification.queries import list_file_requirements, list_required_documents
from tests import world

pytestmark = pytest.mark.django_db


def wanted(store, now=world.NOW):
    with translation.override("en"):
        return {each.key: each for each in list_required_documents(store, policy.in_force(now))}


class TestTheDocuments:
    def test_cover_each_requirement_once(self):
        numbers = [n for each in DOCUMENTS for n, _ in each.points] + [n for n, _ in FILE_POINTS]
        assert numbers == [f"R-{n}" for n in range(31, 41)]

    def test_name_the_limits_of_the_policies(self, store):
        found = wanted(store)
        assert "USD 100,000 " in found["bank_statements"].points[2]
        assert "3 months" in found["bank_statements"].points[1]
        assert "USD 50,000." in found["customs_declarations"].points[2]
        assert list_file_requirements(policy.in_force(world.NOW))[1].count("10 MB") == 1

    def test_name_a_limit_that_was_changed(self, store):
        PolicyValue.objects.create(
            name="declarations_min", value="5", valid_from=world.NOW, reason="test"
        )
        before = wanted(store, world.NOW - dt.timedelta(seconds=1))
        assert "3," in before["customs_declarations"].points[0]
        assert "5," in wanted(store)["customs_declarations"].points[0]

    def test_ask_for_iso_9001_only_where_a_category_that_is_sold_does(self, store):
        """R-38."""
        world.sku(store, category=world.category())
        world.sku(world.store(), category=world.category(iso9001_required=True))
        assert wanted(store)["iso_9001"].categories == []
        world.sku(store, category=world.category(iso9001_required=True, name_en="Drones"))
        assert wanted(store)["iso_9001"].categories == ["Drones"]

    def test_are_asked_of_every_store_otherwise(self, store):
        assert [each.key for each in wanted(store).values() if each.categories is None] == [
            "business_licence",
            "bank_statements",
            "customs_declarations",
        ]
