"""Opening: the automatic check by the store's own gates, and what follows from it (R-27)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility.gates import Gate, evaluate_store_gates, serialize_gate
from eligibility.gates import evaluate_gates as all_gates
from eligibility.queries import gate_facts, limits_of, store_facts
from marketplace import clock, policy
from marketplace.calendar import platform_day
from marketplace.models import Buyer, Store
from marketplace.policy import PolicyNumber
from qualification import services as qualification
from qualification.queries import get_qualification_summary
from qualification.review import QualificationEvent


@transaction.atomic
def open_benefit(*, store: Store, by: str) -> list[Gate]:
    """Checks the store's own gates and keeps what they said; when all pass, the store goes on to
    its documents.

    A failed check leaves the standing as it is. STATE_CONFLICT when the store is open or on its
    way already. Nothing to register, no contract (R-28).
    """
    now = clock.now(store)
    state = get_qualification_summary(store, now)
    if not state.may_apply:
        raise Problem(
            Code.STATE_CONFLICT, state=str(state.standing), event=str(QualificationEvent.APPLY)
        )
    limits = limits_of(policy.in_force(now))
    facts = store_facts(store=store, limits=limits, now=now)
    gates = list(evaluate_store_gates(facts, limits=limits, today=platform_day(now)))
    passed = all(gate.passed for gate in gates)
    qualification.record_check(
        store=store, results=[serialize_gate(g) for g in gates], passed=passed, by=by, now=now
    )
    if passed:
        qualification.advance(store=store, event=QualificationEvent.APPLY, by=by, now=now)
    return gates


def gates_now(
    *,
    store: Store,
    buyer: Buyer,
    now: dt.datetime,
    policies: Mapping[str, PolicyNumber] | None = None,
) -> list[dict[str, Any]]:
    """Every gate as it stands, as plain values: to be recorded and shown, it decides nothing here
    (R-26).

    `policies`: the ⚙ values to judge by, where they are not those in force.
    """
    limits = limits_of(policies or policy.in_force(now))
    facts = gate_facts(store=store, buyers=[buyer], limits=limits, now=now)[buyer.pk]
    return [
        serialize_gate(gate) for gate in all_gates(facts, limits=limits, today=platform_day(now))
    ]
