"""The seller's pages: who may enter, what a press does, what an error says."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.models import Membership, PastOrder
from pricing.models import Lock
from repurchase.batches.services import batches, price_lock
from repurchase.models import Batch, RepeatOrder, Selection
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PASSWORD = "a long password"


@pytest.fixture
def seller(client, alice):
    """A browser in which alice, the owner, is signed in; pages speak English."""
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def operator(client, bob):
    client.force_login(bob)
    client.cookies["django_language"] = "en"
    return client


def planned(store, **options) -> Batch:
    _, orders = world.repeatable(store, **options)
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


def locked(store, **options) -> Batch:
    batch = planned(store, **options)
    price_lock.lock_and_invite(batch=batch, by="user:1")
    batch.refresh_from_db()
    return batch


def page_of(answer) -> str:
    return answer.content.decode()


class TestSigningIn:
    def test_leads_to_the_page_that_was_asked_for(self, client, alice):
        asked = client.get("/batches/")
        assert asked.headers["Location"] == "/sign-in/?next=/batches/"
        answer = client.post(
            asked.headers["Location"],
            {"username": "ALICE@example.com", "password": PASSWORD, "next": "/batches/"},
        )
        assert answer.headers["Location"] == "/batches/"

    def test_never_leads_elsewhere(self, client, alice):
        answer = client.post(
            "/sign-in/",
            {"username": alice.email, "password": PASSWORD, "next": "https://evil.example/"},
        )
        assert answer.headers["Location"] == "/"

    def test_by_a_wrong_password_says_so_and_keeps_the_email(self, client, alice):
        answer = client.post("/sign-in/", {"username": alice.email, "password": "wrong"})
        assert answer.status_code == 200
        assert f'value="{alice.email}"' in page_of(answer)
        assert 'role="alert"' in page_of(answer)

    def test_is_locked_after_ten_failures(self, client, alice, settings):
        for _ in range(settings.AXES_FAILURE_LIMIT):
            answer = client.post("/sign-in/", {"username": alice.email, "password": "wrong"})
        assert answer.status_code == 429
        assert "TOO_MANY_REQUESTS" in page_of(answer)
        right = client.post("/sign-in/", {"username": alice.email, "password": PASSWORD})
        assert right.status_code == 429

    def test_counts_an_email_in_capitals_as_the_same_account(self, client, alice, settings):
        for n in range(settings.AXES_FAILURE_LIMIT):
            email = alice.email.upper() if n % 2 else alice.email
            answer = client.post("/sign-in/", {"username": email, "password": "wrong"})
        assert answer.status_code == 429

    def test_leads_a_reviewer_without_a_store_to_the_administration(self, client, db):
        world.user("reviewer@example.com", is_staff=True)
        answer = client.post(
            "/sign-in/", {"username": "reviewer@example.com", "password": PASSWORD}
        )
        assert answer.headers["Location"] == reverse("admin:index")

    def test_ends_by_post_only(self, seller):
        assert seller.get("/sign-out/").status_code == 405
        assert seller.post("/sign-out/").headers["Location"] == "/sign-in/"
        assert seller.get("/").status_code == 302


class TestEveryPage:
    def test_is_never_cached(self, seller):
        assert seller.get("/").headers["Cache-Control"] == "private, no-store"

    def test_speaks_chinese_first_and_english_when_told(self, client, alice):
        client.force_login(alice)
        assert "工作台" in page_of(client.get("/"))
        client.post("/language/setlang/", {"language": "en", "next": "/"})
        page = page_of(client.get("/"))
        assert "Workbench" in page
        assert '<html lang="en">' in page

    def test_names_the_sandbox(self, seller):
        assert "Sandbox store" in page_of(seller.get("/"))

    @pytest.mark.parametrize(
        "path", ["/", "/orders/", "/orders/?tab=all", "/orders/?q=nothing", "/batches/"]
    )
    def test_has_its_empty_state(self, seller, path):
        answer = seller.get(path)
        assert answer.status_code == 200
        assert "empty-part" in page_of(answer)


class TestChangingTheStore:
    def test_goes_to_another_store_of_ones_own(self, seller, store, alice):
        other = world.store(name="Other")
        Membership.objects.create(user=alice, store=other, role="viewer")
        assert seller.post("/store/", {"to": other.pk}).headers["Location"] == "/"
        assert ">Other<" in page_of(seller.get("/"))

    @pytest.mark.parametrize("to", ["", "x", "99999999", "-1", "9" * 30])
    def test_goes_nowhere_else(self, seller, to):
        assert seller.post("/store/", {"to": to}).status_code == 404

    def test_makes_a_form_of_the_old_store_a_conflict(self, seller, store):
        batch = planned(store)
        answer = seller.post(f"/batches/{batch.ref}/lock/", {"store": store.pk + 1})
        assert answer.status_code == 409
        assert "STORE_MISMATCH" in page_of(answer)
        assert not Lock.objects.exists()


class TestAnErrorPage:
    def test_says_what_happened_what_was_kept_and_what_to_do(self, seller):
        answer = seller.get("/batches/BR-00000000/")
        page = page_of(answer)
        assert answer.status_code == 404
        assert all(
            text in page for text in ("What happened", "What was kept", "What to do", "NOT_FOUND")
        )

    def test_leads_back_to_the_page_of_the_form(self, seller, store):
        batch = planned(store)
        came_from = f"http://testserver/batches/{batch.ref}/"
        answer = seller.post(
            f"/batches/{batch.ref}/lock/", {"store": 0}, headers={"Referer": came_from}
        )
        assert f'href="{came_from}"' in page_of(answer)
        answer = seller.post("/batches/", headers={"Referer": "https://evil.example/"})
        assert "evil.example" not in page_of(answer)

    def test_is_a_message_for_htmx(self, seller):
        answer = seller.post("/orders/selection/", {"action": "tick"}, headers=HTMX)
        assert answer.status_code == 422
        assert answer.headers["HX-Retarget"] == "#toasts"
        assert "<html" not in page_of(answer)

    def test_of_a_forged_form_is_in_the_shell(self, alice):
        from django.test import Client

        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        answer = client.post("/batches/")
        assert answer.status_code == 403
        assert 'class="problem"' in page_of(answer)

    def test_of_a_failure_reads_no_database(self, rf, django_assert_num_queries):
        from repurchase.portal.errors import failed

        with django_assert_num_queries(0):
            answer = failed(rf.get("/"))
        assert answer.status_code == 500


class TestTheCodes:
    def test_are_open_to_all(self, client, db):
        assert "LANE_UNREACHABLE" in page_of(client.get("/codes/"))
        assert client.get("/codes/LANE_UNREACHABLE/").status_code == 200

    def test_that_do_not_exist_are_404(self, client, db):
        assert client.get("/codes/NONSENSE/").status_code == 404


class TestTheHistory:
    def test_groups_orders_by_buyer(self, seller, store):
        buyer, _ = world.repeatable(store, orders=6)
        page = page_of(seller.get("/orders/"))
        assert buyer.name in page
        assert "USD 30,150.00" in page
        assert re.search(
            rf'class="form-check-input tick-buyer"[^>]*value="{buyer.pk}"', page, re.DOTALL
        )

    def test_disables_a_buyer_whose_gates_fail_and_says_why(self, seller, store):
        world.repeatable(store, certificate_valid_until=dt.date(2026, 1, 1))
        page = page_of(seller.get("/orders/"))
        assert "BUYER_CERTIFICATE_EXPIRED" in page
        assert re.search(r"tick-buyer[^>]*disabled", page, re.DOTALL)

    def test_shows_a_buyers_orders_with_their_verdicts(self, seller, store):
        buyer, _ = world.repeatable(store)
        gone = world.sku(store, is_active=False)
        world.past_order(store, buyer, [(gone, 1, 100)])
        fragment = page_of(seller.get(f"/orders/buyers/{buyer.pk}/", headers=HTMX))
        assert "<html" not in fragment
        assert fragment.count("tick-order") == 6
        assert "SKU_INACTIVE" in fragment
        assert "<html" in page_of(seller.get(f"/orders/buyers/{buyer.pk}/"))

    def test_finds_an_order_by_its_number(self, seller, store):
        _, orders = world.repeatable(store)
        assert "tick-buyer" in page_of(seller.get("/orders/", {"q": orders[0].number}))
        assert "tick-buyer" not in page_of(seller.get("/orders/", {"q": "no such order"}))

    def test_marks_an_assumed_rating(self, seller, store):
        buyer, orders = world.repeatable(store)
        orders[0].assumed = ["rating"]
        orders[0].save()
        assert (
            page_of(seller.get(f"/orders/buyers/{buyer.pk}/", headers=HTMX)).count("chip-assumed")
            == 1
        )

    def test_refuses_a_broken_cursor(self, seller, store):
        buyer, _ = world.repeatable(store)
        assert seller.get(f"/orders/buyers/{buyer.pk}/", {"cursor": "x"}).status_code == 422

    def test_costs_a_constant_number_of_queries(self, seller, store, django_assert_max_num_queries):
        buyer, _ = world.repeatable(store, orders=60)
        with django_assert_max_num_queries(40):
            seller.get(f"/orders/buyers/{buyer.pk}/", headers=HTMX)


class TestTicking:
    def tick(self, seller, **body):
        return seller.post("/orders/selection/", body, headers=HTMX)

    def test_a_buyer_takes_the_whole_group(self, seller, store):
        buyer, _ = world.repeatable(store, orders=6)
        bar = page_of(self.tick(seller, action="tick-buyer", buyer=buyer.pk))
        assert "6 orders ticked" in bar
        assert "USD 30,150.00" in bar

    def test_survives_a_reload(self, seller, store):
        buyer, orders = world.repeatable(store, orders=6)
        self.tick(seller, action="tick", orders=[orders[0].pk, orders[1].pk])
        assert "2 orders ticked" in page_of(seller.get("/orders/"))
        fragment = page_of(seller.get(f"/orders/buyers/{buyer.pk}/", headers=HTMX))
        assert len(re.findall(r"checked\s", fragment)) == 2

    def test_an_order_off_leaves_the_others(self, seller, store):
        buyer, orders = world.repeatable(store, orders=6)
        self.tick(seller, action="tick-buyer", buyer=buyer.pk)
        assert "5 orders ticked" in page_of(
            self.tick(seller, action="untick", orders=[orders[0].pk])
        )

    def test_a_second_buyer_explains_itself_and_keeps_the_selection(self, seller, store):
        buyer, _ = world.repeatable(store)
        second = world.buyer(store, name="Second Buyer")
        self.tick(seller, action="tick-buyer", buyer=buyer.pk)
        answer = self.tick(seller, action="tick-buyer", buyer=second.pk)
        assert answer.status_code == 422
        assert "Second Buyer" in page_of(answer)
        assert "5 orders ticked" in page_of(seller.get("/orders/"))

    def test_can_be_cleared_also_without_script(self, seller, store):
        buyer, _ = world.repeatable(store)
        self.tick(seller, action="tick-buyer", buyer=buyer.pk)
        assert (
            seller.post("/orders/selection/", {"action": "clear"}).headers["Location"] == "/orders/"
        )
        assert not Selection.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"action": "dance"},
            {"action": "tick", "orders": "x"},
            {"action": "tick-buyer", "buyer": "-1"},
        ],
    )
    def test_nonsense_is_refused(self, seller, body):
        assert self.tick(seller, **body).status_code in (404, 422)

    def test_is_not_for_a_viewer(self, client, store):
        client.force_login(world.member(store, "viewer"))
        assert client.post("/orders/selection/", {"action": "clear"}).status_code == 403


class TestCreatingABatch:
    def test_takes_what_is_ticked_and_leads_to_its_page(self, seller, store):
        buyer, _ = world.repeatable(store)
        seller.post("/orders/selection/", {"action": "tick-buyer", "buyer": buyer.pk})
        answer = seller.post("/batches/", {"store": store.pk})
        batch = Batch.objects.get()
        assert answer.headers["Location"] == f"/batches/{batch.ref}/"
        assert batch.asked == 5

    def test_may_be_all_or_nothing_and_says_so_when_it_is_nothing(self, seller, store):
        buyer, orders = world.repeatable(store)
        ticked = {"action": "tick-buyer", "buyer": buyer.pk}
        selected = page_of(seller.post("/orders/selection/", ticked, headers=HTMX))
        assert 'value="all_or_nothing"' in selected
        seller.post("/batches/", {"store": store.pk, "policy": "all_or_nothing"})
        batch = Batch.objects.get()
        PastOrder.objects.filter(pk=orders[0].pk).update(rating=1)
        run(batch)
        page = page_of(seller.get(f"/batches/{batch.ref}/"))
        assert (
            "This batch was to be all or nothing, and only 4 of 5 orders can be repeated." in page
        )
        assert "Lock prices and send" not in page

    def test_of_nothing_is_refused(self, seller):
        answer = seller.post("/batches/")
        assert answer.status_code == 422
        assert "BATCH_EMPTY" in page_of(answer)


class TestABatchInScreening:
    @pytest.fixture
    def batch(self, store):
        _, orders = world.repeatable(store)
        return batches.create(store=store, numbers=[o.number for o in orders], by="user:1")

    def test_shows_its_progress_and_asks_again_when_it_is_told(self, seller, batch):
        """By the stream; every five seconds only for a browser that has none."""
        page = page_of(seller.get(f"/batches/{batch.ref}/"))
        told = (
            f"progress:{batch.ref} from:body throttle:500ms, batch:{batch.ref} from:body, every 5s"
        )
        assert f'hx-trigger="{told}"' in page
        assert "Waiting for its turn" in page
        assert "0 of 5" in page
        assert "<html" not in page_of(seller.get(f"/batches/{batch.ref}/progress/", headers=HTMX))

    def test_misses_nothing_that_happens_while_its_page_is_made(self, seller, batch):
        """The number that the stream begins after is read before the batch is."""
        with CaptureQueriesContext(connection) as seen:
            seller.get(f"/batches/{batch.ref}/")
        tables = [query["sql"] for query in seen]
        head = next(i for i, sql in enumerate(tables) if 'FROM "outbox_eventhead"' in sql)
        assert head < next(i for i, sql in enumerate(tables) if 'FROM "repurchase_batch"' in sql)
        assert sum('FROM "outbox_eventhead"' in sql for sql in tables) == 1

    def test_loads_its_page_anew_once_the_plan_stands(self, seller, batch):
        run(batch)
        answer = seller.get(f"/batches/{batch.ref}/progress/", headers=HTMX)
        assert answer.headers["HX-Refresh"] == "true"

    def test_can_be_cancelled(self, seller, batch):
        seller.post(f"/batches/{batch.ref}/cancel/")
        batch.refresh_from_db()
        assert batch.status == "cancelled"
        assert seller.get(f"/batches/{batch.ref}/").status_code == 200


class TestAPlannedBatch:
    def test_shows_totals_gates_and_orders(self, seller, store):
        batch = planned(store)
        page = page_of(seller.get(f"/batches/{batch.ref}/"))
        assert "Lock prices and send" in page
        assert "USD 29,898.75" in page  # 5 × (5,000.00 + 25.00) × 1.19
        assert f"{batch.ref}-0001" in page
        assert "Dispute rate, 30 days" in page

    def test_offers_the_special_clearance_when_a_lane_wants_it(self, seller, store):
        buyer, orders = world.repeatable(store)
        world.lane("RU", region="Novosibirsk", special_clearance=True)
        orders.append(
            world.past_order(
                store, buyer, [(world.sku(store), 10, 10_000)], country="RU", region="Novosibirsk"
            )
        )
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        assert 'name="special_clearance"' in page_of(seller.get(f"/batches/{batch.ref}/"))
        seller.post(
            f"/batches/{batch.ref}/rescreen/", {"asks_clearance": "yes", "special_clearance": "yes"}
        )
        batch.refresh_from_db()
        assert (batch.special_clearance, batch.status, batch.attempt) == (True, "screening", 2)

    @pytest.mark.parametrize("tab", ["planned", "failed", "excluded", "all", "nonsense"])
    def test_has_its_tabs(self, seller, store, tab):
        batch = planned(store)
        assert seller.get(f"/batches/{batch.ref}/", {"tab": tab}).status_code == 200

    def test_is_locked_and_sent_by_one_press(self, seller, store):
        batch = planned(store)
        answer = seller.post(f"/batches/{batch.ref}/lock/", {"store": store.pk}, follow=True)
        page = page_of(answer)
        assert "•••@example.com is on its way" in page
        assert "data-seconds=" in page
        assert batch.buyer.email not in page
        assert RepeatOrder.objects.filter(status="locked").count() == 5

    def test_is_locked_once(self, seller, store):
        batch = locked(store)
        answer = seller.post(f"/batches/{batch.ref}/lock/")
        assert answer.status_code == 409
        assert Lock.objects.count() == 1

    def test_tells_an_operator_who_may_lock(self, operator, store):
        batch = planned(store)
        page = page_of(operator.get(f"/batches/{batch.ref}/"))
        assert re.search(r"btn-primary\"\s+disabled", page)
        assert "an owner or a manager" in page
        assert operator.post(f"/batches/{batch.ref}/lock/").status_code == 403


class TestALockedBatch:
    def test_never_shows_the_buyers_link(self, seller, store):
        batch = locked(store)
        assert "/b/" not in page_of(seller.get(f"/batches/{batch.ref}/"))

    def test_is_on_the_workbench_with_its_countdown(self, seller, store):
        batch = locked(store)
        page = page_of(seller.get("/"))
        assert batch.ref in page
        assert re.search(r'data-seconds="259[12]\d\d"', page)

    def test_can_be_cancelled_until_the_buyer_answers(self, seller, store):
        batch = locked(store)
        seller.post(f"/batches/{batch.ref}/cancel/")
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"cancelled"}


class TestAnOrder:
    def test_shows_lines_fees_and_what_is_carried_over(self, seller, store):
        batch = planned(store)
        page = page_of(seller.get(f"/orders/{batch.ref}-0001/"))
        for text in (
            "USD 5,025.00",
            "× 8 %",
            "S-DE-19.00-DE123456789",
            "Hafenstr. 1",
            "saving",
            "EAR dual-use review",
        ):
            assert text in page, text

    def test_that_failed_says_why_and_what_to_do(self, seller, store):
        buyer, orders = world.repeatable(store)
        orders.append(
            world.past_order(store, buyer, [(world.sku(store, price="14.00"), 10, 10_000)])
        )
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        ref = batch.orders.get(status="failed").ref
        page = page_of(seller.get(f"/orders/{ref}/"))
        assert "PRICE_OUT_OF_BAND" in page
        assert "Ask for a fresh quote for this line." in page


class TestTheMailbox:
    def test_is_not_there_in_production(self, client, settings, db):
        settings.ROOT_URLCONF, settings.EMBEDDED = "repurchase.urls", False
        assert client.get("/mailbox/").status_code == 404

    def test_reads_what_was_sent(self, client, settings, tmp_path, db):
        from django.core.mail import EmailMultiAlternatives, get_connection

        settings.MAILBOX_DIR = tmp_path
        backend = get_connection(
            "django.core.mail.backends.filebased.EmailBackend", file_path=str(tmp_path)
        )
        for n in (1, 2):
            text = f"您好 {n}\nhttp://127.0.0.1/b/abc_{n}/.\n{'-' * 20}\n"
            letter = EmailMultiAlternatives(
                f"主题 {n}", text, to=["buyer@example.com"], connection=backend
            )
            letter.attach_alternative("<p>html</p>", "text/html")
            letter.send()
        letters = client.get("/mailbox/?format=json").json()
        assert {letter["subject"] for letter in letters} == {"主题 1", "主题 2"}
        first = next(letter for letter in letters if letter["subject"] == "主题 1")
        assert first["links"] == ["http://127.0.0.1/b/abc_1/"]
        assert first["to"] == "buyer@example.com"
        age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(first["sent_at"])
        assert dt.timedelta(0) <= age < dt.timedelta(minutes=1)
        assert "您好 1" in page_of(client.get("/mailbox/"))


class TestWhatABrowserNeverSends:
    @pytest.mark.parametrize("ref", ["BR-%00", "B" * 25, "br-1"])
    def test_as_a_reference_is_not_found(self, seller, ref):
        assert seller.get(f"/batches/{ref}/").status_code == 404
        assert seller.get(f"/orders/{ref}/").status_code == 404

    @pytest.mark.parametrize("to", ["²", "9" * 5000, "", "x"])
    def test_as_a_store_is_not_found(self, seller, to):
        assert seller.post("/store/", {"to": to}).status_code == 404

    def test_as_a_search_is_cleaned(self, seller, store):
        buyer, _ = world.repeatable(store)
        body = {"action": "tick-buyer", "buyer": buyer.pk, "q": "\0"}
        assert seller.post("/orders/selection/", body, headers=HTMX).status_code == 200
