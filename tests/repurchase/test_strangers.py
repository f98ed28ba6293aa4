"""F-12: every URL × method × stranger, enumerated from the resolver. A new URL without a case
fails here."""

import io
import json
import re
import uuid
from collections.abc import Iterator
from itertools import product
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from marketplace.models import ApiKey, Sku, Store
from outbox import webhooks
from pricing import signing
from pricing.models import Grant, Lock
from qualification.models import Qualification
from qualification.readings import DocumentKind
from qualification.review import QualificationStatus
from repurchase.batches.services import batches, price_lock
from repurchase.integration.conformance import samples
from repurchase.models import Batch, DiagnosisReport, Payment
from repurchase.reporting.services import diagnosis_report
from tests import world
from tests.pricing.locked import renegotiate
from tests.qualification import test_uploading
from tests.repurchase import hostile_requests, real_rows
from tests.repurchase.real_rows import Rows
from tests.repurchase.running import run
from tests.repurchase.sealing import confirm, sealed
from tests.wrapping import taken_back

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOWHERE = {
    "ref": "BR-00000000", "buyer_id": 10**9, "order_ref": "BR-00000000-0001", "key_id": 10**9,
    "upload": "00000000-0000-0000-0000-000000000000", "webhook_id": uuid.UUID(int=1), "agreement": uuid.UUID(int=0),
    "report_id": 10**9,
}  # fmt: skip

# What anybody may see: it tells nothing about a store.
PUBLIC = {
    "sign-in/", "sign-out/", "language/setlang/", "codes/", "codes/<str:name>/", "healthz", "readyz", "mailbox/",
    "verify/", "schemas/repurchase-order-1.xsd", "api/v1/schema/", "api/v1/docs/",
}  # fmt: skip

# What a store's members see, with the values that address alice's rows.
OF_A_STORE = {
    "", "store/", "stock/", "benefits/", "qualification/", "qualification/documents/", "qualification/submit/",
    "qualification/documents/<uuid:key>/withdraw/", "orders/", "orders/selection/", "batches/", "simulator/rate/",
    "orders/buyers/<int:buyer_id>/", "orders/<ref:ref>/", "batches/<ref:ref>/", "batches/<ref:ref>/progress/",
    "batches/<ref:ref>/lock/", "batches/<ref:ref>/services/", "batches/<ref:ref>/rescreen/",
    "batches/<ref:ref>/edits/", "batches/<ref:ref>/cancel/", "batches/<ref:ref>/retry/", "batches/<ref:ref>/adopt/",
    "batches/<ref:ref>/refused.<fileform:form>",
    "renegotiations/", "renegotiations/alert/", "renegotiations/<uuid:pk>/",
    "batches/<ref:ref>/orders.xml", "fees/", "events/", "developers/",
    "developers/keys/<int:key_id>/grant/", "developers/keys/<int:key_id>/refuse/",
    "developers/keys/<int:key_id>/take-over/", "developers/keys/<int:key_id>/rotate/", "developers/keys/<int:key_id>/revoke/", "developers/webhooks/", "developers/webhooks/<uuid:webhook_id>/",
    "developers/webhooks/<uuid:webhook_id>/<webhookverb:verb>/", "batches/<ref:ref>/agreements/<uuid:pk>.pdf",
    "orders/<ref:ref>/diagnostics/", "batches/<ref:ref>/diagnostics/", "batches/<ref:ref>/fixes/",
    "figures/", "radar/", "orders/<ref:ref>/diagnostics.pdf", "batches/<ref:ref>/papers/", "batches/<ref:ref>/reports/", "batches/<ref:ref>/reports/<int:report_id>/",
    "batches/<ref:ref>/reports/<int:report_id>.pdf",
    "payments/", "payments/terms/", "payments/proformas/<uuid:pk>/",
    "payments/proformas/<uuid:pk>/call-off/", "payments/<uuid:pk>/reverse/",
    "batches/<ref:ref>/proformas/<uuid:pk>.pdf", "orders/<ref:ref>/payment/", "orders/<ref:ref>/release/",
    "orders/<ref:ref>/difference/", "erp/", "erp/responses/<uuid:pk>/", "developers/sandbox/", "developers/sandbox/runs/<uuid:pk>/",
    "developers/sandbox/samples/<str:name>",
}  # fmt: skip

