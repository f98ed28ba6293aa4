"""Files of rates and closes as publishers and spreadsheets write them: right, or refused in one
line; never stored wrong."""

import datetime as dt
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import manual_observations, quarantine
from marketplace.models import FxRate, FxRateSet, IndexClose, Quarantined
from marketplace.queries import newest_rate_set, waiting_currencies
from outbox.emails import deliver_due
from outbox.models import Letter
from tests import world

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
GOOD = {"USD": Decimal("1.0841"), "JPY": Decimal("165.2")}


@pytest.fixture
def today() -> dt.date:
    return clock.now().date()


@pytest.fixture
def load(tmp_path):
    """Runs the command on a text: its exit code and its account; a refusal is raised as
    CommandError."""

    def run(command: str, content: str, *options: str) -> tuple[int, dict]:
        path, out, code = tmp_path / "file.csv", StringIO(), 0
        path.write_bytes(content.encode())
        named = ["--source", "ecb"] if command == "import_rates" else ["--series", "CRB"]
        try:
            call_command(command, str(path), *named, "--json", *options, stdout=out)
        except SystemExit as ended:
            code = ended.code
        return code, json.loads(out.getvalue())

    return run


def newest() -> dict[str, Decimal]:
    return dict(newest_rate_set(clock.now(), store=None).rates.values_list("currency", "per_euro"))


