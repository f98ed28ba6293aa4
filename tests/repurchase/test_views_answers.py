"""The buyer's page: reading is harmless, an act counts once, every end is a designed page."""

import datetime as dt
import re

import pytest
from django.test import Client

from marketplace import clock
from pricing import signing
from pricing.models import Act, Grant, Lock
from repurchase.batches.services import batches, price_lock
from repurchase.models import Batch, RepeatOrder
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(store) -> Batch:
    _, orders = world.repeatable(store, orders=6)
    made = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
    price_lock.lock_and_invite(batch=made, by="user:1")
    return made


@pytest.fixture
def link(batch) -> str:
    return f"/b/{signing.token_of(Grant.objects.get())}/"


def digests() -> list[str]:
    return [f"{lock.pk}:{lock.terms_digest}" for lock in Lock.objects.all()]


def page_of(answer) -> str:
    return answer.content.decode()


def states() -> dict[str, int]:
    found = list(RepeatOrder.objects.values_list("status", flat=True))
    return {state: found.count(state) for state in set(found)}


class TestReading:
    def test_shows_the_offer_and_changes_nothing(self, client, link):
        for _ in range(20):  # mail scanners open links
            answer = client.get(link)
        page = page_of(answer)
        assert "USD 35,878.50" in page  # 6 × (5,000.00 + 25.00) × 1.19
        assert re.search(r'data-seconds="259[12]\d\d"', page)
        assert page.count('name="left_out"') == 6
        assert (states(), Act.objects.count()) == ({"locked": 6}, 0)

    def test_tells_nothing_about_the_sellers_fees(self, client, link):
        page = page_of(client.get(link))
        assert "Commission" not in page
        assert "USD 402.00" not in page

    def test_is_not_cached_and_sends_no_token_on(self, client, link):
        answer = client.get(link)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Referrer-Policy"] == "strict-origin"

    def test_speaks_the_buyers_language_until_told_otherwise(self, client, batch, link):
        assert "What you would pay" in page_of(client.get(link))
        assert "您需支付" in page_of(client.get(link, {"lang": "zh-hans"}))
        batch.buyer.language = "zh-hans"
        batch.buyer.save()
        assert "您需支付" in page_of(client.get(link))
        assert "What you would pay" in page_of(client.get(link, {"lang": "en"}))

    def test_needs_no_account_and_shows_none(self, client, alice, link):
        client.force_login(alice)
        assert alice.email not in page_of(client.get(link))


class TestConfirming:
    def test_takes_all_orders_but_those_left_out(self, client, batch, link):
        refs = f"{batch.ref}-0002 {batch.ref}-0005"
        answer = client.post(
            link,
            {"act": "confirm", "digest": digests(), "left_out": refs, "consent": "yes"},
            follow=True,
        )
        assert states() == {"awaiting_payment": 4, "declined": 2}
        page = page_of(answer)
        assert "4 orders are confirmed" in page
        assert "USD 23,919.00" in page

    def test_reads_ticks_that_came_one_by_one(self, client, batch, link):
        refs = [f"{batch.ref}-0002", f"{batch.ref}-0005"]
        client.post(
            link, {"act": "confirm", "digest": digests(), "left_out": refs, "consent": "yes"}
        )
        assert states() == {"awaiting_payment": 4, "declined": 2}

    def test_keeps_the_evidence(self, client, link):
        client.post(
            link,
            {"act": "confirm", "digest": digests(), "consent": "yes"},
            headers={"User-Agent": "x" * 400},
        )
        act = Act.objects.get()
        assert (act.ip, act.user_agent) == ("127.0.0.1", "x" * 300)

    def test_without_consent_is_refused_in_the_buyers_words(self, client, link):
        answer = client.post(link, {"act": "confirm", "digest": digests()})
        assert answer.status_code == 422
        assert "Your consent is missing" in page_of(answer)
        assert f'href="{link}"' in page_of(answer)
        assert states() == {"locked": 6}

    def test_twice_is_one_act(self, client, link):
        body = {"act": "confirm", "digest": digests(), "consent": "yes"}
        client.post(link, body)
        assert client.post(link, body).status_code == 409
        assert Act.objects.count() == 1

    def test_of_other_terms_than_those_seen_is_refused(self, client, link):
        body = {
            "act": "confirm",
            "digest": [f"{Lock.objects.get().pk}:{'0' * 64}"],
            "consent": "yes",
        }
        answer = client.post(link, body)
        assert answer.status_code == 409
        assert "TERMS_CHANGED" in page_of(answer)

    @pytest.mark.parametrize("digest", ["", "x", "a:b:c", "not-a-uuid:00"])
    def test_of_nonsense_is_refused(self, client, link, digest):
        assert (
            client.post(link, {"act": "confirm", "digest": digest, "consent": "yes"}).status_code
            == 422
        )
        assert states() == {"locked": 6}

    def test_is_never_meant_by_an_unknown_act_or_none(self, client, link):
        body = {"digest": digests(), "consent": "yes"}
        assert client.post(link, body | {"act": "x"}).status_code == 422
        assert client.post(link, body).status_code == 422
        assert states() == {"locked": 6}

    def test_needs_its_own_form(self, link):
        assert (
            Client(enforce_csrf_checks=True)
            .post(link, {"act": "confirm", "digest": digests(), "consent": "yes"})
            .status_code
            == 403
        )
        assert states() == {"locked": 6}

    def test_works_under_its_referrer_policy(self, link):
        """With `no-referrer` a browser would post `Origin: null`, which is refused."""
        client = Client(enforce_csrf_checks=True)
        token = re.search(
            r'name="csrfmiddlewaretoken" value="(\w+)"', page_of(client.get(link))
        ).group(1)
        body = {
            "act": "confirm",
            "digest": digests(),
            "consent": "yes",
            "csrfmiddlewaretoken": token,
        }
        assert client.post(link, body, headers={"Origin": "null"}).status_code == 403
        assert client.post(link, body, headers={"Origin": "http://testserver"}).status_code == 302


class TestDeclining:
    def test_ends_every_lot(self, client, link):
        answer = client.post(
            link, {"act": "decline", "digest": digests(), "reason": "too dear"}, follow=True
        )
        assert states() == {"declined": 6}
        assert "You have declined the offer" in page_of(answer)

    def test_needs_no_consent(self, client, link):
        assert client.post(link, {"act": "decline", "digest": digests()}).status_code == 302


class TestALinkThatIsOver:
    def test_by_time_says_so(self, client, store, batch, link):
        store.clock_offset += (
            Lock.objects.get().expires_at - clock.now(store) + dt.timedelta(seconds=1)
        )
        store.save()
        page = page_of(client.get(link))
        assert "These prices are no longer locked" in page
        assert "<form" not in page
        answer = client.post(link, {"act": "confirm", "digest": digests(), "consent": "yes"})
        assert answer.status_code == 409
        assert "LOCK_EXPIRED" in page_of(answer)

    def test_by_the_seller_says_so(self, client, batch, link):
        batches.cancel(batch=batch, by="user:1")
        page = page_of(client.get(link))
        assert "The seller has withdrawn this offer" in page
        assert "<form" not in page

    @pytest.mark.parametrize("token", ["x", "a.b", "é", "A" * 500])
    def test_or_never_was_says_so_without_the_sellers_frame(self, client, db, token):
        answer = client.get(f"/b/{token}/", headers={"Accept-Language": "de"})
        assert answer.status_code == 404
        page = page_of(answer)
        assert "This link does not work" in page
        assert 'href="/"' not in page
