from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RepurchaseConfig(AppConfig):
    name = "repurchase"
    verbose_name = _("Repeat orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They register the letters' renderers and the agreements' builders, once the models are there.
        from repurchase import letters, naming  # noqa: F401
        from repurchase.services import sealing  # noqa: F401

        naming.name_models()
