"""The same orders as UBL 2.2 Order documents, with the identifiers of Peppol BIS Order 3: one
document an order.

What UBL has no place for (the seller's fees, lines left out, the price lock's rates) stands in the
native feed only.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence

from lxml import etree

from marketplace.models import Store
from marketplace.money import decimal_text
from repurchase.fulfilment.net_lines import net_amounts
from repurchase.integration.feed import endpoints, rows, text
from repurchase.integration.feed.elements import ADDRESS, Parties
from repurchase.integration.feed.rows import Row
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder
from repurchase.models.order_states import ACCEPTED, OrderStatus

Element = etree._Element
ORDER = "urn:oasis:names:specification:ubl:schema:xsd:Order-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CUSTOMIZATION = "urn:fdc:peppol.eu:poacc:trns:order:3"
PROFILE = "urn:fdc:peppol.eu:poacc:bis:ordering:3"
ORDER_TYPE = "220"  # UNCL1001: Order
FREIGHT = "FC"  # UNCL7161: freight service
PARTS = {
    "street": "StreetName",
    "city": "CityName",
    "postal_code": "PostalZone",
    "region": "CountrySubentity",
}


def archive(
    batch: Batch, *, now: dt.datetime, statuses: frozenset[OrderStatus] = ACCEPTED
) -> Iterator[bytes]:
    """A ZIP in pieces, one UBL file an order by its reference: a wrapper of many orders would be
    no UBL.

    A failure on the way cuts it short before its directory, so that no reader takes a part for the
    whole.
    """
    out = _Pieces()
    parties = Parties.of(batch)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for page in rows.pages(batch, now=now, statuses=statuses):
            for row in page:
                name = zipfile.ZipInfo(
                    f"{row.order.ref}.xml", now.astimezone(dt.UTC).timetuple()[:6]
                )
                name.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(name, document(row, parties))
            yield out.taken()
    yield out.taken()


class _Pieces(io.RawIOBase):
    """Written to, never gone back in: what has been handed out is forgotten."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        piece, self._waiting = bytes(self._waiting), bytearray()
        return piece


def document(of: Row, parties: Parties) -> bytes:
    row = of.order
    root = etree.Element(f"{{{ORDER}}}Order", nsmap={None: ORDER, "cac": CAC, "cbc": CBC})
    agreed = row.lock.ended_at or row.lock.locked_at
    _basic(root, "CustomizationID", CUSTOMIZATION)
    _basic(root, "ProfileID", PROFILE)
    _basic(root, "ID", row.ref)
    _basic(root, "IssueDate", agreed.astimezone(dt.UTC).date().isoformat())
    _basic(root, "IssueTime", f"{agreed.astimezone(dt.UTC):%H:%M:%S}Z")
    _basic(root, "OrderTypeCode", ORDER_TYPE)
    if note := text.prose(row.note).strip():
        _basic(root, "Note", note)
    _basic(root, "DocumentCurrencyCode", row.currency)
    _reference(root, "OriginatorDocumentReference", text.identifier(row.past_order.number))
    _reference(root, "AdditionalDocumentReference", row.state, "order status")
    for each in _others(row):
        kind = f"{each['scheme']} {each['jurisdiction']}"
        _reference(root, "AdditionalDocumentReference", text.identifier(each["number"]), kind)
    _basic(_part(root, "Contract"), "ID", str(row.lock_id))
    _buyer(_part(root, "BuyerCustomerParty"), of, parties)
    _seller(_part(root, "SellerSupplierParty"), parties.seller, row)
    _delivery(root, row)
    net, freight = net_amounts(row, of.lines)
    if freight:
        _freight(root, row, freight)
    _amount(_part(root, "TaxTotal"), "TaxAmount", row.tax_minor, row.currency)
    _totals(root, row, sum(net), freight)
    planned = [line for line in of.lines if line.outcome == LineOutcome.PLANNED]
    for line, minor in zip(planned, net, strict=True):
        _line(root, row, line, minor, _services(of, line))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _others(row: RepeatOrder) -> list[dict[str, str]]:
    """Registrations but the seller's VAT, which stands with the party; each once."""
    found = [each for n, each in enumerate(row.registrations) if each not in row.registrations[:n]]
    return [each for each in found if each["scheme"] != "VAT"]


def _buyer(to: Element, of: Row, parties: Parties) -> None:
    buyer, party = parties.buyer, _part(to, "Party")
    _endpoint(party, [buyer.tax_number])
    _basic(_part(party, "PartyIdentification"), "ID", text.identifier(buyer.external_id))
    _basic(_part(party, "PartyName"), "Name", text.prose(buyer.name))
    _basic(_part(_part(party, "PostalAddress"), "Country"), "IdentificationCode", buyer.country)
    if buyer.tax_number:
        _vat(party, text.identifier(buyer.tax_number))
    _basic(_part(party, "PartyLegalEntity"), "RegistrationName", text.prose(buyer.name))


def _seller(to: Element, store: Store, row: RepeatOrder) -> None:
    party = _part(to, "Party")
    numbers = [each["number"] for each in row.registrations if each["scheme"] == "VAT"]
    _endpoint(party, numbers)
    _basic(_part(party, "PartyName"), "Name", text.prose(store.legal_name))
    _address(_part(party, "PostalAddress"), {k: getattr(store, k, "") for k in [*PARTS, "country"]})
    for number in dict.fromkeys(numbers):
        _vat(party, text.identifier(number))
    _basic(_part(party, "PartyLegalEntity"), "RegistrationName", text.prose(store.legal_name))


