"""F-27: every route × method × hostile host, size, text, number, date, id, header and body:
nothing is ever a 5xx."""

import datetime as dt
import uuid
from collections import Counter
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client

from marketplace import clock
from marketplace.models import CommissionRate, RateCard, TaxRate
from qualification.models import Upload
from repurchase.models import Heartbeat
from repurchase.site import rate_limits
from tests import world
from tests.chaos.sizes import LEVEL, say
from tests.repurchase import hostile_requests, real_rows
from tests.repurchase.test_strangers import ROUTES
from tests.wrapping import taken_back

pytestmark = pytest.mark.django_db
SEED = 20261201
CASES = 300


@pytest.fixture
def rows(store, alice):
    return real_rows.make(store, alice)


@pytest.fixture
def clients(rows):
    """Each persona's own browser or program; what it does is answered, never raised."""
    ahead = clock.now() + dt.timedelta(days=1)  # the timers live as long as this test does
    Heartbeat.objects.update_or_create(name="sweep", defaults={"beat_at": ahead})
    staff = world.user("reviewer@example.com", is_staff=True)
    staff.user_permissions.set(world.reviewing_permissions())
    people = {"seller": rows.owner, "reviewer": staff}
    people["admin"] = world.user("admin@example.com", is_staff=True, is_superuser=True)
    found = {name: Client(raise_request_exception=False) for name in hostile_requests.PERSONAS}
    for name, person in people.items():
        found[name].force_login(person)
    key = world.key(rows.store)
    found["key"].defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return found


def status_of(client: Client, one: hostile_requests.Try, rows: real_rows.Rows) -> int:
    """What is answered; nothing of it stays."""
    rate_limits.shared_cache().key_prefix = f"test:{uuid.uuid4()}"
    asked = hostile_requests.request(one, rows)
    cookies = client.cookies.copy()
    client.handler.enforce_csrf_checks = one.dice.random() < 0.1
    try:
        with taken_back():
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


class TestAHostThatIsNotOurs:
    @pytest.mark.parametrize("host", ["evil.example", "[::1", "localhost:x", "a" * 300, "lo_cal"])
    @pytest.mark.parametrize(
        "path", ["/", "/sign-in/", "/healthz", "/readyz", "/api/v1/batches/", "/admin/", "/b/x/"]
    )
    def test_is_told_so_in_words(self, path, host):
        answer = Client(raise_request_exception=False).get(
            path, headers={"host": host, "Accept-Language": "en"}
        )
        assert answer.status_code == 400
        assert "host" in answer.content.decode()
        api = path.startswith("/api/")
        assert answer["Content-Type"].startswith(
            "application/problem+json" if api else "text/plain"
        )

    @pytest.mark.parametrize("host", ["10.1.2.3", "10.1.2.3:8000", "[fd00::1]:8000", "[fd00::1]"])
    def test_is_an_address_where_a_probe_asks_for_health(self, client, host):
        assert client.get("/healthz", headers={"host": host}).content == b"ok"
        assert client.get("/readyz", headers={"host": host}).status_code in (200, 503)
        assert client.get("/sign-in/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "name", ["x" * 256, "x" * 100_000, "a\0b", "\ud800", "x@" + "y" * 254, "长" * 255]
)
@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/"])
def test_a_name_that_nobody_can_have_signs_in_nobody(name, path):
    client = Client(raise_request_exception=False)
    body = urlencode({"username": name, "password": "x"}, errors="surrogatepass")
    answer = client.post(path, body, "application/x-www-form-urlencoded")
    assert answer.status_code in (200, 302), answer.status_code
    assert "_auth_user_id" not in client.session


def test_who_may_only_look_sees_tariffs_and_changes_none(rows, clients):
    for model in (CommissionRate, TaxRate, RateCard):
        path = f"/admin/marketplace/{model._meta.model_name}/"
        pk, before = model.objects.first().pk, list(model.objects.values())
        pages = [
            clients["reviewer"].get(f"{path}{end}")
            for end in ("", f"{pk}/change/", "add/", f"{pk}/delete/")
        ]
        assert [page.status_code for page in pages] == [200, 200, 403, 403], model
        assert clients["reviewer"].post(f"{path}{pk}/change/", {"rate": "0"}).status_code == 403
        assert list(model.objects.values()) == before


def test_options_are_told_without_a_body_and_a_year_that_cannot_be_loses_nothing_typed(
    rows, clients
):
    for route in ROUTES:
        if route.startswith("api/v1/") and "schema" not in route and "docs" not in route:
            answer = clients["key"].options(rows.address(route))
            assert answer.status_code in (200, 404), route
            assert answer.status_code == 404 or "OPTIONS" in answer["Allow"], route
    key = Upload.objects.get(store=rows.store).key
    for year in ("202600000000", "0000", "10000", "９９９９９"):
        typed = {
            "act": "approve",
            "version": "1",
            f"ok:{key}:valid_until": "on",
            f"value:{key}:valid_until": f"{year}-10-10",
            f"ok:{key}:company": "on",
            f"value:{key}:company": "what was typed",
        }
        answer = clients["reviewer"].post(
            f"/admin/qualification/case/{rows.values['pk']}/desk/", typed
        )
        assert answer.status_code == 422
        assert "what was typed" in answer.content.decode()
