"""Then against now: what changed since a source order, and what lapses before the promised
delivery (B-8). Pure.

Nothing is decided here: what blocks is what the rules and gates say, shown beside what was.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from diagnostics.problem import Problem
from eligibility import rules
from eligibility.facts import LineFacts, OrderFacts, RegistrationFacts, World
from marketplace.money import minor_unit_digits, round_half_up


class DriftSeverity(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    BLOCKS = "blocks"
    UNKNOWN = "unknown"  # what was then is not on record, and today's value blocks nothing


class DriftField(StrEnum):
    UNIT_PRICE = "unit_price"
    STOCK = "stock"
    HS_CODE = "hs_code"
    VAT_RATE = "vat_rate"
    REGISTRATION = "registration"
    LANE = "lane"
    TRANSIT = "transit"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftRow:
    """Values are plain texts; `unit` says of what: a currency, pieces, share, days, date, "" for a
    code."""

    field: DriftField
    subject: str = ""  # the SKU, or the scheme and jurisdiction
    line_no: int | None = None
    then: str | None
    now: str | None
    change: str = ""  # "+2.40 %", "-0.03", "" where there is none to tell
    severity: DriftSeverity
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiryBeforeDelivery:
    """Something that is valid today and no longer on the promised day of delivery."""

    field: DriftField
    subject: str
    last_day: dt.date
    delivery_day: dt.date


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceOrderDay:
    """What held for a source order on its day. None where it is not on record."""

    day: dt.date
    vat_rate: Decimal | None
    hs_codes: Mapping[int, str | None] = field(default_factory=dict)  # by line id


@dataclass(frozen=True, kw_only=True, slots=True)
class TodayFacts:
    """Today's facts that the world of a screening does not hold."""

    vat_rate: Decimal | None
    certified: bool
    certificate_valid_until: dt.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftReport:
    rows: Sequence[DriftRow]
    lapses: Sequence[ExpiryBeforeDelivery]

    @property
    def told(self) -> list[DriftRow]:
        """What somebody should look at, the gravest first."""
        order = (DriftSeverity.BLOCKS, DriftSeverity.CHANGED, DriftSeverity.UNKNOWN)
        return [row for severity in order for row in self.rows if row.severity is severity]

    @property
    def same(self) -> list[DriftRow]:
        return [row for row in self.rows if row.severity is DriftSeverity.SAME]

    @property
    def blocks(self) -> int:
        return sum(row.severity is DriftSeverity.BLOCKS for row in self.rows)

    @property
    def changed(self) -> int:
        return sum(row.severity is DriftSeverity.CHANGED for row in self.rows)


def build_report(
    order: OrderFacts, *, then: SourceOrderDay, now: TodayFacts, world: World
) -> DriftReport:
    lines = [
        row
        for line in order.lines
        for row in (_price_row(line, order, world), _stock_row(line), _hs_code_row(line, then))
    ]
    of_the_order = [
        _vat_row(then, now, order.country),
        *_registration_rows(order, then, world),
        *_transit_rows(order, world),
        _certificate_row(now, world.today),
    ]
    return DriftReport(
        rows=(*lines, *of_the_order), lapses=tuple(_expiries_before_delivery(order, now, world))
    )


# --- Lines
# -------------------------------------------------------------------------------------------------


def _price_row(x: LineFacts, o: OrderFacts, w: World) -> DriftRow:
    """Unit price paid against today's list price for the same quantity; beyond the band it blocks
    (R-47)."""
    common = {
        "field": DriftField.UNIT_PRICE,
        "subject": x.sku.code,
        "line_no": x.line_no,
        "unit": o.currency,
    }
    paid = format_unit_price(Fraction(x.total_minor), x.quantity, o.currency)
    try:
        listed = rules.list_price(x, o.currency, w.rates)
    except Problem:  # FX_RATE_MISSING
        listed = None
    if listed is None:
        return DriftRow(**common, then=paid, now=None, severity=DriftSeverity.BLOCKS)
    blocks = rules.price_finding(x, listed, currency=o.currency, band=w.limits.price_band)
    changed = DriftSeverity.SAME if listed == x.total_minor else DriftSeverity.CHANGED
    return DriftRow(
        **common,
        then=paid,
        now=format_unit_price(listed, x.quantity, o.currency),
        change=format_percent_change(Fraction(x.total_minor), listed),
        severity=DriftSeverity.BLOCKS if blocks else changed,
    )


def format_unit_price(total_minor: Fraction, quantity: int, currency: str) -> str:
    """A piece's price in plain decimals: the currency's digits, up to two more where it does not
    divide."""
    places = minor_unit_digits(currency)
    scaled = round_half_up(total_minor / quantity * 100)
    text = f"{Decimal(scaled).scaleb(-places - 2):.{places + 2}f}"
    return text[:-2].rstrip(".") if text.endswith("00") else text


def format_percent_change(then: Fraction, now: Fraction) -> str:
    if not then or then == now:
        return ""
    change = round_half_up((now - then) / then * 10_000)
    return f"{'+' if change > 0 else ''}{Decimal(change) / 100:.2f} %"


def _stock_row(x: LineFacts) -> DriftRow:
    enough = x.quantity <= x.sku.available
    return DriftRow(
        field=DriftField.STOCK,
        subject=x.sku.code,
        line_no=x.line_no,
        then=str(x.quantity),
        now=str(max(x.sku.available, 0)),
        severity=DriftSeverity.SAME if enough else DriftSeverity.BLOCKS,
        unit="pieces",
    )