class TestAFileOfRates:
    @pytest.mark.parametrize(
        "content",
        [
            "Date, USD, JPY, \n{day}, 1.0841, 165.2, \n",
            "Date, USD, JPY, \n{long}, 1.0841, 165.2, \n",
            "\ufeffdate,usd,jpy\n{day},1.0841,165.2\n",
            'Date,USD,JPY\n{day},"1,0841","165,2"\n',
            "Date;USD;JPY\n{day};1,0841;165,2\n",
            "Date\tJPY\tUSD\n{day}\t165.2\t1.0841\n",
            '"Date","JPY","USD",""\r\n"{day}","165.2","1.0841",""\r\n',
            "USD,Date,JPY\n1.0841,{day},165.2\n\n",
        ],
        ids=[
            "daily",
            "long date",
            "lower case",
            "decimal commas",
            "semicolons",
            "tabs",
            "quoted",
            "any order",
        ],
    )
    def test_is_read_right_in_whatever_style(self, load, today, content):
        text = content.format(day=today, long=f"{today:%d %B %Y}")
        assert load("import_rates", text)[0] == 0
        assert newest() == GOOD
        assert load("import_rates", text)[1]["days"] == {"new": 0, "already_there": 1, "refused": 0}

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            ("Date,US dollar,JPY\n{day},1.0841,165.2\n", "CURRENCY_UNKNOWN"),
            ("Date,USD,JPY,USD\n{day},1.0841,165.2,1.09\n", "FILE_COLUMN_TWICE"),
            ("Date,USD,usd \n{day},1.0841,1.0841\n", "FILE_COLUMN_TWICE"),
            ("Date,USD,XYZ\n{day},1.0841,1\n", "CURRENCY_UNKNOWN"),
            ("Date,USD,JPY,CNY\n{day},0.92242,0.0060533,0.12985\n", "RATES_NOT_PER_EURO"),
            ("Date,CNY\n{day},0.12985\n", "RATES_NOT_PER_EURO"),
            ("Date,USD\n{day},0.92242\n", "RATES_NOT_PER_EURO"),
            ("Date,USD,JPY,GBP\n{day},7.08,0.0429,8.95\n", "RATES_NOT_PER_EURO"),
            ("Date,EUR,USD,JPY\n{day},1,1.0841,165.2\n", "RATES_NOT_PER_EURO"),
            ("Date,USD,JPY\n{day},1,0841,165,2\n", "FILE_NOTHING_TAKEN"),
            ("Date,USD,JPY\n{day},1.0841\n", "FILE_NOTHING_TAKEN"),
            ("Date,USD,,JPY\n{day},1.0841,9,165.2\n", "FILE_NOTHING_TAKEN"),
            ("Date,USD\nyesterday,1.0841\n", "FILE_NOTHING_TAKEN"),
            ("Date,USD\n2099-01-01,1.0841\n", "FILE_NOTHING_TAKEN"),
            ("Date,USD\n01/02/2026,1.0841\n", "FILE_DATES_AMBIGUOUS"),
            ('Date,USD\n{day},"1,084"\n', "FILE_NUMBERS_AMBIGUOUS"),
            ("Tag,USD\n{day},1.0841\n", "FILE_COLUMNS_MISSING"),
        ],
    )
    def test_that_would_be_stored_wrong_is_refused_in_one_line(self, load, today, content, code):
        near = (
            dt.date(2026, 10, 30) if code == "RATES_NOT_PER_EURO" else today
        )  # lately, as the table knows it
        with pytest.raises(CommandError, match=rf"^{code}: [^\n]+$"):
            load("import_rates", content.format(day=min(near, today)))
        assert not FxRateSet.objects.exists()
        assert not Quarantined.objects.exists()

    def test_with_inverse_quotes_is_recognised_by_the_last_good_rate_too(self, load, today):
        load("import_rates", f"Date,USD\n{today - DAY},1.0841\n")
        with pytest.raises(CommandError, match="RATES_NOT_PER_EURO"):
            load("import_rates", f"Date,USD\n{today},0.92242\n")
        assert newest() == {"USD": Decimal("1.0841")}

    def test_with_one_inverse_quote_holds_that_currency_back_alone(self, load, today):
        load("import_rates", f"Date,USD,JPY,GBP\n{today},1.0841,0.0060533,0.85\n")
        assert newest() == {"USD": Decimal("1.0841"), "GBP": Decimal("0.85")}
        assert Quarantined.objects.get().reason == "inverse"

    def test_takes_the_rows_that_fit_and_tells_the_others(self, load, today):
        content = f"Date,USD\n{today},1.0841\n{today - DAY},1.08,9\n{today - 2 * DAY},1.07\n{today - 2 * DAY},1.06\n"
        code, told = load("import_rates", content)
        assert (code, told["days"]["new"], told["refused_days"]) == (
            3,
            1,
            {"cells": 1, "conflicting": 1},
        )
        assert told["conflicting"] == [str(today - 2 * DAY)]
        assert FxRate.objects.get().per_euro == Decimal("1.0841")

    def test_with_the_same_day_twice_and_alike_is_no_conflict(self, load, today):
        assert load("import_rates", f"Date,USD\n{today},1.0841\n{today},1.0841\n")[0] == 0

    @pytest.mark.parametrize("first", ["x,y", "0,-1", ",N/A", "NaN,165.2"])
    def test_of_a_day_first_misread_is_taken_once_it_is_right(self, load, today, first):
        load("import_rates", f"Date,USD,JPY\n{today},{first}\n")
        code, told = load("import_rates", f"Date,USD,JPY\n{today},1.0841,165.2\n")
        assert (code, told["days"]["completed"], newest()) == (0, 1, GOOD)
        assert not Quarantined.objects.filter(verdict="").exists()
        assert waiting_currencies(clock.now(), store=None) == {}
        assert (
            load("import_rates", f"Date,USD,JPY\n{today},1.0841,165.2\n")[1]["days"][
                "already_there"
            ]
            == 1
        )

    @pytest.mark.parametrize("ago", [20, 31, 45, 400])
    def test_lets_nothing_act_that_waits_since_long_ago(self, load, today, ago):
        """What it was held against lies before the days that are read now."""
        first = today - ago * DAY
        load("import_rates", f"Date,JPY\n{first - 20 * DAY},165\n{first},265\n")
        load("import_rates", f"Date,JPY\n{today},166\n")
        assert (Quarantined.objects.get().verdict, FxRate.objects.count()) == ("", 2)

    def test_never_changes_a_publication_that_a_lock_may_have_frozen(self, load, today):
        load("import_rates", f"Date,USD,JPY\n{today},1.0841,\n")
        first = FxRateSet.objects.get()
        load("import_rates", f"Date,USD,JPY\n{today},1.0841,165.2\n")
        assert [row.currency for row in first.rates.all()] == ["USD"]
        assert list(FxRateSet.objects.order_by("pk").values_list("version", flat=True)) == [1, 2]

    def test_writes_a_constant_number_of_statements(
        self, load, today, django_assert_max_num_queries
    ):
        days = "".join(f"{today - n * DAY},1.08,165.2\n" for n in range(200))
        with django_assert_max_num_queries(16):
            load("import_rates", "Date,USD,JPY\n" + days)


