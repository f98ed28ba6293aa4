"""Whether a field was read right, and if not, whether a machine would have let it pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from qualification.document_checks import (
    CheckContext,
    DocumentCheck,
    SubmittedDocument,
    judge_documents,
    normalize_company_name,
)
from qualification.readings import Reading
from tests.qualification.cases import TODAY, Case

ASKED = ("quantity", "unit_price")
"""Read only where the total is not proven."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    case: str
    field: str
    truth: str
    value: str
    accepted: bool  # no human is asked

    @property
    def right(self) -> bool:
        return self.value == self.truth

    @property
    def silently_wrong(self) -> bool:
        return self.accepted and not self.right


def compare(case: Case, reading: Reading | None) -> Iterator[Told]:
    """Every field of the truth, and every field that was read without being there."""
    read = {f.name: f for f in reading.fields} if reading else {}
    for name in dict.fromkeys((*case.truth, *read)):
        if name.split()[0] in ASKED and name not in read:
            continue
        truth, field = case.truth.get(name, ""), read.get(name)
        value = field.value if field else ""
        if name == "company":
            # what the check holds it against
            accepted = normalize_company_name(value) == normalize_company_name(case.company.name)
        else:
            accepted = field is not None and not field.for_human
        if not truth and not value:
            continue
        yield Told(
            case=case.name,
            field=name.split()[0],
            truth=truth,
            value=_plain(value),
            accepted=accepted,
        )


def _plain(value: str) -> str:
    return f"{Decimal(value):.2f}" if "." in value else "0.00" if value == "0" else value


def checks(
    case: Case, reading: Reading, settled: Mapping[str, str] | None = None
) -> list[DocumentCheck]:
    world = CheckContext(
        today=TODAY,
        company=case.company.name,
        seen_elsewhere=frozenset(),
        main_headings=frozenset(),
        iso_9001_wanted=False,
        policies={
            "statement_window_months": 6,
            "statement_min_months": 3,
            "statement_min_credits_usd": 100_000,
            "declarations_min": 1,
            "declarations_hs_digits": 4,
            "declarations_min_usd": 50_000,
        },
        usd_of=lambda amount, currency, day: amount / 7 if currency == "CNY" else amount,
    )
    return judge_documents(
        [SubmittedDocument(ref=case.name, reading=reading, settled=settled or {})], world
    )
