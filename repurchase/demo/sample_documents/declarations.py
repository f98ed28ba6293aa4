"""Draws export declarations: a wide form of ruled cells, the label in the upper line of each."""

import random

from PIL import Image

from repurchase.demo.sample_documents.contents import CustomsDeclaration
from repurchase.demo.sample_documents.sheet import DrawingSheet

CURRENCY_WORDS = {"USD": "美元", "EUR": "欧元", "CNY": "人民币"}
COLUMNS = (
    ("项号", 80),
    ("商品编号", 170),
    ("商品名称及规格型号", 430),
    ("数量及单位", 1000),
    ("单价/总价/币制", 1330),
    ("原产国", 1660),
)


def draw_declaration(
    of: CustomsDeclaration, rng: random.Random, *, sealed: bool = True
) -> list[Image.Image]:
    sheet = DrawingSheet(wide=True)
    width = sheet.image.width
    sheet.text(width / 2, 90, "中华人民共和国海关出口货物报关单", 50, at="ma")
    sheet.text(80, 190, f"预录入编号: {of.number}", 28)
    sheet.text(900, 190, f"海关编号: {of.number}", 28)
    _draw_table_cells(
        sheet,
        240,
        [
            ("境内发货人", of.company.name, 80),
            ("出境关别", "示例海关", 900),
            ("出口日期", "", 1250),
            ("申报日期", of.declared.isoformat(), 1560),
            ("备案号", "", 1950),
        ],
    )
    _draw_table_cells(
        sheet,
        350,
        [
            ("境外收货人", "SAMPLE TRADING LLC", 80),
            ("运输方式", "水路运输", 900),
            ("运输工具", "SAMPLE V.026W", 1250),
            ("提运单号", f"SMPL{rng.randint(10**7, 10**8)}", 1750),
        ],
    )
    _draw_table_cells(
        sheet,
        460,
        [
            ("监管方式", "一般贸易", 80),
            ("贸易国", "西班牙", 500),
            ("运抵国", "西班牙", 900),
            ("成交方式", "FOB", 1250),
            ("件数", str(rng.randint(50, 900)), 1560),
            ("毛重(千克)", str(rng.randint(900, 9000)), 1950),
        ],
    )
    y = 590
    for heading, x in COLUMNS:
        sheet.text(x, y, heading, 26)
    sheet.line((60, y + 44), (width - 60, y + 44))
    for n, item in enumerate(of.items, 1):
        top = y + 60 + (n - 1) * 150
        for (_, x), text in zip(
            COLUMNS,
            (
                str(n),
                item.hs_code,
                item.name,
                f"{item.quantity}个",
                f"{item.unit_price:.4f}",
                "中国",
            ),
            strict=True,
        ):
            sheet.text(x, top, text, 28)
        sheet.text(430, top + 44, "用途:日用|品牌:无牌", 24)
        sheet.text(1330, top + 44, f"{item.total:.2f}", 28)
        sheet.text(1330, top + 88, CURRENCY_WORDS[of.currency], 28)
        sheet.line((60, top + 134), (width - 60, top + 134), width=1)
    sheet.text(80, 1430, "兹申明对以上内容承担如实申报、依法纳税之法律责任", 26)
    if sealed:
        sheet.seal(1850, 1370, "示例海关验讫章放行", rng)
    return [sheet.image]


def _draw_table_cells(sheet: DrawingSheet, y: int, cells: list[tuple[str, str, int]]) -> None:
    sheet.line((60, y), (sheet.image.width - 60, y))
    for label, value, x in cells:
        sheet.text(x, y + 10, label, 24)
        sheet.text(x, y + 50, value, 28)
    sheet.line((60, y + 110), (sheet.image.width - 60, y + 110))
