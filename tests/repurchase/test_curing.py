"""B-4 on real rows: the panel's sets, what a press does, and that only the touched orders are
screened again."""

import datetime as dt
import re

import pytest

from diagnostics.codes import Code
from diagnostics.fixes import Fix
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from eligibility import replay
from marketplace import clock
from marketplace.models import Buyer, PastOrder, Sku
from repurchase.batches.queries.fixes import find_fixable_orders
from repurchase.batches.queries.screening_explanation import records_of_batch
from repurchase.batches.services import background_edits, batches, edits, price_lock
from repurchase.batches.services import fixes as fixe_services
from repurchase.models import Batch, BatchEdit, EditTask, RepeatOrder
from repurchase.models.batch_states import BatchStatus
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
REGION = "Новосибирская область"
LANE = Fix(Code.LANE_UNREACHABLE, f"{REGION} RU")
STOCK = Fix(Code.STOCK_SYNC_STALE)
LATER = Fix(Code.TRANSIT_TOO_SLOW)


class Full:
    """A stock source: there is enough of everything, as of now."""

    def read(self, store, sku_codes):
        return {code: (100_000, clock.now(store)) for code in sku_codes}


@pytest.fixture(autouse=True)
def _a_stock_source(settings):
    settings.STOCK_SOURCE = f"{__name__}.Full"


@pytest.fixture
def batch(store, settings):
    """While the source is away: two that pass, three to Novosibirsk, two with stale stock, one
    promised too soon, one that nothing cures."""
    _, orders = world.repeatable(store, orders=9)
    world.tax("RU", "0.2", registration_of=store)
    lane = world.lane("RU", region=REGION, special_clearance=True)
    world.rate_card(lane, "RU")
    stale = world.sku(store, code="STALE", stock_synced_at=world.NOW - HOUR)
    to_russia = [o.pk for o in orders[2:5]]
    PastOrder.objects.filter(pk__in=to_russia).update(country="RU", region=REGION)
    for order in orders[5:7]:
        order.lines.update(sku=stale)
    PastOrder.objects.filter(pk=orders[7].pk).update(promise_days=4)
    PastOrder.objects.filter(pk=orders[8].pk).update(rating=4)
    settings.STOCK_SOURCE = ""
    made = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
    settings.STOCK_SOURCE = f"{__name__}.Full"
    return made


def states(batch) -> str:
    return " ".join(batch.orders.order_by("position").values_list("status", flat=True))


def rows(batch) -> dict[str, int]:
    """A row made again has another key."""
    return dict(batch.orders.values_list("ref", "pk"))


def cure(batch, *wanted, **choices):
    done = fixe_services.apply(batch=batch, wanted=set(wanted), by="user:1", **choices)
    batch.refresh_from_db()
    return done


class TestTheSets:
    def test_are_the_smallest_that_free_most(self, batch):
        found = find_fixable_orders(batch, now=world.NOW).cure
        assert (found.stopped, found.hopeless) == (7, 1)
        assert [(step.fixes, step.gain.orders, step.gain.money) for step in found.steps] == [
            ((LANE,), 3, {"USD": 3 * 502_500}),
            ((LANE, STOCK), 5, {"USD": 5 * 502_500}),
            ((LANE, STOCK, LATER), 6, {"USD": 6 * 502_500}),
        ]

    def test_take_two_queries(self, batch, django_assert_num_queries):
        with django_assert_num_queries(2):
            find_fixable_orders(batch, now=world.NOW)

    def test_promise_what_applying_them_does(self, batch):
        for step in find_fixable_orders(batch, now=world.NOW).cure.steps[-1:]:
            before = batch.orders.filter(status="planned").count()
            assert cure(batch, *step.fixes).freed == step.gain.orders
            freed = batch.orders.filter(status="planned")
            assert freed.count() - before == step.gain.orders


