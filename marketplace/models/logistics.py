"""Carrier services, the lanes they run, and what they charge."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from diagnostics.append_only import append_only_model
from marketplace.models.accounts import Store, country_code, currency_code
from marketplace.models.base import Mirrored, Tariff


@append_only_model("name", "carrier")
class CarrierService(models.Model):
    """The divisor is part of every price that its rate cards make, so it stays: another one is
    another service."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    carrier = models.CharField(max_length=80)
    volumetric_divisor = models.PositiveIntegerField(
        null=True, blank=True
    )  # cm³ a kg; null: by weight only

    def __str__(self) -> str:
        return self.name


class Lane(Mirrored):
    """A service reaches a destination: a country, or one region of it when `region` is filled.

    A row for a region overrules the row for its country. `special_clearance` says that the lane is
    open only to orders with the 专线清关通道 ticked (R-71).
    """

    service = models.ForeignKey(CarrierService, on_delete=models.CASCADE, related_name="lanes")
    country = models.CharField(max_length=2, validators=[country_code])
    region = models.CharField(max_length=80, blank=True, default="")
    transit_days = models.PositiveSmallIntegerField()
    special_clearance = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "country", "region"], name="one_lane_a_service_and_region"
            )
        ]


class Channel(models.TextChoices):
    """The way through customs: 专线清关通道 is the special one (R-71)."""

    STANDARD = "standard", _("Standard")
    SPECIAL = "special", _("Special clearance channel")


@append_only_model()
class RateCard(Tariff):
    """What a service charges to a country from a weight on: base plus a step price for each begun
    step.

    `store` is filled on a negotiated (Cainiao key-account) card and null on the public one (R-60,
    R-61). A card for a region or for the special channel overrules the wider one. A base of null:
    not offered in that span.
    """

    KEY = ("service", "store", "country", "region", "channel", "min_weight_g")

    service = models.ForeignKey(
        CarrierService,
        verbose_name=_("carrier service"),
        on_delete=models.PROTECT,
        related_name="rate_cards",
    )
    store = models.ForeignKey(
        Store,
        verbose_name=_("negotiated by the store (empty: public)"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="rate_cards",
    )
    country = models.CharField(_("destination country"), max_length=2, validators=[country_code])
    region = models.CharField(_("region of the country"), max_length=80, blank=True, default="")
    channel = models.CharField(
        _("channel through customs"),
        max_length=8,
        choices=Channel.choices,
        default=Channel.STANDARD,
    )
    currency = models.CharField(_("currency (ISO 4217)"), max_length=3, validators=[currency_code])
    min_weight_g = models.PositiveIntegerField(_("from this weight on, in grams"), default=0)
    base_minor = models.BigIntegerField(
        _("base price, in the currency's smallest unit"), null=True, blank=True
    )
    step_g = models.PositiveIntegerField(_("step, in grams"))
    step_minor = models.BigIntegerField(_("price of each begun step, in the smallest unit"))
    minimum_minor = models.BigIntegerField(
        _("least that a parcel costs, in the smallest unit"), default=0
    )

    class Meta(Tariff.Meta):
        verbose_name, verbose_name_plural = _("freight rate card"), _("freight rate cards")
        constraints = [
            *Tariff.Meta.constraints,
            models.UniqueConstraint(
                fields=[
                    "service",
                    "store",
                    "country",
                    "region",
                    "channel",
                    "min_weight_g",
                    "valid_from",
                ],
                nulls_distinct=False,
                name="one_rate_card_a_lane_weight_and_day",
            ),
            models.CheckConstraint(
                condition=Q(step_g__gt=0, step_minor__gte=0, minimum_minor__gte=0)
                & (Q(base_minor=None) | Q(base_minor__gte=0)),
                name="a_rate_card_charges",
            ),
        ]

    def __str__(self) -> str:
        whose = self.store or _("public")
        return f"{self.service} {self.country} {self.region} ≥ {self.min_weight_g} g, {whose} ({self.valid_from})"
