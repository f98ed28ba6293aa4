"""A month of real rates (European Central Bank, April 2025) goes over the open locks of a sandbox
store, day by day.

Every business day a batch in euros and one in Australian dollars are locked; at 15:10 UTC the
day's rates arrive. Some locks trigger: the parties settle one, let the next one lapse, decline the
third. The others are confirmed after two days or left to end. What happened is held against the
file itself, read by other code.
"""

import csv
import datetime as dt
import gzip
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from django.db.models import Sum

from diagnostics import ledger
from marketplace import clock
from marketplace.mirror.rates import import_rates
from marketplace.mirror.samples.cut import MONTH
from marketplace.models import OrderClaim, PastOrder, StockClaim, Store, User
from outbox.models import Event, Letter
from pricing import signing
from pricing.models import Grant, Lock, Offer, Renegotiation
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.services import buyer_response
from repurchase.confirmation.services import renegotiation as renegotiation_services
from repurchase.deadlines import sweep
from repurchase.models import Batch, RepeatLine, RepeatOrder
from tests import world
from tests.chaos.sizes import say, size
from tests.repurchase import talking
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
# `make test` plays the first half
FIRST, LAST = dt.date(2025, 3, 31), dt.date(2025, 4, size(14, 30))
CURRENCIES = {"EUR": "DE", "AUD": "AU"}
TURNS = 3  # buyers a currency, in turn: a lock ends before its past orders are asked for again
HOUR = dt.timedelta(hours=1)


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


