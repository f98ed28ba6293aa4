"""The language of a page that needs no account."""

from django.http import HttpRequest
from django.utils import translation


def activate_language(request: HttpRequest, language: str = "") -> None:
    """The language that was asked for, else the reader's own, else the browser's; English where it
    is neither."""
    asked = request.GET.get("lang", "")
    wanted = asked or language or request.headers.get("Accept-Language", "")
    request.LANGUAGE_CODE = "zh-hans" if wanted.lower().startswith("zh") else "en"
    translation.activate(request.LANGUAGE_CODE)
