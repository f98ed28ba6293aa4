import datetime

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from diagnostics.sql_files import run_sql_files


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("diagnostics", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Store",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("legal_name", models.CharField(max_length=200)),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Basic"), (2, "Silver"), (3, "Gold"), (4, "Diamond")]
                    ),
                ),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "settlement_currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "An ISO 4217 code of three capital letters."
                            )
                        ],
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                    ),
                ),
                ("city", models.CharField(blank=True, max_length=80)),
                ("street", models.CharField(blank=True, max_length=200)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                ("sandbox", models.BooleanField(default=False)),
                ("clock_offset", models.DurationField(default=datetime.timedelta(0))),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("pay_to", models.TextField(blank=True, default="", max_length=600)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sandbox", True),
                            ("clock_offset", datetime.timedelta(0)),
                            _connector="OR",
                        ),
                        name="only_a_sandbox_store_moves_its_clock",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Buyer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("external_id", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=200)),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(default="en", max_length=10)),
                ("is_certified_business", models.BooleanField(default=False)),
                ("certificate_valid_until", models.DateField(blank=True, null=True)),
                ("tax_number", models.CharField(blank=True, max_length=40)),
                ("tax_number_checked_at", models.DateTimeField(blank=True, null=True)),
                ("tax_number_checked_how", models.CharField(blank=True, max_length=60)),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                    ),
                ),
                ("region", models.CharField(blank=True, max_length=80)),
                ("city", models.CharField(blank=True, max_length=80)),
                ("street", models.CharField(blank=True, max_length=200)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="buyers",
                        to="marketplace.store",
                    ),
                ),
                ("tax_number_checked_by", models.CharField(blank=True, default="", max_length=80)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "external_id"), name="one_buyer_a_store_and_external_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tax_number_checked_by", ""),
                            ("tax_number_checked_at__isnull", False),
                            _connector="OR",
                        ),
                        name="a_checked_tax_number_says_when",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="CarrierService",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("carrier", models.CharField(max_length=80)),
                ("volumetric_divisor", models.PositiveIntegerField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name_en", models.CharField(max_length=80)),
                ("name_zh", models.CharField(max_length=80)),
                ("crb_exposed", models.BooleanField(default=True)),
                ("iso9001_required", models.BooleanField(default=False)),
            ],
            options={"verbose_name_plural": "categories"},
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="email")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("is_active", models.BooleanField(default=True)),
                ("is_staff", models.BooleanField(default=False)),
                ("joined_at", models.DateTimeField(auto_now_add=True)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email", django.db.models.functions.text.Lower("email"))
                        ),
                        name="an_email_is_in_small_letters",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PastOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("number", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("open", "Open"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "An ISO 4217 code of three capital letters."
                            )
                        ],
                    ),
                ),
                ("ordered_at", models.DateTimeField()),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "rating",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=6, null=True),
                ),
                ("goods_minor", models.BigIntegerField()),
                ("freight_minor", models.BigIntegerField(default=0)),
                ("tax_minor", models.BigIntegerField(default=0)),
                ("paid_minor", models.BigIntegerField()),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("prices_include_tax", models.BooleanField(default=False)),
                ("incoterm", models.CharField(default="DAP", max_length=3)),
                (
                    "importer_of_record",
                    models.CharField(
                        choices=[("buyer", "buyer"), ("seller", "seller")],
                        default="buyer",
                        max_length=6,
                    ),
                ),
                ("line_count", models.PositiveIntegerField()),
                ("promise_days", models.PositiveSmallIntegerField(default=30)),
                ("special_clearance", models.BooleanField(default=False)),
                ("local_return", models.BooleanField(default=False)),
                ("note", models.TextField(blank=True)),
                ("consignee", models.CharField(blank=True, max_length=200)),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                    ),
                ),
                ("region", models.CharField(blank=True, max_length=80)),
                ("city", models.CharField(blank=True, max_length=80)),
                ("street", models.CharField(blank=True, max_length=200)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                (
                    "buyer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past_orders",
                        to="marketplace.buyer",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past_orders",
                        to="marketplace.store",
                    ),
                ),
                ("buyer_tax_number", models.CharField(blank=True, max_length=40, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "completed")),
                        fields=["store", "buyer", "-completed_at", "-id"],
                        include=("rating", "paid_minor", "currency"),
                        name="completed_orders_of_a_buyer",
                    ),
                    models.Index(
                        condition=models.Q(("status", "completed")),
                        fields=["store", "-completed_at", "-id"],
                        include=("buyer", "rating", "paid_minor", "currency"),
                        name="completed_orders_of_a_store",
                    ),
                    models.Index(
                        fields=["store", "buyer", "-ordered_at", "-id"], name="orders_of_a_buyer"
                    ),
                    models.Index(fields=["store", "-ordered_at", "-id"], name="orders_of_a_store"),
                    models.Index(fields=["store", "paid_at"], name="paid_orders_of_a_store"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "number"), name="one_past_order_a_store_and_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "completed"), _negated=True),
                            ("completed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="a_completed_order_says_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded_minor__gte", 0),
                            ("refunded_minor__lte", models.F("paid_minor")),
                        ),
                        name="a_refund_is_part_of_what_was_paid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductionGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("code", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=80)),
                ("pieces_a_day", models.PositiveIntegerField()),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="production_groups",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "code"), name="one_production_group_a_store_and_code"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Sku",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("title", models.CharField(max_length=200)),
                ("hs_code", models.CharField(blank=True, max_length=10)),
                ("origin_country", models.CharField(default="CN", max_length=2)),
                ("weight_g", models.PositiveIntegerField(blank=True, null=True)),
                ("is_standard", models.BooleanField(default=True)),
                ("is_active", models.BooleanField(default=True)),
                ("is_ear_controlled", models.BooleanField(default=False)),
                ("moq", models.PositiveIntegerField(default=1)),
                ("on_hand", models.PositiveIntegerField(default=0)),
                ("stock_synced_at", models.DateTimeField(blank=True, null=True)),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.category",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="skus",
                        to="marketplace.store",
                    ),
                ),
                (
                    "stock_source",
                    models.CharField(blank=True, db_default="", default="", max_length=60),
                ),
                (
                    "production_group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="skus",
                        to="marketplace.productiongroup",
                    ),
                ),
                ("volume_cm3", models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "code"), name="one_sku_a_store_and_code"
                    )
                ],
                "indexes": [
                    models.Index(
                        models.F("store"),
                        models.OrderBy(models.F("stock_synced_at"), nulls_first=True),
                        models.F("id"),
                        name="skus_by_age_of_their_stock",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Lane",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                    ),
                ),
                ("region", models.CharField(blank=True, default="", max_length=80)),
                ("transit_days", models.PositiveSmallIntegerField()),
                ("special_clearance", models.BooleanField(default=False)),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lanes",
                        to="marketplace.carrierservice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("service", "country", "region"),
                        name="one_lane_a_service_and_region",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="StockClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holder", models.UUIDField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                ("quantity", models.PositiveIntegerField()),
                (
                    "sku",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claims",
                        to="marketplace.sku",
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
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=["sku"],
                        name="stock_claims_of_a_sku",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=("holder", "sku"),
                        name="one_stock_claim_a_holder_and_sku",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Registration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "scheme",
                    models.CharField(
                        choices=[
                            ("EPR", "EU extended producer responsibility"),
                            ("FDA", "US FDA establishment registration"),
                            ("VAT", "VAT or GST registration"),
                        ],
                        max_length=8,
                    ),
                ),
                ("jurisdiction", models.CharField(max_length=2)),
                ("number", models.CharField(max_length=60)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(blank=True, null=True)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="registrations",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "scheme", "jurisdiction", "number"),
                        name="one_registration_a_number",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="OrderClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holder", models.UUIDField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "past_order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claims",
                        to="marketplace.pastorder",
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
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=["holder"],
                        name="order_claims_of_a_holder",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=("past_order",),
                        name="one_live_claim_a_past_order",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("manager", "Manager"),
                            ("operator", "Operator"),
                            ("viewer", "Viewer"),
                            ("developer", "Developer"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "store"), name="one_membership_a_user_and_store"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("external_id", models.CharField(max_length=64)),
                ("opened_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=120)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="disputes",
                        to="marketplace.pastorder",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="disputes",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store", "opened_at"], name="disputes_of_a_store")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "external_id"), name="one_dispute_a_store_and_external_id"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Embargo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                    ),
                ),
                ("region", models.CharField(blank=True, default="", max_length=80)),
                ("programme", models.CharField(max_length=120)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("reference", models.CharField(max_length=120)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("country", "region", "programme", "valid_from"),
                        name="one_embargo_a_place_and_programme",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="ScreenedParty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("list_name", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=300)),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("country", models.CharField(blank=True, max_length=2)),
                ("reference", models.CharField(blank=True, max_length=120)),
                ("listed_from", models.DateField(blank=True, null=True)),
                ("listed_until", models.DateField(blank=True, null=True)),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300),
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "screened parties",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["keys"], name="screened_parties_by_key"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("list_name", "reference", "name"),
                        name="one_screened_party_a_list_and_reference",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PastOrderLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_no", models.PositiveIntegerField()),
                ("quantity", models.PositiveIntegerField()),
                ("unit_price", models.DecimalField(decimal_places=6, max_digits=18)),
                ("discount_minor", models.BigIntegerField(default=0)),
                ("total_minor", models.BigIntegerField()),
                (
                    "rating",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=3, null=True),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="marketplace.pastorder",
                    ),
                ),
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
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                ("hs_code", models.CharField(blank=True, max_length=10, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "line_no"), name="one_past_line_an_order_and_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="a_past_line_has_a_quantity"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="ProductionDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("pieces", models.PositiveIntegerField()),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="marketplace.productiongroup",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("group", "day"), name="one_production_day_a_group_and_day"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="PolicyValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="name of the value")),
                ("value", models.CharField(max_length=40, verbose_name="value in force")),
                ("valid_from", models.DateTimeField(verbose_name="in force from")),
                ("reason", models.CharField(max_length=200, verbose_name="reason of the change")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "valid_from"), name="one_policy_value_a_name_and_instant"
                    )
                ],
                "verbose_name": "policy value",
                "verbose_name_plural": "policy values",
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                        verbose_name="destination country",
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=12,
                        verbose_name="territory with rates of its own",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="first day in force")),
                (
                    "category",
                    models.CharField(
                        choices=[("S", "S"), ("AE", "AE"), ("Z", "Z"), ("G", "G"), ("O", "O")],
                        max_length=2,
                        verbose_name="tax category (UNCL5305)",
                    ),
                ),
                (
                    "rate",
                    models.DecimalField(
                        blank=True,
                        decimal_places=5,
                        max_digits=6,
                        null=True,
                        verbose_name="rate, a share (0.19 is 19 %)",
                    ),
                ),
                (
                    "reverse_charge",
                    models.BooleanField(
                        default=False,
                        verbose_name="reverse charge for businesses with a checked number",
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True, null=True, verbose_name="first day no longer in force"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("country", "region", "valid_from"),
                        name="one_tax_rate_a_place_and_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rate__isnull", True),
                            models.Q(("rate__gte", 0), ("rate__lt", 1)),
                            _connector="OR",
                        ),
                        name="a_tax_rate_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None),
                            ("valid_until__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="taxrate_ends_after_it_began",
                    ),
                ],
                "verbose_name": "VAT or GST rate",
                "verbose_name_plural": "VAT and GST rates",
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("prefix", models.CharField(max_length=12)),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
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
                        related_name="api_keys",
                        to="marketplace.store",
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("granted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "principal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="api_keys",
                        to="marketplace.membership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revoked_at__isnull", True),
                            ("revoked_at__gte", models.F("created_at")),
                            _connector="OR",
                        ),
                        name="an_api_key_is_revoked_after_it_was_made",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("principal__isnull", True),
                            ("granted_at__isnull", False),
                            _connector="OR",
                        ),
                        name="an_api_key_acts_once_it_is_granted",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="FxRateSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("published_on", models.DateField()),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(db_default=1, default=1)),
            ],
            options={
                "indexes": [models.Index(fields=["-published_on", "-id"], name="latest_rate_set")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("store__isnull", True), ("source", "simulated"), _connector="OR"
                        ),
                        name="a_stores_own_rates_are_simulated",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("store__isnull", True)),
                        fields=("source", "published_on", "version"),
                        name="one_rate_set_a_source_day_and_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IndexClose",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("series", models.CharField(max_length=12)),
                ("closed_on", models.DateField()),
                ("value", models.DecimalField(decimal_places=4, max_digits=14)),
                ("version", models.PositiveSmallIntegerField(db_default=1, default=1)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["series", "-closed_on", "-id"], name="latest_close")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value__gt", 0)), name="a_close_is_positive"
                    ),
                    models.UniqueConstraint(
                        fields=("series", "source", "closed_on", "version"),
                        name="one_close_a_series_source_day_and_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CommissionRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "rate",
                    models.DecimalField(
                        blank=True,
                        decimal_places=5,
                        max_digits=6,
                        null=True,
                        verbose_name="rate, a share (0.08 is 8 %)",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="first day in force")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commission_rates",
                        to="marketplace.category",
                        verbose_name="category of goods",
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True, null=True, verbose_name="first day no longer in force"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("category", "valid_from"),
                        name="one_commission_rate_a_category_and_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rate__isnull", True),
                            models.Q(("rate__gte", 0), ("rate__lt", 1)),
                            _connector="OR",
                        ),
                        name="a_commission_rate_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None),
                            ("valid_until__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="commissionrate_ends_after_it_began",
                    ),
                ],
                "verbose_name": "commission rate",
                "verbose_name_plural": "commission rates",
            },
        ),
        migrations.CreateModel(
            name="FxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "An ISO 4217 code of three capital letters."
                            )
                        ],
                    ),
                ),
                ("per_euro", models.DecimalField(decimal_places=8, max_digits=18)),
                (
                    "rate_set",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rates",
                        to="marketplace.fxrateset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rate_set", "currency"), name="one_rate_a_set_and_currency"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("per_euro__gt", 0)), name="a_rate_is_positive"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="PaymentTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("open_account", models.BooleanField()),
                ("valid_from", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("set_by", models.CharField(max_length=80)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment_terms",
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
                        fields=("buyer", "valid_from"), name="one_terms_a_buyer_and_instant"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="PriceListEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("min_quantity", models.PositiveIntegerField()),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "An ISO 4217 code of three capital letters."
                            )
                        ],
                    ),
                ),
                ("valid_from", models.DateField()),
                (
                    "sku",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="price_list",
                        to="marketplace.sku",
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
                        fields=("sku", "min_quantity", "valid_from"),
                        name="one_price_a_sku_band_and_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_list_price_is_positive"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Quarantined",
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
                        choices=[("rate", "exchange rate"), ("close", "index close")], max_length=5
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=12)),
                ("day", models.DateField()),
                ("text", models.CharField(max_length=80)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("not_a_number", "not_a_number"),
                            ("zero", "zero"),
                            ("negative", "negative"),
                            ("too_large", "too_large"),
                            ("absurd", "absurd"),
                            ("inverse", "inverse"),
                            ("unexpected", "unexpected"),
                        ],
                        max_length=12,
                    ),
                ),
                ("last_good", models.CharField(blank=True, max_length=40)),
                ("arrived_at", models.DateTimeField()),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("released", "Released: it acts"),
                            ("discarded", "Discarded: it stays out"),
                            ("kept", "Kept: what followed took its place"),
                        ],
                        max_length=9,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by", models.CharField(blank=True, max_length=80, null=True)),
                ("why", models.CharField(blank=True, max_length=500)),
                (
                    "rate_set",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quarantined",
                        to="marketplace.fxrateset",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "quarantined",
                "indexes": [
                    models.Index(
                        condition=models.Q(("verdict", "")),
                        fields=["rate_set"],
                        name="undecided_rates_of_a_set",
                    ),
                    models.Index(fields=["-arrived_at"], name="quarantined_by_arrival"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "source", "name", "day", "text"),
                        name="one_quarantined_observation_as_read",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "rate"), ("rate_set__isnull", False)),
                            models.Q(("kind", "close"), ("rate_set__isnull", True)),
                            _connector="OR",
                        ),
                        name="a_quarantined_rate_has_its_set",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("verdict", ""),
                                ("why", ""),
                            ),
                            models.Q(
                                models.Q(("verdict", ""), _negated=True),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                models.Q(("why", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_decided_observation_says_when_by_whom_and_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RateCard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
                (
                    "assumed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                        verbose_name="destination country",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "An ISO 4217 code of three capital letters."
                            )
                        ],
                        verbose_name="currency (ISO 4217)",
                    ),
                ),
                (
                    "min_weight_g",
                    models.PositiveIntegerField(
                        default=0, verbose_name="from this weight on, in grams"
                    ),
                ),
                (
                    "base_minor",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        verbose_name="base price, in the currency's smallest unit",
                    ),
                ),
                ("step_g", models.PositiveIntegerField(verbose_name="step, in grams")),
                (
                    "step_minor",
                    models.BigIntegerField(
                        verbose_name="price of each begun step, in the smallest unit"
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="first day in force")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rate_cards",
                        to="marketplace.carrierservice",
                        verbose_name="carrier service",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rate_cards",
                        to="marketplace.store",
                        verbose_name="negotiated by the store (empty: public)",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("special", "Special clearance channel"),
                        ],
                        default="standard",
                        max_length=8,
                        verbose_name="channel through customs",
                    ),
                ),
                (
                    "minimum_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="least that a parcel costs, in the smallest unit"
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True, default="", max_length=80, verbose_name="region of the country"
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True, null=True, verbose_name="first day no longer in force"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None),
                            ("valid_until__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="ratecard_ends_after_it_began",
                    ),
                    models.UniqueConstraint(
                        fields=(
                            "service",
                            "store",
                            "country",
                            "region",
                            "channel",
                            "min_weight_g",
                            "valid_from",
                        ),
                        name="one_rate_card_a_lane_weight_and_day",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("minimum_minor__gte", 0),
                            ("step_g__gt", 0),
                            ("step_minor__gte", 0),
                            models.Q(("base_minor", None), ("base_minor__gte", 0), _connector="OR"),
                        ),
                        name="a_rate_card_charges",
                    ),
                ],
                "verbose_name": "freight rate card",
                "verbose_name_plural": "freight rate cards",
            },
        ),
        migrations.CreateModel(
            name="RegistrationRequirement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "scheme",
                    models.CharField(
                        choices=[
                            ("EPR", "EU extended producer responsibility"),
                            ("FDA", "US FDA establishment registration"),
                            ("VAT", "VAT or GST registration"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "An ISO 3166-1 code of two capital letters."
                            )
                        ],
                    ),
                ),
                ("jurisdiction", models.CharField(max_length=2)),
                ("valid_from", models.DateField()),
                ("reference", models.CharField(max_length=120)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="marketplace.category",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scheme", "country", "category"),
                        name="one_requirement_a_scheme_country_category",
                        nulls_distinct=False,
                    )
                ]
            },
        ),
        *run_sql_files(__file__, "tariffs", "frozen_rows"),
    ]
