import pytest

from tests import world


@pytest.fixture
def store(db):
    """A sandbox store whose clock stands at the world's NOW."""
    made = world.store()
    world.move_clock(made, world.NOW)
    return made
