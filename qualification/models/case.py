import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models import Store


class Case(models.Model):
    """A review from its first submission to its decision, with its clock (R-42 to R-44).

    The clock runs from `running_since`, or stands still with `days_left` while the seller must act.
    """

    store = models.ForeignKey(
        Store, on_delete=models.CASCADE, related_name="cases", verbose_name=_("store")
    )
    opened_at = models.DateTimeField(_("handed in"))
    running_since = models.DateTimeField(_("running since"), null=True, blank=True)
    spent = models.DurationField(default=dt.timedelta(0))  # of the stretches that ended
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    is_provisional = models.BooleanField(
        default=False
    )  # its deadline's year has no published calendar
    days_left = models.PositiveSmallIntegerField(null=True, blank=True)
    was_late = models.BooleanField(_("was late"), default=False)
    alarmed = models.CharField(
        max_length=8, blank=True
    )  # "", "soon", "late": what the lead was told
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("claimed by"),
    )
    overruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    overrule_reason = models.CharField(max_length=500, blank=True)
    failed_checks = models.JSONField(
        _("failed checks"), default=list, blank=True
    )  # keys of what failed at the last decision
    version = models.PositiveIntegerField(default=1)  # a form of another version decides nothing
    ended_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        permissions = [("lead_review", "Is told when a review is about to be late")]
        constraints = [
            models.UniqueConstraint(
                fields=["store"], condition=Q(ended_at=None), name="one_open_review_a_store"
            ),
            models.CheckConstraint(
                condition=Q(running_since=None, due_at=None)
                | Q(running_since__isnull=False, due_at__isnull=False),
                name="a_running_review_has_its_deadline",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(ended_at=None), name="reviews_due")]

    def __str__(self) -> str:
        return f"{self.store} · {self.opened_at:%Y-%m-%d}"
