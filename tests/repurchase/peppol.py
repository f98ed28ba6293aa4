"""Rules of Peppol BIS Order 3 (transaction T01), in our own words, under the ids that Peppol gives
them."""

from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from repurchase.integration.feed import ubl

NS = {"u": ubl.ORDER, "cac": ubl.CAC, "cbc": ubl.CBC}
PARTIES = {
    "Buyer": ("cac:BuyerCustomerParty", "B033", "B034"),
    "Seller": ("cac:SellerSupplierParty", "B068", "B069"),
}
SCHEMES = {*(str(n) for n in range(9922, 9954)), "9910", "9914", "9920", "9955", "9957", "0211"}
"""Of the EAS code list: those that stand for a VAT number."""

MODEL = {
    "B06804": (
        "cac:SellerSupplierParty/cac:Party",
        {"EndpointID", "PartyIdentification", "PartyName", "PostalAddress", "PartyLegalEntity", "Contact"},
    ),
    "B14401": ("cac:Delivery", {"DeliveryLocation", "RequestedDeliveryPeriod", "DeliveryParty"}),
    "B25202": (
        "cac:OrderLine/cac:LineItem/cac:Item",
        {"Name", "Description", "BuyersItemIdentification", "SellersItemIdentification", "StandardItemIdentification",
         "ItemSpecificationDocumentReference", "CommodityClassification", "ClassifiedTaxCategory",
         "AdditionalItemProperty", "ItemInstance"},
    ),
}  # fmt: skip
"""What Peppol's data model has there; anything else breaks the rule."""


def broken(order: etree._Element) -> list[str]:
    """The ids of the rules that a document breaks, with what breaks them."""
    return [*_addresses(order), *_amounts(order), *_sums(order), *_lines(order), *_taxes(order)]


def departures(order: etree._Element) -> set[tuple[str, str]]:
    return {
        (rule, etree.QName(child).localname)
        for rule, (path, names) in MODEL.items()
        for parent in order.iterfind(path, NS)
        for child in parent
        if etree.QName(child).localname not in names
    }


def _addresses(order: etree._Element) -> Iterator[str]:
    for path, party, endpoint in PARTIES.values():
        found = order.find(f"{path}/cac:Party/cbc:EndpointID", NS)
        if found is None:
            yield f"{party}01"
        elif "schemeID" not in found.attrib:
            yield f"{endpoint}01"
        elif found.get("schemeID") not in SCHEMES:
            yield f"{endpoint}02"
    for number in order.iterfind(".//cac:PartyTaxScheme/cbc:CompanyID", NS):
        if not number.text[:2].isalpha():
            yield f"R026 {number.text}"


def _amounts(order: etree._Element) -> Iterator[str]:
    currency = order.findtext("cbc:DocumentCurrencyCode", "", NS)
    for amount in order.xpath(".//*[@currencyID]"):
        if amount.get("currencyID") != currency:
            yield f"R003 {amount.tag}"
        if (
            len(amount.text.partition(".")[2]) > 2
            and etree.QName(amount).localname != "PriceAmount"
        ):
            yield f"R028 {amount.text}"


def _sum(order: etree._Element, path: str) -> Decimal:
    return sum((Decimal(found.text) for found in order.iterfind(path, NS)), Decimal(0))


def _sums(order: etree._Element) -> Iterator[str]:
    total = "cac:AnticipatedMonetaryTotal/cbc:"
    lines, charges = (
        _sum(order, f"{total}LineExtensionAmount"),
        _sum(order, f"{total}ChargeTotalAmount"),
    )
    net, gross = (
        _sum(order, f"{total}TaxExclusiveAmount"),
        _sum(order, f"{total}TaxInclusiveAmount"),
    )
    payable = _sum(order, f"{total}PayableAmount")
    rules = {
        "R006": payable >= 0,
        "R007": lines >= 0,
        "R008": lines == _sum(order, "cac:OrderLine/cac:LineItem/cbc:LineExtensionAmount"),
        "R010": charges == _sum(order, "cac:AllowanceCharge/cbc:Amount"),
        "R011": net == lines + charges,
        "R016": payable == gross,
        "R017": gross == net + _sum(order, "cac:TaxTotal/cbc:TaxAmount"),
    }
    yield from (rule for rule, holds in rules.items() if not holds)
    if order.findtext("cbc:ProfileID", "", NS) not in (
        ubl.PROFILE,
        "urn:fdc:peppol.eu:poacc:bis:order_only:3",
    ):
        yield "R031"
    for charge in order.iterfind("cac:AllowanceCharge", NS):
        if not charge.findtext("cbc:AllowanceChargeReason", "", NS):
            yield "R023"
        if Decimal(charge.findtext("cbc:Amount", "-1", NS)) < 0:
            yield "R032"


def _lines(order: etree._Element) -> Iterator[str]:
    lines = order.findall("cac:OrderLine/cac:LineItem", NS)
    numbers = [line.findtext("cbc:ID", "", NS) for line in lines]
    if len(set(numbers)) < len(numbers):
        yield "R001"
    for line in lines:
        quantity, base, price, amount = (
            Decimal(line.findtext(path, "-1", NS))
            for path in (
                "cbc:Quantity",
                "cac:Price/cbc:BaseQuantity",
                "cac:Price/cbc:PriceAmount",
                "cbc:LineExtensionAmount",
            )
        )
        if quantity < 0:
            yield "R004"
        if price < 0:
            yield "R005"
        if base <= 0:
            yield "R025"
        elif abs(amount - quantity * price / base) > Decimal("0.02"):
            yield "R024"


def _taxes(order: etree._Element) -> Iterator[str]:
    for tax in order.xpath(".//cac:TaxCategory | .//cac:ClassifiedTaxCategory", namespaces=NS):
        kind, percent = tax.findtext("cbc:ID", "", NS), tax.findtext("cbc:Percent", None, NS)
        if percent is None and kind != "O":
            yield "R029"
        if kind == "S" and Decimal(percent or 0) <= 0:
            yield "R030"
