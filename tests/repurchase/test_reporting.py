"""诊断报告: real PDFs, read back as text; the batch's by a worker, with every cause in an attached
CSV (R-73 to R-75)."""

import csv
import datetime as dt
import io
import re
import subprocess

import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.utils import translation

from diagnostics import pdf as pdf_module
from diagnostics import problem_texts
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import Buyer, PastOrder, Sku
from repurchase.batches.services import batches
from repurchase.models import DiagnosisReport, RepeatOrder
from repurchase.reporting.services import diagnosis_report, order_reports
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def batch(store):
    """Two that pass; one badly rated, one stale, one nowhere; a number that a spreadsheet would
    run."""
    _, orders = world.repeatable(store, name="买家 <b>Acme</b> & Co.")
    stale = world.sku(store, code="=1+1", stock_synced_at=world.NOW - HOUR)
    PastOrder.objects.filter(pk=orders[2].pk).update(rating=4)
    orders[3].lines.update(sku=stale)
    PastOrder.objects.filter(pk=orders[4].pk).update(
        country="RU", region="Новосибирск", number="=cmd|'/c calc'!A1"
    )
    numbers = list(PastOrder.objects.order_by("pk").values_list("number", flat=True))
    return run(batches.create(store=store, numbers=numbers, by="user:1"))


def text_of(pdf: bytes) -> str:
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return " ".join(done.stdout.decode().split())


def of_order(store, ref: str, language: str = "zh-hans") -> str:
    with translation.override(language):
        return text_of(diagnosis_report.render_for_order(store, ref, now=world.NOW))


