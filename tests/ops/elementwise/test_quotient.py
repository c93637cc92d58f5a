"""Lengths that are 0: smooth where they cancel, and no derivative where they do not."""

import numpy as np
import pytest

import agx as ag

norm = np.linalg.norm
PAIRS = np.triu_indices(3, 1)
POINTS = np.array([[0.3, -1.0], [1.2, 0.4], [-0.7, 0.9]])


def hessians(f, x):
    """By rows, along ones by both modes, and by two passes backward."""
    t = ag.Tensor(x)
    f(t).backward(create_graph=True)
    first, t.grad = t.grad, None
    (first * np.ones_like(x)).sum().backward()
    whole = ag.hessian(f)(x).reshape(x.size, x.size)
    ones = np.ones_like(x)
    along = [ag.hvp(f)(x, ones), ag.jvp(ag.grad(f), (x,), (ones,))[1], t.grad]
    return whole, [a.ravel() for a in along]


def check(f, x, expected):
    whole, along = hessians(f, x)
    np.testing.assert_allclose(whole, expected, atol=1e-12)
    for found in along:
        np.testing.assert_allclose(found, np.sum(expected, 1), atol=1e-12)


SQUARES = {
    "**2": lambda x: norm(x) ** 2,
    "**2.0": lambda x: norm(x) ** 2.0,
    "power": lambda x: np.power(norm(x), 2),
    "square": lambda x: np.square(norm(x)),
    "product": lambda x: (lambda n: n * n)(norm(x)),
    "computed twice": lambda x: norm(x) * norm(x),
    "ord=2": lambda x: norm(x, 2) ** 2,
    "fro": lambda x: norm(x[None], "fro") ** 2,
    "axis": lambda x: np.sum(norm(x[None], axis=1) ** 2),
    "keepdims": lambda x: np.sum(norm(x[None], axis=1, keepdims=True) ** 2),
    "one of a sum": lambda x: np.sum(norm(x[None], axis=1)) ** 2,
    "vector_norm": lambda x: np.linalg.vector_norm(x) ** 2,
    "matrix_norm": lambda x: np.linalg.matrix_norm(x[None]) ** 2,
    "hypot.reduce": lambda x: np.hypot.reduce(x) ** 2,
    "abs": lambda x: np.sum(abs(x) ** 2),
    "fabs": lambda x: np.sum(np.fabs(x) * np.fabs(x)),
    "copysign": lambda x: np.sum(np.copysign(x, 1.0) ** 2),
    "sqrt": lambda x: np.sqrt(np.sum(x**2)) ** 2,
    "** 0.5": lambda x: ((x @ x) ** 0.5) ** 2,
    "reshaped": lambda x: np.sum(norm(x[None], axis=1)[:, None].T ** 2),
    "stacked": lambda x: np.sum(np.stack([norm(x), 0.0 * norm(x)]) ** 2),
    "joined": lambda x: np.sum(np.concatenate([norm(x[None], axis=1), np.ones(2)]) ** 2),
    "broadcast": lambda x: np.mean(norm(x[None], axis=1) ** 2 * np.ones((4, 1))),
    "exp": lambda x: -np.exp(-(norm(x) ** 2)),
    "log": lambda x: np.log(1 + norm(x) ** 2),
    "cos": lambda x: -2 * np.cos(norm(x)),
}


@pytest.mark.parametrize("f", SQUARES.values(), ids=SQUARES.keys())
def test_squares_of_lengths_are_smooth(f):
    check(f, np.zeros(3), 2 * np.eye(3))


@pytest.mark.parametrize(
    "f", [lambda x: norm(x) ** 3, lambda x: norm(x) ** 4, lambda x: norm(x, 3) ** 3]
)
def test_higher_powers_are_flat(f):
    check(f, np.zeros(3), np.zeros((3, 3)))


def test_fourth_derivatives_of_a_fourth_power():
    fourth = lambda f: ag.jacobian(ag.jacobian(ag.jacobian(ag.grad(f))))(np.zeros(2))
    np.testing.assert_allclose(fourth(lambda x: norm(x) ** 4), fourth(lambda x: (x @ x) ** 2))


