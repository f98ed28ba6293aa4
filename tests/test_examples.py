"""The examples of the documentation are run: every curl line against the real API, every XML
against its schema."""

import json
import re
import shlex
from pathlib import Path

import pytest
from lxml import etree

from marketplace import clock
from repurchase.fulfilment.services import erp_connection, shipments
from repurchase.integration.feed import native, order_response_reader
from repurchase.models import Batch, RepeatOrder
from tests import world
from tests.repurchase import paid
from tests.repurchase.test_api import Caller

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[1] / "docs"
REF = "BR-7K3M9QXZ"


def blocks(language: str) -> list[tuple[str, str]]:
    """(document, text) of each fenced block."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        (path.name, text)
        for path in sorted(DOCS.glob("*.md"))
        for text in pattern.findall(path.read_text())
    ]


def commands(text: str) -> list[list[str]]:
    """The commands of a block as the words that a shell would give: a quote may go over lines."""
    found, waiting = [], ""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        waiting += line + "\n"
        try:
            words = shlex.split(waiting, comments=True)
        except ValueError:
            continue
        found, waiting = [*found, words], ""
    return [words for words in found if words]


def calls() -> list[tuple[str, list[str]]]:
    """Each curl that goes to the portal, but the stream's, which has no end: test_streaming reads
    that."""
    found = [
        (name, words)
        for name, text in blocks("sh")
        for words in commands(text)
        if words[0] == "curl"
    ]
    return [
        (name, words)
        for name, words in found
        if any("$URL" in w for w in words)
        and not any(w.startswith("$URL/api/v1/events/") for w in words)
    ]


CALLS = calls()


@pytest.fixture
def erp(client, store):
    store.clock_offset = world.NOW - clock.now()
    store.save()
    return Caller(client, store, "read", "write")


@pytest.fixture
def as_documented(erp, store, request):
    """A released batch under the reference that the documents use, sent to the ERP that they
    name."""
    erp_connection.connect(store=store, name="mango", version="5.3", by="user:1")
    batch = paid.released(store)
    Batch.objects.filter(pk=batch.pk).update(ref=REF)
    for order in batch.orders.all():
        RepeatOrder.objects.filter(pk=order.pk).update(ref=f"{REF}-{order.position:04d}")
    return erp


class TestACall:
    def test_is_found_in_the_documents(self):
        assert len(CALLS) >= 10

    @pytest.mark.parametrize(("name", "words"), CALLS, ids=[f"{n}-{w[-1][-40:]}" for n, w in CALLS])
    def test_is_one_that_the_api_knows(self, as_documented, store, name, words):
        """It gets an answer of its own: not 404 for the address, not a body that is refused as
        malformed."""
        method, body, headers, url = "", None, dict(as_documented.headers), ""
        rest = iter(words[1:])
        for word in rest:
            match word:
                case "-X":
                    method = next(rest)
                case "-d":
                    body = next(rest)
                case "-H":
                    key, _, value = next(rest).partition(": ")
                    headers |= {key: value} if key != "Authorization" else {}
                case "-o":
                    next(rest)
                case _ if "$URL" in word:
                    url = word.removeprefix("$URL")
        if "$REF" in url:
            url = url.replace("$REF", REF)
        if "completions" in url:
            order = shipments.OrderShipment(
                key="", order=f"{REF}-0001", at=clock.now(store), carrier="C", tracking="T"
            )
            shipments.ship(store=store, rows=[order], by="x")
        content_type = headers.pop("Content-Type", "application/json")
        answer = as_documented.client.generic(
            method or ("POST" if body else "GET"), url, body or "", content_type, headers=headers
        )
        told = answer.json() if "json" in answer.get("Content-Type", "") else {}
        assert answer.status_code < 500, answer.content
        assert told.get("code") not in ("NOT_FOUND", "INPUT_INVALID", "KEY_INVALID"), told


class TestAnXmlExample:
    @pytest.mark.parametrize(("name", "text"), blocks("xml"))
    def test_is_valid_and_can_be_read(self, name, text):
        schema = etree.XMLSchema(etree.parse(str(native.SCHEMA)))
        assert schema.validate(etree.fromstring(text)), schema.error_log
        format, answers = order_response_reader.read_order_responses(text.encode())
        assert (format, len(answers)) == ("native", 2)


class TestAJsonExample:
    @pytest.mark.parametrize(("name", "text"), blocks("json"))
    def test_is_json(self, name, text):
        json.loads(text)


class TestThePythonExamples:
    @pytest.mark.parametrize(("name", "text"), blocks("python"))
    def test_compile(self, name, text):
        compile(text, name, "exec")
