"""The rules of a source order and of its lines, as one table each (R-05 to R-12, R-90). Pure.

A rule looks at facts and answers a Finding, or None when it has nothing against them.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from diagnostics.codes import Code
from eligibility.facts import (
    EmbargoFacts,
    LaneFacts,
    LineFacts,
    OrderFacts,
    RegistrationFacts,
    Requirement,
    World,
)
from eligibility.findings import Finding, build_finding, format_percent, outcome_of, with_evidence
from eligibility.parties import open_matches
from marketplace.money import Rates, decimal_text, minor_unit_digits, round_half_up
from marketplace.stock_age import is_stale

RULE_VERSION = "2026-11"
COMPLETED = "completed"


class Moment(StrEnum):
    """When a rule is asked again, after the plan that asks them all (docs/checks.md)."""

    LOCK = "lock"
    CONFIRMATION = "confirmation"  # and the signing of changed terms
    RELEASE = "release"


AT_THE_LOCK = frozenset({Moment.LOCK})
EVERY_TIME = frozenset(Moment)


class LineVerdict(NamedTuple):
    """`reference_minor`: today's list price for the line's quantity, in the order's currency.
    `available`: pieces left for it, those taken by earlier orders of the batch off."""

    line: LineFacts
    findings: tuple[Finding, ...]
    reference_minor: (
        int | None
    )  # today's list price for the line's quantity, in the order's currency
    available: int = 0  # pieces left for it, those taken by earlier orders of the batch off

    @property
    def repeatable(self) -> bool:
        return not self.findings


class OrderVerdict(NamedTuple):
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


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRule:
    """A rule with its number, the codes it can give, the row it reads and how its value and limit
    are shown."""

    requirement: str
    codes: tuple[Code, ...]
    source: str  # the row that is read; {order}, {country} and {service} are its ids
    check: Callable[[OrderFacts, World], Finding | None]
    shows: Callable[[OrderFacts, World], tuple[str, str]]  # value, limit
    again: frozenset[Moment] = frozenset()

    def source_of(self, o: OrderFacts) -> str:
        return self.source.format(
            order=o.id, buyer=o.buyer_id, country=o.country, currency=o.currency
        )

    def find(self, o: OrderFacts, w: World) -> Finding | None:
        finding = self.check(o, w)
        return finding and self.with_evidence(finding, o, w)

    def with_evidence(self, finding: Finding, o: OrderFacts, w: World) -> Finding:
        value, limit = self.shows(o, w)
        source = self.source_of(o)
        return with_evidence(
            finding, value=value, limit=limit, as_of=w.now.isoformat(), source=source
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LineRule:
    """The same for a line. `check` gets the line's verdict so far where a rule needs its price and
    stock."""

    requirement: str
    codes: tuple[Code, ...]
    source: str
    check: Callable[..., Finding | None]
    shows: Callable[["LineVerdict", OrderFacts, World], tuple[str, str]]
    of_the_goods: bool = (
        False  # it asks only which SKU goes to which country: answered once for many lines
    )
    again: frozenset[Moment] = frozenset()

    def source_of(self, x: LineFacts, o: OrderFacts) -> str:
        return self.source.format(sku=x.sku.id, line=x.id, country=o.country)

    def with_evidence(
        self, finding: Finding, verdict: "LineVerdict", o: OrderFacts, w: World
    ) -> Finding:
        value, limit = self.shows(verdict, o, w)
        return with_evidence(
            finding,
            value=value,
            limit=limit,
            as_of=w.now.isoformat(),
            source=self.source_of(verdict.line, o),
        )


def _check_completed(o: OrderFacts, _w: World) -> Finding | None:
    return (
        None if o.status == COMPLETED else build_finding(Code.ORDER_NOT_COMPLETED, value=o.status)
    )


def _check_rate_decided(o: OrderFacts, w: World) -> Finding | None:
    day = w.rates.waiting.get(o.currency)
    return day and build_finding(
        Code.FX_RATE_STALE, currency=o.currency, waiting=f"{o.currency} {day.isoformat()}"
    )


def _check_order_age(o: OrderFacts, w: World) -> Finding | None:
    oldest = w.now - dt.timedelta(days=w.limits.order_max_age_days)  # inclusive, whole 24 h
    if o.completed_at is None or o.completed_at >= oldest:
        return None
    return build_finding(
        Code.ORDER_TOO_OLD, value=o.completed_at.isoformat(), limit=oldest.isoformat()
    )


def _check_rating(o: OrderFacts, w: World) -> Finding | None:
    if o.rating is None:
        return build_finding(Code.ORDER_UNRATED) if o.status == COMPLETED else None
    if o.rating >= w.limits.order_min_rating:
        return None
    return build_finding(
        Code.ORDER_RATING_TOO_LOW, value=str(o.rating), limit=str(w.limits.order_min_rating)
    )


def _check_not_locked(o: OrderFacts, _w: World) -> Finding | None:
    if not o.held:
        return None
    return build_finding(
        Code.ORDER_ALREADY_LOCKED, value=o.held_until.isoformat() if o.held_until else "—"
    )


def _check_lane(o: OrderFacts, w: World) -> Finding | None:
    lanes = open_lanes(o, w)
    if not lanes:
        return build_finding(Code.LANE_UNREACHABLE, region=o.region or "—", country=o.country)
    fastest = min(lane.transit_days for lane in lanes)
    if fastest > o.promise_days:
        return build_finding(Code.TRANSIT_TOO_SLOW, value=fastest, limit=o.promise_days)
    return None


def embargo_on(o: OrderFacts, w: World) -> EmbargoFacts | None:
    """The embargo that the order's destination is under: on the whole country, or on its region."""
    return next(
        (
            e
            for e in w.embargoes.get(o.country, ())
            if not e.region or e.region.casefold() == o.region.casefold()
        ),
        None,
    )


