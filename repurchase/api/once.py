"""Idempotency-Key: on every POST that makes something."""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.services import once

HEADER = "Idempotency-Key"
LONGEST = 255


def idempotent(post: Callable[..., Response]) -> Callable[..., Response]:
    """The same key and request are answered the same for 72 hours, and take effect once."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER,
                description="Yours, up to 255 characters: sent again with the same body it is answered the same for 72 h.",
            )
        ]
    )  # fmt: skip
    @functools.wraps(post)
    def posted(self: Any, request: Request, **address: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return post(self, request, **address)
        if not (key.isascii() and key.isprintable() and 0 < len(key) <= LONGEST):
            raise Problem(Code.INPUT_INVALID, detail=HEADER)

        def act() -> once.Answer:
            answer = post(self, request, **address)
            body = json.loads(JSONRenderer().render(answer.data))
            return once.Answer(
                status=answer.status_code, body=body, location=answer.headers.get("Location", "")
            )

        answer = once.answered(store=self.store, key=key, request=_digest(request), act=act)
        headers = {"Location": answer.location} if answer.location else None
        return Response(answer.body, status=answer.status, headers=headers)

    return posted


def _digest(request: Request) -> str:
    """Of method, address and body; a file and a document count by their content."""
    if isinstance(request.data, bytes):
        body = {"": hashlib.sha256(request.data).hexdigest()}
    else:
        body = {name: _plain(value) for name, value in request.data.items()} if request.data else {}
    told = json.dumps([request.method, request.get_full_path(), body], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for piece in value.chunks():
        digest.update(piece)
    value.seek(0)
    return digest.hexdigest()
