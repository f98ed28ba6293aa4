"""A value that is written and read back is the same value, and writes the same text again."""

import dataclasses
import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import Code
from eligibility import codec
from eligibility.facts import LaneFacts, Price
from eligibility.findings import build_finding
from eligibility.screening import ChunkInputs, GateInputs, decide, digest_of
from tests.eligibility.facts import (
    GATE_FACTS,
    LIMITS,
    NOW,
    TODAY,
    WORLD,
    line,
    order,
    registration,
    requirement,
    sku,
    world,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
zones = st.sampled_from(
    [dt.UTC, dt.timezone(dt.timedelta(hours=8)), dt.timezone(dt.timedelta(hours=-3.5))]
)
plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | texts
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=zones).map(lambda at: at.replace(fold=0))  # a fixed offset has no fold
    | st.timedeltas()
    | st.sampled_from(Code)
)
objects = st.builds(
    Price, min_quantity=st.integers(), amount=st.decimals(allow_nan=False), currency=texts
) | st.builds(
    LaneFacts,
    service_id=st.integers(),
    country=texts,
    region=texts,
    transit_days=st.integers(),
    special_clearance=st.booleans(),
)
values = st.recursive(
    plain | objects,
    lambda inner: (
        st.lists(inner).map(tuple) | st.dictionaries(texts | st.integers() | st.dates(), inner)
    ),
    max_leaves=20,
)


def exact(value) -> str:
    """Decimal("1.0") and Decimal("1.00") are equal but not the same; nor is a moment told in two
    zones."""
    return repr(value)


class TestAValue:
    @given(values)
    def test_comes_back_exactly(self, value):
        text = codec.encode(value)
        assert exact(codec.decode(text)) == exact(value)
        assert codec.encode(codec.decode(text)) == text

    def test_that_stands_in_many_places_is_written_once_and_shared_again(self):
        mug = sku()
        text = codec.encode((mug, mug))
        assert text.count("MUG") == 1
        first, second = codec.decode(text)
        assert first is second

    @pytest.mark.parametrize(
        "text", ["", "{}", '{"classes":[],"objects":[],"value":{"x":1}}', "[1]"]
    )
    def test_that_was_never_written_is_unreadable(self, text):
        with pytest.raises(codec.Unreadable):
            codec.decode(text)

    def test_of_a_kind_that_is_not_exact_is_refused(self):
        with pytest.raises(TypeError):
            codec.encode(0.1)

    def test_written_before_its_class_got_a_field_takes_the_default(self):
        text = codec.encode(order(parties=("A",)), without=frozenset({"parties"}))
        assert codec.decode(text).parties == ()


CHUNK = ChunkInputs(
    world=world(
        requirements={"DE": (requirement(), requirement("FDA"))},
        registrations=(registration(valid_until=TODAY),),
    ),
    gates=(build_finding(Code.BUYER_CERTIFICATE_EXPIRED, value="2026-01-01", orders=[1, 2]),),
    orders=(order(), order(line(), line(line_no=2, is_active=False), id=2, rating=Decimal("4.80"))),
    taken={2: {1: 95}},
)
GATES = GateInputs(facts=dataclasses.replace(GATE_FACTS, as_of=NOW), limits=LIMITS, today=TODAY)


class TestTheInputsOfAScreening:
    @pytest.mark.parametrize("inputs", [CHUNK, GATES], ids=["chunk", "gates"])
    def test_decide_the_same_when_they_come_back(self, inputs):
        back = codec.decode(codec.encode(inputs, without=frozenset({"ship_to"})))
        assert digest_of(decide(back)) == digest_of(decide(inputs))

    def test_come_back_with_every_field(self):
        assert codec.decode(codec.encode(GATES)) == GATES
        back = codec.decode(codec.encode(CHUNK))
        assert back.orders[1].completed_at == NOW - dt.timedelta(days=5)
        assert back.taken == CHUNK.taken

    def test_do_without_the_street(self):
        asked = order(ship_to={"street": "Hafenstr. 1"})
        text = codec.encode(asked, without=frozenset({"ship_to"}))
        assert "Hafenstr" not in text
        assert codec.decode(text).ship_to == {}

    def test_are_told_apart_by_any_change(self):
        changed = dataclasses.replace(
            CHUNK, world=dataclasses.replace(WORLD, today=dt.date(2026, 1, 1))
        )
        assert json.loads(codec.encode(changed)) != json.loads(codec.encode(CHUNK))
