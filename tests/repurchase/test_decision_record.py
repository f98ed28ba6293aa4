"""R-26 and the seed of B-3: a screening keeps what it was decided by, and decides the same
again."""

import datetime as dt
import json
import zlib

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from eligibility import replay
from eligibility.models import ScreeningRecord
from marketplace.models import Buyer, Lane, PastOrder, PolicyValue, PriceListEntry, Sku
from repurchase.batches.queries.screening_explanation import explain_screening, records_of_batch
from repurchase.batches.services import batches
from repurchase.models import RepeatLine, RepeatOrder
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(store):
    """Three orders that pass, one with a stale line beside a good one, one that was badly rated."""
    buyer, orders = world.repeatable(store)
    stale = world.sku(store, stock_synced_at=world.NOW - dt.timedelta(hours=1))
    good = Sku.objects.exclude(pk=stale.pk).get()
    orders.append(world.past_order(store, buyer, [(good, 500, 500_000), (stale, 10, 10_000)]))
    orders.append(world.past_order(store, buyer, [(good, 500, 500_000)], rating=4))
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


def everything_changes() -> None:
    """Facts and policies of another day: nothing would pass any more."""
    Sku.objects.update(on_hand=0, is_active=False, moq=10**6, stock_synced_at=None)
    PastOrder.objects.update(rating=1, region="Elsewhere")
    PriceListEntry.objects.update(amount=F("amount") * 2)
    Buyer.objects.update(is_certified_business=False, name="Renamed")
    Lane.objects.all().delete()
    for name, value in (("order_min_rating", "5"), ("price_band", "0"), ("buyer_min_orders", "99")):
        PolicyValue.objects.create(
            name=name, value=value, valid_from=world.NOW - dt.timedelta(days=1)
        )


def replayed(batch) -> list[str]:
    return [str(replay.rerun(record).outcome) for record in records_of_batch(batch)]


class TestAKeptScreening:
    def test_is_one_record_for_the_gates_and_one_a_chunk(self, batch):
        records = list(records_of_batch(batch))
        assert [(r.attempt, r.part, r.first_position) for r in records] == [
            (1, "gates", 0),
            (1, "chunk", 1),
        ]
        assert records[1].policies["price_band"] == "0.03"
        assert records[1].screened_at == batch.screened_at

    def test_decides_the_same_after_facts_and_policies_have_changed(self, batch):
        before = {o.past_order_id: (o.status, o.codes) for o in batch.orders.all()}
        everything_changes()
        assert replayed(batch) == ["same", "same"]
        verdicts = replay.rerun(records_of_batch(batch)[1]).verdicts
        assert {v.order.id: (v.outcome, v.codes) for v in verdicts} == before

    def test_would_be_decided_otherwise_by_what_holds_now(self, batch):
        """The guard of the test above: the changes do matter."""
        everything_changes()
        again = run(batches.rescreen(batch=batch, by="user:1"))
        assert not again.orders.filter(status="planned").exists()

    def test_stays_when_the_batch_is_screened_again(self, batch):
        first = list(records_of_batch(batch).values_list("pk", "inputs_digest"))
        everything_changes()
        run(batches.rescreen(batch=batch, by="user:1"))
        assert list(records_of_batch(batch, attempt=1).values_list("pk", "inputs_digest")) == first
        assert records_of_batch(batch, attempt=2).count() == 2
        assert set(replayed(batch)) == {"same"}

    def test_of_orders_that_shared_scarce_stock_remembers_what_was_taken(self, store):
        _, orders = world.repeatable(store, orders=5)
        Sku.objects.update(on_hand=1200)
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        assert batch.orders.filter(status="planned").count() == 2
        assert [r.part for r in records_of_batch(batch)] == ["gates", "chunk", "stock"]
        everything_changes()
        assert set(replayed(batch)) == {"same"}
        outcomes = [v.outcome for v in replay.rerun(records_of_batch(batch).last()).verdicts]
        assert outcomes == ["planned", "planned", "failed", "failed", "failed"]


