"""Products in every NumPy shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import agx as ag

rng = np.random.default_rng(0)


@given(
    shapes=hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3)
)
def test_matmul_in_every_shape(shapes):
    x, y = (rng.standard_normal(s) for s in shapes.input_shapes)
    np.testing.assert_array_equal(ag.matmul(ag.Tensor(x), ag.Tensor(y)).value, x @ y)
    ag.testing.check_grads(ag.matmul, x, y, order=1)


DOTS = [
    ((), (3,)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((2, 3), (4, 3, 5)),
    ((2, 5, 3), (3,)),
]


@pytest.mark.parametrize(("left", "right"), DOTS)
def test_dot(left, right):
    x, y = rng.standard_normal(left), rng.standard_normal(right)
    np.testing.assert_allclose(ag.dot(ag.Tensor(x), y).value, np.dot(x, y))
    ag.testing.check_grads(ag.dot, x, y, order=1)


@pytest.mark.parametrize("axes", [0, 1, 2, ([0], [2]), ([2, 1], [1, 0]), (1, -3), ([-1], [-2])])
def test_tensordot(axes):
    x, y = rng.standard_normal((2, 3, 4)), rng.standard_normal((3, 4, 2))
    if axes == 2:
        x, y = rng.standard_normal((2, 3, 4)), rng.standard_normal((3, 4, 2))
    if axes == 1:
        y = rng.standard_normal((4, 3))
    np.testing.assert_allclose(ag.tensordot(ag.Tensor(x), y, axes).value, np.tensordot(x, y, axes))
    ag.testing.check_grads(lambda a, b: ag.tensordot(a, b, axes), x, y, order=1)


EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("i,i->", (3,), (3,)), ("i,j->ij", (2,), (3,)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("...ij,...jk->...ik", (2, 2, 3), (3, 2)), ("ii->", (3, 3)),
    ("ii->i", (3, 3)), ("iij->j", (2, 2, 3)), ("iijj->ij", (2, 2, 3, 3)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
    ("i...->...", (2, 3, 4)), ("ij,k->i", (2, 3), (4,)), ("ba", (2, 3)), ("a b , b -> a", (2, 3), (3,)),
    ("ij,ij->ij", (2, 3), (2, 3)), ("ijk,ik,j->k", (2, 3, 4), (2, 4), (3,)), ("...,...", (2, 3), (3,)),
]  # fmt: skip


@pytest.mark.parametrize("case", EINSUMS, ids=lambda c: c[0])
def test_einsum(case):
    subscripts, *shapes = case
    arrays = [rng.standard_normal(s) for s in shapes]
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(ag.einsum(subscripts, *map(ag.Tensor, arrays)).value, expected)
    ag.testing.check_grads(lambda *xs: ag.einsum(subscripts, *xs), *arrays)


STRETCHED = [
    ("ij,jk->ik", (2, 1), (3, 4)), ("ij,ij->j", (1, 3), (2, 3)), ("i,i", (1,), (3,)), ("...i,...i->...", (2, 1), (1, 3)),
    ("ij,ij,j->", (1, 3), (2, 1), (3,)), ("ij,jk,kl->il", (2, 1), (3, 1), (2, 3)),
]  # fmt: skip


@pytest.mark.parametrize("case", STRETCHED, ids=lambda c: c[0])
def test_einsum_stretches_axes_of_length_one(case):
    subscripts, *shapes = case
    arrays = [rng.standard_normal(s) for s in shapes]
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(ag.einsum(subscripts, *map(ag.Tensor, arrays)).value, expected)
    ag.testing.check_grads(lambda *xs: ag.einsum(subscripts, *xs), *arrays)


@given(
    batch=hnp.array_shapes(min_dims=0, max_dims=2, max_side=3),
    n=st.integers(1, 3),
    m=st.integers(1, 3),
)
def test_linear_on_the_last_axis(batch, n, m):
    x, w, b = rng.standard_normal((*batch, n)), rng.standard_normal((m, n)), rng.standard_normal(m)
    np.testing.assert_allclose(ag.linear(x, w, b), x @ w.T + b)
    ag.testing.check_grads(ag.linear, x, w, b, order=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ag.linear(np.ones((2, 3)), np.ones((4, 5))),
            r"linear: x has shape \(2, 3\), w expects 5 features",
        ),
        (
            lambda: ag.linear(np.ones((2, 3)), np.ones((4, 3)), np.ones(3)),
            r"expected b of shape \(4,\), got \(3,\)",
        ),
        (
            lambda: ag.tensordot(np.ones((2, 3)), np.ones((4, 3))),
            r"tensordot: axes \[0, 1\] of shape \(2, 3\) do not match",
        ),
        (lambda: ag.einsum("ij,jk", np.ones((2, 2))), "einsum: 2 terms in 'ij,jk' for 1 operands"),
        (
            lambda: ag.einsum("ijk->i", np.ones((2, 2))),
            "einsum: operand 0 has 2 axes, 'ijk' names 3",
        ),
        (
            lambda: ag.einsum("...ijk->i", np.ones((2, 2))),
            "einsum: operand 0 has 2 axes, fewer than",
        ),
        (
            lambda: ag.einsum("ii->i", np.ones((1, 3))),
            r"einsum: 'i' stands for axes of different lengths in 'ii' for shape \(1, 3\)",
        ),
        (
            lambda: ag.einsum(np.ones(3), [52]),
            "einsum: labels of axes must be 0 to 51, got 52",
        ),
        (lambda: ag.Tensor(np.ones((2, 3))) @ np.ones((2, 3)), "matmul"),
        (
            lambda: ag.matvec(ag.Tensor(np.ones(3)), np.ones((2, 3))),
            r"matvec: expected at least 2 and 1 axes, got shapes \(3,\) and \(2, 3\)",
        ),
        (
            lambda: ag.vecmat(ag.Tensor(np.ones((2, 3))), np.ones(3)),
            r"vecmat: expected at least 1 and 2 axes, got shapes \(2, 3\) and \(3,\)",
        ),
    ],
)
def test_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_einsum_wants_a_string():
    with pytest.raises(
        TypeError, match="einsum: the first argument must be a string of subscripts"
    ):
        ag.einsum(ag.Tensor(np.ones(2)), ag.Tensor(np.ones(2)))
