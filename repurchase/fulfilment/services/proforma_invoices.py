"""The proforma invoice goes with the confirmation (R-91): asked for in its transaction, made by a
worker, once.

What is to be paid is owed from the confirmation on, under the invoice's number: nothing waits for
the PDF.
"""

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from marketplace.queries import has_open_account
from outbox import document_jobs, emails, files
from outbox.task_queue import enqueue_task
from pricing.agreements import digest_of
from repurchase.batches.services import event_publishing
from repurchase.fulfilment import proforma
from repurchase.fulfilment.queries import proforma_invoices
from repurchase.fulfilment.services.proforma_pdf import pdf
from repurchase.models import Batch, Proforma, RepeatOrder
from repurchase.models.order_states import OrderStatus

TASK = "repurchase.issue_proforma"


def request_issue(*, batch: Batch, occasion: UUID, orders: list[int], at: dt.datetime) -> Proforma:
    """In the transaction of the buyer's answer; `orders` are the ones that it confirmed,
    `occasion` one of its locks."""
    Batch.objects.select_for_update().get(
        pk=batch.pk
    )  # two lots may settle at once: one number each
    n = batch.proformas.aggregate(n=Count("pk"))["n"] + 1
    asked = Proforma.objects.create(
        store_id=batch.store_id,
        batch=batch,
        occasion=occasion,
        number=f"{batch.ref}-PI{n}",
        open_account=has_open_account(batch.buyer, at),
        asked_at=at,
        rung_at=clock.now(),
    )
    enqueue_task(TASK, proforma_id=str(asked.pk))
    confirmed = RepeatOrder.objects.filter(pk__in=orders, status=OrderStatus.CONFIRMED)
    if asked.open_account:
        confirmed.update(proforma=asked)  # the next sweep releases them
    else:
        confirmed.update(proforma=asked, status=OrderStatus.AWAITING_PAYMENT, changed_at=at)
        event_publishing.publish_orders(RepeatOrder.objects.filter(pk__in=orders), at=at)
    return asked


class OrdersChanged(Exception):
    """Orders were called off while it was rendered: it is rendered anew by a later try."""


def issue(proforma_id: UUID) -> Proforma | None:
    """Renders it while no row is held, then keeps, records and tells it. None when it is done, or
    in other hands."""
    found = document_jobs.acquire_lease(Proforma, proforma_id)
    if found is None:
        return None
    with document_jobs.attempt(found):
        now = clock.now(found.store)
        billed = list(proforma_invoices.list_billed_orders(found))
        drawn = proforma_invoices.drawn(found, billed, now=now)
        content = pdf(drawn, proforma_invoices.list_billed_lines(billed))
        with files.saved_for_row(Proforma, "proformas", content) as key:
            _store_issued_proforma(found, drawn, content, key)
        return Proforma.objects.get(pk=found.pk)


@transaction.atomic
def _store_issued_proforma(
    found: Proforma, drawn: proforma.ProformaDocument, content: bytes, key: str
) -> None:
    now = drawn.issued_at
    totals = [proforma.total_as_json(total) for total in drawn.totals]
    digest = digest_of(content)
    document_jobs.finish(
        found,
        issued_at=now,
        totals=totals,
        file_key=key,
        file_digest=digest,
        file_bytes=len(content),
    )
    _check_billed(found, drawn)
    standing = found.orders.exclude(status=OrderStatus.CANCELLED).exists()
    for side in ("seller", "buyer") if standing else ():
        emails.write(
            kind=f"repurchase.proforma_{side}",
            store_id=found.store_id,
            dedupe=f"proforma:{side}:{found.pk}",
            proforma=str(found.pk),
        )
    ledger.record(
        store_id=found.store_id,
        kind="proforma.issued",
        subject=f"batch:{found.batch.ref}",
        by="system:proforma",
        at=now,
        number=found.number,
        totals=totals,
        file_digest=digest,
        open_account=found.open_account,
    )


def _check_billed(found: Proforma, drawn: proforma.ProformaDocument) -> None:
    """Holds its orders, so that none is called off before the paper is kept. OrdersChanged when
    one was by now."""
    list(found.orders.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk"))
    billed = proforma_invoices.list_billed_orders(found).values_list("ref", flat=True)
    if [order.ref for order in drawn.orders] != list(billed):
        raise OrdersChanged(f"{found.number}: orders were called off while it was rendered")


def read_pdf(found: Proforma) -> bytes:
    """The stored PDF, as it was issued; PROFORMA_DAMAGED when what is stored is no longer that."""
    try:
        content = files.read(found.file_key)
    except OSError:
        raise Problem(Code.PROFORMA_DAMAGED) from None
    if digest_of(content) != found.file_digest:
        raise Problem(Code.PROFORMA_DAMAGED)
    return content


def enqueue_due(*, store: Store | None = None) -> int:
    return document_jobs.enqueue_due(Proforma, TASK, "proforma_id", store_id=store and store.pk)
