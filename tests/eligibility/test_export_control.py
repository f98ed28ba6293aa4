"""R-90: Novosibirsk with a drone part is the case to think of."""

import datetime as dt

import pytest

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity
from eligibility.facts import EmbargoFacts, LaneFacts, ListedParty
from eligibility.queries import order_facts
from eligibility.queries import world_facts as world_of
from eligibility.screener import screen_order
from marketplace.mirror.export_control import load_embargoes
from marketplace.models import Embargo, ScreenedParty
from marketplace.names import keys_of_listed
from tests import world as making
from tests.eligibility.facts import LIMITS, NOW, RATES, line, order, world

LANES = {
    country: [
        LaneFacts(
            service_id=1, country=country, region="", transit_days=10, special_clearance=False
        )
    ]
    for country in ("DE", "RU", "UA")
}
EMBARGOES = {
    "RU": [
        EmbargoFacts(
            id=1, country="RU", region="", programme="EAR Russia", reference="15 CFR 746.8"
        )
    ],
    "UA": [
        EmbargoFacts(
            id=2, country="UA", region="Crimea", programme="EAR Crimea", reference="15 CFR 746.6"
        )
    ],
}
DRONE = {"is_ear_controlled": True, "code": "DRONE"}


def codes(asked, **around) -> list[str]:
    return screen_order(asked, world=world(lanes=LANES, embargoes=EMBARGOES, **around)).codes


class TestAnOrderWithGoodsUnderTheEar:
    @pytest.mark.parametrize(
        ("country", "region", "stopped"),
        [
            ("RU", "Novosibirsk", True),
            ("RU", "", True),
            ("UA", "Crimea", True),
            ("UA", "crimea", True),
            ("UA", "Kyiv", False),
            ("UA", "", False),
            ("DE", "", False),
        ],
    )
    def test_stops_at_an_embargoed_destination(self, country, region, stopped):
        asked = order(line(), line(line_no=2, id=2, **DRONE), country=country, region=region)
        assert codes(asked) == (["EXPORT_CONTROLLED"] if stopped else [])

    def test_without_them_goes_to_the_same_place(self):
        assert codes(order(country="RU", region="Novosibirsk")) == []

    def test_names_the_sku_the_programme_and_the_rule(self):
        asked = order(line(**DRONE), country="RU", region="Novosibirsk")
        (finding,) = screen_order(asked, world=world(lanes=LANES, embargoes=EMBARGOES)).findings
        told = {name: finding.evidence[name] for name in ("sku", "value", "limit", "reference")}
        assert told == {
            "sku": "DRONE",
            "value": "Novosibirsk, RU",
            "limit": "EAR Russia",
            "reference": "15 CFR 746.8",
        }

    def test_is_excluded_since_nobody_can_cure_it(self):
        assert (
            screen_order(
                order(line(**DRONE), country="RU"), world=world(lanes=LANES, embargoes=EMBARGOES)
            ).outcome
            == "excluded"
        )
        assert CATALOGUE[Code.PARTY_SCREENED_OUT].severity is Severity.CURABLE


class TestAnOrderForAListedParty:
    listed = (
        ListedParty(id=1, names=("Stopped Sample", "Остановленный"), list_name="L", reference="7"),
    )

    @pytest.mark.parametrize(
        ("parties", "stopped"),
        [
            (("Stopped Sample GmbH", "Somebody"), True),
            (("Somebody", "STOPPED-SAMPLE, Co. Ltd."), True),
            (("Somebody", "ООО «Остановленный»"), True),
            (("Somebody", "Unstopped Sample"), False),
            ((), False),
        ],
    )
    def test_stops_whether_it_buys_or_receives(self, parties, stopped):
        found = codes(order(parties=parties), listed=self.listed)
        assert found == (["PARTY_SCREENED_OUT"] if stopped else [])


@pytest.mark.django_db
class TestTheFacts:
    def party(self, name="Stopped Sample", **fields) -> ScreenedParty:
        return ScreenedParty.objects.create(
            list_name="L", name=name, keys=keys_of_listed([name]), **making.MIRRORED | fields
        )

    def loaded(self, store, **fields):
        buyer = making.buyer(store, name="Somebody GmbH")
        past = making.past_order(store, buyer, [(making.sku(store), 1, 100)], **fields)
        facts = order_facts(store=store, order_ids=[past.pk], now=NOW)
        return facts[0], world_of(store=store, orders=facts, limits=LIMITS, rates=RATES, now=NOW)

    def test_hold_the_buyer_and_the_consignee(self, store):
        asked, _ = self.loaded(store, consignee="Stopped Sample LLC")
        assert asked.parties == ("Somebody GmbH", "Stopped Sample LLC")

    @pytest.mark.parametrize(
        ("fields", "known"),
        [
            ({}, 1),
            ({"listed_until": NOW.date()}, 1),
            ({"listed_until": NOW.date() - dt.timedelta(days=1)}, 0),
            ({"listed_from": NOW.date()}, 1),
            ({"listed_from": NOW.date() + dt.timedelta(days=1)}, 0),
        ],
    )
    def test_hold_the_entries_that_are_listed_today(self, store, fields, known):
        self.party(**fields)
        self.party("Nobody Asked For")
        _, around = self.loaded(store, consignee="The Stopped Sample LLC")
        assert len(around.listed) == known

    def test_hold_the_embargoes_on_the_destination_that_are_in_force(self, store):
        load_embargoes()
        Embargo.objects.filter(country="RU").update(valid_until=NOW.date() - dt.timedelta(days=1))
        assert not self.loaded(store, country="RU")[1].embargoes
        (cuba,) = self.loaded(store, country="CU")[1].embargoes["CU"]
        assert cuba.reference == "15 CFR 746.2"

    def test_of_the_shipped_table_are_marked_as_a_sample_and_load_once(self, store):
        assert load_embargoes() == load_embargoes() == Embargo.objects.count()
        assert all(
            "sample" in e.source and e.assumed == ["valid_from"] for e in Embargo.objects.all()
        )
