"""The seller's download of a batch for the ERP, and the schema that describes it."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from repurchase.batches.queries import batches
from repurchase.integration.feed import native
from repurchase.integration.feed.http_response import CONFIRMED, NATIVE, feed_download_response
from repurchase.portal.decorators import member_required


@require_GET
@member_required()
def batch_xml(request: HttpRequest, membership: Membership, ref: str) -> HttpResponseBase:
    """`?include=locked` holds the orders too that wait for the buyer's answer."""
    store = membership.store
    include = request.GET.get("include", CONFIRMED)
    now = clock.now(store)
    format = request.GET.get("format", NATIVE)
    return feed_download_response(
        request, batches.get_batch(store, ref, now=now), now=now, include=include, format=format
    )


@require_GET
def schema_xsd(request: HttpRequest) -> HttpResponse:
    """Open to all: an ERP validates without a key."""
    response = HttpResponse(native.SCHEMA.read_bytes(), content_type="application/xml")
    response["Cache-Control"] = "public, max-age=3600"
    return response
