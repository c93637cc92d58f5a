"""A short campaign: kernels give what NumPy gives, whatever arrays they are called with."""

import ast
from pathlib import Path

import numpy as np
import pytest

from agx import _kernels
from agx._kernels import machine
from agx._runtime.threads import blas
from fuzzing import campaign as engine
from fuzzing import kernels
from fuzzing.arrays import LAYOUTS, Drawn, Guard
from fuzzing.campaign import Report, Trial

#: What of the stubs takes no arrays to compute with.
NO_KERNELS = ("machine",)
#: What is left to NumPy where there are no vector instructions.
OF_VECTORS = {"exp", "matmul", "plan_forward", "plan_input_gradient", "plan_weight_gradient"}
STUBS = Path(_kernels.__file__).parent


def functions_of_arrays():
    """The names that the stubs say take an ``ndarray``, or an object that may be one, and give arrays."""
    for part in _kernels.PARTS:
        if part in NO_KERNELS:
            continue
        for node in ast.parse((STUBS / f"{part}.pyi").read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "team" in {a.arg for a in node.args.args}:
                yield node.name


def test_every_kernel_that_threads_share_is_called():
    names = set(functions_of_arrays())
    assert len(names) > 30
    assert names <= kernels.covered() | set(kernels.OTHERS)
    assert not kernels.covered() & set(kernels.OTHERS)


@pytest.mark.parametrize("group", engine.KERNELS, ids=lambda group: group[0])
def test_strange_arrays(group):
    report = kernels.campaign(600, seed=1, names=group)
    assert not report.findings, report
    assert set(group) - set(report.calls) <= (set() if blas() else {"forward", "weight_gradient"})
    few = {name for name in report.calls if report.taken[name] < report.calls[name] / 50}
    assert few <= (set() if machine.has_tiles() else OF_VECTORS), report


@pytest.mark.parametrize(
    "group", [("relu",), ("softmax",), ("plan_forward",)], ids=lambda group: group[0]
)
def test_several_callers_at_the_same_time(group):
    report = kernels.campaign(800, seed=2, callers=4, names=group)
    assert not report.findings, report


def test_what_is_drawn_is_the_same_again():
    first, again = (Drawn([3, 1]).array((4, 5), np.dtype("f4")) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("lay", LAYOUTS, ids=lambda lay: lay.__name__)
@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3), (0, 4), (3, 0), (2, 3, 4)])
def test_a_layout_keeps_shape_and_dtype(lay, shape):
    x = np.arange(np.prod(shape), dtype="f8").reshape(shape)
    out = lay(x.copy())
    assert out.shape == shape and out.dtype.newbyteorder("=") == x.dtype
    if lay.__name__ not in ("one_number", "overlapping"):
        np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize(
    ("found", "fine"),
    [
        ([1.0, np.nan, np.inf], True),
        ([1.0 + 1e-9, np.nan, np.inf], True),
        ([1.1, np.nan, np.inf], False),
        ([1.0, 2.0, np.inf], False),
        ([1.0, np.nan, -np.inf], False),
        ([np.nan, np.nan, np.inf], False),
        ([1.0], False),
    ],
)
def test_a_wrong_result_is_found(found, fine):
    report, wanted = Report(), np.array([1.0, np.nan, np.inf])
    trial = Trial(lambda team: np.array(found), lambda: wanted, 1e-6, 1e-6)
    engine.try_one("a", trial, [(None, 1)], report, "draw")
    assert bool(report.findings) != fine


def test_an_error_is_found():
    report = Report()
    engine.try_one("a", Trial(lambda team: 1 / 0, lambda: None), [(None, 1)], report, "draw 1, 2")
    assert "ZeroDivisionError" in report.findings[0] and "draw 1, 2" in str(report)


def test_a_number_beyond_an_array_is_found():
    guard = Guard(np.zeros(3))
    assert guard.holds()
    guard.memory[guard.SIDE + 3] = 0
    assert not guard.holds()
