"""Documents that both parties read: each text stands in Chinese and in English beside it."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.money import Money, minor_unit_digits
from pricing.agreements import AgreementKind, AgreementRole, IdentificationMethod

register = template.Library()

TITLES = {
    AgreementKind.CONFIRMATION: _("Confirmation of repeat orders at locked prices"),
    AgreementKind.RENEGOTIATION: _("Agreement on changed prices of repeat orders"),
}
ROLES = {AgreementRole.SELLER: _("Seller"), AgreementRole.BUYER: _("Buyer")}
ACTS = {
    "offer": _("offered these prices and locked them"),
    "confirm": _("confirmed by tick and press"),
    "sign": _("signed by one-time code and typed name"),
    "sign_password": _("signed by account password and typed name"),
}
HOW = {
    IdentificationMethod.PLATFORM: _("store verified by the platform on {value}"),
    IdentificationMethod.QUALIFIED: _(
        "company documents reviewed by the platform, open since {value}"
    ),
    IdentificationMethod.ACCOUNT: _("acted while signed in as {value}"),
    IdentificationMethod.LINK: _("acted through the personal link sent to {value}"),
    IdentificationMethod.CERTIFICATE: _("certified business buyer until {value}"),
    IdentificationMethod.TAX_NUMBER: _("tax number {value}"),
}
RULES = {
    "keep": _("the locked prices are kept"),
    "uniform": _(
        "the locked price of every line changes by {percent} %, rounded half up to the smallest unit"
    ),
    "per_sku": _(
        "prices a piece by SKU, as listed below; each line is rounded half up to the smallest unit"
    ),
}
WORDS: dict[str, dict[Any, Any]] = {"title": TITLES, "role": ROLES, "act": ACTS}


@register.simple_tag
def both(text: str, **values: Any) -> str:
    """`{% both _("Sealed on {day}") day=day %}`. The template is rendered in English, so `text` is
    the message id."""
    with translation.override("zh-hans"):
        chinese = gettext(str(text)).format_map(values)
    return format_html(
        '<span lang="zh-Hans">{}</span> <span lang="en">{}</span>',
        chinese,
        str(text).format_map(values),
    )


@register.simple_tag
def both_of(kind: str, value: Any) -> str:
    return both(str(WORDS[kind][value]))


@register.simple_tag
def both_rule(changed: Any) -> str:
    """How the prices were changed, in words."""
    return both(str(RULES[changed.rule]), percent=changed.percent)


@register.simple_tag
def both_how(identified: Any) -> str:
    return both(str(HOW[identified.how]), value=identified.value)


@register.filter
def plain(minor: int, currency: str) -> str:
    """ "93,120.00": beside its currency, in a column."""
    return f"{Money(minor, currency).amount:,.{minor_unit_digits(currency)}f}"


@register.simple_tag
def change(then: int, now: int) -> str:
    """“+2.40 %”, to the hundredth; nothing where there was no price before."""
    return f"{Decimal(now - then) * 100 / then:+.2f} %" if then else "—"
