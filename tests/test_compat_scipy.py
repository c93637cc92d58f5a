"""What programs written for HIPS autograd find of SciPy, and their fixed points."""

import pytest
from numpy.testing import assert_allclose

import agx.compat.autograd.numpy as np
from agx.compat.autograd import grad, jacobian
from agx.compat.autograd.misc.fixed_points import fixed_point
from agx.compat.autograd.test_util import check_grads

scipy = pytest.importorskip("scipy")
linalg = pytest.importorskip("scipy.linalg")
signal = pytest.importorskip("scipy.signal")
stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")

import agx.compat.autograd.scipy.linalg as ag_linalg  # noqa: E402
import agx.compat.autograd.scipy.special as ag_special  # noqa: E402
from agx.compat.autograd.scipy import stats as ag_stats  # noqa: E402
from agx.compat.autograd.scipy.integrate import odeint  # noqa: E402
from agx.compat.autograd.scipy.signal import convolve  # noqa: E402
from agx.compat.autograd.scipy.stats import multivariate_normal as normal  # noqa: E402
from agx.compat.autograd.scipy.stats import norm, t  # noqa: E402

rng = np.random.default_rng(3)
X = np.array([0.3, 0.7, 0.4])
A = np.array([1.5, 2.5, 0.8])


def matrix(n, extra=0.0):
    return rng.standard_normal((n, n)) + extra * np.eye(n)


# --- densities -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "functions", "args", "argnums"),
    [
        ("beta", ["pdf", "logpdf"], (X, A, A + 1), (0, 1, 2)),
        ("beta", ["cdf"], (X, A, A + 1), (0,)),
        ("gamma", ["pdf", "logpdf"], (X, A), (0, 1)),
        ("gamma", ["cdf"], (X, A), (0,)),
        ("chi2", ["pdf", "logpdf"], (X, A), (0, 1)),
        ("chi2", ["cdf"], (X, A), (0,)),
        ("poisson", ["pmf", "logpmf", "cdf"], (np.array([0.0, 2.0, 5.0]), A), (1,)),
        ("t", ["cdf", "logcdf"], (X, A, 0.1, 1.5), (0, 2, 3)),
    ],
)
def test_densities(name, functions, args, argnums):
    for f in functions:
        ours, theirs = getattr(getattr(ag_stats, name), f), getattr(getattr(stats, name), f)
        assert_allclose(ours(*args), theirs(*args), rtol=1e-12)
        check_grads(ours, argnums, order=2)(*args)


def test_dirichlet():
    x, alpha = np.array([0.2, 0.3, 0.5]), A
    for f in ("pdf", "logpdf"):
        ours = getattr(ag_stats.dirichlet, f)
        assert_allclose(ours(x, alpha), getattr(stats.dirichlet, f)(x, alpha))
        check_grads(ours, 1)(x, alpha)
        check_grads(lambda x, f=ours: f(x / np.sum(x), alpha))(x)
    assert ag_stats.dirichlet.rvs(alpha, size=2).shape == (2, 3)


def test_normal_and_student_densities():
    for f, args in (
        (norm.pdf, (0.3, 0.1, 1.5)),
        (norm.logpdf, (0.3, 0.1, 1.5)),
        (norm.cdf, (0.3, 0.1, 1.5)),
        (norm.logcdf, (0.3, 0.1, 1.5)),
        (norm.sf, (0.3, 0.1, 1.5)),
        (norm.logsf, (0.3, 0.1, 1.5)),
        (t.pdf, (0.3, 2.5, 0.1, 1.5)),
        (t.logpdf, (0.3, 2.5, 0.1, 1.5)),
    ):
        theirs = getattr(
            getattr(stats, "norm" if f.__module__.endswith("norm") else "t"), f.__name__
        )
        assert_allclose(f(*args), theirs(*args))
        check_grads(f, tuple(range(len(args))), modes=["rev"])(*args)