class TestACorrection:
    @pytest.fixture
    def known(self, load, today):
        load("import_rates", f"Date,USD,JPY\n{today - DAY},1.08,165\n{today},1.0841,165.2\n")

    def test_is_told_and_not_taken(self, load, today, known):
        code, told = load("import_rates", f"Date,USD,JPY\n{today},1.0941,165.2\n")
        assert (code, told["rates"]["changed"], newest()) == (3, 1, GOOD)
        assert told["changes"] == [
            {"name": "USD", "day": str(today), "old": "1.0841", "new": "1.0941"}
        ]
        assert FxRateSet.objects.count() == 2

    def test_is_taken_with_update_as_a_new_observation_beside_the_old(self, load, today, known):
        world.user("staff@example.com", is_staff=True, is_superuser=True)
        rows = list(FxRate.objects.order_by("pk").values())
        code, told = load("import_rates", f"Date,USD,JPY\n{today},1.0941,165.2\n", "--update")
        assert (code, told["rates"]["corrected"]) == (0, 1)
        assert newest() == GOOD | {"USD": Decimal("1.0941")}
        assert list(FxRate.objects.order_by("pk").values())[: len(rows)] == rows
        entry = LedgerEntry.objects.get(kind="observation.corrected")
        assert entry.facts["corrected"][0]["new"] == "1.0941"
        deliver_due()
        (letter,) = mail.outbox
        assert (letter.to, "1.0841 → 1.0941" in letter.body) == (["staff@example.com"], True)
        assert load("import_rates", f"Date,USD,JPY\n{today},1.0941,165.2\n", "--update")[0] == 0
        assert Letter.objects.filter(kind="marketplace.corrected").count() == 1

    def test_that_is_absurd_waits_and_the_currency_with_it(self, load, today, known):
        load("import_rates", f"Date,USD,JPY\n{today},1.0841,265.2\n", "--update")
        assert newest() == GOOD
        assert waiting_currencies(clock.now(), store=None) == {"JPY": today}
        # read twice, held once
        load("import_rates", f"Date,USD,JPY\n{today},1.0841,265.2\n", "--update")
        assert Quarantined.objects.count() == 1

    def test_again_and_again_leads_no_further_than_one(self, load, today):
        """Each file is close to the one before it and corrects both days, so that no earlier day
        holds it back."""
        for day, update in (("165", ()), ("190", ("--update",)), ("215", ("--update",))):
            load("import_rates", f"Date,JPY\n{today - DAY},{day}\n{today},{day}\n", *update)
        assert newest() == {"JPY": 190}
        assert Quarantined.objects.filter(verdict="", text="215").count() == 2

    def test_of_the_first_day_is_held_against_what_was_first_published(self, load, today):
        for value, update in (("165", ()), ("190", ("--update",)), ("215", ("--update",))):
            load("import_rates", f"Date,JPY\n{today},{value}\n", *update)
        assert newest() == {"JPY": 190}
        quarantine.decide(
            row=Quarantined.objects.get(), release=True, why="The source says so.", by=world.user()
        )
        assert newest() == {"JPY": 215}
        # against what a person let act
        load("import_rates", f"Date,JPY\n{today},240\n", "--update")
        assert newest() == {"JPY": 240}

    def test_of_a_close_again_and_again_leads_no_further_than_one(self, load, today):
        for value, update in (("300", ()), ("340", ("--update",)), ("385", ("--update",))):
            load("import_index", f"date,close\n{today},{value}\n", *update)
        assert list(IndexClose.objects.order_by("pk").values_list("value", flat=True)) == [300, 340]
        assert Quarantined.objects.get(verdict="").text == "385"

    def test_of_a_day_without_a_publication_is_not_entered(self, today, known):
        with pytest.raises(Problem) as refused:
            manual_observations.enter_rate(
                day=today - 5 * DAY, currency="USD", text="1.09", why="Typed.", by=world.user()
            )
        assert refused.value.code is Code.INPUT_INVALID

    def test_is_entered_by_staff_with_a_reason(self, client, today, known):
        staff = world.user(is_staff=True, is_superuser=True)
        client.force_login(staff)
        form = {"day": today.isoformat(), "currency": "usd", "per_euro": "1.0941", "why": ""}
        assert (
            client.post("/admin/marketplace/fxrate/add/", form).status_code == 200
        )  # it asks for the reason
        assert newest() == GOOD
        assert (
            client.post("/admin/marketplace/fxrate/add/", form | {"why": "Typed 8."}).status_code
            == 302
        )
        assert newest() == GOOD | {"USD": Decimal("1.0941")}
        entry = LedgerEntry.objects.get(kind="observation.corrected")
        assert (entry.by, entry.facts["why"]) == (f"user:{staff.pk}", "Typed 8.")
        answer = client.post(
            "/admin/marketplace/fxrate/add/", form | {"per_euro": "0.92", "why": "x"}, follow=True
        )
        assert answer.status_code == 200
        assert newest() == GOOD | {"USD": Decimal("1.0941")}
        assert client.get("/admin/marketplace/fxrate/").status_code == 200

    def test_is_not_entered_without_the_permission(self, client, today, known):
        client.force_login(world.user(is_staff=True))
        assert client.get("/admin/marketplace/fxrate/add/").status_code == 403
        assert client.get("/admin/marketplace/indexclose/add/").status_code == 403

    def test_of_a_close_is_a_version_too(self, load, today):
        load("import_index", f"date,close\n{today - DAY},300\n{today},306\n")
        code, told = load("import_index", f"date,close\n{today},309\n")
        assert (code, told["changed"], IndexClose.objects.count()) == (3, 1, 2)
        code, told = load("import_index", f"date,close\n{today},309\n", "--update")
        assert (code, told["corrected"]) == (0, 1)
        rows = IndexClose.objects.filter(closed_on=today).order_by("pk")
        assert [(row.version, row.value) for row in rows] == [(1, 306), (2, 309)]
        staff = world.user(is_staff=True, is_superuser=True)
        said = manual_observations.enter_close(
            series="CRB", source="file", day=today, text="310", why="Typed.", by=staff
        )
        assert (said, rows.last().value) == (manual_observations.ENTRY_ACCEPTED, 310)
        assert LedgerEntry.objects.filter(kind="observation.corrected").count() == 2


