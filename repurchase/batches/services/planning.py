"""Planning a batch: chunk by chunk, each in one transaction, in any order (`chunks` says which and
by whom)."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Count

from diagnostics import ledger
from diagnostics.codes import Code
from eligibility import party_questions, screening_records
from eligibility.facts import OrderFacts
from eligibility.findings import Finding
from eligibility.models import ScreeningPart, ScreeningRecord
from eligibility.queries import limits_of, order_facts, world_facts
from eligibility.rules import RULE_VERSION
from eligibility.screening import ChunkInputs
from marketplace import clock
from marketplace.gc_control import pause_garbage_collector
from marketplace.policy import DEFAULTS, parse_policy_value
from marketplace.queries import planning_rates
from pricing.queries import tariff_facts
from repurchase.batches import bulk_insert
from repurchase.batches.edits import PlanEdit, apply_edits
from repurchase.batches.planner import OrderPlan, OrderPlanner, PricingTerms
from repurchase.batches.queries.batches import short_skus
from repurchase.batches.queries.capacity import screening_day
from repurchase.batches.queries.edits import active_edits
from repurchase.batches.services import event_publishing, failures, job_leases
from repurchase.models import Batch, Chunk, RepeatOrder, batch_states
from repurchase.models.batch_states import BatchStatus
from repurchase.models.jobs import MAX_TRIES

PlannedOrders = list[tuple[OrderFacts, OrderPlan]]


@pause_garbage_collector()
def plan_chunk(batch: Batch, chunk: Chunk) -> None:
    """Plans one chunk's orders for the worker that has it; TakenOver when it no longer has."""
    orders = planning_facts(batch, chunk.past_order_ids, active_edits(batch))
    positions = chunk.places
    made, inputs = plan_orders(batch, orders)
    plans = [(positions[order.id], planned) for order, planned in made]
    record = record_screening(batch, ScreeningPart.CHUNK, chunk.first_position, made, inputs)
    now = clock.now(batch.store)
    party_questions.ask((f for _, planned in made for f in planned.findings), at=now)
    bulk_insert.write(batch, plans, now=now)
    bulk_insert.check_foreign_keys()
    job_leases.finish(Chunk, chunk.pk, chunk.owner, done_at=now)
    outcomes = Counter(made.outcome for _, made in plans)
    verdicts = "\n".join(f"{p}:{made.outcome}:{','.join(made.codes)}" for p, made in plans)
    ledger.record(
        store_id=batch.store_id,
        kind="chunk.generated",
        subject=f"batch:{batch.ref}",
        by="system:worker",
        at=now,
        attempt=batch.attempt,
        first_position=chunk.first_position,
        rule_version=RULE_VERSION,
        outcomes=outcomes,
        verdicts_digest=hashlib.sha256(verdicts.encode()).hexdigest(),
        inputs_digest=record.inputs_digest,
        screening_digest=record.verdicts_digest,
    )


def planning_facts(
    batch: Batch, order_ids: Sequence[int], edits: Sequence[PlanEdit]
) -> list[OrderFacts]:
    """The facts that these orders are planned by: the source's, with the batch's own quantities
    and promises."""
    orders = order_facts(
        store=batch.store,
        order_ids=order_ids,
        now=batch.screened_at,
        special_clearance=batch.special_clearance,
    )
    today = screening_day(batch)
    return [apply_edits(order, edits, today=today) for order in orders] if edits else orders


def record_screening(
    batch: Batch, part: ScreeningPart, first_position: int, made: PlannedOrders, inputs: ChunkInputs
) -> ScreeningRecord:
    return screening_records.save_chunk(
        store=batch.store,
        subject=f"batch:{batch.ref}",
        attempt=batch.attempt,
        part=part,
        first_position=first_position,
        inputs=inputs,
        verdicts=[planned.verdict for _, planned in made],
        policies=batch.policies,
    )


def plan_orders(
    batch: Batch,
    orders: Sequence[OrderFacts],
    taken: Counter[int] | None = None,
    *,
    each: Callable[[Sequence[OrderFacts]], Iterable[OrderFacts]] = iter,
) -> tuple[PlannedOrders, ChunkInputs]:
    """Each order with its plan, and what decided; with `taken` the orders draw on the same stock
    one after the other.

    `each` hands them out one by one: who wants to tell how far it is counts there.
    """
    policies = {
        name: parse_policy_value(name, text)
        for name, text in batch.policies.items()
        if name in DEFAULTS
    }
    rates = planning_rates(batch.rate_set, batch.screened_at, store=batch.store)
    around = world_facts(
        store=batch.store,
        orders=orders,
        limits=limits_of(policies),
        rates=rates,
        now=batch.screened_at,
    )
    terms = _pricing_terms(batch, orders, policies, rates)
    gates = [
        Finding(code=Code(g["code"]), evidence=g["evidence"]) for g in batch.gates if g["code"]
    ]
    planner = OrderPlanner(world=around, terms=terms, gates=gates)
    made, before = [], {}
    for order in each(orders):
        if taken:
            before[order.id] = {
                line.sku.id: taken[line.sku.id] for line in order.lines if taken[line.sku.id]
            }
        planned = planner.plan(order, taken=taken)
        if taken is not None and planned.outcome == "planned":
            taken.update(pieces_by_sku(planned))
        made.append((order, planned))
    return made, ChunkInputs(world=around, gates=gates, orders=orders, taken=before)


