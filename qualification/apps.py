from django.apps import AppConfig


class QualificationConfig(AppConfig):
    name = "qualification"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from qualification import letters  # noqa: F401 - registers the renderers once the models are there