class TestTheClearanceChannel:
    def test_is_ticked_for_the_orders_that_need_it_and_for_no_other(self, batch):
        before = rows(batch)
        done = cure(batch, LANE)
        assert (done.touched, done.freed, done.screening) == (3, 3, False)
        assert not batch.special_clearance
        ticked = batch.orders.filter(special_clearance=True).values_list("position", flat=True)
        assert sorted(ticked) == [3, 4, 5]
        after = rows(batch)
        assert {ref for ref in before if after[ref] != before[ref]} == {
            f"{batch.ref}-000{n}" for n in (3, 4, 5)
        }

    def test_stays_ticked_when_the_whole_batch_is_screened_again(self, batch):
        cure(batch, LANE)
        run(batches.rescreen(batch=batch, by="user:1"))
        assert batch.orders.filter(status="planned").count() == 5

    def test_is_unticked_by_undoing_it(self, batch):
        before = states(batch)
        cure(batch, LANE)
        edits.undo(batch=batch, by="user:1")
        assert states(batch) == before
        assert not batch.orders.filter(special_clearance=True).exists()

    def test_leads_to_a_batch_that_can_be_locked(self, batch):
        cure(batch, LANE)
        price_lock.lock_and_invite(batch=batch, by="user:1")
        assert batch.orders.filter(status="locked").count() == 5


class TestManyTouchedOrders:
    """More than so many are a worker's, as a big edit is."""

    @pytest.fixture(autouse=True)
    def _two_at_once(self, monkeypatch):
        monkeypatch.setattr(edits, "MAX_INLINE_ORDERS", 2)

    def test_are_left_to_a_worker_and_come_to_the_same(self, batch):
        stale = Sku.objects.get(code="STALE").stock_synced_at
        task = fixe_services.apply(
            batch=batch, wanted={LANE, STOCK}, by="user:1", version=batch.version
        )
        assert isinstance(task, EditTask)
        assert (task.orders, task.done_at) == (5, None)
        # nothing is pulled in the request
        assert Sku.objects.get(code="STALE").stock_synced_at == stale
        before = states(batch)
        with pytest.raises(Problem) as refused:
            fixe_services.apply(batch=batch, wanted={LATER}, by="user:1")
        assert refused.value.code is Code.EDIT_AT_WORK
        assert states(batch) == before
        background_edits.carry_out(task.pk)
        task.refresh_from_db()
        batch.refresh_from_db()
        assert (task.code, task.planned, bool(task.done_at)) == ("", 5, True)
        assert batch.orders.filter(status="planned").count() == 7
        entry = LedgerEntry.objects.get(kind="batch.cured")
        assert (entry.by, entry.facts["touched"], entry.facts["freed"]) == ("user:1", 5, 5)

    def test_are_not_cured_when_the_plan_is_another_one_by_then(self, batch):
        task = fixe_services.apply(batch=batch, wanted={LANE}, by="user:1")
        Batch.objects.filter(pk=batch.pk).update(version=batch.version + 1)
        background_edits.carry_out(task.pk)
        task.refresh_from_db()
        assert task.code == "PLAN_CHANGED"
        assert not batch.orders.filter(special_clearance=True).exists()

    def test_show_how_far_it_is_on_the_page_and_by_the_api(self, client, alice, store, batch):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        sent = {"store": store.pk, "fix": f"LANE_UNREACHABLE|{REGION} RU", "version": batch.version}
        page = client.post(f"/batches/{batch.ref}/fixes/", sent, follow=True).content.decode()
        assert "Screening the orders that the fixes touch" in page
        erp = Caller(client, store, "read", "write")
        assert erp.get(f"batches/{batch.ref}/").json()["edit"]["orders"] == 3
        fixes = [{"code": "LANE_UNREACHABLE", "subject": f"{REGION} RU"}]
        problem(erp.post(f"batches/{batch.ref}/fixes/", {"fixes": fixes}), 409, "EDIT_AT_WORK")
        EditTask.objects.all().delete()
        answer = erp.post(f"batches/{batch.ref}/fixes/", {"fixes": fixes})
        assert answer.status_code == 202
        assert answer["Location"] == f"/api/v1/batches/{batch.ref}/"


