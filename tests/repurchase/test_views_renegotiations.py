"""The seller's pages of a renegotiation: list, alert, page and its forms."""

import re

import pytest
from django.core import mail

from marketplace import clock
from marketplace.models import Role
from outbox.emails import deliver_due
from pricing.models import Offer, Remark, Signature
from pricing.services.renegotiation import current_offer
from repurchase.models import Batch
from tests import world
from tests.repurchase import talking

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(store, alice):
    return talking.renegotiated(store, by=f"user:{alice.pk}")


@pytest.fixture
def page(client, alice, found):
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return f"/renegotiations/{found.pk}/"


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def sign(client, page, **changes):
    body = {
        "act": "sign",
        "digest": Offer.objects.order_by("-version").first().digest,
        "name": "Alice Chen",
        "password": "a long password",
        "consent": "yes",
    }
    return client.post(page, body | changes)


class TestTheAlert:
    def test_names_what_waits_with_its_time(self, client, page, found):
        shown = text(client.get("/renegotiations/alert/"))
        assert found.lock.subject in shown
        assert "+3.000 %" in shown
        assert re.search(r'data-seconds="14[34]\d\d"', shown)
        assert f'href="{page}"' in shown

    def test_is_empty_when_nothing_does(self, client, alice, found, store):
        client.force_login(alice)
        world.move_clock(store, found.deadline_at)
        assert client.get("/renegotiations/alert/").content == b""

    def test_stands_as_a_badge_in_every_page(self, client, page):
        assert 'class="nav-count"' in text(client.get("/batches/"))
        assert 'data-waiting="1"' in text(client.get("/fees/"))


class TestTheList:
    def test_shows_state_reason_and_time(self, client, page, found):
        shown = text(client.get("/renegotiations/"))
        assert "USD/CNY +3.000 %" in shown
        assert "Renegotiating" in shown

    def test_takes_as_many_queries_for_many_as_for_one(
        self, client, page, store, alice, django_assert_max_num_queries
    ):
        client.get("/renegotiations/")
        with django_assert_max_num_queries(30) as few:
            client.get("/renegotiations/")
        for country in ("FR", "ES"):
            talking.renegotiated(store, by=f"user:{alice.pk}", country=country)
        with django_assert_max_num_queries(30) as many:
            client.get("/renegotiations/")
        assert len(many) == len(few)

    def test_without_any_says_what_it_is_for(self, client, alice):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        assert "No renegotiation yet" in text(client.get("/renegotiations/"))


