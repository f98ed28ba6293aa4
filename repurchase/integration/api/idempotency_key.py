"""Idempotency-Key: on every POST that makes something."""

import functools
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.integration.services import idempotency

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255


DeriveSecret = Callable[[Mapping[str, Any]], Any]


def idempotent(post: Callable[..., Response]) -> Callable[..., Response]:
    """The same key and request are answered the same for 72 hours, and take effect once."""
    return idempotent_but_for()(post)


def idempotent_with_files(post: Callable[..., Response]) -> Callable[..., Response]:
    """As `idempotent`, for what keeps a file: no transaction is open meanwhile."""
    return _idempotent_view(post, {}, files=True)


def idempotent_but_for(
    **secrets: DeriveSecret,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Members of the answer that are never kept: each is derived anew from the rest of it."""

    return lambda post: _idempotent_view(post, secrets, files=False)


def _idempotent_view(
    post: Callable[..., Response], secrets: Mapping[str, DeriveSecret], *, files: bool
) -> Callable[..., Response]:
    @extend_schema(
        parameters=[
            OpenApiParameter(
                HEADER,
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="Yours, up to 255 characters: sent again with the same body it is answered the same for 72 h.",
            )
        ]
    )
    @functools.wraps(post)
    def posted(self: Any, request: Request, **address: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return post(self, request, **address)
        if not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_KEY_LENGTH):
            raise Problem(Code.INPUT_INVALID, detail=HEADER)

        def act() -> idempotency.IdempotentAnswer:
            return _answer_to_keep(post(self, request, **address), secrets)

        answer = idempotency.answer_once(
            store=self.store, key=key, request=_request_digest(request), act=act, files=files
        )
        body = answer.body | {name: derive(answer.body) for name, derive in secrets.items()}
        headers = {"Location": answer.location} if answer.location else None
        return Response(body, status=answer.status, headers=headers)

    return posted


def _answer_to_keep(answer: Response, secrets: Collection[str]) -> idempotency.IdempotentAnswer:
    body = json.loads(JSONRenderer().render(answer.data))
    return idempotency.IdempotentAnswer(
        status=answer.status_code,
        body={name: value for name, value in body.items() if name not in secrets},
        location=answer.headers.get("Location", ""),
    )


def _request_digest(request: Request) -> str:
    """Of method, address and body; a file counts by its content."""
    told = json.dumps(
        [request.method, request.get_full_path(), _canonical_body(request)],
        sort_keys=True,
        default=str,
    )
    return hashlib.sha256(told.encode()).hexdigest()


def _canonical_body(request: Request) -> Any:
    """XML as its bytes; what is no JSON object as it came: the form will refuse it."""
    if isinstance(request.data, bytes):
        return hashlib.sha256(request.data).hexdigest()
    if isinstance(request.data, Mapping):
        return {name: _canonical_value(value) for name, value in request.data.items()}
    return request.data


def _canonical_value(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for piece in value.chunks():
        digest.update(piece)
    value.seek(0)
    return digest.hexdigest()
