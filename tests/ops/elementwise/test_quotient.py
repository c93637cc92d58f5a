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


#: Odd functions by their first and third derivatives at 0.
ODD = {
    "sin": (1, -1), "sinh": (1, 1), "tan": (1, 2), "tanh": (1, -2), "arcsin": (1, 1), "arctan": (1, -2),
    "arcsinh": (1, -1), "arctanh": (1, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("length", [abs, lambda x: np.hypot(x, 0.0), lambda x: abs(x + 0j)])
def test_odd_functions_of_a_length_have_it_as_a_factor(name, length):
    """n f(n) = a n**2 + b n**4 / 6 + ..."""
    f = getattr(np, name)
    slope = lambda x: length(x) * f(length(x))
    for expected in (0, 2 * ODD[name][0], 0, 4 * ODD[name][1]):
        slope = ag.grad(slope)
        np.testing.assert_allclose(slope(0.0), expected, atol=1e-12)


@pytest.mark.parametrize("f", [np.expm1, np.log1p])
def test_other_functions_that_vanish_with_a_length(f):
    second = ag.grad(ag.grad(lambda x: abs(x) * f(abs(x))))
    np.testing.assert_allclose(second(0.0), 2)
    assert np.isnan(ag.grad(second)(0.0))


def test_even_functions_of_a_root_are_smooth():
    slope = lambda x: np.cos(np.sqrt(x))  # 1 - x / 2! + x**2 / 4! - ...
    for expected in (-1 / 2, 1 / 12, -1 / 120, 1 / 1680):
        slope = ag.grad(slope)
        np.testing.assert_allclose(slope(0.0), expected, rtol=1e-12)


def test_a_square_counts_as_that_of_its_absolute_value():
    for f in (lambda x: abs(x) * x**2, lambda x: abs(x) * x * x, lambda x: np.square(x) * abs(x)):
        second = ag.grad(ag.grad(f))
        assert second(0.0) == 0
        assert np.isnan(ag.grad(second)(0.0))
    assert np.isnan(ag.grad(ag.grad(lambda x: abs(x) * x))(0.0))


def test_derivatives_of_what_does_not_exist_do_not_exist():
    slope = lambda x: abs(x) * x
    for order in range(1, 5):
        slope = ag.grad(slope)
        assert np.isnan(slope(0.0)) == (order > 1)


def test_cubes_within_a_norm_have_no_third_derivative():
    second = ag.grad(ag.grad(lambda x: np.linalg.norm(np.stack([x, 1.0]), 3)))
    assert second(0.0) == 0
    assert np.isnan(ag.grad(second)(0.0))


def test_the_sign_of_a_complex_number_times_its_length():
    for part, expected in ((np.real, [1, 0]), (np.imag, [0, 1])):
        f = lambda x, part=part: part(np.sign(x[0] + 1j * x[1]) * abs(x[0] + 1j * x[1]))
        np.testing.assert_array_equal(ag.grad(f)(np.zeros(2)), expected)
        np.testing.assert_allclose(ag.grad(f)(np.array([3.0, 4.0])), expected, atol=1e-15)
    turned = lambda x: np.real(np.sign(x[0] + 1j * x[1]) * x[0])  # has no derivative at 0
    assert np.isnan(ag.grad(turned)(np.zeros(2))).any()
    guarded = lambda x: np.real(np.where(x > 0, np.sign(x + 1j * x), 0.0)).sum()
    np.testing.assert_array_equal(ag.grad(guarded)(np.zeros(2)), 0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.log(1 + np.exp(x)),
        lambda x: np.log2(1 + np.exp(x)),
        lambda x: np.sqrt(x**2 + np.exp(x)),
        lambda x: np.cbrt(np.exp(x)) / 3,
        lambda x: np.exp(x) ** 0.5,
        lambda x: np.arcsinh(np.exp(x)),
        lambda x: np.maximum(np.log(np.exp(x)), 1.0),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_overflows_takes_its_gradient_with_it(f, dtype):
    x = np.array([1000.0, 1.0], dtype)
    found = ag.grad(lambda t: ag.sum(f(t)))(x)
    alone = ag.grad(lambda t: ag.sum(f(t)))(x[1:])
    assert np.isnan(found[0])
    np.testing.assert_array_equal(found[1:], alone)
    assert np.isnan(ag.jacobian(f)(x)[0, 0])
    assert ag.grad(lambda t: ag.sum(np.exp(-f(t))))(x)[0] == 0  # a finite result


def test_infinity_that_was_given_has_the_limit():
    for f in (np.log, np.sqrt, lambda x: np.log(x * 2 + np.inf)):
        np.testing.assert_array_equal(ag.grad(lambda t, f=f: ag.sum(f(t)))(np.array([np.inf])), 0)