class TestTheReportOfAnOrder:
    def test_tells_time_code_cause_and_fix_in_chinese_that_can_be_extracted(self, store, batch):
        text = of_order(store, f"{batch.ref}-0004")
        with translation.override("zh-hans"):
            said = problem_texts.describe(Code.STOCK_SYNC_STALE, {})
        assert "STOCK_SYNC_STALE" in text
        assert said.title in text
        assert said.fix.replace(" ", "") in text.replace(" ", "")
        assert "2026-11-23 16:00 (UTC+08:00)" in text  # when it was found, with its zone
        # the evidence: when the stock was last synchronised
        assert "2026-11-23 15:00 (UTC+08:00)" in text

    def test_tells_the_same_in_english(self, store, batch):
        text = of_order(store, f"{batch.ref}-0004", "en")
        assert (
            "Set the ERP's stock refresh to 15 minutes or less and switch on strong sync." in text
        )
        assert "First cause" in text

    def test_says_so_where_nothing_was_found(self, store, batch):
        assert "Nothing was found against this order" in of_order(store, f"{batch.ref}-0001", "en")

    def test_shows_what_others_typed_as_text(self, store, batch):
        assert "买家 <b>Acme</b> & Co." in of_order(store, f"{batch.ref}-0001")

    @pytest.mark.parametrize(
        "link", ["file:///etc/passwd", "http://127.0.0.1:1/", "data:text/css,x"]
    )
    def test_fetches_nothing(self, link):
        page = f'<link rel="stylesheet" href="{link}"><img src="{link}"><p>still here</p>'
        with pytest.raises(ValueError, match="refused"):
            pdf_module.BlockedFetcher().fetch(link)
        assert text_of(pdf_module.render_pdf(page)) == "still here"

    def test_is_a_button_at_the_top_right_of_the_order_and_downloads(self, client, alice, batch):
        """R-73, R-74"""
        client.force_login(alice)
        client.cookies["django_language"] = "zh-hans"
        url = f"/orders/{batch.ref}-0004/"
        head = (
            client.get(url)
            .content.decode()
            .partition('class="page-head"')[2]
            .partition("steps-line")[0]
        )
        assert f"{url}diagnostics.pdf" in head.partition('class="actions"')[2]
        wait = client.get(f"{url}diagnostics.pdf")
        assert (wait.status_code, wait.headers["Retry-After"]) == (202, "2")
        assert 'hx-trigger="load delay:1s"' in wait.content.decode()
        drawn(batch, f"{batch.ref}-0004")
        part = client.get(f"{url}diagnostics.pdf", headers={"HX-Request": "true"}).content.decode()
        assert "hx-get" not in part
        assert "下载" in part
        answer = client.get(f"{url}diagnostics.pdf")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert (
            answer.headers["Content-Disposition"]
            == f'attachment; filename="{batch.ref}-0004-diagnosis.pdf"'
        )
        assert answer.headers["Cache-Control"] == "no-store"
        assert "STOCK_SYNC_STALE" in text_of(answer.content)

    def test_is_handed_out_by_the_api_in_the_language_asked_for(self, client, store, batch):
        erp, path = Caller(client, store, "read"), f"orders/{batch.ref}-0004/diagnostics.pdf"
        wait = erp.get(path)
        assert (wait.status_code, wait.headers["Retry-After"], wait.content) == (202, "2", b"")
        drawn(batch, f"{batch.ref}-0004", "zh-hans")
        assert erp.get(path).status_code == 202  # it asked for the English one
        drawn(batch, f"{batch.ref}-0004", "en")
        answer = erp.get(path)
        assert answer.headers["Content-Type"] == "application/pdf"
        assert "Set the ERP's stock refresh" in text_of(answer.content)

    def test_is_drawn_once_for_all_who_wait_and_again_when_something_happened(
        self, client, store, batch, django_capture_on_commit_callbacks, monkeypatch
    ):
        rung = []
        monkeypatch.setattr(
            "outbox.task_queue._send_task",
            lambda task, times, arguments, options: rung.append((task, arguments)),
        )
        erp, path = Caller(client, store, "read"), f"orders/{batch.ref}-0004/diagnostics.pdf"
        with django_capture_on_commit_callbacks(execute=True):
            assert [erp.get(path).status_code for _ in range(3)] == [202] * 3
        ((task, arguments),) = rung
        assert task == order_reports.TASK
        order_reports.make(**arguments)
        assert erp.get(path).status_code == 200
        batches.cancel(batch=batch, by="user:1")
        assert erp.get(path).status_code == 202

    def test_that_can_t_be_drawn_says_so_and_is_tried_again_later(
        self, client, store, batch, monkeypatch
    ):
        erp, path = Caller(client, store, "read"), f"orders/{batch.ref}-0004/diagnostics.pdf"
        assert erp.get(path).status_code == 202
        with monkeypatch.context() as broken:
            broken.setattr(pdf_module, "render_pdf", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                drawn(batch, f"{batch.ref}-0004", "en")
        problem(erp.get(path), 503, "WORK_FAILED")

    def test_is_drawn_so_many_times_a_minute_for_a_store(self, client, store, batch, monkeypatch):
        monkeypatch.setattr(order_reports, "A_MINUTE", 1)
        erp = Caller(client, store, "read")
        assert erp.get(f"orders/{batch.ref}-0004/diagnostics.pdf").status_code == 202
        refused = erp.get(f"orders/{batch.ref}-0005/diagnostics.pdf")
        problem(refused, 429, "TOO_MANY_REQUESTS")
        assert 1 <= int(refused.headers["Retry-After"]) <= 120
        # it is being made
        assert erp.get(f"orders/{batch.ref}-0004/diagnostics.pdf").status_code == 202

    def test_of_a_batch_is_made_so_many_times_for_a_store(self, batch, monkeypatch):
        monkeypatch.setattr(diagnosis_report, "IN_TEN_MINUTES", 1)
        made(batch)
        with pytest.raises(Problem) as refused:
            made(batch)
        assert refused.value.code is Code.TOO_MANY_REQUESTS


def drawn(batch, ref: str, language: str = "zh-hans") -> None:
    """As the worker draws it that was rung."""
    name = order_reports._cache_name(
        batch.store, RepeatOrder.objects.select_related("batch").get(ref=ref), language
    )
    order_reports.make(store_id=batch.store_id, ref=ref, language=language, name=name)


def made(batch, language: str = "en") -> DiagnosisReport:
    with translation.override(language):
        report = diagnosis_report.request_report(batch=batch, by="user:1")
    diagnosis_report.make(report.pk)
    report.refresh_from_db()
    return report


def rows_of(pdf: bytes) -> list[dict[str, str]]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        (name, attached) = next(iter(document.attachments.items()))
        assert name.endswith("-causes.csv")
        text = attached.get_file().read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


class TestTheReportOfABatch:
    def test_sums_up_by_first_cause_with_fixes_and_the_shortest_cure(self, batch):
        text = text_of(diagnosis_report.read_pdf(made(batch)))
        for expected in (
            "STOCK_SYNC_STALE",
            "ORDER_RATING_TOO_LOW",
            "LANE_UNREACHABLE",
            "33.3 %",
            "USD 15,075.00",
            "Tick the special clearance channel",
            "Orders asked for",
        ):
            assert expected in text, expected
        assert re.search(r"The shortest way to cure .* 1 ?/ ?3 .* 2 ?/ ?3 ", text), text[:1800]

    def test_is_in_chinese_for_who_asks_in_chinese(self, batch):
        text = text_of(diagnosis_report.read_pdf(made(batch, "zh-hans")))
        with translation.override("zh-hans"):
            assert problem_texts.describe(Code.LANE_UNREACHABLE, {}).title in text

    def test_has_every_cause_of_every_order_in_its_csv(self, batch):
        rows = rows_of(diagnosis_report.read_pdf(made(batch)))
        assert [(r["order"][-4:], r["code"], r["role"]) for r in rows] == [
            ("0003", "ORDER_RATING_TOO_LOW", "first"),
            ("0004", "STOCK_SYNC_STALE", "first"),
            ("0005", "LANE_UNREACHABLE", "first"),
        ]
        assert {r["held_up"] for r in rows} == {"5025.00"}
        assert all(dt.datetime.fromisoformat(r["found_at"]).tzinfo for r in rows)
        assert rows[1]["fix"].startswith("Set the ERP")

    def test_neutralises_what_a_spreadsheet_would_run(self, batch):
        rows = rows_of(diagnosis_report.read_pdf(made(batch)))
        assert rows[2]["source_order"] == "'=cmd|'/c calc'!A1"
        assert not any(
            cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values()
        )

    def test_counts_as_its_pages_do(self, store, batch):
        Buyer.objects.update(certificate_valid_until=world.TODAY - dt.timedelta(days=1))
        run(batches.rescreen(batch=batch, by="user:1"))
        batch.refresh_from_db()
        rows = rows_of(diagnosis_report.read_pdf(made(batch)))
        first = [r["code"] for r in rows if r["role"] == "first"]
        assert sorted(first) == ["BUYER_CERTIFICATE_EXPIRED"] * 4 + ["ORDER_RATING_TOO_LOW"]

    def test_of_a_batch_without_a_failure_says_so(self, store):
        _, orders = world.repeatable(store)
        ready = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        content = diagnosis_report.read_pdf(made(ready))
        assert "No order of this batch came to nothing" in text_of(content)
        assert rows_of(content) == []


class TestTheMakingOfAReport:
    def test_tells_how_far_it_is(self, batch):
        report = made(batch)
        assert (report.phase, report.done, report.total) == ("done", 5, 5)
        assert default_storage.exists(report.file_key)

    def test_is_one_at_a_time_for_a_language_and_a_plan(self, batch):
        with translation.override("en"):
            first = diagnosis_report.request_report(batch=batch, by="user:1")
            assert diagnosis_report.request_report(batch=batch, by="user:2") == first
        with translation.override("zh-hans"):
            assert diagnosis_report.request_report(batch=batch, by="user:2") != first

    def test_is_not_begun_twice(self, batch):
        report = made(batch)
        key = report.file_key
        diagnosis_report.make(report.pk)
        report.refresh_from_db()
        assert report.file_key == key
        held = diagnosis_report.request_report(batch=batch, by="user:1")
        DiagnosisReport.objects.filter(pk=held.pk).update(
            busy_until=diagnosis_report.clock.now() + HOUR
        )
        diagnosis_report.make(held.pk)
        held.refresh_from_db()
        assert (held.phase, held.tries) == ("waiting", 0)

    def test_is_taken_up_again_when_its_worker_was_lost(self, batch):
        held = diagnosis_report.request_report(batch=batch, by="user:1")
        now = diagnosis_report.clock.now()
        lost = {"busy_until": now - HOUR, "rung_at": now - HOUR, "phase": "reading", "tries": 1}
        DiagnosisReport.objects.filter(pk=held.pk).update(**lost)
        assert diagnosis_report.enqueue_due() == 1
        assert diagnosis_report.enqueue_due() == 0
        diagnosis_report.make(held.pk)
        held.refresh_from_db()
        assert (held.phase, held.tries) == ("done", 2)

    def test_is_given_up_after_some_tries_and_says_so(self, client, alice, batch):
        held = diagnosis_report.request_report(batch=batch, by="user:1")
        now = diagnosis_report.clock.now()
        DiagnosisReport.objects.filter(pk=held.pk).update(
            tries=4, rung_at=now - HOUR, busy_until=now - HOUR
        )
        diagnosis_report.enqueue_due()
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = client.get(f"/batches/{batch.ref}/reports/{held.pk}/").content.decode()
        assert "could not be made" in page
        assert "hx-get" not in page

    def test_keeps_the_latest_three(self, batch):
        keys = [made(batch).file_key for _ in range(5)]
        assert DiagnosisReport.objects.filter(batch=batch).count() == 3
        assert [default_storage.exists(key) for key in keys] == [False, False, True, True, True]

    def test_waits_until_the_screening_is_done(self, store, batch):
        batches.rescreen(batch=batch, by="user:1")
        batch.refresh_from_db()
        with pytest.raises(Problem) as refused:
            diagnosis_report.request_report(batch=batch, by="user:1")
        assert refused.value.code is Code.STATE_CONFLICT


class TestThePages:
    def test_ask_watch_and_download(self, client, alice, batch):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = client.post(f"/batches/{batch.ref}/reports/", follow=True).content.decode()
        report = DiagnosisReport.objects.get()
        assert f'hx-get="/batches/{batch.ref}/reports/{report.pk}/"' in page
        diagnosis_report.make(report.pk)
        part = client.get(f"/batches/{batch.ref}/reports/{report.pk}/").content.decode()
        assert f"/batches/{batch.ref}/reports/{report.pk}.pdf" in part
        assert client.get(f"/batches/{batch.ref}/reports/{report.pk}.pdf").content.startswith(
            b"%PDF-"
        )

    def test_hand_out_nothing_that_is_not_ready(self, client, alice, batch):
        held = diagnosis_report.request_report(batch=batch, by="user:1")
        client.force_login(alice)
        assert client.get(f"/batches/{batch.ref}/reports/{held.pk}.pdf").status_code == 404

    def test_hand_out_no_report_of_another_batch_or_store(
        self, client, alice, charlie, store, batch
    ):
        report = made(batch)
        other = run(
            batches.create(store=store, numbers=[PastOrder.objects.first().number], by="user:1")
        )
        client.force_login(alice)
        assert client.get(f"/batches/{other.ref}/reports/{report.pk}.pdf").status_code == 404
        client.force_login(charlie)
        for path in (f"reports/{report.pk}.pdf", f"reports/{report.pk}/"):
            assert client.get(f"/batches/{batch.ref}/{path}").status_code == 404
        assert client.get(f"/orders/{batch.ref}-0004/diagnostics.pdf").status_code == 404

    def test_are_the_only_way_to_the_file(self, client, alice, batch):
        report = made(batch)
        client.force_login(alice)
        for path in (
            f"/{report.file_key}",
            f"/files/{report.file_key}",
            f"/static/{report.file_key}",
        ):
            assert client.get(path).status_code == 404
        assert Sku.objects.exists()
