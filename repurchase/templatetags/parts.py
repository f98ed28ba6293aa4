"""The reusable parts of every page: money, badges, codes, countdowns, times, markers. A builtin
library."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

from babel import Locale
from babel.numbers import format_decimal
from django import template
from django.conf import settings
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _

from diagnostics import problem_texts as diagnostics_words
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from marketplace.money import Money, minor_unit_digits, round_half_up
from pricing.fees import REASONS
from repurchase.templatetags import buyer_words
from repurchase.templatetags.states import KINDS, SERVICE, SEVERITY, StateBadge
from repurchase.templatetags.words import (
    ACTS,
    ADVICE,
    CHECKS,
    DOCUMENTS,
    DRIFT_FIELDS,
    EVENTS,
    EVIDENCE,
    FACTS,
    FEES,
    FIELDS,
    GATES,
    MARK,
    MONEY,
    PAYMENT_SOURCES,
    PHASE,
    RADAR,
    RADAR_CURES,
    RELEASES,
    RULES,
    SERVICE_SOURCES,
    STAGE,
)

register = template.Library()


def active_locale() -> Locale:
    return Locale.parse(translation.to_locale(translation.get_language() or settings.LANGUAGE_CODE))


def format_digits(amount: Decimal | int, places: int = 0) -> str:
    """A number grouped as the active language groups it, with exactly `places` digits after the
    point."""
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(
        amount, format=pattern, locale=active_locale(), decimal_quantization=False
    )


@register.filter
def amount(value: Money | int, currency: str = "") -> str:
    """“USD 93,120.00”: the ISO code always, never a sign."""
    money = value if isinstance(value, Money) else Money(int(value), currency)
    return f"{money.currency} {format_digits(money.amount, minor_unit_digits(money.currency))}"


@register.simple_tag
def money(value: Money | int | None, currency: str = "") -> str:
    """`{% money total %}` or `{% money order.total_minor order.currency %}`."""
    if value is None:
        return format_html('<span class="money">{}</span>', "—")
    return format_html('<span class="money">{}</span>', amount(value, currency))


@register.filter
def number(value: int | None) -> str:
    return "—" if value is None else format_digits(value)


@register.filter
def share(value: Decimal | str | None) -> str:
    """A share as a percentage with every digit it has: Decimal("0.0035") is “0.35 %”."""
    if value is None or value == "":
        return "—"
    percent = (Decimal(value) * 100).normalize()
    places = max(0, -int(percent.as_tuple().exponent))
    return f"{format_digits(percent, places)} %"


@register.filter
def basis_points(value: int) -> str:
    """1430 is “14.3 %”."""
    return share(Decimal(value) / 10_000)


@register.filter
def normal(value: Decimal | None) -> str:
    """A decimal without the zeros that its column adds: 5.0000 is “5”."""
    return "—" if value is None else f"{value.normalize():f}"


@register.filter
def change_to(then: int, now: int | None) -> str:
    """How far today's amount is from the one paid: “+2.40 %”; nothing where there is none to
    compare with."""
    if not then or now is None:
        return ""
    change = round_half_up(Fraction(now - then, then) * 10_000)
    return f"{'+' if change > 0 else ''}{Decimal(change) / 100:.2f} %"


@register.filter
def masked(email: str) -> str:
    """“b•••@example.com”: enough to recognise an address, too little to copy it."""
    name, _at, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}" if domain else "•••"


@register.filter
def digits_of(currency: str) -> int:
    return minor_unit_digits(currency)


@register.filter
def code_title(name: str) -> str:
    return diagnostics_words.describe(name).title


@register.filter
def for_the_buyer(name: str) -> str:
    """Why a line is not repeated, in the buyer's words."""
    return str(buyer_words.REASONS.get(name, buyer_words.OTHERWISE))


@register.filter
def code_fix(name: str) -> str:
    return diagnostics_words.describe(name).fix


@register.filter
def said_cause(name: str, found_by: dict) -> str:
    return diagnostics_words.describe(name, found_by).cause


@register.filter
def severity_of(name: str) -> str:
    return str(CATALOGUE[Code(name)].severity)


