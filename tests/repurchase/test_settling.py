"""R-91 from the confirmation to the release: on PostgreSQL, with its guards."""

import datetime as dt
from threading import Thread

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import FxRate, PaymentTerms, PolicyValue
from marketplace.money import Money
from outbox.models import Event, Letter
from repurchase.deadlines import sweep
from repurchase.fulfilment.queries import balances
from repurchase.fulfilment.services import payment_terms, payments, proforma_invoices, releases
from repurchase.models import Payment, PaymentSource, Proforma, Release, RepeatOrder
from tests import world
from tests.repurchase import orders, paid
from tests.repurchase.paid import invoiced, pay, receipt
from tests.repurchase.sealing import confirm, planned

pytestmark = pytest.mark.django_db
TEN_MINUTES = dt.timedelta(minutes=10)


def states(batch) -> set[str]:
    return set(batch.orders.values_list("status", flat=True))


def take(batch, *receipts, **fields):
    return payments.record(
        store=batch.store, receipts=receipts, source=PaymentSource.API, by="key:1", **fields
    )


def allow_differences(store, *, usd: str, share: str) -> None:
    for name, value in (("difference_max_usd", usd), ("difference_max_share", share)):
        PolicyValue.objects.create(
            name=name, value=value, valid_from=clock.now(store) - TEN_MINUTES, reason="test"
        )


def told(kind: str) -> list[str]:
    return [ref for event in Event.objects.filter(type=kind) for ref in event.data["orders"]]


class TestAConfirmedOrder:
    def test_awaits_its_payment_from_the_confirmation_on(self, store):
        """No PDF is waited for: what is owed is paid under the number that the confirmation
        gave."""
        _, past = world.repeatable(store)
        batch = planned(store, past)
        confirm(batch)
        assert states(batch) == {"awaiting_payment"}
        assert len(told("order.confirmed")) == len(told("order.awaiting_payment")) == 5
        assert [
            owed.proforma.number for owed in balances.list_outstanding_amounts(store, batch.ref)
        ] == [f"{batch.ref}-PI1"]
        paid.pay(batch)
        assert states(batch) == {"paid"}
        proforma_invoices.issue(Proforma.objects.get().pk)
        assert states(batch) == {"paid"}

    def test_of_a_buyer_on_open_account_waits_for_no_pdf(self, store):
        by, past = world.repeatable(store)
        paid.allow(by)
        batch = planned(store, past)
        confirm(batch)
        assert states(batch) == {"confirmed"}
        assert sweep.run_sweep(store=store).released_orders == 5
        assert states(batch) == {"released"}
        assert Proforma.objects.get().issued_at is None

    def test_of_a_buyer_on_open_account_is_released(self, store):
        batch = invoiced(store, open_account=True)
        assert states(batch) == {"released"}
        assert Release.objects.count() == 5
        assert len(told("order.released")) == 5

    def test_keeps_the_terms_of_its_confirmation(self, store):
        by, past = world.repeatable(store)
        batch = planned(store, past)
        confirm(batch)
        paid.allow(by)
        proforma_invoices.issue(Proforma.objects.get().pk)
        assert states(batch) == {"awaiting_payment"}

    def test_left_out_is_on_no_proforma(self, store):
        _, past = world.repeatable(store, orders=6)
        batch = planned(store, past)
        confirm(batch, left_out=2)
        found = proforma_invoices.issue(Proforma.objects.get().pk)
        assert found.orders.count() == 4
        assert found.totals == [
            {
                "currency": "USD",
                "orders": 4,
                "goods_minor": 2_000_000,
                "freight_minor": 10_000,
                "tax_minor": 381_900,
                "total_minor": 2_391_900,
                "goods_net_minor": 2_000_000,
                "freight_net_minor": 10_000,
                "tax_included": "false",
            }
        ]

    def test_gets_its_proforma_though_the_bell_was_lost(self, store):
        _, past = world.repeatable(store)
        batch = planned(store, past)
        confirm(batch)
        Proforma.objects.update(rung_at=clock.now() - dt.timedelta(minutes=3))
        assert sweep.run_sweep(store=store).rung_proformas == 1
        assert sweep.run_sweep(store=store).rung_proformas == 0

    def test_is_invoiced_once(self, store):
        batch = invoiced(store)
        assert proforma_invoices.issue(Proforma.objects.get(batch=batch).pk) is None
        assert Letter.objects.filter(kind__startswith="repurchase.proforma").count() == 2


