"""Signing webhooks as Standard Webhooks says. Secrets are derived from the webhook's row, never
stored."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence

from django.conf import settings

from outbox.models import Webhook

PURPOSE = b"bulk-repeat-order/webhook-secret/1"
OVERLAP = dt.timedelta(hours=24)
"""After a rotation both secrets sign for so long, so that a receiver changes over at leisure."""


def secret_of(webhook: Webhook, version: int | None = None) -> str:
    """`whsec_` and 256 bits in base 64, shown when they are made."""
    return (
        "whsec_"
        + base64.b64encode(_derive_key(webhook, version or webhook.secret_version)).decode()
    )


def headers(webhook: Webhook, *, id: str, body: bytes, now: dt.datetime) -> dict[str, str]:
    seconds = str(int(now.timestamp()))
    content = b".".join([id.encode(), seconds.encode(), body])
    signatures = " ".join(
        sign_content(_derive_key(webhook, version), content)
        for version in signing_versions(webhook, now)
    )
    return {"webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signatures}


def signing_versions(webhook: Webhook, now: dt.datetime) -> Sequence[int]:
    newest = webhook.secret_version
    overlaps = webhook.rotated_at is not None and now < webhook.rotated_at + OVERLAP
    return [newest, newest - 1] if overlaps else [newest]


def _derive_key(webhook: Webhook, version: int) -> bytes:
    message = PURPOSE + webhook.pk.bytes + version.to_bytes(4, "big")
    return hmac.digest(settings.LINK_KEY.encode(), message, hashlib.sha256)


def sign_content(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
