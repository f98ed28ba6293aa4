"""One source order → its plan: the verdict, and when it can be repeated its tax, freight and fees. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diagnostics.problem import Problem
from eligibility import rules
from eligibility.facts import LaneFacts, LineFacts, OrderFacts, World
from eligibility.findings import Finding, outcome_of
from pricing import fees, offering, tax


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What prices every order of a batch: read once, passed on (pitfall 1)."""

    offers: offering.Offers
    tax_numbers: Mapping[str, str]  # the store's, by jurisdiction
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
    order = verdict.order
    kept = [x.line for x in verdict.lines if x.repeatable]
    made = terms.offers.offer(
        offering.Wanted(
            currency=order.currency,
            country=order.country,
            postal_code=order.ship_to.get("postal_code", ""),
            region=order.region,
            lines=[_line(line) for line in kept],
            freight_minor=order.freight_minor,
            prices_include_tax=order.prices_include_tax,
            local_return=order.local_return,
            special_channel=order.special_clearance,
            service_ids=[lane.service_id for lane in verdict.lanes],
            buyer_number=terms.buyer_number,
            buyer_number_checked=terms.buyer_number_checked,
        )
    )
    return Offer(
        priced=made.priced,
        treatment=made.treatment,
        lane=next(lane for lane in verdict.lanes if lane.service_id == made.quote.service_id),
        index_series=max([line.sku.index_series for line in kept]),
        registrations=_registrations(verdict, world, terms.tax_numbers.get(made.destination.registration)),
    )


def _line(line: LineFacts) -> offering.Line:
    sku = line.sku
    return offering.Line(
        category_id=sku.category_id,
        category_code=sku.category_code,
        total_minor=line.total_minor,
        ear_controlled=sku.is_ear_controlled,
        weight_g=sku.weight_g * line.quantity,  # WEIGHT_MISSING has stopped what was not weighed
        volume_cm3=(sku.volume_cm3 or 0) * line.quantity,
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
