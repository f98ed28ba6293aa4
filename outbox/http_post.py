"""Posting a body to an address that a customer chose: resolved once, judged, and connected to as
judged.

No redirect is followed, what is answered is not read beyond its first lines, and everything ends
after a time.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from outbox import webhook_targets

TIMEOUT_SECONDS = 10
LOOK_UP_SECONDS = 2
MAX_HEAD_BYTES = 16_384
"""Bytes of an answer's head that are read at most: to a webhook its status is all that counts."""


class PostOutcome(StrEnum):
    DELIVERED = "delivered"
    REFUSED = "refused"  # answered by another status than 2xx
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"  # leads where a webhook may not lead
    TLS = "tls"  # a certificate that does not hold
    GARBLED = "garbled"  # answered by something that is no HTTP


@dataclass(frozen=True, kw_only=True, slots=True)
class PostResult:
    outcome: PostOutcome
    status: int | None
    milliseconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeResult:
    """A posting whose answer was read: at most so many bytes of it."""

    outcome: PostOutcome
    status: int | None
    milliseconds: int
    body: bytes = b""


class _PostFailed(Exception):
    pass


def post(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    loopback: bool,
    seconds: float = TIMEOUT_SECONDS,
) -> PostResult:
    """One attempt. It never raises for what the other side does."""
    found = exchange(url, headers=headers, body=body, loopback=loopback, seconds=seconds, read=0)
    return PostResult(outcome=found.outcome, status=found.status, milliseconds=found.milliseconds)


def exchange(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    loopback: bool,
    seconds: float = TIMEOUT_SECONDS,
    read: int,
) -> ExchangeResult:
    """One attempt, and up to `read` bytes of what is answered. It never raises for what the other
    side does."""
    started = time.perf_counter()
    status, answer, outcome = None, b"", PostOutcome.UNREACHABLE
    try:
        status, answer = asyncio.run(
            asyncio.wait_for(_post_request(url, headers, body, loopback, read), seconds)
        )
        outcome = PostOutcome.DELIVERED if 200 <= status < 300 else PostOutcome.REFUSED
    except TimeoutError:
        outcome = PostOutcome.TIMEOUT
    except ssl.SSLError:
        outcome = PostOutcome.TLS
    except _PostFailed as failed:
        outcome = failed.args[0]
    except (OSError, UnicodeError, asyncio.IncompleteReadError):  # a host name may be none
        outcome = PostOutcome.UNREACHABLE
    spent = int((time.perf_counter() - started) * 1000)
    return ExchangeResult(outcome=outcome, status=status, milliseconds=spent, body=answer)


def destination_problem(url: str, *, loopback: bool, seconds: float = LOOK_UP_SECONDS) -> str:
    """What is wrong with where an address leads now, for whoever enters it; "" when nothing is
    known to be.

    A name that nobody knows yet, or not in time, may be entered: a sending judges again, and
    connects to what it judged.
    """
    if why := webhook_targets.url_problem(url, loopback=loopback):
        return why
    found: list[str] = []
    host = urlsplit(url).hostname
    looking = threading.Thread(
        target=_look_up_host, args=[host, found], daemon=True
    )  # it can't be called back
    looking.start()
    looking.join(seconds)
    judged = [webhook_targets.parse_address(text.partition("%")[0]) for text in found]
    if not all(a and webhook_targets.is_allowed(a, loopback=loopback) for a in judged):
        return webhook_targets.NOT_PUBLIC
    return ""


def _look_up_host(host: str, found: list[str]) -> None:
    with contextlib.suppress(OSError, UnicodeError):
        found += [info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


async def _post_request(
    url: str, headers: Mapping[str, str], body: bytes, loopback: bool, read: int
) -> tuple[int, bytes]:
    if webhook_targets.url_problem(url, loopback=loopback):
        raise _PostFailed(PostOutcome.FORBIDDEN)
    parts = urlsplit(url)
    address = await _resolve_address(parts, loopback)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        address,
        webhook_targets.port_of(parts),
        ssl=tls,
        server_hostname=parts.hostname if tls else None,
        limit=MAX_HEAD_BYTES,
    )
    try:
        writer.write(_request_head(parts, headers, len(body)) + body)
        await writer.drain()
        status, head = await _read_status(reader)
        return status, await _read_body(reader, head, read) if read else b""
    finally:
        writer.transport.abort()  # what else it wants to say is not waited for


async def _read_body(reader: asyncio.StreamReader, head: bytes, most: int) -> bytes:
    """As long as the head says, else to the end; GARBLED for one that is longer than `most`, or in
    chunks that aren't."""
    fields = {
        name.strip().lower(): value.strip()
        for name, _colon, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    try:
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            return await _read_chunks(reader, most)
        length = int(fields[b"content-length"]) if b"content-length" in fields else None
    except ValueError:
        raise _PostFailed(PostOutcome.GARBLED) from None
    if length is not None:
        if not 0 <= length <= most:
            raise _PostFailed(PostOutcome.GARBLED)
        return await reader.readexactly(length)
    return await _read_to_end(reader, most)


async def _read_to_end(reader: asyncio.StreamReader, most: int) -> bytes:
    content = b""
    while piece := await reader.read(65_536):
        content += piece
        if len(content) > most:
            raise _PostFailed(PostOutcome.GARBLED)
    return content


async def _read_chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    content = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        if size < 0 or len(content) + size > most:
            raise _PostFailed(PostOutcome.GARBLED)
        content += await reader.readexactly(size)
        await reader.readline()
    return content


async def _resolve_address(parts: SplitResult, loopback: bool) -> str:
    """The one address that is judged and then connected to; a name with a forbidden one among its
    is refused."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    addresses = [webhook_targets.parse_address(info[4][0]) for info in found]
    if not addresses or not all(
        a and webhook_targets.is_allowed(a, loopback=loopback) for a in addresses
    ):
        raise _PostFailed(PostOutcome.FORBIDDEN)
    return str(addresses[0])


def _request_head(parts: SplitResult, headers: Mapping[str, str], length: int) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    own = {"host": host, "content-length": str(length), "connection": "close"}
    lines = [
        f"POST {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (own | dict(headers)).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _read_status(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Of the final answer, with its head: a "100 Continue" may come first."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            version, status = head.split(None, 2)[:2]
            code = int(status)
        except (ValueError, asyncio.LimitOverrunError):
            raise _PostFailed(PostOutcome.GARBLED) from None
        if not version.startswith(b"HTTP/1.") or not 100 <= code <= 599:
            raise _PostFailed(PostOutcome.GARBLED)
        if code >= 200:
            return code, head
