"""The diagnostic report of one order: drawn by a worker, kept a few minutes where every process
finds it.

Who asks for it only looks, so no row is written for it: what is being made and what was made
stands in Redis beside the counters of calls. Lost there, it is made again.
"""

import datetime as dt
import hashlib
import json

from django.utils import translation

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox.task_queue import enqueue_task
from repurchase.fulfilment.queries import carrier_charges
from repurchase.models import RepeatOrder
from repurchase.reporting.services import diagnosis_report
from repurchase.site import rate_limits

TASK = "repurchase.make_order_report"
KEPT_SECONDS = 300
ENQUEUED_SECONDS = 20
"""So long after a ring nobody rings for the same report again; a lost ring costs no more."""

A_MINUTE = 30
"""So many reports a store may have drawn in a minute: each takes a worker about a second."""

RETRY_SECONDS = 2
FAILED = b""


def get_or_request(store: Store, ref: str) -> bytes | None:
    """The report as of now in the language that is active; None while it is being made: ask again
    in two seconds.

    NOT_FOUND for a stranger's, WORK_FAILED for one that could not be drawn, TOO_MANY_REQUESTS.
    """
    order = carrier_charges.get_store_order(store, ref)
    language = translation.get_language() or "zh-hans"
    name = _cache_name(store, order, language)
    made = rate_limits.query_counters(lambda kept: kept.get(f"{name}:made"))
    if made == FAILED:
        raise Problem(Code.WORK_FAILED, tries=1)
    if made is None and rate_limits.query_counters(
        lambda kept: kept.add(f"{name}:rung", 1, timeout=ENQUEUED_SECONDS)
    ):
        _within_limit(store, name)
        enqueue_task(TASK, store_id=store.pk, ref=ref, language=language, name=name)
    return made


def make(*, store_id: int, ref: str, language: str, name: str) -> None:
    """What a worker does when it is rung; done twice, the second finds it there."""
    if rate_limits.query_counters(lambda kept: kept.get(f"{name}:made")):
        return
    store = Store.objects.get(pk=store_id)
    try:
        with translation.override(language):
            content = diagnosis_report.render_for_order(store, ref, now=clock.now(store))
    except Exception:
        rate_limits.query_counters(
            lambda kept: kept.set(f"{name}:made", FAILED, timeout=ENQUEUED_SECONDS)
        )
        raise
    rate_limits.query_counters(lambda kept: kept.set(f"{name}:made", content, timeout=KEPT_SECONDS))


def _within_limit(store: Store, name: str) -> None:
    if seconds := rate_limits.spend(f"order-reports:{store.pk}", calls=A_MINUTE, seconds=60):
        rate_limits.query_counters(lambda kept: kept.delete(f"{name}:rung"))
        raise Problem(Code.TOO_MANY_REQUESTS, value=round(seconds) or 1)


def _cache_name(store: Store, order: RepeatOrder, language: str) -> str:
    """Another one as soon as something happened to the order or its batch."""
    batch = order.batch
    entries = LedgerEntry.objects.filter(store_id=store.pk, subject=f"batch:{batch.ref}")
    happened = entries.order_by("-seq").values_list("seq", flat=True).first()
    told = [
        order.ref,
        order.status,
        order.codes,
        batch.version,
        batch.attempt,
        happened,
        language,
        _current_hour(store),
    ]
    return f"report:{store.pk}:{hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]}"


def _current_hour(store: Store) -> dt.datetime:
    """Deadlines pass by themselves: a sandbox store's clock may have been moved since."""
    return clock.now(store).replace(minute=0, second=0, microsecond=0)
