"""A batch that its buyer has confirmed, and its sealed confirmation, for tests."""

from pricing import signing
from pricing.models import Grant, Lock, SealedAgreement, Sealing
from pricing.services import agreement_sealing
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.services import buyer_response
from repurchase.models import Batch
from tests import world
from tests.repurchase.running import run


def confirmed(store, *, orders: int = 5, left_out: int = 0, by: str = "user:1", **buyer) -> Batch:
    _, past = world.repeatable(store, orders=orders, **buyer)
    batch = planned(store, past, by=by)
    confirm(batch, left_out=left_out)
    return batch


def planned(store, past, *, by: str = "user:1") -> Batch:
    """Locked, and the buyer invited."""
    batch = run(batches.create(store=store, numbers=[o.number for o in past], by=by))
    price_lock.lock_and_invite(batch=batch, by=by)
    return batch


def confirm(batch: Batch, *, left_out: int = 0) -> None:
    grant = Grant.objects.get(subject=batch.ref)
    locks = Lock.objects.filter(subject=batch.ref)
    buyer_response.accept(
        token=signing.token_of(grant),
        digests={lock.pk: lock.terms_digest for lock in locks},
        left_out=[f"{batch.ref}-{n:04d}" for n in range(1, left_out + 1)],
        consent=True,
        ip="203.0.113.7",
        user_agent="Browser/1.0",
    )


def sealed(batch: Batch) -> SealedAgreement:
    """As the worker would, that the bell calls."""
    return agreement_sealing.seal(Sealing.objects.get(subject=batch.ref).pk)
