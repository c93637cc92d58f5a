"""grad and its relatives."""

import numpy as np
import pytest

import agx as ag


def rosenbrock(x):
    return ag.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


POINT = np.array([0.5, -0.3, 0.8])


def test_grad_and_value():
    value, gradient = ag.value_and_grad(rosenbrock)(POINT)
    assert value == pytest.approx(rosenbrock(POINT))
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient[2], 200 * (0.8 - 0.09))


def test_grad_in_another_argument():
    f = lambda x, y: ag.sum(x * y**2)
    np.testing.assert_array_equal(ag.grad(f, 1)(np.ones(2), np.array([1.0, 3.0])), [2.0, 6.0])


def test_code_written_for_numpy_is_differentiated():
    f = lambda x: np.sum(np.sin(x) ** 2) + np.max(x)
    np.testing.assert_allclose(ag.grad(f)(POINT), np.sin(2 * POINT) + [0, 0, 1])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_any_order(order):
    f = lambda x: x**4
    for _ in range(order):
        f = ag.grad(f)
    expected = {1: 4 * 2.0**3, 2: 12 * 2.0**2, 3: 24 * 2.0, 4: 24.0}[order]
    assert f(2.0) == pytest.approx(expected)


def test_jacobian_and_hessian_have_the_shapes_of_result_and_argument():
    f = lambda x: ag.stack([x[0] * x[1], x[1] ** 2, ag.sin(x[0])])
    x = np.array([0.3, 2.0])
    np.testing.assert_allclose(ag.jacobian(f)(x), [[2.0, 0.3], [0.0, 4.0], [np.cos(0.3), 0.0]])
    hessian = ag.hessian(rosenbrock)(POINT)
    assert hessian.shape == (3, 3)
    np.testing.assert_allclose(hessian, hessian.T)
    matrix = np.arange(6.0).reshape(2, 3)
    assert ag.jacobian(lambda x: x @ matrix)(np.ones((4, 2))).shape == (4, 3, 4, 2)


def test_hvp_is_the_hessian_times_a_vector():
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(ag.hvp(rosenbrock)(POINT, v), ag.hessian(rosenbrock)(POINT) @ v)


def test_vjp_pulls_back_to_every_argument():
    x, y, g = np.ones((2, 3)), np.arange(3.0), np.array([1.0, 2.0])
    value, pull = ag.vjp(ag.matmul, x, y)
    np.testing.assert_array_equal(value, [3.0, 3.0])
    gx, gy = pull(g)
    np.testing.assert_array_equal(gx, np.outer(g, y))
    np.testing.assert_array_equal(gy, [3.0, 3.0, 3.0])


def test_nested_transforms_do_not_confuse_their_variables():
    f = lambda x: x * ag.grad(lambda y: x * y)(1.0)
    assert ag.grad(f)(3.0) == 6.0


def test_a_result_that_does_not_depend_on_the_argument():
    np.testing.assert_array_equal(ag.grad(lambda x: 3.0)(np.ones(2)), [0.0, 0.0])


def test_grad_of_an_array_is_refused():
    with pytest.raises(RuntimeError, match=r"grad: the result has shape \(2,\)"):
        ag.grad(lambda x: x * 2)(np.ones(2))


def test_arguments_are_not_changed_or_shared():
    x = np.ones(2)
    gradient = ag.grad(ag.sum)(x)
    gradient += 1
    np.testing.assert_array_equal(x, [1.0, 1.0])
