"""Bank statements: company, account, period, and the movements of each month (R-32 to R-34).
Pure."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from qualification.extraction import movements
from qualification.extraction.layout import DATE, Found, Look, Page, Row, first, iso_date, rows_of
from qualification.extraction.movements import MONEY, Movement, decimal
from qualification.readings import THRESHOLD, Box, Field

CURRENCIES = {"人民币": "CNY", "CNY": "CNY", "RMB": "CNY", "美元": "USD", "USD": "USD"}


def fields(pages: Sequence[Page], look: Look) -> list[Field]:
    rows = rows_of(pages)
    company = first(
        rows, r"(?:户名|账户名称|AccountName\)?):?([^:]{4,}?)(?:币种.*|账号.*|开户行.*)?$"
    )
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
        *_money(rows, look),
    ]


def _period(found: Found | None) -> list[Field]:
    if not found:
        return [Field(name="period_from", value=""), Field(name="period_to", value="")]
    begin, end = (iso_date(text) for text in re.findall(DATE, found.text)[:2])
    return [found.field("period_from", begin), found.field("period_to", end)]


def _money(rows: Sequence[Row], look: Look) -> list[Field]:
    """Opening and closing balance, and of every month the credits, the debits and whether its
    balances hold."""
    opening = first(rows, rf"(?:期初余额|上期余额|OpeningBalance\)?):?({MONEY})")
    closing = first(rows, rf"(?:期[末未]余额|本期余额|ClosingBalance\)?):?({MONEY})")
    before = decimal(opening.text) if opening else None
    moved = list(movements.of(rows, before, look))
    after = decimal(closing.text) if closing else None
    proven = _proven(moved, before, after)
    ends = (
        ("opening_balance", opening, bool(proven) and proven[0]),
        ("closing_balance", closing, bool(proven) and proven[-1]),
    )
    return [
        *(
            f.field(name, str(decimal(f.text)), proven=ok) if f else Field(name=name, value="")
            for name, f, ok in ends
        ),
        *_months(moved, proven, clear=_clear(moved, proven, opening, closing)),
    ]


def _months(
    moved: Sequence[Movement], proven: Sequence[bool], *, clear: Sequence[bool]
) -> Iterator[Field]:
    """What is not proven and not clear may have been misread; what is clear and not proven does
    not hold."""
    for month in sorted({m.date[:7] for m in moved}):
        those = [n for n, m in enumerate(moved) if m.date[:7] == month]
        broken = [n for n in those if not proven[n]]
        boxes = [moved[n].box for n in those]
        for name in ("credit", "debit"):
            yield Field(
                name=f"{name}s {month}",
                value=str(sum((getattr(moved[n], name) for n in those), Decimal(0))),
                raw="; ".join(str(moved[n]) for n in those),
                confidence=0.0 if broken else 0.99,
                box=moved[broken[0]].box if broken else _around(boxes),
                proven=not broken,
                unclear=bool(broken) and not any(clear[n] for n in broken),
                places=tuple(boxes),
            )


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


def _clear(
    moved: Sequence[Movement], proven: Sequence[bool], opening: Found | None, closing: Found | None
) -> list[bool]:
    """Whether a movement and the balance before it were read beyond doubt; a day out of order may
    be misread."""
    before, last_date, clear = _sure(opening), "", []
    for m, ok in zip(moved, proven, strict=True):
        clear.append(before and m.clear and m.date >= last_date)
        before, last_date = ok or m.clear, m.date
    if clear and not _sure(closing):
        clear[-1] = False
    return clear


def _sure(found: Found | None) -> bool:
    return found is not None and found.confidence >= THRESHOLD


def _proven(
    moved: Sequence[Movement], opening: Decimal | None, closing: Decimal | None
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