def tamper(record, old: str, new: str) -> str:
    text = zlib.decompress(bytes(record.inputs)).decode()
    assert old in text
    record.inputs = zlib.compress(text.replace(old, new).encode())
    return text.replace(old, new)


class TestARecordThatWasTamperedWith:
    def test_is_noticed_when_its_facts_are_others(self, batch):
        record = records_of_batch(batch)[1]
        tamper(record, '"completed"', '"cancelled"')
        assert replay.rerun(record).outcome == "tampered"

    def test_is_noticed_when_its_digest_is_made_to_fit(self, batch):
        from eligibility.screening import sha256

        record = records_of_batch(batch)[1]
        record.inputs_digest = sha256(tamper(record, '"completed"', '"cancelled"'))
        assert replay.rerun(record).outcome == "different"

    def test_is_noticed_when_it_is_no_longer_readable(self, batch):
        record = records_of_batch(batch)[1]
        record.inputs = b"nonsense"
        assert replay.rerun(record).outcome == "tampered"

    def test_of_rules_that_nobody_knows_says_so(self, batch):
        record = records_of_batch(batch)[1]
        record.rule_version = "1999-01"
        assert replay.rerun(record).outcome == "unknown_version"

    def test_makes_the_command_fail_and_name_it(self, batch, capsys):
        ScreeningRecord.objects.filter(part="chunk").update(verdicts_digest="0" * 64)
        with pytest.raises(CommandError, match="1 of 2"):
            call_command("replay_screening", batch.ref)
        assert "attempt 1 chunk from 1: different" in capsys.readouterr().out


class TestReplayScreening:
    def test_says_same_for_each_record(self, batch, capsys):
        everything_changes()
        call_command("replay_screening", batch.ref, json=True)
        assert [r["outcome"] for r in json.loads(capsys.readouterr().out)] == ["same", "same"]

    def test_of_an_unknown_batch_is_one_clear_line(self):
        with pytest.raises(CommandError, match="NOT_FOUND"):
            call_command("replay_screening", "BR-NONE")


def told(batch, position: int, capsys) -> dict:
    call_command("explain", f"{batch.ref}-{position:04d}", json=True)
    return json.loads(capsys.readouterr().out)


class TestExplain:
    def test_names_each_gate_and_rule_with_value_limit_verdict_and_time(self, batch, capsys):
        explained = told(batch, 1, capsys)
        steps = [*explained["gates"], *explained["rules"], *explained["lines"][0]["rules"]]
        assert len(explained["gates"]) == 7
        assert {"R-21", "R-25", "R-06", "R-07", "R-90", "R-10", "R-47", "R-70"} <= {
            s["requirement"] for s in steps
        }
        assert all(s["passed"] and s["as_of"] == batch.screened_at.isoformat() for s in steps)
        assert explained["replay"] == "same"

    def test_gives_the_cause_the_fix_and_who_can_cure_it(self, batch, capsys):
        explained = told(batch, 7, capsys)
        (bad,) = (s for s in explained["rules"] if not s["passed"])
        assert (bad["finding"]["code"], bad["value"], bad["limit"]) == (
            "ORDER_RATING_TOO_LOW",
            "4.0000",
            "4.8",
        )
        assert bad["fixer"] == "nobody"

    def test_tells_what_was_true_then(self, batch, capsys):
        before = told(batch, 6, capsys)
        everything_changes()
        assert told(batch, 6, capsys) == before
        (bad,) = (s for s in before["lines"][1]["rules"] if not s["passed"])
        assert bad["finding"]["code"] == "STOCK_SYNC_STALE"

    def test_reads_aloud_without_json(self, batch, capsys):
        call_command("explain", f"{batch.ref}-0007")
        assert "✗ R-07  ORDER_UNRATED: 4.0000 | 4.8" in capsys.readouterr().out

    def test_of_an_order_whose_screening_was_not_kept_says_so(self, batch):
        ScreeningRecord.objects.all().delete()
        assert explain_screening(RepeatOrder.objects.first()) is None
        with pytest.raises(CommandError, match="not kept"):
            call_command("explain", f"{batch.ref}-0001")

    def test_names_a_price_that_could_not_be_made(self, batch, capsys, store):
        from marketplace.models import CommissionRate

        CommissionRate.objects.all().delete()
        again = run(batches.rescreen(batch=batch, by="user:1"))
        assert [f["code"] for f in told(again, 1, capsys)["pricing"]] == ["COMMISSION_RATE_MISSING"]


