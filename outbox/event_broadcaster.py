"""One listener a process: a thread with one database connection reads new events and hands them to
every stream.

It lives while somebody listens. Streams themselves live in the server's event loop and take
neither a thread nor a connection.
"""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import connection

from outbox import event_listener, events
from outbox.models import Event

log = structlog.get_logger(__name__)

A_PAGE = 200
QUEUED = 64
"""Pages that may wait for a slow reader; then its stream ends, and it resumes where it was."""

TICK_SECONDS = (
    5  # how often everything is looked at without being rung for: a dead connection is noticed
)
CHECK_SECONDS = 30  # how often a stream is asked whether it may go on
CHECKS_A_PASS = 20
AGAIN_SECONDS = 0.5
END = b""


def frame(event: Event) -> bytes:
    """As a server-sent event; without a name, so that a browser takes every type by one
    listener."""
    said = json.dumps(events.told(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.seq}\ndata: {said}\n\n".encode()


def progress_frame(what: Mapping[str, Any]) -> bytes:
    """Under a name of its own and without a number: it is no event, and a reader of events passes
    it over."""
    return f"event: progress\ndata: {json.dumps(what, ensure_ascii=False)}\n\n".encode()


@dataclass(eq=False, kw_only=True, slots=True)
class Stream:
    """One reader of one store's events, beyond what it was told already."""

    store_id: int
    after: int
    types: Collection[str]
    owner: str  # whose it is
    progress: bool = False  # whether it is told how far things are
    may_go_on: Callable[[], bool]  # asked by the listener's thread: a key may be revoked meanwhile
    loop: asyncio.AbstractEventLoop | None = None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUED))
    check_at: float = field(default_factory=lambda: time.monotonic() + CHECK_SECONDS)

    def hand(self, piece: bytes) -> None:
        """From the listener's thread to the stream's loop."""
        try:
            self.loop.call_soon_threadsafe(self.put, piece)
        except RuntimeError:  # the loop has ended, and the stream with it
            log.info("stream_without_a_loop", owner=self.owner)

    def put(self, piece: bytes) -> None:
        if piece == END or self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            piece = END
        self.queue.put_nowait(piece)


class Hub:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._fresh: set[int] = set()
        self._thread: threading.Thread | None = None
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self._button.setblocking(False)

    def join(self, stream: Stream) -> None:
        with self._lock:
            self._streams.add(stream)
            self._fresh.add(stream.store_id)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="event-listener", daemon=True
                )
                self._thread.start()
        self._press()

    def leave(self, stream: Stream) -> None:
        with self._lock:
            self._streams.discard(stream)
        self._press()

    def _press(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been pressed often enough
            self._button.send(b".")

    def _run(self) -> None:
        while self._is_needed():
            try:
                self._listen()
            except event_listener.LOST as error:
                log.warning("events_lost_the_database", error=str(error))
                time.sleep(AGAIN_SECONDS)
            except Exception:
                log.exception("events_failed")
                time.sleep(AGAIN_SECONDS)
        connection.close()

    def _is_needed(self) -> bool:
        with self._lock:
            if not self._streams:
                self._thread = None
            return bool(self._streams)

    def _listen(self) -> None:
        event_listener.begin(progress_too=True)
        rung = {stream.store_id for stream in self._now()}
        ticked = time.monotonic()
        while self._is_needed():
            self._serve(rung)
            self._check()
            heard = event_listener.wait(TICK_SECONDS, self._bell)
            self._pass_on(heard.progress)
            rung = heard.stores | self._take_fresh()
            if time.monotonic() - ticked > TICK_SECONDS:
                rung, ticked = {stream.store_id for stream in self._now()}, time.monotonic()

    def _now(self) -> list[Stream]:
        with self._lock:
            return list(self._streams)

    def _take_fresh(self) -> set[int]:
        with contextlib.suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass
        with self._lock:
            fresh, self._fresh = self._fresh, set()
        return fresh

    def _serve(self, stores: Collection[int]) -> None:
        streams = self._now()
        for store_id in stores:
            if of_store := [stream for stream in streams if stream.store_id == store_id]:
                _serve_store(store_id, of_store)

    def _pass_on(self, said: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Progress, to the streams that asked for it. The newest of each thing is enough."""
        newest = {(store_id, what.get("batch")): (store_id, what) for store_id, what in said}
        for store_id, what in newest.values():
            piece = progress_frame(what)
            for stream in self._now():
                if stream.progress and stream.store_id == store_id:
                    stream.hand(piece)

    def _check(self) -> None:
        now = time.monotonic()
        due = sorted((s for s in self._now() if s.check_at <= now), key=lambda s: s.check_at)
        for stream in due[:CHECKS_A_PASS]:
            stream.check_at = now + CHECK_SECONDS
            if not stream.may_go_on():
                stream.hand(END)


def _serve_store(store_id: int, streams: Collection[Stream]) -> None:
    """One reading for all: each gets what lies beyond what it has."""
    while True:
        known = min(stream.after for stream in streams)
        page = list(events.after(store_id, known)[:A_PAGE])
        frames = [(event, frame(event)) for event in page]
        for stream in streams:
            piece = b"".join(
                said
                for event, said in frames
                if event.seq > stream.after and events.matches(event.type, stream.types)
            )
            stream.after = max(stream.after, page[-1].seq) if page else stream.after
            if piece:
                stream.hand(piece)
        if len(page) < A_PAGE:
            return


hub = Hub()
