"""The corner table holds, and docs/corners.md tells it as it is."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest
from corner import backward_twice
from corners import corners, derivatives, find, is_there, primitives, smooth

import agx as ag
from agx._engine.graph import registry

for part in ["agx.fft", *(["agx.special"] if importlib.util.find_spec("scipy") else [])]:
    importlib.import_module(part)
ROOT = Path(__file__).parents[1]
ROWS = [pytest.param(row, id=row.key) for row in corners()]


@pytest.fixture
def there(row):
    if not is_there(row):
        pytest.skip("needs SciPy")


def same(found, expected, dtype):
    """The same zeros, infinities and NaN; other numbers but for their last digits."""
    assert found.dtype == dtype
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-14 if dtype is np.float64 else 1e-6, atol=0)


def each(expected, found):
    """What is expected, one for each of ``found``."""
    return expected if len(found) > 1 else (expected,) * len(found)


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("row", ROWS)
def test_derivatives(row):
    value, first, second = derivatives(row)
    same(value, row.value, row.dtype)
    for found, expected in zip(first, each(row.gradient, first), strict=True):
        same(found, expected, row.dtype)
    for found, expected in zip(second, each(row.second, second), strict=True):
        same(found, expected, row.dtype)


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("row", ROWS)
def test_backward(row):
    leaves = [ag.Tensor(a) for a in row.arguments()]
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        out = row.function(find)(*leaves)
        total = out.sum()
    total.backward()  # a warning would be an error
    assert out.dtype == row.dtype
    for leaf, expected in zip(leaves, each(row.gradient, leaves), strict=True):
        same(leaf.grad, expected, row.dtype)


def along(row, i, k):
    """Forward mode: how much the sum of the result grows with element ``k`` of argument ``i``."""
    points = row.arguments()
    tangents = [np.zeros_like(a) for a in points]
    tangents[i].flat[k] = 1
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        return ag.jvp(lambda *xs: row.function(find)(*xs).sum(), points, tuple(tangents))[1]


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("row", ROWS)
def test_forward_mode(row):
    """The tangent of what has no slope may stay 0 where a cotangent becomes NaN."""
    points = row.arguments()
    for i, expected in enumerate(each(row.gradient, points)):
        slopes = np.ravel(np.asarray(expected, row.dtype))
        found = np.array([along(row, i, k) for k in range(points[i].size)], row.dtype)
        found[np.isnan(slopes) & (found == 0)] = np.nan
        same(found, slopes, row.dtype)


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0].second is not None])
def test_hessian_times_ones(row):
    points = row.arguments()

    def total(xs):
        return row.function(find)(*xs).sum()

    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        found = ag.hvp(total)(list(points), [np.ones_like(a) for a in points])
    for one, expected in zip(found, each(row.second, points), strict=True):
        same(one, expected, row.dtype)


def test_leaves_add_up_what_intermediates_start_afresh():
    assert backward_twice(ag.Tensor) == 24


def test_cases_are_told_apart():
    keys = [row.key for row in corners()]
    assert len(keys) == len(set(keys))


def test_every_primitive_has_a_corner_or_a_reason_to_have_none():
    pytest.importorskip("scipy")
    reached = set().union(*map(primitives, corners()))
    named = " ".join(smooth.values()).split()
    assert len(named) == len(set(named))
    assert set(registry) - reached == set(named)


def test_the_page_is_up_to_date():
    pytest.importorskip("scipy")
    source, page = ROOT / "tools" / "make_corners.py", ROOT / "docs" / "corners.md"
    if not source.exists() or not page.exists():
        pytest.skip("not in a source tree")
    spec = importlib.util.spec_from_file_location("make_corners", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert page.read_text(encoding="utf-8") == module.page()
