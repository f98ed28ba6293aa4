"""The native document: every export validates (R-77), by two validators that share no code."""

import gc
import subprocess
import tracemalloc
from decimal import Decimal

import pytest
import xmlschema
from django.db import connection
from django.test.utils import CaptureQueriesContext
from lxml import etree

from repurchase.integration.feed import native, rows, text
from repurchase.models import RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus
from tests import world
from tests.repurchase import orders

SCHEMA = xmlschema.XMLSchema10(native.SCHEMA)
NS = {"o": native.NAMESPACE}
pytestmark = pytest.mark.django_db


def text_of(batch, **options) -> bytes:
    return b"".join(native.document(batch, now=world.NOW, **options))


def faults(document: bytes) -> list[str]:
    """What both validators say; they have to agree on whether there is a fault."""
    by_python = [error.reason for error in SCHEMA.iter_errors(document.decode())]
    told = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--schema", str(native.SCHEMA), "-"],
        input=document,
        capture_output=True,
        check=False,
    )
    assert told.returncode in (0, 3), told.stderr.decode()
    assert bool(by_python) == (told.returncode == 3), (by_python, told.stderr.decode())
    return by_python


class TestTheSchema:
    def test_is_a_valid_schema_to_both_validators(self):
        assert SCHEMA.validity == "valid"
        schema_of_schemas = etree.XMLSchema(etree.parse(native.SCHEMA))
        assert schema_of_schemas is not None

    def test_names_its_fixed_namespace_and_version(self):
        assert (SCHEMA.target_namespace, SCHEMA.version) == (native.NAMESPACE, native.VERSION)

    def test_explains_every_element_and_attribute(self):
        tree = etree.parse(native.SCHEMA)
        xs = "{http://www.w3.org/2001/XMLSchema}"
        said = [
            node
            for node in tree.iter(
                f"{xs}element", f"{xs}attribute", f"{xs}complexType", f"{xs}simpleType"
            )
            if (node.findtext(f"{xs}annotation/{xs}documentation") or "").strip()
        ]
        assert len(said) == len(
            list(tree.iter(f"{xs}element", f"{xs}attribute", f"{xs}complexType", f"{xs}simpleType"))
        )


@pytest.fixture
def batch(store):
    by = world.buyer(store, tax_number="DE811907980", tax_number_checked_at=world.NOW)
    return orders.batch(store, by)


