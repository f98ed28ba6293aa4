"""Tenancy and policy are kept here by the platform's staff; mirrored facts can only be looked
at."""

import datetime as dt
from enum import StrEnum
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminDateWidget
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from diagnostics import problem_texts
from diagnostics.problem import Problem
from marketplace import clock, members, policy, tax_numbers
from marketplace.mirror import manual_observations, quarantine
from marketplace.mirror import party_checks as parties
from marketplace.mirror.currencies import is_currency
from marketplace.mirror.observations import RELEASABLE
from marketplace.models import (
    ApiKey,
    Buyer,
    Category,
    Embargo,
    FxRate,
    FxRateSet,
    IndexClose,
    Membership,
    PastOrder,
    PolicyValue,
    ProductionDay,
    ProductionGroup,
    Quarantined,
    QuarantineVerdict,
    Registration,
    ScreenedParty,
    Sku,
    Store,
    User,
)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the product itself may write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    """By the state as it is now, like the column: what a deadline ended is not under "locked" any
    more."""

    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: "StatusAdmin") -> list[tuple[str, Any]]:
        return [
            (state.value, _state_label(model_admin.model, state.value))
            for state in model_admin.states
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(state=self.value()) if self.value() else queryset


class StatusAdmin(ReadOnlyAdmin):
    """Rows of a store whose stored status is only a cache: shown as the store's clock judges them
    (ADR 2)."""

    states: type[StrEnum]
    list_filter = [StateFilter]
    exclude = ["status"]
    readonly_fields = ["state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).at(clock.store_now_expression())

    @admin.display(description=_("state"), ordering="state")
    def state(self, row: Model) -> Any:
        return _state_label(type(row), row.state)


def _state_label(model: type[Model], state: str) -> Any:
    """As the stored status' choices call it."""
    return dict(model._meta.get_field("status").flatchoices).get(state, state)


@admin.register(User)
class AccountAdmin(UserAdmin):
    ordering = ["email"]
    list_display = ["email", "name", "is_staff", "is_active"]
    search_fields = ["email", "name"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        (None, {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Only a superuser gives rights in the administration: nobody gives himself what he
        lacks."""
        return (
            []
            if request.user.is_superuser
            else ["is_staff", "is_superuser", "groups", "user_permissions"]
        )

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _is_no_stronger(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _is_no_stronger(request, obj) and super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """They leave every store first, so that their keys end in its ledger."""
        for member in obj.memberships.select_related("store", "user"):
            members.leave(member, by=request.user)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for user in queryset:
            self.delete_model(request, user)


def _is_no_stronger(request: HttpRequest, obj: User | None) -> bool:
    """Whose password one may set, one can sign in as: of the staff's accounts only a superuser's
    business."""
    return request.user.is_superuser or obj is None or not (obj.is_staff or obj.is_superuser)


class MembershipFormSet(forms.BaseInlineFormSet):
    editor: User

    def clean(self) -> None:
        """A membership is one person's for good: its keys act for them. And nobody lets himself
        into a store."""
        super().clean()
        for form in self.forms:
            if form.instance.pk and "user" in form.changed_data:
                form.add_error("user", _("Remove this member, and add the other one."))
            mine = self.editor.pk in (form.instance.user_id, form.initial.get("user"))
            if mine and form.has_changed() and not self.editor.is_superuser:
                form.add_error("user", _("Somebody else has to change your own membership."))
        if any(form.errors for form in self.forms):
            raise ValidationError(_("Nothing was changed."))


class MembershipInline(admin.TabularInline):
    model = Membership
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["user"]

    def get_formset(self, request: HttpRequest, obj: Store | None = None, **options: Any) -> type:
        return type(
            "Members", (super().get_formset(request, obj, **options),), {"editor": request.user}
        )


@admin.register(Store)
class StoreAdmin(admin.ModelAdmin):
    list_display = ["name", "code", "level", "sandbox", "verified_at"]
    search_fields = ["name", "code"]
    inlines = [MembershipInline]

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset, change: bool
    ) -> None:
        formset.save(commit=False)
        for member in formset.deleted_objects:
            members.leave(member, by=request.user)
        for member, _fields in formset.changed_objects:
            members.change(member, by=request.user)
        for member in formset.new_objects:
            members.join(member, by=request.user)


def _policy_title(name: str) -> str:
    if name not in policy.DEFAULTS:
        return name
    title = gettext(policy.DEFAULTS[name].title)
    return f"{title} · {name}"


def _policy_unit(name: str) -> str:
    return gettext(policy.DEFAULTS[name].unit) if name in policy.DEFAULTS else ""


def _bounds_message(name: str) -> str:
    low, high = policy.bounds_of(name)
    return gettext("A number from {low} to {high}, without more digits than its unit has.").format(
        low=low, high=high
    )


class PolicyForm(forms.ModelForm):
    name = forms.ChoiceField(
        choices=lambda: [
            (name, f"{_policy_title(name)} ({_policy_unit(name)})") for name in policy.DEFAULTS
        ],
        label=_("name of the value"),
    )

    def clean(self):
        """Refuses a value that the code could not read: every later screening would fail on it."""
        cleaned = super().clean()
        if {"name", "value"} <= set(cleaned):
            try:
                policy.parse_policy_value(cleaned["name"], cleaned["value"])
            except (ValueError, ArithmeticError):
                raise ValidationError({"value": _bounds_message(cleaned["name"])}) from None
        return cleaned


@admin.register(PolicyValue)
class PolicyValueAdmin(admin.ModelAdmin):
    """A new value is a new row from an instant on; what was decided under the old one keeps it."""

    form = PolicyForm
    list_display = ["titled", "value", "unit", "valid_from", "reason"]
    list_filter = ["name"]

    @admin.display(description=_("name of the value"), ordering="name")
    def titled(self, row: PolicyValue) -> str:
        return _policy_title(row.name)

    @admin.display(description=_("unit"))
    def unit(self, row: PolicyValue) -> str:
        return _policy_unit(row.name)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["code", "name_zh", "name_en", "crb_exposed", "iso9001_required"]


class CheckedNumberForm(forms.ModelForm):
    """How the number was checked, outside: a number that can't be one is not taken for checked
    (R-64)."""

    tax_number_checked_how = forms.CharField(
        label=_("Checked how"), max_length=60, help_text="VIES, HMRC, …"
    )

    def clean(self):
        cleaned = super().clean()
        if not tax_numbers.is_wellformed(self.instance.tax_number):
            raise ValidationError(
                _("This tax number can't exist: its form or its check digit is wrong.")
            )
        return cleaned


@admin.register(Buyer)
class BuyerAdmin(ReadOnlyAdmin):
    """Mirrored, but for the check of the tax number: who, how and when."""

    form = CheckedNumberForm
    list_display = ["name", "store", "country", "is_certified_business", "certificate_valid_until"]
    list_select_related = ["store"]
    search_fields = ["name", "external_id"]

    def has_change_permission(self, request: HttpRequest, obj: Buyer | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Buyer | None = None) -> list[str]:
        return [
            f.name for f in Buyer._meta.fields if f.name not in ("id", "tax_number_checked_how")
        ]

    def save_model(
        self, request: HttpRequest, obj: Buyer, form: forms.ModelForm, change: bool
    ) -> None:
        parties.check_tax_number(obj, how=obj.tax_number_checked_how, by=f"user:{request.user.pk}")


class SkuForm(forms.ModelForm):
    def clean_production_group(self):
        group = self.cleaned_data["production_group"]
        if group and group.store_id != self.instance.store_id:
            raise ValidationError(_("This production group is another store's."))
        return group


@admin.register(Sku)
class SkuAdmin(ReadOnlyAdmin):
    """All of it is mirrored but the group that makes it, which the seller names."""

    form = SkuForm
    list_display = ["code", "store", "title", "on_hand", "stock_synced_at", "production_group"]
    list_select_related = ["store", "production_group"]
    search_fields = ["code", "title"]
    autocomplete_fields = ["production_group"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [
            field.name for field in Sku._meta.fields if field.name not in ("id", "production_group")
        ]


class ProductionDayInline(admin.TabularInline):
    model = ProductionDay
    extra = 0
    exclude = ["store"]


@admin.register(ProductionGroup)
class ProductionGroupAdmin(admin.ModelAdmin):
    """What a store can make in a day, as the seller says (R-18)."""

    list_display = ["name", "code", "store", "pieces_a_day", "source"]
    list_select_related = ["store"]
    search_fields = ["name", "code"]
    ordering = ["store", "name"]
    inlines = [ProductionDayInline]
    exclude = ["source", "mirrored_at", "assumed"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["store"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: ProductionGroup, form: forms.ModelForm, change: bool
    ) -> None:
        obj.source, obj.mirrored_at, obj.assumed = "admin", clock.now(obj.store), []
        super().save_model(request, obj, form, change)

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset, change: bool
    ) -> None:
        for day in formset.save(commit=False):
            day.store_id = form.instance.store_id
            day.save()
        for day in formset.deleted_objects:
            day.delete()


@admin.register(PastOrder)
class PastOrderAdmin(ReadOnlyAdmin):
    list_display = ["number", "store", "buyer", "status", "completed_at", "rating"]
    list_select_related = ["store", "buyer"]
    search_fields = ["number"]
    show_full_result_count = False


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "store",
        "prefix",
        "principal",
        "created_by",
        "granted_at",
        "last_used_at",
        "revoked_at",
    ]
    list_select_related = ["store", "principal__user", "principal__store", "created_by"]
    exclude = ["digest"]


@admin.register(FxRateSet, Registration)
class MirroredFactAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "source", "mirrored_at"]


class ObservationForm(forms.ModelForm):
    """What staff enter of a day: the value as a decimal, and why."""

    day = forms.DateField(label=_("day"), widget=AdminDateWidget)
    why = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=500, label=_("Why"))

    def clean_day(self) -> dt.date:
        day = self.cleaned_data["day"]
        if day > clock.now().date():
            raise ValidationError(_("This day is yet to come."))
        return day


class RateObservationForm(ObservationForm):
    def clean_currency(self) -> str:
        currency = self.cleaned_data["currency"].strip().upper()
        if not is_currency(currency) or currency == "EUR":
            raise ValidationError(_("No currency of ISO 4217 that has a rate for one euro."))
        return currency


class ObservationAdmin(ReadOnlyAdmin):
    """Observations are looked at, and entered: a new one, or a correction, is a new row beside the
    old."""

    form_of_an_entry: type[ObservationForm] = ObservationForm
    fields_of_an_entry: list[str] = []
    show_full_result_count = False
    said = {
        manual_observations.ENTRY_ACCEPTED: (
            messages.SUCCESS,
            _("It acts from now on; what it replaces stays beside it."),
        ),
        manual_observations.ENTRY_QUARANTINED: (
            messages.WARNING,
            _("It is far from what is expected and waits in quarantine."),
        ),
        manual_observations.ENTRY_UNCHANGED: (
            messages.WARNING,
            _("Nothing is new: it was known, or decided, before."),
        ),
    }

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return super().get_fields(request, obj) if obj else self.fields_of_an_entry

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any
    ):
        return super().get_form(
            request, obj, change, **kwargs | ({} if obj else {"form": self.form_of_an_entry})
        )

    def enter(self, values: dict[str, Any], by: User) -> str:
        raise NotImplementedError

    def save_model(
        self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool
    ) -> None:
        try:
            self.message_user(
                request, *reversed(self.said[self.enter(form.cleaned_data, request.user)])
            )
        except Problem as problem:
            said = problem_texts.describe(problem.code, problem.evidence)
            self.message_user(request, f"{said.title}. {said.cause} {said.fix}", messages.ERROR)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """The ledger has it, with its reason."""

    def response_add(
        self, request: HttpRequest, obj: Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"admin:marketplace_{self.opts.model_name}_changelist"))


@admin.register(FxRate)
class FxRateAdmin(ObservationAdmin):
    list_display = ["currency", "per_euro", "published_on", "version", "source"]
    list_filter = ["currency"]
    list_select_related = ["rate_set"]
    ordering = ["-rate_set__published_on", "-rate_set_id", "currency"]
    form_of_an_entry = RateObservationForm
    fields_of_an_entry = ["day", "currency", "per_euro", "why"]

    @admin.display(description=_("day"))
    def published_on(self, row: FxRate) -> dt.date:
        return row.rate_set.published_on

    @admin.display(description=pgettext_lazy("field", "version"))
    def version(self, row: FxRate) -> int:
        return row.rate_set.version

    @admin.display(description=pgettext_lazy("field", "source"))
    def source(self, row: FxRate) -> str:
        return row.rate_set.source

    def enter(self, values: dict[str, Any], by: User) -> str:
        return manual_observations.enter_rate(
            day=values["day"],
            currency=values["currency"],
            text=f"{values['per_euro']:f}",
            why=values["why"],
            by=by,
        )


@admin.register(IndexClose)
class IndexCloseAdmin(ObservationAdmin):
    list_display = ["series", "value", "closed_on", "version", "source", "mirrored_at"]
    list_filter = ["series"]
    ordering = ["-closed_on", "-pk"]
    fields_of_an_entry = ["series", "source", "day", "value", "why"]

    def enter(self, values: dict[str, Any], by: User) -> str:
        return manual_observations.enter_close(
            series=values["series"],
            source=values["source"],
            day=values["day"],
            text=f"{values['value']:f}",
            why=values["why"],
            by=by,
        )


class QuarantineDecisionForm(forms.ModelForm):
    verdict = forms.ChoiceField(
        choices=[
            ("", "—"),
            *(
                (each.value, each.label)
                for each in (QuarantineVerdict.RELEASED, QuarantineVerdict.DISCARDED)
            ),
        ],
        label=_("Decision"),
    )
    why = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=500, label=_("Why"))

    def clean_verdict(self) -> str:
        verdict = self.cleaned_data["verdict"]
        if verdict == QuarantineVerdict.RELEASED and self.instance.reason not in RELEASABLE:
            raise ValidationError(_("This is no rate that could act. It can only be discarded."))
        return verdict


@admin.register(Quarantined)
class QuarantinedAdmin(admin.ModelAdmin):
    """Rates and closes that do not act until somebody of the staff lets them (reliability 15)."""

    form = QuarantineDecisionForm
    list_display = ["name", "day", "text", "last_good", "reason", "source", "arrived_at", "verdict"]
    list_filter = ["verdict", "reason", "kind"]
    fields = [
        "kind",
        "name",
        "day",
        "text",
        "last_good",
        "reason",
        "source",
        "arrived_at",
        "verdict",
        "why",
    ]
    readonly_fields = ["kind", "name", "day", "text", "last_good", "reason", "source", "arrived_at"]
    ordering = ["verdict", "-arrived_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return (obj is None or not obj.verdict) and super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Quarantined, form: forms.ModelForm, change: bool
    ) -> None:
        quarantine.decide(
            row=obj,
            release=form.cleaned_data["verdict"] == QuarantineVerdict.RELEASED,
            why=form.cleaned_data["why"],
            by=request.user,
        )


@admin.register(Embargo)
class EmbargoAdmin(ReadOnlyAdmin):
    list_display = [
        "country",
        "region",
        "programme",
        "valid_from",
        "valid_until",
        "reference",
        "source",
    ]
    list_filter = ["programme"]


@admin.register(ScreenedParty)
class ScreenedPartyAdmin(ReadOnlyAdmin):
    list_display = ["name", "list_name", "reference", "country", "listed_from", "listed_until"]
    list_filter = ["list_name"]
    search_fields = ["name", "reference"]
