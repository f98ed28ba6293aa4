import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STAY = """
CREATE FUNCTION refuse_to_change_an_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: what was answered about a listed party stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER a_vote_stays BEFORE UPDATE OR DELETE ON eligibility_partyvote FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_an_answer();
CREATE TRIGGER a_question_stays BEFORE DELETE ON eligibility_partyquestion FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_an_answer();
CREATE TRIGGER a_question_keeps_what_it_asks BEFORE UPDATE ON eligibility_partyquestion FOR EACH ROW
    WHEN (OLD.verdict <> '' OR (OLD.party, OLD.entry_id, OLD.entry_digest, OLD.listed, OLD.asked_at)
          IS DISTINCT FROM (NEW.party, NEW.entry_id, NEW.entry_digest, NEW.listed, NEW.asked_at))
    EXECUTE FUNCTION refuse_to_change_an_answer();

-- Two different members gave the same answer, or nothing is decided.
CREATE FUNCTION refuse_what_two_did_not_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(DISTINCT v.by_id) FROM eligibility_partyvote v
         WHERE v.question_id = NEW.id AND v.answer = NEW.verdict) < 2 THEN
        RAISE EXCEPTION 'ANSWER_BY_TWO: question % has not been answered so by two members', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_question_is_answered_by_two BEFORE INSERT OR UPDATE ON eligibility_partyquestion FOR EACH ROW
    WHEN (NEW.verdict <> '') EXECUTE FUNCTION refuse_what_two_did_not_answer();
"""
GO = """
DROP TRIGGER a_question_is_answered_by_two ON eligibility_partyquestion;
DROP FUNCTION refuse_what_two_did_not_answer();
DROP TRIGGER a_question_keeps_what_it_asks ON eligibility_partyquestion;
DROP TRIGGER a_question_stays ON eligibility_partyquestion;
DROP TRIGGER a_vote_stays ON eligibility_partyvote;
DROP FUNCTION refuse_to_change_an_answer();
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("marketplace", "0010_quarantine"),
        ("eligibility", "0003_records_stay"),
    ]

    operations = [
        migrations.CreateModel(
            name="PartyQuestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("party", models.CharField(max_length=300)),
                ("entry_digest", models.CharField(max_length=64)),
                ("listed", models.CharField(max_length=300)),
                ("asked_at", models.DateTimeField()),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("not_same", "not the same"), ("stopped", "stopped")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="marketplace.screenedparty",
                    ),
                ),
            ],
            options={
                "verbose_name": "question on a listed party",
                "verbose_name_plural": "questions on listed parties",
                "permissions": [
                    ("answer_partyquestion", "Can say whether a party is the listed one")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("party", "entry", "entry_digest"),
                        name="one_question_a_party_and_entry",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("verdict", "")),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("verdict__in", ["not_same", "stopped"]),
                            ),
                            _connector="OR",
                        ),
                        name="a_question_says_when_it_was_decided",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartyVote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        choices=[("not_same", "not the same"), ("stopped", "stopped")], max_length=8
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="votes",
                        to="eligibility.partyquestion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("question", "by"), name="one_vote_a_question_and_member"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="a_vote_has_its_reason",
                    ),
                ]
            },
        ),
        migrations.RunSQL(STAY, GO),
    ]
