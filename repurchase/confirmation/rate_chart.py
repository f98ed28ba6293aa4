"""A small line chart against its band, as numbers for an SVG. The table behind it holds the same
points. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, PAD = 640, 180, 12


@dataclass(frozen=True, kw_only=True, slots=True)
class RateChartPoint:
    on: dt.date
    value: Decimal
    x: Decimal = Decimal(0)
    y: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class RateChart:
    """`low` is None where only a rise counts (R-51)."""

    points: Sequence[RateChartPoint]
    base: Decimal
    low: Decimal | None
    high: Decimal
    base_y: Decimal
    low_y: Decimal
    high_y: Decimal
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def line(self) -> str:
        return " ".join(f"{p.x},{p.y}" for p in self.points)

    @property
    def band_height(self) -> Decimal:
        return self.low_y - self.high_y

    @property
    def last(self) -> RateChartPoint:
        return self.points[-1]


def plot_rates(
    values: Sequence[tuple[dt.date, Decimal]], *, base: Decimal, limit: Decimal, both: bool
) -> RateChart:
    """`values` by day, the first first, at least one; `base` and the band of ±`limit` (a share)
    are always in view."""
    low, high = base * (1 - limit), base * (1 + limit)
    shown = [value for _, value in values] + [high, low if both else base]
    bottom, top = min(shown), max(shown)
    span = (top - bottom) or Decimal(1)
    first, last = values[0][0], values[-1][0]
    days = max((last - first).days, 1)

    def x(on: dt.date) -> Decimal:
        return _round_to_pixel(PAD + Decimal((on - first).days) / days * (WIDTH - 2 * PAD))

    def y(value: Decimal) -> Decimal:
        return _round_to_pixel(HEIGHT - PAD - (value - bottom) / span * (HEIGHT - 2 * PAD))

    points = [RateChartPoint(on=on, value=value, x=x(on), y=y(value)) for on, value in values]
    return RateChart(
        points=points,
        base=base,
        low=low if both else None,
        high=high,
        base_y=y(base),
        low_y=y(low) if both else y(bottom),
        high_y=y(high),
    )


def _round_to_pixel(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))
