import csv

import pytest

from marketplace.mirror import taxes
from marketplace.models import TaxRate
from marketplace.territories import find_destination
from tests import world

TABLE = taxes.DATA_FOLDER / "territories.csv"


class TestADestination:
    @pytest.mark.parametrize(
        ("country", "postal", "region", "place", "jurisdiction", "registration", "remitted"),
        [
            ("DE", "20457", "", "DE", "DE", "DE", True),
            ("GB", "SW1A 1AA", "", "GB", "GB", "GB", True),
            ("US", "10001", "NY", "US", "US", "US", False),
            ("CH", "8001", "", "CH", "CH", "CH", False),
            ("GB", "BT1 5GS", "", "GB", "XI", "GB", True),
            ("GB", "", "Northern Ireland", "GB", "XI", "GB", True),
            ("GB", "bt15gs", "", "GB", "XI", "GB", True),
            ("GB", "B1 1AA", "", "GB", "GB", "GB", True),  # Birmingham
            ("GB", "JE2 3NN", "", "JE", "JE", "JE", False),
            ("GB", "GY1 1AA", "", "GG", "GG", "GG", False),
            ("GB", "BFPO 57", "", "CY", "CY", "CY", True),
            ("IM", "IM1 1AA", "", "GB", "GB", "GB", True),
            ("MC", "98000", "", "FR", "FR", "FR", True),
            ("FR", "98000", "", "FR", "FR", "FR", True),
            ("ES", "35001", "", "ES-CN", "ES-CN", "ES", False),
            ("ES", "38001", "", "ES-CN", "ES-CN", "ES", False),
            ("ES", "", "Las Palmas", "ES-CN", "ES-CN", "ES", False),
            ("ES", "51001", "", "ES-CE", "ES-CE", "ES", False),
            ("ES", "52001", "", "ES-ML", "ES-ML", "ES", False),
            ("ES", "28001", "Madrid", "ES", "ES", "ES", True),
            ("ES", "07001", "Illes Balears", "ES", "ES", "ES", True),
            ("DE", "78266", "", "DE-78266", "DE-78266", "DE", False),
            ("CH", "8238", "", "DE-78266", "DE-78266", "DE", False),
            ("DE", "27498", "", "DE-27498", "DE-27498", "DE", False),
            ("IT", "23041", "", "IT-23030", "IT-23030", "IT", False),
            ("IT", "22061", "", "IT-22060", "IT-22060", "IT", False),
            ("FI", "22100", "", "AX", "AX", "AX", False),
            ("AX", "22100", "", "AX", "AX", "AX", False),
            ("GR", "630 86", "", "GR-69", "GR-69", "GR", False),
            ("FR", "97110", "", "GP", "GP", "FR", False),
            ("FR", "97133", "", "BL", "BL", "FR", False),
            ("FR", "97150", "", "MF", "MF", "FR", False),
            ("FR", "97400", "", "RE", "RE", "FR", False),
            ("GP", "97110", "", "GP", "GP", "FR", False),
            ("FR", "75001", "", "FR", "FR", "FR", True),
            ("PT", "9500-150", "", "PT-20", "PT", "PT", True),
            ("PT", "9000-018", "", "PT-30", "PT", "PT", True),
            ("PT", "1000-001", "", "PT", "PT", "PT", True),
            ("AT", "6691", "", "AT-6691", "AT", "AT", True),
            ("DE", "D-78266", "", "DE-78266", "DE-78266", "DE", False),
            ("DE", "DE 78266", "", "DE-78266", "DE-78266", "DE", False),
            ("DE", "D-20457", "", "DE", "DE", "DE", True),
            ("ES", "ES-35001", "", "ES-CN", "ES-CN", "ES", False),
            ("FR", "MC98000", "Monaco-Ville", "FR", "FR", "FR", True),
            ("FI", "AX-22100", "", "AX", "AX", "AX", False),
            ("GB", "GB-BT1 5GS", "", "GB", "XI", "GB", True),
            ("GB", "UK JE2 3NN", "", "JE", "JE", "JE", False),
        ],
    )
    def test_is_told_by_country_and_postal_code_or_region(
        self, country, postal, region, place, jurisdiction, registration, remitted
    ):
        found = find_destination(country, postal, region)
        assert (found.place, found.jurisdiction, found.registration, found.remitted) == (
            place,
            jurisdiction,
            registration,
            remitted,
        )


def test_every_row_names_its_law():
    with TABLE.open(encoding="utf-8", newline="") as file:
        assert all(row["source"] and row["name"] for row in csv.DictReader(file))


@pytest.mark.django_db
class TestTheTaxTable:
    @pytest.mark.parametrize(
        ("country", "postal", "rate", "category"),
        [
            ("ES", "35001", "0", "O"),
            ("ES", "51001", "0", "O"),
            ("DE", "78266", "0", "O"),
            ("DE", "27498", "0", "O"),
            ("IT", "23041", "0", "O"),
            ("FI", "22100", "0", "O"),
            ("GR", "63086", "0", "O"),
            ("MC", "98000", "0.20", "S"),
            ("IM", "", "0.20", "S"),
            ("GB", "BT1 1AA", "0.20", "S"),
            ("FR", "97110", "0.085", "S"),
            ("PT", "9500", "0.16", "S"),
            ("PT", "9000", "0.22", "S"),
            ("AT", "6691", "0.19", "S"),
            ("GB", "GY1 1AA", "0", "O"),
            ("GB", "JE1 1AA", "0.05", "S"),
        ],
    )
    def test_has_a_rate_in_force_with_its_source_for_every_place(
        self, country, postal, rate, category
    ):
        taxes.load_tax_rates()
        place = find_destination(country, postal).place
        (found,) = [each for each in TaxRate.objects.on(world.TODAY) if each.place == place]
        assert (str(found.rate.normalize()), found.category) == (
            str(type(found.rate)(rate).normalize()),
            category,
        )
        assert found.source
