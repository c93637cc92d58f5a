"""Banded, triangular and Toeplitz systems: SciPy's values, and no more memory than the structure needs."""

import re
import sys
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose
from points import normal

import agx as ag

scipy_linalg = pytest.importorskip("scipy.linalg")

SIDES = [normal(5), normal(5, 2)]


def banded(below, above, n=5):
    middle = np.arange(below + above + 1)[:, None] == above
    return 3.0 * middle + normal(below + above + 1, n)


@pytest.mark.parametrize("b", SIDES)
@pytest.mark.parametrize("bands", [(1, 1), (0, 2), (3, 0), (0, 0), (4, 4)])
def test_banded_systems_are_those_of_scipy(bands, b):
    ab = banded(*bands)
    assert_allclose(ag.linalg.solve_banded(bands, ab, b), scipy_linalg.solve_banded(bands, ab, b))


@pytest.mark.parametrize("b", SIDES)
@pytest.mark.parametrize("trans", [0, 1, 2, "N", "T", "C"])
@pytest.mark.parametrize("how", [{}, {"lower": True}, {"unit_diagonal": True}])
def test_triangular_systems_are_those_of_scipy(trans, how, b):
    a = normal(5, 5) + 3 * np.eye(5)
    assert_allclose(
        ag.linalg.solve_triangular(a, b, trans, **how),
        scipy_linalg.solve_triangular(a, b, trans, **how),
    )


@pytest.mark.parametrize("b", SIDES)
@pytest.mark.parametrize("pair", [True, False])
def test_toeplitz_systems_are_those_of_scipy(pair, b):
    c, r = 4 * np.eye(5)[0] + normal(5), normal(5)
    given = (c, r) if pair else c
    assert_allclose(
        ag.linalg.solve_toeplitz(given, b), scipy_linalg.solve_toeplitz(given, b), rtol=1e-10
    )


@pytest.mark.parametrize(
    "solve",
    [
        lambda b: ag.linalg.solve_banded((1, 1), BANDS, b),
        lambda b: ag.linalg.solve_triangular(SQUARE, b),
        lambda b: ag.linalg.solve_toeplitz(SQUARE[0], b),
    ],
)
@pytest.mark.parametrize("b", SIDES)
def test_jacobians_are_inverses(solve, b):
    inverse = solve(np.eye(5))
    whole = inverse if b.ndim == 1 else np.einsum("ij,kl->ikjl", inverse, np.eye(2))
    assert_allclose(ag.jacobian(solve)(b), whole, atol=1e-12)


BANDS = banded(1, 1)
SQUARE = normal(5, 5) + 4 * np.eye(5)


@pytest.mark.parametrize("argnum", [0, 1])
def test_derivatives_of_a_banded_system_need_no_whole_matrix(argnum):
    n = 4000
    ab, b = np.ones((3, n)) * [[1.0], [4.0], [1.0]], np.ones(n)
    gradient = ag.grad(lambda ab, b: ag.sum(ag.linalg.solve_banded((1, 1), ab, b)), argnum)
    gradient(ab, b)
    tracemalloc.start()
    gradient(ab, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * ab.nbytes < 8 * n * n / 30


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda la: la.solve_banded((1, 1), np.ones((2, 4)), np.ones(4)),
            ValueError,
            "solve_banded: 1 diagonals below and 1 above the main one make ab of shape (3, N), got (2, 4)",
        ),
        (
            lambda la: la.solve_banded((1, 0), np.ones((2, 4)), np.ones(5)),
            ValueError,
            "solve_banded: expected a right-hand side of shape (4,) or (4, K), got (5,)",
        ),
        (
            lambda la: la.solve_triangular(np.ones((2, 3)), np.ones(3)),
            np.linalg.LinAlgError,
            "solve_triangular: expected square matrices in the last two axes, got shape (2, 3)",
        ),
        (
            lambda la: la.solve_triangular(np.ones((2, 3, 3)), np.ones(3)),
            ValueError,
            "solve_triangular: expected one matrix, got shape (2, 3, 3); ag.linalg.solve takes stacks",
        ),
        (
            lambda la: la.solve_triangular(np.eye(2), np.ones(2), "H"),
            ValueError,
            "solve_triangular: trans must be 0, 1, 2, 'N', 'T' or 'C', got 'H'",
        ),
        (
            lambda la: la.solve_toeplitz((np.ones(2), np.ones(3)), np.ones(2)),
            ValueError,
            "solve_toeplitz: expected a column and a row of one length, got (2,) and (3,)",
        ),
        (
            lambda la: la.solve_toeplitz(np.ones(2), np.ones((2, 1, 1))),
            ValueError,
            "solve_toeplitz: expected a right-hand side of shape (2,) or (2, K), got (2, 1, 1)",
        ),
        (
            lambda la: la.solve_banded((0, 0), ag.Tensor([[0.0, 1.0]]), np.ones(2)),
            np.linalg.LinAlgError,
            "singular matrix",
        ),
        (
            lambda la: la.solve_triangular(ag.Tensor([[0.0]]), np.ones(1)),
            np.linalg.LinAlgError,
            "singular matrix",
        ),
    ],
)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call(ag.linalg)


def test_scipy_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    with pytest.raises(
        ImportError, match=r'solve_banded needs SciPy; .*pip install "agx\[sparse\]"'
    ):
        ag.linalg.solve_banded((0, 0), np.ones((1, 2)), np.ones(2))
