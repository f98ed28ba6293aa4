"""Draws business licences and ISO 9001 certificates."""

import datetime as dt
import random

from PIL import Image

from repurchase.demo.sample_documents.contents import SampleCompany
from repurchase.demo.sample_documents.sheet import WIDTH, DrawingSheet


def draw_licence(
    of: SampleCompany, rng: random.Random, *, sealed: bool = True, over: bool = False
) -> list[Image.Image]:
    """`over`: the seal lies on the company's dates instead of beside them."""
    sheet = DrawingSheet()
    sheet.rectangle(70, 90, WIDTH - 70, 2200)
    sheet.text(WIDTH / 2, 210, "营业执照", 110, at="ma")
    sheet.text(WIDTH / 2, 360, "(副本)", 40, at="ma")
    sheet.text(170, 470, "统一社会信用代码", 34)
    sheet.text(170, 525, of.code, 42)
    until = f"{of.until.year}年{of.until.month:02}月{of.until.day:02}日" if of.until else "长期"
    begun = f"{of.founded.year}年{of.founded.month:02}月{of.founded.day:02}日"
    facts = [
        ("名　　称", of.name),
        ("类　　型", "有限责任公司(自然人投资或控股)"),
        ("法定代表人", rng.choice(("陈立", "王海", "林秀", "周明"))),
        ("注册资本", f"{rng.choice((100, 500, 1000, 2000))}万元整"),
        ("成立日期", begun),
        ("营业期限", f"{begun} 至 {until}"),
        ("住　　所", f"{of.city}市保税区示例路{rng.randint(1, 200)}号"),
        ("经营范围", "货物进出口;技术进出口;国内贸易代理"),
    ]
    for n, (label, value) in enumerate(facts):
        sheet.text(170, 660 + n * 110, label, 34)
        sheet.text(450, 660 + n * 110, value, 34)
    sheet.text(900, 1760, "登记机关", 36)
    sheet.text(900, 1930, f"{of.founded.year + 1}年06月18日", 36)
    if sealed:
        sheet.seal(700 if over else 1240, 1170 if over else 1860, f"{of.city}市市场监督管理局", rng)
    return [sheet.image]


def draw_iso_certificate(
    of: SampleCompany, rng: random.Random, *, until: dt.date
) -> list[Image.Image]:
    sheet = DrawingSheet()
    sheet.text(WIDTH / 2, 260, "质量管理体系认证证书", 70, at="ma")
    sheet.text(200, 520, f"证书编号: QMS{rng.randint(10**7, 10**8)}", 34)
    sheet.text(200, 640, f"兹证明: {of.name}", 38)
    sheet.text(200, 760, "质量管理体系符合 GB/T 19001-2016 / ISO 9001:2015 标准", 36)
    sheet.text(200, 880, "认证范围: 出口商品的销售", 36)
    sheet.text(200, 1000, f"有效期至: {until.isoformat()}", 36)
    sheet.seal(1200, 1400, "示例认证中心有限公司", rng)
    return [sheet.image]