def test_normal_vectors():
    x, mean = np.array([[0.3, 1.0], [-0.2, 0.5]]), np.array([0.1, 0.2])
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    theirs = stats.multivariate_normal(mean, cov)
    assert_allclose(normal.logpdf(x, mean, cov), theirs.logpdf(x))
    assert_allclose(normal.pdf(x[0], mean, cov), theirs.pdf(x[0]))
    check_grads(normal.logpdf, (0, 1, 2), modes=["rev"])(x, mean, cov)


def test_normal_vectors_of_singular_covariance():
    cov, mean, x = np.diag([1.0, 2.0, 0.0]), np.zeros(3), np.array([0.3, -0.4, 0.0])
    ours = lambda x, mean: ag_stats.multivariate_normal.logpdf(x, mean, cov, allow_singular=True)
    assert_allclose(
        ours(x, mean), stats.multivariate_normal(mean, cov, allow_singular=True).logpdf(x)
    )
    check_grads(ours, (0, 1))(x, mean)
    full = matrix(3) * 0.2 + np.eye(3)
    full = full @ full.T
    theirs = stats.multivariate_normal(mean, full).entropy()
    assert_allclose(ag_stats.multivariate_normal.entropy(mean, full), theirs)
    check_grads(ag_stats.multivariate_normal.entropy, 1)(mean, full)


@pytest.mark.parametrize(
    ("name", "args", "argnum"),
    [
        ("betainc", (A, A + 1, X), 2),
        ("gammainc", (A, X), 1),
        ("gammaincc", (A, X), 1),
        ("gammasgn", (A,), 0),
        ("multigammaln", (A + 3, 2), 0),
        ("rgamma", (A,), 0),
        ("stdtr", (A, X), 1),
        ("yn", (2, A), 1),
    ],
)
def test_special_functions(name, args, argnum):
    ours = getattr(ag_special, name)
    assert_allclose(ours(*args), getattr(special, name)(*args))
    check_grads(ours, argnum)(*args)


# --- linear algebra ------------------------------------------------------------------------------


def test_matrix_equations():
    a, b, q = matrix(3), matrix(2), rng.standard_normal((3, 2))
    assert_allclose(ag_linalg.solve_sylvester(a, b, q), linalg.solve_sylvester(a, b, q))
    check_grads(ag_linalg.solve_sylvester, (0, 1, 2))(a, b, q)
    positive = a @ a.T + np.eye(3)
    assert_allclose(ag_linalg.sqrtm(positive), linalg.sqrtm(positive))
    check_grads(ag_linalg.sqrtm)(positive)


@pytest.mark.parametrize("trans", [0, "T", 2])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_triangular_systems(trans, lower, unit):
    a, b = matrix(3, 2.0), rng.standard_normal((3, 2))
    f = lambda a, b: ag_linalg.solve_triangular(a, b, trans, lower, unit)
    expected = linalg.solve_triangular(a, b, trans, lower, unit)
    assert_allclose(f(a, b), expected)
    J = jacobian(f)(a, b)
    outside = np.triu(np.ones((3, 3)), 1) if lower else np.tril(np.ones((3, 3)), -1)
    assert not np.any(J * outside)
    check_grads(f, (0, 1))(a, b)


def test_banded_systems():
    ab, b = rng.standard_normal((3, 5)) + np.array([[0.0], [4.0], [0.0]]), rng.standard_normal(5)
    f = lambda ab, b: ag_linalg.solve_banded((1, 1), ab, b)
    assert_allclose(f(ab, b), linalg.solve_banded((1, 1), ab, b))
    assert_allclose(jacobian(f, 1)(ab, b) @ b, f(ab, b))
    check_grads(f, (0, 1))(ab, b)


def test_other_names_are_scipys():
    assert_allclose(ag_linalg.cosm(np.zeros((2, 2))), np.eye(2))
    assert "cosm" in dir(ag_linalg) and ag_linalg.LinAlgError is linalg.LinAlgError
    with pytest.raises(NotImplementedError, match="cosm: no gradient .* give one with defvjp"):
        grad(lambda a: np.sum(ag_linalg.cosm(a)))(np.eye(2))


