"""The simulator's form: what was typed → what is asked."""

from decimal import Decimal

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.models import CarrierService, Category
from pricing.what_if import Changes
from repurchase.batches.services.fee_quotes import QuoteRequest, QuoteRequestLine

LINES = range(1, 4)
DEFAULTS = {
    "country": "DE", "currency": "USD", "amount_1": "1000.00", "freight": "40.00", "weight_g": "4000", "cost": "0",
}  # fmt: skip
CURRENCIES = ("USD", "EUR", "GBP", "CNY", "JPY", "PLN", "CHF", "AUD", "CAD", "KRW", "SGD")
CHANGES = ("commission_rate", "payment_rate", "vat_remittance_rate", "tax_rate")


def percent_field(label: str, **limits) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_digits=7,
        decimal_places=4,
        **({"max_value": Decimal("99.9999")} | limits),
    )


def amount_field(label: str, **options) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_digits=15, **options)


class FeeForm(forms.Form):
    """Percentages are typed as such; amounts as decimals of their currency."""

    country = forms.RegexField(r"^[A-Z]{2}\Z", label=_("Destination"), widget=forms.Select)
    postal_code = forms.CharField(label=_("Postal code"), required=False, max_length=20)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    freight = amount_field(_("Freight charged"))
    service = forms.ChoiceField(label=_("Carrier"), required=False)
    weight_g = forms.IntegerField(label=_("Weight, g"), min_value=1, max_value=10**8)
    volume_cm3 = forms.IntegerField(
        label=_("Volume, cm³"), required=False, min_value=0, max_value=10**9
    )
    prices_include_tax = forms.BooleanField(label=_("Prices include tax"), required=False)
    local_return = forms.BooleanField(label=_("Local return warehouse"), required=False)
    special_clearance = forms.BooleanField(label=_("Special clearance channel"), required=False)
    buyer_tax_number = forms.CharField(label=_("Buyer's tax number"), required=False, max_length=40)
    buyer_tax_number_checked = forms.BooleanField(label=_("The number was checked"), required=False)
    cost = amount_field(_("What the goods cost you"), required=False)
    cost_currency = forms.ChoiceField(label=_("Currency of the cost"), required=False)
    wished_margin = percent_field(_("Wished margin, %"), max_value=Decimal(100))
    commission_rate = percent_field(_("Commission, %"))
    payment_rate = percent_field(_("Payment, %"))
    vat_remittance_rate = percent_field(_("VAT remittance, %"))
    tax_rate = percent_field(_("VAT or GST, %"))
    dollars_per_euro = forms.DecimalField(
        label=_("USD for 1 EUR"),
        required=False,
        min_value=Decimal("0.00000001"),
        max_digits=18,
        decimal_places=8,
    )

    def __init__(self, *args, countries: list[tuple[str, str]], settlement: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        categories = [
            ("", "—"),
            *Category.objects.order_by("code").values_list("code", _name_column()),
        ]
        for n in LINES:
            self.fields[f"category_{n}"] = forms.ChoiceField(
                label=_("Category"), choices=categories, required=n == 1
            )
            self.fields[f"amount_{n}"] = amount_field(_("Amount"), required=n == 1)
            self.fields[f"ear_{n}"] = forms.BooleanField(label=_("EAR"), required=False)
        self.fields["country"].widget.choices = countries
        services = CarrierService.objects.order_by("name").values_list("code", "name")
        self.fields["service"].choices = [("", _("the cheapest")), *services]
        currencies = sorted({settlement, *CURRENCIES}, key=lambda code: (code != settlement, code))
        self.fields["cost_currency"].choices = [(code, code) for code in currencies]
        for field in self.fields.values():
            _style_widget(field.widget)

    @property
    def lines(self) -> list[tuple]:
        return [(self[f"category_{n}"], self[f"amount_{n}"], self[f"ear_{n}"]) for n in LINES]

    def asked(self) -> QuoteRequest:
        """Of a valid form."""
        data = self.cleaned_data
        lines = [
            QuoteRequestLine(
                category=data[f"category_{n}"],
                amount=str(data[f"amount_{n}"] or 0),
                ear_controlled=data[f"ear_{n}"],
            )
            for n in LINES
            if data[f"category_{n}"]
        ]
        dollars = data["dollars_per_euro"]
        changes = {name: _percent_as_share(data[name]) for name in CHANGES}
        return QuoteRequest(
            currency=data["currency"],
            country=data["country"],
            postal_code=data["postal_code"],
            lines=lines,
            freight=str(data["freight"] or 0),
            prices_include_tax=data["prices_include_tax"],
            local_return=data["local_return"],
            special_clearance=data["special_clearance"],
            carrier_service=data["service"],
            weight_g=data["weight_g"],
            volume_cm3=data["volume_cm3"] or 0,
            buyer_tax_number=data["buyer_tax_number"],
            buyer_tax_number_checked=data["buyer_tax_number_checked"],
            cost=str(data["cost"] or 0),
            cost_currency=data["cost_currency"],
            wished_margin=_percent_as_share(data["wished_margin"]),
            changes=Changes(**changes, per_euro={"USD": dollars} if dollars else None),
        )


def _name_column() -> str:
    return "name_zh" if (get_language() or "").startswith("zh") else "name_en"


def _percent_as_share(percentage: Decimal | None) -> Decimal | None:
    return None if percentage is None else percentage / 100


def _style_widget(widget: forms.Widget) -> None:
    if isinstance(widget, forms.CheckboxInput):
        widget.attrs["class"] = "form-check-input"
    elif isinstance(widget, forms.Select):
        widget.attrs["class"] = "form-select"
    else:
        widget.attrs["class"] = "form-control"
        if isinstance(widget, forms.NumberInput):
            widget.attrs["step"] = "any"
