"""Bank statements: company, account, period, and the movements of each month (R-32 to R-34). Pure.

Whatever a bank calls its columns, a movement is a row that begins with a date, and its amount is proven by the
balance: the balance before, plus what came in, less what went out, is the balance after.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qualification.extraction.layout import DATE, Found, Page, Row, first, iso_date, rows_of
from qualification.readings import Box, Field

HEADS = {
    "credit": r"收入|贷方|存入|Credit",
    "debit": r"支出|借方|支取|Debit",
    "balance": r"余.?额|Balance",
    "amount": r"金.?额|发生.?额|Amount",
}
"""What banks write over their columns; “借方发生额” is a debit before it is an amount."""
MONEY = r"[+-]?(?:\d[\d.,]*[.,]\d\d|\d{1,3}(?:[.,]+\d{3})+:\d\d)(?!\d)"
"""Readers mix up points, commas and, in grouped amounts, colons; the last sign, before two digits, is the point."""
IN_WORDS, OUT_WORDS = ("贷", "收", "C"), ("借", "付", "D")
CURRENCIES = {"人民币": "CNY", "CNY": "CNY", "RMB": "CNY", "美元": "USD", "USD": "USD"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    row: Row
    date: str
    credit: Decimal
    debit: Decimal
    balance: Decimal | None
    found: Sequence[Found]

    @property
    def confidence(self) -> float:
        return min((f.confidence for f in self.found), default=0.0)


def fields(pages: Sequence[Page]) -> list[Field]:
    rows = rows_of(pages)
    company = first(rows, r"(?:户名|账户名称|AccountName\)?):?([^:]{4,}?)(?:币种.*|账号.*|开户行.*)?$")
    account = first(rows, r"(?:账号|账户号码|AccountNo\.?\)?):?([\d-]{8,})")
    currency = first(rows, r"(?:币种|Currency\)?):?(人民币|美元|CNY|RMB|USD)")
    period = first(rows, rf"(?:起止日期|查询期间|对账期间|Period\)?):?({DATE}(?:至|-+|~|to){DATE})")
    return [
        company.field("company") if company else Field(name="company", value=""),
        account.field("account", account.text.replace("-", ""))
        if account
        else Field(name="account", value=""),
        currency.field("currency", CURRENCIES[currency.text])
        if currency
        else Field(name="currency", value=""),
        *_period(period),
        *_money(rows),
    ]


def _period(found: Found | None) -> list[Field]:
    if not found:
        return [Field(name="period_from", value=""), Field(name="period_to", value="")]
    begin, end = (iso_date(text) for text in re.findall(DATE, found.text)[:2])
    return [found.field("period_from", begin), found.field("period_to", end)]


def _money(rows: Sequence[Row]) -> list[Field]:
    """Opening and closing balance, and of every month the credits, the debits and whether its balances hold."""
    opening = first(rows, rf"(?:期初余额|上期余额|OpeningBalance\)?):?({MONEY})")
    closing = first(rows, rf"(?:期[末未]余额|本期余额|ClosingBalance\)?):?({MONEY})")
    before = decimal(opening.text) if opening else None
    movements = list(_movements(rows, before))
    after = decimal(closing.text) if closing else None
    proven = _proven(movements, before, after)
    ends = (
        ("opening_balance", opening, bool(proven) and proven[0]),
        ("closing_balance", closing, bool(proven) and proven[-1]),
    )
    return [
        *(
            f.field(name, str(decimal(f.text)), proven=ok) if f else Field(name=name, value="")
            for name, f, ok in ends
        ),
        *_months(movements, proven),
    ]


def _months(movements: Sequence[Movement], proven: Sequence[bool]) -> Iterator[Field]:
    for month in sorted({m.date[:7] for m in movements}):
        those = [(m, ok) for m, ok in zip(movements, proven, strict=True) if m.date[:7] == month]
        holds = all(ok for _, ok in those)
        confidence = 0.99 if holds else 0.0
        boxes = [m.row.page.box([w for f in m.found for w in f.words]) for m, _ in those]
        shown = next((b for (_, ok), b in zip(those, boxes, strict=True) if not ok), _around(boxes))
        for name in ("credit", "debit"):
            total = sum((getattr(m, name) for m, _ in those), Decimal(0))
            yield Field(
                name=f"{name}s {month}", value=str(total), raw=f"{len(those)}", confidence=confidence, box=shown,
                proven=holds,
            )  # fmt: skip


def _around(boxes: Sequence[Box]) -> Box:
    """Round the rows on the first of their pages."""
    here = [b for b in boxes if b.page == boxes[0].page]
    return Box(
        page=here[0].page,
        x0=min(b.x0 for b in here),
        y0=min(b.y0 for b in here),
        x1=max(b.x1 for b in here),
        y1=max(b.y1 for b in here),
    )


def _proven(movements: Sequence[Movement], opening: Decimal | None, closing: Decimal | None) -> list[bool]:
    """Whether the row follows from the one before and, for the last one, ends where the statement says it ends."""
    before, last_date, proven = opening, "", []
    for m in movements:
        follows = before is not None and m.balance == before + m.credit - m.debit
        proven.append(follows and m.date >= last_date)
        before, last_date = m.balance, m.date
    if proven and (closing is None or before != closing):
        proven[-1] = False
    return proven


def _movements(rows: Sequence[Row], before: Decimal | None) -> Iterator[Movement]:
    columns: dict[str, Found] = {}
    for row in rows:
        if head := _head(row):
            columns = head
        elif columns and (movement := _movement(row, columns, before)):
            before = movement.balance
            yield movement


def _head(row: Row) -> dict[str, Found]:
    """The columns of money of a row of headings; nothing for any other row."""
    columns: dict[str, Found] = {}
    for cell in row.cells:
        name = next((name for name, words in HEADS.items() if re.search(words, cell.text)), None)
        if name:
            columns.setdefault(name, cell)
    dated = bool(re.search(r"日期|Date", row.text))
    return columns if "balance" in columns and (dated or len(columns) > 1) else {}


def _movement(row: Row, columns: dict[str, Found], before: Decimal | None) -> Movement | None:
    day = row.find(rf"^\D{{0,3}}(?:\d{{1,3}}(?=20))?({DATE})")
    if not day or not (date := iso_date(day.text)):
        return None
    cells = {_nearest(cell, columns): cell for cell in row.cells if re.match(MONEY, cell.text)}
    amounts = {name: decimal(re.match(MONEY, cell.text)[0]) for name, cell in cells.items()}
    credit, debit = _in_and_out(row, amounts, before)
    return Movement(
        row=row,
        date=date,
        credit=credit,
        debit=debit,
        balance=amounts.get("balance"),
        found=[day, *cells.values()],
    )


def _nearest(cell: Found, columns: dict[str, Found]) -> str:
    """The column whose heading stands over the amount, centred or set right; "amount" under none that was read."""

    def distance(name: str) -> float:
        head = columns[name]
        return min(abs(head.x1 - cell.x1), abs(head.x0 + head.x1 - cell.x0 - cell.x1) / 2)

    nearest = min(columns, key=distance)
    return nearest if distance(nearest) < 0.07 * cell.row.page.width else "amount"


def _in_and_out(row: Row, amounts: dict[str, Decimal], before: Decimal | None) -> tuple[Decimal, Decimal]:
    """By column, by sign, by the mark 借 or 贷; an amount without any of them goes where the balance went."""
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
