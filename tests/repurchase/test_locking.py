import datetime as dt
import re

import pytest
from django.core import mail

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Buyer, Category, OrderClaim, Sku, StockClaim, Store
from outbox import emails
from pricing import signing
from pricing.models import Act, Grant, Lock
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.queries.buyer_page import (
    buyer_offer_of_grant,
    get_buyer_offer,
    list_offered_orders,
)
from repurchase.confirmation.services import buyer_response
from repurchase.deadlines import sweep
from repurchase.models import Batch, RepeatOrder
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
SEVENTY_TWO_HOURS = dt.timedelta(hours=72)
MICROSECOND = dt.timedelta(microseconds=1)


def planned(store, **options) -> Batch:
    _, orders = world.repeatable(store, **options)
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


def locked(store, **options) -> Batch:
    batch = planned(store, **options)
    price_lock.lock_and_invite(batch=batch, by="user:1")
    batch.refresh_from_db()
    return batch


def three_lots(store) -> Batch:
    """Five orders in one lot, one in a lot of another currency, one in a lot without an index
    exposure."""
    buyer, orders = world.repeatable(store)
    calm = world.sku(store, category=world.category(crb_exposed=False))
    pounds = world.sku(store, currency="GBP")
    orders.append(world.past_order(store, buyer, [(calm, 10, 10_000)]))
    orders.append(world.past_order(store, buyer, [(pounds, 10, 10_000)], currency="GBP"))
    batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
    price_lock.lock_and_invite(batch=batch, by="user:1")
    return batch


def move_clock(store: Store, to: dt.datetime) -> None:
    """The sandbox store's clock stands at `to`, give or take the microseconds that the test itself
    takes."""
    store.clock_offset += to - clock.now(store)
    store.save()


def token(batch: Batch) -> str:
    return signing.token_of(Grant.objects.get(subject=batch.ref))


def digests(batch: Batch) -> dict:
    return {lock.pk: lock.terms_digest for lock in Lock.objects.filter(subject=batch.ref)}


def accept(batch: Batch, **changes) -> None:
    asked = {
        "token": token(batch),
        "digests": digests(batch),
        "left_out": [],
        "consent": True,
        "ip": "192.0.2.1",
        "user_agent": "test",
    }
    buyer_response.accept(**asked | changes)


def decline(batch: Batch, **changes) -> None:
    asked = {"token": token(batch), "digests": digests(batch), "ip": None, "user_agent": "test"}
    buyer_response.decline(**asked | changes)


def statuses(batch: Batch) -> list[str]:
    return list(batch.orders.order_by("position").values_list("status", flat=True))


