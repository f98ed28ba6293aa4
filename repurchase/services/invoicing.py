"""The proforma invoice goes with the confirmation (R-91): asked for in its transaction, made by a worker, once.

With it the orders leave `confirmed`: to await their payment, or on open account to be released.
"""

import datetime as dt
import secrets
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from marketplace.queries import open_account
from outbox import letters
from outbox.bells import ring
from pricing.agreements import digest_of
from repurchase import proformas
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch, Proforma, RepeatOrder
from repurchase.queries import invoices
from repurchase.services import releasing, telling
from repurchase.services.printing import pdf

RING_AGAIN = dt.timedelta(minutes=2)
"""A proforma takes seconds; one not made so long after it was rung is rung again, later and later."""
SLOWEST = dt.timedelta(hours=1)
RINGS_A_PASS = 50


def ask(*, batch: Batch, occasion: UUID, orders: list[int], at: dt.datetime) -> Proforma:
    """In the transaction of the buyer's answer; `orders` are the ones that it confirmed, `occasion` one of its locks."""
    Batch.objects.select_for_update().get(pk=batch.pk)  # two lots may settle at once: one number each
    n = batch.proformas.aggregate(n=Count("pk"))["n"] + 1
    asked = Proforma.objects.create(
        store_id=batch.store_id, batch=batch, occasion=occasion, number=f"{batch.ref}-PI{n}",
        open_account=open_account(batch.buyer, at), asked_at=at, rung_at=clock.now(),
    )  # fmt: skip
    RepeatOrder.objects.filter(pk__in=orders).update(proforma=asked)
    ring("repurchase.issue_proforma", proforma_id=str(asked.pk))
    return asked


@transaction.atomic
def issue(proforma_id: UUID) -> Proforma | None:
    """Prints, stores, moves the orders on, records and tells. None when it is done already, or in other hands."""
    free = Proforma.objects.select_for_update(of=("self",), skip_locked=True)
    found = free.select_related("store", "batch__buyer").filter(pk=proforma_id, issued_at=None).first()
    if found is None:
        return None
    now = clock.now(found.store)
    paper = invoices.drawn(found, now=now)
    _keep(found, pdf(paper), paper, now)
    _move(found, now)
    for side in ("seller", "buyer"):
        letters.write(
            kind=f"repurchase.proforma_{side}", store_id=found.store_id, dedupe=f"proforma:{side}:{found.pk}",
            proforma=str(found.pk),
        )  # fmt: skip
    ledger.record(
        store_id=found.store_id, kind="proforma.issued", subject=f"batch:{found.batch.ref}", by="system:proforma",
        at=now, number=found.number, totals=found.totals, file_digest=found.file_digest,
        open_account=found.open_account,
    )  # fmt: skip
    return found


def _keep(found: Proforma, content: bytes, paper: proformas.Paper, now: dt.datetime) -> None:
    found.file_key = default_storage.save(f"proformas/{secrets.token_urlsafe(32)}.pdf", ContentFile(content))
    found.file_digest, found.file_bytes = digest_of(content), len(content)
    found.totals = [proformas.kept(total) for total in paper.totals]
    found.issued_at = now
    found.save()


def _move(found: Proforma, now: dt.datetime) -> None:
    orders = found.orders.filter(status=OrderStatus.CONFIRMED)
    if found.open_account:
        releasing.release(store=found.store, orders=orders, by="system:open_account", at=now)
        return
    moved = list(orders.select_for_update().order_by("pk").values_list("pk", flat=True))
    orders.filter(pk__in=moved).update(status=OrderStatus.AWAITING_PAYMENT, changed_at=now)
    telling.orders(RepeatOrder.objects.filter(pk__in=moved), at=now)


def content_of(found: Proforma) -> bytes:
    """The stored PDF, as it was issued; PROFORMA_DAMAGED when what is stored is no longer that."""
    try:
        with default_storage.open(found.file_key) as file:
            content = file.read()
    except OSError:
        raise Problem(Code.PROFORMA_DAMAGED) from None
    if digest_of(content) != found.file_digest:
        raise Problem(Code.PROFORMA_DAMAGED)
    return content


@transaction.atomic
def ring_due(*, store: Store | None = None) -> int:
    """Rings again what nobody made: a lost worker or an emptied broker costs minutes, never the proforma."""
    now = clock.now()
    due = Proforma.objects.filter(issued_at=None, rung_at__lte=now - RING_AGAIN)
    if store:
        due = due.filter(store=store)
    rung = 0
    for found in due.select_for_update(skip_locked=True).order_by("rung_at")[:RINGS_A_PASS]:
        if now - found.rung_at < min(RING_AGAIN * 2 ** min(found.tries, 10), SLOWEST):
            continue
        Proforma.objects.filter(pk=found.pk).update(rung_at=now, tries=min(found.tries + 1, 1000))
        ring("repurchase.issue_proforma", proforma_id=str(found.pk))
        rung += 1
    return rung
