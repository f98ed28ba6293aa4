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

PAGE_SIZE = 200
MAX_QUEUED_PAGES = 64
"""Pages that may wait for a slow reader; then its stream ends, and it resumes where it was."""

TICK_SECONDS = (
    5  # how often everything is looked at without being rung for: a dead connection is noticed
)
CHECK_SECONDS = 30  # how often a stream is asked whether it may go on
CHECKS_PER_PASS = 20
RETRY_SECONDS = 0.5
END_OF_STREAM = b""


def build_event_frame(event: Event) -> bytes:
    """As a server-sent event; without a name, so that a browser takes every type by one
    listener."""
    said = json.dumps(events.build_payload(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.seq}\ndata: {said}\n\n".encode()


def build_progress_frame(what: Mapping[str, Any]) -> bytes:
    """Under a name of its own and without a number: it is no event, and a reader of events passes
    it over."""
    return f"event: progress\ndata: {json.dumps(what, ensure_ascii=False)}\n\n".encode()


@dataclass(eq=False, kw_only=True, slots=True)
class EventStream:
    """One reader of one store's events, beyond what it was told already."""

    store_id: int
    after: int
    types: Collection[str]
    owner: str  # whose it is
    progress: bool = False  # whether it is told how far things are
    may_go_on: Callable[[], bool]  # asked by the listener's thread: a key may be revoked meanwhile
    loop: asyncio.AbstractEventLoop | None = None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MAX_QUEUED_PAGES))
    check_at: float = field(default_factory=lambda: time.monotonic() + CHECK_SECONDS)

    def hand(self, piece: bytes) -> None:
        """From the listener's thread to the stream's loop."""
        try:
            self.loop.call_soon_threadsafe(self.put, piece)
        except RuntimeError:  # the loop has ended, and the stream with it
            log.info("stream_without_a_loop", owner=self.owner)

    def put(self, piece: bytes) -> None:
        if piece == END_OF_STREAM or self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            piece = END_OF_STREAM
        self.queue.put_nowait(piece)


class EventBroadcaster:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: set[EventStream] = set()
        self._fresh: set[int] = set()
        self._thread: threading.Thread | None = None
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self._button.setblocking(False)

    def join(self, stream: EventStream) -> None:
        with self._lock:
            self._streams.add(stream)
            self._fresh.add(stream.store_id)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="event-listener", daemon=True
                )
                self._thread.start()
        self._wake_listener()

    def leave(self, stream: EventStream) -> None:
        with self._lock:
            self._streams.discard(stream)
        self._wake_listener()

    def _wake_listener(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been pressed often enough
            self._button.send(b".")

    def _run(self) -> None:
        while self._is_needed():
            try:
                self._listen_for_events()
            except event_listener.CONNECTION_ERRORS as error:
                log.warning("events_lost_the_database", error=str(error))
                time.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("events_failed")
                time.sleep(RETRY_SECONDS)
        connection.close()

    def _is_needed(self) -> bool:
        with self._lock:
            if not self._streams:
                self._thread = None
            return bool(self._streams)

    def _listen_for_events(self) -> None:
        event_listener.begin(progress_too=True)
        rung = {stream.store_id for stream in self._current_streams()}
        ticked = time.monotonic()
        while self._is_needed():
            self._serve_stores(rung)
            self._check()
            heard = event_listener.wait(TICK_SECONDS, self._bell)
            self._forward_progress(heard.progress)
            rung = heard.stores | self._pop_new_stores()
            if time.monotonic() - ticked > TICK_SECONDS:
                rung, ticked = (
                    {stream.store_id for stream in self._current_streams()},
                    time.monotonic(),
                )

    def _current_streams(self) -> list[EventStream]:
        with self._lock:
            return list(self._streams)

    def _pop_new_stores(self) -> set[int]:
        with contextlib.suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass
        with self._lock:
            fresh, self._fresh = self._fresh, set()
        return fresh

    def _serve_stores(self, stores: Collection[int]) -> None:
        streams = self._current_streams()
        for store_id in stores:
            if of_store := [stream for stream in streams if stream.store_id == store_id]:
                _serve_store(store_id, of_store)

    def _forward_progress(self, said: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Progress, to the streams that asked for it. The newest of each thing is enough."""
        newest = {(store_id, what.get("batch")): (store_id, what) for store_id, what in said}
        for store_id, what in newest.values():
            piece = build_progress_frame(what)
            for stream in self._current_streams():
                if stream.progress and stream.store_id == store_id:
                    stream.hand(piece)

    def _check(self) -> None:
        now = time.monotonic()
        due = sorted(
            (s for s in self._current_streams() if s.check_at <= now), key=lambda s: s.check_at
        )
        for stream in due[:CHECKS_PER_PASS]:
            stream.check_at = now + CHECK_SECONDS
            if not stream.may_go_on():
                stream.hand(END_OF_STREAM)


def _serve_store(store_id: int, streams: Collection[EventStream]) -> None:
    """One reading for all: each gets what lies beyond what it has."""
    while True:
        known = min(stream.after for stream in streams)
        page = list(events.after(store_id, known)[:PAGE_SIZE])
        frames = [(event, build_event_frame(event)) for event in page]
        for stream in streams:
            piece = b"".join(
                said
                for event, said in frames
                if event.seq > stream.after and events.matches(event.type, stream.types)
            )
            stream.after = max(stream.after, page[-1].seq) if page else stream.after
            if piece:
                stream.hand(piece)
        if len(page) < PAGE_SIZE:
            return


broadcaster = EventBroadcaster()
