from django.apps import AppConfig, apps
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

KNOWN_ERPS = (("dianxiaomi", "店小秘", ""), ("mabang", "马帮", ""), ("mango", "芒果店长", "5.3"))
"""Code, name, minimum version (R-78, R-79): rows from the first migration on; what the
administration changes stays."""


class RepurchaseConfig(AppConfig):
    name = "repurchase"
    verbose_name = _("Repeat orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They register the letters' renderers and the agreements' builders, once the models are
        # there.
        from repurchase.batches.queries import frozen_policies  # noqa: F401 - registers its check
        from repurchase.confirmation.services import agreements  # noqa: F401
        from repurchase.notifications import emails, lock_emails, renegotiation_emails  # noqa: F401
        from repurchase.site import admin_labels, start_up

        checks.register(start_up.check)
        checks.register(start_up.check_database, checks.Tags.database)
        admin_labels.name_models()
        post_migrate.connect(_create_known_erps, sender=self)


def _create_known_erps(**_signal: object) -> None:
    """After every migrate and flush, so that neither an old database nor an emptied one lacks
    them."""
    product = apps.get_model("repurchase", "ErpProduct")
    for code, name, minimum in KNOWN_ERPS:
        product.objects.get_or_create(
            code=code, defaults={"name": name, "minimum_version": minimum}
        )
