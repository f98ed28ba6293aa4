"""Documents as a bank's or an office's computer prints them: PDFs with a text of their own, and a
seal as a picture."""

import base64
import datetime as dt
import html
import random
from io import BytesIO

from PIL import Image
from weasyprint import HTML

from repurchase.demo.sample_documents.contents import (
    BankStatement,
    CustomsDeclaration,
    SampleCompany,
    StatementLayout,
)
from repurchase.demo.sample_documents.declarations import COLUMNS as ITEM_COLUMNS
from repurchase.demo.sample_documents.declarations import CURRENCY_WORDS
from repurchase.demo.sample_documents.sheet import HEIGHT, WIDTH, DrawingSheet
from repurchase.demo.sample_documents.statements import COLUMNS

DOT = 0.48  # points a pixel of 200 dpi, as CSS counts points: 96 to the inch, 72 points


class Typed:
    """A page of text in its places, in pixels at 200 dpi; `style` is put on every piece of text."""

    def __init__(self, *, wide: bool = False, style: str = "") -> None:
        self.size = (HEIGHT, WIDTH) if wide else (WIDTH, HEIGHT)
        self.style = style
        self.pieces: list[str] = []

    def text(self, x: float, y: float, text: str, size: int = 28, *, at: str = "la") -> None:
        shift = {"la": "0", "ma": "-50%", "ra": "-100%"}[at]
        self.pieces.append(
            f'<div style="left:{x * DOT}px;top:{y * DOT}px;font-size:{size * DOT}px;transform:translateX({shift});'
            f'{self.style}">{html.escape(text)}</div>'
        )

    def line(self, y: float) -> None:
        self.pieces.append(
            f'<div style="left:{60 * DOT}px;top:{y * DOT}px;width:{(self.size[0] - 120) * DOT}px;'
            'height:1px;background:#444"></div>'
        )

    def seal(self, x: float, y: float, words: str, rng: random.Random) -> None:
        sheet = DrawingSheet()
        sheet.image = Image.new("RGB", (360, 360), "white")
        sheet.seal(180, 180, words, rng)
        out = BytesIO()
        sheet.image.save(out, "PNG")
        data = base64.b64encode(out.getvalue()).decode()
        self.pieces.append(
            f'<img src="data:image/png;base64,{data}" style="position:absolute;left:{(x - 180) * DOT}px;'
            f'top:{(y - 180) * DOT}px;width:{360 * DOT}px">'
        )

    @property
    def body(self) -> str:
        return f"<section>{''.join(self.pieces)}</section>"


def pdf(*pages: Typed) -> bytes:
    wide, tall = (side * DOT for side in pages[0].size)
    style = (
        f"@page {{size: {wide}px {tall}px; margin: 0}} body {{margin: 0; font-family: WenQuanYi Micro Hei}}"
        f"section {{position: relative; width: {wide}px; height: {tall}px; break-after: page; overflow: visible}}"
        "section:last-child {break-after: auto} div {position: absolute; white-space: nowrap; line-height: 1.2}"
    )
    return HTML(string=f"<style>{style}</style>{''.join(p.body for p in pages)}").write_pdf()