@pytest.mark.parametrize("name", ["expm", "sqrtm", "logm"])
def test_functions_of_matrices(name):
    ours, theirs = getattr(ag_linalg, name), getattr(linalg, name)
    for a in (np.eye(2), np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[4.0, 1.0], [0.0, 4.0]])):
        assert_allclose(ours(a), theirs(a), atol=1e-12)
    assert_allclose(
        grad(lambda a: np.sum(ours(a)))(np.eye(2)),
        np.full((2, 2), {"expm": np.e, "sqrtm": 0.5, "logm": 1.0}[name]),
    )


# --- convolution ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize(
    ("m", "n"), [((6,), (3,)), ((4,), (4,)), ((5, 4), (2, 3)), ((2, 2), (4, 3))]
)
def test_convolution_is_scipys(mode, m, n):
    x, y = rng.standard_normal(m), rng.standard_normal(n)
    f = lambda x, y: convolve(x, y, mode=mode)
    assert_allclose(f(x, y), signal.convolve(x, y, mode), atol=1e-12)
    check_grads(f, (0, 1))(x, y)


@pytest.mark.parametrize("mode", ["full", "valid"])
def test_convolution_of_images_with_filters(mode):
    images, filters = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((3, 4, 2, 3))
    f = lambda a, b: convolve(a, b, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode=mode)
    found = f(images, filters)
    one = sum(signal.convolve(images[1, c], filters[c, 2], mode) for c in range(3))
    assert_allclose(found[1, 2], one)
    swapped = convolve(filters, images, axes=([2, 3], [2, 3]), dot_axes=([0], [1]), mode=mode)
    assert_allclose(np.swapaxes(swapped, 0, 1), found)
    check_grads(f, (0, 1))(images, filters)


def test_convolutions_that_are_refused():
    with pytest.raises(ValueError, match="mode is 'full', 'valid' or 'same', got 'half'"):
        convolve(X, X, mode="half")
    with pytest.raises(ValueError, match=r"one array to hold the other, got \[3, 2\] and \[2, 3\]"):
        convolve(np.ones((3, 2)), np.ones((2, 3)), mode="valid")


# --- equations solved by iteration ---------------------------------------------------------------


def test_differential_equations():
    def func(y, t, a, b):
        return -np.sqrt(t) - y + a - np.mean((y + b["shift"]) ** 2)

    t, y0 = np.linspace(0.1, 0.4, 4), rng.standard_normal(3)
    args = (rng.standard_normal(3), {"shift": rng.standard_normal(3)})
    solve = lambda y0, t, args: odeint(func, y0, t, args, rtol=1e-11, atol=1e-11)
    expected = scipy.integrate.odeint(func, y0, t, args, rtol=1e-11, atol=1e-11)
    assert_allclose(solve(y0, t, args), expected)
    check_grads(solve, (0, 1, 2), modes=["rev"], order=1)(y0, t, args)
    growth = lambda r: odeint(
        lambda y, t, r: r * y, np.ones(1), np.array([0.0, 1.0]), (r,), rtol=1e-10
    )
    assert_allclose(grad(lambda r: growth(r)[1, 0])(0.5), np.exp(0.5), rtol=1e-6)
    assert_allclose(grad(grad(lambda r: growth(r)[1, 0]))(0.5), np.exp(0.5), rtol=1e-6)
    assert_allclose(jacobian(lambda y0: odeint(lambda y, t: -y, y0, [0.0]))(y0)[0], np.eye(3))


def test_fixed_points():
    newton = lambda a: lambda x: 0.5 * (x + a["of"] / x)
    distance = lambda x, y: np.max(np.abs(x - y))
    root = lambda a: fixed_point(newton, {"of": a}, np.array([1.0, 1.0]), distance, 1e-12)
    a = np.array([2.0, 9.0])
    assert_allclose(root(a), np.sqrt(a))
    assert_allclose(jacobian(root)(a), np.diag(0.5 / np.sqrt(a)), atol=1e-9)
    second = grad(lambda a: grad(lambda a: root(a)[1])(a)[1])(a)
    assert_allclose(second, [0.0, -0.25 / 27], atol=1e-8)
