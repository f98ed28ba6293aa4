"""From words on pages to the fields of each kind of document. Pure."""

from collections.abc import Callable, Mapping, Sequence

from qualification.extraction import certificates, declarations, licences, statements
from qualification.extraction.layout import PageLayout, SecondReading
from qualification.readings import DocumentKind, ReadingField

FIELD_EXTRACTORS: Mapping[
    DocumentKind, Callable[[Sequence[PageLayout], SecondReading], list[ReadingField]]
] = {
    DocumentKind.LICENCE: licences.fields,
    DocumentKind.STATEMENT: statements.fields,
    DocumentKind.DECLARATION: declarations.fields,
    DocumentKind.ISO_9001: certificates.fields,
}
