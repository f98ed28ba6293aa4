import datetime as dt
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Mirrored(models.Model):
    """A fact that another system owns: where it was read, when, and which of its values were
    assumed.

    `assumed` names the fields that an import filled by assumption instead of reading them;
    every page that shows such a value says so.
    """

    source = models.CharField(max_length=60)
    mirrored_at = models.DateTimeField()
    assumed = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta:
        abstract = True

    @property
    def is_simulated(self) -> bool:
        return self.source == SIMULATED


SIMULATED = "simulated"


class TariffQuerySet(models.QuerySet):
    def on(self, day: dt.date) -> Self:
        """The versions in force on a day: at most one of each tariff."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=day), valid_from__lte=day)


class Tariff(Mirrored):
    """A version of a tariff, in force in `[valid_from, valid_until)`; null: until further notice.

    The versions of one tariff, told by its `KEY`, follow each other without gap or overlap: the
    database closes the version before a new one (`marketplace.mirror.tariffs.begin`), and refuses
    the statement that would break their row (sql/tariffs.sql). Nobody else changes a version. A
    span without a value is a version that says so.
    """

    KEY: tuple[str, ...] = ()

    valid_from = models.DateField(_("first day in force"))
    valid_until = models.DateField(_("first day no longer in force"), null=True, blank=True)

    objects = TariffQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="%(class)s_ends_after_it_began",
            )
        ]

    @property
    def key(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.KEY}

    def versions(self) -> TariffQuerySet:
        """Every version of the same tariff, the oldest first."""
        return type(self).objects.filter(**self.key).order_by("valid_from")
