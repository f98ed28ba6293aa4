"""R-15 on real PostgreSQL: what the buyer doesn't confirm leaves, exact to the cent, in the one
transaction."""

import datetime as dt
import threading

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from eligibility import replay
from eligibility.models import ScreeningRecord
from marketplace.models import CommissionRate, PolicyValue, RateCard, Sku, StockClaim
from outbox import emails
from pricing.models import Act, Lock, Sealing
from pricing.services import agreement_sealing
from repurchase.batches.customisation_notes import digest_text
from repurchase.batches.queries.customisations import (
    batch_customisations,
    customisations_to_confirm,
)
from repurchase.batches.queries.lot_terms import encode_terms
from repurchase.batches.services import batches, customisations, price_lock
from repurchase.batches.services.customisations import CustomisationRequest
from repurchase.confirmation.queries.agreements import build_confirmation
from repurchase.deadlines import sweep
from repurchase.models import LineService, OrderFee, RepeatOrder
from tests import world
from tests.repurchase import services
from tests.repurchase.running import run
from tests.repurchase.services import accept, ids, last, locked, planned, weighed

pytestmark = pytest.mark.django_db
CODE = "CUSTOM_SERVICE_UNCONFIRMED"


def money(order: RepeatOrder) -> tuple[int, ...]:
    return (
        order.goods_minor,
        order.freight_minor,
        order.tax_minor,
        order.total_minor,
        order.fees_minor,
    )


def outcomes(order: RepeatOrder) -> list[tuple[str, int, list[str]]]:
    return list(order.lines.order_by("line_no").values_list("outcome", "total_minor", "codes"))


class TestANote:
    def test_is_read_when_the_batch_is_made(self, store):
        batch = planned(store)
        (view,) = customisations_to_confirm(batch)
        assert (view.line_no, view.text, view.row.source) == (2, services.TEXT, "note")

    def test_that_names_no_line_is_of_the_whole_order(self, store):
        (view,) = customisations_to_confirm(planned(store, "Please add an extra manual"))
        assert (view.line_no, len(view.lines)) == (None, 3)

    def test_is_kept_through_a_rescreening_as_the_seller_left_it(self, store):
        batch = planned(store)
        customisations.change(
            batch=batch, service_id=ids()[0], line_no=3, text="red tape", by="user:1"
        )
        run(batches.rescreen(batch=batch, by="user:1"))
        (view,) = customisations_to_confirm(batch)
        assert (view.line_no, view.text) == (3, "red tape")

    def test_of_a_line_that_isn_t_repeated_is_not_asked(self, store):
        plain, order = services.noted(store)
        Sku.objects.filter(pk=order.lines.get(line_no=2).sku_id).update(is_active=False)
        numbers = [o.number for o in [*plain, order]]
        assert (
            customisations_to_confirm(
                run(batches.create(store=store, numbers=numbers, by="user:1"))
            )
            == []
        )


class TestTheSeller:
    def test_may_add_dismiss_and_take_up_again(self, store):
        batch = planned(store)
        number = last(batch).past_order.number
        customisations.add(
            batch=batch,
            wanted=CustomisationRequest(order=number, line_no=1, text="label"),
            by="user:7",
        )
        assert [view.text for view in customisations_to_confirm(batch)] == ["label", services.TEXT]
        customisations.dismiss(
            batch=batch, service_id=ids()[0], why="a standing order, settled by mail", by="user:7"
        )
        assert [view.text for view in customisations_to_confirm(batch)] == ["label"]
        row = LineService.objects.get(pk=ids()[0])
        assert (row.dismissed_by, row.dismissed_why) == (
            "user:7",
            "a standing order, settled by mail",
        )
        customisations.change(batch=batch, service_id=row.pk, line_no=2, text=row.text, by="user:7")
        assert len(customisations_to_confirm(batch)) == 2

    @pytest.mark.parametrize(
        "wanted",
        [
            CustomisationRequest(order="nowhere", line_no=1, text="x"),
            CustomisationRequest(order="", line_no=99, text="x"),
            CustomisationRequest(order="", line_no=1, text=" \x00\u200b"),
        ],
    )
    def test_is_refused_what_names_nothing(self, store, wanted):
        batch = planned(store)
        number = wanted.order or last(batch).past_order.number
        with pytest.raises(Problem) as refused:
            customisations.add(
                batch=batch,
                wanted=CustomisationRequest(order=number, line_no=wanted.line_no, text=wanted.text),
                by="user:1",
            )
        assert refused.value.code is Code.INPUT_INVALID
        assert LineService.objects.count() == 1

    def test_says_why_it_is_dismissed(self, store):
        batch = planned(store)
        with pytest.raises(Problem):
            customisations.dismiss(batch=batch, service_id=ids()[0], why="  ", by="user:1")

    def test_changes_nothing_after_the_lock(self, store):
        batch = locked(store)
        number = last(batch).past_order.number
        for act in (
            lambda: customisations.add(
                batch=batch, wanted=CustomisationRequest(order=number, line_no=1, text="x"), by="u"
            ),
            lambda: customisations.change(
                batch=batch, service_id=ids()[0], line_no=1, text="x", by="u"
            ),
            lambda: customisations.dismiss(batch=batch, service_id=ids()[0], why="x", by="u"),
        ):
            with pytest.raises(Problem) as refused:
                act()
            assert refused.value.code is Code.STATE_CONFLICT


