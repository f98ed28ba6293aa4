"""What a carrier charges the seller: rate cards, and the negotiated price before the public one. Pure.

Freight charged to the buyer is another thing: it is carried over from the source order and locked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates, half_up_ratio

SAVING_FROM, SAVING_TO = 113, 187
"""Thousandths: the saving by a negotiated price that the platform announces: 11.3 % to 18.7 %, both included (R-61)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """What is sent: its weight, its volume where it is known, and where and how it goes."""

    weight_g: int
    volume_cm3: int = 0
    region: str = ""
    special_channel: bool = False  # 专线清关通道


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One weight break of a service to a country: `base_minor` at its minimum, `step_minor` a begun step.

    `divisor`: the service's cm³ a kilogram, 0 where it charges by weight alone.
    """

    service_id: int
    negotiated: bool
    currency: str
    min_weight_g: int
    base_minor: int
    step_g: int
    step_minor: int
    minimum_minor: int = 0
    region: str = ""
    special_channel: bool = False
    divisor: int = 0

    def price(self, weight_g: int) -> Money:
        begun_steps = -((self.min_weight_g - weight_g) // self.step_g)
        return Money(max(self.base_minor + begun_steps * self.step_minor, self.minimum_minor), self.currency)

    def takes(self, parcel: Parcel) -> bool:
        return self.region in ("", parcel.region) and (parcel.special_channel or not self.special_channel)

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """A region's card overrules the country's, the special channel's the standard one; then the weight break."""
        return bool(self.region), self.special_channel, self.min_weight_g


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A service's two prices for a parcel; one of them may be missing, never both.

    `weight_g` is what is charged: the actual or the volumetric weight, whichever is more.
    """

    service_id: int
    weight_g: int
    negotiated: Money | None
    public: Money | None
    actual_g: int | None = None  # where the volume weighs more
    card: Card | None = None  # the one that the cost is by

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
        return Fraction(*self._saving) if self._saving else None

    @property
    def saving_flagged(self) -> bool:
        return self.saving_told[1]

    @property
    def saving_told(self) -> tuple[int | None, bool]:
        """In basis points, and whether it lies outside the announced range: shown, never forced into it (R-61)."""
        if not (saving := self._saving):
            return None, False
        saved, public = saving
        outside = not SAVING_FROM * public <= saved * 1000 <= SAVING_TO * public
        return half_up_ratio(saved * 10_000, public), outside

    @property
    def _saving(self) -> tuple[int, int] | None:
        """What is saved, and of what: whole numbers, for the hot path."""
        negotiated, public = self.negotiated, self.public
        if negotiated is None or public is None or not public.minor or negotiated.currency != public.currency:
            return None
        return public.minor - negotiated.minor, public.minor


def quote(cards: Iterable[Card], *, service_id: int, parcel: Parcel) -> Quote | None:
    """A service's prices for a parcel, from one country's cards; None when no card takes it."""
    found = [card for card in cards if card.service_id == service_id and card.takes(parcel)]
    weight_g = max((charged_weight(parcel, card.divisor) for card in found), default=0)
    fitting = [card for card in found if card.min_weight_g <= weight_g]
    if not fitting:
        return None
    negotiated = _best(card for card in fitting if card.negotiated)
    public = _best(card for card in fitting if not card.negotiated)
    return Quote(
        service_id=service_id,
        weight_g=weight_g,
        negotiated=negotiated and negotiated.price(weight_g),
        public=public and public.price(weight_g),
        actual_g=parcel.weight_g if weight_g > parcel.weight_g else None,
        card=negotiated or public,
    )


def charged_weight(parcel: Parcel, divisor: int) -> int:
    """Grams: the volumetric weight, begun grams counted in full, where it is more than the actual one."""
    return max(parcel.weight_g, -(-parcel.volume_cm3 * 1000 // divisor)) if divisor else parcel.weight_g


def cheapest(
    cards: Sequence[Card],
    *,
    service_ids: Iterable[int],
    parcel: Parcel,
    rates: Rates,
    currency: str,
    country: str,
) -> Quote:
    """The service that costs least. `country` is where `cards` lead; costs are compared in `currency`, exactly;
    a tie goes to the lower id. FREIGHT_UNAVAILABLE when none of the services has a card for the parcel."""
    found = [quote(cards, service_id=i, parcel=parcel) for i in sorted(set(service_ids))]
    quotes = [each for each in found if each]
    if not quotes:
        raise Problem(Code.FREIGHT_UNAVAILABLE, country=country, weight_g=parcel.weight_g)

    def cost(candidate: Quote) -> Fraction:
        return rates.convert(candidate.cost.minor, candidate.cost.currency, currency)

    return min(quotes, key=cost)


def _best(cards: Iterable[Card]) -> Card | None:
    """The narrowest card, and of it the weight break that the weight has reached."""
    return max(cards, key=lambda card: card.rank, default=None)
