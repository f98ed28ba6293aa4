"""The pages from the proforma to the completion, as members with and without the right see and use
them."""

import datetime as dt
import io

import pytest
import xlsxwriter

from marketplace import clock
from marketplace.models import StockClaim
from outbox.emails import RENDERERS
from outbox.models import Letter
from repurchase.fulfilment.services import payment_import, payments, shipments
from repurchase.models import ErpConnection, Payment, PaymentSource, Release
from tests import world
from tests.repurchase import paid
from tests.repurchase.paid import invoiced, pay, receipt

pytestmark = pytest.mark.django_db
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture
def owner(client, alice):
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


class TestThePaymentsPage:
    def test_says_what_is_owed_and_takes_one_transfer_for_all(self, owner, store):
        batch = invoiced(store)
        paper = batch.proformas.get()
        page = text(owner.get("/payments/"))
        assert paper.number in page
        assert "USD 29,898.75" in page
        owner.post(
            f"/payments/proformas/{paper.pk}/",
            {
                "currency": "USD",
                "amount": "29,898.75",
                "reference": "SWIFT-1",
                "received_on": "2026-11-20",
            },
        )
        assert set(batch.orders.values_list("status", flat=True)) == {"paid"}
        payment = Payment.objects.first()
        # midnight in Shanghai
        assert payment.received_at == dt.datetime(2026, 11, 19, 16, tzinfo=dt.UTC)
        assert (payment.source, payment.recorded_by[:5]) == ("member", "user:")

    def test_refuses_an_inexact_transfer_and_keeps_nothing(self, owner, store):
        batch = invoiced(store)
        answer = owner.post(
            f"/payments/proformas/{batch.proformas.get().pk}/",
            {"currency": "USD", "amount": "29898.74", "reference": "SWIFT-1"},
        )
        assert answer.status_code == 422
        assert "PAYMENT_INEXACT" in text(answer)
        assert "record it again with the reason" in text(answer)
        assert not Payment.objects.exists()

    def test_takes_a_transfer_back_with_a_reason(self, owner, store):
        batch = invoiced(store)
        payments.record(
            store=store,
            receipts=[receipt(o) for o in batch.orders.all()],
            source=PaymentSource.MEMBER,
            by="user:1",
        )
        url = f"/payments/{Payment.objects.first().pk}/reverse/"
        assert owner.post(url, {"why": "", "transfer": "yes"}).status_code == 422
        owner.post(url, {"why": "another customer's", "transfer": "yes"})
        assert Payment.objects.filter(reversed_why="another customer's").count() == 5
        assert "another customer" in text(owner.get("/payments/"))

    def test_calls_unpaid_orders_off_and_frees_their_stock(self, owner, store):
        batch = invoiced(store)
        first = batch.orders.order_by("position").first()
        payments.record(
            store=store, receipts=[receipt(first, "1.00")], source=PaymentSource.MEMBER, by="user:1"
        )
        url = f"/payments/proformas/{batch.proformas.get().pk}/call-off/"
        assert owner.post(url, {"why": ""}).status_code == 422
        owner.post(url, {"why": "never paid"})
        states = list(batch.orders.order_by("position").values_list("status", flat=True))
        assert states == ["awaiting_payment", *["cancelled"] * 4]
        assert StockClaim.objects.get(released_at=None).quantity == 500
        assert Letter.objects.filter(kind="repurchase.called_off").count() == 1
        assert RENDERERS["repurchase.called_off"](
            Letter.objects.get(kind="repurchase.called_off").subjects
        )
        assert owner.post(url, {"why": "again"}).status_code == 409

    def test_does_not_redirect_off_the_site(self, owner, store):
        batch = invoiced(store)
        pay(batch)
        url = f"/payments/{Payment.objects.first().pk}/reverse/"
        answer = owner.post(url, {"why": "x", "next": "https://evil.example/"})
        assert answer["Location"] == "/payments/"

    def test_changes_the_terms_with_a_buyer(self, owner, store):
        buyer = world.buyer(store)
        owner.post(
            "/payments/terms/", {"buyer": buyer.pk, "open_account": "yes", "reason": "ten years"}
        )
        assert "on open account" in text(owner.get("/payments/"))
        owner.post("/payments/terms/", {"pay_to": "Account 1\r\nBank 2"})
        store.refresh_from_db()
        assert store.pay_to == "Account 1\nBank 2"

    def test_shows_an_operator_everything_and_lets_them_change_nothing(self, client, store, bob):
        batch = invoiced(store)
        pay(batch)
        client.force_login(bob)
        assert client.get("/payments/").status_code == 200
        order = batch.orders.first()
        for url, body in (
            ("/payments/", {}),
            ("/payments/terms/", {"pay_to": "x"}),
            (f"/payments/proformas/{batch.proformas.get().pk}/", {"amount": "1"}),
            (f"/payments/{Payment.objects.first().pk}/reverse/", {"why": "x"}),
            (f"/orders/{order.ref}/payment/", {"amount": "1"}),
            (f"/orders/{order.ref}/release/", {}),
            ("/erp/", {"erp": "mango", "version": "5.3"}),
        ):
            assert client.post(url, body).status_code == 403, url
        assert not Release.objects.exists()


