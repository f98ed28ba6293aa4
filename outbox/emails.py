"""Writing letters inside a transaction, and sending them after it, at least once, with a stable
id."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation

from diagnostics.transactions import refuse_in_transaction
from outbox.models import Letter
from outbox.task_queue import enqueue_task

log = structlog.get_logger(__name__)

PER_PASS = 50  # bounded, so that one pass never outlives its task
LEASE = dt.timedelta(minutes=2)
"""A mail server has 10 s for each step: whoever has not said by then how it went is gone, and it
is sent again."""
BACKOFF = [dt.timedelta(seconds=s) for s in (5, 30, 120, 600, 1800)]  # then every half hour


@dataclass(frozen=True, kw_only=True)
class RenderedEmail:
    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    attachments: list[tuple[str, bytes, str]] = field(default_factory=list)


def render_email(name: str, *, to: Sequence[str], language: str, context: dict) -> RenderedEmail:
    """From templates/letters/NAME.txt (its first line is the subject) and NAME.html beside it."""
    with translation.override(language):
        head, _, text = render_to_string(f"letters/{name}.txt", context).strip().partition("\n")
        html = render_to_string(f"letters/{name}.html", context)
    return RenderedEmail(to=to, subject=head.strip(), text=text.strip() + "\n", html=html)


RENDERERS: dict[str, Callable[[Mapping], RenderedEmail | None]] = {}


def register_renderer(kind: str):
    """Registers the renderer of a kind. It gets `subjects`; None means that there is nothing left
    to tell."""

    def register(function: Callable[[Mapping], RenderedEmail | None]):
        RENDERERS[kind] = function
        return function

    return register


FAILURE_HANDLERS: dict[str, Callable[[Letter], None]] = {}


def register_failure_handler(*kinds: str):
    """Registers who is told, in the transaction that records it, when a letter of these kinds
    could not be sent at first."""

    def register(function: Callable[[Letter], None]):
        FAILURE_HANDLERS.update(dict.fromkeys(kinds, function))
        return function

    return register


def write(*, kind: str, store_id: int, dedupe: str, **subjects: object) -> None:
    """Adds a letter to the running transaction; the same `dedupe` twice is one letter."""
    write_each(kind=kind, store_id=store_id, each=[(dedupe, subjects)])


def write_each(
    *, kind: str, store_id: int, each: Iterable[tuple[str, Mapping[str, object]]]
) -> None:
    """Letters of one kind, (dedupe, subjects) each, in one statement."""
    Letter.objects.bulk_create(
        [
            Letter(kind=kind, store_id=store_id, subjects=dict(subjects), dedupe=dedupe)
            for dedupe, subjects in each
        ],
        ignore_conflicts=True,
    )
    enqueue_task("outbox.deliver_letters")


def deliver_due() -> int:
    """One pass: claims due letters one by one, sends each, keeps the failure of any that could not
    be sent."""
    sent = 0
    for _ in range(PER_PASS):
        if not (outcome := _deliver_next_email()):
            break
        sent += outcome == "sent"
    return sent


def _deliver_next_email() -> str:
    """It is rendered and sent while no row is held: a silent mail server keeps nothing from
    anybody."""
    letter = _claim_next_email()
    if letter is None:
        return ""
    try:
        _send_email(letter)
    except Exception as error:
        log.exception("letter_not_sent", letter=str(letter.id), kind=letter.kind)
        _record_failure(letter, f"{type(error).__name__}: {error}"[:300])
        return "failed"
    _still_claimed(letter).update(sent_at=Now(), last_error="")
    return "sent"


@transaction.atomic
def _claim_next_email() -> Letter | None:
    """The letter that is due the longest, kept from other passes for a while: its next try moves,
    its attempts count."""
    due = Letter.objects.filter(sent_at__isnull=True, next_try_at__lte=Now())
    letter = due.order_by("next_try_at").select_for_update(skip_locked=True).first()
    if letter is not None:
        letter.attempts += 1
        Letter.objects.filter(pk=letter.pk).update(
            attempts=letter.attempts, next_try_at=Now() + LEASE
        )
    return letter


def _still_claimed(letter: Letter) -> QuerySet[Letter]:
    """Unless another pass took it up meanwhile: that one says how it went."""
    return Letter.objects.filter(pk=letter.pk, sent_at=None, attempts=letter.attempts)


@transaction.atomic
def _record_failure(letter: Letter, error: str) -> None:
    again = Now() + BACKOFF[min(letter.attempts, len(BACKOFF)) - 1]
    first = not letter.last_error
    if (
        _still_claimed(letter).update(last_error=error, next_try_at=again)
        and first
        and letter.kind in FAILURE_HANDLERS
    ):
        FAILURE_HANDLERS[letter.kind](letter)


def _send_email(letter: Letter) -> None:
    refuse_in_transaction(f"letter: {letter.kind}")
    rendered = RENDERERS[letter.kind](letter.subjects)
    if rendered is None:
        return
    message = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        to=list(rendered.to),
        headers={"Message-ID": f"<{letter.id}@bulk-repeat-order>"},
    )
    if rendered.html:
        message.attach_alternative(rendered.html, "text/html")
    for name, content, mimetype in rendered.attachments:
        message.attach(name, content, mimetype)
    message.send()
