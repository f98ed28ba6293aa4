"""ETags: what a GET answered, as a digest; 304 for who has it already, 412 for a change of what
was another."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.utils.http import parse_etags
from django.utils.translation import get_language
from rest_framework.request import Request

from diagnostics.codes import Code
from diagnostics.problem import Problem

CHANGING_FIELDS = frozenset({"seconds_left"})
"""Members that change by themselves: they make no other answer."""


def compute_tag(data: Any, *, version: int | None = None) -> str:
    """Strong; in front of the point the version of a plan, which is all that a change of the plan
    is guarded by."""
    canonical = json.dumps(
        [_without_changing_fields(data), get_language()], sort_keys=True, default=str
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:32]
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


def _without_changing_fields(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {
            name: _without_changing_fields(value)
            for name, value in data.items()
            if name not in CHANGING_FIELDS
        }
    return (
        [_without_changing_fields(each) for each in data]
        if isinstance(data, list | tuple)
        else data
    )


def is_not_modified(request: Request, tag: str) -> bool:
    """If-None-Match, compared weakly (RFC 9110, 13.1.2)."""
    given = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    return "*" in given or tag in {each.removeprefix("W/") for each in given}


def require_match(request: Request, tag: str) -> None:
    """PRECONDITION_FAILED when If-Match names another state than this. Of a plan's tag only the
    version counts."""
    header = request.META.get("HTTP_IF_MATCH", "")
    if not header:
        return
    given = parse_etags(header)
    if "*" not in given and _etag_state(tag) not in map(_etag_state, given):
        raise Problem(Code.PRECONDITION_FAILED, value=header[:100], limit=tag)


def _etag_state(tag: str) -> str:
    return tag.strip('"').partition(".")[0]
