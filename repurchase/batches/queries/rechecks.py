"""Orders as they are planned or locked, as the rules ask about them again: their own rows, and the
facts of now."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from eligibility.facts import LineFacts, OrderFacts, World
from eligibility.queries import limits_of, sku_facts, world_facts
from marketplace.models import Store
from marketplace.money import Rates
from marketplace.policy import DEFAULTS, PolicyNumber, parse_policy_value
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder

NO_RATES = Rates(id=0, source="", published_on=dt.date.min, per_euro={})
"""Nothing that is asked again needs a rate: prices are locked."""


def screening_policies(batch: Batch) -> Mapping[str, PolicyNumber]:
    """The ⚙ values that the batch was screened under."""
    return {
        name: parse_policy_value(name, text)
        for name, text in batch.policies.items()
        if name in DEFAULTS
    }


def recheck_facts(
    orders: Sequence[RepeatOrder],
    *,
    store: Store,
    policies: Mapping[str, PolicyNumber],
    now: dt.datetime,
) -> tuple[list[OrderFacts], World]:
    """The orders in their order, with the lines that are part of them: ten queries at most, for
    any number.

    The batch and its buyer are loaded with them. `OrderFacts.id` is the repeat order's own here.
    """
    lines = _lines_by_order(orders, now)
    facts = [_build_order_facts(order, lines[order.pk]) for order in orders]
    around = world_facts(
        store=store, orders=facts, limits=limits_of(policies), rates=NO_RATES, now=now
    )
    return facts, around


def _lines_by_order(
    orders: Sequence[RepeatOrder], now: dt.datetime
) -> Mapping[int, list[LineFacts]]:
    rows = list(
        RepeatLine.objects.filter(
            order__in=[order.pk for order in orders], outcome=LineOutcome.PLANNED
        )
        .order_by("order_id", "line_no")
        .values_list("order_id", "id", "line_no", "sku_id", "quantity", "base_minor", "moq")
    )
    skus = sku_facts({row[3] for row in rows}, now)
    lines: dict[int, list[LineFacts]] = defaultdict(list)
    for order_id, pk, line_no, sku_id, quantity, base_minor, moq in rows:
        lines[order_id].append(LineFacts(pk, line_no, skus[sku_id], quantity, base_minor, moq))
    return lines


def _build_order_facts(order: RepeatOrder, lines: Sequence[LineFacts]) -> OrderFacts:
    buyer, ship_to = order.batch.buyer, order.ship_to
    return OrderFacts(
        id=order.pk,
        number=order.ref,
        buyer_id=buyer.pk,
        status="completed",
        currency=order.currency,
        completed_at=None,
        rating=None,
        freight_minor=order.freight_minor,
        prices_include_tax=order.prices_include_tax,
        incoterm=order.incoterm,
        importer_of_record=order.importer_of_record,
        country=ship_to.get("country", ""),
        region=ship_to.get("region", ""),
        ship_to=ship_to,
        promise_days=order.promise_days,
        special_clearance=order.special_clearance,
        local_return=order.local_return,
        note="",
        held_until=None,
        held=False,
        lines=lines,
        parties=tuple(filter(None, dict.fromkeys((buyer.name, ship_to.get("consignee", ""))))),
    )
