from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models import Store
from qualification import status_labels
from qualification.review import QualificationStatus


class Qualification(models.Model):
    """Where a store stands on the way to bulk repeat orders (R-27). Everything in `services`
    writes it."""

    store = models.OneToOneField(
        Store, on_delete=models.CASCADE, related_name="qualification", verbose_name=_("store")
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, status_labels.STATUS_LABELS[s]) for s in QualificationStatus],
        default=QualificationStatus.NOT_OPEN,
    )
    since = models.DateTimeField(_("since"))
    valid_until = models.DateTimeField(
        _("valid until"), null=True, blank=True
    )  # half open: lapses then, on read
    due_at = models.DateTimeField(
        _("next notice"), null=True, blank=True
    )  # the next notice before the lapse, or the lapse
    reason = models.CharField(_("reason"), max_length=500, blank=True)  # why a review sent it back
    checked_at = models.DateTimeField(
        _("checked at"), null=True, blank=True
    )  # the last automatic check at opening
    check_results = models.JSONField(
        _("results of the check"), default=list, blank=True
    )  # its gates: value, limit, verdict, code

    class Meta:
        verbose_name = _("standing of a store")
        verbose_name_plural = _("standings of stores")
        permissions = [("review_qualification", "Can approve a qualification or send it back")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in QualificationStatus]),
                name="a_standing_is_one_of_its_states",
            ),
            models.CheckConstraint(
                condition=~Q(state=QualificationStatus.OPEN)
                | Q(valid_until=None)
                | Q(due_at__isnull=False),
                name="an_open_standing_that_ends_has_its_next_instant",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state=QualificationStatus.OPEN), name="standings_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.store} · {self.state}"
