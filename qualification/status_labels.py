"""The states of a store's standing in words: one copy for the pages and for the administration."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from qualification.review import QualificationStatus

STATUS_LABELS: Mapping[QualificationStatus, Promise] = {
    QualificationStatus.NOT_OPEN: pgettext_lazy("standing", "Not open"),
    QualificationStatus.DOCUMENTS: pgettext_lazy("standing", "Documents wanted"),
    QualificationStatus.IN_REVIEW: pgettext_lazy("standing", "In review"),
    QualificationStatus.OPEN: pgettext_lazy("standing", "Open"),
    QualificationStatus.LAPSED: pgettext_lazy("standing", "Lapsed"),
}
