"""Tenancy and policy are kept here by the platform's staff; mirrored facts can only be looked at."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace import policy, tax_numbers
from marketplace.mirror import checks as parties
from marketplace.models import (
    ApiKey,
    Buyer,
    Category,
    Embargo,
    FxRateSet,
    IndexClose,
    Membership,
    PastOrder,
    PolicyValue,
    Registration,
    ScreenedParty,
    Sku,
    Store,
    User,
)


class LookOnly(admin.ModelAdmin):
    """Rows that only the product itself may write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class Users(UserAdmin):
    ordering = ["email"]
    list_display = ["email", "name", "is_staff", "is_active"]
    search_fields = ["email", "name"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        (None, {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "password1", "password2"]})]


class Members(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Store)
class Stores(admin.ModelAdmin):
    list_display = ["name", "code", "level", "sandbox", "verified_at"]
    search_fields = ["name", "code"]
    inlines = [Members]


class PolicyForm(forms.ModelForm):
    name = forms.ChoiceField(choices=[(name, f"{name} ({d.unit})") for name, d in policy.DEFAULTS.items()])

    def clean(self):
        """Refuses a value that the code could not read: every later screening would fail on it."""
        cleaned = super().clean()
        if {"name", "value"} <= set(cleaned):
            try:
                policy.typed(cleaned["name"], cleaned["value"])
            except (ValueError, ArithmeticError):
                raise ValidationError({"value": _("Not a number.")}) from None
        return cleaned


@admin.register(PolicyValue)
class PolicyValues(admin.ModelAdmin):
    """A new value is a new row from an instant on; what was decided under the old one keeps it."""

    form = PolicyForm
    list_display = ["name", "value", "valid_from", "reason"]
    list_filter = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Category)
class Categories(admin.ModelAdmin):
    list_display = ["code", "name_zh", "name_en", "crb_exposed", "iso9001_required"]


class CheckedNumberForm(forms.ModelForm):
    """How the number was checked, outside: a number that can't be one is not taken for checked (R-64)."""

    tax_number_checked_how = forms.CharField(label=_("Checked how"), max_length=60, help_text="VIES, HMRC, …")

    def clean(self):
        cleaned = super().clean()
        if not tax_numbers.is_wellformed(self.instance.tax_number):
            raise ValidationError(_("This tax number can't exist: its form or its check digit is wrong."))
        return cleaned


@admin.register(Buyer)
class Buyers(LookOnly):
    """Mirrored, but for the check of the tax number: who, how and when."""

    form = CheckedNumberForm
    list_display = ["name", "store", "country", "is_certified_business", "certificate_valid_until"]
    list_select_related = ["store"]
    search_fields = ["name", "external_id"]

    def has_change_permission(self, request: HttpRequest, obj: Buyer | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Buyer | None = None) -> list[str]:
        return [f.name for f in Buyer._meta.fields if f.name not in ("id", "tax_number_checked_how")]

    def save_model(self, request: HttpRequest, obj: Buyer, form: forms.ModelForm, change: bool) -> None:
        parties.check_tax_number(obj, how=obj.tax_number_checked_how, by=f"user:{request.user.pk}")


@admin.register(Sku)
class Skus(LookOnly):
    list_display = ["code", "store", "title", "on_hand", "stock_synced_at"]
    list_select_related = ["store"]
    search_fields = ["code", "title"]


@admin.register(PastOrder)
class PastOrders(LookOnly):
    list_display = ["number", "store", "buyer", "status", "completed_at", "rating"]
    list_select_related = ["store", "buyer"]
    search_fields = ["number"]
    show_full_result_count = False


@admin.register(ApiKey)
class ApiKeys(LookOnly):
    list_display = ["name", "store", "prefix", "last_used_at", "revoked_at"]
    list_select_related = ["store"]
    exclude = ["digest"]


@admin.register(FxRateSet, IndexClose, Registration)
class Facts(LookOnly):
    list_display = ["__str__", "source", "mirrored_at"]


@admin.register(Embargo)
class Embargoes(LookOnly):
    list_display = ["country", "region", "programme", "valid_from", "valid_until", "reference", "source"]
    list_filter = ["programme"]


@admin.register(ScreenedParty)
class ScreenedParties(LookOnly):
    list_display = ["name", "list_name", "reference", "country", "listed_from", "listed_until"]
    list_filter = ["list_name"]
    search_fields = ["name", "reference"]
