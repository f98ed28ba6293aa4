"""The ledger of a batch's chunks: whose turn it is, who has which, and what becomes of the
abandoned.

The bell only says that there is work. Which chunk is taken up is decided by the rows: the store
that has the fewest under way, and of those the one that was served the longest ago, so ten batches
of one store hold up no order of another.
"""

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from marketplace import clock
from outbox.progress import publish_progress
from outbox.task_queue import enqueue_task
from repurchase.batches.services import job_leases, planning, stock_refresh
from repurchase.models import Batch, Chunk
from repurchase.models.batch_states import BatchStatus
from repurchase.models.jobs import MAX_TRIES, SILENT_AFTER

TASK = "repurchase.generate_next"
MAX_ENQUEUED_A_PASS = 50

TAKE_NEXT = """
WITH served AS (
    SELECT c.store_id,
           count(*) FILTER (WHERE c.done_at IS NULL AND c.beat_at >= %(silent)s) AS under_way,
           max(c.beat_at) AS last
      FROM repurchase_chunk c JOIN repurchase_batch b ON b.id = c.batch_id AND b.status = 'screening'
     GROUP BY c.store_id
)
UPDATE repurchase_chunk SET owner = %(owner)s, beat_at = %(now)s, tries = tries + 1 WHERE id = (
    SELECT c.id
      FROM repurchase_chunk c
      JOIN repurchase_batch b ON b.id = c.batch_id AND b.status = 'screening'
      JOIN served s ON s.store_id = c.store_id
     WHERE c.done_at IS NULL AND c.code = '' AND c.tries < %(tries)s
       AND (c.beat_at IS NULL OR c.beat_at < %(silent)s)
       AND (%(a_store)s = 0 OR s.under_way < %(a_store)s)
     ORDER BY s.under_way, s.last NULLS FIRST, c.batch_id, c.first_position
     LIMIT 1 FOR UPDATE OF c SKIP LOCKED
) RETURNING id, batch_id
"""


def enqueue_workers(chunks: int) -> None:
    """As many bells as chunks: so many workers may come."""
    if chunks:
        enqueue_task(TASK, times=chunks)


def plan_next() -> bool:
    """Plans the chunk whose turn it is; False when there is none.

    The last one of a batch closes it at once, without another bell; with its worker lost just
    then, the sweep does.
    """
    now, owner = clock.now(), job_leases.new_owner()
    values = {
        "now": now,
        "silent": now - SILENT_AFTER,
        "owner": owner,
        "tries": MAX_TRIES,
        "a_store": settings.CHUNKS_A_STORE,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE_NEXT, values)
        taken = cursor.fetchone()
    if not taken:
        return False
    chunk_id, batch_id = taken
    _plan_taken_chunk(chunk_id, owner)
    if not Chunk.objects.unfinished().filter(batch=batch_id).exists():
        planning.finish_batch(batch_id)
    return True


def plan_one(chunk_id: int) -> None:
    """Plans this chunk. A second delivery finds it done, or in another's hands, and leaves."""
    if owner := job_leases.take(Chunk, chunk_id):
        _plan_taken_chunk(chunk_id, owner)


def _plan_taken_chunk(chunk_id: int, owner: str) -> None:
    rows = Chunk.objects.select_related("batch__store", "batch__buyer", "batch__rate_set")
    with job_leases.keep_alive(Chunk, chunk_id, owner):
        waiting = rows.get(pk=chunk_id)
        stock_refresh.refresh_for_plan(waiting.batch, waiting.past_order_ids)
        _plan_in_transaction(rows, chunk_id, owner)


def _plan_in_transaction(rows: QuerySet[Chunk], chunk_id: int, owner: str) -> None:
    with transaction.atomic():
        chunk = rows.get(pk=chunk_id)
        batch = chunk.batch
        if batch.status != BatchStatus.SCREENING or chunk.owner != owner:
            return
        planning.plan_chunk(batch, chunk)
        publish_progress(batch.store_id, {"batch": batch.ref})


def withdraw(batch: Batch) -> None:
    """Takes its unfinished chunks out of their workers' hands: what they have in work is rolled
    back."""
    batch.chunks.filter(done_at=None).update(owner="")


@transaction.atomic
def requeue_abandoned(*, store_id: int | None = None) -> tuple[int, set[int]]:
    """How many were rung again, and the batches with a chunk that was tried too often, to be given
    up."""
    mine = Chunk.objects.filter(batch__status=BatchStatus.SCREENING)
    if store_id:
        mine = mine.filter(store=store_id)
    rung, exhausted = job_leases.claim_due(mine, limit=MAX_ENQUEUED_A_PASS)
    enqueue_workers(len(rung))
    return len(rung), set(Chunk.objects.filter(pk__in=exhausted).values_list("batch_id", flat=True))
