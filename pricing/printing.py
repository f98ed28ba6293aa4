"""An agreement as a PDF: what was agreed, in summary, and the page of evidence. No network, no other file."""

import datetime as dt
from collections.abc import Mapping

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from weasyprint import Attachment

from diagnostics import paper
from pricing import agreements, listing
from pricing.agreements import Agreement
from pricing.reading import AGREEMENT, Certificate
from pricing.templatetags.bilingual import plain


def pdf(
    agreement: Agreement,
    *,
    content: bytes,
    terms: Mapping[str, bytes],
    lists: Mapping[str, bytes],
    certificate: Certificate,
    now: dt.datetime,
) -> bytes:
    """`content`: the canonical agreement; it and the `terms` by file name are attached, for machines to check.

    Beside them, for people, every order and line as CSV: `lists`, whose digests the agreement names.
    """
    files = {AGREEMENT: content, **terms, **lists}
    attachments = [Attachment(string=data, name=name, relationship="Data") for name, data in files.items()]
    with translation.override("en"):
        page = render_to_string(
            "agreements/agreement.html",
            _context(agreement, content, certificate, now) | {"files": sorted(files)},
        )
    return paper.pdf(page, attachments=attachments)


def _context(agreement: Agreement, content: bytes, certificate: Certificate, now: dt.datetime) -> dict:
    orders = [listing.order_row(order, plain) for order in agreement.orders]
    skus = [listing.sku_row(price, plain) for price in agreements.by_sku(agreement)]
    return {
        "agreement": agreement,
        "totals": agreements.totals(agreement.orders),
        "digest": agreements.digest_of(content),
        "sku_columns": listing.SKUS,
        "sku_blocks": listing.blocks(listing.SKUS, skus),
        "order_columns": listing.ORDERS,
        "order_blocks": listing.blocks(listing.ORDERS, orders),
        "skus": len(skus),
        "printed": listing.PRINTED_ROWS,
        "left_out": agreement.left_out[: listing.PRINTED_ROWS],
        "services": agreement.services[: listing.PRINTED_TEXTS],
        "printed_texts": listing.PRINTED_TEXTS,
        "certificate": certificate,
        "demo_seal": agreements.DEMO_SEAL in certificate.name,
        "time_stamped_by": settings.SEAL_TSA_URL,
        "sealed_at": now,
        "site": settings.SITE_URL,
    }
