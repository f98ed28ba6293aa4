"""Runs the conformance kit against an integrator's endpoint, through the same guard as webhooks
(B-10, reliability 13)."""

import base64
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from diagnostics.transactions import refuse_in_transaction
from marketplace import clock
from marketplace.models import Store
from outbox import http_post, webhook_signatures, webhook_targets
from outbox.http_post import ExchangeResult, PostOutcome
from outbox.task_queue import enqueue_task
from repurchase.integration.conformance.cases import (
    CASES,
    NOT_TRIED,
    CaseFinding,
    CaseResult,
    ConformanceCase,
    ConformanceMessage,
    describe_exchange,
)
from repurchase.integration.feed import order_response_reader
from repurchase.models import ConformanceRun

PURPOSE = "bulk-repeat-order/conformance-secret/1"
TIMEOUT_SECONDS = 10
GIVEN_UP = dt.timedelta(minutes=15)
"""A run whose worker was lost stays unfinished; after so long it keeps nobody from asking again."""

MAX_RESPONSE_BYTES = 2 << 20
RUNS_KEPT = 20


def derive_kit_secret(store: Store) -> str:
    """What the kit signs with for a store: derived, so that nothing keeps it; not the secret of
    any webhook."""
    key = hmac.digest(settings.LINK_KEY.encode(), f"{PURPOSE}:{store.pk}".encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(key).decode()}"


def may_loop_back(store: Store) -> bool:
    """To one's own machine only from a sandbox store, and only where the operator allows it."""
    return store.sandbox and settings.WEBHOOKS_TO_LOOPBACK


def check_url(store: Store, url: str) -> None:
    """Where it leads, asked before anything is written: it takes the network. INPUT_INVALID."""
    if why := http_post.destination_problem(url, loopback=may_loop_back(store)):
        raise Problem(Code.INPUT_INVALID, detail=f"url: {why}")


@transaction.atomic
def request_run(*, store: Store, url: str, by: str) -> ConformanceRun:
    """A run in the background; while one of the store's goes on, that one. INPUT_INVALID for an
    address that may not be called."""
    refuse_unsafe_url(store, url)
    Store.objects.select_for_update(no_key=True).get(pk=store.pk)
    now = clock.now(store)
    going_on = ConformanceRun.objects.filter(store=store, done_at=None, asked_at__gt=now - GIVEN_UP)
    if found := going_on.first():
        return found
    run = ConformanceRun.objects.create(store=store, url=url, asked_at=now, asked_by=by)
    old = (
        ConformanceRun.objects.filter(store=store)
        .order_by("-asked_at")
        .values_list("pk", flat=True)[RUNS_KEPT:]
    )
    ConformanceRun.objects.filter(pk__in=list(old)).delete()
    enqueue_task("repurchase.conform", run_id=str(run.pk))
    return run


def refuse_unsafe_url(store: Store, url: str) -> None:
    if why := webhook_targets.url_problem(url, loopback=may_loop_back(store)):
        raise Problem(Code.INPUT_INVALID, detail=f"url: {why}")


def run(run_id: UUID) -> None:
    """What `request_run` asked for; done twice, the second finds it done."""
    found = ConformanceRun.objects.select_related("store").filter(pk=run_id, done_at=None).first()
    if found is None:
        return
    results: list[dict] = []
    for result in iter_case_results(store=found.store, url=found.url):
        results.append(asdict(result))
        ConformanceRun.objects.filter(pk=found.pk).update(results=results)
    ConformanceRun.objects.filter(pk=found.pk).update(
        done_at=clock.now(found.store), results=results
    )


def iter_case_results(*, store: Store, url: str) -> Iterator[CaseResult]:
    """Case by case; after three without any answer the rest is not waited for."""
    refuse_unsafe_url(store, url)
    silent = 0
    for case in CASES:
        if silent >= 3:
            yield _case_result(
                case, CaseFinding(text=NOT_TRIED, values={}), passed=False, milliseconds=0
            )
            continue
        result, answered = _run_case(case, lambda message: _send_message(store, url, message))
        silent = 0 if answered else silent + 1
        yield result


def _run_case(
    case: ConformanceCase, send: Callable[[ConformanceMessage], ExchangeResult]
) -> tuple[CaseResult, bool]:
    found, wrong = None, None
    for _ in range(case.times):
        found = send(case.message)
        wrong = wrong or case.judge(found, order_response_reader.read_order_responses)
    result = _case_result(
        case, wrong or describe_exchange(found), passed=not wrong, milliseconds=found.milliseconds
    )
    gone = (PostOutcome.TIMEOUT, PostOutcome.UNREACHABLE, PostOutcome.FORBIDDEN, PostOutcome.TLS)
    return result, found.outcome not in gone


def _case_result(
    case: ConformanceCase, found: CaseFinding, *, passed: bool, milliseconds: int
) -> CaseResult:
    said = {"text": found.text, "values": dict(found.values)}
    return CaseResult(
        name=case.name,
        asks=case.asks,
        passed=passed,
        found=str(found),
        milliseconds=milliseconds,
        said=said,
    )


def _send_message(store: Store, url: str, message: ConformanceMessage) -> ExchangeResult:
    refuse_in_transaction("conformance")
    headers, body = _signed_request(message, derive_kit_secret(store), int(clock.now().timestamp()))
    return http_post.exchange(
        url,
        headers=headers | {"content-type": message.content_type},
        body=body,
        loopback=may_loop_back(store),
        seconds=TIMEOUT_SECONDS,
        read=MAX_RESPONSE_BYTES,
    )


def _signed_request(
    message: ConformanceMessage, secret: str, now: int
) -> tuple[dict[str, str], bytes]:
    id, at, body = (
        message.id or f"evt_0_{uuid.uuid4().hex[:12]}",
        str(now + message.shift),
        message.body,
    )
    right = _sign_message(secret, id, at, body)
    wrong = _sign_message(f"whsec_{base64.b64encode(b'x' * 32).decode()}", id, at, body)
    headers = {
        "webhook-id": id,
        "webhook-timestamp": at,
        "user-agent": "bulk-repeat-order-conformance/1",
    }
    signature = {
        "right": right,
        "wrong": wrong,
        "garbage": "none of your business",
        "v2": right.replace("v1,", "v2,"),
        "beside_v2": f"{right.replace('v1,', 'v2,')} {right}",
        "rotated": f"{wrong} {right}",
    }.get(message.sign)
    if signature:
        headers["webhook-signature"] = signature
    match message.tampered:
        case "body":
            body = body.replace(b"0001", b"0002", 1)
        case "id":
            headers["webhook-id"] = id + "x"
        case "timestamp":
            headers["webhook-timestamp"] = str(int(at) + 1)
    return headers, body


def _sign_message(secret: str, id: str, at: str, body: bytes) -> str:
    return webhook_signatures.sign_content(
        base64.b64decode(secret.removeprefix("whsec_")), f"{id}.{at}.".encode() + body
    )
