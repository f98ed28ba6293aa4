"""UBL 2.2 Order from the same values as the native feed, by OASIS's own schema and two
validators."""

import io
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from marketplace.tax_numbers import PATTERNS
from pricing.models import Lock
from repurchase.integration.feed import endpoints, ubl
from repurchase.models import LineService, RepeatOrder
from tests import world
from tests.repurchase import orders, peppol
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent / "ubl"
NS = {"u": ubl.ORDER, "cac": ubl.CAC, "cbc": ubl.CBC}


@pytest.fixture(scope="session")
def schemas(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ubl")
    with zipfile.ZipFile(HERE / "ubl-2.2-order.zip") as packed:
        packed.extractall(folder)
    return folder / "maindoc"


@pytest.fixture(scope="session")
def order_schema(schemas) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(schemas / "UBL-Order-2.2.xsd"), allow="local", defuse="never")


@pytest.fixture
def erp(client, store):
    return Caller(client, store, "read", "write")


@pytest.fixture
def batch(store):
    by = world.buyer(store, tax_number="DE811907980", tax_number_checked_at=world.NOW)
    return orders.batch(store, by)


def files(batch) -> dict[str, bytes]:
    content = b"".join(ubl.archive(batch, now=world.NOW))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def only(batch) -> etree._Element:
    (content,) = files(batch).values()
    return etree.fromstring(content)


def at(order, path: str) -> str:
    return str(order.xpath(f"string({path})", namespaces=NS))


def variants(batch):
    """Everything that changes the shape of a document."""
    lock = orders.lock(batch)
    item = world.sku(batch.store, code="CUP-1", title="杯 Cup <&>")
    orders.repeats(
        batch,
        1,
        lock=lock,
        lines=3,
        skus=[item],
        service=world.lane(),
        note="Red & blue, please.",
        local_return=True,
    )
    orders.repeats(
        batch,
        1,
        lock=lock,
        first=2,
        currency="JPY",
        prices_include_tax=True,
        tax_minor=2_371,
        total_minor=14_845,
    )
    orders.repeats(
        batch,
        1,
        lock=lock,
        first=3,
        tax_rate=Decimal(0),
        tax_category="AE",
        tax_minor=0,
        total_minor=14_845,
        registrations=[{"scheme": "EPR", "jurisdiction": "DE", "number": "DE1"}],
        special_clearance=True,
    )
    orders.repeats(
        batch,
        1,
        lock=lock,
        first=4,
        line={"hs_code": ""},
        ship_to={"country": "DE"},
        status="released",
    )


