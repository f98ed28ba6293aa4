"""The opening path as its pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace import clock, policy
from marketplace.models import Store, StoreLevel
from qualification.queries import State, Wanted, state_of, wanted_documents, wanted_of_files


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    state: State
    max_orders: int
    lock_hours: int
    min_level: str
    max_dispute_rate: Decimal
    dispute_days: int
    valid_days: int
    documents: Sequence[Wanted]
    file_points: Sequence[str]

    @property
    def check_passed(self) -> bool:
        return all(gate["passed"] for gate in self.state.check_results)


def opening(store: Store) -> Opening:
    """The standing, the last check and the needs, by the ⚙ values of now."""
    now = clock.now(store)
    policies = policy.in_force(now)
    return Opening(
        state=state_of(store, now),
        max_orders=policies["batch_max_orders"],
        lock_hours=policies["lock_hours"],
        min_level=str(StoreLevel(policies["store_min_level"]).label),
        max_dispute_rate=policies["dispute_rate_max"],
        dispute_days=policies["dispute_window_days"],
        valid_days=policies["qualification_valid_days"],
        documents=wanted_documents(store, policies),
        file_points=wanted_of_files(policies),
    )
