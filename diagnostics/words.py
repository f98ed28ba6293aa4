"""Turning a code and its evidence into words, in the language that is active."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from diagnostics.codes import CATALOGUE, Code


class _Evidence(dict):
    def __missing__(self, name: str) -> str:
        return "—"


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    code: Code
    title: str
    cause: str
    fix: str


def of(code: Code | str, evidence: Mapping[str, Any] | None = None) -> Words:
    entry = CATALOGUE[Code(code)]
    facts = _Evidence({name: _shown(value) for name, value in (evidence or {}).items()})
    return Words(
        code=Code(code),
        title=gettext(entry.title),
        cause=gettext(entry.cause).format_map(facts),
        fix=gettext(entry.fix).format_map(facts),
    )


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
