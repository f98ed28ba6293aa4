"""The states of a store's standing in words: one copy for the pages and for the administration."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from qualification.review import Standing

STANDING: Mapping[Standing, Promise] = {
    Standing.NOT_OPEN: pgettext_lazy("standing", "Not open"),
    Standing.DOCUMENTS: pgettext_lazy("standing", "Documents wanted"),
    Standing.IN_REVIEW: pgettext_lazy("standing", "In review"),
    Standing.OPEN: pgettext_lazy("standing", "Open"),
    Standing.LAPSED: pgettext_lazy("standing", "Lapsed"),
}
