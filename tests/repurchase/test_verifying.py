"""F-11: whatever is changed, in the file, in its row or in the ledger, is found and named."""

import random

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from marketplace import sandboxed_reader
from pricing import sealed_pdf_reader
from pricing.models import SealedAgreement
from pricing.services import agreement_sealing, verification
from pricing.services.verification import VerificationCheck
from tests.diagnostics.tampering import undone
from tests.diagnostics.test_ledger import tamper
from tests.pricing.test_sealing import printed
from tests.repurchase.sealing import confirmed, sealed

pytestmark = pytest.mark.django_db
FLIPS = 200
NUMBERS = (
    "file_bytes = file_bytes + 1", "sealed_at = sealed_at + interval '1 microsecond'", "id = gen_random_uuid()",
    "agreed_at = agreed_at - interval '1 microsecond'",
)  # fmt: skip
OF_AN_ENTRY = (
    "digest = overlay(digest placing 'x' from 5)", "previous = overlay(previous placing 'x' from 5)",
    "by = by || 'x'", "at = at + interval '1 microsecond'", "facts = facts || '{\"x\": 1}'",
    "subject = subject || 'x'", "kind = 'x'", "seq = seq + 1000",
)  # fmt: skip
TEXTS = ("kind", "subject", "digest", "file_digest", "file_key", "fingerprint")


@pytest.fixture
def made(store) -> SealedAgreement:
    return sealed(confirmed(store))


@pytest.fixture
def pdf(made) -> bytes:
    return agreement_sealing.content_of(made)


def judged(pdf: bytes) -> verification.VerificationVerdict:
    """Without the child, which a test of 200 flips would start 200 times."""
    return verification.judge(pdf, sealed_pdf_reader.read(pdf))


def wrong(pdf: bytes) -> set[VerificationCheck]:
    return {found.check for found in judged(pdf).checks if not found.ok}


def flipped(content: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return bytes(changed)


def untrigger() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE pricing_sealedagreement DISABLE TRIGGER a_sealed_agreement_is_append_only"
        )


def change_row(sql: str, *values: object) -> None:
    untrigger()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pricing_sealedagreement SET {sql}", values)


class TestAGenuineFile:
    def test_passes_every_check_and_shows_what_was_agreed(self, made, pdf):
        verdict = verification.verify(pdf)
        assert verdict.ok, verdict.checks
        assert [found.check for found in verdict.checks] == list(VerificationCheck)
        assert verdict.agreement["subject"] == made.subject
        assert verdict.demo


class TestAFlippedByte:
    def test_anywhere_in_the_file_is_found(self, pdf):
        dice = random.Random(11)
        cases = [(dice.randrange(len(pdf)), dice.randrange(8)) for _ in range(FLIPS)]
        missed = [case for case in cases if judged(flipped(pdf, *case)).ok]
        assert missed == []

    def test_in_what_the_seal_covers_is_the_seals_to_find(self, pdf):
        at = pdf.index(b"/Producer") + 12
        found = wrong(flipped(pdf, at, 0))
        assert {VerificationCheck.SEAL, VerificationCheck.KNOWN} <= found

    def test_in_the_seals_own_padding_is_found_by_the_files_digest(self, pdf):
        """The seal does not cover the room that was left for it; our records do."""
        at = pdf.rindex(b"00000000") + 2
        changed = pdf[:at] + b"1" + pdf[at + 1 :]
        assert VerificationCheck.KNOWN in wrong(changed)
        assert VerificationCheck.SEAL not in wrong(changed)

    def test_of_the_row_is_found(self, made, pdf):
        dice = random.Random(12)
        for column in TEXTS:
            value = getattr(made, column)
            at = dice.randrange(len(value))
            letter = "y" if value[at] == "x" else "x"
            with undone():
                change_row(f"{column} = %s", value[:at] + letter + value[at + 1 :])
                assert wrong(pdf), column
        for sql in NUMBERS:
            with undone():
                change_row(sql)
                assert wrong(pdf), sql
        assert not wrong(pdf)

    def test_of_the_ledger_is_found_and_its_first_bad_entry_named(self, pdf):
        for kind in ("buyer.confirmed", "agreement.sealed", "batch.locked"):
            for sql in OF_AN_ENTRY:
                with undone():
                    tamper(f"UPDATE diagnostics_ledgerentry SET {sql} WHERE kind = '{kind}'")
                    chain = next(
                        found
                        for found in judged(pdf).checks
                        if found.check is VerificationCheck.CHAIN
                    )
                    assert not chain.ok, (kind, sql)
                    assert chain.detail
        assert not wrong(pdf)

    def test_is_found_when_row_or_ledger_is_gone(self, pdf):
        with undone():
            untrigger()
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM pricing_sealedagreement")
            assert {
                VerificationCheck.KNOWN,
                VerificationCheck.CERTIFICATE,
                VerificationCheck.LEDGER,
            } <= wrong(pdf)
        with undone():
            tamper("DELETE FROM diagnostics_ledgerentry")
            assert {VerificationCheck.LEDGER, VerificationCheck.CHAIN} <= wrong(pdf)


