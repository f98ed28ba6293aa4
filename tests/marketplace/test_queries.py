import datetime as dt

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility.queries import gate_facts, limits_of
from marketplace import policy
from marketplace.models import SIMULATED, IndexClose, PastOrder
from marketplace.queries import latest_close, latest_rates
from tests import world

pytestmark = pytest.mark.django_db


class TestWhatIsSimulated:
    """A live store never takes it, a sandbox store does."""

    def test_as_a_rate_is_for_sandboxes_only(self):
        made = world.rates(source=SIMULATED)
        assert latest_rates(world.NOW, store=world.store(), max_age_days=4).id == made.pk
        with pytest.raises(Problem) as refused:
            latest_rates(world.NOW, store=world.store(sandbox=False), max_age_days=4)
        assert refused.value.code is Code.FX_RATE_STALE

    def test_as_a_rate_does_not_hide_a_published_one(self):
        published = world.rates()
        world.rates(source=SIMULATED)
        assert (
            latest_rates(world.NOW, store=world.store(sandbox=False), max_age_days=4).id
            == published.pk
        )

    def test_as_a_close_is_for_sandboxes_only(self):
        made = world.index_close()
        IndexClose.objects.update(source=SIMULATED)
        assert latest_close("CRB", world.NOW, store=world.store()) == made
        assert latest_close("CRB", world.NOW, store=world.store(sandbox=False)) is None


class TestTurnoverInDollars:
    """R-25 by what a live store may take: never by what is simulated, and by the last good rate
    where one waits."""

    @pytest.fixture
    def gmv(self):
        def of(store, currency: str = "CNY") -> tuple[int, int]:
            buyer = world.buyer(store)
            order = world.past_order(
                store, buyer, [(world.sku(store), 10, 78_000)], currency=currency
            )
            PastOrder.objects.filter(pk=order.pk).update(completed_at=world.NOW)
            limits = limits_of(policy.in_force(world.NOW))
            facts = gate_facts(store=store, buyers=[buyer], limits=limits, now=world.NOW)[buyer.pk]
            return facts.gmv_usd_minor, facts.orders_without_rate

        return of

    def test_of_a_live_store_is_never_worked_out_by_simulated_rates(self, gmv):
        world.rates(source=SIMULATED, CNY="1.10")
        assert gmv(world.store(sandbox=False)) == (0, 1)
        world.rates(CNY="7.80", published_on=world.TODAY - dt.timedelta(days=1))
        assert gmv(world.store(sandbox=False)) == (gmv(world.store(sandbox=False))[0], 0)
        live, sandbox = gmv(world.store(sandbox=False))[0], gmv(world.store())[0]
        assert 0 < live * 7 < sandbox

    def test_goes_by_the_last_rate_of_the_currency_where_a_day_lacks_it(self, gmv):
        world.rates(published_on=world.TODAY - dt.timedelta(days=1))
        world.rates().rates.filter(currency="CNY").delete()
        assert gmv(world.store(sandbox=False))[1] == 0
