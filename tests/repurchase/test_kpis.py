"""The store's figures: formulas over its own events, each with its sample, or no figure (R-57,
R-76, R-85 to R-88)."""

import datetime as dt
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from diagnostics.models import Failure
from marketplace import clock
from marketplace.models import Buyer, PastOrder, PastOrderLine, Sku
from outbox import events
from pricing.models import Lock
from repurchase.batches.services import batches, event_publishing
from repurchase.fulfilment.services import payments, proforma_invoices
from repurchase.models import Payment, PaymentSource, Proforma, RepeatOrder
from repurchase.models.order_states import OrderStatus
from repurchase.reporting import kpis
from repurchase.reporting.kpis import CarriedOrder
from repurchase.reporting.queries.kpis import key_figures_of_store
from tests import world
from tests.repurchase import paid
from tests.repurchase.orders import walk
from tests.repurchase.running import run
from tests.repurchase.sealing import confirm, planned

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def carried(n: int, **fields) -> list[CarriedOrder]:
    values = {"address": 5, "tax_number": True, "lines": 2, "compared": 8, "same": 8}
    return [CarriedOrder(**values | fields)] * n


class TestAFigure:
    def test_is_exact_from_a_sample_of_five_on(self):
        assert kpis.share_figure("x", "R-57", of=2, n=5).value == Fraction(2, 5)
        assert kpis.share_figure("x", "R-57", of=2, n=4).value is None

    def test_of_a_time_is_the_median(self):
        spans = [DAY, DAY, 2 * DAY, 3 * DAY, 300 * DAY]
        assert kpis.median_days_figure("x", "R-85", spans).value == 2
        assert kpis.median_days_figure("x", "R-85", spans[:4]).value is None

    def test_of_a_shorter_cycle_needs_both(self):
        long, short, none = (
            kpis.median_days_figure("x", "R-85", [n * DAY] * 5 if n else []) for n in (8, 2, 0)
        )
        assert kpis.cycle_reduction_figure(long, short).value == Fraction(3, 4)
        assert kpis.cycle_reduction_figure(long, none).value is None
        assert kpis.cycle_reduction_figure(none, short).value is None

    def test_of_steps_is_what_members_did_against_what_they_would_have_typed(self):
        """Five orders of 3 + 5 + 1 + 2 × 2 = 13 steps; two acts."""
        assert kpis.steps_saved_figure(carried(5), acts=2).value == 1 - Fraction(2, 65)
        assert kpis.steps_saved_figure(carried(4), acts=2).value is None

    def test_of_entries_is_what_stands_as_in_the_source(self):
        figure = kpis.carried_entries_figure(carried(5, same=7))
        assert (figure.value, figure.n) == (Fraction(7, 8), 40)


def figures(store, **choices) -> dict[str, kpis.KeyFigure]:
    span = {"since": world.NOW - 30 * DAY, "until": world.NOW + 30 * DAY} | choices
    return {figure.name: figure for figure in key_figures_of_store(store, **span).figures}


@pytest.fixture
def confirmed(store):
    """Six orders confirmed, a day and an hour after the batch was made."""
    _, orders = world.repeatable(store, orders=6)
    PastOrderLine.objects.update(hs_code="691110")
    batch = planned(store, orders)
    world.move_clock(store, world.NOW + DAY + dt.timedelta(hours=1))
    confirm(batch)
    return batch


