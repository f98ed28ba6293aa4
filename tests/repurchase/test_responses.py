"""Order responses, line by line, native and UBL: what they come to, what they never do, and
hostile XML."""

import datetime as dt

import pytest
from lxml import etree

from diagnostics.codes import Code
from diagnostics.problem import Problem
from outbox.models import Event
from repurchase.fulfilment import order_response
from repurchase.fulfilment.order_response import (
    ConfirmedLine,
    OrderResponse,
    ResponseLine,
    ResponseVerdict,
)
from repurchase.fulfilment.services import erp_connection
from repurchase.integration.feed import native, order_response_reader
from repurchase.models import ErpResponse, Release, RepeatOrder
from tests import world
from tests.repurchase import orders, paid
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db
A, C, R = ResponseVerdict.ACCEPTED, ResponseVerdict.CHANGED, ResponseVerdict.REFUSED
PLACED = [ConfirmedLine(line=n, quantity=10, total_minor=1000, currency="USD") for n in (1, 2)]


def said(*lines: ResponseLine, verdict: ResponseVerdict = A) -> OrderResponse:
    return OrderResponse(id="R", order="O", verdict=verdict, lines=lines)


def line(number: int, verdict: ResponseVerdict, **fields) -> ResponseLine:
    return ResponseLine(line=number, verdict=verdict, **fields)


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("answer", "comes_to"),
        [
            (said(), A),
            (said(verdict=R), R),
            (said(verdict=C), C),
            (said(line(1, A), line(2, A)), A),
            (said(line(1, A, quantity=10, amount="10.00", currency="USD")), A),
            (said(line(1, C, quantity=9)), C),
            (said(line(1, C, amount="10.01", currency="USD")), C),
            (said(line(1, C, promise_date=dt.date(2026, 12, 24))), C),
            (said(line(1, R), line(2, R)), R),
            (said(line(1, R)), C),  # the other one is accepted
            (said(line(1, R), line(2, R), verdict=C), R),
            (said(line(1, C, quantity=1), verdict=C), C),
            (said(line(1, A), verdict=R), C),
        ],
    )
    def test_comes_to_what_its_lines_do(self, answer, comes_to):
        assert order_response.judge_order_response(answer, PLACED) is comes_to

    @pytest.mark.parametrize(
        "answer",
        [
            said(line(3, A)),
            said(line(1, A), line(1, A)),
            said(line(1, A, quantity=9)),
            said(line(1, A, amount="9.99", currency="USD")),
            said(line(1, A, amount="10.00", currency="EUR")),
            said(line(1, C)),
            said(line(1, C, quantity=10)),
            said(line(1, C, amount="1.001", currency="USD")),
            said(line(1, C, amount="10", currency="XXX")),
        ],
    )
    def test_that_contradicts_itself_or_the_order_is_refused(self, answer):
        with pytest.raises(Problem) as refused:
            order_response.judge_order_response(answer, PLACED)
        assert refused.value.code is Code.INPUT_INVALID
        assert refused.value.evidence["rows"]

    def test_has_the_same_digest_wherever_it_stood(self):
        one, other = said(line(1, A, pointer="#/a")), said(line(1, A, pointer="#/b"))
        assert one.digest == other.digest != said(line(1, R)).digest


def xml(*responses: str) -> bytes:
    return (
        f'<OrderResponses xmlns="{native.NAMESPACE}">{"".join(responses)}</OrderResponses>'.encode()
    )


def response(ref: str, verdict: str = "accepted", lines: str = "", id: str = "R-1") -> str:
    return f'<OrderResponse id="{id}" order="{ref}" verdict="{verdict}" erpNumber="M-7">{lines}</OrderResponse>'


def ubl(ref: str, code: str = "AP", lines: str = "", id: str = "R-1") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OrderResponse xmlns="{order_response_reader.UBL}" xmlns:cac="{order_response_reader.NS["cac"]}" xmlns:cbc="{order_response_reader.NS["cbc"]}">
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order_response:3</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>
  <cbc:ID>{id}</cbc:ID><cbc:SalesOrderID>M-7</cbc:SalesOrderID><cbc:IssueDate>2026-11-23</cbc:IssueDate>
  <cbc:OrderResponseCode>{code}</cbc:OrderResponseCode>
  <cac:OrderReference><cbc:ID>{ref}</cbc:ID></cac:OrderReference>
  <cac:SellerSupplierParty/><cac:BuyerCustomerParty/>{lines}
