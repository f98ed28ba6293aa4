from django.db import models
from django.utils.translation import gettext_lazy as _

from diagnostics.append_only import append_only_model


@append_only_model()
class PolicyValue(models.Model):
    """A ⚙ value overridden from an instant on; the defaults stand in `marketplace.policy` with
    their source."""

    name = models.CharField(_("name of the value"), max_length=40)
    value = models.CharField(_("value in force"), max_length=40)
    valid_from = models.DateTimeField(_("in force from"))
    reason = models.CharField(_("reason of the change"), max_length=200)

    class Meta:
        verbose_name, verbose_name_plural = _("policy value"), _("policy values")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "valid_from"], name="one_policy_value_a_name_and_instant"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
