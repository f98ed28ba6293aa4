"""From commit to a client of the stream, and to a webhook's receiver, under 50 requests a second
(R-81).

Beside it, in the same seconds, a bare NOTIFY's way to a bare LISTEN: what no stream could undercut.
"""

import contextlib
import http.client
import json
import queue
import select
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg2
from django.db import connection

from marketplace.models import Store
from outbox import events, webhooks
from tests import world
from tests.beside import ROOT, courier, environment, server
from tests.outbox.receiving import Receiver, receiver

RATE = 50
EVENTS = 300
PAUSE = 0.05
KEYS = 5  # a key may call 20 times a second
LISTENERS = 10  # streams besides the measured one


def run() -> dict[str, dict]:
    store = world.store(sandbox=False)
    world.repeatable(store)
    with receiver() as hook, server() as (url, _), courier(), contextlib.ExitStack() as stack:
        webhooks.create(store_id=store.pk, url=hook.url, types=[], loopback=True)
        arrivals = stack.enter_context(_stream(url, store))
        for _ in range(LISTENERS):
            stack.enter_context(_stream(url, store))
        heard = stack.enter_context(_listening())
        _tell(store, -1)
        hook.wait_for(lambda got: len(got) == 1, 60)
        with _load(url, store) as load:
            time.sleep(2)
            measured = _measured(store, arrivals, heard, hook)
    return _figures(*measured, load)


def _measured(
    store: Store, arrivals: queue.Queue, heard: queue.Queue, hook: Receiver
) -> tuple[list[float], ...]:
    """Seconds from the commit's return, event by event: to the stream's client, the bare listener,
    the receiver."""
    committed: list[float] = []
    bare: list[float] = []
    for n in range(EVENTS):
        _tell(store, n)
        committed.append(time.time())
        bare.append(_bare(heard))
        time.sleep(PAUSE)
    got = hook.wait_for(lambda got: len(got) >= EVENTS + 1, 60)
    posted = {r.event["data"]["n"]: r.at for r in got}
    streamed = dict(arrivals.get(timeout=10) for _ in range(EVENTS + 1))
    return (
        [max(0.0, streamed[n] - at) for n, at in enumerate(committed)],
        bare,
        [max(0.0, posted[n] - at) for n, at in enumerate(committed)],
    )


def _bare(heard: queue.Queue) -> float:
    """There and back: from before the statement, which commits itself, to the listener."""
    began = time.time()
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY bench")
    return heard.get(timeout=10) - began


def _tell(store: Store, n: int) -> None:
    events.publish(
        store_id=store.pk, type="order.confirmed", subject="batch:BR-BENCH", at=world.NOW, n=n
    )


@contextlib.contextmanager
def _stream(url: str, store: Store) -> Iterator[queue.Queue]:
    """(n of the event, when it arrived), from a thread that reads the stream."""
    key = world.key(store, "read")
    at, found = urlsplit(url), queue.Queue()
    caller = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    caller.request("GET", "/api/v1/events/", headers={"Authorization": f"Bearer {key}"})
    answer = caller.getresponse()

    def read() -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            while line := answer.readline():
                if line.startswith(b"data: "):
                    found.put((json.loads(line[6:])["data"]["n"], time.time()))

    threading.Thread(target=read, daemon=True).start()
    yield found
    caller.sock.close()


@contextlib.contextmanager
def _listening() -> Iterator[queue.Queue]:
    """When a bare LISTEN heard a bare NOTIFY."""
    heard: queue.Queue = queue.Queue()
    done = threading.Event()
    raw = psycopg2.connect(environment()["DATABASE_URL"])
    raw.autocommit = True
    raw.cursor().execute("LISTEN bench")

    def listen() -> None:
        while not done.is_set():
            if select.select([raw], [], [], 0.2)[0]:
                raw.poll()
                for _ in raw.notifies:
                    heard.put(time.time())
                raw.notifies.clear()

    thread = threading.Thread(target=listen)
    thread.start()
    yield heard
    done.set()
    thread.join()
    raw.close()


@contextlib.contextmanager
def _load(url: str, store: Store) -> Iterator[dict]:
    keys = [world.key(store, "read") for _ in range(KEYS)]
    said: dict = {}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load", url, str(RATE), *keys],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        # its imports take long on a busy machine: nothing is measured before it calls
        process.stdout.readline()
        yield said
    finally:
        process.terminate()
        said |= json.loads(process.communicate(timeout=60)[0])


def _figures(
    streamed: list[float], bare: list[float], posted: list[float], load: dict
) -> dict[str, dict]:
    floor = _p95(bare)
    under = f"{EVENTS} events, {LISTENERS + 1} streams, {load['rate']} requests/s of which {load['failed']} failed"
    return {
        "event_to_stream": {
            "value": _ms(_p95(streamed)),
            "unit": "ms p95",
            "goal": "≤ 200",
            "detail": f"median {_ms(statistics.median(streamed))} ms, max {_ms(max(streamed))} ms, {under}; bare"
            f" LISTEN/NOTIFY round trip in the same seconds {_ms(statistics.median(bare))} ms median, {_ms(floor)} ms p95",
        },
        "event_to_stream_ratio": {
            "value": round(_p95(streamed) / floor, 1),
            "unit": "× bare LISTEN/NOTIFY",
            "goal": "–",
            "detail": "p95 to p95",
        },
        "event_to_webhook": {
            "value": _ms(_p95(posted)),
            "unit": "ms p95",
            "goal": "≤ 1000",
            "detail": f"median {_ms(statistics.median(posted))} ms, max {_ms(max(posted))} ms; {under}",
        },
    }


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
