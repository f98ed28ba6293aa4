"""Bodies without an end, against the application as uvicorn calls it."""

import asyncio
import json

import pytest

from repurchase.bodies import bounded

LARGEST = 1000


async def echo(scope, receive, send):
    """Takes a body to its end and says how long it was; a client that leaves gets no answer."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def answer(pieces: list[int], *, declared: str | None = None) -> tuple[int, bytes]:
    waiting = [{"type": "http.request", "body": bytes(n), "more_body": True} for n in pieces]
    waiting[-1]["more_body"] = False
    sent = []

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    headers = [(b"content-length", declared.encode())] if declared is not None else []
    scope = {"type": "http", "headers": headers}
    asyncio.run(bounded(echo, largest=LARGEST)(scope, receive, send))
    start, body = sent
    return start["status"], body["body"]


class TestABody:
    @pytest.mark.parametrize(
        ("pieces", "declared"), [([1000], "1000"), ([400, 600], None), ([0], None), ([5], "x")]
    )
    def test_of_a_size_that_is_taken_goes_through(self, pieces, declared):
        assert answer(pieces, declared=declared) == (200, str(sum(pieces)).encode())

    @pytest.mark.parametrize(
        ("pieces", "declared"), [([0], "1001"), ([600, 401], None), ([1001], "10"), ([500] * 9, None)]
    )
    def test_that_is_larger_is_refused(self, pieces, declared):
        status, body = answer(pieces, declared=declared)
        assert (status, json.loads(body)["status"]) == (413, 413)
