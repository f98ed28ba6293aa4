"""Published rates: exchange, commodity index, tax."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models.accounts import country_code, currency_code
from marketplace.models.base import Mirrored, Tariff


class FxRateSet(Mirrored):
    """One publication of reference rates; a lock freezes one set by its id (pitfall 1)."""

    published_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "published_on"], name="one_rate_set_a_source_and_day")
        ]
        indexes = [models.Index(fields=["-published_on", "-id"], name="latest_rate_set")]

    def __str__(self) -> str:
        return f"{self.source} {self.published_on}"


class FxRate(models.Model):
    """Units of `currency` for one euro."""

    rate_set = models.ForeignKey(FxRateSet, on_delete=models.CASCADE, related_name="rates", db_index=False)
    currency = models.CharField(max_length=3, validators=[currency_code])
    per_euro = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rate_set", "currency"], name="one_rate_a_set_and_currency"),
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="a_rate_is_positive"),
        ]


class IndexClose(Mirrored):
    """A day's close of a commodity index; `mirrored_at` is when it reached us (R-51)."""

    series = models.CharField(max_length=12)
    closed_on = models.DateField()
    value = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "source", "closed_on"], name="one_close_a_series_source_and_day"
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="a_close_is_positive"),
        ]
        indexes = [models.Index(fields=["series", "-closed_on", "-id"], name="latest_close")]


class TaxCategory(models.TextChoices):
    """UNCL5305, as far as it is used here."""

    STANDARD = "S", "S"
    REVERSE_CHARGE = "AE", "AE"
    ZERO = "Z", "Z"
    EXPORT = "G", "G"
    OUTSIDE_SCOPE = "O", "O"


class TaxRate(Tariff):
    """VAT or GST of a destination; null says that it ended (R-64). The law or table it was taken from is its source."""

    KEY = ("country", "region")

    country = models.CharField(_("destination country"), max_length=2, validators=[country_code])
    region = models.CharField(
        _("territory with rates of its own"),  # a place of marketplace/data/territories.csv
        max_length=12, blank=True, default="",
    )  # fmt: skip
    category = models.CharField(_("tax category (UNCL5305)"), max_length=2, choices=TaxCategory.choices)
    rate = models.DecimalField(
        _("rate, a share (0.19 is 19 %)"), max_digits=6, decimal_places=5, null=True, blank=True
    )
    reverse_charge = models.BooleanField(
        _("reverse charge for businesses with a checked number"), default=False
    )  # VAT is 0 then

    class Meta(Tariff.Meta):
        verbose_name, verbose_name_plural = _("VAT or GST rate"), _("VAT and GST rates")
        constraints = [
            *Tariff.Meta.constraints,
            models.UniqueConstraint(
                fields=["country", "region", "valid_from"], name="one_tax_rate_a_place_and_day"
            ),
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__gte=0, rate__lt=1), name="a_tax_rate_is_a_share"
            ),
        ]

    @property
    def place(self) -> str:
        return self.region or self.country

    def __str__(self) -> str:
        return f"{self.place} {self.category} {self.rate} ({self.valid_from})"
