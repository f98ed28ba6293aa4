import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import repurchase.models.batches
from diagnostics.sql_files import run_sql_files


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("marketplace", "0001_initial"),
        ("pricing", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("beat_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "ref",
                    models.CharField(
                        default=repurchase.models.batches.new_ref,
                        editable=False,
                        max_length=11,
                        unique=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("screening", "screening"),
                            ("planned", "planned"),
                            ("locked", "locked"),
                            ("closed", "closed"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="screening",
                        max_length=10,
                    ),
                ),
                (
                    "policy",
                    models.CharField(
                        choices=[("partial", "partial"), ("all_or_nothing", "all_or_nothing")],
                        default="partial",
                        max_length=14,
                    ),
                ),
                ("special_clearance", models.BooleanField(default=False)),
                ("asked", models.PositiveIntegerField()),
                ("attempt", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=80)),
                ("screened_at", models.DateTimeField()),
                ("policies", models.JSONField(default=dict)),
                ("gates", models.JSONField(default=list)),
                ("planned_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="marketplace.buyer",
                    ),
                ),
                (
                    "index_close",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.indexclose",
                    ),
                ),
                (
                    "rate_set",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.fxrateset",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="marketplace.store",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("gates_at_confirmation", models.JSONField(default=list)),
                ("attempt_at", models.DateTimeField(null=True)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("dry_run", models.BooleanField(default=False)),
                ("fingerprint", models.CharField(blank=True, max_length=64)),
                (
                    "quoted_after",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fresh_quotes",
                        to="pricing.renegotiation",
                    ),
                ),
                ("left_at_lock", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "verbose_name_plural": "batches",
                "indexes": [
                    models.Index(fields=["store", "-created_at", "-id"], name="batches_of_a_store"),
                    models.Index(
                        condition=models.Q(("status", "screening")),
                        fields=["created_at"],
                        name="batches_in_screening",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("asked__gt", 0)), name="a_batch_asks_for_orders"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["screening", "planned", "locked", "closed", "failed", "cancelled"],
                            )
                        ),
                        name="a_batch_is_in_one_of_its_states",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proforma",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("occasion", models.UUIDField(unique=True)),
                ("number", models.CharField(max_length=24, unique=True)),
                ("open_account", models.BooleanField()),
                ("asked_at", models.DateTimeField()),
                ("rung_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("issued_at", models.DateTimeField(null=True)),
                ("totals", models.JSONField(default=list)),
                ("file_key", models.CharField(blank=True, max_length=80)),
                ("file_digest", models.CharField(blank=True, max_length=64)),
                ("file_bytes", models.PositiveIntegerField(default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proformas",
                        to="repurchase.batch",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                ("alarmed_at", models.DateTimeField(null=True)),
                ("busy_until", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("issued_at__isnull", True)),
                        fields=["rung_at"],
                        name="proformas_to_issue",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("file_key", ""), ("issued_at__isnull", True)),
                            models.Q(
                                ("issued_at__isnull", False),
                                models.Q(("file_key", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="an_issued_proforma_has_its_file",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RepeatOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ref", models.CharField(max_length=16, unique=True)),
                ("position", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("planned", "planned"),
                            ("excluded", "excluded"),
                            ("failed", "failed"),
                            ("locked", "locked"),
                            ("confirmed", "confirmed"),
                            ("declined", "declined"),
                            ("expired", "expired"),
                            ("terminated", "terminated"),
                            ("cancelled", "cancelled"),
                            ("awaiting_payment", "awaiting_payment"),
                            ("paid", "paid"),
                            ("released", "released"),
                            ("shipped", "shipped"),
                            ("completed", "completed"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("findings", models.JSONField(default=list)),
                ("currency", models.CharField(max_length=3)),
                ("goods_minor", models.BigIntegerField(default=0)),
                ("freight_minor", models.BigIntegerField(default=0)),
                ("tax_minor", models.BigIntegerField(default=0)),
                ("total_minor", models.BigIntegerField(default=0)),
                ("fees_minor", models.BigIntegerField(default=0)),
                ("index_series", models.CharField(blank=True, max_length=12)),
                ("tax_category", models.CharField(blank=True, max_length=2)),
                ("tax_rate", models.DecimalField(decimal_places=5, max_digits=6, null=True)),
                ("tax_code", models.CharField(blank=True, max_length=80)),
                ("prices_include_tax", models.BooleanField(default=False)),
                ("incoterm", models.CharField(max_length=3)),
                ("importer_of_record", models.CharField(max_length=6)),
                ("transit_days", models.PositiveSmallIntegerField(null=True)),
                ("promise_days", models.PositiveSmallIntegerField()),
                ("special_clearance", models.BooleanField(default=False)),
                ("local_return", models.BooleanField(default=False)),
                ("registrations", models.JSONField(default=list)),
                ("ship_to", models.JSONField(default=dict)),
                ("note", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="orders",
                        to="repurchase.batch",
                    ),
                ),
                (
                    "lock",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pricing.lock",
                    ),
                ),
                (
                    "past_order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repeats",
                        to="marketplace.pastorder",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.carrierservice",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "proforma",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="repurchase.proforma",
                    ),
                ),
                ("buyer_tax_number", models.CharField(blank=True, default="", max_length=40)),
                ("held_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["batch", "status", "position"], name="orders_of_a_batch"),
                    models.Index(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "awaiting_payment",
                                    "completed",
                                    "confirmed",
                                    "paid",
                                    "released",
                                    "shipped",
                                ],
                            )
                        ),
                        fields=["store", "past_order"],
                        name="accepted_repeats",
                    ),
                    models.Index(
                        condition=models.Q(("proforma__isnull", False)),
                        fields=["proforma"],
                        name="orders_of_a_proforma",
                    ),
                    models.Index(
                        condition=models.Q(("status", "awaiting_payment")),
                        fields=["store"],
                        name="orders_awaiting_payment",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["confirmed", "paid"])),
                        fields=["changed_at"],
                        name="orders_to_release",
                    ),
                    models.Index(
                        condition=models.Q(("held_at__isnull", False)),
                        fields=["held_at"],
                        name="orders_held_back",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("past_order", "batch"), name="one_repeat_a_batch_and_past_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "pending",
                                    "planned",
                                    "excluded",
                                    "failed",
                                    "locked",
                                    "confirmed",
                                    "declined",
                                    "expired",
                                    "terminated",
                                    "cancelled",
                                    "awaiting_payment",
                                    "paid",
                                    "released",
                                    "shipped",
                                    "completed",
                                ],
                            )
                        ),
                        name="an_order_is_in_one_of_its_states",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "status__in",
                                    ["locked", "confirmed", "declined", "expired", "terminated"],
                                ),
                                _negated=True,
                            ),
                            ("lock__isnull", False),
                            _connector="OR",
                        ),
                        name="a_locked_order_has_its_lock",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderFee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("part", models.CharField(max_length=16)),
                ("kind", models.CharField(max_length=20)),
                ("base_minor", models.BigIntegerField()),
                ("rate", models.DecimalField(decimal_places=6, max_digits=8, null=True)),
                ("tariff_minor", models.BigIntegerField(null=True)),
                ("tariff_currency", models.CharField(blank=True, max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("detail", models.JSONField(default=dict)),
                ("rule_version", models.CharField(max_length=20)),
                ("rounding", models.CharField(max_length=20)),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fees",
                        to="repurchase.repeatorder",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "position"), name="one_fee_an_order_and_position"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="LineService",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=300)),
                (
                    "source",
                    models.CharField(
                        choices=[("note", "Note"), ("member", "Member"), ("api", "Api")],
                        max_length=6,
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.CharField(max_length=80)),
                ("dismissed_at", models.DateTimeField(null=True)),
                ("dismissed_by", models.CharField(max_length=80, null=True)),
                ("dismissed_why", models.CharField(blank=True, max_length=300)),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="services",
                        to="repurchase.batch",
                    ),
                ),
                (
                    "past_line",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.pastorderline",
                    ),
                ),
                (
                    "past_order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.pastorder",
                    ),
                ),
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
                        fields=("batch", "past_order", "past_line", "text"),
                        name="one_service_a_batch_line_and_text",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("dismissed_at__isnull", True),
                                ("dismissed_by__isnull", True),
                                ("dismissed_why", ""),
                            ),
                            models.Q(
                                ("dismissed_at__isnull", False),
                                ("dismissed_by__isnull", False),
                                models.Q(("dismissed_why", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_dismissed_service_says_when_by_whom_and_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dismissed_at__isnull", True),
                            ("confirmed_at__isnull", True),
                            _connector="OR",
                        ),
                        name="a_dismissed_service_is_not_confirmed",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="RepeatLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_no", models.PositiveIntegerField()),
                ("quantity", models.PositiveIntegerField()),
                ("base_minor", models.BigIntegerField()),
                ("reference_minor", models.BigIntegerField(null=True)),
                ("total_minor", models.BigIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("excluded", "Excluded"),
                            ("failed", "Failed"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("findings", models.JSONField(default=list)),
                ("hs_code", models.CharField(blank=True, max_length=10)),
                ("origin_country", models.CharField(max_length=2)),
                (
                    "sku",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.sku",
                    ),
                ),
                (
                    "source_line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.pastorderline",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="repurchase.repeatorder",
                    ),
                ),
                ("moq", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "line_no"), name="one_repeat_line_an_order_and_number"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="BatchEdit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("changes", models.JSONField()),
                ("lines", models.PositiveIntegerField()),
                ("orders", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("applied_at", models.DateTimeField()),
                ("applied_by", models.CharField(max_length=80)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("undone_by", models.CharField(blank=True, max_length=80, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edits",
                        to="repurchase.batch",
                    ),
                ),
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
                        fields=("batch", "version"), name="one_edit_a_batch_and_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("undone_at__isnull", True), ("undone_by__isnull", True)),
                            models.Q(("undone_at__isnull", False), ("undone_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="an_edit_that_was_undone_says_when_and_by_whom",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="CarrierCharge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("invoice", models.CharField(max_length=64)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.CharField(max_length=80)),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="carrier_charges",
                        to="repurchase.repeatorder",
                    ),
                ),
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
                        fields=("order", "invoice"), name="one_charge_an_order_and_invoice"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Selection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("everything", models.BooleanField(default=False)),
                ("search", models.CharField(blank=True, max_length=100)),
                (
                    "included",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "excluded",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.buyer",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("with_repeated", models.BooleanField(default=False)),
                (
                    "made",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="repurchase.batch",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("store", "user"), name="one_selection_a_member")
                ]
            },
        ),
        migrations.CreateModel(
            name="Chunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_position", models.PositiveIntegerField()),
                (
                    "past_order_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("rung_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="repurchase.batch",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=1)),
                ("beat_at", models.DateTimeField(null=True)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("owner", models.CharField(blank=True, max_length=100)),
                (
                    "positions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), null=True, size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=["rung_at"],
                        name="chunks_to_do",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "attempt", "first_position"),
                        name="one_chunk_an_attempt_and_position",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("request", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("body", models.JSONField()),
                ("location", models.CharField(blank=True, max_length=200)),
                ("kept_at", models.DateTimeField()),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["kept_at"], name="answers_by_age")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "key"), name="one_answer_a_store_and_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ErpProduct",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "minimum_version",
                    models.CharField(
                        blank=True,
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "[vV]?[0-9]{1,9}(\\.[0-9]{1,9}){0,4}\\Z",
                                "A version such as 5.3 or 5.3.1.",
                            )
                        ],
                    ),
                ),
                ("active", models.BooleanField(default=True)),
            ],
            options={"verbose_name": "ERP", "verbose_name_plural": "ERPs"},
        ),
        migrations.CreateModel(
            name="ErpConnection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.CharField(max_length=20)),
                ("simulated", models.BooleanField(default=False)),
                ("connected_at", models.DateTimeField()),
                ("connected_by", models.CharField(max_length=80)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(max_length=80, null=True)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="erp_connections",
                        to="marketplace.store",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="repurchase.erpproduct",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("store",),
                        name="one_live_erp_a_store",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                            models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="an_erp_that_was_disconnected_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version", ""), _negated=True),
                        name="a_connected_erp_tells_its_version",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="ConformanceRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("url", models.CharField(max_length=500)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("done_at", models.DateTimeField(null=True)),
                ("results", models.JSONField(default=list)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conformance_runs",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store", "-asked_at"], name="conformance_runs_of_a_store")
                ]
            },
        ),
        migrations.CreateModel(
            name="ErpResponse",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("response_id", models.CharField(max_length=64)),
                (
                    "format",
                    models.CharField(choices=[("native", "native"), ("ubl", "ubl")], max_length=6),
                ),
                ("digest", models.CharField(max_length=64)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("accepted", "accepted"),
                            ("changed", "changed"),
                            ("refused", "refused"),
                        ],
                        max_length=8,
                    ),
                ),
                ("lines", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("received_at", models.DateTimeField()),
                ("received_by", models.CharField(max_length=80)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("insisted", "Insisted"), ("taken_up", "Taken Up")],
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(max_length=80, null=True)),
                ("decided_why", models.CharField(blank=True, max_length=300)),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erp_responses",
                        to="repurchase.repeatorder",
                    ),
                ),
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
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("decided_at__isnull", True),
                            models.Q(("verdict", "accepted"), _negated=True),
                        ),
                        fields=["store", "received_at"],
                        name="responses_to_decide",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "response_id"), name="one_response_an_order_and_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("decision", ""),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                models.Q(("decision", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_decided_response_says_when_by_whom_and_what",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("verdict", "accepted"), _negated=True),
                            ("decision", ""),
                            _connector="OR",
                        ),
                        name="an_accepted_response_asks_for_no_decision",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("released_at", models.DateTimeField()),
                ("released_by", models.CharField(max_length=80)),
                ("announced_at", models.DateTimeField()),
                ("announcements", models.PositiveIntegerField(default=1)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledged_by", models.CharField(max_length=80, null=True)),
                ("erp_number", models.CharField(blank=True, max_length=64)),
                ("shipped_at", models.DateTimeField(null=True)),
                ("carrier", models.CharField(blank=True, max_length=80)),
                ("tracking", models.CharField(blank=True, max_length=80)),
                ("completed_at", models.DateTimeField(null=True)),
                ("as_ordered", models.BooleanField(null=True)),
                ("told_by", models.CharField(blank=True, max_length=80)),
                (
                    "erp",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="releases",
                        to="repurchase.erpconnection",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="release",
                        to="repurchase.repeatorder",
                    ),
                ),
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
                "indexes": [
                    models.Index(
                        fields=["store", "-released_at", "-id"], name="releases_of_a_store"
                    ),
                    models.Index(
                        condition=models.Q(("acknowledged_at__isnull", True)),
                        fields=["announced_at"],
                        name="releases_to_announce",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("acknowledged_at__isnull", True), ("acknowledged_by__isnull", True)
                            ),
                            models.Q(
                                ("acknowledged_at__isnull", False),
                                ("acknowledged_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="an_acknowledged_release_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("completed_at__isnull", True),
                            ("shipped_at__isnull", False),
                            _connector="OR",
                        ),
                        name="what_is_completed_was_shipped",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EditTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(blank=True, max_length=100)),
                ("beat_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("rung_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("changes", models.JSONField()),
                ("version", models.PositiveIntegerField()),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("orders", models.PositiveIntegerField()),
                ("planned", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("evidence", models.JSONField(default=dict)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edit_tasks",
                        to="repurchase.batch",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "undoes",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="repurchase.batchedit",
                    ),
                ),
                ("fixes", models.JSONField(default=list)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=["rung_at"],
                        name="edits_to_do",
                    ),
                    models.Index(fields=["batch", "-id"], name="edit_tasks_of_a_batch"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=("batch",),
                        name="one_edit_at_work_a_batch",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.CharField(blank=True, max_length=64)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("received_at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        choices=[("api", "Api"), ("import", "Import"), ("member", "Member")],
                        max_length=6,
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.CharField(max_length=80)),
                ("reversed_at", models.DateTimeField(null=True)),
                ("reversed_by", models.CharField(max_length=80, null=True)),
                ("reversed_why", models.CharField(blank=True, max_length=300)),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="repurchase.repeatorder",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("received", "Received"), ("difference", "Difference")],
                        default="received",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store", "-recorded_at"], name="payments_of_a_store")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="a_payment_is_above_zero"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reversed_at__isnull", True),
                                ("reversed_by__isnull", True),
                                ("reversed_why", ""),
                            ),
                            models.Q(
                                ("reversed_at__isnull", False),
                                ("reversed_by__isnull", False),
                                models.Q(("reversed_why", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_reversed_payment_says_when_by_whom_and_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "received"), ("reversed_at__isnull", True)),
                        fields=("order", "reference"),
                        name="one_payment_an_order_and_reference",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "difference"), ("reversed_at__isnull", True)),
                        fields=("order",),
                        name="one_difference_an_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "received"),
                                ("reason", ""),
                                models.Q(("reference", ""), _negated=True),
                            ),
                            models.Q(
                                ("kind", "difference"),
                                ("reference", ""),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_payment_has_its_reference_a_difference_its_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DiagnosisReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("language", models.CharField(max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("rung_at", models.DateTimeField()),
                ("busy_until", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("reading", "Reading"),
                            ("drawing", "Drawing"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField(null=True)),
                ("file_key", models.CharField(blank=True, max_length=80)),
                ("file_bytes", models.PositiveIntegerField(default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="repurchase.batch",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                ("alarmed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("phase__in", ["done", "failed"]), _negated=True),
                        fields=["rung_at"],
                        name="reports_to_make",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("phase", "done"), _negated=True),
                            models.Q(
                                ("made_at__isnull", False),
                                models.Q(("file_key", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_report_that_is_done_has_its_file",
                    )
                ],
            },
        ),
        *run_sql_files(
            __file__,
            "locked_orders",
            "locked_fees",
            "locked_batches",
            "signed_prices",
            "payments",
            "order_states",
        ),
    ]
