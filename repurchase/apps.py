from django.apps import AppConfig


class RepurchaseConfig(AppConfig):
    name = "repurchase"
    default_auto_field = "django.db.models.BigAutoField"
