"""The API by key: the whole way a program goes, and every refusal with its code."""

import json

import pytest

from marketplace import clock
from repurchase.models import Batch, RepeatOrder
from repurchase.models.order_states import OrderStatus
from tests import world
from tests.repurchase import orders
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
API = "/api/v1/"
COUNTED = ("pending", "failed", "excluded", "planned", "locked", "accepted", "ended")


class Caller:
    """A program with a key."""

    def __init__(self, client, store, *scopes, role="owner"):
        self.client = client
        self.key = world.key(store, *scopes, role=role)

    def get(self, path="", **query):
        return self.client.get(API + path, query, headers=self.headers)

    def post(self, path, body=None, **headers):
        return self.client.post(
            API + path,
            json.dumps(body or {}),
            content_type="application/json",
            headers=self.headers
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.key}", "Accept-Language": "en"}


@pytest.fixture(autouse=True)
def _at_the_time_of_the_world(store):
    """Moves the sandbox store's clock to the world's NOW, of which its facts are."""
    store.clock_offset = world.NOW - clock.now()
    store.save()


@pytest.fixture
def erp(client, store):
    return Caller(client, store, "read", "write")


@pytest.fixture
def history(store):
    return world.repeatable(store, orders=5, lines=2)


def numbers(history):
    return [order.number for order in history[1]]


