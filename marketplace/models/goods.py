"""What is sold: categories with their commission, SKUs with their stock, and today's price list."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from diagnostics.append_only import append_only_model
from marketplace.models.accounts import Store, currency_code
from marketplace.models.base import Mirrored, Tariff
from marketplace.models.capacity import ProductionGroup


class Category(models.Model):
    """A category of the platform; its names in both languages; whether it is exposed to CRB
    (R-55)."""

    code = models.SlugField(max_length=40, unique=True)
    name_en = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=80)
    crb_exposed = models.BooleanField(default=True)
    iso9001_required = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name_en


@append_only_model()
class CommissionRate(Tariff):
    """The commission of a category; null says that none is set (R-59)."""

    KEY = ("category",)

    category = models.ForeignKey(
        Category,
        verbose_name=_("category of goods"),
        on_delete=models.PROTECT,
        related_name="commission_rates",
    )
    rate = models.DecimalField(
        _("rate, a share (0.08 is 8 %)"), max_digits=6, decimal_places=5, null=True, blank=True
    )

    class Meta(Tariff.Meta):
        verbose_name, verbose_name_plural = _("commission rate"), _("commission rates")
        constraints = [
            *Tariff.Meta.constraints,
            models.UniqueConstraint(
                fields=["category", "valid_from"], name="one_commission_rate_a_category_and_day"
            ),
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__gte=0, rate__lt=1),
                name="a_commission_rate_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        rate = "—" if self.rate is None else self.rate
        return f"{self.category} {rate} ({self.valid_from})"


class Sku(Mirrored):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="skus")
    code = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    hs_code = models.CharField(max_length=10, blank=True)  # HS 2022, 6 digits or more
    origin_country = models.CharField(max_length=2, default="CN")
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    volume_cm3 = models.PositiveIntegerField(
        null=True, blank=True
    )  # of a packed piece; null: not measured
    is_standard = models.BooleanField(
        default=True
    )  # made to order or by a mould number: not
    is_active = models.BooleanField(default=True)
    is_ear_controlled = models.BooleanField(default=False)  # dual use under the EAR
    moq = models.PositiveIntegerField(default=1)
    on_hand = models.PositiveIntegerField(default=0)
    stock_synced_at = models.DateTimeField(null=True, blank=True)
    production_group = models.ForeignKey(
        ProductionGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="skus"
    )  # null: made without a limit that we know of
    stock_source = models.CharField(
        max_length=60, blank=True, default="", db_default=""
    )  # "": the row's own

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "code"], name="one_sku_a_store_and_code")
        ]
        indexes = [
            models.Index(
                "store",
                F("stock_synced_at").asc(nulls_first=True),
                "id",
                name="skus_by_age_of_their_stock",
            )
        ]

    def __str__(self) -> str:
        return self.code


@append_only_model()
class PriceListEntry(Mirrored):
    """Today's reference unit price of a SKU from a quantity on, from a date on (R-47)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="price_list")
    min_quantity = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=18, decimal_places=6)  # units of the currency, a piece
    currency = models.CharField(max_length=3, validators=[currency_code])
    valid_from = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sku", "min_quantity", "valid_from"], name="one_price_a_sku_band_and_day"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_list_price_is_positive"),
        ]