class TestTheLock:
    def test_binds_the_services_into_the_terms(self, store):
        batch = planned(store)
        orders = list(batch.orders.order_by("position"))
        lines = {order.pk: [] for order in orders}
        with_one = {orders[-1].pk: [(2, "manual")]}
        digests = {
            encode_terms(orders, lines, each)
            for each in ({}, with_one, {orders[-1].pk: [(2, "x")]})
        }
        assert len(digests) == 3

    def test_names_them_in_the_letter(self, store):
        batch = locked(store)
        emails.deliver_due()
        (letter,) = [m for m in mail.outbox if m.to == [batch.buyer.email]]
        assert services.TEXT in letter.body
        assert last(batch).ref in letter.body


class TestAServiceThatIsConfirmed:
    def test_changes_no_amount(self, store):
        batch = locked(store)
        before = money(last(batch))
        accept(batch, services=ids())
        assert (money(last(batch)), last(batch).status) == (before, "awaiting_payment")
        assert [outcome for outcome, *_ in outcomes(last(batch))] == ["planned"] * 3
        assert LineService.objects.get().confirmed_at == Lock.objects.get().ended_at

    def test_is_kept_as_evidence_without_its_text(self, store):
        batch = locked(store)
        accept(batch, every_service=True)
        act = Act.objects.get()
        assert act.particulars["services"] == [
            {
                "order": last(batch).ref,
                "line": 2,
                "text": digest_text(services.TEXT),
                "confirmed": True,
            }
        ]
        assert (act.ip, act.consent_version) == ("192.0.2.1", "price-services-1")
        entry = LedgerEntry.objects.get(kind="services.confirmed")
        assert (entry.facts["confirmed"], entry.facts["unconfirmed"]) == (1, 0)
        assert services.TEXT not in str(list(LedgerEntry.objects.values_list("facts", flat=True)))
        call_command("verify_ledger")


