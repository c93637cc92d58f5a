"""NumPy's functions and methods of arrays, recorded: they give what NumPy gives, also of other numbers."""

import numpy as np
import pytest
from numpy_table import methods, rows

import agx as ag

CALLS = [
    pytest.param(call, points, id=f"{name}-{k}")
    for name, group in [*rows.items(), ("methods", methods)]
    for k, (call, *points) in enumerate(group)
]


def same(found, expected):
    if isinstance(expected, (tuple, list)):
        assert type(found) is type(expected)
        for a, b in zip(found, expected, strict=True):
            same(a, b)
    elif isinstance(expected, np.ndarray):
        assert (type(found), found.shape, found.dtype) == (
            type(expected),
            expected.shape,
            expected.dtype,
        )
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    else:
        assert type(found) is type(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore:compile")
@pytest.mark.parametrize(("call", "points"), CALLS)
def test_calls(call, points):
    points = [np.asarray(x) for x in points]
    compiled = ag.compile(lambda *xs: call(*xs))
    for scale in (1.0, 1.0, 0.9, -1.0, 1.0):
        arrays = [x * scale for x in points]
        with np.errstate(all="ignore"):
            try:
                expected = call(*arrays)
            except (AttributeError, TypeError, ValueError, np.linalg.LinAlgError):
                continue
            same(compiled(*arrays), expected)
