"""One repeat order → its element, in the order of the schema's sequence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from marketplace.models import Buyer, Store
from marketplace.money import decimal_text
from pricing.models import Lock
from repurchase.integration.feed import text
from repurchase.integration.feed.rows import FeedOrder
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
class OrderParties:
    """Both sides of every order of a batch, read once."""

    seller: Store
    buyer: Buyer

    @classmethod
    def of(cls, batch: Batch) -> "OrderParties":
        return cls(seller=batch.store, buyer=batch.buyer)


def build_order(of: FeedOrder, parties: OrderParties) -> Element:
    row = of.order
    made = _new_element(
        "Order", ref=row.ref, assumed=text.schema_field_names(row.past_order.assumed)
    )
    _add_source(made, row)
    _add_element(made, "Status", row.state)
    _add_price_lock(made, row.lock)
    _add_seller(made, parties.seller, row)
    _add_buyer(made, parties.buyer)
    _add_address(made, "ShipTo", row.ship_to)
    _add_terms(made, row)
    _add_element(made, "Currency", row.currency)
    for line in of.lines:
        _add_order_line(made, line, row.currency, _services_of_line(of, line))
    _add_totals(made, row)
    _add_tax(made, row)
    for fee in of.fees:
        _add_fee(made, fee)
    _add_registrations(made, row)
    _add_delivery(made, row)
    _add_prose(made, "Note", row.note)
    return made


def _add_source(to: Element, row: RepeatOrder) -> None:
    source = _add_element(to, "SourceOrder")
    _add_element(source, "Number", text.xml_identifier(row.past_order.number))
    _add_element(source, "CompletedAt", text.format_instant(row.past_order.completed_at))


def _add_price_lock(to: Element, row: Lock) -> None:
    lock = _add_element(to, "Lock", id=str(row.pk))
    _add_element(lock, "LockedAt", text.format_instant(row.locked_at))
    _add_element(lock, "ExpiresAt", text.format_instant(row.expires_at))
    rates, close = row.rate_set, row.index_close
    _add_element(
        lock,
        "RateSet",
        source=text.xml_identifier(rates.source),
        date=rates.published_on.isoformat(),
    )
    if close and row.index_series:
        _add_element(
            lock,
            "IndexClose",
            series=close.series,
            source=text.xml_identifier(close.source),
            date=close.closed_on.isoformat(),
            value=text.format_decimal(close.value),
        )


def _add_seller(to: Element, store: Store, row: RepeatOrder) -> None:
    seller = _add_element(to, "Seller")
    _add_element(seller, "LegalName", text.xml_prose(store.legal_name))
    _add_address(seller, "Address", vars(store))
    for registration in _order_registrations(row):
        if registration["scheme"] == "VAT":
            number = text.xml_identifier(registration["number"])
            _add_element(
                seller, "VatRegistration", number, jurisdiction=registration["jurisdiction"]
            )


def _add_buyer(to: Element, row: Buyer) -> None:
    external_id = text.xml_identifier(row.external_id)
    buyer = _add_element(
        to, "Buyer", externalId=external_id, assumed=text.schema_field_names(row.assumed)
    )
    _add_element(buyer, "Name", text.xml_prose(row.name))
    if row.tax_number:
        at = row.tax_number_checked_at
        _add_element(
            buyer,
            "TaxNumber",
            text.xml_identifier(row.tax_number),
            checkedAt=text.format_instant(at) if at else "",
            checkedHow=text.xml_prose(row.tax_number_checked_how),
        )


def _add_address(to: Element, name: str, parts: Mapping[str, Any]) -> None:
    address = _add_element(to, name)
    for tag, key in ADDRESS.items():
        _add_prose(address, tag, parts.get(key, ""))
    _add_element(address, "Country", parts["country"])


def _add_terms(to: Element, row: RepeatOrder) -> None:
    terms = _add_element(to, "Terms")
    _add_element(terms, "Incoterm", row.incoterm)
    _add_element(terms, "ImporterOfRecord", row.importer_of_record)


def _services_of_line(of: FeedOrder, line: RepeatLine) -> list[LineService]:
    """A line's own services and those of the whole order, on a line that is part of it."""
    if line.outcome != LineOutcome.PLANNED:
        return []
    return [*of.services.get(line.source_line_id, ()), *of.services.get(None, ())]


