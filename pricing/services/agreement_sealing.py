"""Agreements get their seal: asked for in the transaction that made them, done by a worker, once
(reliability 9)."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox import document_jobs, emails, files
from outbox.task_queue import enqueue_task
from pricing import agreement_pdf, agreements, long_lists
from pricing import seal as seals
from pricing.agreements import Agreement, AgreementKind, Draft
from pricing.models import SealedAgreement, Sealing

TASK = "pricing.seal"


BUILDERS: dict[AgreementKind, Callable[[Sealing], Draft]] = {}


def register_builder(kind: AgreementKind):
    """Registers what makes the draft of a kind, from `subject` and `occasion`."""

    def register(function: Callable[[Sealing], Draft]):
        BUILDERS[kind] = function
        return function

    return register


def ask(
    *, store_id: int, kind: AgreementKind, subject: str, occasion: uuid.UUID, at: dt.datetime
) -> None:
    """In the transaction that made the agreement. The same occasion twice is one seal."""
    wanted = Sealing(
        store_id=store_id,
        kind=kind,
        subject=subject,
        occasion=occasion,
        asked_at=at,
        rung_at=clock.now(),
    )
    Sealing.objects.bulk_create([wanted], ignore_conflicts=True)
    sealing_id = Sealing.objects.values_list("pk", flat=True).get(kind=kind, occasion=occasion)
    enqueue_task(TASK, sealing_id=sealing_id)


def seal(sealing_id: int) -> SealedAgreement | None:
    """Builds, prints and seals it while no row is held, then keeps, records and tells it.

    None when it is done already, or in other hands.
    """
    sealing = document_jobs.acquire_lease(Sealing, sealing_id)
    if sealing is None:
        return None
    with document_jobs.attempt(sealing):
        draft = BUILDERS[AgreementKind(sealing.kind)](sealing)
        now = clock.now(sealing.store)
        lists = long_lists.csv_attachments(draft.agreement)
        digests = {name: agreements.digest_of(each) for name, each in lists.items()}
        agreement = replace(draft.agreement, lists=digests)
        content = agreements.canonical_bytes(agreement)
        certificate = seals.certificate_in_force()
        page = agreement_pdf.render(
            agreement,
            content=content,
            terms=draft.terms,
            lists=lists,
            certificate=certificate,
            now=now,
        )
        sealed = seals.seal(page, reason=f"{agreement.kind} {agreement.subject}")
        digest = agreements.digest_of(content)
        made = _build_sealed_agreement(
            sealing, agreement, digest, sealed, certificate.fingerprint, now
        )
        with files.saved_for_row(SealedAgreement, "agreements", sealed) as made.file_key:
            _save_sealed(sealing, made)
        return made


def _build_sealed_agreement(
    sealing: Sealing,
    agreement: Agreement,
    digest: str,
    sealed: bytes,
    fingerprint: str,
    now: dt.datetime,
) -> SealedAgreement:
    return SealedAgreement(
        id=uuid.UUID(agreement.id),
        store=sealing.store,
        sealing=sealing,
        kind=sealing.kind,
        subject=sealing.subject,
        digest=digest,
        file_digest=agreements.digest_of(sealed),
        file_bytes=len(sealed),
        fingerprint=fingerprint,
        agreed_at=agreement.agreed_at,
        sealed_at=now,
    )


@transaction.atomic
def _save_sealed(sealing: Sealing, made: SealedAgreement) -> None:
    document_jobs.finish(sealing, done_at=made.sealed_at)
    made.save(force_insert=True)
    _email_parties(made)
    ledger.record(
        store_id=made.store_id,
        kind="agreement.sealed",
        subject=f"batch:{made.subject}",
        by="system:seal",
        at=made.sealed_at,
        **facts_of(made),
    )


def facts_of(sealed: SealedAgreement) -> dict[str, object]:
    """Every field of the row, as the ledger keeps it: a row changed behind our back no longer
    equals its entry."""
    return {
        "id": str(sealed.pk),
        "sealing": sealed.sealing_id,
        "agreement_kind": sealed.kind,
        "digest": sealed.digest,
        "file_digest": sealed.file_digest,
        "file_key": sealed.file_key,
        "file_bytes": sealed.file_bytes,
        "fingerprint": sealed.fingerprint,
        "agreed_at": sealed.agreed_at.astimezone(dt.UTC).isoformat(),
        "sealed_at": sealed.sealed_at.astimezone(dt.UTC).isoformat(),
    }


def _email_parties(sealed: SealedAgreement) -> None:
    for side in ("seller", "buyer"):
        emails.write(
            kind=f"repurchase.sealed_{side}",
            store_id=sealed.store_id,
            dedupe=f"sealed:{side}:{sealed.pk}",
            agreement=str(sealed.pk),
        )


def content_of(sealed: SealedAgreement) -> bytes:
    """The stored PDF, as it was sealed; AGREEMENT_DAMAGED when what is stored is no longer that."""
    try:
        content = files.read(sealed.file_key)
    except OSError:
        raise Problem(Code.AGREEMENT_DAMAGED) from None
    if agreements.digest_of(content) != sealed.file_digest:
        raise Problem(Code.AGREEMENT_DAMAGED)
    return content


def enqueue_due(*, store: Store | None = None) -> int:
    return document_jobs.enqueue_due(Sealing, TASK, "sealing_id", store_id=store and store.pk)
