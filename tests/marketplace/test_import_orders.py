"""Importing an order history: every row is accounted for, twice changes nothing, bad input writes
nothing."""

import csv
import gzip
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from marketplace.mirror import online_retail, orders, profiles
from marketplace.mirror.orders import import_orders
from marketplace.mirror.samples import cut
from marketplace.models import Buyer, PastOrder, PastOrderLine, PriceListEntry, Sku
from marketplace.spreadsheet_cells import escape_formula
from tests import world

pytestmark = pytest.mark.django_db

HEADER = ",".join(online_retail.COLUMNS)
DAY = "2011-12-01 10:00:00"


def row(
    number="500001",
    sku="85123A",
    title="WHITE MUG",
    quantity=6,
    at=DAY,
    price="2.55",
    customer="17850",
    country="United Kingdom",
) -> str:
    return f"{number},{sku},{title},{quantity},{at},{price},{customer},{country}"


@pytest.fixture
def importing(store, tmp_path):
    """Imports rows of text into the store."""

    def run(*rows: str, **options) -> orders.OrderImportReport:
        file = tmp_path / "orders.csv"
        file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        options = {"path": file, "refused_path": tmp_path / "refused.csv"} | options
        return import_orders(store=store, file_format="online-retail", **options)

    return run


class TestARow:
    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            (row(quantity="six"), "unparsable"),
            (row(price="NaN"), "unparsable"),
            (row(at="yesterday"), "unparsable"),
            ("1,2,3", "unparsable"),
            (row(number="A563185", sku="B", customer=""), "bad_debt_adjustment"),
            (row(customer=""), "no_customer"),
            (row(sku="M"), "service_code"),
            (row(sku="gift_0001_20"), "service_code"),
            (row(country="Unspecified"), "country_unknown"),
            (row(country="European Community"), "country_unknown"),
            (row(quantity=-6), "quantity_not_positive"),
            (row(quantity=0), "quantity_not_positive"),
            (row(price="0"), "price_not_positive"),
            (row(price="-1.00"), "price_not_positive"),
            (row(sku="POST", number="500009"), "carriage_without_goods"),
            (row(customer="99"), "customer_differs_within_order"),
            (row(number="C500002", quantity=-6, price="9.99"), "nothing_to_cancel"),
        ],
    )
    def test_is_refused_with_its_reason_beside_it(self, importing, bad, reason):
        report = importing(row(), bad)
        assert dict(report.accounting.refused) == {reason: 1}
        assert report.accounting.adds_up
        with report.refused_file.open(newline="") as file:
            [refused] = csv.DictReader(file)
        assert (refused["row"], refused["reason"]) == ("2", reason)

    @pytest.mark.parametrize(
        ("name", "code", "assumed"),
        [
            ("EIRE", "IE", False),
            ("RSA", "ZA", False),
            ("Channel Islands", "JE", True),
            ("Japan", "JP", False),
        ],
    )
    def test_gets_an_iso_country(self, importing, name, code, assumed):
        importing(row(country=name))
        order = PastOrder.objects.get()
        assert (order.country, order.buyer.country) == (code, code)
        assert ("country" in order.assumed) is assumed

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("=1+1", "'=1+1"),
            ("@SUM", "'@SUM"),
            ("-6", "-6"),
            ("+1.5", "+1.5"),
            ("-x", "'-x"),
            ("MUG", "MUG"),
        ],
    )
    def test_is_harmless_in_a_spreadsheet(self, text, shown):
        assert escape_formula(text) == shown


