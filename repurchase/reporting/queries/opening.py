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
from qualification.queries import State, Wanted, state_of, wanted_documents, wanted_of_files
from qualification.review import Standing
from qualification.sla import Due
from qualification.uploads import BEING_READ


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    state: State
    max_orders: int
    lock_hours: int
    min_level: str
    max_dispute_rate: Decimal
    dispute_days: int
    valid_days: int
    max_bytes: int  # a file
    documents: Sequence[Wanted]
    file_points: Sequence[str]
    uploads: Mapping[str, Sequence[Upload]]
    missing: Sequence[str]  # what keeps it from being handed in
    case: Case | None
    forecast: Due | None  # of a review that is handed in now
    reviews: qualification.Figures

    @property
    def check_passed(self) -> bool:
        return all(gate["passed"] for gate in self.state.check_results)

    @property
    def takes_files(self) -> bool:
        return self.state.standing is Standing.DOCUMENTS

    @property
    def is_reading(self) -> bool:
        return any(row.state in BEING_READ for rows in self.uploads.values() for row in rows)

    @property
    def all_uploads(self) -> list[Upload]:
        return [row for rows in self.uploads.values() for row in rows]

    @property
    def kinds(self) -> list[tuple[Wanted, Sequence[Upload]]]:
        return [(wanted, self.uploads[wanted.key]) for wanted in self.documents]


def opening(store: Store) -> Opening:
    """The standing, the last check and the needs, by the ⚙ values of now."""
    now = clock.now(store)
    policies = policy.in_force(now)
    state = state_of(store, now)
    wanted = state.standing is Standing.DOCUMENTS
    return Opening(
        state=state,
        max_orders=policies["batch_max_orders"],
        lock_hours=policies["lock_hours"],
        min_level=str(StoreLevel(policies["store_min_level"]).label),
        max_dispute_rate=policies["dispute_rate_max"],
        dispute_days=policies["dispute_window_days"],
        valid_days=policies["qualification_valid_days"],
        max_bytes=int(policies["document_max_bytes"]),
        documents=wanted_documents(store, policies),
        file_points=wanted_of_files(policies),
        uploads=qualification.uploaded(store),
        missing=qualification.missing_documents(store),
        case=qualification.open_case(store),
        forecast=qualification.forecast(store, now) if wanted else None,
        reviews=qualification.figures(),
    )


def to_replace(store: Store, key: str) -> Upload | None:
    """The store's own document by its key, nothing for no key. NOT_FOUND for any other, whatever
    it names."""
    if not key:
        return None
    try:
        return Upload.objects.get(store=store, key=uuid.UUID(key))
    except (ValueError, Upload.DoesNotExist):
        raise Problem(Code.NOT_FOUND) from None
