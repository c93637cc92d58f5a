"""ag.linalg: values against NumPy, points where derivatives need care, and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from points import complex_normal, normal

import agx as ag
from agx import linalg as la
from agx._engine.graph import constant_functions, numpy_functions

INF = np.inf


def definite(*batch, n=3):
    x = complex_normal(*batch, n, n)
    return x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(n)


def flat(result):
    """The parts of a result as plain arrays."""
    parts = result if isinstance(result, tuple) else (result,)
    return [p.value if isinstance(p, ag.Tensor) else np.asarray(p) for p in parts]


def same(found, expected, rtol=1e-9):
    found, expected = flat(found), flat(expected)
    assert len(found) == len(expected)
    for f, e in zip(found, expected, strict=True):
        assert f.shape == e.shape
        np.testing.assert_allclose(f, e, rtol=rtol, atol=1e-9)


def gradient(f, x):
    return ag.grad(lambda t: ag.sum(f(t)))(x)


# --- values --------------------------------------------------------------------------------------

square, wide, tall = normal(2, 3, 3), normal(2, 3, 4), normal(2, 4, 3)
CALLS = {
    "cholesky": [(definite(2),), (definite(2).real,), (definite(), {"upper": True})],
    "cond": [(m, p) for m in (square, definite()) for p in (None, 1, -1, 2, -2, INF, -INF, "fro", "nuc")]
    + [(wide,), (np.zeros((2, 3, 3)),), (np.zeros((2, 2)), 1), (np.full((2, 2), np.nan), 1)],
    "cross": [(normal(2, 3), normal(3)), (normal(3, 4), normal(3, 4), {"axis": 0})],
    "det": [(square,), (complex_normal(3, 3),), (np.zeros((0, 0)),), (np.ones((3, 3)),)],
    "diagonal": [(m, {"offset": k}) for m in (wide, tall) for k in (-5, -1, 0, 2)],
    "eig": [(square,), (np.diag([1.0, 2.0]),), (complex_normal(2, 3, 3),)],
    "eigh": [(definite(2),), (square,), (square, "U"), (definite(), "u")],
    "eigvals": [(square,), (np.diag([1.0, 2.0]),), (complex_normal(2, 3, 3),)],
    "eigvalsh": [(definite(2),), (square,), (square, "U")],
    "inv": [(square,), (complex_normal(3, 3),)],
    "lstsq": [
        (normal(4, 2), normal(4)),
        (normal(4, 2), normal(4, 3), None),
        (normal(2, 4), normal(2, 3), 1e-3),
        (np.ones((4, 2)), normal(4), -1),
        (complex_normal(4, 2), normal(4, 2)),
    ],
    "matmul": [(wide, tall)],
    "matrix_norm": [(wide, {"ord": p, "keepdims": k}) for p in ("fro", "nuc", 1, -1) for k in (False, True)],
    "matrix_power": [(square, n) for n in (-3, -1, 0, 1, 2, 3, 7)],
    "matrix_rank": [(square,), (np.ones((3, 3)), None, True), (wide, {"rtol": 0.5})],
    "matrix_transpose": [(wide,)],
    "multi_dot": [([normal(2, 3), normal(3, 4)],), ([normal(5), normal(5, 2), normal(2, 6), normal(6)],)],
    "norm": [(wide[0], p) for p in (None, "fro", "f", "nuc", 1, -1, 2, -2, INF, -INF)]
    + [(normal(3), p) for p in (None, 0, 1, 2, 3, -1, 0.5, INF, -INF)]
    + [(wide, None, a, k) for a in (0, -1, (0, 2), (2, 0), None) for k in (False, True)]
    + [(wide, p, (2, 0), True) for p in ("nuc", 1, -1, 2, -2, INF, -INF)]
    + [(complex_normal(3), p) for p in (0, 1, 2, 3, INF)]
    + [(np.array([3, 4]),), (np.zeros(3), 3)],
    "outer": [(normal(2), normal(3))],
    "pinv": [(wide,), (tall, 0.5), (square, {"rtol": None}), (definite(), {"hermitian": True})],
    "qr": [(m, mode) for m in (square, wide, tall, complex_normal(3, 2)) for mode in ("reduced", "complete", "r")],
    "slogdet": [(square,), (complex_normal(2, 3, 3),), (np.zeros((2, 2)),)],
    "solve": [(square, normal(3)), (square, tall[:, :3]), (complex_normal(3, 3), normal(2, 3, 1))],
    "svd": [(m, full) for m in (square, wide, tall, complex_normal(3, 2)) for full in (False, True)]
    + [(wide, {"compute_uv": False}), (definite(), {"hermitian": True}), (-definite(), True, False, True)],
    "svdvals": [(wide,), (complex_normal(2, 3),)],
    "tensordot": [(wide, tall, {"axes": ([0, 1], [0, 2])}), (wide, normal(4), {"axes": 1})],
    "tensorinv": [(normal(6, 2, 3), 1), (normal(2, 3, 6),)],
    "tensorsolve": [(normal(2, 3, 6), normal(2, 3)), (normal(6, 2, 3), normal(2, 3), (0,))],
    "trace": [(wide, {"offset": 1}), (wide, {"dtype": np.float32})],
    "vecdot": [(complex_normal(2, 3), complex_normal(3)), (normal(3, 2), normal(3, 1), {"axis": 0})],
    "vector_norm": [(wide, {"axis": a, "ord": p, "keepdims": True}) for a in (None, 1, (0, 2)) for p in (0, 2, 3, -INF)]
    + [(np.array(-2.0),)],
}  # fmt: skip


def tensors(arguments):
    as_tensor = lambda a: ag.Tensor(a) if isinstance(a, np.ndarray) else a
    return [list(map(as_tensor, a)) if isinstance(a, list) else as_tensor(a) for a in arguments]


@pytest.mark.parametrize(
    ("name", "arguments"), [(name, call) for name, calls in CALLS.items() for call in calls]
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_values_are_those_of_numpy(name, arguments):
    keywords = arguments[-1] if isinstance(arguments[-1], dict) else {}
    positional = [a for a in arguments if not isinstance(a, dict)]
    ours, numpys = getattr(la, name), getattr(np.linalg, name)
    expected = numpys(*positional, **keywords)
    plain = ours(*positional, **keywords)
    same(plain, expected)
    assert not any(isinstance(p, ag.Tensor) for p in (plain if type(plain) is tuple else [plain]))
    for function in (ours, numpys):
        found = function(*tensors(positional), **keywords)
        same(found, expected)
        if isinstance(expected, tuple) and name != "lstsq":
            assert type(found) is type(expected) is type(plain)
            assert found._fields == expected._fields
        first = found[0] if isinstance(found, tuple) else found
        assert isinstance(first, ag.Tensor) == (name != "matrix_rank")


def functions():
    return [
        name
        for name in np.linalg.__all__
        if callable(getattr(np.linalg, name)) and name != "LinAlgError"
    ]


@pytest.mark.parametrize("name", functions())
def test_every_function_is_published_and_documented(name):
    assert name in CALLS
    assert getattr(np.linalg, name) in numpy_functions.keys() | constant_functions
    assert getattr(la, name).__doc__.split("\n")[0].endswith(".")


@pytest.mark.parametrize("name", ["solve", "inv", "det", "norm", "svdvals", "pinv", "cond"])
def test_lists_of_numbers_are_arrays(name):
    lists = [[[2, 1], [1, 3]]] + ([[1, 2]] if name == "solve" else [])
    same(getattr(la, name)(*lists), getattr(np.linalg, name)(*lists))


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize("name", ["eigh", "svd", "qr", "slogdet", "eig", "cholesky", "lstsq"])
def test_single_precision_stays_single(name, dtype):
    a = definite().astype(np.complex64)
    a = a.real if dtype == np.float32 else a
    more = [ag.Tensor(np.ones(3, dtype))] if name == "lstsq" else []
    t = ag.Tensor(a)
    found = getattr(la, name)(t, *more)
    found = found[:2] if isinstance(found, tuple) else (found,)
    assert all(p.dtype in (np.float32, np.complex64) for p in found)
    sum(ag.sum(ag.abs(p)) for p in found).backward()
    assert t.grad.dtype == dtype


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([None, "fro", "nuc", 1, -1, 2, -2, INF, -INF]),
    st.integers(0, 2**32 - 1),
)
def test_norms_of_matrices_of_any_shape(m, n, ord, seed):
    x = np.random.default_rng(seed).standard_normal((2, m, n))
    same(la.norm(ag.Tensor(x), ord, (1, 2)), np.linalg.norm(x, ord, (1, 2)))
    ag.testing.check_grads(
        lambda t: la.norm(t, ord, (1, 2)), x, order=1, step=1e-5, rtol=1e-4, atol=1e-4
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_decompositions_of_any_shape_reproduce_the_matrix(m, n, seed):
    x = np.random.default_rng(seed).standard_normal((m, n))
    weight = np.random.default_rng(seed + 1).standard_normal((m, n))

    def by_svd(a):
        u, s, vh = la.svd(a, full_matrices=False)
        return (u * s) @ vh

    def by_qr(a):
        return ag.matmul(*la.qr(a))

    for f in (by_svd, by_qr):
        same(f(ag.Tensor(x)), x)
        found = ag.grad(lambda t, f=f: ag.sum(f(t) * weight))(x)
        np.testing.assert_allclose(found, weight, rtol=1e-4, atol=1e-4)


# --- derivatives ---------------------------------------------------------------------------------

check = ag.testing.check_grads


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: la.cross(x, y),
        lambda x, y: la.outer(x, y) @ la.outer(y, x),
        lambda x, y: la.vecdot(x, y) * la.trace(la.outer(x, y), offset=1),
        lambda x, y: la.diagonal(la.outer(x, x * y), offset=-1),
        lambda x, y: la.multi_dot([x, la.outer(y, y), la.outer(x, x), y]),
        lambda x, y: la.matrix_power(la.outer(x, y), 5),
        lambda x, y: la.cond(la.outer(x, y) + np.diag([1.0, 2.0, 3.0]), 1),
        lambda x, y: la.lstsq(la.outer(x, y)[:, :2] + np.eye(3)[:, 1:], y)[1],
        lambda x, y: la.tensordot(x, la.matrix_transpose(la.outer(x, y)), axes=1),
    ],
)
def test_what_is_composed_has_derivatives(function):
    check(function, np.array([0.7, -0.3, 0.4]), np.array([-0.2, 0.9, 0.5]))


@pytest.mark.parametrize(
    "function",
    [la.det, la.inv, la.eigvalsh, la.svdvals, la.pinv, lambda a: la.qr(a)[0], lambda a: la.norm(a, "nuc")],
)  # fmt: skip
def test_third_derivatives(function):
    check(function, np.diag([1.0, 2.5, 4.0]) + 0.1 * normal(3, 3), order=3)


def test_gradients_of_complex_matrices_need_no_conjugate():
    z = complex_normal(3, 3)
    found = ag.grad(lambda t: la.slogdet(t)[1])(z)
    np.testing.assert_allclose(found, np.linalg.inv(z).T)
    step = 1e-6 * complex_normal(3, 3)
    rise = np.linalg.slogdet(z + step)[1] - np.linalg.slogdet(z - step)[1]
    np.testing.assert_allclose(rise / 2, np.sum(found * step).real, rtol=1e-6)


@pytest.mark.parametrize("name", ["eigh", "eigvalsh", "cholesky"])
def test_a_triangle_that_is_not_read_has_no_gradient(name):
    a = definite().real
    f = getattr(la, name)
    part = (lambda t: f(t)[0]) if name == "eigh" else f
    found = gradient(part, a)
    assert not np.triu(found, 1).any() and np.tril(found).any()


def test_complex_hermitian_matrices_ignore_the_imaginary_diagonal():
    a = definite()
    assert not np.diag(gradient(la.eigvalsh, a)).imag.any()


# --- degenerate points ---------------------------------------------------------------------------


@pytest.mark.parametrize("a", [np.eye(3), np.zeros((3, 3)), np.diag([1.0, 1.0, 2.0])])
def test_equal_eigenvalues(a):
    def rebuilt(t):
        w, v = la.eigh(t)
        return ag.sum(((v * w) @ v.mT) * np.arange(9.0).reshape(3, 3))

    found = ag.grad(rebuilt)(a)
    weight = np.arange(9.0).reshape(3, 3)
    lower = np.tril(weight + weight.T, -1) + np.diag(np.diag(weight))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, lower, atol=1e-13)
    np.testing.assert_allclose(gradient(la.eigvalsh, a), np.eye(3), atol=1e-15)


def test_nearly_equal_eigenvalues_do_not_amplify_rounding():
    q = np.linalg.qr(normal(4, 4))[0]
    a = q @ np.diag([1.0, 1.0, 1.0, 3.0]) @ q.T

    def projector(t):
        """Onto the last eigenvector, written by way of the other three."""
        v = la.eigh(t)[1][:, :3]
        return ag.sum((v @ v.mT) * weight)

    weight = normal(4, 4)
    exact = ag.grad(lambda t: -ag.sum(ag.outer(la.eigh(t)[1][:, 3], la.eigh(t)[1][:, 3]) * weight))(
        a
    )
    np.testing.assert_allclose(ag.grad(projector)(a), exact, atol=1e-12)


@pytest.mark.parametrize(
    "a", [np.eye(3), np.zeros((3, 2)), np.diag([1.0, 1.0, 0.0]), np.ones((2, 3))]
)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_equal_and_zero_singular_values(a, part):
    """Values have a gradient; vectors, which could be others as well, have none."""
    found = gradient(lambda t: la.svd(t, full_matrices=False)[part], a)
    assert (np.isfinite if part == 1 else np.isnan)(found).all()
    second = ag.hessian(lambda t: ag.sum(la.svd(t, full_matrices=False)[part] ** 3))(a)
    assert np.isnan(second).all() or (part == 1 and la.matrix_rank(a) == 3)


@pytest.mark.parametrize("ord", [None, 0, 1, 2, 3, 1.5, -1, INF, -INF])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_the_gradient_at_the_zero_vector_is_zero(ord, dtype):
    x = np.zeros((2, 3), dtype)
    np.testing.assert_array_equal(gradient(lambda t: la.norm(t, ord, axis=1), x), 0)


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, INF, -INF])
def test_the_gradient_at_the_zero_matrix_is_zero(ord):
    np.testing.assert_array_equal(gradient(lambda t: la.norm(t, ord, (0, 1)), np.zeros((2, 3))), 0)


@pytest.mark.parametrize(("ord", "expected"), [(1, 0), (INF, 0), (2, np.nan), (3, np.nan)])
def test_second_derivatives_at_the_zero_vector(ord, expected):
    """Kinks of straight lines have none, as relu; a cone has no second derivative."""
    second = ag.hessian(lambda t: la.norm(t, ord))(np.zeros(2))
    np.testing.assert_array_equal(second, expected)


def test_a_zero_beside_other_numbers():
    x = np.array([0.0, 3.0, -4.0])
    np.testing.assert_allclose(gradient(la.norm, x), [0, 0.6, -0.8])
    np.testing.assert_allclose(ag.hessian(la.norm)(x)[0, 0], 0.2)
    for ord in (0.5, 1, 1.5, 3):
        found = gradient(lambda t, ord=ord: la.norm(t, ord), x)
        assert found[0] == 0 and np.isfinite(found).all()


@pytest.mark.parametrize(
    ("ord", "expected"),
    [(INF, [0.5, -0.5, 0, 0]), (-INF, [0, 0, 0.5, -0.5])],
)
def test_ties_share_the_gradient(ord, expected):
    x = np.array([2.0, -2.0, 1.0, -1.0])
    np.testing.assert_array_equal(gradient(lambda t: la.norm(t, ord), x), expected)


@pytest.mark.parametrize("ord", [1, INF, 2, -1, -INF, -2])
def test_ties_between_rows_share_the_gradient(ord):
    np.testing.assert_allclose(gradient(lambda t: la.norm(t, ord), np.eye(2)).sum(), 1)


@pytest.mark.parametrize(
    "name", ["inv", "det", "cholesky", "eigh", "svd", "qr", "slogdet", "eig", "pinv"]
)
@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 2, 2)])
def test_matrices_without_elements(name, shape):
    def last(t):
        found = getattr(la, name)(t)
        return ag.real(found[-1] if isinstance(found, tuple) else found)

    x = np.zeros(shape)
    same(last(ag.Tensor(x)), last(x))
    assert gradient(last, x).shape == shape


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, 2, INF])
def test_norms_without_elements_are_zero(ord):
    assert la.norm(ag.Tensor(np.zeros((0, 3))), ord).value == 0
    assert la.vector_norm(np.zeros(0), ord=2 if isinstance(ord, str) else ord) == 0


def test_not_a_number_gives_not_a_number():
    with np.errstate(invalid="ignore"):
        assert np.isnan(gradient(la.det, np.full((2, 2), np.nan))).all()


def test_singular_matrices():
    a = np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 2.0])
    np.testing.assert_array_equal(gradient(la.cond, np.zeros((2, 2))), 0)
    np.testing.assert_array_equal(gradient(lambda t: la.cond(t, 1), np.zeros((2, 2))), 0)
    np.testing.assert_allclose(gradient(la.det, a), 0, atol=1e-12)
    assert np.isneginf(la.slogdet(ag.Tensor(np.zeros((2, 2))))[1].value)


@pytest.mark.parametrize(
    "f", [lambda t: la.slogdet(t)[1], lambda t: la.qr(t)[0] ** 2, lambda t: la.qr(t)[1]]
)
@pytest.mark.parametrize("bad", [np.zeros((3, 3)), np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 2.0])])
def test_a_singular_matrix_leaves_the_others_of_its_batch_alone(f, bad):
    good = normal(3, 3)
    found = gradient(f, np.stack([bad, good]))
    np.testing.assert_allclose(found[1], gradient(f, good), rtol=1e-12)
    assert np.isnan(found[0]).all() or np.abs(found[0]).max() > 1e14  # singular up to rounding
    guarded = gradient(lambda t: f(t)[1], np.stack([bad, good]))
    np.testing.assert_array_equal(guarded[0], 0)


def test_columns_that_depend_on_one_another_up_to_rounding():
    a = np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 2.0]) + np.outer([0.0, 1.0, 1.0], [1.0, 0.0, -1.0])
    assert np.isnan(gradient(lambda t: la.qr(t)[0], a)).all()


def test_power_zero_has_no_gradient():
    np.testing.assert_array_equal(gradient(lambda t: la.matrix_power(t, 0), square), 0)


def test_eigenvectors_of_a_rotation():
    """Complex eigenvalues of a real matrix: exp(+-it), whose real parts add up to 2 cos t."""

    def twice_cosine(t):
        c, s = ag.cos(t), ag.sin(t)
        return ag.sum(ag.real(la.eigvals(ag.stack([ag.stack([c, -s]), ag.stack([s, c])]))))

    check(twice_cosine, np.array(0.3))


# --- what has no gradient ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "shape", "message"),
    [
        (lambda a: la.svd(a)[0], (3, 2), "svd: singular vectors beyond the first 2 have no gradient"),
        (lambda a: la.svd(a)[2], (2, 3), "svd: .*use full_matrices=False"),
        (lambda a: la.qr(a, "complete")[0], (3, 2), "qr: columns of Q beyond the first 2 .*'reduced'"),
    ],
)  # fmt: skip
def test_vectors_that_complete_a_basis_have_no_gradient(part, shape, message):
    with pytest.raises(ValueError, match=message):
        gradient(part, normal(*shape))


def test_the_others_do_when_the_basis_is_complete():
    x = normal(3, 2)
    np.testing.assert_allclose(
        gradient(lambda t: la.svd(t)[1], x), gradient(lambda t: la.svd(t, False)[1], x)
    )
    assert la.svd(ag.Tensor(x))[0].shape == (3, 3)


def test_rank_is_a_plain_number():
    assert la.matrix_rank(ag.Tensor(np.eye(2))) == 2
    assert type(la.lstsq(ag.Tensor(np.eye(2)), np.ones(2))[2]) is int


def test_residuals_only_of_full_rank_and_more_rows():
    assert la.lstsq(ag.Tensor(np.ones((3, 2))), np.ones(3))[1].shape == (0,)
    assert la.lstsq(ag.Tensor(normal(3, 2)), np.ones(3))[1].shape == (1,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: la.inv(t[:2]), la.LinAlgError, "square"),
        (lambda t: la.inv(t * 0), la.LinAlgError, "Singular matrix"),
        (lambda t: la.cholesky(t[:2]), la.LinAlgError, r"cholesky: expected square .* got shape \(2, 3\)"),
        (lambda t: la.eigh(t[:2]), la.LinAlgError, r"eigh: expected square matrices .* got shape \(2, 3\)"),
        (lambda t: la.eigvalsh(t[0]), la.LinAlgError, r"eigvalsh: expected square .* got shape \(3,\)"),
        (lambda t: la.cholesky(-t), la.LinAlgError, "not positive definite"),
        (lambda t: la.matrix_power(t[:2], 2), la.LinAlgError, r"square matrices .* got shape \(2, 3\)"),
        (lambda t: la.matrix_power(t, 0.5), TypeError, "expected an integer exponent, got 0.5"),
        (lambda t: la.eigh(t, "X"), ValueError, "eigh: UPLO must be 'L' or 'U', got 'X'"),
        (lambda t: la.eigvalsh(t, 1), ValueError, "eigvalsh: UPLO must be 'L' or 'U', got 1"),
        (lambda t: la.qr(t, "raw"), ValueError, "mode must be .* for a Tensor, got 'raw'"),
        (lambda t: la.pinv(t, 0.1, rtol=0.1), ValueError, "expected rcond or rtol, got both"),
        (lambda t: la.multi_dot([t]), ValueError, "expected two or more arrays, got 1"),
        (lambda t: la.multi_dot([t, t], out=np.eye(3)), TypeError, "out= is not supported"),
        (lambda t: la.multi_dot([t, t[0], t]), la.LinAlgError, "a matrix as array 1, got 1 axes"),
        (lambda t: la.norm(t[0], "fro"), ValueError, "order of vectors must be a number, got 'fro'"),
        (lambda t: la.norm(t, 3), ValueError, "order of matrices must be .* got 3"),
        (lambda t: la.norm(t, axis="rows"), TypeError, "axis must be None, an integer .* got 'rows'"),
        (lambda t: la.norm(t[None], 2), ValueError, "one axis .* or two .* got 3; use vector_norm"),
        (lambda t: la.norm(t, axis=(0, 0)), ValueError, "repeated axis"),
        (lambda t: la.matrix_norm(t[0]), ValueError, "expected two axes or more, got 1"),
        (lambda t: la.matrix_transpose(t[0]), ValueError, "expected two axes or more, got 1"),
        (lambda t: la.diagonal(t[0]), ValueError, "diagonal: expected two axes or more, got 1"),
        (lambda t: la.outer(t, t[0]), ValueError, r"two vectors, got shapes \(3, 3\) and \(3,\)"),
        (lambda t: la.cross(t[:, :2], t), ValueError, "vectors of length 3 along axis -1, got 2 and 3"),
        (lambda t: la.vecdot(t[:, :2], t), ValueError, "equal lengths along axis -1, got 2 and 3"),
        (lambda t: la.tensorinv(t, 0), ValueError, "ind must be positive, got 0"),
        (lambda t: la.tensorsolve(t, np.ones(2)), la.LinAlgError, "no square system for b"),
        (lambda t: la.cond(t[:2], 1), la.LinAlgError, "square"),
        (lambda t: la.cond(t, 7), ValueError, "Invalid norm order"),
        (lambda t: np.linalg.norm(t, order=2), TypeError, "order"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call(ag.Tensor(definite().real))
