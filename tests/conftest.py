"""Tests run on the private PostgreSQL and Redis that `make test` starts (ADR 1); nothing of ours
is mocked."""

import uuid

import pytest
from django.conf import settings
from django.utils.translation import trans_real
from xdist.scheduler import LoadScopeScheduling

from repurchase.management.commands.compile_messages import compile_all
from repurchase.site import rate_limits
from tests import world


def pytest_configure() -> None:
    """Chinese is what pages speak first; its texts are compiled once, and what was loaded before
    is forgotten."""
    settings.PASSWORD_HASHERS = ["tests.hashers.Quick"]
    if compile_all():
        trans_real._translations.clear()
        trans_real._default = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that the workers end together."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/journeys/", "tests/chaos/")))


class OnePortal(LoadScopeScheduling):
    """All journeys go to one worker: a portal takes a minute to load, and its processes take a
    core."""

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if nodeid.startswith("tests/journeys/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> OnePortal:
    return OnePortal(config, log)


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
