"""Moves the market of one sandbox store, so that a renegotiation can be seen without waiting for
the world to change."""

from decimal import Decimal

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import SIMULATED, FxRate, FxRateSet, Store
from marketplace.queries import newest_rate_set
from repurchase.confirmation.services import triggers

MAX_PERCENT = Decimal(20)
EIGHT_PLACES = Decimal("0.00000001")


def move_rate(*, store: Store, currency: str, percent: Decimal, by: str) -> int:
    """Publishes, to this store alone and as simulated, its newest rates with one currency moved
    against its settlement currency; how many renegotiations that opened.

    NOT_FOUND on a live store; INPUT_INVALID for a currency that is not published, the settlement
    currency itself, or a move of more than 20 %; FX_RATE_STALE without any rates.
    """
    if not store.sandbox:
        raise Problem(Code.NOT_FOUND)
    if (
        not percent.is_finite()
        or not 0 < abs(percent) <= MAX_PERCENT
        or currency == store.settlement_currency
    ):
        raise Problem(Code.INPUT_INVALID, detail=f"{currency} {percent}")
    publish(store, currency=currency, percent=percent, by=by)
    return triggers.open_renegotiations(store=store)


@transaction.atomic
def publish(store: Store, *, currency: str, percent: Decimal, by: str) -> None:
    """The rates alone; the next sweep holds the locks against them."""
    now = clock.now(store)
    latest = newest_rate_set(now, store=store)
    if latest is None:
        raise Problem(Code.FX_RATE_STALE, value="—", limit="—")
    table = dict(latest.rates.values_list("currency", "per_euro"))
    _publish_moved_rates(table, currency, store.settlement_currency, 1 + percent / 100)
    made = FxRateSet.objects.create(
        store=store, source=SIMULATED, published_on=now.date(), mirrored_at=clock.now()
    )
    FxRate.objects.bulk_create(
        FxRate(rate_set=made, currency=c, per_euro=rate) for c, rate in table.items()
    )
    ledger.record(
        store_id=store.pk,
        kind="market.moved",
        subject=f"store:{store.code}",
        by=by,
        at=now,
        rate_set=made.pk,
        currency=currency,
        percent=str(percent),
    )


def _publish_moved_rates(
    table: dict[str, Decimal], currency: str, settlement: str, factor: Decimal
) -> None:
    """In the direction in which one unit of the currency buys `factor` times as much of the
    settlement currency."""
    moved, by = (settlement, factor) if currency == "EUR" else (currency, 1 / factor)
    if moved not in table:
        raise Problem(Code.INPUT_INVALID, detail=currency)
    table[moved] = (table[moved] * by).quantize(EIGHT_PLACES)