class TestAnOrder:
    def test_carries_lines_totals_and_freight(self, importing):
        importing(
            row(quantity=6),
            row(sku="POST", quantity=2, price="18.00"),
            row(sku="22423", price="12.75"),
        )
        order = PastOrder.objects.get()
        assert (order.goods_minor, order.freight_minor, order.paid_minor) == (
            1530 + 7650,
            3600,
            12780,
        )
        assert list(
            order.lines.order_by("line_no").values_list("line_no", "sku__code", "total_minor")
        ) == [(1, "85123A", 1530), (2, "22423", 7650)]

    def test_merges_rows_of_one_sku_and_price_and_keeps_another_price_apart(self, importing):
        report = importing(row(), row(), row(quantity=1), row(price="2.10"))
        assert dict(report.accounting.merged) == {"duplicate": 1, "repeated": 1, "carriage": 0}
        lines = PastOrderLine.objects.order_by("line_no")
        assert list(lines.values_list("quantity", "total_minor")) == [(13, 3315), (6, 1260)]

    def test_takes_the_earliest_of_two_timestamps(self, importing):
        importing(row(at="2011-12-01 10:01:00"), row(sku="22423", at=DAY))
        assert PastOrder.objects.get().ordered_at.minute == 0

    def test_rounds_a_price_of_three_decimals_once(self, importing):
        importing(row(quantity=5, price="0.001"), row(sku="22423", quantity=3, price="0.335"))
        assert list(
            PastOrderLine.objects.order_by("line_no").values_list("unit_price", "total_minor")
        ) == [(Decimal("0.001"), 1), (Decimal("0.335"), 101)]

    def test_may_come_back_in_the_file_after_others(self, importing):
        importing(row(), row(number="500002"), row(sku="22423"))
        assert PastOrder.objects.get(number="500001").line_count == 2

    def test_leaves_empty_what_the_file_lacks(self, importing):
        importing(row())
        order, sku, buyer = PastOrder.objects.get(), Sku.objects.get(), Buyer.objects.get()
        assert (order.rating, sku.weight_g, sku.hs_code, sku.stock_synced_at) == (
            None,
            None,
            "",
            None,
        )
        assert (buyer.email, buyer.is_certified_business, buyer.name) == (
            "",
            False,
            "Customer 17850",
        )
        assert buyer.assumed == ["name"]
        assert set(order.assumed) == {*orders.ALWAYS_ASSUMED}


class TestACancellation:
    def test_refunds_the_newest_earlier_sale_at_its_price(self, importing):
        report = importing(
            row("500001"),
            row("500002", at="2011-12-02 10:00:00", quantity=12),
            row("C500003", at="2011-12-03 10:00:00", quantity=-2),
            row("500004", at="2011-12-04 10:00:00"),
        )
        refunds = dict(PastOrder.objects.values_list("number", "refunded_minor"))
        assert refunds == {"500001": 0, "500002": 510, "500004": 0}
        assert dict(report.accounting.cancelled) == {"refunded": 1}

    def test_spreads_over_several_sales_and_cancels_what_it_takes_back_whole(self, importing):
        report = importing(row("500001"), row("500002"), row("C500003", quantity=-20))
        assert set(PastOrder.objects.values_list("status", "refunded_minor", "completed_at")) == {
            ("cancelled", 1530, None)
        }
        assert report.cancelled_orders == 2
        assert dict(report.accounting.cancelled) == {"refunded_in_part": 1}

    def test_never_touches_another_customer(self, importing):
        importing(row(), row("C500002", quantity=-6, customer="11111"))
        assert PastOrder.objects.get().refunded_minor == 0

    def test_gives_carriage_back_too(self, importing):
        importing(
            row(),
            row(sku="POST", quantity=1, price="18"),
            row("C1", sku="POST", quantity=-1, price="18"),
        )
        assert PastOrder.objects.get().refunded_minor == 1800


