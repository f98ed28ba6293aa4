from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Only in the settings of `make run` and the tests; the production image holds none of it."""

    name = "repurchase.demo"
    label = "demo"
