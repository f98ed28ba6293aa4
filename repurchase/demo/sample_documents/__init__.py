"""Sample documents of invented companies, to try the upload with: each page says that it is a
sample.

`contents` invents what they say, the other modules draw it, `pdf_of` binds the pages.
"""

from io import BytesIO

from PIL import Image

from repurchase.demo.sample_documents.sheet import DPI


def pdf_of(pages: list[Image.Image], *, quality: int = 85) -> bytes:
    """The pages as pictures in a PDF, as a scanner makes it."""
    out = BytesIO()
    pages[0].save(
        out, "PDF", resolution=DPI, save_all=True, append_images=pages[1:], quality=quality
    )
    return out.getvalue()
