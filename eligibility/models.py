"""What a screening was decided by, kept so that it can be decided again (R-26, B-3), and questions
on listed parties."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from diagnostics.append_only import append_only_model
from marketplace.models import ScreenedParty, Store, User


class ScreeningPart(models.TextChoices):
    """What a record holds: the gates of an attempt, a chunk of its orders, those that shared
    scarce stock, or those that an edit of quantities or promises planned again (`first_position`
    is then the plan's version)."""

    GATES = "gates"
    CHUNK = "chunk"
    STOCK = "stock"
    EDIT = "edit"


@append_only_model()
class ScreeningRecord(models.Model):
    """The facts and the world of one screening, as they were. `inputs` is the packed text of
    `eligibility.codec`.

    `subject` names whose screening it was, as in the ledger ("batch:BR-…"). Where two records of
    an attempt hold an order, the later one decided.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject = models.CharField(max_length=40)
    attempt = models.PositiveSmallIntegerField()
    part = models.CharField(max_length=5, choices=ScreeningPart.choices)
    first_position = models.PositiveIntegerField()
    past_order_ids = ArrayField(models.BigIntegerField(), default=list)
    screened_at = models.DateTimeField()
    rule_version = models.CharField(max_length=20)
    policies = models.JSONField()  # the ⚙ values it was decided under
    inputs = models.BinaryField()
    inputs_digest = models.CharField(max_length=64)  # SHA-256 of the unpacked text
    verdicts_digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "attempt", "part", "first_position"],
                name="one_record_a_part_of_a_screening",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.attempt} {self.part} {self.first_position}"


class PartyAnswer(models.TextChoices):
    NOT_SAME = "not_same", _("not the same")
    STOPPED = "stopped", _("stopped")


class PartyQuestion(models.Model):
    """Is a party, as its name is written, the one that a list's entry names, as it stands? (R-90)

    Two people of the platform's compliance group answer it. `entry_digest` is that of the entry
    when it was asked: an entry that has changed since is another question. The answer holds for
    every store.
    """

    party = models.CharField(max_length=300)
    entry = models.ForeignKey(ScreenedParty, on_delete=models.PROTECT, related_name="questions")
    entry_digest = models.CharField(max_length=64)
    listed = models.CharField(max_length=300)  # the name on the list that it may be
    asked_at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=PartyAnswer.choices, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("question on a listed party")
        verbose_name_plural = _("questions on listed parties")
        permissions = [("answer_partyquestion", "Can say whether a party is the listed one")]
        constraints = [
            models.UniqueConstraint(
                fields=["party", "entry", "entry_digest"], name="one_question_a_party_and_entry"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", decided_at__isnull=True)
                | Q(verdict__in=PartyAnswer.values, decided_at__isnull=False),
                name="a_question_says_when_it_was_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party} ? {self.listed}"


class PartyVote(models.Model):
    """What one member of the compliance group answered, once, with the reason."""

    question = models.ForeignKey(PartyQuestion, on_delete=models.PROTECT, related_name="votes")
    answer = models.CharField(max_length=8, choices=PartyAnswer.choices)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "by"], name="one_vote_a_question_and_member"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_vote_has_its_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.answer} ({self.by})"
