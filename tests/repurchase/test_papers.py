"""Papers hold nothing up (F-19): rendered while no row is held, kept once, tried again later, told
when they fail."""

import csv
import io
from dataclasses import replace
from uuid import uuid4

import pikepdf
import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.db import connection

from diagnostics.models import LedgerEntry
from marketplace import clock
from marketplace.models import User
from outbox import document_jobs, emails
from outbox.models import Letter
from pricing import agreements, long_lists
from pricing.agreements import digest_of
from pricing.models import SealedAgreement, Sealing
from pricing.services import agreement_sealing
from repurchase.deadlines import sweep
from repurchase.fulfilment import proforma
from repurchase.fulfilment.queries import failed_documents as queries
from repurchase.fulfilment.services import (
    failed_documents,
    payments,
    proforma_invoices,
    unpaid_cancellation,
)
from repurchase.fulfilment.services import proforma_pdf as invoices
from repurchase.models import Proforma
from tests.pricing.test_agreements import AT, order, renegotiated
from tests.pricing.test_sealing import printed
from tests.repurchase import paid
from tests.repurchase.sealing import confirmed
from tests.repurchase.test_proformas import order as invoiced_order

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
ORDERS = 5000


def pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return len(file.pages)


def attached(pdf: bytes) -> dict[str, bytes]:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return {name: spec.get_file().read_bytes() for name, spec in file.attachments.items()}


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture
def broken(monkeypatch):
    """A proforma that can't be rendered, whatever else can."""
    monkeypatch.setattr(proforma_invoices, "pdf", lambda *_: 1 / 0)


def fail(batch, times: int = 1) -> Proforma:
    found = Proforma.objects.get(batch=batch)
    for _ in range(times):
        with pytest.raises(ZeroDivisionError):
            proforma_invoices.issue(found.pk)
    found.refresh_from_db()
    return found


class TestAPaperOfFiveThousandOrders:
    def test_is_a_summary_of_an_agreement_with_every_line_attached(self):
        orders = tuple(order(n) for n in range(1, ORDERS + 1))
        orders = tuple(
            replace(
                o, lines=tuple(replace(o.lines[0], no=n, sku=f"SKU-{o.ref}-{n}") for n in (1, 2, 3))
            )
            for o in orders
        )
        goods = tuple(
            agreements.AgreementGoods(sku=line.sku, title="=1+1")
            for o in orders
            for line in o.lines
        )
        left_out = tuple(f"BR-1-9{n:04d}" for n in range(2000))
        services = tuple(
            agreements.AgreementCustomisation(
                order=o.ref, line=1, text="logo " * 20, confirmed=True
            )
            for o in orders
        )
        big = renegotiated(orders=orders, goods=goods, left_out=left_out, services=services)
        pdf = printed(big)
        assert pages(pdf) <= 20
        found = attached(pdf)
        assert found["agreement.json"] == agreements.canonical_bytes(big)
        assert len(rows(found["orders.csv"])) == 1 + ORDERS
        lines = rows(found["lines.csv"])
        assert len(lines) == 1 + 3 * ORDERS
        assert lines[1] == [
            "BR-1-0001",
            "PO-1",
            "1",
            "SKU-BR-1-0001-1",
            "'=1+1",
            "10",
            "USD",
            "100.00",
            "102.00",
        ]

    def test_is_a_summary_of_a_proforma(self):
        orders = [
            invoiced_order(f"BR-1-{n:04d}", "USD", 11_900, 1_900) for n in range(1, ORDERS + 1)
        ]
        party = proforma.ProformaParty(
            name="A", address="B", numbers=[f"VAT {n}" for n in range(30)]
        )
        goods = [
            proforma.ProformaGoods(
                sku=f"S-{n}",
                title="T" * 80,
                hs_code="691110",
                origin="CN",
                currency="USD",
                quantity=1,
                total_minor=1,
            )
            for n in range(3000)
        ]
        paper = proforma.ProformaDocument(
            number="BR-1-PI1",
            batch="BR-1",
            issued_at=AT,
            confirmed_at=AT,
            open_account=False,
            pay_to="Bank\n" * 10,
            sandbox=True,
            seller=party,
            buyer=party,
            orders=orders,
            goods=goods,
        )
        pdf = invoices.pdf(
            paper, [("BR-1-0001", "PO", 1, "S", "T", "6911", "CN", 1, "USD", "1.00")]
        )
        assert pages(pdf) <= 20
        found = attached(pdf)
        assert set(found) == {"orders.csv", "lines.csv"}
        told = rows(found["orders.csv"])
        assert len(told) == 1 + ORDERS
        assert told[-1][0] == f"BR-1-{ORDERS:04d}"
        assert told[-1][-4:] == ["100.00", "0.00", "19.00", "119.00"]

    def test_prints_what_fits_whole(self):
        assert long_lists.PRINTED_ROWS < ORDERS
        few = [[str(n)] for n in range(long_lists.PRINTED_ROWS + 1)]
        column = long_lists.ListColumn(name="x", percent=100, cells=10)
        printed_rows = "\n".join(
            cell for block in long_lists.printed_blocks([column], few) for _, cell in block
        )
        assert printed_rows.split("\n") == [str(n) for n in range(long_lists.PRINTED_ROWS)]


