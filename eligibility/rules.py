"""The rules of a source order and of its lines, as one table each (R-05 to R-12). Pure.

A rule looks at facts and answers a Finding, or None when it has nothing against them.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility.facts import LaneFacts, LineFacts, OrderFacts, RegistrationFacts, Requirement, World
from eligibility.findings import Finding, found, outcome_of, percent
from marketplace.money import Rates, decimal_text, exponent, half_up

RULE_VERSION = "2026-11"
COMPLETED = "completed"


@dataclass(frozen=True, kw_only=True, slots=True)
class LineVerdict:
    line: LineFacts
    findings: tuple[Finding, ...]
    reference_minor: int | None  # today's list price for the line's quantity, in the order's currency

    @property
    def repeatable(self) -> bool:
        return not self.findings


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderVerdict:
    order: OrderFacts
    findings: tuple[Finding, ...]
    lines: tuple[LineVerdict, ...]
    lanes: tuple[LaneFacts, ...]  # reachable and quick enough

    @property
    def outcome(self) -> str:
        return outcome_of(self.findings)

    @property
    def codes(self) -> list[str]:
        """Every code found, the order's first, each once."""
        lines = (finding for line in self.lines for finding in line.findings)
        return list(dict.fromkeys(str(finding.code) for finding in (*self.findings, *lines)))


def _completed(o: OrderFacts, _w: World) -> Finding | None:
    return None if o.status == COMPLETED else found(Code.ORDER_NOT_COMPLETED, value=o.status)


def _recent(o: OrderFacts, w: World) -> Finding | None:
    oldest = w.now - dt.timedelta(days=w.limits.order_max_age_days)  # inclusive, whole 24 h
    if o.completed_at is None or o.completed_at >= oldest:
        return None
    return found(Code.ORDER_TOO_OLD, value=o.completed_at.isoformat(), limit=oldest.isoformat())


def _rated(o: OrderFacts, w: World) -> Finding | None:
    if o.rating is None:
        return found(Code.ORDER_UNRATED) if o.status == COMPLETED else None
    if o.rating >= w.limits.order_min_rating:
        return None
    return found(Code.ORDER_RATING_TOO_LOW, value=str(o.rating), limit=str(w.limits.order_min_rating))


def _free(o: OrderFacts, _w: World) -> Finding | None:
    if not o.held:
        return None
    return found(Code.ORDER_ALREADY_LOCKED, value=o.held_until.isoformat() if o.held_until else "—")


def _reachable(o: OrderFacts, w: World) -> Finding | None:
    lanes = open_lanes(o, w)
    if not lanes:
        return found(Code.LANE_UNREACHABLE, region=o.region or "—", country=o.country)
    fastest = min(lane.transit_days for lane in lanes)
    if fastest > o.promise_days:
        return found(Code.TRANSIT_TOO_SLOW, value=fastest, limit=o.promise_days)
    return None


ORDER_RULES: Sequence[Callable[[OrderFacts, World], Finding | None]] = (
    _completed,
    _recent,
    _rated,
    _free,  # pitfall 4
    _reachable,
)


def open_lanes(o: OrderFacts, w: World) -> list[LaneFacts]:
    """Each service's lane to the order's destination: its row for the region overrules the one for the country."""
    chosen: dict[int, LaneFacts] = {}
    for lane in w.lanes.get(o.country, ()):
        if lane.region == o.region or (not lane.region and lane.service_id not in chosen):
            chosen[lane.service_id] = lane
    return [lane for lane in chosen.values() if o.special_clearance or not lane.special_clearance]