def _check_export_control(o: OrderFacts, w: World) -> Finding | None:
    """Only goods under the EAR are stopped: another order to the same place goes on."""
    embargo = embargo_on(o, w)
    controlled = embargo and next((x.sku for x in o.lines if x.sku.is_ear_controlled), None)
    if not embargo or not controlled:
        return None
    return build_finding(
        Code.EXPORT_CONTROLLED,
        sku=controlled.code,
        limit=embargo.programme,
        reference=embargo.reference,
        embargo=f"embargo:{embargo.id}",
    )


def _check_parties(o: OrderFacts, w: World) -> Finding | None:
    hit = next(open_matches(o, w), None)
    if hit is None:
        return None
    party, listed, entry = hit
    return build_finding(
        Code.PARTY_SCREENED_OUT,
        value=party,
        listed=listed,
        list_name=entry.list_name,
        reference=entry.reference or "—",
        entry=f"screened_party:{entry.id}",
        digest=entry.digest,
    )


def _oldest_completion(w: World) -> dt.datetime:
    return w.now - dt.timedelta(days=w.limits.order_max_age_days)


def _format_instant(at: dt.datetime | None) -> str:
    return at.isoformat() if at else "—"


def _fastest_transit_days(o: OrderFacts, w: World) -> str:
    return str(min((lane.transit_days for lane in open_lanes(o, w)), default="—"))


def _format_destination(o: OrderFacts) -> str:
    return f"{o.region}, {o.country}" if o.region else o.country


def _build_order_rule(
    requirement: str,
    codes: tuple[Code, ...],
    source: str,
    check,
    shows,
    *,
    again: frozenset[Moment] = frozenset(),
) -> OrderRule:
    return OrderRule(
        requirement=requirement, codes=codes, source=source, check=check, shows=shows, again=again
    )


# fmt: off
ORDER_RULES: Sequence[OrderRule] = (
    _build_order_rule("R-06", (Code.ORDER_NOT_COMPLETED,), "past_order:{order} status", _check_completed,
                lambda o, w: (o.status, COMPLETED)),
    _build_order_rule("R-06", (Code.ORDER_TOO_OLD,), "past_order:{order} completed_at", _check_order_age,
                lambda o, w: (_format_instant(o.completed_at), _oldest_completion(w).isoformat())),
    _build_order_rule("R-07", (Code.ORDER_UNRATED, Code.ORDER_RATING_TOO_LOW), "past_order:{order} rating", _check_rating,
                lambda o, w: ("—" if o.rating is None else str(o.rating), str(w.limits.order_min_rating))),
    _build_order_rule("R-47", (Code.ORDER_ALREADY_LOCKED,), "order_claim past_order:{order} until", _check_not_locked,
                lambda o, w: (_format_instant(o.held_until) if o.held else "—", "—")),
    _build_order_rule("R-11", (Code.LANE_UNREACHABLE, Code.TRANSIT_TOO_SLOW), "lanes {country} transit_days", _check_lane,
                lambda o, w: (_fastest_transit_days(o, w), str(o.promise_days))),
    _build_order_rule("R-90", (Code.EXPORT_CONTROLLED,), "embargoes {country}", _check_export_control,
                lambda o, w: (_format_destination(o), getattr(embargo_on(o, w), "programme", "—")), again=EVERY_TIME),
    _build_order_rule("R-90", (Code.PARTY_SCREENED_OUT,), "buyer:{buyer} name, past_order:{order} consignee", _check_parties,
                lambda o, w: (" · ".join(o.parties) or "—", "—"), again=EVERY_TIME),
    _build_order_rule("R-50", (Code.FX_RATE_STALE,), "rate {currency}", _check_rate_decided,
                lambda o, w: (w.rates.published_on.isoformat(), "—")),
)
# fmt: on


