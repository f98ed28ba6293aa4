"""F-11 over rows: whatever column of a lock, its terms, an act, an offer or a signature is
changed, it is found."""

import json
import random
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from diagnostics import ledger, proofs
from diagnostics.models import LedgerEntry
from marketplace import clock
from marketplace.models import FxRate, RateCard, TaxRate
from pricing import frozen_values
from pricing.models import FrozenValues, Lock, Renegotiation, SealedAgreement
from pricing.renegotiation import Side
from pricing.services import agreement_sealing
from pricing.services.verification import VerificationCheck
from repurchase.confirmation.queries.offer_amounts import load_lot_orders, price_proposal
from repurchase.confirmation.queries.renegotiation_page import build_renegotiation_page
from repurchase.confirmation.services import renegotiation, triggers
from repurchase.models import Batch
from tests import world
from tests.chaos.sizes import size
from tests.diagnostics.tampering import other, prepared, undone, untriggered
from tests.repurchase import talking
from tests.repurchase.sealing import confirmed, planned, sealed
from tests.repurchase.test_verifying import judged

pytestmark = pytest.mark.django_db
FLIPS = size(200, 2_000, 10_000)
CASES = sorted(
    (table, field.attname)
    for table, (model, may_change) in proofs.DIGESTED_TABLES.items()
    for field in model._meta.concrete_fields
    if field.attname not in may_change
)


@pytest.fixture
def told(store, alice, bob):
    """A renegotiation that both signed after an approval, a remark and a counter-offer: every
    proving table has rows."""
    world.member(store, "owner", "second@example.com")
    found = talking.renegotiated(store, by=f"user:{alice.pk}")
    offered = talking.offer(found, "-4", user=alice)
    renegotiation.approve(renegotiation=found, digest=offered.digest, by=f"user:{bob.pk}")
    renegotiation.remark(renegotiation=found, actor=renegotiation.seller_actor(alice), text="Well?")
    talking.counter(found)
    talking.sign_as_seller(found, alice)
    assert talking.sign_as_buyer(found)
    confirmed(store, country="FR")
    return store


def differing(store) -> list[str]:
    return list(proofs.find_differences(store.pk))


def flip(table: str, column: str, row, *, dice: random.Random | None = None) -> None:
    """Past the triggers, keys and checks, as the owner of the tables could."""
    model = proofs.DIGESTED_TABLES[table][0]
    field = model._meta.get_field(column)
    value = other(getattr(row, column), field, dice)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        pk = model._meta.pk
        cursor.execute(
            f"UPDATE {table} SET {column} = %s WHERE {pk.attname} = %s",
            [prepared(field, value), prepared(pk, row.pk)],
        )
        assert cursor.rowcount == 1


