"""Export declarations of the Chinese customs: number, consignor, goods by HS code, amounts (R-35 to R-37). Pure."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from qualification.extraction.layout import DATE, Found, Page, Row, below, first, iso_date, rows_of
from qualification.readings import Field

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
MONEY = r"\d[\d,]*\.\d{2,4}"


def fields(pages: Sequence[Page]) -> list[Field]:
    rows = rows_of(pages)
    consignor = below(rows, r"境内发货", r".{4,}")
    declared = below(rows, r"申报日", DATE)
    return [
        _number(rows),
        consignor.field("company") if consignor else Field(name="company", value=""),
        declared.field("declared_on", iso_date(declared.text))
        if declared
        else Field(name="declared_on", value=""),
        *_goods(rows),
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


def _goods(rows: Sequence[Row]) -> Iterator[Field]:
    """Of each item: HS code, total and currency; quantity times unit price proves the total."""
    starts = [n for n, row in enumerate(rows) if row.find(r"^\d{1,2}\D?(\d{10})(?!\d)")]
    for item, start in enumerate(starts, 1):
        end = starts[item] if item < len(starts) else start + 4
        yield from _item(item, rows[start : min(end, start + 4)])


def _item(item: int, rows: Sequence[Row]) -> Iterator[Field]:
    code = rows[0].find(r"^\d{1,2}\D?(\d{10})(?!\d)")
    assert code is not None  # noqa: S101 - the row was found by it
    yield code.field(f"hs {item}")
    prices = [cell for row in rows for cell in row.cells if re.fullmatch(MONEY, cell.text)]
    quantity = rows[0].find(r"(\d[\d,]*(?:\.\d+)?)(?:个|件|千克|套|台|只|双|PCS|KG)")
    total = prices[1] if len(prices) > 1 else None
    proves = total is not None and quantity is not None and _product(quantity, prices[0]) == _decimal(total)
    yield _total(item, total, proves=proves)
    currency = first(rows, rf"({'|'.join(CURRENCIES)})")
    yield (
        currency.field(f"currency {item}", CURRENCIES[currency.text])
        if currency
        else Field(name=f"currency {item}", value="")
    )


def _total(item: int, found: Found | None, *, proves: bool) -> Field:
    """A total that quantity and unit price do not prove is for the human, however clear it stands there."""
    if not found:
        return Field(name=f"total {item}", value="")
    field = found.field(f"total {item}", str(_decimal(found)), proven=proves)
    return field if proves else _unsure(field)


def _product(quantity: Found, price: Found) -> Decimal:
    return (_decimal(quantity) * _decimal(price)).quantize(Decimal("0.01"))


def _decimal(found: Found) -> Decimal:
    return Decimal(found.text.replace(",", ""))
