"""Drift of real rows: the order's page, the plan's summary, and dry screenings (B-8)."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.utils.html import strip_tags

from eligibility.drift import DriftField, DriftSeverity
from marketplace import clock
from marketplace.models import (
    PastOrderLine,
    PriceListEntry,
    Registration,
    RegistrationRequirement,
    Sku,
)
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import drift as drift_queries
from repurchase.batches.queries import orders as order_queries
from repurchase.batches.services import batches, dry_screening
from repurchase.models import Batch, RepeatOrder
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
TODAY = world.TODAY
DAY = dt.timedelta(days=1)


@pytest.fixture
def history(store):
    return world.repeatable(store)


def planned(store, history) -> Batch:
    return run(batches.create(store=store, numbers=[o.number for o in history[1]], by="user:1"))


def sheet_of(store, batch):
    order = order_queries.order_detail(
        store, batch.orders.order_by("position").first().ref, now=clock.now(store)
    ).order
    return drift_queries.order_sheet(order, now=clock.now(store))


def rows(sheet, field):
    return [(row.then, row.now, row.severity) for row in sheet.rows if row.field is field]


class TestTheSheetOfAnOrder:
    def test_takes_the_vat_rate_of_the_day_it_was_paid(self, store, history):
        """Paid on 15 November; the rate changed on the 16th, and a later one is not in force
        yet."""
        batch = planned(store, history)
        world.tax(rate="0.21", valid_from=dt.date(2026, 11, 16))
        world.tax(rate="0.25", valid_from=TODAY + DAY)
        assert rows(sheet_of(store, batch), DriftField.VAT_RATE) == [
            ("0.19", "0.21", DriftSeverity.CHANGED)
        ]
        world.tax(rate="0.20", valid_from=dt.date(2026, 11, 15))
        assert rows(sheet_of(store, batch), DriftField.VAT_RATE)[0][0] == "0.2"

    def test_keeps_the_hs_code_of_then(self, store, history):
        batch = planned(store, history)
        assert rows(sheet_of(store, batch), DriftField.HS_CODE) == [
            (None, "691110", DriftSeverity.UNKNOWN)
        ]
        PastOrderLine.objects.update(hs_code="691190")
        assert rows(sheet_of(store, batch), DriftField.HS_CODE) == [
            ("691190", "691110", DriftSeverity.CHANGED)
        ]

    def test_stands_on_the_order_s_page(self, store, history, alice, client):
        batch = planned(store, history)
        PriceListEntry.objects.update(amount=Decimal("10.20"))
        client.force_login(alice)
        page = client.get(f"/orders/{batch.orders.first().ref}/", headers={"Accept-Language": "en"})
        assert "+2.00 %" in page.content.decode()
        assert "USD 10.20" in page.content.decode()

    def test_of_any_number_of_orders_takes_the_same_queries(self, store, django_assert_num_queries):
        from eligibility.queries import limits_of, order_facts
        from eligibility.queries import world_facts as around_of
        from marketplace import policy
        from marketplace.queries import latest_rates
        from repurchase.batches.queries.drift import drift_sheets

        buyer, orders = world.repeatable(store, orders=50)
        now = clock.now(store)
        for size in (1, 50):
            facts = order_facts(store=store, order_ids=[o.pk for o in orders[:size]], now=now)
            limits, rates = (
                limits_of(policy.in_force(now)),
                latest_rates(now, store=store, max_age_days=6),
            )
            around = around_of(store=store, orders=facts, limits=limits, rates=rates, now=now)
            with django_assert_num_queries(3):
                assert len(drift_sheets(buyer=buyer, orders=facts, around=around)) == size


class TestThePlan:
    def drift(self, store, batch):
        return drift_queries.plan_drift(batch, now=clock.now(store))

    def test_without_any_change_says_nothing(self, store, history):
        found = self.drift(store, planned(store, history))
        assert (found.lines, found.nothing) == (5, True)

    def test_counts_lines_with_another_price(self, store, history):
        other = world.sku(store, price="9.90")
        history[1].append(world.past_order(store, history[0], [(other, 10, 10_000)]))
        found = self.drift(store, planned(store, history))
        assert (found.lines, found.price_changed) == (6, 1)

    def test_counts_left_out_lines_too_those_without_a_list_price_apart(self, store, history):
        """What is beyond the band is what has changed most."""
        good = Sku.objects.get()
        dear, off = world.sku(store, price="8.00"), world.sku(store, price=None)
        history[1].append(
            world.past_order(
                store, history[0], [(good, 10, 10_000), (dear, 10, 10_000), (off, 10, 10_000)]
            )
        )
        history[1].append(world.past_order(store, history[0], [(dear, 10, 10_000)]))
        batch = planned(store, history)
        assert batch.orders.exclude(status="planned").count() == 1
        found = self.drift(store, batch)
        assert (found.lines, found.price_changed, found.unlisted) == (9, 2, 1)

    def test_counts_orders_with_another_vat_rate(self, store, history):
        history[1].append(
            world.past_order(
                store,
                history[0],
                [(Sku.objects.get(), 10, 10_000)],
                completed_at=world.NOW - 40 * DAY,
            )
        )
        world.tax(rate="0.21", valid_from=dt.date(2026, 11, 1))
        assert self.drift(store, planned(store, history)).vat_changed == 1

    @pytest.mark.parametrize(("days", "orders"), [(0, 5), (29, 5), (30, 0)])
    def test_names_a_certificate_that_lapses_before_delivery(self, store, history, days, orders):
        history[0].certificate_valid_until = TODAY + days * DAY
        history[0].save()
        found = self.drift(store, planned(store, history)).lapses
        assert [(x.lapse.field, x.orders) for x in found] == (
            [(DriftField.CERTIFICATE, orders)] if orders else []
        )

    @pytest.mark.parametrize(("days", "orders"), [(0, 5), (29, 5), (30, 0)])
    def test_names_a_number_that_lapses_before_delivery(self, store, history, days, orders):
        RegistrationRequirement.objects.create(
            scheme="EPR",
            country="DE",
            jurisdiction="DE",
            valid_from=world.LONG_AGO,
            reference="VerpackG § 9",
        )
        Registration.objects.create(
            store=store,
            scheme="EPR",
            jurisdiction="DE",
            number="DE1",
            valid_from=world.LONG_AGO,
            valid_until=TODAY + days * DAY,
            **world.MIRRORED,
        )
        batch = planned(store, history)
        found = self.drift(store, batch).lapses
        assert [(x.lapse.subject, x.orders) for x in found] == (
            [("EPR DE", orders)] if orders else []
        )
        one = sheet_of(store, batch).lapses
        assert bool(one) is bool(orders)

    def test_shows_it_on_its_page(self, store, history, alice, client):
        history[0].certificate_valid_until = TODAY + 3 * DAY
        history[0].save()
        batch = planned(store, history)
        client.force_login(alice)
        page = client.get(
            f"/batches/{batch.ref}/", headers={"Accept-Language": "en"}
        ).content.decode()
        assert "2026-11-26" in page
        assert "2026-12-23" in page

    def test_shows_the_list_price_of_the_screening_as_now(self, store, history, alice, client):
        """R-47: USD 102.00 listed, 100.00 paid and locked; the list changes once more, and the
        column doesn't."""
        other = world.sku(store, price="10.20")
        gone = world.sku(store, price=None)
        past = world.past_order(store, history[0], [(other, 10, 10_000), (gone, 1, 700)])
        batch = planned(store, (history[0], [*history[1], past]))
        PriceListEntry.objects.filter(sku=other).update(amount=Decimal("9.99"))
        page = batch_queries.batch_orders(batch, now=clock.now(store))
        same, changed = page.rows[0].listed, page.rows[5].listed
        assert (same.price.minor, same.change.minor, same.without) == (500_000, 0, 0)
        assert (changed.price.minor, changed.change.minor, changed.without) == (10_200, 200, 0)
        client.force_login(alice)
        answer = client.get(f"/batches/{batch.ref}/", headers={"Accept-Language": "en"})
        text = " ".join(strip_tags(answer.content.decode()).split())
        assert "list price of the goods, as of" in text
        assert "USD 102.00 + USD 2.00 +2.00 %" in text

    def test_of_an_order_that_is_out_tells_the_list_price_of_all_its_lines(self, store, history):
        dear, off = world.sku(store, price="8.00"), world.sku(store, price=None)
        lines = [(dear, 10, 10_000), (off, 10, 10_000)]
        out = world.past_order(store, history[0], lines)
        batch = planned(store, (history[0], [*history[1], out]))
        listed = batch_queries.batch_orders(batch, now=clock.now(store)).rows[5].listed
        assert (listed.price.minor, listed.change.minor, listed.without) == (8_000, -2_000, 1)

    def test_takes_the_same_queries_for_any_number_of_orders(
        self, store, django_assert_num_queries
    ):
        _, orders = world.repeatable(store, orders=50)
        for size in (5, 50):
            batch = planned(store, (None, orders[:size]))
            now = clock.now(store)
            found = batch_queries.get_batch(store, batch.ref, now=now)
            with django_assert_num_queries(6):
                drift_queries.plan_drift(found, now=now)