class TestTheDocument:
    def test_is_valid_for_confirmed_orders(self, batch):
        orders.repeats(batch, 3, lines=2, service=world.lane(), note="Red cartons, please.")

        assert faults(text_of(batch)) == []

    def test_is_valid_and_empty_for_a_batch_without_one(self, batch):
        document = text_of(batch)

        assert faults(document) == []
        assert etree.fromstring(document).get("batch") == batch.ref
        assert len(etree.fromstring(document)) == 0

    @pytest.mark.parametrize(
        ("status", "by_default", "with_locked"),
        [
            (OrderStatus.PLANNED, False, False),
            (OrderStatus.LOCKED, False, True),
            (OrderStatus.CONFIRMED, True, True),
            (OrderStatus.AWAITING_PAYMENT, True, True),
            (OrderStatus.PAID, True, True),
            (OrderStatus.RELEASED, True, True),
            (OrderStatus.SHIPPED, True, True),
            (OrderStatus.COMPLETED, True, True),
            (OrderStatus.DECLINED, False, False),
            (OrderStatus.EXPIRED, False, False),
            (OrderStatus.TERMINATED, False, False),
            (OrderStatus.CANCELLED, False, False),
        ],
    )
    def test_holds_orders_by_their_state(self, batch, status, by_default, with_locked):
        orders.repeats(batch, status=status)

        for statuses, expected in (({}, by_default), ({"statuses": rows.WITH_LOCKED}, with_locked)):
            document = text_of(batch, **statuses)
            assert faults(document) == []
            assert etree.fromstring(document).xpath("o:Order/o:Status/text()", namespaces=NS) == (
                [status] if expected else []
            )

    def test_holds_the_orders_of_its_own_batch_only(self, batch):
        orders.repeats(orders.batch(batch.store))

        assert len(etree.fromstring(text_of(batch))) == 0

    def test_carries_what_an_erp_needs(self, batch):
        item = world.sku(batch.store, code="CUP-1", title="Cup", assumed=["hs_code", "weight_g"])
        orders.repeats(batch, skus=[item], service=world.lane(), source={"assumed": ["rating"]})

        order = etree.fromstring(text_of(batch))[0]

        def at(path: str) -> str:
            return str(order.xpath(f"string({path})", namespaces=NS))

        assert {
            path: at(path)
            for path in (
                "@ref",
                "@assumed",
                "o:SourceOrder/o:Number",
                "o:SourceOrder/o:CompletedAt",
                "o:Lock/o:ExpiresAt",
                "o:Lock/o:RateSet/@date",
                "o:Lock/o:IndexClose/@value",
                "o:Seller/o:LegalName",
                "o:Seller/o:VatRegistration",
                "o:Buyer/o:TaxNumber/@checkedAt",
                "o:ShipTo/o:Country",
                "o:Terms/o:Incoterm",
                "o:Line/@assumed",
                "o:Line/o:SkuCode",
                "o:Line/o:Quantity/@unitCode",
                "o:Line/o:UnitPrice",
                "o:Line/o:LineTotal",
                "o:Line/o:LineTotal/@currency",
                "o:Line/o:HsCode",
                "o:Totals/o:Goods",
                "o:Totals/o:Freight",
                "o:Totals/o:Tax",
                "o:Totals/o:Total",
                "o:Tax/o:Percent",
                "o:Fee[1]/o:Rate",
                "o:Fee[2]/o:Tariff",
                "o:Fee[3]/o:Reason",
                "o:Registration/@scheme",
            )
        } == {
            "@ref": f"{batch.ref}-0001",
            "@assumed": "rating",
            "o:SourceOrder/o:Number": f"{batch.ref}/1",
            "o:SourceOrder/o:CompletedAt": "2026-11-18T08:00:00Z",
            "o:Lock/o:ExpiresAt": "2026-11-26T08:00:00Z",
            "o:Lock/o:RateSet/@date": "2026-11-23",
            "o:Lock/o:IndexClose/@value": "300",
            "o:Seller/o:LegalName": batch.store.legal_name,
            "o:Seller/o:VatRegistration": "DE123456789",
            "o:Buyer/o:TaxNumber/@checkedAt": "2026-11-23T08:00:00Z",
            "o:ShipTo/o:Country": "DE",
            "o:Terms/o:Incoterm": "DAP",
            "o:Line/@assumed": "hsCode weightG",
            "o:Line/o:SkuCode": "CUP-1",
            "o:Line/o:Quantity/@unitCode": "C62",
            "o:Line/o:UnitPrice": "10.287500",
            "o:Line/o:LineTotal": "123.45",
            "o:Line/o:LineTotal/@currency": "USD",
            "o:Line/o:HsCode": "691110",
            "o:Totals/o:Goods": "123.45",
            "o:Totals/o:Freight": "25.00",
            "o:Totals/o:Tax": "28.20",
            "o:Totals/o:Total": "176.65",
            "o:Tax/o:Percent": "19",
            "o:Fee[1]/o:Rate": "0.08",
            "o:Fee[2]/o:Tariff": "2.30",
            "o:Fee[3]/o:Reason": "destination_outside_scope",
            "o:Registration/@scheme": "VAT",
        }

    @pytest.mark.parametrize(
        ("currency", "minor", "expected", "unit"),
        [
            ("USD", 100_000_000, "1000000.00", "83333.333333"),  # exact cents
            ("JPY", 1_000, "1000", "83.333333"),
            ("KWD", 12_345, "12.345", "1.028750"),
        ],
    )
    def test_writes_all_minor_digits_of_the_currency(self, batch, currency, minor, expected, unit):
        orders.repeats(batch, currency=currency, line_minor=minor)

        document = text_of(batch)

        assert faults(document) == []
        line = etree.fromstring(document)[0].find("o:Line", NS)
        assert (line.findtext("o:LineTotal", None, NS), line.findtext("o:UnitPrice", None, NS)) == (
            expected,
            unit,
        )

    def test_lists_a_line_that_was_left_out_with_its_codes(self, batch):
        orders.repeats(batch, lines=2)
        RepeatLine.objects.filter(line_no=2).update(
            outcome="failed", total_minor=0, codes=["STOCK_TOO_LOW", "STOCK_SYNC_STALE"]
        )

        document = text_of(batch)

        assert faults(document) == []
        left_out = etree.fromstring(document)[0].findall("o:Line", NS)[1]
        assert [code.text for code in left_out.findall("o:Code", NS)] == [
            "STOCK_TOO_LOW",
            "STOCK_SYNC_STALE",
        ]
        assert left_out.findtext("o:LineTotal", None, NS) == "0.00"
        assert left_out.find("o:UnitPrice", NS) is None

    def test_is_valid_when_everything_optional_is_missing(self, store):
        bare = orders.batch(store, world.buyer(store))
        orders.repeats(
            bare,
            index_series="",
            tax_category="O",
            tax_rate=None,
            tax_code="O US",
            registrations=[],
            transit_days=None,
            ship_to={"country": "US"},
            line={"hs_code": ""},
        )

        assert faults(text_of(bare)) == []

    @pytest.mark.parametrize(
        ("given", "written"),
        [("6911.10", "691110"), ("6911 10 00", "69111000"), ("ceramics", None)],
    )
    def test_writes_an_hs_code_as_digits_or_not_at_all(self, batch, given, written):
        orders.repeats(batch, line={"hs_code": given})

        document = text_of(batch)

        assert faults(document) == []
        assert etree.fromstring(document)[0].findtext("o:Line/o:HsCode", None, NS) == written

    def test_is_cut_short_when_the_database_fails_on_the_way(self, batch, monkeypatch):
        monkeypatch.setattr(rows, "PAGE", 1)
        orders.repeats(batch, 2)
        pieces = native.document(batch, now=world.NOW)
        first = next(pieces)
        RepeatOrder.objects.filter(position=2).update(ship_to={})  # a row that can't be written

        with pytest.raises(KeyError):
            next(pieces)
        assert b"</RepurchaseOrders>" not in first


