"""Sample files, good and bad, each with what the API says to it; the tests send every one (B-10).
Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from repurchase.integration.conformance.documents import NAMESPACE


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleResponse:
    """`body` has ORDER where a released order's reference is put. `code`: the refusal; "" when it
    is taken."""

    name: str
    to: str  # the call: method and path
    content_type: str
    body: str
    code: str = ""
    needs_order: bool = True

    def content(self, order: str) -> bytes:
        return self.body.replace("ORDER", order).encode()


def _response_xml(inner: str, before: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{before}<OrderResponses xmlns="{NAMESPACE}">{inner}</OrderResponses>\n'


def _xml_sample(name: str, inner: str, code: str = "", before: str = "") -> SampleResponse:
    return SampleResponse(
        name=name,
        to="POST responses/",
        content_type="application/xml",
        body=_response_xml(inner, before),
        code=code,
    )


def _json_sample(name: str, to: str, body: object, code: str = "") -> SampleResponse:
    return SampleResponse(
        name=name,
        to=to,
        content_type="application/json",
        body=json.dumps(body, indent=2) + "\n",
        code=code,
    )


UBL = """<?xml version="1.0" encoding="UTF-8"?>
<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order_response:3</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>
  <cbc:ID>SAMPLE-UBL-1</cbc:ID>
  <cbc:IssueDate>2026-11-23</cbc:IssueDate>
  <cbc:OrderResponseCode>AP</cbc:OrderResponseCode>
  <cac:OrderReference><cbc:ID>ORDER</cbc:ID></cac:OrderReference>
  <cac:SellerSupplierParty/>
  <cac:BuyerCustomerParty/>
</OrderResponse>
"""
SAMPLES: Sequence[SampleResponse] = (
    _xml_sample("response-accepted.xml", '<OrderResponse id="SAMPLE-1" order="ORDER" verdict="accepted"/>'),
    _xml_sample(
        "response-changed.xml",
        '<OrderResponse id="SAMPLE-2" order="ORDER" verdict="changed"><Line number="1" verdict="changed">'
        "<PromiseDate>2030-01-31</PromiseDate><Reason>late</Reason></Line></OrderResponse>",
    ),
    _xml_sample("response-refused.xml", '<OrderResponse id="SAMPLE-3" order="ORDER" verdict="refused"/>'),
    SampleResponse(name="response-ubl.xml", to="POST responses/", content_type="application/xml", body=UBL),
    _xml_sample("bad-doctype.xml", "", "XML_UNSAFE", before="<!DOCTYPE OrderResponses>\n"),
    _xml_sample(
        "bad-verdict.xml", '<OrderResponse id="SAMPLE-4" order="ORDER" verdict="maybe"/>', "XML_INVALID"
    ),
    _xml_sample(
        "bad-line.xml",
        '<OrderResponse id="SAMPLE-5" order="ORDER" verdict="changed"><Line number="999" verdict="refused"/>'
        "</OrderResponse>",
        "INPUT_INVALID",
    ),
    _xml_sample(
        "bad-order.xml", '<OrderResponse id="SAMPLE-6" order="BR-NOWHERE" verdict="accepted"/>', "ORDER_UNKNOWN"
    ),
    SampleResponse(
        name="bad-cut-short.xml", to="POST responses/", content_type="application/xml", body="<OrderResponses>",
        code="XML_INVALID",
    ),
    _json_sample(
        "acknowledgement.json", "POST releases/acknowledgements/", {"rows": [{"order": "ORDER", "erp_number": ""}]}
    ),
    _json_sample(
        "bad-shipment.json", "POST shipments/",
        {"rows": [{"order": "ORDER", "at": "yesterday", "carrier": "Cainiao", "tracking": "LP1"}]}, "INPUT_INVALID",
    ),
    _json_sample("bad-number.json", "POST releases/acknowledgements/", {"rows": []}, "INPUT_INVALID"),
    _json_sample("bad-name.json", "POST payments/", {"row": []}, "INPUT_INVALID"),
)  # fmt: skip
BY_NAME = {sample.name: sample for sample in SAMPLES}