LENGTHS = {
    "norm": norm,
    "hypot": lambda x: np.hypot(x[0], x[1]),
    "complex": lambda x: abs(x[0] + 1j * x[1]),
    "std": np.std,
    "norm of order 3": lambda x: norm(x, 3),
    "not cancelled": lambda x: norm(x) ** 2 + norm(x),
    "a product with x": lambda x: norm(x) * x[0],
    "cancelled by chance": lambda x: np.exp(-norm(x)) * (1 + norm(x)),
    "arctan2": lambda x: np.arctan2(x[0], x[1]),
    "angle": lambda x: np.angle(x[0] + 1j * x[1]),
}


@pytest.mark.parametrize("f", LENGTHS.values(), ids=LENGTHS.keys())
def test_lengths_have_no_second_derivative(f):
    x = np.zeros(2)
    assert np.isfinite(ag.grad(f)(x)).all()
    whole, along = hessians(f, x)
    assert np.isnan(whole).all()
    assert all(np.isnan(found).all() for found in along)


def test_other_standard_deviations():
    for f in (np.nanstd, lambda x: np.std(x, where=np.array([True, True]))):
        assert np.isnan(ag.hessian(f)(np.ones(2))).all()
        squared = ag.hessian(lambda x, f=f: f(x) ** 2)(np.ones(2))
        np.testing.assert_allclose(squared, ag.hessian(np.var)(np.ones(2)))


DISTANCES = {
    "of pairs": lambda d: np.sum(d[PAIRS]) * 2,
    "with zeros": np.sum,
    "without the diagonal": lambda d: np.sum(np.where(np.eye(3), 0.0, d)),
    "masked": lambda d: np.sum((1 - np.eye(3)) * d),
}


@pytest.mark.parametrize("f", DISTANCES.values(), ids=DISTANCES.keys())
def test_distances_of_points_from_themselves_stay_zero(f):
    expected = ag.hessian(lambda x: 2 * np.sum(norm(x[PAIRS[0]] - x[PAIRS[1]], axis=-1)))(POINTS)
    check(lambda x: f(norm(x[:, None] - x[None], axis=-1)), POINTS, expected.reshape(6, 6))


def test_kernels_of_distances():
    expected = ag.hessian(lambda x: np.sum(np.exp(-np.sum((x[:, None] - x[None]) ** 2, -1))))(
        POINTS
    )
    found = lambda x: np.sum(np.exp(-(norm(x[:, None] - x[None], axis=-1) ** 2)))
    check(found, POINTS, expected.reshape(6, 6))


def test_single_precision_stays_single():
    found = ag.hessian(lambda x: norm(x) ** 2)(np.zeros(2, np.float32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, 2 * np.eye(2))


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: np.sqrt(x) ** 2, 0.0, 1),
        (lambda x: np.sqrt(x) * np.sqrt(x), 0.0, 1),
        (lambda x: x * np.sqrt(x), 0.0, 0),
        (lambda x: (x**0.5) ** 2, 0.0, 1),
        (lambda x: np.cbrt(x) ** 3, 0.0, 1),
        (lambda x: (x ** (1 / 3)) ** 3, 0.0, 1),
        (lambda x: np.exp(np.log(x)), 0.0, np.nan),
        (lambda x: np.exp(0.5 * np.log(x)), 0.0, np.nan),
        (lambda x: np.cos(np.arccos(x)), 1.0, np.nan),
        (lambda x: np.arctan(1 / x), 0.0, np.nan),
        (lambda x: np.where(x > 0, np.log(x), 0.0), 0.0, 0),
        (lambda x: np.zeros(1) * np.sqrt(x), 0.0, 0),
        (lambda x: np.array([[0.0, 0.0]]) @ np.sqrt(np.stack([x, x])), 0.0, 0),
        (lambda x: 1 / (1 + np.exp(-x)), -1000.0, 0),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:overflow")
def test_a_zero_times_an_infinite_derivative(f, x, slope):
    """0 if the zero stays, the right number if the two cancel, else NaN."""
    assert np.array_equal(ag.grad(lambda t: ag.sum(f(t)))(x), slope, equal_nan=True)
    t = ag.Tensor(x)
    ag.sum(f(t)).backward()
    assert np.array_equal(t.grad, slope, equal_nan=True)


def test_exponents_that_are_zero_and_move():
    second = ag.hessian(lambda x: np.power(x[0], x[1]))
    for x, y in ((2.0, 0.0), (2.0, 1.0)):
        mixed = x ** (y - 1) * (1 + y * np.log(x))
        np.testing.assert_allclose(second(np.array([x, y]))[0, 1], mixed)
    assert np.isnan(second(np.array([0.0, 0.0]))[0, 1])
