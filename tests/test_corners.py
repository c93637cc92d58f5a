"""The corner table holds, and docs/corners.md tells it as it is."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from corners import corners, derivatives, find, is_there

import agx as ag

ROOT = Path(__file__).parents[1]
ROWS = [pytest.param(row, id=row.key) for row in corners()]


@pytest.fixture
def there(row):
    if not is_there(row):
        pytest.skip(f"agx has no {row.needs} yet")


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
    with np.errstate(all="ignore"):
        out = row.function(find)(*leaves)
        out.sum().backward()
    assert out.dtype == row.dtype
    for leaf, expected in zip(leaves, each(row.gradient, leaves), strict=True):
        same(leaf.grad, expected, row.dtype)


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
