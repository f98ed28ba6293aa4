"""Order responses as ERPs send them, native or UBL, into one value; whatever is hostile or wrong
is refused.

The bytes are read as UTF-8 whatever they declare, and a DOCTYPE is refused before a parser sees it
(reliability 11).
"""

import copy
import datetime as dt
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import islice

from lxml import etree

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import EXPONENTS, decimal_text, round_half_up
from repurchase.fulfilment.order_response import OrderResponse, ResponseLine, ResponseVerdict
from repurchase.integration.feed import native

MAX_BYTES = 32 << 20
MAX_ELEMENTS = 100_000
MAX_SHOWN_MISTAKES = 20
"""At most so many places are named in a refusal."""

WINDOW_RESPONSES = 50
"""So many answers are held against the schema at a time: what a mistake costs grows with its
siblings."""
MAX_TAGS = 4 * MAX_ELEMENTS  # counted before anything is built from them; comments are among them
FORBIDDEN = re.compile(rb"<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
UBL = "urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
NS = {
    "o": native.NAMESPACE,
    "r": UBL,
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
RESPONSE_CODES = {
    "AP": ResponseVerdict.ACCEPTED,
    "CA": ResponseVerdict.CHANGED,
    "RE": ResponseVerdict.REFUSED,
}  # UNCL4343, as Peppol uses it
# UNCL1229
LINE_CODES = {
    "5": ResponseVerdict.ACCEPTED,
    "3": ResponseVerdict.CHANGED,
    "7": ResponseVerdict.REFUSED,
}
Element = etree._Element


def read_order_responses(data: bytes) -> tuple[str, list[OrderResponse]]:
    """The format and what is answered. XML_UNSAFE, XML_INVALID with `rows` that point into the
    document."""
    root = parse_safe_xml(data)
    match etree.QName(root).namespace, etree.QName(root).localname:
        case (native.NAMESPACE, "OrderResponses"):
            return "native", list(_read_native_responses(root))
        case (space, "OrderResponse") if space == UBL:
            return "ubl", [_read_ubl_response(root)]
    raise Problem(
        Code.XML_INVALID, detail=f"neither OrderResponses nor a UBL OrderResponse: {root.tag[:100]}"
    )


def parse_safe_xml(data: bytes) -> Element:
    if len(data) > MAX_BYTES:
        raise Problem(Code.XML_UNSAFE, detail=f"more than {MAX_BYTES} bytes")
    if data.count(b"<") > MAX_TAGS:
        raise Problem(Code.XML_UNSAFE, detail=f"more than {MAX_ELEMENTS} elements")
    if FORBIDDEN.search(data) or b"\0" in data:
        raise Problem(Code.XML_UNSAFE, detail="it holds a DOCTYPE, a declaration, or is not UTF-8")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Problem(Code.XML_INVALID, detail=str(error)[:200]) from None
    if root.getroottree().docinfo.doctype or sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise Problem(Code.XML_UNSAFE, detail=f"a DOCTYPE, or more than {MAX_ELEMENTS} elements")
    return root


@cache
def _response_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(native.SCHEMA)))


def _read_native_responses(root: Element) -> Iterator[OrderResponse]:
    if rows := list(islice(_iter_schema_mistakes(root), MAX_SHOWN_MISTAKES)):
        raise Problem(Code.XML_INVALID, detail=rows[0]["detail"], rows=rows)
    for each, pointer in _iter_with_pointers(
        root.iterfind("o:OrderResponse", NS), "#/OrderResponses"
    ):
        yield OrderResponse(
            id=each.get("id"),
            order=each.get("order"),
            verdict=ResponseVerdict(each.get("verdict")),
            erp_number=each.get("erpNumber", ""),
            note=_child_text(each, "o:Note"),
            lines=tuple(
                _read_native_line(*line)
                for line in _iter_with_pointers(each.iterfind("o:Line", NS), pointer)
            ),
            pointer=pointer,
        )


