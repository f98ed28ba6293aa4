"""Offers of changed prices for a locked lot: what they come to, how far they go, when they are
agreed (R-47, R-52 to R-56). Pure.

An offer says one of three things of the locked lines: the same percentage for all, a price a piece
for some SKUs, or the old price. A line is rounded once, half up, to whole minor units; totals are
sums of rounded lines (pitfall 5).
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import minor_unit_digits, round_half_up

PERCENT_PATTERN = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,4})?")
PRICE_PATTERN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
PERCENT_LIMIT = Decimal(50)
"""A uniform change beyond it is taken for a slip of the keyboard."""


class Side(StrEnum):
    SELLER = "seller"
    BUYER = "buyer"


class ProposalRule(StrEnum):
    KEEP = "keep"
    UNIFORM = "uniform"
    PER_SKU = "per_sku"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """`percent` of a uniform change, as a number of hundredths: −1.5 is one and a half per
    cent less. `prices`: of a piece, in the lot's currency, by SKU; SKUs that are not named keep
    their locked price."""

    rule: ProposalRule
    percent: Decimal = Decimal(0)
    prices: Mapping[str, Decimal] = field(default_factory=dict)

    def said(self) -> dict[str, object]:
        """Plain JSON, canonical: 1.50 and 1.5 are the same proposal."""
        match self.rule:
            case ProposalRule.KEEP:
                return {"rule": str(self.rule)}
            case ProposalRule.UNIFORM:
                return {"rule": str(self.rule), "percent": format_decimal(self.percent)}
        return {
            "rule": str(self.rule),
            "prices": {sku: format_decimal(p) for sku, p in sorted(self.prices.items())},
        }


def format_decimal(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_percent(share: Decimal) -> str:
    """0.03 is “3 %”."""
    return f"{format_decimal(share * 100)} %"


def parse_proposal(said: Mapping) -> Proposal:
    """The proposal that `said` told of."""
    return Proposal(
        rule=ProposalRule(said["rule"]),
        percent=Decimal(said.get("percent", 0)),
        prices={sku: Decimal(price) for sku, price in said.get("prices", {}).items()},
    )


def keep_locked_prices() -> Proposal:
    return Proposal(rule=ProposalRule.KEEP)


def parse_uniform_change(text: str) -> Proposal:
    """“-1.5” as a person types it: at most four digits after the point, at most 50 per cent.
    INPUT_INVALID."""
    typed = text.strip().replace("−", "-").removesuffix("%").strip().replace(",", ".")
    if not PERCENT_PATTERN.fullmatch(typed) or abs(Decimal(typed)) > PERCENT_LIMIT:
        raise Problem(Code.INPUT_INVALID, detail=f"percent: {text[:20]}")
    percent = Decimal(typed)
    return Proposal(rule=ProposalRule.UNIFORM, percent=percent) if percent else keep_locked_prices()


def parse_sku_prices(prices: Mapping[str, str], known: Collection[str]) -> Proposal:
    """Prices a piece by SKU; an empty text keeps the locked price. INPUT_INVALID for a SKU that
    the lot does not hold, and for what is no positive price of at most six digits after the
    point."""
    wanted = {sku: text.strip() for sku, text in prices.items() if text.strip()}
    if unknown := sorted(wanted.keys() - set(known)):
        raise Problem(Code.INPUT_INVALID, detail=f"sku: {', '.join(unknown[:5])[:100]}")
    wrong = [
        sku
        for sku, text in wanted.items()
        if not PRICE_PATTERN.fullmatch(text) or not Decimal(text)
    ]
    if wrong:
        raise Problem(
            Code.INPUT_INVALID, detail=f"price of {wrong[0][:60]}: {wanted[wrong[0]][:20]}"
        )
    if not wanted:
        return keep_locked_prices()
    return Proposal(
        rule=ProposalRule.PER_SKU, prices={sku: Decimal(text) for sku, text in wanted.items()}
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposalInput:
    """What a person typed into the form of an offer."""

    rule: str
    percent: str = ""
    prices: Mapping[str, str] = field(default_factory=dict)

    def proposal(self, known: Collection[str]) -> Proposal:
        """`known`: the lot's SKUs. INPUT_INVALID for a rule that is none, and as
        `parse_uniform_change` and `parse_sku_prices`."""
        match self.rule:
            case ProposalRule.KEEP:
                return keep_locked_prices()
            case ProposalRule.UNIFORM:
                return parse_uniform_change(self.percent)
            case ProposalRule.PER_SKU:
                return parse_sku_prices(self.prices, known)
        raise Problem(Code.INPUT_INVALID, detail=f"rule: {self.rule[:20]}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedLotLine:
    """A line of the lot, and its locked price: for the whole quantity, in minor units."""

    id: int
    order: int
    sku: str
    quantity: int
    minor: int


def exact_line_price(proposal: Proposal, line: LockedLotLine, currency: str) -> Fraction:
    """The line's offered price in minor units, before it is rounded."""
    if proposal.rule is ProposalRule.UNIFORM:
        return Fraction(line.minor) * (100 + Fraction(proposal.percent)) / 100
    if proposal.rule is ProposalRule.PER_SKU and line.sku in proposal.prices:
        return (
            Fraction(proposal.prices[line.sku]) * line.quantity * 10 ** minor_unit_digits(currency)
        )
    return Fraction(line.minor)


