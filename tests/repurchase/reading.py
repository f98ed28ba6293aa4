"""The text of a PDF, as a reader would copy it."""

import pypdfium2


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)
