"""Proforma invoices: drawn up from the confirmed rows, and found again."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from marketplace.models import Buyer, Store
from marketplace.money import decimal_text
from repurchase.batches.queries.totals import order_totals_by_currency
from repurchase.fulfilment import proforma as fulfilment_proforma
from repurchase.models import LineOutcome, Proforma, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus

LINE_FIELDS = (
    "order",
    "repeats",
    "line",
    "sku",
    "title",
    "hs_code",
    "origin",
    "quantity",
    "currency",
    "goods",
)


def get_proforma(store: Store, ref: str, pk: UUID) -> Proforma:
    """The store's, of that batch and issued; or 404."""
    issued = Proforma.objects.filter(issued_at__isnull=False)
    return get_object_or_404(issued, store=store, batch__ref=ref, pk=pk)


def proformas_of(store: Store, ref: str) -> QuerySet[Proforma]:
    return Proforma.objects.filter(store=store, batch__ref=ref).order_by("asked_at", "number")


def drawn(
    found: Proforma, rows: Sequence[RepeatOrder], *, now: dt.datetime
) -> fulfilment_proforma.ProformaDocument:
    """As it is printed, `rows` being what it bills: one query more."""
    buyer = found.batch.buyer
    return fulfilment_proforma.ProformaDocument(
        number=found.number,
        batch=found.batch.ref,
        issued_at=now,
        confirmed_at=found.asked_at,
        open_account=found.open_account,
        pay_to=found.store.pay_to,
        sandbox=found.store.sandbox,
        seller=_proforma_party(found.store, found.store.legal_name, _registrations(rows)),
        buyer=_proforma_party(buyer, buyer.name, [buyer.tax_number] if buyer.tax_number else []),
        orders=[_proforma_order(row) for row in rows],
        goods=_proforma_goods(rows),
    )


def list_billed_orders(found: Proforma) -> QuerySet[RepeatOrder]:
    """Its orders but those called off before it was printed; all, where none was left. In the
    batch's order."""
    standing = found.orders.exclude(status=OrderStatus.CANCELLED)
    billed = standing if standing.exists() else found.orders.all()
    return billed.select_related("past_order").order_by("position")


def outstanding_by_currency(found: Proforma, *, now: dt.datetime) -> list[dict[str, Any]]:
    """What it asks for, by currency, in minor units: as it was issued, or as it will be once its
    PDF is made."""
    if found.issued_at:
        return found.totals
    names = ("goods", "freight", "goods_net", "freight_net", "tax", "total")
    return [
        {"currency": total.currency, "orders": total.orders}
        | {f"{name}_minor": getattr(total, name).minor for name in names}
        for total in order_totals_by_currency(list_billed_orders(found), now=now)
    ]


def list_billed_lines(rows: Sequence[RepeatOrder]) -> list[Sequence[object]]:
    """Every line of what is billed under the names of LINE_FIELDS, in one query."""
    lines = RepeatLine.objects.filter(order__in=rows, outcome=LineOutcome.PLANNED)
    found = lines.order_by("order__position", "line_no").values_list(
        "order__ref",
        "order__past_order__number",
        "line_no",
        "sku__code",
        "sku__title",
        "hs_code",
        "origin_country",
        "quantity",
        "order__currency",
        "total_minor",
    )
    return [(*row[:-1], decimal_text(row[-1], row[-2])) for row in found]


def _proforma_party(
    of: Store | Buyer, name: str, numbers: list[str]
) -> fulfilment_proforma.ProformaParty:
    place = f"{of.postal_code} {of.city}".strip()
    address = ", ".join(part for part in (of.street, place, of.country) if part)
    return fulfilment_proforma.ProformaParty(name=name, address=address, numbers=numbers)


def _registrations(rows: Sequence[RepeatOrder]) -> list[str]:
    """Those that the orders embed, each once (R-82 to R-84)."""
    found = {
        (x["scheme"], x["jurisdiction"], x["number"]) for row in rows for x in row.registrations
    }
    return [" ".join(each) for each in sorted(found)]


def _proforma_order(row: RepeatOrder) -> fulfilment_proforma.ProformaOrder:
    place = (row.ship_to.get("city"), row.ship_to.get("country"))
    return fulfilment_proforma.ProformaOrder(
        ref=row.ref,
        repeats=row.past_order.number,
        destination=", ".join(part for part in place if part),
        incoterm=row.incoterm,
        tax_code=row.tax_code,
        tax_rate=row.tax_rate,
        currency=row.currency,
        goods_minor=row.goods_minor,
        freight_minor=row.freight_minor,
        tax_minor=row.tax_minor,
        total_minor=row.total_minor,
        prices_include_tax=row.prices_include_tax,
    )


def _proforma_goods(rows: Sequence[RepeatOrder]) -> list[fulfilment_proforma.ProformaGoods]:
    currencies = {row.pk: row.currency for row in rows}
    lines = RepeatLine.objects.filter(order__in=rows, outcome=LineOutcome.PLANNED)
    pieces: Counter[tuple[str, ...]] = Counter()
    amounts: Counter[tuple[str, ...]] = Counter()
    for order_id, sku, title, hs, origin, quantity, minor in lines.values_list(
        "order_id",
        "sku__code",
        "sku__title",
        "hs_code",
        "origin_country",
        "quantity",
        "total_minor",
    ):
        key = (sku, title, hs, origin, currencies[order_id])
        pieces[key] += quantity
        amounts[key] += minor
    return [
        fulfilment_proforma.ProformaGoods(
            sku=sku,
            title=title,
            hs_code=hs,
            origin=origin,
            currency=currency,
            quantity=pieces[key],
            total_minor=amounts[key],
        )
        for key in sorted(pieces)
        for sku, title, hs, origin, currency in [key]
    ]
