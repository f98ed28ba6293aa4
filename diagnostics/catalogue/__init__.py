"""Every code with its cause and its fix. Pure.

Texts are plain message ids in English, translated where they are shown
(`diagnostics.problem_texts`). They may name the evidence that the code is raised with, as `{name}`.
"""

from collections.abc import Mapping

from diagnostics.catalogue.batches import BATCHES
from diagnostics.catalogue.documents import DOCUMENTS
from diagnostics.catalogue.entries import CatalogueEntry, gettext_noop
from diagnostics.catalogue.fulfilment import FULFILMENT
from diagnostics.catalogue.requests import REQUESTS
from diagnostics.catalogue.screening import SCREENING
from diagnostics.codes import Code

CATALOGUE: Mapping[Code, CatalogueEntry] = {
    **SCREENING,
    **BATCHES,
    **REQUESTS,
    **FULFILMENT,
    **DOCUMENTS,
}

__all__ = ["CATALOGUE", "CatalogueEntry", "gettext_noop"]
