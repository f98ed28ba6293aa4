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

from qualification.extraction.layout import DATE, PLAIN, Found, Look, Row, iso_date
from qualification.readings import THRESHOLD, Box

HEADS = {
    "credit": r"收入|贷方|存入|Credit",
    "debit": r"支出|借方|支取|Debit",
    "balance": r"余.?额|Balance",
    "amount": r"金.?额|发生.?额|Amount",
}
"""What banks write over their columns; “借方发生额” is a debit before it is an amount."""
MONEY = r"[+-]?(?:\d[\d.,]*[.,]\d\d|\d{1,3}(?:[.,]+\d{3})+:\d\d)(?!\d)"
"""Readers mix up points, commas and, in grouped amounts, colons; the last sign, before two digits,
is the point."""
IN_WORDS, OUT_WORDS = ("贷", "收", "C"), ("借", "付", "D")


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    row: Row
    date: str
    credit: Decimal
    debit: Decimal
    balance: Decimal | None
    found: Sequence[Found]
    clear: bool = True  # read surely, and read the same once more where it does not follow

    @property
    def box(self) -> Box:
        return self.row.page.box([w for f in self.found for w in f.words])

    def __str__(self) -> str:
        return f"{self.date} {self.credit - self.debit:+} = {self.balance}"

    def follows(self, before: Decimal | None) -> bool:
        return before is not None and self.balance == before + self.credit - self.debit


def of(rows: Sequence[Row], before: Decimal | None, look: Look) -> Iterator[Movement]:
    """In the order of the rows. What follows after a row of money that was not understood is not
    clear."""
    columns: dict[str, Found] = {}
    lost = False
    for row in rows:
        if head := _head(row):
            columns = head
        elif columns and (movement := _movement(row, columns, before, look)):
            yield replace(movement, clear=movement.clear and not lost)
            before, lost = movement.balance, False
        else:
            lost = lost or any(re.match(MONEY, cell.text) for cell in row.cells)


def _head(row: Row) -> dict[str, Found]:
    """The columns of money of a row of headings; nothing for any other row."""
    columns: dict[str, Found] = {}
    for cell in row.cells:
        name = next((name for name, words in HEADS.items() if re.search(words, cell.text)), None)
        if name:
            columns.setdefault(name, cell)
    dated = bool(re.search(r"日期|Date", row.text))
    return columns if "balance" in columns and (dated or len(columns) > 1) else {}


def _movement(
    row: Row, columns: dict[str, Found], before: Decimal | None, look: Look
) -> Movement | None:
    day = row.find(rf"^\D{{0,3}}(?:\d{{1,3}}(?=20))?({DATE})")
    if not day or not (date := iso_date(day.text)):
        return None
    cells = {_nearest(cell, columns): cell for cell in row.cells if re.match(MONEY, cell.text)}
    amounts = {name: decimal(re.match(MONEY, cell.text)[0]) for name, cell in cells.items()}
    read = _made(row, date, [day, *cells.values()], amounts, before)
    if before is None or read.follows(before):
        return read
    others = _read_again(row, columns, cells, amounts, look)
    ways = (_made(row, date, read.found, other, before) for other in others)
    fitting = next((way for way in ways if way.follows(before)), None)
    return fitting or replace(read, clear=_is_clear(cells, look))


def _is_clear(cells: Mapping[str, Found], look: Look) -> bool:
    """Balance and amount were read surely, and a second look reads no other figures."""
    if "balance" not in cells or len(cells) < 2:
        return False
    return all(
        cell.confidence >= THRESHOLD and _digits(cell.text) in map(_digits, look(cell.box))
        for cell in cells.values()
    )


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _made(
    row: Row,
    date: str,
    found: Sequence[Found],
    amounts: Mapping[str, Decimal],
    before: Decimal | None,
) -> Movement:
    credit, debit = _in_and_out(row, amounts, before)
    return Movement(
        row=row, date=date, credit=credit, debit=debit, balance=amounts.get("balance"), found=found
    )


def _read_again(
    row: Row,
    columns: dict[str, Found],
    cells: dict[str, Found],
    amounts: dict[str, Decimal],
    look: Look,
) -> Iterator[dict[str, Decimal]]:
    """The amounts of a row in the other ways that they can be read; one that was read surely stays
    as it is."""
    sure = {name: amounts[name] for name, cell in cells.items() if cell.confidence >= THRESHOLD}
    options: dict[str, list[Decimal | None]] = {}
    for name in {**columns, **cells}:
        if name not in sure:
            texts = (
                re.sub(r"\s", "", text.translate(PLAIN))
                for text in look(_place(row, columns, cells, name))
            )
            again = [decimal(text) for text in texts if re.fullmatch(MONEY, text)]
            options[name] = list(dict.fromkeys([amounts.get(name), *again]))
    for chosen in itertools.product(*options.values()):
        other = dict(zip(options, chosen, strict=True))
        yield sure | {name: amount for name, amount in other.items() if amount is not None}


def _place(row: Row, columns: dict[str, Found], cells: dict[str, Found], name: str) -> Box:
    """Where the amount stands; where none was read, between its column's heading and the one to
    the left."""
    if name in cells:
        return cells[name].box
    head, width = columns[name], row.page.width
    left = max((c.x1 for c in columns.values() if c.x1 < head.x0), default=head.x1 - 0.16 * width)
    y0, y1 = min(w.y0 for w in row.words), max(w.y1 for w in row.words)
    return row.page.place(left + 0.012 * width, y0, head.x1 + 0.004 * width, y1)


def _nearest(cell: Found, columns: dict[str, Found]) -> str:
    """The column whose heading stands over the amount, centred or set right; "amount" under none
    that was read."""

    def distance(name: str) -> float:
        head = columns[name]
        return min(abs(head.x1 - cell.x1), abs(head.x0 + head.x1 - cell.x0 - cell.x1) / 2)

    nearest = min(columns, key=distance)
    return nearest if distance(nearest) < 0.07 * cell.row.page.width else "amount"


def _in_and_out(
    row: Row, amounts: Mapping[str, Decimal], before: Decimal | None
) -> tuple[Decimal, Decimal]:
    """By column, by sign, by the mark 借 or 贷; an amount without any of them goes where the
    balance went."""
    zero = Decimal(0)
    if "amount" not in amounts:
        return amounts.get("credit", zero), amounts.get("debit", zero)
    amount, balance = amounts["amount"], amounts.get("balance", zero)
    marks = {cell.text for cell in row.cells}
    fell = not marks & set(IN_WORDS) and before is not None and balance < before
    if amount < 0 or marks & set(OUT_WORDS) or fell:
        return zero, abs(amount)
    return amount, zero


def decimal(text: str) -> Decimal:
    sign = "-" if text.startswith("-") else ""
    digits = re.sub(r"\D", "", text)
    return Decimal(f"{sign}{digits[:-2]}.{digits[-2:]}")
