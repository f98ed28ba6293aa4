"""What the lock asks again, and what becomes of orders and lines that fail by now (R-26, R-90,
R-10, R-12, R-18)."""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import party_questions
from eligibility.findings import Finding, format_percent, outcome_of
from eligibility.rechecks import LockChecks
from eligibility.rules import OrderVerdict
from eligibility.services import gates_now
from marketplace import policy
from marketplace.calendar import platform_day
from marketplace.gc_control import pause_garbage_collector
from marketplace.models import ProductionGroup
from marketplace.money import decimal_text
from pricing.fees import PricedOrder
from repurchase.batches import bulk_insert
from repurchase.batches.capacity import CapacityAllocator, CapacityOverflow, PromisedWork
from repurchase.batches.queries import capacity as capacities
from repurchase.batches.queries.partial_repricing import reprice_without_lines
from repurchase.batches.queries.rechecks import recheck_facts, screening_policies
from repurchase.batches.services import event_publishing
from repurchase.models import Batch, OrderFee, RepeatOrder
from repurchase.models.order_states import OrderStatus

MAX_ORDERS_NAMED = 20
"""So many orders are named in a refusal; a batch has thousands."""
MONEY_FIELDS = ("goods_minor", "freight_minor", "tax_minor", "total_minor", "fees_minor")

