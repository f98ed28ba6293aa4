"""From the proforma to the completion over the API (R-78, R-79, R-91): rows, repeats, refusals,
the ERP's name."""

import datetime as dt

import pytest

from diagnostics.models import LedgerEntry
from eligibility.models import PartyQuestion
from marketplace import clock
from marketplace.models import StockClaim
from outbox.models import Event
from repurchase.deadlines import sweep
from repurchase.fulfilment.services import erp_connection, proforma_invoices, releases
from repurchase.models import ErpConnection, ErpProduct, Payment, Release
from tests import world
from tests.repurchase import paid
from tests.repurchase.listed import listed
from tests.repurchase.sealing import confirmed
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db
NOBODYS = {"rows": [{"order": "BR-00000000-0001"}]}


@pytest.fixture
def erp(client, store):
    return Caller(client, store, "read", "write")


def rows(batch, **fields):
    return {"rows": [{"order": ref} | fields for ref in refs(batch)]}


def refs(batch) -> list[str]:
    return list(batch.orders.order_by("position").values_list("ref", flat=True))


def told(kind: str) -> list[str]:
    return [
        ref
        for event in Event.objects.filter(type=kind).order_by("seq")
        for ref in event.data["orders"]
    ]


class TestAProforma:
    def test_tells_what_is_owed_before_its_pdf_is_made_and_the_same_after(self, erp, store):
        batch = confirmed(store)
        before = erp.get(f"batches/{batch.ref}/proformas/").json()["results"][0]
        proforma_invoices.issue(batch.proformas.get().pk)
        after = erp.get(f"batches/{batch.ref}/proformas/").json()["results"][0]
        assert (before["issued_at"], before["pdf"]) == (None, "")
        assert before["totals"] == after["totals"]
        assert after["totals"][0]["orders"] == batch.orders.count()


class TestADifference:
    def test_is_settled_and_told(self, erp, store):
        batch = paid.invoiced(store)
        ref, other, *_ = refs(batch)
        rows = [
            {"order": ref, "amount": "5964.75", "currency": "USD", "reference": "TT-0001"},
            {"order": other, "amount": "6000.00", "currency": "USD", "reference": "TT-0002"},
        ]
        answer = erp.post("payments/", {"rows": rows}).json()
        assert (answer["recorded"], answer["paid"], answer["overpaid"]) == (2, [other], [other])
        account = erp.get(f"orders/{other}/payments/").json()
        assert (account["overpaid"]["amount"], account["outstanding"]["amount"]) == (
            "20.25",
            "0.00",
        )

        said = {"amount": "15.00", "reason": "the bank kept it"}
        problem(
            erp.post(f"orders/{ref}/difference/", said | {"amount": "1.00"}),
            422,
            "DIFFERENCE_NOT_STATED",
        )
        account = erp.post(f"orders/{ref}/difference/", said, Idempotency_Key="d-1").json()
        assert (account["status"], account["settled"]["amount"]) == ("paid", "15.00")
        assert [(p["kind"], p["reference"], p["reason"]) for p in account["payments"]] == [
            ("received", "TT-0001", ""),
            ("difference", "", "the bank kept it"),
        ]
        assert erp.post(f"orders/{ref}/difference/", said, Idempotency_Key="d-1").json() == account
        released = erp.post(f"orders/{ref}/release/", {})
        assert released.json()["order"]["status"] == "released", released.content


