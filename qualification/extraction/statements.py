"""Bank statements: company, account, period, and the movements of each month (R-32 to R-34).
Pure."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from qualification.extraction import movements
from qualification.extraction.layout import (
    DATE_PATTERN,
    FoundText,
    PageLayout,
    SecondReading,
    TextRow,
    find_first,
    iso_date,
    rows_of_pages,
)
from qualification.extraction.movements import MONEY_PATTERN, BankStatementMovement, parse_money
from qualification.readings import SURE_CONFIDENCE, Box, ReadingField

CURRENCIES = {"人民币": "CNY", "CNY": "CNY", "RMB": "CNY", "美元": "USD", "USD": "USD"}


def fields(pages: Sequence[PageLayout], look: SecondReading) -> list[ReadingField]:
    rows = rows_of_pages(pages)
    company = find_first(
        rows, r"(?:户名|账户名称|AccountName\)?):?([^:]{4,}?)(?:币种.*|账号.*|开户行.*)?$"
    )
    account = find_first(rows, r"(?:账号|账户号码|AccountNo\.?\)?):?([\d-]{8,})")
    currency = find_first(rows, r"(?:币种|Currency\)?):?(人民币|美元|CNY|RMB|USD)")
    period = find_first(
        rows,
        rf"(?:起止日期|查询期间|对账期间|Period\)?):?({DATE_PATTERN}(?:至|-+|~|to){DATE_PATTERN})",
    )
    return [
        company.field("company") if company else ReadingField(name="company", value=""),
        account.field("account", account.text.replace("-", ""))
        if account
        else ReadingField(name="account", value=""),
        currency.field("currency", CURRENCIES[currency.text])
        if currency
        else ReadingField(name="currency", value=""),
        *_period_fields(period),
        *_money_fields(rows, look),
    ]


def _period_fields(found: FoundText | None) -> list[ReadingField]:
    if not found:
        return [
            ReadingField(name="period_from", value=""),
            ReadingField(name="period_to", value=""),
        ]
    begin, end = (iso_date(text) for text in re.findall(DATE_PATTERN, found.text)[:2])
    return [found.field("period_from", begin), found.field("period_to", end)]


def _money_fields(rows: Sequence[TextRow], look: SecondReading) -> list[ReadingField]:
    """Opening and closing balance, and of every month the credits, the debits and whether its
    balances hold."""
    opening = find_first(rows, rf"(?:期初余额|上期余额|OpeningBalance\)?):?({MONEY_PATTERN})")
    closing = find_first(rows, rf"(?:期[末未]余额|本期余额|ClosingBalance\)?):?({MONEY_PATTERN})")
    before = parse_money(opening.text) if opening else None
    moved = list(movements.read_movements(rows, before, look))
    after = parse_money(closing.text) if closing else None
    proven = _proven_rows(moved, before, after)
    ends = (
        ("opening_balance", opening, bool(proven) and proven[0]),
        ("closing_balance", closing, bool(proven) and proven[-1]),
    )
    return [
        *(
            f.field(name, str(parse_money(f.text)), proven=ok)
            if f
            else ReadingField(name=name, value="")
            for name, f, ok in ends
        ),
        *_month_fields(moved, proven, clear=_clearly_read_rows(moved, proven, opening, closing)),
    ]


def _month_fields(
    moved: Sequence[BankStatementMovement], proven: Sequence[bool], *, clear: Sequence[bool]
) -> Iterator[ReadingField]:
    """What is not proven and not clear may have been misread; what is clear and not proven does
    not hold."""
    for month in sorted({m.date[:7] for m in moved}):
        those = [n for n, m in enumerate(moved) if m.date[:7] == month]
        broken = [n for n in those if not proven[n]]
        boxes = [moved[n].box for n in those]
        for name in ("credit", "debit"):
            yield ReadingField(
                name=f"{name}s {month}",
                value=str(sum((getattr(moved[n], name) for n in those), Decimal(0))),
                raw="; ".join(str(moved[n]) for n in those),
                confidence=0.0 if broken else 0.99,
                box=moved[broken[0]].box if broken else _bounding_box(boxes),
                proven=not broken,
                unclear=bool(broken) and not any(clear[n] for n in broken),
                places=tuple(boxes),
            )


def _bounding_box(boxes: Sequence[Box]) -> Box:
    """Round the rows on the first of their pages."""
    here = [b for b in boxes if b.page == boxes[0].page]
    return Box(
        page=here[0].page,
        x0=min(b.x0 for b in here),
        y0=min(b.y0 for b in here),
        x1=max(b.x1 for b in here),
        y1=max(b.y1 for b in here),
    )


def _clearly_read_rows(
    moved: Sequence[BankStatementMovement],
    proven: Sequence[bool],
    opening: FoundText | None,
    closing: FoundText | None,
) -> list[bool]:
    """Whether a movement and the balance before it were read beyond doubt; a day out of order may
    be misread."""
    before, last_date, clear = _is_read_surely(opening), "", []
    for m, ok in zip(moved, proven, strict=True):
        clear.append(before and m.clear and m.date >= last_date)
        before, last_date = ok or m.clear, m.date
    if clear and not _is_read_surely(closing):
        clear[-1] = False
    return clear


def _is_read_surely(found: FoundText | None) -> bool:
    return found is not None and found.confidence >= SURE_CONFIDENCE


def _proven_rows(
    moved: Sequence[BankStatementMovement], opening: Decimal | None, closing: Decimal | None
) -> list[bool]:
    """Whether the row follows from the one before and, for the last one, ends where the statement
    says it ends."""
    before, last_date, proven = opening, "", []
    for m in moved:
        proven.append(m.follows(before) and m.date >= last_date)
        before, last_date = m.balance, m.date
    if proven and (closing is None or before != closing):
        proven[-1] = False
    return proven
