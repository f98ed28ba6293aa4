"""Writes versions of tariffs: the only way to put one in force."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from django.db import connection, transaction

from marketplace.models import Tariff

T = TypeVar("T", bound=Tariff)


@transaction.atomic
def begin(version: T) -> T:
    """A new version from its first day on, to the day on which a later one begins; the one before ends there.

    No other row is touched. IntegrityError when one begins on that day, or an ended tariff would get a gap.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ranges_are_unbroken DEFERRED")
        others = version.versions()
        others.on(version.valid_from).update(valid_until=version.valid_from)
        later = others.filter(valid_from__gt=version.valid_from).first()
        version.valid_until = later.valid_from if later else version.valid_until
        version.save(force_insert=True)
        cursor.execute("SET CONSTRAINTS ranges_are_unbroken IMMEDIATE")
    return version


def chained(versions: Sequence[T]) -> Sequence[T]:
    """The versions of a tariff that has none yet, by first day: each ends where the next one begins."""
    for version, following in pairwise(versions):
        version.valid_until = following.valid_from
    return versions
