import pytest

from marketplace import tax_numbers
from marketplace.mirror import party_checks
from marketplace.models import Buyer
from tests import world

# published examples of the authorities and of companies' imprints
REAL = [
    "ATU33864707", "BE0403019261", "DE811907980", "DK13585628", "FR40303265045", "GB980780684", "HR33392005961",
    "IT00743110157", "NL004495445B01", "PL5261040828", "SE556188840401", "XI980780684",
]  # fmt: skip


class TestANumber:
    @pytest.mark.parametrize("number", REAL)
    def test_with_its_check_digit_is_well_formed(self, number):
        assert tax_numbers.is_wellformed(number)

    @pytest.mark.parametrize("number", REAL)
    def test_with_any_other_last_digit_before_its_suffix_is_not(self, number):
        place = (
            number.index("B01") - 1
            if number.startswith("NL")
            else (11 if number.startswith("SE") else -1)
        )
        others = set("0123456789") - {number[place]}
        spoilt = [
            number[:place] + other + (number[place:][1:] if place != -1 else "") for other in others
        ]
        assert not any(tax_numbers.is_wellformed(each) for each in spoilt)

    @pytest.mark.parametrize("number", ["DE 811 907 980", "de811907980", "BE 0403.019.261"])
    def test_may_be_written_with_spaces(self, number):
        assert tax_numbers.is_wellformed(number)

    @pytest.mark.parametrize(
        "number", ["", "DE", "DE12", "FR123", "NL123456789", "ATX33864707", "DE-SAMPLE-1"]
    )
    def test_of_another_form_is_not(self, number):
        assert not tax_numbers.is_wellformed(number)

    def test_of_a_jurisdiction_without_a_pattern_is_taken(self):
        assert tax_numbers.is_wellformed("AU51824753556")


@pytest.mark.django_db
class TestACheck:
    def test_keeps_who_how_and_when(self, store):
        buyer = world.buyer(store, tax_number="DE811907980")
        party_checks.check_tax_number(buyer, how="VIES", by="user:7")
        kept = Buyer.objects.get(pk=buyer.pk)
        assert (kept.tax_number_checked_how, kept.tax_number_checked_by) == ("VIES", "user:7")
        assert kept.tax_number_checked_at

    @pytest.mark.parametrize(("number", "checked"), [("DE811907980", True), ("DE811907981", False)])
    def test_in_the_admin_is_refused_for_a_number_that_can_t_exist(
        self, client, store, number, checked
    ):
        client.force_login(world.user(is_staff=True, is_superuser=True))
        buyer = world.buyer(store, tax_number=number)
        client.post(
            f"/admin/marketplace/buyer/{buyer.pk}/change/", {"tax_number_checked_how": "VIES"}
        )
        assert bool(Buyer.objects.get(pk=buyer.pk).tax_number_checked_at) is checked
