"""Settings of every test."""

import points
import pytest
from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile("agx", deadline=None)
settings.load_profile("agx")


@pytest.fixture(autouse=True)
def _same_points():
    """Draw the same points in a test, whichever ran before it."""
    points.restart()
