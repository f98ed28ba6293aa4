"""GET, HEAD and OPTIONS write nothing: every address, as every role, by key, by link and in the administration.

Which statements would write is read off the connection, whatever comes of them; and the tables are compared as well.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.db import connection

from marketplace.models import Role
from pricing import signing
from pricing.models import Grant, Lock
from tests import world
from tests.pricing.locked import renegotiate
from tests.repurchase import test_strangers as strangers
from tests.repurchase.test_strangers import address, everything

alices = strangers.alices

pytestmark = pytest.mark.django_db
WRITING = re.compile(
    r"\b(?:INSERT INTO|DELETE FROM|MERGE INTO|TRUNCATE(?: TABLE)?|COPY|(?<!FOR )(?<!KEY )(?<!DO )UPDATE)"
    r"\s+(?:ONLY\s+)?\"?([a-z_]\w*)",
    re.IGNORECASE,
)
ALLOWED = {
    "django_session": "who signs in, and in which language, stays so",
    "marketplace_apikey": "when a key was last used, once a minute",
}
"""What a look may leave behind, and why: nothing of a store's business."""

WITHOUT_A_WORKER = {"readyz"}
"""It says 503 in a test, where no worker runs."""

PAGES = sorted(strangers.OF_A_STORE | strangers.PUBLIC)
OF_A_KEY = sorted(strangers.OF_A_KEY)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """The statements that write to anything but what is allowed."""
    wrote: list[str] = []

    def look(execute, sql, params, many, context):
        if any(table.lower() not in ALLOWED for table in WRITING.findall(sql)) or "setval(" in sql:
            wrote.append(sql[:300])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield wrote


def walk(client, routes, rows, methods=("GET",), **headers) -> None:
    """Asks for each address; `rows` says how her rows are named."""
    guilty = {}
    for route in routes:
        for method in methods:
            client.raise_request_exception = method != "OPTIONS"
            with watched() as wrote:
                answer = client.generic(method, address(route, rows), headers=headers)
                if answer.streaming:
                    b"".join(answer.streaming_content)
            fails = answer.status_code >= 500 and method != "OPTIONS" and route not in WITHOUT_A_WORKER
            assert not fails, (method, route)
            if wrote:
                guilty[method, route] = wrote
    assert guilty == {}


@pytest.fixture
def talking(alices):
    """A lock of hers is under renegotiation, and her buyer has a link."""
    talks = renegotiate(Lock.objects.get())
    return alices | {"talks": talks.pk, "link": signing.token_of(Grant.objects.get())}


class TestThePages:
    @pytest.mark.parametrize("role", Role.values)
    def test_of_a_store_write_nothing(self, client, store, talking, role):
        client.force_login(world.member(store, role))
        before = everything()
        walk(client, PAGES, talking)
        walk(client, ["renegotiations/<uuid:pk>/"], talking | {"agreement": talking["talks"]})
        assert everything() == before

    def test_write_nothing_however_they_are_looked_at(self, client, store, talking, alice):
        client.force_login(alice)
        before = everything()
        walk(client, PAGES, talking, methods=("HEAD", "OPTIONS"))
        walk(client, PAGES, talking, **{"HX-Request": "true"})
        assert everything() == before

    def test_write_nothing_when_every_deadline_has_passed(self, client, store, talking, alice):
        """What is read then is another state; that it is so is written by the sweep alone."""
        store.clock_offset += dt.timedelta(days=30)
        store.save()
        client.force_login(alice)
        before = everything()
        walk(client, PAGES, talking)
        walk(client, ["b/<str:token>/"], talking)
        assert everything() == before

    def test_of_the_buyer_write_nothing(self, client, talking):
        before = everything()
        for method in ("GET", "HEAD", "OPTIONS"):
            for path in ("", f"renegotiations/{talking['talks']}/", f"agreements/{talking['talks']}.pdf"):
                with watched() as wrote:
                    answer = client.generic(method, f"/b/{talking['link']}/{path}")
                assert answer.status_code < 500
                assert wrote == [], (method, path)
        assert everything() == before

    def test_of_the_administration_write_nothing(self, client, talking):
        client.force_login(world.user(is_staff=True, is_superuser=True))
        plain = [
            r
            for r in strangers.ADMIN
            if "<" not in r and "^" not in r and "?P" not in r and "logout" not in r
        ]
        assert len(plain) > 40
        before = everything()
        walk(client, plain, talking)
        assert everything() == before


class TestTheApi:
    @pytest.mark.parametrize("scopes", [["read"], ["read", "write"]])
    def test_writes_nothing(self, client, store, talking, scopes):
        key = world.key(store, *scopes)
        before = everything()
        walk(
            client, OF_A_KEY, talking, methods=("GET", "HEAD", "OPTIONS"), Authorization=f"Bearer {key}",
            **{"X-ERP-Client": "mango/5.3"},
        )  # fmt: skip
        assert everything() == before


class TestTheWatch:
    """It would see a write."""

    @pytest.mark.parametrize(
        ("sql", "tables"),
        [
            ('INSERT INTO "repurchase_batch" ("id") VALUES (1)', ["repurchase_batch"]),
            ('UPDATE "pricing_lock" SET "status" = 1', ["pricing_lock"]),
            ("WITH x AS (SELECT 1) DELETE FROM outbox_event", ["outbox_event"]),
            ('SELECT 1 FROM "pricing_lock" FOR UPDATE OF "pricing_lock"', []),
            ('SELECT 1 FROM "pricing_lock" FOR NO KEY UPDATE', []),
        ],
    )
    def test_tells_what_writes_from_what_only_locks(self, sql, tables):
        assert WRITING.findall(sql) == tables
