import numpy as np
import pytest

import agx as ag
from agx._engine.graph import registry


def test_nan_passes_through_a_matrix_product():
    """numpy.matmul is a ufunc, but an element of its result depends on whole rows and columns."""
    x, w = np.ones((2, 4)), ag.Tensor(np.ones((4, 3)))
    seed = np.zeros((2, 3))
    seed[0, 1] = np.nan
    (x @ w).backward(seed)
    assert np.isnan(w.grad[:, 1]).all() and not np.isnan(w.grad[:, [0, 2]]).any()

    square = ag.Tensor(np.ones((2, 2)))
    (np.ones((2, 2)) @ square).backward(np.array([[np.nan, 0.0], [1.0, 0.0]]))
    assert np.isnan(square.grad[:, 0]).all()


# --- operations that are said to keep zeros, after which nobody looks for NaN -----------------------

STRANGE = np.array([[np.nan, np.inf, -np.inf, 1.0], [-1.0, 0.0, -0.0, np.nan]] * 2)
KEEPERS = {
    "relu": lambda x: ag.relu(x),
    "relu_gradient": lambda x: registry["relu_gradient"](x, STRANGE),
    "sum": lambda x: ag.sum(x, axis=0),
    "add": lambda x: x + 1.0,
    "sub": lambda x: 1.0 - x,
    "neg": lambda x: -x,
    "pos": lambda x: +x,
    "modf": lambda x: np.modf(x)[0],
    "max_pool2d": lambda x: ag.max_pool2d(x.reshape(1, 1, 4, 4), 2),
    "avg_pool2d": lambda x: ag.avg_pool2d(x.reshape(1, 1, 4, 4), 2),
}
INSIDE = {"max_unpool2d", "max_pick2d", "sum_pool2d", "sum_unpool2d"}  # pull-backs of the two


def test_these_operations_are_said_to_keep_zeros():
    constant = {
        name for name, p in registry.items() if p.elementwise and set(p.derivative) == {"0"}
    }
    said = {name for name, p in registry.items() if p.keeps_zeros}
    assert said - constant - INSIDE == set(KEEPERS)


@pytest.mark.parametrize("name", KEEPERS)
def test_a_zero_cotangent_gives_zeros(name):
    x = ag.Tensor(STRANGE)
    out = KEEPERS[name](x)
    out.backward(np.zeros(out.shape))
    np.testing.assert_array_equal(x.grad, np.zeros(x.shape))
