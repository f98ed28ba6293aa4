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
from marketplace.money import exponent, half_up


class Severity(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    BLOCKS = "blocks"
    UNKNOWN = "unknown"  # what was then is not on record, and today's value blocks nothing


class Field(StrEnum):
    UNIT_PRICE = "unit_price"
    STOCK = "stock"
    HS_CODE = "hs_code"
    VAT_RATE = "vat_rate"
    REGISTRATION = "registration"
    LANE = "lane"
    TRANSIT = "transit"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Values are plain texts; `unit` says of what: a currency, pieces, share, days, date, "" for a
    code."""

    field: Field
    subject: str = ""  # the SKU, or the scheme and jurisdiction
    line_no: int | None = None
    then: str | None
    now: str | None
    change: str = ""  # "+2.40 %", "-0.03", "" where there is none to tell
    severity: Severity
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lapse:
    """Something that is valid today and no longer on the promised day of delivery."""

    field: Field
    subject: str
    last_day: dt.date
    delivery_day: dt.date


@dataclass(frozen=True, kw_only=True, slots=True)
class Then:
    """What held for a source order on its day. None where it is not on record."""

    day: dt.date
    vat_rate: Decimal | None
    hs_codes: Mapping[int, str | None] = field(default_factory=dict)  # by line id


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """Today's facts that the world of a screening does not hold."""

    vat_rate: Decimal | None
    certified: bool
    certificate_valid_until: dt.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    rows: Sequence[Row]
    lapses: Sequence[Lapse]

    @property
    def told(self) -> list[Row]:
        """What somebody should look at, the gravest first."""
        order = (Severity.BLOCKS, Severity.CHANGED, Severity.UNKNOWN)
        return [row for severity in order for row in self.rows if row.severity is severity]

    @property
    def same(self) -> list[Row]:
        return [row for row in self.rows if row.severity is Severity.SAME]

    @property
    def blocks(self) -> int:
        return sum(row.severity is Severity.BLOCKS for row in self.rows)

    @property
    def changed(self) -> int:
        return sum(row.severity is Severity.CHANGED for row in self.rows)


def sheet(order: OrderFacts, *, then: Then, now: Now, world: World) -> Sheet:
    lines = [
        row
        for line in order.lines
        for row in (_price(line, order, world), _stock(line), _hs_code(line, then))
    ]
    of_the_order = [
        _vat(then, now, order.country),
        *_registrations(order, then, world),
        *_travel(order, world),
        _certificate(now, world.today),
    ]
    return Sheet(rows=(*lines, *of_the_order), lapses=tuple(_lapses(order, now, world)))


# --- Lines
# -------------------------------------------------------------------------------------------------


def _price(x: LineFacts, o: OrderFacts, w: World) -> Row:
    """Unit price paid against today's list price for the same quantity; beyond the band it blocks
    (R-47)."""
    common = {
        "field": Field.UNIT_PRICE,
        "subject": x.sku.code,
        "line_no": x.line_no,
        "unit": o.currency,
    }
    paid = unit_text(Fraction(x.total_minor), x.quantity, o.currency)
    try:
        listed = rules.list_price(x, o.currency, w.rates)
    except Problem:  # FX_RATE_MISSING
        listed = None
    if listed is None:
        return Row(**common, then=paid, now=None, severity=Severity.BLOCKS)
    blocks = rules.price_finding(x, listed, currency=o.currency, band=w.limits.price_band)
    changed = Severity.SAME if listed == x.total_minor else Severity.CHANGED
    return Row(
        **common,
        then=paid,
        now=unit_text(listed, x.quantity, o.currency),
        change=change_of(Fraction(x.total_minor), listed),
        severity=Severity.BLOCKS if blocks else changed,
    )


def unit_text(total_minor: Fraction, quantity: int, currency: str) -> str:
    """A piece's price in plain decimals: the currency's digits, up to two more where it does not
    divide."""
    places = exponent(currency)
    scaled = half_up(total_minor / quantity * 100)
    text = f"{Decimal(scaled).scaleb(-places - 2):.{places + 2}f}"
    return text[:-2].rstrip(".") if text.endswith("00") else text


def change_of(then: Fraction, now: Fraction) -> str:
    if not then or then == now:
        return ""
    change = half_up((now - then) / then * 10_000)
    return f"{'+' if change > 0 else ''}{Decimal(change) / 100:.2f} %"


def _stock(x: LineFacts) -> Row:
    enough = x.quantity <= x.sku.available
    return Row(
        field=Field.STOCK,
        subject=x.sku.code,
        line_no=x.line_no,
        then=str(x.quantity),
        now=str(max(x.sku.available, 0)),
        severity=Severity.SAME if enough else Severity.BLOCKS,
        unit="pieces",
    )


def _hs_code(x: LineFacts, then: Then) -> Row:
    was, is_now = then.hs_codes.get(x.id), x.sku.hs_code
    return Row(
        field=Field.HS_CODE,
        subject=x.sku.code,
        line_no=x.line_no,
        then=was or None,
        now=is_now or None,
        severity=_compared(was or None, is_now or None),
    )


def _compared(then: object, now: object) -> Severity:
    if now is None:
        return Severity.BLOCKS
    if then is None:
        return Severity.UNKNOWN
    return Severity.SAME if then == now else Severity.CHANGED


# --- The order
# ---------------------------------------------------------------------------------------------


def _vat(then: Then, now: Now, country: str) -> Row:
    change = ""
    if then.vat_rate is not None and now.vat_rate is not None and then.vat_rate != now.vat_rate:
        change = f"{(now.vat_rate - then.vat_rate) * 100:+.2f} pp"
    return Row(
        field=Field.VAT_RATE,
        subject=country,
        then=_plain(then.vat_rate),
        now=_plain(now.vat_rate),
        change=change,
        severity=_compared(then.vat_rate, now.vat_rate),
        unit="share",
    )


def _plain(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate.normalize():f}"


def _registrations(o: OrderFacts, then: Then, w: World) -> list[Row]:
    """Each number that the destination demands today: valid on the day of then, valid today."""
    return [
        Row(
            field=Field.REGISTRATION,
            subject=f"{scheme} {jurisdiction}",
            then=(was := _number(held, then.day)),
            now=(is_now := _number(held, w.today)),
            severity=_compared(was, is_now),
        )
        for (scheme, jurisdiction), held in _needed(o, w).items()
    ]


def _needed(o: OrderFacts, w: World) -> dict[tuple[str, str], list[RegistrationFacts]]:
    wanted = {
        (need.scheme, need.jurisdiction): None
        for line in o.lines
        for need in rules.needs(o.country, line.sku.category_id, w)
    }
    return {
        key: [held for held in w.registrations if (held.scheme, held.jurisdiction) == key]
        for key in sorted(wanted)
    }


def _number(held: Sequence[RegistrationFacts], day: dt.date) -> str | None:
    return next((r.number for r in held if rules.valid_on(r, day)), None)


def _travel(o: OrderFacts, w: World) -> list[Row]:
    """It travelled then, under its promise; whether and how fast a lane reaches it today (R-11,
    R-71)."""
    lanes = rules.open_lanes(o, w)
    place = f"{o.country} {o.region}".strip()
    reached = Row(
        field=Field.LANE,
        subject=place,
        then="yes",
        now="yes" if lanes else "no",
        severity=Severity.SAME if lanes else Severity.BLOCKS,
        unit="reached",
    )
    if not lanes:
        return [reached]
    days = min(lane.transit_days for lane in lanes)
    transit = Row(
        field=Field.TRANSIT,
        subject=place,
        then=str(o.promise_days),
        now=str(days),
        severity=Severity.SAME if days <= o.promise_days else Severity.BLOCKS,
        unit="days",
    )
    return [reached, transit]


def _certificate(now: Now, today: dt.date) -> Row:
    """Only today's certificate is on record; its last valid day counts (R-23)."""
    until = now.certificate_valid_until
    valid = now.certified and until is not None and today <= until
    return Row(
        field=Field.CERTIFICATE,
        then=None,
        now=until.isoformat() if until and now.certified else None,
        severity=Severity.UNKNOWN if valid else Severity.BLOCKS,
        unit="date",
    )


# --- What lapses before delivery
# ---------------------------------------------------------------------------


def lapses(valid_until: dt.date | None, *, today: dt.date, promise_days: int) -> bool:
    """Valid today, and over before the promised day; a last day that is the day of delivery is
    enough."""
    return valid_until is not None and today <= valid_until < today + dt.timedelta(
        days=promise_days
    )


def _lapses(o: OrderFacts, now: Now, w: World) -> list[Lapse]:
    delivery = w.today + dt.timedelta(days=o.promise_days)
    ends: list[tuple[Field, str, dt.date | None]] = []
    if now.certified:
        ends.append((Field.CERTIFICATE, "", now.certificate_valid_until))
    for (scheme, jurisdiction), held in _needed(o, w).items():
        valid = [r for r in held if rules.valid_on(r, w.today)]
        if valid and all(r.valid_until for r in valid):
            last = max(r.valid_until for r in valid)
            ends.append((Field.REGISTRATION, f"{scheme} {jurisdiction}", last))
    return [
        Lapse(field=name, subject=subject, last_day=last, delivery_day=delivery)
        for name, subject, last in ends
        if last is not None and lapses(last, today=w.today, promise_days=o.promise_days)
    ]
