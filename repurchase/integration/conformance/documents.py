"""Order documents for the kit: small, valid by the published schema unless a case breaks them on
purpose. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "urn:bulk-repeat-order:1"
SKU = "KIT-CUP"  # what begins with KIT- is known to the endpoint under test; nothing else is
DIGITS = {"USD": 2, "JPY": 0, "KWD": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class KitOrderLine:
    number: int = 1
    sku: str = SKU
    title: str = "Cup"
    quantity: int = 10
    minor: int = 12_345
    hs_code: str = "691110"
    outcome: str = "planned"


@dataclass(frozen=True, kw_only=True, slots=True)
class KitOrder:
    ref: str = "BR-00KT0000-0001"
    status: str = "released"
    currency: str = "USD"
    lines: Sequence[KitOrderLine] = (KitOrderLine(),)
    freight: int = 2_500
    tax: int = 2_820
    includes_tax: bool = False
    off_by: int = 0  # minor units by which Total misses its parts
    note: str = ""
    consignee: str = "Buyer GmbH"
    extra: str = ""  # elements that a later version may add, after the note
    attributes: str = ""
    fee_kind: str = "commission"

    @property
    def goods(self) -> int:
        return sum(line.minor for line in self.lines if line.outcome == "planned")

    @property
    def total(self) -> int:
        return self.goods + self.freight + (0 if self.includes_tax else self.tax) + self.off_by


def format_amount(minor: int, currency: str) -> str:
    digits = DIGITS[currency]
    return f"{minor // 10**digits}.{minor % 10**digits:0{digits}}" if digits else str(minor)


def build_order_document(*orders: KitOrder, version: str = "1.2") -> bytes:
    body = "".join(map(_order_xml, orders))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<RepurchaseOrders xmlns="{NAMESPACE}" version="{version}" '
        f'batch="BR-00KT0000" generatedAt="2026-11-23T08:00:00Z">{body}</RepurchaseOrders>\n'
    ).encode()


def _order_xml(of: KitOrder) -> str:
    def money(name: str, minor: int) -> str:
        return f'<{name} currency="{of.currency}">{format_amount(minor, of.currency)}</{name}>'

    lines = "".join(_order_line_xml(line, of.currency) for line in of.lines)
    note = f"<Note>{escape(of.note)}</Note>" if of.note else ""
    return (
        f"<Order ref={quoteattr(of.ref)}{of.attributes}>"
        "<SourceOrder><Number>PO-1</Number><CompletedAt>2026-11-01T00:00:00Z</CompletedAt></SourceOrder>"
        f"<Status>{of.status}</Status>"
        '<Lock id="00000000-0000-4000-8000-000000000001"><LockedAt>2026-11-20T08:00:00Z</LockedAt>'
        '<ExpiresAt>2026-11-23T08:00:00Z</ExpiresAt><RateSet source="ecb" date="2026-11-20"/></Lock>'
        "<Seller><LegalName>Seller Ltd</LegalName><Address><City>Ningbo</City><Country>CN</Country></Address></Seller>"
        '<Buyer externalId="B-1"><Name>Buyer GmbH</Name></Buyer>'
        f"<ShipTo><Consignee>{escape(of.consignee)}</Consignee><City>Hamburg</City><Country>DE</Country></ShipTo>"
        "<Terms><Incoterm>DAP</Incoterm><ImporterOfRecord>buyer</ImporterOfRecord></Terms>"
        f"<Currency>{of.currency}</Currency>{lines}"
        f'<Totals pricesIncludeTax="{"true" if of.includes_tax else "false"}">{money("Goods", of.goods)}'
        f"{money('Freight', of.freight)}{money('Tax', of.tax)}{money('Total', of.total)}</Totals>"
        "<Tax><Category>S</Category><Percent>19</Percent><Code>S-DE-19.00-DE123456789</Code></Tax>"
        f'<Fee part="commission" kind="{of.fee_kind}">{money("Base", of.goods)}<Rate>0.08</Rate>{money("Amount", 1)}'
        "<RuleVersion>2026-1</RuleVersion><Rounding>half_up</Rounding></Fee>"
        "<Delivery><TransitDays>10</TransitDays><PromiseDays>30</PromiseDays><SpecialClearance>false</SpecialClearance>"
        f"<LocalReturn>false</LocalReturn></Delivery>{note}{of.extra}</Order>"
    )


def _order_line_xml(of: KitOrderLine, currency: str) -> str:
    planned = of.outcome == "planned"
    minor = of.minor if planned else 0
    unit = (
        f'<UnitPrice currency="{currency}">{_unit_price_text(of, currency)}</UnitPrice>'
        if planned
        else ""
    )
    code = "" if planned else "<Code>SKU_NOT_STANDARD</Code>"
    hs = f"<HsCode>{of.hs_code}</HsCode>" if of.hs_code else ""
    return (
        f'<Line number="{of.number}"><SourceLine number="{of.number}"/><SkuCode>{escape(of.sku)}</SkuCode>'
        f'<Title>{escape(of.title)}</Title><Quantity unitCode="C62">{of.quantity}</Quantity>{unit}'
        f'<LineTotal currency="{currency}">{format_amount(minor, currency)}</LineTotal>{hs}<OriginCountry>CN</OriginCountry>'
        f"<Outcome>{of.outcome}</Outcome>{code}</Line>"
    )


def _unit_price_text(of: KitOrderLine, currency: str) -> str:
    """To six decimals, as the feed rounds it: the quantity times it may miss the line's total."""
    scaled = (of.minor * 10**6 * 2 + of.quantity * 10 ** DIGITS[currency]) // (
        2 * of.quantity * 10 ** DIGITS[currency]
    )
    return f"{scaled // 10**6}.{scaled % 10**6:06}"


UBL_ORDER = f"""<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
       xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
       xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>
  <cbc:ID>BR-00KT0000-0001</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate>
  <cbc:DocumentCurrencyCode>USD</cbc:DocumentCurrencyCode>
  <cac:AdditionalDocumentReference><cbc:ID>released</cbc:ID><cbc:DocumentType>order status</cbc:DocumentType>
  </cac:AdditionalDocumentReference>
  <cac:BuyerCustomerParty/><cac:SellerSupplierParty/>
  <cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:Quantity unitCode="C62">10</cbc:Quantity>
    <cbc:LineExtensionAmount currencyID="USD">123.45</cbc:LineExtensionAmount>
    <cac:Item><cbc:Name>Cup</cbc:Name><cac:SellersItemIdentification><cbc:ID>{SKU}</cbc:ID>
    </cac:SellersItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>
</Order>
""".encode()