class TestEachDocument:
    def test_is_valid_by_xmllint(self, batch, schemas, tmp_path):
        variants(batch)
        for name, content in files(batch).items():
            (tmp_path / name).write_bytes(content)
        told = subprocess.run(
            [
                "xmllint",
                "--nonet",
                "--noout",
                "--schema",
                str(schemas / "UBL-Order-2.2.xsd"),
                *map(str, sorted(tmp_path.glob("*.xml"))),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert told.stderr.count("validates") == 4

    def test_is_valid_by_xmlschema(self, batch, order_schema):
        variants(batch)
        for name, content in files(batch).items():
            assert [str(e) for e in order_schema.iter_errors(io.BytesIO(content))] == [], name

    def test_that_is_broken_is_found(self, batch, order_schema):
        """The schema is the real one: it does refuse."""
        orders.repeats(batch)
        (content,) = files(batch).values()
        for change in (
            (b"<cbc:IssueDate>", b"<cbc:IssueDate>x"),
            (b"cbc:ID>", b"cbc:Id>"),
            (b"</Order>", b"<cbc:Note/></Order>"),
        ):
            assert not order_schema.is_valid(io.BytesIO(content.replace(*change)))

    def test_says_what_the_native_one_says(self, batch):
        item = world.sku(batch.store, code="CUP-1", title="Cup")
        orders.repeats(batch, skus=[item], lines=2, service=world.lane())
        row, order = RepeatOrder.objects.get(), only(batch)
        line = "cac:OrderLine[1]/cac:LineItem"
        assert {
            path: at(order, path)
            for path in (
                "cbc:CustomizationID",
                "cbc:ProfileID",
                "cbc:ID",
                "cbc:DocumentCurrencyCode",
                "cac:OriginatorDocumentReference/cbc:ID",
                "cac:AdditionalDocumentReference/cbc:ID",
                "cac:BuyerCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID",
                "cac:BuyerCustomerParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
                "cac:SellerSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
                "cac:Delivery/cac:DeliveryLocation/cac:Address/cbc:CityName",
                "cac:Delivery/cac:PromisedDeliveryPeriod/cbc:DurationMeasure",
                "cac:DeliveryTerms/cbc:ID",
                "cac:AllowanceCharge/cbc:Amount",
                "cac:TaxTotal/cbc:TaxAmount",
                "cac:AnticipatedMonetaryTotal/cbc:PayableAmount",
                "count(cac:OrderLine)",
                f"{line}/cbc:Quantity",
                f"{line}/cbc:LineExtensionAmount",
                f"{line}/cac:Price/cbc:BaseQuantity",
                f"{line}/cac:Item/cac:SellersItemIdentification/cbc:ID",
                f"{line}/cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode",
                f"{line}/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent",
            )
        } == {
            "cbc:CustomizationID": "urn:fdc:peppol.eu:poacc:trns:order:3",
            "cbc:ProfileID": "urn:fdc:peppol.eu:poacc:bis:ordering:3",
            "cbc:ID": row.ref,
            "cbc:DocumentCurrencyCode": "USD",
            "cac:OriginatorDocumentReference/cbc:ID": row.past_order.number,
            "cac:AdditionalDocumentReference/cbc:ID": "confirmed",
            "cac:BuyerCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID": batch.buyer.external_id,
            "cac:BuyerCustomerParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID": "DE811907980",
            "cac:SellerSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID": "DE123456789",
            "cac:Delivery/cac:DeliveryLocation/cac:Address/cbc:CityName": "Hamburg",
            "cac:Delivery/cac:PromisedDeliveryPeriod/cbc:DurationMeasure": "30",
            "cac:DeliveryTerms/cbc:ID": "DAP",
            "cac:AllowanceCharge/cbc:Amount": "25.00",
            "cac:TaxTotal/cbc:TaxAmount": f"{row.tax_minor / 100:.2f}",
            "cac:AnticipatedMonetaryTotal/cbc:PayableAmount": f"{row.total_minor / 100:.2f}",
            "count(cac:OrderLine)": "2",
            f"{line}/cbc:Quantity": "12",
            f"{line}/cbc:LineExtensionAmount": "123.45",
            f"{line}/cac:Price/cbc:BaseQuantity": "12",
            f"{line}/cac:Item/cac:SellersItemIdentification/cbc:ID": "CUP-1",
            f"{line}/cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode": "691110",
            f"{line}/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent": "19",
        }

    @pytest.mark.parametrize("include_tax", [False, True])
    def test_adds_up_to_the_cent(self, batch, include_tax):
        """Lines and charges are the sum without tax, with tax what the buyer pays, inclusive
        prices too."""
        tax = (
            {"prices_include_tax": True, "tax_minor": 1_000, "total_minor": 3 * 12_345 + 2_500}
            if include_tax
            else {}
        )
        orders.repeats(batch, lines=3, **tax)
        row, order = RepeatOrder.objects.get(), only(batch)
        lines = (
            sum(Decimal(x.text) for x in order.iterfind(".//cbc:LineExtensionAmount", NS)) / 2
        )  # and in the totals
        total = "cac:AnticipatedMonetaryTotal/cbc:"
        assert lines == Decimal(at(order, f"{total}LineExtensionAmount"))
        assert lines + Decimal(at(order, f"{total}ChargeTotalAmount")) == Decimal(
            at(order, f"{total}TaxExclusiveAmount")
        )
        assert (
            Decimal(at(order, f"{total}TaxExclusiveAmount"))
            == Decimal(row.total_minor - row.tax_minor) / 100
        )
        assert at(order, f"{total}PayableAmount") == at(order, f"{total}TaxInclusiveAmount")

    def test_leaves_out_the_lines_that_were_left_out(self, batch):
        (row,) = orders.repeats(batch, lines=2, status="planned")
        row.lines.filter(line_no=2).update(outcome="excluded", total_minor=0)
        RepeatOrder.objects.update(goods_minor=12_345, total_minor=12_345 + 2_500 + row.tax_minor)
        RepeatOrder.objects.update(status="locked")
        RepeatOrder.objects.update(status="confirmed")
        assert [e.text for e in only(batch).iterfind("cac:OrderLine/cac:LineItem/cbc:ID", NS)] == [
            "1"
        ]

    def test_names_the_services_that_were_confirmed(self, batch):
        (row,) = orders.repeats(batch, status="planned")
        batch.status = "planned"
        batch.save()
        LineService.objects.create(
            store=batch.store,
            batch=batch,
            past_order=row.past_order,
            text="extra manual",
            source="member",
            recorded_at=world.NOW,
            recorded_by="x",
            confirmed_at=world.NOW,
        )
        RepeatOrder.objects.update(status="locked")
        RepeatOrder.objects.update(status="confirmed")
        assert "extra manual" in [e.text for e in only(batch).iterfind(".//cbc:Value", NS)]

    def test_survives_what_no_xml_can_carry(self, batch, order_schema):
        item = world.sku(batch.store, code="A\x0bB", title="T\x00x".replace("\x00", "\x0c"))
        orders.repeats(batch, skus=[item], note="\x0b")
        (content,) = files(batch).values()
        assert order_schema.is_valid(io.BytesIO(content))


class TestABatch:
    def test_is_a_zip_of_one_file_an_order(self, batch):
        orders.repeats(batch, 3)
        assert list(files(batch)) == [f"{batch.ref}-{n:04d}.xml" for n in (1, 2, 3)]

    def test_without_an_order_is_an_empty_zip(self, batch):
        assert files(batch) == {}

    def test_comes_in_pieces(self, batch):
        """A page of orders each: what was sent is forgotten."""
        orders.repeats(batch, 600)
        pieces = [len(piece) for piece in ubl.archive(batch, now=world.NOW)]
        assert len(pieces) == 4
        assert max(pieces) < 2 * min(pieces[:2])

    def test_is_downloaded_by_key_and_by_page(self, erp, client, alice, batch):
        orders.repeats(batch, 2)
        client.force_login(alice)
        for answer in (
            erp.get(f"batches/{batch.ref}/orders.xml", format="ubl"),
            client.get(f"/batches/{batch.ref}/orders.xml?format=ubl"),
        ):
            assert answer["Content-Type"] == "application/zip"
            assert f"{batch.ref}.zip" in answer["Content-Disposition"]
            assert zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
        problem(erp.get(f"batches/{batch.ref}/orders.xml", format="edifact"), 422, "INPUT_INVALID")
        assert client.get(f"/batches/{batch.ref}/orders.xml?format=edifact").status_code == 422


class TestOneOrder:
    @pytest.mark.parametrize(("format", "root"), [("native", "RepurchaseOrders"), ("ubl", "Order")])
    def test_is_a_document_of_its_own(self, erp, batch, format, root):
        first, second = orders.repeats(batch, 2)
        answer = erp.get(f"orders/{second.ref}/order.xml", format=format)
        assert etree.QName(etree.fromstring(answer.content)).localname == root
        assert second.ref in answer.content.decode()
        assert first.ref not in answer.content.decode()

    def test_that_waits_for_the_buyer_is_none(self, erp, batch):
        (row,) = orders.repeats(batch, status="locked")
        problem(erp.get(f"orders/{row.ref}/order.xml"), 404, "NOT_FOUND")
        problem(erp.get("orders/BR-NOWHERE/order.xml"), 404, "NOT_FOUND")


GOOD = [{"scheme": "VAT", "jurisdiction": "DE", "number": "DE123456788"}]


class TestPeppolsRules:
    """Those that docs/erp-feed.md names; each is one that can be broken."""

    def test_are_kept_by_every_kind_of_order(self, batch):
        variants(batch)
        for name, content in files(batch).items():
            addressed = etree.fromstring(content)
            left = [
                rule for rule in peppol.broken(addressed) if rule != "B06801"
            ]  # its number is not well formed
            assert left == [], name

    def test_are_departed_from_only_where_the_documentation_says(self, batch):
        variants(batch)
        orders.repeats(
            batch, 1, lock=Lock.objects.first(), first=5, registrations=GOOD, service=world.lane()
        )
        found = set().union(
            *(peppol.departures(etree.fromstring(content)) for content in files(batch).values())
        )
        assert found == {
            ("B06804", "PartyTaxScheme"),
            ("B14401", "PromisedDeliveryPeriod"),
            ("B14401", "CarrierParty"),
            ("B25202", "OriginCountry"),
        }
        guide = (Path(__file__).parents[2] / "docs" / "erp-feed.md").read_text()
        for rule, element in found:
            assert f"`{rule}`" in guide
            assert f"`{element}`" in guide

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ((b' schemeID="9930">DE811907980', b">DE811907980"), "B03401"),
            ((b' schemeID="9930">DE811907980', b' schemeID="1234">DE811907980'), "B03402"),
            (
                (
                    b"<cbc:PayableAmount",
                    b'<cbc:PrepaidAmount currencyID="EUR">1</cbc:PrepaidAmount><cbc:PayableAmount',
                ),
                "R003",
            ),
            ((b"25.00</cbc:Amount>", b"25.001</cbc:Amount>"), "R028"),
            ((b"25.00</cbc:ChargeTotalAmount>", b"24.00</cbc:ChargeTotalAmount>"), "R010"),
            (
                (
                    b"<cbc:BaseQuantity",
                    b"<cbc:BaseQuantity unitCode='C62'>0</cbc:BaseQuantity><cbc:BaseQuantity",
                ),
                "R025",
            ),
            ((b"<cbc:Percent>19", b"<cbc:Percent>0"), "R030"),
            ((b"bis:ordering:3", b"bis:other:3"), "R031"),
        ],
    )
    def test_are_found_broken(self, batch, change, rule):
        orders.repeats(batch, registrations=GOOD)
        (content,) = files(batch).values()
        assert peppol.broken(etree.fromstring(content)) == []
        assert change[0] in content
        assert rule in {
            found.split()[0] for found in peppol.broken(etree.fromstring(content.replace(*change)))
        }


