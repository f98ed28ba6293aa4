"""Export declarations of the Chinese customs: number, consignor, goods by HS code, amounts (R-35
to R-37). Pure."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from qualification.extraction.layout import (
    DATE_PATTERN,
    FoundText,
    PageLayout,
    SecondReading,
    TextRow,
    find_below,
    find_first,
    iso_date,
    rows_of_pages,
)
from qualification.readings import SURE_CONFIDENCE, ReadingField

CURRENCIES = {
    "美元": "USD",
    "欧元": "EUR",
    "英镑": "GBP",
    "人民币": "CNY",
    "USD": "USD",
    "EUR": "EUR",
    "GBP": "GBP",
    "CNY": "CNY",
}
GOODS_PATTERN = r"^\d{1,2}\D?(\d{10})(?!\d)"
MAX_ITEMS = 50  # of a declaration
CENT = Decimal("0.01")
PRICE_PATTERN = r"\d[\d,]*\.\d{2,4}"


def fields(pages: Sequence[PageLayout], look: SecondReading) -> list[ReadingField]:
    rows = rows_of_pages(pages)
    consignor = find_below(rows, r"境内发货", r".{4,}")
    declared = find_below(rows, r"申报日", DATE_PATTERN)
    return [
        _customs_number_field(rows),
        consignor.field("company") if consignor else ReadingField(name="company", value=""),
        declared.field("declared_on", iso_date(declared.text))
        if declared
        else ReadingField(name="declared_on", value=""),
        *_goods_fields(rows, look),
    ]


def _customs_number_field(rows: Sequence[TextRow]) -> ReadingField:
    """The customs number; the pre-entry number beside it is the same and proves it."""
    found = find_first(rows, r"海关编号:?(\d{18})(?!\d)") or find_first(
        rows, r"(?<!\d)(\d{18})(?!\d)"
    )
    if not found:
        return ReadingField(name="number", value="")
    printed = [f.text for row in rows for f in row.find_all(r"(?<!\d)\d{18}(?!\d)")]
    twice = printed.count(found.text) > 1
    field = found.field("number", proven=twice)
    return field if twice or len(set(printed)) < 2 else _without_confidence(field)


def _without_confidence(field: ReadingField) -> ReadingField:
    return ReadingField(name=field.name, value=field.value, raw=field.raw, box=field.box)


def _goods_fields(rows: Sequence[TextRow], look: SecondReading) -> Iterator[ReadingField]:
    """Of each item: HS code, total and currency; quantity times unit price proves the total, or is
    asked for.

    An item that is missing between two others is there to be typed, and the first one where none
    was found.
    """
    starts = [n for n, row in enumerate(rows) if row.find(GOODS_PATTERN)]
    ends = [*starts[1:], len(rows)][: len(starts)]
    at = dict(
        zip(_item_numbers([rows[n] for n in starts]), zip(starts, ends, strict=True), strict=True)
    )
    for item in range(1, max(at, default=1) + 1):
        if item in at:
            begin, end = at[item]
            yield from _fields_of_item(item, rows[begin : min(end, begin + 4)], look)
        else:
            yield from (
                ReadingField(name=f"{name} {item}", value="", unclear=True)
                for name in ("hs", "quantity", "unit_price", "total", "currency")
            )


def _item_numbers(rows: Sequence[TextRow]) -> Sequence[int]:
    """As they are printed, when they rise as they should; else counted."""
    printed = [int(found.text) for row in rows if (found := row.find(r"^(\d{1,2})\D?\d{10}(?!\d)"))]
    rise = all(a < b for a, b in zip([0, *printed], printed, strict=False))
    return printed if rise and printed[-1:] <= [MAX_ITEMS] else range(1, len(rows) + 1)


def _fields_of_item(
    item: int, rows: Sequence[TextRow], look: SecondReading
) -> Iterator[ReadingField]:
    code = rows[0].find(GOODS_PATTERN)
    assert code is not None  # noqa: S101 - the row was found by it
    yield code.field(f"hs {item}")
    prices = [cell for row in rows for cell in row.cells if re.fullmatch(PRICE_PATTERN, cell.text)]
    quantity = rows[0].find(r"(\d[\d,]*(?:\.\d+)?)(?:个|件|千克|套|台|只|双|PCS|KG)")
    total = _total_field(item, quantity, prices, look)
    if total.unclear:
        yield _field_to_verify(f"quantity {item}", quantity)
        yield _field_to_verify(f"unit_price {item}", prices[0] if len(prices) > 1 else None)
    yield total
    currency = find_first(rows, rf"({'|'.join(CURRENCIES)})")
    yield (
        currency.field(f"currency {item}", CURRENCIES[currency.text])
        if currency
        else ReadingField(name=f"currency {item}", value="")
    )


def _field_to_verify(name: str, found: FoundText | None) -> ReadingField:
    """What the human needs beside a total that may have been misread: the product is worked out
    again."""
    return (
        _without_confidence(found.field(name, str(_parse_decimal(found.text))))
        if found
        else ReadingField(name=name, value="")
    )


def _total_field(
    item: int, quantity: FoundText | None, prices: Sequence[FoundText], look: SecondReading
) -> ReadingField:
    """A total that quantity and unit price do not prove is for the human, however clear it stands
    there."""
    name = f"total {item}"
    if len(prices) < 2:
        return ReadingField(name=name, value="", unclear=True)
    each, total = prices[:2]
    proven = _proven_total(quantity, each, total, look) if quantity else None
    if proven is None:
        field = _without_confidence(total.field(name, str(_parse_decimal(total.text))))
        return replace(
            field, unclear=quantity is None or not _are_read_clearly((quantity, each, total), look)
        )
    return total.field(name, str(proven), proven=True)


def _proven_total(
    quantity: FoundText, each: FoundText, total: FoundText, look: SecondReading
) -> Decimal | None:
    """The total that is quantity × unit price; what was read unsurely may be read once more for
    it."""
    as_read = _parse_decimal(quantity.text), _parse_decimal(each.text), _parse_decimal(total.text)
    ways = itertools.chain(
        [as_read], itertools.product(*(_possible_values(f, look) for f in (quantity, each, total)))
    )
    return next((t for q, p, t in ways if (q * p).quantize(CENT) == t), None)


def _are_read_clearly(founds: Sequence[FoundText], look: SecondReading) -> bool:
    """Read surely, and a second look reads no other figures."""
    return all(
        found.confidence >= SURE_CONFIDENCE
        and _digits_only(found.text) in map(_digits_only, look(found.box))
        for found in founds
    )


def _digits_only(text: str) -> str:
    return re.sub(r"\D", "", text)


def _possible_values(found: FoundText, look: SecondReading) -> list[Decimal]:
    if found.confidence >= SURE_CONFIDENCE:
        return [_parse_decimal(found.text)]
    again = [text for each in look(found.box) if (text := re.sub(r"[^\d.,]", "", each))]
    return [
        _parse_decimal(text)
        for text in (found.text, *again)
        if re.fullmatch(r"\d[\d,]*(?:\.\d+)?", text)
    ]


def _parse_decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))
