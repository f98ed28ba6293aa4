"""Published rates as core values."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.mirror.observations import COMPARABLE_AGE
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
from marketplace.money import Rates, undecided_rate_problem


def latest_rates(at: dt.datetime, *, store: Store, max_age_days: int) -> Rates:
    """The rates of the newest publication that the store may plan by; FX_RATE_STALE as for
    `fresh_rate_set`."""
    return planning_rates(
        fresh_rate_set(at, store=store, max_age_days=max_age_days), at, store=store
    )


def fresh_rate_set(at: dt.datetime, *, store: Store, max_age_days: int) -> FxRateSet:
    """The newest publication at an instant that the store may take.

    FX_RATE_STALE when it is older than `max_age_days`, or while the settlement currency's newest
    observation waits.
    """
    latest = newest_rate_set(at, store=store)
    if latest is None:
        raise Problem(Code.FX_RATE_STALE, value="—", limit=max_age_days)
    if (at.date() - latest.published_on).days > max_age_days:
        raise Problem(Code.FX_RATE_STALE, value=latest.published_on.isoformat(), limit=max_age_days)
    require_decided([store.settlement_currency], at, store=store, published_on=latest.published_on)
    return latest


def require_decided(
    currencies: Iterable[str], at: dt.datetime, *, store: Store, published_on: dt.date
) -> None:
    """FX_RATE_STALE while the newest observation of one of them waits. `published_on`: what would
    act else."""
    waiting = waiting_currencies(at, store=store)
    for currency in sorted(waiting.keys() & {*currencies}):
        raise undecided_rate_problem(currency, waiting[currency], published_on=published_on)


def newest_rate_set(at: dt.datetime, *, store: Store | None) -> FxRateSet | None:
    """By day of publication, then by arrival; `store` None: for any live store."""
    published = rate_sets(store).filter(published_on__lte=at.date())
    return published.order_by("-published_on", "-id").first()


def young_rate_sets(at: dt.datetime, *, store: Store | None, max_age_days: int) -> list[FxRateSet]:
    """Those of the last days, the newest first; the newest version of a day before its earlier
    ones."""
    days = at.date() - dt.timedelta(days=max_age_days), at.date()
    return list(rate_sets(store).filter(published_on__range=days).order_by("-published_on", "-id"))


def rate_sets(store: Store | None) -> QuerySet[FxRateSet]:
    """Publications, in all their versions, that a store may take; None: any live store. One
    without any rate stays out."""
    return published_sets(store).filter(Exists(FxRate.objects.filter(rate_set=OuterRef("pk"))))


def waiting_currencies(at: dt.datetime, *, store: Store | None) -> dict[str, dt.date]:
    """Currencies whose newest observation somebody of the staff still has to decide, each with its
    day. One query.

    What is older than an observation may be to be compared with says nothing about today.
    """
    day = at.date()
    usable = published_sets(store).filter(
        published_on__gt=OuterRef(OuterRef("day")), published_on__lte=day
    )
    newer = FxRate.objects.filter(currency=OuterRef("name"), rate_set__in=usable)
    rows = Quarantined.objects.filter(
        kind="rate", verdict="", day__range=(day - COMPARABLE_AGE, day)
    )
    return dict(rows.exclude(Exists(newer)).order_by("day").values_list("name", "day"))


def published_sets(store: Store | None) -> QuerySet[FxRateSet]:
    """`rate_sets` for those who ask for their rates anyway."""
    own = Q(store=None) | Q(store=store) if store and store.sandbox else Q(store=None)
    return _without_simulated(bool(store and store.sandbox), FxRateSet.objects.filter(own))


def planning_rates(rate_set: FxRateSet, at: dt.datetime, *, store: Store) -> Rates:
    """A publication to plan by: none of its rates acts whose currency's newest observation
    waits."""
    return replace(rates_of(rate_set), waiting=waiting_currencies(at, store=store))


def rates_of(rate_set: FxRateSet) -> Rates:
    """As they were frozen."""
    return Rates(
        id=rate_set.pk,
        source=rate_set.source,
        published_on=rate_set.published_on,
        per_euro=dict(rate_set.rates.values_list("currency", "per_euro")),
    )


def latest_close(series: str, at: dt.datetime, *, store: Store) -> IndexClose | None:
    return close_on(series, at.date(), sandbox=store.sandbox)


def close_on(series: str, day: dt.date, *, sandbox: bool) -> IndexClose | None:
    """The close of a day, or the last before it, as it is known by now."""
    closed = _without_simulated(
        sandbox, IndexClose.objects.filter(series=series, closed_on__lte=day)
    )
    return closed.order_by("-closed_on", "-id").first()


def base_close_of(close: IndexClose, day: dt.date, *, sandbox: bool) -> IndexClose | None:
    """What a close is held against: that of an earlier day, or the last before it.

    A correction that arrived after the close itself does not count: only the newest day is judged
    anew.
    """
    known = Q(version=1) | Q(pk__lt=close.pk)
    closed = _without_simulated(
        sandbox, IndexClose.objects.filter(known, series=close.series, closed_on__lte=day)
    )
    return closed.order_by("-closed_on", "-id").first()


def has_open_account(buyer: Buyer, at: dt.datetime) -> bool:
    """Whether the store's terms with the buyer, as they stand at an instant, let them pay after
    delivery (R-91)."""
    terms = PaymentTerms.objects.filter(buyer=buyer, valid_from__lte=at).order_by("-valid_from")
    return bool(terms.values_list("open_account", flat=True).first())


def newest_close_id() -> int:
    """Of the row that arrived last, of whatever day: 0 before the first."""
    return IndexClose.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _without_simulated(sandbox: bool, rows: QuerySet) -> QuerySet:
    """A live store never takes what is simulated."""
    return rows if sandbox else rows.exclude(source=SIMULATED)


def stale_stock(*, now: dt.datetime, max_age: dt.timedelta) -> Q:
    """The SKUs whose stock figure is too old to rely on: `stock_age.is_stale`, for the database."""
    return Q(stock_synced_at__isnull=True) | Q(stock_synced_at__lt=now - max_age)
