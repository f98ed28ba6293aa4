from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.territories import EU_27, find_destination
from pricing.tax import TaxCalculator, TaxRule, Treatment, determine_treatment, format_rate_percent


def rule(category="S", rate="0.19000", *, reverse_charge=False) -> TaxRule:
    return TaxRule(category=category, rate=Decimal(rate), reverse_charge=reverse_charge)


def treated(of=None, *, country="DE", number="", checked=False, registration="DE123456789"):
    return determine_treatment(
        of or rule(),
        destination=find_destination(country),
        buyer_number=number,
        buyer_number_checked=checked,
        seller_registration=registration,
    )


def split(amount: int, treatment: Treatment, included: bool) -> tuple[int, int]:
    taxing = TaxCalculator(treatment)
    return taxing.taken_out(amount) if included else (amount, taxing.on_top.of(amount))


class TestATreatment:
    """R-64."""

    @pytest.mark.parametrize(
        ("country", "of", "number", "checked", "registration", "code", "rate"),
        [
            ("DE", rule(), "", False, "DE123456789", "S-DE-19.00-DE123456789", "0.19"),
            ("DE", rule(), "FR1", True, "DE123456789", "S-DE-19.00-DE123456789", "0.19"),
            ("DE", rule(reverse_charge=True), "DE999", True, "", "AE-DE-0.00-DE999", "0"),
            ("DE", rule(reverse_charge=True), "DE999", False, "DE1", "S-DE-19.00-DE1", "0.19"),
            ("DE", rule(reverse_charge=True), "", True, "DE1", "S-DE-19.00-DE1", "0.19"),
            ("DE", rule(reverse_charge=True), "FR999", True, "DE1", "S-DE-19.00-DE1", "0.19"),
            ("DE", rule(reverse_charge=True), "999", True, "DE1", "S-DE-19.00-DE1", "0.19"),
            ("GR", rule(reverse_charge=True), "EL999", True, "", "AE-GR-0.00-EL999", "0"),
            ("GR", rule(reverse_charge=True), "GR999", True, "EL1", "S-GR-19.00-EL1", "0.19"),
            ("DE", rule("AE", "0"), "DE999", True, "", "AE-DE-0.00-DE999", "0"),
            ("US", rule("O", "0"), "", False, "", "O-US-0.00", "0"),
            ("AE", rule("Z", "0"), "", False, "", "Z-AE-0.00", "0"),
            ("NO", rule("G", "0"), "N1", True, "", "G-NO-0.00", "0"),
            ("US", rule(rate="0.08875"), "", False, "US7", "S-US-8.875-US7", "0.08875"),
        ],
    )
    def test_follows_the_table(self, country, of, number, checked, registration, code, rate):
        treatment = treated(
            of, country=country, number=number, checked=checked, registration=registration
        )
        assert (treatment.code, treatment.rate) == (code, Decimal(rate))
        assert treatment.code.startswith(f"{treatment.category}-")

    @pytest.mark.parametrize(
        ("of", "number", "checked", "registration", "missing"),
        [
            (None, "DE999", True, "DE1", "rate"),
            (rule(), "DE999", True, "", "registration"),
            (rule(reverse_charge=True), "DE999", False, "", "registration"),
            (rule("AE", "0"), "DE999", False, "DE1", "checked buyer number"),
            (rule("AE", "0"), "FR999", True, "DE1", "checked buyer number"),
        ],
    )
    def test_is_refused_when_a_number_or_the_rate_is_missing(
        self, of, number, checked, registration, missing
    ):
        with pytest.raises(Problem) as refused:
            determine_treatment(
                of,
                destination=find_destination("DE"),
                buyer_number=number,
                buyer_number_checked=checked,
                seller_registration=registration,
            )
        assert refused.value.code == Code.TAX_CODE_MISSING
        assert refused.value.evidence == {"country": "DE", "missing": missing}


class TestASplit:
    @pytest.mark.parametrize(
        ("amount", "rate", "included", "net", "tax"),
        [
            (1837, "0.19", False, 1837, 349),  # 349.03
            (250, "0.19", False, 250, 48),  # 47.5: a half goes up
            (1190, "0.19", True, 1000, 190),
            (2186, "0.19", True, 1837, 349),
            (100, "0.21", True, 83, 17),  # 17.355
            (100, "0", True, 100, 0),
            (100, "0", False, 100, 0),
            (0, "0.19", True, 0, 0),
        ],
    )
    def test_rounds_once_half_up(self, amount, rate, included, net, tax):
        assert split(amount, treated(rule(rate=rate)), included) == (net, tax)

    @pytest.mark.parametrize(
        ("amount", "included", "net"), [(1190, True, 1000), (1190, False, 1190)]
    )
    def test_takes_the_included_tax_out_under_reverse_charge(self, amount, included, net):
        treatment = treated(rule(reverse_charge=True), number="DE999", checked=True)
        assert split(amount, treatment, included) == (net, 0)

    @given(amount=st.integers(0, 10**14), rate=st.decimals("0", "0.99999", places=5))
    def test_of_prices_with_tax_loses_no_unit(self, amount, rate):
        net, tax = split(amount, treated(rule(rate=str(rate))), True)
        assert net + tax == amount
        assert 2 * abs(tax * (1 + rate) - amount * rate) <= 1 + rate


def test_a_percent_keeps_the_digits_it_has():
    assert [
        format_rate_percent(Decimal(r)) for r in ("0.19000", "0.1", "0", "0.055", "0.08875", "1E-1")
    ] == ["19.00", "10.00", "0.00", "5.50", "8.875", "10.00"]


def test_the_union_has_27_members_greece_as_gr_and_not_britain():
    assert len(EU_27) == 27
    assert "GR" in EU_27
    assert not {"EL", "GB", "CH", "NO"} & EU_27
