"""Which migrations of a database this version does not have."""

import pytest

from diagnostics.migration_history import unknown_migrations

HERE = ("pricing", "0001_initial")


@pytest.mark.parametrize(
    ("applied", "unknown"),
    [
        ([], []),
        ([HERE], []),
        ([HERE, ("pricing", "0009_frozen")], ["pricing.0009_frozen"]),
        (
            [("outbox", "0003_b"), ("diagnostics", "0002_a")],
            ["diagnostics.0002_a", "outbox.0003_b"],
        ),
        # another library's, or an app's that is no longer there
        ([("axes", "0001_initial"), ("auth", "0099_gone"), ("shop", "0001_initial")], []),
    ],
)
def test_names_those_of_ours_that_are_not_in_the_code(applied, unknown):
    assert unknown_migrations(applied) == unknown
