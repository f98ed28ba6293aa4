"""What the advice beside a plan goes by: a constant number of queries, whatever the batch's size
(R-20)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from django.db.models import BigIntegerField, Case, Count, Exists, F, OuterRef, Q, Sum, When
from django.db.models import Value as Const

from eligibility.advice import DAYS, AdviceFacts, AdviceLimits, AdvicePoint, advise
from eligibility.queries import convert_to_us_cents, rates_by_day, rates_on
from marketplace.models import PastOrder, PastOrderStatus, Store
from marketplace.money import Rates
from marketplace.policy import DEFAULTS, PolicyNumber, parse_policy_value
from marketplace.queries import rates_of
from repurchase.models import Batch, ErpConnection, RepeatLine

EXPORT_WINDOW_DAYS = 365
APPAREL_CATEGORY = "apparel"  # the platform's category code


def batch_advice(batch: Batch, *, now: dt.datetime) -> tuple[AdvicePoint, ...]:
    limits = _advice_limits(batch)
    return advise(_advice_facts(batch, limits, now), limits=limits)


def _advice_limits(batch: Batch) -> AdviceLimits:
    """The ⚙ values that the batch has kept; one screened before they were, by the defaults."""
    values: Mapping[str, PolicyNumber] = {
        name: default.value for name, default in DEFAULTS.items()
    } | {
        name: parse_policy_value(name, text)
        for name, text in batch.policies.items()
        if name in DEFAULTS
    }
    return AdviceLimits(**{name: values[name] for name in AdviceLimits.__slots__})


def _advice_facts(batch: Batch, limits: AdviceLimits, now: dt.datetime) -> AdviceFacts:
    since = now - dt.timedelta(days=DAYS)
    currencies = list(batch.orders.order_by().values_list("currency", flat=True).distinct())
    rates = rates_of(batch.rate_set) if batch.rate_set else None
    small, high = (
        _amounts_by_currency(usd, currencies, rates)
        for usd in (limits.advice_small_order_usd, limits.advice_high_value_usd)
    )
    counts = batch.orders.aggregate(
        n=Count("id"),
        noted=Count("id", filter=~Q(note="")),
        small=Count(
            "id",
            filter=Q(
                _has_only_apparel(), past_order__goods_minor__lt=_amount_in_order_currency(small)
            ),
        ),
    )
    return AdviceFacts(
        paid_orders=PastOrder.objects.filter(
            store=batch.store_id, paid_at__gte=since, paid_at__lte=now
        ).count(),
        batch_orders=counts["n"],
        small_apparel_orders=counts["small"],
        fast_moving_orders=None,
        exports_usd_minor=_yearly_exports_usd(batch.store, limits, now),
        noted_orders=counts["noted"],
        high_value_lines=_count_high_value_lines(batch, high),
        erp=_connected_erp_name(batch.store),
    )


def _amounts_by_currency(
    usd: int, currencies: Sequence[str], rates: Rates | None
) -> dict[str, int]:
    """So many dollars in each currency that has a rate, in minor units."""
    known = {"USD", "EUR", *rates.per_euro} if rates and "USD" in rates.per_euro else {"USD"}
    return {
        c: rates.exchange(usd * 100, "USD", c) if rates else usd * 100
        for c in currencies
        if c in known
    }


def _amount_in_order_currency(amounts: Mapping[str, int]) -> Case:
    """Of an order's own currency; null, which nothing compares with, where there is no rate."""
    whens = [When(currency=c, then=Const(minor)) for c, minor in amounts.items()]
    return Case(*whens, default=None, output_field=BigIntegerField())


def _has_only_apparel() -> Q:
    lines = RepeatLine.objects.filter(order=OuterRef("pk"))
    return Q(Exists(lines)) & ~Q(Exists(lines.exclude(sku__category__code=APPAREL_CATEGORY)))


def _count_high_value_lines(batch: Batch, at_least: Mapping[str, int]) -> int:
    """Lines of standard SKUs worth that much, in orders with a note: it may ask for a customised
    service.

    Asked by a join, never order by order: just after a batch is written, PostgreSQL guesses its
    size wrongly.
    """
    worth = [Q(order__currency=c, base_minor__gte=minor) for c, minor in at_least.items()]
    lines = RepeatLine.objects.filter(sku__is_standard=True, order__batch=batch).exclude(
        order__note=""
    )
    return lines.filter(reduce(or_, worth)).count() if worth else 0


def _yearly_exports_usd(store: Store, limits: AdviceLimits, now: dt.datetime) -> int | None:
    """Completed in the last 365 days to other countries, net of refunds, each day's sum at that
    day's rate.

    None when it is below the limit and the store's orders do not reach back a year: then nobody
    knows.
    """
    since = now - dt.timedelta(days=EXPORT_WINDOW_DAYS)
    mine = PastOrder.objects.filter(store=store, status=PastOrderStatus.COMPLETED)
    rows = list(
        mine.filter(completed_at__gte=since, completed_at__lte=now)
        .exclude(country=store.country)
        .order_by()
        .values_list("currency", "completed_at__date")
        .annotate(net=Sum(F("paid_minor") - F("refunded_minor")))
    )
    table = rates_by_day({currency for currency, *_ in rows} | {"USD"}, store=store) if rows else {}
    cents = [
        convert_to_us_cents(int(net), currency, rates_on(day, table, currency))
        for currency, day, net in rows
    ]
    total = sum(c for c in cents if c is not None)
    if total > limits.advice_exports_usd * 100 or mine.filter(completed_at__lt=since).exists():
        return total
    return None


def _connected_erp_name(store: Store) -> str:
    live = ErpConnection.objects.filter(store=store, ended_at=None)
    return live.values_list("product__name", flat=True).first() or ""
