"""The edits of a batch, and its source lines by what an edit may name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from marketplace.models import PastOrderLine, Store
from repurchase.batches import edits
from repurchase.batches.edits import EditScope, PlanEdit
from repurchase.models import Batch, BatchEdit, EditTask, RepeatLine


def active_edits(batch: Batch, *, without: BatchEdit | None = None) -> list[PlanEdit]:
    """Those in force, in the order in which they were applied."""
    rows = batch.edits.filter(undone_at__isnull=True).order_by("version")
    return [edits.parse_edit(each) for row in rows if row != without for each in row.changes]


def last_edit(batch: Batch) -> BatchEdit | None:
    """The one that can be undone."""
    return batch.edits.filter(undone_at__isnull=True).order_by("version").last()


def running_edit_task(batch: Batch) -> EditTask | None:
    """The big edit that a worker has or will have."""
    return batch.edit_tasks.filter(done_at=None).first()


def latest_edit_task(batch: Batch) -> EditTask | None:
    """The newest big edit, at work or done."""
    return batch.edit_tasks.order_by("-id").first()


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLine:
    id: int
    order_id: int
    order_number: str
    line_no: int
    sku_id: int
    sku_code: str
    sku_moq: int
    category_id: int
    category_code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLines:
    """All source lines of a batch, and the ids of what they belong to by the names that a caller
    uses."""

    lines: Sequence[SourceLine]
    names: Mapping[EditScope, Mapping[object, int]] = field(default_factory=dict)


def source_lines(store: Store, order_ids: Sequence[int], *, refs: Mapping[str, int]) -> SourceLines:
    """One query. `refs`: past order ids by the reference of their repeat order, where they have
    one."""
    rows = PastOrderLine.objects.filter(order__store=store, order__in=order_ids).order_by(
        "order_id", "line_no"
    )
    lines = [
        SourceLine(
            id=pk,
            order_id=order_id,
            order_number=number,
            line_no=line_no,
            sku_id=sku_id,
            sku_code=code,
            sku_moq=moq,
            category_id=category_id,
            category_code=category,
        )
        for pk, order_id, number, line_no, sku_id, code, moq, category_id, category in rows.values_list(
            "id",
            "order_id",
            "order__number",
            "line_no",
            "sku_id",
            "sku__code",
            "sku__moq",
            "sku__category_id",
            "sku__category__code",
        )
    ]
    numbers = {line.order_number: line.order_id for line in lines} | dict(refs)
    by_order = {order_id: name for name, order_id in refs.items()}
    places = {(line.order_number, line.line_no): line.id for line in lines}
    places |= {(by_order[x.order_id], x.line_no): x.id for x in lines if x.order_id in by_order}
    names: dict[EditScope, Mapping[object, int]] = {
        EditScope.SKUS: {line.sku_code: line.sku_id for line in lines},
        EditScope.CATEGORIES: {line.category_code: line.category_id for line in lines},
        EditScope.ORDERS: numbers,
        EditScope.LINES: places,
    }
    return SourceLines(lines=lines, names=names)


def order_ids_by_ref(batch: Batch) -> dict[str, int]:
    return dict(batch.orders.values_list("ref", "past_order_id"))


def selectable_codes(batch: Batch) -> dict[str, list[str]]:
    """The SKU and category codes of a batch, for the form that edits them: one query."""
    rows = list(
        RepeatLine.objects.filter(order__batch=batch)
        .order_by("sku__code")
        .values_list("sku__code", "sku__category__code")
        .distinct()
    )
    return {
        "skus": [sku for sku, _ in rows],
        "categories": sorted({category for _, category in rows}),
    }
