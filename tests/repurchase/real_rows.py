"""Every kind of row that an address can name, really there in one store, for tests that walk all
routes."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin

from marketplace.models import ApiKey, Store, User
from outbox import webhooks
from pricing import signing
from pricing.models import Grant, Lock
from qualification.models import Case
from qualification.services import reviews
from repurchase.batches.services import batches, price_lock
from repurchase.fulfilment.order_response import OrderResponse, ResponseVerdict
from repurchase.fulfilment.services import erp_responses
from repurchase.integration.conformance import runner
from repurchase.models import Batch, ConformanceRun, ErpResponse, Payment, Proforma
from repurchase.reporting.services import diagnosis_report
from tests import world
from tests.pricing.locked import renegotiate
from tests.repurchase import paid
from tests.repurchase.running import run
from tests.repurchase.sealing import sealed

SAMPLE = "response-ubl.xml"
GROUP = re.compile(r"\(\?P<(\w+)>.*?\)|<(?:\w+:)?(\w+)>")


@dataclass(kw_only=True)
class Rows:
    """`values`: what stands for each name in a route; `special`: where a route's name means
    another row."""

    store: Store
    owner: User
    values: dict[str, Any] = field(default_factory=dict)
    special: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: list[Any] = field(default_factory=list)
    skus: list[str] = field(default_factory=list)

    def of(self, route: str) -> dict[str, Any]:
        """The values of a route's names: those of the longest prefix that says something else
        stand first."""
        plain = route.removeprefix("api/v1/")
        found = dict(self.values)
        if route.startswith("admin/"):
            found |= _first_of_its_model(route)
        for prefix in sorted((p for p in self.special if plain.startswith(p)), key=len):
            found |= self.special[prefix]
        return found

    def address(self, route: str) -> str:
        return "/" + filled(route, self.of(route))


def _first_of_its_model(route: str) -> dict[str, Any]:
    """The administration names rows by their key alone."""
    for model in admin.site._registry:
        if route.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            row = model._default_manager.order_by("pk").first()
            return {"object_id": row.pk, "id": row.pk} if row else {}
    return {}


def filled(route: str, values: dict[str, Any]) -> str:
    """A route of the resolver with these values for its names."""
    text = GROUP.sub(lambda m: str(values.get(m[1] or m[2], "x")), route)
    return text.replace("^", "").replace("\\Z", "").replace("$", "").replace("\\.", ".")


def names_of(route: str) -> list[str]:
    return [one or two for one, two in GROUP.findall(route)]


def make(store: Store, owner: User) -> Rows:
    """Five batches: planned, locked, under renegotiation, awaiting payment, released; and what
    hangs on them."""
    by = f"user:{owner.pk}"
    planned = _planned(store, by, country="FR")
    locked = _locked(store, by, country="DE")
    talked = _locked(store, by, country="AT")
    owing = paid.invoiced(store, country="BE")
    given = paid.released(store, country="NL")
    rows = Rows(store=store, owner=owner)
    rows.orders = list(Batch.objects.get(pk=planned.pk).buyer.past_orders.order_by("pk"))
    rows.skus = sorted(
        {line.sku.code for order in rows.orders for line in order.lines.select_related("sku")}
    )
    renegotiation = renegotiate(Lock.objects.get(subject=talked.ref))
    report = diagnosis_report.request_report(batch=planned, by=by)
    diagnosis_report.make(report.pk)
    world.key(store)
    webhook, _ = webhooks.create(
        store_id=store.pk, url="https://erp.example.com/", types=[], loopback=False
    )
    upload = world.upload(store, by=by)
    reviews.begin(store=store, now=world.NOW)
    proforma = Proforma.objects.get(batch=owing)
    agreement = sealed(given)
    rows.values = {
        "ref": locked.ref,
        "buyer_id": locked.buyer_id,
        "key_id": ApiKey.objects.get(store=store).pk,
        "webhook_id": webhook.pk,
        "key": upload.key,
        "number": 1,
        "report_id": report.pk,
        "form": "xlsx",
        "verb": "rotate",
        "name": SAMPLE,
        "token": signing.token_of(Grant.objects.get(subject=locked.ref)),
        "pk": Case.objects.get(store=store).pk,
        "object_id": Case.objects.get(store=store).pk,
        "app_label": "marketplace",
        "content_type_id": 1,
        "url": "nowhere/",
        "path": "nowhere",
    }
    rows.special = {
        "codes/": {"name": "INPUT_INVALID"},
        "orders/<ref:ref>/": {"ref": f"{planned.ref}-0001"},
        "orders/<ref:ref>/payment": {"ref": f"{owing.ref}-0001"},
        "orders/<ref:ref>/difference/": {"ref": f"{owing.ref}-0001"},
        "orders/<ref:ref>/release/": {"ref": f"{owing.ref}-0001"},
        "orders/<ref:ref>/order.xml": {"ref": f"{given.ref}-0001"},
        "orders/<ref:ref>/responses/": {"ref": f"{given.ref}-0001"},
        "batches/<ref:ref>/lock/": {"ref": planned.ref},
        "batches/<ref:ref>/edits/": {"ref": planned.ref},
        "batches/<ref:ref>/services/": {"ref": planned.ref},
        "batches/<ref:ref>/reports/": {"ref": planned.ref},
        "batches/<ref:ref>/orders.xml": {"ref": given.ref},
        "batches/<ref:ref>/agreements/": {"ref": given.ref, "pk": agreement.pk},
        "batches/<ref:ref>/proformas/": {"ref": owing.ref, "pk": proforma.pk},
        "renegotiations/": {"pk": renegotiation.pk},
        "payments/proformas/": {"pk": proforma.pk},
        "payments/<uuid:pk>/": {"pk": Payment.objects.filter(store=store).first().pk},
        "erp/responses/": {"pk": _answered(store, given, by).pk},
        "developers/sandbox/runs/": {"pk": _run(store, by).pk},
        "b/<str:token>/agreements/": {
            "token": signing.token_of(Grant.objects.get(subject=given.ref)),
            "pk": agreement.pk,
        },
        "b/<str:token>/renegotiations/": {
            "token": signing.token_of(Grant.objects.get(subject=talked.ref)),
            "pk": renegotiation.pk,
        },
    }
    return rows


def _planned(store: Store, by: str, **buyer: Any) -> Batch:
    _, orders = world.repeatable(store, **buyer)
    return run(batches.create(store=store, numbers=[o.number for o in orders], by=by))


def _locked(store: Store, by: str, **buyer: Any) -> Batch:
    batch = _planned(store, by, **buyer)
    price_lock.lock_and_invite(batch=batch, by=by)
    return batch


def _answered(store: Store, batch: Batch, by: str) -> ErpResponse:
    refused = OrderResponse(
        id="R-1", order=f"{batch.ref}-0001", verdict=ResponseVerdict.REFUSED, lines=[]
    )
    return erp_responses.record_all(store=store, answers=[refused], format="native", by=by)[0][0]


def _run(store: Store, by: str) -> ConformanceRun:
    return runner.request_run(store=store, url="https://erp.example.com/bro", by=by)