class TestTheTermsWithABuyer:
    def test_hold_from_now_on_and_stand_in_the_ledger(self, store):
        buyer = world.buyer(store)
        payment_terms.set_terms(
            buyer=buyer, open_account_from_now=True, reason="ten years", by="user:1"
        )
        payment_terms.set_terms(
            buyer=buyer, open_account_from_now=False, reason="late twice", by="user:1"
        )
        assert [t.open_account for t in PaymentTerms.objects.order_by("valid_from")] == [
            True,
            False,
        ]
        entries = LedgerEntry.objects.filter(kind="terms.changed").order_by("seq")
        assert [e.facts["reason"] for e in entries] == ["ten years", "late twice"]

    @pytest.mark.parametrize(("open_account", "reason"), [(True, " "), (False, "no change")])
    def test_are_changed_with_a_reason_only(self, store, open_account, reason):
        with pytest.raises(Problem) as refused:
            payment_terms.set_terms(
                buyer=world.buyer(store),
                open_account_from_now=open_account,
                reason=reason,
                by="user:1",
            )
        assert refused.value.code is Code.INPUT_INVALID


class TestAPayment:
    def test_of_the_exact_total_makes_an_order_paid(self, store):
        batch = invoiced(store)
        report = pay(batch)
        assert (report.recorded, len(report.paid), report.refused) == (5, 5, [])
        assert states(batch) == {"paid"}
        assert len(told("order.paid")) == 5
        entry = LedgerEntry.objects.get(kind="payment.recorded")
        assert entry.facts["sums"] == {"USD": 5 * 597_975}

    def test_in_parts_makes_it_paid_with_the_last_cent(self, store):
        batch = invoiced(store)
        order = batch.orders.first()
        assert not take(batch, receipt(order, "5979.74", reference="a")).paid
        assert take(batch, receipt(order, "0.01", reference="b")).paid == [order.ref]

    def test_sent_twice_is_kept_once(self, store):
        batch = invoiced(store)
        order = batch.orders.first()
        row = receipt(order, "10.00")
        assert take(batch, row, row).known == 1
        assert take(batch, row).known == 1
        assert Payment.objects.count() == 1

    def test_of_a_paid_order_sent_again_is_known(self, store):
        batch = invoiced(store)
        pay(batch)
        report = pay(batch)
        assert (report.recorded, report.known, report.refused) == (0, 5, [])

    def test_that_can_t_be_taken_stops_no_other(self, store):
        batch = invoiced(store)
        first, second, *_ = batch.orders.order_by("position")
        report = take(
            batch,
            receipt(first, "1.00"),
            receipt(first, "2.00"),  # another amount, the same reference
            receipt(first, "59797.50", reference="b"),  # a slipped decimal point
            receipt(second, "1.00", currency="EUR"),
            receipt(second, "1.005"),
            receipt(second, "1.00", order="BR-NOWHERE"),
            receipt(second, "1.00", reference=""),
            receipt(second, "1.00", received_at=clock.now(store) + dt.timedelta(hours=1)),
            receipt(second),
        )
        assert report.recorded == 2
        assert report.paid == [second.ref]
        assert [(r.index, str(r.problem.code)) for r in report.refused] == [
            (1, "PAYMENT_REPEATED"),
            (2, "PAYMENT_TOO_MUCH"),
            (3, "PAYMENT_CURRENCY"),
            (4, "AMOUNT_INVALID"),
            (5, "ORDER_UNKNOWN"),
            (6, "INPUT_INVALID"),
            (7, "INPUT_INVALID"),
        ]

    def test_for_another_store_s_order_is_unknown(self, store):
        batch = invoiced(store)
        row = receipt(batch.orders.first())
        report = payments.record(
            store=world.store(), receipts=[row], source=PaymentSource.API, by="key:1"
        )
        assert [r.problem.code for r in report.refused] == [Code.ORDER_UNKNOWN]
        assert not Payment.objects.exists()

    def test_takes_a_bounded_number_of_queries(self, store, django_assert_max_num_queries):
        batch = invoiced(store, orders=8)
        with django_assert_max_num_queries(22):
            pay(batch)


