"""Plans → rows, written by COPY: a batch is 5000 orders, 15,000 lines and 30,000 fee lines.

Rows are written as COPY's text at once. What many rows share (a charge, a SKU, an address) is put
into text once.
"""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from eligibility.findings import Finding, outcome_of
from marketplace.memoized_lookup import MemoizedLookup
from pricing.fees import ROUNDING, RULE_VERSION, FeeLine
from repurchase.batches.planner import OrderPlan
from repurchase.models import Batch

ORDER_COLUMNS = (
    "store_id", "batch_id", "created_at", "changed_at", "buyer_tax_number", "id", "ref", "position", "past_order_id", "status",
    "codes", "findings", "currency", "prices_include_tax", "incoterm", "importer_of_record", "promise_days",
    "special_clearance", "local_return", "ship_to", "note", "goods_minor", "freight_minor", "tax_minor", "total_minor",
    "fees_minor", "index_series", "tax_category", "tax_rate", "tax_code", "service_id", "transit_days", "registrations",
)  # fmt: skip
LINE_COLUMNS = (
    "store_id", "sku_id", "hs_code", "origin_country", "order_id", "source_line_id", "line_no", "quantity", "moq",
    "base_minor", "reference_minor", "total_minor", "outcome", "codes", "findings",
)  # fmt: skip
FEE_COLUMNS = (
    "store_id", "part", "kind", "rate", "currency", "rule_version", "rounding", "order_id", "position", "base_minor",
    "amount_minor", "tariff_minor", "tariff_currency", "reason", "detail",
)  # fmt: skip

COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
COPY_NULL = r"\N"
NO_FINDINGS_CELLS = "{}\t[]"
"""Nothing found: no codes, no findings."""
COPY_BUFFER_BYTES = 2**16
encode_json = json.JSONEncoder(ensure_ascii=False, default=str).encode

NumberedPlans = Sequence[tuple[int, int, OrderPlan]]  # id, position in the batch, plan


def write(batch: Batch, plans: Sequence[tuple[int, OrderPlan]], *, now: dt.datetime) -> None:
    """Writes the orders with lines and fees. `plans`: (position in the batch, plan)."""
    ids = _new_order_ids(len(plans))
    numbered = [(pk, position, plan) for pk, (position, plan) in zip(ids, plans, strict=True)]
    _copy_rows("repurchase_repeatorder", ORDER_COLUMNS, _render_order_rows(batch, numbered, now))
    _copy_rows("repurchase_repeatline", LINE_COLUMNS, _render_line_rows(batch.store_id, numbered))
    write_fees(
        batch.store_id, {pk: plan.offer.priced.fees for pk, _, plan in numbered if plan.offer}
    )


def write_fees(store_id: int, fees: Mapping[int, Sequence[FeeLine]]) -> None:
    """The fee lines of orders by their ids. Written again: the caller has deleted those that they
    replace."""
    _copy_rows("repurchase_orderfee", FEE_COLUMNS, _render_fee_rows(store_id, fees))