def open_lanes(o: OrderFacts, w: World) -> list[LaneFacts]:
    """Each service's lane to the order's destination: its row for the region overrules the one for
    the country."""
    chosen: dict[int, LaneFacts] = {}
    for lane in w.lanes.get(o.country, ()):
        if lane.region == o.region or (not lane.region and lane.service_id not in chosen):
            chosen[lane.service_id] = lane
    return [lane for lane in chosen.values() if o.special_clearance or not lane.special_clearance]


def _check_standard(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.is_standard else build_finding(Code.SKU_NOT_STANDARD, sku=x.sku.code)


def _check_active(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.is_active else build_finding(Code.SKU_INACTIVE, sku=x.sku.code)


def _check_stock_sync(x: LineFacts, _o: OrderFacts, w: World) -> Finding | None:
    synced, limit = x.sku.stock_synced_at, w.limits.stock_max_age_minutes
    if not is_stale(synced, now=w.now, max_age=dt.timedelta(minutes=limit)):
        return None
    value = synced.isoformat() if synced else "—"
    return build_finding(Code.STOCK_SYNC_STALE, sku=x.sku.code, value=value, limit=limit)


def _check_minimum_quantity(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    if x.quantity >= x.least:
        return None
    return build_finding(Code.MOQ_NOT_MET, sku=x.sku.code, value=x.quantity, limit=x.least)


def _check_hs_code(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.hs_code else build_finding(Code.HS_CODE_MISSING, sku=x.sku.code)


def _check_weight(x: LineFacts, _o: OrderFacts, _w: World) -> Finding | None:
    return None if x.sku.weight_g else build_finding(Code.WEIGHT_MISSING, sku=x.sku.code)


def _check_registrations(x: LineFacts, o: OrderFacts, w: World) -> Finding | None:
    for need in w.requirements.get(o.country, ()):
        if need.category_id not in (None, x.sku.category_id):
            continue
        held = [
            r
            for r in w.registrations
            if (r.scheme, r.jurisdiction) == (need.scheme, need.jurisdiction)
        ]
        if any(is_valid_on(r, w.today) for r in held):
            continue
        last = max((r for r in held if r.valid_until), key=lambda r: r.valid_until, default=None)
        where = {"scheme": need.scheme, "jurisdiction": need.jurisdiction, "country": o.country}
        if last is None:
            return build_finding(Code.REGISTRATION_MISSING, reference=need.reference, **where)
        return build_finding(
            Code.REGISTRATION_EXPIRED,
            number=last.number,
            value=last.valid_until.isoformat(),
            **where,
        )
    return None


def _format_value(value: object) -> str:
    return str(value) if value else "—"


def _show_registrations(v: LineVerdict, o: OrderFacts, w: World) -> tuple[str, str]:
    asked = requirements_for(o.country, v.line.sku.category_id, w)
    held = {
        (r.scheme, r.jurisdiction): r.number for r in w.registrations if is_valid_on(r, w.today)
    }
    numbers = [held[n.scheme, n.jurisdiction] for n in asked if (n.scheme, n.jurisdiction) in held]
    return ", ".join(numbers) or "—", ", ".join(
        f"{n.scheme} {n.jurisdiction}" for n in asked
    ) or "—"


def _show_amounts(v: LineVerdict, o: OrderFacts, w: World) -> tuple[str, str]:
    listed = (
        "—"
        if v.reference_minor is None
        else f"{o.currency} {decimal_text(v.reference_minor, o.currency)}"
    )
    paid = f"{o.currency} {decimal_text(v.line.total_minor, o.currency)}"
    return listed, f"{paid} ± {format_percent(w.limits.price_band)}"


def stock_finding(x: LineFacts, available: int) -> Finding | None:
    if x.quantity <= available:
        return None
    return build_finding(
        Code.STOCK_TOO_LOW, sku=x.sku.code, needed=x.quantity, available=max(available, 0)
    )


def _build_line_rule(
    requirement: str,
    codes: tuple[Code, ...],
    source: str,
    check,
    shows,
    *,
    of_the_goods: bool = False,
    again: frozenset[Moment] = frozenset(),
) -> LineRule:
    return LineRule(
        requirement=requirement,
        codes=codes,
        source=source,
        check=check,
        shows=shows,
        of_the_goods=of_the_goods,
        again=again,
    )


# fmt: off
LINE_RULES: Sequence[LineRule] = (
    _build_line_rule("R-09", (Code.SKU_NOT_STANDARD,), "sku:{sku} is_standard", _check_standard,
               lambda v, o, w: ("yes" if v.line.sku.is_standard else "no", "yes"), of_the_goods=True, again=AT_THE_LOCK),
    _build_line_rule("R-08", (Code.SKU_INACTIVE,), "sku:{sku} is_active", _check_active,
               lambda v, o, w: ("yes" if v.line.sku.is_active else "no", "yes"), of_the_goods=True, again=AT_THE_LOCK),
    _build_line_rule("R-70", (Code.STOCK_SYNC_STALE,), "sku:{sku} stock_synced_at", _check_stock_sync,
               lambda v, o, w: (_format_instant(v.line.sku.stock_synced_at), f"{w.limits.stock_max_age_minutes} min"),
               of_the_goods=True),
    _build_line_rule("R-16", (Code.MOQ_NOT_MET,), "sku:{sku} moq", _check_minimum_quantity,
               lambda v, o, w: (str(v.line.quantity), str(v.line.least))),
    _build_line_rule("R-14", (Code.HS_CODE_MISSING,), "sku:{sku} hs_code", _check_hs_code,
               lambda v, o, w: (_format_value(v.line.sku.hs_code), "—"), of_the_goods=True),
    _build_line_rule("R-60", (Code.WEIGHT_MISSING,), "sku:{sku} weight_g", _check_weight,
               lambda v, o, w: (_format_value(v.line.sku.weight_g), "—"), of_the_goods=True),
    _build_line_rule("R-12", (Code.REGISTRATION_MISSING, Code.REGISTRATION_EXPIRED), "registrations {country}", _check_registrations,
               _show_registrations, of_the_goods=True, again=AT_THE_LOCK),
)
# after these, because they need the line's list price and what is left of the stock
PRICE_RULE = _build_line_rule("R-47", (Code.PRICE_OUT_OF_BAND, Code.PRICE_REFERENCE_MISSING, Code.FX_RATE_MISSING, Code.FX_RATE_STALE),
                    "price_list sku:{sku}, past_order_line:{line} total_minor", None, _show_amounts)
STOCK_RULE = _build_line_rule("R-10", (Code.STOCK_TOO_LOW,), "sku:{sku} on_hand, stock claims", stock_finding,
                     lambda v, o, w: (str(v.line.quantity), str(max(v.available, 0))), again=AT_THE_LOCK)
# fmt: on


def requirements_for(country: str, category_id: int, w: World) -> list[Requirement]:
    return [n for n in w.requirements.get(country, ()) if n.category_id in (None, category_id)]


def is_valid_on(registration: RegistrationFacts, day: dt.date) -> bool:
    return registration.valid_from <= day and (
        registration.valid_until is None or day <= registration.valid_until
    )


def list_price(x: LineFacts, currency: str, rates: Rates) -> Fraction | None:
    """Today's list price for the line's quantity, exact minor units of `currency`; None without an
    entry."""
    entry = next((p for p in reversed(x.sku.prices) if p.min_quantity <= x.quantity), None)
    if entry is None:
        return None
    numerator, denominator = entry.amount.as_integer_ratio()
    numerator *= x.quantity * 10 ** minor_unit_digits(currency)
    if entry.currency == currency:
        return Fraction(numerator, denominator)
    return Fraction(numerator, denominator) * rates.cross(entry.currency, currency)


def is_in_price_band(paid: int, listed: tuple[int, int], band: tuple[int, int]) -> bool:
    """R-47: the list price within ±band of what was paid, both as exact quotients of whole
    numbers."""
    numerator, denominator = listed
    part, whole = band
    return abs(numerator - paid * denominator) * whole <= part * paid * denominator


def price_finding(
    x: LineFacts, listed: Fraction | None, *, currency: str, band: Decimal
) -> Finding | None:
    """R-47: today's list price must lie within ±band of what was paid."""
    if listed is None:
        return build_finding(Code.PRICE_REFERENCE_MISSING, sku=x.sku.code, quantity=x.quantity)
    if is_in_price_band(x.total_minor, listed.as_integer_ratio(), band.as_integer_ratio()):
        return None
    return build_finding(
        Code.PRICE_OUT_OF_BAND,
        sku=x.sku.code,
        paid=f"{currency} {decimal_text(x.total_minor, currency)}",
        listed=f"{currency} {decimal_text(round_half_up(listed), currency)}",
        limit=format_percent(band),
    )
