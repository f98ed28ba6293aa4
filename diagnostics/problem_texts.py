"""Turning a code and its evidence into words, in the language that is active."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code

INSTANT_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
"""An instant with its zone, as evidence keeps it."""


class _EvidenceTexts(dict):
    def __missing__(self, name: str) -> str:
        return "—"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemText:
    code: Code
    title: str
    cause: str
    fix: str


def describe(code: Code | str, evidence: Mapping[str, Any] | None = None) -> ProblemText:
    entry = CATALOGUE[Code(code)]
    facts = _EvidenceTexts({name: _format_value(value) for name, value in (evidence or {}).items()})
    cause, fix = entry.instead.get(str(facts.get("missing")), (entry.cause, entry.fix))
    return ProblemText(
        code=Code(code),
        title=gettext(entry.title),
        cause=gettext(cause).format_map(facts),
        fix=gettext(fix).format_map(facts),
    )


def _format_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    text = str(value)
    return (
        format_instant(dt.datetime.fromisoformat(text)) if INSTANT_PATTERN.fullmatch(text) else text
    )


def format_instant(at: dt.datetime) -> str:
    """“2026-11-26 16:00 (UTC+08:00)”: in the zone that is active, for readers in any."""
    local = timezone.localtime(at)
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"
