"""What members have ticked."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from marketplace.models import Buyer, Store, User


class Selection(models.Model):
    """What a member has ticked: kept on the server, so it survives paging, errors and a reload
    (R-01).

    `everything` with `excluded`: all repeatable orders of the buyer under the filter but those,
    and without those that were repeated already unless it was asked for; otherwise `included`.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    buyer = models.ForeignKey(Buyer, null=True, on_delete=models.CASCADE, related_name="+")
    everything = models.BooleanField(default=False)
    with_repeated = models.BooleanField(
        default=False
    )  # those too that a buyer has accepted a repeat of
    search = models.CharField(max_length=100, blank=True)
    included = ArrayField(models.BigIntegerField(), default=list)
    excluded = ArrayField(models.BigIntegerField(), default=list)
    made = models.ForeignKey(
        "repurchase.Batch", null=True, on_delete=models.SET_NULL, related_name="+"
    )  # by the last press of 创建回购订单, until something is ticked again
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "user"], name="one_selection_a_member")
        ]
