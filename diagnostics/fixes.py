"""The shortest way to cure: the smallest sets of fixes that free the most orders and money (B-4).
Pure.

A fix takes away every finding of one code about one subject. An order is freed when all that stops
it as a whole is fixed and at least one of its lines is free; the lines that are not stay out. What
only followed from another finding (`attribution`) goes with it: whether it really does, screening
again says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from diagnostics.attribution import Cause, CauseRole
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity

SUBJECT_FIELDS: Mapping[Code, tuple[str, ...]] = {
    Code.LANE_UNREACHABLE: ("region", "country"),
    Code.REGISTRATION_MISSING: ("scheme", "jurisdiction"),
    Code.REGISTRATION_EXPIRED: ("scheme", "jurisdiction"),
    **dict.fromkeys(
        (Code.SKU_INACTIVE, Code.STOCK_TOO_LOW, Code.HS_CODE_MISSING, Code.WEIGHT_MISSING, Code.PRICE_OUT_OF_BAND,
         Code.PRICE_REFERENCE_MISSING), ("sku",)),
    Code.FX_RATE_MISSING: ("currency",),
    Code.COMMISSION_RATE_MISSING: ("category",),
    Code.FREIGHT_UNAVAILABLE: ("country",),
    Code.PARTY_SCREENED_OUT: ("value",),
    Code.CAPACITY_EXCEEDED: ("group",),
    Code.TAX_CODE_MISSING: ("country",),
}  # fmt: skip
"""What a code is fixed for one of at a time; any other is fixed in one go: strong sync cures every
SKU (R-70)."""


@dataclass(frozen=True, slots=True, order=True)
class Fix:
    code: Code
    subject: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoppedLine:
    needs: frozenset[Fix]
    minor: int  # what the line comes to


@dataclass(frozen=True, kw_only=True, slots=True)
class StoppedOrder:
    """An order with something to fix. `needs` stop it as a whole; `freight_minor` comes along when
    it is freed.

    `ready`: it goes on already, only lines of it are out.
    """

    ref: str
    currency: str
    needs: frozenset[Fix]
    lines: tuple[StoppedLine, ...]
    freight_minor: int = 0
    ready: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FixGain:
    """What a set of fixes frees: orders that were stopped, and money by currency, in whole minor
    units."""

    orders: int = 0
    money: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FixStep:
    """The best set of so many fixes. `at_most`: no set of that size frees more orders (equal when
    exact)."""

    fixes: tuple[Fix, ...]
    gain: FixGain
    exact: bool
    at_most: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FixSearchResult:
    stopped: int  # orders that came to nothing
    steps: tuple[FixStep, ...]  # ever more fixes, each freeing more than the one before
    everything: FixGain  # what all fixes together free
    hopeless: int  # orders that nothing cures


def fix_for_cause(cause: Cause) -> Fix:
    names = SUBJECT_FIELDS.get(cause.code, ())
    known = (str(cause.found.evidence[name]) for name in names if cause.found.evidence.get(name))
    return Fix(cause.code, " ".join(text for text in known if text != "—"))


@dataclass(frozen=True, kw_only=True, slots=True)
class FixNeeds:
    """What an order needs: as a whole, and for each line by its number. `dead` lines and orders
    nothing cures."""

    whole: frozenset[Fix]
    lines: Mapping[int, frozenset[Fix]]
    dead: frozenset[int]
    curable: bool

    @property
    def all(self) -> frozenset[Fix]:
        return self.whole.union(*self.lines.values())


def collect_fix_needs(causes: Iterable[Cause]) -> FixNeeds:
    whole: set[Fix] = set()
    lines: dict[int, set[Fix]] = defaultdict(set)
    dead: set[int] = set()
    curable = True
    for cause in causes:
        if cause.role is CauseRole.CONSEQUENCE:
            continue
        cures = CATALOGUE[cause.code].severity is Severity.CURABLE
        if cause.found.line is None:
            curable = curable and cures
            whole.add(fix_for_cause(cause))
        elif cures:
            lines[cause.found.line].add(fix_for_cause(cause))
        else:
            dead.add(cause.found.line)
    return FixNeeds(
        whole=frozenset(whole),
        lines={no: frozenset(needs) for no, needs in lines.items() if no not in dead},
        dead=frozenset(dead),
        curable=curable,
    )