class TestAServiceThatIsNotConfirmed:
    def test_takes_its_line_along_exact_to_the_cent(self, store):
        """100.00 + 23.31 + freight 19.99 = 143.30; VAT 19 % 27.227 → 27.23.

        Fees: 8 % of 143.30 = 11.46, 13 pieces of 400 g by the negotiated card 4.30 + 6 × 1.72 =
        14.62,
        0.7 % of 170.53 = 1.19, 0.5 % = 0.85.
        """
        batch = locked(store)
        assert money(last(batch))[:4] == (15_664, 1_999, 3_356, 21_019)
        accept(batch)
        order = last(batch)
        assert money(order) == (12_331, 1_999, 2_723, 17_053, 1_146 + 1_462 + 119 + 85)
        assert (order.status, order.codes) == ("awaiting_payment", [CODE])
        assert outcomes(order) == [
            ("planned", 10_000, []),
            ("excluded", 0, [CODE]),
            ("planned", 2_331, []),
        ]
        assert order.lines.get(line_no=2).findings == [
            {"code": CODE, "evidence": {"service": services.TEXT}}
        ]
        assert sum(order.fees.values_list("amount_minor", flat=True)) == order.fees_minor
        assert [
            fee.base_minor for fee in order.fees.order_by("position") if fee.part == "payment"
        ] == [17_053]

    def test_leaves_the_other_orders_as_they_were(self, store):
        batch = locked(store)
        before = list(batch.orders.order_by("position").values_list("total_minor", "fees_minor"))[
            :5
        ]
        accept(batch)
        assert (
            list(batch.orders.order_by("position").values_list("total_minor", "fees_minor"))[:5]
            == before
        )
        assert set(batch.orders.values_list("status", flat=True)) == {"awaiting_payment"}

    def test_stands_in_the_sealed_document_beside_the_terms_as_they_were_locked(self, store):
        batch = locked(store)
        accept(batch)
        drawn = build_confirmation(Lock.objects.get().pk)
        (told,) = drawn.agreement.services
        assert (told.order, told.line, told.text, told.confirmed) == (
            last(batch).ref,
            2,
            services.TEXT,
            False,
        )
        assert drawn.agreement.orders[-1].total_minor == 17_053
        assert digest_text(drawn.terms["terms-1.json"].decode()) == Lock.objects.get().terms_digest
        assert agreement_sealing.seal(Sealing.objects.get().pk).subject == batch.ref

    def test_of_a_whole_order_stands_there_as_left_out(self, store):
        batch = locked(store, "[service] gift wrap")
        accept(batch)
        drawn = build_confirmation(Lock.objects.get().pk).agreement
        assert drawn.left_out == (last(batch).ref,)
        assert len(drawn.orders) == 5

    def test_gives_its_stock_back(self, store):
        batch = locked(store)
        sku = last(batch).lines.get(line_no=2).sku_id
        accept(batch)
        assert not StockClaim.objects.filter(sku=sku, released_at=None).exists()
        assert StockClaim.objects.filter(released_at=None).count() == 3

    def test_of_the_whole_order_takes_the_order_along(self, store):
        batch = locked(store, "[service] gift wrap")
        accept(batch)
        order = last(batch)
        assert (order.status, order.codes, money(order)) == ("declined", [CODE], (0, 0, 0, 0, 0))
        assert {outcome for outcome, *_ in outcomes(order)} == {"excluded"}
        assert not OrderFee.objects.filter(order=order).exists()
        assert batch.orders.filter(status="awaiting_payment").count() == 5

    def test_is_priced_by_what_was_locked_whatever_changed_since(self, store):
        batch = locked(store)
        CommissionRate.objects.update(rate="0.5")
        PolicyValue.objects.create(
            name="payment_fee_rate",
            value="0.5",
            valid_from=world.NOW - dt.timedelta(days=1),
            reason="test",
        )
        world.rates(source="later", USD="1.12")  # within what a lock bears
        RateCard.objects.all().delete()
        accept(batch)
        # no card any more: the locked quote stays
        cost = last(batch).fees.get(kind="freight").amount_minor
        assert money(last(batch)) == (12_331, 1_999, 2_723, 17_053, 1_146 + cost + 119 + 85)

    def test_under_reverse_charge_keeps_every_other_line_s_net_price(self, store):
        world.tax("DE", reverse_charge=True)
        batch = locked(store, prices_include_tax=True)
        before = outcomes(last(batch))
        accept(batch)
        kept = [total for outcome, total, _ in outcomes(last(batch)) if outcome == "planned"]
        assert kept == [before[0][1], before[2][1]]
        assert last(batch).goods_minor == sum(kept)

    def test_when_nothing_else_is_left_is_a_decline(self, store):
        batch = locked(store, "[service] gift wrap")
        others = list(batch.orders.order_by("position").values_list("ref", flat=True))[:5]
        with pytest.raises(Problem) as refused:
            accept(batch, left_out=others)
        assert refused.value.code is Code.INPUT_INVALID
        assert set(batch.orders.values_list("status", flat=True)) == {"locked"}