def _hs_code_row(x: LineFacts, then: SourceOrderDay) -> DriftRow:
    was, is_now = then.hs_codes.get(x.id), x.sku.hs_code
    return DriftRow(
        field=DriftField.HS_CODE,
        subject=x.sku.code,
        line_no=x.line_no,
        then=was or None,
        now=is_now or None,
        severity=_severity_of_change(was or None, is_now or None),
    )


def _severity_of_change(then: object, now: object) -> DriftSeverity:
    if now is None:
        return DriftSeverity.BLOCKS
    if then is None:
        return DriftSeverity.UNKNOWN
    return DriftSeverity.SAME if then == now else DriftSeverity.CHANGED


# --- The order
# ---------------------------------------------------------------------------------------------


def _vat_row(then: SourceOrderDay, now: TodayFacts, country: str) -> DriftRow:
    change = ""
    if then.vat_rate is not None and now.vat_rate is not None and then.vat_rate != now.vat_rate:
        change = f"{(now.vat_rate - then.vat_rate) * 100:+.2f} pp"
    return DriftRow(
        field=DriftField.VAT_RATE,
        subject=country,
        then=_format_rate(then.vat_rate),
        now=_format_rate(now.vat_rate),
        change=change,
        severity=_severity_of_change(then.vat_rate, now.vat_rate),
        unit="share",
    )


def _format_rate(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate.normalize():f}"


def _registration_rows(o: OrderFacts, then: SourceOrderDay, w: World) -> list[DriftRow]:
    """Each number that the destination demands today: valid on the day of then, valid today."""
    return [
        DriftRow(
            field=DriftField.REGISTRATION,
            subject=f"{scheme} {jurisdiction}",
            then=(was := _valid_number_on(held, then.day)),
            now=(is_now := _valid_number_on(held, w.today)),
            severity=_severity_of_change(was, is_now),
        )
        for (scheme, jurisdiction), held in _registrations_by_need(o, w).items()
    ]


def _registrations_by_need(
    o: OrderFacts, w: World
) -> dict[tuple[str, str], list[RegistrationFacts]]:
    wanted = {
        (need.scheme, need.jurisdiction): None
        for line in o.lines
        for need in rules.requirements_for(o.country, line.sku.category_id, w)
    }
    return {
        key: [held for held in w.registrations if (held.scheme, held.jurisdiction) == key]
        for key in sorted(wanted)
    }


def _valid_number_on(held: Sequence[RegistrationFacts], day: dt.date) -> str | None:
    return next((r.number for r in held if rules.is_valid_on(r, day)), None)


def _transit_rows(o: OrderFacts, w: World) -> list[DriftRow]:
    """It travelled then, under its promise; whether and how fast a lane reaches it today (R-11,
    R-71)."""
    lanes = rules.open_lanes(o, w)
    place = f"{o.country} {o.region}".strip()
    reached = DriftRow(
        field=DriftField.LANE,
        subject=place,
        then="yes",
        now="yes" if lanes else "no",
        severity=DriftSeverity.SAME if lanes else DriftSeverity.BLOCKS,
        unit="reached",
    )
    if not lanes:
        return [reached]
    days = min(lane.transit_days for lane in lanes)
    transit = DriftRow(
        field=DriftField.TRANSIT,
        subject=place,
        then=str(o.promise_days),
        now=str(days),
        severity=DriftSeverity.SAME if days <= o.promise_days else DriftSeverity.BLOCKS,
        unit="days",
    )
    return [reached, transit]


def _certificate_row(now: TodayFacts, today: dt.date) -> DriftRow:
    """Only today's certificate is on record; its last valid day counts (R-23)."""
    until = now.certificate_valid_until
    valid = now.certified and until is not None and today <= until
    return DriftRow(
        field=DriftField.CERTIFICATE,
        then=None,
        now=until.isoformat() if until and now.certified else None,
        severity=DriftSeverity.UNKNOWN if valid else DriftSeverity.BLOCKS,
        unit="date",
    )


# --- What lapses before delivery
# ---------------------------------------------------------------------------


def is_expired_by_delivery(
    valid_until: dt.date | None, *, today: dt.date, promise_days: int
) -> bool:
    """Valid today, and over before the promised day; a last day that is the day of delivery is
    enough."""
    return valid_until is not None and today <= valid_until < today + dt.timedelta(
        days=promise_days
    )


def _expiries_before_delivery(
    o: OrderFacts, now: TodayFacts, w: World
) -> list[ExpiryBeforeDelivery]:
    delivery = w.today + dt.timedelta(days=o.promise_days)
    ends: list[tuple[DriftField, str, dt.date | None]] = []
    if now.certified:
        ends.append((DriftField.CERTIFICATE, "", now.certificate_valid_until))
    for (scheme, jurisdiction), held in _registrations_by_need(o, w).items():
        valid = [r for r in held if rules.is_valid_on(r, w.today)]
        if valid and all(r.valid_until for r in valid):
            last = max(r.valid_until for r in valid)
            ends.append((DriftField.REGISTRATION, f"{scheme} {jurisdiction}", last))
    return [
        ExpiryBeforeDelivery(field=name, subject=subject, last_day=last, delivery_day=delivery)
        for name, subject, last in ends
        if last is not None
        and is_expired_by_delivery(last, today=w.today, promise_days=o.promise_days)
    ]
