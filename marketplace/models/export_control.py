"""Where goods under the EAR may not go, and whom nothing may be sent to (R-90)."""

import datetime as dt
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from marketplace.models.accounts import country_code
from marketplace.models.base import Mirrored


class EmbargoQuerySet(models.QuerySet):
    def in_force(self, day: dt.date) -> Self:
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)


class Embargo(Mirrored):
    """A destination under an export control programme: a country, or one region of it when
    `region` is filled."""

    country = models.CharField(max_length=2, validators=[country_code])
    region = models.CharField(max_length=80, blank=True, default="")
    programme = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)  # last day in force
    reference = models.CharField(max_length=120)  # the rule that says so

    objects = EmbargoQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "region", "programme", "valid_from"],
                name="one_embargo_a_place_and_programme",
            )
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.region}".strip()


class ScreenedPartyQuerySet(models.QuerySet):
    def in_force(self, day: dt.date) -> Self:
        return self.filter(
            Q(listed_until=None) | Q(listed_until__gte=day),
            Q(listed_from=None) | Q(listed_from__lte=day),
        )


class ScreenedParty(Mirrored):
    """An entry of an imported screening list. `keys`: its names in plain form (marketplace.names),
    for the index."""

    list_name = models.CharField(max_length=60)
    name = models.CharField(max_length=300)
    aliases = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    country = models.CharField(
        max_length=2, blank=True
    )  # where it is said to be; a match does not ask for it
    reference = models.CharField(max_length=120, blank=True)  # the list's own number of the entry
    listed_from = models.DateField(null=True, blank=True)
    listed_until = models.DateField(null=True, blank=True)  # last day on the list
    keys = ArrayField(models.CharField(max_length=300), default=list, editable=False)

    objects = ScreenedPartyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "screened parties"
        constraints = [
            models.UniqueConstraint(
                fields=["list_name", "reference", "name"],
                name="one_screened_party_a_list_and_reference",
            )
        ]
        indexes = [GinIndex(fields=["keys"], name="screened_parties_by_key")]

    def __str__(self) -> str:
        return f"{self.name} ({self.list_name})"