class TestLocking:
    def test_locks_the_lot_for_72_hours_with_frozen_rates(self, store):
        batch = locked(store)
        (lock,) = Lock.objects.all()
        assert lock.expires_at - lock.locked_at == SEVENTY_TWO_HOURS
        assert (lock.rate_set, lock.index_close) == (batch.rate_set, batch.index_close)
        assert lock.total_minor == sum(o.total_minor for o in batch.orders.all())
        assert statuses(batch) == ["locked"] * 5
        assert batch.status == "locked"

    def test_claims_the_past_orders_and_the_stock(self, store):
        locked(store)
        assert OrderClaim.objects.count() == 5
        assert StockClaim.objects.get().quantity == 2500

    def test_makes_a_lot_of_each_currency_and_exposure(self, store):
        """ADR 3."""
        three_lots(store)
        assert sorted(Lock.objects.values_list("currency", "index_series", "order_count")) == [
            ("GBP", "CRB", 1),
            ("USD", "", 1),
            ("USD", "CRB", 5),
        ]
        assert Category.objects.filter(crb_exposed=False).exists()

    def test_writes_the_buyer_one_letter_with_a_link_that_is_stored_nowhere(self, store):
        batch = locked(store)
        emails.deliver_due()
        (letter,) = [m for m in mail.outbox if m.to == [batch.buyer.email]]
        assert f"/b/{token(batch)}/" in letter.body
        secret = token(batch).split(".")[1]
        everything = [
            str(vars(row))
            for model in (Grant, Lock, Act, LedgerEntry)
            for row in model.objects.all()
        ]
        assert everything
        assert not any(secret in row for row in everything)

    def test_twice_is_refused_and_writes_one_letter(self, store):
        batch = locked(store)
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        assert refused.value.code is Code.STATE_CONFLICT
        assert Lock.objects.count() == 1

    def test_a_plan_of_yesterday_is_refused(self, store):
        batch = planned(store)
        move_clock(store, batch.screened_at + dt.timedelta(hours=24, seconds=1))
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        assert refused.value.code is Code.PLAN_STALE
        assert not Lock.objects.exists()

    def test_a_source_order_that_is_in_a_live_lock_is_refused(self, store):
        """Pitfall 4: one live lock a source order."""
        first = planned(store)
        second = run(
            batches.create(
                store=store, numbers=[o.past_order.number for o in first.orders.all()], by="user:1"
            )
        )
        price_lock.lock_and_invite(batch=first, by="user:1")
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=second, by="user:1")
        assert refused.value.code is Code.ORDER_ALREADY_LOCKED

    def test_over_a_lock_that_lapsed_unswept_ends_it_first(self, store):
        first = planned(store)
        numbers = [o.past_order.number for o in first.orders.all()]
        price_lock.lock_and_invite(batch=first, by="user:1")
        move_clock(store, Lock.objects.get().expires_at)
        Sku.objects.update(stock_synced_at=clock.now(store))
        world.rates(published_on=clock.now(store).date(), source="later")
        second = run(batches.create(store=store, numbers=numbers, by="user:1"))
        assert second.status == "planned"
        price_lock.lock_and_invite(batch=second, by="user:1")
        first.refresh_from_db()
        assert (first.status, set(statuses(first)), set(statuses(second))) == (
            "closed",
            {"expired"},
            {"locked"},
        )

    def test_stock_that_somebody_else_took_meanwhile_is_refused(self, store):
        """With nothing left, or all or nothing asked for; else what fits is locked
        (test_rechecking)."""
        batch = planned(store)
        Batch.objects.update(policy="all_or_nothing")
        Sku.objects.update(on_hand=2499)
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        assert refused.value.code is Code.STOCK_TOO_LOW
        assert not Lock.objects.exists()
        assert set(statuses(batch)) == {"planned"}