def check_foreign_keys() -> None:
    """The foreign keys of what was written, which else are checked by the commit.

    Before the store's row of the ledger is held: only behind it do the chunks of a store wait for
    each other, and checking takes a third of a chunk's time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _new_order_ids(n: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('repurchase_repeatorder', 'id')) FROM generate_series(1, %s)",
            [n],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _render_order_rows(batch: Batch, numbered: NumberedPlans, now: dt.datetime) -> Iterator[str]:
    at = now.isoformat()
    common = _format_cells(batch.store_id, batch.pk, at, at, batch.buyer.tax_number)
    terms_of = MemoizedLookup(lambda values: _format_cells(*values))
    ship_to_of = MemoizedLookup(lambda pairs: _format_cell(encode_json(dict(pairs))))
    registrations_of = _RenderedOnce(lambda found: _format_cell(encode_json(found)))
    for pk, position, plan in numbered:
        o, offer = plan.verdict.order, plan.offer
        terms = terms_of[
            o.currency,
            o.prices_include_tax,
            o.incoterm,
            o.importer_of_record,
            o.promise_days,
            o.special_clearance,
            o.local_return,
        ]
        if offer:
            p, t, lane = offer.priced, offer.treatment, offer.lane
            money = f"{p.goods_minor}\t{p.freight_minor}\t{p.tax_minor}\t{p.total_minor}\t{p.fees_minor}"
            travel = terms_of[
                offer.index_series, t.category, t.rate, t.code, lane.service_id, lane.transit_days
            ]
            offered = f"{money}\t{travel}\t{registrations_of(offer.registrations)}"
        else:
            offered = NO_OFFER_CELLS
        codes = plan.codes
        found = _render_findings(codes, plan.findings) if codes else NO_FINDINGS_CELLS
        yield (
            f"{common}\t{pk}\t{batch.ref}-{position:04d}\t{position}\t{o.id}\t{plan.outcome}\t{found}\t{terms}"
            f"\t{ship_to_of[tuple(o.ship_to.items())]}\t{_format_cell(o.note)}\t{offered}\n"
        )


NO_OFFER_CELLS = "\t".join(["0"] * 5 + ["", "", r"\N", "", r"\N", r"\N", "[]"])


def _render_line_rows(store_id: int, numbered: NumberedPlans) -> Iterator[str]:
    """Every source line with its one outcome; a line can't be planned in an order that isn't
    (pitfall 8)."""
    sku_of = _RenderedOnce(
        lambda sku: _format_cells(store_id, sku.id, sku.hs_code, sku.origin_country)
    )
    for pk, _, plan in numbered:
        of_the_order, totals = (
            plan.outcome,
            iter(plan.offer.priced.line_totals if plan.offer else ()),
        )
        for verdict in plan.verdict.lines:
            line, findings, reference = verdict.line, verdict.findings, verdict.reference_minor
            outcome, found = of_the_order, NO_FINDINGS_CELLS
            if findings:
                outcome, found = (
                    outcome_of(findings),
                    _render_findings([str(f.code) for f in findings], findings),
                )
            yield (
                f"{sku_of(line.sku)}\t{pk}\t{line.id}\t{line.line_no}\t{line.quantity}\t{line.least}"
                f"\t{line.total_minor}\t{COPY_NULL if reference is None else reference}"
                f"\t{next(totals) if outcome == 'planned' else 0}\t{outcome}\t{found}\n"
            )


def _render_fee_rows(store_id: int, fees: Mapping[int, Sequence[FeeLine]]) -> Iterator[str]:
    charge_of = _RenderedOnce(
        lambda c: _format_cells(
            store_id, c.part, c.kind, c.rate, c.currency, RULE_VERSION, ROUNDING
        )
    )
    told_of = _RenderedOnce(lambda charge: _format_cell(encode_json(charge.told)))
    for pk, of_order in fees.items():
        for position, fee in enumerate(of_order, start=1):
            tariff, amount = fee.tariff, fee.amount_minor
            minor, currency = (tariff.minor, tariff.currency) if tariff else (COPY_NULL, "")
            alike = fee.freight_minor is None and fee.quote is None  # what it tells is its charge's
            yield (
                f"{charge_of(fee.charge)}\t{pk}\t{position}\t{fee.base_minor}\t{amount}\t{minor}\t{currency}"
                f"\t{'' if amount else fee.reason.value}"
                f"\t{told_of(fee.charge) if alike else _format_cell(encode_json(fee.detail))}\n"
            )


class _RenderedOnce:
    """What `work` makes of an object: once, however many rows share it."""

    def __init__(self, work: Callable[[Any], str]) -> None:
        self._work, self._known = work, {}

    def __call__(self, shared: Any) -> str:
        known = self._known.get(id(shared))
        if known is None:
            known = self._known[id(shared)] = (
                self._work(shared),
                shared,
            )  # held, so that its id stays its own
        return known[0]


def serialize_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [{"code": f.code, "evidence": f.evidence} for f in findings]


def _render_findings(codes: Sequence[str], findings: Sequence[Finding]) -> str:
    return f"{{{','.join(codes)}}}\t{_format_cell(encode_json(serialize_findings(findings)))}"


def _copy_rows(table: str, columns: Sequence[str], rows: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        cursor.cursor.copy_expert(statement, io.StringIO("".join(rows)), COPY_BUFFER_BYTES)


def transpose_rows(rows: Sequence[tuple]) -> list[list]:
    """Rows as the arrays of an `unnest`."""
    return [list(column) for column in zip(*rows, strict=True)]


def update_rows(statement: str, values: Sequence, *, expected: int) -> None:
    """One guarded statement for many rows: it changes all of them, or it fails."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != expected:
            raise ValueError(f"{cursor.rowcount} of {expected} rows could be changed")


def _format_cells(*values: Any) -> str:
    return "\t".join([_format_cell(value) for value in values])


def _format_cell(value: Any) -> str:
    """A value in COPY's text format."""
    if value is None:
        return COPY_NULL
    return str(value).translate(COPY_ESCAPES)
