import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from diagnostics.sql_files import run_sql_files


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("diagnostics", "0001_initial"),
        ("marketplace", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ScreeningRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("attempt", models.PositiveSmallIntegerField()),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("gates", "Gates"),
                            ("chunk", "Chunk"),
                            ("stock", "Stock"),
                            ("edit", "Edit"),
                        ],
                        max_length=5,
                    ),
                ),
                ("first_position", models.PositiveIntegerField()),
                (
                    "past_order_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("screened_at", models.DateTimeField()),
                ("rule_version", models.CharField(max_length=20)),
                ("policies", models.JSONField()),
                ("inputs", models.BinaryField()),
                ("inputs_digest", models.CharField(max_length=64)),
                ("verdicts_digest", models.CharField(max_length=64)),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject", "attempt", "part", "first_position"),
                        name="one_record_a_part_of_a_screening",
                    )
                ]
            },
        ),
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
        *run_sql_files(__file__, "party_questions", "frozen_rows"),
    ]