OF_A_KEY = {
    "api/v1/batches/<ref:ref>/proformas/", "api/v1/batches/<ref:ref>/proformas/<uuid:pk>.pdf",
    "api/v1/orders/<ref:ref>/payments/", "api/v1/orders/<ref:ref>/release/", "api/v1/payments/",
    "api/v1/orders/<ref:ref>/difference/", "api/v1/payments/<uuid:pk>/reverse/", "api/v1/releases/", "api/v1/releases/acknowledgements/",
    "api/v1/shipments/", "api/v1/completions/", "api/v1/erp/",
    "api/v1/orders/<ref:ref>/order.xml", "api/v1/orders/<ref:ref>/responses/", "api/v1/responses/",
    "api/v1/sandbox/clock/",
    "api/v1/past-orders/", "api/v1/inventory/", "api/v1/screenings/",
    "api/v1/batches/", "api/v1/batches/<ref:ref>/", "api/v1/batches/<ref:ref>/orders/",
    "api/v1/batches/<ref:ref>/orders.xml", "api/v1/batches/<ref:ref>/lock/", "api/v1/batches/<ref:ref>/cancel/",
    "api/v1/batches/<ref:ref>/rescreen/", "api/v1/batches/<ref:ref>/retry/", "api/v1/batches/<ref:ref>/adopt/",
    "api/v1/batches/<ref:ref>/refused.<fileform:form>", "api/v1/orders/<ref:ref>/", "api/v1/qualification/", "api/v1/",
    "api/v1/qualification/documents/",
    "api/v1/fee-quotes/", "api/v1/orders/<ref:ref>/carrier-charges/",
    "api/v1/events/", "api/v1/webhooks/", "api/v1/webhooks/<uuid:webhook_id>/",
    "api/v1/webhooks/<uuid:webhook_id>/rotate/", "api/v1/webhooks/<uuid:webhook_id>/replay/",
    "api/v1/webhooks/<uuid:webhook_id>/deliveries/",
    "api/v1/orders/<ref:ref>/diagnostics/", "api/v1/batches/<ref:ref>/diagnostics/",
    "api/v1/batches/<ref:ref>/fixes/", "api/v1/orders/<ref:ref>/diagnostics.pdf",
}  # fmt: skip

# What names no row in its address: a key's own, so a stranger's key finds or writes nothing of
# alice's.
LISTS_OF_A_KEY = {
    "api/v1/", "api/v1/past-orders/", "api/v1/batches/", "api/v1/inventory/", "api/v1/screenings/",
    "api/v1/qualification/", "api/v1/qualification/documents/",
    "api/v1/fee-quotes/", "api/v1/events/", "api/v1/webhooks/",
    "api/v1/payments/", "api/v1/releases/", "api/v1/releases/acknowledgements/", "api/v1/shipments/",
    "api/v1/completions/", "api/v1/erp/", "api/v1/responses/", "api/v1/sandbox/clock/",
}  # fmt: skip

OF_A_LINK = {
    "b/<str:token>/", "b/<str:token>/agreements/<uuid:pk>.pdf", "b/<str:token>/renegotiations/<uuid:pk>/",
}  # fmt: skip
FOREIGN_ROW = {path for path in OF_A_STORE if "<" in path} - {
    "developers/sandbox/samples/<str:name>"
}  # files of ours