class TestAnImport:
    def test_accounts_for_every_row_of_the_real_sample(self, store, tmp_path):
        report = import_orders(
            store=store,
            path=cut.ORDERS,
            file_format="online-retail",
            refused_path=tmp_path / "r.csv",
        )
        with gzip.open(cut.ORDERS, "rt", encoding="utf-8") as file:
            assert report.accounting.read == sum(1 for _ in csv.reader(file)) - 1
        assert report.accounting.adds_up
        assert report.accounting.imported == PastOrderLine.objects.filter(store=store).count()
        with report.refused_file.open(newline="") as file:
            assert sum(1 for _ in csv.DictReader(file)) == report.accounting.refused.total()

    def test_changes_nothing_the_second_time(self, importing):
        rows = [
            row(),
            row(),
            row(sku="POST", price="3"),
            row("C500002", quantity=-1),
            row(customer=""),
        ]
        importing(*rows)
        before = (
            list(PastOrder.objects.values()),
            PastOrderLine.objects.count(),
            PriceListEntry.objects.count(),
        )
        again = importing(*rows)
        assert before == (
            list(PastOrder.objects.values()),
            PastOrderLine.objects.count(),
            PriceListEntry.objects.count(),
        )
        assert (again.new_orders, again.accounting.imported, again.accounting.already_there) == (
            0,
            0,
            3,
        )
        assert again.accounting.adds_up

    def test_keeps_what_is_known_of_a_buyer_and_a_sku(self, importing, store):
        world.buyer(store, external_id="17850", name="Known Ltd")
        world.sku(store, code="85123A", title="Known")
        importing(row())
        assert PastOrder.objects.get().buyer.name == "Known Ltd"
        assert PastOrderLine.objects.get().sku.title == "Known"

    def test_writes_nothing_in_a_dry_run_but_says_the_same(self, importing):
        dry = importing(row(), row(customer=""), dry_run=True)
        assert not PastOrder.objects.exists()
        assert not Sku.objects.exists()
        real = importing(row(), row(customer=""))
        assert (dry.accounting, dry.new_orders) == (real.accounting, real.new_orders)

    def test_shifts_by_whole_days_and_marks_it(self, importing):
        importing(row(at="2011-11-30 09:30:00"), row("500002"), shift_latest_to=world.NOW.date())
        early, late = PastOrder.objects.order_by("ordered_at")
        assert late.ordered_at.isoformat() == "2026-11-23T10:00:00+00:00"
        assert early.ordered_at.isoformat() == "2026-11-22T09:30:00+00:00"
        assert "ordered_at" in late.assumed

    def test_lists_the_last_price_of_each_quantity_band(self, importing, store):
        report = importing(
            row(quantity=3, price="2.95"),
            row("500002", quantity=5, price="3.00", at="2011-12-02 10:00:00"),
            row("500003", quantity=48, price="2.10", at="2011-12-02 10:00:00"),
            row("500004", quantity=2, price="2.00", at="2011-12-01 09:00:00"),
        )
        prices = PriceListEntry.objects.filter(store=store).order_by("min_quantity")
        assert list(prices.values_list("min_quantity", "amount")) == [
            (1, Decimal(3)),
            (48, Decimal("2.1")),
        ]
        # 2.00 is too far from 3.00
        assert (report.lines_within_band, report.lines_recent) == (3, 4)


class TestAProfile:
    @pytest.fixture
    def profile(self):
        return profiles.load("wholesaler")

    def test_fills_what_the_format_lacks_and_marks_each_value(self, importing, profile):
        importing(row(), profile=profile)
        order, sku, buyer = PastOrder.objects.get(), Sku.objects.get(), Buyer.objects.get()
        assert order.lines.get().rating is not None
        assert {"rating", "lines.rating", "city"} <= set(order.assumed)
        assert (sku.hs_code, sku.weight_g, sku.category.code) == ("691200", 250, "tableware")
        assert {"hs_code", "weight_g", "category", "on_hand", "stock_synced_at"} <= set(sku.assumed)
        assert sku.category.commission_rates.get().assumed == ["rate"]
        assert (buyer.email, buyer.is_certified_business) == ("buyer17850@example.com", True)
        assert buyer.tax_number_checked_at is None
        assert {"email", "certificate_valid_until", "tax_number"} <= set(buyer.assumed)

    def test_rates_an_order_by_its_number_alone(self, profile):
        assert profile.stars("536365", 7) == profile.stars("536365", 7)

    def test_leaves_some_unrated_and_some_below_the_limit(self, profile):
        stars = [profile.stars(str(n), 20) for n in range(536_000, 541_000)]
        unrated = sum(s is None for s in stars) / len(stars)
        low = sum(s is not None and sum(s) / 20 < 4.8 for s in stars) / len(stars)
        assert 0.01 < unrated < 0.03
        assert 0.02 < low < 0.06

    @pytest.mark.parametrize(
        ("title", "category"),
        [
            ("REGENCY CAKESTAND 3 TIER", "tableware"),
            ("JUMBO BAG RED RETROSPOT", "bags"),
            ("CHRISTMAS CARD", "festive"),
            ("WHITE METAL LANTERN", "lighting"),
            ("", "home-decor"),
        ],
    )
    def test_finds_a_category_by_the_words_of_a_title(self, profile, title, category):
        assert profile.category_of(title).code == category

    def test_names_six_digit_hs_codes(self, profile):
        assert {len(category.hs) for category in profile.categories} == {6}


