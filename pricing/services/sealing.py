"""Agreements get their seal: asked for in the transaction that made them, done by a worker, once (reliability 9)."""

import datetime as dt
import secrets
import uuid
from collections.abc import Callable

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox import letters
from outbox.bells import ring
from pricing import agreements, printing
from pricing import sealing as seals
from pricing.agreements import Agreement, Draft, Kind
from pricing.models import SealedAgreement, Sealing

RING_AGAIN = dt.timedelta(minutes=2)
"""A seal takes seconds, a minute for the largest; one not done so long after it was rung is rung again."""
RINGS_A_PASS = 50
SLOWEST = dt.timedelta(
    hours=1
)  # between two tries of one that keeps failing: a missing certificate, a silent TSA


BUILDERS: dict[Kind, Callable[[Sealing], Draft]] = {}


def builds(kind: Kind):
    """Registers what makes the draft of a kind, from `subject` and `occasion`."""

    def register(function: Callable[[Sealing], Draft]):
        BUILDERS[kind] = function
        return function

    return register


def ask(*, store_id: int, kind: Kind, subject: str, occasion: uuid.UUID, at: dt.datetime) -> None:
    """In the transaction that made the agreement. The same occasion twice is one seal."""
    wanted = Sealing(
        store_id=store_id, kind=kind, subject=subject, occasion=occasion, asked_at=at, rung_at=clock.now()
    )
    Sealing.objects.bulk_create([wanted], ignore_conflicts=True)
    sealing_id = Sealing.objects.values_list("pk", flat=True).get(kind=kind, occasion=occasion)
    ring("pricing.seal", sealing_id=sealing_id)


@transaction.atomic
def seal(sealing_id: int) -> SealedAgreement | None:
    """Builds, prints, seals, stores, records and tells. None when it is done already, or in other hands."""
    free = Sealing.objects.select_for_update(of=("self",), skip_locked=True).select_related("store")
    sealing = free.filter(pk=sealing_id, done_at=None).first()
    if sealing is None:
        return None
    draft = BUILDERS[Kind(sealing.kind)](sealing)
    now = clock.now(sealing.store)
    content = agreements.canonical(draft.agreement)
    certificate = seals.certificate_in_force()
    page = printing.pdf(draft.agreement, content=content, terms=draft.terms, certificate=certificate, now=now)
    sealed = seals.seal(page, reason=f"{draft.agreement.kind} {draft.agreement.subject}")
    made = _keep(
        sealing, draft.agreement, agreements.digest_of(content), sealed, certificate.fingerprint, now
    )
    Sealing.objects.filter(pk=sealing.pk).update(done_at=now)
    _tell(made)
    ledger.record(
        store_id=made.store_id, kind="agreement.sealed", subject=f"batch:{made.subject}", by="system:seal", at=now,
        **facts_of(made),
    )  # fmt: skip
    return made


def _keep(
    sealing: Sealing, agreement: Agreement, digest: str, sealed: bytes, fingerprint: str, now: dt.datetime
) -> SealedAgreement:
    key = default_storage.save(f"agreements/{secrets.token_urlsafe(32)}.pdf", ContentFile(sealed))
    return SealedAgreement.objects.create(
        id=agreement.id,
        store=sealing.store,
        sealing=sealing,
        kind=sealing.kind,
        subject=sealing.subject,
        digest=digest,
        file_digest=agreements.digest_of(sealed),
        file_key=key,
        file_bytes=len(sealed),
        fingerprint=fingerprint,
        agreed_at=agreement.agreed_at,
        sealed_at=now,
    )


def facts_of(sealed: SealedAgreement) -> dict[str, object]:
    """Every field of the row, as the ledger keeps it: a row changed behind our back no longer equals its entry."""
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


def _tell(sealed: SealedAgreement) -> None:
    for side in ("seller", "buyer"):
        letters.write(
            kind=f"repurchase.sealed_{side}",
            store_id=sealed.store_id,
            dedupe=f"sealed:{side}:{sealed.pk}",
            agreement=str(sealed.pk),
        )


def content_of(sealed: SealedAgreement) -> bytes:
    """The stored PDF, as it was sealed; AGREEMENT_DAMAGED when what is stored is no longer that."""
    try:
        with default_storage.open(sealed.file_key) as file:
            content = file.read()
    except OSError:
        raise Problem(Code.AGREEMENT_DAMAGED) from None
    if agreements.digest_of(content) != sealed.file_digest:
        raise Problem(Code.AGREEMENT_DAMAGED)
    return content


@transaction.atomic
def ring_due(*, store: Store | None = None) -> int:
    """Rings again what nobody sealed: a lost worker or an emptied broker costs minutes, never the seal."""
    now = clock.now()
    due = Sealing.objects.filter(done_at=None, rung_at__lte=now - RING_AGAIN)
    if store:
        due = due.filter(store=store)
    rung = 0
    for sealing in due.select_for_update(skip_locked=True).order_by("rung_at")[:RINGS_A_PASS]:
        if now - sealing.rung_at < min(RING_AGAIN * 2 ** min(sealing.tries, 10), SLOWEST):
            continue
        Sealing.objects.filter(pk=sealing.pk).update(rung_at=now, tries=min(sealing.tries + 1, 1000))
        ring("pricing.seal", sealing_id=sealing.pk)
        rung += 1
    return rung
