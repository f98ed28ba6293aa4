"""What the documents of a store have to show, as a table of checks across all of them (R-31 to R-38). Pure.

A check knows three verdicts: passed, failed, and open: it leans on a field that only the human may settle.
What the human has confirmed or corrected counts as settled.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from diagnostics.codes import Code
from marketplace.calendar import end_of
from qualification import credit_code
from qualification.readings import YEARS, Field, Kind, Reading


class Verdict(StrEnum):
    PASSED = "passed"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """A document as it stands: what the machine read, and over it what the human settled."""

    ref: str
    reading: Reading
    settled: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return self.reading.kind

    def value(self, name: str) -> str:
        return self.settled.get(name, self.reading.of(name).value)

    def is_settled(self, name: str) -> bool:
        """Nothing of a name that this document does not have is left to settle."""
        return name in self.settled or not any(f.name == name and f.for_human for f in self.reading.fields)

    def names(self, prefix: str) -> list[str]:
        return sorted(
            {
                *(f.name for f in self.reading.starting(prefix)),
                *(n for n in self.settled if n.startswith(prefix)),
            }
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What the documents are held against, as of one instant."""

    today: dt.date  # in the platform's zone
    company: str
    seen_elsewhere: frozenset[str]  # customs numbers that other stores have shown
    main_headings: frozenset[str]  # HS headings of the store's main category; empty: not known
    iso_9001_wanted: bool
    policies: Mapping[str, Any]
    usd_of: Callable[[Decimal, str, dt.date], Decimal | None]  # at the last rate by that day; None: no rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    name: str
    verdict: Verdict
    code: Code
    papers: Sequence[str] = ()
    leans_on: Sequence[str] = ()  # fields, as “ref/name”
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def waits_for(self) -> list[str]:
        """The names of the fields it leans on, each once."""
        return list(dict.fromkeys(each.partition("/")[2] for each in self.leans_on))


def judge(papers: Sequence[Paper], world: World) -> list[Check]:
    """Every check that applies, the failed first, then the open ones."""
    found = [check for make in CHECKS for check in make(papers, world)]
    order = [Verdict.FAILED, Verdict.OPEN, Verdict.PASSED]
    return sorted(found, key=lambda c: order.index(c.verdict))


def open_fields(paper: Paper, *, company: str) -> list[Field]:
    """What the human has to settle in a document before it can be approved.

    Not a company name that equals the registered one letter by letter: no misreading makes it so.
    """
    known = plain_name(paper.reading.of("company").value) == plain_name(company)
    return [
        f
        for f in paper.reading.fields
        if f.for_human
        and f.name not in paper.settled
        and not (f.name == "company" and known and not f.under_seal)
    ]


def first_end(papers: Sequence[Paper], now: dt.datetime) -> dt.datetime | None:
    """When the first document that is in force now ends: the approval that rests on it ends with it."""
    ends = [_end_of_day(paper.value("valid_until")) for paper in papers]
    return min((end for end in ends if end and end > now), default=None)


