"""F-27: every route × method × hostile host, size, text, number, date, id, header and body: nothing is ever a 5xx."""

import uuid
from collections import Counter

import pytest
from django.db import transaction
from django.test import Client

from marketplace import access
from repurchase import counting
from tests import world
from tests.chaos.sizes import LEVEL, say
from tests.repurchase import hostile_requests, real_rows
from tests.repurchase.test_strangers import ROUTES

pytestmark = pytest.mark.django_db
SEED = 20261201
CASES = 300


@pytest.fixture
def rows(store, alice):
    return real_rows.make(store, alice)


@pytest.fixture
def clients(rows):
    """Each persona's own browser or program; what it does is answered, never raised."""
    staff = world.user("reviewer@example.com", is_staff=True)
    staff.user_permissions.set(world.reviewing_permissions())
    people = {"seller": rows.owner, "reviewer": staff}
    people["admin"] = world.user("admin@example.com", is_staff=True, is_superuser=True)
    found = {name: Client(raise_request_exception=False) for name in hostile_requests.PERSONAS}
    for name, person in people.items():
        found[name].force_login(person)
    key = access.new_api_key(store=rows.store, name="hostile", scopes=["read", "write"], by=rows.owner)
    found["key"].defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return found


def status_of(client: Client, one: hostile_requests.Try, rows: real_rows.Rows) -> int:
    """What is answered; nothing of it stays."""
    counting.shared().key_prefix = f"test:{uuid.uuid4()}"
    asked = hostile_requests.request(one, rows)
    cookies = client.cookies.copy()
    client.handler.enforce_csrf_checks = one.dice.random() < 0.1
    try:
        with transaction.atomic():
            answer = client.generic(**asked)
            transaction.set_rollback(True)
    finally:
        client.cookies = cookies
    return answer.status_code


def test_no_hostile_request_is_a_failure_of_ours(rows, clients):
    every = hostile_requests.every(ROUTES)
    tries = list(every) if LEVEL else hostile_requests.some(ROUTES, CASES, SEED)
    seen, failed = Counter(), []
    for one in tries:
        status = status_of(clients[one.persona], one, rows)
        seen[status] += 1
        if status >= 500:
            failed.append((status, one))
    say(f"F-27: {len(tries)} requests, {dict(sorted(seen.items()))}")
    assert not failed, "\n".join(map(str, failed[:40]))