class TestADryScreening:
    @pytest.fixture
    def ask(self, client, store):
        key = world.key(store, "read")  # it only reads

        def call(**body):
            return client.post(
                "/api/v1/screenings/",
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
            )

        return call

    def test_says_what_a_batch_would_say_and_writes_nothing(self, ask, store, history):
        short = world.sku(store, on_hand=15)
        for _ in range(2):  # the stock is enough for the first of them
            history[1].append(world.past_order(store, history[0], [(short, 10, 10_000)]))
        numbers = [order.number for order in history[1]]
        answer = ask(buyer=history[0].external_id, order_ids=numbers)
        assert answer.status_code == 200
        told = answer.json()
        assert told["counts"] == {"asked": 7, "planned": 6, "failed": 1, "excluded": 0}
        assert not Batch.objects.exists()
        batch = planned(store, history)
        made = RepeatOrder.objects.filter(batch=batch).order_by("position")
        for row, order in zip(told["results"], made, strict=True):
            assert (row["number"], row["verdict"]) == (order.past_order.number, order.status)
            assert row["codes"] == order.codes
            if row["total"]:
                assert row["total"]["amount"].replace(".", "") == str(order.total_minor)
        assert [gate["name"] for gate in told["gates"]] == [gate["name"] for gate in batch.gates]
        assert told["results"][6]["codes"] == ["STOCK_TOO_LOW"]

    def test_tells_lines_and_drift(self, ask, store, history):
        PriceListEntry.objects.update(amount=Decimal("10.20"))
        row = ask(order_ids=[history[1][0].number]).json()["results"][0]
        (line,) = row["lines"]
        assert (line["paid"]["amount"], line["listed"]["amount"]) == ("5000.00", "5100.00")
        (price,) = [each for each in row["drift"] if each["field"] == "unit_price"]
        assert price == {
            "field": "unit_price",
            "subject": line["sku"],
            "line": 1,
            "then": "10.00",
            "now": "10.20",
            "change": "+2.00 %",
            "severity": "changed",
            "unit": "USD",
        }
        assert row["lapses"] == []

    def test_tells_the_drift_of_the_first_two_hundred(self, ask, store):
        _, orders = world.repeatable(store, orders=201)
        told = ask(order_ids=[o.number for o in orders]).json()["results"]
        assert [row["drift"] is not None for row in told] == [True] * 200 + [False]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"order_ids": []}, "BATCH_EMPTY"),
            ({"order_ids": ["NONE"]}, "ORDER_UNKNOWN"),
            ({"order_ids": [f"N{n}" for n in range(5001)]}, "BATCH_TOO_LARGE"),
            ({}, "INPUT_INVALID"),
            ({"order_ids": ["NONE"], "dry": True}, "INPUT_INVALID"),
        ],
    )
    def test_is_refused_as_a_batch_is(self, ask, body, code):
        answer = ask(**body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    def test_takes_the_same_queries_for_any_number_of_orders(
        self, store, django_assert_max_num_queries
    ):
        _, orders = world.repeatable(store, orders=50)
        counted = []
        for size in (5, 50):
            with django_assert_max_num_queries(40) as seen:
                dry_screening.screen(store=store, numbers=[o.number for o in orders[:size]])
            counted.append(len(seen))
        assert counted[0] == counted[1]
