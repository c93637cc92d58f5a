"""Sparse matrices given by their entries: products and systems, against the whole matrix."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from points import normal

import agx as ag
from agx.testing import check_grads

sparse = pytest.importorskip("scipy.sparse")

ROWS, COLUMNS = np.array([3, 0, 1, 2, 2, 0, 0]), np.array([3, 0, 1, 2, 0, 3, 3])
ENTRIES = np.array([4.0, 5.0, 6.0, 7.0, 0.5, 0.25, 0.75])
PLACES = ROWS, COLUMNS
SIDES = [normal(4), normal(4, 3)]


def whole(entries):
    """The whole matrix, made so that entries which share a place add up."""
    one = np.zeros((len(ENTRIES), 4, 4))
    one[np.arange(len(ENTRIES)), ROWS, COLUMNS] = 1.0
    return ag.einsum("n,nij->ij", entries, one)


@pytest.mark.parametrize("b", SIDES)
@pytest.mark.parametrize(
    ("function", "dense"),
    [(ag.linalg.sparse_matmul, ag.matmul), (ag.linalg.spsolve, ag.linalg.solve)],
)
def test_entries_stand_for_a_matrix(function, dense, b):
    ours = lambda e, b: function((e, PLACES), b)
    theirs = lambda e, b: dense(whole(e), b)
    assert_allclose(ours(ENTRIES, b), theirs(ENTRIES, b))
    for argnum in (0, 1):
        for transform in (ag.jacobian, lambda f, k: ag.jacobian(ag.jacobian(f, k), k)):
            expected = transform(theirs, argnum)(ENTRIES, b)
            assert_allclose(transform(ours, argnum)(ENTRIES, b), expected, atol=1e-12)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_matrices_of_scipy_are_constants(form, kind):
    a = getattr(sparse, f"{form}_{kind}")(whole(ENTRIES))
    b = SIDES[0]
    assert_allclose(ag.linalg.sparse_matmul(a, b), whole(ENTRIES) @ b)
    assert_allclose(ag.linalg.spsolve(a, b), np.linalg.solve(whole(ENTRIES), b))
    check_grads(lambda b: ag.linalg.spsolve(a, b) * b, b)
    assert_allclose(a.toarray(), whole(ENTRIES))


def test_a_rectangular_matrix_says_how_many_rows_it_has():
    multiply = lambda e, x: ag.linalg.sparse_matmul((e, ([0, 2], [1, 0])), x, rows=3)
    assert_allclose(multiply(np.array([2.0, 3.0]), np.array([5.0, 7.0])), [14.0, 0.0, 15.0])
    check_grads(multiply, np.array([2.0, 3.0]), np.array([5.0, 7.0]))


def test_entries_that_change_before_the_backward_pass_are_noticed():
    a, w = sparse.csr_array(np.eye(3)), ag.Tensor(np.ones(3))
    loss = ag.sum(ag.linalg.sparse_matmul(a, w) ** 2)
    a.data *= 2
    with pytest.raises(RuntimeError, match="sparse_matmul.*changed"):
        loss.backward()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda la: la.spsolve(np.eye(3), np.ones(3)),
            TypeError,
            "spsolve: expected a sparse matrix of SciPy, or a tuple (entries, (rows, columns)), got ndarray",
        ),
        (
            lambda la: la.spsolve((np.ones(2), ([0, 1], [0])), np.ones(2)),
            ValueError,
            "spsolve: expected entries, rows and columns of one length, got shapes (2,), (2,) and (1,)",
        ),
        (
            lambda la: la.spsolve((np.ones(2), ([0.0, 1.0], [0.0, 1.0])), np.ones(2)),
            TypeError,
            "spsolve: expected integer rows and columns, got float64 and float64",
        ),
        (
            lambda la: la.sparse_matmul((np.ones(2), ([0, 2], [0, 1])), np.ones(2)),
            ValueError,
            "sparse_matmul: expected rows below 2 and columns below 2, got 0 to 2 and 0 to 1",
        ),
        (
            lambda la: la.spsolve(sparse.csr_array(np.ones((2, 3))), np.ones(2)),
            np.linalg.LinAlgError,
            "spsolve: expected a square matrix, got shape (2, 3)",
        ),
        (
            lambda la: la.spsolve(sparse.csr_array(np.ones((2, 2))), np.ones(2)),
            np.linalg.LinAlgError,
            "spsolve: Factor is exactly singular",
        ),
        (
            lambda la: la.spsolve(sparse.csr_array(np.eye(2)), np.ones(3)),
            ValueError,
            "spsolve: expected a right-hand side of shape (2,) or (2, K), got (3,)",
        ),
        (
            lambda la: la.sparse_matmul(sparse.csr_array(np.ones((2, 3))), np.ones(2)),
            ValueError,
            "sparse_matmul: a sparse matrix of shape (2, 3) does not go with an array of shape (2,); it takes "
            "(3,) or (3, K)",
        ),
    ],
)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call(ag.linalg)
