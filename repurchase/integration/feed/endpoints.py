"""A party's electronic address on Peppol: its VAT number under the scheme of the EAS code list
that says so. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from marketplace.tax_numbers import PATTERNS, is_wellformed

EAS: Mapping[str, str] = {
    "AT": "9914", "BE": "9925", "BG": "9926", "CH": "9927", "CY": "9928", "CZ": "9929", "DE": "9930", "EE": "9931",
    "EL": "9933", "ES": "9920", "FR": "9957", "GB": "9932", "HR": "9934", "HU": "9910", "IE": "9935", "IT": "0211",
    "LT": "9937", "LU": "9938", "LV": "9939", "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947",
    "SE": "9955", "SI": "9949", "SK": "9950",
}  # fmt: skip
"""By the letters a VAT number begins with (CEF, Electronic Address Scheme). DK, FI and NO are
addressed by other numbers."""


class PeppolEndpoint(NamedTuple):
    scheme: str
    id: str


def of(numbers: Iterable[str]) -> PeppolEndpoint | None:
    """Of the first that has a scheme and is well formed: a wrong address would reach somebody
    else."""
    for number in numbers:
        bare = re.sub(r"[\s.\-]", "", number.upper())
        if bare[:2] in EAS and bare[:2] in PATTERNS and is_wellformed(bare):
            return PeppolEndpoint(EAS[bare[:2]], bare)
    return None
