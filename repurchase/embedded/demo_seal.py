"""A certificate made here, for the demo: it vouches for nothing, and every page that shows its
seal says so."""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from marketplace.atomic_files import write_atomically
from pricing.agreements import DEMO_SEAL

VALID = dt.timedelta(days=3650)
USES = x509.KeyUsage(
    digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
)  # fmt: skip


def ensure(file: Path) -> Path:
    """Made once for a data directory, and readable by its owner only, like the keys beside it."""
    if not file.exists():
        with write_atomically(file, binary=True, secret=True) as out:
            out.write(make())
    return file


def make(
    name: str = DEMO_SEAL,
    *,
    passphrase: bytes = b"",
    valid: tuple[dt.datetime, dt.datetime] | None = None,
) -> bytes:
    """A new key and its self-signed certificate as PKCS#12; `valid`: from and until when, else for
    ten years from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    begin, end = valid or (now - dt.timedelta(days=1), now + VALID)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(names)
        .issuer_name(names)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(USES, critical=True)
        .sign(key, hashes.SHA256())
    )
    how = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    return pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, how)
