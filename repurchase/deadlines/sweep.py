"""One pass of the timers. Every deadline is a column; a pass that comes late or twice is harmless
(ADR 2)."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import quarantine_alarms
from marketplace.models import Store
from pricing.services import agreement_sealing
from pricing.services import seal_alarms as seal_alarm_services
from qualification import services as qualification
from qualification.services import reviews, uploads
from repurchase.batches.services import background_edits, chunks, compliance_holds, planning
from repurchase.confirmation.services import triggers
from repurchase.deadlines import lock_expiry
from repurchase.deadlines import reminders as deadline_reminders
from repurchase.fulfilment.services import failed_documents, proforma_invoices, releases
from repurchase.models import Batch, Heartbeat
from repurchase.models.batch_states import BatchStatus
from repurchase.reporting.services import diagnosis_report

log = structlog.get_logger(__name__)

MIN_INTERVAL = dt.timedelta(seconds=1)
NEVER_RUN_AT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepResult:
    opened_renegotiations: int
    ended_locks: int  # expired, or terminated without agreement
    ended_orders: int
    reminders: int
    rung_chunks: int
    rung_edits: int
    rung_seals: int
    rung_proformas: int
    let_go: int  # orders that nothing holds back any more
    released_orders: int
    announced_again: int
    finished_batches: int
    lapse_notices: int
    lapsed_stores: int
    rung_documents: int
    review_alarms: int
    rung_reports: int
    seal_alarms: int
    paper_alarms: int
    rate_alarms: int


def run_sweep(*, store: Store | None = None, at: dt.datetime | None = None) -> SweepResult:
    """Ends what is due. `at` judges by another instant than now, on a sandbox store only."""
    if at is not None and (store is None or not store.sandbox):
        raise Problem(Code.INPUT_INVALID, detail="--at needs --store with a sandbox store")
    opened = triggers.open_renegotiations(store=store, at=at)
    locks, orders = lock_expiry.end_due(store=store, at=at)
    reminded = deadline_reminders.remind(store=store, at=at)
    rung_edits = background_edits.requeue_abandoned(store_id=store and store.pk)
    rung, exhausted = chunks.requeue_abandoned(store_id=store and store.pk)
    _run_each(exhausted, planning.fail_batch)
    finished = _finish_batches(store)
    seals = agreement_sealing.enqueue_due(store=store)
    let_go = compliance_holds.recheck_held(store=store, due_only=True)
    released, again = releases.release_due(store=store), releases.announce_again(store=store)
    notices, lapsed = qualification.process_due(store=store, at=at)
    return SweepResult(
        opened_renegotiations=opened,
        ended_locks=locks,
        ended_orders=orders,
        reminders=reminded,
        rung_chunks=rung,
        rung_edits=rung_edits,
        rung_seals=seals,
        finished_batches=finished,
        rung_proformas=proforma_invoices.enqueue_due(store=store),
        let_go=let_go,
        released_orders=released,
        announced_again=again,
        lapse_notices=notices,
        lapsed_stores=lapsed,
        rung_documents=uploads.enqueue_unread(),
        review_alarms=reviews.alert_deadlines(),
        rung_reports=diagnosis_report.enqueue_due(),
        seal_alarms=seal_alarm_services.email_operator(),
        paper_alarms=failed_documents.alarm(),
        rate_alarms=quarantine_alarms.alert_staff(),
    )


def _finish_batches(store: Store | None) -> int:
    """Batches whose chunks are all done and whose last worker was lost before it closed them."""
    waiting = Batch.objects.filter(status=BatchStatus.SCREENING).exclude(
        chunks__done_at__isnull=True
    )
    if store:
        waiting = waiting.filter(store=store)
    ids = waiting.order_by("created_at", "pk").values_list("pk", flat=True)[:50]
    return _run_each(list(ids), planning.finish_batch)


def _run_each(batch_ids: Iterable[int], act: Callable[[int], None]) -> int:
    """How many succeeded, each in its own transaction: one that fails is logged and holds up no
    other."""
    done = 0
    for batch_id in batch_ids:
        try:
            act(batch_id)
        except Exception:
            log.exception("sweep_failed", batch_id=batch_id, act=act.__name__)
        else:
            done += 1
    return done


def run_sweep_unless_recent() -> SweepResult | None:
    """A pass, unless another one began within the last second: rings that piled up cost one
    statement each."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name="sweep", beat_at=NEVER_RUN_AT)], ignore_conflicts=True
    )
    now = clock.now()
    mine = Heartbeat.objects.filter(name="sweep", beat_at__lte=now - MIN_INTERVAL).update(
        beat_at=now
    )
    return run_sweep() if mine else None
