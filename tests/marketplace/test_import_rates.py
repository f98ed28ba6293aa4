"""Importing the European Central Bank's rates and the tax tables that the product ships."""

import datetime as dt
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from marketplace.mirror import taxes
from marketplace.mirror.rates import import_rates
from marketplace.mirror.samples import cut
from marketplace.models import FxRate, FxRateSet, TaxRate

pytestmark = pytest.mark.django_db

WIDE = """Date,USD,JPY,RUB,
2026-10-30,1.1172,175.68,N/A,
2026-10-29,1.113,175.92,0,
2026-10-28,1.11,-5,NaN,
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text(WIDE)
    return path


class TestTheRates:
    def test_are_mirrored_day_by_day_without_gaps_and_absurd_values(self, file):
        report = import_rates(path=file, source="ecb")
        assert (report.new_days, dict(report.cells)) == (
            3,
            {"imported": 5, "gap": 1, "quarantined": 3},
        )
        newest = FxRateSet.objects.get(published_on=dt.date(2026, 10, 30))
        assert dict(newest.rates.values_list("currency", "per_euro")) == {
            "USD": Decimal("1.1172"),
            "JPY": Decimal("175.68"),
        }

    def test_change_nothing_the_second_time(self, file):
        import_rates(path=file, source="ecb")
        before = FxRateSet.objects.count(), FxRate.objects.count()
        assert import_rates(path=file, source="ecb").days_already_there == 3
        assert (FxRateSet.objects.count(), FxRate.objects.count()) == before

    def test_may_begin_at_a_date(self, file):
        assert import_rates(path=file, source="ecb", since=dt.date(2026, 10, 29)).new_days == 2

    def test_of_the_shipped_sample_reach_back_before_the_first_shifted_order(self):
        import_rates(path=cut.RATES, source="ecb")
        assert FxRateSet.objects.order_by("published_on").first().published_on == dt.date(
            2025, 7, 1
        )
        assert not FxRate.objects.filter(currency="RUB").exists()

    def test_print_their_account_as_json(self, file):
        out = StringIO()
        call_command("import_rates", str(file), "--source", "ecb", "--json", stdout=out)
        assert json.loads(out.getvalue())["days"] == {"new": 3, "already_there": 0, "refused": 0}

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            ("", "FILE_NOT_CSV"),
            ("words\n", "FILE_NOT_CSV"),
            ("Day,USD\n2026-01-01,1\n", "FILE_COLUMNS_MISSING"),
        ],
    )
    def test_of_a_bad_file_are_refused_in_one_line(self, tmp_path, content, code):
        path = tmp_path / "bad.csv"
        path.write_text(content)
        with pytest.raises(CommandError, match=rf"^{code}: [^\n]+$"):
            call_command("import_rates", str(path), "--source", "ecb")
        assert not FxRateSet.objects.exists()


def rate_on(country: str, day: str) -> tuple:
    rows = TaxRate.objects.filter(country=country, valid_from__lte=day).order_by("-valid_from")
    return rows.values_list("rate", "category", "reverse_charge").first()


class TestTheTaxTable:
    @pytest.mark.parametrize(
        ("country", "day", "rate", "category", "reverse_charge"),
        [
            ("DE", "2026-11-23", "0.19", "S", False),
            ("DE", "2020-08-01", "0.16", "S", False),
            ("ES", "2026-11-23", "0.21", "S", True),
            ("GB", "2026-11-23", "0.20", "S", False),
            ("GR", "2026-11-23", "0.24", "S", False),
            ("FI", "2026-11-23", "0.255", "S", False),
            ("RU", "2025-12-31", "0.20", "S", False),
            ("RU", "2026-01-01", "0.22", "S", False),
            ("US", "2026-11-23", "0", "O", False),
        ],
    )
    def test_knows_the_rate_of_a_country_on_a_day(
        self, country, day, rate, category, reverse_charge
    ):
        taxes.load_tax_rates()
        assert rate_on(country, day) == (Decimal(rate), category, reverse_charge)

    def test_uses_iso_codes_only(self):
        taxes.load_tax_rates()
        assert not TaxRate.objects.filter(country__in=["EL", "UK", "XK"]).exists()

    def test_is_loaded_once(self):
        taxes.load_tax_rates()
        before = TaxRate.objects.count()
        taxes.load_tax_rates()
        assert TaxRate.objects.count() == before
