"""Idempotency-Key: which POSTs take it, and what a second one comes to, that of a secret
included."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from diagnostics.models import LedgerEntry
from outbox.models import Delivery, Webhook
from repurchase.fulfilment.services import payments
from repurchase.integration.api.idempotency_key import HEADER
from repurchase.models import ErpResponse, KeptAnswer, Payment, Release
from tests import world
from tests.beside import ROOT
from tests.repurchase import paid
from tests.repurchase.test_api import API, Caller, problem
from tests.repurchase.test_api_fulfilment import refs, rows
from tests.repurchase.test_responses import response, xml
from tests.repurchase.test_streaming import key_of, tell

pytestmark = pytest.mark.django_db
WITHOUT = {
    "screen",
    "quote_fees",
    "lock_batch",
    "cancel_batch",
    "adopt_batch",
    "apply_batch_fixes",
    "move_clock",
}
"""They write nothing, or make nothing new (docs/api.md)."""

HOOK = {"url": "https://erp.example.com/hook"}


class Once(Caller):
    """A program that says each time that it is the same request."""

    def post(self, path, body=None, *, key="k-1"):
        return self.client.post(
            API + path,
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers=self.headers | {HEADER: key},
        )


@pytest.fixture
def erp(client, store):
    return Once(client, store, "read", "write")


def payment(batch) -> dict:
    return rows(batch, amount="5979.75", currency="USD", reference="T-1")


class TestEveryPost:
    def test_takes_it_that_makes_something_as_the_documentation_lists(self):
        paths = SchemaGenerator().get_schema(public=True)["paths"]
        posts = [of["post"] for of in paths.values() if "post" in of]
        takes = {
            each["operationId"]
            for each in posts
            if HEADER in {parameter["name"] for parameter in each.get("parameters", [])}
        }
        assert {each["operationId"] for each in posts} - takes == WITHOUT

    def test_stands_in_the_documentation(self):
        guide = (ROOT / "docs" / "api.md").read_text()
        table = guide[guide.index('id="once"') : guide.index('id="progress"')]
        for path, of in SchemaGenerator().get_schema(public=True)["paths"].items():
            if "post" in of:
                name = path.removeprefix(API).replace("webhook_id", "id")
                short = name.removeprefix("batches/{ref}/")
                assert f"`{name}`" in table or f"`{short}`" in table, name


class TestAPayment:
    def test_sent_again_is_answered_as_the_first_time(self, erp, store):
        body = payment(paid.invoiced(store))
        first, again = (erp.post("payments/", body) for _ in range(2))
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert (first.json()["recorded"], again.json()["known"]) == (5, 0)
        assert Payment.objects.count() == 5
        assert LedgerEntry.objects.filter(kind="payment.recorded").count() == 1

    def test_under_the_key_of_another_is_refused(self, erp, store):
        body = payment(paid.invoiced(store))
        erp.post("payments/", body)
        body["rows"][0]["reference"] = "T-2"
        problem(erp.post("payments/", body), 422, "IDEMPOTENCY_KEY_REUSED")
        assert not Payment.objects.filter(reference="T-2").exists()
        assert erp.post("payments/", body, key="k-2").status_code == 200

    def test_that_was_refused_as_a_whole_may_be_mended(self, erp, store):
        body = payment(paid.invoiced(store))
        problem(erp.post("payments/", body | {"price": 1}), 422, "INPUT_INVALID")
        assert erp.post("payments/", body).json()["recorded"] == 5

    @pytest.mark.parametrize("body", [[1], "x", 7])
    def test_that_is_no_object_is_refused_and_nothing_breaks(self, erp, body):
        problem(erp.post("payments/", body), 422, "INPUT_INVALID")
        assert not KeptAnswer.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_still_at_work_is_busy(self, store, monkeypatch):
        """The first waits in the middle of its work until the second has been answered."""
        body, headers = (
            payment(paid.invoiced(store)),
            key_of(store, "read", "write") | {HEADER: "k-1"},
        )
        inside, answered, record = threading.Event(), threading.Event(), payments.record

        def slowly(**arguments):
            done = record(**arguments)
            inside.set()
            answered.wait(20)
            return done

        def send():
            try:
                return Client().post(
                    f"{API}payments/",
                    json.dumps(body),
                    content_type="application/json",
                    headers=headers,
                )
            finally:
                connections.close_all()

        monkeypatch.setattr(payments, "record", slowly)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(send)
            assert inside.wait(20)
            problem(send(), 409, "IDEMPOTENCY_KEY_BUSY")
            answered.set()
            assert first.result().json()["recorded"] == 5
        assert send().json() == first.result().json()
        assert Payment.objects.count() == 5

    def test_is_taken_back_once(self, erp, store):
        paid.pay(paid.invoiced(store))
        url = f"payments/{Payment.objects.first().pk}/reverse/"
        first, again = (erp.post(url, {"why": "bounced"}) for _ in range(2))
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        problem(erp.post(url, {"why": "bounced"}, key="k-2"), 409, "PAYMENT_FINAL")


class TestWhatFollowsAPayment:
    def test_a_release_happens_once_and_is_told_again(self, erp, store):
        batch = paid.invoiced(store)
        paid.pay(batch)
        url = f"orders/{refs(batch)[0]}/release/"
        first, again = (erp.post(url) for _ in range(2))
        assert first.json() == again.json()
        assert first.json()["order"]["status"] == "released"
        assert Release.objects.count() == 1

    def test_acknowledgements_shipments_and_completions_are_told_again(self, erp, store):
        batch = paid.released(store)
        at = Release.objects.first().released_at.isoformat()
        shipped = rows(batch, at=at, carrier="Cainiao", tracking="LP1")
        for n, (path, body) in enumerate(
            (
                ("releases/acknowledgements/", rows(batch)),
                ("shipments/", shipped),
                ("completions/", rows(batch, at=at)),
            )
        ):
            first, again = (erp.post(path, body, key=f"k-{n}") for _ in range(2))
            assert first.json() == again.json()
            assert first.json()["taken"] == 5

    def test_responses_in_xml_are_told_again_and_another_document_is_refused(self, erp, store):
        one, other = refs(paid.released(store))[:2]

        def send(ref):
            headers = erp.headers | {HEADER: "k-1"}
            return erp.client.post(
                f"{API}responses/",
                xml(response(ref)),
                content_type="application/xml",
                headers=headers,
            )

        first, again = send(one), send(one)
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert again.json()["new"] == 1
        problem(send(other), 422, "IDEMPOTENCY_KEY_REUSED")
        assert ErpResponse.objects.count() == 1


class TestAWebhook:
    def test_is_made_once_and_its_secret_told_again(self, erp):
        first, again = (erp.post("webhooks/", HOOK) for _ in range(2))
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert first.json()["secret"].startswith("whsec_")
        assert Webhook.objects.count() == 1

    def test_leaves_its_secret_in_no_row(self, erp):
        made = erp.post("webhooks/", HOOK).json()
        turned = erp.post(f"webhooks/{made['id']}/rotate/", key="k-2").json()
        kept = json.dumps(list(KeptAnswer.objects.values_list("body", flat=True)))
        assert KeptAnswer.objects.count() == 2
        for told in (made, turned):
            assert told["secret"].removeprefix("whsec_") not in kept
        assert '"secret"' not in kept

    def test_is_rotated_once_and_each_answer_keeps_its_own_secret(self, erp):
        made = erp.post("webhooks/", HOOK).json()
        url = f"webhooks/{made['id']}/rotate/"
        first, again = (erp.post(url, key="k-2").json() for _ in range(2))
        assert first == again
        assert (first["secret_version"], Webhook.objects.get().secret_version) == (2, 2)
        assert first["secret"] != made["secret"]
        assert erp.post("webhooks/", HOOK).json() == made

    def test_of_another_store_is_not_told(self, erp, client):
        made = erp.post("webhooks/", HOOK).json()
        theirs = Once(client, world.store(), "read", "write").post("webhooks/", HOOK).json()
        assert theirs["id"] != made["id"]
        assert theirs["secret"] != made["secret"]

    @pytest.mark.django_db(transaction=True)
    def test_is_replayed_once(self, erp, store):
        url = f"webhooks/{erp.post('webhooks/', HOOK).json()['id']}/replay/"
        for n in range(3):
            tell(store, n)
        Webhook.objects.update(queued_seq=3)
        assert [erp.post(url, {"after": 0}, key="k-2").json() for _ in range(2)] == [
            {"events": 3}
        ] * 2
        Delivery.objects.update(next_try_at=None)
        erp.post(url, {"after": 0}, key="k-2")
        assert not Delivery.objects.exclude(next_try_at=None).exists()