class TestStaleStock:
    def test_is_pulled_from_its_source(self, batch):
        assert cure(batch, STOCK).freed == 2
        assert Sku.objects.get(code="STALE").stock_synced_at > world.NOW - HOUR
        assert not BatchEdit.objects.exists()

    def test_stays_where_its_source_is_silent(self, batch, settings):
        settings.STOCK_SOURCE = ""
        before = states(batch)
        assert cure(batch, STOCK).freed == 0
        assert states(batch) == before


class TestALaterPromise:
    def test_is_as_many_days_as_the_fastest_carrier_needs(self, batch):
        assert cure(batch, LATER).freed == 1
        assert batch.orders.get(position=8).promise_days == 10


class TestAFixFromElsewhere:
    def test_is_seen_when_the_touched_orders_are_screened_again(self, store, batch):
        Sku.objects.filter(code="STALE").update(hs_code="", stock_synced_at=world.NOW)
        run(batches.rescreen(batch=batch, by="user:1"))
        fix = Fix(Code.HS_CODE_MISSING, "STALE")
        assert cure(batch, fix).freed == 0
        Sku.objects.filter(code="STALE").update(hs_code="691110")
        assert cure(batch, fix).freed == 2

    def test_of_a_gate_screens_the_whole_batch_again(self, store, batch):
        Buyer.objects.update(certificate_valid_until=world.TODAY - dt.timedelta(days=1))
        run(batches.rescreen(batch=batch, by="user:1"))
        Buyer.objects.update(certificate_valid_until=dt.date(2030, 1, 1))
        done = cure(batch, Fix(Code.BUYER_CERTIFICATE_EXPIRED), LANE)
        assert done.screening
        assert batch.status == BatchStatus.SCREENING
        run(batch)
        assert batch.orders.filter(status="planned").count() == 5  # the channel was ticked with it


class TestTheRecordOfACure:
    def test_is_intact_and_decides_the_same_again(self, batch):
        cure(batch, LANE, STOCK, LATER)
        kept = records_of_batch(batch).filter(part="edit")
        assert [record.first_position for record in kept] == [batch.version]
        assert {str(replay.rerun(record).outcome) for record in records_of_batch(batch)} == {"same"}

    def test_stands_in_the_ledger(self, batch):
        cure(batch, STOCK)
        entry = LedgerEntry.objects.get(kind="batch.cured")
        assert entry.facts["fixes"] == ["STOCK_SYNC_STALE"]
        assert (entry.facts["touched"], entry.facts["freed"]) == (2, 2)

    def test_makes_a_batch_of_failures_a_plan(self, store, batch):
        RepeatOrder.objects.all().delete()
        _, orders = batch, list(PastOrder.objects.filter(country="RU"))
        failed = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        assert failed.status == BatchStatus.FAILED
        cure(failed, LANE)
        assert failed.status == BatchStatus.PLANNED


class TestACureIsRefused:
    @pytest.mark.parametrize(
        "wanted", [[], [Fix(Code.MOQ_NOT_MET)], [Fix(Code.LANE_UNREACHABLE, "Elsewhere")]]
    )
    def test_when_the_plan_needs_no_such_fix(self, batch, wanted):
        before = rows(batch), batch.version
        with pytest.raises(Problem) as refused:
            cure(batch, *wanted)
        assert refused.value.code is Code.INPUT_INVALID
        batch.refresh_from_db()
        assert (rows(batch), batch.version) == before

    def test_when_the_plan_is_another_one_by_now(self, batch):
        seen = batch.version
        cure(batch, STOCK)
        with pytest.raises(Problem) as refused:
            cure(batch, LANE, version=seen)
        assert refused.value.code is Code.PLAN_CHANGED

    def test_once_prices_are_locked(self, batch):
        price_lock.lock_and_invite(batch=batch, by="user:1")
        with pytest.raises(Problem) as refused:
            cure(batch, LANE)
        assert refused.value.code is Code.PRICE_LOCKED


