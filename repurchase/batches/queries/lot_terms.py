"""The exact bytes of a lot's terms: what an act of the buyer is bound to, and what a sealed
agreement carries."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from diagnostics.codes import Code
from pricing.agreements import digest_of
from pricing.models import Lock, LockTerms
from repurchase.models import RepeatLine, RepeatOrder

CustomisationsByOrder = Mapping[
    int, Sequence[tuple[int, str]]
]  # by order id: (line number, 0 for the whole order; text)


def encode_terms(
    orders: Sequence[RepeatOrder],
    lines: Mapping[int, Sequence[tuple]],
    services: CustomisationsByOrder,
) -> bytes:
    """Every order's money, tax, Incoterm, promise, address, lines and services, by position, as
    canonical JSON."""
    terms = [
        [
            order.ref,
            order.currency,
            order.goods_minor,
            order.freight_minor,
            order.tax_minor,
            order.total_minor,
            order.tax_code,
            order.incoterm,
            order.importer_of_record,
            order.promise_days,
            order.ship_to,
            lines[order.pk],
            *([sorted(services[order.pk])] if services.get(order.pk) else []),
        ]
        for order in orders
    ]
    return json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def locked_term_entries(lock: Lock) -> list[list[Any]]:
    """ValueError when the kept bytes are no longer those of the lock's digest."""
    text = bytes(LockTerms.objects.values_list("text", flat=True).get(lock=lock))
    if digest_of(text) != lock.terms_digest:
        raise ValueError(f"lock {lock.pk}: its terms are no longer those that were locked")
    return json.loads(text)


def require_agreed_terms(
    entries: Iterable[Sequence[Any]],
    rows: Sequence[RepeatOrder],
    lines: Mapping[int, Sequence[RepeatLine]],
) -> None:
    """ValueError for an order that is not as it stands in the entries of the terms, apart from
    lines that left with the answer (R-15)."""
    agreed = {entry[0]: entry for entry in entries}
    for row in rows:
        _, currency, goods, freight, tax, total, *_, promise_days, _, of_lines = agreed[row.ref][
            :12
        ]
        kept = [
            [line.line_no, line.sku_id, line.quantity, line.total_minor] for line in lines[row.pk]
        ]
        money = (row.goods_minor, row.freight_minor, row.tax_minor, row.total_minor)
        if Code.CUSTOM_SERVICE_UNCONFIRMED in row.codes:
            same = all(line in of_lines for line in kept) and row.total_minor <= total
        else:
            same = kept == of_lines and money == (goods, freight, tax, total)
        if not same or (row.currency, row.promise_days) != (currency, promise_days):
            raise ValueError(f"order {row.ref} is no longer as it was agreed")
