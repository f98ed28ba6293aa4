"""What an attempt at planning a batch is decided by: its instant, the values in force, the rates,
the gates (R-26)."""

import datetime as dt
from collections.abc import Mapping

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import gates, screening_records
from eligibility.queries import CRB, gate_facts, limits_of
from eligibility.screening import GateInputs
from marketplace.calendar import platform_day
from marketplace.policy import DEFAULTS, PolicyNumber, parse_policy_value
from marketplace.queries import fresh_rate_set, latest_close
from repurchase.models import Batch


def get_for_update(batch: Batch) -> Batch:
    rows = Batch.objects.select_for_update(
        of=("self",), no_key=True
    )  # a chunk's rows that name it may go on
    return rows.select_related("store", "buyer").get(pk=batch.pk)


def freeze_inputs(batch: Batch, values: Mapping[str, PolicyNumber], now: dt.datetime) -> None:
    """Fixes what an attempt is decided by: the instant, the ⚙ values in force, the rates, the
    gates (R-26)."""
    rates = fresh_rate_set(now, store=batch.store, max_age_days=int(values["fx_max_age_days"]))
    batch.screened_at = batch.attempt_at = now
    batch.policies = {name: str(value) for name, value in values.items()}
    batch.rate_set = rates
    batch.index_close = latest_close(CRB, now, store=batch.store)
    evaluate_gates(batch, now)


def evaluate_gates(batch: Batch, now: dt.datetime) -> None:
    """The gates as they stand, by the batch's own policies; kept with what decided them."""
    limits = limits_of(
        {
            name: parse_policy_value(name, text)
            for name, text in batch.policies.items()
            if name in DEFAULTS
        }
    )
    facts = gate_facts(store=batch.store, buyers=[batch.buyer], limits=limits, now=now)
    inputs = GateInputs(facts=facts[batch.buyer_id], limits=limits, today=platform_day(now))
    batch.gates = [
        gates.serialize_gate(gate)
        for gate in gates.evaluate_gates(inputs.facts, limits=limits, today=inputs.today)
    ]
    screening_records.save_gates(
        store=batch.store,
        subject=f"batch:{batch.ref}",
        attempt=batch.attempt,
        inputs=inputs,
        policies=batch.policies,
    )


def require_fresh(batch: Batch, now: dt.datetime) -> None:
    """PLAN_STALE: a plan older than a day is screened again."""
    hours = int(batch.policies["plan_max_age_hours"])
    if now - batch.screened_at > dt.timedelta(hours=hours):
        raise Problem(Code.PLAN_STALE, value=batch.screened_at.isoformat(), limit=hours)
