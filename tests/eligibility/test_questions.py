"""Is a party the listed one? Two people of the platform's compliance group decide (R-90)."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from eligibility import party_questions
from eligibility.models import PartyQuestion, PartyVote
from eligibility.queries import order_facts
from eligibility.queries import world_facts as world_of
from eligibility.screener import screen_order
from marketplace.models import Membership, Role, ScreenedParty
from tests import world
from tests.eligibility.facts import LIMITS, NOW, RATES
from tests.repurchase.listed import decide, listed, officer

pytestmark = pytest.mark.django_db
PARTY = "Sample Drone Co., Ltd."


def found(store) -> list:
    """R-90's findings on an order to the party, screened now."""
    buyer = world.buyer(store, name="Somebody GmbH")
    past = world.past_order(store, buyer, [(world.sku(store), 1, 100)], consignee=PARTY)
    facts = order_facts(store=store, order_ids=[past.pk], now=NOW)
    around = world_of(store=store, orders=facts, limits=LIMITS, rates=RATES, now=NOW)
    findings = screen_order(facts[0], world=around).findings
    return [f for f in findings if f.code is Code.PARTY_SCREENED_OUT]


def asked(store) -> PartyQuestion:
    party_questions.ask(found(store), at=NOW)
    return PartyQuestion.objects.get()


class TestAQuestion:
    def test_is_asked_once_on_the_party_as_written_and_the_entry(self, store):
        entry = listed("SAMPLE DRONE")
        question = asked(store)
        assert (question.party, question.entry, question.listed) == (PARTY, entry, "SAMPLE DRONE")
        assert party_questions.ask(found(store), at=NOW) == 0
        assert PartyQuestion.objects.count() == 1

    def test_is_decided_by_two_who_answer_alike(self, store):
        listed("SAMPLE DRONE")
        asked(store)
        assert found(store)
        decide("not_same")
        assert not found(store)
        assert not found(world.store())  # everywhere

    def test_stays_open_while_two_disagree(self, store):
        listed("SAMPLE DRONE")
        question = asked(store)
        for answer in ("not_same", "stopped"):
            question = party_questions.answer(
                question=question, answer=answer, reason="x", by=officer()
            )
        assert (question.verdict, bool(found(store))) == ("", True)
        assert (
            party_questions.answer(
                question=question, answer="stopped", reason="x", by=officer()
            ).verdict
            == "stopped"
        )

    def test_that_was_stopped_stops(self, store):
        listed("SAMPLE DRONE")
        asked(store)
        decide("stopped")
        assert found(store)

    @pytest.mark.parametrize(
        "change",
        [
            {"aliases": ["SD"]},
            {"country": "CN"},
            {"listed_until": dt.date(2031, 1, 1)},
            {"reference": "r2"},
        ],
    )
    def test_is_another_one_once_the_entry_has_changed(self, store, change):
        entry = listed("SAMPLE DRONE")
        asked(store)
        decide("not_same")
        ScreenedParty.objects.filter(pk=entry.pk).update(**change)
        assert party_questions.ask(found(store), at=NOW) == 1

    def test_is_another_one_for_another_spelling_of_the_party(self, store, monkeypatch):
        listed("SAMPLE DRONE")
        asked(store)
        decide("not_same")
        monkeypatch.setattr("tests.eligibility.test_questions.PARTY", "SAMPLE DRONE (Hamburg)")
        assert party_questions.ask(found(store), at=NOW) == 1

    def test_stands_in_the_ledger_with_its_reasons_and_without_the_party(self, store):
        listed("SAMPLE DRONE")
        asked(store)
        decide("not_same")
        first, second = LedgerEntry.objects.filter(store_id=party_questions.PLATFORM).order_by(
            "seq"
        )
        assert (first.kind, second.kind) == ("party.answered", "party.decided")
        assert second.facts["reason"] == "seen its papers"
        assert first.by != second.by
        assert "Drone" not in str(first.facts | second.facts)


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"reason": "  "}, Code.INPUT_INVALID),
            ({"answer": "maybe"}, Code.INPUT_INVALID),
            ({"by": None}, Code.NOT_FOUND),
        ],
    )
    def test_needs_a_reason_and_a_member_of_the_group(self, store, changes, code):
        listed("SAMPLE DRONE")
        given = {
            "question": asked(store),
            "answer": "not_same",
            "reason": "x",
            "by": officer(),
        } | changes
        given["by"] = given["by"] or world.user()
        with pytest.raises(Problem) as refused:
            party_questions.answer(**given)
        assert refused.value.code is code
        assert not PartyVote.objects.exists()

    def test_is_given_once_by_one_person(self, store):
        listed("SAMPLE DRONE")
        question, by = asked(store), officer()
        party_questions.answer(question=question, answer="not_same", reason="x", by=by)
        with pytest.raises(Problem) as refused:
            party_questions.answer(question=question, answer="not_same", reason="y", by=by)
        assert refused.value.code is Code.ANSWER_BY_TWO

    @pytest.mark.parametrize("party", [PARTY, "Somebody GmbH"])
    def test_is_not_given_by_a_member_of_a_store_that_deals_with_the_party(self, store, party):
        listed(party)
        question, by = asked(store), officer()
        Membership.objects.create(user=by, store=store, role=Role.VIEWER)
        with pytest.raises(Problem) as refused:
            party_questions.answer(question=question, answer="not_same", reason="x", by=by)
        assert refused.value.code is Code.ANSWER_BY_MEMBER
        assert not PartyVote.objects.exists()

    def test_is_given_by_a_member_of_a_store_that_never_met_the_party(self, store):
        listed("SAMPLE DRONE")
        question, by = asked(store), officer()
        Membership.objects.create(user=by, store=world.store(), role=Role.VIEWER)
        party_questions.answer(question=question, answer="not_same", reason="x", by=by)
        assert PartyVote.objects.filter(by=by).exists()

    def test_after_the_decision_is_refused(self, store):
        listed("SAMPLE DRONE")
        question = asked(store)
        decide()
        with pytest.raises(Problem) as refused:
            party_questions.answer(question=question, answer="stopped", reason="x", by=officer())
        assert refused.value.code is Code.STATE_CONFLICT


