"""How large a body may be at each address, counted while it comes in: Django under ASGI would
write any to disk first.

What is too large reaches Django as a request without a body that carries the limit, and is
answered there (413).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

MIB = 2**20
DEFAULT_LIMIT = 2 * MIB
"""Bytes of a form or of JSON: 5000 numbers of 64 characters are 0.35 MB."""

BULK_LIMIT = 32 * MIB
"""Bytes of a call that tells up to thousands of rows."""

DOCUMENT_LIMIT = 10 * MIB
PAYMENTS_LIMIT = 10 * MIB
AGREEMENT_LIMIT = 20 * MIB
FORM_OVERHEAD = MIB
"""What a form needs around its file."""

LIMITS = (
    (
        re.compile(
            r"/api/v1/(inventory|responses|payments|shipments|completions|releases/acknowledgements)/"
        ),
        BULK_LIMIT,
    ),
    (
        re.compile(r"/api/v1/qualification/documents/|.*/qualification/documents/"),
        DOCUMENT_LIMIT + FORM_OVERHEAD,
    ),
    (re.compile(r"(/s/[^/]+)?/payments/"), PAYMENTS_LIMIT + FORM_OVERHEAD),
    (re.compile(r"/verify/"), AGREEMENT_LIMIT + FORM_OVERHEAD),
)
TOO_LARGE_KEY = "bulk-repeat-order.too-large"
"""In the scope of a request whose body is larger than it may be: the limit in bytes."""

AsgiApplication = Callable[[dict, Callable, Callable], Awaitable[None]]


def limit_for_path(path: str) -> int:
    """Bytes that a body may have at an address."""
    return next((limit for pattern, limit in LIMITS if pattern.fullmatch(path)), DEFAULT_LIMIT)


def limit_request_bodies(inner: AsgiApplication) -> AsgiApplication:
    """Wraps an ASGI application: no more of a body is taken than its address allows."""

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] == "http":
            receive = _LimitedBody(scope, receive, limit_for_path(scope["path"])).receive
        await inner(scope, receive, send)

    return application


class _LimitedBody:
    """To what is inside, a body that is or grows too large ends at once."""

    def __init__(self, scope: dict, receive: Callable, limit: int) -> None:
        self._scope, self._receive, self._limit, self._left = scope, receive, limit, limit
        self._ended = False
        if _declared_length(scope) > limit:
            scope[TOO_LARGE_KEY] = limit

    async def receive(self) -> dict[str, Any]:
        if TOO_LARGE_KEY in self._scope:
            return await self._end()
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self._scope[TOO_LARGE_KEY] = self._limit
            return await self._end()
        return message

    async def _end(self) -> dict[str, Any]:
        """The end of the body once; then nothing more comes: Django has answered soon and stops
        listening."""
        if self._ended:
            await asyncio.Event().wait()
        self._ended = True
        return {"type": "http.request", "body": b"", "more_body": False}


def _declared_length(scope: dict) -> int:
    text = dict(scope["headers"]).get(b"content-length", b"0")
    return int(text) if text.isdigit() and len(text) < 20 else 0
