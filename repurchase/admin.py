"""Batches and orders to look at; and tariffs, whose every edit is a new version that says which
plans it touches."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.admin import PolicyValueAdmin, ReadOnlyAdmin, StatusAdmin
from marketplace.calendar import platform_day
from marketplace.mirror import tariffs
from marketplace.models import CommissionRate, PolicyValue, RateCard, Tariff, TaxRate
from repurchase.batches.queries import plans_by_tariff
from repurchase.batches.queries.tax_coverage import TaxCoverageState, tax_states
from repurchase.models import (
    Batch,
    BatchEdit,
    ErpConnection,
    ErpProduct,
    ErpResponse,
    Payment,
    Proforma,
    Release,
    RepeatOrder,
)
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


@admin.register(Batch)
class BatchAdmin(StatusAdmin):
    states = BatchStatus
    list_display = ["ref", "store", "buyer", "state", "asked", "created_at"]
    list_select_related = ["store", "buyer"]
    search_fields = ["ref"]


@admin.register(RepeatOrder)
class RepeatOrderAdmin(StatusAdmin):
    states = OrderStatus
    list_display = ["ref", "store", "state", "currency", "total_minor"]
    list_select_related = ["store"]
    search_fields = ["ref"]
    show_full_result_count = False


@admin.register(BatchEdit)
class BatchEditAdmin(ReadOnlyAdmin):
    list_display = ["batch", "version", "lines", "orders", "applied_at", "applied_by", "undone_at"]
    list_select_related = ["batch"]
    search_fields = ["batch__ref"]


@admin.register(ErpProduct)
class ErpProductAdmin(admin.ModelAdmin):
    """ERPs that stores may connect: another one is another row (R-78, R-79)."""

    list_display = ["name", "code", "minimum_version", "active"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: ErpProduct | None = None
    ) -> tuple[str, ...]:
        """What clients send stays what it was."""
        return ("code",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Payment, Proforma, ErpConnection, Release, ErpResponse)
class FulfilmentAdmin(ReadOnlyAdmin):
    pass


class VersionedAdmin(admin.ModelAdmin):
    """Saving a row leaves it as it is and begins a new version. Shows the open plans that one
    would touch."""

    change_form_template = "admin/new_version.html"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id=None, form_url="", extra_context=None
    ) -> HttpResponse:
        version = self.get_object(request, object_id) if object_id else None
        touched = plans_by_tariff.affected_plans(version) if version else []
        return super().changeform_view(
            request, object_id, form_url, (extra_context or {}) | {"touched": touched}
        )


class VersionForm(forms.ModelForm):
    """Begins as the version that is edited, but for its day and its source: those are the new
    one's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "source" in self.fields:  # not for who may only look
            self.fields["source"].label = _("contract, law or table that it is taken from")
        if self.instance.pk:
            self.initial |= {"valid_from": _tomorrow(), "source": ""}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        version = self.instance
        key = {name: cleaned.get(name, getattr(version, name, None)) for name in version.KEY}
        day = cleaned.get("valid_from")
        if day and day < _tomorrow() and not _is_first_tax_rate(type(version), key):
            # What was decided is never decided anew, and the plans of a day stay on one set of
            # tariffs.
            raise ValidationError({"valid_from": _("A version begins tomorrow at the earliest.")})
        if (
            before := day
            and type(version)
            .objects.filter(**key, valid_from__lte=day)
            .order_by("valid_from")
            .last()
        ):
            _require_no_gap(before, day)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """The row itself is not changed, so it can't be in its own way."""
        return super()._get_validation_exclusions() | {"valid_from"}


def _is_first_tax_rate(model: type[Tariff], key: dict[str, Any]) -> bool:
    """A place's first tax: nothing was decided by it so far, so it may hold since the day that its
    source names."""
    return model is TaxRate and not TaxRate.objects.filter(**key).exists()


def _tomorrow() -> dt.date:
    return platform_day(clock.now()) + dt.timedelta(days=1)


def _require_no_gap(before: Tariff, day: dt.date) -> None:
    """One version a day; and after an ended tariff no gap, which the database would refuse."""
    if before.valid_from == day:
        raise ValidationError({"valid_from": _("A version begins on that day already.")})
    if before.valid_until and before.valid_until < day:
        raise ValidationError(
            {"valid_from": _("Begin on the day on which the version before ends, or earlier.")}
        )


@admin.register(CommissionRate, RateCard)
class TariffAdmin(VersionedAdmin):
    form = VersionForm
    list_display = ["__str__", "valid_from", "valid_until", "source"]
    ordering = ["-valid_from"]
    exclude = ["valid_until", "mirrored_at", "assumed"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Tariff | None = None
    ) -> tuple[str, ...]:
        return obj.KEY if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Tariff, form: forms.ModelForm, change: bool
    ) -> None:
        obj.pk, obj._state.adding = None, True
        obj.valid_until, obj.mirrored_at, obj.assumed = None, clock.now(), []
        tariffs.begin(obj)


@admin.register(TaxRate)
class TaxRateAdmin(TariffAdmin):
    """With the table of all destinations: whose tax is known, and whose has to be entered
    (R-64)."""

    change_list_template = "admin/tax_rates.html"

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "states/", self.admin_site.admin_view(self.states), name="marketplace_taxrate_states"
        )
        return [own, *super().get_urls()]

    def states(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = tax_states(platform_day(clock.now()))
        context = self.admin_site.each_context(request) | {
            "title": _("Taxes by destination"),
            "rows": rows,
            "opts": self.opts,
            "may_add": self.has_add_permission(request),
            "unknown": sum(row.state == TaxCoverageState.UNKNOWN for row in rows),
        }
        return TemplateResponse(request, "admin/tax_states.html", context)


admin.site.unregister(PolicyValue)


@admin.register(PolicyValue)
class PolicyVersionAdmin(VersionedAdmin, PolicyValueAdmin):
    """A ⚙ value holds from an instant until the next one: neither gap nor overlap can be written
    down."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: PolicyValue | None = None
    ) -> tuple[str, ...]:
        return ("name",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: PolicyValue, form: forms.ModelForm, change: bool
    ) -> None:
        obj.pk, obj._state.adding = None, True
        super().save_model(request, obj, form, change=False)
