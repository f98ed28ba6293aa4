import dataclasses
import datetime as dt
import json

import pytest

from pricing import agreements, long_lists
from pricing.agreements import (
    AgreedLot,
    Agreement,
    AgreementGoods,
    AgreementKind,
    AgreementLine,
    AgreementLot,
    AgreementOrder,
    AgreementParty,
    AgreementRole,
    AgreementSignature,
    ChangedTerms,
    Identification,
    IdentificationMethod,
    LedgerLink,
    Observation,
    Rate,
    RenegotiationTrigger,
)

AT = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def order(
    n: int, currency: str = "USD", *, then: int = 10_000, now: int = 10_200
) -> AgreementOrder:
    return AgreementOrder(
        ref=f"BR-1-{n:04d}",
        repeats=f"PO-{n}",
        lot="lot-1",
        currency=currency,
        destination="Hamburg, DE",
        incoterm="DAP",
        freight_minor=500,
        tax_minor=2033,
        total_minor=now + 2533,
        lines=(AgreementLine(no=1, sku="SKU-1", quantity=10, then_minor=then, now_minor=now),),
    )


def signature(role: AgreementRole, act: str, at: dt.datetime = AT) -> AgreementSignature:
    return AgreementSignature(
        role=role,
        act=act,
        actor="user:1",
        name="Wang Fang 王芳",
        at=at,
        consent_version="c-1",
        ip="203.0.113.7",
        user_agent="Browser/1.0",
        agreed=(AgreedLot(lot="lot-1", digest="d" * 64),),
    )


def renegotiated(
    *, orders: tuple[AgreementOrder, ...] = (order(1), order(2)), **fields
) -> Agreement:
    """An agreement on changed prices, as its two signatures leave it (R-54)."""
    defaults = {
        "id": "6e0f9a6e-0000-5000-8000-000000000001",
        "kind": AgreementKind.RENEGOTIATION,
        "subject": "BR-1",
        "store_id": 1,
        "store": "Store 1",
        "sandbox": False,
        "clause": agreements.CLAUSE,
        "seller": AgreementParty(
            role=AgreementRole.SELLER,
            legal_name="宁波某某有限公司",
            address="Ningbo, CN",
            identified=(Identification(how=IdentificationMethod.PLATFORM, value="2026-01-02"),),
        ),
        "buyer": AgreementParty(
            role=AgreementRole.BUYER,
            legal_name="Buyer GmbH",
            address="Hamburg, DE",
            identified=(Identification(how=IdentificationMethod.LINK, value="b@example.com"),),
        ),
        "lots": (
            AgreementLot(
                id="lot-1",
                currency="USD",
                index_series="CRB",
                locked_at=AT,
                expires_at=AT + dt.timedelta(hours=72),
                terms_digest="d" * 64,
                terms_file="terms-1.json",
            ),
        ),
        "goods": (AgreementGoods(sku="SKU-1", title="样例轴承 Sample bearing"),),
        "orders": orders,
        "left_out": (),
        "rates": (
            Rate(
                name="USD/CNY",
                source="ecb",
                then=Observation(value="7.09", on=AT.date()),
                now=Observation(value="7.31", on=AT.date() + dt.timedelta(days=1)),
            ),
        ),
        "trigger": RenegotiationTrigger(
            ref="RN-1", rule="FX 2.5 %", value="+3.10 %", limit="2.50 %", at=AT
        ),
        "signatures": (
            signature(AgreementRole.SELLER, "sign"),
            signature(AgreementRole.BUYER, "sign", AT + dt.timedelta(hours=1)),
        ),
        "ledger": LedgerLink(seq=7, kind="renegotiation.signed", digest="e" * 64),
        "changed": ChangedTerms(
            version=2,
            by=AgreementRole.BUYER,
            rule="uniform",
            percent="-1.5",
            locked_digest="f" * 64,
            then=agreements.totals(orders)[0],
            deadline_at=AT + dt.timedelta(hours=4),
        ),
    }
    return Agreement(**defaults | fields)


