"""A small ERP: takes signed events and orders, and answers them: python erp_client.py PORT [PORTAL]

SECRET in the environment verifies what is posted to it. With the address of a portal, and in KEY
an API key with "read" and "write", it also fetches released orders and answers them. It "has" the
articles whose codes begin as SKUS says.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import threading
import time
import urllib.request
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

NATIVE = "{urn:bulk-repeat-order:1}"
UBL = "{urn:oasis:names:specification:ubl:schema:xsd:Order-2}Order"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
SKUS = tuple(os.environ.get("SKUS", "KIT-").split(","))
RELEASED = {"released", "shipped", "completed"}
MAX_BYTES, PATIENCE_SECONDS = 8 << 20, 300
# our number by the order's reference: the same order twice is one order
accepted: dict[str, str] = {}
REFUSED = (ValueError, SyntaxError, ArithmeticError, TypeError, AttributeError)  # answered with 400


def verify(headers, body: bytes) -> None:
    """Standard Webhooks: the secret, the id, the time and the body as they came; one right
    signature suffices."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > PATIENCE_SECONDS:
        raise ValueError("the time")
    key = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
    content = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(wanted, each) for each in given):
        raise ValueError("the signature")


def take_event(body: bytes) -> bytes:
    """Types and members that we don't know are passed over; one seen before changes nothing."""
    event = json.loads(body)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise ValueError("no event")
    return b""


def answer(body: bytes) -> bytes:
    """What becomes of each order in a document. No DOCTYPE, so no entity of anybody's own."""
    if re.search(rb"<!(DOCTYPE|ENTITY)", body, re.IGNORECASE) or b"\0" in body:
        raise ValueError("a DOCTYPE")
    root = ElementTree.fromstring(body)
    if root.tag == UBL:
        verdicts = [(root.findtext(f"{CBC}ID"), ubl_verdict(root))]
    elif root.tag == f"{NATIVE}RepurchaseOrders":
        verdicts = [(each.get("ref"), native_verdict(each)) for each in root.iter(f"{NATIVE}Order")]
    else:
        raise ValueError("another document")
    if not verdicts:
        return b""
    said = "".join(response(ref or "", verdict) for ref, verdict in verdicts)
    return f'<OrderResponses xmlns="{NATIVE[1:-1]}">{said}</OrderResponses>'.encode()


def response(ref: str, verdict: str) -> str:
    if verdict == "accepted":
        accepted.setdefault(ref, f"ERP-{len(accepted) + 1}")
    number = f" erpNumber={quoteattr(accepted[ref])}" if verdict == "accepted" else ""
    # the same answer has the same id
    digest = hashlib.sha256(f"{ref}:{verdict}".encode()).hexdigest()[:16]
    return f'<OrderResponse id="{digest}" order={quoteattr(ref)} verdict="{verdict}"{number}/>'


def native_verdict(order: ElementTree.Element) -> str:
    """Accepted when it is released, adds up, and we have all its articles. Elements we don't know
    are passed over."""
    every = order.iterfind(f"{NATIVE}Line")
    lines = [line for line in every if line.findtext(f"{NATIVE}Outcome") == "planned"]
    totals = order.find(f"{NATIVE}Totals")
    goods = sum(Decimal(line.findtext(f"{NATIVE}LineTotal")) for line in lines)
    names = ("Goods", "Freight", "Tax", "Total")
    part = {name: Decimal(totals.findtext(NATIVE + name)) for name in names}
    tax = 0 if totals.get("pricesIncludeTax") == "true" else part["Tax"]
    adds_up = goods == part["Goods"] and part["Goods"] + part["Freight"] + tax == part["Total"]
    known = all((line.findtext(f"{NATIVE}SkuCode") or "").startswith(SKUS) for line in lines)
    released = order.findtext(f"{NATIVE}Status") in RELEASED
    return "accepted" if lines and released and adds_up and known else "refused"


def ubl_verdict(order: ElementTree.Element) -> str:
    cac = CBC.replace("Basic", "Aggregate")
    skus = [x.findtext(f"{CBC}ID") or "" for x in order.iter(f"{cac}SellersItemIdentification")]
    states = [x.findtext(f"{CBC}ID") for x in order.iterfind(f"{cac}AdditionalDocumentReference")]
    known = skus and all(sku.startswith(SKUS) for sku in skus)
    return "accepted" if known and RELEASED & {*states} else "refused"


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), MAX_BYTES))
        try:
            verify(self.headers, body)
            xml = "xml" in self.headers.get("content-type", "")
            status, said = 200, answer(body) if xml else take_event(body)
        except REFUSED as refused:
            status, said = 400, str(refused).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    log_message = lambda *_args: None  # noqa: E731 (quiet)


def call(portal: str, path: str, body: bytes | None = None) -> bytes:
    asked = urllib.request.Request(f"{portal}/api/v1/{path}", body)
    asked.add_header("Authorization", f"Bearer {os.environ['KEY']}")
    asked.add_header("X-ERP-Client", os.environ.get("ERP", "mango/5.3"))
    asked.add_header("Content-Type", "application/xml")
    with urllib.request.urlopen(asked, timeout=30) as told:
        return told.read()


def fetch(portal: str) -> None:
    """Released orders that we have not acknowledged, each answered; what we refuse waits for a
    person over there."""
    for release in json.loads(call(portal, "releases/?state=open"))["results"]:
        if release["order"] not in accepted:
            said = answer(call(portal, f"orders/{release['order']}/order.xml"))
            taken = json.loads(call(portal, "responses/", said))["results"][0]
            print(release["order"], taken["verdict"], flush=True)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Endpoint)
    threading.Thread(target=server.serve_forever).start()
    while len(sys.argv) > 2:
        try:
            fetch(sys.argv[2])
        except OSError as error:  # the portal is away, or refuses: the next time
            print(error, file=sys.stderr, flush=True)
        time.sleep(2)
