"""The native document: `urn:bulk-repeat-order:1`, described by repurchase-order-1.xsd beside this
file."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

from lxml import etree

from repurchase.integration.feed import elements, rows, text
from repurchase.models import Batch
from repurchase.models.order_states import ACCEPTED, OrderStatus

NAMESPACE = "urn:bulk-repeat-order:1"
VERSION = "1.2"
SCHEMA = Path(__file__).parent / "repurchase-order-1.xsd"


def document(
    batch: Batch, *, now: dt.datetime, statuses: frozenset[OrderStatus] = ACCEPTED
) -> Iterator[bytes]:
    """The document in pieces of a page of orders each; without an order it is valid and empty.

    A failure on the way cuts it short before its end tag, so that no reader takes a part for the
    whole.
    """
    yield from write_document(
        batch, rows.iter_feed_pages(batch, now=now, statuses=statuses), now=now
    )


def write_document(
    batch: Batch, pages: Iterable[Sequence[rows.FeedOrder]], *, now: dt.datetime
) -> Iterator[bytes]:
    out = BytesIO()
    root = {"version": VERSION, "batch": batch.ref, "generatedAt": text.format_instant(now)}
    with etree.xmlfile(out, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element(f"{{{NAMESPACE}}}RepurchaseOrders", root, nsmap={None: NAMESPACE}):
            xml.write("\n")
            parties = elements.OrderParties.of(batch)
            for page in pages:
                for row in page:
                    xml.write(elements.build_order(row, parties), pretty_print=True)
                xml.flush()
                yield _drain_buffer(out)
    yield _drain_buffer(out)


def _drain_buffer(out: BytesIO) -> bytes:
    piece = out.getvalue()
    out.seek(0)
    out.truncate()
    return piece
