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
from marketplace.mirror.accounting import Accounting, Cancelled, Merged, Refused
from marketplace.mirror.cancellations import Cancellation, Sale, settle
from marketplace.mirror.online_retail import Fields, Kind, Order, Row
from marketplace.mirror.profiles import Profile
from marketplace.mirror.rejected_rows import RefusedRows
from marketplace.models import Store

FORMATS = ("online-retail",)
ALWAYS_ASSUMED = ["paid_at", "completed_at", "incoterm", "importer_of_record", "promise_days"]
WITH_PROFILE = ["rating", "lines.rating", "consignee", "city", "street", "postal_code"]
WHEN_SHIFTED = ["ordered_at"]
FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What an import did. `lines_within_band` of `lines_recent` are repeatable by their price
    (R-47)."""

    accounting: Accounting
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
class _Pass:
    """What one pass over the file leaves behind, beside the temporary tables."""

    accounting: Accounting = field(default_factory=Accounting)
    titles: dict[str, str] = field(default_factory=dict)  # by SKU, the last one that is not blank
    prices: dict[str, Decimal] = field(default_factory=dict)  # by SKU, the last one
    homes: dict[str, tuple[str, bool]] = field(
        default_factory=dict
    )  # customer → last country, assumed?
    cancellations: list[Cancellation] = field(default_factory=list)
    cancelled_rows: dict[int, Fields] = field(default_factory=dict)
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
    progress: files.Progress | None = None,
) -> Report:
    """Mirrors a file's orders. A dry run does all of it and takes it back; only the refused rows'
    file stays.

    FILE_FORMAT_UNKNOWN and the codes of `files.rows`; nothing is written then.
    """
    if file_format not in FORMATS:
        raise Problem(Code.FILE_FORMAT_UNKNOWN, value=file_format, limit=FORMATS)
    with RefusedRows(refused_path, online_retail.COLUMNS) as refused:
        staging.create()
        read = _stage(
            files.rows(path, columns=online_retail.COLUMNS, progress=progress), profile, refused
        )
        with transaction.atomic():
            staging.run(
                "SELECT pg_advisory_xact_lock(hashtext('import_orders'), %(store)s)", store=store.pk
            )
            report = _move(store, read, profile, shift_latest_to, refused_path, dry_run)
            transaction.set_rollback(dry_run)
        for row_no in read.nothing_to_cancel:
            refused.write(row_no, read.cancelled_rows[row_no], Refused.NOTHING_TO_CANCEL)
        staging.drop()
    return report


def _stage(rows: Iterator[Fields | None], profile: Profile | None, refused: RefusedRows) -> _Pass:
    done, assembly, writer = _Pass(), online_retail.Assembly(), _Writer(profile, refused)
    for row_no, fields in enumerate(rows, start=1):
        done.accounting.read = row_no
        row = online_retail.read(fields) if fields else Refused.UNPARSABLE
        if isinstance(row, Row):
            row = _take(row_no, fields, row, done, assembly)
        if isinstance(row, Order):
            writer.write(row, done)
        elif row:
            done.accounting.refused[row] += 1
            refused.write(row_no, fields or (), row)
    for order in assembly.rest():
        writer.write(order, done)
    writer.flush()
    return done


def _take(
    row_no: int, fields: Fields, row: Row, done: _Pass, assembly: online_retail.Assembly
) -> Order | Refused | None:
    if row.kind is Kind.CANCELLATION:
        key = (row.customer, row.sku, row.price)
        done.cancellations.append(Cancellation(key, row.at, row.quantity, row_no))
        done.cancelled_rows[row_no] = fields
        return None
    if row.kind is Kind.SALE:
        done.prices[row.sku] = row.price
        done.titles[row.sku] = row.title or done.titles.get(row.sku, "")
    return assembly.add(row_no, fields, row)


class _Writer:
    """Copies complete orders into the temporary tables."""

    def __init__(self, profile: Profile | None, refused: RefusedRows) -> None:
        self._profile, self._refused = profile, refused
        self._orders, self._lines, self._carriage = map(
            staging.copier, ("stage_order", "stage_line", "stage_carriage")
        )

    def write(self, order: Order, done: _Pass) -> None:
        for row_no, fields, reason in order.close():
            done.accounting.refused[reason] += 1
            self._refused.write(row_no, fields, reason)
        if not order.lines:
            return
        done.homes[order.customer] = (order.country, order.country_assumed)
        stars = self._profile.stars(order.number, len(order.lines)) if self._profile else None
        self._orders.add(self._order(order, stars))
        for n, line in enumerate(order.lines.values()):
            star = stars[n] if stars else None
            self._lines.add(
                (order.number, n + 1, line.sku, line.quantity, line.price, line.total_minor, star)
            )
        for *_, row in order.carriage:
            self._carriage.add((order.number, row.sku, row.quantity, row.price))

    def _order(self, order: Order, stars: list[int] | None) -> tuple:
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
            order.merged[Merged.REPEATED],
            order.merged[Merged.DUPLICATE],
            order.merged[Merged.CARRIAGE],
        )

    def flush(self) -> None:
        for table in (self._orders, self._lines, self._carriage):
            table.flush()


def _move(
    store: Store,
    done: _Pass,
    profile: Profile | None,
    shift_latest_to: dt.date | None,
    refused_file: Path,
    dry_run: bool,
) -> Report:
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
    values = _values(store, profile, days, at)
    staging.run(staging.FIND_NEW, **values)
    new_orders = staging.count(staging.ADD_ORDERS, **values)
    staging.run(staging.ADD_LINES, **values)
    new_prices = staging.count(
        staging.ADD_PRICES, **values | {"assumed": ["valid_from"] if days else []}
    )
    cancelled = _refund(store, done)
    _count_rows(done.accounting)
    within, recent = _repeatable(store, newest, at)
    return Report(
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


def _values(store: Store, profile: Profile | None, days: int, at: dt.datetime) -> dict:
    orders = profile.orders if profile else {}
    assumed = [*ALWAYS_ASSUMED, *(WITH_PROFILE if profile else []), *(WHEN_SHIFTED if days else [])]
    return {
        "store": store.pk,
        "currency": online_retail.CURRENCY,
        "source": online_retail.SOURCE,
        "at": at,
        "shift": dt.timedelta(days=days),
        "bands": list(staging.BANDS),
        "assumed": assumed,
        "incoterm": orders.get("incoterm", "DAP"),
        "importer": orders.get("importer_of_record", "buyer"),
        "promise_days": orders.get("promise_days", 30),
    }


def _refund(store: Store, done: _Pass) -> int:
    """Takes back what the cancellations find; how many orders are cancelled whole by now."""
    keys = staging.copier("stage_cancelled")
    for key in {c.key for c in done.cancellations}:
        keys.add(key)
    keys.flush()
    sales = (
        Sale((customer, sku, price), at, number, quantity)
        for customer, sku, price, at, number, quantity in staging.run(staging.SALES_TO_SETTLE)
    )
    settled = settle(sales, done.cancellations)
    for cancellation in done.cancellations:
        _account_for(cancellation, settled.found[cancellation.row_no], done)
    refunds = staging.copier("stage_refund")
    for refund in settled.refunds.items():
        refunds.add(refund)
    refunds.flush()
    staging.run(staging.REFUND, store=store.pk)
    return staging.run(
        "SELECT count(*) FROM marketplace_pastorder p JOIN stage_order USING (number)"
        " WHERE p.store_id = %(store)s AND p.status = 'cancelled'",
        store=store.pk,
    )[0][0]


def _account_for(cancellation: Cancellation, found: int, done: _Pass) -> None:
    if found:
        kind = Cancelled.WHOLE if found == cancellation.quantity else Cancelled.PART
        done.accounting.cancelled[kind] += 1
        return
    done.accounting.refused[Refused.NOTHING_TO_CANCEL] += 1
    done.nothing_to_cancel.append(cancellation.row_no)


def _count_rows(accounting: Accounting) -> None:
    for is_new, lines, *merged in staging.run(staging.COUNT_ROWS):
        if is_new:
            accounting.imported = lines
            accounting.merged.update(dict(zip(Merged, merged, strict=True)))
        else:
            accounting.already_there = lines + sum(merged)


def _repeatable(store: Store, newest: dt.datetime | None, at: dt.datetime) -> tuple[int, int]:
    if newest is None:
        return 0, 0
    limits = policy.in_force(at)
    return staging.run(
        staging.COUNT_REPEATABLE,
        store=store.pk,
        band=limits["price_band"],
        bands=list(staging.BANDS),
        since=newest - dt.timedelta(days=limits["order_max_age_days"]),
    )[0]
