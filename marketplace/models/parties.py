"""Buyers with their certificates, and the registrations that a destination demands of a store."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from diagnostics.append_only import append_only_model
from marketplace.models.accounts import Store, country_code
from marketplace.models.base import Mirrored


class Buyer(Mirrored):
    """A business buyer of one store, with the delivery address its orders are sent to by
    default."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="buyers")
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    email = models.EmailField()
    language = models.CharField(max_length=10, default="en")
    is_certified_business = models.BooleanField(default=False)
    certificate_valid_until = models.DateField(null=True, blank=True)  # its last valid day
    tax_number = models.CharField(max_length=40, blank=True)
    tax_number_checked_at = models.DateTimeField(null=True, blank=True)
    tax_number_checked_how = models.CharField(
        max_length=60, blank=True
    )  # e.g. "VIES", "HMRC"
    tax_number_checked_by = models.CharField(max_length=80, blank=True, default="")
    country = models.CharField(max_length=2, validators=[country_code])
    region = models.CharField(max_length=80, blank=True)
    city = models.CharField(max_length=80, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "external_id"], name="one_buyer_a_store_and_external_id"
            ),
            models.CheckConstraint(
                condition=Q(tax_number_checked_by="") | Q(tax_number_checked_at__isnull=False),
                name="a_checked_tax_number_says_when",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@append_only_model()
class PaymentTerms(models.Model):
    """How a store lets a buyer pay, from an instant on: before the release, or on open account
    (R-91).

    No row: before the release. Rows are never edited; another one follows.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="payment_terms")
    open_account = models.BooleanField()
    valid_from = models.DateTimeField()
    reason = models.CharField(max_length=300)
    set_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["buyer", "valid_from"], name="one_terms_a_buyer_and_instant"
            )
        ]

    def __str__(self) -> str:
        return f"{self.buyer_id} {self.valid_from:%Y-%m-%d}"


class Scheme(models.TextChoices):
    """What a destination may demand: producer responsibility, food and drug, tax (R-12, R-82 to
    R-84)."""

    EPR = "EPR", _("EU extended producer responsibility")
    FDA = "FDA", _("US FDA establishment registration")
    VAT = "VAT", _("VAT or GST registration")


class Registration(Mirrored):
    """A number that the store holds under a scheme for a jurisdiction (a country, or EU for the
    bloc)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="registrations")
    scheme = models.CharField(max_length=8, choices=Scheme.choices)
    jurisdiction = models.CharField(max_length=2)
    number = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)  # last valid day

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "scheme", "jurisdiction", "number"],
                name="one_registration_a_number",
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.jurisdiction} {self.number}"


@append_only_model()
class RegistrationRequirement(models.Model):
    """A destination demands a scheme, for every category or for one (R-12)."""

    scheme = models.CharField(max_length=8, choices=Scheme.choices)
    country = models.CharField(max_length=2, validators=[country_code])
    jurisdiction = models.CharField(max_length=2)  # whose number satisfies it
    category = models.ForeignKey(
        "marketplace.Category", null=True, blank=True, on_delete=models.PROTECT
    )
    valid_from = models.DateField()
    reference = models.CharField(max_length=120)  # the law that demands it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "country", "category"],
                nulls_distinct=False,
                name="one_requirement_a_scheme_country_category",
            )
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.scheme}"