def offered_by_line(
    proposal: Proposal, lines: Sequence[LockedLotLine], currency: str
) -> dict[int, int]:
    """By line id, what the whole line would cost."""
    return {line.id: round_half_up(exact_line_price(proposal, line, currency)) for line in lines}


def is_beyond_band(
    proposal: Proposal, lines: Sequence[LockedLotLine], currency: str, *, band: Decimal
) -> bool:
    """Whether a second member of the store has to agree (R-47): any line strictly more than `band`
    (a share) from its locked price. Judged before the rounding, without division: a cent of
    rounding on a small line needs nobody."""
    share = Fraction(band)
    return any(
        abs(exact_line_price(proposal, line, currency) - line.minor) > share * line.minor
        for line in lines
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SkuDiff:
    """What a SKU comes to in the lot, locked and offered."""

    sku: str
    lines: int
    quantity: int
    locked_minor: int
    offered_minor: int

    @property
    def change_minor(self) -> int:
        return self.offered_minor - self.locked_minor


def by_sku(lines: Sequence[LockedLotLine], totals: Mapping[int, int]) -> list[SkuDiff]:
    """`totals`: by line id. The dearest change first, then by SKU."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in lines:
        each = sums[line.sku]
        sums[line.sku] = [
            a + b
            for a, b in zip(each, (1, line.quantity, line.minor, totals[line.id]), strict=True)
        ]
    diffs = [
        SkuDiff(sku=sku, lines=n, quantity=quantity, locked_minor=locked, offered_minor=now)
        for sku, (n, quantity, locked, now) in sums.items()
    ]
    return sorted(diffs, key=lambda diff: (-abs(diff.change_minor), diff.sku))


@dataclass(frozen=True, kw_only=True, slots=True)
class SideSignature:
    side: Side
    digest: str
    at: dt.datetime


def agreed_at(
    digest: str, signatures: Collection[SideSignature], *, deadline_at: dt.datetime
) -> dt.datetime | None:
    """When the terms of this digest were agreed: the instant of the second of two signatures, one
    of each side, both of exactly these terms and before the deadline, which is itself too late
    (R-53, R-54). None: they are not."""
    counted = [s for s in signatures if s.digest == digest and s.at < deadline_at]
    first = {side: min((s.at for s in counted if s.side is side), default=None) for side in Side}
    if None in first.values():
        return None
    return max(at for at in first.values() if at)
