"""A store's documents: as the seller sees them, as the checks take them."""

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext

from marketplace import policy
from marketplace.calendar import platform_day
from marketplace.models import Category, FxRate, Sku, Store
from marketplace.queries import published_sets
from qualification import document_checks, documents, repeated_statements
from qualification.document_checks import CheckContext, DocumentCheck, SubmittedDocument
from qualification.models import Upload
from qualification.readings import DocumentKind, decode_reading
from qualification.uploads import BEING_READ, NEEDS_REPLACEMENT, UploadState


def current_uploads(store: Store) -> QuerySet[Upload]:
    return Upload.objects.filter(store=store, is_current=True).order_by("kind", "uploaded_at", "pk")


def current_documents(store: Store) -> list[SubmittedDocument]:
    """The documents that were read, as the checks take them."""
    rows = current_uploads(store).filter(reading__isnull=False).exclude(state=UploadState.REJECTED)
    return [submitted_document_of(row) for row in rows]


def submitted_document_of(row: Upload) -> SubmittedDocument:
    return SubmittedDocument(
        ref=str(row.key), reading=decode_reading(row.reading), settled=row.settled
    )


def cross_store_keys(row: Upload) -> tuple[str, list[str]]:
    """(customs number, marks of a statement): by what its document is found again in other
    stores."""
    paper = submitted_document_of(row)
    number = paper.value("number")[:18] if paper.kind is DocumentKind.DECLARATION else ""
    return number, repeated_statements.identifying_marks(
        paper
    ) if paper.kind is DocumentKind.STATEMENT else []


def missing_documents(store: Store) -> list[str]:
    """What keeps a store from handing in: kinds without a document, and files that are being read
    or to be replaced."""
    rows = list(current_uploads(store).values_list("kind", "state", "name"))
    wanted = [d for d in documents.DOCUMENTS if not d.by_category or _is_iso_9001_required(store)]
    absent = [gettext(d.title) for d in wanted if d.key not in {kind for kind, _, _ in rows}]
    read = [
        gettext("%(name)s is still being read") % {"name": n} for _, s, n in rows if s in BEING_READ
    ]
    return (
        absent
        + read
        + [
            gettext("%(name)s has to be replaced or taken out") % {"name": n}
            for _, s, n in rows
            if s in NEEDS_REPLACEMENT
        ]
    )


def _is_iso_9001_required(store: Store) -> bool:
    sold = Sku.objects.filter(store=store, is_active=True).values("category")
    return Category.objects.filter(iso9001_required=True, pk__in=sold).exists()


def run_document_checks(
    store: Store,
    papers: Sequence[SubmittedDocument],
    now: dt.datetime,
    *,
    failed_before: Collection[str] = (),
) -> list[DocumentCheck]:
    """Every check of the store's documents. `failed_before` are keys of checks that failed at a
    decision."""
    policies = policy.in_force(now)
    declarations = [p for p in papers if p.kind is DocumentKind.DECLARATION]
    numbers = {each.value("number") for p in declarations for each in (p, p.as_read)}
    elsewhere = Upload.objects.filter(number__in=numbers - {""}).exclude(store=store)
    world = CheckContext(
        today=platform_day(now),
        company=store.legal_name,
        seen_elsewhere=frozenset(elsewhere.values_list("number", flat=True)),
        main_headings=_main_headings(store, int(policies["declarations_hs_digits"])),
        iso_9001_wanted=_is_iso_9001_required(store),
        policies=policies,
        usd_of=_UsdConverter(store),
        copies_elsewhere=_statements_seen_elsewhere(store, papers),
    )
    return document_checks.judge_documents(papers, world, failed_before=failed_before)


def _statements_seen_elsewhere(store: Store, papers: Sequence[SubmittedDocument]) -> frozenset[str]:
    """Statements of which another store has shown the same file, account and month, or a month
    alike."""
    statements = [p for p in papers if p.kind is DocumentKind.STATEMENT]
    own = {
        p.ref: {
            *repeated_statements.identifying_marks(p),
            *repeated_statements.identifying_marks(p.as_read),
        }
        for p in statements
    }
    if not own:
        return frozenset()
    digests = dict(Upload.objects.filter(store=store, key__in=own).values_list("key", "sha256"))
    others = Upload.objects.filter(kind=DocumentKind.STATEMENT).exclude(store=store)
    marks = sorted(set().union(*own.values()))
    found = others.filter(Q(sha256__in=digests.values()) | Q(marks__has_any_keys=marks))
    seen = list(found.values_list("sha256", "marks"))
    files = {digest for digest, _ in seen}
    same_file = {str(key) for key, digest in digests.items() if digest in files}
    return frozenset(
        ref
        for ref, mine in own.items()
        if ref in same_file
        or any(repeated_statements.has_shared_marks(mine, theirs) for _, theirs in seen)
    )


def _main_headings(store: Store, digits: int) -> frozenset[str]:
    """The HS headings of the category in which the store has the most goods on sale (R-36)."""
    sold = Sku.objects.filter(store=store, is_active=True)
    main = (
        sold.values("category").annotate(count=Count("pk")).order_by("-count", "category").first()
    )
    if main is None:
        return frozenset()
    codes = (
        sold.filter(category=main["category"]).exclude(hs_code="").values_list("hs_code", flat=True)
    )
    return frozenset(code[:digits] for code in codes.distinct())


class _UsdConverter:
    """`usd_of` of the checks: by the last rates published by a day; each day is asked for once."""

    def __init__(self, store: Store) -> None:
        self.rows = FxRate.objects.filter(rate_set__in=published_sets(store).filter(store=None))
        self.known: dict[tuple[str, dt.date], Decimal | None] = {}

    def __call__(self, amount: Decimal, currency: str, day: dt.date) -> Decimal | None:
        if currency == "USD":
            return amount
        usd, other = self._per_euro("USD", day), self._per_euro(currency, day)
        return amount * usd / other if usd and other else None

    def _per_euro(self, currency: str, day: dt.date) -> Decimal | None:
        if currency == "EUR":
            return Decimal(1)
        if (currency, day) not in self.known:
            rows = self.rows.filter(
                currency=currency, rate_set__published_on__range=(day - dt.timedelta(days=10), day)
            )
            latest = rows.order_by("-rate_set__published_on", "-rate_set_id").values_list(
                "per_euro", flat=True
            )
            self.known[currency, day] = latest.first()
        return self.known[currency, day]

    """The documents of a kind, the newest last, with whether any is still being read."""

    kind: str
    rows: Sequence[Upload]


def uploads_by_kind(store: Store) -> dict[str, list[Upload]]:
    by_kind: dict[str, list[Upload]] = {kind.value: [] for kind in DocumentKind}
    for row in current_uploads(store).defer("reading"):
        by_kind[row.kind].append(row)
    return by_kind
