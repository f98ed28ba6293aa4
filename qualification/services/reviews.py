"""The reviewer's verbs: begin, claim, settle, approve, send back; and the clock of a review (R-41
to R-45, B-6).

Every decision carries the version of the case it was made on: one made on another version decides
nothing.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F

from diagnostics import ledger, problem_texts
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import api_keys, clock, policy
from marketplace.models import Membership, Store, User
from outbox import emails
from qualification import document_checks, queries, review, sla
from qualification.document_checks import CheckVerdict
from qualification.models import Case, Upload
from qualification.services import qualification_status
from qualification.uploads import UploadState

SOON_WORKING_DAYS = 1
"""Working days before the deadline at which the lead reviewer is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentRejection:
    """Why a document has to come again: a code with its cure, and the reviewer's own words."""

    upload: Upload
    code: Code
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewAction:
    """Who decides on what they saw."""

    case: Case
    reviewer: User
    version: int
    settled: Mapping[Upload, Mapping[str, str]] = field(default_factory=dict)

    @property
    def by(self) -> str:
        return f"user:{self.reviewer.pk}"


def begin(*, store: Store, now: dt.datetime) -> None:
    """Opens the review, or goes on with the one that waited for the seller."""
    calendar = queries.working_calendar()
    case = Case.objects.filter(store=store, ended_at=None).first()
    if case is None:
        days = int(policy.in_force(now)["review_working_days"])
        due = sla.deadline_for(now, calendar, working_days=days)
        case = Case.objects.create(
            store=store,
            opened_at=now,
            running_since=now,
            due_at=due.at,
            is_provisional=due.provisional,
        )
    else:
        due = sla.resume(now, case.days_left or 0, calendar)
        Case.objects.filter(pk=case.pk).update(
            running_since=now,
            due_at=due.at,
            is_provisional=due.provisional,
            days_left=None,
            alarmed="",
            version=F("version") + 1,
        )
    if due.provisional:
        _alert_reviewers(case, "calendar", due.at)


@transaction.atomic
def claim(*, act: ReviewAction) -> None:
    """A newer version: whoever had it before is told when they decide, and of two at once the
    second one."""
    case = _lock_case(act)
    Case.objects.filter(pk=case.pk).update(claimed_by=act.reviewer, version=F("version") + 1)
    _record_in_ledger(case, "qualification.claimed", act, clock.now(case.store))


@transaction.atomic
def approve(*, act: ReviewAction, overrule: str = "") -> bool:
    """True when the store is open; False when a failed check was overruled and a second reviewer
    has to agree.

    REVIEW_INCOMPLETE while something that only a human may settle is not settled, or a check fails
    and nobody says why it may. Whoever overruled can't be the one who agrees, and agrees to those
    checks alone (R-41).
    """
    case = _lock_case(act)
    now = clock.now(case.store)
    settled = _save_confirmed_fields(act)
    papers = queries.current_documents(case.store)
    _require_settled(case.store, papers)
    failed = _failed_checks(case, papers, now)
    if failed and not _is_agreed(case, act, failed):
        return _overrule_checks(case, act, failed, overrule.strip(), now, settled)
    _end_case(case, now)
    Upload.objects.filter(store=case.store, is_current=True, state=UploadState.READ).update(
        state=UploadState.APPROVED
    )
    _record_in_ledger(
        case,
        "qualification.decided",
        act,
        now,
        outcome="approved",
        failed=[c.code for c in failed],
        settled=settled,
    )
    until = document_checks.first_expiry(papers, now)
    qualification_status.advance(
        store=case.store, event=review.QualificationEvent.APPROVE, by=act.by, now=now, until=until
    )
    return True


def _failed_checks(
    case: Case, papers: Sequence[document_checks.SubmittedDocument], now: dt.datetime
) -> list[document_checks.DocumentCheck]:
    judged = queries.run_document_checks(case.store, papers, now, failed_before=case.failed_checks)
    return [c for c in judged if c.verdict is not CheckVerdict.PASSED]


