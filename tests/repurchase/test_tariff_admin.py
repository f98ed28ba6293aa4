"""Editing a tariff in the admin makes a new version and shows the open plans that it would
touch."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation

from diagnostics import problem_texts
from marketplace import clock
from marketplace.calendar import platform_day
from marketplace.mirror import taxes
from marketplace.models import Category, CommissionRate, PolicyValue, RateCard, TaxRate
from repurchase.batches.services import batches, price_lock
from repurchase.models import OrderFee
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans(store):
    """Two plans of the same goods to Germany: the first one is locked."""
    _, orders = world.repeatable(store, orders=6)
    numbers = [order.number for order in orders]
    made = [
        run(batches.create(store=store, numbers=some, by="user:1"))
        for some in (numbers[:3], numbers[3:])
    ]
    price_lock.lock_and_invite(batch=made[0], by="user:1")
    return made


@pytest.fixture
def staff(client):
    client.force_login(world.user(is_staff=True, is_superuser=True))
    return client


def tomorrow() -> dt.date:
    return platform_day(clock.now()) + dt.timedelta(days=1)


def path_of(row) -> str:
    return f"/admin/marketplace/{row._meta.model_name}/{row.pk}/change/"


def test_an_ended_tariff_shows_a_dash_for_its_rate():
    day, goods = dt.date(2024, 1, 1), Category(name_en="Toys")
    assert str(CommissionRate(category=goods, valid_from=day)) == f"{goods} — (2024-01-01)"
    assert str(TaxRate(country="DE", category="all", valid_from=day)) == "DE all — (2024-01-01)"


class TestAnEdit:
    def edit(self, staff, plans, day):
        old = CommissionRate.objects.first()
        fees = list(OrderFee.objects.order_by("pk").values())
        answer = staff.post(
            path_of(old), {"rate": "0.06", "valid_from": day.isoformat(), "source": "contract 7"}
        )
        assert list(OrderFee.objects.order_by("pk").values()) == fees
        return old, answer

    def test_is_a_new_version_and_the_old_row_stays(self, staff, plans):
        old, answer = self.edit(staff, plans, tomorrow())
        assert answer.status_code == 302
        first, second = old.versions()
        assert (first.pk, first.rate, first.valid_from) == (old.pk, old.rate, old.valid_from)
        assert first.valid_until == second.valid_from == tomorrow()
        assert (second.rate, second.valid_until, second.source) == (
            Decimal("0.06"),
            None,
            "contract 7",
        )

    @pytest.mark.parametrize(("days", "status"), [(-1, 302), (0, 302), (1, 200)])
    def test_leaves_no_gap_after_a_tariff_that_ends(self, staff, plans, days, status):
        end = tomorrow() + dt.timedelta(days=5)
        CommissionRate.objects.update(valid_until=end)
        _, answer = self.edit(staff, plans, end + dt.timedelta(days=days))
        assert answer.status_code == status

    @pytest.mark.parametrize("days", [-1, -2, -400])
    def test_can_t_begin_before_tomorrow(self, staff, plans, days):
        old, answer = self.edit(staff, plans, tomorrow() + dt.timedelta(days=days))
        assert answer.status_code == 200
        assert old.versions().count() == 1

    def test_can_t_begin_where_another_does(self, staff, plans):
        self.edit(staff, plans, tomorrow())
        old, answer = self.edit(staff, plans, tomorrow())
        assert answer.status_code == 200
        assert old.versions().count() == 2

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_can_t_be_a_deletion(self, staff, plans, method):
        row = CommissionRate.objects.first()
        assert getattr(staff, method)(path_of(row).replace("change", "delete")).status_code == 403


class TestThePlansItWouldTouch:
    @pytest.mark.parametrize("model", [TaxRate, RateCard])
    def test_are_the_open_ones_never_a_locked_one(self, staff, plans, model):
        page = staff.get(path_of(model.objects.filter(country="DE").first())).content.decode()
        assert plans[1].ref in page
        assert plans[0].ref not in page

    def test_are_those_with_goods_of_the_category(self, staff, plans):
        lines = plans[1].orders.first().lines
        touched = CommissionRate.objects.get(category=lines.first().sku.category)
        assert plans[1].ref in staff.get(path_of(touched)).content.decode()
        other = world.commission(world.category(None), "0.08")
        assert plans[1].ref not in staff.get(path_of(other)).content.decode()

    def test_are_none_for_another_destination(self, staff, plans):
        page = staff.get(path_of(world.tax("FR", "0.20"))).content.decode()
        assert plans[1].ref not in page

    def test_are_not_those_of_a_territory(self, staff, plans):
        page = staff.get(path_of(world.tax("DE", "0", region="DE-78266"))).content.decode()
        assert plans[1].ref not in page


def test_a_policy_value_is_edited_by_a_new_one(staff, plans):
    old = PolicyValue.objects.create(
        name="payment_fee_rate", value="0.007", valid_from=world.NOW, reason="x"
    )
    assert plans[1].ref in staff.get(path_of(old)).content.decode()
    at = world.NOW + dt.timedelta(days=400)
    body = {
        "value": "0.008",
        "valid_from_0": at.date().isoformat(),
        "valid_from_1": "12:00:00",
        "reason": "y",
    }
    staff.post(path_of(old), body)
    assert list(PolicyValue.objects.order_by("valid_from").values_list("value", flat=True)) == [
        "0.007",
        "0.008",
    ]


class TestAPolicyValue:
    PATH = "/admin/marketplace/policyvalue/add/"

    def test_is_chosen_by_what_it_means_with_its_unit(self, staff):
        page = staff.get(self.PATH, headers={"Accept-Language": "zh-hans"}).content.decode()
        assert "纠纷率上限 · dispute_rate_max (比例)" in page

    @pytest.mark.parametrize("value", ["-1", "73.5", "a", "9999999"])
    def test_outside_of_its_bounds_is_refused_with_them(self, staff, value):
        row = {
            "name": "lock_hours",
            "value": value,
            "valid_from_0": "2030-01-01",
            "valid_from_1": "00:00",
            "reason": "r",
        }
        page = staff.post(self.PATH, row, headers={"Accept-Language": "en"})
        assert "A number from 1 to 8760" in page.content.decode()
        assert not PolicyValue.objects.filter(name="lock_hours").exists()


class TestTaxesByDestination:
    @pytest.fixture
    def page(self, staff):
        return lambda: staff.get("/admin/marketplace/taxrate/states/")

    def test_are_a_table_with_a_state(self, page, django_assert_max_num_queries):
        taxes.load_tax_rates()
        world.lane("BR")
        rows = {row.country: row for row in page().context["rows"]}
        assert len(rows) == 249
        assert [rows[code].state for code in ("BR", "DE")] == ["unknown", "known"]
        assert next(iter(rows)) == "BR"  # a carrier reaches it
        with django_assert_max_num_queries(12):
            page()

    def test_that_are_not_known_are_entered_by_the_platforms_staff_from_any_day_on(
        self, page, staff, store
    ):
        assert "?country=BR" in page().content.decode()
        form = {
            "country": "BR",
            "region": "",
            "category": "S",
            "rate": "0.17",
            "source": "Lei",
            "valid_from": "2020-01-01",
        }
        assert (
            staff.post("/admin/marketplace/taxrate/add/", form | {"source": ""}).status_code == 200
        )
        assert not TaxRate.objects.filter(country="BR").exists()
        assert staff.post("/admin/marketplace/taxrate/add/", form).status_code == 302
        row = TaxRate.objects.get(country="BR")
        assert (row.rate, row.source, row.valid_from) == (
            Decimal("0.17"),
            "Lei",
            dt.date(2020, 1, 1),
        )
        assert (
            staff.post(
                "/admin/marketplace/taxrate/add/", form | {"valid_from": "2021-01-01"}
            ).status_code
            == 200
        )
        later = form | {"valid_from": tomorrow().isoformat(), "rate": "0.18"}
        assert staff.post("/admin/marketplace/taxrate/add/", later).status_code == 302
        assert list(
            TaxRate.objects.filter(country="BR")
            .order_by("valid_from")
            .values_list("rate", flat=True)
        ) == [Decimal("0.17"), Decimal("0.18")]

    def test_are_shown_to_staff_with_that_duty_only(self, client):
        client.force_login(world.user(is_staff=True))
        assert client.get("/admin/marketplace/taxrate/states/").status_code == 403

    def test_that_are_not_known_are_said_so_where_an_order_stops(self):
        with translation.override("en"):
            unknown = problem_texts.describe(
                "TAX_CODE_MISSING", {"country": "BR", "missing": "rate"}
            )
            unregistered = problem_texts.describe(
                "TAX_CODE_MISSING", {"country": "DE", "missing": "registration"}
            )
        assert unknown.cause == "Tax not known for BR."
        assert "registration is missing" in unregistered.cause
