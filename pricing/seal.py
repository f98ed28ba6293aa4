"""The seal: a PAdES signature over the whole PDF, with the certificate that the operator sets
(reliability 9)."""

import datetime as dt
import io
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps

from diagnostics.transactions import refuse_in_transaction
from pricing.agreements import DEMO_SEAL
from pricing.sealed_pdf_reader import Certificate, certificate_of

FIELD = "Seal"
TSA_SECONDS = 20


def is_demo(certificate: Certificate) -> bool:
    return DEMO_SEAL in certificate.name


def load_signer() -> signers.SimpleSigner:
    """ImproperlyConfigured when the operator has set no certificate, or one that can't be
    opened."""
    if not settings.SEAL_CERTIFICATE:
        raise ImproperlyConfigured(
            "SEAL_CERTIFICATE names no PKCS#12 file: agreements can't be sealed."
        )
    try:
        data = Path(settings.SEAL_CERTIFICATE).read_bytes()
        passphrase = settings.SEAL_PASSPHRASE.encode() or None
        return signers.SimpleSigner.load_pkcs12_data(data, other_certs=[], passphrase=passphrase)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"SEAL_CERTIFICATE can't be opened: {error}") from None


def load_certificate() -> Certificate:
    return certificate_of(load_signer().signing_cert)


def unfit_reason(at: dt.datetime | None = None) -> str:
    """Why nothing can be sealed, in words for an operator; "" when it can. By the machine's clock,
    as the seal itself."""
    try:
        certificate_in_force(at)
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def certificate_in_force(at: dt.datetime | None = None) -> Certificate:
    """ImproperlyConfigured when it has ended or not begun: a seal outside of its time vouches for
    nothing."""
    found, at = load_certificate(), at or dt.datetime.now(dt.UTC)
    if at > found.not_after:
        raise ImproperlyConfigured(
            f"SEAL_CERTIFICATE has expired on {found.not_after:%Y-%m-%d %H:%M} UTC"
        )
    if at < found.not_before:
        raise ImproperlyConfigured(
            f"SEAL_CERTIFICATE is valid from {found.not_before:%Y-%m-%d %H:%M} UTC only"
        )
    return found


def seal(pdf: bytes, *, reason: str) -> bytes:
    """The PDF certified as a whole: no change is permitted after it. With SEAL_TSA_URL,
    time-stamped as well.

    ImproperlyConfigured when the certificate is not in force at this moment, which is the one that
    the seal states.
    """
    refuse_in_transaction("seal")
    certificate_in_force()
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        subfilter=fields.SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        reason=reason,
    )
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)),
        meta,
        signer=load_signer(),
        timestamper=_time_stamper(),
    )
    return out.getvalue()


def _time_stamper() -> timestamps.HTTPTimeStamper | None:
    url = settings.SEAL_TSA_URL
    return timestamps.HTTPTimeStamper(url, timeout=TSA_SECONDS) if url else None