def problem(response, status, code):
    """Checks the shape of a problem and returns it."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"http://testserver/codes/{code}/"
    assert body["title"]
    assert body["request_id"] == response["X-Request-Id"]
    return body


class TestTheWholeWay:
    def test_leads_from_the_history_to_the_feed(self, erp, store, history):
        found = erp.get("past-orders/", repeatable="true").json()["results"]
        assert {row["order"]["number"] for row in found} == set(numbers(history))
        assert all(row["repeatable"] and row["findings"] == [] for row in found)

        asked = {
            "buyer": history[0].external_id,
            "order_ids": numbers(history),
            "policy": "partial",
        }
        created = erp.post("batches/", asked)
        assert created.status_code == 202
        batch = created.json()
        assert created["Location"] == f"{API}batches/{batch['ref']}/"
        assert (batch["status"], batch["counts"]["pending"]) == ("screening", 5)

        run(Batch.objects.get(ref=batch["ref"]))
        planned = erp.get(f"batches/{batch['ref']}/").json()
        assert (planned["status"], planned["counts"]["planned"]) == ("planned", 5)
        assert planned["totals"][0]["goods"] == {"amount": "25000.00", "currency": "USD"}
        assert all(gate["passed"] for gate in planned["gates"])

        locked = erp.post(f"batches/{batch['ref']}/lock/").json()
        assert (locked["status"], locked["counts"]["locked"]) == ("locked", 5)
        assert locked["lots"][0]["orders"] == 5
        assert locked["lots"][0]["expires_at"].endswith("Z")
        assert 0 < locked["lots"][0]["seconds_left"] <= 72 * 3600

        RepeatOrder.objects.update(status=OrderStatus.CONFIRMED)
        feed = erp.get(f"batches/{batch['ref']}/orders.xml")
        assert feed["Content-Type"] == "application/xml"
        assert feed["Content-Disposition"] == f'attachment; filename="{batch["ref"]}.xml"'
        assert feed.getvalue().count(b"<Order ") == 5

    @pytest.mark.parametrize("verb", ["lock", "cancel", "rescreen"])
    def test_tells_the_batch_after_each_verb(self, erp, history, verb):
        batch = run(
            Batch.objects.get(
                ref=erp.post("batches/", {"order_ids": numbers(history)}).json()["ref"]
            )
        )

        answer = erp.post(f"batches/{batch.ref}/{verb}/")

        assert answer.status_code == (202 if verb == "rescreen" else 200)
        status = {"lock": "locked", "cancel": "cancelled", "rescreen": "screening"}[verb]
        assert answer.json()["status"] == status
        counts = answer.json()["counts"]
        assert counts["asked"] == sum(counts[name] for name in COUNTED) == 5

    def test_ticks_the_special_clearance_on_rescreening(self, erp, history):
        batch = run(
            Batch.objects.get(
                ref=erp.post("batches/", {"order_ids": numbers(history)}).json()["ref"]
            )
        )

        erp.post(f"batches/{batch.ref}/rescreen/", {"special_clearance": True})

        batch.refresh_from_db()
        assert batch.special_clearance
        assert batch.created_by.startswith("key:")


class TestAnOrder:
    def test_shows_lines_then_and_now_with_fees(self, erp, store):
        batch = orders.batch(store)
        item = world.sku(store, code="CUP", assumed=["hs_code"])
        made = orders.repeats(batch, lines=2, skus=[item], codes=["STOCK_TOO_LOW"])[0]

        detail = erp.get(f"orders/{made.ref}/").json()

        assert detail["order"]["total"] == {"amount": "323.56", "currency": "USD"}
        assert detail["order"]["then_paid"] == {"amount": "271.90", "currency": "USD"}
        assert detail["order"]["lock"]["locked_at"] == "2026-11-23T08:00:00Z"
        assert detail["order"]["tax_treatment"]["rate"] == "0.19000"
        assert detail["order"]["ship_to"]["city"] == "Hamburg"
        assert detail["order"]["codes"] == ["STOCK_TOO_LOW"]
        assert [line["paid"]["amount"] for line in detail["lines"]] == ["123.45", "123.45"]
        assert detail["lines"][0]["assumed"] == ["hs_code"]
        assert [fee["kind"] for fee in detail["fees"]] == [
            "commission",
            "return_warehouse",
            "vat_remittance",
        ]
        assert detail["fees"][1]["tariff"] == {"amount": "2.30", "currency": "USD"}
        assert detail["fees"][0]["tariff"] is None

    def test_tells_its_findings_in_words_and_evidence(self, erp, store):
        evidence = {"sku": "CUP", "needed": 12, "available": 3}
        made = orders.repeats(
            orders.batch(store),
            status=OrderStatus.FAILED,
            lock=None,
            line={
                "findings": [{"code": "STOCK_TOO_LOW", "evidence": evidence}],
                "outcome": "failed",
            },
        )[0]

        finding = erp.get(f"orders/{made.ref}/").json()["lines"][0]["findings"][0]

        assert finding == {
            "code": "STOCK_TOO_LOW",
            "detail": "CUP: 12 needed, 3 available after reservations.",
            "evidence": evidence,
        }


class TestAList:
    def test_of_orders_goes_page_by_page_and_by_status(self, erp, store):
        batch = orders.batch(store, asked=60)
        made = orders.repeats(batch, 60)
        RepeatOrder.objects.filter(pk=made[7].pk).update(status=OrderStatus.AWAITING_PAYMENT)

        first = erp.get(f"batches/{batch.ref}/orders/").json()
        second = erp.get(f"batches/{batch.ref}/orders/", cursor=first["next_cursor"]).json()
        waiting = erp.get(f"batches/{batch.ref}/orders/", status="awaiting_payment").json()

        refs = [row["ref"] for row in first["results"] + second["results"]]
        assert (refs, second["next_cursor"]) == ([order.ref for order in made], "")
        assert [row["ref"] for row in waiting["results"]] == [made[7].ref]

    def test_of_batches_goes_page_by_page_newest_first(self, erp, store):
        by = world.buyer(store)
        made = [orders.batch(store, by).ref for _ in range(53)]  # all of one instant

        first = erp.get("batches/").json()
        second = erp.get("batches/", cursor=first["next_cursor"]).json()

        assert [row["ref"] for row in first["results"] + second["results"]] == made[::-1]
        assert second["next_cursor"] == ""

    def test_of_past_orders_goes_page_by_page_and_by_buyer(self, erp, store, history):
        other = world.buyer(store)
        item = world.sku(store)
        mine = {world.past_order(store, other, [(item, 1, 1000)]).number for _ in range(51)}

        first = erp.get("past-orders/", buyer=other.external_id).json()
        second = erp.get(
            "past-orders/", buyer=other.external_id, cursor=first["next_cursor"]
        ).json()

        seen = [row["order"]["number"] for row in first["results"] + second["results"]]
        assert (len(seen), set(seen)) == (51, mine)
        assert "BUYER_GMV_TOO_LOW" in [f["code"] for f in first["results"][0]["findings"]]

    def test_of_past_orders_searches(self, erp, history):
        number = numbers(history)[0]

        found = erp.get("past-orders/", q=number).json()["results"]

        assert number in [row["order"]["number"] for row in found]


class TestARefusal:
    def nothing_written(self):
        return not Batch.objects.exists()

    def test_of_too_many_orders_names_the_limit(self, erp, history):
        refused = problem(
            erp.post("batches/", {"order_ids": [f"PO-{n}" for n in range(5001)]}),
            422,
            "BATCH_TOO_LARGE",
        )

        assert "5001" in refused["detail"]
        assert "5000" in refused["detail"]
        assert self.nothing_written()

    def test_of_two_buyers_names_the_rows(self, erp, store, history):
        other = world.past_order(store, world.buyer(store), [(world.sku(store), 1, 1000)])
        asked = [numbers(history)[0], other.number, numbers(history)[1]]

        refused = problem(erp.post("batches/", {"order_ids": asked}), 422, "MIXED_BUYERS")

        assert refused["errors"] == [
            {"pointer": "#/order_ids/1", "code": "MIXED_BUYERS", "detail": other.number}
        ]
        assert self.nothing_written()

    def test_of_another_buyer_than_named_names_the_rows(self, erp, store, history):
        asked = {"buyer": world.buyer(store).external_id, "order_ids": numbers(history)[:1]}

        refused = problem(erp.post("batches/", asked), 422, "MIXED_BUYERS")

        assert refused["errors"][0]["pointer"] == "#/order_ids/0"

    def test_of_another_stores_orders_does_not_tell_them_from_unknown_ones(self, erp, history):
        elsewhere = world.store()
        foreign = world.past_order(
            elsewhere, world.buyer(elsewhere), [(world.sku(elsewhere), 1, 1000)]
        )

        told = [
            problem(erp.post("batches/", {"order_ids": [number]}), 422, "ORDER_UNKNOWN")[
                "detail"
            ].replace(number, "…")
            for number in (foreign.number, "NO-SUCH")
        ]

        assert told[0] == told[1]
        assert self.nothing_written()

    def test_of_none_says_so(self, erp):
        problem(erp.post("batches/", {"order_ids": []}), 422, "BATCH_EMPTY")

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, ["#/order_ids"]),
            ({"order_ids": "PO-1"}, ["#/order_ids"]),
            ({"order_ids": ["PO-1", None, {"x": 1}]}, ["#/order_ids/1", "#/order_ids/2"]),
            ({"order_ids": ["a\u0000b"]}, ["#/order_ids/0"]),
            ({"order_ids": ["x" * 65]}, ["#/order_ids/0"]),
            ({"order_ids": ["PO-1"], "policy": "whatever"}, ["#/policy"]),
            ({"order_ids": ["PO-1"], "dryrun": True, "a/b~c": 1}, ["#/a~1b~0c", "#/dryrun"]),
            ([1, 2], ["#"]),
        ],
    )
    def test_of_a_body_points_at_each_fault(self, erp, body, pointers):
        refused = problem(erp.post("batches/", body), 422, "INPUT_INVALID")

        assert sorted(error["pointer"] for error in refused["errors"]) == pointers
        assert self.nothing_written()

    @pytest.mark.parametrize(
        ("path", "query"),
        [
            ("past-orders/", {"cursor": "nonsense"}),
            ("past-orders/", {"cursor": "WyJ4IiwgMV0"}),  # ["x", 1]: no instant
            ("past-orders/", {"buyer": "nobody"}),
            ("past-orders/", {"repeatable": "perhaps"}),
            ("past-orders/", {"colour": "red"}),
            ("past-orders/", {"q": "a\x00b"}),
            ("batches/", {"cursor": "nonsense"}),
            ("batches/", {"cursor": "WyJ4IiwgMV0"}),
        ],
    )
    def test_of_a_query_says_so(self, erp, path, query):
        problem(erp.get(path, **query), 422, "INPUT_INVALID")

    @pytest.mark.parametrize("query", [{"status": "lost"}, {"cursor": "nonsense"}, {"page": "2"}])
    def test_of_a_query_for_orders_says_so(self, erp, store, query):
        problem(
            erp.get(f"batches/{orders.batch(store).ref}/orders/", **query), 422, "INPUT_INVALID"
        )

    @pytest.mark.parametrize(
        ("content", "media_type", "status"),
        [
            (b"{", "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b"a=b", "application/x-www-form-urlencoded", 415),
            (b"[" * 100_000, "application/json", 400),
            (b'"' + b"x" * (2 * 2**20) + b'"', "application/json", 413),
        ],
        ids=["cut short", "not utf-8", "a form", "too deep", "too large"],
    )
    def test_of_what_is_no_json_is_json(self, erp, client, content, media_type, status):
        answer = client.post(
            API + "batches/", content, content_type=media_type, headers=erp.headers
        )

        problem(answer, status, "INPUT_INVALID")

    def test_of_a_method_is_json(self, erp, client):
        problem(client.delete(API + "batches/", headers=erp.headers), 405, "INPUT_INVALID")

    def test_of_a_media_type_is_json(self, erp, client):
        answer = client.get(API + "batches/", headers=erp.headers | {"Accept": "text/html"})

        problem(answer, 406, "INPUT_INVALID")

    @pytest.mark.parametrize(
        "path", ["nothing/", "batches/BR-00000000/", "orders/BR-00000000-0001/", "batches"]
    )
    def test_of_an_address_is_json(self, erp, path):
        problem(erp.get(path), 404, "NOT_FOUND")

    def test_of_a_state_says_which(self, erp, store):
        batch = orders.batch(store)

        refused = problem(erp.post(f"batches/{batch.ref}/rescreen/"), 409, "STATE_CONFLICT")

        assert "locked" in refused["detail"]

    def test_speaks_the_callers_language(self, erp):
        assert erp.get("nothing/").json()["title"] == "Not found"

    def test_links_to_a_page_that_explains_its_code(self, erp, client):
        link = erp.get("nothing/").json()["type"]

        assert client.get(link).status_code == 200

    def test_of_what_nobody_expected_tells_no_secret(self, erp, store, monkeypatch, caplog):
        def broken(*_, **__):
            raise RuntimeError("the password is swordfish")

        monkeypatch.setattr("repurchase.batches.queries.batches.get_batch", broken)

        answer = erp.get("batches/BR-00000000/")

        told = problem(answer, 500, "INTERNAL_ERROR")
        assert "swordfish" not in json.dumps(told)
        assert told["request_id"] in told["detail"]
        assert "swordfish" in caplog.text


class TestTheFeed:
    @pytest.mark.parametrize(
        ("query", "count"), [({}, 1), ({"include": "confirmed"}, 1), ({"include": "locked"}, 2)]
    )
    def test_holds_what_was_asked_for(self, erp, store, query, count):
        batch = orders.batch(store)
        first = orders.repeats(batch)[0]
        orders.repeats(batch, first=2, status=OrderStatus.LOCKED, lock=first.lock)

        assert (
            erp.get(f"batches/{batch.ref}/orders.xml", **query).getvalue().count(b"<Order ")
            == count
        )

    def test_refuses_another_wish(self, erp, store):
        problem(
            erp.get(f"batches/{orders.batch(store).ref}/orders.xml", include="all"),
            422,
            "INPUT_INVALID",
        )

    @pytest.mark.parametrize("accept", ["application/xml", "*/*"])
    def test_is_served_to_who_accepts_it(self, erp, client, store, accept):
        answer = client.get(
            f"{API}batches/{orders.batch(store).ref}/orders.xml",
            headers=erp.headers | {"Accept": accept},
        )

        assert answer.status_code == 200


class TestAHostileAddressOrBody:
    @pytest.mark.parametrize("body", ["{", "[" * 100_000, "\x00"])
    def test_malformed_on_an_address_that_reads_none_is_still_a_problem(self, erp, history, body):
        batch = run(
            Batch.objects.get(
                ref=erp.post("batches/", {"order_ids": numbers(history)}).json()["ref"]
            )
        )
        RepeatOrder.objects.update(
            status=OrderStatus.EXCLUDED, codes=["SKU_INACTIVE"], total_minor=0
        )
        answer = erp.client.post(
            f"{API}batches/{batch.ref}/lock/",
            body,
            content_type="application/json",
            headers=erp.headers,
        )
        assert answer.status_code < 500
        assert answer["Content-Type"] == "application/problem+json"

    def test_malformed_is_told_before_the_orders_that_a_refusal_names(self, erp, history):
        first, second = (
            run(
                Batch.objects.get(
                    ref=erp.post(
                        "batches/", {"order_ids": numbers(history), "policy": policy}
                    ).json()["ref"]
                )
            )
            for policy in ("partial", "all_or_nothing")
        )
        assert erp.post(f"batches/{first.ref}/lock/").status_code == 200
        answer = erp.client.post(
            f"{API}batches/{second.ref}/lock/",
            "{",
            content_type="application/json",
            headers=erp.headers,
        )
        problem(answer, 400, "INPUT_INVALID")
        refused = erp.post(f"batches/{second.ref}/lock/")
        assert problem(refused, 422, "ORDER_ALREADY_LOCKED")["errors"] == []

    @pytest.mark.parametrize("ref", ["BR-%00", "B" * 25, "br-1", "B" * 5000])
    def test_that_is_no_reference_is_not_found(self, erp, ref):
        problem(erp.get(f"batches/{ref}/"), 404, "NOT_FOUND")
        problem(erp.get(f"orders/{ref}/"), 404, "NOT_FOUND")