FAIL_ORDERS_STATEMENT = """
    UPDATE repurchase_repeatorder o
    SET status = v.status, codes = v.codes::varchar[], findings = v.findings::jsonb, changed_at = %s,
        goods_minor = 0, freight_minor = 0, tax_minor = 0, total_minor = 0, fees_minor = 0, index_series = '',
        tax_category = '', tax_rate = NULL, tax_code = '', service_id = NULL, transit_days = NULL, registrations = '[]'
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS v(id, status, codes, findings)
    WHERE o.id = v.id AND o.store_id = %s AND o.status = 'planned'
"""
REDUCE_ORDERS_STATEMENT = """
    UPDATE repurchase_repeatorder o
    SET codes = o.codes || array(SELECT c FROM unnest(v.codes::varchar[]) c WHERE c <> ALL(o.codes)), changed_at = %s,
        index_series = v.series,
        goods_minor = v.goods, freight_minor = v.freight, tax_minor = v.tax, total_minor = v.total, fees_minor = v.fees
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS v(id, codes, series, goods, freight, tax, total, fees)
    WHERE o.id = v.id AND o.store_id = %s AND o.status = 'planned' AND v.total <= o.total_minor
"""
DROP_LINES_STATEMENT = """
    UPDATE repurchase_repeatline l
    SET outcome = v.outcome, total_minor = 0, codes = v.codes::varchar[], findings = v.findings::jsonb
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS v(id, outcome, codes, findings)
    WHERE l.id = v.id AND l.store_id = %s AND l.outcome = 'planned'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLosses:
    """What the plan loses. `gone` by order id; `reduced`: orders that lose lines, as they come
    out."""

    gone: Mapping[int, OrderVerdict] = field(default_factory=dict)
    reduced: Mapping[int, tuple[OrderVerdict, PricedOrder]] = field(default_factory=dict)
    lines: int = 0
    money: Mapping[str, int] = field(default_factory=dict)  # minor units by currency
    share: Decimal = Decimal(0)  # of the plan's money, in the currency that loses most

    @property
    def findings(self) -> list[Finding]:
        """In the order in which they were found; an order that left says why as a whole."""
        of_gone = [f for verdict in self.gone.values() for f in verdict.findings]
        return of_gone + [
            f
            for verdict, _ in self.reduced.values()
            for line in verdict.lines
            for f in line.findings
        ]

    @property
    def digest(self) -> str:
        """What somebody has agreed to lose: of these lines, this money, for these reasons."""
        lines = sorted(x.line.id for verdict in self.verdicts for x in verdict.lines if x.findings)
        codes = sorted(str(f.code) for f in self.findings)
        content = [sorted(self.gone), lines, sorted(self.money.items()), codes]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def verdicts(self) -> list[OrderVerdict]:
        return [*self.gone.values(), *(verdict for verdict, _ in self.reduced.values())]

    def kept(self) -> dict[str, Any]:
        """As the batch keeps it, for the page and the API."""
        if not self.gone and not self.reduced:
            return {}
        codes = Counter(str(f.code) for f in self.findings)
        money = [
            {"currency": currency, "minor": minor}
            for currency, minor in sorted(self.money.items())
            if minor
        ]
        return {
            "orders": len(self.gone),
            "lines": self.lines,
            "money": money,
            "codes": dict(codes.most_common()),
        }


@pause_garbage_collector()
def recheck(batch: Batch, *, now: dt.datetime) -> PlanLosses:
    """What fails by now, in position order; nothing is written. A constant number of queries for
    any number of orders.

    Raises the code of the first gate that fails; PARTY_SCREENED_OUT for the buyer; with
    `all_or_nothing` the code of the first order or line that fails, and always when nothing is
    left.
    """
    _refuse_by_gates(batch, now)
    rows = batch.orders.filter(status=OrderStatus.PLANNED).prefetch_related("batch__buyer")
    orders = {order.pk: order for order in rows.order_by("position")}
    verdicts = _recheck_orders(batch, orders, now)
    gone = {pk: verdict for pk, verdict in verdicts.items() if verdict.findings}
    losing = {
        pk: verdict
        for pk, verdict in verdicts.items()
        if pk not in gone and any(line.findings for line in verdict.lines)
    }
    dropped = [
        line.line.id for verdict in losing.values() for line in verdict.lines if line.findings
    ]
    priced = reprice_without_lines(batch, {pk: orders[pk] for pk in losing}, dropped)
    left = _sum_losses(
        orders, gone, {pk: (losing[pk], made) for pk, made in priced.items() if made}
    )
    _refuse_losses(batch, orders, left)
    return left


def refuse_unless_agreed(left: PlanLosses, *, now: dt.datetime, agreed: str) -> None:
    """LOCK_LEAVES_OUT when more than the ⚙ share of the money leaves and nobody has agreed to
    exactly this."""
    if agreed != left.digest:
        refuse_beyond(left, Decimal(policy.in_force(now)["lock_left_out_share"]))


def refuse_beyond(left: PlanLosses, limit: Decimal) -> None:
    """LOCK_LEAVES_OUT when more than this share of the money leaves."""
    if left.share <= limit:
        return
    money = ", ".join(
        f"{c} {decimal_text(minor, c)}" for c, minor in sorted(left.money.items()) if minor
    )
    raise Problem(
        Code.LOCK_LEAVES_OUT,
        orders=len(left.gone),
        lines=left.lines,
        money=money,
        limit=format_percent(limit),
        digest=left.digest,
        left=left.kept(),
    )


def leave_out(batch: Batch, left: PlanLosses, *, at: dt.datetime) -> None:
    """Moves orders from planned to failed or excluded, takes lines out of others and prices those
    again."""
    if not left.gone and not left.reduced:
        return
    party_questions.ask(left.findings, at=at)
    _write_orders(batch, left, at)
    _write_lines(batch, left)
    OrderFee.objects.filter(order__in=[*left.gone, *left.reduced]).delete()
    bulk_insert.write_fees(
        batch.store_id, {pk: made.fees for pk, (_, made) in left.reduced.items()}
    )
    event_publishing.publish_orders(RepeatOrder.objects.filter(pk__in=[*left.gone]), at=at)


# --- What is found
# -------------------------------------------------------------------------------------------


def _refuse_by_gates(batch: Batch, now: dt.datetime) -> None:
    gates = gates_now(
        store=batch.store, buyer=batch.buyer, now=now, policies=screening_policies(batch)
    )
    failing = next((gate for gate in gates if not gate["passed"]), None)
    if failing:
        raise Problem(Code(failing["code"]), **failing["evidence"])


def _recheck_orders(
    batch: Batch, orders: Mapping[int, RepeatOrder], now: dt.datetime
) -> dict[int, OrderVerdict]:
    """Stock and capacity go to the orders one after the other; one that fails leaves both to those
    behind it."""
    facts, around = recheck_facts(
        list(orders.values()), store=batch.store, policies=screening_policies(batch), now=now
    )
    sku_ids = {line.sku.id for order in facts for line in order.lines}
    checks, fitting = LockChecks(around), _CapacityCheck(batch, sku_ids, now)
    taken: Counter[int] = Counter()
    verdicts = {}
    for order in facts:
        verdict = checks.check(order, taken=taken)
        if not verdict.findings and (over := fitting.give(orders[order.id], verdict)):
            verdict = verdict._replace(findings=(_capacity_finding(over),))
        if not verdict.findings:
            for line in verdict.lines:
                if not line.findings:
                    taken[line.line.sku.id] += line.line.quantity
        verdicts[order.id] = verdict
    return verdicts


class _CapacityCheck:
    """The production groups' days beside what else is promised (R-18). The groups' rows are held:
    rivals wait here."""

    def __init__(self, batch: Batch, sku_ids: Collection[int], now: dt.datetime) -> None:
        list(
            ProductionGroup.objects.filter(store=batch.store_id)
            .order_by("pk")
            .select_for_update(no_key=True)
        )
        self._groups = capacities.list_group_capacities(batch.store)
        self._day = capacities.screening_day(batch)
        if self._groups:
            kept = capacities.work_of_others(batch, groups=self._groups, now=now)
            self._fitting = CapacityAllocator(self._groups, kept=kept, after=platform_day(now))
            self._group_by_sku = capacities.group_id_by_sku(sku_ids)

    def give(self, order: RepeatOrder, verdict: OrderVerdict) -> CapacityOverflow | None:
        if not self._groups:
            return None
        pieces: Counter[int] = Counter()
        for line in verdict.lines:
            group = self._group_by_sku.get(line.line.sku.id)
            if group and not line.findings:
                pieces[group] += line.line.quantity
        promised = self._day + dt.timedelta(days=order.promise_days)
        return self._fitting.give(
            [
                PromisedWork(
                    group_id=group,
                    promised=promised,
                    transit_days=order.transit_days or 0,
                    pieces=n,
                )
                for group, n in pieces.items()
            ]
        )


def _capacity_finding(over: CapacityOverflow) -> Finding:
    return Finding(code=Code.CAPACITY_EXCEEDED, evidence=over.evidence)


def _sum_losses(
    orders: Mapping[int, RepeatOrder],
    gone: Mapping[int, OrderVerdict],
    reduced: Mapping[int, tuple[OrderVerdict, PricedOrder]],
) -> PlanLosses:
    planned: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for pk, order in orders.items():
        planned[order.currency] += order.total_minor
        if pk in gone:
            lost[order.currency] += order.total_minor
        elif pk in reduced:
            lost[order.currency] += order.total_minor - reduced[pk][1].total_minor
    lines = sum(len(verdict.lines) for verdict in gone.values())
    lines += sum(bool(line.findings) for verdict, _ in reduced.values() for line in verdict.lines)
    share = max(
        (Decimal(minor) / planned[c] for c, minor in lost.items() if planned[c]), default=Decimal(0)
    )
    return PlanLosses(gone=gone, reduced=reduced, lines=lines, money=dict(lost), share=share)


def _refuse_losses(batch: Batch, orders: Mapping[int, RepeatOrder], left: PlanLosses) -> None:
    findings = left.findings
    buyer = next(
        (
            f
            for f in findings
            if f.evidence.get("value") == batch.buyer.name and f.code is Code.PARTY_SCREENED_OUT
        ),
        None,
    )
    whole = batch.policy == "all_or_nothing" and findings
    if buyer or whole or (findings and len(left.gone) == len(orders)):
        first = buyer or findings[0]
        named = [orders[pk].ref for pk in [*left.gone, *left.reduced][:MAX_ORDERS_NAMED]]
        raise Problem(first.code, **{**first.evidence, "orders": named})


# --- What is written
# -----------------------------------------------------------------------------------------


def _write_orders(batch: Batch, left: PlanLosses, at: dt.datetime) -> None:
    gone = [
        (
            pk,
            outcome_of(verdict.findings),
            _encode_codes(verdict.codes),
            _encode_findings(verdict.findings),
        )
        for pk, verdict in left.gone.items()
    ]
    reduced = [
        (
            pk,
            _encode_codes(verdict.codes),
            _index_series(verdict),
            *(getattr(made, name) for name in MONEY_FIELDS),
        )
        for pk, (verdict, made) in left.reduced.items()
    ]
    for statement, rows in ((FAIL_ORDERS_STATEMENT, gone), (REDUCE_ORDERS_STATEMENT, reduced)):
        if rows:
            values = [at, *bulk_insert.transpose_rows(rows), batch.store_id]
            bulk_insert.update_rows(statement, values, expected=len(rows))


def _write_lines(batch: Batch, left: PlanLosses) -> None:
    rows = []
    for verdict in left.verdicts:
        of_the_order = outcome_of(verdict.findings)
        for line in verdict.lines:
            if line.findings or verdict.findings:
                outcome = outcome_of(line.findings) if line.findings else of_the_order
                rows.append(
                    (
                        line.line.id,
                        outcome,
                        _encode_codes([f.code for f in line.findings]),
                        _encode_findings(line.findings),
                    )
                )
    bulk_insert.update_rows(
        DROP_LINES_STATEMENT,
        [*bulk_insert.transpose_rows(rows), batch.store_id],
        expected=len(rows),
    )


def _index_series(verdict: OrderVerdict) -> str:
    """The exposure of what stays: a lot is told by it (ADR 3)."""
    return max(line.line.sku.index_series for line in verdict.lines if not line.findings)


def _encode_codes(codes: Sequence[str]) -> str:
    return f"{{{','.join(dict.fromkeys(map(str, codes)))}}}"


def _encode_findings(findings: Sequence[Finding]) -> str:
    return bulk_insert.encode_json(bulk_insert.serialize_findings(findings))