class TestHostileText:
    @pytest.mark.parametrize(
        ("given", "written"),
        [
            (
                '<b>&amp; "quotes" \' ]]> <!-- --></Title>',
                '<b>&amp; "quotes" \' ]]> <!-- --></Title>',
            ),
            ("tea\x01 \x08cup\x1f", "tea cup"),
            ("no\ufffechar\uffff", "nochar"),
            ("emoji 🫖 and 𠮷", "emoji 🫖 and 𠮷"),
            ("茶" * 200, "茶" * 200),
            ("two\nlines\tand\rreturns", "two\nlines\tand\rreturns"),
            ("  kept  ", "  kept  "),
            ("\u202etfel ot thgir", "\u202etfel ot thgir"),
            ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;', None),
        ],
    )
    def test_comes_back_as_it_was_but_for_what_xml_cannot_carry(self, batch, given, written):
        orders.repeats(batch, skus=[world.sku(batch.store, title=given)], note=given)

        document = text_of(batch)

        assert faults(document) == []
        order = etree.fromstring(document)[0]
        assert order.findtext("o:Line/o:Title", None, NS) == (written or given)
        assert order.findtext("o:Note", None, NS) == (written or given)

    def test_leaves_a_mark_in_an_identifier(self, batch):
        orders.repeats(
            batch, skus=[world.sku(batch.store, code="A\x01B")], source={"number": "\x02"}
        )

        document = text_of(batch)

        assert faults(document) == []
        order = etree.fromstring(document)[0]
        assert order.findtext("o:Line/o:SkuCode", None, NS) == "A\ufffdB"
        assert order.findtext("o:SourceOrder/o:Number", None, NS) == "\ufffd"


def removed(path: str):
    def change(root):
        for node in root.xpath(path, namespaces=NS):
            node.getparent().remove(node)

    return change


def without(path: str, attribute: str):
    return lambda root: root.xpath(path, namespaces=NS)[0].attrib.pop(attribute)


def said(path: str, words: str):
    def change(root):
        root.xpath(path, namespaces=NS)[0].text = words

    return change


def marked(path: str, attribute: str, words: str):
    return lambda root: root.xpath(path, namespaces=NS)[0].set(attribute, words)


