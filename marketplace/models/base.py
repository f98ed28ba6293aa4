from django.contrib.postgres.fields import ArrayField
from django.db import models


class Mirrored(models.Model):
    """A fact that another system owns: where it was read, when, and which of its values were assumed.

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
