"""Who holds a past order or stock now, and until when: pricing writes, eligibility reads.

A claim is live while it was not released and its end has not come: `until` is half open, null is
open-ended.
"""

import datetime as dt

from django.db import models
from django.db.models import Q

from marketplace.models.accounts import Store
from marketplace.models.goods import Sku
from marketplace.models.history import PastOrder


class ClaimQuerySet(models.QuerySet):
    def live(self, now: dt.datetime):
        return self.filter(released_at__isnull=True).filter(
            Q(until__isnull=True) | Q(until__gt=now)
        )


class Claim(models.Model):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    holder = models.UUIDField()  # the lock that claims it
    until = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        abstract = True


class OrderClaim(Claim):
    """One live lock per source order (pitfall 4): unreleased rows are unique in the database."""

    past_order = models.ForeignKey(
        PastOrder, on_delete=models.CASCADE, related_name="claims", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["past_order"],
                condition=Q(released_at__isnull=True),
                name="one_live_claim_a_past_order",
            )
        ]
        indexes = [
            models.Index(
                fields=["holder"],
                condition=Q(released_at__isnull=True),
                name="order_claims_of_a_holder",
            )
        ]


class StockClaim(Claim):
    """A reservation: pieces of a SKU held by a lock (R-10)."""

    sku = models.ForeignKey(Sku, on_delete=models.CASCADE, related_name="claims", db_index=False)
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder", "sku"],
                condition=Q(released_at__isnull=True),
                name="one_stock_claim_a_holder_and_sku",
            )
        ]
        indexes = [
            models.Index(
                fields=["sku"], condition=Q(released_at__isnull=True), name="stock_claims_of_a_sku"
            )
        ]
