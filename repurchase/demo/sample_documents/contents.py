"""What sample documents say: invented companies, seeded, with figures that agree with each
other."""

import calendar
import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from qualification.credit_code import CODE_CHARACTERS, check_character

CITIES = {
    "宁波": "330200",
    "义乌": "330782",
    "杭州": "330100",
    "深圳": "440300",
    "厦门": "350200",
    "青岛": "370200",
}
COMPANY_NAME_WORDS = (
    "海晟",
    "恒泰",
    "远航",
    "嘉禾",
    "瑞丰",
    "东来",
    "华宇",
    "金桥",
    "长青",
    "百川",
    "明达",
    "顺安",
)
COMPANY_TRADES = ("进出口", "国际贸易", "家居用品", "电子商务", "机械设备", "工艺品")
GOODS = {
    "6911101900": "瓷制餐具", "8482102000": "深沟球轴承", "6109100021": "棉制针织T恤衫", "8708299000": "汽车车身零件",
    "9505100090": "圣诞装饰品", "7323930000": "不锈钢厨具",
}  # fmt: skip
PURPOSES = (
    "货款",
    "电子汇入",
    "平台结算款",
    "工资",
    "税费",
    "采购付款",
    "运费",
    "租金",
    "结汇入账",
    "手续费",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleCompany:
    name: str
    code: str
    city: str
    founded: dt.date
    until: dt.date | None
    account: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleMovement:
    date: dt.date
    purpose: str
    credit: Decimal
    debit: Decimal
    balance: Decimal


class StatementLayout(StrEnum):
    SIGNED = "signed"  # one column of amounts with their signs
    IN_AND_OUT = "in_and_out"  # 支出金额 and 收入金额, ruled
    DEBIT_CREDIT = (
        "debit_credit"  # 借方 and 贷方 after a long preamble, dates without signs, row numbers
    )
    FLAGGED = "flagged"  # 借 or 贷 beside the amount; balances carried over page breaks
    BILINGUAL = "bilingual"  # English beside Chinese, in USD


@dataclass(frozen=True, kw_only=True, slots=True)
class BankStatement:
    company: SampleCompany
    layout: StatementLayout
    currency: str
    begin: dt.date
    end: dt.date
    opening: Decimal
    movements: Sequence[SampleMovement]

    @property
    def closing(self) -> Decimal:
        return self.movements[-1].balance


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclarationItem:
    hs_code: str
    name: str
    quantity: int
    unit_price: Decimal

    @property
    def total(self) -> Decimal:
        return (self.quantity * self.unit_price).quantize(Decimal("0.01"))


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomsDeclaration:
    company: SampleCompany
    number: str
    declared: dt.date
    currency: str
    items: Sequence[DeclarationItem]


def make_company(rng: random.Random, *, name: str = "") -> SampleCompany:
    city = rng.choice(list(CITIES))
    founded = dt.date(rng.randint(2003, 2019), rng.randint(1, 12), rng.randint(1, 28))
    body = f"91{CITIES[city]}MA" + "".join(rng.choice(CODE_CHARACTERS) for _ in range(7))
    return SampleCompany(
        name=name
        or f"{city}{rng.choice(COMPANY_NAME_WORDS)}{rng.choice(COMPANY_NAME_WORDS)}{rng.choice(COMPANY_TRADES)}有限公司",
        code=body + check_character(body),
        city=city,
        founded=founded,
        until=founded.replace(year=founded.year + 30) if rng.random() < 0.5 else None,
        account="".join(str(rng.randint(0, 9)) for _ in range(rng.choice((16, 17, 19)))).replace(
            "0", "3", 1
        ),
    )


def make_statement(
    rng: random.Random,
    of: SampleCompany,
    *,
    last: dt.date,
    months: int = 3,
    layout: StatementLayout = StatementLayout.SIGNED,
    rows: int = 9,
) -> BankStatement:
    """`months` full months up to the one of `last`, each with credits above USD 100,000."""
    begin, end = _months_before(last, months - 1), _last_day_of_month(last)
    opening = Decimal(rng.randint(10_000_000, 99_999_999)) / 100
    movements, balance = [], opening
    for back in range(months - 1, -1, -1):
        for date in sorted(
            _last_day_of_month(_months_before(last, back)).replace(day=rng.randint(1, 28))
            for _ in range(rows)
        ):
            credit, debit = _split_movements(rng, balance, incoming=len(movements) % 2 == 0)
            balance += credit - debit
            movements.append(
                SampleMovement(
                    date=date,
                    purpose=rng.choice(PURPOSES),
                    credit=credit,
                    debit=debit,
                    balance=balance,
                )
            )
    currency = "USD" if layout is StatementLayout.BILINGUAL else "CNY"
    return BankStatement(
        company=of,
        layout=layout,
        currency=currency,
        begin=begin,
        end=end,
        opening=opening,
        movements=movements,
    )


def _split_movements(
    rng: random.Random, balance: Decimal, *, incoming: bool
) -> tuple[Decimal, Decimal]:
    if incoming:
        return Decimal(rng.randint(21_000_000, 69_999_999)) / 100, Decimal(0)
    return Decimal(0), Decimal(rng.randint(5_000, int(min(balance, Decimal(400_000)) * 100))) / 100


def _months_before(day: dt.date, months: int) -> dt.date:
    """The first day of the month so many before the one of `day`."""
    index = day.year * 12 + day.month - 1 - months
    return dt.date(index // 12, index % 12 + 1, 1)


def _last_day_of_month(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def make_declaration(
    rng: random.Random, of: SampleCompany, *, before: dt.date, hs_code: str = "", items: int = 2
) -> CustomsDeclaration:
    declared = before - dt.timedelta(days=rng.randint(5, 80))
    serial = "".join(str(rng.randint(0, 9)) for _ in range(9))
    codes = [hs_code or rng.choice(list(GOODS)) for _ in range(items)]
    return CustomsDeclaration(
        company=of,
        number=f"{rng.choice(('3104', '5301', '2202', '3705'))}{declared.year}0{serial}",
        declared=declared,
        currency="USD",
        items=[
            DeclarationItem(
                hs_code=code,
                name=GOODS.get(code, "货物"),
                quantity=rng.randint(2000, 9000),
                unit_price=Decimal(rng.randint(15_000, 90_000)) / 10_000,
            )
            for code in codes
        ],
    )
