import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext

from diagnostics.codes import Code, Fixer
from diagnostics.problem import Problem
from marketplace.models import Category, Sku, Store
from marketplace.policy import PolicyNumber
from qualification import documents, review
from qualification.models import Qualification
from qualification.review import QualificationEvent, QualificationStatus


def get_qualification_status(store: Store, now: dt.datetime) -> QualificationStatus:
    """The store's standing at an instant: the stored state is a cache, a lapse is computed on
    read."""
    return get_qualification_summary(store, now).standing


def require_open(store: Store, now: dt.datetime) -> None:
    """QUALIFICATION_REQUIRED for a store that may not begin anything new; what runs goes on
    (R-26)."""
    standing = get_qualification_status(store, now)
    if standing is not QualificationStatus.OPEN:
        raise Problem(Code.QUALIFICATION_REQUIRED, state=str(standing))


@dataclass(frozen=True, kw_only=True, slots=True)
class QualificationSummary:
    """A store's standing with what a seller asks about it: since when, until when, who has to
    act."""

    standing: QualificationStatus
    since: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    reason: str = ""
    checked_at: dt.datetime | None = None
    check_results: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def owner(self) -> Fixer:
        return review.RESPONSIBLE_PARTY[self.standing]

    @property
    def may_apply(self) -> bool:
        return review.is_event_allowed(self.standing, QualificationEvent.APPLY)


def get_qualification_summary(store: Store, now: dt.datetime) -> QualificationSummary:
    row = Qualification.objects.filter(store=store).first()
    if row is None:
        return QualificationSummary(standing=QualificationStatus.NOT_OPEN)
    standing = review.status_at(QualificationStatus(row.state), row.valid_until, now)
    lapsed_on_read = (
        standing is QualificationStatus.LAPSED and row.state == QualificationStatus.OPEN
    )
    return QualificationSummary(
        standing=standing,
        since=row.valid_until if lapsed_on_read else row.since,
        valid_until=row.valid_until,
        reason=row.reason,
        checked_at=row.checked_at,
        check_results=row.check_results,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class RequiredDocument:
    """A document in words, with today's ⚙ values."""

    key: str
    title: str
    why: str
    points: Sequence[str]
    requirements: Sequence[str]
    categories: Sequence[str] | None  # the store's that ask for it; None: every store shows it


def list_required_documents(
    store: Store, policies: Mapping[str, PolicyNumber]
) -> list[RequiredDocument]:
    limits = _policy_texts(policies)
    asking = _iso_9001_categories(store)
    return [
        RequiredDocument(
            key=each.key,
            title=gettext(each.title),
            why=gettext(each.why),
            points=[gettext(text).format_map(limits) for _, text in each.points],
            requirements=[number for number, _ in each.points],
            categories=asking if each.by_category else None,
        )
        for each in documents.DOCUMENTS
    ]


def list_file_requirements(policies: Mapping[str, PolicyNumber]) -> list[str]:
    limits = _policy_texts(policies)
    return [gettext(text).format_map(limits) for _, text in documents.FILE_POINTS]


def _policy_texts(policies: Mapping[str, PolicyNumber]) -> dict[str, str]:
    numbers = {n: f"{v:,}" for n, v in policies.items() if isinstance(v, int | Decimal)}
    return numbers | {"document_max_mb": f"{int(policies['document_max_bytes']) / 2**20:g}"}


def _iso_9001_categories(store: Store) -> list[str]:
    """The categories of what the store sells that ask for ISO 9001 (R-38)."""
    name = "name_zh" if (get_language() or "").startswith("zh") else "name_en"
    sold = Sku.objects.filter(store=store, is_active=True).values("category")
    asking = Category.objects.filter(iso9001_required=True, pk__in=sold)
    return list(asking.order_by(name).values_list(name, flat=True))
