"""A review as its desk shows it: documents with what is disputed first, fields beside their boxes
(B-6)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

from diagnostics import problem_texts
from diagnostics.models import LedgerEntry
from marketplace.models import User
from qualification import document_checks, return_reasons
from qualification.document_checks import Check, Paper, Verdict
from qualification.models import Case, Upload
from qualification.queries.documents import checks, current, paper_of
from qualification.readings import Box, Field, Kind
from qualification.uploads import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A field with what the reviewer has typed or the machine has read."""

    field: Field
    value: str
    is_open: bool
    ticked: bool

    @property
    def percent(self) -> int:
        return round(self.field.confidence * 100)

    @property
    def is_left(self) -> bool:
        """A tick beside nothing settles nothing."""
        return self.is_open and not (self.ticked and self.value.strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What somebody did to the store's qualification, from the ledger."""

    at: dt.datetime
    kind: str
    by: str
    problem_texts: str  # the reason that was given


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """`typed` is what a refused form held: it stands where it stood."""

    case: Case
    checks: Sequence[Check]
    documents: "Sequence[DocumentOnDesk]"
    older: Sequence[Upload]
    history: Sequence[Done]
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> list[Check]:
        return [c for c in self.checks if c.verdict is not Verdict.PASSED]

    @property
    def passed(self) -> list[Check]:
        return [c for c in self.checks if c.verdict is Verdict.PASSED]

    @property
    def left(self) -> int:
        """Fields and seals that the reviewer has not settled yet."""
        return sum(document.left for document in self.documents)


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentOnDesk:
    upload: Upload
    entries: Sequence[Entry]
    checks: Sequence[Check]
    seal: str  # what the reviewer saw: "yes", "no", or "" while nobody has looked
    seals: Sequence[Box]
    rejected: bool
    reject_code: str
    remark: str

    @property
    def reasons(self) -> list[problem_texts.Words]:
        return [problem_texts.of(code) for code in return_reasons.reasons(Kind(self.upload.kind))]

    @property
    def needs_seal(self) -> bool:
        return Kind(self.upload.kind) in document_checks.SEALED

    @property
    def pages(self) -> "list[PageOnDesk]":
        return [
            PageOnDesk(
                number=n,
                entries=[e for e in self.entries if e.field.box and e.field.box.page == n],
                seals=[s for s in self.seals if s.page == n],
            )
            for n in range(1, self.upload.pages + 1)
        ]

    @property
    def left(self) -> int:
        return sum(e.is_left for e in self.entries) + (not self.seal)

    @property
    def disputed(self) -> int:
        return sum(e.is_open for e in self.entries) + sum(
            c.verdict is Verdict.FAILED for c in self.checks
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PageOnDesk:
    number: int
    entries: Sequence[Entry]
    seals: Sequence[Box]


def desk(case: Case, now: dt.datetime, typed: Mapping[str, str] | None = None) -> Desk:
    """The case with its documents; the same number of queries for any number of them."""
    rows = list(current(case.store))
    papers = {row.pk: paper_of(row) for row in rows if row.reading}
    judged = checks(
        case.store,
        [p for row in rows if row.state != State.REJECTED and (p := papers.get(row.pk))],
        now,
        failed_before=case.failed_checks,
    )
    documents = [
        _document(row, papers[row.pk], judged, case, typed or {})
        for row in rows
        if row.pk in papers
    ]
    older = (
        Upload.objects.filter(store=case.store, is_current=False)
        .defer("reading")
        .order_by("-uploaded_at")
    )
    return Desk(
        case=case,
        checks=judged,
        documents=sorted(documents, key=lambda d: -d.disputed),
        older=list(older[:100]),
        history=_history(case),
        typed=typed or {},
    )


def _history(case: Case) -> list[Done]:
    """The latest first; people by their address."""
    entries = LedgerEntry.objects.filter(store_id=case.store_id, subject=f"store:{case.store.code}")
    rows = list(entries.filter(kind__startswith="qualification.").order_by("-seq")[:30])
    ids = {row.by.partition(":")[2] for row in rows if row.by.startswith("user:")}
    names = {
        f"user:{pk}": email
        for pk, email in User.objects.filter(pk__in=ids).values_list("pk", "email")
    }
    return [
        Done(at=r.at, kind=r.kind, by=_who(r.by, names), words=str(r.facts.get("reason", "")))
        for r in rows
    ]


def _who(by: str, names: Mapping[str, str]) -> str:
    """A person who is no longer there keeps their number; what the timers did, the platform did."""
    return (
        gettext("the platform")
        if by.startswith("system:")
        else names.get(by, by.replace("user:", "#"))
    )


def _document(
    row: Upload, paper: Paper, judged: Sequence[Check], case: Case, typed: Mapping[str, str]
) -> DocumentOnDesk:
    open_names = {f.name for f in document_checks.open_fields(paper, company=case.store.legal_name)}
    entries = [
        Entry(
            field=f,
            value=typed.get(f"value:{row.key}:{f.name}", paper.value(f.name)),
            is_open=f.name in open_names,
            ticked=f"ok:{row.key}:{f.name}" in typed or f.name in paper.settled,
        )
        for f in paper.reading.fields
    ]
    return DocumentOnDesk(
        upload=row,
        entries=sorted(entries, key=lambda e: not e.is_open),
        checks=[c for c in judged if str(row.key) in c.papers],
        seal=typed.get(f"seal:{row.key}", paper.settled.get("seal", "")),
        seals=paper.reading.seals,
        rejected=f"reject:{row.key}" in typed,
        reject_code=typed.get(f"code:{row.key}") or _proposed(paper, judged),
        remark=typed.get(f"remark:{row.key}", ""),
    )


def _proposed(paper: Paper, judged: Sequence[Check]) -> str:
    """The first check that fails on the document, where it is a reason to send the document
    back."""
    failed = (c.code for c in judged if c.verdict is Verdict.FAILED and paper.ref in c.papers)
    return next((code for code in failed if code in return_reasons.reasons(paper.kind)), "")
