"""R-15 in a renegotiation: customised services are shown to both, ticked by the buyer, and else
left out."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from marketplace.models import StockClaim
from pricing import signing
from pricing.models import Lock, Renegotiation, Sealing, Signature, SigningCode
from pricing.services import agreement_sealing
from pricing.services.renegotiation import current_offer
from repurchase.confirmation.queries.offer_amounts import load_lot_orders, price_proposal
from repurchase.confirmation.queries.order_totals import (
    BuyerSelection,
    SelectionTotals,
    total_offered_selection,
)
from repurchase.models import LineService, OrderFee, RepeatOrder
from tests.repurchase import services, talking
from tests.repurchase.services import TEXT, last
from tests.repurchase.test_verifying import judged

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(store, alice) -> Renegotiation:
    """A lot at 1.5 % less, with one service asked of the second line of its last order."""
    found = talking.moved(services.locked(store))
    talking.offer(found, user=alice)
    return found


def weighed(found: Renegotiation, **ticks) -> SelectionTotals:
    lot = load_lot_orders(Lock.objects.get(pk=found.lock_id))
    return total_offered_selection(
        lot, price_proposal(lot, current_offer(found).proposal), BuyerSelection(**ticks)
    )


def sign(found: Renegotiation, **ticks) -> bool:
    return talking.sign_as_buyer(
        found, ticks=BuyerSelection(**ticks), shown=weighed(found, **ticks).digest
    )


def batch(found: Renegotiation):
    return found.lock.store.batches.get(ref=found.lock.subject)


class TestATickedService:
    @pytest.mark.parametrize("ticked", ["each", "all"])
    def test_is_confirmed_with_its_lines_at_the_new_price(self, found, alice, ticked):
        ticks = {"every_service": True} if ticked == "all" else {"services": services.ids()}
        offered = current_offer(found).total_minor
        assert weighed(found, **ticks).sums[0].total.minor == offered
        talking.sign_as_seller(found, alice)
        assert sign(found, **ticks)
        assert LineService.objects.get().confirmed_at is not None
        order = last(batch(found))
        assert (order.status, order.lines.filter(outcome="planned").count()) == (
            "awaiting_payment",
            3,
        )
        assert sum(o.total_minor for o in RepeatOrder.objects.all()) == offered


class TestAServiceThatIsNotTicked:
    def test_takes_its_line_along_and_lowers_the_total(self, found, alice):
        whole, left = weighed(found, every_service=True), weighed(found)
        assert left.leaving == 1
        assert left.sums[0].total < whole.sums[0].total
        talking.sign_as_seller(found, alice)
        assert sign(found)
        order = last(batch(found))
        assert [line.outcome for line in order.lines.order_by("line_no")] == [
            "planned",
            "excluded",
            "planned",
        ]
        assert order.codes == [str(Code.CUSTOM_SERVICE_UNCONFIRMED)]
        # USD 100.00 and 23.31, 1.5 % less, and the freight that was agreed for the order
        assert (order.goods_minor, order.freight_minor) == (9_850 + 2_296, 1_999)
        assert order.fees_minor == sum(
            fee.amount_minor for fee in OrderFee.objects.filter(order=order)
        )
        assert sum(o.total_minor for o in RepeatOrder.objects.all()) == left.sums[0].total.minor
        assert LineService.objects.get().confirmed_at is None

    def test_gives_its_pieces_back(self, found, alice):
        sku = last(batch(found)).lines.get(line_no=2).sku
        talking.sign_as_seller(found, alice)
        assert sign(found)
        assert not StockClaim.objects.filter(sku=sku, released_at=None).exists()

    def test_counts_the_same_whoever_signs_last(self, found, alice):
        left = weighed(found)
        assert not sign(found)
        assert talking.sign_as_seller(found, alice)
        assert sum(o.total_minor for o in RepeatOrder.objects.all()) == left.sums[0].total.minor
        assert LineService.objects.get().confirmed_at is None

    def test_takes_the_order_along_where_it_needs_every_line(self, store, alice):
        found = talking.moved(services.locked(store, note="[service] gift wrap"))
        talking.offer(found, user=alice)
        talking.sign_as_seller(found, alice)
        assert sign(found)
        order = last(batch(found))
        assert (order.status, order.total_minor) == ("declined", 0)
        assert RepeatOrder.objects.filter(status="awaiting_payment").count() == 5

    def test_stands_in_the_sealed_agreement_as_left_out(self, found, alice):
        talking.sign_as_seller(found, alice)
        assert sign(found)
        pdf = agreement_sealing.content_of(agreement_sealing.seal(Sealing.objects.get().pk))
        verdict = judged(pdf)
        assert verdict.ok, verdict.checks
        (told,) = verdict.agreement["services"]
        assert (told["text"], told["confirmed"], told["line"]) == (TEXT, False, 2)
        assert verdict.agreement["totals"][0]["total_minor"] == sum(
            o.total_minor for o in RepeatOrder.objects.filter(status="awaiting_payment")
        )


class TestTheSignature:
    def test_is_bound_to_the_total_that_was_shown(self, found):
        with pytest.raises(Exception, match="TERMS_CHANGED"):
            talking.sign_as_buyer(
                found, ticks=BuyerSelection(), shown=weighed(found, every_service=True).digest
            )
        with pytest.raises(Exception, match="TERMS_CHANGED"):
            talking.sign_as_buyer(
                found, code=signing.code_of(_code()), ticks=BuyerSelection(), shown=""
            )
        assert not Signature.objects.exists()

    def test_keeps_what_was_confirmed_as_digests_and_tells_the_ledger(self, found):
        sign(found, services=services.ids())
        (told,) = Signature.objects.get().particulars["services"]
        assert (told["order"], told["line"], told["confirmed"]) == (last(batch(found)).ref, 2, True)
        assert TEXT not in json.dumps(Signature.objects.get().particulars)
        entry = LedgerEntry.objects.get(kind="services.confirmed")
        assert (entry.facts["confirmed"], entry.facts["unconfirmed"]) == (1, 0)

    def test_refuses_a_tick_of_what_is_not_asked(self, found):
        with pytest.raises(Exception, match="INPUT_INVALID"):
            talking.sign_as_buyer(found, ticks=BuyerSelection(services=[10**9]), shown="")

    def test_from_before_services_were_asked_took_them_all(self, found, alice):
        sign(found)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE pricing_signature DISABLE TRIGGER USER")
            cursor.execute("UPDATE pricing_signature SET particulars = '{}'")
            cursor.execute("ALTER TABLE pricing_signature ENABLE TRIGGER USER")
        assert talking.sign_as_seller(found, alice)
        assert LineService.objects.get().confirmed_at is not None


class TestTheDatabase:
    def test_lets_no_order_go_below_the_signed_price_that_left_no_service_out(self, found, alice):
        """The whole of the lot is agreed; an order whose service was confirmed gets the signed
        price and no other."""
        talking.sign_as_seller(found, alice)
        assert not Signature.objects.filter(side="buyer").exists()
        sign(found, every_service=True)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT left_a_service_out(%s, %s)", [found.lock_id, last(batch(found)).ref]
            )
            assert cursor.fetchone() == (False,)

    def test_knows_the_order_whose_service_was_left_out(self, found, alice):
        talking.sign_as_seller(found, alice)
        sign(found)
        refs = [last(batch(found)).ref, batch(found).orders.order_by("position").first().ref]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT left_a_service_out(%s, r) FROM unnest(%s) r", [found.lock_id, refs]
            )
            assert cursor.fetchall() == [(True,), (False,)]
        with pytest.raises(DatabaseError, match="PRICE_LOCKED"), transaction.atomic():
            RepeatOrder.objects.filter(ref=refs[0]).update(total_minor=1)


class TestTheBuyersPage:
    @pytest.fixture
    def path(self, found):
        return f"/b/{signing.token_of(talking.grant(found))}/"

    def act(self, client, path, found, **fields):
        body = {"digest": current_offer(found).digest, "consent": "yes"} | fields
        return client.post(f"{path}renegotiations/{found.pk}/", body)

    def test_shows_the_services_before_a_code_is_asked_for_and_ticks_them_with_the_signature(
        self, client, path, found, alice
    ):
        talking.sign_as_seller(found, alice)
        first = client.get(path).content.decode()
        assert TEXT in first
        assert self.act(client, path, found, act="code").status_code == 302
        page = client.get(path).content.decode()
        assert 'name="every_service"' in page
        assert weighed(found).digest in page
        code = signing.code_of(_code())
        refused = self.act(
            client,
            path,
            found,
            act="sign",
            code=code,
            name="Bea Buyer",
            shown=weighed(found).digest,
            services=str(services.ids()[0]),
        )
        shown = weighed(found, services=services.ids()).digest
        assert refused.status_code == 409
        assert shown in refused.content.decode()
        assert code in refused.content.decode()
        done = self.act(
            client,
            path,
            found,
            act="sign",
            code=code,
            name="Bea Buyer",
            shown=shown,
            services=str(services.ids()[0]),
        )
        assert done.status_code == 302
        assert LineService.objects.get().confirmed_at is not None

    def test_works_out_the_total_of_ticks_and_signs_nothing(self, client, path, found):
        self.act(client, path, found, act="code")
        page = self.act(client, path, found, act="total", every_service="yes", name="Bea")
        assert page.status_code == 200
        assert weighed(found, every_service=True).digest in page.content.decode()
        assert 'value="Bea"' in page.content.decode()
        assert not Signature.objects.exists()

    def test_shows_what_was_confirmed_and_not_the_whole_offer(self, client, path, found, alice):
        talking.sign_as_seller(found, alice)
        assert sign(found)
        page = client.get(path).content.decode()
        agreed = sum(o.total_minor for o in RepeatOrder.objects.all())
        assert agreed < current_offer(found).total_minor
        figure = page.partition("figure-value")[2].partition("</p>")[0]
        assert f"{agreed / 100:,.2f}" in figure

    def test_asks_in_the_form_of_open_lots_for_theirs_only(self, client, path, found):
        assert 'id="services-title"' not in client.get(path).content.decode()


class TestTheSellersPage:
    def test_shows_them_and_what_the_buyer_left_out(self, client, found, alice):
        client.force_login(alice)
        path = f"/renegotiations/{found.pk}/"
        page = client.get(path, follow=True).content.decode()
        assert TEXT in page
        sign(found)
        page = client.get(path, follow=True).content.decode()
        assert TEXT in page
        total = weighed(found).sums[0].total
        assert f"{total.amount:,.2f}" in page


def _code() -> SigningCode:
    return SigningCode.objects.order_by("-asked_at").first()