@pytest.fixture
def own_files(settings, tmp_path):
    """A folder that no other test writes to."""
    default = settings.STORAGES["default"]
    options = default["OPTIONS"] | {"location": str(tmp_path)}
    settings.STORAGES = settings.STORAGES | {"default": default | {"OPTIONS": options}}


class TestAProforma:
    def test_has_every_line_attached(self, store):
        batch = confirmed(store)
        found = proforma_invoices.issue(Proforma.objects.get(batch=batch).pk)
        files = attached(proforma_invoices.read_pdf(found))
        assert [row[0] for row in rows(files["orders.csv"])[1:]] == [
            o.ref for o in batch.orders.order_by("position")
        ]
        assert sum(int(row[7]) for row in rows(files["lines.csv"])[1:]) == 2500

    def test_bills_nothing_that_was_called_off_before_it_was_printed(self, store):
        """Orders are payable before the PDF is there, so some may be called off before it is."""
        batch = confirmed(store)
        found = Proforma.objects.get(batch=batch)
        first, *_ = batch.orders.order_by("position")
        rows_paid = [paid.receipt(first)]
        payments.record(store=store, receipts=rows_paid, source="api", by="key:1")
        unpaid_cancellation.cancel_orders(store=store, proforma=found, why="x", by="user:1")
        made = proforma_invoices.issue(found.pk)
        files = attached(proforma_invoices.read_pdf(made))
        assert [row[0] for row in rows(files["orders.csv"])[1:]] == [first.ref]
        assert [row[0] for row in rows(files["lines.csv"])[1:]] == [first.ref]
        assert made.totals[0]["total_minor"] == first.total_minor

    @pytest.mark.parametrize("at", ["pdf", "list_billed_lines"])
    def test_is_rendered_anew_where_orders_were_called_off_meanwhile(self, store, monkeypatch, at):
        batch = confirmed(store)
        found = Proforma.objects.get(batch=batch)
        first, *_ = batch.orders.order_by("position")
        payments.record(store=store, receipts=[paid.receipt(first)], source="api", by="key:1")
        where = proforma_invoices if at == "pdf" else proforma_invoices.proforma_invoices
        make = getattr(where, at)

        def call_off_first(*arguments):
            monkeypatch.setattr(where, at, make)
            unpaid_cancellation.cancel_orders(store=store, proforma=found, why="x", by="user:1")
            return make(*arguments)

        monkeypatch.setattr(where, at, call_off_first)
        with pytest.raises(proforma_invoices.OrdersChanged):
            proforma_invoices.issue(found.pk)
        found.refresh_from_db()
        assert (found.issued_at, found.busy_until, found.file_key) == (None, None, "")
        assert not Letter.objects.filter(kind__startswith="repurchase.proforma").exists()
        assert not LedgerEntry.objects.filter(kind="proforma.issued").exists()
        Proforma.objects.update(rung_at=clock.now() - document_jobs.ENQUEUE_AGAIN_AFTER)
        assert proforma_invoices.enqueue_due(store=store) == 1
        made = proforma_invoices.issue(found.pk)
        files = attached(proforma_invoices.read_pdf(made))
        for name in ("orders.csv", "lines.csv"):
            assert [row[0] for row in rows(files[name])[1:]] == [first.ref]
        assert made.totals[0]["total_minor"] == first.total_minor

    def test_that_was_called_off_whole_reaches_nobody(self, store):
        found = Proforma.objects.get(batch=confirmed(store))
        unpaid_cancellation.cancel_orders(store=store, proforma=found, why="x", by="user:1")
        assert proforma_invoices.issue(found.pk).issued_at
        assert not Letter.objects.filter(kind__startswith="repurchase.proforma").exists()

    def test_is_rendered_while_no_row_is_held(self, store, monkeypatch):
        """A row lock would be a transaction: the guard in the renderer would refuse it."""
        batch = confirmed(store)
        seen = []
        drawn = proforma_invoices.proforma_invoices.drawn

        def look(*arguments, **named):
            seen.append([b for b in connection.atomic_blocks if not b._from_testcase])
            return drawn(*arguments, **named)

        monkeypatch.setattr(proforma_invoices.proforma_invoices, "drawn", look)
        assert proforma_invoices.issue(Proforma.objects.get(batch=batch).pk)
        assert seen == [[]]

    def test_in_other_hands_is_left_alone_until_the_lease_is_over(self, store):
        found = Proforma.objects.get(batch=confirmed(store))
        assert document_jobs.acquire_lease(Proforma, found.pk)
        assert proforma_invoices.issue(found.pk) is None
        assert proforma_invoices.enqueue_due(store=store) == 0
        Proforma.objects.update(
            busy_until=clock.now(), rung_at=clock.now() - document_jobs.ENQUEUE_AGAIN_AFTER * 2
        )
        assert proforma_invoices.enqueue_due(store=store) == 1
        assert proforma_invoices.issue(found.pk)

    def test_that_was_taken_over_is_thrown_away_by_who_was_late(
        self, own_files, store, monkeypatch
    ):
        found = Proforma.objects.get(batch=confirmed(store))
        pdf = proforma_invoices.pdf

        def slow(*arguments):
            made = pdf(*arguments)
            monkeypatch.setattr(proforma_invoices, "pdf", pdf)
            Proforma.objects.update(busy_until=clock.now())
            assert proforma_invoices.issue(found.pk)  # another worker
            return made

        monkeypatch.setattr(proforma_invoices, "pdf", slow)
        assert proforma_invoices.issue(found.pk) is None
        assert LedgerEntry.objects.filter(kind="proforma.issued").count() == 1
        assert Letter.objects.filter(kind="repurchase.proforma_buyer").count() == 1
        assert len(default_storage.listdir("proformas")[1]) == 1

    def test_that_can_t_be_kept_leaves_no_file(self, own_files, store, monkeypatch):
        found = Proforma.objects.get(batch=confirmed(store))
        monkeypatch.setattr(proforma_invoices.ledger, "record", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            proforma_invoices.issue(found.pk)
        assert default_storage.listdir("proformas")[1] == []
        found.refresh_from_db()
        assert (found.issued_at, found.busy_until) == (None, None)
        assert found.error.startswith("ZeroDivisionError")


class TestAPaperThatFails:
    def test_keeps_its_fault_and_is_tried_again_ever_later(self, store, broken):
        batch = confirmed(store)
        found = fail(batch)
        assert (found.tries, found.error) == (1, "ZeroDivisionError: division by zero")
        assert proforma_invoices.enqueue_due(store=store) == 0
        for tries, minutes in ((1, 2), (2, 4), (3, 8), (9, 60), (1000, 60)):
            wait = document_jobs.ENQUEUE_AGAIN_AFTER * minutes / 2
            Proforma.objects.update(
                tries=tries, rung_at=clock.now() - wait + document_jobs.ENQUEUE_AGAIN_AFTER / 2
            )
            assert proforma_invoices.enqueue_due(store=store) == 0, tries
            Proforma.objects.update(tries=tries, rung_at=clock.now() - wait)
            assert proforma_invoices.enqueue_due(store=store) == 1, tries

    def test_keeps_no_other_from_being_rung_again(self, store):
        """Fifty that fail and wait for their turn stood before all others, once."""
        batch = confirmed(store)
        mine = Proforma.objects.get()
        long_ago = clock.now() - document_jobs.LONGEST_WAIT / 2
        Proforma.objects.bulk_create(
            Proforma(
                store=store,
                batch=batch,
                occasion=uuid4(),
                number=f"X-{n}",
                open_account=False,
                asked_at=clock.now(),
                rung_at=long_ago,
                tries=500,
                error="x",
            )
            for n in range(document_jobs.ENQUEUED_PER_PASS + 10)
        )
        Proforma.objects.filter(pk=mine.pk).update(
            rung_at=clock.now() - document_jobs.ENQUEUE_AGAIN_AFTER
        )
        assert proforma_invoices.enqueue_due(store=store) == 1

    def test_holds_up_no_payment_and_no_seal(self, store, broken):
        batch = confirmed(store)
        fail(batch, 3)
        assert {o.status for o in batch.orders.all()} == {"awaiting_payment"}
        assert agreement_sealing.seal(Sealing.objects.get().pk)

    def test_alarms_the_staff_once(self, store, broken, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        User.objects.create_superuser("root@example.com", "a long password")
        batch = confirmed(store)
        fail(batch, 2)
        assert sweep.run_sweep().paper_alarms == 0
        fail(batch)
        assert [sweep.run_sweep().paper_alarms for _ in range(2)] == [1, 0]
        emails.deliver_due()
        (sent,) = [m for m in mail.outbox if m.to == ["root@example.com"]]
        assert f"{batch.ref}-PI1" in sent.body
        assert "ZeroDivisionError" in sent.body

    def test_alarms_where_no_worker_takes_it_up(self, store):
        batch = confirmed(store)
        assert failed_documents.alarm() == 0
        Proforma.objects.update(asked_at=clock.now(store) - queries.LATE_AFTER)
        assert failed_documents.alarm() == 1
        assert queries.count_failed_documents() == 1
        proforma_invoices.issue(Proforma.objects.get(batch=batch).pk)
        assert queries.count_failed_documents() == 0

    def test_is_told_by_readyz(self, store, broken, client):
        assert client.get("/readyz").json() | {"timers": 0, "broker": 0} == {
            "database": True,
            "broker": 0,
            "timers": 0,
            "papers": True,
            "failing_papers": 0,
            "seal": True,
            "rates": True,
        }
        fail(confirmed(store), 3)
        told = client.get("/readyz").json()
        assert (told["papers"], told["failing_papers"]) == (False, 1)

    def test_says_so_on_the_page_with_a_retry(self, store, broken, alice, client, monkeypatch):
        batch = confirmed(store)
        client.force_login(alice)
        address = f"/batches/{batch.ref}/"
        assert "could not be made" not in client.get(address, headers=EN).content.decode()
        fail(batch, 3)
        page = client.get(address, headers=EN).content.decode()
        assert "A PDF could not be made so far" in page
        assert "Make the papers now" in page
        monkeypatch.undo()
        page = client.post(
            f"{address}papers/", {"store": store.pk}, headers=EN, follow=True
        ).content.decode()
        assert "The papers are being made again" in page
        found = Proforma.objects.get(batch=batch)
        assert (found.tries, found.error, found.alarmed_at) == (0, "", None)
        assert proforma_invoices.issue(found.pk)
        agreement_sealing.seal(Sealing.objects.get().pk)
        page = client.post(
            f"{address}papers/", {"store": store.pk}, headers=EN, follow=True
        ).content.decode()
        assert "Every paper is made, or being made" in page

    def test_is_retried_by_who_may_settle_only(self, store, broken, bob, client):
        batch = confirmed(store)
        fail(batch)
        client.force_login(bob)
        assert (
            "Make the papers now"
            not in client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        )
        assert client.post(f"/batches/{batch.ref}/papers/", {"store": store.pk}).status_code in (
            403,
            404,
        )
        assert Proforma.objects.get().tries == 1


class TestASeal:
    def test_that_fails_is_kept_and_given_back(self, store, settings):
        confirmed(store)
        settings.SEAL_CERTIFICATE = ""
        with pytest.raises(Exception, match="SEAL_CERTIFICATE"):
            agreement_sealing.seal(Sealing.objects.get().pk)
        found = Sealing.objects.get()
        assert (found.tries, found.busy_until) == (1, None)
        assert "SEAL_CERTIFICATE names no PKCS#12 file" in found.error

    def test_binds_the_bytes_that_it_prints(self, store):
        confirmed(store)
        made = agreement_sealing.seal(Sealing.objects.get().pk)
        pdf = agreement_sealing.content_of(made)
        files = attached(pdf)
        assert digest_of(files["agreement.json"]) == made.digest
        assert set(files) == {"agreement.json", "terms-1.json", "orders.csv", "lines.csv"}
        assert SealedAgreement.objects.count() == 1
