"""What a document can be sent back for. Pure."""

from collections.abc import Mapping, Sequence

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity
from qualification.readings import Kind

ANY_KIND = (
    Code.DOCUMENT_UNREADABLE, Code.FIELD_UNREAD, Code.SEAL_MISSING, Code.TEXT_LAYER_DIFFERS,
    Code.PAGE_LAID_OVER, Code.COMPANY_NAME_MISMATCH,
)  # fmt: skip
OF_KIND: Mapping[Kind, str] = {
    Kind.LICENCE: "LICENCE_",
    Kind.STATEMENT: "STATEMENT_",
    Kind.DECLARATION: "DECLARATION",
    Kind.ISO_9001: "CERTIFICATE_",
}
"""How the codes of its own checks begin."""


def reasons(kind: Kind) -> Sequence[Code]:
    """Each carries its cure."""
    documents = [code for code, entry in CATALOGUE.items() if entry.severity is Severity.DOCUMENT]
    return [*ANY_KIND, *(code for code in documents if code.startswith(OF_KIND[kind]))]
