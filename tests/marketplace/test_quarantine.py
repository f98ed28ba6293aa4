"""Stale, zero, negative, NaN and absurd observations never act and never become the latest
(reliability 15)."""

import datetime as dt
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import quarantine
from marketplace.mirror.closes import import_closes
from marketplace.mirror.observations import QuarantineReason, judge_observation
from marketplace.mirror.rates import import_rates
from marketplace.models import FxRate, FxRateSet, IndexClose, Quarantined
from marketplace.queries import latest_rates, newest_rate_set
from outbox.emails import deliver_due
from outbox.models import Letter
from tests import world

JUMP = Decimal("0.2")
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("7.80", None), (" 7.80 ", None), ("9.36", None), ("9.3600001", QuarantineReason.ABSURD), ("6.24", None),
        ("6.2399999", QuarantineReason.ABSURD), ("0", QuarantineReason.ZERO), ("0.000", QuarantineReason.ZERO), ("-7.8", QuarantineReason.NEGATIVE),
        ("NaN", QuarantineReason.NOT_A_NUMBER), ("Infinity", QuarantineReason.NOT_A_NUMBER), ("-inf", QuarantineReason.NOT_A_NUMBER),
        ("seven", QuarantineReason.NOT_A_NUMBER), ("7,80", QuarantineReason.NOT_A_NUMBER), ("1e10", QuarantineReason.TOO_LARGE),
        ("0.000000001", QuarantineReason.ZERO), ("1e-400", QuarantineReason.ZERO), ("1e999999999", QuarantineReason.TOO_LARGE),
        ("9999999999.999999999", QuarantineReason.TOO_LARGE), ("1_0", QuarantineReason.NOT_A_NUMBER), ("１", QuarantineReason.NOT_A_NUMBER),
    ],
)  # fmt: skip
def test_an_observation_is_sound_up_to_exactly_a_fifth_from_the_last_good_one(text, reason):
    assert judge_observation(text, last_good=Decimal("7.80"), max_jump=JUMP) is reason


def test_the_first_observation_has_nothing_to_be_compared_with():
    assert judge_observation("100", last_good=None, max_jump=JUMP) is None


@pytest.fixture
def today(db) -> dt.date:
    return clock.now().date()


def rates(tmp_path, *rows: str):
    path = tmp_path / "rates.csv"
    path.write_text("Date,USD,CNY,\n" + "".join(f"{row},\n" for row in rows))
    return import_rates(path=path, source="ecb")


def closes(tmp_path, *rows: str, **options):
    path = tmp_path / "closes.csv"
    path.write_text("date,close\n" + "".join(f"{row}\n" for row in rows))
    return import_closes(path=path, series="CRB", **options)


class TestARate:
    @pytest.mark.parametrize("bad", ["0", "-7.8", "NaN", "x", "9.37", "6.2"])
    def test_that_can_not_be_trusted_holds_its_currency_back_and_no_other(
        self, tmp_path, today, bad
    ):
        rates(tmp_path, f"{today - DAY},1.10,7.80")
        report = rates(tmp_path, f"{today},1.11,{bad}")
        assert dict(report.cells) == {"imported": 1, "quarantined": 1}
        store = world.store(sandbox=False, settlement_currency="USD")
        latest = latest_rates(clock.now(), store=store, max_age_days=6)
        assert (latest.published_on, latest.per_euro) == (today, {"USD": Decimal("1.11")})
        with pytest.raises(Problem) as refused:
            latest.cross("USD", "CNY")
        assert refused.value.code is Code.FX_RATE_STALE
        with pytest.raises(Problem) as refused:
            # it settles in CNY
            latest_rates(clock.now(), store=world.store(sandbox=False), max_age_days=6)
        assert refused.value.code is Code.FX_RATE_STALE
        kept = Quarantined.objects.get()
        assert (kept.name, kept.text, kept.last_good, kept.day) == ("CNY", bad, "7.8", today)

    def test_is_compared_within_the_file_too_and_not_with_what_is_old(self, tmp_path, today):
        old, long_ago = today - 10 * DAY, today - 60 * DAY
        report = rates(tmp_path, f"{today},1.10,9.9", f"{old},1.10,7.80", f"{long_ago},5.00,7.80")
        assert [(q.name, q.day) for q in Quarantined.objects.all()] == [("CNY", today)]
        assert report.cells["imported"] == 5

    def test_read_twice_is_kept_and_told_once(self, tmp_path, today):
        rates(tmp_path, f"{today - DAY},1.10,7.80", f"{today},1.10,0")
        rates(tmp_path, f"{today - DAY},1.10,7.80", f"{today},1.10,0")
        assert (Quarantined.objects.count(), Letter.objects.count()) == (1, 1)

    def test_is_told_to_the_staff_who_may_decide_it(self, tmp_path, today):
        world.user("staff@example.com", is_staff=True, is_superuser=True)
        world.user("reviewer@example.com", is_staff=True)
        rates(tmp_path, f"{today},1.10,0")
        deliver_due()
        (letter,) = mail.outbox
        assert letter.to == ["staff@example.com"]
        assert "CNY" in letter.body
        assert "/admin/marketplace/quarantined/" in letter.body


