"""What the rows of the administration are called, in both languages (B-6).

Here and not in each model: names are words of the site's frame, and no migration follows from a
word.
"""

from collections.abc import Mapping

from django.apps import apps
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_noop, pgettext_lazy

from repurchase.site.admin_field_labels import FIELDS, VALUES

DJANGO_LABELS = (
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
)
"""What Django's own Chinese catalogue leaves in English, for screen readers of the index; ours
comes first."""

MODELS: Mapping[str, tuple[Promise, Promise]] = {
    "diagnostics.LedgerEntry": (
        pgettext_lazy("model", "ledger entry"),
        pgettext_lazy("model", "ledger entries"),
    ),
    "marketplace.ApiKey": (pgettext_lazy("model", "API key"), pgettext_lazy("model", "API keys")),
    "marketplace.Buyer": (pgettext_lazy("model", "buyer"), pgettext_lazy("model", "buyers")),
    "marketplace.Category": (
        pgettext_lazy("model", "category"),
        pgettext_lazy("model", "categories"),
    ),
    "marketplace.CommissionRate": (
        pgettext_lazy("model", "commission rate"),
        pgettext_lazy("model", "commission rates"),
    ),
    "marketplace.Embargo": (pgettext_lazy("model", "embargo"), pgettext_lazy("model", "embargoes")),
    "marketplace.FxRate": (
        pgettext_lazy("model", "exchange rate"),
        pgettext_lazy("model", "exchange rates"),
    ),
    "marketplace.FxRateSet": (
        pgettext_lazy("model", "set of exchange rates"),
        pgettext_lazy("model", "sets of exchange rates"),
    ),
    "marketplace.IndexClose": (
        pgettext_lazy("model", "index close"),
        pgettext_lazy("model", "index closes"),
    ),
    "marketplace.Membership": (pgettext_lazy("model", "member"), pgettext_lazy("model", "members")),
    "marketplace.PastOrder": (
        pgettext_lazy("model", "past order"),
        pgettext_lazy("model", "past orders"),
    ),
    "marketplace.PolicyValue": (
        pgettext_lazy("model", "policy value"),
        pgettext_lazy("model", "policy values"),
    ),
    "marketplace.ProductionDay": (
        pgettext_lazy("model", "day of production"),
        pgettext_lazy("model", "days of production"),
    ),
    "marketplace.ProductionGroup": (
        pgettext_lazy("model", "production group"),
        pgettext_lazy("model", "production groups"),
    ),
    "marketplace.RateCard": (
        pgettext_lazy("model", "rate card"),
        pgettext_lazy("model", "rate cards"),
    ),
    "marketplace.Registration": (
        pgettext_lazy("model", "registration"),
        pgettext_lazy("model", "registrations"),
    ),
    "marketplace.ScreenedParty": (
        pgettext_lazy("model", "screened party"),
        pgettext_lazy("model", "screened parties"),
    ),
    "marketplace.Sku": (pgettext_lazy("model", "SKU"), pgettext_lazy("model", "SKUs")),
    "marketplace.Store": (pgettext_lazy("model", "store"), pgettext_lazy("model", "stores")),
    "marketplace.TaxRate": (
        pgettext_lazy("model", "tax rate"),
        pgettext_lazy("model", "tax rates"),
    ),
    "marketplace.User": (pgettext_lazy("model", "user"), pgettext_lazy("model", "users")),
    "pricing.Act": (pgettext_lazy("model", "buyer's act"), pgettext_lazy("model", "buyers' acts")),
    "pricing.Lock": (pgettext_lazy("model", "price lock"), pgettext_lazy("model", "price locks")),
    "pricing.SealedAgreement": (
        pgettext_lazy("model", "sealed agreement"),
        pgettext_lazy("model", "sealed agreements"),
    ),
    "pricing.Sealing": (pgettext_lazy("model", "sealing"), pgettext_lazy("model", "sealings")),
    "repurchase.Batch": (pgettext_lazy("model", "batch"), pgettext_lazy("model", "batches")),
    "repurchase.BatchEdit": (
        pgettext_lazy("model", "edit of a batch"),
        pgettext_lazy("model", "edits of batches"),
    ),
    "repurchase.RepeatOrder": (
        pgettext_lazy("model", "repeat order"),
        pgettext_lazy("model", "repeat orders"),
    ),
    "marketplace.Quarantined": (
        pgettext_lazy("model", "quarantined observation"),
        pgettext_lazy("model", "quarantined observations"),
    ),
    "repurchase.ErpConnection": (
        pgettext_lazy("model", "ERP connection"),
        pgettext_lazy("model", "ERP connections"),
    ),
    "repurchase.ErpProduct": (pgettext_lazy("model", "ERP"), pgettext_lazy("model", "ERPs")),
    "repurchase.ErpResponse": (
        pgettext_lazy("model", "ERP's answer"),
        pgettext_lazy("model", "ERPs' answers"),
    ),
    "repurchase.Payment": (pgettext_lazy("model", "payment"), pgettext_lazy("model", "payments")),
    "repurchase.Proforma": (
        pgettext_lazy("model", "proforma invoice"),
        pgettext_lazy("model", "proforma invoices"),
    ),
    "repurchase.Release": (pgettext_lazy("model", "release"), pgettext_lazy("model", "releases")),
}
"""One of them and several."""


def name_models() -> None:
    for label, (one, several) in MODELS.items():
        model = apps.get_model(label)
        model._meta.verbose_name, model._meta.verbose_name_plural = one, several
        _name_fields(model)
        for relation in model._meta.related_objects:  # what an inline shows
            _name_fields(relation.related_model)


def _name_fields(model: type[Model]) -> None:
    """A name of its own, in the model, stays; so does a word of its own for a value."""
    for field in model._meta.fields:
        if field.verbose_name == field.name.replace("_", " "):
            field.verbose_name = FIELDS.get(field.name, field.verbose_name)
        if field.choices:
            field.choices = [
                (value, VALUES.get(str(word), word)) for value, word in field.flatchoices
            ]
