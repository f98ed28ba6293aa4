"""The opening path through the pages and the API, and what a lapse stops and what it leaves
alone."""

import datetime as dt

import pytest
from django.core import mail
from django.utils import translation

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from eligibility.services import open_benefit
from marketplace import clock
from marketplace.models import PastOrder, Store, StoreLevel
from outbox import emails
from pricing.models import Lock
from qualification import services as qualification
from qualification.models import Qualification
from qualification.review import QualificationEvent, QualificationStatus
from repurchase.batches.services import batches, price_lock, selections
from repurchase.deadlines import sweep
from repurchase.models import Batch, Selection
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_locking import accept, statuses

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def orders(store) -> list[PastOrder]:
    return world.repeatable(store)[1]


@pytest.fixture
def not_open(store, orders) -> Store:
    Qualification.objects.update(state=QualificationStatus.NOT_OPEN)
    return store


def put(standing: QualificationStatus, **fields) -> None:
    Qualification.objects.update(state=standing, **fields)


def standing() -> str:
    return Qualification.objects.get().state


def get(client, path: str) -> str:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


def post(client, path: str, **fields):
    return client.post(path, fields, headers={"Accept-Language": "en"})


class TestTheGrowthCentre:
    def test_is_in_the_navigation_and_says_where_one_is(self, client, not_open, alice):
        client.force_login(alice)
        assert 'href="/benefits/"' in get(client, "/")
        page = get(client, "/benefits/")
        assert page.index('breadcrumb-item">Growth centre') < page.index(
            'aria-current="page">Benefit centre'
        )
        assert "Bulk repeat orders" in page

    def test_says_what_the_benefit_needs_by_today_s_limits(self, client, not_open, alice):
        client.force_login(alice)
        page = get(client, "/benefits/")
        assert "Gold" in page
        assert "0.35 %" in page

    def test_changes_nothing_when_it_is_only_looked_at(self, client, not_open, alice):
        client.force_login(alice)
        get(client, "/benefits/"), get(client, "/qualification/")
        assert (standing(), LedgerEntry.objects.count()) == (QualificationStatus.NOT_OPEN, 0)


class TestOpenNow:
    def test_leads_to_the_documents_page_when_the_check_is_passed(self, client, not_open, alice):
        client.force_login(alice)
        answer = post(client, "/benefits/", store=not_open.pk)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/qualification/")
        assert standing() == QualificationStatus.DOCUMENTS
        page = get(client, "/qualification/")
        for words in ("Business licence", "100,000", "18-digit", "ISO 9001", "choose PDF files"):
            assert words in page, words
        assert "Passed" in page

    def test_shows_each_gate_with_value_limit_and_instant(self, client, not_open, alice):
        client.force_login(alice)
        post(client, "/benefits/")
        page = get(client, "/benefits/")
        for words in ("Store verified", "Store level", "Dispute rate, 30 days", "0.35 %", "As of"):
            assert words in page, words

    def test_stays_and_says_the_code_the_cause_and_the_fix_when_it_is_not(
        self, client, not_open, alice
    ):
        Store.objects.filter(pk=not_open.pk).update(level=StoreLevel.SILVER)
        client.force_login(alice)
        assert post(client, "/benefits/").headers["Location"] == "/benefits/"
        page = get(client, "/benefits/")
        assert standing() == QualificationStatus.NOT_OPEN
        for words in ("STORE_LEVEL_TOO_LOW", "level is Silver", "Raise the store", "Check again"):
            assert words in page, words
        assert "csp.aliexpress.com" not in page

    def test_stops_an_unverified_store_with_the_link_to_its_verification(
        self, client, not_open, alice, settings
    ):
        """R-29."""
        settings.PLATFORM_VERIFICATION_URL = "https://platform.example/verify"
        Store.objects.filter(pk=not_open.pk).update(verified_at=None)
        client.force_login(alice)
        post(client, "/benefits/")
        page = get(client, "/benefits/")
        assert standing() == QualificationStatus.NOT_OPEN
        assert "STORE_NOT_VERIFIED" in page
        assert 'href="https://platform.example/verify"' in page

    def test_pressed_twice_is_told_so(self, client, not_open, alice):
        client.force_login(alice)
        post(client, "/benefits/")
        again = post(client, "/benefits/")
        assert again.status_code == 409
        assert "STATE_CONFLICT" in again.content.decode()

    @pytest.mark.parametrize(
        ("role", "status"),
        [("owner", 302), ("manager", 302), ("operator", 403), ("viewer", 403), ("developer", 403)],
    )
    def test_takes_an_owner_or_a_manager(self, client, not_open, role, status):
        client.force_login(world.member(not_open, role))
        assert ("disabled" in get(client, "/benefits/")) is (status == 403)
        assert post(client, "/benefits/").status_code == status
        assert standing() == (
            QualificationStatus.DOCUMENTS if status == 302 else QualificationStatus.NOT_OPEN
        )

    def test_of_another_store_is_not_touched(self, client, not_open, charlie):
        client.force_login(charlie)
        before = Qualification.objects.get(store=not_open).state
        assert post(client, "/benefits/", store=not_open.pk).status_code == 409
        post(client, "/benefits/")
        assert Qualification.objects.get(store=not_open).state == before

    def test_needs_somebody_who_is_signed_in(self, client, not_open):
        assert post(client, "/benefits/").headers["Location"].startswith("/sign-in/")


