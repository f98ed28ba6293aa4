"""A dry screening: what a batch of these orders would come to at this moment. It reads and writes
nothing."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eligibility import gates as gate_table
from eligibility.drift import DriftReport
from eligibility.gates import Gate
from eligibility.queries import gate_facts, limits_of, order_facts, world_facts
from marketplace import clock, policy
from marketplace.calendar import platform_day
from marketplace.models import Buyer, Store
from marketplace.queries import latest_rates
from pricing.queries import tariff_facts
from repurchase.batches.planner import OrderPlan, OrderPlanner, PricingTerms
from repurchase.batches.queries.drift import drift_sheets
from repurchase.batches.queries.prior_repeats import PriorRepeat, find_prior_repeats
from repurchase.batches.services import batches
from repurchase.batches.services.planning import pieces_by_sku
from repurchase.batches.services.selections import SelectionFilter

MAX_DRIFT_ORDERS = 200
"""The drift of so many orders, the first ones, is told: it is a dozen rows an order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DryScreening:
    at: dt.datetime
    buyer: Buyer
    gates: Sequence[Gate]
    # in the order asked for, drawing on the same stock one after the other
    plans: Sequence[OrderPlan]
    drift: Mapping[int, DriftReport]  # by past order id, of the first 200
    repeated: Mapping[int, PriorRepeat]  # by past order id, of those that were repeated already


def screen(
    *,
    store: Store,
    numbers: Sequence[str] = (),
    buyer_external_id: str | None = None,
    ticked: SelectionFilter | None = None,
    special_clearance: bool = False,
) -> DryScreening:
    """Raises BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS, FX_RATE_STALE, as creating
    a batch does."""
    now = clock.now(store)
    values = policy.in_force(now)
    buyer, ids = batches.choose_orders(
        store=store,
        numbers=numbers,
        buyer_external_id=buyer_external_id,
        ticked=ticked,
        limit=int(values["batch_max_orders"]),
        now=now,
    )
    limits = limits_of(values)
    rates = latest_rates(now, store=store, max_age_days=int(values["fx_max_age_days"]))
    facts = gate_facts(store=store, buyers=[buyer], limits=limits, now=now)[buyer.pk]
    gates = gate_table.evaluate_gates(facts, limits=limits, today=platform_day(now))
    orders = order_facts(store=store, order_ids=ids, now=now, special_clearance=special_clearance)
    around = world_facts(store=store, orders=orders, limits=limits, rates=rates, now=now)
    tariffs = tariff_facts(
        store=store,
        countries={order.country for order in orders},
        category_ids={line.sku.category_id for order in orders for line in order.lines},
        now=now,
        policies=values,
    )
    terms = PricingTerms(
        tariffs=tariffs,
        rates=rates,
        buyer_number=buyer.tax_number,
        buyer_number_checked=buyer.tax_number_checked_at is not None,
    )
    failing = [gate.finding for gate in gates if gate.finding]
    planner = OrderPlanner(world=around, terms=terms, gates=failing)
    taken: Counter[int] = Counter()
    plans = []
    for order in orders:
        planned = planner.plan(order, taken=taken)
        if planned.outcome == "planned":
            taken.update(pieces_by_sku(planned))
        plans.append(planned)
    return DryScreening(
        at=now,
        buyer=buyer,
        gates=gates,
        plans=plans,
        repeated=find_prior_repeats(store, ids),
        drift=drift_sheets(buyer=buyer, orders=orders[:MAX_DRIFT_ORDERS], around=around),
    )
