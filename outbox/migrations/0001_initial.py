import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from diagnostics.sql_files import run_sql_files


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Letter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("store_id", models.BigIntegerField()),
                ("subjects", models.JSONField()),
                ("dedupe", models.CharField(max_length=120, unique=True)),
                ("written_at", models.DateTimeField(auto_now_add=True)),
                ("next_try_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at__isnull", True)),
                        fields=["next_try_at"],
                        name="letters_to_send",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="EventHead",
            fields=[
                ("store_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("store_id", models.BigIntegerField(db_index=True)),
                ("url", models.URLField(max_length=500)),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("secret_version", models.PositiveIntegerField(default=1)),
                ("rotated_at", models.DateTimeField(blank=True, null=True)),
                ("enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("queued_seq", models.BigIntegerField(default=0)),
                ("busy_until", models.DateTimeField(auto_now_add=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("store_id", models.BigIntegerField()),
                ("seq", models.BigIntegerField(editable=False, null=True)),
                ("type", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("committed_at", models.DateTimeField(editable=False, null=True)),
                ("data", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("seq", None)),
                        fields=["store_id"],
                        name="events_without_a_number",
                    ),
                    models.Index(fields=["committed_at"], name="events_by_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store_id", "seq"), name="one_event_a_store_and_seq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("store_id", models.BigIntegerField()),
                ("next_try_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, max_length=12)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("milliseconds", models.PositiveIntegerField(null=True)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="outbox.event",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="outbox.webhook",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_try_at__isnull", False)),
                        fields=["webhook", "next_try_at"],
                        name="deliveries_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("webhook", "event"), name="one_delivery_a_webhook_and_event"
                    )
                ],
            },
        ),
        *run_sql_files(__file__, "events"),
    ]