class TestConfirming:
    def test_confirms_every_order_and_frees_the_past_ones(self, store):
        batch = locked(store)
        accept(batch)
        batch.refresh_from_db()
        assert statuses(batch) == ["awaiting_payment"] * 5
        assert batch.status == "closed"
        assert not OrderClaim.objects.filter(released_at=None).exists()
        assert StockClaim.objects.get(released_at=None).until is None

    def test_may_leave_out_single_orders(self, store):
        batch = locked(store)
        out = batch.orders.order_by("position")[1].ref
        accept(batch, left_out=[out])
        assert statuses(batch) == ["awaiting_payment", "declined", *["awaiting_payment"] * 3]
        assert StockClaim.objects.get(released_at=None).quantity == 2000

    def test_keeps_the_evidence_and_tells_both(self, store):
        batch = locked(store)
        mail.outbox.clear()
        accept(batch)
        act = Act.objects.get()
        assert (act.kind, act.ip, act.consent_version) == (
            "confirm",
            "192.0.2.1",
            signing.CONSENT_VERSION,
        )
        world.member(store, email="owner@example.com")
        emails.deliver_due()
        assert {m.to[0] for m in mail.outbox} == {batch.buyer.email, "owner@example.com"}
        entry = LedgerEntry.objects.get(kind="buyer.confirmed")
        assert entry.facts["orders"] == 5

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"consent": False}, Code.CONSENT_MISSING),
            ({"token": "x.y"}, Code.LINK_INVALID),
            ({"left_out": ["BR-00000000-0001"]}, Code.INPUT_INVALID),
            ({"digests": {}}, Code.INPUT_INVALID),
        ],
    )
    def test_refused_writes_nothing(self, store, changes, code):
        batch = locked(store)
        with pytest.raises(Problem) as refused:
            accept(batch, **changes)
        assert refused.value.code is code
        assert set(statuses(batch)) == {"locked"}
        assert not Act.objects.exists()

    def test_of_other_terms_than_those_seen_is_refused(self, store):
        batch = locked(store)
        with pytest.raises(Problem) as refused:
            accept(batch, digests=dict.fromkeys(digests(batch), "0" * 64))
        assert refused.value.code is Code.TERMS_CHANGED

    @pytest.mark.parametrize("act", [accept, decline])
    def test_that_leaves_out_a_lot_would_strand_it_and_is_refused(self, store, act):
        batch = three_lots(store)
        one = dict([digests(batch).popitem()])
        with pytest.raises(Problem) as refused:
            act(batch, digests=one)
        assert refused.value.code is Code.TERMS_CHANGED
        assert set(Lock.objects.values_list("status", flat=True)) == {"open"}

    def test_records_the_gates_and_is_not_blocked_by_them(self, store):
        """R-26: a running lock survives that the buyer's certificate has ended."""
        batch = locked(store)
        Buyer.objects.update(certificate_valid_until=world.TODAY - dt.timedelta(days=1))
        accept(batch)
        batch.refresh_from_db()
        failed = [gate["code"] for gate in batch.gates_at_confirmation if not gate["passed"]]
        assert (batch.status, failed) == ("closed", ["BUYER_CERTIFICATE_EXPIRED"])
        assert batch.confirmed_at == Lock.objects.get().ended_at
        assert (
            LedgerEntry.objects.get(kind="buyer.confirmed").facts["gates"]
            == batch.gates_at_confirmation
        )

    def test_twice_is_refused(self, store):
        batch = locked(store)
        accept(batch)
        with pytest.raises(Problem) as refused:
            accept(batch)
        assert refused.value.code is Code.LINK_USED

    def test_everything_left_out_is_refused_in_favour_of_declining(self, store):
        batch = locked(store)
        with pytest.raises(Problem) as refused:
            accept(batch, left_out=[o.ref for o in batch.orders.all()])
        assert refused.value.code is Code.INPUT_INVALID

    def test_at_the_end_of_the_lock_is_too_late(self, store):
        """R-48: half open. The clock stands at or a moment past the very end."""
        batch = locked(store)
        move_clock(store, Lock.objects.get().expires_at)
        with pytest.raises(Problem) as refused:
            accept(batch)
        assert refused.value.code is Code.LOCK_EXPIRED
        assert set(statuses(batch)) == {"locked"}

    def test_shortly_before_the_end_is_in_time(self, store):
        batch = locked(store)
        move_clock(store, Lock.objects.get().expires_at - dt.timedelta(seconds=20))
        accept(batch)
        assert set(statuses(batch)) == {"awaiting_payment"}

    def test_with_the_link_of_another_batch_is_refused(self, store):
        mine, other = (
            locked(store),
            locked(world.store(sandbox=True, clock_offset=store.clock_offset)),
        )
        with pytest.raises(Problem) as refused:
            accept(mine, digests=digests(other))
        assert refused.value.code in {Code.INPUT_INVALID, Code.NOT_FOUND}
        assert set(statuses(mine)) | set(statuses(other)) == {"locked"}


