"""Many locks with their batches and orders, as rows: what a sweep has to end."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from marketplace.models import OrderClaim, PastOrder, Store
from pricing.models import Lock
from repurchase.models import Batch, RepeatOrder
from tests import world


@transaction.atomic
def locks(store: Store, ends: Sequence[dt.datetime]) -> list[Lock]:
    """One open lock, batch, order and claim for each end, in a handful of statements; seen by
    sweepers all at once."""
    buyer, rate_set = world.buyer(store), world.rates(source=f"many-{store.pk}")
    count = range(len(ends))
    past = PastOrder.objects.bulk_create(_past(store, buyer, n) for n in count)
    batches = Batch.objects.bulk_create(
        Batch(
            store=store,
            buyer=buyer,
            asked=1,
            status="locked",
            created_at=world.NOW,
            created_by="user:1",
            screened_at=world.NOW,
        )
        for _ in count
    )
    made = Lock.objects.bulk_create(
        Lock(
            store=store,
            buyer=buyer,
            subject=batch.ref,
            currency="USD",
            index_series="CRB",
            rate_set=rate_set,
            order_count=1,
            total_minor=10_000,
            terms_digest="0" * 64,
            locked_at=end - dt.timedelta(hours=72),
            locked_by="user:1",
            expires_at=end,
        )
        for batch, end in zip(batches, ends, strict=True)
    )
    RepeatOrder.objects.bulk_create(
        RepeatOrder(
            ref=f"{batch.ref}-0001",
            store=store,
            batch=batch,
            position=1,
            past_order=order,
            status="locked",
            currency="USD",
            lock=lock,
            incoterm="DAP",
            importer_of_record="buyer",
            promise_days=30,
            created_at=world.NOW,
            changed_at=world.NOW,
        )
        for batch, order, lock in zip(batches, past, made, strict=True)
    )
    OrderClaim.objects.bulk_create(
        OrderClaim(store=store, past_order=order, holder=lock.pk, until=lock.expires_at)
        for order, lock in zip(past, made, strict=True)
    )
    return made


def _past(store: Store, buyer, n: int) -> PastOrder:
    return PastOrder(
        store=store,
        buyer=buyer,
        number=f"MANY-{store.pk}-{n}",
        status="completed",
        currency="USD",
        ordered_at=world.NOW,
        paid_at=world.NOW,
        completed_at=world.NOW,
        goods_minor=10_000,
        paid_minor=10_000,
        line_count=1,
        country="DE",
        source="test",
        mirrored_at=world.NOW,
    )
