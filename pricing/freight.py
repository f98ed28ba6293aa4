"""What a carrier charges the seller: rate cards, and the negotiated price before the public one. Pure.

Freight charged to the buyer is another thing: it is carried over from the source order and locked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates

SAVING_FROM = Fraction(113, 1000)
SAVING_TO = Fraction(187, 1000)
"""The saving by a negotiated price that the platform announces: 11.3 % to 18.7 %, both included (R-61)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One weight break of a service to a country: `base_minor` at its minimum, `step_minor` a begun step."""

    service_id: int
    negotiated: bool
    currency: str
    min_weight_g: int
    base_minor: int
    step_g: int
    step_minor: int

    def price(self, weight_g: int) -> Money:
        begun_steps = -((self.min_weight_g - weight_g) // self.step_g)
        return Money(self.base_minor + begun_steps * self.step_minor, self.currency)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A service's two prices for a weight; one of them may be missing, never both."""

    service_id: int
    weight_g: int
    negotiated: Money | None
    public: Money | None

    @property
    def cost(self) -> Money:
        """The negotiated (Cainiao key-account) price first (R-60)."""
        price = self.negotiated or self.public
        if price is None:
            raise ValueError("a quote without a price")
        return price

    @property
    def saving(self) -> Fraction | None:
        """Share of the public price that the negotiated one saves; None without two prices to compare."""
        if self.negotiated is None or self.public is None or not self.public.minor:
            return None
        if self.negotiated.currency != self.public.currency:
            return None
        return Fraction(self.public.minor - self.negotiated.minor, self.public.minor)

    @property
    def saving_flagged(self) -> bool:
        return is_flagged(self.saving)


def is_flagged(saving: Fraction | None) -> bool:
    """Outside the announced range: shown to a person, never forced into it (R-61)."""
    return saving is not None and not SAVING_FROM <= saving <= SAVING_TO


def quote(cards: Iterable[Card], *, service_id: int, weight_g: int) -> Quote | None:
    """A service's prices for a weight, from one country's cards; None when no card reaches down to it."""
    fitting = [card for card in cards if card.service_id == service_id and card.min_weight_g <= weight_g]
    if not fitting:
        return None
    return Quote(
        service_id=service_id,
        weight_g=weight_g,
        negotiated=_price([card for card in fitting if card.negotiated], weight_g),
        public=_price([card for card in fitting if not card.negotiated], weight_g),
    )


def cheapest(
    cards: Sequence[Card],
    *,
    service_ids: Iterable[int],
    weight_g: int,
    prefer: int | None,
    rates: Rates,
    currency: str,
    country: str,
) -> Quote:
    """The preferred service (the source order's) if it has a card, else the one that costs least.

    `country` is where `cards` lead; costs are compared in `currency`, exactly; a tie goes to the lower id.
    FREIGHT_UNAVAILABLE when none of the services has a card for the weight.
    """
    of_service = {i: quote(cards, service_id=i, weight_g=weight_g) for i in sorted(set(service_ids))}
    quotes = {i: found for i, found in of_service.items() if found}
    if prefer in quotes:
        return quotes[prefer]
    if not quotes:
        raise Problem(Code.FREIGHT_UNAVAILABLE, country=country, weight_g=weight_g)

    def cost(candidate: Quote) -> Fraction:
        return rates.convert(candidate.cost.minor, candidate.cost.currency, currency)

    return min(quotes.values(), key=cost)


def _price(cards: Sequence[Card], weight_g: int) -> Money | None:
    """By the weight break that the weight has reached: the greatest minimum not above it."""
    return max(cards, key=lambda card: card.min_weight_g).price(weight_g) if cards else None
