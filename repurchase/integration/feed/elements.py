"""One repeat order → its element, in the order of the schema's sequence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from marketplace.models import Buyer, Store
from marketplace.money import decimal_text
from pricing.models import Lock
from repurchase.integration.feed import text
from repurchase.integration.feed.rows import Row
from repurchase.models import Batch, LineOutcome, LineService, OrderFee, RepeatLine, RepeatOrder

Element = etree._Element
ADDRESS = {
    "Consignee": "consignee",
    "Street": "street",
    "PostalCode": "postal_code",
    "City": "city",
    "Region": "region",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parties:
    """Both sides of every order of a batch, read once."""

    seller: Store
    buyer: Buyer

    @classmethod
    def of(cls, batch: Batch) -> "Parties":
        return cls(seller=batch.store, buyer=batch.buyer)


def order(of: Row, parties: Parties) -> Element:
    row = of.order
    made = _new("Order", ref=row.ref, assumed=text.names(row.past_order.assumed))
    _source(made, row)
    _add(made, "Status", row.state)
    _lock(made, row.lock)
    _seller(made, parties.seller, row)
    _buyer(made, parties.buyer)
    _address(made, "ShipTo", row.ship_to)
    _terms(made, row)
    _add(made, "Currency", row.currency)
    for line in of.lines:
        _line(made, line, row.currency, _services_of(of, line))
    _totals(made, row)
    _tax(made, row)
    for fee in of.fees:
        _fee(made, fee)
    _registrations(made, row)
    _delivery(made, row)
    _add_prose(made, "Note", row.note)
    return made


def _source(to: Element, row: RepeatOrder) -> None:
    source = _add(to, "SourceOrder")
    _add(source, "Number", text.identifier(row.past_order.number))
    _add(source, "CompletedAt", text.instant(row.past_order.completed_at))


def _lock(to: Element, row: Lock) -> None:
    lock = _add(to, "Lock", id=str(row.pk))
    _add(lock, "LockedAt", text.instant(row.locked_at))
    _add(lock, "ExpiresAt", text.instant(row.expires_at))
    rates, close = row.rate_set, row.index_close
    _add(lock, "RateSet", source=text.identifier(rates.source), date=rates.published_on.isoformat())
    if close and row.index_series:
        _add(
            lock,
            "IndexClose",
            series=close.series,
            source=text.identifier(close.source),
            date=close.closed_on.isoformat(),
            value=text.decimal(close.value),
        )


def _seller(to: Element, store: Store, row: RepeatOrder) -> None:
    seller = _add(to, "Seller")
    _add(seller, "LegalName", text.prose(store.legal_name))
    _address(seller, "Address", vars(store))
    for registration in _numbers(row):
        if registration["scheme"] == "VAT":
            number = text.identifier(registration["number"])
            _add(seller, "VatRegistration", number, jurisdiction=registration["jurisdiction"])


def _buyer(to: Element, row: Buyer) -> None:
    external_id = text.identifier(row.external_id)
    buyer = _add(to, "Buyer", externalId=external_id, assumed=text.names(row.assumed))
    _add(buyer, "Name", text.prose(row.name))
    if row.tax_number:
        at = row.tax_number_checked_at
        _add(
            buyer,
            "TaxNumber",
            text.identifier(row.tax_number),
            checkedAt=text.instant(at) if at else "",
            checkedHow=text.prose(row.tax_number_checked_how),
        )


def _address(to: Element, name: str, parts: Mapping[str, Any]) -> None:
    address = _add(to, name)
    for tag, key in ADDRESS.items():
        _add_prose(address, tag, parts.get(key, ""))
    _add(address, "Country", parts["country"])


def _terms(to: Element, row: RepeatOrder) -> None:
    terms = _add(to, "Terms")
    _add(terms, "Incoterm", row.incoterm)
    _add(terms, "ImporterOfRecord", row.importer_of_record)


def _services_of(of: Row, line: RepeatLine) -> list[LineService]:
    """A line's own services and those of the whole order, on a line that is part of it."""
    if line.outcome != LineOutcome.PLANNED:
        return []
    return [*of.services.get(line.source_line_id, ()), *of.services.get(None, ())]


