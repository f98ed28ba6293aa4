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
from qualification.document_checks import CheckVerdict, DocumentCheck, SubmittedDocument
from qualification.models import Case, Upload
from qualification.queries.documents import (
    current_uploads,
    run_document_checks,
    submitted_document_of,
)
from qualification.readings import Box, DocumentKind, ReadingField
from qualification.uploads import UploadState


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskField:
    """A field with what the reviewer has typed or the machine has read."""

    field: ReadingField
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
class DeskHistoryEntry:
    """What somebody did to the store's qualification, from the ledger."""

    at: dt.datetime
    kind: str
    by: str
    words: str  # the reason that was given


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewDesk:
    """`typed` is what a refused form held: it stands where it stood."""

    case: Case
    checks: Sequence[DocumentCheck]
    documents: "Sequence[DeskDocument]"
    older: Sequence[Upload]
    history: Sequence[DeskHistoryEntry]
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> list[DocumentCheck]:
        return [c for c in self.checks if c.verdict is not CheckVerdict.PASSED]

    @property
    def passed(self) -> list[DocumentCheck]:
        return [c for c in self.checks if c.verdict is CheckVerdict.PASSED]

    @property
    def left(self) -> int:
        """Fields and seals that the reviewer has not settled yet."""
        return sum(document.left for document in self.documents)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskDocument:
    upload: Upload
    entries: Sequence[DeskField]
    checks: Sequence[DocumentCheck]
    seal: str  # what the reviewer saw: "yes", "no", or "" while nobody has looked
    seals: Sequence[Box]
    rejected: bool
    reject_code: str
    remark: str

    @property
    def reasons(self) -> list[problem_texts.ProblemText]:
        return [
            problem_texts.describe(code)
            for code in return_reasons.codes_for_kind(DocumentKind(self.upload.kind))
        ]

    @property
    def needs_seal(self) -> bool:
        return DocumentKind(self.upload.kind) in document_checks.SEALED_KINDS

    @property
    def pages(self) -> "list[DeskPage]":
        return [
            DeskPage(
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
            c.verdict is CheckVerdict.FAILED for c in self.checks
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskPage:
    number: int
    entries: Sequence[DeskField]
    seals: Sequence[Box]


def build_review_desk(
    case: Case, now: dt.datetime, typed: Mapping[str, str] | None = None
) -> ReviewDesk:
    """The case with its documents; the same number of queries for any number of them."""
    rows = list(current_uploads(case.store))
    papers = {row.pk: submitted_document_of(row) for row in rows if row.reading}
    judged = run_document_checks(
        case.store,
        [p for row in rows if row.state != UploadState.REJECTED and (p := papers.get(row.pk))],
        now,
        failed_before=case.failed_checks,
    )
    documents = [
        _build_desk_document(row, papers[row.pk], judged, case, typed or {})
        for row in rows
        if row.pk in papers
    ]
    older = (
        Upload.objects.filter(store=case.store, is_current=False)
        .defer("reading")
        .order_by("-uploaded_at")
    )
    return ReviewDesk(
        case=case,
        checks=judged,
        documents=sorted(documents, key=lambda d: -d.disputed),
        older=list(older[:100]),
        history=_review_history(case),
        typed=typed or {},
    )


def _review_history(case: Case) -> list[DeskHistoryEntry]:
    """The latest first; people by their address."""
    entries = LedgerEntry.objects.filter(store_id=case.store_id, subject=f"store:{case.store.code}")
    rows = list(entries.filter(kind__startswith="qualification.").order_by("-seq")[:30])
    ids = {row.by.partition(":")[2] for row in rows if row.by.startswith("user:")}
    names = {
        f"user:{pk}": email
        for pk, email in User.objects.filter(pk__in=ids).values_list("pk", "email")
    }
    return [
        DeskHistoryEntry(
            at=r.at, kind=r.kind, by=_actor_name(r.by, names), words=str(r.facts.get("reason", ""))
        )
        for r in rows
    ]


def _actor_name(by: str, names: Mapping[str, str]) -> str:
    """A person who is no longer there keeps their number; what the timers did, the platform did."""
    return (
        gettext("the platform")
        if by.startswith("system:")
        else names.get(by, by.replace("user:", "#"))
    )


def _build_desk_document(
    row: Upload,
    paper: SubmittedDocument,
    judged: Sequence[DocumentCheck],
    case: Case,
    typed: Mapping[str, str],
) -> DeskDocument:
    open_names = {f.name for f in document_checks.open_fields(paper, company=case.store.legal_name)}
    entries = [
        DeskField(
            field=f,
            value=typed.get(f"value:{row.key}:{f.name}", paper.value(f.name)),
            is_open=f.name in open_names,
            ticked=f"ok:{row.key}:{f.name}" in typed or f.name in paper.settled,
        )
        for f in paper.reading.fields
    ]
    return DeskDocument(
        upload=row,
        entries=sorted(entries, key=lambda e: not e.is_open),
        checks=[c for c in judged if str(row.key) in c.papers],
        seal=typed.get(f"seal:{row.key}", paper.settled.get("seal", "")),
        seals=paper.reading.seals,
        rejected=f"reject:{row.key}" in typed,
        reject_code=typed.get(f"code:{row.key}") or _proposed_reject_code(paper, judged),
        remark=typed.get(f"remark:{row.key}", ""),
    )


def _proposed_reject_code(paper: SubmittedDocument, judged: Sequence[DocumentCheck]) -> str:
    """The first check that fails on the document, where it is a reason to send the document
    back."""
    failed = (c.code for c in judged if c.verdict is CheckVerdict.FAILED and paper.ref in c.papers)
    return next((code for code in failed if code in return_reasons.codes_for_kind(paper.kind)), "")
