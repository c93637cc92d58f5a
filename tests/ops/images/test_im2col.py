"""im2col, its transpose, its indices and its matrices are one operator."""

import sys

import numpy as np
import pytest

import agx as ag

SIZES = [(2,), ((2, 3), 1, 1), (2, (2, 1), (1, 0), (1, 2))]
X = np.random.default_rng(0).standard_normal((2, 3, 5, 6))


@pytest.mark.parametrize("sizes", SIZES)
def test_all_forms_agree(sizes):
    patches = ag.im2col(X, *sizes)
    n, p, c, kh, kw = patches.shape
    index = ag.im2col_indices(X, *sizes)
    assert index.shape == (p, c, kh, kw)
    picked = np.where(index < 0, 0.0, X.reshape(n, -1)[:, index])
    np.testing.assert_array_equal(picked, patches)
    dense = ag.im2col_matrix_dense(X, *sizes)
    np.testing.assert_array_equal((X.reshape(n, -1) @ dense).reshape(patches.shape), patches)
    pytest.importorskip("scipy")
    sparse = ag.im2col_matrix_sparse(X, *sizes)
    np.testing.assert_array_equal(sparse.toarray(), dense)


@pytest.mark.parametrize("sizes", SIZES)
def test_col2im_is_the_transpose(sizes):
    patches = ag.im2col(X, *sizes)
    u = np.random.default_rng(1).standard_normal(patches.shape)
    back = ag.col2im(u, X.shape, *sizes)
    dense = ag.im2col_matrix_dense(X, *sizes)
    np.testing.assert_allclose(back.reshape(2, -1), u.reshape(2, -1) @ dense.T)


def test_integers_become_float64_and_float32_stays():
    assert ag.im2col(np.ones((1, 1, 2, 2), int), 2).dtype == np.float64
    assert ag.im2col(np.ones((1, 1, 2, 2), np.float32), 2).dtype == np.float32
    assert ag.im2col_matrix_dense(np.ones((1, 1, 2, 2), np.float32), 2).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ag.im2col(X[0], 2),
            r"im2col: expected x of shape \(N, C, H, W\), got \(3, 5, 6\)",
        ),
        (lambda: ag.im2col(X, 9), r"im2col: a kernel reaching over \(9, 9\) does not fit"),
        (lambda: ag.im2col_indices(X, 0), "im2col_indices: kernel_size must be"),
        (lambda: ag.im2col_matrix_dense(X, 9), "a kernel reaching over"),
        (
            lambda: ag.col2im(X, (2, 3, 5), 2),
            r"col2im: expected a shape \(N, C, H, W\), got \(2, 3, 5\)",
        ),
        (
            lambda: ag.col2im(X, (2, 3, 5, 6), 2),
            r"have patches of shape \(2, 20, 3, 2, 2\), got \(2, 3, 5, 6\)",
        ),
    ],
)
def test_sizes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_sparse_matrix_needs_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(
        ImportError, match=r'needs SciPy; install it with: pip install "agx\[sparse\]"'
    ):
        ag.im2col_matrix_sparse(X, 2)
