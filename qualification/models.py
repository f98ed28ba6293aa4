from django.db import models

from marketplace.models import Store
from qualification.review import Standing


class Qualification(models.Model):
    """Where a store stands on the way to bulk repeat orders (R-27)."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="qualification")
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in Standing], default=Standing.NOT_OPEN
    )
    since = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)  # half open: lapses then, on read

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in Standing]),
                name="a_standing_is_one_of_its_states",
            ),
        ]