def _standard(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.is_standard else found(Code.SKU_NOT_STANDARD, sku=x.sku.code)


def _active(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.is_active else found(Code.SKU_INACTIVE, sku=x.sku.code)


def _synced(x: LineFacts, _o: OrderFacts, w: World) -> Finding | None:
    synced, limit = x.sku.stock_synced_at, w.limits.stock_max_age_minutes
    if synced is not None and w.now - synced <= dt.timedelta(minutes=limit):
        return None
    value = synced.isoformat() if synced else "—"
    return found(Code.STOCK_SYNC_STALE, sku=x.sku.code, value=value, limit=limit)


def _moq(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    if x.quantity >= x.sku.moq:
        return None
    return found(Code.MOQ_NOT_MET, sku=x.sku.code, value=x.quantity, limit=x.sku.moq)


def _classified(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.hs_code else found(Code.HS_CODE_MISSING, sku=x.sku.code)


def _weighed(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.weight_g else found(Code.WEIGHT_MISSING, sku=x.sku.code)


def _registered(x: LineFacts, o: OrderFacts, w: World) -> Finding | None:
    for need in needs(o.country, x.sku.category_id, w):
        held = [r for r in w.registrations if (r.scheme, r.jurisdiction) == (need.scheme, need.jurisdiction)]
        if any(valid_on(r, w.today) for r in held):
            continue
        last = max((r for r in held if r.valid_until), key=lambda r: r.valid_until, default=None)
        where = {"scheme": need.scheme, "jurisdiction": need.jurisdiction, "country": o.country}
        if last is None:
            return found(Code.REGISTRATION_MISSING, reference=need.reference, **where)
        return found(
            Code.REGISTRATION_EXPIRED, number=last.number, value=last.valid_until.isoformat(), **where
        )
    return None


LINE_RULES: Sequence[Callable[[LineFacts, OrderFacts, World], Finding | None]] = (
    _standard,
    _active,
    _synced,
    _moq,
    _classified,
    _weighed,
    _registered,
)


def needs(country: str, category_id: int, w: World) -> list[Requirement]:
    return [n for n in w.requirements.get(country, ()) if n.category_id in (None, category_id)]


def valid_on(registration: RegistrationFacts, day: dt.date) -> bool:
    return registration.valid_from <= day and (
        registration.valid_until is None or day <= registration.valid_until
    )


def list_price(x: LineFacts, currency: str, rates: Rates) -> Fraction | None:
    """Today's list price for the line's quantity, exact minor units of `currency`; None without an entry."""
    entry = next((p for p in reversed(x.sku.prices) if p.min_quantity <= x.quantity), None)
    if entry is None:
        return None
    minor = Fraction(entry.amount) * x.quantity * 10 ** exponent(entry.currency)
    if entry.currency == currency:
        return minor
    return (
        minor
        * rates.cross(entry.currency, currency)
        * Fraction(10) ** (exponent(currency) - exponent(entry.currency))
    )


def price_finding(x: LineFacts, listed: Fraction | None, *, currency: str, band: Decimal) -> Finding | None:
    """R-47: today's list price must lie within ±band of what was paid; decided without division."""
    if listed is None:
        return found(Code.PRICE_REFERENCE_MISSING, sku=x.sku.code, quantity=x.quantity)
    if abs(listed - x.total_minor) <= Fraction(band) * x.total_minor:
        return None
    return found(
        Code.PRICE_OUT_OF_BAND,
        sku=x.sku.code,
        paid=f"{currency} {decimal_text(x.total_minor, currency)}",
        listed=f"{currency} {decimal_text(half_up(listed), currency)}",
        limit=percent(band),
    )


def screen(
    order: OrderFacts, *, world: World, gates: Sequence[Finding] = (), taken: Mapping[int, int] | None = None
) -> OrderVerdict:
    """The verdict on a source order and on each of its lines (R-08).

    `gates` are the findings of the gates, which hold for every order. `taken` are pieces by SKU id that
    earlier orders of the same batch will take from the stock.
    """
    findings = [*gates, *filter(None, (rule(order, world) for rule in ORDER_RULES))]
    lines = _screen_lines(order, world, dict(taken or {}))
    if not any(line.repeatable for line in lines):
        findings += _without_lines(lines)
    lanes = tuple(lane for lane in open_lanes(order, world) if lane.transit_days <= order.promise_days)
    return OrderVerdict(order=order, findings=tuple(findings), lines=lines, lanes=lanes)


def _screen_lines(order: OrderFacts, w: World, taken: dict[int, int]) -> tuple[LineVerdict, ...]:
    verdicts = []
    for line in order.lines:
        findings = [f for f in (rule(line, order, w) for rule in LINE_RULES) if f]
        listed, missing = _listed(line, order, w)
        price = missing or price_finding(line, listed, currency=order.currency, band=w.limits.price_band)
        stock = _stock(line, taken.get(line.sku.id, 0))
        findings += [f for f in (price, stock) if f]
        if not findings:
            taken[line.sku.id] = taken.get(line.sku.id, 0) + line.quantity
        reference = None if listed is None else half_up(listed)
        verdicts.append(LineVerdict(line=line, findings=tuple(findings), reference_minor=reference))
    return tuple(verdicts)


def _listed(line: LineFacts, order: OrderFacts, w: World) -> tuple[Fraction | None, Finding | None]:
    try:
        return list_price(line, order.currency, w.rates), None
    except Problem as problem:  # FX_RATE_MISSING: the list price is in a currency without a rate
        return None, Finding(code=problem.code, evidence=problem.evidence)


def _stock(x: LineFacts, taken: int) -> Finding | None:
    available = x.sku.available - taken
    if x.quantity <= available:
        return None
    return found(Code.STOCK_TOO_LOW, sku=x.sku.code, needed=x.quantity, available=max(available, 0))


def _without_lines(lines: Sequence[LineVerdict]) -> list[Finding]:
    """An order that keeps no line shares its lines' fate: curable if one of them is."""
    curable = [f for line in lines if outcome_of(line.findings) == "failed" for f in line.findings]
    if curable:
        return list({f.code: f for f in curable}.values())
    return [found(Code.ORDER_WITHOUT_LINES)]
