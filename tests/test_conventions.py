"""What every model and setting keeps to."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.models import CheckConstraint

from tests.no_floats import MONEY, floats_in

OURS = [
    m
    for m in apps.get_models()
    if m._meta.app_label
    in {
        "diagnostics",
        "outbox",
        "marketplace",
        "qualification",
        "eligibility",
        "pricing",
        "repurchase",
    }
]
OF_THE_PLATFORM = {
    "User", "Store", "Category", "CommissionRate", "CarrierService", "Lane", "FxRateSet", "FxRate", "IndexClose",
    "TaxRate", "PolicyValue", "RegistrationRequirement", "Heartbeat", "Embargo", "ScreenedParty",
    "Workday", "ErpProduct", "Quarantined", "PartyQuestion", "PartyVote",
}  # fmt: skip


def unbound(model: type[models.Model]) -> Iterator[str]:
    names = {f.name: f for f in model._meta.get_fields() if isinstance(f, models.Field)}
    checks = "".join(
        str(c.condition) for c in model._meta.constraints if isinstance(c, CheckConstraint)
    )
    for name, f in names.items():
        by = f"{name.removesuffix('_at')}_by"
        if (
            name.endswith("_at")
            and f.null
            and by in names
            and not (name in checks and by in checks)
        ):
            yield f"{model.__name__}.{name}"


class TestEveryModel:
    def test_binds_when_and_by_whom_together(self):
        """A nullable `x_at` beside an `x_by` needs a constraint that knows both."""
        assert [pair for model in OURS for pair in unbound(model)] == []

    def test_of_a_tenant_carries_its_store(self):
        of_a_tenant = [m for m in OURS if m.__name__ not in OF_THE_PLATFORM]
        assert len(of_a_tenant) > 50
        without = [
            model.__name__
            for model in of_a_tenant
            if not {"store", "store_id"} & {f.name for f in model._meta.get_fields()}
        ]
        assert without == []

    def test_holds_no_float(self):
        assert [
            f for m in OURS for f in m._meta.get_fields() if isinstance(f, models.FloatField)
        ] == []


@pytest.mark.django_db
class TestTheDatabase:
    def test_is_postgresql_by_psycopg2(self):
        connection.ensure_connection()
        assert connection.vendor == "postgresql"
        assert type(connection.connection).__module__.split(".")[0] == "psycopg2"

    def test_needs_no_migration(self):
        from django.core.management import call_command

        call_command("makemigrations", "--check", "--dry-run", verbosity=0)


class TestTheContentPolicy:
    def test_allows_nothing_inline_and_nothing_from_elsewhere(self):
        policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        assert policy["default-src"] == ["'self'"]
        assert not {"script-src", "style-src"} & set(policy)


ROOT = Path(settings.BASE_DIR)


class TestMoney:
    def test_is_never_a_float(self):
        """R-58 to R-68: whole minor units, Decimal and Fraction only; `make lint` says the same."""
        assert len(MONEY) >= 100
        floats = {str(path): list(floats_in(path.read_text(encoding="utf-8"))) for path in MONEY}
        assert {path: found for path, found in floats.items() if found} == {}

    @pytest.mark.parametrize(
        "source", ["x = 0.1", "x = float(y)", "x = round(y)", "def f(x: float): ..."]
    )
    def test_would_be_found_out_if_it_were(self, source):
        assert list(floats_in(source))


class TestEveryTrackedFile:
    def test_is_free_of_the_marks_of_a_merge(self):
        marks = ["-e", "^<<<<<<< ", "-e", "^>>>>>>> "]
        found = subprocess.run(
            ["git", "grep", "-nIE", *marks], cwd=ROOT, capture_output=True, text=True
        )
        assert found.stdout == ""
