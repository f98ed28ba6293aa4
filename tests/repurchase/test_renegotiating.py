"""Changed prices: offered, countered, signed by both inside four hours, or the orders end (R-52 to
R-56)."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import FxRateSet, OrderClaim, Role, StockClaim
from outbox.models import Event, Letter
from pricing.agreements import digest_of
from pricing.fees import recompute
from pricing.models import (
    Lock,
    LockTerms,
    Offer,
    OfferTerms,
    Remark,
    Sealing,
    Signature,
    SigningCode,
)
from pricing.services.renegotiation import current_offer
from repurchase.confirmation.services import renegotiation
from repurchase.deadlines import sweep
from repurchase.models import Batch, OrderFee, RepeatLine, RepeatOrder
from tests import world
from tests.repurchase import talking
from tests.repurchase.running import run
from tests.repurchase.talking import agreed, code, counter, offer, sign_as_buyer, sign_as_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(store, alice):
    return talking.renegotiated(store, by=f"user:{alice.pk}")


@pytest.fixture
def carol(store):
    """A manager, who may sign too."""
    return world.member(store, Role.MANAGER, "carol@example.com")


def money() -> set[tuple[int, ...]]:
    return set(
        RepeatOrder.objects.values_list("goods_minor", "freight_minor", "tax_minor", "total_minor")
    )


LOCKED = (500_000, 2_500, 95_475, 597_975)
LESS = (492_500, 2_500, 94_050, 589_050)  # goods −1.5 %, freight as locked, tax of 19 % on both


def refused(code: Code, **evidence):
    return pytest.raises(Problem, match=str(code))


class TestAnOffer:
    def test_says_exactly_what_every_order_would_cost_and_changes_none(self, found, alice):
        made = offer(found, user=alice)
        assert money() == {LOCKED}
        assert made.money == {
            "goods": 2_462_500,
            "freight": 12_500,
            "tax": 470_250,
            "total": 2_945_250,
        }
        text = bytes(OfferTerms.objects.get().text)
        assert digest_of(text) == made.digest
        told = json.loads(text)
        assert told["locked_terms"] == Lock.objects.get().terms_digest
        assert {tuple(entry[2:6]) for entry in told["orders"]} == {LESS}

    def test_repeats_the_locked_terms_word_for_word_but_for_the_amounts(self, found, alice):
        offer(found, user=alice)
        locked = json.loads(bytes(LockTerms.objects.get().text))
        offered = json.loads(bytes(OfferTerms.objects.get().text))["orders"]
        for then, now in zip(locked, offered, strict=True):
            assert (then[:2], then[6:11]) == (now[:2], now[6:11])
            assert [line[:3] for line in then[11]] == [line[:3] for line in now[11]]

    def test_to_keep_the_old_price_comes_to_the_locked_amounts(self, found, alice):
        made = offer(found, user=alice, rule="keep")
        assert made.total_minor == Lock.objects.get().total_minor
        assert json.loads(bytes(OfferTerms.objects.get().text))["orders"] == json.loads(
            bytes(LockTerms.objects.get().text)
        )

    def test_a_price_a_piece_by_sku(self, found, alice):
        sku = RepeatLine.objects.first().sku.code
        made = offer(found, user=alice, rule="per_sku", prices={sku: "9.87"})
        assert made.goods_minor == 5 * 500 * 987

    def test_gets_the_next_version_and_a_digest_of_its_own(self, found, alice):
        made = [offer(found, user=alice), counter(found, "-1.5"), offer(found, user=alice)]
        assert [o.version for o in made] == [1, 2, 3]
        assert len({o.digest for o in made}) == 3

    @pytest.mark.parametrize(
        "asked", [{"rule": "x"}, {"percent": "x"}, {"rule": "per_sku", "prices": {"Z": "1"}}]
    )
    def test_that_makes_no_sense_is_refused(self, found, alice, asked):
        with refused(Code.INPUT_INVALID):
            offer(found, user=alice, **asked)
        assert not Offer.objects.exists()

    def test_is_told_once_to_the_other_side_and_on_the_stream(self, found, alice):
        offer(found, user=alice)
        counter(found)
        kinds = (
            Letter.objects.filter(kind__contains=".offer_")
            .order_by("written_at")
            .values_list("kind", flat=True)
        )
        assert list(kinds) == ["repurchase.offer_buyer", "repurchase.offer_seller"]
        assert Event.objects.filter(type="offer.made").count() == 2

    def test_stands_in_the_ledger(self, found, alice):
        made = offer(found, user=alice)
        facts = LedgerEntry.objects.get(kind="offer.made").facts
        assert (facts["terms_digest"], facts["proposal"]) == (
            made.digest,
            {"rule": "uniform", "percent": "-1.5"},
        )

    @pytest.mark.parametrize("table", ["offer", "offerterms", "signature", "remark"])
    @pytest.mark.parametrize(
        "change", ["UPDATE pricing_{} SET store_id = store_id", "DELETE FROM pricing_{}"]
    )
    def test_and_what_is_said_and_signed_can_t_be_changed_in_the_database(
        self, found, alice, table, change
    ):
        offer(found, user=alice)
        renegotiation.remark(
            renegotiation=found, actor=renegotiation.seller_actor(alice), text="hello"
        )
        sign_as_seller(found, alice)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            connection.cursor().execute(change.format(table))


class TestALoop:
    def test_of_one_side_stops_only_that_side(self, found, alice, monkeypatch):
        monkeypatch.setattr("pricing.services.renegotiation.OFFERS_MAX", 2)
        monkeypatch.setattr("pricing.services.renegotiation.COMMENTS_MAX", 1)
        buyer = renegotiation.buyer_actor(talking.grant(found))
        counter(found), counter(found)
        renegotiation.remark(renegotiation=found, actor=buyer, text="x")
        with refused(Code.TOO_MANY_REQUESTS):
            counter(found)
        with refused(Code.TOO_MANY_REQUESTS):
            renegotiation.remark(renegotiation=found, actor=buyer, text="x")
        offer(found, user=alice)
        renegotiation.decline(renegotiation=found, actor=buyer, reason="enough")


class TestTheBand:
    """R-47: beyond ±3 % two members of the store act."""

    def test_refuses_a_lone_member(self, found, alice, bob):
        with refused(Code.SECOND_APPROVER_MISSING):
            offer(found, "-3.1", user=alice)  # bob is an operator: he may not sign

    def test_lets_a_lone_member_go_up_to_its_limit(self, found, alice):
        assert not offer(found, "-3", user=alice).beyond_band

    def test_keeps_an_offer_from_the_buyer_until_a_second_member_approves_it(
        self, found, alice, carol
    ):
        made = offer(found, "-3.1", user=alice)
        assert current_offer(found) is None
        assert set(
            Letter.objects.filter(subjects__offer=str(made.pk)).values_list("kind", flat=True)
        ) == {"repurchase.approval_wanted"}
        with refused(Code.SECOND_APPROVER_MISSING):
            renegotiation.approve(renegotiation=found, digest=made.digest, by=f"user:{alice.pk}")
        with refused(Code.SECOND_APPROVER_MISSING):
            renegotiation.approve(
                renegotiation=found, digest=made.digest, by=f"key:3/user:{alice.pk}"
            )
        renegotiation.approve(renegotiation=found, digest=made.digest, by=f"user:{carol.pk}")
        assert current_offer(found) == made
        assert Letter.objects.filter(kind="repurchase.offer_buyer").count() == 1
        with refused(Code.STATE_CONFLICT):
            renegotiation.approve(renegotiation=found, digest=made.digest, by=f"user:{carol.pk}")
        sign_as_buyer(found)
        assert sign_as_seller(found, alice)

    def test_of_a_counter_offer_takes_one_to_approve_and_another_to_sign(self, found, alice, carol):
        made = counter(found, "-10")
        with refused(Code.APPROVAL_MISSING):
            sign_as_seller(found, alice)
        renegotiation.approve(renegotiation=found, digest=made.digest, by=f"user:{carol.pk}")
        with refused(Code.SECOND_APPROVER_MISSING):
            sign_as_seller(found, carol)
        assert not sign_as_seller(found, alice)
        assert sign_as_buyer(found)

    def test_knows_who_approved_by_a_key_when_they_sign(self, found, alice, carol):
        made = counter(found, "-10")
        renegotiation.approve(renegotiation=found, digest=made.digest, by=f"key:3/user:{carol.pk}")
        with refused(Code.SECOND_APPROVER_MISSING):
            sign_as_seller(found, carol)
        assert not sign_as_seller(found, alice)

    def test_lets_nobody_approve_what_they_signed(self, found, alice, carol):
        made = counter(found, "-10")
        Signature.objects.create(
            store_id=made.store_id,
            offer=made,
            side="seller",
            by=f"user:{carol.pk}",
            name="Carol",
            at=made.at,
            digest=made.digest,
            how="password",
        )
        with refused(Code.SECOND_APPROVER_MISSING):
            renegotiation.approve(
                renegotiation=found, digest=made.digest, by=f"key:3/user:{carol.pk}"
            )

    def test_asks_for_another_member_than_the_one_whose_key_offers(self, found, alice, bob):
        assert renegotiation.list_other_approvers(found.store_id, f"key:3/user:{alice.pk}") == []

    def test_approves_only_what_stands(self, found, alice, carol):
        made = offer(found, "-3.1", user=alice)
        offer(found, "-3.2", user=alice)
        with refused(Code.TERMS_CHANGED):
            renegotiation.approve(renegotiation=found, digest=made.digest, by=f"user:{carol.pk}")


class TestOneSignature:
    """R-54: it is none."""

    @pytest.mark.parametrize("first", ["seller", "buyer"])
    def test_changes_nothing(self, found, alice, first):
        offer(found, user=alice)
        both = sign_as_seller(found, alice) if first == "seller" else sign_as_buyer(found)
        assert not both
        assert (money(), set(RepeatOrder.objects.values_list("status", flat=True))) == (
            {LOCKED},
            {"locked"},
        )
        assert Lock.objects.get().status == "renegotiating"
        assert not Sealing.objects.exists()

    def test_given_twice_is_given_once(self, found, alice):
        offer(found, user=alice)
        sign_as_seller(found, alice)
        with refused(Code.OFFER_SIGNED):
            sign_as_seller(found, alice)
        assert Signature.objects.count() == 1

    def test_of_an_earlier_version_counts_no_more(self, found, alice):
        offer(found, user=alice)
        sign_as_seller(found, alice)
        made = counter(found)
        assert not sign_as_buyer(found)
        assert Lock.objects.get().status == "renegotiating"
        assert sign_as_seller(found, alice, digest=made.digest)

    def test_of_stale_terms_is_refused_with_the_new_ones_standing(self, found, alice):
        old = offer(found, user=alice)
        typed = code(found)
        offer(found, "-2", user=alice)
        for act in (
            lambda: sign_as_buyer(found, digest=old.digest, code=typed),
            lambda: sign_as_seller(found, alice, digest=old.digest),
            lambda: talking.code(found, old.digest),
        ):
            with refused(Code.TERMS_CHANGED):
                act()
        assert not Signature.objects.exists()

    def test_without_consent_or_name_is_refused(self, found, alice):
        offer(found, user=alice)
        typed = code(found)
        with refused(Code.CONSENT_MISSING):
            sign_as_buyer(found, consent=False, code=typed)
        with refused(Code.INPUT_INVALID):
            sign_as_buyer(found, name=" ", code=typed)
        with refused(Code.CONSENT_MISSING):
            sign_as_seller(found, alice, consent=False)
        assert not Signature.objects.exists()
        assert not sign_as_buyer(found, code=typed)  # the code was not spent by what was refused


class TestBothSignatures:
    def test_give_the_orders_the_agreed_prices_and_confirm_them(self, store, alice):
        found = agreed(store, alice)
        assert money() == {LESS}
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"awaiting_payment"}
        assert set(RepeatLine.objects.values_list("base_minor", "total_minor")) == {
            (500_000, 492_500)
        }
        lock = Lock.objects.get()
        assert (lock.status, lock.total_minor, lock.ended_by) == (
            "confirmed",
            5 * 597_975,
            f"grant:{talking.grant(found).pk}",
        )
        assert Batch.objects.get().status == "closed"

    def test_make_the_fees_of_the_new_prices_by_the_frozen_rates(self, store, alice):
        agreed(store, alice)
        commission = OrderFee.objects.filter(kind="commission").first()
        assert (commission.base_minor, commission.amount_minor) == (495_000, 39_600)
        payment = OrderFee.objects.filter(kind="payment").first()
        assert (payment.base_minor, payment.amount_minor) == (589_050, 4_123)
        for fee in OrderFee.objects.all():
            assert recompute(fee.line) == fee.amount_minor
            assert (
                fee.detail.get("rate_set", Lock.objects.get().rate_set_id)
                == Lock.objects.get().rate_set_id
            )
        assert {o.fees_minor for o in RepeatOrder.objects.all()} == {
            sum(
                OrderFee.objects.filter(order=RepeatOrder.objects.first()).values_list(
                    "amount_minor", flat=True
                )
            )
        }

    def test_keep_the_stock_and_free_the_past_orders(self, store, alice):
        agreed(store, alice)
        assert not OrderClaim.objects.filter(released_at=None).exists()
        assert list(StockClaim.objects.values_list("quantity", "until", "released_at")) == [
            (2_500, None, None)
        ]

    def test_ask_for_one_seal_and_record_every_act(self, store, alice):
        found = agreed(store, alice)
        sealing = Sealing.objects.get()
        assert (sealing.kind, sealing.occasion) == ("renegotiation", current_offer(found).pk)
        kinds = LedgerEntry.objects.order_by("seq").values_list("kind", flat=True)
        assert list(kinds)[-4:] == [
            "offer.made",
            "offer.signed",
            "code.sent",
            "renegotiation.agreed",
        ]
        assert ledger.first_bad_entry(store.pk)[0] is None
        assert "Alice" not in json.dumps(list(LedgerEntry.objects.values_list("facts", flat=True)))

    def test_at_the_old_price_confirm_at_the_old_price(self, found, alice):
        offer(found, user=alice, rule="keep")
        sign_as_seller(found, alice)
        assert sign_as_buyer(found)
        assert money() == {LOCKED}

    @pytest.mark.parametrize("percent", ["2.5", "-0.0001", "3"])
    def test_may_raise_the_price_too(self, store, alice, percent):
        agreed(store, alice, percent)
        goods = round(Decimal(500_000) * (100 + Decimal(percent)) / 100)
        assert {m[0] for m in money()} == {goods}

    def test_keep_only_what_is_agreed_in_a_batch_of_two_lots(self, store, alice):
        """R-55: the rest of the batch lives on."""
        buyer, past = world.repeatable(store)
        item = world.sku(store, currency="CNY")
        past.append(
            world.past_order(
                store, buyer, [(item, 500, 500_000)], currency="CNY", freight_minor=2500
            )
        )
        batch = run(
            __import__("repurchase.batches.services.batches", fromlist=["x"]).create(
                store=store, numbers=[o.number for o in past], by="user:1"
            )
        )
        from repurchase.batches.services import price_lock

        price_lock.lock_and_invite(batch=batch, by="user:1")
        found = talking.moved(batch)
        offer(found, user=alice)
        sign_as_seller(found, alice)
        assert sign_as_buyer(found)
        assert dict(Lock.objects.values_list("currency", "status")) == {
            "USD": "confirmed",
            "CNY": "open",
        }
        assert Batch.objects.get().status == "locked"


class TestTheDeadline:
    def test_itself_is_too_late(self, found, alice, store):
        """R-53: half open, and the clock is read after the row is held."""
        offer(found, user=alice)
        sign_as_seller(found, alice)
        typed = code(found)
        world.move_clock(store, found.deadline_at)
        for act in (
            lambda: sign_as_buyer(found, code=typed),
            lambda: counter(found),
            lambda: renegotiation.decline(
                renegotiation=found, actor=renegotiation.seller_actor(alice)
            ),
        ):
            with pytest.raises(Problem) as problem:
                act()
            assert problem.value.code in (Code.RENEGOTIATION_LAPSED, Code.SIGNING_CODE_EXPIRED)
        assert Signature.objects.count() == 1
        sweep.run_sweep(store=store)
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"terminated"}
        assert money() == {LOCKED}

    def test_passed_leaves_both_free_to_talk(self, found, alice, store):
        world.move_clock(store, found.deadline_at + dt.timedelta(hours=1))
        renegotiation.remark(
            renegotiation=found, actor=renegotiation.seller_actor(alice), text="sorry"
        )
        renegotiation.remark(
            renegotiation=found, actor=renegotiation.buyer_actor(talking.grant(found)), text="pity"
        )
        assert list(Remark.objects.order_by("at").values_list("text", flat=True)) == [
            "sorry",
            "pity",
        ]


class TestADecline:
    @pytest.mark.parametrize("side", ["seller", "buyer"])
    def test_ends_the_orders_and_tells_the_reason(self, found, alice, side):
        actor = (
            renegotiation.seller_actor(alice)
            if side == "seller"
            else renegotiation.buyer_actor(talking.grant(found))
        )
        renegotiation.decline(renegotiation=found, actor=actor, reason="too dear")
        assert (Lock.objects.get().status, Batch.objects.get().status) == ("declined", "closed")
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"declined"}
        assert not StockClaim.objects.filter(released_at=None).exists()
        assert Remark.objects.get().text == "too dear"
        assert Letter.objects.filter(kind__contains="renegotiation_declined").count() == 2
        with refused(Code.LOCK_ENDED):
            counter(found)


class TestAFreshQuote:
    def test_is_the_same_past_orders_again_once(self, found, alice, store):
        with refused(Code.STATE_CONFLICT):
            renegotiation.start_fresh_quote(renegotiation=found, user=alice)
        world.move_clock(store, found.deadline_at)
        sweep.run_sweep(store=store)
        made = renegotiation.start_fresh_quote(renegotiation=found, user=alice)
        assert renegotiation.start_fresh_quote(renegotiation=found, user=alice) == made
        assert (made.quoted_after, list(found.fresh_quotes.all())) == (found, [made])
        run(made)
        assert set(made.orders.values_list("past_order_id", flat=True)) == set(
            Batch.objects.get(ref=found.lock.subject).orders.values_list("past_order_id", flat=True)
        )
        assert made.rate_set != FxRateSet.objects.order_by("pk").first()


class TestACode:
    def test_is_stored_nowhere(self, found, alice):
        offer(found, user=alice)
        typed = code(found)
        rows = str(list(SigningCode.objects.values())) + str(
            list(Letter.objects.values_list("subjects", flat=True))
        )
        assert typed not in rows + str(list(LedgerEntry.objects.values_list("facts", flat=True)))

    def test_works_once_and_only_for_its_terms_and_time(self, found, alice, store):
        offer(found, user=alice)
        typed = code(found)
        world.move_clock(store, clock.now(store) + dt.timedelta(minutes=10))
        with refused(Code.SIGNING_CODE_EXPIRED):
            sign_as_buyer(found, code=typed)
        fresh = code(found)
        with refused(Code.SIGNING_CODE_WRONG):
            sign_as_buyer(found, code=typed)
        assert not sign_as_buyer(found, code=f" {fresh[:3]} {fresh[3:]} ")
        with refused(Code.OFFER_SIGNED):
            sign_as_buyer(found, code=fresh)

    def test_is_void_after_five_wrong_ones(self, found, alice, store):
        offer(found, user=alice)
        typed = code(found)
        wrong = f"{(int(typed) + 1) % 1_000_000:06d}"
        for left in (4, 3, 2, 1):
            with pytest.raises(Problem) as problem:
                sign_as_buyer(found, code=wrong)
            assert (problem.value.code, problem.value.evidence["left"]) == (
                Code.SIGNING_CODE_WRONG,
                left,
            )
        for each in (wrong, typed, typed):
            with refused(Code.SIGNING_CODE_SPENT):
                sign_as_buyer(found, code=each)
        assert SigningCode.objects.get().tries == 5
        assert not Signature.objects.exists()

    @pytest.mark.parametrize(
        "typed", ["", "x", "12345", "1234567", "１２３４５６", "000000\x00", "é" * 6]
    )
    def test_that_is_none_is_wrong(self, found, alice, typed):
        offer(found, user=alice)
        code(found)
        with refused(Code.SIGNING_CODE_WRONG):
            sign_as_buyer(found, code=typed)

    def test_is_not_sent_at_any_rate(self, found, alice, store):
        offer(found, user=alice)
        code(found)
        with refused(Code.TOO_MANY_REQUESTS):
            code(found)
        for _ in range(5):
            world.move_clock(store, clock.now(store) + dt.timedelta(seconds=31))
            code(found)
        world.move_clock(store, clock.now(store) + dt.timedelta(seconds=31))
        with refused(Code.TOO_MANY_REQUESTS):
            code(found)
        assert SigningCode.objects.count() == 6

    def test_of_another_version_does_not_sign_this_one(self, found, alice):
        offer(found, user=alice)
        typed = code(found)
        made = offer(found, "-2", user=alice)
        with refused(Code.SIGNING_CODE_EXPIRED):
            sign_as_buyer(found, digest=made.digest, code=typed)


class TestTheDatabase:
    """The last wall: a locked price moves to exactly what both have signed, or not at all."""

    @pytest.fixture
    def signed(self, found, alice):
        """Both signatures stand, and nothing was moved yet: as if a program of another hand came
        next."""
        made = offer(found, user=alice)
        sign_as_seller(found, alice)
        with transaction.atomic():
            Signature.objects.create(
                store=found.store,
                offer=made,
                side="buyer",
                by="x",
                name="Bea",
                at=clock.now(found.store),
                digest=made.digest,
                consent_version="x",
                how="code",
            )
        return made

    @pytest.mark.parametrize(
        "change",
        [
            "status = 'confirmed', goods_minor = 492501, tax_minor = 94050, total_minor = 589050",
            "status = 'confirmed'",
            "status = 'confirmed', goods_minor = 1, tax_minor = 1, total_minor = 1",
            "goods_minor = 492500, tax_minor = 94050, total_minor = 589050",
            "status = 'confirmed', goods_minor = 492500, tax_minor = 94050, total_minor = 589050, currency = 'EUR'",
        ],
    )
    def test_refuses_any_other_price_than_the_signed_one(self, signed, change):
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            connection.cursor().execute(f"UPDATE repurchase_repeatorder SET {change}")

    def test_lets_the_signed_one_through(self, signed):
        connection.cursor().execute(
            "UPDATE repurchase_repeatorder SET status = 'confirmed', goods_minor = 492500, tax_minor = 94050,"
            " total_minor = 589050"
        )
        for wrong in ("492501", "0", "500001"):
            with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
                connection.cursor().execute(
                    f"UPDATE repurchase_repeatline SET total_minor = {wrong}"
                )
        connection.cursor().execute("UPDATE repurchase_repeatline SET total_minor = 492500")
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            connection.cursor().execute("UPDATE repurchase_repeatline SET total_minor = 500000")

    @pytest.mark.parametrize(
        "spoil",
        [
            "UPDATE pricing_signature SET at = at + interval '5 hours' WHERE side = 'buyer'",
            "UPDATE pricing_signature SET digest = repeat('0', 64) WHERE side = 'buyer'",
            "DELETE FROM pricing_signature WHERE side = 'seller'",
            "UPDATE pricing_offer SET beyond_band = true",
            "UPDATE pricing_offerterms SET text = text || '\\x20'::bytea",
        ],
    )
    def test_refuses_it_when_a_signature_an_approval_or_the_bytes_are_not_right(
        self, signed, spoil
    ):
        tables = ("signature", "offer", "offerterms")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in tables:
                cursor.execute(f"ALTER TABLE pricing_{table} DISABLE TRIGGER USER")
            cursor.execute(spoil)
            for table in tables:
                cursor.execute(f"ALTER TABLE pricing_{table} ENABLE TRIGGER USER")
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            connection.cursor().execute(
                "UPDATE repurchase_repeatorder SET status = 'confirmed', goods_minor = 492500, tax_minor = 94050,"
                " total_minor = 589050"
            )

    def test_refuses_to_confirm_a_renegotiated_order_that_one_has_signed(self, found, alice):
        offer(found, user=alice, rule="keep")
        sign_as_seller(found, alice)
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            RepeatOrder.objects.update(status="confirmed")

    def test_keeps_the_locks_own_terms(self, store, alice):
        found = agreed(store, alice)
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            Lock.objects.filter(pk=found.lock_id).update(total_minor=1)
