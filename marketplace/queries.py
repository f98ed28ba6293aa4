"""Published rates as core values."""

import datetime as dt

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import (
    SIMULATED,
    Buyer,
    FxRate,
    FxRateSet,
    IndexClose,
    PaymentTerms,
    Quarantined,
    Store,
)
from marketplace.money import Rates


def latest_rates(at: dt.datetime, *, store: Store, max_age_days: int) -> Rates:
    """The rates of the newest publication that the store may take; FX_RATE_STALE as for `fresh_rate_set`."""
    return rates_of(fresh_rate_set(at, store=store, max_age_days=max_age_days))


def fresh_rate_set(at: dt.datetime, *, store: Store, max_age_days: int) -> FxRateSet:
    """The newest publication at an instant that the store may take. FX_RATE_STALE when it is older than `max_age_days`."""
    latest = newest_rate_set(at, store=store)
    if latest is None:
        raise Problem(Code.FX_RATE_STALE, value="—", limit=max_age_days)
    if (at.date() - latest.published_on).days > max_age_days:
        raise Problem(Code.FX_RATE_STALE, value=latest.published_on.isoformat(), limit=max_age_days)
    return latest


def newest_rate_set(at: dt.datetime, *, store: Store | None) -> FxRateSet | None:
    """By day of publication, then by arrival; `store` None: for any live store."""
    published = rate_sets(store).filter(published_on__lte=at.date())
    return published.order_by("-published_on", "-id").first()


def rate_sets(store: Store | None) -> QuerySet[FxRateSet]:
    """Publications that a store may take; None: any live store.

    One of whose rates somebody of the staff still has to decide stays out, and so does one without any.
    """
    undecided = Quarantined.objects.filter(rate_set=OuterRef("pk"), verdict="")
    sound = FxRateSet.objects.exclude(Exists(undecided)).filter(
        Exists(FxRate.objects.filter(rate_set=OuterRef("pk")))
    )
    own = Q(store=None) | Q(store=store) if store and store.sandbox else Q(store=None)
    return _for(bool(store and store.sandbox), sound.filter(own))


def rates_of(rate_set: FxRateSet) -> Rates:
    return Rates(
        id=rate_set.pk,
        source=rate_set.source,
        published_on=rate_set.published_on,
        per_euro=dict(rate_set.rates.values_list("currency", "per_euro")),
    )


def latest_close(series: str, at: dt.datetime, *, store: Store) -> IndexClose | None:
    return close_on(series, at.date(), sandbox=store.sandbox)


def close_on(series: str, day: dt.date, *, sandbox: bool) -> IndexClose | None:
    """The close of a day, or the last before it."""
    closed = _for(sandbox, IndexClose.objects.filter(series=series, closed_on__lte=day))
    return closed.order_by("-closed_on", "-id").first()


def open_account(buyer: Buyer, at: dt.datetime) -> bool:
    """Whether the store's terms with the buyer, as they stand at an instant, let them pay after delivery (R-91)."""
    terms = PaymentTerms.objects.filter(buyer=buyer, valid_from__lte=at).order_by("-valid_from")
    return bool(terms.values_list("open_account", flat=True).first())


def newest_close_id() -> int:
    """Of the row that arrived last, of whatever day: 0 before the first."""
    return IndexClose.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _for(sandbox: bool, rows: QuerySet) -> QuerySet:
    """A live store never takes what is simulated."""
    return rows if sandbox else rows.exclude(source=SIMULATED)


def stale_stock(*, now: dt.datetime, max_age: dt.timedelta) -> Q:
    """The SKUs whose stock figure is too old to rely on: `stock_age.is_stale`, for the database."""
    return Q(stock_synced_at__isnull=True) | Q(stock_synced_at__lt=now - max_age)
