"""Draws bank statements as five kinds of banks print them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from PIL import Image

from repurchase.demo.sample_documents.contents import BankStatement, SampleMovement, StatementLayout
from repurchase.demo.sample_documents.sheet import WIDTH, DrawingSheet

StatementCell = Callable[[int, SampleMovement], str]


@dataclass(frozen=True, slots=True)
class StatementColumn:
    heading: str
    x: int
    at: str  # how the cells are set: la, ma, ra
    cell: StatementCell


def _format_money(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""


COLUMNS: Mapping[StatementLayout, Sequence[StatementColumn]] = {
    StatementLayout.SIGNED: (
        StatementColumn("交易日期", 110, "la", lambda n, m: m.date.isoformat()),
        StatementColumn("摘要", 420, "la", lambda n, m: m.purpose),
        StatementColumn("交易金额", 1060, "ra", lambda n, m: f"{m.credit - m.debit:+,.2f}"),
        StatementColumn("账户余额", 1500, "ra", lambda n, m: _format_money(m.balance)),
    ),
    StatementLayout.IN_AND_OUT: (
        StatementColumn("日期", 110, "la", lambda n, m: f"{m.date:%Y/%m/%d}"),
        StatementColumn("摘要", 360, "la", lambda n, m: m.purpose),
        StatementColumn("支出金额", 900, "ra", lambda n, m: _format_money(m.debit)),
        StatementColumn("收入金额", 1220, "ra", lambda n, m: _format_money(m.credit)),
        StatementColumn("余额", 1540, "ra", lambda n, m: _format_money(m.balance)),
    ),
    StatementLayout.DEBIT_CREDIT: (
        StatementColumn("序号", 110, "la", lambda n, m: str(n)),
        StatementColumn("记账日期", 220, "la", lambda n, m: f"{m.date:%Y%m%d}"),
        StatementColumn("用途", 470, "la", lambda n, m: m.purpose),
        StatementColumn("借方发生额", 930, "ra", lambda n, m: _format_money(m.debit)),
        StatementColumn("贷方发生额", 1240, "ra", lambda n, m: _format_money(m.credit)),
        StatementColumn("余额", 1550, "ra", lambda n, m: _format_money(m.balance)),
    ),
    StatementLayout.FLAGGED: (
        StatementColumn("交易日期", 110, "la", lambda n, m: m.date.isoformat()),
        StatementColumn("借贷标志", 440, "la", lambda n, m: "贷" if m.credit else "借"),
        StatementColumn("发生额", 900, "ra", lambda n, m: _format_money(m.credit or m.debit)),
        StatementColumn("余额", 1270, "ra", lambda n, m: _format_money(m.balance)),
        StatementColumn("摘要", 1330, "la", lambda n, m: m.purpose),
    ),
    StatementLayout.BILINGUAL: (
        StatementColumn("Date 日期", 110, "la", lambda n, m: m.date.isoformat()),
        StatementColumn("Description 摘要", 380, "la", lambda n, m: m.purpose),
        StatementColumn("Debit 支出", 950, "ra", lambda n, m: _format_money(m.debit)),
        StatementColumn("Credit 收入", 1250, "ra", lambda n, m: _format_money(m.credit)),
        StatementColumn("Balance 余额", 1560, "ra", lambda n, m: _format_money(m.balance)),
    ),
}
PER_PAGE = {StatementLayout.FLAGGED: 16}
"""Rows a page; every other bank fits 32."""


def draw_statement(
    of: BankStatement, rng: random.Random, *, sealed: bool = True
) -> list[Image.Image]:
    per_page = PER_PAGE.get(of.layout, 32)
    chunks = [of.movements[n : n + per_page] for n in range(0, len(of.movements), per_page)]
    return [
        _draw_statement_page(
            of, chunk, rng, first=n * per_page, last=n == len(chunks) - 1, sealed=sealed
        )
        for n, chunk in enumerate(chunks)
    ]


def _draw_statement_page(
    of: BankStatement,
    movements: Sequence[SampleMovement],
    rng: random.Random,
    *,
    first: int,
    last: bool,
    sealed: bool,
) -> Image.Image:
    sheet = DrawingSheet()
    y = _draw_preamble(sheet, of) if first == 0 else 130
    columns = COLUMNS[of.layout]
    for column in columns:
        sheet.text(column.x, y, column.heading, 28, at=column.at)
    sheet.line((90, y + 44), (WIDTH - 90, y + 44))
    y += 58
    if first and of.layout is StatementLayout.FLAGGED:
        sheet.text(110, y, "承前页", 26)
        sheet.text(1270, y, _format_money(of.movements[first - 1].balance), 26, at="ra")
        y += 46
    for n, movement in enumerate(movements, first + 1):
        for column in columns:
            sheet.text(column.x, y, column.cell(n, movement), 26, at=column.at)
        y += 46
        if of.layout is StatementLayout.IN_AND_OUT:
            sheet.line((90, y - 8), (WIDTH - 90, y - 8), width=1)
    if last:
        _draw_page_ending(sheet, of, y + 24)
    elif of.layout is StatementLayout.FLAGGED:
        sheet.text(110, y + 10, "过次页", 26)
    if last and sealed:
        sheet.seal(1250, min(y + 330, 2120), "示例商业银行业务专用章", rng)
    return sheet.image


def _draw_preamble(sheet: DrawingSheet, of: BankStatement) -> int:
    period = f"{of.begin.isoformat()} 至 {of.end.isoformat()}"
    if of.layout is StatementLayout.BILINGUAL:
        title, lines = (
            "Statement of Account 对账单",
            [
                f"Account Name 户名: {of.company.name}",
                f"Account No. 账号: {of.company.account}",
                "Currency 币种: USD",
                f"Period 起止日期: {of.begin.isoformat()} - {of.end.isoformat()}",
                f"Opening Balance 期初余额: {_format_money(of.opening)}",
            ],
        )
    elif of.layout is StatementLayout.DEBIT_CREDIT:
        title, lines = (
            "单位活期存款账户明细对账单",
            [
                "尊敬的客户: 感谢您使用我行服务, 请核对下列明细。",
                f"户名: {of.company.name}",
                f"账号: {of.company.account}",
                "开户行: 示例银行营业部",
                "币种: 人民币",
                f"对账期间: {period}",
                "如有不符, 请于十日内与我行联系。",
                f"上期余额: {_format_money(of.opening)}",
            ],
        )
    else:
        title, lines = (
            "银行账户交易明细",
            [
                f"户名: {of.company.name}",
                f"账号: {of.company.account}",
                "币种: 人民币",
                f"查询期间: {period}",
                f"期初余额: {_format_money(of.opening)}",
            ],
        )
    sheet.text(WIDTH / 2, 120, title, 46, at="ma")
    for n, line in enumerate(lines):
        sheet.text(110, 220 + n * 50, line, 28)
    return 250 + len(lines) * 50


def _draw_page_ending(sheet: DrawingSheet, of: BankStatement, y: float) -> None:
    label = {
        StatementLayout.BILINGUAL: "Closing Balance 期末余额",
        StatementLayout.DEBIT_CREDIT: "本期余额",
    }.get(of.layout, "期末余额")
    sheet.text(110, y, f"{label}: {_format_money(of.closing)}", 28)
