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

from qualification.readings import YEARS

MOVED = "movement:"
NOTHING = "0.00"
LEAST_MOVEMENTS = 5
"""Of a month; fewer may be alike by chance."""
OF_WHICH_ONE_MAY_DIFFER = 10
"""So many movements; of fewer one may differ as well."""


class Document(Protocol):
    def value(self, name: str) -> str: ...

    def raw(self, name: str) -> str: ...

    def names(self, prefix: str) -> list[str]: ...


D = TypeVar("D", bound=Document)


def marks(document: Document) -> list[str]:
    """What a statement is found again by in other stores: its account by month, each month's sums
    and movements."""
    account = account_of(document)
    months = _months(document)
    return sorted(
        {
            *(f"account:{account}:{month}" for month in months if account),
            *(f"sums:{month}:{sums}" for month, sums in _sums(document).items()),
            *(f"{MOVED}{each}" for those in _movements(document).values() for each in those),
        }
    )


def share_marks(mine: Collection[str], theirs: Collection[str]) -> bool:
    """Whether two statements are the same by their marks."""
    one, other = ({m for m in those if not m.startswith(MOVED)} for those in (mine, theirs))
    return bool(one & other) or _moved_alike(_by_month(mine), _by_month(theirs))


def _by_month(those: Collection[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for mark in those:
        if mark.startswith(MOVED):
            each = mark.removeprefix(MOVED)
            found[each[:7]].add(each)
    return found


def account_of(document: Document) -> str:
    return re.sub(r"[^0-9A-Z*]", "", document.value("account").upper())


def pairs(documents: Sequence[D]) -> Iterator[tuple[D, D]]:
    """Each two that are the same."""
    told = [(each, _sums(each).items(), _movements(each)) for each in documents]
    for (one, sums, moved), (other, other_sums, other_moved) in combinations(told, 2):
        if _overlap(one, other) or sums & other_sums or _moved_alike(moved, other_moved):
            yield one, other


def _overlap(one: Document, other: Document) -> bool:
    first, second = period_of(one), period_of(other)
    same = bool(account_of(one)) and account_of(one) == account_of(other)
    return bool(same and first and second and first[0] <= second[1] and second[0] <= first[1])


def counted_once(documents: Sequence[D]) -> list[list[D]]:
    """The documents in groups of those that are the same; one of each group counts."""
    groups: list[list[D]] = [[document] for document in documents]
    for one, other in pairs(documents):
        mine, theirs = (
            next(g for g in groups if any(d is each for d in g)) for each in (one, other)
        )
        if mine is not theirs:
            mine.extend(theirs)
            groups.remove(theirs)
    return groups


def period_of(document: Document) -> tuple[dt.date, dt.date] | None:
    """None where a day of it is not known, or of no year that a document can be of."""
    try:
        begin, end = (
            dt.date.fromisoformat(document.value(name)) for name in ("period_from", "period_to")
        )
    except ValueError:
        return None
    return (begin, end) if begin.year in YEARS and end.year in YEARS else None


def _months(document: Document) -> list[str]:
    """Every month that its period touches, and every one that it has movements in."""
    found = {name.removeprefix("credits ") for name in document.names("credits ")}
    period = period_of(document)
    if period:
        first, last = (day.year * 12 + day.month - 1 for day in period)
        found |= {f"{n // 12}-{n % 12 + 1:02}" for n in range(first, min(last, first + 120) + 1)}
    return sorted(found)


def _sums(document: Document) -> Mapping[str, str]:
    """The credits and debits of each month with either; a month without movements is like any
    other."""
    months = [name.removeprefix("credits ") for name in document.names("credits ")]
    sides = {
        m: [_plain(document.value(f"{side} {m}")) for side in ("credits", "debits")] for m in months
    }
    return {month: ":".join(both) for month, both in sides.items() if both != [NOTHING, NOTHING]}


def _plain(amount: str) -> str:
    """“1,200.50” and “1200.50” alike."""
    text = amount.replace(",", "")
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}" if text.strip("0.") else NOTHING


def _movements(document: Document) -> Mapping[str, set[str]]:
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


def _moved_alike(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> bool:
    """Whether a month of the one has nearly all movements of the other's, or the other way
    round."""
    return any(_alike(one[month], other[month]) for month in one.keys() & other.keys())


def _alike(one: set[str], other: set[str]) -> bool:
    count = min(len(one), len(other))
    may_differ = max(count // OF_WHICH_ONE_MAY_DIFFER, 1)
    return count >= LEAST_MOVEMENTS and len(one & other) >= count - may_differ
