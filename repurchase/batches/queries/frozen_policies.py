"""The policies that a batch was planned under, held against what its lock has kept (⚙)."""

from collections.abc import Iterator

from diagnostics import proofs
from pricing.frozen_values import content_of
from pricing.models import FrozenValues
from repurchase.models import Batch


@proofs.register_check
def differing_policies(store_id: int, subject: str) -> Iterator[str]:
    """Batches whose policies are no longer those that their prices were locked under."""
    batches = Batch.objects.filter(store=store_id)
    kept = FrozenValues.objects.filter(store=store_id)
    if subject:
        ref = subject.removeprefix("batch:")
        batches, kept = batches.filter(ref=ref), kept.filter(subject=ref)
    policies = dict(batches.values_list("ref", "policies"))
    for each in kept.order_by("pk").iterator(chunk_size=100):
        try:
            frozen = content_of(each)["policies"]
        except ValueError:
            continue  # `differing_values` has said so
        for name, value in policies.get(each.subject, {}).items():
            if name not in LOCK_POLICIES and frozen.get(name) != value:
                yield f"{each.subject}: policy {name} was {frozen.get(name)}, is {value}"


LOCK_POLICIES = frozenset({"fx_trigger", "index_trigger", "renegotiation_hours"})
"""As they stood at the lock, not at the plan; the lock's own row has them."""