def _iter_schema_mistakes(root: Element) -> Iterator[dict[str, str]]:
    """What the schema finds, as it is asked for: some answers at a time, then what only the whole
    shows.

    The validator names a place by counting its siblings, so that a document that is wrong all over
    would cost it the square of its size.
    """
    schema = _response_schema()
    for first in range(0, len(root), WINDOW_RESPONSES):
        some = etree.Element(root.tag, nsmap=root.nsmap)
        some.extend(copy.deepcopy(each) for each in root[first : first + WINDOW_RESPONSES])
        if not schema.validate(some):
            yield from (
                _locate_schema_mistake(error, some, root, first) for error in schema.error_log
            )
    if not schema.validate(root):
        yield from (_locate_schema_mistake(error, root, root, 0) for error in schema.error_log)


def _locate_schema_mistake(
    error: etree._LogEntry, window: Element, root: Element, first: int
) -> dict[str, str]:
    """A mistake in a window that begins with the root's child `first`, told by its place in the
    whole."""
    found, steps = _element_at(window, error.path), []
    while (parent := found.getparent()) is not None:
        steps.append(parent.index(found))
        found = parent
    if steps:
        steps[-1] += first
    found = root
    for step in reversed(steps):
        found = found[step]
    return {
        "pointer": _element_pointer(found),
        "detail": f"line {error.line}: {error.message}"[:300],
    }


def _iter_with_pointers(siblings: Iterator[Element], below: str) -> Iterator[tuple[Element, str]]:
    """Elements of one name under one parent, each with where it stands: as `_element_pointer`
    tells it, counted once."""
    found = list(siblings)
    for n, each in enumerate(found, 1):
        yield each, f"{below}/{etree.QName(each).localname}" + (f"[{n}]" if len(found) > 1 else "")


def _read_native_line(of: Element, pointer: str) -> ResponseLine:
    total, promise = of.find("o:LineTotal", NS), _child_text(of, "o:PromiseDate")
    quantity = _child_text(of, "o:Quantity")
    return ResponseLine(
        line=int(of.get("number")),
        verdict=ResponseVerdict(of.get("verdict")),
        quantity=int(quantity) if quantity else None,
        amount=None if total is None else str(total.text),
        currency=None if total is None else total.get("currency"),
        promise_date=dt.date.fromisoformat(promise) if promise else None,
        reason=_child_text(of, "o:Reason"),
        pointer=pointer,
    )


def _read_ubl_response(root: Element) -> OrderResponse:
    code = _required_text(root, "cbc:OrderResponseCode")
    if code not in RESPONSE_CODES:
        raise _invalid_element(
            root, "cbc:OrderResponseCode", f"{code}: AP, CA or RE; an AB is an acknowledgement"
        )
    placed = _iter_with_pointers(root.iterfind("cac:OrderLine", NS), "#/OrderResponse")
    lines = tuple(_read_ubl_line(*each) for each in placed)
    return OrderResponse(
        id=_required_text(root, "cbc:ID")[:64],
        order=_required_text(root, "cac:OrderReference/cbc:ID"),
        verdict=RESPONSE_CODES[code],
        erp_number=_child_text(root, "cbc:SalesOrderID")[:64],
        note=_child_text(root, "cbc:Note")[:1000],
        lines=lines,
        pointer=_element_pointer(root),
    )


def _read_ubl_line(of: Element, pointer: str) -> ResponseLine:
    code = _required_text(of, "cac:LineItem/cbc:LineStatusCode")
    if code not in LINE_CODES:
        raise _invalid_element(of, "cac:LineItem/cbc:LineStatusCode", f"{code}: 5, 3 or 7")
    number = _required_text(of, "cac:OrderLineReference/cbc:LineID")
    if not (number.isascii() and number.isdecimal() and len(number) <= 9):
        raise _invalid_element(of, "cac:OrderLineReference/cbc:LineID", number)
    quantity = _parse_quantity(of)
    amount, currency = _parse_line_amount(of, quantity)
    promise = _child_text(of, "cac:LineItem/cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate")
    return ResponseLine(
        line=int(number),
        verdict=LINE_CODES[code],
        quantity=quantity,
        amount=amount,
        currency=currency,
        promise_date=_parse_date(of, promise),
        reason=_child_text(of, "cac:LineItem/cbc:Note")[:300],
        pointer=pointer,
    )