def moved_first(path: str):
    def change(root):
        node = root.xpath(path, namespaces=NS)[0]
        node.getparent().insert(0, node)

    return change


def repeated(path: str):
    def change(root):
        node = root.xpath(path, namespaces=NS)[0]
        node.addnext(etree.fromstring(etree.tostring(node)))

    return change


def renamed(path: str, tag: str):
    def change(root):
        root.xpath(path, namespaces=NS)[0].tag = tag

    return change


ORDER, LINE = "/*/o:Order", "/*/o:Order/o:Line"
REQUIRED = [
    *("SourceOrder", "SourceOrder/o:Number", "SourceOrder/o:CompletedAt", "Status", "Lock"),
    *("Lock/o:LockedAt", "Lock/o:ExpiresAt", "Lock/o:RateSet", "Seller", "Seller/o:LegalName"),
    *(
        "Seller/o:Address",
        "Seller/o:Address/o:Country",
        "Buyer",
        "Buyer/o:Name",
        "ShipTo",
        "ShipTo/o:Country",
    ),
    *(
        "Terms",
        "Terms/o:Incoterm",
        "Terms/o:ImporterOfRecord",
        "Currency",
        "Line",
        "Line/o:SourceLine",
    ),
    *(
        "Line/o:SkuCode",
        "Line/o:Title",
        "Line/o:Quantity",
        "Line/o:LineTotal",
        "Line/o:OriginCountry",
    ),
    *(
        "Line/o:Outcome",
        "Totals",
        "Totals/o:Goods",
        "Totals/o:Freight",
        "Totals/o:Tax",
        "Totals/o:Total",
    ),
    *("Tax", "Tax/o:Category", "Tax/o:Code", "Fee/o:Base", "Fee/o:Amount", "Fee/o:RuleVersion"),
    *("Fee/o:Rounding", "Delivery", "Delivery/o:PromiseDays", "Delivery/o:SpecialClearance"),
    "Delivery/o:LocalReturn",
]
MUTATIONS = {
    **{f"{name.replace('/o:', '/')} removed": removed(f"{ORDER}/o:{name}") for name in REQUIRED},
    "version removed": without("/*", "version"),
    "version 2": marked("/*", "version", "2.0"),
    "batch removed": without("/*", "batch"),
    "a batch reference with the letter U": marked("/*", "batch", "BR-UUUUUUUU"),
    "generatedAt in local time": marked("/*", "generatedAt", "2026-11-23T08:00:00+08:00"),
    "an order without a ref": without(ORDER, "ref"),
    "a lock without an id": without(f"{ORDER}/o:Lock", "id"),
    "an amount without a currency": without(f"{LINE}/o:LineTotal", "currency"),
    "a currency in lower case": marked(f"{LINE}/o:LineTotal", "currency", "usd"),
    "an amount in scientific notation": said(f"{LINE}/o:LineTotal", "1.2E3"),
    "an amount with a comma": said(f"{LINE}/o:LineTotal", "1,234.50"),
    "a negative amount": said(f"{ORDER}/o:Totals/o:Total", "-1.00"),
    "an empty amount": said(f"{ORDER}/o:Totals/o:Total", ""),
    "a unit price of two decimals": said(f"{LINE}/o:UnitPrice", "10.28"),
    "a quantity of zero": said(f"{LINE}/o:Quantity", "0"),
    "half a piece": said(f"{LINE}/o:Quantity", "0.5"),
    "an unknown unit": marked(f"{LINE}/o:Quantity", "unitCode", "pcs"),
    "an HS code of four digits": said(f"{LINE}/o:HsCode", "6911"),
    "a country by name": said(f"{LINE}/o:OriginCountry", "China"),
    "an unknown outcome": said(f"{LINE}/o:Outcome", "dropped"),
    "a line number of zero": marked(LINE, "number", "0"),
    "a state without a lock": said(f"{ORDER}/o:Status", "planned"),
    "a day that does not exist": marked(f"{ORDER}/o:Lock/o:RateSet", "date", "2026-02-30"),
    "an instant without Z": said(f"{ORDER}/o:Lock/o:LockedAt", "2026-11-23T08:00:00"),
    "an unknown Incoterm": said(f"{ORDER}/o:Terms/o:Incoterm", "DDU"),
    "an unknown importer": said(f"{ORDER}/o:Terms/o:ImporterOfRecord", "carrier"),
    "an unknown tax category": said(f"{ORDER}/o:Tax/o:Category", "XX"),
    "a tax of 119 percent": said(f"{ORDER}/o:Tax/o:Percent", "119"),
    "a rate above one": said(f"{ORDER}/o:Fee/o:Rate", "1.1"),
    "an unknown fee part": marked(f"{ORDER}/o:Fee", "part", "technical_service"),
    "an unknown scheme": marked(f"{ORDER}/o:Registration", "scheme", "CE"),
    "an empty registration": said(f"{ORDER}/o:Registration", ""),
    "neither true nor false": said(f"{ORDER}/o:Delivery/o:LocalReturn", "yes"),
    "another order of elements": moved_first(f"{ORDER}/o:Status"),
    "two states": repeated(f"{ORDER}/o:Status"),
    "an order twice": repeated(ORDER),
    "a line twice": repeated(LINE),
    "an element of no one": renamed(f"{ORDER}/o:Note", f"{{{native.NAMESPACE}}}Remark"),
    "an element of another namespace": renamed(f"{ORDER}/o:Note", "{urn:another}Note"),
    "an attribute of no one": marked(ORDER, "colour", "red"),
}


