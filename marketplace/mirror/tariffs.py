"""Writes versions of tariffs: the only way to put one in force."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from django.db import connection, transaction

from marketplace.models import Tariff

T = TypeVar("T", bound=Tariff)


@transaction.atomic
def begin(version: T) -> T:
    """A new version from its first day on, to the day on which a later one begins; the one before
    ends there.

    The database sets these ends: no role of the product may change a version that stands. No other
    row is touched. IntegrityError when one begins on that day, or an ended tariff would get a gap.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ranges_are_unbroken DEFERRED")
        version.save(force_insert=True)
        cursor.execute(
            "SELECT close_the_version_before(%s::regclass, %s)",
            [version._meta.db_table, version.pk],
        )
        cursor.execute("SET CONSTRAINTS ranges_are_unbroken IMMEDIATE")
    version.refresh_from_db(fields=["valid_until"])
    return version


def chain_versions(versions: Sequence[T]) -> Sequence[T]:
    """The versions of a tariff that has none yet, by first day: each ends where the next one
    begins."""
    for version, following in pairwise(versions):
        version.valid_until = following.valid_from
    return versions
