from django.db import models
from django.db.models import Q

from marketplace.models import Store
from qualification.review import Standing


class Qualification(models.Model):
    """Where a store stands on the way to bulk repeat orders (R-27). Everything in `services` writes it."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="qualification")
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in Standing], default=Standing.NOT_OPEN
    )
    since = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)  # half open: lapses then, on read
    due_at = models.DateTimeField(null=True, blank=True)  # the next notice before the lapse, or the lapse
    reason = models.CharField(max_length=500, blank=True)  # why a review sent it back
    checked_at = models.DateTimeField(null=True, blank=True)  # the last automatic check at opening
    check_results = models.JSONField(default=list, blank=True)  # its gates: value, limit, verdict, code

    class Meta:
        permissions = [("review_qualification", "Can approve a qualification or send it back")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in Standing]),
                name="a_standing_is_one_of_its_states",
            ),
            models.CheckConstraint(
                condition=~Q(state=Standing.OPEN) | Q(valid_until=None) | Q(due_at__isnull=False),
                name="an_open_standing_that_ends_has_its_next_instant",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state=Standing.OPEN), name="standings_due")]

    def __str__(self) -> str:
        return f"{self.store} · {self.state}"
