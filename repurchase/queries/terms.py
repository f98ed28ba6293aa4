"""The exact bytes of a lot's terms: what an act of the buyer is bound to, and what a sealed agreement carries."""

import json
from collections.abc import Mapping, Sequence

from repurchase.models import RepeatOrder

Services = Mapping[int, Sequence[tuple[int, str]]]  # by order id: (line number, 0 for the whole order; text)


def terms_text(
    orders: Sequence[RepeatOrder], lines: Mapping[int, Sequence[tuple]], services: Services
) -> bytes:
    """Every order's money, tax, Incoterm, promise, address, lines and services, by position, as canonical JSON."""
    terms = [
        [
            order.ref, order.currency, order.goods_minor, order.freight_minor, order.tax_minor, order.total_minor,
            order.tax_code, order.incoterm, order.importer_of_record, order.promise_days, order.ship_to,
            lines[order.pk], *([sorted(services[order.pk])] if services.get(order.pk) else []),
        ]
        for order in orders
    ]  # fmt: skip
    return json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