class TestADecision:
    @pytest.fixture
    def absurd(self, tmp_path, today):
        rates(tmp_path, f"{today - DAY},1.10,7.80", f"{today},1.10,9.9")
        return Quarantined.objects.get()

    @pytest.fixture
    def staff(self, db):
        return world.user(is_staff=True, is_superuser=True)

    def test_to_release_lets_the_publication_act_as_it_was_read(self, absurd, staff, today):
        quarantine.decide(row=absurd, release=True, why="The PBoC devalued.", by=staff)
        newest = newest_rate_set(clock.now(), store=None)
        assert (newest.published_on, newest.rates.get(currency="CNY").per_euro) == (
            today,
            Decimal("9.9"),
        )
        entry = LedgerEntry.objects.get(kind="observation.released")
        assert (entry.store_id, entry.by, entry.facts["why"]) == (
            0,
            f"user:{staff.pk}",
            "The PBoC devalued.",
        )
        call_command("verify_ledger", stdout=StringIO())

    def test_to_discard_lets_the_rest_of_it_act(self, absurd, staff, today):
        quarantine.decide(row=absurd, release=False, why="A typing error.", by=staff)
        newest = newest_rate_set(clock.now(), store=None)
        assert (newest.published_on, set(newest.rates.values_list("currency", flat=True))) == (
            today,
            {"USD"},
        )

    def test_is_made_once_and_with_a_reason(self, absurd, staff):
        with pytest.raises(Problem) as refused:
            quarantine.decide(row=absurd, release=False, why="  ", by=staff)
        assert refused.value.code is Code.INPUT_INVALID
        quarantine.decide(row=absurd, release=False, why="No.", by=staff)
        with pytest.raises(Problem) as refused:
            quarantine.decide(row=absurd, release=True, why="Yes.", by=staff)
        assert refused.value.code is Code.STATE_CONFLICT

    def test_can_not_release_what_is_no_rate(self, tmp_path, today, staff):
        rates(tmp_path, f"{today},1.10,0")
        with pytest.raises(Problem) as refused:
            quarantine.decide(row=Quarantined.objects.get(), release=True, why="Let me.", by=staff)
        assert refused.value.code is Code.INPUT_INVALID
        assert not FxRate.objects.filter(currency="CNY").exists()

    def test_is_made_in_the_admin(self, absurd, staff, client):
        client.force_login(staff)
        path = f"/admin/marketplace/quarantined/{absurd.pk}/change/"
        assert client.get(path).status_code == 200
        assert (
            client.post(path, {"verdict": "discarded", "why": ""}).status_code == 200
        )  # asks for the reason
        assert client.post(path, {"verdict": "released", "why": "Checked."}).status_code == 302
        absurd.refresh_from_db()
        assert (absurd.verdict, absurd.decided_by) == ("released", f"user:{staff.pk}")
        assert client.post(path, {"verdict": "discarded", "why": "No."}).status_code == 403

    def test_is_not_made_by_staff_without_the_permission(self, absurd, client):
        client.force_login(world.user(is_staff=True))
        path = f"/admin/marketplace/quarantined/{absurd.pk}/change/"
        assert client.post(path, {"verdict": "released", "why": "x"}).status_code == 403


class TestACloseOfAnIndex:
    def test_is_mirrored_once_and_in_any_order(self, tmp_path, today):
        rows = [f"{today},306.5", f"{today - DAY},300", "soon,1"]
        assert dict(closes(tmp_path, *rows).rows) == {"imported": 2, "refused": 1, "quarantined": 0}
        assert closes(tmp_path, *rows).rows["already_there"] == 2
        assert list(IndexClose.objects.order_by("closed_on").values_list("value", "source")) == [
            (Decimal("300.0000"), "file"),
            (Decimal("306.5000"), "file"),
        ]

    @pytest.mark.parametrize("bad", ["0", "-300", "nan", "360.01", "239.99"])
    def test_that_can_not_be_trusted_is_no_close(self, tmp_path, today, bad):
        report = closes(tmp_path, f"{today - DAY},300", f"{today},{bad}")
        assert (report.rows["imported"], report.rows["quarantined"]) == (1, 1)
        assert not IndexClose.objects.filter(closed_on=today).exists()

    def test_that_is_released_reaches_us_then(self, tmp_path, today):
        closes(tmp_path, f"{today - DAY},300", f"{today},400")
        quarantine.decide(
            row=Quarantined.objects.get(), release=True, why="Frost.", by=world.user()
        )
        close = IndexClose.objects.get(closed_on=today)
        assert (close.value, close.mirrored_at) == (400, Quarantined.objects.get().decided_at)

    def test_is_imported_by_a_command(self, tmp_path, today):
        path = tmp_path / "closes.csv"
        path.write_text(f"date,close\n{today},300\n")
        out = StringIO()
        call_command(
            "import_index",
            str(path),
            "--series",
            "CRB",
            "--source",
            "Refinitiv",
            "--json",
            stdout=out,
        )
        assert '"imported": 1' in out.getvalue()

    @pytest.mark.parametrize(
        "options",
        [["--series", "crb"], ["--series", "CRB", "--source", "simulated"], ["--series", "A" * 13]],
    )
    def test_of_no_series_or_of_the_simulators_name_is_refused(self, tmp_path, today, options):
        path = tmp_path / "closes.csv"
        path.write_text(f"date,close\n{today},300\n")
        with pytest.raises(CommandError, match=r"^INPUT_INVALID: [^\n]+$"):
            call_command("import_index", str(path), *options)
        assert not IndexClose.objects.exists()


class TestASandboxStoresOwnRates:
    def test_are_seen_by_no_other_store(self, db, today):
        mine, other = world.store(), world.store()
        ours = world.rates(today)
        own = FxRateSet.objects.create(
            store=mine, source="simulated", published_on=today, mirrored_at=clock.now()
        )
        FxRate.objects.create(rate_set=own, currency="USD", per_euro="1.2")
        assert newest_rate_set(clock.now(), store=mine) == own
        assert (
            newest_rate_set(clock.now(), store=other)
            == newest_rate_set(clock.now(), store=None)
            == ours
        )
