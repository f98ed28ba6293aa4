"""Frozen rows are refused to the roles `web` and `worker`, table by table: by their rights, and by
a trigger (issue 15)."""

import datetime as dt
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import psycopg2
import pytest
from django.apps import apps
from django.db import connection

from diagnostics.append_only import APPEND_ONLY_MODELS
from marketplace.models import (
    Membership,
    PolicyValue,
    PriceListEntry,
    Quarantined,
    RegistrationRequirement,
)
from repurchase.confirmation.services import renegotiation
from repurchase.embedded import servers
from repurchase.fulfilment.services import payment_terms
from tests import world
from tests.beside import ROOT
from tests.diagnostics.tampering import other, prepared
from tests.repurchase import talking
from tests.repurchase.sealing import confirmed, sealed

ROLES = ("web", "worker")
TABLES = sorted(model._meta.db_table for model in APPEND_ONLY_MODELS)
DATED_BUT_NOT_FROZEN = {
    "marketplace_embargo": "mirrored law; every decision keeps the entry that it was made by (screening records)",
    "marketplace_registration": "a store's own numbers, mirrored; a locked order keeps its tax code",
}
"""With a first day in force, and yet changed: why."""
REFUSED = r"FROZEN|append-only|PRICE_LOCKED|LOCK_SPAN"
DATED = ("valid_from", "published_on", "closed_on", "per_euro")


def model_of(table: str):
    return next(model for model in APPEND_ONLY_MODELS if model._meta.db_table == table)


def test_every_table_with_a_day_in_force_is_frozen_or_says_why_not():
    for model in apps.get_models():
        dated = {field.name for field in model._meta.get_fields()} & set(DATED)
        if dated and model not in APPEND_ONLY_MODELS:
            assert model._meta.db_table in DATED_BUT_NOT_FROZEN, model


def test_names_only_columns_that_there_are():
    for model, names in APPEND_ONLY_MODELS.items():
        assert names <= {field.attname for field in model._meta.concrete_fields}, model


@pytest.fixture(scope="module")
def fresh() -> Iterator[str]:
    """A database as it is set up in production: roles.sql by a superuser, then the owner's
    migrations. Its URL."""
    url = os.environ["DATABASE_URL"]
    socket_dir, name = parse_qs(urlparse(url).query)["host"][0], f"roles_{uuid.uuid4().hex[:12]}"
    with servers._superuser_cursor(socket_dir, "postgres") as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        with servers._superuser_cursor(socket_dir, name) as cursor:
            cursor.execute(servers.ROLES.read_text())
        fresh_url = re.sub(r"@/\w+\?", f"@/{name}?", url)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            check=True,
            env={**os.environ, "DATABASE_URL": fresh_url},
        )
        yield fresh_url
    finally:
        with servers._superuser_cursor(socket_dir, "postgres") as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def signed_in(url: str, role: str):
    made = psycopg2.connect(url.replace("//owner@", f"//{role}@"))
    made.autocommit = True
    return made


