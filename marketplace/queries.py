"""Published rates as core values."""

import datetime as dt

from django.db.models import QuerySet

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import SIMULATED, Buyer, FxRateSet, IndexClose, PaymentTerms, Store
from marketplace.money import Rates


def latest_rates(at: dt.datetime, *, store: Store, max_age_days: int) -> Rates:
    """The newest publication at an instant that the store may take. FX_RATE_STALE when it is older than `max_age_days`."""
    published = _for(store, FxRateSet.objects.filter(published_on__lte=at.date()))
    latest = published.order_by("-published_on", "-id").first()
    if latest is None:
        raise Problem(Code.FX_RATE_STALE, value="—", limit=max_age_days)
    if (at.date() - latest.published_on).days > max_age_days:
        raise Problem(Code.FX_RATE_STALE, value=latest.published_on.isoformat(), limit=max_age_days)
    return rates_of(latest)


def rates_of(rate_set: FxRateSet) -> Rates:
    return Rates(
        id=rate_set.pk,
        source=rate_set.source,
        published_on=rate_set.published_on,
        per_euro=dict(rate_set.rates.values_list("currency", "per_euro")),
    )


def latest_close(series: str, at: dt.datetime, *, store: Store) -> IndexClose | None:
    closed = _for(store, IndexClose.objects.filter(series=series, closed_on__lte=at.date()))
    return closed.order_by("-closed_on", "-id").first()


def open_account(buyer: Buyer, at: dt.datetime) -> bool:
    """Whether the store's terms with the buyer, as they stand at an instant, let them pay after delivery (R-91)."""
    terms = PaymentTerms.objects.filter(buyer=buyer, valid_from__lte=at).order_by("-valid_from")
    return bool(terms.values_list("open_account", flat=True).first())


def _for(store: Store, rows: QuerySet) -> QuerySet:
    """A live store never takes what is simulated."""
    return rows if store.sandbox else rows.exclude(source=SIMULATED)
