"""What each figure is called, how it is counted, and what the platform says of all its stores."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.money import round_half_up
from repurchase.reporting.kpis import MIN_SAMPLE_SIZE, FigureUnit, KeyFigure
from repurchase.templatetags.parts import format_digits, percent

register = template.Library()


@dataclass(frozen=True, slots=True)
class FigureTexts:
    title: str | Promise
    formula: str | Promise
    sample: str | Promise
    platform: str | Promise = ""


DEFINITIONS: Mapping[str, FigureTexts] = {
    "cycle": FigureTexts(
        _("Repeat order: made to confirmed"),
        _(
            "Median time from making the batch to the buyer's confirmation. An ordinary order has no "
            "such step: it is confirmed by being paid."
        ),
        _("repeat orders that were confirmed"),
    ),
    "cycle_paid": FigureTexts(
        _("Repeat order: made to paid"),
        _(
            "Median time from making the batch to the receipt of the payment that settled the order. "
            "Orders on open account are not in it: they are paid after the delivery."
        ),
        _("repeat orders that were paid"),
        _("The platform names an average of 2.8 days."),
    ),
    "ordinary_cycle": FigureTexts(
        _("Ordinary order: made to paid"),
        _(
            "Median time from the order to its payment, of orders that were placed in the ordinary way."
        ),
        _("ordinary orders that were paid, the newest 10,000"),
        _("The platform names an average of 7.3 days."),
    ),
    "cycle_shorter": FigureTexts(
        _("Shorter cycle"),
        _("1 − made to paid of a repeat order ÷ made to paid of an ordinary order."),
        _("orders in the smaller of the two samples"),
        _("The platform names 62 %."),
    ),
    "accuracy": FigureTexts(
        _("Fulfilment accuracy"),
        _(
            "Repeat orders completed within the promised days, counted from the confirmation, of all "
            "whose completion or promised day falls into this time. An order that is overdue or was "
            "never completed counts against it; one that waits for its payment does not count."
        ),
        _("repeat orders that were completed or fell due"),
        _("The platform names 99.17 %."),
    ),
    "steps_saved": FigureTexts(
        _("Steps saved"),
        _(
            "1 − acts of members and keys on the batches ÷ steps by hand. By hand: 3 an order, 2 a line, 1 for each filled field of the address and for the tax number."
        ),
        _("repeat orders that were confirmed"),
        _("The platform names 87 %."),
    ),
    "entries_carried": FigureTexts(
        _("Entries that nobody typed"),
        _(
            "Entries of address, tax number and HS code that stand as in the source order, of all such "
            "entries in confirmed orders. A tax number or HS code counts where the source order's was "
            "kept. What is not typed can't be mistyped."
        ),
        _("entries in repeat orders that were confirmed"),
        _("The platform names 92 percent of entry errors avoided."),
    ),
    "by_renegotiation": FigureTexts(
        _("Failures by renegotiation"),
        _(
            "Failures of orders whose price lock was under renegotiation when it ended, of all failures."
        ),
        _("failures of every cause"),
    ),
}


@register.filter
def shown(figure: KeyFigure) -> str:
    if figure.value is None:
        return ""
    if figure.unit is FigureUnit.SHARE:
        return percent(figure.value)
    return str(
        _("%(count)s days")
        % {"count": format_digits(Decimal(round_half_up(figure.value * 10)) / 10, 1)}
    )


@register.simple_tag
def enough() -> int:
    return MIN_SAMPLE_SIZE
