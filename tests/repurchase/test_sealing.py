"""A confirmation becomes a sealed PDF: once, in a worker, recorded and told."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from outbox import document_jobs
from outbox.emails import RENDERERS
from outbox.models import Letter
from pricing import sealed_pdf_reader, signing
from pricing.models import Grant, Lock, LockTerms, SealedAgreement, Sealing
from pricing.services import agreement_sealing
from repurchase.confirmation.queries import agreements
from repurchase.confirmation.services import buyer_response
from repurchase.deadlines import sweep
from repurchase.models import RepeatOrder
from tests import world
from tests.diagnostics.tampering import untriggered
from tests.repurchase.sealing import confirm, confirmed, planned, sealed

pytestmark = pytest.mark.django_db


class TestTheAgreement:
    def test_says_what_the_buyer_confirmed_and_what_was_left_out(self, store, alice):
        batch = confirmed(store, orders=6, left_out=2, by=f"user:{alice.pk}")
        lock = Lock.objects.get()
        drawn = agreements.build_confirmation(lock.pk).agreement
        assert [order.ref for order in drawn.orders] == [
            f"{batch.ref}-{n:04d}" for n in range(3, 7)
        ]
        assert drawn.left_out == (f"{batch.ref}-0001", f"{batch.ref}-0002")
        assert {line.then_minor for order in drawn.orders for line in order.lines} == {500_000}
        assert sum(order.total_minor for order in drawn.orders) == 4 * 597_975
        assert [(s.role, s.act) for s in drawn.signatures] == [
            ("seller", "offer"),
            ("buyer", "confirm"),
        ]
        assert drawn.signatures[1].agreed[0].digest == lock.terms_digest
        assert drawn.signatures[1].ip == "203.0.113.7"
        assert drawn.ledger.digest == LedgerEntry.objects.get(kind="buyer.confirmed").digest
        assert {rate.name for rate in drawn.rates} == {"EUR/CNY", "EUR/USD", "CRB"}

    def test_carries_the_exact_bytes_that_the_act_is_bound_to(self, store):
        batch = confirmed(store)
        found = sealed_pdf_reader.read(agreement_sealing.content_of(sealed(batch)))
        assert found["files"]["terms-1.json"] == Lock.objects.get().terms_digest

    def test_holds_every_lot_of_one_answer(self, store):
        """Prices in another currency are another lot (ADR 3)."""
        buyer, past = world.repeatable(store, orders=5)
        item = world.sku(store, currency="GBP")
        past.append(
            world.past_order(
                store, buyer, [(item, 500, 500_000)], currency="GBP", freight_minor=2500
            )
        )
        confirm(planned(store, past))
        assert Lock.objects.count() == 2
        drawn = _drawn()
        assert {lot.currency for lot in drawn.lots} == {"GBP", "USD"}
        assert len(drawn.signatures[1].agreed) == 2

    def test_is_not_drawn_up_from_terms_that_were_tampered_with(self, store):
        batch = confirmed(store)
        terms = LockTerms.objects.get()
        with untriggered("pricing_lockterms"):
            LockTerms.objects.update(text=bytes(terms.text).replace(b'"USD"', b'"EUR"', 1))
        with pytest.raises(ValueError, match="no longer those that were confirmed"):
            sealed(batch)
        assert not SealedAgreement.objects.exists()

    @pytest.mark.parametrize(
        "change",
        [
            "total_minor = total_minor + 1",
            "quantity = quantity + 1",
            "outcome = 'excluded'",
            "line_no = 9",
        ],
    )
    def test_prints_no_order_that_is_other_than_its_terms(self, store, change):
        """Past the triggers, as the owner of the tables could."""
        confirmed(store)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE repurchase_repeatline DISABLE TRIGGER USER")
            cursor.execute(
                f"UPDATE repurchase_repeatline SET {change} WHERE id = (SELECT min(id) FROM repurchase_repeatline)"
            )
            cursor.execute("ALTER TABLE repurchase_repeatline ENABLE TRIGGER USER")
        with pytest.raises(ValueError, match="no longer as it was agreed"):
            _drawn()

    def test_is_the_same_whatever_became_of_the_orders_since(self, store):
        confirmed(store)
        before = _drawn()
        RepeatOrder.objects.update(status="awaiting_payment")
        assert _drawn() == before


def _drawn():
    return agreements.build_confirmation(Sealing.objects.get().occasion).agreement


class TestSealing:
    def test_is_done_once_and_recorded_with_every_field_of_its_row(self, store):
        made = sealed(confirmed(store))
        assert agreement_sealing.seal(made.sealing_id) is None
        assert SealedAgreement.objects.count() == 1
        entry = LedgerEntry.objects.get(kind="agreement.sealed")
        assert entry.facts == json.loads(json.dumps(agreement_sealing.facts_of(made)))

    def test_is_asked_for_once_an_occasion(self, store):
        confirmed(store)
        asked = Sealing.objects.get()
        agreement_sealing.ask(
            store_id=store.pk,
            kind=asked.kind,
            subject="x",
            occasion=asked.occasion,
            at=clock.now(store),
        )
        assert Sealing.objects.count() == 1

    def test_is_not_asked_for_by_a_decline(self, store):
        _, past = world.repeatable(store)
        planned(store, past)
        digests = {lock.pk: lock.terms_digest for lock in Lock.objects.all()}
        token = signing.token_of(Grant.objects.get())
        buyer_response.decline(token=token, digests=digests, ip=None, user_agent="")
        assert not Sealing.objects.exists()

    def test_is_told_to_both_with_the_pdf_attached(self, store, alice):
        made = sealed(confirmed(store, by=f"user:{alice.pk}"))
        letters = {
            side: RENDERERS[f"repurchase.sealed_{side}"](
                Letter.objects.get(kind=f"repurchase.sealed_{side}").subjects
            )
            for side in ("seller", "buyer")
        }
        for letter in letters.values():
            [(name, pdf, kind)] = letter.attachments
            assert (name, kind) == (f"{made.subject}-confirmation.pdf", "application/pdf")
            assert agreement_sealing.content_of(made) == pdf
            assert "/verify/" in letter.text
        assert letters["seller"].to == [alice.email]
        assert "/b/" in letters["buyer"].text
        assert "/b/" not in letters["seller"].text

    def test_leaves_nothing_behind_when_it_fails(self, store, settings):
        batch = confirmed(store)
        settings.SEAL_CERTIFICATE = ""
        with pytest.raises(Exception, match="SEAL_CERTIFICATE"):
            sealed(batch)
        assert not SealedAgreement.objects.exists()
        assert not LedgerEntry.objects.filter(kind="agreement.sealed").exists()
        assert Sealing.objects.get().done_at is None

    def test_is_rung_again_by_the_sweep_and_ever_more_rarely(self, store):
        confirmed(store)
        assert sweep.run_sweep(store=store).rung_seals == 0
        long_ago = clock.now() - document_jobs.ENQUEUE_AGAIN_AFTER
        Sealing.objects.update(rung_at=long_ago)
        assert sweep.run_sweep(store=store).rung_seals == 1
        assert sweep.run_sweep(store=store).rung_seals == 0
        Sealing.objects.update(rung_at=long_ago, tries=5)
        assert sweep.run_sweep(store=store).rung_seals == 0
        Sealing.objects.update(rung_at=clock.now() - document_jobs.LONGEST_WAIT, tries=500)
        assert sweep.run_sweep(store=store).rung_seals == 1


class TestWhatIsStored:
    @pytest.fixture
    def made(self, store) -> SealedAgreement:
        return sealed(confirmed(store))

    def test_can_t_be_changed_in_the_database(self, made):
        rows = SealedAgreement.objects.filter(pk=made.pk)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(digest="0" * 64)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.delete()

    def test_lies_under_a_random_key_and_is_not_handed_out_when_it_is_damaged(self, made):
        name = made.file_key.removeprefix("agreements/").removesuffix(".pdf")
        assert len(name) >= 43
        assert made.subject not in name
        content = bytearray(agreement_sealing.content_of(made))
        content[len(content) // 2] ^= 1
        default_storage.delete(made.file_key)
        with pytest.raises(Problem, match="AGREEMENT_DAMAGED"):
            agreement_sealing.content_of(made)
        default_storage.save(made.file_key, ContentFile(bytes(content)))
        with pytest.raises(Problem, match="AGREEMENT_DAMAGED"):
            agreement_sealing.content_of(made)


class TestTheConfiguration:
    def test_names_the_demo_certificate(self, capsys):
        with pytest.raises(Exception, match="settings are not fit"):
            call_command("check_config")
        assert "SEAL_CERTIFICATE is the self-made one of the demo" in capsys.readouterr().out

    def test_names_a_missing_one(self, capsys, settings):
        settings.SEAL_CERTIFICATE = ""
        with pytest.raises(Exception, match="settings are not fit"):
            call_command("check_config")
        assert "SEAL_CERTIFICATE names no PKCS#12 file" in capsys.readouterr().out