class TestTheDocumentsPage:
    @pytest.mark.parametrize(
        ("at", "words"),
        [
            (QualificationStatus.NOT_OPEN, "The way begins with the automatic check."),
            (QualificationStatus.DOCUMENTS, "Nothing runs out"),
            (QualificationStatus.IN_REVIEW, "A reviewer of the platform looks at the documents."),
            (QualificationStatus.OPEN, "Nothing is to be done."),
            (QualificationStatus.LAPSED, "The way begins with the automatic check."),
        ],
    )
    def test_says_whose_turn_it_is_in_each_state(self, client, not_open, alice, at, words):
        put(at)
        client.force_login(alice)
        page = get(client, "/qualification/")
        assert words in page
        assert ("multipart/form-data" in page) is (at is QualificationStatus.DOCUMENTS)

    def test_says_why_a_review_sent_it_back(self, client, not_open, alice):
        put(QualificationStatus.IN_REVIEW)
        qualification.advance(
            store=not_open,
            event=QualificationEvent.SEND_BACK,
            by="user:9",
            now=world.NOW,
            reason="October is missing",
        )
        client.force_login(alice)
        assert "October is missing" in get(client, "/qualification/")

    def test_shows_a_lapse_that_nobody_swept(self, client, not_open, alice):
        put(QualificationStatus.OPEN, valid_until=world.NOW - DAY, due_at=world.NOW - DAY)
        client.force_login(alice)
        assert "Lapsed" in get(client, "/qualification/")
        assert "Open now" in get(client, "/benefits/")


class TestTheFirstCreateRepeatOrders:
    @pytest.mark.parametrize(
        "at", [s for s in QualificationStatus if s is not QualificationStatus.OPEN], ids=str
    )
    def test_leads_to_the_opening_and_keeps_what_is_ticked(self, client, store, orders, alice, at):
        """R-27."""
        selections.tick_orders(
            store=store, user=alice, order_ids=[o.pk for o in orders], now=world.NOW
        )
        put(at)
        client.force_login(alice)
        answer = post(client, "/batches/", store=store.pk)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/benefits/")
        assert "What you ticked is kept" in get(client, "/benefits/")
        assert set(Selection.objects.get().included) == {o.pk for o in orders}
        assert (Batch.objects.count(), LedgerEntry.objects.count()) == (0, 0)

    def test_can_be_ticked_for_in_a_store_that_is_not_open(self, client, not_open, alice):
        client.force_login(alice)
        page = get(client, "/orders/")
        tick = page[page.index("tick-buyer") :]
        assert "disabled" not in tick[: tick.index(">")]

    def test_can_t_be_ticked_for_when_another_gate_fails_too(self, client, not_open, alice):
        Store.objects.filter(pk=not_open.pk).update(level=StoreLevel.SILVER)
        client.force_login(alice)
        page = get(client, "/orders/")
        tick = page[page.index("tick-buyer") :]
        assert "disabled" in tick[: tick.index(">")]

    def test_by_the_api_is_refused_and_writes_nothing(self, client, not_open, orders):
        key = world.key(not_open)
        answer = client.post(
            "/api/v1/batches/",
            {"order_ids": [o.number for o in orders]},
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "QUALIFICATION_REQUIRED")
        assert (Batch.objects.count(), LedgerEntry.objects.count()) == (0, 0)

    def test_makes_the_batch_once_the_store_is_open(self, client, not_open, orders, alice):
        """The whole way: tick, opening, documents, review, and the ticks are still there."""
        selections.tick_orders(
            store=not_open, user=alice, order_ids=[o.pk for o in orders], now=world.NOW
        )
        client.force_login(alice)
        assert post(client, "/batches/").headers["Location"] == "/benefits/"
        post(client, "/benefits/")
        for event in (QualificationEvent.SUBMIT, QualificationEvent.APPROVE):
            qualification.advance(store=not_open, event=event, by="user:9", now=world.NOW)
        assert post(client, "/batches/").headers["Location"].startswith("/batches/BR-")
        batch = run(Batch.objects.get())
        assert statuses(batch) == ["planned"] * 5