class TestATransferForAll:
    def transfer(self, batch, amount, **fields):
        return payments.record_all(
            store=batch.store,
            proforma=batch.proformas.get(),
            currency="USD",
            amount=amount,
            reference="SWIFT-9",
            by="user:1",
            **fields,
        )

    def test_pays_every_order_by_what_it_owes(self, store):
        batch = invoiced(store)
        take(batch, receipt(batch.orders.first(), "79.75", reference="deposit"))
        assert len(self.transfer(batch, "29819.00").paid) == 5
        assert states(batch) == {"paid"}

    @pytest.mark.parametrize(
        ("amount", "code"),
        [
            ("29898.74", Code.PAYMENT_INEXACT),
            ("59797.51", Code.PAYMENT_TOO_MUCH),
            ("0", Code.AMOUNT_INVALID),
            ("-1.00", Code.AMOUNT_INVALID),
            ("1e5", Code.AMOUNT_INVALID),
        ],
    )
    def test_is_exact_or_refused_without_a_reason(self, store, amount, code):
        batch = invoiced(store)
        with pytest.raises(Problem) as refused:
            self.transfer(batch, amount)
        assert refused.value.code is code
        assert not Payment.objects.exists()

    def test_short_by_a_bank_s_fee_pays_every_order_and_says_why(self, store):
        batch = invoiced(store)
        assert len(self.transfer(batch, "29883.75", difference="the bank kept 15.00").paid) == 5
        assert states(batch) == {"paid"}
        settled = Payment.objects.filter(kind="difference")
        assert [row.amount_minor for row in settled] == [300] * 5
        assert {row.reason for row in settled} == {"the bank kept 15.00"}
        assert (
            LedgerEntry.objects.get(kind="payment.difference").facts["why"] == "the bank kept 15.00"
        )

    def test_is_short_up_to_a_limit(self, store):
        batch = invoiced(store)
        with pytest.raises(Problem) as refused:
            self.transfer(batch, "29848.74", difference="the bank kept 50.01")
        assert refused.value.code is Code.DIFFERENCE_TOO_LARGE
        assert not Payment.objects.exists()
        assert len(self.transfer(batch, "29848.75", difference="the bank kept 50.00").paid) == 5

    def test_short_of_more_than_its_largest_order_is_taken_back_as_a_whole(self, store):
        """An order without a row of its own stayed paid by its difference alone, and was
        released."""
        allow_differences(store, usd="7000", share="0.5")
        batch = invoiced(store)
        assert len(self.transfer(batch, "22898.75", difference="the bank kept 7000.00").paid) == 5
        assert set(Payment.objects.values_list("kind", "order").distinct()) == {
            (kind, order.pk) for kind in ("received", "difference") for order in batch.orders.all()
        }
        assert sum(Payment.objects.values_list("amount_minor", flat=True)) == 2_989_875
        payments.reverse_transfer(
            store=store,
            proforma=batch.proformas.get(),
            reference="SWIFT-9",
            why="it bounced",
            by="user:1",
        )
        assert states(batch) == {"awaiting_payment"}
        assert not Payment.objects.filter(reversed_at=None).exists()
        world.move_clock(store, clock.now(store) + TEN_MINUTES)
        assert sweep.run_sweep(store=store).released_orders == 0

    def test_that_would_leave_an_order_without_a_cent_is_refused(self, store):
        allow_differences(store, usd="40000", share="1")
        batch = invoiced(store)
        with pytest.raises(Problem) as refused:
            self.transfer(batch, "0.04", difference="the bank kept nearly all")
        assert refused.value.code is Code.DIFFERENCE_TOO_LARGE
        assert refused.value.evidence["limit"] == "USD 29,898.70"
        assert not Payment.objects.exists()

    def test_is_found_by_its_reference_and_never_by_none(self, store):
        batch = invoiced(store)
        self.transfer(batch, "29883.75", difference="the bank kept 15.00")
        with pytest.raises(Problem) as refused:
            payments.reverse_transfer(
                store=store, proforma=batch.proformas.get(), reference="", why="oops", by="user:1"
            )
        assert refused.value.code is Code.NOT_FOUND
        assert not Payment.objects.exclude(reversed_at=None).exists()

    def test_beyond_what_is_asked_for_is_kept_as_it_came(self, store):
        batch = invoiced(store)
        report = self.transfer(batch, "29900.00")
        assert (len(report.paid), len(report.overpaid)) == (5, 1)
        assert sum(Payment.objects.values_list("amount_minor", flat=True)) == 2_990_000
        assert [str(each.beyond) for each in balances.list_overpaid_orders(store)] == ["USD 1.25"]

    def test_is_taken_back_as_a_whole(self, store):
        batch = invoiced(store)
        self.transfer(batch, "29898.75")
        n = payments.reverse_transfer(
            store=store,
            proforma=batch.proformas.get(),
            reference="SWIFT-9",
            why="another customer's",
            by="user:1",
        )
        assert (n, states(batch)) == (5, {"awaiting_payment"})
        assert len(self.transfer(batch, "29898.75").paid) == 5  # the same reference may come again

    def test_is_not_taken_back_once_an_order_of_it_was_released(self, store):
        batch = invoiced(store)
        self.transfer(batch, "29898.75")
        releases.release_one(store=store, order=batch.orders.first(), by="user:1")
        with pytest.raises(Problem) as refused:
            payments.reverse_transfer(
                store=store,
                proforma=batch.proformas.get(),
                reference="SWIFT-9",
                why="oops",
                by="user:1",
            )
        assert refused.value.code is Code.PAYMENT_FINAL
        assert not Payment.objects.exclude(reversed_at=None).exists()