</OrderResponse>""".encode()


def ubl_line(number: int, code: str, inner: str = "") -> str:
    return f"""<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID><cbc:Note>why</cbc:Note>
    <cbc:LineStatusCode>{code}</cbc:LineStatusCode>{inner}<cac:Item/></cac:LineItem>
    <cac:OrderLineReference><cbc:LineID>{number}</cbc:LineID></cac:OrderLineReference></cac:OrderLine>"""


@pytest.fixture
def erp(client, store):
    return Caller(client, store, "read", "write")


@pytest.fixture
def released(store):
    erp_connection.connect(store=store, name="mango", version="5.3", by="user:1")
    return paid.released(store)


def send(erp, content: bytes, **headers: str):
    headers = erp.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    return erp.client.post(
        "/api/v1/responses/", content, content_type="application/xml", headers=headers
    )


def facts(ref: str) -> tuple:
    return RepeatOrder.objects.values_list("status", "goods_minor", "tax_minor", "total_minor").get(
        ref=ref
    )


class TestAResponse:
    def test_sent_again_under_its_key_is_answered_the_same(self, erp, released):
        ref, other = released.orders.values_list("ref", flat=True)[:2]
        first, again = (send(erp, xml(response(ref)), Idempotency_Key="r-1") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert first.json()["new"] == 1
        problem(
            send(erp, xml(response(other)), Idempotency_Key="r-1"), 422, "IDEMPOTENCY_KEY_REUSED"
        )

    @pytest.mark.parametrize("format", ["native", "ubl"])
    def test_that_accepts_acknowledges_the_order(self, erp, released, format):
        ref = released.orders.first().ref
        answer = send(erp, xml(response(ref)) if format == "native" else ubl(ref))
        assert answer.status_code == 201, answer.content
        assert answer.json()["results"][0]["verdict"] == "accepted"
        assert Release.objects.get(order__ref=ref).erp_number == "M-7"
        assert Event.objects.filter(type="response.accepted").count() == 1

    @pytest.mark.parametrize("format", ["native", "ubl"])
    def test_that_changes_a_line_waits_for_a_person_and_changes_nothing(
        self, erp, released, client, alice, format
    ):
        ref = released.orders.first().ref
        before = facts(ref)
        if format == "native":
            change = '<Line number="1" verdict="changed"><Quantity>400</Quantity>'
            change += '<LineTotal currency="USD">4000.00</LineTotal><Reason>why</Reason></Line>'
            answer = send(erp, xml(response(ref, "changed", change)))
        else:
            inner = '<cbc:Quantity unitCode="C62">400</cbc:Quantity>'
            inner += '<cbc:LineExtensionAmount currencyID="USD">4000.00</cbc:LineExtensionAmount>'
            answer = send(erp, ubl(ref, "CA", ubl_line(1, "3", inner)))
        told = answer.json()["results"][0]
        assert (told["verdict"], told["decision"]) == ("changed", "")
        assert told["lines"][0] | {"promise_date": None} == {
            "line": 1,
            "verdict": "changed",
            "quantity": 400,
            "amount": "4000.00",
            "currency": "USD",
            "promise_date": None,
            "reason": "why",
        }
        assert facts(ref) == before

        client.force_login(alice)
        client.cookies["django_language"] = "en"
        assert ref in client.get("/erp/").content.decode()
        page = client.get(f"/orders/{ref}/").content.decode()
        assert "4000.00" in page
        url = f"/erp/responses/{ErpResponse.objects.get().pk}/"
        assert client.post(url, {"decision": "insisted", "why": ""}).status_code == 422
        assert client.post(url, {"decision": "agreed", "why": "x"}).status_code == 422
        client.post(url, {"decision": "insisted", "why": "it is confirmed"})
        assert client.post(url, {"decision": "taken_up", "why": "again"}).status_code == 409
        assert erp.get(f"orders/{ref}/responses/").json()["results"][0]["decision"] == "insisted"
        assert Event.objects.get(type="response.decided").data["decision"] == "insisted"
        assert facts(ref) == before

    def test_sent_twice_is_kept_once(self, erp, released):
        ref = released.orders.first().ref
        assert send(erp, xml(response(ref))).json()["new"] == 1
        assert send(erp, xml(response(ref))).json()["new"] == 0
        assert send(erp, ubl(ref)).json()["new"] == 0  # the same words in another format
        problem(send(erp, xml(response(ref, "refused"))), 422, "INPUT_INVALID")

    def test_is_taken_with_all_others_or_not_at_all(self, erp, released):
        refs = list(released.orders.values_list("ref", flat=True))
        problem(send(erp, xml(*map(response, refs), response("BR-NOWHERE"))), 422, "ORDER_UNKNOWN")
        assert not ErpResponse.objects.exists()
        assert send(erp, xml(*map(response, refs))).json()["new"] == 5

    def test_to_an_order_that_was_not_released_is_refused(self, erp, store):
        batch = paid.invoiced(store)
        problem(send(erp, xml(response(batch.orders.first().ref))), 409, "STATE_CONFLICT")

    def test_to_another_store_s_order_is_unknown(self, client, released):
        other = Caller(client, world.store(), "read", "write")
        problem(send(other, xml(response(released.orders.first().ref))), 422, "ORDER_UNKNOWN")

    def test_points_to_what_is_wrong(self, erp, released):
        ref = released.orders.first().ref
        wrong = response(ref, "changed", '<Line number="9" verdict="refused"/>')
        body = problem(send(erp, xml(wrong)), 422, "INPUT_INVALID")
        assert body["errors"][0]["pointer"] == "#/OrderResponses/OrderResponse/Line"
        body = problem(send(erp, xml(response(ref, "maybe"))), 422, "XML_INVALID")
        assert body["errors"][0]["pointer"] == "#/OrderResponses/OrderResponse"
        body = problem(send(erp, ubl(ref, "CA", ubl_line(1, "9"))), 422, "XML_INVALID")
        assert body["errors"][0]["pointer"] == "#/OrderResponse/OrderLine/LineItem/LineStatusCode"

    def test_in_ubl_is_measured_without_the_tax_that_is_inside_prices(self, erp, store):
        batch = orders.batch(store)
        gross = {"prices_include_tax": True, "tax_minor": 2_370, "total_minor": 14_845}
        (order,) = orders.repeats(batch, status="released", **gross)
        net = 12_475 * 12_345 // 14_845  # the line's share of 124.75
        inner = (
            f'<cbc:LineExtensionAmount currencyID="USD">{net / 100:.2f}</cbc:LineExtensionAmount>'
        )
        assert (
            send(erp, ubl(order.ref, "AP", ubl_line(1, "5", inner))).json()["results"][0]["verdict"]
            == "accepted"
        )

    def test_may_tell_a_price_instead_of_an_amount(self, erp, released):
        ref = released.orders.first().ref
        inner = '<cbc:Quantity unitCode="C62">500</cbc:Quantity><cac:Price><cbc:PriceAmount currencyID="USD">5000.00'
        inner += (
            '</cbc:PriceAmount><cbc:BaseQuantity unitCode="C62">500</cbc:BaseQuantity></cac:Price>'
        )
        assert (
            send(erp, ubl(ref, "AP", ubl_line(1, "5", inner))).json()["results"][0]["verdict"]
            == "accepted"
        )


BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x"}">' for n in range(9))
HOSTILE = {
    "a doctype": b"<!DOCTYPE x><x/>",
    "a doctype in small letters": b"<!doctype x><x/>",
    "billion laughs": f"<!DOCTYPE x [{BOMB}]><x>&a8;</x>".encode(),
    "an external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]><x/>',
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
    "UTF-16 without a mark": "<!DOCTYPE x><x/>".encode("utf-16-le"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-<x/>',
    "an unknown encoding": b'<?xml version="1.0" encoding="cp037"?><x/>',
    "not UTF-8": b"<x>\xff\xfe</x>",
    "a zero byte": b"<x>\0</x>",
    "nothing": b"",
    "no XML": b"{}",
    "cut short": b"<x><y>",
    "very deep": b"<x>" * 5000 + b"</x>" * 5000,
    "very many": b"<x>" + b"<y/>" * 100_001 + b"</x>",
    "too large": b"<x>" + b" " * (32 << 20) + b"</x>",
    "an undefined entity": b"<x>&nbsp;</x>",
    "an attribute twice": b'<x a="1" a="2"/>',
    "another document": b"<html/>",
    "an inclusion": b'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/></x>',
    "an order": f'<RepurchaseOrders xmlns="{native.NAMESPACE}"/>'.encode(),
    "many namespaces": (
        "<x " + " ".join(f'xmlns:a{n}="u{n}"' for n in range(20_000)) + "/>"
    ).encode(),
    "a long name": b"<" + b"x" * 100_000 + b"/>",
}


class TestHostileXml:
    @pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
    def test_is_refused_with_a_code(self, erp, released, content):
        answer = send(erp, content)
        assert answer.status_code == 422, answer.content[:300]
        assert answer.json()["code"] in ("XML_UNSAFE", "XML_INVALID")
        assert not ErpResponse.objects.exists()

    def test_declared_otherwise_is_read_as_utf_8(self, erp, released):
        ref = released.orders.first().ref
        content = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + xml(
            response(ref, lines="<Note>杯</Note>")
        )
        assert send(erp, content).json()["results"][0]["note"] == "杯"

    def test_without_the_media_type_is_not_taken(self, erp, released):
        assert erp.post("responses/", {}).status_code == 415


class TestTheNativeSchema:
    def test_has_an_example_in_the_documentation_that_is_valid(self):
        schema = etree.XMLSchema(etree.parse(str(native.SCHEMA)))
        assert schema.validate(
            etree.fromstring(
                xml(response("BR-1-1", "changed", '<Line number="1" verdict="refused"/>'))
            )
        )