def csv(*rows: str) -> io.BytesIO:
    file = io.BytesIO(
        "\n".join(["order,amount,currency,reference,received_at", *rows, ""]).encode()
    )
    file.name = "bank.csv"
    return file


def workbook(rows: list[list[str]]) -> io.BytesIO:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    for n, row in enumerate([["order", "amount", "currency", "reference", "received_at"], *rows]):
        sheet.write_row(n, 0, row)
    book.close()
    file.seek(0)
    file.name = "bank.xlsx"
    return file


class TestADifference:
    def test_is_settled_on_the_order_s_page(self, owner, store):
        order = invoiced(store).orders.first()
        url = f"/orders/{order.ref}/"
        assert "Settle the difference" not in text(owner.get(url))
        owner.post(f"{url}payment/", {"amount": "5,964.75", "reference": "TT-0001"})
        assert "Settle the difference" in text(owner.get(url))
        owner.cookies["django_language"] = "zh-hans"
        assert "差额 (USD)" in text(owner.get(url))  # 变化, a change, is what a price list has
        owner.post(f"{url}difference/", {"amount": "15.00", "reason": "the bank kept it"})
        page = text(owner.get(url))
        assert "the bank kept it" in page
        order.refresh_from_db()
        assert order.status == "paid"

    def test_is_settled_by_nobody_without_the_right(self, client, store, bob):
        order = invoiced(store).orders.first()
        client.force_login(bob)
        said = {"amount": "15.00", "reason": "x"}
        assert client.post(f"/orders/{order.ref}/difference/", said).status_code == 403

    def test_of_one_transfer_is_settled_with_it(self, owner, store):
        batch = invoiced(store)
        sent = {
            "currency": "USD",
            "amount": "29883.75",
            "reference": "TT-1",
            "difference": "bank fee",
        }
        owner.post(f"/payments/proformas/{batch.proformas.get().pk}/", sent)
        assert set(batch.orders.values_list("status", flat=True)) == {"paid"}

    def test_is_taken_back_alone_where_the_whole_transfer_is_ticked(self, owner, store):
        """It has no reference: by none, every difference of the proforma was taken back."""
        batch = invoiced(store)
        for order in batch.orders.order_by("position")[:2]:
            owner.post(
                f"/orders/{order.ref}/payment/", {"amount": "5,964.75", "reference": order.ref}
            )
            owner.post(
                f"/orders/{order.ref}/difference/",
                {"amount": "15.00", "reason": "the bank kept it"},
            )
        first, second = Payment.objects.filter(kind="difference").order_by("order__position")
        owner.post(f"/payments/{first.pk}/reverse/", {"why": "it came", "transfer": "yes"})
        standing = Payment.objects.filter(reversed_at=None)
        assert standing.filter(kind="received").count() == 2
        assert standing.get(kind="difference") == second

    def test_beyond_the_total_stands_on_the_page(self, owner, store):
        order = invoiced(store).orders.first()
        owner.post(f"/orders/{order.ref}/payment/", {"amount": "6000", "reference": "TT-0002"})
        assert "20.25" in text(owner.get("/payments/"))
        assert "Overpaid" in text(owner.get(f"/orders/{order.ref}/"))


