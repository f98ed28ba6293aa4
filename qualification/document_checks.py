"""What the documents of a store have to show, as a table of checks across all of them (R-31 to
R-38). Pure.

A check knows three verdicts: passed, failed, and open: it leans on a field that only the human may
settle. What the human has confirmed or corrected counts as settled, and the check is asked again
with it. But an alarm is not cleared by a tick: what failed by what the machine read for sure, or
when somebody decided before, stays failed, whatever was typed over it, until its document is
replaced or a second reviewer agrees (R-41).
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from diagnostics.codes import Code
from marketplace.calendar import end_of_day
from qualification import credit_code, repeated_statements
from qualification.readings import DocumentKind, Reading, ReadingField

SEALED_KINDS = (DocumentKind.LICENCE, DocumentKind.STATEMENT)
"""Documents that have to bear a seal (R-31, R-32)."""
MAX_DIFFERENCES = 20
"""Of a document: so many are told one by one."""


class CheckVerdict(StrEnum):
    PASSED = "passed"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedDocument:
    """A document as it stands: what the machine read, and over it what the human settled."""

    ref: str
    reading: Reading
    settled: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> DocumentKind:
        return self.reading.kind

    def value(self, name: str) -> str:
        return self.settled.get(name, self.reading.of(name).value)

    def raw(self, name: str) -> str:
        return self.reading.of(name).raw

    @property
    def as_read(self) -> "SubmittedDocument":
        """Without what was typed over fields that the machine read for sure, and without a word on
        the seal."""
        own = {
            n: v for n, v in self.settled.items() if self.reading.of(n).for_human and n != "seal"
        }
        return replace(self, settled=own)

    def is_settled(self, name: str) -> bool:
        """Nothing of a name that this document does not have is left to settle."""
        return name in self.settled or not any(
            f.name == name and f.for_human for f in self.reading.fields
        )

    def names(self, prefix: str) -> list[str]:
        return sorted(
            {
                *(f.name for f in self.reading.starting(prefix)),
                *(n for n in self.settled if n.startswith(prefix)),
            }
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckContext:
    """What the documents are held against, as of one instant."""

    today: dt.date  # in the platform's zone
    company: str
    seen_elsewhere: frozenset[str]  # customs numbers that other stores have shown
    main_headings: frozenset[str]  # HS headings of the store's main category; empty: not known
    iso_9001_wanted: bool
    policies: Mapping[str, Any]
    usd_of: Callable[
        [Decimal, str, dt.date], Decimal | None
    ]  # at the last rate by that day; None: no rate
    copies_elsewhere: frozenset[str] = (
        frozenset()
    )  # documents that other stores have shown as well, by ref


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentCheck:
    name: str
    verdict: CheckVerdict
    code: Code
    papers: Sequence[str] = ()
    leans_on: Sequence[str] = ()  # fields, as “ref/name”
    evidence: Mapping[str, Any] = field(default_factory=dict)
    item: str = ""  # which of several of the name about the same papers: a month, a field
    corrected: bool = False  # it would pass by what was typed, or by what was seen since

    @property
    def key(self) -> str:
        """The same check of the same documents, whatever it comes to."""
        return "|".join((self.name, self.code, self.item, *sorted(self.papers)))

    @property
    def waits_for(self) -> list[str]:
        """The names of the fields it leans on, each once."""
        return list(dict.fromkeys(each.partition("/")[2] for each in self.leans_on))


def judge_documents(
    papers: Sequence[SubmittedDocument],
    world: CheckContext,
    *,
    failed_before: Collection[str] = frozenset(),
) -> list[DocumentCheck]:
    """Every check that applies, the failed first, then the open ones. `failed_before` are keys of
    a decision."""
    now = _run_checks(papers, world)
    as_read = _run_checks([paper.as_read for paper in papers], world)
    alarms = {c.key: c for c in as_read if c.verdict is CheckVerdict.FAILED}
    alarms |= {c.key: c for c in now if c.key in failed_before and c.key not in alarms}
    found = [_keep_failed(c, alarms) for c in now]
    gone = [
        replace(c, corrected=True) for key, c in alarms.items() if key not in {c.key for c in now}
    ]
    order = [CheckVerdict.FAILED, CheckVerdict.OPEN, CheckVerdict.PASSED]
    return sorted([*found, *gone], key=lambda c: order.index(c.verdict))


def _run_checks(papers: Sequence[SubmittedDocument], world: CheckContext) -> list[DocumentCheck]:
    return [check for make in CHECKS for check in make(papers, world)]


def _keep_failed(check: DocumentCheck, alarms: Mapping[str, DocumentCheck]) -> DocumentCheck:
    """As it failed, with what it failed on."""
    alarm = alarms.get(check.key)
    if alarm is None or check.verdict is CheckVerdict.FAILED:
        return check
    return replace(alarm, verdict=CheckVerdict.FAILED, corrected=True)


def open_fields(paper: SubmittedDocument, *, company: str) -> list[ReadingField]:
    """What the human has to settle in a document before it can be approved.

    Not a company name that equals the registered one letter by letter: no misreading makes it so.
    """
    known = normalize_company_name(paper.reading.of("company").value) == normalize_company_name(
        company
    )
    return [
        f
        for f in paper.reading.fields
        if f.for_human
        and f.name not in paper.settled
        and not (f.name == "company" and known and not f.under_seal)
    ]


def first_expiry(papers: Sequence[SubmittedDocument], now: dt.datetime) -> dt.datetime | None:
    """When the first document that is in force now ends: the approval that rests on it ends with
    it."""
    ends = [_parse_end_of_day(paper.value("valid_until")) for paper in papers]
    return min((end for end in ends if end and end > now), default=None)


def _parse_end_of_day(text: str) -> dt.datetime | None:
    """None for a document without an end, or one whose end nobody could read."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return end_of_day(day) if day.year < dt.MAXYEAR else None


