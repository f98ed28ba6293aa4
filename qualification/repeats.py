"""The same statement twice: in one store, where it counts once, and in two stores (R-34, R-35). Pure.

Two statements are the same where they tell of the same account on the same day, whatever else they say, or where a
month of one has the very credits and debits of the other: a copy whose account number was changed.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

from qualification.readings import YEARS


class Document(Protocol):
    def value(self, name: str) -> str: ...

    def names(self, prefix: str) -> list[str]: ...


D = TypeVar("D", bound=Document)


def marks(document: Document) -> list[str]:
    """What a statement is found again by in other stores: its account by month, and each month's sums."""
    account = account_of(document)
    months = _months(document)
    return sorted(
        {
            *(f"account:{account}:{month}" for month in months if account),
            *(f"sums:{month}:{sums}" for month, sums in _sums(document).items()),
        }
    )


def account_of(document: Document) -> str:
    return re.sub(r"[^0-9A-Z*]", "", document.value("account").upper())


def pairs(documents: Sequence[D]) -> Iterator[tuple[D, D]]:
    """Each two that are the same."""
    for one, other in combinations(documents, 2):
        if _overlap(one, other) or _sums(one).items() & _sums(other).items():
            yield one, other


def _overlap(one: Document, other: Document) -> bool:
    first, second = period_of(one), period_of(other)
    same = bool(account_of(one)) and account_of(one) == account_of(other)
    return bool(same and first and second and first[0] <= second[1] and second[0] <= first[1])


def counted_once(documents: Sequence[D]) -> list[list[D]]:
    """The documents in groups of those that are the same; one of each group counts."""
    groups: list[list[D]] = [[document] for document in documents]
    for one, other in pairs(documents):
        mine, theirs = (next(g for g in groups if any(d is each for d in g)) for each in (one, other))
        if mine is not theirs:
            mine.extend(theirs)
            groups.remove(theirs)
    return groups


def period_of(document: Document) -> tuple[dt.date, dt.date] | None:
    """None where a day of it is not known, or of no year that a document can be of."""
    try:
        begin, end = (dt.date.fromisoformat(document.value(name)) for name in ("period_from", "period_to"))
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
    """The credits and debits of each month with both; a month without movements is like any other."""
    return {
        month: f"{credits}:{debits}"
        for month in (name.removeprefix("credits ") for name in document.names("credits "))
        if (credits := _plain(document.value(f"credits {month}")))
        and (debits := _plain(document.value(f"debits {month}")))
    }


def _plain(amount: str) -> str:
    """“1,200.50” and “1200.50” alike; "" for nothing."""
    text = amount.replace(",", "")
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}" if text.strip("0.") else ""