class TestWhatIsShown:
    def test_is_what_is_confirmed(self, store):
        batch = locked(store)
        (shown,) = weighed(batch).sums
        accept(batch)
        assert shown.total.minor == sum(batch.orders.values_list("total_minor", flat=True))

    @pytest.mark.parametrize("shown", ["", "0" * 64])
    def test_otherwise_refuses_and_writes_nothing(self, store, shown):
        batch = locked(store)
        before = money(last(batch))
        with pytest.raises(Problem) as refused:
            accept(batch, shown=shown)
        assert refused.value.code is Code.TERMS_CHANGED
        assert (money(last(batch)), last(batch).status, Act.objects.count()) == (
            before,
            "locked",
            0,
        )

    def test_for_other_ticks_is_refused(self, store):
        batch = locked(store)
        with pytest.raises(Problem) as refused:
            accept(batch, services=ids(), shown=weighed(batch).digest)
        assert refused.value.code is Code.TERMS_CHANGED

    def test_a_tick_of_a_stranger_is_refused(self, store):
        batch = locked(store)
        with pytest.raises(Problem) as refused:
            accept(batch, services=[10**9], shown="x")
        assert refused.value.code is Code.INPUT_INVALID

    def test_where_no_service_is_asked_needs_nothing_more(self, store):
        batch = locked(store, "Red cartons, please.")
        accept(batch, shown="")
        assert set(batch.orders.values_list("status", flat=True)) == {"awaiting_payment"}


class TestTheLettersAfterwards:
    def test_tell_both_sides_what_was_confirmed_and_what_was_not(self, store, alice):
        batch = locked(store, f"{services.NOTE}\n[service line=3] gift wrap")
        emails.deliver_due()
        mail.outbox.clear()
        accept(batch, services=ids()[:1])
        emails.deliver_due()
        told = {m.to[0]: m.body for m in mail.outbox}
        assert services.TEXT in told[batch.buyer.email]
        assert "1 customised service was not confirmed" in told[batch.buyer.email]
        assert set(told) == {batch.buyer.email, alice.email}


class TestTheEnd:
    def test_by_lapse_confirms_and_drops_nothing(self, store):
        batch = locked(store)
        world.move_clock(store, Lock.objects.get().expires_at)
        sweep.run_sweep(store=store)
        assert last(batch).status == "expired"
        assert [outcome for outcome, *_ in outcomes(last(batch))] == ["planned"] * 3
        assert LineService.objects.get().confirmed_at is None

    def test_leaves_the_screening_record_replayable(self, store):
        batch = locked(store)
        accept(batch)
        records = ScreeningRecord.objects.filter(subject=f"batch:{batch.ref}")
        assert {replay.rerun(record).outcome for record in records} == {replay.ReplayOutcome.SAME}

    def test_shows_where_each_stands(self, store):
        batch = locked(store, f"{services.NOTE}\n[service line=3] gift wrap")
        accept(batch, services=ids()[:1])
        assert [view.state for view in batch_customisations(batch).rows] == [
            "confirmed",
            "left_out",
        ]


@pytest.mark.django_db(transaction=True)
class TestTwoConfirmationsAtOnce:
    def test_are_one(self):
        store = world.store()
        world.move_clock(store, world.NOW)
        batch = locked(store)
        gate, results = threading.Barrier(2), []

        def confirm() -> None:
            gate.wait()
            try:
                accept(batch)
                results.append("ok")
            except Problem as problem:
                results.append(str(problem.code))
            finally:
                connection.close()

        threads = [threading.Thread(target=confirm) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["LINK_USED", "ok"]
        assert last(batch).codes == [CODE]
        assert money(last(batch))[3] == 17_053
        assert Act.objects.count() == 1


class TestTheNumberOfQueries:
    def test_of_an_answer_does_not_depend_on_how_many_services_are_asked(self, store):
        counts = []
        _, order = services.noted(store)
        lines = [(line.sku, line.quantity, line.total_minor) for line in order.lines.all()]
        for n in (2, 30):
            orders = [
                world.past_order(store, order.buyer, lines, freight_minor=1_999, note=services.NOTE)
                for _ in range(n)
            ]
            batch = run(
                batches.create(store=store, numbers=[o.number for o in orders], by="user:1")
            )
            price_lock.lock_and_invite(batch=batch, by="user:1")
            shown = weighed(batch).digest
            with CaptureQueriesContext(connection) as captured:
                accept(batch, shown=shown)
            counts.append(len(captured))
            assert batch.orders.filter(codes=[CODE]).count() == n
        assert counts[0] == counts[1]
