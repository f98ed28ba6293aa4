"""The cases: each is one message, signed as webhooks are, and what an endpoint has to answer. Pure.

A case that fails says in words what was expected and what came, so that it can be mended without
us.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.problem import Problem
from outbox.http_post import Exchanged, Outcome
from repurchase.fulfilment.order_response import Answer, Verdict
from repurchase.integration.conformance.documents import NAMESPACE, UBL_ORDER, Line, Order, document

Answers = Callable[[bytes], tuple[str, list[Answer]]]
JSON, XML = "application/json", "application/xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is sent. `shift`: seconds by which the signed time is off; `sign`: what is put for the
    signature."""

    body: bytes
    content_type: str = JSON
    id: str = ""  # "": one of its own
    shift: int = 0
    sign: str = "right"  # right, wrong, none, garbage, v2, beside_v2, rotated
    tampered: str = ""  # body, id, timestamp: changed after it was signed


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came instead, as a message id and its values."""

    text: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        return self.text.format(**self.values)


Judge = Callable[[Exchanged, Answers], Found | None]  # None: it is right


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    words: str  # a message id
    about: str = ""  # what `words` leaves open
    asks: str  # what the endpoint should do: a message id
    message: Message
    judge: Judge
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
CAME: Mapping[Outcome, str] = {
    Outcome.TIMEOUT: _("no answer within 10 seconds"),
    Outcome.UNREACHABLE: _("nothing answers at this address"),
    Outcome.FORBIDDEN: _("the address leads where no webhook may lead"),
    Outcome.TLS: _("the certificate does not hold"),
    Outcome.GARBLED: _("the answer is no HTTP"),
}


def _found(text: str, **values: object) -> Found:
    return Found(text=text, values={name: str(value) for name, value in values.items()})


def came(found: Exchanged) -> Found:
    """The status; without one, why there is none."""
    if found.status is None:
        return _found(CAME.get(found.outcome, "{value}"), value=found.outcome)
    return _found("HTTP {value}", value=found.status)


def _taken(found: Exchanged, _answers: Answers) -> Found | None:
    return None if found.outcome is Outcome.DELIVERED else came(found)


def _refused(found: Exchanged, _answers: Answers) -> Found | None:
    return None if found.status is not None and 400 <= found.status < 500 else came(found)


def _unread(error: Exception) -> Found:
    """Whatever is wrong with an answer is what was found; a Problem by its code."""
    if isinstance(error, Problem):
        return _found(
            "{code}: {value}", code=error.code, value=str(error.evidence.get("detail", ""))[:300]
        )
    return _found("{code}: {value}", code=type(error).__name__, value=str(error)[:300])


def _accepted(*orders: Order) -> Judge:
    def judge(found: Exchanged, answers: Answers) -> Found | None:
        if problem := _taken(found, answers):
            return problem
        if not found.body.strip():
            return _found(_("an answer without a document (HTTP {value})"), value=found.status)
        try:
            _format, given = answers(found.body)
        except Exception as error:
            return _unread(error)
        if sorted(a.order for a in given) != sorted(o.ref for o in orders):
            return _found(
                _("answered orders: {orders}"),
                orders=", ".join(a.order for a in given)[:200] or "—",
            )
        return next(
            filter(None, (_whole(a, next(o for o in orders if o.ref == a.order)) for a in given)),
            None,
        )

    return judge


def _whole(answer: Answer, order: Order) -> Found | None:
    """Accepted, and each named line is one that was ordered, with its own amount."""
    ordered = {line.number: line for line in order.lines if line.outcome == "planned"}
    if answer.verdict is not Verdict.ACCEPTED:
        return _found("{order}: {value}", order=answer.order, value=answer.verdict)
    for line in answer.lines:
        of_line = {"order": answer.order, "line": line.line}
        if line.line not in ordered or line.verdict is not Verdict.ACCEPTED:
            return _found(_("{order}, line {line}: {value}"), **of_line, value=line.verdict)
        if line.amount is not None and _digits(line.amount) != ordered[line.line].minor:
            return _found(_("{order}, line {line}: {value}"), **of_line, value=line.amount)
        if line.quantity not in (None, ordered[line.line].quantity):
            return _found(_("{order}, line {line}: {value} pieces"), **of_line, value=line.quantity)
    return None


def _digits(amount: str) -> int:
    return int(amount.replace(".", "") or -1) if amount.replace(".", "").isdecimal() else -1


def _declined(found: Exchanged, answers: Answers) -> Found | None:
    if found.status is not None and 400 <= found.status < 500:
        return None
    if problem := _taken(found, answers):
        return problem
    if not found.body.strip():
        return None
    try:
        _format, given = answers(found.body)
    except Exception as error:
        return _unread(error)
    accepted = [a.order for a in given if a.verdict is Verdict.ACCEPTED and not _other(a)]
    return _found(_("accepted orders: {orders}"), orders=", ".join(accepted)) if accepted else None


def _other(answer: Answer) -> bool:
    return any(line.verdict is not Verdict.ACCEPTED for line in answer.lines)


def _unanswered(found: Exchanged, answers: Answers) -> Found | None:
    if problem := _taken(found, answers):
        return problem
    if b"<OrderResponse " in found.body:
        return _found(_("answered an order, in {value} bytes"), value=len(found.body))
    return None


def event(type: str = "order.released", seq: int = 1, **fields: Any) -> bytes:
    told = {
        "id": f"evt_0_{seq}",
        "seq": seq,
        "type": type,
        "timestamp": "2026-11-23T08:00:00Z",
        "subject": {"kind": "batch", "ref": "BR-00KT0000"},
        "data": {"orders": ["BR-00KT0000-0001"]},
    }
    return json.dumps(told | fields, ensure_ascii=False).encode()


def _event(words: str, body: bytes = event(), *, about: str = "", **fields: Any) -> Case:
    return Case(
        words=words, about=about, asks=TAKES, message=Message(body=body, **fields), judge=_taken
    )


def _bad(words: str, body: bytes = event(), **fields: Any) -> Case:
    return Case(words=words, asks=REFUSES, message=Message(body=body, **fields), judge=_refused)


def _order(words: str, *orders: Order, body: bytes = b"", times: int = 1) -> Case:
    message = Message(body=body or document(*orders), content_type=XML)
    return Case(words=words, asks=ACCEPTS, message=message, judge=_accepted(*orders), times=times)


def _no(words: str, *orders: Order) -> Case:
    message = Message(body=document(*orders), content_type=XML)
    return Case(words=words, asks=DECLINES, message=message, judge=_declined)


def _hostile(words: str, body: bytes, **fields: Any) -> Case:
    return _bad(words, body, content_type=XML, **fields)


def _numbered(n: int) -> Order:
    return Order(ref=f"BR-00KT0000-{n:04d}")


ONE = Order()
DOC = document(ONE)
BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x"}">' for n in range(9))

SIGNATURES: Sequence[Case] = (
    _event(_("a signed event")),
    _event(_("an event sent again under the same id"), id="evt_0_1"),
    _event(_("a signature by the new secret beside the old one's"), sign="rotated"),
    _event(_("a signature of an unknown version beside ours"), sign="beside_v2"),
    _event(_("a clock four minutes behind"), shift=-240),
    _event(_("a clock four minutes ahead"), shift=240),
    _bad(_("a signature by another secret"), sign="wrong"),
    _bad(_("no signature"), sign="none"),
    _bad(_("a signature that is none"), sign="garbage"),
    _bad(_("a signature of an unknown version only"), sign="v2"),
    _bad(_("a body changed after it was signed"), tampered="body"),
    _bad(_("an id changed after it was signed"), tampered="id"),
    _bad(_("a time changed after it was signed"), tampered="timestamp"),
    _bad(_("a message signed ten minutes ago"), shift=-600),
    _bad(_("a message signed for ten minutes from now"), shift=600),
)
EVENTS: Sequence[Case] = (
    *(
        _event(_("the event {about}"), event(type), about=type)
        for type in (
            "batch.locked", "lock.expired", "order.confirmed", "order.awaiting_payment", "order.paid", "order.cancelled",
            "release.announced", "response.decided",
        )
    ),
    _event(_("an event of a type that is not known yet"), event("order.teleported")),
    _event(_("members that are not known yet"), event(data={"orders": [], "mood": "good"}, trace={"a": [1]})),
    _event(_("an event that comes late"), event(seq=3), id="evt_0_3"),
    _event(_("an event that was overtaken"), event(seq=2), id="evt_0_2"),
    _event(_("five hundred orders in an event"), event(data={"orders": [f"BR-00KT0000-{n:04d}" for n in range(500)]})),
    _event(_("Chinese texts"), event(note="大额回购订单")),
    _bad(_("a body that is no JSON"), b"{"),
    _bad(_("an empty body"), b""),
    _bad(_("a JSON list"), b"[]"),
    _bad(_("an event without a type"), json.dumps({"id": "evt_0_1", "seq": 1}).encode()),
)  # fmt: skip
ORDERS: Sequence[Case] = (
    _order(_("an order of one line"), ONE),
    _order(_("an order of three lines"), replace(ONE, lines=tuple(Line(number=n) for n in (1, 2, 3)))),
    _order(_("line numbers with gaps"), replace(ONE, lines=(Line(number=2), Line(number=7)))),
    _order(_("two orders in a document"), _numbered(1), _numbered(2)),
    _order(_("two hundred orders in a document"), *map(_numbered, range(1, 201))),
    _order(_("the same document again"), ONE, times=2),
    _order(_("yen, which have no decimals"), replace(ONE, currency="JPY")),
    _order(_("Kuwaiti dinars, which have three"), replace(ONE, currency="KWD")),
    _order(_("a million pieces"), replace(ONE, lines=(Line(quantity=1_000_000, minor=123_456_789_012),))),
    _order(_("a unit price that does not multiply to the line's total"), replace(ONE, lines=(Line(quantity=7, minor=100),))),
    _order(_("prices that include tax"), replace(ONE, includes_tax=True)),
    _order(_("no tax"), replace(ONE, tax=0)),
    _order(_("no freight"), replace(ONE, freight=0)),
    _order(_("no HS code"), replace(ONE, lines=(Line(hs_code=""),))),
    _order(_("Chinese and marked-up texts"), replace(ONE, note="红色 <carton> & 'x'", consignee="王 & Söhne \"GmbH\"")),
    _order(_("a line that was left out"), replace(ONE, lines=(Line(), Line(number=2, outcome="excluded")))),
    _order(_("an order that is shipped"), replace(ONE, status="shipped")),
    _order(_("an element that a later version adds"), replace(ONE, extra="<Mood>good</Mood>"), body=document(
        replace(ONE, extra="<Mood>good</Mood>"), version="1.9")),
    _order(_("an attribute that a later version adds"), replace(ONE, attributes=' mood="good"')),
    _order(_("a fee of a kind that is not known yet"), replace(ONE, fee_kind="carbon_offset")),
    _order(_("a UBL order"), ONE, body=UBL_ORDER),
    _no(_("an order whose price is only locked"), replace(ONE, status="locked")),
    _no(_("an order that is not paid"), replace(ONE, status="awaiting_payment")),
    _no(_("an order that is confirmed and not released"), replace(ONE, status="confirmed")),
    _no(_("a total that misses its parts by a cent"), replace(ONE, off_by=1)),
    _no(_("an article that you do not have"), replace(ONE, lines=(Line(sku="NO-SUCH-SKU"),))),
    Case(words=_("a document without an order"), asks=SILENT, message=Message(body=document(), content_type=XML),
         judge=_unanswered),
)  # fmt: skip
HOSTILE: Sequence[Case] = (
    _hostile(
        _("XML with a DOCTYPE"),
        DOC.replace(b"<RepurchaseOrders", b"<!DOCTYPE RepurchaseOrders>\n<RepurchaseOrders", 1),
    ),
    _hostile(_("a billion laughs"), f"<!DOCTYPE x [{BOMB}]><x>&a8;</x>".encode()),
    _hostile(
        _("an external entity"), b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    ),
    _hostile(_("XML that is cut short"), DOC[: len(DOC) // 2]),
    _hostile(_("XML of another namespace"), DOC.replace(NAMESPACE.encode(), b"urn:something:else")),
    _hostile(_("XML that is none"), b"order please"),
    _hostile(_("an unsigned order"), DOC, sign="none"),
    _hostile(_("an order that was changed on its way"), DOC, tampered="body"),
)
CASES: Sequence[Case] = (*SIGNATURES, *EVENTS, *ORDERS, *HOSTILE)
GROUPS: Mapping[str, Sequence[Case]] = {
    "signatures": SIGNATURES, "events": EVENTS, "orders": ORDERS, "hostile": HOSTILE,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    name: str
    asks: str
    passed: bool
    found: str  # in English
    milliseconds: int
    said: Mapping[str, Any] = field(default_factory=dict)  # `found` as a message id and its values
