"""HTML → PDF, without a network and without any other file (reliability 11)."""

from collections.abc import Sequence

from weasyprint import HTML, Attachment
from weasyprint.urls import URLFetcher

from diagnostics.transactions import refuse_in_transaction


class BlockedFetcher(URLFetcher):
    """The page is one string: whatever it would fetch came from somebody's text."""

    def fetch(self, url, headers=None):
        raise ValueError(f"refused: {url[:100]}")


def render_pdf(page: str, *, attachments: Sequence[Attachment] = ()) -> bytes:
    """Seconds, for many pages: InsideTransaction while one is open."""
    refuse_in_transaction("render")
    return HTML(string=page, url_fetcher=BlockedFetcher()).write_pdf(attachments=list(attachments))
