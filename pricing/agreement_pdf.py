"""An agreement as a PDF: what was agreed, in summary, and the page of evidence. No network, no
other file."""

import datetime as dt
from collections.abc import Mapping

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from weasyprint import Attachment

from diagnostics import pdf as pdf_module
from pricing import agreements, long_lists
from pricing.agreements import Agreement
from pricing.sealed_pdf_reader import AGREEMENT_FILE, Certificate
from pricing.templatetags.bilingual import plain


def render(
    agreement: Agreement,
    *,
    content: bytes,
    terms: Mapping[str, bytes],
    lists: Mapping[str, bytes],
    certificate: Certificate,
    now: dt.datetime,
) -> bytes:
    """`content`: the canonical agreement; it and the `terms` by file name are attached, for
    machines to check.

    Beside them, for people, every order and line as CSV: `lists`, whose digests the agreement
    names.
    """
    files = {AGREEMENT_FILE: content, **terms, **lists}
    attachments = [
        Attachment(string=data, name=name, relationship="Data") for name, data in files.items()
    ]
    with translation.override("en"):
        page = render_to_string(
            "agreements/agreement.html",
            _template_context(agreement, content, certificate, now) | {"files": sorted(files)},
        )
    return pdf_module.render_pdf(page, attachments=attachments)


def _template_context(
    agreement: Agreement, content: bytes, certificate: Certificate, now: dt.datetime
) -> dict:
    orders = [long_lists.order_row(order, plain) for order in agreement.orders]
    skus = [long_lists.sku_row(price, plain) for price in agreements.by_sku(agreement)]
    return {
        "agreement": agreement,
        "totals": agreements.totals(agreement.orders),
        "digest": agreements.digest_of(content),
        "sku_columns": long_lists.SKUS,
        "sku_blocks": long_lists.printed_blocks(long_lists.SKUS, skus),
        "order_columns": long_lists.ORDERS,
        "order_blocks": long_lists.printed_blocks(long_lists.ORDERS, orders),
        "skus": len(skus),
        "printed": long_lists.PRINTED_ROWS,
        "left_out": agreement.left_out[: long_lists.PRINTED_ROWS],
        "services": agreement.services[: long_lists.PRINTED_TEXTS],
        "printed_texts": long_lists.PRINTED_TEXTS,
        "certificate": certificate,
        "demo_seal": agreements.DEMO_SEAL in certificate.name,
        "time_stamped_by": settings.SEAL_TSA_URL,
        "sealed_at": now,
        "site": settings.SITE_URL,
    }
