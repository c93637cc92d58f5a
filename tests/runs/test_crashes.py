"""What a crash leaves of a run: it goes on to the bit, and its last good file survives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CRASHING = Path(__file__).parents[1] / "crashing.py"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no fork and no SIGKILL")


@pytest.mark.slow
def test_a_run_that_is_killed_ends_as_one_that_is_not(tmp_path):
    """Weights, history and state are equal byte for byte after 25 kills; ``make crash`` has 1,000."""
    environment = {**os.environ, "PYTHONPATH": str(CRASHING.parent)}
    done = subprocess.run(
        [sys.executable, str(CRASHING), "25", str(tmp_path)], env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["kills"] >= 25 and summary["torn"] > 0
