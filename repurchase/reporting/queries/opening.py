"""The opening path as its pages show it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.models import Store, StoreLevel
from qualification import queries as qualification
from qualification.models import Case, Upload
from qualification.queries import (
    QualificationSummary,
    RequiredDocument,
    get_qualification_summary,
    list_file_requirements,
    list_required_documents,
)
from qualification.review import QualificationStatus
from qualification.sla import ReviewDeadline
from qualification.uploads import BEING_READ


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreOpening:
    state: QualificationSummary
    max_orders: int
    lock_hours: int
    min_level: str
    max_dispute_rate: Decimal
    dispute_days: int
    valid_days: int
    max_bytes: int  # a file
    documents: Sequence[RequiredDocument]
    file_points: Sequence[str]
    uploads: Mapping[str, Sequence[Upload]]
    missing: Sequence[str]  # what keeps it from being handed in
    case: Case | None
    forecast: ReviewDeadline | None  # of a review that is handed in now
    reviews: qualification.ReviewStatistics

    @property
    def check_passed(self) -> bool:
        return all(gate["passed"] for gate in self.state.check_results)

    @property
    def takes_files(self) -> bool:
        return self.state.standing is QualificationStatus.DOCUMENTS

    @property
    def is_reading(self) -> bool:
        return any(row.state in BEING_READ for rows in self.uploads.values() for row in rows)

    @property
    def all_uploads(self) -> list[Upload]:
        return [row for rows in self.uploads.values() for row in rows]

    @property
    def kinds(self) -> list[tuple[RequiredDocument, Sequence[Upload]]]:
        return [(wanted, self.uploads[wanted.key]) for wanted in self.documents]


def store_opening(store: Store) -> StoreOpening:
    """The standing, the last check and the needs, by the ⚙ values of now."""
    now = clock.now(store)
    policies = policy.in_force(now)
    state = get_qualification_summary(store, now)
    wanted = state.standing is QualificationStatus.DOCUMENTS
    return StoreOpening(
        state=state,
        max_orders=policies["batch_max_orders"],
        lock_hours=policies["lock_hours"],
        min_level=str(StoreLevel(policies["store_min_level"]).label),
        max_dispute_rate=policies["dispute_rate_max"],
        dispute_days=policies["dispute_window_days"],
        valid_days=policies["qualification_valid_days"],
        max_bytes=int(policies["document_max_bytes"]),
        documents=list_required_documents(store, policies),
        file_points=list_file_requirements(policies),
        uploads=qualification.uploads_by_kind(store),
        missing=qualification.missing_documents(store),
        case=qualification.open_case(store),
        forecast=qualification.forecast_deadline(store, now) if wanted else None,
        reviews=qualification.review_statistics(),
    )


def document_to_replace(store: Store, key: str) -> Upload | None:
    """The store's own document by its key, nothing for no key. NOT_FOUND for any other, whatever
    it names."""
    if not key:
        return None
    try:
        return Upload.objects.get(store=store, key=uuid.UUID(key))
    except (ValueError, Upload.DoesNotExist):
        raise Problem(Code.NOT_FOUND) from None
