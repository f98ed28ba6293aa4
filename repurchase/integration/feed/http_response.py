"""The document as an HTTP answer that is sent while it is written."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.integration.feed import native, rows, ubl
from repurchase.integration.feed.elements import OrderParties
from repurchase.models import Batch
from repurchase.models.order_states import ACCEPTED

CONFIRMED = "confirmed"
INCLUDE = {CONFIRMED: ACCEPTED, "locked": rows.WITH_LOCKED}
"""What may be asked for: by default what the buyer has confirmed, which an ERP may act on."""
NATIVE, UBL = "native", "ubl"
FORMATS = {
    NATIVE: (native.document, "xml", "application/xml"),
    UBL: (ubl.archive, "zip", "application/zip"),
}
"""How a batch is written, the file's ending, its media type. UBL is a document an order, so a
batch is a ZIP of them."""


def feed_download_response(
    request: HttpRequest,
    batch: Batch,
    *,
    now: dt.datetime,
    include: str = CONFIRMED,
    format: str = NATIVE,
) -> StreamingHttpResponse:
    """A download. Under ASGI Django would gather a plain iterator into memory first, so it gets an
    async one."""
    if include not in INCLUDE or format not in FORMATS:
        raise Problem(Code.INPUT_INVALID, detail="include" if include not in INCLUDE else "format")
    write, ending, media_type = FORMATS[format]
    pieces = write(batch, now=now, statuses=INCLUDE[include])
    content = _iterate_in_threads(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(True, f"{batch.ref}.{ending}")
    return response


def order_document_response(
    batch: Batch, ref: str, *, now: dt.datetime, format: str = NATIVE
) -> HttpResponse:
    """One accepted order as a document of its own. Http404 when the batch has none such."""
    if format not in FORMATS:
        raise Problem(Code.INPUT_INVALID, detail="format")
    row = rows.get_feed_order(batch, ref, now=now, statuses=ACCEPTED)
    if row is None:
        raise Http404
    if format == NATIVE:
        content = b"".join(native.write_document(batch, [[row]], now=now))
    else:
        content = ubl.build_order(row, OrderParties.of(batch))
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = content_disposition_header(True, f"{ref}.xml")
    return response


async def _iterate_in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece is made in the request's own thread, so all of them use its one database
    connection."""
    while (piece := await sync_to_async(next)(pieces, None)) is not None:
        yield piece
