"""For or against repeating in bulk: advice beside the plan, never a block (R-20). Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from eligibility.findings import format_percent, format_usd


class Leaning(StrEnum):
    FOR = "for"
    AGAINST = "against"
    NEUTRAL = "neutral"  # on the other side of its limit: it says nothing
    UNKNOWN = "unknown"  # not enough data to say


@dataclass(frozen=True, kw_only=True, slots=True)
class AdviceLimits:
    """The ⚙ values of the advice."""

    advice_orders_a_day: int
    advice_small_order_usd: int
    advice_small_share: Decimal
    advice_exports_usd: int
    advice_high_value_usd: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AdviceFacts:
    """None says that the data does not tell."""

    paid_orders: int  # of the last 30 × 24 h
    batch_orders: int
    small_apparel_orders: (
        int  # of the batch, all their lines apparel, below the limit of a small order
    )
    fast_moving_orders: int | None  # the mirrored categories do not say what is fast-moving
    exports_usd_minor: (
        int | None
    )  # of the last 365 days, net of refunds; None: orders do not reach back a year
    noted_orders: int  # of the batch, with a note: only they may ask for a customised service
    high_value_lines: int  # standard SKUs in noted orders, worth at least the limit
    erp: str  # the one that acknowledged orders in the last 30 days; "" none


@dataclass(frozen=True, kw_only=True, slots=True)
class AdvicePoint:
    name: str
    value: str
    limit: str
    leaning: Leaning


DAYS = 30


def _orders_a_day_point(f: AdviceFacts, limits: AdviceLimits) -> AdvicePoint:
    few = f.paid_orders < limits.advice_orders_a_day * DAYS
    value = f"{Decimal(f.paid_orders) / DAYS:.1f}"
    limit = f"< {limits.advice_orders_a_day}"
    return _build_point("orders_a_day", value, limit, Leaning.AGAINST if few else Leaning.NEUTRAL)


def _small_apparel_point(f: AdviceFacts, limits: AdviceLimits) -> AdvicePoint:
    limit = f"> {format_percent(limits.advice_small_share)}"
    if not f.batch_orders:
        return _build_point("small_apparel", "—", limit, Leaning.UNKNOWN)
    mainly = f.small_apparel_orders > limits.advice_small_share * f.batch_orders
    value = format_percent(Decimal(f.small_apparel_orders) / f.batch_orders)
    return _build_point(
        "small_apparel", value, limit, Leaning.AGAINST if mainly else Leaning.NEUTRAL
    )


def _fast_moving_point(f: AdviceFacts, limits: AdviceLimits) -> AdvicePoint:
    limit = f"> {format_percent(limits.advice_small_share)}"
    if f.fast_moving_orders is None or not f.batch_orders:
        return _build_point("fast_moving", "—", limit, Leaning.UNKNOWN)
    mainly = f.fast_moving_orders > limits.advice_small_share * f.batch_orders
    value = format_percent(Decimal(f.fast_moving_orders) / f.batch_orders)
    return _build_point("fast_moving", value, limit, Leaning.AGAINST if mainly else Leaning.NEUTRAL)


def _exports_point(f: AdviceFacts, limits: AdviceLimits) -> AdvicePoint:
    """Less than a year of orders can show that the limit is passed, but not that it isn't."""
    limit = f"> {format_usd(limits.advice_exports_usd * 100)}"
    if f.exports_usd_minor is None:
        return _build_point("exports_a_year", "—", limit, Leaning.UNKNOWN)
    much = f.exports_usd_minor > limits.advice_exports_usd * 100
    return _build_point(
        "exports_a_year",
        format_usd(f.exports_usd_minor),
        limit,
        Leaning.FOR if much else Leaning.NEUTRAL,
    )


def _high_value_point(f: AdviceFacts, limits: AdviceLimits) -> AdvicePoint:
    limit = f"≥ 1 × {format_usd(limits.advice_high_value_usd * 100)}"
    if not f.noted_orders:
        return _build_point("high_value_lines", "—", limit, Leaning.UNKNOWN)
    leaning = Leaning.FOR if f.high_value_lines else Leaning.NEUTRAL
    return _build_point("high_value_lines", str(f.high_value_lines), limit, leaning)


def _erp_connection_point(f: AdviceFacts, _limits: AdviceLimits) -> AdvicePoint:
    if not f.erp:
        return _build_point("erp_connected", "—", "yes", Leaning.UNKNOWN)
    return _build_point("erp_connected", f.erp, "yes", Leaning.FOR)


def _build_point(name: str, value: str, limit: str, leaning: Leaning) -> AdvicePoint:
    return AdvicePoint(name=name, value=value, limit=limit, leaning=leaning)


POINTS: Sequence[Callable[[AdviceFacts, AdviceLimits], AdvicePoint]] = (
    _orders_a_day_point,
    _fast_moving_point,
    _small_apparel_point,
    _exports_point,
    _high_value_point,
    _erp_connection_point,
)


def advise(facts: AdviceFacts, *, limits: AdviceLimits) -> tuple[AdvicePoint, ...]:
    return tuple(point(facts, limits) for point in POINTS)
