"""A webhook's receiver, as an integrator would run one: it answers what the test tells it to."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict:
        return json.loads(self.body)


@dataclass
class Receiver:
    answer: Callable[[Received], int]  # the status; it may take its time
    url: str = ""
    received: list[Received] = field(default_factory=list)

    def wait_for(
        self, what: Callable[[list[Received]], bool], seconds: float = 20
    ) -> list[Received]:
        until = time.monotonic() + seconds
        while not what(self.received):
            assert time.monotonic() < until, [r.id for r in self.received]
            time.sleep(0.02)
        return list(self.received)


@contextlib.contextmanager
def receiver(answer: Callable[[Received], int] = lambda _: 204) -> Iterator[Receiver]:
    made = Receiver(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Received(time.time(), {k.lower(): v for k, v in self.headers.items()}, body)
            made.received.append(got)
            with contextlib.suppress(OSError):
                self.send_response(made.answer(got))
                self.send_header("Location", made.url + "elsewhere")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