def _line(to: Element, row: RepeatLine, currency: str, services: Sequence[LineService]) -> None:
    line = _add(to, "Line", number=str(row.line_no), assumed=text.names(row.sku.assumed))
    _add(line, "SourceLine", number=str(row.source_line.line_no))
    _add(line, "SkuCode", text.identifier(row.sku.code))
    _add(line, "Title", text.prose(row.sku.title))
    _add(line, "Quantity", str(row.quantity), unitCode="C62")
    if row.outcome == LineOutcome.PLANNED:
        price = text.unit_price(row.total_minor, row.quantity, currency)
        _add(line, "UnitPrice", price, currency=currency)
    _amount(line, "LineTotal", row.total_minor, currency)
    if hs_code := text.hs_code(row.hs_code):
        _add(line, "HsCode", hs_code)
    _add(line, "OriginCountry", row.origin_country)
    _add(line, "Outcome", row.outcome)
    for code in row.codes:
        _add(line, "Code", code)
    for service in services:
        at = service.confirmed_at
        _add(
            line,
            "CustomService",
            text.prose(service.text),
            confirmedAt=text.instant(at) if at else "",
        )


def _totals(to: Element, row: RepeatOrder) -> None:
    totals = _add(to, "Totals", pricesIncludeTax=text.boolean(row.prices_include_tax))
    _amount(totals, "Goods", row.goods_minor, row.currency)
    _amount(totals, "Freight", row.freight_minor, row.currency)
    _amount(totals, "Tax", row.tax_minor, row.currency)
    _amount(totals, "Total", row.total_minor, row.currency)


def _tax(to: Element, row: RepeatOrder) -> None:
    tax = _add(to, "Tax")
    _add(tax, "Category", row.tax_category)
    if row.tax_rate is not None:
        _add(tax, "Percent", text.decimal(row.tax_rate * 100))
    _add(tax, "Code", text.prose(row.tax_code))


def _fee(to: Element, row: OrderFee) -> None:
    fee = _add(to, "Fee", part=row.part, kind=row.kind)
    _amount(fee, "Base", row.base_minor, row.currency)
    if row.rate is not None:
        _add(fee, "Rate", text.decimal(row.rate))
    if row.tariff_minor is not None:
        _amount(fee, "Tariff", row.tariff_minor, row.tariff_currency)
    _amount(fee, "Amount", row.amount_minor, row.currency)
    _add(fee, "RuleVersion", row.rule_version)
    _add(fee, "Rounding", row.rounding)
    _add_prose(fee, "Reason", row.reason)


def _registrations(to: Element, row: RepeatOrder) -> None:
    for found in _numbers(row):
        number = text.identifier(found["number"])
        _add(to, "Registration", number, scheme=found["scheme"], jurisdiction=found["jurisdiction"])


def _numbers(row: RepeatOrder) -> list[dict[str, str]]:
    """The order's registrations, each once."""
    return [x for n, x in enumerate(row.registrations) if x not in row.registrations[:n]]


def _delivery(to: Element, row: RepeatOrder) -> None:
    delivery = _add(to, "Delivery")
    if row.service:
        _add(delivery, "CarrierService", text.prose(row.service.name), code=row.service.code)
    if row.transit_days is not None:
        _add(delivery, "TransitDays", str(row.transit_days))
    _add(delivery, "PromiseDays", str(row.promise_days))
    _add(delivery, "SpecialClearance", text.boolean(row.special_clearance))
    _add(delivery, "LocalReturn", text.boolean(row.local_return))


def _amount(to: Element, name: str, minor: int, currency: str) -> None:
    _add(to, name, decimal_text(minor, currency), currency=currency)


def _add_prose(to: Element, name: str, words: str) -> None:
    if clean := text.prose(words):
        _add(to, name, clean)


def _add(to: Element, name: str, words: str | None = None, **attributes: str) -> Element:
    made = etree.SubElement(to, name, _filled(attributes))
    made.text = words
    return made


def _new(name: str, **attributes: str) -> Element:
    """Without a namespace of its own: it is written inside the document's root, whose default it
    takes."""
    return etree.Element(name, _filled(attributes))


def _filled(attributes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if value}
