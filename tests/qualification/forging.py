"""Untouched documents and forged ones of the same form, and whether a forgery was believed.
Seeded."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from diagnostics.problem import Problem
from qualification.document_checks import CheckVerdict
from qualification.document_reader import read
from qualification.engines import Engine
from qualification.readings import DocumentKind, Reading
from repurchase.demo.sample_documents import contents
from repurchase.demo.sample_documents.contents import (
    BankStatement,
    CustomsDeclaration,
    SampleCompany,
    StatementLayout,
)
from tests.qualification import carriers, cases, measuring, typed
from tests.qualification.cases import Case
from tests.qualification.scanning import scanned


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What the untouched document says, and makers of both."""

    kind: DocumentKind
    company: SampleCompany
    truth: Mapping[str, str]
    untouched: Mapping[str, Callable]
    forged: Mapping[str, Callable]


def statement(rng: random.Random) -> Pair:
    """Every credit is raised, and the balances with them: the forged one holds in itself."""
    layout = rng.choice(list(StatementLayout))
    what = contents.make_statement(
        rng, contents.make_company(rng), last=cases.LAST_MONTH, layout=layout
    )
    return _pair(
        DocumentKind.STATEMENT,
        what.company,
        cases.truth_of_statement(what),
        what,
        raised(what),
        typed.statement,
        rng,
    )


def raised(what: BankStatement) -> BankStatement:
    movements, balance = [], what.opening
    for movement in what.movements:
        credit = movement.credit * 3 + (Decimal("1.11") if movement.credit else 0)
        balance += credit - movement.debit
        movements.append(dataclasses.replace(movement, credit=credit, balance=balance))
    return dataclasses.replace(what, movements=movements)


def licence(rng: random.Random) -> Pair:
    """The term is longer, the code another valid one, the founding earlier."""
    until = dt.date(rng.randint(2027, 2033), rng.randint(1, 12), rng.randint(1, 28))
    who = dataclasses.replace(contents.make_company(rng), until=until)
    other = contents.make_company(rng, name=who.name)
    lie = dataclasses.replace(other, city=who.city, until=until.replace(year=until.year + 15))
    return _pair(
        DocumentKind.LICENCE, who, cases.truth_of_licence(who), who, lie, typed.licence, rng
    )


def declaration(rng: random.Random) -> Pair:
    what = contents.make_declaration(rng, contents.make_company(rng), before=cases.TODAY)
    items = [dataclasses.replace(item, quantity=item.quantity * 7) for item in what.items]
    lie = dataclasses.replace(
        what, items=items, number=what.number[:9] + str(rng.randint(10**8, 10**9 - 1))
    )
    return _pair(
        DocumentKind.DECLARATION,
        what.company,
        cases.truth_of_declaration(what),
        what,
        lie,
        typed.declaration,
        rng,
    )


def _pair(
    kind: DocumentKind,
    company: SampleCompany,
    truth: Mapping[str, str],
    what: object,
    lie: object,
    draw: Callable,
    rng: random.Random,
) -> Pair:
    seed = rng.getrandbits(32)

    def making(of: BankStatement | SampleCompany | CustomsDeclaration) -> Mapping[str, Callable]:
        def as_typed(style: str = "") -> bytes:
            return draw(of, random.Random(seed), style=style)

        def as_scanned() -> bytes:
            return scanned([carriers.page_image(as_typed())], random.Random(seed))

        return {"typed": as_typed, "scanned": as_scanned}

    return Pair(kind=kind, company=company, truth=truth, untouched=making(what), forged=making(lie))


PAIRS: Mapping[str, Callable[[random.Random], Pair]] = {
    "statement": statement,
    "licence": licence,
    "declaration": declaration,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    carrier: str
    document: str
    believed: list[
        str
    ]  # fields settled by the machine, without a finding, that are not as in the untouched one
    findings: list[str]
    to_human: int


def outcome(document: str, carrier: str, seed: str, engine: Engine) -> Outcome:
    rng = random.Random(f"{seed}/{document}/{carrier}")
    pair = PAIRS[document](rng)
    data = carriers.CARRIERS[carrier](pair.untouched, pair.forged, rng)
    try:
        reading, _ = read(data, pair.kind, engine=engine)
    except Problem as refused:
        return Outcome(
            carrier=carrier,
            document=document,
            believed=[],
            findings=[str(refused.code)],
            to_human=0,
        )
    findings = findings_of(pair, reading, data)
    told = list(measuring.compare(_case(pair, data), reading))
    return Outcome(
        carrier=carrier,
        document=document,
        believed=[]
        if findings
        else [f"{t.field} {t.value} ({t.truth})" for t in told if t.silently_wrong],
        findings=findings,
        to_human=sum(not t.accepted for t in told),
    )


def honest(document: str, seed: str, engine: Engine) -> Outcome:
    """The same for a typed document that nobody touched: any finding is one too many."""
    rng = random.Random(f"{seed}/{document}/honest")
    pair = PAIRS[document](rng)
    data = pair.untouched["typed"]()
    reading, _ = read(data, pair.kind, engine=engine)
    told = list(measuring.compare(_case(pair, data), reading))
    return Outcome(
        carrier="none",
        document=document,
        believed=[f"{t.field} {t.value} ({t.truth})" for t in told if t.silently_wrong],
        findings=findings_of(pair, reading, data),
        to_human=sum(not t.accepted for t in told),
    )


def findings_of(pair: Pair, reading: Reading, data: bytes) -> list[str]:
    """The codes of the checks of the document itself that fail; not of what a whole set would
    need."""
    of_a_set = {"DOCUMENTS_MISSING", "DECLARATION_HS_MISMATCH", "DECLARATIONS_TOTAL_TOO_LOW"}
    checks = measuring.checks(_case(pair, data), reading)
    return sorted({str(c.code) for c in checks if c.verdict is CheckVerdict.FAILED} - of_a_set)


def _case(pair: Pair, data: bytes) -> Case:
    return Case(name=pair.kind, kind=pair.kind, company=pair.company, truth=pair.truth, pdf=data)