class TestTheCanonicalForm:
    def test_is_sorted_compact_and_keeps_chinese(self):
        raw = agreements.canonical_bytes(renegotiated())
        assert agreements.is_canonical(raw)
        assert "宁波某某有限公司".encode() in raw
        assert list(json.loads(raw)) == sorted(json.loads(raw))

    def test_is_the_same_for_the_same_agreement_in_another_zone(self):
        east = AT.astimezone(dt.timezone(dt.timedelta(hours=8)))
        one, other = (
            renegotiated(signatures=(signature(AgreementRole.BUYER, "sign", at),))
            for at in (AT, east)
        )
        assert agreements.canonical_bytes(one) == agreements.canonical_bytes(other)

    @pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Agreement)])
    def test_has_another_digest_when_any_field_differs(self, field):
        before = renegotiated()
        plain = {
            "kind": AgreementKind.CONFIRMATION,
            "store_id": 2,
            "sandbox": True,
            "trigger": None,
            "changed": None,
        }
        plain["lists"] = {"orders.csv": "a" * 64}
        other = plain.get(field)
        if field not in plain:
            value = getattr(before, field)
            other = (*value, *value, "x") if isinstance(value, tuple) else value
            other = f"{value}x" if isinstance(value, str) else other
        if field in ("seller", "buyer"):
            other = dataclasses.replace(getattr(before, field), legal_name="Other")
        if field in ("goods", "orders", "lots", "rates", "signatures"):
            other = getattr(before, field) * 2
        if field == "ledger":
            other = LedgerLink(seq=8, kind="renegotiation.signed", digest="e" * 64)
        after = dataclasses.replace(before, **{field: other})
        digests = {
            agreements.digest_of(agreements.canonical_bytes(each)) for each in (before, after)
        }
        assert len(digests) == 2

    @pytest.mark.parametrize("raw", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":"\\u4e2d"}'])
    def test_has_one_spelling(self, raw):
        assert not agreements.is_canonical(raw)


class TestTotals:
    def test_are_sums_of_orders_by_currency(self):
        usd, eur = [order(1), order(2)], [order(3, "EUR", then=7, now=9)]
        found = agreements.totals(usd + eur)
        assert [
            (t.currency, t.orders, t.then_minor, t.now_minor, t.total_minor) for t in found
        ] == [("EUR", 1, 7, 9, 2542), ("USD", 2, 20_000, 20_400, 25_466)]

    def test_by_sku_keep_the_currencies_apart(self):
        mixed = renegotiated(orders=(order(1), order(2), order(3, "EUR")))
        found = agreements.by_sku(mixed)
        assert [(p.sku, p.currency, p.quantity, p.now_minor) for p in found] == [
            ("SKU-1", "EUR", 10, 10_200),
            ("SKU-1", "USD", 20, 20_400),
        ]


class TestAList:
    @pytest.mark.parametrize(
        ("text", "room", "shown"),
        [
            ("short", 10, "short"),
            ("exactly ten", 11, "exactly ten"),
            ("one too many", 11, "one too ma…"),
            ("样例轴承", 8, "样例轴承"),
            ("样例轴承", 7, "样例轴…"),
            ("two\nlines", 20, "two lines"),
            ("", 4, ""),
        ],
    )
    def test_cuts_what_does_not_fit(self, text, room, shown):
        assert long_lists.truncate_text(text, room) == shown
        assert long_lists.display_width(shown) <= room

    def test_puts_ten_rows_into_a_block_and_loses_none(self):
        rows = [("ref", "past", "to", "USD", "1", "2", str(n)) for n in range(25)]
        blocks = list(long_lists.printed_blocks(long_lists.ORDERS, rows))
        lines = [block[-1][1].split("\n") for block in blocks]
        assert [len(some) for some in lines] == [10, 10, 5]
        assert [each for some in lines for each in some] == [str(n) for n in range(25)]

    @pytest.mark.parametrize("columns", [long_lists.ORDERS, long_lists.SKUS])
    def test_fills_the_width_of_the_page(self, columns):
        assert sum(column.percent for column in columns) == 100
