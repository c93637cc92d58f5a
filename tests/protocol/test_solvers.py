"""SciPy's solvers and minimisers: refused inside transforms, and plain outside of them."""

import os
import subprocess
import sys

import numpy as np
import pytest

import agx as ag

optimize = pytest.importorskip("scipy.optimize")
sparse = pytest.importorskip("scipy.sparse")
integrate = pytest.importorskip("scipy.integrate")

X = np.array([0.7, 1.3, 2.1])
START = np.zeros(3)


def distance(t):
    return lambda z: np.sum((z - t) ** 2)


def minimum(t, **options):
    return optimize.minimize(distance(t), START, **options).x


SOLVERS = {
    "minimize": lambda t: minimum(t),
    "minimize of arguments": lambda t: (
        optimize.minimize(lambda z, t: distance(t)(z), START, args=(t,)).x
    ),
    "fmin": lambda t: optimize.fmin(distance(t), START, disp=0),
    "minimize_scalar": lambda t: optimize.minimize_scalar(lambda z: abs(z - t[0]) + z * z / 10).x,
    "brentq": lambda t: optimize.brentq(lambda z: z**2 - t[0], 0, 5),
    "brentq between": lambda t: optimize.brentq(lambda z: z**2 - 1, t[0] - 0.7, 5),
    "bisect": lambda t: optimize.bisect(lambda z: z**2 - t[0], 0, 5),
    "toms748": lambda t: optimize.toms748(lambda z: z**3 - t[0], 0.0, 3.0),
    "root_scalar": lambda t: optimize.root_scalar(lambda z: z**2 - t[0], bracket=(0, 5)).root,
    "root": lambda t: optimize.root(lambda z: z**2 - t, np.ones(3)).x,
    "fsolve": lambda t: optimize.fsolve(lambda z: z**2 - t, np.ones(3)),
    "least_squares": lambda t: optimize.least_squares(lambda z: z - t, START).x,
    "basinhopping": lambda t: optimize.basinhopping(distance(t), START, niter=1).x,
    "differential_evolution": lambda t: (
        optimize.differential_evolution(distance(t), [(0, 3)] * 3, maxiter=2).x
    ),
}
SOLVERS |= {
    f"minimize, {method}": lambda t, method=method: minimum(
        t, jac=lambda z: 2 * (z - t), method=method
    )
    for method in ("BFGS", "CG", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-constr")
}


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_a_solver_inside_a_transform_is_refused_with_what_to_write(solve, capsys):
    message = r"scipy\.optimize\.\w+ would lose the gradient .*solve inside ag.no_grad\(\).*Newton"
    with pytest.raises(TypeError, match=message):
        ag.grad(lambda t: np.sum(solve(t)))(X)


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_a_solver_elsewhere_gives_what_it_gives_for_plain_values(solve):
    ag.Tensor(0.0)  # what SciPy is taught, it is taught when a Tensor is made
    found = solve(ag.Tensor(X))
    assert not isinstance(found, ag.Tensor)
    assert np.shape(found) == np.shape(solve(X))


def test_a_step_of_newtons_method_has_the_derivative_of_a_solution():
    def root(f, a, steps):
        with ag.no_grad():
            x = optimize.brentq(lambda x: f(x, a), -5.0, 5.0)
        for _ in range(steps):
            x = x - f(x, a) / ag.grad(f)(x, a)
        return x

    def cube_root(steps):
        return lambda a: root(lambda x, a: x**3 - a, a, steps)

    assert ag.grad(cube_root(1))(2.0) == pytest.approx(2 ** (-2 / 3) / 3)
    assert ag.grad(ag.grad(cube_root(2)))(2.0) == pytest.approx(-2 / 9 * 2 ** (-5 / 3))


@pytest.mark.parametrize(
    ("solve", "fix"),
    [
        (
            lambda t: integrate.quad(lambda s: s * t[0], 0, 1)[0],
            "quad .*np.polynomial.legendre.leggauss",
        ),
        (
            lambda t: np.sum(integrate.solve_ivp(lambda s, y: -y * t, (0, 1), START).y),
            "solve_ivp .*agx.compat.autograd.scipy.integrate.odeint",
        ),
    ],
)
def test_integrals_are_refused_everywhere_with_what_to_write(solve, fix):
    for run in (solve, lambda t: ag.grad(solve)(t.value)):
        with pytest.raises(TypeError, match=f"scipy.integrate.{fix}"):
            run(ag.Tensor(X))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda t: sparse.diags(t), r"diags(_array)?"),
        (lambda t: sparse.diags_array(t), "diags_array"),
        (lambda t: sparse.csr_matrix(t), "csr_matrix"),
        (lambda t: sparse.coo_array(t[None]), "coo_array"),
    ],
)
def test_sparse_matrices_are_made_of_plain_entries(make, name):
    message = rf"scipy\.sparse\.{name} would lose .*t\[:, None\] \* x, for sp.diags\(t\) @ x"
    with pytest.raises(TypeError, match=message):
        make(ag.Tensor(X))
    with pytest.raises(TypeError, match=message):
        ag.grad(lambda t: make(t).sum())(X)
    with ag.no_grad():
        assert make(ag.Tensor(X)).sum() == pytest.approx(X.sum())


def test_functions_of_scipy_work_with_its_array_api_switched_on():
    program = """
import numpy as np, scipy.special, agx as ag
x = np.array([0.2, 0.5])
for f in (scipy.special.erf, scipy.special.gammaln, scipy.special.digamma, scipy.special.i0):
    ag.testing.check_grads(lambda t: np.sum(f(t)), x)
try:
    ag.grad(lambda t: np.sum(scipy.special.softmax(t)))(x)
except TypeError as problem:
    assert "write ag.special.softmax" in str(problem), problem
else:
    raise AssertionError
"""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
