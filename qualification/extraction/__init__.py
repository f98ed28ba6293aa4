"""From words on pages to the fields of each kind of document. Pure."""

from collections.abc import Callable, Mapping, Sequence

from qualification.extraction import certificates, declarations, licences, statements
from qualification.extraction.layout import Look, Page
from qualification.readings import Field, Kind

EXTRACT: Mapping[Kind, Callable[[Sequence[Page], Look], list[Field]]] = {
    Kind.LICENCE: licences.fields,
    Kind.STATEMENT: statements.fields,
    Kind.DECLARATION: declarations.fields,
    Kind.ISO_9001: certificates.fields,
}
