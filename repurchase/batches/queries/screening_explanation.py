"""Why an order came out as it did, from the record that its screening kept: three queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.codes import Code
from eligibility import replay, screening_explanation
from eligibility.findings import Finding
from eligibility.models import ScreeningPart, ScreeningRecord
from eligibility.screening_explanation import ExplanationStep, OrderSteps
from repurchase.models import Batch, RepeatOrder


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """`order` is None when what was kept is not intact, or its rules are no longer known:
    `outcome` says which."""

    record: ScreeningRecord
    outcome: replay.ReplayOutcome
    gates: tuple[ExplanationStep, ...]
    order: OrderSteps | None
    pricing: tuple[Finding, ...]  # found when the order was priced, after the rules


def records_of_batch(batch: Batch, *, attempt: int | None = None) -> Sequence[ScreeningRecord]:
    """What the batch's screenings kept, oldest first; of one attempt or of all."""
    records = ScreeningRecord.objects.filter(subject=f"batch:{batch.ref}", store=batch.store_id)
    if attempt is not None:
        records = records.filter(attempt=attempt)
    return records.order_by("attempt", "id")


def explain_screening(order: RepeatOrder) -> Explanation | None:
    """None for an order whose screening was not kept."""
    records = records_of_batch(order.batch)
    record = records.filter(past_order_ids__contains=[order.past_order_id]).last()
    if record is None:
        return None
    of_gates = records.filter(part=ScreeningPart.GATES, attempt=record.attempt).first()
    outcome, steps = _replay_steps(record, order)
    return Explanation(
        record=record,
        outcome=outcome,
        gates=screening_explanation.of_gates(replay.rerun(of_gates).verdicts) if of_gates else (),
        order=steps,
        pricing=_pricing_findings(order, steps) if steps else (),
    )


def _replay_steps(
    record: ScreeningRecord, order: RepeatOrder
) -> tuple[replay.ReplayOutcome, OrderSteps | None]:
    rerun = replay.rerun(record)
    if not rerun.verdicts:
        return rerun.outcome, None
    facts = next(v.order for v in rerun.verdicts if v.order.id == order.past_order_id)
    return rerun.outcome, screening_explanation.of_order(facts, rerun.inputs)


def _pricing_findings(order: RepeatOrder, steps: OrderSteps) -> tuple[Finding, ...]:
    """An order that passed the rules and failed all the same failed at its price."""
    if steps.outcome != "planned":
        return ()
    return tuple(Finding(code=Code(f["code"]), evidence=f["evidence"]) for f in order.findings)
