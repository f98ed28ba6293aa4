"""The transaction that a whole test, or a module of tests, is wrapped in: taken back at the end,
and none of the product's."""

from django.db import transaction


def taken_back() -> transaction.Atomic:
    """Marked as Django marks the ones of its own test cases, so that no code is refused for being
    inside of it."""
    block = transaction.atomic()
    block._from_testcase = True
    return block
