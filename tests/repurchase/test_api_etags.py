"""ETags: 304 for who has the answer, 412 for a change of another state than the one seen."""

import json

import pytest

from marketplace.models import Sku
from outbox import webhooks
from repurchase.batches.services import batches
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp(client, store):
    return Caller(client, store, "read", "write")


@pytest.fixture
def batch(store):
    _, past = world.repeatable(store)
    return run(batches.create(store=store, numbers=[o.number for o in past], by="user:1"))


def get(erp, path, **headers):
    return erp.client.get(f"/api/v1/{path}", headers=erp.headers | headers)


def patch(erp, path, body, **headers):
    return erp.client.patch(
        f"/api/v1/{path}",
        json.dumps(body),
        content_type="application/json",
        headers=erp.headers | headers,
    )


class TestAnAnswer:
    def test_that_the_caller_has_is_not_sent_again(self, erp, batch):
        path = f"batches/{batch.ref}/"
        tag = get(erp, path)["ETag"]
        for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = get(erp, path, **{"If-None-Match": given})
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        assert get(erp, path, **{"If-None-Match": '"other"'}).status_code == 200

    def test_has_another_tag_in_another_language_or_state(self, erp, batch):
        path = f"batches/{batch.ref}/"
        first = get(erp, path)["ETag"]
        assert get(erp, path, **{"Accept-Language": "zh-hans"})["ETag"] != first
        batches.cancel(batch=batch, by="user:1")
        assert get(erp, path)["ETag"] != first

    def test_that_is_a_refusal_has_none(self, erp):
        assert "ETag" not in get(erp, "batches/BR-NOWHERE/")


class TestAChange:
    @pytest.mark.parametrize("shown", ["", "orders/"])
    def test_of_a_plan_that_is_another_by_now_is_refused(self, erp, batch, shown):
        tag = get(erp, f"batches/{batch.ref}/{shown}")["ETag"]
        edit = {"edits": [{"select": {"skus": [Sku.objects.first().code]}, "quantity": 600}]}
        path = f"batches/{batch.ref}/orders/"
        assert patch(erp, path, edit, **{"If-Match": tag}).status_code == 200
        problem(patch(erp, path, edit, **{"If-Match": tag}), 412, "PRECONDITION_FAILED")
        assert patch(erp, path, edit | {"preview": True}, **{"If-Match": "*"}).status_code == 200

    def test_of_a_webhook_is_guarded_too(self, erp, store):
        made, _ = webhooks.create(
            store_id=store.pk, url="https://erp.example.com/", types=[], loopback=False
        )
        path = f"webhooks/{made.pk}/"
        tag = get(erp, path)["ETag"]
        assert patch(erp, path, {"enabled": False}, **{"If-Match": tag}).status_code == 200
        problem(
            patch(erp, path, {"enabled": True}, **{"If-Match": tag}), 412, "PRECONDITION_FAILED"
        )
