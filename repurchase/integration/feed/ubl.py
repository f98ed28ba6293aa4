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
from repurchase.integration.feed.elements import ADDRESS, OrderParties
from repurchase.integration.feed.rows import FeedOrder
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
    out = _ChunkBuffer()
    parties = OrderParties.of(batch)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for page in rows.iter_feed_pages(batch, now=now, statuses=statuses):
            for row in page:
                name = zipfile.ZipInfo(
                    f"{row.order.ref}.xml", now.astimezone(dt.UTC).timetuple()[:6]
                )
                name.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(name, build_order(row, parties))
            yield out.taken()
    yield out.taken()


class _ChunkBuffer(io.RawIOBase):
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


def build_order(of: FeedOrder, parties: OrderParties) -> bytes:
    row = of.order
    root = etree.Element(f"{{{ORDER}}}Order", nsmap={None: ORDER, "cac": CAC, "cbc": CBC})
    agreed = row.lock.ended_at or row.lock.locked_at
    _add_basic_element(root, "CustomizationID", CUSTOMIZATION)
    _add_basic_element(root, "ProfileID", PROFILE)
    _add_basic_element(root, "ID", row.ref)
    _add_basic_element(root, "IssueDate", agreed.astimezone(dt.UTC).date().isoformat())
    _add_basic_element(root, "IssueTime", f"{agreed.astimezone(dt.UTC):%H:%M:%S}Z")
    _add_basic_element(root, "OrderTypeCode", ORDER_TYPE)
    if note := text.xml_prose(row.note).strip():
        _add_basic_element(root, "Note", note)
    _add_basic_element(root, "DocumentCurrencyCode", row.currency)
    _add_document_reference(
        root, "OriginatorDocumentReference", text.xml_identifier(row.past_order.number)
    )
    _add_document_reference(root, "AdditionalDocumentReference", row.state, "order status")
    for each in _other_registrations(row):
        kind = f"{each['scheme']} {each['jurisdiction']}"
        _add_document_reference(
            root, "AdditionalDocumentReference", text.xml_identifier(each["number"]), kind
        )
    _add_basic_element(_add_aggregate(root, "Contract"), "ID", str(row.lock_id))
    _add_buyer_party(_add_aggregate(root, "BuyerCustomerParty"), of, parties)
    _add_seller_party(_add_aggregate(root, "SellerSupplierParty"), parties.seller, row)
    _add_delivery(root, row)
    net, freight = net_amounts(row, of.lines)
    if freight:
        _add_freight_charge(root, row, freight)
    _add_amount(_add_aggregate(root, "TaxTotal"), "TaxAmount", row.tax_minor, row.currency)
    _add_monetary_totals(root, row, sum(net), freight)
    planned = [line for line in of.lines if line.outcome == LineOutcome.PLANNED]
    for line, minor in zip(planned, net, strict=True):
        _add_order_line(root, row, line, minor, _line_service_texts(of, line))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _other_registrations(row: RepeatOrder) -> list[dict[str, str]]:
    """Registrations but the seller's VAT, which stands with the party; each once."""
    found = [each for n, each in enumerate(row.registrations) if each not in row.registrations[:n]]
    return [each for each in found if each["scheme"] != "VAT"]


def _add_buyer_party(to: Element, of: FeedOrder, parties: OrderParties) -> None:
    buyer, party = parties.buyer, _add_aggregate(to, "Party")
    _add_endpoint(party, [buyer.tax_number])
    _add_basic_element(
        _add_aggregate(party, "PartyIdentification"), "ID", text.xml_identifier(buyer.external_id)
    )
    _add_basic_element(_add_aggregate(party, "PartyName"), "Name", text.xml_prose(buyer.name))
    _add_basic_element(
        _add_aggregate(_add_aggregate(party, "PostalAddress"), "Country"),
        "IdentificationCode",
        buyer.country,
    )
    if buyer.tax_number:
        _add_vat_scheme(party, text.xml_identifier(buyer.tax_number))
    _add_basic_element(
        _add_aggregate(party, "PartyLegalEntity"), "RegistrationName", text.xml_prose(buyer.name)
    )


