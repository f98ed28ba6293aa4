"""R-15 as callers, sellers and buyers meet it: the API and the pages of customised services."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from lxml import etree

from pricing import signing
from pricing.models import Act
from repurchase.batches.queries.customisations import batch_customisations
from repurchase.batches.services import customisations
from repurchase.batches.services.customisations import CustomisationRequest
from repurchase.models import Batch, LineService
from tests import world
from tests.repurchase import services
from tests.repurchase.running import run
from tests.repurchase.services import accept, ids, last, locked, planned
from tests.repurchase.test_feed_native import NS, faults

pytestmark = pytest.mark.django_db
CODE = "CUSTOM_SERVICE_UNCONFIRMED"


class TestTheApi:
    @pytest.fixture
    def erp(self, client, store, alice):
        key = world.key(store)

        def ask(method: str, path: str, body=None):
            headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
            return client.generic(
                method,
                f"/api/v1/{path}",
                json.dumps(body or {}),
                "application/json",
                headers=headers,
            )

        return ask

    def test_takes_services_beside_those_of_the_notes(self, erp, store):
        plain, order = services.noted(store)
        numbers = [o.number for o in [*plain, order]]
        wanted = [
            {"order": order.number, "line_no": 1, "text": "red tape"},
            {"order": plain[0].number, "text": "x"},
        ]
        made = erp("POST", "batches/", {"order_ids": numbers, "custom_services": wanted})
        assert made.status_code == 202, made.content
        batch = run(Batch.objects.get(ref=made.json()["ref"]))
        assert erp("GET", f"batches/{batch.ref}/").json()["custom_services"]["asked"] == 3
        told = erp("GET", f"orders/{last(batch).ref}/").json()["services"]
        assert sorted((s["line"], s["text"], s["source"], s["state"]) for s in told) == [
            (1, "red tape", "api", "asked"),
            (2, services.TEXT, "note", "asked"),
        ]

    @pytest.mark.parametrize(
        ("row", "pointer"),
        [
            ({"order": "nowhere", "line_no": 1, "text": "x"}, "#/custom_services/0/order"),
            ({"line_no": 9, "text": "x"}, "#/custom_services/0/line_no"),
            ({"line_no": 1, "text": "\u200b"}, "#/custom_services/0/text"),
            ({"line_no": 0, "text": "x"}, "#/custom_services/0/line_no"),
            ({"line_no": 1}, "#/custom_services/0/text"),
            ({"line_no": 1, "text": "x", "line": 2}, "#/custom_services/0/line"),
        ],
    )
    def test_points_at_what_names_nothing_and_writes_nothing(self, erp, store, row, pointer):
        plain, order = services.noted(store)
        body = {
            "order_ids": [o.number for o in [*plain, order]],
            "custom_services": [{"order": order.number} | row],
        }
        refused = erp("POST", "batches/", body)
        assert refused.status_code in (400, 422)
        assert [e["pointer"] for e in refused.json()["errors"]] == [pointer]
        assert not Batch.objects.exists()
        assert not LineService.objects.exists()

    def test_feeds_the_confirmed_text_with_its_line(self, erp, store):
        batch = locked(store, f"{services.NOTE}\n[service line=3] gift wrap")
        accept(batch, services=ids()[:1])
        feed = erp("GET", f"batches/{batch.ref}/orders.xml").getvalue()
        assert faults(feed) == []
        order = etree.fromstring(feed).findall("o:Order", NS)[-1]
        told = [
            [
                (each.text, each.get("confirmedAt") is not None)
                for each in line.findall("o:CustomService", NS)
            ]
            for line in order.findall("o:Line", NS)
        ]
        assert told == [[], [(services.TEXT, True)], []]
        assert [
            line.findtext("o:Outcome", namespaces=NS) for line in order.findall("o:Line", NS)
        ] == ["planned", "planned", "excluded"]
        assert order.findtext("o:Totals/o:Goods", namespaces=NS) == "133.33"


class TestTheSellersPage:
    def test_shows_and_changes_each_service(self, client, store, alice):
        client.force_login(alice)
        batch = planned(store)
        page = f"/batches/{batch.ref}/services/"
        assert services.TEXT in client.get(page).content.decode()
        assert page in client.get(f"/batches/{batch.ref}/").content.decode()
        number = last(batch).past_order.number
        for body in (
            {"act": "change", "service": ids()[0], "line": "3", "text": "red tape"},
            {"act": "add", "order": number, "line": "", "text": "gift wrap"},
        ):
            assert client.post(page, body).status_code == 302
        client.post(page, {"act": "dismiss", "service": ids()[1], "why": "settled"})
        assert [(v.line_no, v.text, v.state) for v in batch_customisations(batch).rows] == [
            (3, "red tape", "asked"),
            (None, "gift wrap", "dismissed"),
        ]

    @pytest.mark.parametrize(
        "body",
        [
            {"act": "x"},
            {"act": "add", "order": "nowhere", "text": "x"},
            {"act": "add", "line": "-1", "text": "x"},
            {"act": "dismiss", "service": "1", "why": ""},
            {"act": "change", "service": "999999", "line": "1", "text": "x"},
        ],
    )
    def test_refuses_nonsense_and_writes_nothing(self, client, store, alice, body):
        client.force_login(alice)
        batch = planned(store)
        before = list(LineService.objects.values())
        answer = client.post(
            f"/batches/{batch.ref}/services/", body | {"service": body.get("service", ids()[0])}
        )
        assert answer.status_code in (404, 422)
        assert list(LineService.objects.values()) == before

    def test_is_not_a_viewers_to_change(self, client, store):
        client.force_login(world.member(store, "viewer"))
        batch = planned(store)
        body = {"act": "dismiss", "service": ids()[0], "why": "x"}
        assert client.post(f"/batches/{batch.ref}/services/", body).status_code == 403

    def test_lists_any_number_in_the_same_queries(self, client, store, alice):
        client.force_login(alice)
        batch = planned(store)
        counts = []
        for n in (1, 40):
            for each in range(n):
                wanted = CustomisationRequest(
                    order=last(batch).past_order.number, line_no=1 + each % 3, text=f"{n} {each}"
                )
                customisations.add(batch=batch, wanted=wanted, by="user:1")
            with CaptureQueriesContext(connection) as captured:
                client.get(f"/batches/{batch.ref}/services/")
            counts.append(len(captured))
        assert counts[0] == counts[1]


class TestTheBuyersPage:
    @pytest.fixture
    def batch(self, store):
        return locked(store)

    @pytest.fixture
    def link(self, batch):
        return f"/b/{signing.token_of(services.grant(batch))}/"

    def body(self, batch, **more):
        return {
            "act": "confirm",
            "digest": [f"{pk}:{digest}" for pk, digest in services.digests(batch).items()],
            **more,
        }

    def shown(self, answer) -> str:
        return re.search(r'name="shown"\s+value="(\w{64})"', answer.content.decode()).group(1)

    def test_asks_for_each_service_and_shows_the_total_without_them(self, client, batch, link):
        page = client.get(link).content.decode()
        assert services.TEXT in page
        # 5 × 5,979.75 + 170.53
        assert "USD 30,069.28" in page
        assert page.count('name="services"') == 1

    def test_tells_the_script_the_total_of_the_ticks(self, client, batch, link):
        body = self.body(batch, act="total", services=str(ids()[0]))
        answer = client.post(link, body, headers={"HX-Request": "true"})
        assert "USD 30,108.94" in answer.content.decode()  # … + 210.19
        assert "<html" not in answer.content.decode()
        assert Act.objects.count() == 0

    def test_works_without_the_script(self, client, batch, link):
        asked = client.post(
            link, self.body(batch, act=["confirm", "total"], services=str(ids()[0]))
        )
        assert asked.status_code == 200
        assert re.search(r'name="services"[^>]*checked', asked.content.decode())
        body = self.body(batch, services=str(ids()[0]), consent="yes", shown=self.shown(asked))
        assert client.post(link, body).status_code == 302
        assert last(batch).codes == []

    def test_shows_another_total_again_before_it_is_confirmed(self, client, batch, link):
        seen = self.shown(client.get(link))
        body = self.body(batch, every_service="yes", consent="yes", shown=seen)
        answer = client.post(link, body)
        assert answer.status_code == 409
        assert "USD 30,108.94" in answer.content.decode()
        assert "TERMS_CHANGED" in answer.content.decode()
        assert Act.objects.count() == 0
        assert client.post(link, body | {"shown": self.shown(answer)}).status_code == 302

    def test_says_afterwards_what_was_left_out(self, client, batch, link):
        seen = self.shown(client.get(link))
        page = client.post(
            link, self.body(batch, consent="yes", shown=seen), follow=True
        ).content.decode()
        assert "1 customised service was not confirmed" in page
        assert "USD 30,069.28" in page

    @pytest.mark.parametrize("ticked", ["x", "1e3", "-1", "9" * 30, "999999"])
    def test_refuses_ticks_that_are_none(self, client, batch, link, ticked):
        body = self.body(batch, services=ticked, consent="yes", shown="x")
        assert client.post(link, body).status_code == 422
        assert client.post(link, body | {"act": "total"}).status_code == 422
        assert Act.objects.count() == 0