class TestEveryRow:
    def test_is_recorded_and_equals_the_ledger(self, told):
        assert differing(told) == []
        for table, (model, _) in proofs.DIGESTED_TABLES.items():
            assert model._base_manager.filter(store_id=told.pk).exists(), (
                f"{table} has no row to try it on"
            )
        call_command("verify_ledger", "--store", str(told.pk), stdout=StringIO())

    def test_is_found_whatever_column_of_it_is_changed(self, told):
        missed = []
        for table, column in CASES:
            row = (
                proofs.DIGESTED_TABLES[table][0]
                ._base_manager.filter(store_id=told.pk)
                .order_by("pk")
                .last()
            )
            with undone():
                try:
                    with transaction.atomic():
                        flip(table, column, row)
                except DatabaseError:
                    continue  # a check of the database lets no such value stand
                if not any(each.startswith(table) for each in differing(told)):
                    missed.append((table, column, row.pk))
        assert missed == []
        assert differing(told) == []

    def test_is_found_whatever_byte_of_it_is_flipped(self, told):
        dice, missed, flips = random.Random(15), [], 0
        rows = {
            table: list(model._base_manager.filter(store_id=told.pk).order_by("pk"))
            for table, (model, _) in proofs.DIGESTED_TABLES.items()
        }
        while flips < FLIPS:
            table, column = dice.choice(CASES)
            row = dice.choice(rows[table])
            with undone():
                try:
                    with transaction.atomic():
                        flip(table, column, row, dice=dice)
                except DatabaseError:
                    continue
                flips += 1
                if not differing(told):
                    missed.append((table, column, row.pk))
        assert missed == []

    def test_is_missed_when_it_is_gone_and_noticed_when_it_was_slipped_in(self, told):
        for table, (model, _) in proofs.DIGESTED_TABLES.items():
            row, pk = (
                model._base_manager.filter(store_id=told.pk).order_by("pk").first(),
                model._meta.pk,
            )
            with undone(), connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                cursor.execute(
                    f"DELETE FROM {table} WHERE {pk.attname} = %s", [prepared(pk, row.pk)]
                )
                assert f"{table} {row.pk}: gone" in differing(told)
            with undone():
                forget(told, table)
                assert f"{table} {row.pk}: not recorded" in differing(told)

    def test_can_t_be_changed_even_by_the_owner(self, told):
        for table in (
            "pricing_act",
            "pricing_lockterms",
            "pricing_frozenvalues",
            "pricing_signature",
        ):
            for sql in (f"UPDATE {table} SET store_id = store_id", f"DELETE FROM {table}"):
                with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                    connection.cursor().execute(sql)


def forget(store, table: str) -> None:
    """What the ledger would be had this table's rows never been recorded."""
    with untriggered("diagnostics_ledgerentry"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE diagnostics_ledgerentry SET facts = facts #- ARRAY['rows', %s] WHERE store_id = %s AND facts ? 'rows'",
            [table, store.pk],
        )


