"""The cases: each is one message, signed as webhooks are, and what an endpoint has to answer. Pure.

A case that fails says in words what was expected and what came, so that it can be mended without
us.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.problem import Problem
from outbox.http_post import ExchangeResult, PostOutcome
from repurchase.fulfilment.order_response import OrderResponse, ResponseVerdict
from repurchase.integration.conformance.documents import (
    NAMESPACE,
    UBL_ORDER,
    KitOrder,
    KitOrderLine,
    build_order_document,
)

ReadOrderResponses = Callable[[bytes], tuple[str, list[OrderResponse]]]
JSON, XML = "application/json", "application/xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConformanceMessage:
    """What is sent. `shift`: seconds by which the signed time is off; `sign`: what is put for the
    signature."""

    body: bytes
    content_type: str = JSON
    id: str = ""  # "": one of its own
    shift: int = 0
    sign: str = "right"  # right, wrong, none, garbage, v2, beside_v2, rotated
    tampered: str = ""  # body, id, timestamp: changed after it was signed


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFinding:
    """What came instead, as a message id and its values."""

    text: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        return self.text.format(**self.values)


CaseJudge = Callable[[ExchangeResult, ReadOrderResponses], CaseFinding | None]  # None: it is right


@dataclass(frozen=True, kw_only=True, slots=True)
class ConformanceCase:
    words: str  # a message id
    about: str = ""  # what `words` leaves open
    asks: str  # what the endpoint should do: a message id
    message: ConformanceMessage
    judge: CaseJudge
    times: int = 1

    @property
    def name(self) -> str:
        """In English: stable, for programs."""
        return self.words.format(about=self.about)


def _(text: str) -> str:
    """Marks a message id: it is translated where it is shown."""
    return text


TAKES = _("takes it (2xx within 10 seconds)")
REFUSES = _("refuses it (4xx)")
ACCEPTS = _(
    "answers with an OrderResponses document that accepts every order, naming only its ordered lines"
)
DECLINES = _("does not accept the order: refuses or changes it, leaves it unanswered, or says 4xx")
SILENT = _("takes it (2xx) and answers no order")


NOT_TRIED = _("not tried, since the three before it had no answer")
OUTCOME_FINDINGS: Mapping[PostOutcome, str] = {
    PostOutcome.TIMEOUT: _("no answer within 10 seconds"),
    PostOutcome.UNREACHABLE: _("nothing answers at this address"),
    PostOutcome.FORBIDDEN: _("the address leads where no webhook may lead"),
    PostOutcome.TLS: _("the certificate does not hold"),
    PostOutcome.GARBLED: _("the answer is no HTTP"),
}


def _finding(text: str, **values: object) -> CaseFinding:
    return CaseFinding(text=text, values={name: str(value) for name, value in values.items()})


def describe_exchange(found: ExchangeResult) -> CaseFinding:
    """The status; without one, why there is none."""
    if found.status is None:
        return _finding(OUTCOME_FINDINGS.get(found.outcome, "{value}"), value=found.outcome)
    return _finding("HTTP {value}", value=found.status)


def _judge_taken(found: ExchangeResult, _answers: ReadOrderResponses) -> CaseFinding | None:
    return None if found.outcome is PostOutcome.DELIVERED else describe_exchange(found)


def _judge_refused(found: ExchangeResult, _answers: ReadOrderResponses) -> CaseFinding | None:
    return (
        None if found.status is not None and 400 <= found.status < 500 else describe_exchange(found)
    )


def _unreadable_finding(error: Exception) -> CaseFinding:
    """Whatever is wrong with an answer is what was found; a Problem by its code."""
    if isinstance(error, Problem):
        return _finding(
            "{code}: {value}", code=error.code, value=str(error.evidence.get("detail", ""))[:300]
        )
    return _finding("{code}: {value}", code=type(error).__name__, value=str(error)[:300])


def _judge_accepted(*orders: KitOrder) -> CaseJudge:
    def judge(found: ExchangeResult, answers: ReadOrderResponses) -> CaseFinding | None:
        if problem := _judge_taken(found, answers):
            return problem
        if not found.body.strip():
            return _finding(_("an answer without a document (HTTP {value})"), value=found.status)
        try:
            _format, given = answers(found.body)
        except Exception as error:
            return _unreadable_finding(error)
        if sorted(a.order for a in given) != sorted(o.ref for o in orders):
            return _finding(
                _("answered orders: {orders}"),
                orders=", ".join(a.order for a in given)[:200] or "—",
            )
        return next(
            filter(
                None,
                (
                    _check_complete_acceptance(a, next(o for o in orders if o.ref == a.order))
                    for a in given
                ),
            ),
            None,
        )

    return judge


def _check_complete_acceptance(answer: OrderResponse, order: KitOrder) -> CaseFinding | None:
    """Accepted, and each named line is one that was ordered, with its own amount."""
    ordered = {line.number: line for line in order.lines if line.outcome == "planned"}
    if answer.verdict is not ResponseVerdict.ACCEPTED:
        return _finding("{order}: {value}", order=answer.order, value=answer.verdict)
    for line in answer.lines:
        of_line = {"order": answer.order, "line": line.line}
        if line.line not in ordered or line.verdict is not ResponseVerdict.ACCEPTED:
            return _finding(_("{order}, line {line}: {value}"), **of_line, value=line.verdict)
        if line.amount is not None and _count_decimals(line.amount) != ordered[line.line].minor:
            return _finding(_("{order}, line {line}: {value}"), **of_line, value=line.amount)
        if line.quantity not in (None, ordered[line.line].quantity):
            return _finding(
                _("{order}, line {line}: {value} pieces"), **of_line, value=line.quantity
            )
    return None


def _count_decimals(amount: str) -> int:
    return int(amount.replace(".", "") or -1) if amount.replace(".", "").isdecimal() else -1


def _judge_declined(found: ExchangeResult, answers: ReadOrderResponses) -> CaseFinding | None:
    if found.status is not None and 400 <= found.status < 500:
        return None
    if problem := _judge_taken(found, answers):
        return problem
    if not found.body.strip():
        return None
    try:
        _format, given = answers(found.body)
    except Exception as error:
        return _unreadable_finding(error)
    accepted = [
        a.order for a in given if a.verdict is ResponseVerdict.ACCEPTED and not _is_not_accepting(a)
    ]
    return (
        _finding(_("accepted orders: {orders}"), orders=", ".join(accepted)) if accepted else None
    )


def _is_not_accepting(answer: OrderResponse) -> bool:
    return any(line.verdict is not ResponseVerdict.ACCEPTED for line in answer.lines)


def _judge_without_response(
    found: ExchangeResult, answers: ReadOrderResponses
) -> CaseFinding | None:
    if problem := _judge_taken(found, answers):
        return problem
    if b"<OrderResponse " in found.body:
        return _finding(_("answered an order, in {value} bytes"), value=len(found.body))
    return None


def event_body(type: str = "order.released", seq: int = 1, **fields: Any) -> bytes:
    told = {
        "id": f"evt_0_{seq}",
        "seq": seq,
        "type": type,
        "timestamp": "2026-11-23T08:00:00Z",
        "subject": {"kind": "batch", "ref": "BR-00KT0000"},
        "data": {"orders": ["BR-00KT0000-0001"]},
    }
    return json.dumps(told | fields, ensure_ascii=False).encode()


def _event_case(
    words: str, body: bytes = event_body(), *, about: str = "", **fields: Any
) -> ConformanceCase:
    return ConformanceCase(
        words=words,
        about=about,
        asks=TAKES,
        message=ConformanceMessage(body=body, **fields),
        judge=_judge_taken,
    )


def _refused_event_case(words: str, body: bytes = event_body(), **fields: Any) -> ConformanceCase:
    return ConformanceCase(
        words=words,
        asks=REFUSES,
        message=ConformanceMessage(body=body, **fields),
        judge=_judge_refused,
    )


def _accepted_order_case(
    words: str, *orders: KitOrder, body: bytes = b"", times: int = 1
) -> ConformanceCase:
    message = ConformanceMessage(body=body or build_order_document(*orders), content_type=XML)
    return ConformanceCase(
        words=words, asks=ACCEPTS, message=message, judge=_judge_accepted(*orders), times=times
    )


def _declined_order_case(words: str, *orders: KitOrder) -> ConformanceCase:
    message = ConformanceMessage(body=build_order_document(*orders), content_type=XML)
    return ConformanceCase(words=words, asks=DECLINES, message=message, judge=_judge_declined)


def _hostile_case(words: str, body: bytes, **fields: Any) -> ConformanceCase:
    return _refused_event_case(words, body, content_type=XML, **fields)


def _order_of_lines(n: int) -> KitOrder:
    return KitOrder(ref=f"BR-00KT0000-{n:04d}")


ONE = KitOrder()
DOC = build_order_document(ONE)
BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x"}">' for n in range(9))

SIGNATURES: Sequence[ConformanceCase] = (
    _event_case(_("a signed event")),
    _event_case(_("an event sent again under the same id"), id="evt_0_1"),
    _event_case(_("a signature by the new secret beside the old one's"), sign="rotated"),
    _event_case(_("a signature of an unknown version beside ours"), sign="beside_v2"),
    _event_case(_("a clock four minutes behind"), shift=-240),
    _event_case(_("a clock four minutes ahead"), shift=240),
    _refused_event_case(_("a signature by another secret"), sign="wrong"),
    _refused_event_case(_("no signature"), sign="none"),
    _refused_event_case(_("a signature that is none"), sign="garbage"),
    _refused_event_case(_("a signature of an unknown version only"), sign="v2"),
    _refused_event_case(_("a body changed after it was signed"), tampered="body"),
    _refused_event_case(_("an id changed after it was signed"), tampered="id"),
    _refused_event_case(_("a time changed after it was signed"), tampered="timestamp"),
    _refused_event_case(_("a message signed ten minutes ago"), shift=-600),
    _refused_event_case(_("a message signed for ten minutes from now"), shift=600),
)
EVENTS: Sequence[ConformanceCase] = (
    *(
        _event_case(_("the event {about}"), event_body(type), about=type)
        for type in (
            "batch.locked",
            "lock.expired",
            "order.confirmed",
            "order.awaiting_payment",
            "order.paid",
            "order.cancelled",
            "release.announced",
            "response.decided",
        )
    ),
    _event_case(_("an event of a type that is not known yet"), event_body("order.teleported")),
    _event_case(
        _("members that are not known yet"),
        event_body(data={"orders": [], "mood": "good"}, trace={"a": [1]}),
    ),
    _event_case(_("an event that comes late"), event_body(seq=3), id="evt_0_3"),
    _event_case(_("an event that was overtaken"), event_body(seq=2), id="evt_0_2"),
    _event_case(
        _("five hundred orders in an event"),
        event_body(data={"orders": [f"BR-00KT0000-{n:04d}" for n in range(500)]}),
    ),
    _event_case(_("Chinese texts"), event_body(note="大额回购订单")),
    _refused_event_case(_("a body that is no JSON"), b"{"),
    _refused_event_case(_("an empty body"), b""),
    _refused_event_case(_("a JSON list"), b"[]"),
    _refused_event_case(
        _("an event without a type"), json.dumps({"id": "evt_0_1", "seq": 1}).encode()
    ),
)
ORDERS: Sequence[ConformanceCase] = (
    _accepted_order_case(_("an order of one line"), ONE),
    _accepted_order_case(
        _("an order of three lines"),
        replace(ONE, lines=tuple(KitOrderLine(number=n) for n in (1, 2, 3))),
    ),
    _accepted_order_case(
        _("line numbers with gaps"),
        replace(ONE, lines=(KitOrderLine(number=2), KitOrderLine(number=7))),
    ),
    _accepted_order_case(_("two orders in a document"), _order_of_lines(1), _order_of_lines(2)),
    _accepted_order_case(
        _("two hundred orders in a document"), *map(_order_of_lines, range(1, 201))
    ),
    _accepted_order_case(_("the same document again"), ONE, times=2),
    _accepted_order_case(_("yen, which have no decimals"), replace(ONE, currency="JPY")),
    _accepted_order_case(_("Kuwaiti dinars, which have three"), replace(ONE, currency="KWD")),
    _accepted_order_case(
        _("a million pieces"),
        replace(ONE, lines=(KitOrderLine(quantity=1_000_000, minor=123_456_789_012),)),
    ),
    _accepted_order_case(
        _("a unit price that does not multiply to the line's total"),
        replace(ONE, lines=(KitOrderLine(quantity=7, minor=100),)),
    ),
    _accepted_order_case(_("prices that include tax"), replace(ONE, includes_tax=True)),
    _accepted_order_case(_("no tax"), replace(ONE, tax=0)),
    _accepted_order_case(_("no freight"), replace(ONE, freight=0)),
    _accepted_order_case(_("no HS code"), replace(ONE, lines=(KitOrderLine(hs_code=""),))),
    _accepted_order_case(
        _("Chinese and marked-up texts"),
        replace(ONE, note="红色 <carton> & 'x'", consignee='王 & Söhne "GmbH"'),
    ),
    _accepted_order_case(
        _("a line that was left out"),
        replace(ONE, lines=(KitOrderLine(), KitOrderLine(number=2, outcome="excluded"))),
    ),
    _accepted_order_case(_("an order that is shipped"), replace(ONE, status="shipped")),
    _accepted_order_case(
        _("an element that a later version adds"),
        replace(ONE, extra="<Mood>good</Mood>"),
        body=build_order_document(replace(ONE, extra="<Mood>good</Mood>"), version="1.9"),
    ),
    _accepted_order_case(
        _("an attribute that a later version adds"), replace(ONE, attributes=' mood="good"')
    ),
    _accepted_order_case(
        _("a fee of a kind that is not known yet"), replace(ONE, fee_kind="carbon_offset")
    ),
    _accepted_order_case(_("a UBL order"), ONE, body=UBL_ORDER),
    _declined_order_case(_("an order whose price is only locked"), replace(ONE, status="locked")),
    _declined_order_case(_("an order that is not paid"), replace(ONE, status="awaiting_payment")),
    _declined_order_case(
        _("an order that is confirmed and not released"), replace(ONE, status="confirmed")
    ),
    _declined_order_case(_("a total that misses its parts by a cent"), replace(ONE, off_by=1)),
    _declined_order_case(
        _("an article that you do not have"), replace(ONE, lines=(KitOrderLine(sku="NO-SUCH-SKU"),))
    ),
    ConformanceCase(
        words=_("a document without an order"),
        asks=SILENT,
        message=ConformanceMessage(body=build_order_document(), content_type=XML),
        judge=_judge_without_response,
    ),
)
HOSTILE: Sequence[ConformanceCase] = (
    _hostile_case(
        _("XML with a DOCTYPE"),
        DOC.replace(b"<RepurchaseOrders", b"<!DOCTYPE RepurchaseOrders>\n<RepurchaseOrders", 1),
    ),
    _hostile_case(_("a billion laughs"), f"<!DOCTYPE x [{BOMB}]><x>&a8;</x>".encode()),
    _hostile_case(
        _("an external entity"), b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    ),
    _hostile_case(_("XML that is cut short"), DOC[: len(DOC) // 2]),
    _hostile_case(
        _("XML of another namespace"), DOC.replace(NAMESPACE.encode(), b"urn:something:else")
    ),
    _hostile_case(_("XML that is none"), b"order please"),
    _hostile_case(_("an unsigned order"), DOC, sign="none"),
    _hostile_case(_("an order that was changed on its way"), DOC, tampered="body"),
)
CASES: Sequence[ConformanceCase] = (*SIGNATURES, *EVENTS, *ORDERS, *HOSTILE)
GROUPS: Mapping[str, Sequence[ConformanceCase]] = {
    "signatures": SIGNATURES,
    "events": EVENTS,
    "orders": ORDERS,
    "hostile": HOSTILE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseResult:
    name: str
    asks: str
    passed: bool
    found: str  # in English
    milliseconds: int
    said: Mapping[str, Any] = field(default_factory=dict)  # `found` as a message id and its values
