import pytest

from marketplace import clock
from tests import world


@pytest.fixture
def store(db):
    """A sandbox store whose clock stands at the world's NOW, whatever the day of the test."""
    made = world.store()
    made.clock_offset = world.NOW - clock.now()
    made.save()
    return made
