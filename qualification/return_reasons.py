"""What a document can be sent back for. Pure."""

from collections.abc import Mapping, Sequence

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity
from qualification.readings import DocumentKind

CODES_OF_ANY_KIND = (
    Code.DOCUMENT_UNREADABLE,
    Code.FIELD_UNREAD,
    Code.SEAL_MISSING,
    Code.TEXT_LAYER_DIFFERS,
    Code.PAGE_LAID_OVER,
    Code.COMPANY_NAME_MISMATCH,
)
CODE_PREFIXES: Mapping[DocumentKind, str] = {
    DocumentKind.LICENCE: "LICENCE_",
    DocumentKind.STATEMENT: "STATEMENT_",
    DocumentKind.DECLARATION: "DECLARATION",
    DocumentKind.ISO_9001: "CERTIFICATE_",
}
"""How the codes of its own checks begin."""


def codes_for_kind(kind: DocumentKind) -> Sequence[Code]:
    """Each carries its cure."""
    documents = [code for code, entry in CATALOGUE.items() if entry.severity is Severity.DOCUMENT]
    return [
        *CODES_OF_ANY_KIND,
        *(code for code in documents if code.startswith(CODE_PREFIXES[kind])),
    ]
