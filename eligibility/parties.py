"""Is one of an order's parties on an imported screening list? (R-90) Pure."""

from collections.abc import Sequence

from eligibility.facts import ListedParty
from marketplace.names import same


def match(parties: Sequence[str], listed: Sequence[ListedParty]) -> tuple[str, str, ListedParty] | None:
    """The first party that is on a list: its name, the listed name, the entry."""
    for party in parties:
        for entry in listed:
            for name in entry.names:
                if same(party, name):
                    return party, name, entry
    return None
