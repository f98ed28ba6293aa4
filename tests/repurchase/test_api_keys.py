"""Keys, scopes, strangers, throttling, request ids; the OpenAPI document and its page."""

import asyncio
import datetime as dt
import json
import re
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from marketplace.models import ApiKey
from repurchase.integration.api import urls
from repurchase.integration.api.auth import KeyThrottle
from repurchase.integration.feed import rows
from repurchase.models import Batch, RepeatOrder
from tests import world
from tests.repurchase import orders
from tests.repurchase.test_api import API, Caller, problem

pytestmark = pytest.mark.django_db
OPEN = {"schema", "docs"}
NO_WEBHOOK = uuid.UUID(int=1)


def address(pattern, batch_ref: str, order_ref: str, webhook_id: object = NO_WEBHOOK) -> str:
    path = API + str(pattern.pattern).replace("<uuid:pk>", str(NO_WEBHOOK)).replace(
        "<fileform:form>", "xlsx"
    )
    ref = order_ref if pattern.name == "order" else batch_ref
    return path.replace("<ref:ref>", ref).replace("<uuid:webhook_id>", str(webhook_id))


GUARDED = [pattern for pattern in urls.urlpatterns if pattern.name not in OPEN]
OF_A_ROW = [pattern for pattern in GUARDED if "<ref:ref>" in str(pattern.pattern)]
NAMED = {"ids": lambda pattern: pattern.name}


@pytest.fixture
def order(store):
    return orders.repeats(orders.batch(store))[0]


def call(client, method, url, key=""):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return getattr(client, method)(url, content_type="application/json", headers=headers)


@pytest.mark.parametrize("pattern", GUARDED, **NAMED)
@pytest.mark.parametrize("method", ["get", "post"])
class TestEveryEndpoint:
    def test_asks_for_a_key(self, client, order, pattern, method):
        answer = call(client, method, address(pattern, order.batch.ref, order.ref))

        problem(answer, 401, "KEY_INVALID")
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'

    @pytest.mark.parametrize("bad", ["nonsense", "bro_", "ключ", "a b c", "x" * 5000])
    def test_refuses_a_wrong_key(self, client, order, pattern, method, bad):
        answer = call(
            client,
            method,
            address(pattern, order.batch.ref, order.ref),
            bad.encode().decode("latin-1"),
        )

        problem(answer, 401, "KEY_INVALID")

    def test_refuses_a_revoked_key(self, client, store, order, pattern, method):
        key = world.key(store)
        ApiKey.objects.update(revoked_at=timezone.now() + dt.timedelta(seconds=1))

        problem(
            call(client, method, address(pattern, order.batch.ref, order.ref), key),
            401,
            "KEY_INVALID",
        )

    def test_refuses_a_signed_in_member_without_a_key(self, client, alice, order, pattern, method):
        client.force_login(alice)

        problem(
            call(client, method, address(pattern, order.batch.ref, order.ref)), 401, "KEY_INVALID"
        )

    def test_needs_the_scope(self, client, store, order, pattern, method):
        writes_nothing = any(name in str(pattern) for name in ("screenings", "fee-quotes"))
        only_reads = method == "get" or writes_nothing
        has, lacks = ("write", "read") if only_reads else ("read", "write")
        key = world.key(store, has)

        refused = problem(
            call(client, method, address(pattern, order.batch.ref, order.ref), key),
            403,
            "SCOPE_MISSING",
        )
        assert lacks in refused["detail"]


@pytest.mark.parametrize("pattern", OF_A_ROW, **NAMED)
class TestAStranger:
    def test_gets_the_404_of_what_is_not_there(self, client, order, pattern):
        key = world.key(world.store())
        before = list(Batch.objects.values()), list(RepeatOrder.objects.values())

        for method in ("get", "post"):
            told = []
            for batch_ref, order_ref in (
                (order.batch.ref, order.ref),
                ("BR-00000000", "BR-00000000-0001"),
            ):
                answer = call(client, method, address(pattern, batch_ref, order_ref), key)
                body = answer.json()
                told.append((answer.status_code, {**body, "request_id": ""}))
            assert told[0] == told[1]
            assert told[0][0] in (404, 405)

        assert before == (list(Batch.objects.values()), list(RepeatOrder.objects.values()))


