"""Functions of matrices: values against their definitions, and derivatives where eigenvalues are equal."""

import numpy as np
import pytest
from points import complex_normal, normal

import agx as ag
from agx import linalg as la

CASES = [
    np.zeros((3, 3)),
    np.eye(3),
    np.diag([1.0, 1.0, 2.0]),
    np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 1.0], [0.0, 0.0, 2.0]]),
]
FUNCTIONS = {"exp": np.exp, "sin": np.sin, "cube": lambda w: w**3, "inverse": lambda w: 1 / (w + 4)}


def symmetric(n=3):
    x = normal(n, n)
    return x + x.T


def series(a):
    """The exponential by its power series."""
    found = term = np.eye(a.shape[-1])
    for k in range(1, 60):
        term = term @ a / k
        found = found + term
    return found


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [*CASES, normal(2, 4, 4), complex_normal(3, 3), 3 * normal(5, 5)])
def test_the_exponential_is_its_power_series(a):
    np.testing.assert_allclose(la.expm(a), series(a), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("a", [*CASES[1:], np.eye(4) + 0.2 * normal(2, 4, 4), complex_normal(3, 3)])
def test_a_root_squared_and_a_logarithm_undone_are_the_matrix(a):
    root, log = la.sqrtm(a), la.logm(a)
    np.testing.assert_allclose(root @ root, a, atol=1e-12)
    np.testing.assert_allclose(la.expm(log), a, atol=1e-11)
    assert (np.linalg.eigvals(root).real >= 0).all()


def test_eigenvalues_on_the_branch_cut_turn_up():
    np.testing.assert_allclose(la.sqrtm(np.diag([-4.0 + 0j, 9.0])), np.diag([2j, 3]), atol=1e-14)
    np.testing.assert_allclose(
        la.logm(np.diag([-1.0 + 0j, 1.0])), np.diag([1j * np.pi, 0]), atol=1e-14
    )
    triangular = np.array([[-1.0 + 0j, 1.0], [0.0, 2.0]])
    np.testing.assert_allclose(la.sqrtm(triangular) @ la.sqrtm(triangular), triangular, atol=1e-14)


def test_what_has_no_real_root_is_nan():
    assert np.isnan(la.sqrtm(np.diag([-1.0, 1.0]))).any()
    assert np.isnan(la.logm(np.diag([0.0, -1.0]))).any()
    assert np.isnan(la.sqrtm(np.array([[0.0, 1.0], [0.0, 0.0]]))).all()
    np.testing.assert_array_equal(la.sqrtm(np.zeros((2, 2))), 0)
    np.testing.assert_allclose(
        la.sqrtm(np.array([[1.0, 1.0], [0.0, 0.0]])), [[1, 1], [0, 0]], atol=1e-15
    )


@pytest.mark.parametrize("f", [la.expm, la.sqrtm, la.logm])
def test_nan_stays_within_its_matrix(f):
    found = f(np.stack([np.eye(2), np.full((2, 2), np.nan)]))
    assert np.isfinite(found[0]).all() and np.isnan(found[1]).all()


@pytest.mark.parametrize(
    "f", [la.expm, la.sqrtm, la.logm, lambda a: la.symmetric_function(a, np.exp)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtypes_stay(f, dtype):
    t = ag.Tensor(np.eye(2, dtype=dtype))
    out = f(t)
    ag.real(out).sum().backward()
    assert out.dtype == t.grad.dtype == dtype


@pytest.mark.parametrize(
    "f", [la.expm, la.sqrtm, la.logm, lambda a: la.symmetric_function(a, np.exp)]
)
def test_matrices_must_be_square(f):
    with pytest.raises(np.linalg.LinAlgError, match="expected square matrices"):
        f(np.ones((2, 3)))


# --- derivatives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("a", CASES)
def test_derivatives_of_the_exponential(a):
    ag.testing.check_grads(la.expm, a, order=3)


@pytest.mark.parametrize("f", [la.sqrtm, la.logm])
@pytest.mark.parametrize("a", CASES[1:])
def test_derivatives_of_roots_and_logarithms(f, a):
    ag.testing.check_grads(f, a)


def test_the_gradient_at_the_identity_is_that_of_the_function():
    weights = normal(3, 3)
    for f, slope in ((la.expm, np.e), (la.sqrtm, 0.5), (la.logm, 1.0)):
        found = ag.grad(lambda a, f=f: ag.sum(weights * f(a)))(np.eye(3))
        np.testing.assert_allclose(found, slope * weights, rtol=1e-12)


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
@pytest.mark.parametrize("a", [*CASES[:3], symmetric(), np.diag([1.0, 1.0 + 1e-9, 1.0 + 1e-3])])
def test_derivatives_of_functions_of_eigenvalues(f, a):
    ag.testing.check_grads(lambda t: la.symmetric_function(t, f), a, order=3)


def test_a_function_of_eigenvalues_of_hermitian_matrices():
    a = complex_normal(3, 3)
    ag.testing.check_grads(lambda t: la.symmetric_function(t, np.exp), a)
    a = a + np.conj(a.T)
    np.testing.assert_allclose(la.symmetric_function(a, np.exp), la.expm(a), rtol=1e-11)


def test_forward_derivatives_agree_with_those_of_the_exponential():
    a, e = symmetric(), symmetric()
    ours, expected = (
        ag.jvp(lambda t, f=f: ag.jvp(f, (t,), (e,))[1], (a,), (e,))[1]
        for f in (lambda t: la.symmetric_function(t, np.exp), la.expm)
    )
    np.testing.assert_allclose(ours, expected, rtol=1e-10)


def test_a_function_that_hides_a_tensor_is_refused():
    scale = ag.Tensor(2.0)
    with pytest.raises(TypeError, match="symmetric_function: f depends on a Tensor besides"):
        la.symmetric_function(np.eye(2), lambda w: w * scale)


# --- eigenvectors of equal eigenvalues -----------------------------------------------------------


def rebuilt(t, f):
    w, v = la.eigh(t)
    return (v * f(w)) @ v.mT


@pytest.mark.parametrize(
    "a",
    [np.zeros((3, 3)), np.eye(4), np.diag([1.0, 2.0, 1.0, 2.0, 2.0]), np.diag([1.0, 1.0 + 1e-12])],
)
@pytest.mark.parametrize("f", [np.exp, np.square], ids=["exp", "square"])
def test_functions_written_with_eigh_have_the_right_gradient(a, f):
    weights = normal(*a.shape)
    found = ag.grad(lambda t: ag.sum(weights * rebuilt(t, f)))(a)
    expected = ag.grad(lambda t: ag.sum(weights * la.symmetric_function(la_symmetric(t), f)))(a)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    step = symmetric(len(a))
    forward = ag.jvp(lambda t: rebuilt(t, f), (a,), (step,))[1]
    expected = ag.jvp(lambda t: la.symmetric_function(t, f), (a,), (step,))[1]
    np.testing.assert_allclose(forward, expected, rtol=1e-9, atol=1e-9)


def la_symmetric(t):
    """The symmetric matrix with the lower triangle of ``t``, which ``eigh`` reads."""
    return ag.tril(t) + ag.tril(t, -1).T


@pytest.mark.parametrize(
    "f",
    [
        lambda t: la.eigh(t)[1][0, 0],
        lambda t: ag.sum(la.eigh(t)[1] ** 3),
        lambda t: (lambda v: ag.sum(ag.diag(v.T @ t @ v) * ag.diag(v.T @ np.ones((3, 3)) @ v)))(
            la.eigh(t)[1]
        ),
        lambda t: ag.real(la.eig(t)[1][0, 0]),
        lambda t: la.svd(t)[0][0, 0],
        lambda t: la.svd(t)[2][0, 0],
    ],
)
@pytest.mark.parametrize("a", [np.eye(3), np.zeros((3, 3))])
def test_what_depends_on_the_choice_of_vectors_is_nan(f, a):
    assert np.isnan(ag.grad(f)(a)).any()


ALIKE = {
    "squares": (lambda w: ag.sum(w**2), lambda a: ag.sum(a * a)),
    "exponentials": (
        lambda w: ag.special.logsumexp(w),
        lambda a: ag.log(ag.sum(ag.diag(la.expm(a)))),
    ),
    "product": (ag.prod, la.det),
}


@pytest.mark.parametrize(("of_values", "of_matrix"), ALIKE.values(), ids=ALIKE)
@pytest.mark.parametrize("values", [[1.0, 1.0], [1.0, 2.0, 2.0], [3.0, 3.0, 3.0]])
def test_what_treats_equal_eigenvalues_alike_has_second_derivatives(of_values, of_matrix, values):
    pytest.importorskip("scipy")
    q = np.linalg.qr(normal(len(values), len(values)))[0]
    a = q @ np.diag(values) @ q.T
    expected = ag.hessian(lambda t: of_matrix(la_symmetric(t)))(a)
    for f in (la.eigvalsh, lambda t: la.eigh(t)[0]):
        found = ag.hessian(lambda t, f=f: of_values(f(t)))(a)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_what_picks_one_of_equal_eigenvalues_has_no_second_derivative():
    assert np.isnan(ag.hessian(lambda t: la.eigvalsh(t)[0])(np.eye(2))).any()
    for f in (
        lambda t: la.svdvals(t)[0],
        lambda t: la.norm(t, 2),
        lambda t: ag.max(la.eigvalsh(t)),
    ):
        assert np.isnan(ag.hessian(f)(np.eye(2))).any()


def root_of_gram(t):
    """(A^H A)^(1/2), smooth where A has full column rank."""
    return la.sqrtm(ag.conj(t).mT @ t)


#: A function of singular values, f(S) between U and V^H, and the same without a decomposition.
BETWEEN = {
    "identity": (lambda s: s, lambda t: t),
    "cube": (lambda s: s**3, lambda t: t @ ag.conj(t).mT @ t),
    "polar": (lambda s: s**0, lambda t: t @ la.inv(root_of_gram(t))),
}


@pytest.mark.parametrize(("f", "whole"), BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize(
    "a",
    [
        np.eye(3),
        2 * np.eye(4)[:, :2],
        normal(3, 3) * 0 + np.diag([1.0, 2.0, 2.0]),
        np.linalg.qr(normal(4, 4))[0] @ np.diag([5.0, 5.0, 2.0, 2.0]),
        np.linalg.qr(complex_normal(3, 3))[0],
        np.stack([np.eye(2), np.diag([1.0, 2.0])]),
    ],
)
def test_what_does_not_ask_for_a_basis_at_equal_singular_values(f, whole, a):
    def between(t):
        u, s, vh = la.svd(t, full_matrices=False)
        return (u * f(s)[..., None, :]) @ vh

    weights = complex_normal(*a.shape) if a.dtype.kind == "c" else normal(*a.shape)
    found = ag.grad(lambda t: ag.sum(ag.real(weights * between(t))))(a)
    expected = ag.grad(lambda t: ag.sum(ag.real(weights * whole(t))))(a)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_second_derivatives_at_equal_singular_values():
    a = np.linalg.qr(normal(4, 4))[0][:, :3] @ np.diag([3.0, 1.0, 1.0])
    for f, whole in (
        (lambda s: ag.sum(s**2), lambda t: ag.sum(t * t)),
        (ag.sum, lambda t: ag.sum(ag.diag(root_of_gram(t)))),
        (lambda s: ag.sum(ag.log(s)), lambda t: 0.5 * la.slogdet(t.T @ t)[1]),
    ):
        found = ag.hessian(lambda t, f=f: f(la.svdvals(t)))(a)
        np.testing.assert_allclose(found, ag.hessian(whole)(a), rtol=1e-8, atol=1e-8)
    assert np.isnan(ag.hessian(lambda t: ag.sum(la.svdvals(t) ** 2))(np.diag([1.0, 0.0]))).any()


def test_vectors_that_are_not_used_may_belong_to_equal_values():
    a = np.diag([1.0, 1.0, 3.0])
    ag.testing.check_grads(lambda t: la.eigh(t)[1][2, 2] ** 2, a, order=1)
    ag.testing.check_grads(lambda t: ag.sum(la.eigh(t)[0] ** 2), a, order=1)


def test_what_is_no_function_is_refused():
    with pytest.raises(
        TypeError, match="symmetric_function: expected a function of the eigenvalues"
    ):
        la.symmetric_function(np.eye(2), np.ones(2))
