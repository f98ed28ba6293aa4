"""The demo's mailbox: emails as Django's file backend wrote them."""

import datetime as dt
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

SEPARATOR = re.compile(
    rb"^-{79}\n", re.MULTILINE
)  # what Django's file backend writes after each letter
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
MAX_SHOWN_EMAILS = 200


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    letters = sorted(_iter_emails(), key=lambda letter: letter["sent_at"], reverse=True)[
        :MAX_SHOWN_EMAILS
    ]
    if request.GET.get("format") == "json":
        return JsonResponse(letters, safe=False, json_dumps_params={"ensure_ascii": False})
    for letter in letters:
        letter["at"] = dt.datetime.fromisoformat(letter["sent_at"])
    return render(request, "demo/mailbox.html", {"letters": letters})


def _iter_emails() -> Iterator[dict]:
    for file in settings.MAILBOX_DIR.glob("*.log"):
        for raw in SEPARATOR.split(file.read_bytes()):
            if raw.strip():
                yield _parse_email(message_from_bytes(raw, policy=policy.default))


def _parse_email(message: EmailMessage) -> dict:
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return {
        "to": str(message["To"] or ""),
        "subject": str(message["Subject"] or ""),
        "sent_at": _sent_at(message).isoformat(),
        "text": text,
        "links": list(dict.fromkeys(LINK.findall(text))),
    }


def _sent_at(message: EmailMessage) -> dt.datetime:
    """UTC. Django writes the offset as -0000, which the parser reads as “no zone known”."""
    at = parsedate_to_datetime(message["Date"])
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
