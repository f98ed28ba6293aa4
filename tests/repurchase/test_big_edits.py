"""An edit of many orders goes to a worker: the same edit, the same guards, told how far it is."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from eligibility import replay
from marketplace import clock
from marketplace.models import Sku
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries.screening_explanation import records_of_batch
from repurchase.batches.services import background_edits, batches, edits, job_leases, price_lock
from repurchase.deadlines import sweep
from repurchase.models import Batch, BatchEdit, EditTask
from repurchase.models.jobs import MAX_TRIES, REQUEUE_AFTER, SILENT_AFTER
from tests import world
from tests.repurchase.test_api import Caller
from tests.repurchase.test_editing import edit, every, group, planned, quantities, refused
from tests.repurchase.test_views_edits import hidden, post

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def three_at_once(monkeypatch):
    monkeypatch.setattr(edits, "MAX_INLINE_ORDERS", 3)


@pytest.fixture
def batch(store):
    world.move_clock(store, world.NOW)
    return planned(store, orders=5)


def asked(batch, **options) -> EditTask:
    task = edits.apply(batch=batch, asked=every(moq=300), by="user:1", **options)
    assert isinstance(task, EditTask)
    return task


def carried_out(task: EditTask) -> EditTask:
    background_edits.carry_out(task.pk)
    task.refresh_from_db()
    task.batch.refresh_from_db()
    return task


class TestABigEdit:
    def test_is_left_to_a_worker_and_comes_to_what_was_previewed(self, batch):
        seen = edits.preview(batch=batch, asked=every(moq=300))
        task = asked(batch, version=seen.version, digest=seen.digest)
        assert (task.orders, task.done_at, quantities(batch)) == (5, None, [250] * 10)
        task = carried_out(task)
        assert (task.code, task.planned, quantities(batch)) == ("", 5, [300] * 10)
        (totals,) = batch_queries.plan_summary(task.batch, now=world.NOW).totals
        assert [(s.currency, s.now_minor) for s in seen.sums] == [("USD", totals.total.minor)]
        assert (task.batch.version, batch.edits.get().digest) == (2, seen.digest)
        assert ledger.first_bad_entry(batch.store_id)[0] is None
        assert [replay.rerun(r).outcome for r in records_of_batch(batch)] == [
            replay.ReplayOutcome.SAME
        ] * 3

    def test_leaves_the_same_rows_as_a_small_one(self, store, batch, monkeypatch):
        carried_out(asked(batch))
        names = (
            "past_order",
            "status",
            "goods_minor",
            "tax_minor",
            "total_minor",
            "fees_minor",
            "codes",
        )
        big = list(batch.orders.order_by("position").values(*names))
        edits.undo(batch=batch, by="user:1")
        carried_out(EditTask.objects.get(done_at=None))
        monkeypatch.setattr(edits, "MAX_INLINE_ORDERS", 5)
        edit(batch, every(moq=300))
        assert list(batch.orders.order_by("position").values(*names)) == big

    @pytest.mark.parametrize(("at_once", "immediate"), [(5, True), (4, False)])
    def test_is_one_of_more_orders_than_can_be_waited_for(
        self, batch, monkeypatch, at_once, immediate
    ):
        monkeypatch.setattr(edits, "MAX_INLINE_ORDERS", at_once)
        done = edits.apply(batch=batch, asked=every(moq=300), by="user:1")
        assert isinstance(done, EditTask) is not immediate

    def test_is_taken_back_by_a_worker_too(self, batch):
        carried_out(asked(batch))
        task = edits.undo(batch=batch, by="user:2", version=2)
        assert quantities(batch) == [300] * 10
        task = carried_out(task)
        assert (task.code, quantities(batch), batch.edits.get().undone_by) == (
            "",
            [250] * 10,
            "user:2",
        )

    def test_tells_how_far_it_is(self, batch, monkeypatch):
        monkeypatch.setattr(background_edits, "PROGRESS_STEP_ORDERS", 2)
        seen, said = [], []
        monkeypatch.setattr(
            background_edits,
            "publish_progress",
            lambda _, what: (said.append(what), seen.append(EditTask.objects.get().planned)),
        )
        carried_out(asked(batch))
        assert (seen, said[0]) == ([0, 2, 4], {"batch": batch.ref})

    def test_sent_again_is_the_same_one(self, batch):
        seen = edits.preview(batch=batch, asked=every(moq=300))
        same = {"version": seen.version, "digest": seen.digest}
        assert asked(batch, **same) == asked(batch, **same)
        refused(Code.EDIT_AT_WORK, edits.apply, batch=batch, asked=every(moq=400), by="user:1")
        carried_out(EditTask.objects.get())
        refused(
            Code.PLAN_CHANGED, edits.apply, batch=batch, asked=every(moq=300), by="user:1", **same
        )
        assert BatchEdit.objects.count() == 1


class TestWhileItIsAtWork:
    @pytest.mark.parametrize(
        "act",
        [
            lambda batch: price_lock.lock_and_invite(batch=batch, by="u"),
            lambda batch: batches.rescreen(batch=batch, by="u"),
            lambda batch: edits.undo(batch=batch, by="u"),
            lambda batch: edits.preview(batch=batch, asked=every(moq=9)),
        ],
    )
    def test_nothing_goes_by_a_plan_that_is_about_to_change(self, batch, act):
        asked(batch)
        problem = refused(Code.EDIT_AT_WORK, act, batch=batch)
        assert problem.evidence == {"value": 0, "limit": 5}

    def test_the_batch_can_be_cancelled(self, batch):
        task = asked(batch)
        batches.cancel(batch=batch, by="user:1")
        assert carried_out(task).code == "STATE_CONFLICT"

    def test_it_can_be_stopped(self, batch):
        task = asked(batch)
        edits.stop(batch=batch, by="user:2")
        assert carried_out(task).code == "EDIT_STOPPED"
        assert quantities(batch) == [250] * 10
        refused(Code.STATE_CONFLICT, edits.stop, batch=batch, by="user:2")
        assert price_lock.lock_and_invite(batch=batch, by="user:1")

    def test_it_can_be_stopped_in_the_midst_of_being_written(self, batch, monkeypatch):
        write = edits.replace_orders

        def stopped(*arguments):
            write(*arguments)
            EditTask.objects.update(done_at=clock.now(), code="EDIT_STOPPED")

        monkeypatch.setattr(edits, "replace_orders", stopped)
        background_edits.carry_out(asked(batch).pk)
        assert quantities(batch) == [250] * 10
        assert not BatchEdit.objects.exists()


class TestABigEditThatIsRefused:
    def end(self, batch, **options) -> EditTask:
        task = carried_out(asked(batch, **options))
        assert quantities(batch) == [250] * 10
        assert task.batch.version == 1
        assert not batch.edits.exists()
        return task

    def test_comes_to_something_else_than_was_previewed(self, batch):
        assert self.end(batch, version=1, digest="0" * 64).code == "PLAN_CHANGED"

    def test_can_t_be_made_in_time(self, store, batch):
        group(store, 149)
        task = self.end(batch)
        assert (task.code, task.evidence["earliest"]) == ("CAPACITY_EXCEEDED", "2026-12-24")

    def test_names_something_unknown_at_once(self, batch):
        problem = refused(
            Code.SKU_UNKNOWN,
            edits.apply,
            batch=batch,
            by="u",
            asked=[edits.EditRequest(by="skus", names=["NO-SUCH"], moq=3)],
        )
        assert problem.evidence["rows"]
        assert not EditTask.objects.exists()

    def test_was_overtaken(self, batch):
        task = asked(batch)
        Batch.objects.filter(pk=batch.pk).update(version=2)
        assert carried_out(task).code == "PLAN_CHANGED"


class TestItsWorker:
    def test_may_be_lost(self, batch):
        task = asked(batch)
        assert job_leases.take(EditTask, task.pk)
        EditTask.objects.update(beat_at=clock.now() - SILENT_AFTER - dt.timedelta(seconds=1))
        EditTask.objects.update(rung_at=clock.now() - 2 * REQUEUE_AFTER)
        assert sweep.run_sweep(store=batch.store).rung_edits == 1
        assert sweep.run_sweep(store=batch.store).rung_edits == 0
        assert carried_out(task).code == ""
        assert task.tries == 2

    def test_is_not_tried_for_ever(self, batch):
        task = asked(batch)
        EditTask.objects.update(tries=MAX_TRIES)
        sweep.run_sweep(store=batch.store)
        assert carried_out(task).code == "WORK_FAILED"
        assert price_lock.lock_and_invite(batch=batch, by="user:1")

    @pytest.mark.django_db(transaction=True)
    def test_may_be_several(self, batch):
        task = asked(batch)

        def act(_) -> None:
            try:
                background_edits.carry_out(task.pk)
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(act, range(6)))
        assert batch.edits.count() == 1
        assert LedgerEntry.objects.filter(kind="batch.edited").count() == 1


class TestThePage:
    def test_shows_how_far_it_is_and_then_the_plan(self, client, alice, batch):
        client.force_login(alice)
        seen = hidden(post(client, batch, "preview", by="all", moq="300"))
        assert (
            client.post(f"/batches/{batch.ref}/edits/", seen | {"act": "apply"}).status_code == 302
        )
        page = client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        assert "Working the edit out" in page
        assert 'value="stop"' in page
        assert 'value="undo"' not in page
        assert "An edit is being worked out; lock when it is done." in page
        part = client.get(f"/batches/{batch.ref}/progress/", headers=EN).content.decode()
        assert '<progress value="0" max="5"' in part
        carried_out(EditTask.objects.get())
        assert client.get(f"/batches/{batch.ref}/progress/").headers["HX-Refresh"] == "true"
        page = client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        assert 'value="undo"' in page

    def test_says_why_nothing_was_applied(self, client, alice, store, batch):
        client.force_login(alice)
        group(store, 149)
        carried_out(asked(batch))
        page = client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        assert "The last edit was not applied; the plan is as it was." in page
        assert "2026-12-24" in page
        Sku.objects.update(production_group=None)
        carried_out(asked(batch))
        page = client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        assert "The last edit was not applied" not in page

    def test_stops_it(self, client, alice, batch):
        client.force_login(alice)
        asked(batch)
        assert post(client, batch, "stop").status_code == 302
        assert EditTask.objects.get().code == "EDIT_STOPPED"


class TestTheApi:
    def test_answers_202_and_tells_how_far_it_is(self, client, store, batch):
        caller = Caller(client, store, "read", "write")
        answer = client.patch(
            f"/api/v1/batches/{batch.ref}/orders/",
            {"edits": [{"select": {"all": True}, "moq": 300}]},
            content_type="application/json",
            headers=caller.headers,
        )
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/api/v1/batches/{batch.ref}/"
        told = answer.json()["edit"]
        assert (told["orders"], told["planned"], told["done_at"], told["code"]) == (5, 0, None, "")
        carried_out(EditTask.objects.get())
        told = caller.get(f"batches/{batch.ref}/").json()
        assert (told["edit"]["planned"], told["edit"]["code"], told["version"]) == (5, "", 2)
        assert told["edit"]["done_at"]
