"""Export declarations of the Chinese customs: number, consignor, goods by HS code, amounts (R-35
to R-37). Pure."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from qualification.extraction.layout import (
    DATE,
    Found,
    Look,
    Page,
    Row,
    below,
    first,
    iso_date,
    rows_of,
)
from qualification.readings import THRESHOLD, Field

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
GOODS = r"^\d{1,2}\D?(\d{10})(?!\d)"
MAX_ITEMS = 50  # of a declaration
CENT = Decimal("0.01")
MONEY = r"\d[\d,]*\.\d{2,4}"


def fields(pages: Sequence[Page], look: Look) -> list[Field]:
    rows = rows_of(pages)
    consignor = below(rows, r"境内发货", r".{4,}")
    declared = below(rows, r"申报日", DATE)
    return [
        _number(rows),
        consignor.field("company") if consignor else Field(name="company", value=""),
        declared.field("declared_on", iso_date(declared.text))
        if declared
        else Field(name="declared_on", value=""),
        *_goods(rows, look),
    ]


def _number(rows: Sequence[Row]) -> Field:
    """The customs number; the pre-entry number beside it is the same and proves it."""
    found = first(rows, r"海关编号:?(\d{18})(?!\d)") or first(rows, r"(?<!\d)(\d{18})(?!\d)")
    if not found:
        return Field(name="number", value="")
    printed = [f.text for row in rows for f in row.find_all(r"(?<!\d)\d{18}(?!\d)")]
    twice = printed.count(found.text) > 1
    field = found.field("number", proven=twice)
    return field if twice or len(set(printed)) < 2 else _unsure(field)


def _unsure(field: Field) -> Field:
    return Field(name=field.name, value=field.value, raw=field.raw, box=field.box)


def _goods(rows: Sequence[Row], look: Look) -> Iterator[Field]:
    """Of each item: HS code, total and currency; quantity times unit price proves the total, or is
    asked for.

    An item that is missing between two others is there to be typed, and the first one where none
    was found.
    """
    starts = [n for n, row in enumerate(rows) if row.find(GOODS)]
    ends = [*starts[1:], len(rows)][: len(starts)]
    at = dict(zip(_numbers([rows[n] for n in starts]), zip(starts, ends, strict=True), strict=True))
    for item in range(1, max(at, default=1) + 1):
        if item in at:
            begin, end = at[item]
            yield from _item(item, rows[begin : min(end, begin + 4)], look)
        else:
            yield from (
                Field(name=f"{name} {item}", value="", unclear=True)
                for name in ("hs", "quantity", "unit_price", "total", "currency")
            )


def _numbers(rows: Sequence[Row]) -> Sequence[int]:
    """As they are printed, when they rise as they should; else counted."""
    printed = [int(found.text) for row in rows if (found := row.find(r"^(\d{1,2})\D?\d{10}(?!\d)"))]
    rise = all(a < b for a, b in zip([0, *printed], printed, strict=False))
    return printed if rise and printed[-1:] <= [MAX_ITEMS] else range(1, len(rows) + 1)


def _item(item: int, rows: Sequence[Row], look: Look) -> Iterator[Field]:
    code = rows[0].find(GOODS)
    assert code is not None  # noqa: S101 - the row was found by it
    yield code.field(f"hs {item}")
    prices = [cell for row in rows for cell in row.cells if re.fullmatch(MONEY, cell.text)]
    quantity = rows[0].find(r"(\d[\d,]*(?:\.\d+)?)(?:个|件|千克|套|台|只|双|PCS|KG)")
    total = _total(item, quantity, prices, look)
    if total.unclear:
        yield _asked(f"quantity {item}", quantity)
        yield _asked(f"unit_price {item}", prices[0] if len(prices) > 1 else None)
    yield total
    currency = first(rows, rf"({'|'.join(CURRENCIES)})")
    yield (
        currency.field(f"currency {item}", CURRENCIES[currency.text])
        if currency
        else Field(name=f"currency {item}", value="")
    )


def _asked(name: str, found: Found | None) -> Field:
    """What the human needs beside a total that may have been misread: the product is worked out
    again."""
    return (
        _unsure(found.field(name, str(_decimal(found.text))))
        if found
        else Field(name=name, value="")
    )


def _total(item: int, quantity: Found | None, prices: Sequence[Found], look: Look) -> Field:
    """A total that quantity and unit price do not prove is for the human, however clear it stands
    there."""
    name = f"total {item}"
    if len(prices) < 2:
        return Field(name=name, value="", unclear=True)
    each, total = prices[:2]
    proven = _proven(quantity, each, total, look) if quantity else None
    if proven is None:
        field = _unsure(total.field(name, str(_decimal(total.text))))
        return replace(
            field, unclear=quantity is None or not _are_clear((quantity, each, total), look)
        )
    return total.field(name, str(proven), proven=True)


def _proven(quantity: Found, each: Found, total: Found, look: Look) -> Decimal | None:
    """The total that is quantity × unit price; what was read unsurely may be read once more for
    it."""
    as_read = _decimal(quantity.text), _decimal(each.text), _decimal(total.text)
    ways = itertools.chain(
        [as_read], itertools.product(*(_readings(f, look) for f in (quantity, each, total)))
    )
    return next((t for q, p, t in ways if (q * p).quantize(CENT) == t), None)


def _are_clear(founds: Sequence[Found], look: Look) -> bool:
    """Read surely, and a second look reads no other figures."""
    return all(
        found.confidence >= THRESHOLD and _figures(found.text) in map(_figures, look(found.box))
        for found in founds
    )


def _figures(text: str) -> str:
    return re.sub(r"\D", "", text)


def _readings(found: Found, look: Look) -> list[Decimal]:
    if found.confidence >= THRESHOLD:
        return [_decimal(found.text)]
    again = [text for each in look(found.box) if (text := re.sub(r"[^\d.,]", "", each))]
    return [
        _decimal(text) for text in (found.text, *again) if re.fullmatch(r"\d[\d,]*(?:\.\d+)?", text)
    ]


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))
