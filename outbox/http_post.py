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

SECONDS = 10
LOOK_UP_SECONDS = 2
MAX_HEAD = 16_384
"""Bytes of an answer's head that are read at most: to a webhook its status is all that counts."""


class Outcome(StrEnum):
    DELIVERED = "delivered"
    REFUSED = "refused"  # answered by another status than 2xx
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"  # leads where a webhook may not lead
    TLS = "tls"  # a certificate that does not hold
    GARBLED = "garbled"  # answered by something that is no HTTP


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    outcome: Outcome
    status: int | None
    milliseconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchanged:
    """A posting whose answer was read: at most so many bytes of it."""

    outcome: Outcome
    status: int | None
    milliseconds: int
    body: bytes = b""


class _Failed(Exception):
    pass


def post(
    url: str, *, headers: Mapping[str, str], body: bytes, loopback: bool, seconds: float = SECONDS
) -> Posted:
    """One attempt. It never raises for what the other side does."""
    found = exchange(url, headers=headers, body=body, loopback=loopback, seconds=seconds, read=0)
    return Posted(outcome=found.outcome, status=found.status, milliseconds=found.milliseconds)


def exchange(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    loopback: bool,
    seconds: float = SECONDS,
    read: int,
) -> Exchanged:
    """One attempt, and up to `read` bytes of what is answered. It never raises for what the other
    side does."""
    started = time.perf_counter()
    status, answer, outcome = None, b"", Outcome.UNREACHABLE
    try:
        status, answer = asyncio.run(
            asyncio.wait_for(_post(url, headers, body, loopback, read), seconds)
        )
        outcome = Outcome.DELIVERED if 200 <= status < 300 else Outcome.REFUSED
    except TimeoutError:
        outcome = Outcome.TIMEOUT
    except ssl.SSLError:
        outcome = Outcome.TLS
    except _Failed as failed:
        outcome = failed.args[0]
    except (OSError, UnicodeError, asyncio.IncompleteReadError):  # a host name may be none
        outcome = Outcome.UNREACHABLE
    spent = int((time.perf_counter() - started) * 1000)
    return Exchanged(outcome=outcome, status=status, milliseconds=spent, body=answer)


def why_not_there(url: str, *, loopback: bool, seconds: float = LOOK_UP_SECONDS) -> str:
    """What is wrong with where an address leads now, for whoever enters it; "" when nothing is
    known to be.

    A name that nobody knows yet, or not in time, may be entered: a sending judges again, and
    connects to what it judged.
    """
    if why := webhook_targets.why_not(url, loopback=loopback):
        return why
    found: list[str] = []
    host = urlsplit(url).hostname
    looking = threading.Thread(
        target=_look_up, args=[host, found], daemon=True
    )  # it can't be called back
    looking.start()
    looking.join(seconds)
    judged = [webhook_targets.address_of(text.partition("%")[0]) for text in found]
    if not all(a and webhook_targets.allowed(a, loopback=loopback) for a in judged):
        return webhook_targets.NOT_PUBLIC
    return ""


def _look_up(host: str, found: list[str]) -> None:
    with contextlib.suppress(OSError, UnicodeError):
        found += [info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


async def _post(
    url: str, headers: Mapping[str, str], body: bytes, loopback: bool, read: int
) -> tuple[int, bytes]:
    if webhook_targets.why_not(url, loopback=loopback):
        raise _Failed(Outcome.FORBIDDEN)
    parts = urlsplit(url)
    address = await _resolved(parts, loopback)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        address,
        webhook_targets.port_of(parts),
        ssl=tls,
        server_hostname=parts.hostname if tls else None,
        limit=MAX_HEAD,
    )
    try:
        writer.write(_head(parts, headers, len(body)) + body)
        await writer.drain()
        status, head = await _status(reader)
        return status, await _body(reader, head, read) if read else b""
    finally:
        writer.transport.abort()  # what else it wants to say is not waited for


async def _body(reader: asyncio.StreamReader, head: bytes, most: int) -> bytes:
    """As long as the head says, else to the end; GARBLED for one that is longer than `most`, or in
    chunks that aren't."""
    fields = {
        name.strip().lower(): value.strip()
        for name, _colon, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    try:
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            return await _chunks(reader, most)
        length = int(fields[b"content-length"]) if b"content-length" in fields else None
    except ValueError:
        raise _Failed(Outcome.GARBLED) from None
    if length is not None:
        if not 0 <= length <= most:
            raise _Failed(Outcome.GARBLED)
        return await reader.readexactly(length)
    return await _to_the_end(reader, most)


async def _to_the_end(reader: asyncio.StreamReader, most: int) -> bytes:
    content = b""
    while piece := await reader.read(65_536):
        content += piece
        if len(content) > most:
            raise _Failed(Outcome.GARBLED)
    return content


async def _chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    content = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        if size < 0 or len(content) + size > most:
            raise _Failed(Outcome.GARBLED)
        content += await reader.readexactly(size)
        await reader.readline()
    return content


async def _resolved(parts: SplitResult, loopback: bool) -> str:
    """The one address that is judged and then connected to; a name with a forbidden one among its
    is refused."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    addresses = [webhook_targets.address_of(info[4][0]) for info in found]
    if not addresses or not all(
        a and webhook_targets.allowed(a, loopback=loopback) for a in addresses
    ):
        raise _Failed(Outcome.FORBIDDEN)
    return str(addresses[0])


def _head(parts: SplitResult, headers: Mapping[str, str], length: int) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    own = {"host": host, "content-length": str(length), "connection": "close"}
    lines = [
        f"POST {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (own | dict(headers)).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _status(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Of the final answer, with its head: a "100 Continue" may come first."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            version, status = head.split(None, 2)[:2]
            code = int(status)
        except (ValueError, asyncio.LimitOverrunError):
            raise _Failed(Outcome.GARBLED) from None
        if not version.startswith(b"HTTP/1.") or not 100 <= code <= 599:
            raise _Failed(Outcome.GARBLED)
        if code >= 200:
            return code, head