class TestAStrangersFile:
    def test_that_is_appended_to_is_not_whole(self, pdf):
        assert {VerificationCheck.WHOLE, VerificationCheck.KNOWN} <= wrong(pdf + b"\n%more")

    def test_sealed_with_our_own_certificate_but_not_by_us_is_not_known(self, db):
        from pricing import seal as seals

        forged = seals.seal(printed(), reason="forged")
        verdict = verification.verify(forged)
        bad = {found.check for found in verdict.checks if not found.ok}
        assert {
            VerificationCheck.KNOWN,
            VerificationCheck.CERTIFICATE,
            VerificationCheck.LEDGER,
        } <= bad
        assert verdict.agreement == {}

    @pytest.mark.parametrize(
        "content",
        [b"", b"hello", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\xff" * 5000, b"%PDF-" + b"[" * 100_000],
    )
    def test_that_is_no_sealed_pdf_is_not_readable(self, db, content):
        verdict = verification.verify(content)
        assert [(f.check, f.ok) for f in verdict.checks] == [(VerificationCheck.READABLE, False)]

    def test_that_has_no_seal_is_not_readable(self, db):
        verdict = verification.verify(printed())
        assert verdict.checks[0].detail == "0 seals"

    def test_that_is_too_large_is_not_opened(self, db):
        verdict = verification.verify(b"%PDF-" + b"0" * verification.MAX_BYTES)
        assert "bytes" in verdict.checks[0].detail


class TestTheGuardedChild:
    def test_hands_back_what_the_module_reads(self):
        assert sandboxed_reader.read("pricing.sealed_pdf_reader", b"x")["seals"] == 0

    @pytest.mark.parametrize("module", ["tests.repurchase.greedy", "tests.repurchase.nowhere"])
    def test_that_ends_without_an_answer_is_gone(self, module):
        with pytest.raises(sandboxed_reader.ReaderCrashed):
            sandboxed_reader.read(module, b"x")


class TestTheCommand:
    def test_says_that_a_file_is_genuine(self, pdf, tmp_path, capsys):
        (tmp_path / "a.pdf").write_bytes(pdf)
        call_command("verify_agreement", str(tmp_path / "a.pdf"))
        assert "BAD" not in capsys.readouterr().out

    def test_names_what_is_wrong_and_fails(self, pdf, tmp_path, capsys):
        (tmp_path / "a.pdf").write_bytes(flipped(pdf, len(pdf) // 3, 1))
        with pytest.raises(CommandError, match="known"):
            call_command("verify_agreement", str(tmp_path / "a.pdf"), "--json")
        assert '"ok": false' in capsys.readouterr().out

    def test_of_no_file_says_so(self, db):
        with pytest.raises(CommandError, match="No such file"):
            call_command("verify_agreement", "/nowhere.pdf")
