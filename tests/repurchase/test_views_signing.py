"""The buyer's side of a renegotiation by their link: GET never signs, an act is of the terms that
were seen."""

import re

import pytest
from django.core import mail
from django.test import Client

from outbox.emails import deliver_due
from pricing import signing
from pricing.models import Offer, Remark, Renegotiation, Signature, SigningCode
from pricing.services.renegotiation import current_offer
from repurchase.models import RepeatOrder
from tests import world
from tests.repurchase import talking

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(store, alice):
    made = talking.renegotiated(store, by=f"user:{alice.pk}")
    talking.offer(made, user=alice)
    return made


@pytest.fixture
def link(found) -> str:
    return f"/b/{signing.token_of(talking.grant(found))}/"


@pytest.fixture
def form(link, found) -> str:
    return f"{link}renegotiations/{found.pk}/"


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def mailed_code() -> str:
    mail.outbox.clear()
    deliver_due()
    (letter,) = [m for m in mail.outbox if "code" in m.subject]
    return re.search(r"^\d{6}$", letter.body, re.M).group()


def ask(client, form, found, **changes):
    return client.post(
        form, {"act": "code", "consent": "yes", "digest": current_offer(found).digest} | changes
    )


def sign(client, form, found, **changes):
    body = {
        "act": "sign",
        "consent": "yes",
        "digest": current_offer(found).digest,
        "name": "Bea Buyer",
    }
    return client.post(form, body | changes)


class TestReading:
    def test_shows_what_changed_in_english_with_the_time_left(self, client, link):
        answer = client.get(link)
        shown = text(answer)
        assert "New prices have to be agreed" in shown
        assert '<mark><span class="money">USD 29,452.50</span></mark>' in shown
        assert "+3.000 %" in shown
        assert re.search(r'data-seconds="14[34]\d\d"', shown)
        assert shown.count("USD 5,890.50") >= 5  # each order, highlighted
        assert answer.headers["Cache-Control"] == "private, no-store"

    def test_speaks_chinese_when_asked(self, client, link):
        assert "New prices have to be agreed" not in text(client.get(link, {"lang": "zh-hans"}))

    def test_shows_neither_drafts_nor_members_nor_what_the_seller_earns(
        self, client, link, found, alice, store
    ):
        world.member(store, "manager", "carol@example.com")
        talking.offer(found, "-9", user=alice)
        draft = re.compile(r"all prices [-−]9 %")
        client.force_login(alice)
        assert draft.search(
            text(client.get(f"/renegotiations/{found.pk}/", headers={"Accept-Language": "en"}))
        )
        client.logout()
        shown = text(client.get(link))
        assert not draft.search(shown)
        assert alice.email not in shown
        assert "CNY 2" not in shown
        assert "USD 29,452.50" in shown

    def test_200_times_signs_nothing(self, client, link, form, found, alice):
        """Reliability 8, F-10: mail scanners open links."""
        talking.sign_as_seller(found, alice)
        ask(client, form, found)
        for _ in range(100):
            assert client.get(link).status_code == 200
            assert client.get(form).status_code == 405
            assert client.head(link).status_code == 200
        assert not Signature.objects.filter(side="buyer").exists()
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"locked"}


