import uuid
from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

from diagnostics.sql_files import run_sql_files


class Migration(migrations.Migration):
    initial = True

    dependencies = [("diagnostics", "0001_initial"), ("marketplace", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("version", models.PositiveIntegerField(default=1)),
                ("granted_at", models.DateTimeField()),
                ("granted_by", models.CharField(max_length=80)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="marketplace.buyer",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "buyer", "subject"), name="one_grant_a_buyer_and_subject"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="FrozenValues",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("text", models.BinaryField()),
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
                    models.Index(fields=["store", "subject"], name="frozen_values_of_a_subject")
                ]
            },
        ),
        migrations.CreateModel(
            name="Lock",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("index_series", models.CharField(blank=True, max_length=12)),
                ("order_count", models.PositiveIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("terms_digest", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("renegotiating", "renegotiating"),
                            ("confirmed", "confirmed"),
                            ("declined", "declined"),
                            ("expired", "expired"),
                            ("terminated", "terminated"),
                            ("cancelled", "cancelled"),
                        ],
                        default="open",
                        max_length=14,
                    ),
                ),
                ("locked_at", models.DateTimeField()),
                ("locked_by", models.CharField(max_length=80)),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(max_length=80, null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="locks",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.fxrateset",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="locks",
                        to="marketplace.store",
                    ),
                ),
                ("closes_seen", models.BigIntegerField(db_default=0)),
                (
                    "fx_trigger",
                    models.DecimalField(
                        db_default=Decimal("0.025"), decimal_places=6, max_digits=7
                    ),
                ),
                (
                    "index_trigger",
                    models.DecimalField(db_default=Decimal("0.03"), decimal_places=6, max_digits=7),
                ),
                ("judged_by", models.CharField(blank=True, db_default="", max_length=80)),
                ("next_reminder_at", models.DateTimeField(null=True)),
                ("renegotiation_deadline", models.DateTimeField(null=True)),
                ("renegotiation_hours", models.PositiveSmallIntegerField(db_default=4)),
                (
                    "frozen",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="locks",
                        to="pricing.frozenvalues",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")),
                        fields=["expires_at"],
                        name="open_locks_by_end",
                    ),
                    models.Index(fields=["store", "subject"], name="locks_of_a_subject"),
                    models.Index(
                        condition=models.Q(("status", "renegotiating")),
                        fields=["renegotiation_deadline"],
                        name="renegotiations_by_deadline",
                    ),
                    models.Index(
                        condition=models.Q(("status", "open")),
                        fields=["store", "index_series", "judged_by"],
                        name="open_locks_by_judgement",
                    ),
                    models.Index(
                        condition=models.Q(("next_reminder_at__isnull", False)),
                        fields=["next_reminder_at"],
                        name="locks_to_be_reminded_of",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "open",
                                    "renegotiating",
                                    "confirmed",
                                    "declined",
                                    "expired",
                                    "terminated",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="a_lock_is_in_one_of_its_states",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("locked_at"))),
                        name="a_lock_ends_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("ended_by__isnull", True),
                                ("status__in", ["open", "renegotiating"]),
                            ),
                            models.Q(
                                models.Q(("status__in", ["open", "renegotiating"]), _negated=True),
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_lock_that_ended_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("renegotiation_deadline__isnull", False),
                                ("status__in", ["renegotiating", "terminated"]),
                            ),
                            models.Q(
                                ("renegotiation_deadline__isnull", True),
                                ("status__in", ["open", "expired", "cancelled"]),
                            ),
                            ("status__in", ["confirmed", "declined"]),
                            _connector="OR",
                        ),
                        name="a_lock_under_renegotiation_has_its_deadline",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Act",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("confirm", "Confirm"), ("decline", "Decline")], max_length=8
                    ),
                ),
                ("terms_digest", models.CharField(max_length=64)),
                ("consent_version", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="pricing.grant",
                    ),
                ),
                (
                    "lock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="pricing.lock",
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=1000)),
                ("particulars", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("grant", "lock"), name="one_act_a_grant_and_lock"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Sealing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("confirmation", "confirmation"),
                            ("renegotiation", "renegotiation"),
                        ],
                        max_length=14,
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("occasion", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("rung_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "store",
                    models.ForeignKey(
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
                        condition=models.Q(("done_at__isnull", True)),
                        fields=["rung_at"],
                        name="agreements_to_seal",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "occasion"), name="one_sealing_a_kind_and_occasion"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedAgreement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("confirmation", "confirmation"),
                            ("renegotiation", "renegotiation"),
                        ],
                        max_length=14,
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("file_digest", models.CharField(max_length=64, unique=True)),
                ("file_key", models.CharField(max_length=80, unique=True)),
                ("file_bytes", models.PositiveIntegerField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("agreed_at", models.DateTimeField()),
                ("sealed_at", models.DateTimeField()),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "sealing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreement",
                        to="pricing.sealing",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store", "subject"], name="agreements_of_a_subject")
                ]
            },
        ),
        migrations.CreateModel(
            name="LockTerms",
            fields=[
                (
                    "lock",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="terms",
                        serialize=False,
                        to="pricing.lock",
                    ),
                ),
                ("text", models.BinaryField()),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Renegotiation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("fx", "fx"), ("index", "index")], max_length=5),
                ),
                ("name", models.CharField(max_length=12)),
                ("base_value", models.DecimalField(decimal_places=8, max_digits=20)),
                ("new_value", models.DecimalField(decimal_places=8, max_digits=20)),
                ("change", models.CharField(max_length=120)),
                ("limit", models.DecimalField(decimal_places=6, max_digits=7)),
                ("opened_at", models.DateTimeField()),
                ("opened_by", models.CharField(max_length=80)),
                ("deadline_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(max_length=80, null=True)),
                (
                    "base_close",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.indexclose",
                    ),
                ),
                (
                    "base_rate_set",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.fxrateset",
                    ),
                ),
                (
                    "lock",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renegotiation",
                        to="pricing.lock",
                    ),
                ),
                (
                    "new_close",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.indexclose",
                    ),
                ),
                (
                    "new_rate_set",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.fxrateset",
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
                    models.Index(fields=["store", "-opened_at"], name="renegotiations_of_a_store")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "fx"), ("new_rate_set__isnull", False)),
                            models.Q(
                                ("base_close__isnull", False),
                                ("kind", "index"),
                                ("new_close__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_renegotiation_names_its_observations",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("deadline_at__gt", models.F("opened_at"))),
                        name="a_renegotiation_ends_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                            models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_renegotiation_that_ended_says_when_and_by_whom",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "side",
                    models.CharField(
                        choices=[("seller", "seller"), ("buyer", "buyer")], max_length=6
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "rule",
                    models.CharField(
                        choices=[("keep", "keep"), ("uniform", "uniform"), ("per_sku", "per_sku")],
                        max_length=8,
                    ),
                ),
                ("said", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("beyond_band", models.BooleanField()),
                ("goods_minor", models.BigIntegerField()),
                ("freight_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "renegotiation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offers",
                        to="pricing.renegotiation",
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
                        fields=("renegotiation", "version"),
                        name="one_offer_a_renegotiation_and_version",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Remark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("seller", "seller"), ("buyer", "buyer")], max_length=6
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("comment", "comment"), ("decline", "decline")], max_length=7
                    ),
                ),
                ("text", models.CharField(max_length=1000)),
                (
                    "renegotiation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remarks",
                        to="pricing.renegotiation",
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
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "offer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="approval",
                        serialize=False,
                        to="pricing.offer",
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
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
        ),
        migrations.CreateModel(
            name="OfferTerms",
            fields=[
                (
                    "offer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="terms",
                        serialize=False,
                        to="pricing.offer",
                    ),
                ),
                ("text", models.BinaryField()),
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
        ),
        migrations.CreateModel(
            name="SigningCode",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("seller", "seller"), ("buyer", "buyer")], max_length=6
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="pricing.offer",
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
                    models.Index(fields=["offer", "side", "-asked_at"], name="codes_of_an_offer")
                ]
            },
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("seller", "seller"), ("buyer", "buyer")], max_length=6
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=120)),
                ("at", models.DateTimeField()),
                ("digest", models.CharField(max_length=64)),
                ("consent_version", models.CharField(max_length=20)),
                (
                    "how",
                    models.CharField(
                        choices=[("password", "password"), ("code", "code")], max_length=8
                    ),
                ),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="pricing.offer",
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
                ("particulars", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("offer", "side"), name="one_signature_an_offer_and_side"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="a_signature_has_a_name",
                    ),
                ]
            },
        ),
        *run_sql_files(
            __file__,
            "locks",
            "renegotiations",
            "offers",
            "agreed_offer",
            "sealed_agreements",
            "frozen_rows",
        ),
    ]