def statement(
    of: BankStatement, rng: random.Random, *, style: str = "", sealed: bool = True
) -> bytes:
    page = Typed(style=style)
    english = of.layout is StatementLayout.BILINGUAL
    period = f"{of.begin.isoformat()} {'-' if english else '至'} {of.end.isoformat()}"
    opening, closing = f"{of.opening:,.2f}", f"{of.closing:,.2f}"
    heads = [
        f"Account Name 户名: {of.company.name}" if english else f"户名: {of.company.name}",
        f"Account No. 账号: {of.company.account}" if english else f"账号: {of.company.account}",
        "Currency 币种: USD" if english else "币种: 人民币",
        f"Period 起止日期: {period}" if english else f"查询期间: {period}",
        f"Opening Balance 期初余额: {opening}" if english else f"期初余额: {opening}",
    ]
    page.text(
        WIDTH / 2,
        120,
        "Statement of Account 对账单" if english else "银行账户交易明细",
        46,
        at="ma",
    )
    for n, line in enumerate(heads):
        page.text(110, 220 + n * 50, line)
    y = 500
    for column in COLUMNS[of.layout]:
        page.text(column.x, y, column.heading, at=column.at)
    page.line(y + 46)
    for n, movement in enumerate(of.movements, 1):
        for column in COLUMNS[of.layout]:
            page.text(column.x, y + 10 + n * 46, column.cell(n, movement), 26, at=column.at)
    end = y + 60 + (len(of.movements) + 1) * 46
    page.text(
        110, end, f"Closing Balance 期末余额: {closing}" if english else f"期末余额: {closing}"
    )
    if sealed:
        page.seal(1250, end + 330, "示例商业银行业务专用章", rng)
    return pdf(page)


def licence(
    of: SampleCompany, rng: random.Random, *, style: str = "", sealed: bool = True
) -> bytes:
    page = Typed(style=style)
    until = f"{of.until:%Y年%m月%d日}" if of.until else "长期"
    page.text(WIDTH / 2, 210, "营业执照", 110, at="ma")
    page.text(170, 470, "统一社会信用代码", 34)
    page.text(170, 525, of.code, 42)
    facts = [
        ("名　　称", of.name),
        ("类　　型", "有限责任公司(自然人投资或控股)"),
        ("成立日期", f"{of.founded:%Y年%m月%d日}"),
        ("营业期限", f"{of.founded:%Y年%m月%d日} 至 {until}"),
        ("经营范围", "货物进出口;技术进出口;国内贸易代理"),
    ]
    for n, (label, value) in enumerate(facts):
        page.text(170, 660 + n * 110, label, 34)
        page.text(450, 660 + n * 110, value, 34)
    if sealed:
        page.seal(1240, 1860, f"{of.city}市市场监督管理局", rng)
    return pdf(page)


def declaration(of: CustomsDeclaration, rng: random.Random, *, style: str = "") -> bytes:
    page = Typed(wide=True, style=style)
    page.text(page.size[0] / 2, 90, "中华人民共和国海关出口货物报关单", 50, at="ma")
    page.text(80, 190, f"预录入编号: {of.number}")
    page.text(900, 190, f"海关编号: {of.number}")
    for label, value, x in [
        ("境内发货人", of.company.name, 80),
        ("申报日期", of.declared.isoformat(), 1560),
    ]:
        page.text(x, 250, label, 24)
        page.text(x, 290, value)
    page.line(350)
    for heading, x in ITEM_COLUMNS:
        page.text(x, 590, heading, 26)
    for n, item in enumerate(of.items, 1):
        top = 650 + (n - 1) * 150
        cells = (
            str(n),
            item.hs_code,
            item.name,
            f"{item.quantity}个",
            f"{item.unit_price:.4f}",
            "中国",
        )
        for (_, x), text in zip(ITEM_COLUMNS, cells, strict=True):
            page.text(x, top, text)
        page.text(1330, top + 44, f"{item.total:.2f}")
        page.text(1330, top + 88, CURRENCY_WORDS[of.currency])
        page.line(top + 134)
    page.seal(1850, 1370, "示例海关验讫章放行", rng)
    return pdf(page)


def iso_9001(of: SampleCompany, rng: random.Random, *, until: dt.date, style: str = "") -> bytes:
    page = Typed(style=style)
    page.text(WIDTH / 2, 260, "质量管理体系认证证书", 70, at="ma")
    page.text(200, 640, f"兹证明: {of.name}", 38)
    page.text(200, 760, "质量管理体系符合 GB/T 19001-2016 / ISO 9001:2015 标准", 36)
    page.text(200, 1000, f"有效期至: {until.isoformat()}", 36)
    page.seal(1200, 1400, "示例认证中心有限公司", rng)
    return pdf(page)