@pytest.mark.parametrize("role", ROLES)
class TestTheRightsOfARole:
    @pytest.fixture
    def cursor(self, fresh, role):
        made = signed_in(fresh, role)
        with made.cursor() as cursor:
            yield cursor
        made.close()

    @pytest.mark.parametrize("table", TABLES)
    def test_are_to_read_and_to_add_never_to_delete(self, cursor, role, table):
        cursor.execute(f"SELECT count(*) FROM {table}")
        for verb in ("DELETE FROM", "TRUNCATE"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"{verb} {table}")
        cursor.execute("SELECT has_table_privilege(%s, 'INSERT')", [table])
        assert cursor.fetchone()[0]

    @pytest.mark.parametrize("table", [t for t in TABLES if not APPEND_ONLY_MODELS[model_of(t)]])
    def test_are_not_to_update(self, cursor, role, table):
        column = model_of(table)._meta.pk.attname
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(f"UPDATE {table} SET {column} = {column}")

    def test_are_those_of_every_table_that_is_not_frozen(self, cursor, role):
        """What the walk would miss: a right that was taken away elsewhere, or a guard that grew
        too wide."""
        cursor.execute("SELECT has_table_privilege('marketplace_sku', 'UPDATE')")
        assert cursor.fetchone()[0]

    def test_let_a_new_version_close_the_one_before(self, fresh, role, cursor):
        """By the owner's function: the role itself may not."""
        program = (
            "import django; django.setup()\n"
            "import datetime as dt\n"
            "from marketplace import clock\n"
            "from marketplace.mirror import tariffs\n"
            "from marketplace.models import TaxRate\n"
            "for year in (2024, 2026, 2025):\n"
            "    tariffs.begin(TaxRate(country='XX', category='S', rate='0.19', source='t', mirrored_at=clock.now(),\n"
            f"        region='{role}', valid_from=dt.date(year, 1, 1)))\n"
        )
        url = fresh.replace("//owner@", f"//{role}@")
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "repurchase.embedded.settings",
        }
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, env=environment)
        cursor.execute(
            "SELECT valid_from, valid_until FROM marketplace_taxrate WHERE region = %s ORDER BY 1",
            [role],
        )
        days = [dt.date(year, 1, 1) for year in (2024, 2025, 2026)]
        assert cursor.fetchall() == [(days[0], days[1]), (days[1], days[2]), (days[2], None)]

    def test_let_nobody_close_a_version_of_something_else(self, cursor, role):
        with pytest.raises(psycopg2.errors.RaiseException, match="holds no tariffs"):
            cursor.execute("SELECT close_the_version_before('marketplace_fxrate', 1)")


def rows_of_every_table(alice, bob) -> None:
    store, second = alice.memberships.get().store, world.store()
    for each in (store, second):
        world.move_clock(each, world.NOW)
    sealed(confirmed(store, by=f"user:{alice.pk}"))
    Membership.objects.create(user=alice, store=second, role="owner")
    Membership.objects.create(user=bob, store=second, role="owner")
    found = talking.renegotiated(second, by=f"user:{alice.pk}")
    offered = talking.offer(found, "-4", user=alice)
    renegotiation.approve(renegotiation=found, digest=offered.digest, by=f"user:{bob.pk}")
    renegotiation.remark(renegotiation=found, actor=renegotiation.seller_actor(alice), text="Well?")
    talking.sign_as_seller(found, alice)
    PolicyValue.objects.create(name="lock_hours", value="72", valid_from=world.NOW, reason="r")
    RegistrationRequirement.objects.create(
        scheme="EPR", country="DE", jurisdiction="EU", valid_from=world.TODAY, reference="r"
    )
    payment_terms.set_terms(
        buyer=found.lock.buyer, open_account_from_now=True, reason="r", by="user:1"
    )
    Quarantined.objects.create(
        kind="close",
        source="s",
        name="CRB",
        day=world.TODAY,
        text="0",
        reason="zero",
        arrived_at=world.NOW,
    )
    assert PriceListEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_role_that_had_every_right_is_refused_all_the_same(alice, bob):
    """The second wall: each column of each table, and each row, under grants that nobody should
    have given."""
    rows_of_every_table(alice, bob)
    settings = connection.settings_dict
    with servers._superuser_cursor(
        settings["OPTIONS"].get("host") or settings["HOST"], settings["NAME"]
    ) as cursor:
        cursor.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO web, worker"
        )
        cursor.execute("GRANT USAGE ON SCHEMA public TO web, worker")
        for role in ROLES:
            cursor.execute(f"SET ROLE {role}")
            for model, may_change in APPEND_ONLY_MODELS.items():
                refuses_every_change(cursor, model, may_change)
            cursor.execute("RESET ROLE")


def refuses_every_change(cursor, model, may_change) -> None:
    table, pk = model._meta.db_table, model._meta.pk
    row = model._base_manager.order_by("pk").first()
    assert row is not None, f"{table} has no row to try it on"
    with pytest.raises(psycopg2.Error, match=REFUSED):
        cursor.execute(f"DELETE FROM {table} WHERE {pk.attname} = %s", [prepared(pk, row.pk)])
    for field in model._meta.concrete_fields:
        if field.attname in may_change:
            continue
        value = prepared(field, other(getattr(row, field.attname), field))
        with pytest.raises(psycopg2.Error, match=REFUSED):
            cursor.execute(
                f'UPDATE {table} SET "{field.attname}" = %s WHERE {pk.attname} = %s',
                [value, prepared(pk, row.pk)],
            )
