"""Every function of autograd-gamma: values, derivatives in every argument, and second derivatives."""

import autograd.numpy as np
import autograd_gamma as ag
import pytest
from autograd import elementwise_grad, grad, hessian, jacobian

X = np.array([0.05, 0.7, 2.3, 9.0])
P = np.array([0.02, 0.3, 0.55, 0.9])
OF_TWO = ["gammainc", "gammaincc", "gammaincln", "gammainccln"]
INVERSES = ["gammaincinv", "gammainccinv"]
OF_THREE = ["betainc", "betaincln", "betaincinv"]


@pytest.mark.parametrize("name", [*OF_TWO, *INVERSES])
@pytest.mark.parametrize("a", [0.4, 1.0, 3.7])
def test_of_two_arguments(name, a, record):
    f, x = getattr(ag, name), P if name in INVERSES else X
    record(value=f(a, x), in_a=grad(lambda a: np.sum(f(a, x)))(a))
    record(in_x=elementwise_grad(f, 1)(a, x), broadcast=grad(lambda a: np.sum(f(a, x[:, None])))(a))


@pytest.mark.parametrize("name", OF_TWO)
def test_second_derivatives_in_x(name, record):
    f = getattr(ag, name)
    record(curvature=elementwise_grad(elementwise_grad(lambda x: f(1.7, x)))(X))


@pytest.mark.parametrize("name", OF_THREE)
@pytest.mark.parametrize("a", [0.6, 2.5])
def test_of_three_arguments(name, a, record):
    f, b = getattr(ag, name), 1.3
    record(value=f(a, b, P))
    for argnum in range(3):
        record(slope=jacobian(f, argnum)(np.array(a), np.array(b), P))


def test_a_likelihood(record):
    """Gamma regression with censoring, as lifelines writes it."""
    times, seen = np.array([0.5, 1.2, 2.9, 4.1, 7.7]), np.array([1.0, 1, 0, 1, 0])

    def minus_loglik(params):
        a, rate = np.exp(params)
        density = a * np.log(rate) + (a - 1) * np.log(times) - rate * times - ag.gammaln(a)
        return -np.sum(seen * density + (1 - seen) * ag.gammainccln(a, rate * times))

    start = np.array([0.2, -0.9])
    record(value=minus_loglik(start), slope=grad(minus_loglik)(start))
    record(of_rate=hessian(lambda r: minus_loglik(np.array([0.2, r])))(-0.9))