class TestADifference:
    """`bug_payment_bank_fee`: the bank keeps 15.00 of a transfer, or 1.94 too much come."""

    def settle(self, order, amount="15.00", reason="the bank kept it"):
        return payments.settle_difference(
            store=order.store,
            order=order,
            amount=amount,
            reason=reason,
            source=PaymentSource.MEMBER,
            by="user:1",
        )

    @pytest.fixture
    def short(self, store):
        order = invoiced(store).orders.first()
        take(order.batch, receipt(order, "5964.75"))
        return order

    def test_settled_with_a_reason_makes_the_order_paid_and_releasable(self, short, store):
        self.settle(short)
        short.refresh_from_db()
        assert short.status == "paid"
        found = balances.order_account(short)
        assert [
            str(m) for m in (found.received, found.settled, found.outstanding, found.overpaid)
        ] == ["USD 5,964.75", "USD 15.00", "USD 0.00", "USD 0.00"]
        entry = LedgerEntry.objects.get(kind="payment.difference")
        assert (entry.by, entry.facts["why"]) == ("user:1", "the bank kept it")
        assert entry.facts["payments"][0][1:] == [short.ref, 1_500, "USD"]
        assert told("order.paid") == [short.ref]
        releases.release_one(store=store, order=short, by="user:1")
        assert Release.objects.filter(order=short).exists()

    def test_said_again_changes_nothing(self, short):
        assert self.settle(short).pk == self.settle(short).pk
        assert Payment.objects.filter(kind="difference").count() == 1

    @pytest.mark.parametrize(
        ("amount", "reason", "code"),
        [
            ("14.99", "fee", Code.DIFFERENCE_NOT_STATED),
            ("15.01", "fee", Code.DIFFERENCE_NOT_STATED),
            ("15.00", " ", Code.INPUT_INVALID),
            ("NaN", "fee", Code.AMOUNT_INVALID),
        ],
    )
    def test_is_stated_exactly_with_a_reason(self, short, amount, reason, code):
        with pytest.raises(Problem) as refused:
            self.settle(short, amount, reason)
        assert refused.value.code is code
        assert not Payment.objects.filter(kind="difference").exists()

    def test_has_the_platform_s_limit_as_of_today(self, short, store):
        PolicyValue.objects.create(
            name="difference_max_usd",
            value="14",
            valid_from=clock.now(store) - TEN_MINUTES,
            reason="test",
        )
        with pytest.raises(Problem) as refused:
            self.settle(short)
        assert refused.value.code is Code.DIFFERENCE_TOO_LARGE
        assert refused.value.evidence["limit"] == "USD 14.00"

    def test_has_its_limit_by_the_rates_that_the_lock_froze(self, store):
        """USD 1.10 and CNY 7.80 for a euro: USD 50 are CNY 354.55."""
        order = invoiced(store).orders.first()
        FxRate.objects.filter(currency="CNY").update(per_euro="78")
        asked = Money(10_000_00, "CNY")
        assert payments._largest_difference_of(store, order, asked) == Money(354_55, "CNY")

    def test_counts_with_those_of_the_proforma_s_other_orders(self, short, store):
        """USD 50 a transfer, and one transfer pays many orders."""
        second, third = short.batch.orders.order_by("position")[1:3]
        take(short.batch, receipt(second, "5944.74"), receipt(third, "5944.75"))
        self.settle(short)
        with pytest.raises(Problem) as refused:
            self.settle(second, "35.01")
        assert refused.value.code is Code.DIFFERENCE_TOO_LARGE
        assert refused.value.evidence["limit"] == "USD 35.00"
        self.settle(third, "35.00")
        of_short = Payment.objects.get(kind="difference", order=short)
        payments.reverse(store=store, payment_id=of_short.pk, why="it came", by="user:1")
        with pytest.raises(Problem):
            self.settle(second, "35.01")
        of_third = Payment.objects.get(kind="difference", order=third)
        payments.reverse(store=store, payment_id=of_third.pk, why="it came", by="user:1")
        self.settle(second, "35.01")

    def test_counts_with_that_of_a_later_transfer(self, short, store):
        self.settle(short)
        with pytest.raises(Problem) as refused:
            payments.record_all(
                store=store,
                proforma=short.proforma,
                currency="USD",
                amount="23883.99",
                reference="SWIFT-9",
                by="user:1",
                difference="the bank kept 35.01",
            )
        assert refused.value.code is Code.DIFFERENCE_TOO_LARGE
        assert refused.value.evidence["limit"] == "USD 35.00"

    def test_of_another_store_is_not_found(self, short):
        with pytest.raises(RepeatOrder.DoesNotExist):
            payments.settle_difference(
                store=world.store(),
                order=short,
                amount="15.00",
                reason="x",
                source=PaymentSource.API,
                by="key:1",
            )

    def test_goes_with_the_payment_that_it_stands_beside(self, short, store):
        self.settle(short)
        came = Payment.objects.get(kind="received")
        payments.reverse(store=store, payment_id=came.pk, why="wrong order", by="user:1")
        short.refresh_from_db()
        assert short.status == "awaiting_payment"
        assert not Payment.objects.filter(reversed_at=None).exists()
        assert take(short.batch, receipt(short, reference="T-2")).paid == [short.ref]

    def test_is_taken_back_alone(self, short, store):
        payments.reverse(
            store=store, payment_id=self.settle(short).pk, why="it came after all", by="user:1"
        )
        assert str(balances.order_account(short).outstanding) == "USD 15.00"
        assert take(short.batch, receipt(short, "15.00", reference="T-2")).paid == [short.ref]

    def test_leaves_an_order_paid_whose_other_payments_suffice(self, store):
        order = invoiced(store).orders.first()
        take(
            order.batch,
            receipt(order, "1000.00", reference="a"),
            receipt(order, "6000.00", reference="b"),
        )
        first = Payment.objects.get(reference="a")
        payments.reverse(store=store, payment_id=first.pk, why="it bounced", by="user:1")
        order.refresh_from_db()
        assert (order.status, str(balances.order_account(order).overpaid)) == ("paid", "USD 20.25")
        second = Payment.objects.get(reference="b")
        payments.reverse(store=store, payment_id=second.pk, why="it bounced", by="user:1")
        order.refresh_from_db()
        assert order.status == "awaiting_payment"

    def test_beyond_the_total_is_recorded_as_such(self, store):
        order = invoiced(store).orders.first()
        report = take(order.batch, receipt(order, "6000.00"))
        assert (report.recorded, report.paid, report.overpaid) == (1, [order.ref], [order.ref])
        order.refresh_from_db()
        found = balances.order_account(order)
        assert (order.status, str(found.received), str(found.overpaid)) == (
            "paid",
            "USD 6,000.00",
            "USD 20.25",
        )
        releases.release_one(store=store, order=order, by="user:1")
        assert [each.ref for each in balances.list_overpaid_orders(store)] == [order.ref]


