from django.apps import AppConfig


class RepurchaseConfig(AppConfig):
    name = "repurchase"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They register the letters' renderers and the agreements' builders, once the models are there.
        from repurchase import letters, lock_letters, talks_letters  # noqa: F401
        from repurchase.services import sealing  # noqa: F401