class TestTheOrdersPage:
    def test_shows_the_grounds_of_its_verdict(self, client, alice, batch):
        client.force_login(alice)
        page = client.get(f"/orders/{batch.ref}-0007/").content.decode()
        assert 'id="grounds"' in page
        assert f"past_order:{batch.orders.get(position=7).past_order_id} rating" in page

    def test_says_so_when_the_record_is_not_intact(self, client, alice, batch):
        ScreeningRecord.objects.filter(part="chunk").update(inputs=b"nonsense")
        client.force_login(alice)
        answer = client.get(f"/orders/{batch.ref}-0001/")
        assert answer.status_code == 200
        assert answer.context["explanation"].order is None

    def test_shows_without_them_when_none_were_kept(self, client, alice, batch):
        ScreeningRecord.objects.all().delete()
        client.force_login(alice)
        page = client.get(f"/orders/{batch.ref}-0001/").content.decode()
        assert 'id="grounds"' not in page


class TestTheBatchsPage:
    def test_shows_the_time_of_each_gate_and_who_can_cure_a_failing_one(self, client, alice, batch):
        Buyer.objects.update(certificate_valid_until=dt.date(2020, 1, 1))
        again = run(batches.rescreen(batch=batch, by="user:1"))
        bad = next(g for g in again.gates if g["code"])
        assert {"value", "limit", "as_of", "source"} <= bad["evidence"].keys()
        assert bad["source"] == f"buyer:{again.buyer_id} certificate_valid_until"
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = client.get(f"/batches/{again.ref}/").content.decode()
        assert "Can be cured by" in page
        assert "the buyer" in page

    def test_advises_in_a_constant_number_of_queries(
        self, client, alice, store, django_assert_max_num_queries
    ):
        from repurchase.batches.queries.advice import batch_advice

        counts = []
        _, past = world.repeatable(store, orders=45)
        for some in (past[:5], past):
            made = run(batches.create(store=store, numbers=[o.number for o in some], by="user:1"))
            with django_assert_max_num_queries(11) as captured:
                points = {p.name: p for p in batch_advice(made, now=made.screened_at)}
            counts.append(len(captured))
        assert counts[0] == counts[1]
        assert points["orders_a_day"].value == "1.5"
        assert str(points["orders_a_day"].leaning) == "against"
        assert str(points["exports_a_year"].leaning) == "unknown"

    def test_advises_against_small_apparel_orders(self, store):
        from repurchase.batches.queries.advice import batch_advice

        buyer, past = world.repeatable(store)
        shirt = world.sku(store, category=world.category(code="apparel"))
        small = [
            world.past_order(store, buyer, [(shirt, 10, 10_000)], note="red, please")
            for _ in range(6)
        ]
        numbers = [o.number for o in (*past, *small)]
        made = run(batches.create(store=store, numbers=numbers, by="user:1"))
        points = {
            p.name: (p.value, str(p.leaning)) for p in batch_advice(made, now=made.screened_at)
        }
        assert points["small_apparel"] == ("54.5455 %", "against")
        assert points["high_value_lines"] == ("0", "neutral")
        RepeatLine.objects.filter(order__past_order=small[0]).update(base_minor=100_000)
        points = {
            p.name: (p.value, str(p.leaning)) for p in batch_advice(made, now=made.screened_at)
        }
        assert points["high_value_lines"] == ("1", "for")

    def test_shows_the_advice_beside_a_plan(self, client, alice, batch):
        client.force_login(alice)
        page = client.get(f"/batches/{batch.ref}/")
        assert page.context["advice"][0].name == "orders_a_day"
