"""Compiled functions give what the functions give: on the table of operations, and at its corners."""

import warnings

import numpy as np
import pytest
from corners import corners, find, is_there
from op_table import rows

import agx as ag

CASES = [
    pytest.param(row[0], row[1:], id=f"{name}-{k}")
    for name, group in rows.items()
    for k, row in enumerate(group)
]
ROWS = [pytest.param(row, id=row.key) for row in corners()]


def weighed(function):
    """A number that depends on every element of what a function returns."""

    def total(*xs):
        found = function(*xs)
        parts = found if isinstance(found, (tuple, list)) else [found]
        return sum(
            ag.sum(ag.real(a) * np.cos(np.arange(float(np.size(a)))).reshape(np.shape(a)))
            for a in parts
        )

    return total


def second(function, count):
    product = ag.hvp(weighed(function), tuple(range(count)))
    return lambda *xs: product(*xs, tuple(np.ones_like(x) for x in xs))


def derived(function, count):
    """The function, its gradient and a product with its Hessian."""
    return [function, ag.grad(weighed(function), tuple(range(count))), second(function, count)]


def same(found, expected, rtol=1e-12):
    if isinstance(expected, (tuple, list)):
        assert type(found) is type(expected)
        for a, b in zip(found, expected, strict=True):
            same(a, b, rtol)
    elif expected is None:
        assert found is None
    else:
        assert (np.shape(found), np.asarray(found).dtype) == (
            np.shape(expected),
            np.asarray(expected).dtype,
        )
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


def moved(x):
    return x * 1.03 if isinstance(x, np.ndarray) and x.dtype.kind in "fc" else x


@pytest.mark.filterwarnings("ignore:compile")
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("function", "arrays"), CASES)
def test_operations(function, arrays, order):
    plain = derived(function, len(arrays))[order]
    try:
        expected = plain(*arrays)
    except (TypeError, RuntimeError):
        pytest.skip("has no such derivative")
    compiled = ag.compile(plain)
    same(compiled(*arrays), expected)
    same(compiled(*arrays), expected)
    elsewhere = [moved(x) for x in arrays]
    same(compiled(*elsewhere), plain(*elsewhere))


@pytest.mark.filterwarnings("ignore:compile")
@pytest.mark.parametrize("row", ROWS)
def test_corners(row):
    if not is_there(row):
        pytest.skip("needs SciPy")
    points = row.arguments()
    found = derived(row.function(find), len(points))
    for plain in found[: 2 + (row.second is not None)]:
        compiled = ag.compile(plain)
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            expected = plain(*points)
            results = [compiled(*points) for _ in range(2)]
        for result in results:
            same(result, expected, 1e-6 if row.dtype is np.float32 else 1e-12)


#: Operations of the table whose derivatives run as they are.
UNRECORDED = {"assign", "nan_to_num", "read"}


def test_nearly_all_operations_have_a_plan():
    without = set()
    with warnings.catch_warnings(action="ignore"):
        for name, group in rows.items():
            for function, *arrays in group:
                for plain in derived(function, len(arrays))[:2]:
                    try:
                        plain(*arrays)
                    except (TypeError, RuntimeError):
                        continue
                    try:
                        ag.compile(plain).plan(*arrays)
                    except ValueError:
                        without.add(name)
    assert without <= UNRECORDED
