"""References in addresses: what can't be one, as a NUL or a text without end, is not found."""

from django.urls import register_converter


class Ref:
    regex = "[A-Z0-9-]{1,24}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class WebhookVerb(Ref):
    regex = "rotate|on|off|replay|remove"


class FileForm(Ref):
    regex = "xlsx|jsonl"


register_converter(FileForm, "fileform")
register_converter(Ref, "ref")
register_converter(WebhookVerb, "webhookverb")
