"""What every endpoint has in common: the store comes from the key, its principal's rights bound
it, a body is JSON of bounded size."""

import datetime as dt
from io import BytesIO
from typing import Any

from django.http import HttpResponse
from rest_framework import exceptions, status
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace import clock
from marketplace.access import Capability, has_capability
from marketplace.models import Store
from repurchase.batches.queries import batches
from repurchase.fulfilment.services import erp_connection
from repurchase.integration.api import etags, requests
from repurchase.integration.api.auth import only_reads
from repurchase.models import Batch
from repurchase.site import body_limit

CLIENT = "HTTP_X_ERP_CLIENT"
"""The header X-ERP-Client: name/version, as "mango/5.3.1"."""

MAX_VALUES = 1_000_000
"""Of a JSON body: 5000 rows have some fifty thousand; each takes up to a hundred bytes of
memory."""


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class BoundedJSONParser(JSONParser):
    """Django's own limit does not watch over a JSON body."""

    limit = body_limit.DEFAULT_LIMIT

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(self.limit + 1)
        if len(body) > self.limit:
            raise TooLarge(f"A body may have {self.limit} bytes.")
        if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
            raise exceptions.ParseError(f"The JSON holds more than {MAX_VALUES} values.")
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError("The JSON is nested too deeply.") from None


class BulkJSONParser(BoundedJSONParser):
    """Of calls that tell up to thousands of rows."""

    limit = body_limit.BULK_LIMIT


class XmlRenderer(BaseRenderer):
    """Only names the media type: the feed writes its own answer."""

    media_type, format = "application/xml", "xml"


class AnyRenderer(BaseRenderer):
    """The address says which file; it writes its own answer, whatever is accepted."""

    media_type, format = "*/*", "file"


class ZipRenderer(BaseRenderer):
    """Likewise, of a batch in UBL."""

    media_type, format = "application/zip", "zip"


class StoreAPIView(APIView):
    parser_classes = [BoundedJSONParser]
    needs_to_read: Capability = Capability.VIEW
    needs: Capability = Capability.MANAGE_KEYS
    """What the key's principal must have the right to, to read and to change; the second, where a
    view says nothing, is the owner's alone."""
    plan_version: int | None = None
    """Of the batch that an answer tells: it stands in the ETag, so that If-Match guards an edit of
    the plan."""
    taken: dict[str, Any] = {}
    """What `sent` found to be as it should: all that an error handler may know of the body."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the key: the ERP that the call says it comes from has to be the store's, and new
        enough (R-79).

        A call that changes something, for a principal who may connect an ERP, connects it; others
        only look.
        """
        super().initial(request, *args, **kwargs)
        if not (request.auth and (client := request.META.get(CLIENT, ""))):
            return
        name, version = erp_connection.parse_client_header(client[:80])
        if only_reads(request, self) or not has_capability(
            request.auth.principal, Capability.SETTLE
        ):
            erp_connection.refuse_other(store=request.auth.store, name=name, version=version)
        else:
            erp_connection.connect_caller(
                store=request.auth.store, name=name, version=version, by=self.by
            )

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """What may be asked for here stands in Allow; a file or a stream has nothing else to tell
        of itself."""
        return HttpResponse(headers={"Allow": ", ".join(self.allowed_methods)})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """A GET's answer gets its ETag; who has it already gets 304."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if (
            request.method != "GET"
            or final.status_code != status.HTTP_200_OK
            or not isinstance(final, Response)
        ):
            return final
        tag = etags.compute_tag(final.data, version=self.plan_version)
        final["ETag"], final["Cache-Control"] = tag, "private, no-cache"
        if etags.is_not_modified(request, tag):
            kept = HttpResponse(status=status.HTTP_304_NOT_MODIFIED)
            kept["ETag"], kept["Cache-Control"] = tag, "private, no-cache"
            return kept
        return final

    @property
    def now(self) -> dt.datetime:
        return clock.now(self.store)

    @property
    def store(self) -> Store:
        return self.request.auth.store

    @property
    def by(self) -> str:
        """The key and its principal, as the ledger names them."""
        return self.request.auth.actor

    def batch(self, ref: str) -> Batch:
        """The store's batch, or 404."""
        return batches.get_batch(self.store, ref, now=clock.now(self.store))

    def sent(self, form: type[requests.StrictSerializer]) -> dict[str, Any]:
        """The body, or on GET the query, checked; INPUT_INVALID with pointers when it is not as it
        should be."""
        data = self.request.query_params if self.request.method == "GET" else self.request.data
        checked = form(data=data)
        checked.is_valid(raise_exception=True)
        self.taken = checked.validated_data
        return self.taken
