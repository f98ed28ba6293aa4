"""The movements on a bank statement. Pure.

Whatever a bank calls its columns, a movement is a row that begins with a date, and its amount is
proven by the balance: the balance before, plus what came in, less what went out, is the balance
after. An amount that was read unsurely is read once more until it is; one that was read surely
never is, so that an edited one stands out.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from qualification.extraction.layout import (
    DATE_PATTERN,
    PLAIN_PUNCTUATION,
    FoundText,
    SecondReading,
    TextRow,
    iso_date,
)
from qualification.readings import SURE_CONFIDENCE, Box

COLUMN_HEADINGS = {
    "credit": r"收入|贷方|存入|Credit",
    "debit": r"支出|借方|支取|Debit",
    "balance": r"余.?额|Balance",
    "amount": r"金.?额|发生.?额|Amount",
}
"""What banks write over their columns; “借方发生额” is a debit before it is an amount."""
MONEY_PATTERN = r"[+-]?(?:\d[\d.,]*[.,]\d\d|\d{1,3}(?:[.,]+\d{3})+:\d\d)(?!\d)"
"""Readers mix up points, commas and, in grouped amounts, colons; the last sign, before two digits,
is the point."""
CREDIT_MARKS, DEBIT_MARKS = ("贷", "收", "C"), ("借", "付", "D")


@dataclass(frozen=True, kw_only=True, slots=True)
class BankStatementMovement:
    row: TextRow
    date: str
    credit: Decimal
    debit: Decimal
    balance: Decimal | None
    found: Sequence[FoundText]
    clear: bool = True  # read surely, and read the same once more where it does not follow

    @property
    def box(self) -> Box:
        return self.row.page.box([w for f in self.found for w in f.words])

    def __str__(self) -> str:
        return f"{self.date} {self.credit - self.debit:+} = {self.balance}"

    def follows(self, before: Decimal | None) -> bool:
        return before is not None and self.balance == before + self.credit - self.debit


def read_movements(
    rows: Sequence[TextRow], before: Decimal | None, look: SecondReading
) -> Iterator[BankStatementMovement]:
    """In the order of the rows. What follows after a row of money that was not understood is not
    clear."""
    columns: dict[str, FoundText] = {}
    lost = False
    for row in rows:
        if head := _heading_columns(row):
            columns = head
        elif columns and (movement := _parse_movement(row, columns, before, look)):
            yield replace(movement, clear=movement.clear and not lost)
            before, lost = movement.balance, False
        else:
            lost = lost or any(re.match(MONEY_PATTERN, cell.text) for cell in row.cells)


def _heading_columns(row: TextRow) -> dict[str, FoundText]:
    """The columns of money of a row of headings; nothing for any other row."""
    columns: dict[str, FoundText] = {}
    for cell in row.cells:
        name = next(
            (name for name, words in COLUMN_HEADINGS.items() if re.search(words, cell.text)), None
        )
        if name:
            columns.setdefault(name, cell)
    dated = bool(re.search(r"日期|Date", row.text))
    return columns if "balance" in columns and (dated or len(columns) > 1) else {}


def _parse_movement(
    row: TextRow, columns: dict[str, FoundText], before: Decimal | None, look: SecondReading
) -> BankStatementMovement | None:
    day = row.find(rf"^\D{{0,3}}(?:\d{{1,3}}(?=20))?({DATE_PATTERN})")
    if not day or not (date := iso_date(day.text)):
        return None
    cells = {
        _nearest_column(cell, columns): cell
        for cell in row.cells
        if re.match(MONEY_PATTERN, cell.text)
    }
    amounts = {
        name: parse_money(re.match(MONEY_PATTERN, cell.text)[0]) for name, cell in cells.items()
    }
    read = _build_movement(row, date, [day, *cells.values()], amounts, before)
    if before is None or read.follows(before):
        return read
    others = _alternative_amounts(row, columns, cells, amounts, look)
    ways = (_build_movement(row, date, read.found, other, before) for other in others)
    fitting = next((way for way in ways if way.follows(before)), None)
    return fitting or replace(read, clear=_is_read_clearly(cells, look))


def _is_read_clearly(cells: Mapping[str, FoundText], look: SecondReading) -> bool:
    """Balance and amount were read surely, and a second look reads no other figures."""
    if "balance" not in cells or len(cells) < 2:
        return False
    return all(
        cell.confidence >= SURE_CONFIDENCE
        and _digits_only(cell.text) in map(_digits_only, look(cell.box))
        for cell in cells.values()
    )


def _digits_only(text: str) -> str:
    return re.sub(r"\D", "", text)


def _build_movement(
    row: TextRow,
    date: str,
    found: Sequence[FoundText],
    amounts: Mapping[str, Decimal],
    before: Decimal | None,
) -> BankStatementMovement:
    credit, debit = _credit_and_debit(row, amounts, before)
    return BankStatementMovement(
        row=row, date=date, credit=credit, debit=debit, balance=amounts.get("balance"), found=found
    )


def _alternative_amounts(
    row: TextRow,
    columns: dict[str, FoundText],
    cells: dict[str, FoundText],
    amounts: dict[str, Decimal],
    look: SecondReading,
) -> Iterator[dict[str, Decimal]]:
    """The amounts of a row in the other ways that they can be read; one that was read surely stays
    as it is."""
    sure = {
        name: amounts[name] for name, cell in cells.items() if cell.confidence >= SURE_CONFIDENCE
    }
    options: dict[str, list[Decimal | None]] = {}
    for name in {**columns, **cells}:
        if name not in sure:
            texts = (
                re.sub(r"\s", "", text.translate(PLAIN_PUNCTUATION))
                for text in look(_amount_place(row, columns, cells, name))
            )
            again = [parse_money(text) for text in texts if re.fullmatch(MONEY_PATTERN, text)]
            options[name] = list(dict.fromkeys([amounts.get(name), *again]))
    for chosen in itertools.product(*options.values()):
        other = dict(zip(options, chosen, strict=True))
        yield sure | {name: amount for name, amount in other.items() if amount is not None}


def _amount_place(
    row: TextRow, columns: dict[str, FoundText], cells: dict[str, FoundText], name: str
) -> Box:
    """Where the amount stands; where none was read, between its column's heading and the one to
    the left."""
    if name in cells:
        return cells[name].box
    head, width = columns[name], row.page.width
    left = max((c.x1 for c in columns.values() if c.x1 < head.x0), default=head.x1 - 0.16 * width)
    y0, y1 = min(w.y0 for w in row.words), max(w.y1 for w in row.words)
    return row.page.place(left + 0.012 * width, y0, head.x1 + 0.004 * width, y1)


def _nearest_column(cell: FoundText, columns: dict[str, FoundText]) -> str:
    """The column whose heading stands over the amount, centred or set right; "amount" under none
    that was read."""

    def distance(name: str) -> float:
        head = columns[name]
        return min(abs(head.x1 - cell.x1), abs(head.x0 + head.x1 - cell.x0 - cell.x1) / 2)

    nearest = min(columns, key=distance)
    return nearest if distance(nearest) < 0.07 * cell.row.page.width else "amount"


def _credit_and_debit(
    row: TextRow, amounts: Mapping[str, Decimal], before: Decimal | None
) -> tuple[Decimal, Decimal]:
    """By column, by sign, by the mark 借 or 贷; an amount without any of them goes where the
    balance went."""
    zero = Decimal(0)
    if "amount" not in amounts:
        return amounts.get("credit", zero), amounts.get("debit", zero)
    amount, balance = amounts["amount"], amounts.get("balance", zero)
    marks = {cell.text for cell in row.cells}
    fell = not marks & set(CREDIT_MARKS) and before is not None and balance < before
    if amount < 0 or marks & set(DEBIT_MARKS) or fell:
        return zero, abs(amount)
    return amount, zero


def parse_money(text: str) -> Decimal:
    sign = "-" if text.startswith("-") else ""
    digits = re.sub(r"\D", "", text)
    return Decimal(f"{sign}{digits[:-2]}.{digits[-2:]}")
