"""B-10: the kit finds what is wrong, the example client passes it, the samples are answered as
they say."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from lxml import etree

from diagnostics.problem import Problem
from marketplace import clock
from repurchase.integration.conformance import cases, runner, samples, words
from repurchase.integration.conformance.cases import CASES
from repurchase.integration.conformance.documents import build_order_document
from repurchase.integration.feed import native
from repurchase.management.commands import conformance
from repurchase.models import ConformanceRun, ErpProduct, Release
from tests import world
from tests.repurchase import paid
from tests.repurchase.test_api import Caller

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOKS_TO_LOOPBACK = True


def wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the client did not start")


def documented(command: str) -> list[str]:
    """The command as docs/conformance.md gives it, word by word."""
    text = (DOCS / "conformance.md").read_text()
    (line,) = re.findall(rf"^{re.escape(command)}.*$", text, re.MULTILINE)
    return line.split()


@pytest.fixture
def client_at(store, tmp_path):
    """The example client, started as its documentation says, in a folder that holds nothing but
    it."""
    (tmp_path / "erp_client.py").write_bytes((DOCS / "erp_client.py").read_bytes())
    started = []

    def start(*more: str, **env: str) -> int:
        port = free_port()
        words = [word for word in documented("SECRET=") if "=" not in word]
        assert words == ["python", "erp_client.py", "9000"]
        process = subprocess.Popen(
            [sys.executable, "erp_client.py", str(port), *more],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "SECRET": runner.derive_kit_secret(store), **env},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        wait_for(port)
        return port

    yield start
    for process in started:
        process.kill()
        process.wait()


class TestTheCases:
    def test_are_at_least_forty_and_each_its_own(self):
        assert len(CASES) >= 40
        assert len({case.name for case in CASES}) == len(CASES)

    def test_send_good_documents_that_the_schema_allows(self):
        """But for what a later version may add, which is the point of those."""
        schema = etree.XMLSchema(etree.parse(str(native.SCHEMA)))
        later = {"an element that a later version adds", "an attribute that a later version adds"}
        later |= {"a fee of a kind that is not known yet", "a UBL order"}
        good = [c for c in cases.ORDERS if c.name not in later]
        assert len(good) > 20
        for case in good:
            assert schema.validate(etree.fromstring(case.message.body)), (
                case.name,
                schema.error_log,
            )


class TestTheExampleClient:
    def test_is_at_most_150_lines_of_the_standard_library(self):
        text = (DOCS / "erp_client.py").read_text()
        assert len(text.splitlines()) <= 150
        imported = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
        assert set(imported) <= set(sys.stdlib_module_names)

    def test_passes_every_case(self, store, client_at):
        port = client_at()
        out = StringIO()
        call_command(
            "conformance", f"http://127.0.0.1:{port}/", store=store.code, language="en", stdout=out
        )
        assert out.getvalue().splitlines()[-1] == f"{len(CASES)} of {len(CASES)} cases passed"


@pytest.mark.django_db(transaction=True)
class TestTheExampleClientAtAPortal:
    def test_answers_what_is_released_by_itself(self, store, client_at, live_server):
        # what a migration put there is gone after another test of this kind
        ErpProduct.objects.get_or_create(
            code="mango", defaults={"name": "芒果店长", "minimum_version": "5.3"}
        )
        batch = paid.released(store)
        key = world.key(store)
        sku = batch.orders.first().lines.first().sku.code
        client_at(live_server.url, KEY=key, SKUS=sku)
        for _ in range(100):
            if not Release.objects.filter(acknowledged_at=None).exists():
                break
            time.sleep(0.2)
        assert Release.objects.exclude(erp_number="").count() == 5
        assert set(Release.objects.values_list("order__erp_responses__verdict", flat=True)) == {
            "accepted"
        }


class Careless(BaseHTTPRequestHandler):
    """Takes everything, answers nothing: what a first try looks like."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args) -> None:
        pass


@pytest.fixture
def careless():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


class TestTheKit:
    def test_names_what_failed(self, store, careless):
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command("conformance", careless, store=store.code, json=True, stdout=out)
        told = json.loads(out.getvalue())
        expected = [c.name for c in CASES if c.asks in (cases.REFUSES, cases.ACCEPTS)]
        assert told["failed"] == expected
        assert told["cases"] == len(CASES)

    def test_runs_in_the_background_and_shows_it(self, store, careless, client, alice):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        answer = client.post("/developers/sandbox/", {"url": careless})
        run = ConformanceRun.objects.get()
        assert answer["Location"] == f"/developers/sandbox/runs/{run.pk}/"
        assert "hx-trigger" in client.get(answer["Location"]).content.decode()
        runner.run(run.pk)
        runner.run(run.pk)
        page = client.get(answer["Location"]).content.decode()
        assert "a signature by another secret" in page
        assert "hx-trigger" not in page

    def test_does_not_wait_for_an_endpoint_that_never_answers(self, store):
        results = list(
            runner.iter_case_results(store=store, url=f"http://127.0.0.1:{free_port()}/")
        )
        assert [r.found for r in results].count(cases.NOT_TRIED) == len(CASES) - 3
        assert not any(r.passed for r in results)

    def test_goes_on_for_one_asking_at_a_time(self, store):
        url = f"http://127.0.0.1:{free_port()}/"
        first = runner.request_run(store=store, url=url, by="user:1")
        assert runner.request_run(store=store, url=url, by="user:2") == first
        ConformanceRun.objects.update(done_at=first.asked_at)
        assert runner.request_run(store=store, url=url, by="user:1") != first

    def test_whose_worker_was_lost_is_in_nobodys_way_for_long(self, store):
        url = f"http://127.0.0.1:{free_port()}/"
        lost = runner.request_run(store=store, url=url, by="user:1")
        ConformanceRun.objects.update(asked_at=lost.asked_at - runner.GIVEN_UP)
        assert runner.request_run(store=store, url=url, by="user:1") != lost

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:9000/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "ftp://x/",
            "x",
            "",
        ],
    )
    def test_calls_no_private_address_for_a_live_store(self, store, url):
        live = world.store(sandbox=False)
        with pytest.raises(Problem):
            runner.request_run(store=live, url=url, by="user:1")
        with pytest.raises(CommandError):
            call_command("conformance", url, store=live.code)

    def test_calls_its_own_machine_only_where_the_operator_allows_it(self, store, settings):
        runner.refuse_unsafe_url(store, "http://127.0.0.1:9000/")
        settings.WEBHOOKS_TO_LOOPBACK = False
        with pytest.raises(Problem):
            runner.refuse_unsafe_url(store, "http://127.0.0.1:9000/")

    def test_signs_with_a_secret_of_the_stores_own(self, store):
        out = StringIO()
        call_command("conformance", store=store.code, secret=True, stdout=out)
        assert (
            out.getvalue().strip()
            == runner.derive_kit_secret(store)
            != runner.derive_kit_secret(world.store())
        )