class TestAReversal:
    def test_puts_the_order_back_and_says_why(self, store):
        batch = invoiced(store)
        pay(batch)
        payment = Payment.objects.first()
        payments.reverse(store=store, payment_id=payment.pk, why="bounced", by="user:1")
        payment.refresh_from_db()
        assert (payment.reversed_why, payment.order.status) == ("bounced", "awaiting_payment")
        assert LedgerEntry.objects.get(kind="payment.reversed").facts["why"] == "bounced"

    @pytest.mark.parametrize("why", ["", "  ", "\0"])
    def test_needs_a_reason(self, store, why):
        batch = invoiced(store)
        pay(batch)
        with pytest.raises(Problem) as refused:
            payments.reverse(
                store=store, payment_id=Payment.objects.first().pk, why=why, by="user:1"
            )
        assert refused.value.code is Code.INPUT_INVALID

    def test_happens_once_and_not_after_the_release(self, store):
        batch = invoiced(store)
        pay(batch)
        first, second, *_ = Payment.objects.order_by("order_id")
        payments.reverse(store=store, payment_id=first.pk, why="bounced", by="user:1")
        releases.release_one(store=store, order=second.order, by="user:1")
        for payment in (first, second):
            with pytest.raises(Problem) as refused:
                payments.reverse(store=store, payment_id=payment.pk, why="again", by="user:1")
            assert refused.value.code is Code.PAYMENT_FINAL

    def test_of_another_store_is_not_found(self, store):
        batch = invoiced(store)
        pay(batch)
        with pytest.raises(Problem) as refused:
            payments.reverse(
                store=world.store(), payment_id=Payment.objects.first().pk, why="x", by="user:1"
            )
        assert refused.value.code is Code.NOT_FOUND


