"""A sandbox store's clock, moved on by a program or a person: 72 hours in a second; never a live
store's (B-10)."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import F

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox.task_queue import enqueue_task
from repurchase.deadlines.sweep import SweepResult, run_sweep

MAX_STEP = dt.timedelta(days=400)  # at once; and ten years in all, so that no calendar runs out
MAX_OFFSET = dt.timedelta(days=3650)


def move(*, store: Store, by_seconds: int, by: str) -> SweepResult:
    """Moves the clock forward and does one pass of the timers for the store. CLOCK_NOT_MOVABLE."""
    step = dt.timedelta(seconds=by_seconds)
    if not store.sandbox:
        raise Problem(Code.CLOCK_NOT_MOVABLE, detail="a live store")
    if not dt.timedelta(0) < step <= MAX_STEP:
        raise Problem(Code.CLOCK_NOT_MOVABLE, detail=f"{by_seconds} s")
    _advance_offset(store, step, by)
    if settings.EMBEDDED:
        enqueue_task("repurchase.simulate")  # stock, rates and certificates of the demo keep up
    return run_sweep(store=store)


@transaction.atomic
def _advance_offset(store: Store, step: dt.timedelta, by: str) -> None:
    mine = Store.objects.filter(pk=store.pk, sandbox=True, clock_offset__lte=MAX_OFFSET - step)
    if not mine.update(clock_offset=F("clock_offset") + step):
        raise Problem(Code.CLOCK_NOT_MOVABLE, detail=f"more than {MAX_OFFSET.days} days")
    store.refresh_from_db(fields=["clock_offset"])
    ledger.record(
        store_id=store.pk,
        kind="clock.moved",
        subject=f"store:{store.code}",
        by=by,
        at=clock.now(store),
        seconds=int(step.total_seconds()),
    )
