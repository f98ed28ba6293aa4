"""/developers/: keys and webhooks, each secret shown on one answer and never again."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import members
from marketplace.models import ApiKey, Membership, Role
from outbox import emails, events, webhooks
from outbox.models import Delivery, Event, Webhook
from tests import world

pytestmark = pytest.mark.django_db
PAGE = "/developers/"
KEY = re.compile(r"bro_[\w-]{43}")
SECRET = re.compile(r"whsec_[\w+/=]{44}")


@pytest.fixture
def developer(client, store):
    return signed_in(client, store, Role.DEVELOPER, "dev@example.com")


@pytest.fixture
def manager(store):
    return signed_in(Client(), store, Role.MANAGER, "manager@example.com")


def signed_in(client, store, role, email):
    client.force_login(world.member(store, role, email))
    client.cookies["django_language"] = "en"
    return client


def granted(manager) -> ApiKey:
    """The newest request, granted."""
    asked = ApiKey.objects.latest("pk")
    assert manager.post(f"{PAGE}keys/{asked.pk}/grant/").status_code == 302
    return ApiKey.objects.get(pk=asked.pk)


def new_key(developer, **fields) -> str:
    answer = developer.post(PAGE, {"name": "ERP", "scopes": ["read", "write"]} | fields)
    return KEY.search(answer.content.decode()).group()


def works(client, key: str) -> bool:
    return (
        client.get("/api/v1/batches/", headers={"Authorization": f"Bearer {key}"}).status_code
        == 200
    )


@pytest.fixture
def webhook(store):
    return webhooks.create(
        store_id=store.pk, url="https://erp.example.com/hook", types=[], loopback=False
    )[0]


class TestWhoseAWebhookIs:
    def added(self, developer) -> Webhook:
        form = {"url": "https://erp.example.com/hook", "kinds": ["order"]}
        assert developer.post(f"{PAGE}webhooks/", form).status_code == 200
        return Webhook.objects.get()

    def test_stands_in_the_ledger_with_each_change_and_without_its_secret(self, developer, store):
        made = self.added(developer)
        for verb in ("rotate", "off", "remove"):
            developer.post(f"{PAGE}webhooks/{made.pk}/{verb}/")
        told = LedgerEntry.objects.filter(store_id=store.pk, subject=f"webhook:{made.pk}").order_by(
            "seq"
        )
        assert [entry.kind for entry in told] == [
            "webhook.added",
            "webhook.rotated",
            "webhook.switched",
            "webhook.removed",
        ]
        by = Membership.objects.get(store=store, role=Role.DEVELOPER).user_id
        assert {entry.by for entry in told} == {f"user:{by}"}
        assert {entry.facts["url"] for entry in told} == {made.url}
        assert "whsec_" not in str([entry.facts for entry in told])

    def test_is_the_store_s_and_the_owners_are_told_when_who_added_it_leaves(
        self, developer, store, alice
    ):
        made = self.added(developer)
        assert "Added by" in developer.get(f"{PAGE}webhooks/{made.pk}/").content.decode()
        mail.outbox.clear()
        members.leave(Membership.objects.get(store=store, role=Role.DEVELOPER), by=alice)
        emails.deliver_due()
        (told,) = mail.outbox
        assert (told.to, made.url in told.body) == ([alice.email], True)
        assert Webhook.objects.get().enabled

    def test_is_nobody_s_concern_when_another_member_leaves(self, developer, store, alice, manager):
        self.added(developer)
        mail.outbox.clear()
        members.leave(Membership.objects.get(store=store, role=Role.MANAGER), by=alice)
        emails.deliver_due()
        assert not mail.outbox


class TestAKey:
    def test_is_shown_when_it_is_asked_for_and_never_again(self, developer, manager, store):
        answer = developer.post(PAGE, {"name": "ERP", "scopes": ["read", "write"]}).content.decode()
        key = KEY.search(answer).group()
        assert "It does nothing yet" in answer
        assert not works(developer, key)
        granted(manager)
        page = developer.get(PAGE).content.decode()
        assert works(developer, key)
        assert ApiKey.objects.get().scopes == ["read", "write"]
        assert key not in page
        assert key[:12] in page

    @pytest.mark.parametrize("fields", [{"name": " "}, {"scopes": []}, {"scopes": ["admin"]}])
    def test_needs_a_name_and_a_scope_that_exists(self, developer, fields):
        assert developer.post(PAGE, {"name": "ERP", "scopes": ["read"]} | fields).status_code == 422
        assert not ApiKey.objects.exists()

    def test_is_asked_for_by_a_developer_and_granted_refused_or_taken_over_by_others(
        self, developer, manager, store
    ):
        new_key(developer)
        assert "Waits to be granted" in developer.get(PAGE).content.decode()
        for act in ("Grant", "Refuse", "Take over"):
            assert f">{act}<" not in re.sub(
                r"\s*<svg.*?</svg>\s*", "", developer.get(PAGE).content.decode(), flags=re.S
            )
        for verb in ("grant", "refuse", "take-over"):
            asked = ApiKey.objects.get()
            assert developer.post(f"{PAGE}keys/{asked.pk}/{verb}/").status_code == 403
        owner = signed_in(Client(), store, Role.OWNER, "owner@example.com")
        assert "/grant/" in manager.get(PAGE).content.decode()
        made = granted(manager)
        assert "/take-over/" not in manager.get(PAGE).content.decode()
        shown = owner.post(f"{PAGE}keys/{made.pk}/take-over/")
        assert works(Client(), KEY.search(shown.content.decode()).group())
        assert ApiKey.objects.latest("pk").principal.user.email == "owner@example.com"
        assert (
            "/take-over/" not in owner.get(PAGE).content.decode().partition(f"keys/{made.pk}/")[2]
        )
        new_key(developer, name="QRS-7")
        other = ApiKey.objects.latest("pk")
        assert manager.post(f"{PAGE}keys/{other.pk}/refuse/").status_code == 302
        assert manager.post(f"{PAGE}keys/{other.pk}/grant/").status_code == 409
        assert "QRS-7" not in developer.get(PAGE).content.decode()

    def test_of_a_manager_acts_for_them_at_once_and_webhooks_are_not_theirs(self, manager):
        assert works(Client(), new_key(manager))
        page = manager.get(PAGE)
        assert "Webhooks" not in page.content.decode()
        assert manager.get(f"{PAGE}sandbox/").status_code == 403

    def test_says_why_it_no_longer_works(self, developer, manager):
        key = new_key(developer)
        granted(manager).principal.delete()
        assert not works(Client(), key)
        assert (
            "The member it acted for, or who asked for it, has left"
            in developer.get(PAGE).content.decode()
        )

    def test_rotated_works_for_another_day_beside_its_successor(self, developer, manager):
        old = new_key(developer)
        made = granted(manager)
        new = KEY.search(developer.post(f"{PAGE}keys/{made.pk}/rotate/").content.decode()).group()
        assert works(developer, old)
        assert not works(developer, new)
        waiting = ApiKey.objects.latest("pk")
        assert manager.post(f"{PAGE}keys/{waiting.pk}/grant/").status_code == 302
        assert works(developer, new)
        assert "replaced; works until" in developer.get(PAGE).content.decode()
        ApiKey.objects.filter(pk=made.pk).update(
            expires_at=timezone.now() - dt.timedelta(seconds=1)
        )
        assert (works(developer, old), works(developer, new)) == (False, True)
        assert developer.post(f"{PAGE}keys/{made.pk}/rotate/").status_code == 404

    def test_revoked_is_refused_at_once(self, developer, manager):
        key = new_key(developer)
        granted(manager)
        assert works(developer, key)
        assert developer.post(f"{PAGE}keys/{ApiKey.objects.get().pk}/revoke/").status_code == 302
        assert not works(developer, key)


class TestAWebhook:
    def test_is_made_with_a_secret_that_is_shown_once(self, developer, store):
        answer = developer.post(
            f"{PAGE}webhooks/", {"url": "https://erp.example.com/", "kinds": ["order", "lock"]}
        )
        made = Webhook.objects.get()
        assert SECRET.search(answer.content.decode())
        assert (made.store_id, made.types) == (store.pk, ["lock.*", "order.*"])
        for page in (PAGE, f"{PAGE}webhooks/{made.pk}/"):
            assert not SECRET.search(developer.get(page).content.decode())

    @pytest.mark.parametrize(
        "url",
        ["", "http://192.168.1.1/", "https://10.0.0.1/", "ftp://x", "https://erp.example.com:22/"],
    )
    def test_leads_to_a_public_address_only(self, developer, url, settings):
        settings.WEBHOOKS_TO_LOOPBACK = False
        assert (
            developer.post(f"{PAGE}webhooks/", {"url": url, "kinds": ["order"]}).status_code == 422
        )
        assert not Webhook.objects.exists()

    def test_is_one_of_ten_at_most(self, developer, webhook):
        for _ in range(webhooks.MAX_PER_STORE):
            last = developer.post(f"{PAGE}webhooks/", {"url": "https://erp.example.com/"})
        assert last.status_code == 409
        assert Webhook.objects.count() == webhooks.MAX_PER_STORE

    @pytest.mark.django_db(transaction=True)
    def test_is_one_of_ten_however_many_are_added_at_once(self, store):
        def add(_) -> None:
            try:
                webhooks.create(
                    store_id=store.pk, url="https://erp.example.com/", types=[], loopback=False
                )
            except Problem:
                pass
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(24)))
        assert Webhook.objects.count() == webhooks.MAX_PER_STORE

    def test_is_rotated_switched_replayed_and_removed(self, developer, webhook):
        at = f"{PAGE}webhooks/{webhook.pk}/"
        assert SECRET.search(developer.post(f"{at}rotate/").content.decode())
        developer.post(f"{at}off/")
        assert Webhook.objects.get().state == "off"
        developer.post(f"{at}on/")
        assert Webhook.objects.get().state == "on"
        assert developer.post(f"{at}replay/", {"after": "x"}).status_code == 422
        assert developer.post(f"{at}replay/", {"after": "0"}).status_code == 302
        assert developer.get(f"{at}nonsense/").status_code == 404
        assert developer.post(f"{at}remove/").status_code == 302
        assert not Webhook.objects.exists()

    def test_shows_how_each_delivery_went_by_as_many_queries_for_many(
        self, developer, store, webhook, django_assert_max_num_queries
    ):
        self.deliver(store, webhook, 60)
        with django_assert_max_num_queries(12):
            page = developer.get(f"{PAGE}webhooks/{webhook.pk}/").content.decode()
        assert page.count("Refused by the server") == 50
        assert "1,234" in page

    def deliver(self, store, webhook, n: int) -> None:
        each = [("batch:BR-1", {}) for _ in range(n)]
        events.publish_each(store_id=store.pk, type="batch.planned", at=world.NOW, each=each)
        for seq, event in enumerate(Event.objects.order_by("pk"), start=1):
            Event.objects.filter(pk=event.pk).update(seq=seq)
            Delivery.objects.create(
                store_id=store.pk,
                webhook=webhook,
                event=event,
                attempts=1,
                sent_at=world.NOW,
                outcome="refused",
                status=500,
                milliseconds=1234,
            )

    def test_switched_off_after_failing_is_told_to_developers_and_owners(
        self, developer, store, webhook, alice, bob
    ):
        Webhook.objects.update(enabled=False, disabled_at=timezone.now())
        emails.write(
            kind="outbox.webhook_disabled", store_id=store.pk, dedupe="one", webhook=str(webhook.pk)
        )
        assert emails.deliver_due() == 1
        assert mail.outbox[0].to == ["alice@example.com", "dev@example.com"]
        assert f"/developers/webhooks/{webhook.pk}/" in mail.outbox[0].body

    def test_switched_on_again_meanwhile_is_no_news(self, store, webhook):
        emails.write(
            kind="outbox.webhook_disabled", store_id=store.pk, dedupe="one", webhook=str(webhook.pk)
        )
        emails.deliver_due()
        assert mail.outbox == []