class TestASchemaThatBites:
    @pytest.fixture
    def sound(self, batch):
        orders.repeats(batch, service=world.lane(), note="A note.")
        return etree.fromstring(text_of(batch))

    def test_starts_from_a_sound_document(self, sound):
        assert faults(etree.tostring(sound)) == []

    @pytest.mark.parametrize("mutation", MUTATIONS)
    def test_finds(self, sound, mutation):
        MUTATIONS[mutation](sound)

        assert faults(etree.tostring(sound))


class TestALargeBatch:
    @pytest.fixture
    def batch(self, store):
        return orders.batch(store, asked=5000)

    def queries_for(self, batch) -> int:
        batch = type(batch).objects.get(pk=batch.pk)
        with CaptureQueriesContext(connection) as seen:
            text_of(batch)
        return len(seen)

    def test_asks_a_constant_number_of_queries_a_page(self, batch):
        orders.repeats(batch, 50, lines=2)
        few = self.queries_for(batch)
        orders.repeats(batch, 950, lines=2, first=51, lock=RepeatOrder.objects.first().lock)
        many = self.queries_for(batch)

        # store and buyer, four a page, and one that finds the end
        assert (few, many) == (2 + 4 + 1, 2 + 4 * (1000 // rows.PAGE) + 1)

    def test_takes_the_same_memory_however_long_it_is(self, batch, monkeypatch):
        """Of three pages as of twelve: what a page took is given back before the next."""
        monkeypatch.setattr(rows, "PAGE", 100)
        orders.repeats(batch, 300, lines=3)
        short = peak_of(batch)
        orders.repeats(batch, 900, lines=3, first=301, lock=RepeatOrder.objects.first().lock)
        long = peak_of(batch)

        assert long < 1.1 * short
        assert long < 20 * 2**20

    def test_is_sent_in_pieces_of_a_page(self, batch, monkeypatch):
        monkeypatch.setattr(rows, "PAGE", 2)
        orders.repeats(batch, 5)

        pieces = list(native.document(batch, now=world.NOW))

        assert [piece.count(b"<Order ") for piece in pieces] == [2, 2, 1, 0]


def peak_of(batch) -> int:
    """Bytes at the worst moment of writing it, nothing of it kept.

    Collected before, so that the collector comes by at the same moments whatever tests ran earlier.
    """
    gc.collect()
    tracemalloc.start()
    try:
        for _ in native.document(batch, now=world.NOW):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestText:
    @pytest.mark.parametrize(
        ("value", "written"),
        [
            ("0.190000", "0.19"),
            ("1E+2", "100"),
            ("0", "0"),
            ("0.00", "0"),
            ("300.0000", "300"),
            ("120", "120"),
        ],
    )
    def test_writes_decimals_as_plain_digits(self, value, written):
        assert text.format_decimal(Decimal(value)) == written
