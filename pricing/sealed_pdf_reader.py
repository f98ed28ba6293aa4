"""Reads a sealed PDF: who sealed it, whether it is as it was, and what it carries. Runs in the
guarded child.

Knows no Django and no database: what it says is in the file and nowhere else.
"""

import datetime as dt
import hashlib
import io
from dataclasses import dataclass
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

AGREEMENT_FILE = "agreement.json"
MAX_ATTACHMENTS = 200  # a batch has one lot a currency and index exposure: far fewer


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """Who sealed, as people read it."""

    name: str
    issuer: str
    fingerprint: str  # SHA-256 of the certificate
    not_before: dt.datetime
    not_after: dt.datetime
    self_signed: bool

    def is_in_force(self, at: dt.datetime) -> bool:
        """Both ends belong to it (RFC 5280, 4.1.2.5)."""
        return self.not_before <= at <= self.not_after


def certificate_of(cert: x509.Certificate) -> Certificate:
    return Certificate(
        name=_format_name(cert.subject),
        issuer=_format_name(cert.issuer),
        fingerprint=cert.sha256.hex(),
        not_before=cert.not_valid_before,
        not_after=cert.not_valid_after,
        self_signed=cert.subject == cert.issuer,
    )


def _format_name(name: x509.Name) -> str:
    return ", ".join(str(part) for part in name.native.values())


def read(pdf: bytes) -> dict[str, Any]:
    """Plain values only. `why` says what could not be read; nothing in a stranger's file raises."""
    try:
        return _read_document(pdf)
    except (
        Exception
    ) as error:  # whatever a parser makes of garbage: the answer is that it can't be read
        return {"why": f"{type(error).__name__}: {error}"[:200], "seals": 0}


def _read_document(pdf: bytes) -> dict[str, Any]:
    reader = PdfFileReader(io.BytesIO(pdf))
    seals = reader.embedded_signatures
    if len(seals) != 1:
        return {"why": "", "seals": len(seals)}
    files = _embedded_files(reader)
    return {
        "why": "",
        "seals": 1,
        **_seal_values(seals[0]),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "agreement": files.get(AGREEMENT_FILE, b"").decode(errors="replace"),
    }


def _seal_values(seal: EmbeddedPdfSignature) -> dict[str, Any]:
    """Whether the numbers add up. Whose certificate it is, the caller judges by its fingerprint."""
    trust = ValidationContext(trust_roots=[seal.signer_cert], allow_fetching=False)
    status = validate_pdf_signature(seal, trust)
    certificate = certificate_of(seal.signer_cert)
    stamp = status.timestamp_validity
    return {
        "intact": bool(status.intact and status.valid),
        "whole": status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        "name": certificate.name,
        "issuer": certificate.issuer,
        "fingerprint": certificate.fingerprint,
        "self_signed": certificate.self_signed,
        "not_before": certificate.not_before.astimezone(dt.UTC).isoformat(),
        "not_after": certificate.not_after.astimezone(dt.UTC).isoformat(),
        "sealed_at": status.signer_reported_dt.astimezone(dt.UTC).isoformat()
        if status.signer_reported_dt
        else "",
        "stamped_at": stamp.timestamp.astimezone(dt.UTC).isoformat()
        if stamp and stamp.intact and stamp.valid
        else "",
    }


def _embedded_files(reader: PdfFileReader) -> dict[str, bytes]:
    names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    if len(names) > 2 * MAX_ATTACHMENTS:
        raise ValueError(f"{len(names) // 2} attachments")
    return {str(names[i]): names[i + 1]["/EF"]["/F"].data for i in range(0, len(names), 2)}
