"""Whether a PDF is an agreement that was sealed here and is as it was: seal, bytes, row, ledger,
chain (F-11).

Each check is asked for itself, so that the answer names what is wrong. Whoever asks has the file:
nothing is told that does not stand in it.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from diagnostics import ledger, proofs
from diagnostics.models import LedgerEntry
from diagnostics.transactions import refuse_in_transaction
from marketplace import sandboxed_reader
from pricing import agreements
from pricing.agreements import DEMO_SEAL, digest_of
from pricing.models import SealedAgreement
from pricing.sealed_pdf_reader import AGREEMENT_FILE
from pricing.services.agreement_sealing import facts_of

MAX_BYTES = 20 << 20


class VerificationCheck(StrEnum):
    READABLE = "readable"  # a PDF of bounded size with one seal
    SEAL = "seal"  # the signature is arithmetically right, for the bytes that it covers
    WHOLE = "whole"  # it covers the whole file; nothing was added after it
    TERMS = "terms"  # the attached agreement and terms have the digests that they name
    KNOWN = "known"  # this very file was sealed here, byte for byte
    CERTIFICATE = "certificate"  # by the certificate that we sealed it with
    IN_FORCE = "in_force"  # the certificate had begun and not ended when it sealed
    LEDGER = "ledger"  # the ledger has its entry, and the row of the database still equals it
    CHAIN = "chain"  # the store's ledger is an unbroken chain
    # lock, terms, acts, signatures and what was locked by are as the ledger recorded them
    ROWS = "rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class VerificationResult:
    check: VerificationCheck
    ok: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerificationVerdict:
    checks: Sequence[VerificationResult]
    seal: Mapping[str, Any]  # of the reading: name, issuer, fingerprint, sealed_at, stamped_at
    agreement: Mapping[str, Any]  # what the file says was agreed; empty unless every check passed

    @property
    def ok(self) -> bool:
        return all(found.ok for found in self.checks)

    @property
    def demo(self) -> bool:
        return DEMO_SEAL in self.seal.get("name", "")


def verify(pdf: bytes) -> VerificationVerdict:
    """Opens the file in a child that can be killed (reliability 10), then looks up what it
    claims."""
    if len(pdf) > MAX_BYTES:
        return _unreadable_verdict(f"{len(pdf)} > {MAX_BYTES} bytes")
    if b"%PDF-" not in pdf[:1024]:
        return _unreadable_verdict("no PDF")
    try:
        refuse_in_transaction("verification")
        return judge(pdf, sandboxed_reader.read("pricing.sealed_pdf_reader", pdf))
    except sandboxed_reader.ReaderCrashed as gone:
        return _unreadable_verdict(str(gone))


def judge(pdf: bytes, reading: Mapping[str, Any]) -> VerificationVerdict:
    """The verdict on a file, given what `pricing.sealed_pdf_reader` made of it."""
    if reading["seals"] != 1:
        return _unreadable_verdict(reading["why"] or f"{reading['seals']} seals")
    claimed = _parse_agreement(reading["agreement"])
    row = _find_sealed_agreement(pdf, reading["agreement"])
    checks = [
        VerificationResult(check=VerificationCheck.READABLE, ok=True),
        VerificationResult(check=VerificationCheck.SEAL, ok=reading["intact"]),
        VerificationResult(check=VerificationCheck.WHOLE, ok=reading["whole"]),
        _check_terms(reading, claimed),
        _check_known(pdf, row),
        _check_certificate(reading, row),
        _check_in_force(reading, row),
        *_check_ledger(row, claimed),
    ]
    ok = all(found.ok for found in checks)
    return VerificationVerdict(checks=checks, seal=reading, agreement=claimed if ok else {})


def _unreadable_verdict(why: str) -> VerificationVerdict:
    return VerificationVerdict(
        checks=[VerificationResult(check=VerificationCheck.READABLE, ok=False, detail=why)],
        seal={},
        agreement={},
    )


def _parse_agreement(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _find_sealed_agreement(pdf: bytes, text: str) -> SealedAgreement | None:
    """By the file itself, else by the agreement in it: then the two are compared."""
    rows = SealedAgreement.objects.select_related("store")
    of_file = rows.filter(file_digest=digest_of(pdf)).first()
    return of_file or rows.filter(digest=digest_of(text.encode())).first()


def _check_terms(reading: Mapping[str, Any], claimed: Mapping[str, Any]) -> VerificationResult:
    files = reading["files"]
    try:
        named = {lot["terms_file"]: lot["terms_digest"] for lot in claimed["lots"]}
        named |= claimed.get("lists", {})
        canonical = agreements.is_canonical(reading["agreement"].encode())
    except (AttributeError, KeyError, TypeError, ValueError):
        return VerificationResult(check=VerificationCheck.TERMS, ok=False, detail=AGREEMENT_FILE)
    wrong = [name for name, digest in named.items() if files.get(name) != digest]
    wrong += [name for name in files if name not in named and name != AGREEMENT_FILE]
    return VerificationResult(
        check=VerificationCheck.TERMS,
        ok=canonical and not wrong,
        detail=", ".join(sorted(wrong))[:200],
    )


def _check_known(pdf: bytes, row: SealedAgreement | None) -> VerificationResult:
    ok = row is not None and row.file_digest == digest_of(pdf) and row.file_bytes == len(pdf)
    return VerificationResult(check=VerificationCheck.KNOWN, ok=ok, detail=digest_of(pdf))


def _check_certificate(
    reading: Mapping[str, Any], row: SealedAgreement | None
) -> VerificationResult:
    ok = row is not None and row.fingerprint == reading["fingerprint"]
    return VerificationResult(
        check=VerificationCheck.CERTIFICATE, ok=ok, detail=reading["fingerprint"]
    )


def _check_in_force(reading: Mapping[str, Any], row: SealedAgreement | None) -> VerificationResult:
    """At the time that the seal states, the time-stamp authority's, and our record's but for a
    sandbox's moved clock."""
    said = [reading["sealed_at"], *filter(None, [reading["stamped_at"]])]
    if row is not None and not row.store.sandbox:
        said.append(row.sealed_at.isoformat())
    begin, end = _parse_instant(reading["not_before"]), _parse_instant(reading["not_after"])
    ok = all(text and begin <= _parse_instant(text) <= end for text in said)
    return VerificationResult(
        check=VerificationCheck.IN_FORCE,
        ok=ok,
        detail=f"{reading['not_before']} – {reading['not_after']}",
    )


