"""One pass of the timers. Every deadline is a column; a pass that comes late or twice is harmless (ADR 2)."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog
from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox.bells import ring
from pricing.services import sealing
from qualification import services as qualification
from qualification.services import reviewing, uploading
from repurchase.batching import BatchStatus
from repurchase.models import Batch, Chunk, Heartbeat
from repurchase.services import generating, lapsing, reminding, triggering

log = structlog.get_logger(__name__)

PACE = dt.timedelta(seconds=1)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
ABANDONED = dt.timedelta(seconds=20)
"""A chunk takes about a second; one not done so long after it was rung is rung again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    opened_renegotiations: int
    ended_locks: int  # expired, or terminated without agreement
    ended_orders: int
    reminders: int
    rung_chunks: int
    rung_seals: int
    finished_batches: int
    lapse_notices: int
    lapsed_stores: int
    rung_documents: int
    review_alarms: int


def sweep(*, store: Store | None = None, at: dt.datetime | None = None) -> Swept:
    """Ends what is due. `at` judges by another instant than now, on a sandbox store only."""
    if at is not None and (store is None or not store.sandbox):
        raise Problem(Code.INPUT_INVALID, detail="--at needs --store with a sandbox store")
    opened = triggering.open_renegotiations(store=store, at=at)
    locks, orders = lapsing.end_due(store=store, at=at)
    reminded = reminding.remind(store=store, at=at)
    rung = _ring_abandoned(store)
    finished = _finish(store)
    seals = sealing.ring_due(store=store)
    notices, lapsed = qualification.keep_up(store=store, at=at)
    return Swept(
        opened_renegotiations=opened, ended_locks=locks, ended_orders=orders, reminders=reminded, rung_chunks=rung, rung_seals=seals, finished_batches=finished,
        lapse_notices=notices, lapsed_stores=lapsed,
        rung_documents=uploading.ring_unread(), review_alarms=reviewing.watch(),
    )  # fmt: skip


def _ring_abandoned(store: Store | None) -> int:
    """Rings again the chunks that nobody finished: a lost worker or an emptied broker costs seconds."""
    with transaction.atomic():
        rung, exhausted = _ring_due(store)
    _each(exhausted, generating.give_up)
    return rung


def _ring_due(store: Store | None) -> tuple[int, set[int]]:
    """How many were rung, and the batches to give up: only once no chunk is held, as a batch's lock comes first."""
    real_now = clock.now()
    due = Chunk.objects.filter(done_at__isnull=True, batch__status=BatchStatus.SCREENING)
    if store:
        due = due.filter(store=store)
    rung, exhausted = 0, set()
    for chunk in (
        due.select_related("store")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("rung_at")[:200]
    ):
        if real_now + chunk.store.clock_offset - chunk.rung_at < ABANDONED:
            continue
        if chunk.tries >= generating.MAX_TRIES:
            exhausted.add(chunk.batch_id)
            continue
        Chunk.objects.filter(pk=chunk.pk).update(rung_at=real_now + chunk.store.clock_offset)
        ring("repurchase.generate_chunk", chunk_id=chunk.pk)
        rung += 1
    return rung, exhausted


def _finish(store: Store | None) -> int:
    """Batches whose chunks are all done and whose last bell was lost."""
    waiting = Batch.objects.filter(status=BatchStatus.SCREENING).exclude(chunks__done_at__isnull=True)
    if store:
        waiting = waiting.filter(store=store)
    ids = waiting.order_by("created_at", "pk").values_list("pk", flat=True)[:50]
    return _each(list(ids), generating.finish_batch)


def _each(batch_ids: Iterable[int], act: Callable[[int], None]) -> int:
    """How many succeeded, each in its own transaction: one that fails is logged and holds up no other."""
    done = 0
    for batch_id in batch_ids:
        try:
            act(batch_id)
        except Exception:
            log.exception("sweep_failed", batch_id=batch_id, act=act.__name__)
        else:
            done += 1
    return done


def sweep_when_rung() -> Swept | None:
    """A pass, unless another one began within the last second: rings that piled up cost one statement each."""
    Heartbeat.objects.bulk_create([Heartbeat(name="sweep", beat_at=LONG_AGO)], ignore_conflicts=True)
    now = clock.now()
    mine = Heartbeat.objects.filter(name="sweep", beat_at__lte=now - PACE).update(beat_at=now)
    return sweep() if mine else None