def _add_seller_party(to: Element, store: Store, row: RepeatOrder) -> None:
    party = _add_aggregate(to, "Party")
    numbers = [each["number"] for each in row.registrations if each["scheme"] == "VAT"]
    _add_endpoint(party, numbers)
    _add_basic_element(_add_aggregate(party, "PartyName"), "Name", text.xml_prose(store.legal_name))
    _add_postal_address(
        _add_aggregate(party, "PostalAddress"),
        {k: getattr(store, k, "") for k in [*PARTS, "country"]},
    )
    for number in dict.fromkeys(numbers):
        _add_vat_scheme(party, text.xml_identifier(number))
    _add_basic_element(
        _add_aggregate(party, "PartyLegalEntity"),
        "RegistrationName",
        text.xml_prose(store.legal_name),
    )


def _add_endpoint(party: Element, numbers: Sequence[str]) -> None:
    """Its Peppol address; a party that holds no number with a scheme has none, and is known by the
    rest."""
    if found := endpoints.of(numbers):
        _add_basic_element(party, "EndpointID", found.id, schemeID=found.scheme)


def _add_vat_scheme(party: Element, number: str) -> None:
    scheme = _add_aggregate(party, "PartyTaxScheme")
    _add_basic_element(scheme, "CompanyID", number)
    _add_basic_element(_add_aggregate(scheme, "TaxScheme"), "ID", "VAT")


def _add_postal_address(to: Element, parts: dict[str, str]) -> None:
    for key, name in PARTS.items():
        if words := text.xml_prose(parts.get(key) or ""):
            _add_basic_element(to, name, words)
    _add_basic_element(_add_aggregate(to, "Country"), "IdentificationCode", parts["country"])


def _add_delivery(root: Element, row: RepeatOrder) -> None:
    delivery = _add_aggregate(root, "Delivery")
    _add_postal_address(
        _add_aggregate(_add_aggregate(delivery, "DeliveryLocation"), "Address"), row.ship_to
    )
    period = _add_aggregate(delivery, "PromisedDeliveryPeriod")
    _add_basic_element(period, "DurationMeasure", str(row.promise_days), unitCode="DAY")
    if row.service:
        carrier = _add_aggregate(delivery, "CarrierParty")
        _add_basic_element(_add_aggregate(carrier, "PartyIdentification"), "ID", row.service.code)
        _add_basic_element(
            _add_aggregate(carrier, "PartyName"), "Name", text.xml_prose(row.service.name)
        )
    if consignee := text.xml_prose(row.ship_to.get(ADDRESS["Consignee"]) or ""):
        _add_basic_element(
            _add_aggregate(_add_aggregate(delivery, "DeliveryParty"), "PartyName"),
            "Name",
            consignee,
        )
    terms = _add_aggregate(root, "DeliveryTerms")
    _add_basic_element(terms, "ID", row.incoterm)
    special = [f"importer of record: {row.importer_of_record}"]
    special += ["special clearance channel"] * row.special_clearance + [
        "local return warehouse"
    ] * row.local_return
    _add_basic_element(terms, "SpecialTerms", "; ".join(special))


def _add_freight_charge(root: Element, row: RepeatOrder, minor: int) -> None:
    charge = _add_aggregate(root, "AllowanceCharge")
    _add_basic_element(charge, "ChargeIndicator", "true")
    _add_basic_element(charge, "AllowanceChargeReasonCode", FREIGHT)
    _add_basic_element(charge, "AllowanceChargeReason", "Freight")
    _add_amount(charge, "Amount", minor, row.currency)
    _add_tax_category(_add_aggregate(charge, "TaxCategory"), row)