def _end_of_day(text: str) -> dt.datetime | None:
    """None for a document without an end, or one whose end nobody could read."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return end_of(day) if day.year < dt.MAXYEAR else None


def _of(papers: Sequence[Paper], kind: Kind) -> list[Paper]:
    return [p for p in papers if p.kind is kind]


def _check(
    name: str, code: Code, ok: bool, papers: Sequence[Paper], fields: Sequence[str] = (), **evidence: Any
) -> Check:
    """Failed or passed by what stands there; open where a field it leans on is not settled."""
    leans = [f"{p.ref}/{n}" for p in papers for n in fields if not p.is_settled(n)]
    verdict = Verdict.OPEN if leans else Verdict.PASSED if ok else Verdict.FAILED
    return Check(
        name=name,
        verdict=verdict,
        code=code,
        papers=[p.ref for p in papers],
        leans_on=leans,
        evidence=evidence,
    )


def _all_there(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    wanted = [
        Kind.LICENCE,
        Kind.STATEMENT,
        Kind.DECLARATION,
        *([Kind.ISO_9001] if world.iso_9001_wanted else []),
    ]
    missing = [kind.value for kind in wanted if not _of(papers, kind)]
    yield _check("documents_there", Code.DOCUMENTS_MISSING, not missing, [], missing=missing)


def _company(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """The same company everywhere. A name that equals the registered one letter by letter needs no human."""
    for paper in papers:
        name = paper.value("company")
        same = plain_name(name) == plain_name(world.company)
        checked = _check(
            "company", Code.COMPANY_NAME_MISMATCH, same, [paper], [] if same else ["company"], value=name,
            limit=world.company,
        )  # fmt: skip
        yield checked


def plain_name(name: str) -> str:
    widths = str.maketrans("（）：，．", "():,.")
    return "".join(name.translate(widths).split()).casefold()


def _seals(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """R-45: detected by the machine, confirmed by the reviewer with every approval."""
    for paper in papers:
        sealed = bool(paper.reading.seals) or paper.settled.get("seal") == "yes"
        if paper.kind in (Kind.LICENCE, Kind.STATEMENT):
            yield _check("seal", Code.SEAL_MISSING, sealed, [paper])


def _licence(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    for paper in _of(papers, Kind.LICENCE):
        code, until = paper.value("credit_code"), paper.value("valid_until")
        yield _check(
            "licence_code",
            Code.LICENCE_CODE_INVALID,
            credit_code.is_valid(code),
            [paper],
            ["credit_code"],
            value=code,
        )
        yield _check(
            "licence_term",
            Code.LICENCE_EXPIRED,
            until >= world.today.isoformat(),
            [paper],
            ["valid_until"],
            value=until,
        )


def _certificate(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    for paper in _of(papers, Kind.ISO_9001):
        until = paper.value("valid_until")
        yield _check(
            "certificate_term", Code.CERTIFICATE_EXPIRED, until >= world.today.isoformat(), [paper],
            ["standard", "valid_until"], value=until,
        )  # fmt: skip


# --- Statements ----------------------------------------------------------------------------------------------


def _account(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    for paper in _of(papers, Kind.STATEMENT):
        yield _check(
            "account", Code.FIELD_UNREAD, bool(paper.value("account")), [paper], ["account"], field="account"
        )


def _balances(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """Every balance follows from the one before; a month that the machine could not prove waits for the human."""
    for paper in _of(papers, Kind.STATEMENT):
        for name in paper.names("credits "):
            month, read = name.removeprefix("credits "), paper.reading.of(name)
            if read.proven or name in paper.settled:
                yield _check("balances", Code.STATEMENT_BALANCE_BROKEN, True, [paper], month=month)
            else:
                yield Check(
                    name="balances", verdict=Verdict.FAILED, code=Code.STATEMENT_BALANCE_BROKEN, papers=[paper.ref],
                    leans_on=[f"{paper.ref}/{name}"], evidence={"month": month},
                )  # fmt: skip


def _months(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """R-33: an unbroken run of full months within the last full ones."""
    statements = _of(papers, Kind.STATEMENT)
    if not statements:
        return
    window = int(world.policies["statement_window_months"])
    least = int(world.policies["statement_min_months"])
    covered = {month for paper in statements for month in _covered(paper)}
    longest = run = 0
    for month in last_full_months(world.today, window):
        run = run + 1 if month in covered else 0
        longest = max(longest, run)
    yield _check(
        "months", Code.STATEMENT_MONTHS_MISSING, longest >= least, statements, ["period_from", "period_to"],
        value=longest, limit=least, window=window,
    )  # fmt: skip


def _covered(paper: Paper) -> list[str]:
    """The full months of the statement's own period."""
    try:
        begin, end = (dt.date.fromisoformat(paper.value(name)) for name in ("period_from", "period_to"))
    except ValueError:
        return []
    if begin.year not in YEARS or end.year not in YEARS:
        return []
    months, day = [], begin if begin.day == 1 else _next_month(begin)
    while (after := _next_month(day)) - dt.timedelta(days=1) <= end:
        months.append(f"{day:%Y-%m}")
        day = after
    return months


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def last_full_months(today: dt.date, count: int) -> list[str]:
    """The oldest first."""
    index = today.year * 12 + today.month - 1
    return [f"{n // 12}-{n % 12 + 1:02}" for n in range(index - count, index)]


def _turnover(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """R-34: the credits of every submitted month, over all accounts, at the month's last rate."""
    statements = _of(papers, Kind.STATEMENT)
    limit = Decimal(world.policies["statement_min_credits_usd"])
    for month in sorted({month for paper in statements for month in _covered(paper)}):
        name = f"credits {month}"
        here = [p for p in statements if month in _covered(p)]
        last_day = _next_month(dt.date.fromisoformat(f"{month}-01")) - dt.timedelta(days=1)
        parts = [world.usd_of(_amount(p.value(name)), p.value("currency"), last_day) for p in here]
        if None in parts:
            yield _check(
                "turnover", Code.RATE_OF_MONTH_MISSING, False, here, ["currency"], month=month,
                currency=sorted({p.value("currency") for p in here}),
            )  # fmt: skip
            continue
        total = sum((part for part in parts if part is not None), Decimal(0))
        unread = [name] if any(name in p.names("credits ") for p in here) else []
        yield _check(
            "turnover", Code.STATEMENT_TURNOVER_TOO_LOW, total >= limit, here, [*unread, "currency"], month=month,
            value=f"{total:,.2f}", limit=f"{limit:,}",
        )  # fmt: skip


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "") or 0)
    except ArithmeticError:
        return Decimal(0)