def _parse_instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _check_ledger(
    row: SealedAgreement | None, claimed: Mapping[str, Any]
) -> list[VerificationResult]:
    if row is None:
        return [
            VerificationResult(check=check, ok=False)
            for check in (VerificationCheck.LEDGER, VerificationCheck.ROWS)
        ]
    sealed = _first_ledger_entry(row, kind="agreement.sealed", facts__digest=row.digest)
    wrong = _differing_fields(row, sealed, claimed)
    bad, _read = ledger.first_bad_entry(row.store_id)
    return [
        VerificationResult(check=VerificationCheck.LEDGER, ok=not wrong, detail=", ".join(wrong)),
        VerificationResult(check=VerificationCheck.CHAIN, ok=bad is None, detail=str(bad or "")),
        _check_rows(row),
    ]


def _check_rows(row: SealedAgreement) -> VerificationResult:
    differing = next(proofs.find_differences(row.store_id, f"batch:{row.subject}"), "")
    return VerificationResult(
        check=VerificationCheck.ROWS, ok=not differing, detail=differing[:200]
    )


def _first_ledger_entry(row: SealedAgreement, **wanted: object) -> LedgerEntry | None:
    entries = LedgerEntry.objects.filter(
        store_id=row.store_id, subject=f"batch:{row.subject}", **wanted
    )
    return entries.order_by("seq").first()


def _differing_fields(
    row: SealedAgreement, sealed: LedgerEntry | None, claimed: Mapping[str, Any]
) -> list[str]:
    """What row, ledger and file say differently of the same agreement."""
    if sealed is None:
        return ["agreement.sealed"]
    facts = facts_of(row)
    wrong = sorted(
        name
        for name in facts.keys() | sealed.facts.keys()
        if facts.get(name) != sealed.facts.get(name)
    )
    said = {"id": str(row.pk), "kind": row.kind, "subject": row.subject, "store_id": row.store_id}
    wrong += [name for name, value in said.items() if claimed.get(name) != value]
    act = claimed.get("ledger") or {}
    if not _first_ledger_entry(
        row, seq=act.get("seq"), kind=act.get("kind"), digest=act.get("digest")
    ):
        wrong.append("ledger")
    return wrong


@proofs.register_check
def differing_agreements(store_id: int, subject: str) -> Iterator[str]:
    """Rows of sealed agreements that are not what the ledger recorded at their seal."""
    entries = LedgerEntry.objects.filter(store_id=store_id, kind="agreement.sealed")
    rows = SealedAgreement.objects.filter(store=store_id)
    if subject:
        entries, rows = (
            entries.filter(subject=subject),
            rows.filter(subject=subject.removeprefix("batch:")),
        )
    recorded = {facts["id"]: facts for facts in entries.values_list("facts", flat=True)}
    for row in rows.iterator(chunk_size=500):
        if recorded.pop(str(row.pk), None) != json.loads(json.dumps(facts_of(row))):
            yield f"pricing_sealedagreement {row.pk}: changed"
    yield from (f"pricing_sealedagreement {pk}: gone" for pk in recorded)
