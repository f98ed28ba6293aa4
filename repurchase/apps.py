from django.apps import AppConfig


class RepurchaseConfig(AppConfig):
    name = "repurchase"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from repurchase import letters  # noqa: F401 - registers the renderers once the models are there
