"""F-10 and F-4 for changed terms: double-clicks, replays and both sides at once, on connections of
their own."""

from collections import Counter
from functools import partial

import pytest
from django.db import transaction

from diagnostics.codes import Code
from marketplace import clock
from pricing.models import Lock, Offer, Sealing, Signature, SigningCode
from pricing.services.renegotiation import current_offer
from repurchase.confirmation.services import renegotiation
from repurchase.deadlines import sweep
from repurchase.models import RepeatOrder
from tests import world
from tests.pricing.locked import end_renegotiation_at
from tests.pricing.test_races import at_once
from tests.repurchase import talking

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def found(store, alice):
    world.move_clock(store, world.NOW)
    made = talking.renegotiated(store, by=f"user:{alice.pk}")
    talking.offer(made, user=alice)
    return made


def codes(answers) -> Counter:
    return Counter(answer for answer in answers if isinstance(answer, Code))


class TestTheBuyersSignature:
    def test_pressed_twenty_times_at_once_is_one(self, found, alice):
        talking.sign_as_seller(found, alice)
        typed, digest = talking.code(found), current_offer(found).digest
        answers = at_once([partial(talking.sign_as_buyer, found, code=typed, digest=digest)] * 20)
        assert answers.count(True) == 1
        assert set(codes(answers)) <= {
            Code.OFFER_SIGNED,
            Code.LOCK_ENDED,
            Code.SIGNING_CODE_EXPIRED,
        }
        assert Signature.objects.filter(side="buyer").count() == 1
        assert Sealing.objects.count() == 1
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"awaiting_payment"}

    def test_guessed_twenty_times_at_once_gets_five_guesses(self, found):
        typed, digest = talking.code(found), current_offer(found).digest
        wrong = [f"{(int(typed) + n) % 1_000_000:06d}" for n in range(1, 21)]
        answers = at_once(
            [partial(talking.sign_as_buyer, found, code=each, digest=digest) for each in wrong]
        )
        assert codes(answers) == {Code.SIGNING_CODE_WRONG: 4, Code.SIGNING_CODE_SPENT: 16}
        assert SigningCode.objects.get().tries == 5
        assert not Signature.objects.exists()

    def test_asked_for_twenty_codes_at_once_sends_one(self, found):
        digest = current_offer(found).digest
        ask = partial(
            renegotiation.send_code,
            renegotiation=found,
            grant=talking.grant(found),
            digest=digest,
            consent=True,
        )
        answers = at_once([ask] * 20)
        assert codes(answers) == {Code.TOO_MANY_REQUESTS: 19}
        assert SigningCode.objects.count() == 1


class TestBothSides:
    def test_signing_at_once_agree_once(self, found, alice, store):
        typed, digest = talking.code(found), current_offer(found).digest
        answers = at_once(
            [partial(talking.sign_as_buyer, found, code=typed, digest=digest)] * 10
            + [partial(talking.sign_as_seller, found, alice, digest=digest)] * 10
        )
        assert (answers.count(True), answers.count(False)) == (1, 1)
        assert Counter(Signature.objects.values_list("side", flat=True)) == {
            "seller": 1,
            "buyer": 1,
        }
        assert Lock.objects.get().status == "confirmed"

    def test_signing_while_the_other_counters_sign_the_same_terms_or_none(self, found, alice):
        """A version that comes first makes the signature void; one that comes late finds the lot
        settled."""
        talking.sign_as_seller(found, alice)
        typed, digest = talking.code(found), current_offer(found).digest
        answers = at_once(
            [partial(talking.sign_as_buyer, found, code=typed, digest=digest)]
            + [partial(talking.offer, found, "-2", user=alice)] * 4
        )
        lock, signed = Lock.objects.get(), Signature.objects.filter(side="buyer").first()
        assert (lock.status == "confirmed") is (answers[0] is True)
        if answers[0] is True:
            assert signed.digest == digest
            assert Counter(answers[1:])[Code.LOCK_ENDED] + Offer.objects.count() - 1 == 4
        else:
            assert answers[0] is Code.TERMS_CHANGED
            assert signed is None

    def test_signing_while_the_time_ends_agree_in_time_or_not_at_all(self, found, alice, store):
        """F-4: one winner among signature, decline and the clock; none of it late."""
        talking.sign_as_seller(found, alice)
        typed, digest = talking.code(found), current_offer(found).digest
        end_renegotiation_at(found, clock.now(store) + world.dt.timedelta(milliseconds=40))
        with transaction.atomic():
            found.refresh_from_db()
        calls = [partial(talking.sign_as_buyer, found, code=typed, digest=digest)] * 8
        calls += [
            partial(
                renegotiation.decline, renegotiation=found, actor=renegotiation.seller_actor(alice)
            )
        ] * 4
        calls += [partial(sweep.run_sweep, store=store)] * 4
        at_once(calls, spread=0.08)
        sweep.run_sweep(store=store)
        lock = Lock.objects.get()
        assert lock.status in ("confirmed", "declined", "terminated")
        assert (lock.ended_at < lock.renegotiation_deadline) is (lock.status != "terminated")
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {lock.status}
        assert Signature.objects.filter(side="buyer").exists() is (lock.status == "confirmed")