def _add_tax_category(to: Element, row: RepeatOrder) -> None:
    _add_basic_element(to, "ID", row.tax_category)
    if row.tax_rate is not None:
        _add_basic_element(to, "Percent", text.format_decimal(row.tax_rate * 100))
    _add_basic_element(_add_aggregate(to, "TaxScheme"), "ID", "VAT")


def _add_monetary_totals(root: Element, row: RepeatOrder, lines: int, freight: int) -> None:
    totals = _add_aggregate(root, "AnticipatedMonetaryTotal")
    _add_amount(totals, "LineExtensionAmount", lines, row.currency)
    _add_amount(totals, "TaxExclusiveAmount", lines + freight, row.currency)
    _add_amount(totals, "TaxInclusiveAmount", row.total_minor, row.currency)
    _add_amount(totals, "ChargeTotalAmount", freight, row.currency)
    _add_amount(totals, "PayableAmount", row.total_minor, row.currency)


def _add_order_line(
    root: Element, row: RepeatOrder, line: RepeatLine, minor: int, services: Sequence[str]
) -> None:
    """The unit price is the whole line's, for the whole quantity: exact, where a piece's price
    could not be."""
    item_line = _add_aggregate(_add_aggregate(root, "OrderLine"), "LineItem")
    _add_basic_element(item_line, "ID", str(line.line_no))
    _add_basic_element(item_line, "Quantity", str(line.quantity), unitCode="C62")
    _add_amount(item_line, "LineExtensionAmount", minor, row.currency)
    price = _add_aggregate(item_line, "Price")
    _add_amount(price, "PriceAmount", minor, row.currency)
    _add_basic_element(price, "BaseQuantity", str(line.quantity), unitCode="C62")
    item = _add_aggregate(item_line, "Item")
    _add_basic_element(item, "Name", text.xml_prose(line.sku.title))
    _add_basic_element(
        _add_aggregate(item, "SellersItemIdentification"), "ID", text.xml_identifier(line.sku.code)
    )
    _add_basic_element(
        _add_aggregate(item, "OriginCountry"), "IdentificationCode", line.origin_country
    )
    if hs_code := text.normalize_hs_code(line.hs_code):
        _add_basic_element(
            _add_aggregate(item, "CommodityClassification"),
            "ItemClassificationCode",
            hs_code,
            listID="HS",
        )
    _add_tax_category(_add_aggregate(item, "ClassifiedTaxCategory"), row)
    _add_item_property(item, "SourceLine", str(line.source_line.line_no))
    if row.prices_include_tax:
        gross = f"{decimal_text(line.total_minor, row.currency)} {row.currency}"
        _add_item_property(item, "LockedLineTotalWithTax", gross)
    for service in services:
        _add_item_property(item, "CustomService", service)


def _line_service_texts(of: FeedOrder, line: RepeatLine) -> list[str]:
    rows_of = [*of.services.get(line.source_line_id, ()), *of.services.get(None, ())]
    return [text.xml_prose(service.text) for service in rows_of]


def _add_item_property(item: Element, name: str, value: str) -> None:
    made = _add_aggregate(item, "AdditionalItemProperty")
    _add_basic_element(made, "Name", name)
    _add_basic_element(made, "Value", value)


def _add_document_reference(root: Element, name: str, of: str, kind: str = "") -> None:
    made = _add_aggregate(root, name)
    _add_basic_element(made, "ID", of)
    if kind:
        _add_basic_element(made, "DocumentType", kind)


def _add_aggregate(to: Element, name: str) -> Element:
    return etree.SubElement(to, f"{{{CAC}}}{name}")


def _add_basic_element(to: Element, name: str, words: str, **attributes: str) -> None:
    etree.SubElement(to, f"{{{CBC}}}{name}", attributes).text = words


def _add_amount(to: Element, name: str, minor: int, currency: str) -> None:
    _add_basic_element(to, name, decimal_text(minor, currency), currencyID=currency)
