"""Rows that no process of the product may change or delete once they stand: a change is another
row.

The database holds it (`keep_rows` in each app's sql/frozen_rows.sql): the roles `web` and `worker`
have no right to, and a trigger refuses every role but the table's owner. Models are named here, so
that a test can walk them all.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db.models import Model

M = TypeVar("M", bound=type[Model])

APPEND_ONLY_MODELS: dict[type[Model], frozenset[str]] = {}
"""By model, the columns that may still be filled in: a decision beside the observation that it is
about."""


def append_only_model(*may_change: str) -> Callable[[M], M]:
    """Declares a model's rows frozen, but for the columns named."""

    def declare(model: M) -> M:
        APPEND_ONLY_MODELS[model] = frozenset(may_change)
        return model

    return declare