@register.filter
def percent(part: Fraction) -> str:
    """A share to a tenth of a per cent, half up: Fraction(412, 1000) is “41.2 %”."""
    return f"{format_digits(Decimal(round_half_up(part * 1000)) / 10, 1)} %"


@register.simple_tag
def bar(part: Fraction) -> str:
    """A share as a bar; the number beside it says the same in words."""
    wide = Decimal(round_half_up(part * 1000)) / 10
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect fill="#e3e8ed" width="100" height="8"/><rect fill="#1b5fad" width="{}" height="8"/></svg>',
        wide,
    )


@register.simple_tag
def evidence(value: Any) -> str:
    """A value that a finding was decided by: an instant in the platform's zone, the rest as it was
    kept."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return told(str(value))


@register.simple_tag
def evidence_zoned(value: Any) -> str:
    """The same on paper, which has no tooltip: an instant with its zone."""
    text = str(value)
    return (
        zoned(dt.datetime.fromisoformat(text))
        if diagnostics_words.INSTANT_PATTERN.fullmatch(text)
        else evidence(value)
    )


@register.inclusion_tag("parts/icon.html")
def icon(name: str, css: str = "") -> dict:
    return {"name": name, "css": css}


@register.inclusion_tag("parts/badge.html")
def badge(kind: str, value: Any) -> dict:
    """A state in a word, a tone and an icon: `{% badge "batch" batch.status %}`."""
    return {"shown": KINDS[kind][value], "value": value}


@register.simple_tag
def label(kind: str, value: Any) -> str:
    shown: StateBadge = KINDS[kind][value]
    return str(shown.label)


WORDS = {
    "drift": DRIFT_FIELDS,
    "money": MONEY,
    "fee": FEES,
    "gate": GATES,
    "fact": FACTS,
    "event": EVENTS,
    "evidence": EVIDENCE,
    "mark": MARK,
    "phase": PHASE,
    "radar": RADAR,
    "radar_cure": RADAR_CURES,
    "stage": STAGE,
    "service": {state: shown.label for state, shown in SERVICE.items()},
    "service_source": SERVICE_SOURCES,
    "reason": REASONS,
    "rule": RULES,
    "advice": ADVICE,
    "check": CHECKS,
    "payment_source": PAYMENT_SOURCES,
    "release": RELEASES,
    "document": DOCUMENTS,
    "act": ACTS,
}


@register.filter
def said(name: str, kind: str) -> str:
    """A name of the core in words: `{{ fee.kind|said:"fee" }}`; one without words stays as it
    is."""
    word = WORDS[kind].get(name, name)
    return _(word) if kind in ("reason", "document") and word else str(word)


@register.filter
def said_field(name: str) -> str:
    """A document's field in words: “credits 2026-08” keeps its month, “hs 2” its item."""
    first, _space, rest = name.partition(" ")
    return f"{FIELDS.get(first, first)} {rest}".strip()


@register.inclusion_tag("parts/code.html")
def code(name: str, evidence: dict | None = None, opened: bool = False) -> dict:
    """A code with its title; cause and fix open beneath it, and a link to the code's page."""
    return _code_context(name, evidence) | {"open": opened}


@register.inclusion_tag("parts/code_tag.html")
def code_tag(name: str, orders: int | None = None) -> dict:
    """A code in one line, for dense tables: its title, linked to its page, the cause as tooltip."""
    return _code_context(name, None) | {"orders": orders}


@register.filter
def fixer(name: str) -> str:
    """Who can cure a code: `{% badge "fixer" gate.code|fixer %}`."""
    return str(CATALOGUE[Code(name)].fixer)


def _code_context(name: str, evidence: dict | None) -> dict:
    entry = CATALOGUE[Code(name)]
    return {
        "words": diagnostics_words.describe(name, evidence),
        "shown": SEVERITY[entry.severity],
        "with_evidence": evidence is not None,
    }


