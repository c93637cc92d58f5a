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


CURVES = {
    "sigmoid": ag.sigmoid,
    "silu": ag.silu,
    "softplus": ag.softplus,
    "elu": ag.elu,
    "gelu": ag.gelu,
    "gelu_tanh": lambda x: ag.gelu(x, approximate="tanh"),
}


ROWS = {
    "softmax": ag.softmax,
    "log_softmax": ag.log_softmax,
    "logsumexp": lambda x: ag.logsumexp(x, axis=1),
    "softmax_nll": lambda x: ag.cross_entropy(x, np.array([0, 1, 2, 3]), reduction="none"),
    "layer_norm": lambda x: ag.nn.LayerNorm(4, dtype=x.dtype)(x),
}


def test_these_operations_are_said_to_be_settled():
    said = {name for name, p in registry.items() if p.settled and not p.keeps_zeros}
    assert said == {*CURVES, *ROWS}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("zeros", [(), (0,), (0, 1, 2, 3)])
def test_gradients_of_rows_have_nan_where_those_with_graphs_have(name, zeros):
    values = [1e30, -1e30, *np.linspace(-3, 3, 10)]
    for strange in (STRANGE, np.diag([np.nan, np.inf, -np.inf, 1.0]), np.resize(values, (4, 4))):
        for dtype in (np.float32, np.float64):
            found = []
            for graphs in (False, True):
                x = ag.Tensor(strange.astype(dtype))
                out = ROWS[name](x)
                g = np.ones(out.shape, dtype)
                g[list(zeros)] = 0
                out.backward(g, create_graph=graphs)
                found.append(np.isnan(getattr(x.grad, "value", x.grad)))
            np.testing.assert_array_equal(*found)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_curves_give_zeros_for_zeros(name, dtype):
    for strange in (STRANGE, STRANGE.T):
        x = ag.Tensor(strange.astype(dtype, order="K"))
        out = CURVES[name](x)
        for g in (np.zeros(out.shape, dtype), np.broadcast_to(dtype(0), out.shape)):
            x.grad = None
            out.backward(g, retain_graph=True)
            np.testing.assert_array_equal(x.grad, np.zeros(x.shape))
        slope = ag.grad(lambda x: CURVES[name](x).sum())(x.value)
        np.testing.assert_array_equal(np.isnan(slope), np.isnan(strange))