# --- Declarations --------------------------------------------------------------------------------------------


def _numbers(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    declarations = _of(papers, Kind.DECLARATION)
    for paper in declarations:
        number, declared = paper.value("number"), paper.value("declared_on")
        yield _check(
            "declaration_number", Code.DECLARATION_NUMBER_INVALID, is_export_number(number, declared), [paper],
            ["number", "declared_on"], value=number,
        )  # fmt: skip
        yield _check(
            "declaration_unseen", Code.DECLARATION_SEEN_ELSEWHERE, number not in world.seen_elsewhere, [paper],
            ["number"], value=number,
        )  # fmt: skip
    numbers = [p.value("number") for p in declarations]
    for number in sorted({n for n in numbers if n and numbers.count(n) > 1}):
        same = [p for p in declarations if p.value("number") == number]
        yield _check("declaration_distinct", Code.DECLARATION_REPEATED, False, same, value=number)
    if declarations:
        least, distinct = int(world.policies["declarations_min"]), len(set(numbers) - {""})
        yield _check(
            "declarations_count", Code.DECLARATIONS_TOO_FEW, distinct >= least, declarations, ["number"],
            value=distinct, limit=least,
        )  # fmt: skip


def is_export_number(number: str, declared_on: str) -> bool:
    """18 digits: 4 of the customs office, the year of declaration, 0 for an export, 9 in sequence."""
    return len(number) == 18 and number.isdecimal() and number[4:8] == declared_on[:4] and number[8] == "0"


def _headings(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """R-36: one item of each declaration at least belongs to the main category, by its first digits."""
    digits = int(world.policies["declarations_hs_digits"])
    for paper in _of(papers, Kind.DECLARATION):
        names = paper.names("hs ")
        headings = sorted({paper.value(name)[:digits] for name in names})
        ok = any(h in world.main_headings for h in headings)
        yield _check(
            "declaration_goods", Code.DECLARATION_HS_MISMATCH, ok, [paper], [] if ok else names, value=headings,
            limit=sorted(world.main_headings),
        )  # fmt: skip


def _sums(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    for paper in _of(papers, Kind.DECLARATION):
        broken = [
            n for n in paper.names("total ") if not paper.reading.of(n).proven and n not in paper.settled
        ]
        if broken:
            yield Check(
                name="declaration_sums", verdict=Verdict.FAILED, code=Code.DECLARATION_SUM_MISMATCH, papers=[paper.ref],
                leans_on=[f"{paper.ref}/{n}" for n in broken], evidence={"value": paper.value("number")},
            )  # fmt: skip
        else:
            yield _check("declaration_sums", Code.DECLARATION_SUM_MISMATCH, True, [paper])


def _total(papers: Sequence[Paper], world: World) -> Iterator[Check]:
    """R-37: together, each amount at the rate of its day of declaration; one declaration counts once."""
    declarations = list({p.value("number"): p for p in _of(papers, Kind.DECLARATION)}.values())
    if not declarations:
        return
    limit = Decimal(world.policies["declarations_min_usd"])
    parts = [part for paper in declarations for part in _in_usd(paper, world)]
    fields = sorted({n for p in declarations for n in (*p.names("total "), *p.names("currency "))})
    if None in parts:
        yield _check("declarations_total", Code.RATE_OF_MONTH_MISSING, False, declarations, fields)
        return
    total = sum((part for part in parts if part is not None), Decimal(0))
    yield _check(
        "declarations_total", Code.DECLARATIONS_TOTAL_TOO_LOW, total >= limit, declarations, fields,
        value=f"{total:,.2f}", limit=f"{limit:,}",
    )  # fmt: skip


def _in_usd(paper: Paper, world: World) -> Iterator[Decimal | None]:
    try:
        day = dt.date.fromisoformat(paper.value("declared_on"))
    except ValueError:
        day = world.today
    for name in paper.names("total "):
        currency = paper.value(name.replace("total", "currency"))
        yield world.usd_of(_amount(paper.value(name)), currency, day)


CHECKS: Sequence[Callable[[Sequence[Paper], World], Iterator[Check]]] = (
    _all_there, _company, _seals, _licence, _account, _balances, _months, _turnover, _numbers, _headings, _sums,
    _total, _certificate,
)  # fmt: skip
"""The table, in the order of the requirements."""