class TestARelease:
    def test_waits_for_the_time_in_which_a_payment_can_be_taken_back(self, store):
        batch = invoiced(store)
        pay(batch)
        assert sweep.run_sweep(store=store).released_orders == 0
        world.move_clock(store, clock.now(store) + TEN_MINUTES)
        assert sweep.run_sweep(store=store).released_orders == 5
        assert sweep.run_sweep(store=store).released_orders == 0
        assert states(batch) == {"released"}

    def test_of_what_is_not_paid_is_refused(self, store):
        batch = invoiced(store)
        order = batch.orders.first()
        take(batch, receipt(order, "1.00"))
        with pytest.raises(Problem) as refused:
            releases.release_one(store=store, order=order, by="user:1")
        assert refused.value.code is Code.ORDER_NOT_PAID
        assert not Release.objects.exists()

    def test_happens_once(self, store):
        batch = invoiced(store)
        pay(batch)
        order = batch.orders.first()
        releases.release_one(store=store, order=order, by="user:1")
        with pytest.raises(Problem):
            releases.release_one(store=store, order=order, by="user:1")
        assert Release.objects.count() == 1
        assert len(told("order.released")) == 1


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_release_an_order_once(self, store):
        batch = invoiced(store)
        pay(batch)
        order = batch.orders.first()
        outcomes: list[str] = []

        def one() -> None:
            try:
                releases.release_one(
                    store=store, order=RepeatOrder.objects.get(pk=order.pk), by="user:1"
                )
                outcomes.append("released")
            except Problem as problem:
                outcomes.append(problem.code)
            finally:
                connection.close()

        _together(one, 8)
        assert sorted(outcomes) == ["ORDER_NOT_PAID"] * 7 + ["released"]
        assert Release.objects.count() == 1

    def test_pay_it_once_and_either_reverse_or_release_it(self, store):
        batch = invoiced(store)
        order = batch.orders.first()

        def send() -> None:
            take(batch, receipt(order))
            connection.close()

        _together(send, 8)
        assert Payment.objects.filter(order=order).count() == 1
        payment = Payment.objects.get(order=order)
        won: list[str] = []

        def act(verb: str) -> None:
            try:
                if verb == "reverse":
                    payments.reverse(store=store, payment_id=payment.pk, why="x", by="user:1")
                else:
                    releases.release_one(
                        store=store, order=RepeatOrder.objects.get(pk=order.pk), by="user:1"
                    )
                won.append(verb)
            except Problem:
                pass
            finally:
                connection.close()

        threads = [Thread(target=act, args=[verb]) for verb in ("reverse", "release") * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert Release.objects.filter(order=order).exists() == (won == ["release"])

    @pytest.mark.django_db(transaction=True)
    def test_settle_a_difference_once(self, store):
        order = invoiced(store).orders.first()
        take(order.batch, receipt(order, "5964.75"))

        def act():
            try:
                payments.settle_difference(
                    store=store,
                    order=order,
                    amount="15.00",
                    reason="fee",
                    source=PaymentSource.API,
                    by="key:1",
                )
            finally:
                connection.close()

        _together(act, 8)
        order.refresh_from_db()
        assert order.status == "paid"
        assert Payment.objects.filter(kind="difference").count() == 1
        assert LedgerEntry.objects.filter(kind="payment.difference").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_settle_no_more_of_a_proforma_than_is_allowed(self, store):
        batch = invoiced(store)
        rows = list(batch.orders.order_by("position"))
        take(batch, *(receipt(order, "5949.75") for order in rows))
        waiting, refused = list(rows), []

        def act():
            try:
                payments.settle_difference(
                    store=store,
                    order=waiting.pop(),
                    amount="30.00",
                    reason="fee",
                    source=PaymentSource.API,
                    by="key:1",
                )
            except Problem as problem:
                refused.append(problem.code)
            finally:
                connection.close()

        _together(act, len(rows))
        assert refused == [Code.DIFFERENCE_TOO_LARGE] * 4
        assert Payment.objects.get(kind="difference").amount_minor == 3_000


def _together(act, n: int) -> None:
    threads = [Thread(target=act) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestTheDatabase:
    """Whoever goes past the services finds the same closed."""

    @pytest.mark.parametrize(
        ("to", "error"),
        [("paid", "ORDER_NOT_PAID"), ("released", "ORDER_NOT_PAID"), ("shipped", "STATE_CONFLICT")],
    )
    def test_refuses_a_state_that_was_not_paid_for(self, store, to, error):
        batch = invoiced(store)
        with pytest.raises(IntegrityError, match=error), transaction.atomic():
            batch.orders.update(status=to)

    def test_refuses_to_release_what_is_only_confirmed(self, store):
        _, past = world.repeatable(store)
        batch = planned(store, past)
        confirm(batch)
        with pytest.raises(IntegrityError, match="ORDER_NOT_PAID"), transaction.atomic():
            batch.orders.update(status="released")

    @pytest.mark.parametrize(
        "to", ["paid", "confirmed", "awaiting_payment", "cancelled", "completed"]
    )
    def test_lets_a_released_order_only_be_shipped(self, store, to):
        batch = paid.released(store)
        with pytest.raises(IntegrityError), transaction.atomic():
            batch.orders.update(status=to)

    @pytest.mark.parametrize(
        "change",
        [{"amount_minor": 1}, {"reference": "x"}, {"reversed_at": None}, {"recorded_by": "x"}],
    )
    def test_lets_nobody_edit_a_payment(self, store, change):
        batch = invoiced(store)
        pay(batch)
        with pytest.raises(IntegrityError, match="PAYMENT_FINAL"), transaction.atomic():
            Payment.objects.update(**change)
        with pytest.raises(IntegrityError, match="PAYMENT_FINAL"), transaction.atomic():
            Payment.objects.all().delete()

    @pytest.mark.parametrize(
        "fields", [{"kind": "difference", "reference": "", "reason": "x"}, {"currency": "EUR"}]
    )
    def test_takes_no_difference_but_what_is_open_and_no_other_currency(self, store, fields):
        batch = invoiced(store)
        order = batch.orders.first()
        row = {"amount_minor": 1, "currency": "USD", "reference": "x", **fields}
        with pytest.raises(IntegrityError, match="PAYMENT_REFUSED"), transaction.atomic():
            Payment.objects.create(
                store=store,
                order=order,
                received_at=world.NOW,
                source="api",
                recorded_at=world.NOW,
                recorded_by="x",
                **row,
            )

    def test_lets_an_issued_proforma_stand(self, store):
        batch = invoiced(store)
        for statement in (
            "UPDATE repurchase_proforma SET number = 'x'",
            "DELETE FROM repurchase_proforma",
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                connection.cursor().execute(statement)
        assert batch.proformas.get().number.startswith(batch.ref)

    def test_releases_each_order_at_most_once(self, store):
        batch = orders.batch(store)
        (order,) = orders.repeats(batch, status="released")
        with pytest.raises(IntegrityError), transaction.atomic():
            Release.objects.create(
                store=store,
                order=order,
                released_at=world.NOW,
                released_by="x",
                announced_at=world.NOW,
            )
