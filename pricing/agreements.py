"""What two parties agreed to, as one value with one digest (reliability 9). Pure.

`canonical_bytes` gives the exact bytes that a sealed PDF carries as `agreement.json`; their
SHA-256 is the agreement's digest. Amounts are whole minor units beside their currency; times are
UTC.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from pricing.totals import TaxIncluded, TotalsGroup, TotalsRow, build_amounts
from pricing.totals import totals_by_currency as currency_totals

VERSION = "agreement-1"
CLAUSE = "《速卖通大宗交易补充协议》第4.7条"

DEMO_SEAL = "Bulk Repeat Order demo seal (self-made)"
"""The name in the demo's certificate: it vouches for nothing, and every page that shows such a
seal says so."""


class AgreementKind(StrEnum):
    CONFIRMATION = "confirmation"  # a lot at its locked price
    RENEGOTIATION = "renegotiation"  # changed terms, signed by both


class AgreementRole(StrEnum):
    SELLER = "seller"
    BUYER = "buyer"


class IdentificationMethod(StrEnum):
    """How we know who a party is."""

    PLATFORM = "platform"  # the platform verified the store, on this day
    QUALIFIED = "qualified"  # the store's documents were reviewed; open since
    ACCOUNT = "account"  # acted while signed in to this account
    LINK = "link"  # acted through the personal link sent to this address
    CERTIFICATE = "certificate"  # a certified business buyer until this day
    TAX_NUMBER = "tax_number"  # this number, checked how and when


@dataclass(frozen=True, kw_only=True, slots=True)
class Identification:
    how: IdentificationMethod
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementParty:
    role: AgreementRole
    legal_name: str
    address: str
    identified: tuple[Identification, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementLot:
    """`terms_file` is attached too: the exact bytes whose SHA-256 is `terms_digest`, which the
    acts name."""

    id: str
    currency: str
    index_series: str
    locked_at: dt.datetime
    expires_at: dt.datetime
    terms_digest: str
    terms_file: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementLine:
    no: int
    sku: str
    quantity: int
    then_minor: int  # the price before: what was really paid for this quantity
    now_minor: int  # the price agreed


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementOrder:
    ref: str
    repeats: str  # the source order's number
    lot: str
    currency: str
    destination: str
    incoterm: str
    freight_minor: int
    tax_minor: int
    total_minor: int  # everything the buyer pays
    lines: tuple[AgreementLine, ...]
    prices_include_tax: bool = False

    @property
    def then_minor(self) -> int:
        return sum(line.then_minor for line in self.lines)

    @property
    def now_minor(self) -> int:
        return sum(line.now_minor for line in self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementTotal:
    """Of one currency: goods before and now as priced, and what the buyer pays.

    goods_net + freight_net + tax = total, whether or not goods and freight hold the tax.
    """

    currency: str
    orders: int
    then_minor: int
    now_minor: int
    freight_minor: int
    goods_net_minor: int
    freight_net_minor: int
    tax_minor: int
    total_minor: int
    tax_included: TaxIncluded


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    value: str
    on: dt.date


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A published rate or index close as it was frozen, and as it stood at a trigger."""

    name: str  # "USD/CNY", "CRB"
    source: str
    then: Observation
    now: Observation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RenegotiationTrigger:
    """The decision that opened a renegotiation (R-50, R-51)."""

    ref: str
    rule: str
    value: str
    limit: str
    at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedTerms:
    """What a renegotiation changed: the version that both signed, and what its orders came to as
    they were locked."""

    version: int
    by: AgreementRole  # who made it
    rule: str  # "keep", "uniform", "per_sku"
    percent: str  # of a uniform change, "" otherwise
    locked_digest: str  # of the terms that were locked
    then: AgreementTotal
    deadline_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreedLot:
    lot: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementSignature:
    """What a party did, and the evidence of it: a simple electronic signature."""

    role: AgreementRole
    act: str  # "offer", "confirm", "sign"
    actor: str  # who the portal knew it was: "user:7", "grant:…"
    name: str  # as typed; "" where the act asked for a tick only
    at: dt.datetime
    consent_version: str
    ip: str
    user_agent: str
    agreed: tuple[AgreedLot, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerLink:
    """The entry that recorded the last act; its digest chains everything before it."""

    seq: int
    kind: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementGoods:
    sku: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementCustomisation:
    """A customised service that was asked for in writing; unconfirmed, what needs it was left out
    (R-15)."""

    order: str
    line: int | None  # None: the whole order
    text: str
    confirmed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    id: str
    kind: AgreementKind
    subject: str  # the batch's reference
    store_id: int
    store: str
    sandbox: bool
    seller: AgreementParty
    buyer: AgreementParty
    lots: tuple[AgreementLot, ...]
    goods: tuple[AgreementGoods, ...]
    orders: tuple[AgreementOrder, ...]
    left_out: tuple[
        str, ...
    ]  # orders of these lots that the buyer left out, or all of whose lines left
    rates: tuple[Rate, ...]
    trigger: RenegotiationTrigger | None
    signatures: tuple[AgreementSignature, ...]
    ledger: LedgerLink
    clause: str  # that a renegotiation rests on; "" for a confirmation
    services: tuple[AgreementCustomisation, ...] = ()
    changed: ChangedTerms | None = None
    lists: Mapping[str, str] = field(
        default_factory=dict
    )  # SHA-256 of each attached CSV, by file name
    version: str = VERSION

    @property
    def agreed_at(self) -> dt.datetime:
        return max(signature.at for signature in self.signatures)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """An agreement and the exact terms that its acts are bound to, by the file name that its lots
    give."""

    agreement: Agreement
    terms: Mapping[str, bytes]


def canonical_bytes(agreement: Agreement) -> bytes:
    """Sorted, compact UTF-8 JSON with the totals beside what they are sums of."""
    content = asdict(agreement) | {"totals": [asdict(total) for total in totals(agreement.orders)]}
    return _to_canonical_json(content)


def is_canonical(raw: bytes) -> bool:
    return _to_canonical_json(json.loads(raw)) == raw


def _to_canonical_json(content: Any) -> bytes:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_json_default
    ).encode()