class TestThePage:
    def test_shows_what_moved_locked_and_today(self, client, page):
        shown = text(client.get(page))
        assert (
            "USD/CNY was 7.0909 when the prices were locked and 7.3036 when this began: +3.000 %, beyond ±2.5 %."
            in shown
        )
        assert "USD 29,898.75" in shown  # 5 × 5,979.75
        assert "CNY 212,009.32" in shown  # at the rate of the lock
        assert "CNY 218,369.60" in shown  # at today's
        assert "<polyline" in shown
        assert "第4.7条" in shown

    def test_needs_as_many_queries_for_many_orders_as_for_few(
        self, client, page, store, alice, django_assert_max_num_queries
    ):
        many = talking.renegotiated(store, by=f"user:{alice.pk}", orders=20, lines=2, country="FR")
        client.get(page)
        with django_assert_max_num_queries(60) as few:
            client.get(page)
        with django_assert_max_num_queries(60) as more:
            client.get(f"/renegotiations/{many.pk}/")
        assert len(more) == len(few)

    def test_makes_an_offer_and_shows_the_difference(self, client, page, found):
        answer = client.post(
            page,
            {"act": "offer", "rule": "uniform", "percent": "-1.5", "note": "Best we can"},
            follow=True,
        )
        shown = text(answer)
        assert "Your offer" in shown
        assert "USD 29,452.50" in shown
        assert "− USD 446.25" in shown
        assert "Best we can" in shown
        assert current_offer(found).said == {"rule": "uniform", "percent": "-1.5"}

    def test_takes_prices_by_sku_from_fields_and_lines(self, client, page, found):
        sku = Batch.objects.get().orders.first().lines.first().sku.code
        client.post(page, {"act": "offer", "rule": "per_sku", f"price:{sku}": "9.90"})
        client.post(page, {"act": "offer", "rule": "per_sku", "more_prices": f"{sku}; 9.91\n\n"})
        assert [o.goods_minor for o in Offer.objects.order_by("version")] == [2_475_000, 2_477_500]

    @pytest.mark.parametrize(
        "body",
        [
            {"rule": "uniform", "percent": "abc"},
            {"rule": "per_sku", "more_prices": "NOPE 1"},
            {"rule": "?"},
            {"rule": "per_sku", "more_prices": "lonely"},
        ],
    )
    def test_keeps_what_was_typed_when_it_is_refused(self, client, page, body):
        answer = client.post(page, {"act": "offer", "note": "my words"} | body)
        assert answer.status_code == 422
        assert "INPUT_INVALID" in text(answer)
        assert "my words" in text(answer)
        assert not Offer.objects.exists()

    def test_of_an_unknown_act_is_refused(self, client, page):
        assert client.post(page, {"act": "x"}).status_code == 422

    def test_signs_only_with_the_right_password(self, client, page, found):
        client.post(page, {"act": "offer", "rule": "keep"})
        answer = sign(client, page, password="wrong")
        assert (answer.status_code, Signature.objects.count()) == (422, 0)
        assert "PASSWORD_WRONG" in text(answer)
        assert sign(client, page).status_code == 302
        assert "signed by the seller" in text(client.get(page))

    def test_of_stale_terms_shows_the_new_ones_as_409(self, client, page, found):
        client.post(page, {"act": "offer", "rule": "keep"})
        old = current_offer(found).digest
        talking.counter(found, "-2")
        answer = sign(client, page, digest=old)
        assert answer.status_code == 409
        assert "TERMS_CHANGED" in text(answer)
        assert "The buyer's counter-offer" in text(answer)
        assert current_offer(found).digest in text(answer)
        assert not Signature.objects.exists()

    def test_asks_a_second_member_beyond_the_band(self, client, page, found, store):
        assert "SECOND_APPROVER_MISSING" in text(
            client.post(page, {"act": "offer", "rule": "uniform", "percent": "-4"})
        )
        carol = world.member(store, Role.MANAGER, "carol@example.com")
        shown = text(
            client.post(page, {"act": "offer", "rule": "uniform", "percent": "-4"}, follow=True)
        )
        assert "waiting for approval" in shown
        assert "Approve these prices" not in shown
        client.force_login(carol)
        client.cookies["django_language"] = "en"
        assert "Approve these prices" in text(client.get(page))
        client.post(page, {"act": "approve", "digest": Offer.objects.get().digest})
        assert current_offer(found) == Offer.objects.get()

    def test_lets_an_operator_write_but_not_offer_sign_or_decline(self, client, page, bob, found):
        client.force_login(bob)
        for act in ("offer", "approve", "sign", "decline", "quote"):
            assert client.post(page, {"act": act, "rule": "keep"}).status_code == 403
        assert client.post(page, {"act": "comment", "text": "hi"}).status_code == 302
        assert (Offer.objects.count(), Remark.objects.count()) == (0, 1)

    def test_declines_with_a_reason_and_makes_a_fresh_quote(self, client, page, found):
        shown = text(client.post(page, {"act": "decline", "reason": "no margin"}, follow=True))
        assert "It was declined" in shown
        assert "no margin" in shown
        answer = client.post(page, {"act": "quote"})
        made = Batch.objects.get(quoted_after=found)
        assert answer.headers["Location"] == f"/batches/{made.ref}/"
        assert made.ref in text(client.get(page))
        assert found.lock.subject in text(client.get(f"/batches/{made.ref}/"))

    def test_after_its_time_says_so_and_still_takes_a_comment(self, client, page, found, store):
        world.move_clock(store, found.deadline_at)
        shown = text(client.get(page))
        assert "RENEGOTIATION_LAPSED" in shown
        assert "Make a fresh quote" in shown
        assert 'value="offer"' not in shown
        assert client.post(page, {"act": "comment", "text": "sorry"}).status_code == 302
        answer = client.post(page, {"act": "offer", "rule": "keep"})
        assert (answer.status_code, "RENEGOTIATION_LAPSED" in text(answer)) == (409, True)

    def test_shows_the_batch_what_waits(self, client, page, found):
        shown = text(client.get(f"/batches/{found.lock.subject}/"))
        assert f'href="{page}"' in shown
        assert "Renegotiating" in shown


class TestALetterThatFails:
    def test_alarms_the_seller_at_once(self, client, page, found, settings, alice):
        """Reliability 8: a bounced invitation or code: the four hours run."""
        deliver_due()
        mail.outbox.clear()
        talking.offer(found, user=alice, rule="keep")
        settings.EMAIL_BACKEND = "tests.repurchase.silent_post.Backend"
        deliver_due()
        alarms = [m for m in mail.outbox if "did not go out" in m.subject or "未能" in m.subject]
        assert [m.to for m in alarms] == [[alice.email]]
        assert "could not be sent" in text(client.get(page))
        assert "could not be sent" in text(client.get(f"/batches/{found.lock.subject}/"))


class TestTheApi:
    def test_tells_the_deadline_of_the_lot(self, client, store, found):

        key = world.key(store, "read")
        told = client.get(
            f"/api/v1/batches/{found.lock.subject}/", headers={"authorization": f"Bearer {key}"}
        ).json()
        (lot,) = told["lots"]
        assert lot["status"] == "renegotiating"
        assert lot["renegotiation"]["id"] == str(found.pk)
        assert lot["renegotiation"]["reason"] == "USD/CNY +3.000 %"
        deadline = found.deadline_at.strftime("%Y-%m-%dT%H:%M:%S")
        assert lot["renegotiation"]["deadline_at"].startswith(deadline)
        assert (
            abs(lot["seconds_left"] - (found.deadline_at - clock.now(store)).total_seconds()) < 60
        )
