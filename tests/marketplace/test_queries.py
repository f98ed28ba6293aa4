import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import SIMULATED, IndexClose
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
        assert latest_rates(world.NOW, store=world.store(sandbox=False), max_age_days=4).id == published.pk

    def test_as_a_close_is_for_sandboxes_only(self):
        made = world.index_close()
        IndexClose.objects.update(source=SIMULATED)
        assert latest_close("CRB", world.NOW, store=world.store()) == made
        assert latest_close("CRB", world.NOW, store=world.store(sandbox=False)) is None
