"""Open locks are held against the newest observations; where they moved, both parties are told at
once (R-50 to R-52)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import structlog

from diagnostics import ledger, proofs
from marketplace import clock
from marketplace.mirror.held_observations import PLATFORM_STORE_ID
from marketplace.models import Store
from outbox import emails
from outbox.models import Letter
from pricing import services as pricing
from pricing.models import Grant, Renegotiation
from repurchase.batches.services.timer_transactions import bounded_transaction

log = structlog.get_logger(__name__)

MAX_PASSES = 50
"""So many transactions of a hundred locks in one go: what is left waits for the next one, seconds
later."""


def open_renegotiations(*, store: Store | None = None, at: dt.datetime | None = None) -> int:
    """How many locks' renegotiations were opened. Each transaction is bounded, and what it opened
    is told in it."""
    opened = 0
    for _ in range(MAX_PASSES):
        try:
            judged = _open_next_locks(store, at)
        except Exception:
            log.exception("judging_failed")
            return opened + _open_one_by_one(store, at)
        opened += len(judged.opened)
        if judged.locks < pricing.LOCKS_A_PASS:
            break
    return opened


def _open_one_by_one(store: Store | None, at: dt.datetime | None) -> int:
    """After a pass that failed: a damaged row holds up nothing but itself."""
    opened = 0
    for pk in pricing.unjudged_locks(store=store, at=at):
        try:
            opened += len(_open_next_locks(store, at, only=pk).opened)
        except Exception:
            log.exception("judging_failed", lock=str(pk))
    return opened


def _open_next_locks(
    store: Store | None, at: dt.datetime | None, only: UUID | None = None
) -> pricing.TriggerPass:
    with bounded_transaction():
        judged = pricing.open_renegotiations(store=store, at=at, only=only)
        publish_opened(judged.opened)
        if judged.stale:
            _alarm_stale_rates()
    return judged


def _alarm_stale_rates() -> None:
    """Once a day while live locks are open and every rate is too old to act (reliability 15)."""
    dedupe = f"stale-rates:{clock.now().date()}"
    if not Letter.objects.filter(dedupe=dedupe).exists():
        emails.write(kind="marketplace.stale_rates", store_id=PLATFORM_STORE_ID, dedupe=dedupe)


def publish_opened(opened: Sequence[Renegotiation]) -> None:
    """In the transaction that opened them: a letter to each side for each plan, and the decision
    in the ledger."""
    by_subject: dict[tuple[int, str], list[Renegotiation]] = defaultdict(list)
    for renegotiation in opened:
        by_subject[renegotiation.store_id, renegotiation.lock.subject].append(renegotiation)
    for (store_id, subject), some in sorted(by_subject.items()):
        _enqueue_opening_emails(store_id, subject, some)
        ledger.record(
            store_id=store_id,
            kind="lock.renegotiating",
            subject=f"batch:{subject}",
            by=some[0].opened_by,
            at=some[0].opened_at,
            renegotiations=[_decision_facts(renegotiation) for renegotiation in some],
            rows=proofs.digest_rows(
                Renegotiation.objects.filter(pk__in=[renegotiation.pk for renegotiation in some])
            ),
        )


def _enqueue_opening_emails(store_id: int, subject: str, some: Sequence[Renegotiation]) -> None:
    first = min(str(renegotiation.pk) for renegotiation in some)
    grant = Grant.objects.filter(
        store=store_id, subject=subject, buyer=some[0].lock.buyer_id
    ).first()
    if grant is None:  # a lock without a batch: nobody was invited to it
        return
    for side in ("seller", "buyer"):
        emails.write(
            kind=f"repurchase.renegotiating_{side}",
            store_id=store_id,
            dedupe=f"renegotiating:{side}:{first}",
            grant=str(grant.pk),
            renegotiations=sorted(str(renegotiation.pk) for renegotiation in some),
        )


def _decision_facts(renegotiation: Renegotiation) -> dict[str, object]:
    """What the decision rested on: it can be recomputed from these rows (R-50, R-51, B-3)."""
    return {
        "id": str(renegotiation.pk),
        "lock": str(renegotiation.lock_id),
        "rule": str(renegotiation.kind),
        "name": renegotiation.name,
        "base_rate_set": renegotiation.base_rate_set_id,
        "new_rate_set": renegotiation.new_rate_set_id,
        "base_close": renegotiation.base_close_id,
        "new_close": renegotiation.new_close_id,
        "change": renegotiation.change,
        "limit": str(renegotiation.limit),
        "deadline_at": renegotiation.deadline_at.astimezone(dt.UTC).isoformat(),
    }
