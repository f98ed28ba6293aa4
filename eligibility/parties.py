"""May one of an order's parties be one that an imported screening list names? (R-90) Pure.

A match is a question on the party's name as it is written and the entry as it stands; who decided
that they are not the same has cleared the two for each other, until one of them changes.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from eligibility.facts import ListedParty, OrderFacts, World
from marketplace.names import find_matching_keys, keys_of_listed


class Match(NamedTuple):
    party: str  # as it is written
    listed: str  # the name on the list
    entry: ListedParty


def find_matches(party: str, listed: Sequence[ListedParty]) -> Iterator[Match]:
    """Every entry that may be the party, each once, whatever was decided about it."""
    index, seen = _index_by_key(tuple(listed)), set()
    for key in find_matching_keys(party, index):
        for name, entry in index[key]:
            if entry.id not in seen:
                seen.add(entry.id)
                yield Match(party, name, entry)


def open_matches(order: OrderFacts, w: World) -> Iterator[Match]:
    """Those of the order's parties that nobody has cleared."""
    if w.listed:
        for party in order.parties:
            for match in find_matches(party, w.listed):
                if (party, match.entry.id) not in w.cleared:
                    yield match


@lru_cache(maxsize=8)
def _index_by_key(listed: tuple[ListedParty, ...]) -> dict[str, list[tuple[str, ListedParty]]]:
    index: dict[str, list[tuple[str, ListedParty]]] = defaultdict(list)
    for entry in listed:
        for name in entry.names:
            for key in keys_of_listed([name]):
                index[key].append((name, entry))
    return dict(index)


def digest_of_entry(
    *,
    list_name: str,
    names: Sequence[str],
    reference: str,
    country: str,
    since: dt.date | None,
    until: dt.date | None,
) -> str:
    """SHA-256 over all that the list says of an entry: when it changes, the entry is another one
    to be asked about."""
    content = [list_name, list(names), reference, country, str(since or ""), str(until or "")]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