@dataclass
class Replay:
    """The store, its buyers by currency, and what each lock of the month went through, as lines to
    be read."""

    store: Store
    seller: User
    buyers: dict[tuple[str, int], list[PastOrder]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    answers: Iterator[str] = field(
        default_factory=lambda: itertools.cycle(["settle", "lapse", "decline"])
    )
    patience: Iterator[bool] = field(default_factory=lambda: itertools.cycle([True, False]))
    confirming: dict = field(default_factory=dict)  # lock → when its buyer confirms

    def note(self, text: str) -> None:
        self.lines.append(f"{clock.now(self.store):%Y-%m-%d %H:%M} {text}")

    def move(self, instant: dt.datetime) -> None:
        world.move_clock(self.store, instant)
        sweep.run_sweep(store=self.store)

    def lock(self, currency: str, turn: int) -> None:
        orders = self.buyers[currency, turn]
        free = [o.number for o in orders if not o.claims.live(clock.now(self.store)).exists()]
        batch = run(batches.create(store=self.store, numbers=free[:2], by="user:1"))
        assert batch.status == "planned", (
            currency,
            list(batch.orders.values_list("codes", "lines__codes")),
            batch.gates,
        )
        (lock,) = price_lock.lock_and_invite(batch=batch, by="user:1")
        if next(self.patience):
            self.confirming[lock.pk] = lock.locked_at + 47 * HOUR
        self.note(
            f"{batch.ref} locked: {lock.order_count} orders in {currency}, rates of {lock.rate_set.published_on}"
        )

    def confirm_those_whose_buyer_decided(self) -> None:
        for lock in Lock.objects.of(self.store).filter(pk__in=self.confirming, status="open"):
            if clock.now(self.store) >= self.confirming[lock.pk]:
                grant = Grant.objects.get(subject=lock.subject)
                buyer_response.accept(
                    token=signing.token_of(grant),
                    digests={lock.pk: lock.terms_digest},
                    left_out=[],
                    consent=True,
                    ip=None,
                    user_agent="replay",
                )
                self.note(f"{lock.subject} confirmed by its buyer")

    def publish(self, file) -> None:
        import_rates(path=file, source="ecb")
        before = set(Renegotiation.objects.values_list("pk", flat=True))
        sweep.run_sweep(store=self.store)
        for opened in Renegotiation.objects.exclude(pk__in=before).select_related("lock"):
            how = next(self.answers)
            self.note(f"{opened.lock.subject} triggers: {opened} since its lock; the parties {how}")
            if how != "lapse":
                self.end(opened, sign=how == "settle")

    def end(self, renegotiation: Renegotiation, *, sign: bool) -> None:
        if not sign:
            buyer = renegotiation_services.buyer_actor(talking.grant(renegotiation))
            renegotiation_services.decline(
                renegotiation=renegotiation, actor=buyer, reason="too dear"
            )
            return
        talking.offer(renegotiation, "1", user=self.seller)
        talking.sign_as_seller(renegotiation, self.seller)
        assert talking.sign_as_buyer(renegotiation)


def published() -> dict[dt.date, dict[str, Fraction]]:
    with gzip.open(MONTH, "rt") as file:
        rows = list(csv.DictReader(file))
    return {
        dt.date.fromisoformat(row["Date"]): {"EUR": Fraction(1)}
        | {c: Fraction(row[c]) for c in ("AUD", "CNY")}
        for row in rows
    }


def file_until(day: dt.date, folder) -> object:
    """What the European Central Bank had published by the evening of a day."""
    with gzip.open(MONTH, "rt") as source:
        header, *rows = source.read().splitlines()
    target = folder / f"{day}.csv"
    target.write_text(
        "\n".join([header, *(row for row in rows if row[:10] <= day.isoformat())]) + "\n"
    )
    return target


@pytest.fixture(scope="module")
def days() -> list[dt.date]:
    return [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


@pytest.fixture
def replay(db, tmp_path, days) -> Replay:
    store = world.store(verified_at=at(FIRST, 0))
    played = Replay(store=store, seller=world.member(store))
    world.move_clock(store, at(FIRST, 8))
    import_rates(path=file_until(FIRST - dt.timedelta(days=3), tmp_path), source="ecb")
    for country in CURRENCIES.values():
        world.rate_card(world.lane(country), country)
        world.tax(country, registration_of=store)
    for (currency, country), turn in itertools.product(CURRENCIES.items(), range(TURNS)):
        played.buyers[currency, turn] = history(store, currency, country)
    others_buy_too(store)
    rates = published()
    for day in days:
        played.move(at(day, 9))
        if day.weekday() < 5:
            for currency in CURRENCIES:
                played.lock(currency, day.toordinal() % TURNS)
        played.confirm_those_whose_buyer_decided()
        played.move(at(day, 15, 10))
        if day in rates:
            played.publish(file_until(day, tmp_path))
        played.move(at(day, 19, 30))  # past the four hours of what was opened today
    played.move(at(LAST + dt.timedelta(days=4), 9))
    return played


def others_buy_too(store: Store) -> None:
    """Orders paid through the month, so that the store's dispute rate can be told (R-22)."""
    buyer, item = world.buyer(store), world.sku(store)
    for week in range(1, 6):
        paid = at(FIRST + dt.timedelta(days=7 * week - 6), 0)
        world.past_order(
            store, buyer, [(item, 1, 1000)], completed_at=None, ordered_at=paid, paid_at=paid
        )


def history(store: Store, currency: str, country: str) -> list[PastOrder]:
    buyer = world.buyer(store, country=country)
    item = world.sku(store, price="100.00", currency=currency)
    done = at(FIRST, 0) - dt.timedelta(days=6)
    return [
        world.past_order(
            store, buyer, [(item, 100, 1_000_000)], currency=currency, completed_at=done
        )
        for _ in range(5)
    ]


class TestAMonthOfRealRates:
    def test_ends_every_lock_once_and_every_sum_reconciles(self, replay, days):
        locks = list(Lock.objects.of(replay.store).select_related("rate_set"))
        ends = Counter(lock.status for lock in locks)
        assert len(locks) == 2 * sum(day.weekday() < 5 for day in days)
        assert set(ends) == {"confirmed", "declined", "expired", "terminated"}
        self.each_triggered_by_the_file(replay, locks)
        self.orders_follow_their_locks(replay)
        self.nothing_is_held_but_what_was_agreed(replay)
        self.everything_was_told_once(replay, locks)
        bad, read = ledger.first_bad_entry(replay.store.pk)
        assert (bad, read > 50) == (None, True)
        record(replay, ends)

    def each_triggered_by_the_file(self, replay: Replay, locks: list[Lock]) -> None:
        """Recomputed from the file: the first publication within a lock's life that lies beyond
        2.5 %, or none."""
        rates = published()
        made = {r.lock_id: r for r in Renegotiation.objects.select_related("new_rate_set")}
        assert len(made) >= 6
        for lock in locks:
            frozen = rates[lock.rate_set.published_on]
            until = lock.ended_at if lock.pk not in made else made[lock.pk].opened_at + HOUR
            beyond = [
                day
                for day in sorted(rates)
                if lock.locked_at < at(day, 15, 9) < until
                and self.beyond(frozen, rates[day], lock.currency)
            ]
            found = [made[lock.pk].new_rate_set.published_on] if lock.pk in made else []
            assert beyond[:1] == found, (lock.subject, lock.currency)

    def beyond(self, then: dict, now: dict, currency: str) -> bool:
        base, new = then["CNY"] / then[currency], now["CNY"] / now[currency]
        return abs(new - base) * 1000 > 25 * base

    def orders_follow_their_locks(self, replay: Replay) -> None:
        sums: dict[str, Counter] = defaultdict(Counter)
        for status, currency, total in RepeatOrder.objects.filter(store=replay.store).values_list(
            "lock__status", "currency", "total_minor"
        ):
            sums[currency][status] += total
        expected: Counter = Counter()
        for lock in Lock.objects.of(replay.store):
            orders = RepeatOrder.objects.filter(lock=lock)
            agreed = Offer.objects.filter(
                renegotiation__lock=lock, signatures__isnull=False
            ).first()
            expected[lock.currency] += agreed.total_minor if agreed else lock.total_minor
            after = "awaiting_payment" if lock.status == "confirmed" else lock.status
            assert set(orders.values_list("status", flat=True)) == {after}
            assert (orders.count(), orders.aggregate(n=Sum("total_minor"))["n"]) == (
                lock.order_count,
                agreed.total_minor if agreed else lock.total_minor,
            )
        assert {currency: sum(by.values()) for currency, by in sums.items()} == expected
        assert set(Batch.objects.filter(store=replay.store).values_list("status", flat=True)) == {
            "closed"
        }

    def nothing_is_held_but_what_was_agreed(self, replay: Replay) -> None:
        assert not OrderClaim.objects.filter(store=replay.store, released_at=None).exists()
        held = StockClaim.objects.filter(store=replay.store, released_at=None)
        confirmed = RepeatLine.objects.filter(
            order__store=replay.store, order__status="awaiting_payment"
        )
        assert held.aggregate(n=Sum("quantity")) == confirmed.aggregate(n=Sum("quantity"))
        assert not held.exclude(until=None).exists()

    def everything_was_told_once(self, replay: Replay, locks: list[Lock]) -> None:
        told = Counter(
            Event.objects.filter(store_id=replay.store.pk).values_list("type", "subject")
        )
        settled = Offer.objects.filter(signatures__isnull=False).distinct().count()
        by_both = {key: n for key, n in told.items() if key[0] == "offer.signed"}
        assert (len(by_both), set(by_both.values())) == (settled, {2})  # each side's signature
        assert max(n for key, n in told.items() if key not in by_both) == 1
        assert {(f"lock.{lock.status}", f"lock:{lock.pk}") for lock in locks} <= set(told)
        opened = Renegotiation.objects.count()
        assert Letter.objects.filter(kind="repurchase.renegotiating_buyer").count() == opened
        assert Letter.objects.filter(kind="repurchase.renegotiating_seller").count() == opened


def record(replay: Replay, ends: Counter) -> None:
    """The account of the month, to be read: tests/output/replay.txt."""
    from tests.journeys.conftest import OUTPUT

    OUTPUT.mkdir(exist_ok=True)
    totals = (
        Lock.objects.of(replay.store)
        .order_by("currency", "status")
        .values_list("currency", "status")
    )
    sums = [f"{c} {n / 100:,.2f} {s}" for c, s, n in totals.annotate(Sum("total_minor"))]
    summary = [f"{status}: {n} locks" for status, n in sorted(ends.items())]
    say("Replay: " + ", ".join(summary))
    (OUTPUT / "replay.txt").write_text("\n".join([*replay.lines, "", *summary, "", *sums]) + "\n")
