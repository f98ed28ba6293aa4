"""One source order → its plan: the verdict, and when it can be repeated its tax, freight and fees.
Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diagnostics.problem import Problem
from eligibility import rules
from eligibility.facts import LaneFacts, LineFacts, OrderFacts, World
from eligibility.findings import Finding, outcome_of
from eligibility.screener import Screener
from marketplace.memoized_lookup import MemoizedLookup
from marketplace.money import Rates
from pricing import fees, order_cost, tax


@dataclass(frozen=True, kw_only=True, slots=True)
class PricingTerms:
    """What prices every order of a batch: read once, passed on (pitfall 1)."""

    tariffs: order_cost.TariffFacts
    rates: Rates
    buyer_number: str
    buyer_number_checked: bool


class PlannedOffer(NamedTuple):
    """What a plannable order costs, and how it travels."""

    priced: fees.PricedOrder
    treatment: tax.Treatment
    lane: LaneFacts
    index_series: str
    registrations: list[dict[str, str]]


class OrderPlan(NamedTuple):
    verdict: rules.OrderVerdict
    offer: PlannedOffer | None
    pricing_findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> str:
        return outcome_of(self.findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.verdict.findings + self.pricing_findings

    @property
    def codes(self) -> list[str]:
        return list(
            dict.fromkeys([*[str(f.code) for f in self.pricing_findings], *self.verdict.codes])
        )


class OrderPlanner:
    """Plans the orders of one batch in one world and on one set of terms; what they share is
    worked out once."""

    def __init__(self, *, world: World, terms: PricingTerms, gates: Sequence[Finding] = ()) -> None:
        self._world, self._terms, self._gates = world, terms, gates
        self._screener = Screener(world)
        self._offers = order_cost.OrderCostCalculator(facts=terms.tariffs, rates=terms.rates)
        self._registrations = MemoizedLookup(lambda key: self._embedded_registrations(*key))

    def plan(self, order: OrderFacts, *, taken: Mapping[int, int] | None = None) -> OrderPlan:
        verdict = self._screener.screen(order, gates=self._gates, taken=taken)
        if verdict.findings:
            return OrderPlan(verdict, None)
        try:
            return OrderPlan(verdict, self._make_offer(verdict))
        except Problem as problem:
            return OrderPlan(
                verdict, None, (Finding(code=problem.code, evidence=problem.evidence),)
            )

    def _make_offer(self, verdict: rules.OrderVerdict) -> PlannedOffer:
        order, terms = verdict.order, self._terms
        kept = [x.line for x in verdict.lines if not x.findings]
        made = self._offers.offer(
            order_cost.OrderCostRequest(
                currency=order.currency,
                country=order.country,
                postal_code=order.ship_to.get("postal_code", ""),
                region=order.region,
                lines=[_line_to_price(line) for line in kept],
                freight_minor=order.freight_minor,
                prices_include_tax=order.prices_include_tax,
                local_return=order.local_return,
                special_channel=order.special_clearance,
                service_ids=[lane.service_id for lane in verdict.lanes],
                buyer_number=terms.buyer_number,
                buyer_number_checked=terms.buyer_number_checked,
            )
        )
        categories = frozenset([line.sku.category_id for line in kept])
        return PlannedOffer(
            priced=made.priced,
            treatment=made.treatment,
            lane=next(lane for lane in verdict.lanes if lane.service_id == made.quote.service_id),
            index_series=max([line.sku.index_series for line in kept]),
            registrations=self._registrations[
                order.country, categories, made.destination.registration
            ],
        )

    def _embedded_registrations(
        self, country: str, categories: frozenset[int], tax_jurisdiction: str
    ) -> list[dict[str, str]]:
        """The numbers that the destination asks for, embedded in the order (R-82 to R-84)."""
        world = self._world
        needed = [
            need
            for category in categories
            for need in rules.requirements_for(country, category, world)
        ]
        wanted = {(need.scheme, need.jurisdiction) for need in needed}
        found = [
            {"scheme": r.scheme, "jurisdiction": r.jurisdiction, "number": r.number}
            for r in world.registrations
            if (r.scheme, r.jurisdiction) in wanted and rules.is_valid_on(r, world.today)
        ]
        if tax_number := self._terms.tariffs.registrations.get(tax_jurisdiction):
            found.append({"scheme": "VAT", "jurisdiction": country, "number": tax_number})
        return found


def _line_to_price(line: LineFacts) -> order_cost.OrderCostLine:
    sku = line.sku
    return order_cost.OrderCostLine(
        category_id=sku.category_id,
        category_code=sku.category_code,
        total_minor=line.total_minor,
        ear_controlled=sku.is_ear_controlled,
        weight_g=sku.weight_g * line.quantity,  # WEIGHT_MISSING has stopped what was not weighed
        volume_cm3=(sku.volume_cm3 or 0) * line.quantity,
    )