class TestThePanel:
    @pytest.fixture
    def seller(self, client, alice):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        return client

    def test_says_how_few_fixes_free_how_many_orders_and_how_much_money(self, seller, batch):
        page = " ".join(seller.get(f"/batches/{batch.ref}/fixes/").content.decode().split())
        assert "<strong>1 fix</strong> → 3 of 7 orders" in page
        assert "<strong>3 fixes</strong> → 6 of 7 orders" in page
        assert "USD 30,150.00" in page
        assert "1 of them for good" in page

    def test_is_loaded_by_the_page_of_the_batch(self, seller, batch):
        assert (
            f'hx-get="/batches/{batch.ref}/fixes/"'
            in seller.get(f"/batches/{batch.ref}/").content.decode()
        )
        part = seller.get(
            f"/batches/{batch.ref}/fixes/", headers={"HX-Request": "true"}
        ).content.decode()
        assert part.lstrip().startswith("<section")

    def test_applies_a_set_by_one_press(self, seller, batch):
        page = seller.get(f"/batches/{batch.ref}/fixes/").content.decode()
        form = page.partition('class="fix-act"')[2].partition("</form>")[0]
        sent = dict(re.findall(r'name="(fix|version)"\s+value="([^"]*)"', form))
        assert sent["fix"] == f"LANE_UNREACHABLE|{REGION} RU"
        answer = seller.post(f"/batches/{batch.ref}/fixes/", sent, follow=True)
        assert "3 more orders are ready." in answer.content.decode()

    def test_says_so_when_nothing_more_is_ready(self, seller, batch, settings):
        settings.STOCK_SOURCE = ""
        sent = {"fix": "STOCK_SYNC_STALE|", "version": batch.version}
        answer = seller.post(f"/batches/{batch.ref}/fixes/", sent, follow=True)
        assert "No more orders are ready" in answer.content.decode()

    @pytest.mark.parametrize("value", ["", "NOTHING|", "|", "\0"])
    def test_refuses_what_is_no_fix(self, seller, batch, value):
        answer = seller.post(
            f"/batches/{batch.ref}/fixes/", {"fix": value, "version": batch.version}
        )
        assert answer.status_code == 422

    def test_lets_a_viewer_look_and_not_press(self, client, store, batch):
        client.force_login(world.member(store, "viewer"))
        assert (
            b'<form method="post" action="/batches/'
            not in client.get(f"/batches/{batch.ref}/fixes/").content
        )
        answer = client.post(f"/batches/{batch.ref}/fixes/", {"fix": "STOCK_SYNC_STALE|"})
        assert answer.status_code == 403


class TestTheApi:
    def test_tells_the_sets_and_applies_one(self, client, store, batch):
        erp = Caller(client, store, "read", "write")
        told = erp.get(f"batches/{batch.ref}/fixes/").json()
        assert (told["stopped"], told["hopeless"]) == (7, 1)
        first = told["sets"][0]
        assert (first["frees"], first["exact"], first["at_most"]) == (3, True, 3)
        assert first["fixes"][0]["done_here"] is True
        fixes = [{"code": f["code"], "subject": f["subject"]} for f in first["fixes"]]
        done = erp.post(
            f"batches/{batch.ref}/fixes/", {"fixes": fixes, "version": told["version"]}
        ).json()
        assert done == {"touched": 3, "freed": 3, "screening": False}

    def test_refuses_an_unknown_code_at_its_place(self, client, store, batch):
        erp = Caller(client, store, "read", "write")
        answer = erp.post(f"batches/{batch.ref}/fixes/", {"fixes": [{"code": "NOPE"}]})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/fixes/0/code"
