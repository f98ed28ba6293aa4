"""Batches on their way from the confirmation to the shipment, for tests."""

from marketplace import clock
from marketplace.models import Buyer, Store
from repurchase.fulfilment.services import payment_terms, payments, proforma_invoices, releases
from repurchase.fulfilment.services.payments import PaymentReceipt
from repurchase.models import Batch, PaymentSource, Proforma, RepeatOrder
from tests import world
from tests.repurchase.sealing import confirm, planned


def invoiced(store: Store, *, orders: int = 5, open_account: bool = False, **buyer) -> Batch:
    """Confirmed by the buyer, the proforma issued as the worker would; on open account released as
    the sweep would."""
    by, past = world.repeatable(store, orders=orders, **buyer)
    if open_account:
        allow(by)
    batch = planned(store, past)
    confirm(batch)
    proforma_invoices.issue(Proforma.objects.get(batch=batch).pk)
    if open_account:
        releases.release_due(store=store)
    return batch


def allow(buyer: Buyer) -> None:
    payment_terms.set_terms(
        buyer=buyer, open_account_from_now=True, reason="known for years", by="user:1"
    )


def receipt(order: RepeatOrder, amount: str = "", /, **fields) -> PaymentReceipt:
    defaults = {
        "key": order.ref,
        "order": order.ref,
        "reference": "T-1",
        "amount": amount or f"{order.total_minor / 100:.2f}",
        "currency": order.currency,
    }
    return PaymentReceipt(**defaults | fields)


def pay(batch: Batch, source: PaymentSource = PaymentSource.API) -> payments.PaymentReport:
    rows = [receipt(order) for order in batch.orders.order_by("position")]
    return payments.record(store=batch.store, receipts=rows, source=source, by="key:1")


def released(store: Store, **fields) -> Batch:
    batch = invoiced(store, **fields)
    pay(batch)
    releases.release(store=store, orders=batch.orders.all(), by="user:1", at=clock.now(store))
    return batch
