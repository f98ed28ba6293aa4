"""The operator is told while a currency's rates wait so long in quarantine that nothing can be
held against them."""

import datetime as dt

from django.db.models import Max

from marketplace import clock, policy
from marketplace.mirror.held_observations import PLATFORM_STORE_ID
from marketplace.models import FxRate
from marketplace.queries import published_sets, waiting_currencies
from outbox import emails
from outbox.models import Letter

ALARM_EMAIL_KIND = "marketplace.rates_wait"


def overdue_currencies(now: dt.datetime) -> dict[str, dt.date | None]:
    """Currencies whose newest rate waits for a decision and whose last good one is older than ⚙
    fx_max_age_days.

    Each with the day of that last good one. By then open lots in it are held against no rate any
    more.
    """
    waiting = waiting_currencies(now, store=None)
    if not waiting:
        return {}
    usable = published_sets(None).filter(published_on__lte=now.date())
    rates = FxRate.objects.filter(currency__in=waiting, rate_set__in=usable).order_by()
    last = dict(rates.values_list("currency").annotate(Max("rate_set__published_on")))
    limit = dt.timedelta(days=int(policy.in_force(now)["fx_max_age_days"]))
    return {
        currency: last.get(currency)
        for currency in sorted(waiting)
        if currency not in last or now.date() - last[currency] > limit
    }


def alert_staff() -> int:
    """Once a day, and again when another currency joins; how many letters were written. Part of
    the sweep."""
    now = clock.now()
    overdue = overdue_currencies(now)
    dedupe = f"rates-wait:{now.date()}:{','.join(overdue)}"[:120]
    if not overdue or Letter.objects.filter(dedupe=dedupe).exists():
        return 0
    emails.write(kind=ALARM_EMAIL_KIND, store_id=PLATFORM_STORE_ID, dedupe=dedupe)
    return 1