class TestTheQualificationByApi:
    def asked(self, client, store) -> dict:
        key = world.key(store, "read")
        answer = client.get(
            "/api/v1/qualification/",
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
        )
        assert answer.status_code == 200
        return answer.json()

    def test_tells_state_check_and_needs(self, client, not_open):
        before = self.asked(client, not_open)
        assert (before["state"], before["owner"], before["gates"]) == ("not_open", "seller", [])
        assert (before["checked_at"], before["valid_until"]) == (None, None)
        open_benefit(store=not_open, by="user:1")
        after = self.asked(client, not_open)
        assert (after["state"], [gate["passed"] for gate in after["gates"]]) == (
            "documents",
            [True] * 3,
        )
        assert after["checked_at"].endswith("Z")
        assert [each["key"] for each in after["documents"]] == [
            "business_licence",
            "bank_statements",
            "customs_declarations",
            "iso_9001",
        ]

    def test_tells_of_the_key_s_own_store_only(self, client, not_open, charlie):
        assert self.asked(client, charlie.memberships.get().store)["state"] == "open"
        assert self.asked(client, not_open)["state"] == "not_open"

    def test_tells_a_lapse_that_nobody_swept(self, client, not_open):
        put(QualificationStatus.OPEN, valid_until=world.NOW - DAY, due_at=world.NOW - DAY)
        assert self.asked(client, not_open)["state"] == "lapsed"


class TestALapse:
    def planned(self, store, orders) -> Batch:
        return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))

    def lapse_at(self, store, end: dt.datetime) -> None:
        Qualification.objects.filter(store=store).update(valid_until=end, due_at=end)

    def test_between_plan_and_lock_stops_the_lock(self, store, orders):
        batch = self.planned(store, orders)
        self.lapse_at(store, clock.now(store))
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        assert refused.value.code is Code.QUALIFICATION_REQUIRED
        batch.refresh_from_db()
        assert (batch.status, Lock.objects.count()) == ("planned", 0)

    def test_a_moment_ahead_stops_nothing(self, store, orders):
        batch = self.planned(store, orders)
        self.lapse_at(store, clock.now(store) + dt.timedelta(minutes=5))
        assert len(price_lock.lock_and_invite(batch=batch, by="user:1")) == 1

    def test_leaves_a_running_lock_alone(self, store, orders):
        """R-26: the buyer confirms although the store has lapsed, and is swept, meanwhile."""
        batch = self.planned(store, orders)
        price_lock.lock_and_invite(batch=batch, by="user:1")
        self.lapse_at(store, clock.now(store))
        swept = sweep.run_sweep()
        assert (swept.lapsed_stores, swept.ended_locks) == (1, 0)
        assert standing() == QualificationStatus.LAPSED
        accept(batch)
        assert statuses(batch) == ["awaiting_payment"] * 5

    def test_stops_a_new_batch_though_another_one_runs(self, store, orders):
        self.planned(store, orders[:2])
        self.lapse_at(store, clock.now(store))
        with pytest.raises(Problem) as refused:
            batches.create(store=store, numbers=[orders[3].number], by="user:1")
        assert refused.value.code is Code.QUALIFICATION_REQUIRED
        assert refused.value.evidence["state"] == "lapsed"

    def test_screened_again_fails_every_order_by_the_gate(self, store, orders):
        batch = self.planned(store, orders)
        self.lapse_at(store, clock.now(store))
        batch = run(batches.rescreen(batch=batch, by="user:1"))
        assert set(statuses(batch)) == {"failed"}
        assert batch.orders.first().codes == ["QUALIFICATION_REQUIRED"]

    def test_is_told_to_the_owner_by_a_letter(self, store, orders, alice):
        self.lapse_at(store, clock.now(store))
        sweep.run_sweep()
        emails.deliver_due()
        assert [m.to for m in mail.outbox] == [["alice@example.com"]]
        assert "/qualification/" in mail.outbox[0].body

    def test_is_announced_by_the_sweep_at_another_instant(self, store):
        end = clock.now(store) + 90 * DAY
        Qualification.objects.update(valid_until=end, due_at=end - 60 * DAY)
        assert sweep.run_sweep(store=store, at=end - 61 * DAY).lapse_notices == 0
        assert sweep.run_sweep(store=store, at=end - 60 * DAY).lapse_notices == 1
        assert sweep.run_sweep(store=store, at=end).lapsed_stores == 1
