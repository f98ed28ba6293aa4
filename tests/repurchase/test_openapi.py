"""The published schema: without warnings, and kept by what the API really answers (schemathesis,
bounded)."""

import os
from datetime import timedelta
from io import StringIO

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi

from marketplace import clock
from repurchase.integration.api.auth import KeyThrottle
from tests import world
from tests.repurchase import paid

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "4"))
"""Of each operation; `make chaos` asks for more."""
ENDLESS = ["stream_events"]
CHECKED = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]


class TestTheSchema:
    def test_is_openapi_3_1_and_made_without_a_warning(self):
        out = StringIO()
        call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
        assert out.getvalue().startswith("openapi: 3.1.")

    def test_checks_are_those_of_schemathesis(self):
        assert {check.__name__ for check in CHECKED} <= set(CHECKS.get_all_names())


@pytest.fixture(autouse=True)
def _unthrottled(monkeypatch):
    """Else most of many examples would be answered by 429, and find nothing."""
    monkeypatch.setattr(KeyThrottle, "rate", "1000000/min")


@pytest.fixture
def api_schema(db):
    """The application as a server calls it, but for the connection, which is the test's (Django's
    client does so too)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def key(db) -> str:
    """Of a store in which there is something of everything."""
    store = world.store()
    store.clock_offset = world.NOW - clock.now()
    store.save()
    paid.released(store)
    paid.invoiced(store, country="FR")
    return world.key(store)


def faults(operation, key: str) -> str:
    """What schemathesis finds wrong with the answers of one operation; "" when nothing."""

    @settings(
        max_examples=EXAMPLES,
        deadline=timedelta(seconds=30),
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKED)

    try:
        run()
    except FailureGroup as found:
        return f"{operation.label}: {'; '.join(str(each)[:400] for each in found.exceptions)}"
    return ""


class TestEveryOperation:
    def test_keeps_to_the_schema(self, api_schema, key):
        """schemathesis has no mark for this pytest; so the operations are gone through by hand."""
        operations = [
            each.ok() for each in api_schema.exclude(operation_id=ENDLESS).get_all_operations()
        ]
        assert len(operations) > 40
        assert [fault for fault in (faults(each, key) for each in operations) if fault] == []
