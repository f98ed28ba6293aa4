"""Keeping what a screening was decided by, in the transaction that decided it."""

import zlib
from collections.abc import Mapping, Sequence

from eligibility import codec, screening
from eligibility.models import ScreeningPart, ScreeningRecord
from eligibility.rules import RULE_VERSION, OrderVerdict
from eligibility.screening import ChunkInputs, GateInputs
from marketplace.models import Store

OMITTED_FIELDS = frozenset({"ship_to"})
"""No rule reads the street, so the record does without it; the destination and the parties' names
it needs."""
ZLIB_LEVEL = 1  # zlib: level 9 saves a tenth of the room and costs as much as the screening


def save_gates(
    *, store: Store, subject: str, attempt: int, inputs: GateInputs, policies: Mapping
) -> None:
    verdicts = screening.decide(inputs)
    _save_record(
        store,
        subject,
        attempt,
        inputs,
        verdicts,
        policies,
        part=ScreeningPart.GATES,
        at=inputs.facts.as_of,
    )


def save_chunk(
    *,
    store: Store,
    subject: str,
    attempt: int,
    part: ScreeningPart,
    first_position: int,
    inputs: ChunkInputs,
    verdicts: Sequence[OrderVerdict],
    policies: Mapping[str, str],
) -> ScreeningRecord:
    return _save_record(
        store,
        subject,
        attempt,
        inputs,
        verdicts,
        policies,
        part=part,
        at=inputs.world.now,
        first_position=first_position,
        past_order_ids=[order.id for order in inputs.orders],
    )


def _save_record(
    store, subject, attempt, inputs, verdicts, policies, *, part, at, **fields
) -> ScreeningRecord:
    text = codec.encode(inputs, without=OMITTED_FIELDS)
    return ScreeningRecord.objects.create(
        store=store,
        subject=subject,
        attempt=attempt,
        part=part,
        screened_at=at,
        rule_version=RULE_VERSION,
        policies=policies,
        inputs=zlib.compress(text.encode(), ZLIB_LEVEL),
        inputs_digest=screening.sha256(text),
        verdicts_digest=screening.digest_of(verdicts),
        **{"first_position": 0} | fields,
    )
