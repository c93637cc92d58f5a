"""Settings of every test."""

import gc
import shutil

import points
import pytest
from hypothesis import settings

import agx as ag
from agx import runs
from agx._engine import hooks

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


@pytest.fixture(autouse=True)
def _no_old_hooks():
    """Let Tensors of earlier tests die: while any has a hook, no compiled function runs as a plan."""
    if hooks.hooked:
        gc.collect()


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


BROWSER_OPTIONS = """
    --headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A real browser without a window, which keeps what its console says."""
    webdriver = pytest.importorskip("selenium.webdriver")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not (program and driver):
        pytest.skip("Chromium and its driver are not installed (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for option in BROWSER_OPTIONS.split():
        options.add_argument(option)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('browser')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()