class TestAFileOfCloses:
    PUBLISHER = '\ufeff"Date","Price","Open","High","Low","Vol.","Change %"\n'

    def test_is_read_as_publishers_give_it(self, load):
        content = self.PUBLISHER + (
            '"11/27/2026","372.50","370.1","373.0","369.9","","0.55%"\n'
            '"11/26/2026","1,370.46","371.0","371.5","369.0","","-0.10%"\n'
        )
        code, told = load("import_index", content.replace("1,370.46", "370.46"))
        assert (code, told["imported"], told["dates"], told["column"]) == (
            0,
            2,
            "month/day/year",
            "Price",
        )
        found = dict(IndexClose.objects.values_list("closed_on", "value"))
        assert found == {
            dt.date(2026, 11, 27): Decimal("372.5"),
            dt.date(2026, 11, 26): Decimal("370.46"),
        }

    @pytest.mark.parametrize(
        "header", ["Date,Close", "DATE,CLOSE", "date,open,close,adj close", "Date;Last"]
    )
    def test_may_call_the_close_by_any_of_its_names(self, load, today, header):
        sign = ";" if ";" in header else ","
        cells = {"date": str(today), "open": "1", "adj close": "2"}
        row = sign.join(cells.get(name.lower(), "300.5") for name in header.split(sign))
        assert load("import_index", f"{header}\n{row}\n")[1]["imported"] == 1
        assert IndexClose.objects.get().value == Decimal("300.5")

    def test_tells_two_closes_of_one_day_and_takes_neither(self, load, today):
        content = f"date,close\n{today},300\n{today},306\n{today - DAY},299\n{today - DAY},299.0\n"
        code, told = load("import_index", content)
        assert (code, told["imported"], told["conflicting"]) == (3, 1, [str(today)])
        assert IndexClose.objects.get().closed_on == today - DAY

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            ("Date,Close\n03/04/2026,300\n", "FILE_DATES_AMBIGUOUS"),
            ("Date,Close,Price\n2026-11-27,300,301\n", "FILE_COLUMN_TWICE"),
            ("Date,Open\n2026-11-27,300\n", "FILE_COLUMNS_MISSING"),
            ('Date,Close\n2026-11-27,"1,300"\n', "FILE_NUMBERS_AMBIGUOUS"),
            ("Date,Close\n2026-11-27\n", "FILE_NOTHING_TAKEN"),
            ("Date,Close\nsoon,300\n", "FILE_NOTHING_TAKEN"),
        ],
    )
    def test_that_would_be_stored_wrong_is_refused_in_one_line(self, load, content, code):
        with pytest.raises(CommandError, match=rf"^{code}: [^\n]+$"):
            load("import_index", content)
        assert not IndexClose.objects.exists()

    def test_is_read_in_the_order_that_was_told(self, load):
        assert load("import_index", "Date,Close\n03/04/2026,300\n", "--dates", "dmy")[0] == 0
        assert IndexClose.objects.get().closed_on == dt.date(2026, 4, 3)

    def test_of_a_day_first_misread_is_taken_once_it_is_right(self, load, today):
        load("import_index", f"date,close\n{today},x\n{today - DAY},300\n")
        assert load("import_index", f"date,close\n{today},301\n")[1]["imported"] == 1
        assert not Quarantined.objects.filter(verdict="").exists()
