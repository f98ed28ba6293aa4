"""Scans with their ground truth, seeded: what OCR is measured on."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from qualification.readings import DocumentKind
from repurchase.demo.sample_documents import certificates, contents, declarations, statements
from repurchase.demo.sample_documents.contents import (
    BankStatement,
    CustomsDeclaration,
    SampleCompany,
    StatementLayout,
)
from tests.qualification.scanning import scanned

LAST_MONTH = dt.date(2026, 10, 1)
TODAY = dt.date(2026, 11, 23)


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    kind: DocumentKind
    company: SampleCompany
    truth: Mapping[str, str]
    pdf: bytes


def licence(rng: random.Random, *, over: bool = False, of: SampleCompany | None = None) -> Case:
    who = of or contents.make_company(rng)
    pages = certificates.draw_licence(who, rng, over=over)
    truth = truth_of_licence(who)
    return Case(
        name="licence", kind=DocumentKind.LICENCE, company=who, truth=truth, pdf=scanned(pages, rng)
    )


def truth_of_licence(who: SampleCompany) -> dict[str, str]:
    return {
        "company": who.name,
        "credit_code": who.code,
        "founded_on": who.founded.isoformat(),
        "valid_until": (who.until or dt.date(9999, 12, 31)).isoformat(),
    }


def statement(
    rng: random.Random, layout: StatementLayout, *, of: SampleCompany | None = None
) -> Case:
    who = of or contents.make_company(rng)
    what = contents.make_statement(rng, who, last=LAST_MONTH, layout=layout)
    return statement_of(what, rng)


def statement_of(what: BankStatement, rng: random.Random) -> Case:
    pdf, truth = scanned(statements.draw_statement(what, rng), rng), truth_of_statement(what)
    return Case(
        name=f"statement {what.layout}",
        kind=DocumentKind.STATEMENT,
        company=what.company,
        truth=truth,
        pdf=pdf,
    )


def truth_of_statement(what: BankStatement) -> dict[str, str]:
    truth = {
        "company": what.company.name,
        "account": what.company.account,
        "currency": what.currency,
        "period_from": what.begin.isoformat(),
        "period_to": what.end.isoformat(),
        "opening_balance": f"{what.opening:.2f}",
        "closing_balance": f"{what.closing:.2f}",
    }
    for month in sorted({f"{m.date:%Y-%m}" for m in what.movements}):
        those = [m for m in what.movements if f"{m.date:%Y-%m}" == month]
        truth[f"credits {month}"] = f"{sum((m.credit for m in those), Decimal(0)):.2f}"
        truth[f"debits {month}"] = f"{sum((m.debit for m in those), Decimal(0)):.2f}"
    return truth


def declaration(rng: random.Random, *, of: SampleCompany | None = None, items: int = 2) -> Case:
    return declaration_of(
        contents.make_declaration(rng, of or contents.make_company(rng), before=TODAY, items=items),
        rng,
    )


def declaration_of(what: CustomsDeclaration, rng: random.Random) -> Case:
    pdf, truth = scanned(declarations.draw_declaration(what, rng), rng), truth_of_declaration(what)
    return Case(
        name="declaration",
        kind=DocumentKind.DECLARATION,
        company=what.company,
        truth=truth,
        pdf=pdf,
    )


def truth_of_declaration(what: CustomsDeclaration) -> dict[str, str]:
    truth = {
        "number": what.number,
        "company": what.company.name,
        "declared_on": what.declared.isoformat(),
    }
    for n, item in enumerate(what.items, 1):
        truth |= {
            f"hs {n}": item.hs_code,
            f"total {n}": f"{item.total:.2f}",
            f"currency {n}": what.currency,
        }
        truth |= {f"quantity {n}": str(item.quantity), f"unit_price {n}": f"{item.unit_price:.4f}"}
    return truth


def iso_9001(rng: random.Random) -> Case:
    who, until = contents.make_company(rng), dt.date(2028, rng.randint(1, 12), rng.randint(1, 28))
    truth = {"company": who.name, "standard": "ISO 9001", "valid_until": until.isoformat()}
    pdf = scanned(certificates.draw_iso_certificate(who, rng, until=until), rng)
    return Case(name="iso 9001", kind=DocumentKind.ISO_9001, company=who, truth=truth, pdf=pdf)


# --- Tampered
# ------------------------------------------------------------------------------------------------


def wrong_check_sign(rng: random.Random) -> Case:
    who = contents.make_company(rng)
    wrong = next(sign for sign in "0123456789" if sign != who.code[-1])
    return licence(rng, of=dataclasses.replace(who, code=who.code[:-1] + wrong))


def edited_credit(rng: random.Random, layout: StatementLayout = StatementLayout.IN_AND_OUT) -> Case:
    """A credit raised tenfold; the balances are left as the bank printed them."""
    what = contents.make_statement(rng, contents.make_company(rng), last=LAST_MONTH, layout=layout)
    movements = list(what.movements)
    movements[4] = dataclasses.replace(movements[4], credit=movements[4].credit * 10)
    return statement_of(dataclasses.replace(what, movements=movements), rng)


class EditedItem(contents.DeclarationItem):
    @property
    def total(self) -> Decimal:
        return (self.quantity * self.unit_price).quantize(Decimal("0.01")) + 90_000


def edited_total(rng: random.Random) -> Case:
    what = contents.make_declaration(rng, contents.make_company(rng), before=TODAY)
    first = what.items[0]
    edited = EditedItem(
        hs_code=first.hs_code, name=first.name, quantity=first.quantity, unit_price=first.unit_price
    )
    return declaration_of(dataclasses.replace(what, items=[edited, *what.items[1:]]), rng)


def swapped_company(rng: random.Random) -> Case:
    """A sound declaration, but of somebody else's exports."""
    case = declaration(rng)
    return dataclasses.replace(case, company=contents.make_company(rng))


TAMPERED: Mapping[str, Callable[[random.Random], Case]] = {
    "LICENCE_CODE_INVALID": wrong_check_sign,
    "STATEMENT_BALANCE_BROKEN": edited_credit,
    "DECLARATION_SUM_MISMATCH": edited_total,
    "COMPANY_NAME_MISMATCH": swapped_company,
}
"""By the code that has to catch it."""


def every(rng: random.Random, times: int) -> Iterator[Callable[[], Case]]:
    """`times` × 12 documents: licences, statements of the five layouts, declarations,
    certificates."""
    for _ in range(times):
        yield lambda: licence(rng)
        yield lambda: licence(rng, over=True)
        for layout in StatementLayout:
            yield lambda layout=layout: statement(rng, layout)
        for items in (1, 2, 3):
            yield lambda items=items: declaration(rng, items=items)
        yield lambda: declaration(rng)
        yield lambda: iso_9001(rng)
