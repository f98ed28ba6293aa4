"""A fee quote between the API's words and the service's."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace.money import Money, round_half_up
from pricing.what_if import Changes
from repurchase.batches.services.fee_quotes import FeeQuote, QuoteRequest, QuoteRequestLine


def quote_request_from(sent: Mapping[str, Any]) -> QuoteRequest:
    lines = [QuoteRequestLine(**line) for line in sent["lines"]]
    return QuoteRequest(**{**sent, "lines": lines, "changes": Changes(**sent.get("changes", {}))})


def fee_quote_payload(quote: FeeQuote) -> dict[str, Any]:
    outcome, currency = quote.outcome, quote.asked.currency
    priced, offer = outcome.offer.priced, outcome.offer

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, currency)

    return {
        "day": quote.day,
        "rates": quote.rates,
        "service": quote.service,
        "tax_treatment": {
            "category": offer.treatment.category,
            "rate": f"{offer.treatment.rate:f}",
            "code": offer.treatment.code,
        },
        "destination": {
            "country": offer.destination.country,
            "place": offer.destination.place,
            "name": offer.destination.name,
            "source": offer.destination.source,
        },
        "goods": money(priced.goods_minor),
        "freight": money(priced.freight_minor),
        "tax": money(priced.tax_minor),
        "total": money(priced.total_minor),
        "fees": quote.fees,
        "all_fees": money(priced.fees_minor),
        "cost": quote.cost,
        "profit": money(outcome.profit_minor),
        "margin": format_share(outcome.margin),
        "price_for_wished_margin": money(outcome.price_minor),
        "break_even_rate": _break_even_payload(quote),
    }


def format_share(share: Fraction | None) -> str | None:
    """Six digits: "0.482091"."""
    return None if share is None else f"{Decimal(round_half_up(share * 10**6)).scaleb(-6):f}"


def _break_even_payload(quote: FeeQuote) -> dict[str, str] | None:
    rate = quote.outcome.break_even_rate
    if rate is None:
        return None
    return {"base": quote.asked.currency, "quote": quote.cost.currency, "rate": f"{rate:f}"}
