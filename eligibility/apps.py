from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from eligibility.compliance_group import ensure_compliance_group


class EligibilityConfig(AppConfig):
    name = "eligibility"
    verbose_name = _("Eligibility")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(ensure_compliance_group, dispatch_uid="eligibility.compliance_group")