@register.inclusion_tag("parts/countdown.html")
def countdown(seconds: float | None, ends_at: dt.datetime | None = None) -> dict:
    """Counts down from the server's seconds, never from the browser's clock; without script it
    stands still."""
    left = max(0, int(seconds or 0))
    return {"seconds": left, "text": span_text(left), "ends_at": ends_at}


@register.filter
def span_text(seconds: float | None) -> str:
    """“71:59:08”: hours, minutes, seconds. The same in static/js/countdown.js."""
    left = max(0, int(seconds or 0))
    return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"


@register.filter
def about(seconds: float | None) -> str:
    """Seconds in a word that needs no counting: for time left and age."""
    if seconds is None:
        return "—"
    left = max(0, int(seconds))
    if left < 90:
        return _("%(count)s s") % {"count": left}
    if left < 5400:
        return _("%(count)s min") % {"count": round(left / 60)}
    if left < 172_800:
        return _("%(count)s h") % {"count": round(left / 3600)}
    return _("%(count)s days") % {"count": round(left / 86_400)}


@register.simple_tag
def moved(value: Money) -> str:
    """A difference with its sign always: “+ USD 1.20”, “− USD 0.05”."""
    sign = "−" if value.minor < 0 else "+"
    return format_html(
        '<span class="money">{} {}</span>', sign, amount(Money(abs(value.minor), value.currency))
    )


@register.simple_tag
def moment(at: dt.datetime | dt.date | None, show_zone: bool = False) -> str:
    """A time in the platform's zone, its zone in the title (and beside it where `show_zone`)."""
    if at is None:
        return format_html('<span class="text-secondary">{}</span>', "—")
    if not isinstance(at, dt.datetime):
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), at.isoformat())
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{} {} · {}">{}</time>',
        at.astimezone(dt.UTC).isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S}",
        _zone_label(local),
        timezone.get_current_timezone_name(),
        zoned(at) if show_zone else f"{local:%Y-%m-%d %H:%M}",
    )


@register.simple_tag
def told(value: str) -> str:
    """A value or limit of a rule: an instant in the platform's zone, a word in words, anything
    else as it is."""
    if diagnostics_words.INSTANT_PATTERN.fullmatch(value):
        return moment(dt.datetime.fromisoformat(value))
    return said(value, "fact")


@register.filter
def plain(value: Decimal) -> str:
    """A rate or close without the zeros that only its column has: “7.1”, “300”."""
    return f"{value.normalize():f}"


@register.filter
def with_sign(number: str) -> str:
    """“+1.5”, “−2”: a change is never without its sign."""
    return f"−{number[1:]}" if number.startswith("-") else f"+{number}"


@register.filter
def brief(value: Decimal) -> str:
    """A rate or close to be read, to four digits after the point: “7.0909”, “300”."""
    return plain(round(value, 4))


@register.filter
def zoned(at: dt.datetime) -> str:
    """“2026-11-26 16:00 (UTC+08:00)”: for readers in any zone."""
    return diagnostics_words.format_instant(at)


def _zone_label(local: dt.datetime) -> str:
    offset = f"{local:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


@register.inclusion_tag("parts/assumed.html")
def assumed(row: Any, *fields: str) -> dict:
    """Marks a value that an import assumed instead of reading it; nothing for one that was read."""
    return {"marked": bool(set(fields or row.assumed) & set(row.assumed)), "source": row.source}


@register.inclusion_tag("parts/simulated.html")
def simulated(row: Any) -> dict:
    return {"marked": row.is_simulated}


@register.simple_tag
def drifted(value: str | None, unit: str) -> str:
    """A value of a drift sheet, as its unit is read."""
    if value is None:
        return "—"
    if unit == "share":
        return share(value)
    if unit == "pieces":
        return number(int(value))
    if unit == "days":
        return _("%(count)s days") % {"count": value}
    if unit == "reached":
        return str(FACTS[value])
    return f"{unit} {value}" if len(unit) == 3 and unit.isupper() else value


@register.simple_tag(takes_context=True)
def here(context: dict, **changes: Any) -> str:
    """The page's own query string with some values changed; an empty value drops its name."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in ("", None):
            query[name] = str(value)
    return f"?{query.urlencode()}"
