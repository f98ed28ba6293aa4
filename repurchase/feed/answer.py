"""The document as an HTTP answer that is sent while it is written."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.feed import native, rows
from repurchase.lifecycle import ACCEPTED
from repurchase.models import Batch

CONFIRMED = "confirmed"
INCLUDE = {CONFIRMED: ACCEPTED, "locked": rows.WITH_LOCKED}
"""What may be asked for: by default what the buyer has confirmed, which an ERP may act on."""


def answer(
    request: HttpRequest, batch: Batch, *, now: dt.datetime, include: str = CONFIRMED
) -> StreamingHttpResponse:
    """A download. Under ASGI Django would gather a plain iterator into memory first, so it gets an async one."""
    if include not in INCLUDE:
        raise Problem(Code.INPUT_INVALID, detail="include")
    pieces = native.document(batch, now=now, statuses=INCLUDE[include])
    content = _pulled(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = content_disposition_header(True, f"{batch.ref}.xml")
    return response


async def _pulled(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece is made in the request's own thread, so all of them use its one database connection."""
    while (piece := await sync_to_async(next)(pieces, None)) is not None:
        yield piece