class TestAnAddress:
    def test_is_the_vat_number_of_each_party_under_its_scheme(self, batch, order_schema):
        orders.repeats(
            batch,
            registrations=[
                *GOOD,
                {"scheme": "VAT", "jurisdiction": "FR", "number": "FR40303265045"},
            ],
        )
        (content,) = files(batch).values()
        assert order_schema.is_valid(io.BytesIO(content))
        found = etree.fromstring(content).findall(".//cbc:EndpointID", NS)
        assert [(each.get("schemeID"), each.text) for each in found] == [
            ("9930", "DE811907980"),
            ("9930", "DE123456788"),
        ]

    @pytest.mark.parametrize(
        "number", ["", "GB-SAMPLE-VAT-0001", "DE811907981", "US12-3456789", "DK13585628", "XX1"]
    )
    def test_is_left_out_rather_than_guessed(self, store, order_schema, number):
        batch = orders.batch(store, world.buyer(store, tax_number=number))
        orders.repeats(batch, registrations=GOOD)
        (content,) = files(batch).values()
        assert order_schema.is_valid(io.BytesIO(content))
        assert peppol.broken(etree.fromstring(content)) == ["B03301"]

    @pytest.mark.parametrize(
        ("numbers", "found"),
        [
            (["it 00743110157"], ("0211", "IT00743110157")),
            (["FR 40 303 265 045"], ("9957", "FR40303265045")),
            (["DE1", "FR40303265045"], ("9957", "FR40303265045")),
            (["EL094259216"], ("9933", "EL094259216")),
            ([], None),
        ],
    )
    def test_is_that_of_the_first_number_that_can_be_one(self, numbers, found):
        assert endpoints.of(numbers) == found

    def test_has_a_scheme_of_the_list_for_every_country_that_it_names(self):
        assert set(endpoints.EAS.values()) <= peppol.SCHEMES
        assert len(set(endpoints.EAS.values())) == len(endpoints.EAS)
        assert set(endpoints.EAS) == set(PATTERNS) - {"DK", "FI", "NO", "XI"}
