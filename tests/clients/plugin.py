"""What the suites of other packages run with: agx in place of autograd, and numbers written down.

``AGX_CLIENT`` is "agx" or "autograd"; ``AGX_CLIENT_NUMBERS`` names the file for what ``record`` was given.
"""

import json
import os
import random
import sys
import types

import numpy as np
import pytest

for pair in os.environ.get("AGX_CLIENT_NUMPY", "").split():  # names that NumPy 2 has dropped
    old, new = pair.split("=")
    setattr(np, old, getattr(np, new))

if os.environ.get("AGX_CLIENT") == "agx":
    import agx.compat.autograd

    agx.compat.autograd.install()

for name in os.environ.get("AGX_CLIENT_STANDINS", "").split():
    sys.modules[name] = types.ModuleType(name)  # imported by a suite for its other backends

NUMBERS: dict[str, list[list[float]]] = {}


np.random.seed(42)  # noqa: NPY002 - for data that a suite makes when it is imported


@pytest.fixture(autouse=True)
def _seeded():
    """Make what tests draw at random the same in both runs."""
    random.seed(42)
    np.random.seed(42)  # noqa: NPY002


@pytest.fixture
def record(request):
    """Write numbers down under the name of the test, to be compared between the two runs."""
    kept = NUMBERS.setdefault(request.node.name, [])

    def write(**numbers):
        for value in numbers.values():
            array = np.asarray(value)
            kept.append([float(v) for part in (array.real, array.imag) for v in part.ravel()])

    return write


def pytest_sessionfinish():
    where = os.environ.get("AGX_CLIENT_NUMBERS")
    if where:
        with open(where, "w", encoding="utf-8") as file:
            json.dump(NUMBERS, file)
