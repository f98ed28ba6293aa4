"""Links for buyers: derived from a grant when a letter is sent, never stored (reliability 8)."""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import uuid
from dataclasses import dataclass

from django.conf import settings

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import Buyer, Store
from pricing.models import Grant, SigningCode

CONSENT_VERSION = "price-lock-1"
"""Which text the buyer ticked; a changed text gets a new version, and each act keeps its own."""
CONSENT_WITH_CUSTOMISATIONS = "price-services-1"
"""The text where customised services are confirmed one by one (R-15)."""

PRICE_CHANGE = "price-change-1"
"""The text of who signs changed terms (R-54)."""

PURPOSE = b"bulk-repeat-order/buyer-link/1"
CODE_PURPOSE = b"bulk-repeat-order/signing-code/1"
CODE_DIGITS = 6
CODE_LIFE = dt.timedelta(minutes=10)
CODE_TRIES = 5
"""Wrong ones; five guesses of a million."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """How an act reached us (reliability 9)."""

    ip: str | None
    user_agent: str
    consent_version: str = CONSENT_VERSION


def token_of(grant: Grant) -> str:
    """The path of the buyer's link: the grant's id, and 256 bits that only the key's holder can
    derive."""
    message = PURPOSE + grant.pk.bytes + grant.version.to_bytes(4, "big")
    mac = hmac.digest(settings.LINK_KEY.encode(), message, hashlib.sha256)
    return f"{_encode_base64(grant.pk.bytes)}.{_encode_base64(mac)}"


def grant_of(token: str) -> Grant:
    """The grant that a link was derived from, in its present version. LINK_INVALID for anything
    else."""
    grant = Grant.objects.select_related("store", "buyer").filter(pk=_grant_id_in(token)).first()
    if grant is None or not hmac.compare_digest(
        token_of(grant).encode(), token.encode(errors="replace")
    ):
        raise Problem(Code.LINK_INVALID)
    return grant


def code_of(code: SigningCode) -> str:
    """The six digits: of this row, side and terms, and of the key that only we hold. The database
    alone can't tell them."""
    message = CODE_PURPOSE + code.pk.bytes + code.side.encode() + bytes.fromhex(code.digest)
    mac = hmac.digest(settings.LINK_KEY.encode(), message, hashlib.sha256)
    return f"{int.from_bytes(mac[:16]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_signing_code(code: SigningCode, typed: str) -> bool:
    digits = "".join(typed.split())
    return hmac.compare_digest(code_of(code).encode(), digits.encode(errors="replace"))


def ensure_grant(*, store: Store, buyer: Buyer, subject: str, by: str, now: dt.datetime) -> Grant:
    """One grant, hence one link, for a buyer and a subject."""
    grant, _made = Grant.objects.get_or_create(
        store=store, buyer=buyer, subject=subject, defaults={"granted_at": now, "granted_by": by}
    )
    return grant


def _encode_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _grant_id_in(token: str) -> uuid.UUID:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    except (ValueError, binascii.Error):
        raise Problem(Code.LINK_INVALID) from None