class TestAFileOfPayments:
    def test_is_taken_row_by_row(self, owner, store):
        batch = invoiced(store)
        first, second, third, *_ = batch.orders.order_by("position")
        rows = [
            f"{first.ref},5979.75,USD,B-1,2026-11-22",
            f"{second.ref},59797.50,USD,B-1,2026-11-22",
            "BR-NOWHERE,1.00,USD,B-1,",
            f"{third.ref},1.00,USD,B-1,yesterday",
            f"{third.ref},1.00,USD",
            f"{third.ref},10.00,USD,B-1,",
        ]
        page = text(owner.post("/payments/", {"file": csv(*rows)}))
        for code in ("PAYMENT_TOO_MUCH", "ORDER_UNKNOWN", "INPUT_INVALID"):
            assert code in page
        assert Payment.objects.count() == 2
        again = text(owner.post("/payments/", {"file": csv(*rows)}))
        assert "Stood already" in again
        assert Payment.objects.count() == 2

    def test_may_be_a_spreadsheet(self, owner, store):
        batch = invoiced(store)
        order = batch.orders.first()
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file, {"in_memory": True})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["reference", "order", "amount", "currency", "remark"])
        sheet.write_row(1, 0, ["B-7", order.ref, 5979.75, "USD", "thanks"])
        book.close()
        file.seek(0)
        file.name = "bank.xlsx"
        owner.post("/payments/", {"file": file})
        order.refresh_from_db()
        assert order.status == "paid"

    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_of_one_row_too_many_is_refused_whole(self, owner, store, form):
        """`bug_payment_20001_rows`: the last row of a spreadsheet vanished."""
        order = invoiced(store).orders.first()
        rows = [[f"BR-NONE{n:05}-0001", "1.00", "USD", f"T{n}", ""] for n in range(20_000)]
        rows.append([order.ref, "5979.75", "USD", "LOST-1", ""])
        file = csv(*(",".join(row) for row in rows)) if form == "csv" else workbook(rows)
        answer = owner.post("/payments/", {"file": file})
        assert answer.status_code == 422
        assert "20001" in text(answer)
        assert not Payment.objects.exists()

    def test_of_as_many_rows_as_are_taken_tells_of_each(self, store):
        order = invoiced(store).orders.first()
        rows = [[f"BR-NONE{n:05}-0001", "1.00", "USD", f"T{n}", ""] for n in range(19_999)]
        rows.append([order.ref, "5979.75", "USD", "LAST-1", ""])
        data = workbook(rows).read()
        found = payment_import.import_file(
            store=store, data=data, name="bank.xlsx", by="command:import_payments"
        )
        assert (found.recorded, found.known, len(found.refused)) == (1, 0, 19_999)
        assert found.paid == [order.ref]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"%PDF-1.7 and so on", "FILE_NOT_CSV"),
            (b"PK\x03\x04 no zip at all", "FILE_NOT_CSV"),
            (b"order,amount\nx,1\n", "FILE_COLUMNS_MISSING"),
            (b"", "FILE_NOT_CSV"),
            (b"order,amount,currency,reference\n\xff\xfe,1,USD,x\n", "FILE_ENCODING"),
            (b"x" * (10 * 2**20 + 1), "INPUT_INVALID"),
        ],
        ids=["pdf", "zip", "columns", "empty", "bytes", "size"],
    )
    def test_that_is_none_is_refused_with_its_code(self, owner, store, content, code):
        file = io.BytesIO(content)
        file.name = "bank.csv"
        answer = owner.post("/payments/", {"file": file})
        assert answer.status_code == 422
        assert code in text(answer)


class TestTheBatchPage:
    def test_shows_the_proforma_and_how_far_the_orders_are(self, owner, store):
        batch = invoiced(store)
        page = text(owner.get(f"/batches/{batch.ref}/"))
        assert f"{batch.ref}-PI1" in page
        assert "Record payment" in page
        paper = batch.proformas.get()
        assert owner.get(f"/batches/{batch.ref}/proformas/{paper.pk}.pdf").content.startswith(
            b"%PDF-"
        )

    def test_reads_a_constant_number_of_times(self, owner, store, django_assert_max_num_queries):
        batch = paid.released(store, orders=8)
        with django_assert_max_num_queries(60):
            owner.get(f"/batches/{batch.ref}/")


class TestTheOrderPage:
    def test_follows_an_order_from_the_payment_to_the_completion(self, owner, store):
        batch = invoiced(store)
        order = batch.orders.first()
        url = f"/orders/{order.ref}/"
        owner.post(f"{url}payment/", {"amount": "79.75", "reference": "deposit"})
        assert "USD 5,900.00" in text(owner.get(url))
        owner.post(f"{url}payment/", {"amount": "5900.00", "reference": "rest"})
        assert "Release now" in text(owner.get(url))
        owner.post(f"{url}release/")
        assert "no ERP; taken from the XML" in text(owner.get(url))
        now = clock.now(store)
        shipments.ship(
            store=store,
            by="key:1",
            rows=[
                shipments.OrderShipment(
                    key="", order=order.ref, at=now, carrier="Cainiao", tracking="LP-1"
                )
            ],
        )
        shipments.complete(
            store=store,
            by="key:1",
            rows=[shipments.OrderCompletion(key="", order=order.ref, at=now, as_ordered=True)],
        )
        page = text(owner.get(url))
        assert "LP-1" in page
        assert "as ordered" in page


class TestTheErpPage:
    def test_connects_a_version_that_suffices_only(self, owner, store):
        answer = owner.post("/erp/", {"erp": "mango", "version": "5.2"})
        assert answer.status_code == 409
        assert "ERP_VERSION_TOO_OLD" in text(answer)
        owner.post("/erp/", {"erp": "mango", "version": "V5.3"})
        assert str(ErpConnection.objects.get()) == "芒果店长 5.3"
        assert "芒果店长 5.3" in text(owner.get("/erp/"))
        owner.post("/erp/", {"act": "disconnect"})
        assert not ErpConnection.objects.filter(ended_at=None).exists()

    def test_lists_releases_by_state(self, owner, store):
        batch = paid.released(store)
        assert batch.orders.first().ref in text(owner.get("/erp/?state=open"))
        assert "No released order here" in text(owner.get("/erp/?state=shipped"))
