"""The same statement twice: in one store, where it counts once, and in two stores (R-34, R-35).
Pure.

Two statements are the same where they tell of the same account on the same day, whatever else they
say, or where a month of one has the very credits and debits of the other, or nearly all of its
movements: a copy whose account number was changed.
"""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

from qualification.readings import DOCUMENT_YEARS

MOVEMENT_PREFIX = "movement:"
ZERO_AMOUNT = "0.00"
MIN_MOVEMENTS = 5
"""Of a month; fewer may be alike by chance."""
MOVEMENTS_PER_DIFFERENCE = 10
"""So many movements; of fewer one may differ as well."""


class ComparableStatement(Protocol):
    def value(self, name: str) -> str: ...

    def raw(self, name: str) -> str: ...

    def names(self, prefix: str) -> list[str]: ...


D = TypeVar("D", bound=ComparableStatement)


def identifying_marks(document: ComparableStatement) -> list[str]:
    """What a statement is found again by in other stores: its account by month, each month's sums
    and movements."""
    account = account_number_of(document)
    months = _months_touched(document)
    return sorted(
        {
            *(f"account:{account}:{month}" for month in months if account),
            *(f"sums:{month}:{sums}" for month, sums in _monthly_sums(document).items()),
            *(
                f"{MOVEMENT_PREFIX}{each}"
                for those in _monthly_movements(document).values()
                for each in those
            ),
        }
    )


def has_shared_marks(mine: Collection[str], theirs: Collection[str]) -> bool:
    """Whether two statements are the same by their marks."""
    one, other = (
        {m for m in those if not m.startswith(MOVEMENT_PREFIX)} for those in (mine, theirs)
    )
    return bool(one & other) or _has_similar_month(
        _movements_by_month(mine), _movements_by_month(theirs)
    )


def _movements_by_month(those: Collection[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for mark in those:
        if mark.startswith(MOVEMENT_PREFIX):
            each = mark.removeprefix(MOVEMENT_PREFIX)
            found[each[:7]].add(each)
    return found


def account_number_of(document: ComparableStatement) -> str:
    return re.sub(r"[^0-9A-Z*]", "", document.value("account").upper())


def repeated_pairs(documents: Sequence[D]) -> Iterator[tuple[D, D]]:
    """Each two that are the same."""
    told = [(each, _monthly_sums(each).items(), _monthly_movements(each)) for each in documents]
    for (one, sums, moved), (other, other_sums, other_moved) in combinations(told, 2):
        if (
            _is_same_period(one, other)
            or sums & other_sums
            or _has_similar_month(moved, other_moved)
        ):
            yield one, other


def _is_same_period(one: ComparableStatement, other: ComparableStatement) -> bool:
    first, second = period_of(one), period_of(other)
    same = bool(account_number_of(one)) and account_number_of(one) == account_number_of(other)
    return bool(same and first and second and first[0] <= second[1] and second[0] <= first[1])


def group_repeated(documents: Sequence[D]) -> list[list[D]]:
    """The documents in groups of those that are the same; one of each group counts."""
    groups: list[list[D]] = [[document] for document in documents]
    for one, other in repeated_pairs(documents):
        mine, theirs = (
            next(g for g in groups if any(d is each for d in g)) for each in (one, other)
        )
        if mine is not theirs:
            mine.extend(theirs)
            groups.remove(theirs)
    return groups


def period_of(document: ComparableStatement) -> tuple[dt.date, dt.date] | None:
    """None where a day of it is not known, or of no year that a document can be of."""
    try:
        begin, end = (
            dt.date.fromisoformat(document.value(name)) for name in ("period_from", "period_to")
        )
    except ValueError:
        return None
    return (begin, end) if begin.year in DOCUMENT_YEARS and end.year in DOCUMENT_YEARS else None


def _months_touched(document: ComparableStatement) -> list[str]:
    """Every month that its period touches, and every one that it has movements in."""
    found = {name.removeprefix("credits ") for name in document.names("credits ")}
    period = period_of(document)
    if period:
        first, last = (day.year * 12 + day.month - 1 for day in period)
        found |= {f"{n // 12}-{n % 12 + 1:02}" for n in range(first, min(last, first + 120) + 1)}
    return sorted(found)


def _monthly_sums(document: ComparableStatement) -> Mapping[str, str]:
    """The credits and debits of each month with either; a month without movements is like any
    other."""
    months = [name.removeprefix("credits ") for name in document.names("credits ")]
    sides = {
        m: [_normalize_amount(document.value(f"{side} {m}")) for side in ("credits", "debits")]
        for m in months
    }
    return {
        month: ":".join(both) for month, both in sides.items() if both != [ZERO_AMOUNT, ZERO_AMOUNT]
    }


def _normalize_amount(amount: str) -> str:
    """“1,200.50” and “1200.50” alike."""
    text = amount.replace(",", "")
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}" if text.strip("0.") else ZERO_AMOUNT


def _monthly_movements(document: ComparableStatement) -> Mapping[str, set[str]]:
    """Day and amount of each movement by month, as the machine read them; the second alike as
    another one."""
    found: dict[str, set[str]] = {}
    for name in document.names("credits "):
        read = [
            each.partition(" = ")[0] for each in document.raw(name).split("; ") if " = " in each
        ]
        seen: Counter[str] = Counter()
        for each in read:
            seen[each] += 1
            found.setdefault(name.removeprefix("credits "), set()).add(f"{each} {seen[each]}")
    return found


def _has_similar_month(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> bool:
    """Whether a month of the one has nearly all movements of the other's, or the other way
    round."""
    return any(_is_similar(one[month], other[month]) for month in one.keys() & other.keys())


def _is_similar(one: set[str], other: set[str]) -> bool:
    count = min(len(one), len(other))
    may_differ = max(count // MOVEMENTS_PER_DIFFERENCE, 1)
    return count >= MIN_MOVEMENTS and len(one & other) >= count - may_differ