def _endpoint(party: Element, numbers: Sequence[str]) -> None:
    """Its Peppol address; a party that holds no number with a scheme has none, and is known by the
    rest."""
    if found := endpoints.of(numbers):
        _basic(party, "EndpointID", found.id, schemeID=found.scheme)


def _vat(party: Element, number: str) -> None:
    scheme = _part(party, "PartyTaxScheme")
    _basic(scheme, "CompanyID", number)
    _basic(_part(scheme, "TaxScheme"), "ID", "VAT")


def _address(to: Element, parts: dict[str, str]) -> None:
    for key, name in PARTS.items():
        if words := text.prose(parts.get(key) or ""):
            _basic(to, name, words)
    _basic(_part(to, "Country"), "IdentificationCode", parts["country"])


def _delivery(root: Element, row: RepeatOrder) -> None:
    delivery = _part(root, "Delivery")
    _address(_part(_part(delivery, "DeliveryLocation"), "Address"), row.ship_to)
    period = _part(delivery, "PromisedDeliveryPeriod")
    _basic(period, "DurationMeasure", str(row.promise_days), unitCode="DAY")
    if row.service:
        carrier = _part(delivery, "CarrierParty")
        _basic(_part(carrier, "PartyIdentification"), "ID", row.service.code)
        _basic(_part(carrier, "PartyName"), "Name", text.prose(row.service.name))
    if consignee := text.prose(row.ship_to.get(ADDRESS["Consignee"]) or ""):
        _basic(_part(_part(delivery, "DeliveryParty"), "PartyName"), "Name", consignee)
    terms = _part(root, "DeliveryTerms")
    _basic(terms, "ID", row.incoterm)
    special = [f"importer of record: {row.importer_of_record}"]
    special += ["special clearance channel"] * row.special_clearance + [
        "local return warehouse"
    ] * row.local_return
    _basic(terms, "SpecialTerms", "; ".join(special))


def _freight(root: Element, row: RepeatOrder, minor: int) -> None:
    charge = _part(root, "AllowanceCharge")
    _basic(charge, "ChargeIndicator", "true")
    _basic(charge, "AllowanceChargeReasonCode", FREIGHT)
    _basic(charge, "AllowanceChargeReason", "Freight")
    _amount(charge, "Amount", minor, row.currency)
    _tax(_part(charge, "TaxCategory"), row)


def _tax(to: Element, row: RepeatOrder) -> None:
    _basic(to, "ID", row.tax_category)
    if row.tax_rate is not None:
        _basic(to, "Percent", text.decimal(row.tax_rate * 100))
    _basic(_part(to, "TaxScheme"), "ID", "VAT")


def _totals(root: Element, row: RepeatOrder, lines: int, freight: int) -> None:
    totals = _part(root, "AnticipatedMonetaryTotal")
    _amount(totals, "LineExtensionAmount", lines, row.currency)
    _amount(totals, "TaxExclusiveAmount", lines + freight, row.currency)
    _amount(totals, "TaxInclusiveAmount", row.total_minor, row.currency)
    _amount(totals, "ChargeTotalAmount", freight, row.currency)
    _amount(totals, "PayableAmount", row.total_minor, row.currency)


def _line(
    root: Element, row: RepeatOrder, line: RepeatLine, minor: int, services: Sequence[str]
) -> None:
    """The unit price is the whole line's, for the whole quantity: exact, where a piece's price
    could not be."""
    item_line = _part(_part(root, "OrderLine"), "LineItem")
    _basic(item_line, "ID", str(line.line_no))
    _basic(item_line, "Quantity", str(line.quantity), unitCode="C62")
    _amount(item_line, "LineExtensionAmount", minor, row.currency)
    price = _part(item_line, "Price")
    _amount(price, "PriceAmount", minor, row.currency)
    _basic(price, "BaseQuantity", str(line.quantity), unitCode="C62")
    item = _part(item_line, "Item")
    _basic(item, "Name", text.prose(line.sku.title))
    _basic(_part(item, "SellersItemIdentification"), "ID", text.identifier(line.sku.code))
    _basic(_part(item, "OriginCountry"), "IdentificationCode", line.origin_country)
    if hs_code := text.hs_code(line.hs_code):
        _basic(
            _part(item, "CommodityClassification"), "ItemClassificationCode", hs_code, listID="HS"
        )
    _tax(_part(item, "ClassifiedTaxCategory"), row)
    _property(item, "SourceLine", str(line.source_line.line_no))
    if row.prices_include_tax:
        gross = f"{decimal_text(line.total_minor, row.currency)} {row.currency}"
        _property(item, "LockedLineTotalWithTax", gross)
    for service in services:
        _property(item, "CustomService", service)


def _services(of: Row, line: RepeatLine) -> list[str]:
    rows_of = [*of.services.get(line.source_line_id, ()), *of.services.get(None, ())]
    return [text.prose(service.text) for service in rows_of]


def _property(item: Element, name: str, value: str) -> None:
    made = _part(item, "AdditionalItemProperty")
    _basic(made, "Name", name)
    _basic(made, "Value", value)


def _reference(root: Element, name: str, of: str, kind: str = "") -> None:
    made = _part(root, name)
    _basic(made, "ID", of)
    if kind:
        _basic(made, "DocumentType", kind)


def _part(to: Element, name: str) -> Element:
    return etree.SubElement(to, f"{{{CAC}}}{name}")


def _basic(to: Element, name: str, words: str, **attributes: str) -> None:
    etree.SubElement(to, f"{{{CBC}}}{name}", attributes).text = words


def _amount(to: Element, name: str, minor: int, currency: str) -> None:
    _basic(to, name, decimal_text(minor, currency), currencyID=currency)
