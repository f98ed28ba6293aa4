"""No body is larger than what the product takes: Django under ASGI would write any to disk before it looks at it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

LARGEST = 100 * 2**20
"""Bytes. A file is 10 MB at most; a form without script sends several at once."""

Asgi = Callable[[dict, Callable, Callable], Awaitable[None]]
REFUSAL = {"type": "about:blank", "title": "Content Too Large", "status": 413, "limit": LARGEST}


def bounded(inner: Asgi, *, largest: int = LARGEST) -> Asgi:
    """Wraps an ASGI application: 413 for a body that says that it is larger, or turns out to be."""

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return await inner(scope, receive, send)
        if _declared(scope) > largest:
            return await _refuse(send)
        body = _Body(receive, send, largest)
        await inner(scope, body.receive, body.send)
        if body.is_over and not body.is_answered:
            await _refuse(send)
        return None

    return application


class _Body:
    """Counts what comes in; to what is inside, a body that grew too large looks like a client that left."""

    def __init__(self, receive: Callable, send: Callable, largest: int) -> None:
        self._receive, self._send, self._left = receive, send, largest
        self.is_answered = False

    @property
    def is_over(self) -> bool:
        return self._left < 0

    async def receive(self) -> dict[str, Any]:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_over else message

    async def send(self, message: dict[str, Any]) -> None:
        self.is_answered = True
        await self._send(message)


def _declared(scope: dict) -> int:
    text = dict(scope["headers"]).get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0


async def _refuse(send: Callable) -> None:
    body = json.dumps(REFUSAL).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]}
    )
    await send({"type": "http.response.body", "body": body})
