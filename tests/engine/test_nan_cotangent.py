import numpy as np

import agx as ag


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