class TestTheFiguresOfAStore:
    def test_are_none_for_a_store_without_events(self, store):
        made = key_figures_of_store(store, since=world.NOW - 30 * DAY, until=world.NOW)
        assert [figure.value for figure in made.figures] == [None] * 8
        assert (made.shares, made.periods) == ((), ())

    def test_measure_the_cycle_from_batch_to_confirmation(self, store, confirmed):
        found = figures(store)
        assert found["cycle"].n == 6
        hours = found["cycle"].value * 24
        assert Fraction(249, 10) < hours < Fraction(251, 10)

    def test_measure_the_ordinary_cycle_from_order_to_payment(self, store, confirmed):
        PastOrder.objects.update(ordered_at=F("paid_at") - 4 * DAY)
        sold = figures(store)["ordinary_cycle"]
        assert (sold.value, sold.n) == (4, 6)

    def test_compare_the_same_stretch_of_both_kinds_made_to_paid(self, store):
        """R-85: confirmed after 25 hours, paid after 2 days; ordinary orders are paid after 4."""
        _, orders = world.repeatable(store, orders=6)
        PastOrder.objects.update(ordered_at=F("paid_at") - 4 * DAY)
        batch = planned(store, orders)
        world.move_clock(store, world.NOW + DAY + dt.timedelta(hours=1))
        confirm(batch)
        proforma_invoices.issue(Proforma.objects.get(batch=batch).pk)
        assert figures(store)["cycle_paid"].n == 0
        made = batch.created_at
        rows = [paid.receipt(o, received_at=made + 2 * DAY) for o in batch.orders.all()]
        world.move_clock(store, made + 3 * DAY)
        payments.record(store=store, receipts=rows, source=PaymentSource.API, by="key:1")
        found = figures(store)
        assert (found["cycle_paid"].value, found["cycle_paid"].n) == (2, 6)
        assert found["cycle_shorter"].value == Fraction(1, 2)
        assert found["cycle"].value < Fraction(11, 10)

    def test_measure_no_payment_that_was_reversed(self, store):
        batch = paid.invoiced(store, orders=6)
        paid.pay(batch)
        assert figures(store)["cycle_paid"].n == 6
        first = Payment.objects.first()
        payments.reverse(store=store, payment_id=first.pk, why="bounced", by="user:1")
        assert figures(store)["cycle_paid"].n == 5

    def test_count_steps_by_the_ledger(self, store, confirmed):
        """By hand each: 3 + 5 filled fields + no tax number + 2 for its line; done: tick, make,
        lock."""
        found = figures(store)["steps_saved"]
        assert found.value == 1 - Fraction(3, 6 * (3 + 5 + 2))

    def test_count_an_entry_that_differs_from_the_source(self, store, confirmed):
        assert figures(store)["entries_carried"].value == 1
        PastOrderLine.objects.filter(order=RepeatOrder.objects.first().past_order).update(
            hs_code="700000"
        )
        figure = figures(store)["entries_carried"]
        assert (figure.of, figure.n) == (35, 36)

    def test_compare_the_tax_number_where_the_source_order_kept_it(self, store):
        """R-88: six orders of five address fields and one HS code; one number of then was
        another."""
        _, orders = world.repeatable(store, orders=6, tax_number="DE811907980")
        PastOrderLine.objects.update(hs_code="691110")
        PastOrder.objects.filter(pk=orders[0].pk).update(buyer_tax_number="DE129273398")
        PastOrder.objects.filter(pk=orders[1].pk).update(buyer_tax_number="DE811907980")
        confirm(planned(store, orders))
        figure = figures(store)["entries_carried"]
        assert (figure.of, figure.n) == (6 * 6 + 1, 6 * 6 + 2)

    def test_keep_the_tax_number_that_was_agreed(self, store):
        _, orders = world.repeatable(store, orders=6, tax_number="DE811907980")
        PastOrder.objects.update(buyer_tax_number="DE811907980")
        confirm(planned(store, orders))
        Buyer.objects.update(tax_number="DE129273398")
        figure = figures(store)["entries_carried"]
        assert figure.of == figure.n
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"):
            RepeatOrder.objects.update(buyer_tax_number="DE129273398")

    def test_measure_accuracy_by_completed_orders_and_their_promise(self, store, confirmed):
        assert figures(store)["accuracy"].value is None
        at = Lock.objects.get().ended_at
        for position, days in enumerate((5, 10, 30, 29, 31, 6), start=1):
            orders = RepeatOrder.objects.filter(position=position)
            walk(list(orders), OrderStatus.COMPLETED)
            orders.update(changed_at=at + days * DAY)
        accuracy = figures(store, until=world.NOW + 60 * DAY)["accuracy"]
        assert (accuracy.value, accuracy.n) == (Fraction(5, 6), 6)

    def test_count_overdue_and_never_completed_orders_against_accuracy(self, store, confirmed):
        """R-86: two in time, one too late, one shipped and one released for ever; one is not paid
        yet."""
        at = Lock.objects.get().ended_at
        ways = (
            (OrderStatus.COMPLETED, 5),
            (OrderStatus.COMPLETED, 29),
            (OrderStatus.COMPLETED, 45),
            (OrderStatus.SHIPPED, 6),
            (OrderStatus.RELEASED, 2),
            (OrderStatus.AWAITING_PAYMENT, 1),
        )
        for position, (status, days) in enumerate(ways, start=1):
            orders = RepeatOrder.objects.filter(position=position)
            walk(list(orders), status)
            orders.update(changed_at=at + days * DAY)
        accuracy = figures(store, since=at, until=at + 60 * DAY)["accuracy"]
        assert (accuracy.of, accuracy.n) == (2, 5)
        before_the_promise = figures(store, since=at, until=at + 20 * DAY)["accuracy"]
        assert (before_the_promise.of, before_the_promise.n) == (1, 1)
        after_it = figures(store, since=at + 30 * DAY - DAY / 2, until=at + 60 * DAY)["accuracy"]
        assert (after_it.of, after_it.n) == (0, 3)

    def test_are_of_the_time_asked_for_and_of_that_store_only(self, store, confirmed):
        assert figures(store, until=world.NOW)["cycle"].n == 0
        other = world.store(clock_offset=store.clock_offset)
        assert figures(other)["cycle"].n == 0

    def test_take_as_many_queries_for_many_orders_as_for_few(self, store, confirmed):
        counts = []
        for country in ("FR", "NL"):
            with CaptureQueriesContext(connection) as asked:
                figures(store)
            counts.append(len(asked))
            _, orders = world.repeatable(store, orders=9, country=country)
            Sku.objects.update(stock_synced_at=clock.now(store))
            confirm(planned(store, orders))
        assert counts[0] == counts[1] <= 11