class TestAPayment:
    def test_is_recorded_row_by_row_and_taken_back(self, erp, store):
        batch = paid.invoiced(store)
        paper = erp.get(f"batches/{batch.ref}/proformas/").json()["results"][0]
        assert paper["totals"][0]["total"] == {"amount": "29898.75", "currency": "USD"}
        pdf = erp.client.get(paper["pdf"], headers=erp.headers)
        assert pdf.content.startswith(b"%PDF-")

        sent = rows(
            batch,
            amount="5979.75",
            currency="USD",
            reference="T-1",
            received_at="2026-11-22T08:00:00Z",
        )
        sent["rows"][1] |= {"amount": "59797.50", "key": "mine"}
        answer = erp.post("payments/", sent).json()
        assert (answer["recorded"], len(answer["paid"])) == (4, 4)
        assert [(e["key"], e["pointer"], e["code"]) for e in answer["errors"]] == [
            ("mine", "#/rows/1", "PAYMENT_TOO_MUCH")
        ]
        assert erp.post("payments/", sent).json()["known"] == 4

        last = rows(batch, amount="0.01", currency="USD", reference="T-9")
        once, twice = (erp.post("payments/", last, Idempotency_Key="p-1").json() for _ in range(2))
        assert once == twice
        problem(erp.post("payments/", sent, Idempotency_Key="p-1"), 422, "IDEMPOTENCY_KEY_REUSED")

        account = erp.get(f"orders/{refs(batch)[0]}/payments/").json()
        assert (account["status"], account["outstanding"]["amount"]) == ("paid", "0.00")
        back = erp.post(f"payments/{account['payments'][0]['id']}/reverse/", {"why": "bounced"})
        assert (back.json()["status"], back.json()["reversed_why"]) == (
            "awaiting_payment",
            "bounced",
        )
        problem(
            erp.post(f"payments/{account['payments'][0]['id']}/reverse/", {"why": "x"}),
            409,
            "PAYMENT_FINAL",
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"amount": 5979.75},
            {"amount": ""},
            {"currency": "usd"},
            {"reference": ""},
            {"received_at": "soon"},
            {"price": 1},
        ],
    )
    def test_that_is_malformed_is_refused_as_a_whole(self, erp, store, change):
        batch = paid.invoiced(store)
        row = {"amount": "1.00", "currency": "USD", "reference": "x"} | change
        if change == {"amount": 5979.75}:
            assert (
                erp.post("payments/", rows(batch, **row)).status_code == 200
            )  # a number is read as its digits
            return
        problem(erp.post("payments/", rows(batch, **row)), 422, "INPUT_INVALID")
        assert not Payment.objects.exists()