def every_route(patterns=None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_route(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


ROUTES = list(every_route())
ADMIN = [route for route in ROUTES if route.startswith("admin/")]


@pytest.fixture
def alices(store, alice):
    """A locked batch of alice's store, and how its pages are addressed."""
    buyer, orders = world.repeatable(store)
    batch = run(
        batches.create(store=store, numbers=[o.number for o in orders], by=f"user:{alice.pk}")
    )
    price_lock.lock_and_invite(batch=batch, by=f"user:{alice.pk}")
    world.key(store, "read")
    webhook, _ = webhooks.create(
        store_id=store.pk, url="https://erp.example.com/", types=[], loopback=False
    )
    return {
        "ref": batch.ref,
        "buyer_id": buyer.pk,
        "order_ref": f"{batch.ref}-0001",
        "orders": orders,
        "upload": world.upload(store, by=f"user:{alice.pk}").key,
        "key_id": ApiKey.objects.get().pk,
        "webhook_id": webhook.pk,
        "agreement": uuid.uuid4(),
        "report_id": reported(batch).pk,
    }


def reported(batch) -> DiagnosisReport:
    report = diagnosis_report.request_report(batch=batch, by="user:1")
    diagnosis_report.make(report.pk)
    return report


@pytest.fixture
def paper(alices) -> str:
    """Alice's buyer has confirmed, and the confirmation is sealed: where it is downloaded."""
    batch = Batch.objects.get(ref=alices["ref"])
    confirm(batch)
    alices["agreement"] = sealed(batch).pk
    return f"/batches/{batch.ref}/agreements/{alices['agreement']}.pdf"


def address(route: str, alices) -> str:
    ref = (
        alices["order_ref"]
        if "orders/<ref:ref>" in route.removeprefix("api/v1/")[:17]
        else alices["ref"]
    )
    filled = (
        route.replace("<ref:ref>", ref)
        .replace("<webhookverb:verb>", "remove")
        .replace("<fileform:form>", "xlsx")
    )
    for name in ("int:buyer_id", "int:key_id", "uuid:webhook_id", "int:report_id"):
        filled = filled.replace(f"<{name}>", str(alices[name.partition(":")[2]]))
    filled = filled.replace("<uuid:key>", str(alices["upload"]))
    filled = filled.replace("<uuid:pk>", str(alices["agreement"])).replace(
        "<str:name>", "no-such.xml"
    )
    return "/" + filled.replace("<str:token>", "AAAAAAAAAAAAAAAAAAAAAA." + "A" * 43)


def as_it_is(value: object) -> object:
    """Bytes come as a view whose words are an address, another one each time."""
    return bytes(value) if isinstance(value, memoryview) else value


def everything() -> dict[str, int]:
    """How many rows there are, and how often any was written: what a refused request must not
    change."""
    ours = [
        m
        for m in apps.get_models()
        if m._meta.app_label not in {"sessions", "axes", "contenttypes", "auth", "admin"}
    ]
    return {
        m._meta.label: hash(
            tuple(str(list(map(as_it_is, row))) for row in m.objects.order_by("pk").values_list())
        )
        for m in ours
        if m is not ApiKey
    }


class TestEveryUrl:
    def test_has_its_case(self):
        known = PUBLIC | OF_A_STORE | OF_A_KEY | OF_A_LINK | set(ADMIN)
        assert {route for route in ROUTES if route not in known} == set()

    def test_of_every_case_exists(self):
        assert (PUBLIC | OF_A_STORE | OF_A_KEY | OF_A_LINK) - set(ROUTES) == set()


def ask(client, method: str, path: str, key: str = ""):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    json = path.startswith("/api/")
    return client.generic(
        method,
        path,
        b"{}" if json else b"",
        "application/json" if json else "application/x-www-form-urlencoded",
        headers=headers,
    )


@pytest.fixture
def real(store, alice) -> Rows:
    """Alice's rows of every kind that an address can name, each really there."""
    return real_rows.make(store, alice)


def nowhere(route: str, real: Rows) -> str:
    """The same address with values that name nothing."""
    order = "orders/<ref:ref>" in route.removeprefix("api/v1/")[:17]
    kinds = {
        "ref": "BR-00000000-0001" if order else "BR-00000000",
        "token": "A" * 22 + "." + "A" * 43,
    }
    values = {name: _nothing(value) for name, value in real.of(route).items()}
    return "/" + real_rows.filled(route, values | kinds)


def _nothing(value: object) -> object:
    if isinstance(value, uuid.UUID):
        return uuid.UUID(int=1)
    return 10**9 if isinstance(value, int) else value


def told(answer, *addresses: str) -> tuple[int, str]:
    """What an answer says, but for what differs each time: its own address, tokens and ids of
    requests."""
    text = answer.content.decode() if not answer.streaming else ""
    for address in addresses:
        text = text.replace(address, "…")
    text = re.sub(r"[A-Za-z0-9]{64}", "", text)  # masked anew for each form
    text = re.sub(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|BR-[0-9A-Z-]+", "…", text
    )
    return answer.status_code, text


class TestSomebodyWhoIsNotSignedIn:
    """By every method at every address: her rows take seconds to make, so that they are made once
    for all."""

    def test_is_sent_to_sign_in_and_gets_nothing_without_a_key(self, client, real):
        before = everything()
        for route, method in product(OF_A_STORE, METHODS):
            answer = ask(client, method, real.address(route))
            assert answer.status_code in (302, 405), (route, method)
            assert answer.status_code == 405 or answer.headers["Location"].startswith(
                "/sign-in/"
            ), route
        for route, method in product(OF_A_KEY, METHODS):
            answer = ask(client, method, real.address(route))
            assert answer.status_code in (401, 404, 405), (route, method)
            assert real.values["ref"] not in answer.content.decode(), (route, method)
        for route, method in product(OF_A_LINK, METHODS):
            self.by_a_link_that_is_none(client, real, route, method)
        assert everything() == before

    def by_a_link_that_is_none(self, client, real, route, method):
        good, seen = real.of(route)["token"], set()
        for token in (
            good[:-1] + ("B" if good.endswith("A") else "A"),
            "x",
            "A" * 22 + "." + "A" * 43,
        ):
            address = real.address(route).replace(good, token)
            seen.add(told(ask(client, method, address), address))
        assert len(seen) == 1, (route, method)
        assert {status for status, _ in seen} <= {404, 405}, (route, method)


class TestAMemberOfAnotherStore:
    def test_gets_404_as_if_it_were_not_there(self, client, real, charlie):
        client.force_login(charlie)
        other = charlie.memberships.get().store
        key = world.key(other)
        before = everything()
        for route, method in product(FOREIGN_ROW | (OF_A_KEY - LISTS_OF_A_KEY), METHODS):
            by = key if route.startswith("api/") else ""
            here, gone = real.address(route), nowhere(route, real)
            answer, missing = ask(client, method, here, by), ask(client, method, gone, by)
            assert told(answer, here) == told(missing, gone), (route, method)
            assert answer.status_code in (404, 405), (route, method)
        assert everything() == before


class TestAlicesRows:
    """Each address above is one that she herself is answered at, so that it is not the address
    that is wrong."""

    def test_are_there_for_her(self, client, real, alice):
        client.force_login(alice)
        key = world.key(real.store, "read")
        for route in FOREIGN_ROW | OF_A_LINK:
            assert ask(client, "GET", real.address(route)).status_code in (200, 202, 405), route
        for route in OF_A_KEY - LISTS_OF_A_KEY:
            assert ask(client, "GET", real.address(route), key).status_code in (200, 202, 405), (
                route
            )


def of_a_store(store: Store) -> dict[str, list]:
    """Every row that names it, of every kind."""
    found = {}
    for model in apps.get_models():
        names = {field.name for field in model._meta.get_fields()} | {
            field.attname for field in model._meta.concrete_fields
        }
        rows = model.objects.order_by("pk") if "store_id" in names else None
        if rows is not None:
            kept = rows.filter(store_id=store.pk).values_list()
            found[model._meta.label] = [str(list(map(as_it_is, row))) for row in kept]
    return found


class TestForeignIdsInBodiesAndQueries:
    """Charlie asks at his own addresses, with alice's ids in whatever a body or a query may
    hold."""

    METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

    @pytest.fixture
    def own(self, charlie) -> Rows:
        return real_rows.make(charlie.memberships.get().store, charlie)

    def test_write_nothing_of_hers_and_tell_nothing(self, client, real, own, charlie):
        client.force_login(charlie)
        client.raise_request_exception = False
        key = world.key(own.store)
        form = foreign_ids(real)
        secret = [real.orders[0].buyer.name, real.orders[0].buyer.email]
        before = of_a_store(real.store)
        for route in sorted(OF_A_STORE | OF_A_KEY):
            for method in self.METHODS:
                with taken_back():
                    answer = self.ask(client, route, method, own, form, key)
                    transaction.set_rollback(False)
                text = answer.content.decode(errors="replace") if not answer.streaming else ""
                assert answer.status_code < 500, (route, method)
                assert not [each for each in secret if each in text], (route, method)
        assert of_a_store(real.store) == before

    def ask(self, client, route, method, own, form, key):
        address = f"{own.address(route)}?{urlencode(form, doseq=True)}"
        if not route.startswith("api/"):
            body = urlencode(form, doseq=True).encode()
            return client.generic(method, address, body, "application/x-www-form-urlencoded")
        schema = hostile_requests.api_body(route, method)
        body = json.dumps(shaped(schema, "", form)).encode()
        names = hostile_requests.api_query(route, method)
        query = urlencode({name: form[name] for name in names if name in form}, doseq=True)
        headers = {"Authorization": f"Bearer {key}"}
        return client.generic(
            method, f"{own.address(route)}?{query}", body, "application/json", headers=headers
        )


class TestForeignIdsInOtherBodies:
    """XML and files, which no form and no JSON holds: a body that is taken with charlie's ids,
    with alice's instead."""

    @pytest.fixture
    def own(self, charlie) -> Rows:
        return real_rows.make(charlie.memberships.get().store, charlie)

    @pytest.mark.parametrize("name", ["response-accepted.xml", "response-ubl.xml"])
    def test_answer_no_order_of_hers(self, client, real, own, name):
        sample = next(each for each in samples.SAMPLES if each.name == name)

        def answered(rows: Rows, by: str):
            ref = rows.special["orders/<ref:ref>/responses/"]["ref"]
            body = sample.content(ref)
            return client.generic(
                "POST", "/api/v1/responses/", body, sample.content_type, headers=bearer(by)
            )

        key, before = world.key(own.store), of_a_store(real.store)
        foreign = answered(real, key)
        assert (foreign.status_code, foreign.json()["code"]) == (422, "ORDER_UNKNOWN")
        assert answered(own, key).status_code == 201
        assert of_a_store(real.store) == before

    def test_pay_no_order_of_hers(self, client, real, own, charlie):
        def paid(rows: Rows) -> str:
            ref = rows.special["orders/<ref:ref>/payment"]["ref"]
            file = io.BytesIO(f"order,amount,currency,reference\n{ref},1.00,USD,T-77\n".encode())
            file.name = "bank.csv"
            return client.post("/payments/", {"file": file}).content.decode()

        client.force_login(charlie)
        before, payments = of_a_store(real.store), Payment.objects.count()
        assert "ORDER_UNKNOWN" in paid(real)
        assert Payment.objects.count() == payments
        assert "ORDER_UNKNOWN" not in paid(own)
        assert Payment.objects.count() == payments + 1
        assert of_a_store(real.store) == before

    def replace(self, client, path: str, key: str, replaces: object, **headers):
        file = io.BytesIO(test_uploading.sample())
        file.name = "licence.pdf"
        fields = {"kind": DocumentKind.LICENCE, "replaces": str(replaces), "file": file}
        return client.post(path, fields, headers=bearer(key) | headers)

    @pytest.mark.parametrize(
        "path", ["/api/v1/qualification/documents/", "/qualification/documents/"]
    )
    def test_replace_no_document_of_hers(self, client, real, own, charlie, path):
        """What a key is not a document of his own's is told in the same words, hers as one that is
        none."""
        client.force_login(charlie)
        Qualification.objects.filter(store=own.store).update(state=QualificationStatus.DOCUMENTS)
        key, before = world.key(own.store), everything()
        told = []
        for theirs in (real.values["key"], uuid.UUID(int=1), "no key at all"):
            answer = self.replace(client, path, key, theirs, Accept="application/json")
            told.append(
                (answer.status_code, {k: v for k, v in answer.json().items() if k != "request_id"})
            )
        assert told[0] == told[1] == told[2]
        assert (told[0][0], told[0][1]["code"]) == (404, "NOT_FOUND")
        assert (
            self.replace(client, "/qualification/documents/", "", real.values["key"]).status_code
            == 404
        )
        assert everything() == before
        assert (
            self.replace(
                client, path, key, own.values["key"], Accept="application/json"
            ).status_code
            == 201
        )


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def foreign_ids(real: Rows) -> dict[str, object]:
    """Alice's ids under every name by which something asks for one."""
    payment, proforma = (
        real.special["payments/<uuid:pk>/"]["pk"],
        real.special["payments/proformas/"]["pk"],
    )
    refs = [
        real.special["orders/<ref:ref>/"]["ref"],
        real.special["orders/<ref:ref>/payment"]["ref"],
    ]
    return {
        "order_ids": [order.number for order in real.orders],
        "orders": [str(order.pk) for order in real.orders],
        "order": refs[1],
        "ref": real.values["ref"],
        "batch": real.values["ref"],
        "buyer": str(real.values["buyer_id"]),
        "sku": real.skus[0],
        "skus": real.skus,
        "replaces": str(real.values["key"]),
        "key": str(real.values["key"]),
        "left_out": refs,
        "lines": [f"{ref}:1" for ref in refs],
        "proforma": str(proforma),
        "payment": str(payment),
        "webhook": str(real.values["webhook_id"]),
        "q": real.orders[0].number,
        "select": "orders",
        "names": "\n".join(refs),
        "amount": "1.00",
        "currency": "USD",
        "reference": "T-9",
        "why": "because",
        "reason": "because",
        "quantity": "1",
        "moq": "1",
        "act": "preview",
        "action": "tick-buyer",
        "to": str(real.store.pk),
        "fix": real.skus[0],
        "erp": "mango",
    }


def shaped(schema: dict, name: str, form: dict[str, object]) -> object:
    """A body of the shape that is asked for, with the foreign values in their places."""
    if "properties" in schema:
        return {each: shaped(below, each, form) for each, below in schema["properties"].items()}
    if schema.get("type") == "array":
        if isinstance(form.get(name), list):
            return form[name]
        return [shaped(schema.get("items", {}), name, form)]
    if name in form:
        return form[name]
    kind = schema.get("type")  # a list where null is allowed too
    return {"integer": 1, "boolean": True}.get(kind[0] if isinstance(kind, list) else kind, "x")


class TestASealedAgreement:
    """Of a batch that is really there, asked for by whoever is not one of its two parties."""

    def test_is_handed_to_its_store_only(self, client, alices, alice, charlie, paper):
        client.force_login(charlie)
        assert client.get(paper).status_code == 404
        client.logout()
        assert client.get(paper).status_code == 302
        client.force_login(alice)
        assert client.get(paper).content.startswith(b"%PDF-")

    def test_is_handed_by_its_own_link_only(self, client, alices, paper):
        token = signing.token_of(Grant.objects.get())
        forged = token[:-1] + ("B" if token.endswith("A") else "A")
        pk = alices["agreement"]
        assert client.get(f"/b/{token}/agreements/{pk}.pdf").content.startswith(b"%PDF-")
        assert client.get(f"/b/{forged}/agreements/{pk}.pdf").status_code == 404
        assert client.get(f"/b/{token}/agreements/{uuid.UUID(int=0)}.pdf").status_code == 404

    def test_is_not_handed_by_the_link_of_another_batch(self, client, store, alices, paper):
        _, orders = world.repeatable(store, country="FR")
        other = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        price_lock.lock_and_invite(batch=other, by="user:1")
        token = signing.token_of(Grant.objects.get(subject=other.ref))
        assert client.get(f"/b/{token}/agreements/{alices['agreement']}.pdf").status_code == 404


class TestARenegotiation:
    """Of a lot that is really there, asked for by whoever is not one of its two parties."""

    ACTS = ("offer", "comment", "decline", "approve", "sign", "quote", "counter", "code")

    @pytest.fixture
    def talks(self, alices):
        return renegotiate(Lock.objects.get(subject=alices["ref"]))

    def test_is_not_there_for_a_member_of_another_store(self, client, alices, charlie, talks):
        client.force_login(charlie)
        before = everything()
        for path in (f"/renegotiations/{talks.pk}/", f"/renegotiations/{uuid.UUID(int=0)}/"):
            assert client.get(path).status_code == 404
            for act in self.ACTS:
                assert (
                    client.post(path, {"act": act, "rule": "keep", "text": "x"}).status_code == 404
                )
        for path in ("/renegotiations/", "/renegotiations/alert/"):
            assert alices["ref"] not in client.get(path).content.decode()
        assert everything() == before

    def test_does_nothing_for_a_link_of_another_batch_or_none(self, client, store, alices, talks):
        _, orders = world.repeatable(store, country="FR")
        other = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        price_lock.lock_and_invite(batch=other, by="user:1")
        foreign = signing.token_of(Grant.objects.get(subject=other.ref))
        before = everything()
        for token in (foreign, foreign[:-1] + ("B" if foreign.endswith("A") else "A"), "x"):
            for act in self.ACTS:
                answer = client.post(
                    f"/b/{token}/renegotiations/{talks.pk}/", {"act": act, "text": "x"}
                )
                assert answer.status_code == 404, (token, act)
        assert everything() == before

    def test_is_not_signed_by_a_member_without_the_right(self, client, alices, bob, talks):
        client.force_login(bob)
        before = everything()
        for act in ("offer", "decline", "approve", "sign", "quote"):
            assert (
                client.post(
                    f"/renegotiations/{talks.pk}/", {"act": act, "rule": "keep"}
                ).status_code
                == 403
            )
        assert everything() == before


class TestAForeignIdInABody:
    def test_can_t_be_ticked(self, client, alices, charlie):
        client.force_login(charlie)
        before = everything()
        ids = [str(order.pk) for order in alices["orders"]]
        for body in (
            {"action": "tick", "orders": ids},
            {"action": "tick-buyer", "buyer": alices["buyer_id"]},
        ):
            assert client.post("/orders/selection/", body).status_code in (404, 422)
        assert everything() == before

    def test_can_t_be_made_a_batch_by_key(self, client, alices, charlie):
        other = charlie.memberships.get().store
        key = world.key(other)
        before = everything()
        answer = client.post(
            "/api/v1/batches/",
            {"order_ids": [order.number for order in alices["orders"]]},
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 422
        assert answer.json()["code"] == "ORDER_UNKNOWN"
        assert everything() == before

    @pytest.mark.parametrize("call", ["screenings", "inventory"])
    def test_tells_and_changes_nothing_by_key(self, client, alices, charlie, call):
        other = charlie.memberships.get().store
        key = world.key(other)
        before = everything()
        body = {
            "screenings": {"order_ids": [order.number for order in alices["orders"]]},
            "inventory": {"rows": [{"sku": sku.code, "on_hand": 0} for sku in Sku.objects.all()]},
        }[call]
        answer = client.generic(
            "PUT" if call == "inventory" else "POST",
            f"/api/v1/{call}/",
            json.dumps(body),
            "application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        if call == "inventory":
            assert {row["code"] for row in answer.json()["errors"]} == {"SKU_UNKNOWN"}
        else:
            assert answer.json()["code"] == "ORDER_UNKNOWN"
        assert everything() == before

    def test_can_t_be_switched_to(self, client, store, charlie):
        client.force_login(charlie)
        assert client.post("/store/", {"to": store.pk}).status_code == 404

    def test_finds_nothing_in_a_list(self, client, alices, charlie):
        client.force_login(charlie)
        for path in ("/orders/", "/orders/?tab=all", "/batches/", "/stock/", "/"):
            page = client.get(path).content.decode()
            assert alices["ref"] not in page
            assert alices["orders"][0].number not in page


class TestAMemberWithoutTheRight:
    def test_may_look_and_plan_but_not_lock_or_cancel(self, client, alices, bob):
        client.force_login(bob)
        assert client.get(f"/batches/{alices['ref']}/").status_code == 200
        before = everything()
        for verb in ("lock", "cancel"):
            assert client.post(f"/batches/{alices['ref']}/{verb}/").status_code == 403
        assert everything() == before

    def test_neither_sees_nor_makes_keys_and_webhooks(self, client, alices, bob):
        client.force_login(bob)
        before = everything() | {"keys": list(ApiKey.objects.values())}
        for route in OF_A_STORE:
            if route.startswith("developers/"):
                for method in ("GET", "POST"):
                    assert ask(client, method, address(route, alices)).status_code in (403, 405), (
                        route
                    )
        assert everything() | {"keys": list(ApiKey.objects.values())} == before


class TestTheAdmin:
    def test_sends_a_seller_away(self, client, alice):
        client.force_login(alice)
        pages = [
            route
            for route in ADMIN
            if "<" not in route and "log" not in route and "^" not in route and "?P" not in route
        ]
        assert len(pages) > 20
        for route in pages:
            assert client.get(f"/{route}").status_code in (302, 404), route
