"""Reductions over any axes, ties and degenerate cases."""

import numpy as np
import pytest

import agx as ag

X = np.random.default_rng(0).standard_normal((2, 3, 4))
AXES = [None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2)]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod", "max", "min"])
def test_values_and_gradients_over_any_axes(name, axis, keepdims):
    ours, numpys = getattr(ag, name), getattr(np, name)
    expected = numpys(X, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(ours(ag.Tensor(X), axis=axis, keepdims=keepdims).value, expected)
    np.testing.assert_allclose(getattr(ag.Tensor(X), name)(axis, keepdims=keepdims).value, expected)
    ag.testing.check_grads(lambda x: ours(x, axis=axis, keepdims=keepdims), X, order=1)


@pytest.mark.parametrize("axis", AXES)
def test_log_sum_exp_family_over_any_axes(axis):
    e = np.exp(X)
    total = e.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(ag.logsumexp(X, axis=axis, keepdims=True), np.log(total))
    np.testing.assert_allclose(ag.logsumexp(X, axis=axis), np.log(e.sum(axis=axis)))
    np.testing.assert_allclose(ag.softmax(X, axis=axis), e / total)
    np.testing.assert_allclose(ag.log_softmax(X, axis=axis), np.log(e / total))


def test_elements_that_tie_share_the_gradient():
    x = ag.Tensor([[1.0, 1.0, 0.0], [2.0, 3.0, 3.0]])
    ag.max(x, axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    x.grad = None
    ag.min(x).backward()
    np.testing.assert_array_equal(x.grad, [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


def test_std_of_equal_numbers_has_gradient_zero():
    x = ag.Tensor([1.0, 1.0, 1.0])
    ag.std(x).backward()
    assert not x.grad.any()


@pytest.mark.parametrize(
    ("values", "expected"),
    [([2.0, 0.0, 3.0], [0.0, 6.0, 0.0]), ([0.0, 0.0, 3.0], [0.0, 0.0, 0.0]), ([5.0], [1.0])],
)
def test_prod_is_exact_with_zeros(values, expected):
    x = ag.Tensor(values)
    ag.prod(x).backward()
    np.testing.assert_array_equal(x.grad, expected)


def test_reductions_of_a_single_number():
    x = ag.Tensor(3.0)
    (ag.sum(x) + ag.mean(x) + ag.max(x) + ag.prod(x) + ag.logsumexp(x)).backward()
    assert x.grad == 5.0


def test_softmax_of_extreme_numbers():
    x = ag.Tensor([1e4, 0.0, -1e4])
    with np.errstate(all="raise"):
        p = ag.softmax(x)
        (p * np.array([1.0, 2.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(p.value, [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0])


@pytest.mark.parametrize("axis", [1, -1, None])
def test_gradient_of_logsumexp_of_large_numbers(axis):
    x = ag.Tensor(np.full((2, 2), 1e8, np.float32))
    ag.logsumexp(x, axis=axis).sum().backward()
    np.testing.assert_allclose(x.grad, 0.25 if axis is None else 0.5)


def test_logsumexp_of_minus_infinity():
    x = ag.Tensor([[-np.inf, -np.inf], [-np.inf, 0.0]])
    out = ag.logsumexp(x, axis=1)
    np.testing.assert_array_equal(out.value, [-np.inf, 0.0])
    out.backward(np.ones(2))
    assert np.isfinite(x.grad).all()


def test_cumsum_along_an_axis_and_flat():
    np.testing.assert_array_equal(ag.cumsum(X, 1), np.cumsum(X, 1))
    np.testing.assert_array_equal(ag.Tensor(X).cumsum().value, np.cumsum(X))


def test_an_axis_that_is_not_there():
    with pytest.raises(np.exceptions.AxisError, match="axis 3 is out of bounds"):
        ag.sum(ag.Tensor(X), axis=3)


@pytest.mark.parametrize("scale", [1e200, 1.0, 1e-200])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_std_of_numbers_whose_squares_leave_the_range(scale, axis):
    x = np.array([[1.0, 2.0, 4.0], [3.0, 9.0, 1.0]])
    f = lambda t: ag.sum(ag.std(t, axis=axis))
    np.testing.assert_allclose(f(ag.Tensor(x * scale)).value, scale * f(x), rtol=1e-14)
    np.testing.assert_allclose(ag.grad(f)(x * scale), ag.grad(f)(x), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        ag.hessian(f)(x * scale) * scale, ag.hessian(f)(x), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(
    ("f", "known"),
    [
        (lambda x: np.sum(np.sort(x) ** 2), False),
        (lambda x: np.sort(x)[0] ** 2, False),
        (lambda x: np.prod(np.sort(x)), False),
        (lambda x: np.sum(np.sort(x)) ** 2, True),
        (lambda x: np.sum(np.sort(np.maximum(x, 1.0)) ** 2), True),
        (lambda x: np.sort(x) @ np.arange(3.0), True),
    ],
)
def test_second_derivatives_where_sorted_elements_tie(f, known):
    """Unknown where their gradients are equal by chance, as that may cancel the kink."""
    x = np.array([0.0, 0.0, 5.0])
    assert np.isfinite(ag.grad(f)(x)).all()
    assert np.isfinite(ag.hessian(f)(x)).all() == known


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(700, 600), (80, 90, 100), (400_000,), (1, 300, 1, 1000)])
def test_large_sums_and_their_gradients(shape, threads, dtype, use_threads):
    """Lines are added by a kernel, and gradients spread, by all threads."""
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    use_threads(threads)
    for axis in (*range(-1, x.ndim), tuple(range(x.ndim)), (0, -1)[: x.ndim], None):
        for keepdims in False, True:
            t = ag.Tensor(x)
            out = t.sum(axis=axis, keepdims=keepdims)
            wanted = x.astype("d").sum(axis=axis, keepdims=keepdims)
            near = 1e-3 if dtype == "f" else 1e-11
            assert out.dtype == x.dtype and out.shape == wanted.shape
            np.testing.assert_allclose(out.value, wanted, rtol=1e-5, atol=near)
            seed = np.random.default_rng(1).standard_normal(wanted.shape).astype(dtype)
            out.backward(seed)
            kept = seed if keepdims or axis is None else np.expand_dims(seed, axis)
            np.testing.assert_array_equal(t.grad, np.broadcast_to(kept, shape))
            t.grad[...] = 0  # which is its own memory
            assert not seed.size or seed.any()
