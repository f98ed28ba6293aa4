"""Deciding a kept screening again, by the rules and from the facts of its day (B-3)."""

import zlib
from dataclasses import dataclass
from enum import StrEnum

from eligibility import codec, screening
from eligibility.models import ScreeningRecord
from eligibility.screening import Inputs, Verdicts


class ReplayOutcome(StrEnum):
    SAME = "same"
    DIFFERENT = "different"  # the rules of its version decide otherwise today: a fault
    TAMPERED = "tampered"  # the kept facts are not those that were kept
    UNKNOWN_VERSION = "unknown_version"  # its rules are no longer here


@dataclass(frozen=True, kw_only=True, slots=True)
class Rerun:
    record: ScreeningRecord
    outcome: ReplayOutcome
    inputs: Inputs | None = None
    verdicts: Verdicts = ()


def rerun(record: ScreeningRecord) -> Rerun:
    if record.rule_version not in screening.VERSIONS:
        return Rerun(record=record, outcome=ReplayOutcome.UNKNOWN_VERSION)
    inputs = inputs_of(record)
    if inputs is None:
        return Rerun(record=record, outcome=ReplayOutcome.TAMPERED)
    verdicts = screening.VERSIONS[record.rule_version](inputs)
    same = screening.digest_of(verdicts) == record.verdicts_digest
    outcome = ReplayOutcome.SAME if same else ReplayOutcome.DIFFERENT
    return Rerun(record=record, outcome=outcome, inputs=inputs, verdicts=verdicts)


def inputs_of(record: ScreeningRecord) -> Inputs | None:
    """What was kept; None when it is not what its digest says."""
    try:
        text = zlib.decompress(bytes(record.inputs)).decode()
        intact = screening.sha256(text) == record.inputs_digest
        return codec.decode(text) if intact else None
    except (zlib.error, UnicodeDecodeError, codec.Unreadable):
        return None
