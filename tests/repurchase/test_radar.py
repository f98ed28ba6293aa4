"""B-9: what lapses before which planned lock or promised delivery, 60, 30 and 7 days ahead."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.models import Buyer, PriceListEntry, Registration, RegistrationRequirement, Sku
from qualification.models import Qualification
from qualification.readings import DocumentKind as Paper
from repurchase.batches.services import batches
from repurchase.reporting import expiry_alerts
from repurchase.reporting.expiry_alerts import BatchNeed, ExpiryKind, ValidityEnd
from repurchase.reporting.queries.expiry_alerts import expiry_alerts_of_store
from tests import world
from tests.repurchase.running import run
from tests.repurchase.sealing import confirm, planned

TODAY = world.TODAY
DAY = dt.timedelta(days=1)
KEY = ("buyer", 1)


def end(days: int, kind: ExpiryKind = ExpiryKind.CERTIFICATE, **fields) -> ValidityEnd:
    return ValidityEnd(
        **{"kind": kind, "subject": "x", "last_day": TODAY + days * DAY, "keys": frozenset({KEY})}
        | fields
    )


def need(delivery: int, *, locked: bool = False, **fields) -> BatchNeed:
    defaults = {"batch": "BR-1", "orders": 3, "keys": frozenset({KEY})}
    return BatchNeed(
        **defaults | {"locked": locked, "delivery_day": TODAY + delivery * DAY} | fields
    )


def bands(days: int, *needs: BatchNeed, kind: ExpiryKind = ExpiryKind.CERTIFICATE) -> list[int]:
    return [
        lapse.band for lapse in expiry_alerts.find_alerts([end(days, kind)], needs, today=TODAY)
    ]


class TestALapse:
    @pytest.mark.parametrize(
        ("days", "band"),
        [(0, [7]), (6, [7]), (7, [30]), (29, [30]), (30, [60]), (59, [60]), (60, []), (-1, [0])],
    )
    def test_is_told_by_how_soon_it_is(self, days, band):
        assert bands(days, need(100)) == band

    def test_meets_a_delivery_that_is_promised_after_its_last_day(self):
        (lapse,) = expiry_alerts.find_alerts(
            [end(10)], [need(10), need(11, batch="BR-2")], today=TODAY
        )
        assert [(hit.batch, hit.day, hit.at_lock) for hit in lapse.hits] == [
            ("BR-2", TODAY + 11 * DAY, False)
        ]

    def test_meets_a_locked_order_on_its_way_only_where_the_destination_asks_for_it(self):
        locked = need(100, locked=True)
        assert len(expiry_alerts.find_alerts([end(10)], [locked], today=TODAY)[0].hits) == 1
        assert (
            expiry_alerts.find_alerts([end(10, ExpiryKind.QUALIFICATION)], [locked], today=TODAY)[
                0
            ].hits
            == ()
        )

    @pytest.mark.parametrize("kind", sorted(expiry_alerts.PRICE_CHANGE_KINDS))
    def test_of_a_tariff_is_told_only_where_a_plan_waits_for_its_lock(self, kind):
        (lapse,) = expiry_alerts.find_alerts(
            [end(10, kind)], [need(5), need(5, locked=True)], today=TODAY
        )
        assert [(hit.orders, hit.day, hit.at_lock) for hit in lapse.hits] == [
            (3, TODAY + 11 * DAY, True)
        ]
        assert expiry_alerts.find_alerts([end(10, kind)], [need(5, locked=True)], today=TODAY) == []

    def test_that_is_past_is_told_only_where_an_order_still_needs_it(self):
        assert bands(-5, need(3)) == [0]
        assert bands(-5) == []

    def test_adds_up_the_orders_of_a_batch_and_names_the_first_day(self):
        (lapse,) = expiry_alerts.find_alerts([end(10)], [need(40), need(20, orders=4)], today=TODAY)
        assert [(hit.orders, hit.day) for hit in lapse.hits] == [(7, TODAY + 20 * DAY)]
        assert lapse.orders == 7

    def test_leaves_out_who_does_not_need_it(self):
        other = need(100, keys=frozenset({("buyer", 2)}))
        assert expiry_alerts.find_alerts([end(10)], [other], today=TODAY)[0].hits == ()


@pytest.mark.django_db
class TestTheRadarOfAStore:
    @pytest.fixture
    def batch(self, store):
        """Five orders to Germany, planned, promised in 30 days."""
        _, orders = world.repeatable(store)
        return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))

    def found(self, store) -> dict[ExpiryKind, tuple]:
        lapses = expiry_alerts_of_store(store, now=world.NOW).lapses
        return {lapse.end.kind: (lapse.end.subject, lapse.band, lapse.orders) for lapse in lapses}

    def test_is_empty_where_nothing_ends(self, store, batch):
        assert self.found(store) == {}
        assert expiry_alerts_of_store(store, now=world.NOW).orders == 5

    def test_sees_a_buyers_certificate(self, store, batch):
        Buyer.objects.update(certificate_valid_until=TODAY + 29 * DAY, name="Acme")
        assert self.found(store) == {ExpiryKind.CERTIFICATE: ("Acme", 30, 5)}
        Buyer.objects.update(certificate_valid_until=TODAY + 30 * DAY)
        assert self.found(store) == {
            ExpiryKind.CERTIFICATE: ("Acme", 60, 0)
        }  # delivered on its last day

    def test_sees_a_registration_by_its_last_number(self, store, batch):
        Registration.objects.update(valid_until=TODAY + 5 * DAY)
        assert self.found(store) == {ExpiryKind.REGISTRATION: ("VAT DE", 7, 5)}
        Registration.objects.create(
            store=store,
            scheme="VAT",
            jurisdiction="DE",
            number="2",
            valid_from=TODAY,
            **world.MIRRORED,
        )
        assert self.found(store) == {}

    def test_sees_a_scheme_in_the_countries_that_demand_it(self, store, batch):
        RegistrationRequirement.objects.create(
            scheme="EPR", country="DE", jurisdiction="EU", valid_from=world.LONG_AGO, reference="x"
        )
        Registration.objects.create(
            store=store,
            scheme="EPR",
            jurisdiction="EU",
            number="1",
            valid_from=world.LONG_AGO,
            valid_until=TODAY + 8 * DAY,
            **world.MIRRORED,
        )
        assert self.found(store) == {ExpiryKind.REGISTRATION: ("EPR EU", 30, 5)}

    def test_sees_the_opening_and_its_documents(self, store, batch):
        at = world.NOW + 10 * DAY
        Qualification.objects.filter(store=store).update(valid_until=at, due_at=at)
        world.upload(store, Paper.LICENCE, read={"valid_until": str(TODAY + 20 * DAY)})
        found = self.found(store)
        assert found[ExpiryKind.QUALIFICATION][1:] == (30, 5)
        assert found[ExpiryKind.DOCUMENT] == (str(Paper.LICENCE), 30, 5)

    def test_sees_the_next_versions_of_what_a_plan_is_priced_by(self, store, batch):
        sku = Sku.objects.get()
        world.tax("DE", "0.16", valid_from=TODAY + 10 * DAY)
        world.commission(sku.category, "0.09", valid_from=TODAY + 20 * DAY)
        PriceListEntry.objects.create(
            store=store,
            sku=sku,
            min_quantity=1,
            amount="11.50",
            currency="USD",
            valid_from=TODAY + 3 * DAY,
            **world.MIRRORED,
        )
        found = expiry_alerts_of_store(store, now=world.NOW).lapses
        assert [(x.end.kind, x.end.then, x.band, x.orders) for x in found] == [
            (ExpiryKind.PRICE, "USD 11.5 ≥ 1", 7, 5),
            (ExpiryKind.TAX, "16 %", 30, 5),
            (ExpiryKind.COMMISSION, "9 %", 30, 5),
        ]

    def test_counts_a_confirmed_order_until_its_delivery_and_prices_no_more(self, store):
        _, orders = world.repeatable(store)
        batch = planned(store, orders)
        confirm(batch)
        world.tax("DE", "0.16", valid_from=TODAY + 10 * DAY)
        Buyer.objects.update(certificate_valid_until=TODAY + 3 * DAY)
        assert {kind: x[1:] for kind, x in self.found(store).items()} == {
            ExpiryKind.CERTIFICATE: (7, 5)
        }

    def test_is_of_its_store_only(self, store, batch):
        Registration.objects.update(valid_until=TODAY + 5 * DAY)
        other = world.store(clock_offset=store.clock_offset)
        assert expiry_alerts_of_store(other, now=world.NOW).lapses == []

    def test_takes_as_many_queries_for_many_orders_as_for_few(self, store, batch):
        counts = []
        for country in ("FR", "NL"):
            with CaptureQueriesContext(connection) as asked:
                expiry_alerts_of_store(store, now=world.NOW)
            counts.append(len(asked))
            _, orders = world.repeatable(store, orders=8, country=country)
            run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        assert counts[0] == counts[1] <= 12


@pytest.mark.django_db
class TestThePages:
    def test_show_what_lapses_and_whom_it_meets(self, client, alice, store):
        _, orders = world.repeatable(store)
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        Registration.objects.update(valid_until=TODAY + 5 * DAY)
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = " ".join(client.get("/radar/").content.decode().split())
        assert "Within 7 days" in page
        assert f"{batch.ref}</a> 5 to be delivered by 2026-12-23" in page
        assert "VAT DE" in client.get("/").content.decode()

    def test_say_so_when_nothing_lapses(self, client, alice, store):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        assert b"Nothing lapses within 60 days" in client.get("/radar/").content
