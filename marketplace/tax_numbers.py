"""The form of VAT numbers, and their check digits where the algorithm is public. Pure.

A well-formed number may still belong to nobody: only the tax authority knows that (VIES, HMRC).
"""

import re
from collections.abc import Callable, Mapping

PATTERNS: Mapping[str, str] = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}", "DE": r"\d{9}",
    "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}", "HR": r"\d{11}", "HU": r"\d{8}", "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}", "LT": r"\d{9}|\d{12}", "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{9}B[A-Z0-9+*]{2}", "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{12}",
    "SI": r"\d{8}", "SK": r"\d{10}", "GB": r"\d{9}|\d{12}|(GD|HA)\d{3}", "XI": r"\d{9}|\d{12}|(GD|HA)\d{3}",
    "CH": r"E\d{9}(MWST|TVA|IVA)?", "NO": r"\d{9}(MVA)?",
}  # fmt: skip
"""What follows the two letters, by jurisdiction (Commission: VIES FAQ Q11; HMRC; ESTV;
Brønnøysund)."""


def is_wellformed(number: str) -> bool:
    """Whether a number could be one: unknown jurisdictions are taken as they are, if there is a
    number at all."""
    bare = re.sub(r"[\s.\-]", "", number.upper())
    letters, rest = bare[:2], bare[2:]
    if letters not in PATTERNS:
        return bool(rest)
    check = CHECK_DIGIT_RULES.get(letters)
    return bool(re.fullmatch(PATTERNS[letters], rest)) and (check is None or check(rest))


def _digits(text: str) -> list[int]:
    return [int(each) for each in text]


def _weighted_sum(text: str, weights: list[int]) -> int:
    return sum(digit * weight for digit, weight in zip(_digits(text), weights, strict=False))


def _passes_iso_7064_mod_11_10(text: str) -> bool:
    """DE, HR."""
    product = 10
    for digit in _digits(text[:-1]):
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(text[-1])


def _passes_luhn(text: str) -> bool:
    """IT; SE without its last two digits."""
    doubled = [digit * (1 + place % 2) for place, digit in enumerate(reversed(_digits(text)))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _is_valid_belgian(text: str) -> bool:
    return 97 - int(text[:8]) % 97 == int(text[8:])


def _is_valid_french(text: str) -> bool:
    """Old style keys are digits; newer ones with letters are taken by their form."""
    return not text[:2].isdigit() or (12 + 3 * (int(text[2:]) % 97)) % 97 == int(text[:2])


def _is_valid_dutch(text: str) -> bool:
    """Two ways: modulo 97 over the whole since 2020, modulo 11 before."""
    whole = "".join(
        str(int(each, 36)) if each.isalnum() else {"+": "36", "*": "37"}[each]
        for each in "NL" + text
    )
    if int(whole) % 97 == 1:
        return True
    first = text[:9]
    return first.isdigit() and _weighted_sum(first[:8], [9, 8, 7, 6, 5, 4, 3, 2]) % 11 == int(
        first[8]
    )


def _is_valid_polish(text: str) -> bool:
    return _weighted_sum(text[:9], [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == int(text[9])


def _is_valid_austrian(text: str) -> bool:
    doubled = [digit * (1 + place % 2) for place, digit in enumerate(_digits(text[1:8]))]
    total = sum(value // 10 + value % 10 for value in doubled)
    return (10 - (total + 4) % 10) % 10 == int(text[8])


def _is_valid_danish(text: str) -> bool:
    return _weighted_sum(text, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0


def _is_valid_british(text: str) -> bool:
    """Of the first nine digits: modulo 97, or the newer series, 55 apart."""
    if not text[:9].isdigit() or len(text) < 9:
        return True
    total = _weighted_sum(text[:7], [8, 7, 6, 5, 4, 3, 2]) + int(text[7:9])
    return total % 97 in (0, 42)


CHECK_DIGIT_RULES: Mapping[str, Callable[[str], bool]] = {
    "AT": _is_valid_austrian, "BE": _is_valid_belgian, "DE": _passes_iso_7064_mod_11_10, "DK": _is_valid_danish, "FR": _is_valid_french, "GB": _is_valid_british, "HR": _passes_iso_7064_mod_11_10,
    "IT": _passes_luhn, "NL": _is_valid_dutch, "PL": _is_valid_polish, "SE": lambda text: _passes_luhn(text[:10]), "XI": _is_valid_british,
}  # fmt: skip
