"""Questions on parties that may be listed: asked when a match is found, answered by two people
(R-90)."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import Failure, LedgerEntry
from diagnostics.problem import Problem
from eligibility.findings import Finding
from eligibility.models import PartyAnswer, PartyQuestion, PartyVote
from marketplace import clock
from marketplace.models import Buyer, PastOrder, Store, User
from outbox.task_queue import enqueue_task

PLATFORM = 0
"""What belongs to no store stands in the ledger under this number."""
PERMISSION = "eligibility.answer_partyquestion"
REQUIRED_VOTES = 2
REFUSED = "party.refused"


def ask(findings: Iterable[Finding], *, at: dt.datetime) -> int:
    """Asks about each match that is not asked about yet; how many are new. Asked twice, it changes
    nothing."""
    matches = {
        key_of(f): str(f.evidence["listed"]) for f in findings if f.code is Code.PARTY_SCREENED_OUT
    }
    known = set(
        PartyQuestion.objects.filter(party__in={party for party, *_ in matches}).values_list(
            "party", "entry_id", "entry_digest"
        )
    )
    fresh = [
        PartyQuestion(party=party, entry_id=entry, entry_digest=digest, listed=listed, asked_at=at)
        for (party, entry, digest), listed in sorted(matches.items())
        if (party, entry, digest) not in known
    ]
    PartyQuestion.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def ask_after_refusal(problem: Problem, *, store: Store, subject: str, by: str) -> None:
    """Asks about the party by which a store's act was refused as a whole; whose act it was stands
    in its ledger."""
    if problem.code is not Code.PARTY_SCREENED_OUT:
        return
    found = Finding(code=problem.code, evidence=problem.evidence)
    party, entry, digest = key_of(found)
    with transaction.atomic():
        ask([found], at=clock.now())
        ledger.record(
            store_id=store.pk,
            kind=REFUSED,
            subject=subject,
            by=by,
            at=clock.now(store),
            party_digest=ledger.digest_of_person(party),
            entry=f"screened_party:{entry}",
            entry_digest=digest,
        )


def key_of(found: Finding) -> tuple[str, int, str]:
    """What a match asks about: the party as written, the entry's id, the entry's digest."""
    told = found.evidence
    return (
        str(told.get("value")),
        int(str(told.get("entry", "0")).rpartition(":")[2]),
        str(told.get("digest")),
    )


def stopped_matches(findings: Iterable[Finding]) -> set[tuple[str, int, str]]:
    """Those of the matches that were decided to be the listed party."""
    keys = {key_of(f) for f in findings if f.code is Code.PARTY_SCREENED_OUT}
    rows = PartyQuestion.objects.filter(
        verdict=PartyAnswer.STOPPED, party__in={party for party, *_ in keys}
    )
    return keys & set(rows.values_list("party", "entry_id", "entry_digest"))


def list_cleared_parties(
    parties: Collection[str], digests: Mapping[int, str]
) -> Sequence[tuple[str, int]]:
    """Party as written and entry id of those that were decided not to be the same; `digests` of
    the entries now."""
    rows = PartyQuestion.objects.filter(
        verdict=PartyAnswer.NOT_SAME, entry__in=digests, party__in=parties
    )
    return tuple(
        (party, entry_id)
        for party, entry_id, digest in rows.order_by("pk").values_list(
            "party", "entry_id", "entry_digest"
        )
        if digests[entry_id] == digest
    )


@transaction.atomic
def answer(*, question: PartyQuestion, answer: str, reason: str, by: User) -> PartyQuestion:
    """One member's answer; with the second one alike the question is decided, and what waits for
    it is looked at.

    NOT_FOUND for who is not of the compliance group, INPUT_INVALID without a reason,
    ANSWER_BY_MEMBER for a member of a store that deals with the party, ANSWER_BY_TWO for a second
    answer of the same person, STATE_CONFLICT when it was decided before.
    """
    if not by.has_perm(PERMISSION):
        raise Problem(Code.NOT_FOUND)
    if not reason.strip() or answer not in PartyAnswer.values:
        raise Problem(
            Code.INPUT_INVALID, detail="reason" if answer in PartyAnswer.values else "answer"
        )
    question = PartyQuestion.objects.select_for_update().get(pk=question.pk)
    if question.verdict:
        raise Problem(Code.STATE_CONFLICT, state=question.verdict, event="answer")
    if _has_dealings_with(question.party, by):
        raise Problem(Code.ANSWER_BY_MEMBER)
    if question.votes.filter(by=by).exists():
        raise Problem(Code.ANSWER_BY_TWO)
    now = clock.now()
    PartyVote.objects.create(
        question=question, answer=answer, reason=reason.strip()[:500], by=by, at=now
    )
    if question.votes.filter(answer=answer).count() >= REQUIRED_VOTES:
        question.verdict, question.decided_at = answer, now
        question.save(update_fields=["verdict", "decided_at"])
        enqueue_task("repurchase.recheck_held")
    ledger.record(
        store_id=PLATFORM,
        kind="party.decided" if question.verdict else "party.answered",
        subject=f"party_question:{question.pk}",
        by=f"user:{by.pk}",
        at=now,
        answer=answer,
        reason=reason.strip()[:500],
        party_digest=ledger.digest_of_person(question.party),
        entry=f"screened_party:{question.entry_id}",
        entry_digest=question.entry_digest,
    )
    return question


def _has_dealings_with(party: str, user: User) -> bool:
    """Whether a store that the user is a member of has the party among its buyers or consignees,
    or ever had.

    Names change, so what was found under an earlier one counts as well: an order's failure, a
    lock's refusal.
    """
    stores = list(Store.objects.filter(memberships__user=user).values_list("pk", flat=True))
    found = {"code": str(Code.PARTY_SCREENED_OUT), "evidence": {"value": party}}
    return bool(stores) and (
        Buyer.objects.filter(store__in=stores, name=party).exists()
        or PastOrder.objects.filter(store__in=stores, consignee=party).exists()
        or Failure.objects.filter(store_id__in=stores, causes__contains=[found]).exists()
        or LedgerEntry.objects.filter(
            store_id__in=stores, kind=REFUSED, facts__party_digest=ledger.digest_of_person(party)
        ).exists()
    )
