import datetime
import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("marketplace", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Workday",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(unique=True, verbose_name="day")),
                ("is_worked", models.BooleanField(verbose_name="is worked")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
            ],
            options={"verbose_name": "working day", "verbose_name_plural": "working days"},
        ),
        migrations.CreateModel(
            name="Qualification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("not_open", "Not open"),
                            ("documents", "Documents wanted"),
                            ("in_review", "In review"),
                            ("open", "Open"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="not_open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="since")),
                (
                    "valid_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="valid until"),
                ),
                (
                    "store",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="qualification",
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "check_results",
                    models.JSONField(blank=True, default=list, verbose_name="results of the check"),
                ),
                (
                    "checked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="checked at"),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next notice")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["not_open", "documents", "in_review", "open", "lapsed"])
                        ),
                        name="a_standing_is_one_of_its_states",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "open"), _negated=True),
                            ("valid_until", None),
                            ("due_at__isnull", False),
                            _connector="OR",
                        ),
                        name="an_open_standing_that_ends_has_its_next_instant",
                    ),
                ],
                "permissions": [
                    ("review_qualification", "Can approve a qualification or send it back")
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["due_at"],
                        name="standings_due",
                    )
                ],
                "verbose_name": "standing of a store",
                "verbose_name_plural": "standings of stores",
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="handed in")),
                (
                    "running_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="running since"),
                ),
                ("spent", models.DurationField(default=datetime.timedelta(0))),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                ("is_provisional", models.BooleanField(default=False)),
                ("days_left", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("was_late", models.BooleanField(default=False, verbose_name="was late")),
                ("alarmed", models.CharField(blank=True, max_length=8)),
                ("overrule_reason", models.CharField(blank=True, max_length=500)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "claimed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="claimed by",
                    ),
                ),
                (
                    "overruled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "failed_checks",
                    models.JSONField(blank=True, default=list, verbose_name="failed checks"),
                ),
            ],
            options={
                "permissions": [("lead_review", "Is told when a review is about to be late")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["due_at"],
                        name="reviews_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("store",),
                        name="one_open_review_a_store",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at", None), ("running_since", None)),
                            models.Q(("due_at__isnull", False), ("running_since__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_running_review_has_its_deadline",
                    ),
                ],
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("business_licence", "business_licence"),
                            ("bank_statements", "bank_statements"),
                            ("customs_declarations", "customs_declarations"),
                            ("iso_9001", "iso_9001"),
                        ],
                        max_length=24,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("stored", models.CharField(max_length=80)),
                ("version", models.PositiveIntegerField(default=1)),
                ("is_current", models.BooleanField(default=True)),
                ("uploaded_at", models.DateTimeField()),
                ("uploaded_by", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "uploaded"),
                            ("reading", "reading"),
                            ("read", "read"),
                            ("unreadable", "unreadable"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        default="uploaded",
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                ("evidence", models.JSONField(blank=True, default=dict)),
                ("remark", models.CharField(blank=True, max_length=500)),
                ("rung_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("reading", models.JSONField(blank=True, null=True)),
                ("pages", models.PositiveSmallIntegerField(default=0)),
                ("settled", models.JSONField(blank=True, default=dict)),
                ("number", models.CharField(blank=True, max_length=18)),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replaced_by",
                        to="qualification.upload",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uploads",
                        to="marketplace.store",
                    ),
                ),
                ("marks", models.JSONField(blank=True, default=list)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["store", "kind", "-uploaded_at"], name="uploads_of_a_store"
                    ),
                    models.Index(
                        condition=models.Q(("number", ""), _negated=True),
                        fields=["number"],
                        name="uploads_by_number",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["uploaded", "reading"])),
                        fields=["rung_at"],
                        name="uploads_to_read",
                    ),
                    models.Index(fields=["sha256"], name="uploads_by_digest"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["marks"], name="uploads_by_marks"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)),
                        fields=("store", "sha256"),
                        name="a_file_stands_once_in_a_store",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "uploaded",
                                    "reading",
                                    "read",
                                    "unreadable",
                                    "approved",
                                    "rejected",
                                ],
                            )
                        ),
                        name="an_upload_is_in_one_of_its_states",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["read", "approved", "rejected"]), _negated=True
                            ),
                            ("reading__isnull", False),
                            _connector="OR",
                        ),
                        name="what_was_read_has_its_reading",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pages__lte", 50)),
                        name="a_document_has_50_pages_at_most",
                    ),
                ],
            },
        ),
    ]
