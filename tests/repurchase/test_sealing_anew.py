"""The sealed agreement of a renegotiation: what both signed, why, and how it is checked (R-54,
R-56, F-11)."""

import random

import pytest
from django.db import connection

from diagnostics.models import LedgerEntry
from marketplace import sandboxed_reader
from outbox.emails import RENDERERS
from outbox.models import Letter
from pricing import sealed_pdf_reader
from pricing.agreements import CLAUSE
from pricing.models import OfferTerms, SealedAgreement, Sealing
from pricing.services import agreement_sealing, verification
from pricing.services.renegotiation import current_offer
from pricing.services.verification import VerificationCheck
from repurchase.confirmation.queries import amendments
from tests import world
from tests.repurchase import talking
from tests.repurchase.test_verifying import flipped, judged

pytestmark = pytest.mark.django_db
FLIPS = 100


@pytest.fixture
def found(store, alice):
    return talking.agreed(store, alice)


def sealed() -> SealedAgreement:
    return agreement_sealing.seal(Sealing.objects.get().pk)


def drawn():
    return amendments.build_amendment(Sealing.objects.get().occasion).agreement


class TestTheDraft:
    def test_names_the_clause_both_parties_and_the_trigger(self, found, alice):
        agreement = drawn()
        assert agreement.clause == CLAUSE == "《速卖通大宗交易补充协议》第4.7条"
        assert agreement.seller.identified[-1].value == alice.email
        assert agreement.buyer.legal_name == found.lock.buyer.name
        assert (agreement.trigger.ref, agreement.trigger.rule) == (str(found.pk), "fx USD/CNY")
        assert (agreement.trigger.value, agreement.trigger.limit) == ("+3.000 %", "±2.5 %")

    def test_shows_old_and_new_prices_line_by_line_and_in_total(self, found):
        agreement = drawn()
        lines = {
            (line.then_minor, line.now_minor) for order in agreement.orders for line in order.lines
        }
        assert lines == {(500_000, 492_500)}
        assert agreement.changed.then.total_minor == 5 * 597_975
        assert sum(order.total_minor for order in agreement.orders) == 2_945_250
        assert (agreement.changed.rule, agreement.changed.percent) == ("uniform", "-1.5")

    def test_gives_each_rate_then_and_now_with_its_source(self, found):
        rates = {rate.name: rate for rate in drawn().rates}
        assert set(rates) == {"EUR/CNY", "EUR/USD", "CRB", "USD/CNY"}
        assert (rates["EUR/CNY"].then.value, rates["EUR/CNY"].now.value) == ("7.8", "8.034")
        assert (rates["USD/CNY"].then.value, rates["USD/CNY"].now.value) == (
            "7.09090909",
            "7.30363636",
        )
        assert all(rate.source for rate in rates.values())

    def test_carries_both_signatures_with_their_evidence(self, found):
        by_role = {signature.role: signature for signature in drawn().signatures}
        assert {role: s.act for role, s in by_role.items()} == {
            "seller": "sign_password",
            "buyer": "sign",
        }
        assert by_role["buyer"].name == "Bea Buyer"
        for signature in by_role.values():
            assert [agreed.digest for agreed in signature.agreed] == [current_offer(found).digest]
            assert (signature.ip, signature.consent_version) == ("203.0.113.7", "price-change-1")

    def test_of_an_index_names_the_two_closes_that_were_compared(self, store, alice):
        from datetime import timedelta

        from marketplace import clock
        from repurchase.confirmation.services import triggers

        _, past = world.repeatable(store)
        world.index_close("291", closed_on=world.TODAY - timedelta(days=6))
        batch = talking.planned(store, past)
        world.move_clock(store, clock.now(store) + timedelta(days=1))
        world.index_close("301", closed_on=world.TODAY + timedelta(days=1))
        assert triggers.open_renegotiations(store=store) == 1
        made = talking.Renegotiation.objects.get(lock__subject=batch.ref)
        talking.offer(made, "2", user=alice)
        talking.sign_as_seller(made, alice)
        assert talking.sign_as_buyer(made)
        rate = next(rate for rate in drawn().rates if rate.name == "CRB")
        assert (rate.then.value, rate.now.value) == ("291", "301")
        assert drawn().trigger.limit == "+3 %"

    def test_is_not_drawn_up_from_bytes_that_were_tampered_with(self, found):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE pricing_offerterms DISABLE TRIGGER USER")
            OfferTerms.objects.update(
                text=bytes(OfferTerms.objects.get().text).replace(b"USD", b"EUR", 1)
            )
        with pytest.raises(ValueError, match="no longer those that were offered"):
            sealed()
        assert not SealedAgreement.objects.exists()


class TestTheSeal:
    def test_is_verified_by_every_check(self, found):
        made = sealed()
        pdf = agreement_sealing.content_of(made)
        verdict = verification.verify(pdf)
        assert verdict.ok, verdict.checks
        assert verdict.agreement["kind"] == "renegotiation"
        assert (
            sandboxed_reader.read("pricing.sealed_pdf_reader", pdf)["files"]["terms-1.json"]
            == current_offer(found).digest
        )

    def test_is_broken_by_any_flipped_byte(self, found):
        """F-11."""
        pdf = agreement_sealing.content_of(sealed())
        dice = random.Random(11)
        cases = [(dice.randrange(len(pdf)), dice.randrange(8)) for _ in range(FLIPS)]
        assert [case for case in cases if judged(flipped(pdf, *case)).ok] == []

    def test_rests_on_the_ledgers_entry_of_the_second_signature(self, found):
        made = sealed()
        entry = LedgerEntry.objects.get(kind="renegotiation.agreed")
        assert drawn().ledger.digest == entry.digest
        pdf = agreement_sealing.content_of(made)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE diagnostics_ledgerentry DISABLE TRIGGER USER")
            cursor.execute(
                "UPDATE diagnostics_ledgerentry SET facts = facts || '{\"x\": 1}' WHERE kind = 'offer.made'"
            )
        wrong = {
            check.check
            for check in verification.judge(pdf, sealed_pdf_reader.read(pdf)).checks
            if not check.ok
        }
        assert wrong == {VerificationCheck.CHAIN}

    def test_goes_to_both_by_mail_in_their_words(self, found, alice):
        made = sealed()
        for side in ("seller", "buyer"):
            letter = RENDERERS[f"repurchase.sealed_{side}"](
                Letter.objects.get(kind=f"repurchase.sealed_{side}").subjects
            )
            assert letter.attachments[0][0] == f"{made.subject}-renegotiation.pdf"
        assert "are agreed" in letter.subject
