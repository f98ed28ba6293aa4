"""A request with an Idempotency-Key takes effect once: sent again, it is answered as the first
time (F-14)."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem, RecordedProblem
from marketplace import clock
from marketplace.models import Store
from repurchase.models import KeptAnswer

RETENTION = dt.timedelta(hours=72)
MAX_PER_PASS = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class IdempotentAnswer:
    status: int
    body: Any  # plain JSON
    location: str = ""


def answer_once(
    *,
    store: Store,
    key: str,
    request: str,
    act: Callable[[], IdempotentAnswer],
    files: bool = False,
) -> IdempotentAnswer:
    """`request`: a digest of what was asked for. The answer is written with its effect, so one is
    never without the other.

    With `files` the act keeps a file and has a transaction of its own: no row is held meanwhile,
    and a process that is lost just between effect and answer leaves an effect that the act itself
    knows again.

    IDEMPOTENCY_KEY_BUSY while the first one runs, IDEMPOTENCY_KEY_REUSED for another request under
    the same key. A refusal is not kept: it had no effect, but for a `RecordedProblem`, whose
    record is.
    """
    place = [store.pk % 2**31, f"once:{key}"]
    if not files:
        return _answer_outside_transaction(store, key, request, act, place)
    _take_advisory_lock("SELECT pg_try_advisory_lock(%s, hashtext(%s))", place)
    try:
        return _answer_in_transaction(store, key, request, act)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", place)


def _answer_outside_transaction(
    store: Store,
    key: str,
    request: str,
    act: Callable[[], IdempotentAnswer],
    place: Sequence[object],
) -> IdempotentAnswer:
    with transaction.atomic():
        _take_advisory_lock("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", place)
        try:
            return _answer_in_transaction(store, key, request, act)
        except RecordedProblem as problem:
            refused = problem
    raise refused


def _take_advisory_lock(sql: str, place: Sequence[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, place)
        if not cursor.fetchone()[0]:
            raise Problem(Code.IDEMPOTENCY_KEY_BUSY)


def _answer_in_transaction(
    store: Store, key: str, request: str, act: Callable[[], IdempotentAnswer]
) -> IdempotentAnswer:
    now = clock.now()
    kept = KeptAnswer.objects.filter(store=store, key=key).first()
    if kept and kept.kept_at > now - RETENTION:
        if kept.request != request:
            raise Problem(Code.IDEMPOTENCY_KEY_REUSED)
        return IdempotentAnswer(status=kept.status, body=kept.body, location=kept.location)
    answer = act()
    KeptAnswer.objects.update_or_create(
        store=store,
        key=key,
        defaults={
            "request": request,
            "status": answer.status,
            "body": answer.body,
            "location": answer.location,
            "kept_at": now,
        },
    )
    return answer


def prune() -> int:
    """Forgets what is older than 72 hours, a bounded number a pass."""
    old = (
        KeptAnswer.objects.filter(kept_at__lt=clock.now() - RETENTION)
        .order_by("kept_at")
        .values("pk")[:MAX_PER_PASS]
    )
    return KeptAnswer.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