def _is_agreed(
    case: Case, act: ReviewAction, failed: Sequence[document_checks.DocumentCheck]
) -> bool:
    """Somebody else gave the reason, for each check that fails now."""
    another = case.overruled_by_id is not None and case.overruled_by_id != act.reviewer.pk
    return another and {c.key for c in failed} <= set(case.failed_checks)


def _overrule_checks(
    case: Case,
    act: ReviewAction,
    failed: Sequence[document_checks.DocumentCheck],
    reason: str,
    now: dt.datetime,
    settled: Sequence[Mapping[str, Any]],
) -> bool:
    """With a reason for all that fails now; what came to fail since asks for a new one, and for
    another to agree."""
    if not reason:
        raise Problem(
            Code.REVIEW_INCOMPLETE, open=[problem_texts.describe(c.code).title for c in failed]
        )
    if case.overruled_by_id == act.reviewer.pk:
        raise Problem(Code.REVIEW_INCOMPLETE, open=[f"{case.overruled_by}: {case.overrule_reason}"])
    Case.objects.filter(pk=case.pk).update(
        overruled_by=act.reviewer,
        overrule_reason=reason[:500],
        claimed_by=None,
        version=F("version") + 1,
        failed_checks=[c.key for c in failed],
    )
    _record_in_ledger(
        case,
        "qualification.overruled",
        act,
        now,
        reason=reason[:500],
        failed=[c.code for c in failed],
        settled=settled,
    )
    return False


@transaction.atomic
def send_back(*, act: ReviewAction, refusals: Sequence[DocumentRejection]) -> None:
    """Asks for these documents again, one or several; the others stay as they are. The clock
    stands still."""
    case = _lock_case(act)
    if not refusals:
        raise Problem(Code.INPUT_INVALID, detail="documents")
    now = clock.now(case.store)
    settled = _save_confirmed_fields(act)
    failed = _failed_checks(case, queries.current_documents(case.store), now)
    for each in refusals:
        Upload.objects.filter(pk=each.upload.pk, store=case.store, is_current=True).update(
            state=UploadState.REJECTED, code=each.code, remark=each.remark[:500]
        )
    _pause_case(case, now, failed=[c.key for c in failed if c.verdict is CheckVerdict.FAILED])
    told = [{"document": str(r.upload.key), "code": r.code} for r in refusals]
    _record_in_ledger(
        case,
        "qualification.decided",
        act,
        now,
        outcome="sent_back",
        documents=told,
        settled=settled,
    )
    reason = "; ".join(
        f"{r.upload.name}: {r.remark or problem_texts.describe(r.code).title}" for r in refusals
    )
    qualification_status.advance(
        store=case.store,
        event=review.QualificationEvent.SEND_BACK,
        by=act.by,
        now=now,
        reason=reason[:500],
    )


def _lock_case(act: ReviewAction) -> Case:
    """The case, held, when this reviewer may act on it and it stands as they saw it."""
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("store", "overruled_by")
        .get(pk=act.case.pk)
    )
    if case.ended_at or case.running_since is None or case.version != act.version:
        raise Problem(Code.REVIEW_STALE)
    member = Membership.objects.filter(store=case.store, user=act.reviewer).exists()
    uploads = (
        Upload.objects.filter(store=case.store).values_list("uploaded_by", flat=True).distinct()
    )
    if member or act.reviewer.pk in map(api_keys.person_of, uploads):
        raise Problem(Code.REVIEW_BY_UPLOADER)
    return case


def _save_confirmed_fields(act: ReviewAction) -> list[dict[str, Any]]:
    """Of each document what was confirmed as it stood, what was changed, and what was seen of its
    seal.

    Values stay out of it, but for their digest: the ledger keeps no account numbers.
    """
    told = []
    for upload, values in act.settled.items():
        row = Upload.objects.select_for_update().get(
            pk=upload.pk, store=act.case.store, is_current=True
        )
        before, row.settled = row.settled, row.settled | dict(values)
        if row.settled == before:
            continue
        row.number, row.marks = queries.cross_store_keys(row)
        row.save(update_fields=["settled", "number", "marks"])
        told.append(_confirmation_facts(row, before, values))
    return told


