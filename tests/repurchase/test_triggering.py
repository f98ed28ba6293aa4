"""A trigger reopens only the lots that it touches, tells both sides once, and no confirmation
slips past it."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core import mail

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import quarantine
from marketplace.mirror.rates import import_rates
from marketplace.models import FxRate, FxRateSet, IndexClose, OrderClaim, Quarantined, Store
from outbox.emails import deliver_due
from outbox.models import Event, Letter
from pricing import signing
from pricing.models import Act, Grant, Lock, Renegotiation
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.services import buyer_response, triggers
from repurchase.deadlines import sweep
from repurchase.models import RepeatOrder
from tests import world
from tests.pricing.locked import unguarded
from tests.repurchase.running import run
from tests.repurchase.test_locking import locked

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(store):
    return locked(store)


def publish(store, *, cny: str = "8.034", day: dt.date | None = None, **fields):
    """CNY was 7.80 for a euro at the lock: 8.034 is 3 % more, so USD/CNY rises by as much."""
    return world.rates(
        published_on=day or clock.now(store).date(), source="newer", CNY=cny, **fields
    )


def close(value: str, day: dt.date) -> IndexClose:
    return world.index_close(value, closed_on=day)


def accept(batch):
    grant = Grant.objects.get(subject=batch.ref)
    digests = {lock.pk: lock.terms_digest for lock in Lock.objects.filter(subject=batch.ref)}
    buyer_response.accept(
        token=signing.token_of(grant),
        digests=digests,
        left_out=[],
        consent=True,
        ip=None,
        user_agent="t",
    )


class TestARateThatMoved:
    def test_opens_a_renegotiation_of_four_hours_with_its_observations(self, batch, store):
        """R-50, R-53."""
        new = publish(store)
        assert triggers.open_renegotiations() == 1
        lock, made = Lock.objects.get(), Renegotiation.objects.get()
        assert (lock.status, lock.renegotiation_deadline) == ("renegotiating", made.deadline_at)
        assert made.deadline_at - made.opened_at == dt.timedelta(hours=4)
        assert (made.kind, made.name, made.percent) == ("fx", "USD/CNY", "+3.000 %")
        assert (made.base_rate_set, made.new_rate_set, made.limit) == (
            lock.rate_set,
            new,
            Decimal("0.025"),
        )
        assert set(OrderClaim.objects.values_list("until", flat=True)) == {made.deadline_at}

    @pytest.mark.parametrize(
        ("cny", "opened"), [("7.995", 0), ("7.9951", 1), ("7.605", 0), ("7.6049", 1)]
    )
    def test_exactly_at_the_limit_changes_nothing(self, batch, store, cny, opened):
        publish(store, cny=cny)
        assert triggers.open_renegotiations() == opened

    def test_is_held_against_each_lock_once(self, batch, store):
        publish(store, cny="7.85")
        assert triggers.open_renegotiations() == 0
        before = LedgerEntry.objects.count()
        assert triggers.open_renegotiations() == 0
        assert LedgerEntry.objects.count() == before

    def test_is_told_to_both_sides_in_one_letter_each_and_as_an_event(self, batch, store, settings):
        publish(store)
        triggers.open_renegotiations()
        triggers.open_renegotiations()
        mail.outbox.clear()
        deliver_due()
        kinds = Letter.objects.filter(kind__contains="renegotiating").values_list("kind", flat=True)
        assert sorted(kinds) == [
            "repurchase.renegotiating_buyer",
            "repurchase.renegotiating_seller",
        ]
        letters = {
            letter.to[0]: letter
            for letter in mail.outbox
            if "renegotiat" in letter.body.lower() or "重新" in letter.body or "4.7" in letter.body
        }
        assert f"/b/{signing.token_of(Grant.objects.get())}/" in letters[batch.buyer.email].body
        told = Event.objects.get(type="lock.renegotiating")
        assert told.data["renegotiation_deadline"].endswith("Z")

    def test_is_found_again_in_the_ledger_by_its_rows(self, batch, store):
        new = publish(store)
        triggers.open_renegotiations()
        entry = LedgerEntry.objects.get(kind="lock.renegotiating")
        (told,) = entry.facts["renegotiations"]
        assert (told["new_rate_set"], told["base_rate_set"], told["change"]) == (
            new.pk,
            Lock.objects.get().rate_set_id,
            "3/100",
        )
        assert ledger.first_bad_entry(store.pk)[0] is None

    @pytest.mark.parametrize("day", [-1, -7])
    def test_of_an_earlier_day_or_stale_never_acts(self, batch, store, day):
        publish(store, day=clock.now(store).date() + dt.timedelta(days=day))
        assert triggers.open_renegotiations() == 0

    def test_comes_too_late_for_a_lock_that_has_ended(self, batch, store):
        world.move_clock(store, Lock.objects.get().expires_at)
        publish(store)
        assert triggers.open_renegotiations() == 0
        assert Lock.objects.get().status == "open"

    def test_changes_nothing_that_is_confirmed(self, batch, store):
        accept(batch)
        publish(store)
        assert triggers.open_renegotiations() == 0
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"awaiting_payment"}


class TestACurrencyThatWaitsTooLong:
    """Its last good rate is older than what anything is held against: the operator is told of it
    by name."""

    @pytest.mark.parametrize(("days", "told"), [(6, False), (7, True)])
    def test_is_told_to_the_operator_once_a_day_until_it_was_decided(self, client, days, told):
        world.user("staff@example.com", is_staff=True, is_superuser=True)
        today = clock.now().date()
        world.rates(published_on=today - dt.timedelta(days=days))
        newest = world.rates(published_on=today)
        newest.rates.filter(currency="CNY").delete()
        assert client.get("/readyz").json()["rates"] is True
        row = Quarantined.objects.create(
            kind="rate",
            source="ecb",
            name="CNY",
            day=today,
            text="12",
            reason="absurd",
            arrived_at=clock.now(),
            rate_set=newest,
        )
        assert [sweep.run_sweep().rate_alarms for _ in range(2)] == [int(told), 0]
        assert client.get("/readyz").json()["rates"] is not told
        deliver_due()
        letters = [each for each in mail.outbox if each.to == ["staff@example.com"]]
        assert len(letters) == told
        assert all(f"CNY: {today - dt.timedelta(days=days)}" in each.body for each in letters)
        quarantine.decide(row=row, release=True, why="It is what they published.", by=world.user())
        assert client.get("/readyz").json()["rates"] is True


class TestACurrencyThatWaits:
    """Its newest rate is in quarantine: open lots go by the last good one, and nothing new is
    locked."""

    def load(self, tmp_path, *rows: str, **options):
        path = tmp_path / "rates.csv"
        path.write_text("Date,USD,GBP,CNY\n" + "".join(f"{row}\n" for row in rows))
        return import_rates(path=path, source="ecb", **options)

    @pytest.fixture
    def today(self, store) -> dt.date:
        return clock.now(store).date()

    def test_is_judged_by_its_last_good_one(self, batch, store, tmp_path, today):
        lock = Lock.objects.get()
        moved = world.rates(published_on=today, source="newer", CNY="8.034")
        newest = world.rates(published_on=today, source="newest")
        newest.rates.filter(currency="CNY").delete()
        Quarantined.objects.create(
            kind="rate",
            source="newest",
            name="CNY",
            day=today,
            text="12",
            reason="absurd",
            arrived_at=world.NOW,
            rate_set=newest,
        )
        assert triggers.open_renegotiations() == 1
        made = Renegotiation.objects.get()
        assert (made.lock, made.new_rate_set, made.percent) == (lock, moved, "+3.000 %")

    def test_can_still_be_confirmed(self, batch, store, tmp_path, today):
        self.load(tmp_path, f"{today},1.10,0.85,12")
        Quarantined.objects.create(
            kind="rate",
            source="ecb",
            name="USD",
            day=today,
            text="12",
            reason="absurd",
            arrived_at=world.NOW,
            rate_set=FxRateSet.objects.last(),
        )
        accept(batch)
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"awaiting_payment"}

    @pytest.mark.parametrize("name", ["USD", "CNY"])
    def test_is_not_locked_in_or_into(self, store, today, name):
        """The plan was made before: its rates are good, the newest of one currency is not."""
        _, orders = world.repeatable(store)
        planned = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        waiting(name, today)
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=planned, by="user:1")
        assert (refused.value.code, refused.value.evidence["currency"]) == (
            Code.FX_RATE_STALE,
            name,
        )
        assert not Lock.objects.exists()
        quarantine.decide(
            row=Quarantined.objects.get(), release=False, why="A typing error.", by=world.user()
        )
        assert price_lock.lock_and_invite(batch=planned, by="user:1")

    def test_is_not_planned_in(self, store, today):
        _, orders = world.repeatable(store)
        waiting("USD", today)
        planned = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        assert set(planned.orders.values_list("status", flat=True)) == {"failed"}
        assert {
            code for codes in planned.orders.values_list("codes", flat=True) for code in codes
        } == {"FX_RATE_STALE"}

    def test_is_not_planned_into(self, store, today):
        _, orders = world.repeatable(store)
        waiting("CNY", today)
        with pytest.raises(Problem) as refused:
            batches.create(store=store, numbers=[o.number for o in orders], by="user:1")
        assert refused.value.code is Code.FX_RATE_STALE

    def test_leaves_the_others_alone(self, store, today):
        _, orders = world.repeatable(store)
        waiting("GBP", today)
        planned = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        assert price_lock.lock_and_invite(batch=planned, by="user:1")


def waiting(name: str, day: dt.date) -> Quarantined:
    rate_set = FxRateSet.objects.order_by("-published_on", "-pk").first()
    return Quarantined.objects.create(
        kind="rate",
        source=rate_set.source,
        name=name,
        day=day,
        text="99",
        reason="absurd",
        arrived_at=world.NOW,
        rate_set=rate_set,
    )


class TestACorrection:
    def correct(self, store, published: FxRateSet, cny: str) -> FxRateSet:
        made = FxRateSet.objects.create(
            source=published.source,
            published_on=published.published_on,
            version=2,
            mirrored_at=world.NOW,
        )
        table = dict(published.rates.values_list("currency", "per_euro")) | {"CNY": Decimal(cny)}
        FxRate.objects.bulk_create(
            FxRate(rate_set=made, currency=c, per_euro=r) for c, r in table.items()
        )
        return made

    def test_of_the_newest_day_is_judged(self, batch, store):
        new = publish(store, cny="7.81")
        assert triggers.open_renegotiations() == 0
        corrected = self.correct(store, new, "8.034")
        assert triggers.open_renegotiations() == 1
        assert Renegotiation.objects.get().new_rate_set == corrected

    def test_of_an_earlier_day_is_not(self, batch, store):
        day = clock.now(store).date()
        world.move_clock(store, clock.now(store) + dt.timedelta(days=1))
        earlier = publish(store, cny="7.81", day=day)
        world.rates(published_on=day + dt.timedelta(days=1), source="newer", CNY="7.82")
        self.correct(store, earlier, "8.034")
        assert triggers.open_renegotiations() == 0

    def test_of_the_close_before_is_not(self, batch, store):
        """Only the newest day is judged anew: a corrected base counts from the next close on."""
        day = clock.now(store).date() + dt.timedelta(days=1)
        world.move_clock(store, clock.now(store) + dt.timedelta(days=1))
        close("300", day - dt.timedelta(days=7))
        close("302", day)
        assert triggers.open_renegotiations() == 0
        IndexClose.objects.create(
            series="CRB",
            closed_on=day - dt.timedelta(days=7),
            value=Decimal(280),
            version=2,
            **world.MIRRORED,
        )
        assert triggers.open_renegotiations() == 0
        close("303", day + dt.timedelta(days=1))
        world.move_clock(store, clock.now(store) + dt.timedelta(days=1))
        assert triggers.open_renegotiations() == 1


class TestAConfirmation:
    def test_of_a_lot_that_moved_opens_the_renegotiation_instead(self, batch, store):
        """R-51: a lot under a trigger can't be confirmed at the old price, though no sweep came
        by."""
        publish(store)
        with pytest.raises(Problem) as refused:
            accept(batch)
        assert refused.value.code is Code.RENEGOTIATION_REQUIRED
        assert (Lock.objects.get().status, Act.objects.count()) == ("renegotiating", 0)
        assert Letter.objects.filter(kind="repurchase.renegotiating_buyer").count() == 1

    def test_during_a_renegotiation_is_refused(self, batch, store):
        publish(store)
        triggers.open_renegotiations()
        with pytest.raises(Problem) as refused:
            accept(batch)
        assert refused.value.code is Code.RENEGOTIATION_REQUIRED


class TestAnIndexThatRose:
    @pytest.mark.parametrize(("value", "opened"), [("309", 0), ("309.0001", 1), ("250", 0)])
    def test_opens_one_too(self, batch, store, value, opened):
        """R-51: 300 was the last close before that of 7 days earlier."""
        world.move_clock(store, clock.now(store) + dt.timedelta(days=1))
        today = clock.now(store).date()
        close("300", today - dt.timedelta(days=8))
        close(value, today)
        assert triggers.open_renegotiations() == opened
        assert Renegotiation.objects.filter(kind="index").count() == opened


class TestARenegotiationThatLapsed:
    def test_terminates_its_orders_and_lets_the_past_ones_go(self, batch, store):
        """R-55."""
        publish(store)
        triggers.open_renegotiations()
        world.move_clock(store, Renegotiation.objects.get().deadline_at)
        swept = sweep.run_sweep()
        assert (Lock.objects.get().status, swept.ended_locks) == ("terminated", 1)
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"terminated"}
        assert not OrderClaim.objects.filter(released_at=None).exists()
        assert (
            LedgerEntry.objects.get(kind="lock.terminated").facts["code"] == "RENEGOTIATION_LAPSED"
        )
        batch.refresh_from_db()
        assert batch.status == "closed"
        assert Letter.objects.filter(kind__startswith="repurchase.terminated").count() == 2
        deliver_due()
        assert not Letter.objects.exclude(last_error="").exists()


class TestRatesThatAreTooOld:
    def test_alarm_the_staff_once_a_day_while_live_locks_are_open(self, store):
        world.user("staff@example.com", is_staff=True, is_superuser=True)
        batch = locked(store)
        Store.objects.update(sandbox=False, clock_offset=dt.timedelta(0))
        with unguarded():
            end = clock.now() + dt.timedelta(hours=1)
            Lock.objects.update(locked_at=end - dt.timedelta(hours=72), expires_at=end)
            FxRateSet.objects.update(published_on=clock.now().date() - dt.timedelta(days=7))
        triggers.open_renegotiations()
        triggers.open_renegotiations()
        assert Letter.objects.filter(kind="marketplace.stale_rates").count() == 1
        mail.outbox.clear()
        deliver_due()
        assert "staff@example.com" in [to for letter in mail.outbox for to in letter.to]
        assert Lock.objects.get(subject=batch.ref).status == "open"
