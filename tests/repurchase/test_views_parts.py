"""The reusable parts of pages."""

import ast
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from diagnostics.catalogue import CATALOGUE
from marketplace.money import Money
from pricing.locks import LockStatus
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus
from repurchase.templatetags import parts
from repurchase.templatetags.states import KINDS
from repurchase.templatetags.words import EVENTS
from tests.test_conventions import ROOT


def drawn(text: str, **context) -> str:
    return Template(text).render(Context(context))


class TestMoney:
    @pytest.mark.parametrize(
        ("minor", "currency", "text"),
        [
            (9_312_000, "USD", "USD 93,120.00"),
            (-5, "EUR", "EUR -0.05"),
            (1_234_567, "JPY", "JPY 1,234,567"),
            (1_234_567, "KWD", "KWD 1,234.567"),
            (100_000_000_000_000_001, "USD", "USD 1,000,000,000,000,000.01"),
        ],
    )
    def test_shows_the_code_and_all_digits(self, minor, currency, text):
        assert parts.amount(minor, currency) == text
        assert parts.amount(Money(minor, currency)) == text
        assert text in drawn("{% money m %}", m=Money(minor, currency))

    def test_that_is_missing_is_a_dash(self):
        assert "—" in drawn("{% money m 'USD' %}", m=None)


class TestAShare:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("0.0035", "0.35 %"),
            ("0.19000", "19 %"),
            ("0.08", "8 %"),
            ("1.2", "120 %"),
            ("0", "0 %"),
        ],
    )
    def test_has_every_digit_it_has(self, value, text):
        assert parts.share(Decimal(value)) == text


class TestAChange:
    @pytest.mark.parametrize(
        ("then", "now", "text"),
        [
            (10_000, 10_240, "+2.40 %"),
            (10_000, 9_700, "-3.00 %"),
            (10_000, 10_000, "0.00 %"),
            (0, 5, ""),
            (5, None, ""),
        ],
    )
    def test_compares_now_with_then(self, then, now, text):
        assert parts.change_to(then, now) == text


class TestATime:
    def test_names_its_zone(self):
        at = dt.datetime(2026, 11, 23, 8, 0, 5, tzinfo=dt.UTC)
        shown = drawn("{% moment at %}", at=at)
        assert ">2026-11-23 16:00</time>" in shown
        assert 'title="2026-11-23 16:00:05 UTC+08:00 · Asia/Shanghai"' in shown
        assert 'datetime="2026-11-23T08:00:05+00:00"' in shown
        assert "2026-11-23 16:00 (UTC+08:00)" in drawn("{% moment at True %}", at=at)


class TestACountdown:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (259_200, "72:00:00"),
            (3_599, "0:59:59"),
            (59.9, "0:00:59"),
            (0, "0:00:00"),
            (-3, "0:00:00"),
        ],
    )
    def test_carries_the_servers_seconds(self, seconds, text):
        shown = drawn("{% countdown seconds %}", seconds=seconds)
        assert f'data-seconds="{max(0, int(seconds))}"' in shown
        assert text in shown


class TestABadge:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [("batch", s) for s in BatchStatus]
        + [("order", s) for s in OrderStatus]
        + [("lock", s) for s in LockStatus],
    )
    def test_has_a_word_and_an_icon_for_every_state(self, kind, value):
        shown = drawn("{% badge kind value %}", kind=kind, value=value)
        assert str(KINDS[kind][value].label) in shown
        assert "<svg" in shown


class TestACode:
    def test_shows_its_fix_and_leads_to_its_page(self, subtests):
        assert CATALOGUE
        for code in CATALOGUE:
            with subtests.test(code=code):
                shown = drawn("{% code code %}", code=code)
                assert f'href="/codes/{code}/"' in shown
                assert f"<code>{code}</code>" in shown

    def test_shows_the_cause_with_its_evidence(self):
        with translation.override("en"):
            shown = drawn("{% code 'SKU_INACTIVE' evidence %}", evidence={"sku": "<b>A-1</b>"})
        assert "&lt;b&gt;A-1&lt;/b&gt; is not active." in shown


class Row:
    assumed = ["email"]
    source = "online-retail"
    is_simulated = False


class TestTheAssumedMarker:
    def test_marks_a_value_that_was_assumed(self):
        assert "chip-assumed" in drawn("{% assumed row 'email' %}", row=Row())

    def test_is_silent_beside_a_value_that_was_read(self):
        assert "chip" not in drawn("{% assumed row 'name' %}", row=Row())


class TestAMaskedAddress:
    def test_can_be_recognised_but_not_copied(self):
        assert parts.masked("buyer@example.com") == "b•••@example.com"
        assert parts.masked("nonsense") == "•••"


def kinds_of_batches() -> Iterator[str]:
    """Of every entry that a service writes into the ledger about a batch, where its kind stands in
    full."""
    for path in [
        *(ROOT / "repurchase").glob("*/services/**/*.py"),
        *(ROOT / "repurchase/deadlines").glob("*.py"),
        *(ROOT / "pricing/services").glob("*.py"),
    ]:
        for call in (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)):
            words = {k.arg: k.value for k in call.keywords}
            of_a_batch = "batch:" in ast.unparse(words.get("subject", ast.Constant("")))
            if of_a_batch and isinstance(kind := words.get("kind"), ast.Constant):
                yield kind.value


class TestATimeline:
    def test_has_words_for_all_that_happens_to_a_batch(self):
        told = set(kinds_of_batches()) - {"chunk.generated"}  # of no interest to a person
        assert "batch.locked" in told
        assert told <= EVENTS.keys()
