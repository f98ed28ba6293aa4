from django.db import models


class PolicyValue(models.Model):
    """A ⚙ value overridden from an instant on; the defaults stand in `marketplace.policy` with their source."""

    name = models.CharField(max_length=40)
    value = models.CharField(max_length=40)
    valid_from = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "valid_from"], name="one_policy_value_a_name_and_instant")
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
