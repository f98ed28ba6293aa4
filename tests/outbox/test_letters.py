import datetime as dt

import pytest
from django.core import mail
from django.db import transaction

from outbox import emails
from outbox.models import Letter


@pytest.fixture
def kind(monkeypatch):
    monkeypatch.setitem(
        emails.RENDERERS,
        "test.hello",
        lambda subjects: emails.RenderedEmail(
            to=["anna@example.com"], subject="Hello", text=f"About {subjects['thing']}"
        ),
    )
    return "test.hello"


def write(kind: str, dedupe: str = "one", thing: int = 7) -> None:
    emails.write(kind=kind, store_id=1, dedupe=dedupe, thing=thing)


@pytest.mark.django_db
class TestALetter:
    def test_is_rendered_and_sent_after_it_was_written(self, kind):
        write(kind)
        assert mail.outbox == []
        assert emails.deliver_due() == 1
        assert [m.body for m in mail.outbox] == ["About 7"]

    def test_written_twice_for_the_same_event_is_one(self, kind):
        write(kind)
        write(kind)
        emails.deliver_due()
        emails.deliver_due()
        assert len(mail.outbox) == 1

    def test_is_gone_with_the_transaction_that_failed(self, kind):
        with transaction.atomic():
            write(kind)
            transaction.set_rollback(True)
        assert not Letter.objects.exists()

    def test_keeps_its_failure_and_is_tried_again_later(self, kind, monkeypatch):
        write(kind, "bad", thing=0)
        monkeypatch.setitem(emails.RENDERERS, kind, lambda subjects: 1 / subjects["thing"])
        assert emails.deliver_due() == 0
        letter = Letter.objects.get()
        assert letter.attempts == 1
        assert "ZeroDivisionError" in letter.last_error
        assert letter.next_try_at - letter.written_at >= dt.timedelta(seconds=4)

    def test_that_fails_does_not_hold_up_the_others(self, kind, monkeypatch):
        monkeypatch.setitem(emails.RENDERERS, "test.bad", lambda subjects: 1 / 0)
        write("test.bad", "bad")
        write(kind, "good")
        assert emails.deliver_due() == 1

    def test_carries_a_stable_id(self, kind):
        write(kind)
        emails.deliver_due()
        assert (
            mail.outbox[0].extra_headers["Message-ID"]
            == f"<{Letter.objects.get().pk}@bulk-repeat-order>"
        )

    def test_with_nothing_left_to_tell_is_settled_unsent(self, monkeypatch):
        monkeypatch.setitem(emails.RENDERERS, "test.none", lambda subjects: None)
        write("test.none")
        emails.deliver_due()
        assert mail.outbox == []
        assert Letter.objects.get().sent_at is not None
