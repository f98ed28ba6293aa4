"""GET, HEAD and OPTIONS write nothing: every address, as every role, by key, by link and in the
administration.

Each is asked for with rows that are really there, and has to answer: what is not found could not
write. Which statements would write is read off the connection, whatever comes of them; and the
tables are compared as well.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test import RequestFactory

from marketplace.models import Quarantined, Role
from outbox import files
from qualification import storage
from qualification.models import Upload
from tests import world
from tests.qualification import test_uploading
from tests.repurchase import test_strangers as strangers
from tests.repurchase.real_rows import Rows
from tests.repurchase.test_strangers import everything

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

ANSWERS = (200, 202, 302, 405)
OTHERWISE = {
    "readyz": 503,  # no worker runs
    "api/v1/": 404,  # nothing lies there
}
NO_PAGES = {
    "admin/login/": 302,  # whoever is signed in is sent on
    "admin/logout/": 405,
    "admin/r/<path:content_type_id>/<path:object_id>/": 404,  # no row has a page outside
    "admin/(?P<url>.*)$": 404,  # whatever is no page
}
ASKED_WITH = {
    "admin/autocomplete/": "?app_label=marketplace&model_name=sku&field_name=production_group&term=g"
}
"""What these addresses don't answer without."""

PAGES = sorted(strangers.OF_A_STORE | strangers.PUBLIC)
OF_A_KEY = sorted(strangers.OF_A_KEY)
OF_A_LINK = sorted(strangers.OF_A_LINK)


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


def walk(client, routes, rows: Rows, methods=("GET",), *, answers=ANSWERS, **headers) -> None:
    """Asks for each address and wants one of these answers from it."""
    guilty, silent = {}, {}
    for route in routes:
        asked = f"?store={rows.store.pk}" if route == "events/" else ""
        for method in methods:
            client.raise_request_exception = method != "OPTIONS"
            with watched() as wrote:
                answer = client.generic(method, rows.address(route) + asked, headers=headers)
                if answer.streaming:
                    b"".join(answer.streaming_content)
            if answer.status_code not in (OTHERWISE.get(route), *answers):
                silent[method, route] = answer.status_code
            if wrote:
                guilty[method, route] = wrote
    assert guilty == {}
    assert silent == {}


real = strangers.real


class TestThePages:
    def test_of_a_store_write_nothing_whoever_looks(self, client, real):
        for role in Role.values:
            client.force_login(world.member(real.store, role))
            before = everything()
            walk(client, PAGES, real, answers=ANSWERS if role == Role.OWNER else (*ANSWERS, 403))
            assert everything() == before

    def test_write_nothing_however_they_are_looked_at(self, client, real, alice):
        client.force_login(alice)
        before = everything()
        walk(client, PAGES, real, methods=("HEAD", "OPTIONS"))
        walk(client, PAGES, real, **{"HX-Request": "true"})
        assert everything() == before

    def test_write_nothing_when_every_deadline_has_passed(self, client, real, alice):
        """What is read then is another state; that it is so is written by the sweep alone."""
        real.store.clock_offset += dt.timedelta(days=30)
        real.store.save()
        client.force_login(alice)
        before = everything()
        walk(client, PAGES, real)
        walk(client, OF_A_LINK, real)
        assert everything() == before

    def test_of_the_buyer_write_nothing(self, client, real):
        before = everything()
        walk(client, OF_A_LINK, real, methods=("GET", "HEAD", "OPTIONS"))
        assert everything() == before


class TestTheAdministration:
    """Of every model that it shows there is a row, so that no page is left out."""

    @pytest.fixture
    def filled(self, real, settings, tmp_path) -> Rows:
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(tmp_path)},
            }
        }
        for model in admin.site._registry:
            first_of(model)
        upload = Upload.objects.get(key=real.values["key"])
        files.save_under_key(upload.stored, test_uploading.sample())
        storage.save_page(upload.folder, 1, b"a picture")
        return real

    def test_writes_nothing(self, client, filled):
        user = world.user(is_staff=True, is_superuser=True)
        client.force_login(user)
        client.raise_request_exception = False
        request = RequestFactory().get("/admin/")
        request.user = user
        before, wrong, guilty = everything(), {}, {}
        for route in strangers.ADMIN:
            with watched() as wrote:
                answer = client.get(filled.address(route) + ASKED_WITH.get(route, ""))
            if answer.status_code != NO_PAGES.get(route, expected(route, request)):
                wrong[route] = answer.status_code
            if wrote:
                guilty[route] = wrote
        assert guilty == {}
        assert wrong == {}
        assert everything() == before


def expected(route: str, request) -> int:
    """A row's own address leads to its page; what may not be added or deleted has no page to do
    so."""
    for model, shown in admin.site._registry.items():
        path = f"admin/{model._meta.app_label}/{model._meta.model_name}/"
        if route == f"{path}<path:object_id>/":
            return 302
        if route == f"{path}add/":
            return 200 if shown.has_add_permission(request) else 403
        if route == f"{path}<path:object_id>/delete/":
            return 200 if shown.has_delete_permission(request, first_of(model)) else 403
    return 200


AS_IT_MUST_BE = {Quarantined: {"kind": "close"}}
"""What the database asks of a row beyond its columns: a rate hangs on a publication, a close on
none."""


def first_of(model: type[models.Model]) -> models.Model:
    """A row of it, made up of whatever its columns take where there is none."""
    if row := model._default_manager.order_by("pk").first():
        return row
    needed = [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.null or field.blank or field.has_default())
    ]
    values = {field.name: something_for(field) for field in needed}
    return model._default_manager.create(**values | AS_IT_MUST_BE.get(model, {}))


def something_for(field: models.Field) -> object:
    if isinstance(field, models.ForeignKey):
        return first_of(field.related_model)
    if field.choices:
        return field.choices[0][0]
    kinds = {
        models.DateTimeField: world.NOW,
        models.DateField: world.NOW.date(),
        models.BooleanField: True,
        models.IntegerField: 1,
        models.DecimalField: 1,
        models.JSONField: {},
        models.GenericIPAddressField: "127.0.0.1",
    }
    return next((value for kind, value in kinds.items() if isinstance(field, kind)), "x")


class TestTheApi:
    @pytest.mark.parametrize("scopes", [["read"], ["read", "write"]])
    def test_writes_nothing(self, client, real, scopes):
        key = world.key(real.store, *scopes)
        before = everything()
        walk(
            client,
            OF_A_KEY,
            real,
            methods=("GET", "HEAD", "OPTIONS"),
            Authorization=f"Bearer {key}",
            **{"X-ERP-Client": "mango/5.3"},
        )
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
