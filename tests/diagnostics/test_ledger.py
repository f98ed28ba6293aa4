import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from diagnostics import ledger
from diagnostics.models import LedgerEntry

AT = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def record(n: int = 1, store_id: int = 1) -> LedgerEntry:
    return [
        ledger.record(
            store_id=store_id, kind="test", subject="thing:1", by="user:1", at=AT, n=i, of="中文"
        )
        for i in range(n)
    ][-1]


def tamper(sql: str) -> None:
    """What an attacker with the owner's rights could do: switch the trigger off first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE diagnostics_ledgerentry DISABLE TRIGGER the_ledger_is_append_only"
        )
        cursor.execute(sql)
        cursor.execute(
            "ALTER TABLE diagnostics_ledgerentry ENABLE TRIGGER the_ledger_is_append_only"
        )


@pytest.mark.django_db
class TestTheLedger:
    def test_chains_the_entries_of_a_store(self):
        record(3)
        first, second, third = LedgerEntry.objects.order_by("seq")
        assert [first.seq, second.seq, third.seq] == [1, 2, 3]
        assert (first.previous, second.previous, third.previous) == (
            "",
            first.digest,
            second.digest,
        )
        assert ledger.first_bad_entry(1) == (None, 3)

    def test_keeps_one_chain_a_store(self):
        record(2, store_id=1)
        assert record(1, store_id=2).seq == 1

    @pytest.mark.parametrize(
        "change",
        ["UPDATE diagnostics_ledgerentry SET by = 'x'", "DELETE FROM diagnostics_ledgerentry"],
    )
    def test_is_append_only_in_the_database_itself(self, change):
        record(1)
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE diagnostics_ledgerentry SET by = 'user:2' WHERE seq = 2",
            "UPDATE diagnostics_ledgerentry SET at = at + interval '1 microsecond' WHERE seq = 2",
            "UPDATE diagnostics_ledgerentry SET facts = facts || '{\"n\": 9}' WHERE seq = 2",
            "UPDATE diagnostics_ledgerentry SET subject = 'thing:2' WHERE seq = 2",
            "DELETE FROM diagnostics_ledgerentry WHERE seq = 1",
        ],
    )
    def test_names_the_first_bad_entry(self, change):
        record(3)
        tamper(change)
        bad, read = ledger.first_bad_entry(1)
        assert bad is not None
        assert (bad.seq, read) == (2, 1) if "WHERE seq = 2" in change else (bad.seq, read) == (2, 0)

    def test_notices_that_its_end_was_cut_off(self):
        record(3)
        tamper("DELETE FROM diagnostics_ledgerentry WHERE seq = 3")
        assert ledger.first_bad_entry(1)[0].seq == 2

    def test_holds_a_person_as_a_digest_only(self):
        assert "@" not in ledger.digest_of_person("Anna@Example.com")
        assert ledger.digest_of_person("Anna@Example.com ") == ledger.digest_of_person(
            "anna@example.com"
        )


@pytest.mark.django_db(transaction=True)
def test_first_writers_of_a_store_chain_their_entries_one_behind_the_other():
    def write(_) -> int:
        try:
            with transaction.atomic():
                return record(1).seq
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(12))) == list(range(1, 13))
    assert ledger.first_bad_entry(1) == (None, 12)


@pytest.mark.django_db
class TestTheCommand:
    def test_says_that_the_chains_are_intact(self, capsys):
        record(2)
        call_command("verify_ledger")
        assert "store 1: 2 entries, 0 rows, intact" in capsys.readouterr().out

    def test_fails_and_names_the_bad_entry(self):
        record(2)
        tamper("UPDATE diagnostics_ledgerentry SET kind = 'other' WHERE seq = 2")
        with pytest.raises(CommandError, match="2 other thing:1"):
            call_command("verify_ledger")