class TestTheShareOfRenegotiation:
    @pytest.fixture
    def batch(self, store):
        """Six orders locked and declined; one more failed in the screening."""
        _, orders = world.repeatable(store, orders=7)
        type(orders[0]).objects.filter(pk=orders[6].pk).update(rating=4)
        batch = planned(store, orders)
        lock = Lock.objects.get()
        batch.orders.filter(status="locked").update(status="declined", changed_at=world.NOW)
        event_publishing.publish_orders(batch.orders.filter(status="declined"), at=world.NOW)
        self.lock = f"lock:{lock.pk}"
        return batch

    def told(self, store, *types):
        for type_ in types:
            events.publish(
                store_id=store.pk, type=type_, subject=self.lock, at=world.NOW, batch="x"
            )

    def test_counts_failures_of_locks_that_were_under_renegotiation(self, store, batch):
        """R-57: 6 of 7"""
        self.told(store, "lock.renegotiating", "lock.declined")
        figure = figures(store)["by_renegotiation"]
        assert (figure.of, figure.n, figure.value) == (6, 7, Fraction(6, 7))

    def test_counts_no_decline_without_a_renegotiation(self, store, batch):
        self.told(store, "lock.declined")
        assert figures(store)["by_renegotiation"].value == 0

    def test_counts_no_renegotiation_that_ended_in_an_agreement(self, store, batch):
        self.told(store, "lock.renegotiating", "lock.confirmed")
        assert figures(store)["by_renegotiation"].value == 0

    def test_equals_the_raw_events_in_its_denominator(self, store, batch):
        """R-76"""
        made = key_figures_of_store(store, since=world.NOW - DAY, until=world.NOW + DAY)
        assert made.failed == Failure.objects.filter(store_id=store.pk).count() == 7
        assert sum(period.failures for period in made.periods) == 7


class TestThePage:
    def test_shows_figures_with_sample_and_definition_or_says_that_it_lacks_data(
        self, client, alice, store, confirmed
    ):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = client.get("/figures/?days=7").content.decode()
        assert "sample 6: repeat orders that were confirmed" in " ".join(page.split())
        assert "1.0 days" in page
        assert "Not enough data" in page
        assert "Median time from making the batch" in page

    def test_shows_failures_by_cause_and_by_week(self, client, alice, store):
        _, orders = world.repeatable(store)
        Sku.objects.update(is_active=False)
        run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = client.get("/figures/").content.decode()
        assert "SKU_INACTIVE" in page
        assert "100.0 %" in page
        assert "2026-11-23 – 2026-11-29" in page

    @pytest.mark.parametrize("days", ["0", "-1", "x", "99999999999", "\0"])
    def test_takes_no_other_span(self, client, alice, store, days):
        client.force_login(alice)
        assert client.get("/figures/", {"days": days}).status_code == 200