class TestTheCommand:
    def test_names_every_row_that_differs_and_fails(self, told, capsys):
        lock = Lock.objects.order_by("pk").first()
        with untriggered("pricing_lock"):
            Lock.objects.filter(pk=lock.pk).update(fx_trigger="0.5")
        with pytest.raises(CommandError, match="rows differ from the ledger"):
            call_command("verify_ledger", "--store", str(told.pk))
        assert f"pricing_lock {lock.pk}: changed" in capsys.readouterr().out
        with pytest.raises(CommandError):
            call_command("verify_ledger", "--json", "--store", str(told.pk))
        (result,) = json.loads(capsys.readouterr().out)
        assert result["differing"] == [result["bad"]] == [f"pricing_lock {lock.pk}: changed"]

    def test_finds_a_ledger_whose_head_is_gone(self, told):
        with undone(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM diagnostics_ledgerhead WHERE store_id = %s", [told.pk])
            with pytest.raises(CommandError):
                call_command("verify_ledger", stdout=StringIO())

    def test_finds_a_changed_row_of_a_sealed_agreement(self, told):
        batch = Batch.objects.filter(status="closed").order_by("pk").last()
        made = sealed(batch)
        assert differing(told) == []
        with untriggered("pricing_sealedagreement"):
            SealedAgreement.objects.filter(pk=made.pk).update(file_bytes=1)
        assert differing(told) == [f"pricing_sealedagreement {made.pk}: changed"]


class TestVerifyingAnAgreement:
    def test_compares_the_rows_that_it_rests_on(self, store):
        made = sealed(confirmed(store))
        pdf = agreement_sealing.content_of(made)
        assert judged(pdf).ok
        with undone(), untriggered("pricing_act"), connection.cursor() as cursor:
            cursor.execute("UPDATE pricing_act SET ip = '203.0.113.99'")
            assert _wrong(pdf) == {VerificationCheck.ROWS}
        with undone():
            FxRate.objects.filter(currency="CNY").update(per_euro="9")
            assert _wrong(pdf) == {VerificationCheck.ROWS}


def _wrong(pdf: bytes) -> set[VerificationCheck]:
    return {found.check for found in judged(pdf).checks if not found.ok}


class TestWhatALockFroze:
    def test_is_what_it_is_judged_by_whatever_becomes_of_the_rows(self, store):
        """A rate changed under an open lock made a false renegotiation, and every verification
        said intact."""
        _, past = world.repeatable(store)
        batch = planned(store, past)
        FxRate.objects.filter(currency="CNY").update(per_euro="9")
        world.rates(source="newer")
        triggers.open_renegotiations(store=store)
        assert not Renegotiation.objects.exists()
        assert [each.split(" ")[0] for each in differing(store)] == [f"{batch.ref}:"]
        assert "marketplace.fxrate" in differing(store)[0]

    def test_is_what_a_true_move_is_measured_against(self, store):
        _, past = world.repeatable(store)
        planned(store, past)
        FxRate.objects.filter(currency="CNY").update(per_euro="8.034")
        world.rates(source="newer", CNY="8.034")
        triggers.open_renegotiations(store=store)
        assert Renegotiation.objects.get().percent == "+3.000 %"

    def test_is_what_new_prices_are_worked_out_by(self, store, alice):
        found = talking.renegotiated(store, by=f"user:{alice.pk}")
        proposal = talking.offer(found, user=alice).proposal
        before = price_proposal(load_lot_orders(found.lock), proposal)
        FxRate.objects.update(per_euro="5")
        assert price_proposal(load_lot_orders(found.lock), proposal) == before

    def test_is_what_the_seller_is_shown_as_the_rate_of_the_lock(self, store, alice):
        found = talking.renegotiated(store, by=f"user:{alice.pk}")
        before = build_renegotiation_page(found, now=clock.now(store), side=Side.SELLER).converted
        FxRate.objects.filter(rate_set=found.base_rate_set).update(per_euro="5")
        assert (
            build_renegotiation_page(found, now=clock.now(store), side=Side.SELLER).converted
            == before
        )

    @pytest.mark.parametrize(
        ("model", "change"),
        [(TaxRate, {"rate": "0.18"}), (RateCard, {"step_minor": 1}), (FxRate, {"per_euro": "1.5"})],
    )
    def test_differs_from_a_row_that_was_changed_behind_its_back(self, store, model, change):
        _, past = world.repeatable(store)
        planned(store, past)
        assert differing(store) == []
        model.objects.update(**change)
        assert any(f"{model._meta.label_lower} " in each for each in differing(store))

    def test_differs_from_policies_of_the_batch_that_were_changed(self, store):
        _, past = world.repeatable(store)
        batch = planned(store, past)
        with untriggered("repurchase_batch"):
            Batch.objects.filter(pk=batch.pk).update(
                policies=batch.policies | {"price_band": "0.5"}
            )
        assert differing(store) == [
            f"{batch.ref}: policy price_band was {batch.policies['price_band']}, is 0.5"
        ]

    def test_stays_with_the_batch_that_is_locked(self, store):
        _, past = world.repeatable(store)
        batch = planned(store, past)
        for change in ({"policies": {}}, {"rate_set": None}, {"index_close": None}):
            with pytest.raises(DatabaseError, match="PRICE_LOCKED"), transaction.atomic():
                Batch.objects.filter(pk=batch.pk).update(**change)

    def test_is_not_read_when_its_bytes_are_no_longer_those_of_its_digest(self, store):
        _, past = world.repeatable(store)
        planned(store, past)
        with untriggered("pricing_frozenvalues"):
            FrozenValues.objects.update(text=b"{}")
        with pytest.raises(ValueError, match="no longer those"):
            frozen_values.rates_of_locks(list(Lock.objects.all()))

    def test_stands_in_the_ledger_by_its_digest(self, store):
        _, past = world.repeatable(store)
        planned(store, past)
        entry = LedgerEntry.objects.get(kind="batch.locked")
        assert entry.facts["frozen"] == FrozenValues.objects.get().digest
        assert ledger.first_bad_entry(store.pk)[0] is None

    def test_does_not_differ_because_a_version_was_closed_since(self, store):
        _, past = world.repeatable(store)
        planned(store, past)
        TaxRate.objects.filter(country="DE").update(valid_until="2099-01-01")
        assert differing(store) == []
