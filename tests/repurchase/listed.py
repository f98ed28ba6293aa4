"""Parties that a screening list names, and members of the compliance group, for tests."""

from django.contrib.auth.models import Group

from eligibility import party_questions
from eligibility.compliance_group import GROUP
from eligibility.models import PartyQuestion
from marketplace.models import ScreenedParty, User
from marketplace.names import keys_of_listed
from tests import world


def listed(name: str, **fields) -> ScreenedParty:
    return ScreenedParty.objects.create(
        list_name="TEST", name=name, keys=keys_of_listed([name]), **world.MIRRORED | fields
    )


def officer(email: str = "") -> User:
    """A member of the platform's compliance group."""
    made = world.user(email)
    made.is_staff = True
    made.save()
    made.groups.add(Group.objects.get(name=GROUP))
    return User.objects.get(pk=made.pk)


def decide(answer: str = "not_same", *, party: str = "") -> PartyQuestion:
    """By two members, who agree."""
    asked = PartyQuestion.objects.filter(verdict="")
    question = (asked.filter(party=party) if party else asked).get()
    for _ in range(2):
        question = party_questions.answer(
            question=question, answer=answer, reason="seen its papers", by=officer()
        )
    return question