def _parse_quantity(of: Element) -> int | None:
    said = _child_text(of, "cac:LineItem/cbc:Quantity")
    if not said:
        return None
    number = _parse_number(of, "cac:LineItem/cbc:Quantity", said)
    if number.denominator != 1 or not 0 <= number < 2**31:
        raise _invalid_element(of, "cac:LineItem/cbc:Quantity", f"{said}: whole pieces")
    return int(number)


def _parse_line_amount(of: Element, quantity: int | None) -> tuple[str | None, str | None]:
    """Of the whole line: as it is said, or by the price and the quantity that it is for."""
    said = of.find("cac:LineItem/cbc:LineExtensionAmount", NS)
    if said is not None:
        return (said.text or "").strip(), said.get("currencyID")
    price = of.find("cac:LineItem/cac:Price/cbc:PriceAmount", NS)
    if price is None or quantity is None:
        return None, None
    currency = price.get("currencyID", "")
    if currency not in EXPONENTS:
        raise _invalid_element(
            of, "cac:LineItem/cac:Price/cbc:PriceAmount", f"currency: {currency[:3]}"
        )
    base = _child_text(of, "cac:LineItem/cac:Price/cbc:BaseQuantity") or "1"
    divisor = _parse_number(of, "cac:LineItem/cac:Price/cbc:BaseQuantity", base)
    if divisor <= 0:
        raise _invalid_element(of, "cac:LineItem/cac:Price/cbc:BaseQuantity", base)
    unit = _parse_number(of, "cac:LineItem/cac:Price/cbc:PriceAmount", price.text or "")
    return decimal_text(
        round_half_up(unit * quantity / divisor * 10 ** EXPONENTS[currency]), currency
    ), currency


def _parse_number(of: Element, path: str, text: str) -> Fraction:
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", text.strip()):
        raise _invalid_element(of, path, text[:40])
    return Fraction(text.strip())


def _parse_date(of: Element, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise _invalid_element(
            of, "cac:LineItem/cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate", text[:40]
        ) from None


def _child_text(of: Element, path: str) -> str:
    return (of.findtext(path, default="", namespaces=NS) or "").strip()


def _required_text(of: Element, path: str) -> str:
    if not (said := _child_text(of, path)):
        raise _invalid_element(of, path, "missing")
    return said


def _invalid_element(of: Element, path: str, detail: str) -> Problem:
    pointer = f"{_element_pointer(of)}/{re.sub(r'(cac|cbc):', '', path)}"
    return Problem(
        Code.XML_INVALID,
        detail=f"{pointer}: {detail}",
        rows=[{"pointer": pointer, "detail": detail}],
    )


def _element_pointer(of: Element) -> str:
    """“#/OrderResponses/OrderResponse[2]/Line[1]”: where it stands, by local names. It counts
    siblings: for one, not for each."""
    steps = []
    node: Element | None = of
    while node is not None:
        before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        again = before or next(node.itersiblings(node.tag), None) is not None
        steps.append(etree.QName(node).localname + (f"[{before + 1}]" if again else ""))
        node = node.getparent()
    return "#/" + "/".join(reversed(steps))


def _element_at(root: Element, path: str | None) -> Element:
    """The element that the validator means; its path has stars for names, and prefixes of its
    own."""
    found = root.getroottree().xpath(path, namespaces=NS) if path and ":" not in path else []
    return found[0] if found else root