class TestARelease:
    def test_that_is_refused_by_the_lists_is_held_back_under_a_key_too(self, erp, store):
        batch = paid.invoiced(store)
        paid.pay(batch)
        batch.buyer.name = "Sample Buyer"
        batch.buyer.save()
        listed("SAMPLE BUYER")
        url = f"orders/{refs(batch)[0]}/release/"
        for _ in range(2):
            problem(erp.post(url, Idempotency_Key="r-1"), 422, "PARTY_SCREENED_OUT")
        assert batch.orders.filter(held_at__isnull=False).count() == 1
        assert PartyQuestion.objects.exists()
        assert LedgerEntry.objects.filter(kind="orders.held_back").exists()

    def test_happens_at_once_when_asked_for_and_only_once(self, erp, store):
        batch = paid.invoiced(store)
        url = f"orders/{refs(batch)[0]}/release/"
        problem(erp.post(url), 409, "ORDER_NOT_PAID")
        paid.pay(batch)
        assert erp.post(url).json()["order"]["status"] == "released"
        problem(erp.post(url), 409, "ORDER_NOT_PAID")

    def test_is_acknowledged_shipped_and_completed(self, erp, store):
        erp_connection.connect(store=store, name="mango", version="5.3", by="user:1")
        batch = paid.released(store)
        waiting = erp.get("releases/", state="open").json()["results"]
        assert {row["order"] for row in waiting} == set(refs(batch))
        assert {(row["erp"], row["status"]) for row in waiting} == {("mango", "released")}

        assert (
            erp.post("releases/acknowledgements/", rows(batch, erp_number="M-1")).json()["taken"]
            == 5
        )
        again = erp.post("releases/acknowledgements/", rows(batch)).json()
        assert (again["taken"], again["known"]) == (0, 5)
        other = erp.post("releases/acknowledgements/", rows(batch, erp_number="M-2")).json()
        assert {e["code"] for e in other["errors"]} == {"STATE_CONFLICT"}

        at = clock.now(store).isoformat()
        early = erp.post("completions/", rows(batch, at=at)).json()
        assert {e["code"] for e in early["errors"]} == {"STATE_CONFLICT"}
        shipped = rows(batch, at=at, carrier="Cainiao", tracking="LP-1")
        assert erp.post("shipments/", shipped).json()["taken"] == 5
        assert erp.post("shipments/", shipped).json()["known"] == 5
        assert erp.post("completions/", rows(batch, at=at, as_ordered=True)).json()["taken"] == 5
        done = erp.get("releases/", state="completed").json()["results"][0]
        assert (done["carrier"], done["tracking"], done["as_ordered"], done["status"]) == (
            "Cainiao",
            "LP-1",
            True,
            "completed",
        )
        for kind in (
            "order.shipped",
            "order.completed",
            "release.announced",
            "release.acknowledged",
        ):
            assert sorted(told(kind)) == refs(batch), kind

    @pytest.mark.parametrize("shift", [dt.timedelta(hours=-1), dt.timedelta(hours=1)])
    def test_was_not_shipped_before_it_or_in_the_future(self, erp, store, shift):
        batch = paid.released(store)
        at = (clock.now(store) + shift).isoformat()
        answer = erp.post("shipments/", rows(batch, at=at, carrier="C", tracking="T")).json()
        assert {e["code"] for e in answer["errors"]} == {"INPUT_INVALID"}
        assert set(batch.orders.values_list("status", flat=True)) == {"released"}

    def test_gives_the_reservation_back_with_the_shipment(self, erp, store):
        batch = paid.released(store)
        held = StockClaim.objects.get(released_at=None)
        first, *rest = refs(batch)
        at = clock.now(store).isoformat()
        one = {"rows": [{"order": first, "at": at, "carrier": "C", "tracking": "T"}]}
        erp.post("shipments/", one)
        erp.post("shipments/", one)
        held.refresh_from_db()
        assert (held.quantity, held.released_at) == (2000, None)
        erp.post(
            "shipments/",
            {"rows": [{"order": ref, "at": at, "carrier": "C", "tracking": "T"} for ref in rest]},
        )
        assert not StockClaim.objects.filter(released_at=None).exists()

    def test_that_nobody_acknowledges_is_announced_again_later_and_later(self, erp, store):
        erp_connection.connect(store=store, name="mabang", version="1", by="user:1")
        paid.released(store)
        for minutes, announced in ((0, 0), (15, 5), (15, 0), (15, 5)):
            world.move_clock(store, clock.now(store) + dt.timedelta(minutes=minutes))
            assert sweep.run_sweep(store=store).announced_again == announced
        assert set(Release.objects.values_list("announcements", flat=True)) == {3}

    def test_stays_with_the_erp_that_got_it(self, erp, store):
        erp_connection.connect(store=store, name="mabang", version="1", by="user:1")
        batch = paid.released(store)
        erp_connection.connect(store=store, name="mango", version="6", by="user:1")
        assert set(batch.orders.values_list("release__erp__product__code", flat=True)) == {"mabang"}

    def test_waits_while_the_erp_is_too_old(self, erp, store):
        """The platform may raise a minimum after a store was connected."""
        erp_connection.connect(store=store, name="mango", version="5.3", by="user:1")
        ErpProduct.objects.filter(code="mango").update(minimum_version="6.0")
        batch = paid.invoiced(store)
        paid.pay(batch)
        problem(erp.post(f"orders/{refs(batch)[0]}/release/"), 409, "ERP_VERSION_TOO_OLD")
        world.move_clock(store, clock.now(store) + dt.timedelta(minutes=10))
        assert sweep.run_sweep(store=store).released_orders == 0
        erp_connection.connect(store=store, name="mango", version="6.0", by="user:1")
        assert sweep.run_sweep(store=store).released_orders == 5


