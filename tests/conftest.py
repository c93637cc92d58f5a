"""Settings of every test."""

import gc

import points
import pytest
from hypothesis import settings

import agx as ag
from agx import runs

# A busy machine is slow, not wrong.
settings.register_profile("agx", deadline=None)
settings.load_profile("agx")


def pytest_collection_finish():
    """Spare the collector the thousands of tests, which live as long as it does."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _same_points():
    """Draw the same points in a test, whichever ran before it."""
    points.restart()


@pytest.fixture
def without_pictures(monkeypatch):
    """Spare runs of ``agx train`` their pictures, which take longer than all else."""
    monkeypatch.setattr(runs.RunFolder, "save_pictures", lambda *_: [])


@pytest.fixture
def use_threads():
    """Use as many threads as it is called with, until the test ends."""
    before = ag.get_num_threads()
    yield ag.set_num_threads
    ag.set_num_threads(before)
