import datetime as dt
import threading

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import PolicyValue, Store
from outbox import emails
from outbox.models import Letter
from qualification import services
from qualification.models import Qualification
from qualification.queries import get_qualification_status, get_qualification_summary, require_open
from qualification.review import QualificationEvent, QualificationStatus
from tests import world

pytestmark = pytest.mark.django_db
S, E = QualificationStatus, QualificationEvent
DAY = dt.timedelta(days=1)
END = world.NOW + 365 * DAY


def put(store: Store, standing: QualificationStatus, **fields) -> None:
    Qualification.objects.filter(store=store).update(state=standing, **fields)


def moved(store: Store, event: QualificationEvent, **fields) -> QualificationStatus:
    return services.advance(store=store, event=event, by="user:1", now=clock.now(store), **fields)


def approved(store: Store) -> dt.datetime:
    """The store is open from its now on; the end of its standing."""
    put(store, S.IN_REVIEW)
    services.advance(store=store, event=E.APPROVE, by="user:1", now=world.NOW)
    return Qualification.objects.get(store=store).valid_until


def kinds() -> list[str]:
    return list(Letter.objects.order_by("written_at").values_list("kind", flat=True))


def notices() -> list[int]:
    rows = Letter.objects.filter(kind="qualification.lapses_soon").order_by("written_at", "id")
    return [row.subjects["days"] for row in rows]


class TestAdvancing:
    def test_walks_the_whole_path_and_back_to_the_documents(self, store):
        put(store, S.NOT_OPEN)
        steps = (E.APPLY, E.SUBMIT, E.SEND_BACK, E.SUBMIT, E.APPROVE)
        walked = [
            moved(store, step, reason="The seal is missing" * (step is E.SEND_BACK))
            for step in steps
        ]
        assert walked == [S.DOCUMENTS, S.IN_REVIEW, S.DOCUMENTS, S.IN_REVIEW, S.OPEN]
        assert get_qualification_status(store, clock.now(store)) is S.OPEN

    def test_begins_at_not_open_for_a_store_without_a_row(self, store):
        Qualification.objects.all().delete()
        assert moved(store, E.APPLY) is S.DOCUMENTS

    def test_writes_nothing_when_the_event_does_not_follow(self, store):
        put(store, S.DOCUMENTS)
        with pytest.raises(Problem) as refused:
            moved(store, E.APPROVE)
        assert refused.value.code is Code.STATE_CONFLICT
        assert Qualification.objects.get().state == S.DOCUMENTS
        assert (LedgerEntry.objects.count(), Letter.objects.count()) == (0, 0)

    def test_leaves_an_entry_each_with_who_and_from_where(self, store):
        put(store, S.NOT_OPEN)
        moved(store, E.APPLY)
        moved(store, E.SUBMIT)
        entries = LedgerEntry.objects.order_by("seq")
        assert [(e.kind, e.by, e.facts["was"], e.facts["becomes"]) for e in entries] == [
            ("qualification.apply", "user:1", "not_open", "documents"),
            ("qualification.submit", "user:1", "documents", "in_review"),
        ]
        assert ledger.first_bad_entry(store.pk) == (None, 2)

    def test_can_t_lapse_by_hand(self, store):
        with pytest.raises(Problem) as refused:
            moved(store, E.LAPSE)
        assert refused.value.code is Code.STATE_CONFLICT

    def test_sends_back_only_with_a_reason_and_tells_it(self, store):
        world.member(store, email="alice@example.com")
        put(store, S.IN_REVIEW)
        with pytest.raises(Problem) as refused:
            moved(store, E.SEND_BACK, reason="  ")
        assert refused.value.code is Code.INPUT_INVALID
        moved(store, E.SEND_BACK, reason="October is missing")
        assert get_qualification_summary(store, clock.now(store)).reason == "October is missing"
        emails.deliver_due()
        assert mail.outbox[0].to == ["alice@example.com"]
        assert "October is missing" in mail.outbox[0].body

    def test_approves_for_as_long_as_the_policy_says(self, store):
        assert approved(store) == END
        assert Qualification.objects.get().due_at == END - 60 * DAY
        PolicyValue.objects.create(
            name="qualification_valid_days", value="100", valid_from=world.NOW, reason="test"
        )
        assert approved(store) == world.NOW + 100 * DAY

    def test_after_a_lapse_that_nobody_swept_keeps_the_lapse_too(self, store):
        end = approved(store)
        world.move_clock(store, end + DAY)
        assert moved(store, E.APPLY) is S.DOCUMENTS
        entries = list(LedgerEntry.objects.order_by("seq").values_list("kind", "by"))
        assert entries[1:] == [
            ("qualification.lapse", "system:sweep"),
            ("qualification.apply", "user:1"),
        ]
        row = Qualification.objects.get()
        assert (row.valid_until, row.due_at) == (None, None)


