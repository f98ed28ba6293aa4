from django.db import models
from django.utils.translation import gettext_lazy as _


class Workday(models.Model):
    """A day on which the published calendar is overruled: a make-up day, or a day off (R-42)."""

    day = models.DateField(_("day"), unique=True)
    is_worked = models.BooleanField(_("is worked"))
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        verbose_name = _("working day")
        verbose_name_plural = _("working days")

    def __str__(self) -> str:
        return f"{self.day} · {self.is_worked}"
