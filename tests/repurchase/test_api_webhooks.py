"""Webhooks by API, and what the guide for integrators says, run as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.models import LedgerEntry
from outbox import events, webhook_delivery
from outbox.models import Webhook
from repurchase.models import KeptAnswer
from tests import world
from tests.beside import ROOT, server
from tests.outbox.receiving import receiver
from tests.repurchase.test_api import API, Caller, problem
from tests.repurchase.test_streaming import key_of, tell

GUIDE = (ROOT / "docs" / "events.md").read_text()
URL = "https://erp.example.com/hook"


@pytest.fixture
def erp(client, store):
    return Caller(client, store, "read", "write")


def made(erp, **fields) -> dict:
    answer = erp.post("webhooks/", {"url": URL} | fields)
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.mark.django_db
class TestAWebhook:
    def test_is_made_listed_read_switched_and_removed(self, erp, client):
        told = made(erp, types=["order.*", "batch.closed"])
        secret = told.pop("secret")
        assert told.pop("secret_version") == 1
        assert secret.startswith("whsec_")
        assert erp.get("webhooks/").json() == {"results": [told]}
        assert erp.get(f"webhooks/{told['id']}/").json() == told
        off = client.patch(
            f"{API}webhooks/{told['id']}/",
            {"enabled": False},
            content_type="application/json",
            headers=erp.headers,
        )
        assert off.json() == told | {"enabled": False}
        assert client.delete(f"{API}webhooks/{told['id']}/", headers=erp.headers).status_code == 204
        problem(erp.get(f"webhooks/{told['id']}/"), 404, "NOT_FOUND")
        acts = LedgerEntry.objects.filter(subject=f"webhook:{told['id']}").order_by("seq")
        assert [entry.kind for entry in acts] == [
            "webhook.added",
            "webhook.switched",
            "webhook.removed",
        ]
        assert all(entry.by.startswith("key:") for entry in acts)

    def test_is_made_once_under_a_key_and_its_secret_is_not_kept(self, erp):
        first, again = (
            erp.post("webhooks/", {"url": URL}, Idempotency_Key="w-1") for _ in range(2)
        )
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert Webhook.objects.count() == 1
        told = first.json()
        assert told["secret"].startswith("whsec_")
        kept = KeptAnswer.objects.get()
        assert "secret" not in kept.body
        turned = [
            erp.post(f"webhooks/{told['id']}/rotate/", Idempotency_Key="w-2").json()
            for _ in range(2)
        ]
        assert turned[0] == turned[1]
        assert turned[0]["secret"] != told["secret"]
        assert Webhook.objects.get().secret_version == 2
        other = erp.post("webhooks/", {"url": URL, "types": ["order.*"]}, Idempotency_Key="w-1")
        problem(other, 422, "IDEMPOTENCY_KEY_REUSED")

    def test_is_rotated(self, erp):
        told = made(erp)
        again = erp.post(f"webhooks/{told['id']}/rotate/").json()
        assert again["secret"] != told["secret"]
        assert again["rotated_at"]

    @pytest.mark.parametrize(
        "body",
        [
            {"url": URL, "types": ["nonsense.*"]},
            {"url": URL, "types": ["lock.nonsense"]},
            {"url": URL, "types": "lock.*"},
            {"types": []},
            {"url": URL, "secret": "mine"},
            {"url": f"https://example.com/{'x' * 501}"},
        ],
    )
    def test_that_could_never_work_is_refused(self, erp, body):
        problem(erp.post("webhooks/", body), 422, "INPUT_INVALID")
        assert not Webhook.objects.exists()

    @pytest.mark.parametrize(
        "url", ["https://192.168.0.1/", "https://169.254.169.254/latest/", "gopher://x/"]
    )
    def test_that_leads_inside_is_refused(self, erp, url):
        problem(erp.post("webhooks/", {"url": url}), 422, "WEBHOOK_TARGET_REFUSED")

    @pytest.mark.parametrize("after", [-1, "x", None, 2**63])
    def test_is_replayed_from_a_number_only(self, erp, after):
        problem(
            erp.post(f"webhooks/{made(erp)['id']}/replay/", {"after": after}), 422, "INPUT_INVALID"
        )

    @pytest.mark.parametrize("method", ["get", "patch", "delete"])
    def test_of_another_store_is_not_there(self, erp, client, method):
        told = made(erp)
        stranger = Caller(client, world.store(), "read", "write")
        for path in ("", "rotate/", "replay/", "deliveries/"):
            answer = getattr(client, method)(
                f"{API}webhooks/{told['id']}/{path}",
                {} if method == "get" else {"enabled": False},
                content_type="application/json",
                headers=stranger.headers,
            )
            assert answer.status_code in (404, 405)
        assert stranger.get("webhooks/").json() == {"results": []}
        assert Webhook.objects.get().enabled


@pytest.mark.django_db(transaction=True)
class TestTheDeliveries:
    def test_are_listed_and_replayed(self, erp, store):
        with receiver() as hook:
            told = made(erp, url=hook.url)
            for n in range(3):
                tell(store, n)
            webhook_delivery.send_due()
            log = erp.get(f"webhooks/{told['id']}/deliveries/").json()
            assert [(row["seq"], row["outcome"], row["status"]) for row in log["results"]] == [
                (3, "delivered", 204),
                (2, "delivered", 204),
                (1, "delivered", 204),
            ]
            answer = erp.post(f"webhooks/{told['id']}/replay/", {"after": 1})
            assert (answer.status_code, answer.json()) == (202, {"events": 2})
            webhook_delivery.send_due()
        assert [got.event["seq"] for got in hook.received] == [1, 2, 3, 2, 3]

    def test_are_verified_by_the_lines_in_the_guide(self, erp, store):
        names: dict = {}
        exec(re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL).group(1), names)
        with receiver() as hook:
            secret = made(erp, url=hook.url)["secret"]
            tell(store)
            webhook_delivery.send_due()
        got = hook.received[0]
        assert names["verified"](secret, got.headers, got.body)
        assert not names["verified"](secret, got.headers, got.body + b" ")


@pytest.mark.django_db(transaction=True)
class TestTheExampleClient:
    def test_keeps_the_states_of_orders_and_comes_back_where_it_was(self, store, tmp_path):
        file = tmp_path / "orders.json"
        key = key_of(store)["Authorization"].removeprefix("Bearer ")
        with server() as (url, _):
            for type in ("order.locked", "order.confirmed"):
                _orders(
                    store,
                    type,
                    ["BR-1-0001", "BR-1-0002"] if type == "order.locked" else ["BR-1-0002"],
                )
            self.run(url, file, key, 2)
            assert json.loads(file.read_text()) == {
                "seq": 2,
                "orders": {"BR-1-0001": "locked", "BR-1-0002": "confirmed"},
            }
            _orders(store, "order.declined", ["BR-1-0001"])
            assert self.run(url, file, key, 1) == "3 order.declined BR-1\n"
        assert json.loads(file.read_text())["orders"]["BR-1-0001"] == "declined"

    def run(self, url: str, file: Path, key: str, n: int) -> str:
        done = subprocess.run(
            [sys.executable, "docs/event_client.py", url, str(file), str(n)],
            cwd=ROOT,
            env={**os.environ, "KEY": key},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


def _orders(store, type: str, refs: list[str]) -> None:
    events.publish(store_id=store.pk, type=type, subject="batch:BR-1", at=world.NOW, orders=refs)
