"""The corner table holds, and docs/corners.md tells it as it is."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from corners import Corner, corners

import agx as ag

ROOT = Path(__file__).parents[1]
ROWS = [pytest.param(row, id=row.key) for row in corners()]


def lookup(name):
    found = getattr(ag, name, None) or getattr(getattr(ag, "linalg", None), name, None)
    if found is None:
        pytest.skip(f"agx has no {name} yet")
    return found


def same(found, expected, dtype):
    """Exactly the same: zeros, infinities and NaN as they are, other numbers but for their last digits."""
    expected = np.asarray(expected, np.float64)
    rtol = 1e-14 if dtype is np.float64 else 1e-6
    np.testing.assert_allclose(found, np.broadcast_to(expected, np.shape(found)), rtol=rtol, atol=0)


def each(expected, arguments):
    return expected if len(arguments) > 1 else (expected,)


@pytest.mark.parametrize("row", ROWS)
def test_value_and_gradient(row: Corner):
    f, leaves = row.function(lookup), [ag.Tensor(a) for a in row.arguments()]
    with np.errstate(all="ignore"):
        out = f(*leaves)
        (out * 1.0).sum().backward()
    assert out.dtype == row.dtype
    assert out.shape == np.shape(row.value)
    same(out.value, row.value, row.dtype)
    for leaf, expected in zip(leaves, each(row.gradient, leaves), strict=True):
        assert leaf.grad.dtype == row.dtype
        same(leaf.grad, expected, row.dtype)


@pytest.mark.parametrize("row", [p for p in ROWS if p.values[0].second is not None])
def test_second_order(row: Corner):
    f, points = row.function(lookup), row.arguments()
    which = range(len(points))

    def total(*xs):
        return f(*xs).sum()

    def slopes(*xs):
        return sum(ag.grad(total, i)(*xs).sum() for i in which)

    with np.errstate(all="ignore"):
        first = [ag.grad(total, i)(*points) for i in which]
        second = [ag.grad(slopes, i)(*points) for i in which]
    for g, h, one, two in zip(
        first, second, each(row.gradient, points), each(row.second, points), strict=True
    ):
        same(g, one, row.dtype)
        same(h, two, row.dtype)


def test_cases_are_told_apart():
    keys = [row.key for row in corners()]
    assert len(keys) == len(set(keys)) >= 120


def test_the_page_is_up_to_date():
    source, page = ROOT / "tools" / "make_corners.py", ROOT / "docs" / "corners.md"
    if not source.exists() or not page.exists():
        pytest.skip("not in a source tree")
    spec = importlib.util.spec_from_file_location("make_corners", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert page.read_text(encoding="utf-8") == module.page()
