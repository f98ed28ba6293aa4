"""One source order → its plan: the verdict, and when it can be repeated its tax, freight and fees. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnostics.problem import Problem
from eligibility import rules
from eligibility.facts import LaneFacts, OrderFacts, World
from eligibility.findings import Finding, outcome_of
from marketplace import territories
from marketplace.money import Rates
from pricing import fees, freight, tax

if TYPE_CHECKING:
    from pricing.queries import TariffFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What prices every order of a batch: read once, passed on (pitfall 1)."""

    tariffs: "TariffFacts"
    rates: Rates
    buyer_number: str
    buyer_number_checked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a plannable order costs, and how it travels."""

    priced: fees.Priced
    treatment: tax.Treatment
    lane: LaneFacts
    index_series: str
    registrations: list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    verdict: rules.OrderVerdict
    offer: Offer | None
    pricing_findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> str:
        return outcome_of(self.findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.verdict.findings + self.pricing_findings

    @property
    def codes(self) -> list[str]:
        return list(dict.fromkeys([*(str(f.code) for f in self.pricing_findings), *self.verdict.codes]))


def plan(
    order: OrderFacts,
    *,
    world: World,
    terms: Terms,
    gates: Sequence[Finding] = (),
    taken: Mapping[int, int] | None = None,
) -> Plan:
    verdict = rules.screen(order, world=world, gates=gates, taken=taken)
    if verdict.outcome != "planned":
        return Plan(verdict=verdict, offer=None)
    try:
        return Plan(verdict=verdict, offer=_offer(verdict, world, terms))
    except Problem as problem:
        finding = Finding(code=problem.code, evidence=problem.evidence)
        return Plan(verdict=verdict, offer=None, pricing_findings=(finding,))


def _offer(verdict: rules.OrderVerdict, world: World, terms: Terms) -> Offer:
    order, facts = verdict.order, terms.tariffs
    kept = [x.line for x in verdict.lines if x.repeatable]
    destination = territories.destination(order.country, order.ship_to.get("postal_code", ""), order.region)
    treatment = tax.treat(
        facts.tax_rules.get(destination.place),
        destination=destination,
        buyer_number=terms.buyer_number,
        buyer_number_checked=terms.buyer_number_checked,
        seller_registration=facts.registrations.get(destination.registration, ""),
    )
    quote = freight.cheapest(
        facts.cards.get(order.country, ()),
        service_ids=[lane.service_id for lane in verdict.lanes],
        parcel=freight.Parcel(
            weight_g=sum(line.sku.weight_g * line.quantity for line in kept),
            volume_cm3=sum((line.sku.volume_cm3 or 0) * line.quantity for line in kept),
            region=order.region,
            special_channel=order.special_clearance,
        ),
        rates=terms.rates,
        currency=order.currency,
        country=order.country,
    )
    priced = fees.price(
        fees.OrderToPrice(
            currency=order.currency,
            destination=destination,
            lines=tuple(
                fees.PricedLine(
                    category_code=line.sku.category_code,
                    commission_rate=facts.commission.get(line.sku.category_id),
                    total_minor=line.total_minor,
                    ear_controlled=line.sku.is_ear_controlled,
                )
                for line in kept
            ),
            freight_minor=order.freight_minor,
            prices_include_tax=order.prices_include_tax,
            treatment=treatment,
            quote=quote,
            local_return=order.local_return,
        ),
        tariff=facts.tariff,
        rates=terms.rates,
        day=world.today,
    )
    return Offer(
        priced=priced,
        treatment=treatment,
        lane=next(lane for lane in verdict.lanes if lane.service_id == quote.service_id),
        index_series=max(line.sku.index_series for line in kept),
        registrations=_registrations(verdict, world, facts.registrations.get(destination.registration)),
    )


def _registrations(verdict: rules.OrderVerdict, world: World, tax_number: str | None) -> list[dict[str, str]]:
    """The numbers that the destination asks for, embedded in the order (R-82 to R-84)."""
    order = verdict.order
    wanted = {
        (need.scheme, need.jurisdiction)
        for x in verdict.lines
        if x.repeatable
        for need in rules.needs(order.country, x.line.sku.category_id, world)
    }
    found = [
        {"scheme": r.scheme, "jurisdiction": r.jurisdiction, "number": r.number}
        for r in world.registrations
        if (r.scheme, r.jurisdiction) in wanted and rules.valid_on(r, world.today)
    ]
    if tax_number:
        found.append({"scheme": "VAT", "jurisdiction": order.country, "number": tax_number})
    return found