class TestSigning:
    def test_takes_consent_then_the_code_from_the_mailbox_and_a_name(
        self, client, link, form, found, alice
    ):
        talking.sign_as_seller(found, alice)
        assert "Send me the code" in text(client.get(link))
        ask(client, form, found)
        assert "A code of six digits is on its way to b•••@example.com" in text(client.get(link))
        answer = client.post(
            form,
            {
                "act": "sign",
                "consent": "yes",
                "digest": current_offer(found).digest,
                "name": "Bea Buyer",
                "code": mailed_code(),
            },
            headers={"User-Agent": "Phone/1"},
            follow=True,
        )
        assert "Agreed and confirmed" in text(answer)
        assert "USD 29,452.50" in text(answer)
        made = Signature.objects.get(side="buyer")
        assert (made.name, made.how, made.ip, made.user_agent, made.consent_version) == (
            "Bea Buyer",
            "code",
            "127.0.0.1",
            "Phone/1",
            "price-change-1",
        )

    def test_first_waits_for_the_seller(self, client, form, found):
        ask(client, form, found)
        answer = sign(client, form, found, code=mailed_code())
        assert answer.status_code == 302
        assert "You have signed" in text(client.get(answer.headers["Location"]))

    def test_without_the_tick_sends_no_code(self, client, form, found):
        answer = ask(client, form, found, consent="")
        assert (answer.status_code, SigningCode.objects.count()) == (422, 0)
        assert "CONSENT_MISSING" in text(answer)

    def test_with_a_wrong_code_keeps_the_name_and_says_how_many_are_left(self, client, form, found):
        ask(client, form, found)
        answer = sign(client, form, found, code="x", name="Bea with a long name")
        assert answer.status_code == 422
        assert "Tries left with this code: 4" in text(answer)
        assert "Bea with a long name" in text(answer)

    def test_of_stale_terms_shows_the_new_ones_as_409(self, client, form, found, alice):
        old = current_offer(found).digest
        ask(client, form, found)
        typed = mailed_code()
        talking.offer(found, "-2", user=alice)
        answer = sign(client, form, found, digest=old, code=typed)
        assert answer.status_code == 409
        assert "TERMS_CHANGED" in text(answer)
        assert "USD 29,303.75" in text(answer)
        assert not Signature.objects.exists()

    def test_replayed_is_refused(self, client, form, found):
        ask(client, form, found)
        typed = mailed_code()
        assert sign(client, form, found, code=typed).status_code == 302
        answer = sign(client, form, found, code=typed)
        assert (answer.status_code, "OFFER_SIGNED" in text(answer)) == (409, True)
        assert Signature.objects.count() == 1

    def test_needs_its_own_form(self, form, found):
        stranger = Client(enforce_csrf_checks=True)
        assert ask(stranger, form, found).status_code == 403
        assert not SigningCode.objects.exists()

    def test_after_the_deadline_says_so(self, client, form, found, store):
        ask(client, form, found)
        typed = mailed_code()
        world.move_clock(store, found.deadline_at)
        answer = sign(client, form, found, code=typed)
        assert answer.status_code == 409
        assert "The time for new prices has ended" in text(answer)
        assert not Signature.objects.exists()


class TestTalking:
    def test_counters_comments_and_declines(self, client, link, form, found):
        client.post(
            form, {"act": "counter", "rule": "uniform", "percent": "-2.5", "note": "2.5 or nothing"}
        )
        assert Offer.objects.order_by("-version").first().side == "buyer"
        client.post(form, {"act": "comment", "text": "<b>hello</b>"})
        shown = text(client.get(link))
        assert "Your counter-offer" in shown
        assert "2.5 or nothing" in shown
        assert "&lt;b&gt;hello&lt;/b&gt;" in shown
        answer = client.post(form, {"act": "decline", "reason": "too dear"}, follow=True)
        assert "The renegotiation was declined" in text(answer)
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"declined"}
        client.post(form, {"act": "comment", "text": "bye"})
        assert Remark.objects.filter(text="bye").exists()

    def test_keeps_what_was_typed_when_it_is_refused(self, client, form, found):
        answer = client.post(
            form, {"act": "counter", "rule": "uniform", "percent": "lots", "note": "keep me"}
        )
        assert answer.status_code == 422
        assert "keep me" in text(answer)

    def test_of_an_unknown_act_is_refused(self, client, form):
        assert client.post(form, {"act": "x"}).status_code == 422


class TestAStranger:
    def test_with_a_forged_voided_or_foreign_link_gets_404(
        self, client, link, form, found, store, alice
    ):
        other = talking.renegotiated(store, by=f"user:{alice.pk}", country="FR")
        foreign = signing.token_of(talking.grant(other))
        body = {"act": "code", "consent": "yes", "digest": current_offer(found).digest}
        good = link.split("/")[2]
        for token in (foreign, good[:-1] + ("B" if good.endswith("A") else "A"), "x"):
            assert client.post(f"/b/{token}/renegotiations/{found.pk}/", body).status_code == 404
        grant = talking.grant(found)
        grant.version += 1
        grant.save()
        assert client.post(form, body).status_code == 404
        assert not SigningCode.objects.exists()

    def test_never_learns_the_link_from_the_sellers_side(self, client, link, found, alice):
        client.force_login(alice)
        token = link.split("/")[2]
        for path in (
            "/renegotiations/",
            f"/renegotiations/{found.pk}/",
            f"/batches/{found.lock.subject}/",
        ):
            assert token not in client.get(path).content.decode()


class TestTwoLots:
    def test_show_one_to_confirm_and_one_to_renegotiate(self, client, store, alice):
        buyer, past = world.repeatable(store)
        item = world.sku(store, currency="CNY")
        past.append(
            world.past_order(
                store, buyer, [(item, 500, 500_000)], currency="CNY", freight_minor=2500
            )
        )
        batch = talking.planned(store, past)
        talking.moved(batch)
        found = Renegotiation.objects.get()
        shown = text(client.get(f"/b/{signing.token_of(talking.grant(found))}/"))
        assert "New prices have to be agreed" in shown
        assert "Confirm the orders" in shown
        assert shown.count('name="left_out"') == 1
        assert "CNY 5,979.75" in shown