def _pricing_terms(
    batch: Batch, orders: Sequence[OrderFacts], policies: Mapping, rates
) -> PricingTerms:
    tariffs = tariff_facts(
        store=batch.store,
        countries={order.country for order in orders},
        category_ids={line.sku.category_id for order in orders for line in order.lines},
        now=batch.screened_at,
        policies=policies,
    )
    return PricingTerms(
        tariffs=tariffs,
        rates=rates,
        buyer_number=batch.buyer.tax_number,
        buyer_number_checked=batch.buyer.tax_number_checked_at is not None,
    )


def pieces_by_sku(planned: OrderPlan) -> Counter[int]:
    pieces: Counter[int] = Counter()
    for verdict in planned.verdict.lines:
        if verdict.repeatable:
            pieces[verdict.line.sku.id] += verdict.line.quantity
    return pieces


def finish_batch(batch_id: int) -> None:
    """When the last chunk is done: shares scarce stock out in order, then says planned, or
    failed."""
    with transaction.atomic():
        batch = _get_for_update(batch_id)
        if batch is None or batch.chunks.filter(done_at__isnull=True).exists():
            return
        _allocate_scarce_stock(batch)
        now = clock.now(batch.store)
        failures.record_changes([batch], batch.orders.all(), at=now)
        statuses = (
            batch.orders.order_by().values_list("status").annotate(Count("id"))
        )  # none is locked yet
        counts = batch_states.count(batch.asked, dict(statuses))
        event = (
            batch_states.BatchEvent.PLAN
            if is_ready(batch, counts)
            else batch_states.BatchEvent.FAIL
        )
        _finish_screening(batch, event, now, planned=counts.planned, asked=counts.asked)


def is_ready(batch: Batch, counts: batch_states.BatchOrderCounts) -> bool:
    whole = batch.policy == "partial" or counts.planned == batch.asked
    return bool(counts.planned) and whole


def _finish_screening(
    batch: Batch, event: batch_states.BatchEvent, now: dt.datetime, **facts: object
) -> None:
    batch.status = batch_states.advance(BatchStatus(batch.status), event)
    batch.planned_at = now
    batch.save(update_fields=["status", "planned_at"])
    event_publishing.publish_batch(batch, at=now, **facts)
    ledger.record(
        store_id=batch.store_id,
        kind=f"batch.{batch.status}",
        subject=f"batch:{batch.ref}",
        by="system:worker",
        at=now,
        attempt=batch.attempt,
        **facts,
    )


def _allocate_scarce_stock(batch: Batch) -> None:
    """R-10 over the whole batch: orders that draw on a SKU with too little for all are planned
    again in order.

    Chunks are planned side by side, each as if it came first; this pass is rare and touches these
    orders only.
    """
    scarce = short_skus(batch)
    if not scarce:
        return
    touched = dict(
        RepeatOrder.objects.filter(batch=batch, lines__sku__in=scarce)
        .distinct()
        .values_list("past_order_id", "position")
    )
    RepeatOrder.objects.filter(batch=batch, past_order__in=touched).delete()
    ids = sorted(touched, key=touched.__getitem__)
    orders = planning_facts(batch, ids, active_edits(batch))
    taken: Counter[int] = Counter()
    made, inputs = plan_orders(batch, orders, taken)
    record_screening(batch, ScreeningPart.STOCK, 0, made, inputs)
    plans = [(touched[order.id], planned) for order, planned in made]
    bulk_insert.write(batch, plans, now=clock.now(batch.store))


def fail_batch(batch_id: int) -> None:
    """A chunk was taken up too often: the batch ends as failed and says so; what was planned can
    be screened again."""
    with transaction.atomic():
        batch = _get_for_update(batch_id)
        if batch is None:
            return
        lost = batch.chunks.filter(done_at=None, tries__gte=MAX_TRIES)
        if not lost.update(code=Code.WORK_FAILED):
            return
        batch.chunks.filter(done_at=None).update(
            owner=""
        )  # what is in work elsewhere is rolled back
        batch.code = Code.WORK_FAILED
        batch.save(update_fields=["code"])
        _finish_screening(
            batch,
            batch_states.BatchEvent.FAIL,
            clock.now(batch.store),
            tries=MAX_TRIES,
            code=batch.code,
        )


def _get_for_update(batch_id: int) -> Batch | None:
    """A batch in screening, its row held. Chunks may go on: their rows name the batch, and no key
    of it changes."""
    return (
        Batch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("store")
        .filter(pk=batch_id, status=BatchStatus.SCREENING)
        .first()
    )
