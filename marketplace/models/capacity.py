"""What a store can make in a day: its production groups, and the days on which that is different
(R-18)."""

from django.db import models

from marketplace.models.accounts import Store
from marketplace.models.base import Mirrored


class ProductionGroup(Mirrored):
    """A line, a workshop, a team: the SKUs of a group share what it makes in a day."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="production_groups")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    pieces_a_day = models.PositiveIntegerField()  # on each calendar day without a row of its own

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "code"], name="one_production_group_a_store_and_code"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProductionDay(models.Model):
    """A day on which a group makes more, less or nothing: a holiday, a night shift, maintenance."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    group = models.ForeignKey(
        ProductionGroup, on_delete=models.CASCADE, related_name="days", db_index=False
    )
    day = models.DateField()
    pieces = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "day"], name="one_production_day_a_group_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} · {self.pieces}"