def at_once(act, n: int = 2) -> list[str]:
    """What `n` threads with connections of their own come to, in order of the words."""
    ready, outcomes = threading.Barrier(n), []

    def run():
        try:
            ready.wait()
            outcomes.append(str(act()))
        except Problem as problem:
            outcomes.append(str(problem.code))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_one_wins_and_the_other_is_told(self):
        store = world.store(standing=S.NOT_OPEN)
        act = {"store": store, "event": E.APPLY, "by": "user:1", "now": world.NOW}
        assert at_once(lambda: services.advance(**act)) == ["STATE_CONFLICT", "documents"]
        assert LedgerEntry.objects.filter(kind="qualification.apply").count() == 1

    @pytest.mark.parametrize(("days_left", "kind"), [(30, "lapses_soon"), (0, "lapsed")])
    def test_sweeps_tell_once(self, days_left, kind):
        store = world.store()
        end = approved(store)
        world.move_clock(store, end - days_left * DAY)
        assert at_once(services.process_due, 4)[:3] == ["(0, 0)"] * 3
        assert kinds().count(f"qualification.{kind}") == 1


class TestTheEndOfAStanding:
    def test_is_seen_on_read_to_the_second(self, store):
        end = approved(store)
        require_open(store, end - dt.timedelta(microseconds=1))
        with pytest.raises(Problem) as refused:
            require_open(store, end)
        assert refused.value.code is Code.QUALIFICATION_REQUIRED
        assert refused.value.evidence["state"] == "lapsed"
        seen = get_qualification_summary(store, end + DAY)
        assert (seen.standing, seen.since) == (S.LAPSED, end)

    def test_is_written_by_the_sweep_once(self, store):
        end = approved(store)
        at = end + DAY
        assert services.process_due(store=store, at=end - dt.timedelta(seconds=1)) == (1, 0)
        assert services.process_due(store=store, at=at) == (0, 1)
        assert services.process_due(store=store, at=at) == (0, 0)
        row = Qualification.objects.get()
        assert (row.state, row.since, row.due_at) == (S.LAPSED, end, None)
        assert kinds().count("qualification.lapsed") == 1
        assert LedgerEntry.objects.filter(kind="qualification.lapse").count() == 1

    def test_can_t_be_kept_without_its_next_instant(self, store):
        with pytest.raises(IntegrityError), transaction.atomic():
            put(store, S.OPEN, valid_until=END, due_at=None)


class TestTheNotices:
    def test_come_60_30_and_7_days_ahead_each_once(self, store):
        end = approved(store)
        for days_left in range(64, 0, -1):
            services.process_due(store=store, at=end - days_left * DAY)
            services.process_due(store=store, at=end - days_left * DAY)
        assert notices() == [60, 30, 7]

    def test_follow_the_clock_of_a_sandbox_store(self, store):
        """By the sweep over every store, as the worker runs it."""
        end = approved(store)
        world.move_clock(store, end - 60 * DAY - dt.timedelta(minutes=1))
        assert services.process_due() == (0, 0)
        for days_left, told in ((60, [60]), (45, [60]), (30, [60, 30]), (7, [60, 30, 7])):
            world.move_clock(store, end - days_left * DAY)
            services.process_due()
            assert notices() == told
        world.move_clock(store, end)
        assert services.process_due() == (0, 1)

    def test_never_come_in_a_burst(self, store):
        end = approved(store)
        world.move_clock(store, end - 5 * DAY)
        assert services.process_due() == (1, 0)
        assert services.process_due() == (0, 0)
        assert notices() == [7]

    def test_begin_anew_for_a_new_end(self, store):
        end = approved(store)
        services.process_due(store=store, at=end - 5 * DAY)
        put(store, S.IN_REVIEW)
        services.advance(store=store, event=E.APPROVE, by="user:1", now=end)
        services.process_due(store=store, at=end + 305 * DAY)
        assert notices() == [7, 60]

    def test_leave_other_stores_alone(self, store):
        end = approved(store)
        other = world.store(sandbox=False)
        put(other, S.OPEN, valid_until=clock.now() + 90 * DAY, due_at=clock.now() + 30 * DAY)
        world.move_clock(store, end - 60 * DAY)
        assert services.process_due() == (1, 0)
        assert services.process_due(store=other) == (0, 0)

    def test_reach_a_live_store_by_the_real_clock(self, store):
        live = world.store(sandbox=False)
        now = clock.now()
        put(live, S.OPEN, valid_until=now + 30 * DAY, due_at=now)
        assert services.process_due() == (1, 0)
        assert notices() == [30]

    def test_tell_the_owners_in_their_language_with_days_and_end(self, store):
        world.member(store, "owner", "alice@example.com")
        world.member(store, "manager", "mo@example.com")
        end = approved(store)
        emails.deliver_due()
        mail.outbox.clear()
        services.process_due(store=store, at=end - 30 * DAY)
        emails.deliver_due()
        (letter,) = mail.outbox
        assert letter.to == ["alice@example.com"]
        assert "30 天" in letter.subject
        assert "2027-11-23 16:00 (UTC+08:00)" in letter.body
        assert "/qualification/" in letter.body

    def test_are_not_sent_once_the_standing_was_renewed(self, store):
        world.member(store, "owner", "alice@example.com")
        end = approved(store)
        services.process_due(store=store, at=end - 30 * DAY)
        put(store, S.OPEN, valid_until=end + DAY, due_at=end)
        emails.deliver_due()
        assert [m.subject for m in mail.outbox] == [f"{store.name} 已开通大额回购订单"]

    def test_cost_three_queries_when_nothing_is_due(self, store):
        approved(store)
        with CaptureQueriesContext(connection) as seen:
            assert services.process_due() == (0, 0)
        assert (
            len([q for q in seen if "SAVEPOINT" not in q["sql"]]) == 3
        )  # clock, furthest offset, what is due
