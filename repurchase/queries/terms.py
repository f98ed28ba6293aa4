"""The exact bytes of a lot's terms: what an act of the buyer is bound to, and what a sealed agreement carries."""

import json
from collections.abc import Mapping, Sequence

from repurchase.models import RepeatOrder


def terms_text(orders: Sequence[RepeatOrder], lines: Mapping[int, Sequence[tuple]]) -> bytes:
    """Every order's money, tax, Incoterm, address and lines, by position, as canonical JSON."""
    terms = [
        [
            order.ref, order.currency, order.goods_minor, order.freight_minor, order.tax_minor, order.total_minor,
            order.tax_code, order.incoterm, order.importer_of_record, order.ship_to, lines[order.pk],
        ]
        for order in orders
    ]  # fmt: skip
    return json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
