"""Does a batch's background work in the test's own process, as a worker would, one chunk after the
other."""

from repurchase.batches.services import chunks, planning
from repurchase.models import Batch, Chunk


def run(batch: Batch) -> Batch:
    for chunk_id in Chunk.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True):
        chunks.plan_one(chunk_id)
    planning.finish_batch(batch.pk)
    batch.refresh_from_db()
    return batch
