"""Published rates: exchange, commodity index, tax."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from diagnostics.append_only import append_only_model
from marketplace.mirror.observations import QuarantineReason
from marketplace.models.accounts import Store, country_code, currency_code
from marketplace.models.base import SIMULATED, Mirrored, Tariff


@append_only_model()
class FxRateSet(Mirrored):
    """One publication of reference rates as it was known at a time; a lock freezes one set by its
    id (pitfall 1).

    What is learned later of the same day, a cell that was missing or a correction, is a new
    version with all rates of the day. The one with the highest id holds; the earlier ones stay as
    they were.
    """

    published_on = models.DateField()
    version = models.PositiveSmallIntegerField(default=1, db_default=1)
    store = models.ForeignKey(
        Store, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # null: for all; else a move that a sandbox store tries out, which no other store sees

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "published_on", "version"],
                condition=Q(store__isnull=True),
                name="one_rate_set_a_source_day_and_version",
            ),
            models.CheckConstraint(
                condition=Q(store__isnull=True) | Q(source=SIMULATED),
                name="a_stores_own_rates_are_simulated",
            ),
        ]
        indexes = [models.Index(fields=["-published_on", "-id"], name="latest_rate_set")]

    def __str__(self) -> str:
        return f"{self.source} {self.published_on}"


@append_only_model()
class FxRate(models.Model):
    """Units of `currency` for one euro."""

    rate_set = models.ForeignKey(
        FxRateSet, on_delete=models.PROTECT, related_name="rates", db_index=False
    )
    currency = models.CharField(max_length=3, validators=[currency_code])
    per_euro = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rate_set", "currency"], name="one_rate_a_set_and_currency"
            ),
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="a_rate_is_positive"),
        ]


@append_only_model()
class IndexClose(Mirrored):
    """A day's close of a commodity index; `mirrored_at` is when it reached us (R-51).

    A correction is a new version; the one with the highest id holds.
    """

    series = models.CharField(max_length=12)
    closed_on = models.DateField()
    version = models.PositiveSmallIntegerField(default=1, db_default=1)
    value = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "source", "closed_on", "version"],
                name="one_close_a_series_source_day_and_version",
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="a_close_is_positive"),
        ]
        indexes = [models.Index(fields=["series", "-closed_on", "-id"], name="latest_close")]


class QuarantineVerdict(models.TextChoices):
    RELEASED = "released", _("Released: it acts")
    DISCARDED = "discarded", _("Discarded: it stays out")
    KEPT = (
        "kept",
        _("Kept: what followed took its place"),
    )  # by the product itself, never by a person


@append_only_model("verdict", "decided_at", "decided_by", "why")
class Quarantined(models.Model):
    """A rate or close that does not act: as it was read, why, and what became of it (reliability
    15).

    While the newest observation of a currency waits here, nothing is planned or locked in it or
    into it; the other currencies of its publication act.
    """

    KEY = ("kind", "source", "name", "day", "text")

    kind = models.CharField(
        max_length=5, choices=[("rate", _("exchange rate")), ("close", _("index close"))]
    )
    source = models.CharField(max_length=60)
    name = models.CharField(max_length=12)  # the currency, or the series
    day = models.DateField()
    text = models.CharField(max_length=80)  # as it was read
    reason = models.CharField(
        max_length=12, choices=[(reason.value, reason.value) for reason in QuarantineReason]
    )
    last_good = models.CharField(max_length=40, blank=True)  # what it was held against
    arrived_at = models.DateTimeField()
    rate_set = models.ForeignKey(
        FxRateSet, null=True, on_delete=models.PROTECT, related_name="quarantined", db_index=False
    )
    verdict = models.CharField(max_length=9, choices=QuarantineVerdict.choices, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=80, null=True, blank=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "quarantined"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "source", "name", "day", "text"],
                name="one_quarantined_observation_as_read",
            ),
            models.CheckConstraint(
                condition=Q(kind="rate", rate_set__isnull=False)
                | Q(kind="close", rate_set__isnull=True),
                name="a_quarantined_rate_has_its_set",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", decided_at__isnull=True, decided_by__isnull=True, why="")
                | (
                    ~Q(verdict="")
                    & Q(decided_at__isnull=False, decided_by__isnull=False)
                    & ~Q(why="")
                ),
                name="a_decided_observation_says_when_by_whom_and_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rate_set"], condition=Q(verdict=""), name="undecided_rates_of_a_set"
            ),
            models.Index(fields=["-arrived_at"], name="quarantined_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.name} {self.day}: {self.text}"

    @property
    def key(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.KEY)


class TaxCategory(models.TextChoices):
    """UNCL5305, as far as it is used here."""

    STANDARD = "S", "S"
    REVERSE_CHARGE = "AE", "AE"
    ZERO = "Z", "Z"
    EXPORT = "G", "G"
    OUTSIDE_SCOPE = "O", "O"


@append_only_model()
class TaxRate(Tariff):
    """VAT or GST of a destination; null says that it ended (R-64). The law or table it was taken
    from is its source."""

    KEY = ("country", "region")

    country = models.CharField(_("destination country"), max_length=2, validators=[country_code])
    region = models.CharField(
        _("territory with rates of its own"),  # a place of marketplace/data/territories.csv
        max_length=12,
        blank=True,
        default="",
    )
    category = models.CharField(
        _("tax category (UNCL5305)"), max_length=2, choices=TaxCategory.choices
    )
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
                condition=Q(rate__isnull=True) | Q(rate__gte=0, rate__lt=1),
                name="a_tax_rate_is_a_share",
            ),
        ]

    @property
    def place(self) -> str:
        return self.region or self.country

    def __str__(self) -> str:
        rate = "—" if self.rate is None else self.rate
        return f"{self.place} {self.category} {rate} ({self.valid_from})"
