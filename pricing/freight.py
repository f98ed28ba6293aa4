"""What a carrier charges the seller: rate cards, and the negotiated price before the public one.
Pure.

Freight charged to the buyer is another thing: it is carried over from the source order and locked.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates, round_ratio_half_up

SAVING_FROM, SAVING_TO = 113, 187
"""Thousandths: the saving by a negotiated price that the platform announces: 11.3 % to 18.7 %,
both included (R-61)."""


class Parcel(NamedTuple):
    """What is sent: its weight, and its volume where it is known."""

    weight_g: int
    volume_cm3: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FreightCard:
    """One weight break of a service to a country: `base_minor` at its minimum, `step_minor` a
    begun step.

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
        return Money(
            max(self.base_minor + begun_steps * self.step_minor, self.minimum_minor), self.currency
        )

    def leads(self, region: str, special_channel: bool) -> bool:
        """`special_channel`: 专线清关通道 is ticked (R-71); a card of it is none for other
        parcels."""
        return self.region in ("", region) and (special_channel or not self.special_channel)

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """A region's card overrules the country's, the special channel's the standard one; then
        the weight break."""
        return bool(self.region), self.special_channel, self.min_weight_g


class FreightQuote(NamedTuple):
    """A service's two prices for a parcel; one of them may be missing, never both.

    `weight_g` is what is charged: the actual or the volumetric weight, whichever is more.
    """

    service_id: int
    weight_g: int
    negotiated: Money | None
    public: Money | None
    actual_g: int | None = None  # where the volume weighs more
    card: FreightCard | None = None  # the one that the cost is by

    @property
    def cost(self) -> Money:
        """The negotiated (Cainiao key-account) price first (R-60)."""
        price = self.negotiated or self.public
        if price is None:
            raise ValueError("a quote without a price")
        return price

    @property
    def saving(self) -> Fraction | None:
        """Share of the public price that the negotiated one saves; None without two prices to
        compare."""
        return Fraction(*self._saving) if self._saving else None

    @property
    def saving_flagged(self) -> bool:
        return self.saving_told[1]

    @property
    def saving_told(self) -> tuple[int | None, bool]:
        """In basis points, and whether it lies outside the announced range: shown, never forced
        into it (R-61)."""
        if not (saving := self._saving):
            return None, False
        saved, public = saving
        outside = not SAVING_FROM * public <= saved * 1000 <= SAVING_TO * public
        return round_ratio_half_up(saved * 10_000, public), outside

    @property
    def _saving(self) -> tuple[int, int] | None:
        """What is saved, and of what: whole numbers, for the hot path."""
        negotiated, public = self.negotiated, self.public
        if (
            negotiated is None
            or public is None
            or not public.minor
            or negotiated.currency != public.currency
        ):
            return None
        return public.minor - negotiated.minor, public.minor


class FreightService:
    """A carrier service's cards for parcels that go to one place by one channel, ranked once for
    all of them."""

    __slots__ = ("_divisors", "_negotiated", "_public", "id")

    def __init__(self, service_id: int, cards: Iterable[FreightCard]) -> None:
        ranked = sorted(
            cards, key=lambda card: card.rank, reverse=True
        )  # the narrowest and heaviest first
        self.id = service_id
        self._negotiated = [card for card in ranked if card.negotiated]
        self._public = [card for card in ranked if not card.negotiated]
        self._divisors = {card.divisor for card in ranked}

    def quote(self, parcel: Parcel) -> FreightQuote | None:
        """Both prices for a parcel; None when no card takes it."""
        weight_g = max([charged_weight(parcel, divisor) for divisor in self._divisors], default=0)
        negotiated, public = (
            _card_for_weight(self._negotiated, weight_g),
            _card_for_weight(self._public, weight_g),
        )
        if negotiated is None and public is None:
            return None
        return FreightQuote(
            service_id=self.id,
            weight_g=weight_g,
            negotiated=negotiated and negotiated.price(weight_g),
            public=public and public.price(weight_g),
            actual_g=parcel.weight_g if weight_g > parcel.weight_g else None,
            card=negotiated or public,
        )


def services_reaching(
    cards: Sequence[FreightCard],
    *,
    service_ids: Collection[int],
    region: str,
    special_channel: bool,
) -> list[FreightService]:
    """By id, with their cards that lead there. `cards` are of one country."""
    leading = [card for card in cards if card.leads(region, special_channel)]
    return [
        FreightService(i, [card for card in leading if card.service_id == i])
        for i in sorted(set(service_ids))
    ]


def cheapest_quote(
    choice: Sequence[FreightService], *, parcel: Parcel, rates: Rates, currency: str, country: str
) -> FreightQuote:
    """The service that costs least. `country` is where they go; costs are compared in `currency`,
    exactly; a tie goes to the lower id. FREIGHT_UNAVAILABLE when none of the services has a card
    for the parcel."""
    quotes = [quote for service in choice if (quote := service.quote(parcel))]
    if not quotes:
        raise Problem(Code.FREIGHT_UNAVAILABLE, country=country, weight_g=parcel.weight_g)
    if len(quotes) == 1:
        return quotes[0]

    def cost(candidate: FreightQuote) -> Fraction:
        return rates.convert(candidate.cost.minor, candidate.cost.currency, currency)

    return min(quotes, key=cost)


def charged_weight(parcel: Parcel, divisor: int) -> int:
    """Grams: the volumetric weight, begun grams counted in full, where it is more than the actual
    one."""
    return (
        max(parcel.weight_g, -(-parcel.volume_cm3 * 1000 // divisor))
        if divisor
        else parcel.weight_g
    )


def _card_for_weight(ranked: Sequence[FreightCard], weight_g: int) -> FreightCard | None:
    """The narrowest card, and of it the weight break that the weight has reached."""
    return next((card for card in ranked if card.min_weight_g <= weight_g), None)