def _documents_of_kind(
    papers: Sequence[SubmittedDocument], kind: DocumentKind
) -> list[SubmittedDocument]:
    return [p for p in papers if p.kind is kind]


def _build_check(
    name: str,
    code: Code,
    ok: bool,
    papers: Sequence[SubmittedDocument],
    fields: Sequence[str] = (),
    *,
    item: str = "",
    **evidence: Any,
) -> DocumentCheck:
    """Failed or passed by what stands there; open where a field it leans on is not settled."""
    leans = [f"{p.ref}/{n}" for p in papers for n in fields if not p.is_settled(n)]
    verdict = CheckVerdict.OPEN if leans else CheckVerdict.PASSED if ok else CheckVerdict.FAILED
    return DocumentCheck(
        name=name,
        verdict=verdict,
        code=code,
        papers=[p.ref for p in papers],
        leans_on=leans,
        evidence=evidence,
        item=item,
    )


def _check_completeness(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    wanted = [
        DocumentKind.LICENCE,
        DocumentKind.STATEMENT,
        DocumentKind.DECLARATION,
        *([DocumentKind.ISO_9001] if world.iso_9001_wanted else []),
    ]
    missing = [kind.value for kind in wanted if not _documents_of_kind(papers, kind)]
    yield _build_check("documents_there", Code.DOCUMENTS_MISSING, not missing, [], missing=missing)


def _check_company(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """The same company everywhere. A name that equals the registered one letter by letter needs no
    human."""
    for paper in papers:
        name = paper.value("company")
        same = normalize_company_name(name) == normalize_company_name(world.company)
        checked = _build_check(
            "company",
            Code.COMPANY_NAME_MISMATCH,
            same,
            [paper],
            [] if same else ["company"],
            value=name,
            limit=world.company,
        )
        yield checked


def normalize_company_name(name: str) -> str:
    widths = str.maketrans("（）：，．", "():,.")
    return "".join(name.translate(widths).split()).casefold()


def _check_seals(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-45: detected by the machine and confirmed by the reviewer; neither does without the
    other."""
    for paper in papers:
        sealed = bool(paper.reading.seals) and paper.settled.get("seal", "yes") == "yes"
        if paper.kind in SEALED_KINDS:
            yield _build_check("seal", Code.SEAL_MISSING, sealed, [paper])


def _check_text_layers(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-41: the picture is the truth; what a file's own text says otherwise was put there."""
    for paper in papers:
        for each in paper.reading.differences[:MAX_DIFFERENCES]:
            yield _build_check(
                "text_layer",
                Code.TEXT_LAYER_DIFFERS,
                False,
                [paper],
                item=f"{each.page}/{each.field}",
                field=each.field or "—",
                page=each.page,
                value=each.shown or "—",
                limit=each.written,
            )
        if not paper.reading.differences:
            yield _build_check("text_layer", Code.TEXT_LAYER_DIFFERS, True, [paper])


def _check_overlays(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-41: what lies over a page's own picture was put there; whoever confirms it sees only
    that."""
    for paper in papers:
        for name in paper.reading.laid_over[:MAX_DIFFERENCES]:
            read = paper.reading.of(name)
            yield _build_check(
                "laid_over",
                Code.PAGE_LAID_OVER,
                False,
                [paper],
                item=name,
                field=name,
                page=read.box.page if read.box else "—",
                value=read.value or "—",
            )
        if not paper.reading.laid_over:
            yield _build_check("laid_over", Code.PAGE_LAID_OVER, True, [paper])


def _check_licence(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    for paper in _documents_of_kind(papers, DocumentKind.LICENCE):
        code, until = paper.value("credit_code"), paper.value("valid_until")
        yield _build_check(
            "licence_code",
            Code.LICENCE_CODE_INVALID,
            credit_code.is_valid(code),
            [paper],
            ["credit_code"],
            value=code,
        )
        yield _build_check(
            "licence_term",
            Code.LICENCE_EXPIRED,
            until >= world.today.isoformat(),
            [paper],
            ["valid_until"],
            value=until,
        )


def _check_certificate(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    for paper in _documents_of_kind(papers, DocumentKind.ISO_9001):
        until = paper.value("valid_until")
        yield _build_check(
            "certificate_term",
            Code.CERTIFICATE_EXPIRED,
            until >= world.today.isoformat(),
            [paper],
            ["standard", "valid_until"],
            value=until,
        )


# --- Statements
# ----------------------------------------------------------------------------------------------


def _check_account(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    for paper in _documents_of_kind(papers, DocumentKind.STATEMENT):
        yield _build_check(
            "account",
            Code.FIELD_UNREAD,
            bool(paper.value("account")),
            [paper],
            ["account"],
            field="account",
        )


def _check_balances(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """Every balance follows from the one before.

    Where the machine read surely that one does not, that is what the document says. Where it may
    have misread something, the human reads the sums, and the statement has to end where they lead.
    """
    for paper in _documents_of_kind(papers, DocumentKind.STATEMENT):
        for name in paper.names("credits "):
            month, read = name.removeprefix("credits "), paper.reading.of(name)
            asked = _balance_field_names(paper) if read.unclear and not read.proven else []
            holds = read.proven or (read.unclear and _has_matching_balances(paper))
            yield _build_check(
                "balances",
                Code.STATEMENT_BALANCE_BROKEN,
                holds,
                [paper],
                asked,
                item=month,
                month=month,
            )


def _balance_field_names(paper: SubmittedDocument) -> list[str]:
    return ["opening_balance", "closing_balance", *paper.names("credits "), *paper.names("debits ")]


def _has_matching_balances(paper: SubmittedDocument) -> bool:
    """The opening balance, with all that came in and without all that went out, is the closing
    one."""
    if not (paper.value("opening_balance") and paper.value("closing_balance")):
        return False
    came, went = (
        sum((_parse_amount(paper.value(name)) for name in paper.names(side)), Decimal(0))
        for side in ("credits ", "debits ")
    )
    opening, closing = (
        _parse_amount(paper.value("opening_balance")),
        _parse_amount(paper.value("closing_balance")),
    )
    return opening + came - went == closing


def _check_repeated_statements(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """The same statement twice, and one that another store has shown."""
    statements = _documents_of_kind(papers, DocumentKind.STATEMENT)
    found = list(repeated_statements.repeated_pairs(statements))
    for one, other in found:
        yield _build_check(
            "statement_distinct",
            Code.STATEMENT_REPEATED,
            False,
            [one, other],
            value=one.value("account"),
            limit=f"{one.value('period_from')} – {one.value('period_to')}",
        )
    if statements and not found:
        yield _build_check("statement_distinct", Code.STATEMENT_REPEATED, True, statements)
    for paper in statements:
        unseen = paper.ref not in world.copies_elsewhere
        yield _build_check(
            "statement_unseen",
            Code.STATEMENT_SEEN_ELSEWHERE,
            unseen,
            [paper],
            value=paper.value("account"),
        )


def _check_statement_months(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-33: an unbroken run of full months within the last full ones."""
    statements = _documents_of_kind(papers, DocumentKind.STATEMENT)
    if not statements:
        return
    window = int(world.policies["statement_window_months"])
    least = int(world.policies["statement_min_months"])
    covered = {month for paper in statements for month in _covered_months(paper)}
    longest = run = 0
    for month in last_full_months(world.today, window):
        run = run + 1 if month in covered else 0
        longest = max(longest, run)
    yield _build_check(
        "months",
        Code.STATEMENT_MONTHS_MISSING,
        longest >= least,
        statements,
        ["period_from", "period_to"],
        value=longest,
        limit=least,
        window=window,
    )


def _covered_months(paper: SubmittedDocument) -> list[str]:
    """The full months of the statement's own period."""
    period = repeated_statements.period_of(paper)
    if period is None:
        return []
    begin, end = period
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


def _check_turnover(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-34: the credits of every submitted month, over all accounts, at the month's last rate.

    The same statement twice counts once, with the lesser of its sums.
    """
    statements = _documents_of_kind(papers, DocumentKind.STATEMENT)
    limit = Decimal(world.policies["statement_min_credits_usd"])
    for month in sorted({month for paper in statements for month in _covered_months(paper)}):
        name = f"credits {month}"
        here = [p for p in statements if month in _covered_months(p)]
        last_day = _next_month(dt.date.fromisoformat(f"{month}-01")) - dt.timedelta(days=1)
        parts = [
            [
                world.usd_of(_parse_amount(p.value(name)), p.value("currency"), last_day)
                for p in same
            ]
            for same in repeated_statements.group_repeated(here)
        ]
        if any(None in each for each in parts):
            yield _build_check(
                "turnover",
                Code.RATE_OF_MONTH_MISSING,
                False,
                here,
                ["currency"],
                item=month,
                month=month,
                currency=sorted({p.value("currency") for p in here}),
            )
            continue
        total = sum((min(each) for each in parts), Decimal(0))
        unread = [name] if any(name in p.names("credits ") for p in here) else []
        yield _build_check(
            "turnover",
            Code.STATEMENT_TURNOVER_TOO_LOW,
            total >= limit,
            here,
            [*unread, "currency"],
            item=month,
            month=month,
            value=f"{total:,.2f}",
            limit=f"{limit:,}",
        )


def _parse_amount(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "") or 0)
    except ArithmeticError:
        return Decimal(0)


# --- Declarations
# --------------------------------------------------------------------------------------------


def _check_declaration_numbers(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    declarations = _documents_of_kind(papers, DocumentKind.DECLARATION)
    for paper in declarations:
        number, declared = paper.value("number"), paper.value("declared_on")
        yield _build_check(
            "declaration_number",
            Code.DECLARATION_NUMBER_INVALID,
            is_export_number(number, declared),
            [paper],
            ["number", "declared_on"],
            value=number,
        )
        yield _build_check(
            "declaration_unseen",
            Code.DECLARATION_SEEN_ELSEWHERE,
            number not in world.seen_elsewhere,
            [paper],
            ["number"],
            value=number,
        )
    numbers = [p.value("number") for p in declarations]
    for number in sorted({n for n in numbers if n and numbers.count(n) > 1}):
        same = [p for p in declarations if p.value("number") == number]
        yield _build_check(
            "declaration_distinct", Code.DECLARATION_REPEATED, False, same, value=number
        )
    if declarations:
        least, distinct = int(world.policies["declarations_min"]), len(set(numbers) - {""})
        yield _build_check(
            "declarations_count",
            Code.DECLARATIONS_TOO_FEW,
            distinct >= least,
            declarations,
            ["number"],
            value=distinct,
            limit=least,
        )


def is_export_number(number: str, declared_on: str) -> bool:
    """18 digits: 4 of the customs office, the year of declaration, 0 for an export, 9 in
    sequence."""
    return (
        len(number) == 18
        and number.isdecimal()
        and number[4:8] == declared_on[:4]
        and number[8] == "0"
    )


def _check_hs_headings(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-36: one item of each declaration at least belongs to the main category, by its first
    digits."""
    digits = int(world.policies["declarations_hs_digits"])
    for paper in _documents_of_kind(papers, DocumentKind.DECLARATION):
        names = paper.names("hs ")
        headings = sorted({paper.value(name)[:digits] for name in names})
        ok = any(h in world.main_headings for h in headings)
        yield _build_check(
            "declaration_goods",
            Code.DECLARATION_HS_MISMATCH,
            ok,
            [paper],
            [] if ok else names,
            value=headings,
            limit=sorted(world.main_headings),
        )


def _check_item_totals(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    for paper in _documents_of_kind(papers, DocumentKind.DECLARATION):
        totals = [paper.reading.of(n) for n in paper.names("total ")]
        wrong = [t for t in totals if not (t.proven or t.unclear)]
        unclear = [t.name.removeprefix("total ") for t in totals if t.unclear and not t.proven]
        asked = [
            f"{name} {item}" for item in unclear for name in ("quantity", "unit_price", "total")
        ]
        holds = not wrong and all(_is_total_product(paper, item) for item in unclear)
        yield _build_check(
            "declaration_sums",
            Code.DECLARATION_SUM_MISMATCH,
            holds,
            [paper],
            [] if wrong else asked,
            value=paper.value("number"),
        )


def _is_total_product(paper: SubmittedDocument, item: str) -> bool:
    """By what the human has read of it; nothing is asked of an item that only the file's text
    names."""
    if f"quantity {item}" not in paper.names("quantity "):
        return True
    quantity, price, total = (
        _parse_amount(paper.value(f"{name} {item}")) for name in ("quantity", "unit_price", "total")
    )
    return (quantity * price).quantize(Decimal("0.01"), ROUND_HALF_UP) == total


def _check_declared_total(
    papers: Sequence[SubmittedDocument], world: CheckContext
) -> Iterator[DocumentCheck]:
    """R-37: together, each amount at the rate of its day of declaration; one declaration counts
    once."""
    declarations = list(
        {
            p.value("number"): p for p in _documents_of_kind(papers, DocumentKind.DECLARATION)
        }.values()
    )
    if not declarations:
        return
    limit = Decimal(world.policies["declarations_min_usd"])
    parts = [part for paper in declarations for part in _amounts_in_usd(paper, world)]
    fields = sorted({n for p in declarations for n in (*p.names("total "), *p.names("currency "))})
    if None in parts:
        yield _build_check(
            "declarations_total", Code.RATE_OF_MONTH_MISSING, False, declarations, fields
        )
        return
    total = sum((part for part in parts if part is not None), Decimal(0))
    yield _build_check(
        "declarations_total",
        Code.DECLARATIONS_TOTAL_TOO_LOW,
        total >= limit,
        declarations,
        fields,
        value=f"{total:,.2f}",
        limit=f"{limit:,}",
    )


def _amounts_in_usd(paper: SubmittedDocument, world: CheckContext) -> Iterator[Decimal | None]:
    try:
        day = dt.date.fromisoformat(paper.value("declared_on"))
    except ValueError:
        day = world.today
    for name in paper.names("total "):
        currency = paper.value(name.replace("total", "currency"))
        yield world.usd_of(_parse_amount(paper.value(name)), currency, day)


CHECKS: Sequence[Callable[[Sequence[SubmittedDocument], CheckContext], Iterator[DocumentCheck]]] = (
    _check_completeness,
    _check_company,
    _check_seals,
    _check_text_layers,
    _check_overlays,
    _check_licence,
    _check_account,
    _check_balances,
    _check_statement_months,
    _check_repeated_statements,
    _check_turnover,
    _check_declaration_numbers,
    _check_hs_headings,
    _check_item_totals,
    _check_declared_total,
    _check_certificate,
)
"""The table, in the order of the requirements."""
