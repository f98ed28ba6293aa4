"""The operator is told while agreements wait for a certificate that can seal them: nothing of them
is lost meanwhile."""

from marketplace import clock
from marketplace.mirror.quarantine import PLATFORM_STORE_ID
from outbox import emails
from outbox.models import Letter
from pricing import seal as seals
from pricing.models import Sealing

KIND = "pricing.seal_unfit"


def waiting_seals_reason() -> str:
    """Why agreements wait for their seal; "" while none waits or the certificate is in force."""
    return seals.unfit_reason() if Sealing.objects.filter(done_at=None).exists() else ""


def email_operator() -> int:
    """Once a day; how many letters were written. Waiting agreements are rung again by
    `sealing.ring_due`."""
    dedupe = f"seal-unfit:{clock.now().date()}"
    if not waiting_seals_reason() or Letter.objects.filter(dedupe=dedupe).exists():
        return 0
    emails.write(kind=KIND, store_id=PLATFORM_STORE_ID, dedupe=dedupe)
    return 1
