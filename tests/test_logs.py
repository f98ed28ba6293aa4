import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from repurchase.site.logging import redact
from tests import beside

TOKEN = "A" * 22 + "." + "b-_" * 14 + "c"


class TestRedaction:
    def test_blanks_a_buyers_token_wherever_it_stands(self):
        told = redact(
            None,
            "info",
            {
                "event": f"GET /b/{TOKEN}/",
                "text": f"token={TOKEN}&x=1",
                "bytes": f"x {TOKEN}".encode(),
                "args": [f"'{TOKEN}'", {"path": (TOKEN,)}],
            },
        )
        assert TOKEN not in str(told)
        assert told["event"] == "GET /b/…/"

    def test_blanks_what_a_name_tells_is_secret_however_deep(self):
        told = redact(None, "info", {"password": "p", "data": [{"api_key": "k", "sku": "S-1"}]})
        assert told == {"password": "…", "data": [{"api_key": "…", "sku": "S-1"}]}

    def test_leaves_everything_else(self):
        event = {"event": "swept", "rung": 3, "names": ["a.b", None], "at": 1.5, "pair": (1, "x")}
        assert redact(None, "info", event) == event

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ("GET /api/v1/batches/?key=bro_abc-DEF_1&q=7", "GET /api/v1/batches/?key=…&q=7"),
            ("GET /api/v1/batches/?q=7&API_KEY=s3cret", "GET /api/v1/batches/?q=7&API_KEY=…"),
            ("/x?access_token=a.b;password=p&page=2", "/x?access_token=…;password=…&page=2"),
            ("the header was Bearer bro_0123456789abcdef", "the header was Bearer bro_…"),
            ("secret whsec_a+b/c== of a webhook", "secret whsec_… of a webhook"),
            ("/orders/?q=monkey&cursor=abc", "/orders/?q=monkey&cursor=abc"),
        ],
    )
    def test_blanks_a_key_in_an_address_or_a_sentence(self, said, told):
        assert redact(None, "info", {"event": said}) == {"event": told}


KEY = "bro_" + "k" * 43
PATHS = (
    f"/api/v1/batches/?key={KEY}",
    f"/nothing/?token=tell-nobody&api_key={KEY}",
    f"/b/{TOKEN}/?x={KEY}",
)


@pytest.mark.django_db(transaction=True)
class TestTheServer:
    def test_writes_no_secret_even_with_its_access_log_on(self, tmp_path):
        """As somebody might start it: without --no-access-log, at its most talkative but for the
        wire."""
        port, log = beside.free_port(), tmp_path / "log"
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "repurchase.asgi:application",
            "--port",
            str(port),
            "--lifespan",
            "off",
            "--log-level",
            "debug",
        ]
        with log.open("w") as out:
            process = subprocess.Popen(
                command,
                cwd=beside.ROOT,
                env=beside.environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                beside._wait_for(f"http://127.0.0.1:{port}/healthz", process)
                for path in PATHS:
                    with pytest.raises(urllib.error.HTTPError):
                        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10)
                time.sleep(0.5)
            finally:
                process.terminate()
                process.wait(20)
        written = log.read_text()
        assert "/api/v1/batches/?key=…" in written  # the access log is on
        for secret in (KEY, "tell-nobody", TOKEN):
            assert secret not in written
