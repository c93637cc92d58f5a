"""Roots of polynomials: values as NumPy has them, and derivatives of each root."""

import numpy as np
import pytest

import agx as ag


@pytest.mark.parametrize(
    "p",
    [
        [1.0, -3.0, 2.0],
        [1.0, -3.0, 0.0],
        [0.0, 2.0, -6.0],
        [1.0, 0.0, 4.0],
        [2.0, 0.0],
        [0.0, 5.0],
        [0.0],
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_roots_are_those_of_numpy(p, dtype):
    p = np.array(p, dtype)
    found = np.roots(ag.Tensor(p))
    np.testing.assert_array_equal(getattr(found, "value", found), np.roots(p))


@pytest.mark.parametrize("p", [[1.0, -3.0, 2.0], [2.0, -6.0, 0.0], [1.0, 1.0, 3.0, -2.0, 0.5]])
def test_sums_of_roots_and_of_their_squares(p):
    """By Vieta: -b / a, and (b / a)**2 - 2 c / a."""
    for f, vieta in (
        (lambda p: ag.sum(ag.roots(p)), lambda p: -p[1] / p[0]),
        (lambda p: ag.sum(ag.roots(p) ** 2), lambda p: (p[1] / p[0]) ** 2 - 2 * p[2] / p[0]),
    ):
        x = np.array(p)
        found = ag.hessian(lambda p, f=f: ag.real(f(p)))(x)
        np.testing.assert_allclose(found, ag.hessian(vieta)(x), rtol=1e-11, atol=1e-11)


def test_a_leading_zero_moves_the_roots_that_there_are():
    h = 1e-6
    found = ag.jacobian(lambda p: ag.real(ag.roots(p)))(np.array([0.0, 2.0, -6.0]))
    moved = [max(np.roots([c, 2.0, -6.0]), key=lambda r: -abs(r)) for c in (h, -h)]
    np.testing.assert_allclose(found[0, 0], (moved[0] - moved[1]) / (2 * h), rtol=1e-6)


def test_second_derivatives_beside_a_root_at_infinity():
    """Of 0 x^2 + 2 x + c the root is -c / 2, and the x^2 adds -a c^2 / 8 + ..."""
    found = ag.hessian(lambda p: ag.real(ag.roots(p)[0]))(np.array([0.0, 2.0, -6.0]))
    np.testing.assert_allclose(found[2, 2], 0, atol=1e-15)
    np.testing.assert_allclose(found[0, 2], 1.5)
    np.testing.assert_allclose(found[1, 2], 0.25)


def test_a_double_root_spoils_its_own_derivative_only():
    p = np.array([1.0, -3.0, 0.0, 0.0])
    single = ag.grad(lambda p: ag.real(ag.roots(p)[0]))(p)
    np.testing.assert_allclose(single, [-3, -1, -1 / 3, -1 / 9])
    assert not np.isfinite(ag.grad(lambda p: ag.real(ag.roots(p)[1]))(p)).all()
