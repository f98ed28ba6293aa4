"""Bodies without an end, against the application as uvicorn calls it."""

import asyncio
import json

import pytest

from repurchase.asgi import application
from repurchase.site import body_limit
from repurchase.site.body_limit import (
    BULK_LIMIT,
    DEFAULT_LIMIT,
    DOCUMENT_LIMIT,
    FORM_OVERHEAD,
    MIB,
    PAYMENTS_LIMIT,
    TOO_LARGE_KEY,
    limit_for_path,
    limit_request_bodies,
)

PIECE = 64 * 1024


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/", DEFAULT_LIMIT),
        ("/sign-in/", DEFAULT_LIMIT),
        ("/api/v1/batches/", DEFAULT_LIMIT),
        ("/api/v1/inventory/", BULK_LIMIT),
        ("/api/v1/responses/", BULK_LIMIT),
        ("/api/v1/payments/", BULK_LIMIT),
        ("/api/v1/payments/5/reverse/", DEFAULT_LIMIT),
        ("/api/v1/qualification/documents/", DOCUMENT_LIMIT + FORM_OVERHEAD),
        ("/qualification/documents/", DOCUMENT_LIMIT + FORM_OVERHEAD),
        ("/payments/", PAYMENTS_LIMIT + FORM_OVERHEAD),
        ("/payments/terms/", DEFAULT_LIMIT),
        ("/verify/", 21 * MIB),
    ],
)
def test_each_address_has_its_limit(path, limit):
    assert limit_for_path(path) == limit


async def echo(scope, receive, send):
    """Takes a body to its end, and says how long it was, or which limit it broke."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(scope.get(TOO_LARGE_KEY, size)).encode()})


def answer(
    inner, pieces: list[int], *, declared: str | None = None, path: str = "/", **headers: str
):
    """(status, headers, body, how many bytes were taken in)."""
    waiting = [{"type": "http.request", "body": b"x" * n, "more_body": True} for n in pieces]
    waiting[-1]["more_body"] = False
    taken, sent = [], []

    async def receive():
        if not waiting:
            await asyncio.Event().wait()
        taken.append(len(waiting[0]["body"]))
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    given = {"host": "localhost", "content-type": "application/json"} | headers
    given |= {"content-length": declared} if declared is not None else {}
    scope = {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "method": "POST",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    asyncio.run(inner(scope, receive, send))
    body = b"".join(message["body"] for message in sent[1:])
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, body, sum(taken)


class TestABody:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch):
        monkeypatch.setattr(body_limit, "DEFAULT_LIMIT", 1000)

    @pytest.mark.parametrize(
        ("pieces", "declared"), [([1000], "1000"), ([400, 600], None), ([0], None), ([5], "x")]
    )
    def test_of_a_size_that_is_taken_goes_through(self, pieces, declared):
        assert (
            answer(limit_request_bodies(echo), pieces, declared=declared)[2]
            == str(sum(pieces)).encode()
        )

    @pytest.mark.parametrize(
        ("pieces", "declared"),
        [([0], "1001"), ([600, 401], None), ([1001], "10"), ([500] * 9, None)],
    )
    def test_that_is_larger_ends_at_once_and_the_limit_is_told(self, pieces, declared):
        assert answer(limit_request_bodies(echo), pieces, declared=declared)[2] == b"1000"


class TestTheApplication:
    """Without a row of the database: what is too large is refused before anybody is asked who they
    are."""

    @pytest.mark.parametrize("declared", [str(DEFAULT_LIMIT + 1), None])
    def test_answers_the_api_with_a_problem(self, declared):
        pieces = [PIECE] * (DEFAULT_LIMIT // PIECE) + [1]
        status, headers, body, taken = answer(
            application, pieces, declared=declared, path="/api/v1/batches/"
        )
        problem = json.loads(body)
        assert (status, headers["content-type"]) == (413, "application/problem+json")
        assert (problem["code"], problem["status"]) == ("INPUT_INVALID", 413)
        assert str(DEFAULT_LIMIT) in problem["detail"]
        assert headers["connection"] == "close"
        assert taken == (0 if declared else DEFAULT_LIMIT + 1)

    def test_answers_a_form_with_a_page(self):
        kind = {"content-type": "application/x-www-form-urlencoded"}
        status, headers, body, _ = answer(
            application, [1], declared=str(DEFAULT_LIMIT + 1), path="/sign-in/", **kind
        )
        assert (status, headers["content-type"]) == (413, "text/html; charset=utf-8")
        assert str(DEFAULT_LIMIT).encode() in body

    def test_takes_no_more_of_a_bulk_call_than_it_may_have(self):
        pieces = [PIECE] * (BULK_LIMIT // PIECE + 50)
        status, _, _, taken = answer(application, pieces, path="/api/v1/inventory/")
        assert status == 413
        assert taken <= BULK_LIMIT + PIECE