def _json_default(value: dt.date | dt.datetime) -> str:
    return (
        value.astimezone(dt.UTC).isoformat()
        if isinstance(value, dt.datetime)
        else value.isoformat()
    )


def digest_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def totals(orders: Sequence[AgreementOrder]) -> list[AgreementTotal]:
    """By currency; a batch is the sum of its orders (pitfall 5)."""
    return totals_of_rows(
        [
            TotalsRow(
                group=TotalsGroup.ACCEPTED,
                currency=o.currency,
                orders=1,
                prices_include_tax=o.prices_include_tax,
                amounts=build_amounts(o.now_minor, o.freight_minor, o.tax_minor, o.total_minor),
                as_paid=o.then_minor,
            )
            for o in orders
        ]
    )


def totals_of_rows(rows: Sequence[TotalsRow]) -> list[AgreementTotal]:
    """`as_paid` of a row: its goods before."""
    return [
        AgreementTotal(
            currency=each.currency,
            orders=each.orders,
            then_minor=each.asked.minor,
            now_minor=each.goods.minor,
            freight_minor=each.freight.minor,
            goods_net_minor=each.goods_net.minor,
            freight_net_minor=each.freight_net.minor,
            tax_minor=each.tax.minor,
            total_minor=each.total.minor,
            tax_included=each.tax_included,
        )
        for each in currency_totals(rows)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class SkuPrice:
    sku: str
    title: str
    currency: str
    quantity: int
    then_minor: int
    now_minor: int


def by_sku(agreement: Agreement) -> list[SkuPrice]:
    """What each SKU comes to in each currency, before and now."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for order in agreement.orders:
        for line in order.lines:
            of = sums[line.sku, order.currency]
            of[0], of[1], of[2] = (
                of[0] + line.quantity,
                of[1] + line.then_minor,
                of[2] + line.now_minor,
            )
    titles = {goods.sku: goods.title for goods in agreement.goods}
    return [
        SkuPrice(
            sku=sku,
            title=titles[sku],
            currency=currency,
            quantity=quantity,
            then_minor=then,
            now_minor=now,
        )
        for (sku, currency), (quantity, then, now) in sorted(sums.items())
    ]