class TestASample:
    @pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.name)
    def test_is_answered_as_it_says(self, client, store, sample):
        batch = paid.released(store)
        key = Caller(client, store, "read", "write")
        method, path = sample.to.split()
        content = sample.content(batch.orders.first().ref)
        answer = client.generic(
            method, f"/api/v1/{path}", content, sample.content_type, headers=key.headers
        )
        assert (answer.json().get("code", ""), answer.status_code < 300) == (
            sample.code,
            not sample.code,
        )

    def test_is_downloaded_about_the_newest_released_order(self, client, store, alice):
        client.force_login(alice)
        assert client.get("/developers/sandbox/samples/response-accepted.xml").status_code == 422
        batch = paid.released(store)
        content = client.get("/developers/sandbox/samples/response-accepted.xml").content.decode()
        assert f"{batch.ref}-0005" in content
        assert client.get("/developers/sandbox/samples/../../etc/passwd").status_code == 404


class TestTheDocument:
    def test_writes_amounts_with_the_digits_of_the_currency(self):
        for currency, total in (("USD", "123.45"), ("JPY", "12345"), ("KWD", "12.345")):
            assert f">{total}</LineTotal>".encode() in build_order_document(
                cases.KitOrder(currency=currency)
            )


class TestInChinese:
    def test_every_case_has_a_name_of_its_own(self):
        with translation.override("zh-hans"):
            told = [
                words.result_payload(
                    {
                        "name": c.name,
                        "asks": c.asks,
                        "passed": True,
                        "found": "x",
                        "milliseconds": 1,
                    }
                )
                for c in CASES
            ]
        assert len({row["name"] for row in told}) == len(CASES)
        for row in told:
            assert re.search(r"[\u4e00-\u9fff]", row["name"]), row
            assert re.search(r"[\u4e00-\u9fff]", row["asks"]), row

    def test_the_command_reports_and_names_what_failed(self, store, careless):
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command("conformance", careless, store=store.code, language="zh-hans", stdout=out)
        report = out.getvalue()
        assert (
            "未通过  用其他密钥签的名\n        应当：拒绝（4xx）\n        实际：HTTP 200\n"
            in report
        )
        assert report.splitlines()[-1].startswith(f"{len(CASES)} 项中 ")
        assert not re.search(
            r"[A-Za-z]{3,} [a-z]{3,} [a-z]{3,}", report.replace("OrderResponses", "")
        )

    @pytest.mark.parametrize(
        ("environment", "language"),
        [
            ({"LANG": "zh_CN.UTF-8"}, "zh-hans"),
            ({"LANG": "de_DE.UTF-8"}, "en"),
            ({}, "en"),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ],
    )
    def test_is_spoken_where_the_terminal_does(self, monkeypatch, environment, language):
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert conformance.terminal_language() == language

    def test_the_page_names_what_failed_and_a_run_of_before_too(self, store, client, alice):
        client.force_login(alice)
        results = [
            {
                "name": "no signature",
                "asks": cases.REFUSES,
                "passed": False,
                "found": "HTTP 200",
                "milliseconds": 3,
                "said": {"text": cases.NOT_TRIED, "values": {}},
            },
            {
                "name": "the event order.paid",
                "asks": cases.TAKES,
                "passed": True,
                "found": "200",
                "milliseconds": 3,
                "detail": {},
            },
            {
                "name": "a case of before",
                "asks": cases.TAKES,
                "passed": True,
                "found": "{200}",
                "milliseconds": 3,
            },
        ]
        now = clock.now(store)
        run = ConformanceRun.objects.create(
            store=store,
            url="https://erp.example.com/",
            asked_by="user:1",
            asked_at=now,
            done_at=now,
            results=results,
        )
        page = client.get(f"/developers/sandbox/runs/{run.pk}/").content.decode()
        for words_of in (
            "没有签名",
            "未发送：前面三项均无应答",
            "事件 order.paid",
            "a case of before",
            "{200}",
        ):
            assert words_of in page
