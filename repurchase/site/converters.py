"""References in addresses: what can't be one, as a NUL or a text without end, is not found."""

from django.urls import register_converter


class ReferenceConverter:
    regex = "[A-Z0-9-]{1,24}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class WebhookVerbConverter(ReferenceConverter):
    regex = "rotate|on|off|replay|remove"


class FileFormConverter(ReferenceConverter):
    regex = "xlsx|jsonl"


register_converter(FileFormConverter, "fileform")
register_converter(ReferenceConverter, "ref")
register_converter(WebhookVerbConverter, "webhookverb")