class TestTheErp:
    @pytest.mark.parametrize(
        ("name", "version", "code"),
        [
            ("mango", "5.2", "ERP_VERSION_TOO_OLD"),
            ("芒果店长", "5.2.9", "ERP_VERSION_TOO_OLD"),
            ("mango", "new", "INPUT_INVALID"),
            ("sap", "1", "ERP_UNKNOWN"),
        ],
    )
    def test_is_refused_with_its_code(self, erp, store, name, version, code):
        answer = erp.client.put(
            "/api/v1/erp/",
            {"name": name, "version": version},
            content_type="application/json",
            headers=erp.headers,
        )
        assert answer.json()["code"] == code
        assert not ErpConnection.objects.exists()

    @pytest.mark.parametrize(
        ("name", "version"),
        [("mango", "5.3"), ("芒果店长", "V5.10"), ("马帮", "1"), ("dianxiaomi", "2024.11")],
    )
    def test_is_connected_by_code_or_name(self, erp, store, name, version):
        answer = erp.client.put(
            "/api/v1/erp/",
            {"name": name, "version": version},
            content_type="application/json",
            headers=erp.headers,
        )
        assert answer.json()["connected"]
        assert erp.get("erp/").json()["version"] == version.removeprefix("V")

    def test_of_another_make_is_a_row_in_the_administration(self, erp, store, client):
        client.force_login(world.user(is_staff=True, is_superuser=True))
        client.post(
            "/admin/repurchase/erpproduct/add/",
            {"code": "acme", "name": "Acme ERP", "minimum_version": "2.1", "active": "on"},
        )
        headers = erp.headers | {"X-ERP-Client": "acme/2.0.9"}
        problem(client.get("/api/v1/erp/", headers=headers), 409, "ERP_VERSION_TOO_OLD")
        said = erp.post("releases/acknowledgements/", NOBODYS, X_ERP_Client="acme/2.1")
        assert said.status_code == 200
        assert erp.get("erp/").json()["code"] == "acme"

    def test_names_itself_in_its_calls(self, erp, store):
        def call(client: str):
            return erp.post("releases/acknowledgements/", NOBODYS, X_ERP_Client=client)

        def version() -> str:
            return erp.get("erp/").json()["version"]

        problem(call("mango/5.2"), 409, "ERP_VERSION_TOO_OLD")
        problem(call("mango"), 422, "INPUT_INVALID")
        problem(call("nobody/1"), 422, "ERP_UNKNOWN")
        assert (call("mango/5.3").status_code, version()) == (200, "5.3")
        assert (call("mango/5.4").status_code, version()) == (200, "5.4")
        problem(call("mabang/1"), 409, "ERP_NOT_CONNECTED")
        assert ErpConnection.objects.filter(ended_at=None).count() == 1

    def test_connects_nothing_by_a_call_that_only_looks(self, client, erp, store):
        erp_connection.connect(
            store=store, name="dianxiaomi", version="1.0", by="x", simulated=True
        )
        reader, operator = Caller(client, store, "read"), Caller(client, store, role="operator")
        for method in ("GET", "HEAD", "OPTIONS"):
            for caller in (reader, erp):
                headers = caller.headers | {"X-ERP-Client": "mabang/3"}
                assert client.generic(method, "/api/v1/releases/", headers=headers).status_code in (
                    200,
                    405,
                )
        dry = reader.post("screenings/", {"order_ids": ["1"]}, X_ERP_Client="mabang/3")
        problem(dry, 422, "ORDER_UNKNOWN")
        problem(
            operator.post("batches/", {"order_ids": ["1"]}, X_ERP_Client="mabang/3"),
            422,
            "ORDER_UNKNOWN",
        )
        assert str(ErpConnection.objects.get().product.code) == "dianxiaomi"

    def test_is_refused_when_it_is_not_the_stores_also_where_nothing_is_written(
        self, client, store
    ):
        erp_connection.connect(store=store, name="mango", version="5.3", by="x")
        reader = Caller(client, store, "read")
        for client_named, code in (
            ("mabang/1", "ERP_NOT_CONNECTED"),
            ("mango/5.2", "ERP_VERSION_TOO_OLD"),
        ):
            headers = reader.headers | {"X-ERP-Client": client_named}
            problem(client.get("/api/v1/releases/", headers=headers), 409, code)

    def test_takes_the_place_of_a_simulated_one(self, erp, store):
        erp_connection.connect(
            store=store, name="dianxiaomi", version="1.0", by="x", simulated=True
        )
        erp.post("releases/acknowledgements/", NOBODYS, X_ERP_Client="mabang/3")
        assert str(ErpConnection.objects.get(ended_at=None)) == "马帮 3"

    def test_gets_nothing_of_a_key_that_only_reads(self, client, store):
        reader = Caller(client, store, "read")
        batch = paid.invoiced(store)
        for path in ("payments/", "shipments/", "completions/", "releases/acknowledgements/"):
            problem(reader.post(path, rows(batch)), 403, "SCOPE_MISSING")
        problem(reader.post(f"orders/{refs(batch)[0]}/release/"), 403, "SCOPE_MISSING")


class TestAReleaseOfAnotherStore:
    def test_is_unknown_here(self, erp, store):
        other = world.store()
        other.clock_offset = store.clock_offset
        other.save()
        batch = paid.invoiced(other)
        paid.pay(batch)
        releases.release(store=other, orders=batch.orders.all(), by="x", at=clock.now(other))
        at = clock.now(store).isoformat()
        for path, fields in (
            ("payments/", {"amount": "1.00", "currency": "USD", "reference": "x"}),
            ("releases/acknowledgements/", {}),
            ("shipments/", {"at": at, "carrier": "C", "tracking": "T"}),
            ("completions/", {"at": at}),
        ):
            answer = erp.post(path, rows(batch, **fields)).json()
            assert {e["code"] for e in answer["errors"]} == {"ORDER_UNKNOWN"}, path
        assert erp.get("releases/").json()["results"] == []
