"""Reminders before the end that runs: one letter a plan, event and reader, none once it is too
late."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import structlog

from marketplace.models import Store
from outbox import emails
from pricing import services as pricing
from pricing.locks import LockStatus
from pricing.models import Grant, Lock
from repurchase.batches.services.timer_transactions import bounded_transaction

log = structlog.get_logger(__name__)

MAX_PASSES = 50

ReminderKey = tuple[
    int, str, str, int, dt.datetime
]  # store, subject, status, minutes before the end, the end


def remind(*, store: Store | None = None, at: dt.datetime | None = None) -> int:
    """How many locks were reminded of. Each transaction is bounded; a second pass finds nothing
    more to say."""
    reminded = 0
    for _ in range(MAX_PASSES):
        try:
            due = _run_pass(store, at)
        except Exception:
            log.exception("reminding_failed")
            break
        reminded += due
        if due < pricing.LOCKS_A_PASS:
            break
    return reminded


def _run_pass(store: Store | None, at: dt.datetime | None) -> int:
    with bounded_transaction():
        due = pricing.reminders_due(store=store, at=at)
        by_event: dict[ReminderKey, list[Lock]] = defaultdict(list)
        for each in due:
            if each.stage:
                minutes = int(each.stage.total_seconds()) // 60
                key = each.lock.store_id, each.lock.subject, each.lock.status, minutes, each.ends_at
                by_event[key].append(each.lock)
        for key, locks in sorted(by_event.items()):
            _write_reminders(key, locks)
    return len(due)


def _write_reminders(key: ReminderKey, locks: Sequence[Lock]) -> None:
    store_id, subject, status, minutes, ends_at = key
    grant = Grant.objects.filter(store=store_id, subject=subject, buyer=locks[0].buyer_id).first()
    if grant is None:
        return
    event = f"{subject}:{minutes}:{ends_at.timestamp():.6f}"
    if status == LockStatus.OPEN:
        kinds, named = ["lock_reminder"], {"locks": [str(lock.pk) for lock in locks]}
    else:
        kinds = ["renegotiation_reminder_seller", "renegotiation_reminder_buyer"]
        named = {"renegotiations": [str(lock.renegotiation.pk) for lock in locks]}
    for kind in kinds:
        emails.write(
            kind=f"repurchase.{kind}",
            store_id=store_id,
            dedupe=f"{kind}:{event}",
            grant=str(grant.pk),
            **named,
        )
