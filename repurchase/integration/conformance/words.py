"""A result of the kit in the reader's language. Programs and the database keep the English one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as in_words

from repurchase.integration.conformance.cases import CASES

BY_NAME = {case.name: case for case in CASES}


def result_payload(result: Mapping[str, Any]) -> dict[str, Any]:
    """Of a run that was kept before a case got another name, or before values were kept, what is
    there."""
    case = BY_NAME.get(result["name"])
    said = result.get("said") or {}
    return {
        "name": in_words(case.words).format(about=case.about) if case else result["name"],
        "asks": in_words(result["asks"]),
        "passed": result["passed"],
        "found": in_words(said["text"]).format(**said["values"]) if said else result["found"],
        "milliseconds": result["milliseconds"],
    }