class TestTheDatabase:
    def test_lets_nobody_decide_alone(self, store):
        listed("SAMPLE DRONE")
        question = asked(store)
        party_questions.answer(question=question, answer="not_same", reason="x", by=officer())
        rows = PartyQuestion.objects.filter(pk=question.pk)
        with pytest.raises(IntegrityError, match="ANSWER_BY_TWO"), transaction.atomic():
            rows.update(verdict="not_same", decided_at=NOW)

    def test_keeps_questions_and_answers_as_they_were(self, store):
        listed("SAMPLE DRONE")
        asked(store)
        question = decide()
        for write in (
            lambda: question.votes.update(reason="y"),
            lambda: question.votes.all().delete(),
            lambda: PartyQuestion.objects.update(verdict="stopped"),
            lambda: PartyQuestion.objects.update(party="x"),
            lambda: PartyQuestion.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                write()


class TestThePageOfTheGroup:
    def page(self, client, by, question, **posted):
        client.force_login(by)
        url = reverse("admin:eligibility_partyquestion_change", args=[question.pk])
        return client.post(url, posted) if posted else client.get(url)

    def test_shows_the_question_and_takes_an_answer(self, store, client):
        listed("SAMPLE DRONE", aliases=["SD"])
        question, first, second = asked(store), officer(), officer()
        shown = self.page(client, first, question).content.decode()
        assert all(text in shown for text in (PARTY, "SAMPLE DRONE", "SD", "TEST"))
        assert (
            self.page(client, first, question, answer="not_same", reason="seen").status_code == 302
        )
        assert "seen" in self.page(client, second, question).content.decode()
        self.page(client, second, question, answer="not_same", reason="seen too")
        question.refresh_from_db()
        assert question.verdict == "not_same"

    def test_says_that_another_member_has_to_answer(self, store, client):
        listed("SAMPLE DRONE")
        question, by = asked(store), officer()
        self.page(client, by, question, answer="not_same", reason="seen")
        again = self.page(client, by, question, answer="not_same", reason="seen")
        assert again.status_code == 200
        assert PartyVote.objects.count() == 1

    def test_is_only_looked_at_by_others_of_the_staff(self, store, client):
        listed("SAMPLE DRONE")
        question, other = asked(store), world.user()
        other.is_staff = True
        other.save()
        assert self.page(client, other, question, answer="stopped", reason="x").status_code == 403
        assert not PartyVote.objects.exists()

    def test_lists_what_waits(self, store, client):
        listed("SAMPLE DRONE")
        asked(store)
        client.force_login(officer())
        answer = client.get(
            reverse("admin:eligibility_partyquestion_changelist"), {"decided": "no"}
        )
        assert PARTY in answer.content.decode()