class TestAKey:
    def test_sees_its_own_store_only(self, client, order):
        stranger = Caller(client, world.store(), "read")

        assert stranger.get("batches/").json()["results"] == []

    @pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "Bearer  {} "])
    def test_is_read_from_the_header(self, client, store, header):
        key = world.key(store, "read")

        assert (
            client.get(API + "batches/", headers={"Authorization": header.format(key)}).status_code
            == 200
        )

    @pytest.mark.parametrize("header", ["Basic {}", "{}", "Token {}"])
    def test_is_not_taken_by_another_scheme(self, client, store, header):
        key = world.key(store, "read")

        answer = client.get(API + "batches/", headers={"Authorization": header.format(key)})

        problem(answer, 401, "KEY_INVALID")

    def test_notes_its_use_at_most_once_a_minute(self, client, store):
        erp = Caller(client, store, "read")
        erp.get("batches/")
        first = ApiKey.objects.get().last_used_at
        erp.get("batches/")
        again = ApiKey.objects.get().last_used_at
        ApiKey.objects.update(last_used_at=first - dt.timedelta(seconds=61))
        erp.get("batches/")
        later = ApiKey.objects.get().last_used_at

        assert first is not None
        assert again == first
        assert later >= first

    def test_is_slowed_down_above_its_rate(self, client, store, monkeypatch):
        monkeypatch.setattr(KeyThrottle, "rate", "2/min")
        erp, other = Caller(client, store, "read"), Caller(client, store, "read")

        assert [erp.get("batches/").status_code for _ in range(2)] == [200, 200]
        refused = erp.get("batches/")

        problem(refused, 429, "TOO_MANY_REQUESTS")
        assert 1 <= int(refused["Retry-After"]) <= 90
        assert other.get("batches/").status_code == 200


class TestARequestId:
    def test_is_on_every_answer(self, client, store):
        erp = Caller(client, store, "read")
        answers = [
            erp.get("batches/"),
            erp.get("nothing/"),
            client.get("/healthz"),
            client.get("/no-such-page/"),
        ]

        ids = [answer["X-Request-Id"] for answer in answers]

        assert len(set(ids)) == len(ids)

    def test_is_the_callers_own_when_usable(self, client):
        answer = client.get("/healthz", headers={"X-Request-Id": "erp-2026.11:0001"})

        assert answer["X-Request-Id"] == "erp-2026.11:0001"

    @pytest.mark.parametrize("bad", ["short", "x" * 65, "with a space", 'quote"quote'])
    def test_is_a_new_one_otherwise(self, client, bad):
        assert client.get("/healthz", headers={"X-Request-Id": bad})["X-Request-Id"] != bad


class TestTheDescription:
    def test_is_a_valid_openapi_document_made_without_warnings(self, capsys, recwarn):
        schema = SchemaGenerator().get_schema(public=True)
        validate_schema(schema)

        assert "warning" not in capsys.readouterr().err.lower()
        assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"

    def test_describes_every_endpoint(self):
        schema = SchemaGenerator().get_schema(public=True)
        described = {path.removeprefix(API) for path in schema["paths"]}

        assert described == {
            re.sub(r"<\w+:(\w+)>", r"{\1}", str(p.pattern)).replace("{pk}", "{id}")
            for p in GUARDED
            if p.name != "nothing"
        }

    def test_describes_what_is_answered(self, client, store, order):
        """Each documented property of the batch is there, and none that is not documented."""
        schema = SchemaGenerator().get_schema(public=True)
        erp = Caller(client, store, "read")

        for path, name in (
            (f"batches/{order.batch.ref}/", "Batch"),
            (f"orders/{order.ref}/", "OrderDetail"),
            ("batches/", "BatchPage"),
        ):
            _same_shape(erp.get(path).json(), schema["components"]["schemas"][name], schema)

    def test_is_served_without_a_key(self, client):
        answer = client.get(API + "schema/", headers={"Accept": "application/vnd.oai.openapi+json"})

        assert json.loads(answer.content)["openapi"].startswith("3.1")

    def test_has_a_page_without_inline_script_or_foreign_address(self, client):
        page = client.get(API + "docs/")
        script = client.get(API + "docs/?script=")

        assert page.status_code == script.status_code == 200
        text = page.content.decode()
        assert "<script>" not in text
        assert "<style" not in text
        assert "//" not in text.replace("://testserver", "").replace("<!DOCTYPE html>", "")
        assert script["Content-Type"].startswith("application/javascript")


def _same_shape(value, described, schema):
    if "$ref" in described:
        described = schema["components"]["schemas"][described["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, dict) and "properties" in described:
        assert set(value) == set(described["properties"])
        for name, part in value.items():
            _same_shape(part, described["properties"][name], schema)
    if isinstance(value, list):
        for part in value:
            _same_shape(part, described["items"], schema)


@pytest.mark.django_db(transaction=True)
class TestUnderAsgi:
    """As uvicorn serves it: in pieces, on the request's own connection, nothing gathered first."""

    def test_the_feed_is_sent_in_pieces(self, store, monkeypatch):
        monkeypatch.setattr(rows, "PAGE", 2)
        batch = orders.batch(store)
        orders.repeats(batch, 5)
        key = world.key(store, "read")

        async def pieces():
            answer = await AsyncClient().get(
                f"{API}batches/{batch.ref}/orders.xml", headers={"Authorization": f"Bearer {key}"}
            )
            assert answer.is_async
            sent = [piece async for piece in answer]
            await sync_to_async(connections.close_all)()  # the request's, in its own thread
            return sent

        sent = asyncio.run(pieces())

        assert [piece.count(b"<Order ") for piece in sent] == [2, 2, 1, 0]
        assert b"".join(sent).endswith(b"</RepurchaseOrders>")