def _add_order_line(
    to: Element, row: RepeatLine, currency: str, services: Sequence[LineService]
) -> None:
    line = _add_element(
        to, "Line", number=str(row.line_no), assumed=text.schema_field_names(row.sku.assumed)
    )
    _add_element(line, "SourceLine", number=str(row.source_line.line_no))
    _add_element(line, "SkuCode", text.xml_identifier(row.sku.code))
    _add_element(line, "Title", text.xml_prose(row.sku.title))
    _add_element(line, "Quantity", str(row.quantity), unitCode="C62")
    if row.outcome == LineOutcome.PLANNED:
        price = text.format_unit_price(row.total_minor, row.quantity, currency)
        _add_element(line, "UnitPrice", price, currency=currency)
    _add_amount(line, "LineTotal", row.total_minor, currency)
    if hs_code := text.normalize_hs_code(row.hs_code):
        _add_element(line, "HsCode", hs_code)
    _add_element(line, "OriginCountry", row.origin_country)
    _add_element(line, "Outcome", row.outcome)
    for code in row.codes:
        _add_element(line, "Code", code)
    for service in services:
        at = service.confirmed_at
        _add_element(
            line,
            "CustomService",
            text.xml_prose(service.text),
            confirmedAt=text.format_instant(at) if at else "",
        )


def _add_totals(to: Element, row: RepeatOrder) -> None:
    totals = _add_element(
        to, "Totals", pricesIncludeTax=text.format_boolean(row.prices_include_tax)
    )
    _add_amount(totals, "Goods", row.goods_minor, row.currency)
    _add_amount(totals, "Freight", row.freight_minor, row.currency)
    _add_amount(totals, "Tax", row.tax_minor, row.currency)
    _add_amount(totals, "Total", row.total_minor, row.currency)


def _add_tax(to: Element, row: RepeatOrder) -> None:
    tax = _add_element(to, "Tax")
    _add_element(tax, "Category", row.tax_category)
    if row.tax_rate is not None:
        _add_element(tax, "Percent", text.format_decimal(row.tax_rate * 100))
    _add_element(tax, "Code", text.xml_prose(row.tax_code))


def _add_fee(to: Element, row: OrderFee) -> None:
    fee = _add_element(to, "Fee", part=row.part, kind=row.kind)
    _add_amount(fee, "Base", row.base_minor, row.currency)
    if row.rate is not None:
        _add_element(fee, "Rate", text.format_decimal(row.rate))
    if row.tariff_minor is not None:
        _add_amount(fee, "Tariff", row.tariff_minor, row.tariff_currency)
    _add_amount(fee, "Amount", row.amount_minor, row.currency)
    _add_element(fee, "RuleVersion", row.rule_version)
    _add_element(fee, "Rounding", row.rounding)
    _add_prose(fee, "Reason", row.reason)


def _add_registrations(to: Element, row: RepeatOrder) -> None:
    for found in _order_registrations(row):
        number = text.xml_identifier(found["number"])
        _add_element(
            to, "Registration", number, scheme=found["scheme"], jurisdiction=found["jurisdiction"]
        )


def _order_registrations(row: RepeatOrder) -> list[dict[str, str]]:
    """The order's registrations, each once."""
    return [x for n, x in enumerate(row.registrations) if x not in row.registrations[:n]]


def _add_delivery(to: Element, row: RepeatOrder) -> None:
    delivery = _add_element(to, "Delivery")
    if row.service:
        _add_element(
            delivery, "CarrierService", text.xml_prose(row.service.name), code=row.service.code
        )
    if row.transit_days is not None:
        _add_element(delivery, "TransitDays", str(row.transit_days))
    _add_element(delivery, "PromiseDays", str(row.promise_days))
    _add_element(delivery, "SpecialClearance", text.format_boolean(row.special_clearance))
    _add_element(delivery, "LocalReturn", text.format_boolean(row.local_return))


def _add_amount(to: Element, name: str, minor: int, currency: str) -> None:
    _add_element(to, name, decimal_text(minor, currency), currency=currency)


def _add_prose(to: Element, name: str, words: str) -> None:
    if clean := text.xml_prose(words):
        _add_element(to, name, clean)


def _add_element(to: Element, name: str, words: str | None = None, **attributes: str) -> Element:
    made = etree.SubElement(to, name, _without_blank_values(attributes))
    made.text = words
    return made


def _new_element(name: str, **attributes: str) -> Element:
    """Without a namespace of its own: it is written inside the document's root, whose default it
    takes."""
    return etree.Element(name, _without_blank_values(attributes))


def _without_blank_values(attributes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if value}
