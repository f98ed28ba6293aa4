"""References in addresses: what can't be one, as a NUL or a text without end, is not found."""

from django.urls import register_converter


class Ref:
    regex = "[A-Z0-9-]{1,24}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Ref, "ref")
