"""An ERP's answer to a released order, line by line: kept, told, and decided on by a person where
it disagrees.

It never changes the order: what the buyer confirmed is what the order says, until both sign
something else.
"""

from dataclasses import asdict

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox import events
from repurchase.fulfilment.net_lines import net_amounts
from repurchase.fulfilment.order_response import (
    ConfirmedLine,
    OrderResponse,
    ResponseLine,
    ResponseVerdict,
    judge_order_response,
)
from repurchase.fulfilment.services import shipments
from repurchase.models import Decision, ErpResponse, LineOutcome, Release, RepeatLine, RepeatOrder


@transaction.atomic
def record_all(
    *, store: Store, answers: list[OrderResponse], format: str, by: str
) -> list[tuple[ErpResponse, bool]]:
    """Keeps each answer, once; whether it is new stands beside it. All of them or none.

    ORDER_UNKNOWN for an order of another store, STATE_CONFLICT for one that was not released,
    INPUT_INVALID with `rows` for lines that are not the order's, or an answer sent before that
    said something else.
    """
    refs = [answer.order for answer in answers]
    if len(set(refs)) < len(refs):
        raise Problem(Code.INPUT_INVALID, detail="an order is answered twice")
    orders = {
        order.ref: order
        for order in RepeatOrder.objects.select_for_update(of=("self",))
        .select_related("batch")
        .filter(store=store, ref__in=[ref for ref in refs if "\0" not in ref])
        .order_by("pk")
    }
    if unknown := [ref for ref in refs if ref not in orders]:
        raise Problem(Code.ORDER_UNKNOWN, orders=unknown[:20])
    return [_record_response(store, orders[answer.order], answer, format, by) for answer in answers]


def _record_response(
    store: Store, order: RepeatOrder, answer: OrderResponse, format: str, by: str
) -> tuple[ErpResponse, bool]:
    known = ErpResponse.objects.filter(order=order, response_id=answer.id).first()
    if known:
        if known.digest != answer.digest:
            raise Problem(
                Code.INPUT_INVALID, detail=f"{answer.id}: {known.received_at.isoformat()}"
            )
        return known, False
    if not Release.objects.filter(order=order).exists():
        raise Problem(Code.STATE_CONFLICT, state=order.status, event="answer")
    verdict = judge_order_response(answer, _confirmed_lines(order, format))
    now = clock.now(store)
    made = ErpResponse.objects.create(
        store=store,
        order=order,
        response_id=answer.id,
        format=format,
        digest=answer.digest,
        verdict=verdict,
        lines=[_line_as_json(line) for line in answer.lines],
        note=answer.note,
        received_at=now,
        received_by=by,
    )
    if verdict is ResponseVerdict.ACCEPTED:
        acknowledged = shipments.OrderAcknowledgement(
            key="", order=order.ref, erp_number=answer.erp_number
        )
        report = shipments.acknowledge(store=store, rows=[acknowledged], by=by)
        if report.refused:
            raise report.refused[0].problem
    _publish_response(made, f"response.{verdict}")
    ledger.record(
        store_id=store.pk,
        kind=f"response.{verdict}",
        subject=f"batch:{order.batch.ref}",
        by=by,
        at=now,
        order=order.ref,
        response=answer.id,
        digest=answer.digest,
    )
    return made, True


def _confirmed_lines(order: RepeatOrder, format: str) -> list[ConfirmedLine]:
    """As the ERP was told it: UBL knows amounts without tax only."""
    lines = list(
        RepeatLine.objects.filter(order=order, outcome=LineOutcome.PLANNED).order_by("line_no")
    )
    totals = (
        net_amounts(order, lines)[0] if format == "ubl" else [line.total_minor for line in lines]
    )
    return [
        ConfirmedLine(
            line=line.line_no, quantity=line.quantity, total_minor=minor, currency=order.currency
        )
        for line, minor in zip(lines, totals, strict=True)
    ]


def _line_as_json(line: ResponseLine) -> dict:
    return {name: None if value is None else str(value) for name, value in asdict(line).items()} | {
        "line": line.line,
        "quantity": line.quantity,
    }


def _publish_response(response: ErpResponse, kind: str) -> None:
    events.publish(
        store_id=response.store_id,
        type=kind,
        subject=f"batch:{response.order.batch.ref}",
        at=response.decided_at or response.received_at,
        orders=[response.order.ref],
        response=response.response_id,
        decision=response.decision,
    )


@transaction.atomic
def decide(*, response: ErpResponse, decision: str, why: str, by: str) -> ErpResponse:
    """A person's word on an answer that changed or refused lines; the ERP is told. STATE_CONFLICT
    when it is decided."""
    if decision not in Decision.values:
        raise Problem(Code.INPUT_INVALID, detail="decision")
    if not (why := why.replace("\0", "").strip()[:300]):
        raise Problem(Code.INPUT_INVALID, detail="why")
    now = clock.now(response.store)
    waiting = ErpResponse.objects.filter(pk=response.pk, decided_at=None).exclude(
        verdict=ResponseVerdict.ACCEPTED
    )
    if not waiting.update(decision=decision, decided_at=now, decided_by=by, decided_why=why):
        raise Problem(
            Code.STATE_CONFLICT, state=response.decision or response.verdict, event="decide"
        )
    decided = ErpResponse.objects.select_related("order__batch").get(pk=response.pk)
    _publish_response(decided, "response.decided")
    ledger.record(
        store_id=decided.store_id,
        kind="response.decided",
        subject=f"batch:{decided.order.batch.ref}",
        by=by,
        at=now,
        order=decided.order.ref,
        response=decided.response_id,
        decision=decision,
        why=why,
    )
    return decided