def _confirmation_facts(
    row: Upload, before: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, Any]:
    read = queries.submitted_document_of(row).reading
    fields = [
        name for name in sorted(values) if name != "seal" and before.get(name) != values[name]
    ]
    stood = [name for name in fields if before.get(name, read.of(name).value) == values[name]]
    return {
        "document": str(row.key),
        "confirmed": stood,
        "changed": [name for name in fields if name not in stood],
        "seal": values.get("seal", ""),
        "sha256": hashlib.sha256(json.dumps(row.settled, sort_keys=True).encode()).hexdigest(),
    }


def _require_settled(store: Store, papers: Sequence[document_checks.SubmittedDocument]) -> None:
    """Names the files with how much of each is left; the desk itself points at every field."""
    names = {str(row.key): row.name for row in queries.current_uploads(store)}
    counts = {
        p.ref: len(document_checks.open_fields(p, company=store.legal_name))
        + ("seal" not in p.settled)
        for p in papers
    }
    left = [f"{names[ref]} ({count})" for ref, count in counts.items() if count]
    if left:
        raise Problem(Code.REVIEW_INCOMPLETE, open=left)


# --- The clock
# -----------------------------------------------------------------------------------------------


def _pause_case(case: Case, now: dt.datetime, *, failed: Sequence[str]) -> None:
    """What failed is remembered: a document that is not replaced fails again."""
    Case.objects.filter(pk=case.pk).update(
        running_since=None,
        due_at=None,
        spent=F("spent") + (now - case.running_since),
        version=F("version") + 1,
        days_left=sla.working_days_left(now, case.due_at, queries.working_calendar()),
        was_late=case.was_late or now >= case.due_at,
        claimed_by=None,
        overruled_by=None,
        overrule_reason="",
        is_provisional=False,
        failed_checks=list(failed),
    )


def _end_case(case: Case, now: dt.datetime) -> None:
    Case.objects.filter(pk=case.pk).update(
        running_since=None,
        due_at=None,
        spent=F("spent") + (now - case.running_since),
        ended_at=now,
        was_late=case.was_late or now >= case.due_at,
        version=F("version") + 1,
    )


def alert_deadlines() -> int:
    """Tells the lead reviewers once that a review is due soon, and once that it is late. Part of
    the sweep."""
    told, real_now, calendar = 0, clock.now(), queries.working_calendar()
    with transaction.atomic():
        running = Case.objects.filter(ended_at=None, due_at__isnull=False).exclude(alarmed="late")
        for case in running.select_for_update(of=("self",), skip_locked=True).select_related(
            "store"
        )[:200]:
            now = real_now + case.store.clock_offset
            grade = (
                "late"
                if now >= case.due_at
                else "soon"
                if sla.working_days_left(now, case.due_at, calendar) < SOON_WORKING_DAYS
                else ""
            )
            if grade and grade != case.alarmed:
                Case.objects.filter(pk=case.pk).update(alarmed=grade)
                _alert_reviewers(case, grade, case.due_at)
                told += 1
    return told


def _alert_reviewers(case: Case, grade: str, due_at: dt.datetime) -> None:
    emails.write(
        kind="qualification.review_alarm",
        store_id=case.store_id,
        dedupe=f"review-alarm:{case.pk}:{grade}:{due_at.isoformat()}",
        case=case.pk,
        grade=grade,
        due_at=due_at.isoformat(),
    )


def _record_in_ledger(
    case: Case, kind: str, act: ReviewAction, at: dt.datetime, **facts: Any
) -> None:
    ledger.record(
        store_id=case.store_id,
        kind=kind,
        subject=f"store:{case.store.code}",
        by=act.by,
        at=at,
        **facts,
    )