class TestTheCommand:
    def run(self, store, file, *more) -> dict:
        out = StringIO()
        call_command(
            "import_orders",
            str(file),
            "--store",
            store.code,
            "--format",
            "online-retail",
            "--json",
            *more,
            stdout=out,
        )
        return json.loads(out.getvalue())

    def test_prints_its_account_as_json(self, store, tmp_path):
        file = tmp_path / "x.csv"
        file.write_text(f"{HEADER}\n{row()}\n{row(customer='')}\n")
        said = self.run(store, file, "--refused", str(tmp_path / "refused.csv"))
        assert said["rows"]["read"] == said["rows"]["accounted"] == 2
        assert said["rows"]["refused"] == {"no_customer": 1}

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("x.csv", b"", "FILE_NOT_CSV"),
            ("x.csv", b"just some words\nand more\n", "FILE_NOT_CSV"),
            ("x.xlsx", b"PK\x03\x04rest", "FILE_NOT_CSV"),
            ("x.pdf", b"%PDF-1.7\n", "FILE_NOT_CSV"),
            ("x.csv", HEADER.encode() + b"\n\x00\x00\n", "FILE_NOT_CSV"),
            ("x.csv.gz", gzip.compress(HEADER.encode() + b"\n" * 90_000)[:-20], "FILE_NOT_CSV"),
            ("x.csv", HEADER.encode() + b'\n1,"2\n', "FILE_NOT_CSV"),
            ("x.csv", f"{HEADER}\n{row(title='CAFÉ')}\n".encode("latin-1"), "FILE_ENCODING"),
            ("x.csv", HEADER.encode("utf-16"), "FILE_ENCODING"),
            ("x.csv", f"{HEADER[:-8]}\n".encode(), "FILE_COLUMNS_MISSING"),
        ],
    )
    def test_refuses_a_bad_file_in_one_line_and_writes_nothing(
        self, store, tmp_path, name, content, code
    ):
        file, refused = tmp_path / name, tmp_path / "out" / "refused.csv"
        file.write_bytes(content)
        with pytest.raises(CommandError, match=rf"^{code}: [^\n]+$"):
            self.run(store, file, "--refused", str(refused))
        assert not PastOrder.objects.exists()
        assert not list(Path(tmp_path / "out").glob("*"))

    def test_names_the_place_of_a_wrong_byte(self, store, tmp_path):
        file = tmp_path / "x.csv"
        file.write_bytes(f"{HEADER}\n".encode() + b"1,2,CAF\xc9")
        with pytest.raises(CommandError, match=rf"^FILE_ENCODING:.*\b{len(HEADER) + 1 + 7}\b"):
            self.run(store, file)

    @pytest.mark.parametrize("more", [["--assume", "nobody"], ["--format", "lotus"]])
    def test_refuses_an_unknown_profile_or_format(self, store, tmp_path, more):
        with pytest.raises(CommandError, match="FILE_FORMAT_UNKNOWN"):
            self.run(store, tmp_path / "x.csv", *more)

    def test_refuses_a_missing_file(self, store, tmp_path):
        with pytest.raises(CommandError, match="FILE_NOT_FOUND"):
            self.run(store, tmp_path / "nowhere.csv", "--refused", str(tmp_path / "r.csv"))

    def test_reads_utf_8_with_its_mark(self, store, tmp_path):
        file = tmp_path / "x.csv"
        file.write_text(f"{HEADER}\n{row()}\n", encoding="utf-8-sig")
        assert self.run(store, file, "--refused", str(tmp_path / "r.csv"))["rows"]["imported"] == 1