class TestDeclining:
    def test_ends_every_order_and_gives_everything_back(self, store):
        batch = locked(store)
        buyer_response.decline(
            token=token(batch), digests=digests(batch), reason="too dear", ip=None, user_agent=""
        )
        batch.refresh_from_db()
        assert (set(statuses(batch)), batch.status) == ({"declined"}, "closed")
        assert not StockClaim.objects.filter(released_at=None).exists()

    def test_carries_the_reason_to_the_seller_and_not_into_the_ledger(self, store):
        batch = locked(store)
        world.member(store, email="owner@example.com")
        buyer_response.decline(
            token=token(batch),
            digests=digests(batch),
            reason="too\x00 dear",
            ip=None,
            user_agent="",
        )
        emails.deliver_due()
        (letter,) = [m for m in mail.outbox if m.to == ["owner@example.com"]]
        assert "too dear" in letter.body
        assert "dear" not in str(LedgerEntry.objects.get(kind="buyer.declined").facts)


class TestCancelling:
    def test_by_the_seller_ends_the_lock_and_tells_the_buyer(self, store):
        batch = locked(store)
        emails.deliver_due()
        mail.outbox.clear()
        batches.cancel(batch=batch, by="user:1")
        emails.deliver_due()
        assert set(statuses(batch)) == {"cancelled"}
        assert Lock.objects.get().status == "cancelled"
        assert [m.to for m in mail.outbox] == [[batch.buyer.email]]
        with pytest.raises(Problem) as refused:
            accept(batch)
        assert refused.value.code is Code.LOCK_ENDED

    def test_after_the_buyers_act_is_refused(self, store):
        batch = locked(store)
        accept(batch)
        with pytest.raises(Problem):
            batches.cancel(batch=batch, by="user:1")
        assert set(statuses(batch)) == {"awaiting_payment"}


class TestLapsing:
    def test_is_seen_on_read_before_any_sweep(self, store):
        batch = locked(store)
        move_clock(store, Lock.objects.get().expires_at)
        seen = get_buyer_offer(token(batch))
        assert seen.state == "expired"
        assert seen.lots[0].seconds_left == 0

    def test_a_moment_before_the_end_is_still_open(self, store):
        batch = locked(store)
        lock = Lock.objects.get()
        swept = sweep.run_sweep(store=store, at=lock.expires_at - MICROSECOND)
        assert swept.ended_locks == 0
        assert sweep.run_sweep(store=store, at=lock.expires_at).ended_orders == 5
        batch.refresh_from_db()
        assert (set(statuses(batch)), batch.status) == ({"expired"}, "closed")

    def test_swept_twice_happens_once(self, store):
        locked(store)
        at = Lock.objects.get().expires_at
        assert sweep.run_sweep(store=store, at=at).ended_locks == 1
        assert sweep.run_sweep(store=store, at=at).ended_locks == 0
        assert LedgerEntry.objects.filter(kind="lock.expired").count() == 1

    def test_at_another_instant_is_for_sandbox_stores_only(self, store):
        live = world.store(sandbox=False)
        with pytest.raises(Problem):
            sweep.run_sweep(store=live, at=world.NOW)


class TestTheBuyersPage:
    def test_reads_without_changing_anything(self, store):
        batch = locked(store)
        before = (LedgerEntry.objects.count(), Lock.objects.get().status)
        for _ in range(3):
            get_buyer_offer(token(batch))
            list_offered_orders(token(batch))
        assert (LedgerEntry.objects.count(), Lock.objects.get().status) == before

    def test_shows_what_was_accepted_afterwards(self, store):
        batch = locked(store)
        out = batch.orders.order_by("position").first()
        accept(batch, left_out=[out.ref])
        seen = get_buyer_offer(token(batch))
        kept = RepeatOrder.objects.filter(batch=batch, status="awaiting_payment")
        assert seen.state == "answered"
        assert seen.totals[0].total.minor == sum(o.total_minor for o in kept)

    def test_has_a_link_of_256_bits_that_a_new_version_voids(self, store):
        batch = locked(store)
        old = token(batch)
        assert re.fullmatch(r"[\w-]{22}\.[\w-]{43}", old)
        Grant.objects.update(version=2)
        with pytest.raises(Problem) as refused:
            get_buyer_offer(old)
        assert refused.value.code is Code.LINK_INVALID
        assert buyer_offer_of_grant(Grant.objects.get()).state == "open"
