"""Tests run on the private PostgreSQL and Redis that `make test` starts (ADR 1); nothing of ours
is mocked."""

import os
import uuid

import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.utils.translation import trans_real
from xdist.scheduler import LoadScopeScheduling

from repurchase.management.commands.compile_messages import compile_all
from repurchase.site import rate_limits
from tests import world

FIRST = ("tests/journeys/", "tests/chaos/")
DATABASE_FIXTURES = {"db", "transactional_db", "fresh"}  # fresh: a database of its own

# Another machine's load makes generating slow; it says nothing about the product.
hypothesis.settings.register_profile(
    "full", suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "quick", hypothesis.settings.get_profile("full"), max_examples=20
)
hypothesis.settings.load_profile("full")


def pytest_configure(config: pytest.Config) -> None:
    """Chinese is what pages speak first; its texts are compiled once, and what was loaded before
    is forgotten."""
    config.addinivalue_line("markers", "database: needs PostgreSQL (set on whatever does)")
    config.addinivalue_line(
        "markers", "programs: starts programs, reads pictures or opens a browser"
    )
    settings.PASSWORD_HASHERS = ["tests.hashers.Quick"]
    if compile_all():
        trans_real._translations.clear()
        trans_real._default = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that the workers end together; `make test-fast` chooses
    by the marks."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))
    for item in items:
        if item.nodeid.startswith(FIRST):
            item.add_marker("programs")
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(item.fixturenames):
            item.add_marker("database")


class OnePortal(LoadScopeScheduling):
    """All journeys go to one worker: a portal takes a minute to load, and its processes take a
    core."""

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if nodeid.startswith("tests/journeys/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> OnePortal:
    return OnePortal(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix) -> None:
    """Each worker's database is a clone of the one that `with --temporary` has migrated; elsewhere
    it is migrated here."""
    template = os.environ.get("TEMPLATE_DATABASE")
    if template:
        connections["default"].settings_dict["TEST"] |= {"TEMPLATE": template, "MIGRATE": False}


@pytest.fixture(autouse=True)
def _counted_apart():
    """Each test counts calls from nought, whoever else uses this Redis."""
    rate_limits.shared_cache().key_prefix = f"test:{uuid.uuid4()}"


@pytest.fixture
def store(db):
    return world.store()


@pytest.fixture
def alice(store):
    return world.member(store, "owner", "alice@example.com")


@pytest.fixture
def bob(store):
    return world.member(store, "operator", "bob@example.com")


@pytest.fixture
def charlie(db):
    """A member of another store."""
    return world.member(world.store(), "owner", "charlie@example.com")
