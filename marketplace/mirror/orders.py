"""Importing an order history: one pass over the file into temporary tables, then a few statements
over them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.mirror import files, online_retail, parties, staging
from marketplace.mirror.accounting import (
    CancellationOutcome,
    ImportRowCounts,
    MergedRowKind,
    RowRefusalReason,
)
from marketplace.mirror.cancellations import Cancellation, Sale, match_cancellations
from marketplace.mirror.online_retail import RetailFields, RetailOrder, RetailRow, RetailRowKind
from marketplace.mirror.profiles import Profile
from marketplace.mirror.rejected_rows import RefusedRowsFile
from marketplace.models import Store

FILE_FORMATS = ("online-retail",)
ALWAYS_ASSUMED = ["paid_at", "completed_at", "incoterm", "importer_of_record", "promise_days"]
ASSUMED_WITH_PROFILE = ["rating", "lines.rating", "consignee", "city", "street", "postal_code"]
ASSUMED_WHEN_SHIFTED = ["ordered_at"]
FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderImportReport:
    """What an import did. `lines_within_band` of `lines_recent` are repeatable by their price
    (R-47)."""

    accounting: ImportRowCounts
    new_orders: int
    cancelled_orders: int
    new_prices: int
    lines_recent: int  # of completed orders of the 90 days before the newest
    lines_within_band: int
    newest: dt.datetime | None
    shifted_days: int
    refused_file: Path
    dry_run: bool


@dataclass(slots=True)
class _ImportPass:
    """What one pass over the file leaves behind, beside the temporary tables."""

    accounting: ImportRowCounts = field(default_factory=ImportRowCounts)
    titles: dict[str, str] = field(default_factory=dict)  # by SKU, the last one that is not blank
    prices: dict[str, Decimal] = field(default_factory=dict)  # by SKU, the last one
    homes: dict[str, tuple[str, bool]] = field(
        default_factory=dict
    )  # customer → last country, assumed?
    cancellations: list[Cancellation] = field(default_factory=list)
    cancelled_rows: dict[int, RetailFields] = field(default_factory=dict)
    nothing_to_cancel: list[int] = field(default_factory=list)  # cancellations that found no sale


def import_orders(
    *,
    store: Store,
    path: Path,
    file_format: str,
    refused_path: Path,
    profile: Profile | None = None,
    shift_latest_to: dt.date | None = None,
    dry_run: bool = False,
    progress: files.ProgressCallback | None = None,
) -> OrderImportReport:
    """Mirrors a file's orders. A dry run does all of it and takes it back; only the refused rows'
    file stays.

    FILE_FORMAT_UNKNOWN and the codes of `files.rows`; nothing is written then.
    """
    if file_format not in FILE_FORMATS:
        raise Problem(Code.FILE_FORMAT_UNKNOWN, value=file_format, limit=FILE_FORMATS)
    with RefusedRowsFile(refused_path, online_retail.COLUMNS) as refused:
        staging.create()
        read = _stage_rows(
            files.rows(path, columns=online_retail.COLUMNS, progress=progress), profile, refused
        )
        with transaction.atomic():
            staging.run(
                "SELECT pg_advisory_xact_lock(hashtext('import_orders'), %(store)s)", store=store.pk
            )
            report = _load_staged_orders(
                store, read, profile, shift_latest_to, refused_path, dry_run
            )
            transaction.set_rollback(dry_run)
        for row_no in read.nothing_to_cancel:
            refused.write(row_no, read.cancelled_rows[row_no], RowRefusalReason.NOTHING_TO_CANCEL)
        staging.drop()
    return report


def _stage_rows(
    rows: Iterator[RetailFields | None], profile: Profile | None, refused: RefusedRowsFile
) -> _ImportPass:
    done, assembly, writer = (
        _ImportPass(),
        online_retail.OrderAssembler(),
        _StagingWriter(profile, refused),
    )
    for row_no, fields in enumerate(rows, start=1):
        done.accounting.read = row_no
        row = online_retail.parse_retail_row(fields) if fields else RowRefusalReason.UNPARSABLE
        if isinstance(row, RetailRow):
            row = _stage_row(row_no, fields, row, done, assembly)
        if isinstance(row, RetailOrder):
            writer.write(row, done)
        elif row:
            done.accounting.refused[row] += 1
            refused.write(row_no, fields or (), row)
    for order in assembly.rest():
        writer.write(order, done)
    writer.flush()
    return done


def _stage_row(
    row_no: int,
    fields: RetailFields,
    row: RetailRow,
    done: _ImportPass,
    assembly: online_retail.OrderAssembler,
) -> RetailOrder | RowRefusalReason | None:
    if row.kind is RetailRowKind.CANCELLATION:
        key = (row.customer, row.sku, row.price)
        done.cancellations.append(Cancellation(key, row.at, row.quantity, row_no))
        done.cancelled_rows[row_no] = fields
        return None
    if row.kind is RetailRowKind.SALE:
        done.prices[row.sku] = row.price
        done.titles[row.sku] = row.title or done.titles.get(row.sku, "")
    return assembly.add(row_no, fields, row)


class _StagingWriter:
    """Copies complete orders into the temporary tables."""

    def __init__(self, profile: Profile | None, refused: RefusedRowsFile) -> None:
        self._profile, self._refused = profile, refused
        self._orders, self._lines, self._carriage = map(
            staging.copy_buffer_for, ("stage_order", "stage_line", "stage_carriage")
        )

    def write(self, order: RetailOrder, done: _ImportPass) -> None:
        for row_no, fields, reason in order.close():
            done.accounting.refused[reason] += 1
            self._refused.write(row_no, fields, reason)
        if not order.lines:
            return
        done.homes[order.customer] = (order.country, order.country_assumed)
        stars = self._profile.stars(order.number, len(order.lines)) if self._profile else None
        self._orders.add(self._order_values(order, stars))
        for n, line in enumerate(order.lines.values()):
            star = stars[n] if stars else None
            self._lines.add(
                (order.number, n + 1, line.sku, line.quantity, line.price, line.total_minor, star)
            )
        for *_, row in order.carriage:
            self._carriage.add((order.number, row.sku, row.quantity, row.price))

    def _order_values(self, order: RetailOrder, stars: list[int] | None) -> tuple:
        town, postal_code = self._profile.place_of(order.country) if self._profile else (None, None)
        rating = (
            (Decimal(sum(stars)) / len(stars)).quantize(FOUR_PLACES, ROUND_DOWN) if stars else None
        )
        return (
            order.number,
            order.customer,
            order.country,
            order.country_assumed,
            town,
            self._profile and self._profile.street,
            postal_code,
            order.at,
            order.goods_minor,
            order.freight_minor,
            len(order.lines),
            rating,
            order.merged[MergedRowKind.REPEATED],
            order.merged[MergedRowKind.DUPLICATE],
            order.merged[MergedRowKind.CARRIAGE],
        )

    def flush(self) -> None:
        for table in (self._orders, self._lines, self._carriage):
            table.flush()


def _load_staged_orders(
    store: Store,
    done: _ImportPass,
    profile: Profile | None,
    shift_latest_to: dt.date | None,
    refused_file: Path,
    dry_run: bool,
) -> OrderImportReport:
    at = clock.now()
    # Whole files are joined with tables whose statistics are of before: row by row is never right,
    # whatever they say.
    staging.run(
        "SET LOCAL enable_nestloop = off; ANALYZE stage_order; ANALYZE stage_line; SELECT 1"
    )
    newest = staging.run("SELECT max(ordered_at) FROM stage_order")[0][0]
    days = (shift_latest_to - newest.date()).days if shift_latest_to and newest else 0
    parties.add_buyers(store=store, homes=done.homes, profile=profile, at=at)
    parties.add_skus(store=store, titles=done.titles, prices=done.prices, profile=profile, at=at)
    values = _sql_parameters(store, profile, days, at)
    staging.run(staging.FIND_NEW, **values)
    new_orders = staging.count(staging.ADD_ORDERS, **values)
    staging.run(staging.ADD_LINES, **values)
    new_prices = staging.count(
        staging.ADD_PRICES, **values | {"assumed": ["valid_from"] if days else []}
    )
    cancelled = _apply_cancellations(store, done)
    _count_staged_rows(done.accounting)
    within, recent = _count_repeatable_lines(store, newest, at)
    return OrderImportReport(
        accounting=done.accounting,
        new_orders=new_orders,
        cancelled_orders=cancelled,
        new_prices=new_prices,
        lines_recent=recent,
        lines_within_band=within,
        newest=newest and newest + dt.timedelta(days=days),
        shifted_days=days,
        refused_file=refused_file,
        dry_run=dry_run,
    )


def _sql_parameters(store: Store, profile: Profile | None, days: int, at: dt.datetime) -> dict:
    orders = profile.orders if profile else {}
    assumed = [
        *ALWAYS_ASSUMED,
        *(ASSUMED_WITH_PROFILE if profile else []),
        *(ASSUMED_WHEN_SHIFTED if days else []),
    ]
    return {
        "store": store.pk,
        "currency": online_retail.CURRENCY,
        "source": online_retail.SOURCE,
        "at": at,
        "shift": dt.timedelta(days=days),
        "bands": list(staging.QUANTITY_BREAKS),
        "assumed": assumed,
        "incoterm": orders.get("incoterm", "DAP"),
        "importer": orders.get("importer_of_record", "buyer"),
        "promise_days": orders.get("promise_days", 30),
    }


def _apply_cancellations(store: Store, done: _ImportPass) -> int:
    """Takes back what the cancellations find; how many orders are cancelled whole by now."""
    keys = staging.copy_buffer_for("stage_cancelled")
    for key in {c.key for c in done.cancellations}:
        keys.add(key)
    keys.flush()
    sales = (
        Sale((customer, sku, price), at, number, quantity)
        for customer, sku, price, at, number, quantity in staging.run(staging.SALES_TO_MATCH)
    )
    settled = match_cancellations(sales, done.cancellations)
    for cancellation in done.cancellations:
        _count_cancellation(cancellation, settled.found[cancellation.row_no], done)
    refunds = staging.copy_buffer_for("stage_refund")
    for refund in settled.refunds.items():
        refunds.add(refund)
    refunds.flush()
    staging.run(staging.APPLY_REFUNDS, store=store.pk)
    return staging.run(
        "SELECT count(*) FROM marketplace_pastorder p JOIN stage_order USING (number)"
        " WHERE p.store_id = %(store)s AND p.status = 'cancelled'",
        store=store.pk,
    )[0][0]


def _count_cancellation(cancellation: Cancellation, found: int, done: _ImportPass) -> None:
    if found:
        kind = (
            CancellationOutcome.WHOLE
            if found == cancellation.quantity
            else CancellationOutcome.PART
        )
        done.accounting.cancelled[kind] += 1
        return
    done.accounting.refused[RowRefusalReason.NOTHING_TO_CANCEL] += 1
    done.nothing_to_cancel.append(cancellation.row_no)


def _count_staged_rows(accounting: ImportRowCounts) -> None:
    for is_new, lines, *merged in staging.run(staging.COUNT_ROWS):
        if is_new:
            accounting.imported = lines
            accounting.merged.update(dict(zip(MergedRowKind, merged, strict=True)))
        else:
            accounting.already_there = lines + sum(merged)


def _count_repeatable_lines(
    store: Store, newest: dt.datetime | None, at: dt.datetime
) -> tuple[int, int]:
    if newest is None:
        return 0, 0
    limits = policy.in_force(at)
    return staging.run(
        staging.COUNT_REPEATABLE,
        store=store.pk,
        band=limits["price_band"],
        bands=list(staging.QUANTITY_BREAKS),
        since=newest - dt.timedelta(days=limits["order_max_age_days"]),
    )[0]
