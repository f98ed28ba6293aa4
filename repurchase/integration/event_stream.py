"""Server-sent events. Django says who may listen and what they missed; then the stream goes on
without it.

Django's own handler would keep the request's thread for as long as the answer lasts. So the view
leaves a Stream in the request's scope, and this wrapper, outside of Django, takes the answer over
once Django has let go of it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from diagnostics.codes import Code
from diagnostics.problem import Problem
from outbox import event_broadcaster, events
from outbox.event_broadcaster import END_OF_STREAM, EventStream
from repurchase.site import rate_limits

SCOPE = "bulk-repeat-order.stream"
PLACE_SCOPE = "bulk-repeat-order.place"
HEARTBEAT_SECONDS = 15
HEARTBEAT = b": here\n\n"
RETRY = b"retry: 2000\n\n"  # milliseconds until a browser comes back
STREAMS_EACH = 10
"""A key or a member: enough for every window, an end to a loop that opens them."""

PLACE_SECONDS = 4 * event_broadcaster.CHECK_SECONDS
"""A process that is killed leaves the places of its streams behind for so long."""

BIGGEST = 2**63 - 1


def open_response(
    request: HttpRequest,
    *,
    store_id: int,
    owner: str,
    may_go_on: Callable[[], bool],
    types: Collection[str] = (),
    after: str = "",
    progress: bool = False,
) -> HttpResponse:
    """What was missed, then what happens. Outside of ASGI it ends after the first: the client
    comes back for more.

    INPUT_INVALID for a number that is none, TOO_MANY_REQUESTS above ten streams at once.
    """
    known = _parse_last_event_id(
        request.headers.get("Last-Event-ID") or after, events.latest_number(store_id)
    )
    page = list(events.after(store_id, known)[: event_broadcaster.PAGE_SIZE])
    frames = b"".join(
        event_broadcaster.build_event_frame(event)
        for event in page
        if events.matches(event.type, types)
    )
    if hasattr(request, "scope"):
        place = request.scope[PLACE_SCOPE] = _acquire_stream_place(owner)
        request.scope[SCOPE] = EventStream(
            store_id=store_id,
            after=page[-1].seq if page else known,
            types=types,
            owner=owner,
            may_go_on=lambda: _renew_stream_place(place) and may_go_on(),
            progress=progress,
        )
    return HttpResponse(
        RETRY + frames,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _acquire_stream_place(owner: str) -> str:
    if not (
        place := rate_limits.acquire_slot(
            f"stream:{owner}", places=STREAMS_EACH, seconds=PLACE_SECONDS
        )
    ):
        raise Problem(Code.TOO_MANY_REQUESTS, value=HEARTBEAT_SECONDS)
    return place


def _renew_stream_place(place: str) -> bool:
    rate_limits.renew_slot(place, seconds=PLACE_SECONDS)
    return True


def _parse_last_event_id(text: str, head: int) -> int:
    """Nothing said: from now on. A number that is yet to come is taken as now."""
    if not text:
        return head
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(BIGGEST))):
        raise Problem(Code.INPUT_INVALID, detail="Last-Event-ID")
    return min(int(text), head)


AsgiCallable = Callable[[dict, Callable, Callable], Awaitable[None]]


def with_event_streams(django: AsgiCallable) -> AsgiCallable:
    """Wraps Django's ASGI application."""

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        held: list[dict[str, Any]] = []

        async def relay(message: dict[str, Any]) -> None:
            if SCOPE in scope:
                held.append(message)
            else:
                await send(message)

        with _releasing_stream_place(scope):
            await django(scope, receive, relay)
            if SCOPE in scope and held:
                await _send_stream(scope[SCOPE], held, receive, send)

    return application


@contextlib.contextmanager
def _releasing_stream_place(scope: dict) -> Iterator[None]:
    """However it ended. By a thread: Redis may let one wait, and the loop serves every other
    stream too."""
    try:
        yield
    finally:
        if place := scope.get(PLACE_SCOPE):
            asyncio.get_running_loop().run_in_executor(None, rate_limits.release_slot, place)


async def _send_stream(
    stream: EventStream, held: list[dict[str, Any]], receive: Callable, send: Callable
) -> None:
    for message in held:
        await send(_unfinished_body(message))
    stream.loop = asyncio.get_running_loop()
    event_broadcaster.broadcaster.join(stream)
    leaving = asyncio.create_task(_wait_for_disconnect(stream, receive))
    try:
        while (piece := await _next_chunk(stream)) != END_OF_STREAM:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except OSError:  # the other side has gone in the midst of a piece
        return
    finally:
        leaving.cancel()
        event_broadcaster.broadcaster.leave(stream)


def _unfinished_body(message: dict[str, Any]) -> dict[str, Any]:
    if message["type"] == "http.response.start":
        return message | {
            "headers": [h for h in message["headers"] if h[0].lower() != b"content-length"]
        }
    return message | {"more_body": True}


async def _next_chunk(stream: EventStream) -> bytes:
    try:
        return await asyncio.wait_for(stream.queue.get(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return HEARTBEAT


async def _wait_for_disconnect(stream: EventStream, receive: Callable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.put(END_OF_STREAM)
