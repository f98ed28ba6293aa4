"""Plans → rows, written by COPY: a batch is 5000 orders, 15,000 lines and 30,000 fee lines."""

import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from eligibility.findings import Finding, outcome_of
from pricing.fees import ROUNDING, RULE_VERSION, FeeLine
from repurchase.models import Batch
from repurchase.planning import Plan

ORDER_COLUMNS = (
    "id", "ref", "store_id", "batch_id", "position", "past_order_id", "status", "codes", "findings", "currency",
    "goods_minor", "freight_minor", "tax_minor", "total_minor", "fees_minor", "index_series", "tax_category",
    "tax_rate", "tax_code", "prices_include_tax", "incoterm", "importer_of_record", "service_id", "transit_days",
    "promise_days", "special_clearance", "local_return", "registrations", "ship_to", "note", "created_at",
    "changed_at",
)  # fmt: skip
LINE_COLUMNS = (
    "store_id", "order_id", "source_line_id", "line_no", "sku_id", "quantity", "moq", "base_minor", "reference_minor",
    "total_minor", "outcome", "codes", "findings", "hs_code", "origin_country",
)  # fmt: skip
FEE_COLUMNS = (
    "store_id", "order_id", "position", "part", "kind", "base_minor", "rate", "tariff_minor", "tariff_currency",
    "amount_minor", "currency", "reason", "detail", "rule_version", "rounding",
)  # fmt: skip

SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write(batch: Batch, plans: Sequence[tuple[int, Plan]], *, now: dt.datetime) -> None:
    """Writes the orders with lines and fees. `plans`: (position in the batch, plan)."""
    ids = _new_order_ids(len(plans))
    numbered = [(pk, position, plan) for pk, (position, plan) in zip(ids, plans, strict=True)]
    at = now.isoformat()
    _copy("repurchase_repeatorder", ORDER_COLUMNS, (_order(batch, *x, at) for x in numbered))
    _copy("repurchase_repeatline", LINE_COLUMNS, (row for x in numbered for row in _lines(batch, *x)))
    _copy("repurchase_orderfee", FEE_COLUMNS, (row for x in numbered for row in _fees(batch, *x)))


def _new_order_ids(n: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('repurchase_repeatorder', 'id')) FROM generate_series(1, %s)",
            [n],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _order(batch: Batch, pk: int, position: int, plan: Plan, at: str) -> tuple:
    order, offer = plan.verdict.order, plan.offer
    head = (pk, f"{batch.ref}-{position:04d}", batch.store_id, batch.pk, position, order.id, plan.outcome)
    found = (plan.codes, json_of(findings_of(plan.findings)), order.currency)
    if offer:
        p, t, lane = offer.priced, offer.treatment, offer.lane
        money = (p.goods_minor, p.freight_minor, p.tax_minor, p.total_minor, p.fees_minor, offer.index_series)
        tax = (t.category, t.rate, t.code)
        travel = (lane.service_id, lane.transit_days)
    else:
        money, tax, travel = (0, 0, 0, 0, 0, ""), ("", None, ""), (None, None)
    return (
        *head, *found, *money, *tax, order.prices_include_tax, order.incoterm, order.importer_of_record, *travel,
        order.promise_days, order.special_clearance, order.local_return,
        json_of(offer.registrations if offer else []), json_of(order.ship_to), order.note, at, at,
    )  # fmt: skip


def _lines(batch: Batch, pk: int, _position: int, plan: Plan) -> Iterator[tuple]:
    """Every source line with its one outcome; a line can't be planned in an order that isn't (pitfall 8)."""
    totals = iter(plan.offer.priced.line_totals if plan.offer else ())
    for verdict in plan.verdict.lines:
        line, sku = verdict.line, verdict.line.sku
        outcome = outcome_of(verdict.findings) if verdict.findings else plan.outcome
        yield (
            batch.store_id, pk, line.id, line.line_no, sku.id, line.quantity, line.least, line.total_minor,
            verdict.reference_minor, next(totals) if outcome == "planned" else 0, outcome,
            [str(f.code) for f in verdict.findings], json_of(findings_of(verdict.findings)),
            sku.hs_code, sku.origin_country,
        )  # fmt: skip


def write_fees(store_id: int, fees: Mapping[int, Sequence[FeeLine]]) -> None:
    """The fee lines of orders by their ids, again: the caller has deleted those that they replace."""
    rows = (row for pk, of_order in fees.items() for row in _fee_rows(store_id, pk, of_order))
    _copy("repurchase_orderfee", FEE_COLUMNS, rows)


def _fees(batch: Batch, pk: int, _position: int, plan: Plan) -> Iterator[tuple]:
    return _fee_rows(batch.store_id, pk, plan.offer.priced.fees if plan.offer else ())


def _fee_rows(store_id: int, pk: int, fees: Sequence[FeeLine]) -> Iterator[tuple]:
    for position, fee in enumerate(fees, start=1):
        yield (
            store_id, pk, position, fee.part, fee.kind, fee.base_minor, fee.rate,
            fee.tariff.minor if fee.tariff else None, fee.tariff.currency if fee.tariff else "",
            fee.amount_minor, fee.currency, fee.reason, json_of(fee.detail), RULE_VERSION, ROUNDING,
        )  # fmt: skip


def findings_of(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [{"code": f.code, "evidence": f.evidence} for f in findings]


def json_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if value else json.dumps(value)


def _copy(table: str, columns: Sequence[str], rows: Iterable[tuple]) -> None:
    text = io.StringIO("".join("\t".join(map(_cell, row)) + "\n" for row in rows))
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", text)


def _cell(value: Any) -> str:
    """A value in COPY's text format. Arrays hold codes only: capitals and underscores, nothing to escape."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.translate(SPECIAL)
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    return str(value)
