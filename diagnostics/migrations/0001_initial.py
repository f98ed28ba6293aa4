import django.contrib.postgres.fields
from django.db import migrations, models

from diagnostics.sql_files import run_sql_files


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="LedgerHead",
            fields=[
                ("store_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(default=0)),
                ("digest", models.CharField(default="", max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("store_id", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=80)),
                ("facts", models.JSONField(default=dict)),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("digest", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "indexes": [
                    models.Index(fields=["store_id", "subject", "seq"], name="ledger_of_a_subject")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store_id", "seq"), name="one_ledger_entry_a_store_and_seq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Failure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("store_id", models.BigIntegerField()),
                ("batch", models.CharField(max_length=24)),
                ("subject", models.CharField(max_length=24)),
                ("at", models.DateTimeField()),
                ("attempt", models.PositiveSmallIntegerField()),
                ("version", models.PositiveIntegerField()),
                ("code", models.CharField(max_length=40)),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                ("causes", models.JSONField()),
                ("currency", models.CharField(max_length=3)),
                ("blocked_minor", models.BigIntegerField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_how",
                    models.CharField(
                        choices=[("cured", "cured"), ("changed", "changed")],
                        max_length=7,
                        null=True,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store_id", "at"], name="failures_of_a_store"),
                    models.Index(fields=["batch"], name="failures_of_a_batch"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("subject",),
                        name="one_standing_failure_an_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_how__isnull", True)),
                            models.Q(("ended_at__isnull", False), ("ended_how__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_failure_that_ended_says_when_and_how",
                    ),
                ],
            },
        ),
        *run_sql_files(__file__, "ledger", "failures", "frozen_rows"),
    ]
