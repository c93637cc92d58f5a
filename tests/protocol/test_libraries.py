"""Objects and functions of other libraries: they compute with Tensors, or say what to write instead."""

import importlib
import itertools
import re
import sys
import types
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from test_lists import CALLS, arrays, replaced

import agx as ag
from agx._engine.graph import value_of
from agx._engine.trees import flatten
from agx._protocol import libraries
from agx._protocol.table import COMPATIBLE
from agx.testing import check_grads

W = np.array([0.5, 1.5, 2.5])
V = np.array([1.0, 2.0, 4.0])
M = np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 4.0]])
S = np.array([[3.0, 0.0, 1.0], [0.0, 2.0, 0.0], [0.5, 0.0, 4.0]])
#: Operators of two arguments, either of which may be a Tensor.
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
COMPARISONS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def agrees(function, other, plain, w=W, same=None):
    """``function(other, t)`` is a Tensor with the value and the gradient that it, or ``same``, has of ``plain``."""
    same = same or function
    found = function(other, ag.Tensor(w))
    assert type(found) is ag.Tensor
    assert_allclose(found.value, same(plain, w))
    gradient = ag.grad(lambda w: ag.sum(function(other, w) * found.value))
    expected = ag.grad(lambda w: ag.sum(same(plain, w) * found.value))
    assert_allclose(gradient(w), expected(w))


def swapped(function):
    return lambda a, b: function(b, a)


def kinds():
    """What holds V, and what holds M, in each library that is there."""

    def of(name, *attributes):
        def made(array):
            found = pytest.importorskip(name)
            for attribute in attributes:
                found = getattr(found, attribute)
            return found(array)

        return made

    yield pytest.param(of("pandas", "Series"), V, id="pandas.Series")
    yield pytest.param(
        lambda a: of("pandas", "Series")(a.astype(int)), V, id="pandas.Series of integers"
    )
    yield pytest.param(
        lambda a: of("pandas", "Series")(a).iloc[::-1], V, id="pandas.Series, turned round"
    )
    yield pytest.param(of("pandas", "Index"), V, id="pandas.Index")
    yield pytest.param(of("pandas", "DataFrame"), M, id="pandas.DataFrame")
    yield pytest.param(of("polars", "Series"), V, id="polars.Series")
    yield pytest.param(of("dask.array", "from_array"), V, id="dask")
    yield pytest.param(of("torch", "from_numpy"), V, id="torch")
    yield pytest.param(lambda a: a.view(Labelled), V, id="a subclass of ndarray")


class Labelled(np.ndarray):
    """A subclass that computes as arrays do."""


KINDS = list(kinds())


@pytest.mark.parametrize(("kind", "array"), KINDS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_take_tensors_on_either_side(kind, array, operator):
    made = kind(array)
    function, plain = OPERATORS[operator], np.asarray(made)
    if operator in ("/", "//", "%", "**"):
        with np.errstate(all="ignore"):
            agrees(function, made, plain)
            agrees(swapped(function), made + 1, plain + 1)
        return
    agrees(function, made, plain)
    agrees(swapped(function), made, plain)


@pytest.mark.parametrize(("kind", "array"), KINDS)
def test_comparisons_give_plain_arrays(kind, array):
    made = kind(array)
    for compare in COMPARISONS.values():
        for f in (compare, swapped(compare)):
            found = f(made, ag.Tensor(W))
            assert isinstance(found, np.ndarray)
            assert_array_equal(found, f(np.asarray(made), W))


@pytest.mark.parametrize(("kind", "array"), KINDS)
def test_products_of_matrices(kind, array):
    made = kind(array)
    if hasattr(made, "__matmul__"):  # which an Index lacks
        agrees(lambda a, w: a @ w, made, np.asarray(made))
    agrees(np.dot, made, np.asarray(made))
    agrees(np.multiply, made, np.asarray(made))
    agrees(lambda a, w: w @ (a if array.ndim == 1 else a.T), made, np.asarray(made))


# --- pandas -------------------------------------------------------------------------------------------


def test_methods_of_pandas():
    pd = pytest.importorskip("pandas")
    series, frame = pd.Series(V), pd.DataFrame(M, columns=["a", "b", "c"])
    agrees(lambda a, w: a.dot(w), series, V, same=np.dot)
    agrees(lambda a, w: a.dot(w), frame, M, same=np.dot)
    agrees(lambda a, w: a.mul(w), series, V, same=np.multiply)
    agrees(lambda a, w: a.rsub(w), series, V, same=lambda a, w: w - a)
    agrees(lambda a, w: np.multiply(a, w), frame, M)
    agrees(lambda a, w: a * w[0], frame, M)
    agrees(lambda a, w: w[np.asarray(a > 1)], series, V)
    agrees(lambda a, w: w[a > 1], series, V)
    agrees(lambda a, w: np.where(a > 1, w, 0.0), series, V)
    assert frame.dot(pd.Series(W, index=frame.columns)).tolist() == (M @ W).tolist()
    assert (series.dot(V), series.dot(series)) == (21.0, 21.0)


def test_addition_in_place_makes_a_tensor():
    pd = pytest.importorskip("pandas")
    series = pd.Series(V.copy())
    series += ag.Tensor(W)
    assert_allclose(series.value, V + W)
    plain = pd.Series(V.copy())
    plain += 1
    assert plain.tolist() == [2.0, 3.0, 5.0]


def test_linear_regression_on_a_frame():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=8), "b": rng.normal(size=8)}, index=range(8, 0, -1))
    target = pd.Series(2 * frame.a - frame.b)
    X, y = frame.to_numpy(), target.to_numpy()
    loss = lambda w: np.mean((frame @ w - target) ** 2)
    by_columns = lambda w: np.mean((target - (frame["a"] * w[0] + w[1] * frame["b"])) ** 2)
    w = np.array([0.5, 0.1])
    for f in (loss, by_columns):
        assert_allclose(ag.grad(f)(w), 2 * X.T @ (X @ w - y) / 8)
        assert_allclose(ag.hessian(f)(w), 2 * X.T @ X / 8)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda pd, t: pd.DataFrame(M).mul(t, axis=1), "pandas.DataFrame.mul"),
        (lambda pd, t: pd.Series(V).where(V > 1, t), "pandas.Series.where"),
    ],
)
def test_what_pandas_would_make_plain(call, name):
    pd = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match=f"{name} would lose the gradient .* such as x.to_numpy"):
        call(pd, ag.Tensor(W))


def test_columns_of_text_are_refused():
    pd = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match="mul: expected numbers, got Series of dtype object"):
        pd.Series(["a", "b", "c"], dtype=object) * ag.Tensor(W)


def test_a_tensor_on_purpose_becomes_a_column():
    pd = pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 tells of arrays that are not NumPy's
        assert pd.DataFrame({"w": ag.Tensor(W)})["w"].tolist() == W.tolist()
        with pytest.raises(TypeError, match=r"pandas.DataFrame would lose the gradient"):
            ag.grad(lambda w: pd.DataFrame({"w": w})["w"].sum())(W)


def labelled(pd, a):
    """``a`` with labels that name other places than their own."""
    backwards = [range(n - 1, -1, -1) for n in a.shape]
    return pd.Series(a, *backwards) if a.ndim == 1 else pd.DataFrame(a, *backwards)


@pytest.mark.parametrize(("name", "function", "call"), CALLS)
def test_labels_do_not_matter_to_any_function(name, function, call):
    """Each array as a Tensor with each other one as a Series or DataFrame."""
    pd = pytest.importorskip("pandas")
    held = arrays(call)
    for tensor, other in itertools.permutations(range(len(held)), 2):
        if held[other].ndim > 2:
            continue

        def found(kind, tensor=tensor, other=other):
            given = [ag.Tensor(a) if k == tensor else a for k, a in enumerate(held)]
            given[other] = kind(given[other])
            rest = iter(given)
            args, kwargs = replaced(call, lambda: next(rest))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return [value_of(x) for x in flatten(function(*args, **kwargs))[0]]

        try:
            expected = found(lambda a: a)
        except TypeError:  # what test_lists.py refuses
            continue
        for ours, theirs in zip(found(lambda a: labelled(pd, a)), expected, strict=True):
            assert_allclose(ours, theirs, rtol=1e-12)


# --- sparse matrices of SciPy -------------------------------------------------------------------------

FORMATS = [
    f"{form}_{kind}"
    for form in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")
    for kind in ("matrix", "array")
]


@pytest.fixture(params=FORMATS)
def sparse(request):
    return getattr(pytest.importorskip("scipy.sparse"), request.param)(S)


def test_sparse_matrices_multiply_tensors(sparse):
    for f in (lambda a, w: a @ w, lambda a, w: a.dot(w), np.dot, ag.matmul, ag.dot):
        agrees(f, sparse, S, same=np.dot)
    agrees(lambda a, w: w @ a, sparse, S)
    agrees(lambda a, w: a.T @ w, sparse, S)
    square = np.outer(W, W) + np.eye(3)
    agrees(lambda a, w: a @ w, sparse, S, square)
    agrees(lambda a, w: w @ a, sparse, S, square[:2])


def test_sparse_products_have_second_derivatives_and_jacobians(sparse):
    loss = lambda w: ag.sum((sparse @ w) ** 2)
    assert_allclose(ag.grad(loss)(W), 2 * S.T @ S @ W)
    assert_allclose(ag.hessian(loss)(W), 2 * S.T @ S)
    assert_allclose(ag.jacobian(lambda w: sparse @ w)(W), S)
    assert_allclose(ag.jacobian(lambda w: w @ sparse)(W), S.T)
    check_grads(lambda w: ag.tanh(sparse @ w), W)


def test_the_star_multiplies_matrices_as_scipy_does(sparse):
    as_arrays = type(sparse).__name__.endswith("array")
    assert_allclose((sparse * ag.Tensor(W)).value, S * W if as_arrays else S @ W)
    assert_allclose((ag.Tensor(W) * sparse).value, W * S if as_arrays else W @ S)
    assert_allclose((sparse * ag.Tensor(2.0)).value, 2 * S)
    agrees(lambda a, w: a.multiply(w), sparse, S, same=np.multiply)
    agrees(lambda a, w: a + w, sparse, S)
    agrees(lambda a, w: w - a, sparse, S)
    agrees(lambda a, w: a / w, sparse, S)


def test_comparisons_with_sparse_matrices(sparse):
    for compare in COMPARISONS.values():
        assert_array_equal(compare(ag.Tensor(W), sparse), compare(W, S))


@pytest.mark.parametrize("take", [ag.Tensor, ag.grad(ag.sum)])
def test_sparse_matrices_are_no_arguments(sparse, take):
    with pytest.raises(
        TypeError, match=r"_(array|matrix) is no array; its entries are one, which ag.linalg.spa"
    ):
        take(sparse)


def test_float32_stays_float32():
    sparse = pytest.importorskip("scipy.sparse").csr_array(S.astype("f4"))
    assert (sparse @ ag.Tensor(W.astype("f4"))).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda s, t: s @ t[:2], ValueError, r"matmul: a sparse matrix of shape (3, 3) does not go with an array of shape (2,)"),
        (lambda s, t: t[:2] @ s, ValueError, r"matmul: an array of shape (2,) does not go with a sparse matrix of shape (3, 3)"),
        (lambda s, t: s.maximum(t), TypeError, "scipy.sparse.csr_array.maximum would lose the gradient"),
        (lambda s, t: ag.linear(s, ag.stack([t])), TypeError, "linear: csr_array is no array; multiply with @, or pass a.toarray()"),
        (lambda s, t: type(s)((t, ([0, 1, 2], [0, 1, 2])), shape=(3, 3)), TypeError, "scipy.sparse.csr_array would lose the gradient of a Tensor of shape (3,): it knows plain arrays only; give ag.linalg.sparse_matmul or ag.linalg.spsolve the entries"),
    ],
)  # fmt: skip
def test_what_sparse_matrices_cannot_do(call, kind, message):
    s = pytest.importorskip("scipy.sparse").csr_array(S)
    with pytest.raises(kind, match=re.escape(message)):
        call(s, ag.Tensor(W))


# --- functions of SciPy -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "args", "instead"),
    [
        ("special.logsumexp", (), "ag.special.logsumexp"),
        ("special.softmax", (), "ag.special.softmax"),
        ("special.log_softmax", (), "ag.special.log_softmax"),
        ("special.multigammaln", (1,), "agx.compat.autograd.scipy.special.multigammaln"),
        ("special.factorial", (), "declare it with ag.primitive"),
        ("stats.norm.logpdf", (), "agx.compat.autograd.scipy.stats.norm.logpdf"),
        ("stats.t.cdf", (3.0,), "agx.compat.autograd.scipy.stats.t.cdf"),
        ("stats.expon.pdf", (), "declare it with ag.primitive"),
        ("stats.zscore", (), "declare it with ag.primitive"),
        ("linalg.solve_toeplitz", (V,), "ag.linalg.solve_toeplitz"),
        ("fft.fft", (), "ag.fft.fft"),
        ("signal.convolve", (V,), "agx.compat.autograd.scipy.signal.convolve"),
        ("signal.detrend", (), "declare it with ag.primitive"),
        ("integrate.trapezoid", (), "ag.trapezoid"),
        ("ndimage.gaussian_filter", (1.0,), "declare it with ag.primitive"),
        ("interpolate.CubicSpline", (V,), "declare it with ag.primitive"),
    ],
)
def test_functions_of_scipy_name_what_to_write(path, args, instead):
    module, _, name = path.partition(".")
    function = pytest.importorskip(f"scipy.{module}")
    for part in name.split("."):
        function = getattr(function, part)
    message = rf"scipy\.{path} would lose the gradient of a Tensor of shape \(3,\): .*{instead}"
    with pytest.raises(TypeError, match=message):
        function(ag.Tensor(W), *args)
    with pytest.raises(TypeError, match=message):
        ag.grad(lambda w: ag.sum(function(w, *args)))(W)
    with ag.no_grad():
        function(ag.Tensor(W), *args)


def test_ufuncs_of_scipy_name_what_takes_tensors():
    special = pytest.importorskip("scipy.special")
    with pytest.raises(TypeError, match=r"agx.compat.autograd.scipy.special.stdtr does"):
        special.stdtr(3.0, ag.Tensor(W))


def test_callbacks_that_would_lose_a_gradient():
    integrate = pytest.importorskip("scipy.integrate")
    with pytest.raises(TypeError, match="scipy.integrate.quad would lose the gradient"):
        integrate.quad(lambda x: x * ag.Tensor(2.0), 0, 1)


def test_minimisers_only_look_at_tensors():
    optimize = pytest.importorskip("scipy.optimize")
    target = ag.Tensor(W)
    found = optimize.minimize(lambda x: ag.sum((target - x) ** 2), np.zeros(3)).x
    assert_allclose(found, W, atol=1e-5)


@pytest.mark.parametrize("module", COMPATIBLE)
def test_what_is_named_exists(module):
    pytest.importorskip("scipy")
    for name in COMPATIBLE[module].split():
        found = importlib.import_module(f"agx.compat.autograd.{module}")
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found)


# --- xarray, PyTorch, units, masks and matrices -------------------------------------------------------


def test_xarray_carries_tensors():
    xr = pytest.importorskip("xarray")
    x, table = xr.DataArray(V, dims="i"), xr.DataArray(M, dims=("j", "i"))
    agrees(lambda a, w: (a * w).data, x, V, same=np.multiply)
    agrees(lambda a, w: w * a, table, M)
    agrees(lambda a, w: a @ w, table, M)
    with pytest.raises(
        TypeError,
        match=r"grad: the function returned a DataArray instead of its array, such as x.data",
    ):
        ag.grad(lambda w: (x * w).sum())(W)
    for push in (
        lambda f: ag.jvp(f, (W,), (W,)),
        lambda f: ag.vjp(f, W),
        lambda f: ag.jacobian(f)(W),
    ):
        with pytest.raises(
            TypeError, match="the function returned a DataArray instead of its array"
        ):
            push(lambda w: [x * w])


def test_functions_of_torch_are_refused():
    def sin(t): ...

    with pytest.raises(TypeError, match=r"torch.sin does not take Tensors of agx; ag.sin\(t\)"):
        ag.Tensor.__torch_function__(sin, (), (ag.Tensor(W),))


class Quantity(np.ndarray):
    """As a package of units has it."""

    unit = "km"


class Magnitude:
    """As another one has it."""

    units = "km"

    def __array__(self, dtype=None, copy=None):
        return np.array(V)


class Own(np.ndarray):
    """Arithmetic of its own."""

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return NotImplemented


MASKED = np.ma.masked_array(V, mask=[False, True, False])
MEANINGS = [
    pytest.param(V.view(Quantity), "Quantity has a unit, which a Tensor would lose", id="unit"),
    pytest.param(
        Magnitude(),
        "(Magnitude has a unit, which a Tensor would lose|cannot differentiate in a Magnitude)",
        id="units",
    ),
    pytest.param(V.view(Own), "Own has arithmetic of its own", id="ufunc"),
    pytest.param(MASKED, r"a masked array would lose its mask; pass x.filled\(0\)", id="mask"),
]


@pytest.mark.parametrize(("x", "message"), MEANINGS)
@pytest.mark.parametrize(
    ("who", "call"),
    [
        ("mul", lambda x: ag.Tensor(W) * x),
        ("matmul", lambda x: ag.Tensor(W) @ x),
        ("sub", lambda x: ag.subtract(x, ag.Tensor(W))),
        ("Tensor", lambda x: ag.Tensor(x)),
        ("grad", lambda x: ag.grad(ag.sum)(x)),
    ],
)
def test_what_means_more_than_its_numbers(x, message, who, call):
    with pytest.raises(TypeError, match=f"{who}: {message}"):
        call(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: MASKED * t,
        lambda t: np.ma.multiply(MASKED, t),
        lambda t: MASKED > t,  # noqa: SIM300
        lambda t: np.ma.mean(t),
    ],
)
def test_functions_of_masked_arrays(call):
    message = r"numpy.ma.* would lose the gradient .*a mask goes with ag.where"
    with pytest.raises(TypeError, match=message):
        call(ag.Tensor(W))
    with pytest.raises(TypeError, match=message):
        ag.grad(lambda w: ag.sum(call(w)))(W)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_np_matrix_goes_where_it_means_what_an_array_does():
    matrix = np.matrix(M)
    for f in (lambda a, w: a + w, lambda a, w: w - a, lambda a, w: a / w):
        agrees(f, matrix, M)
    agrees(lambda a, w: a @ w, matrix, M)
    for f in (lambda: matrix * ag.Tensor(W), lambda: ag.Tensor(W) * matrix):
        with pytest.raises(
            TypeError, match=r"mul: np.matrix has products of its own; pass np.asarray\(m\)"
        ):
            f()
    with pytest.raises(TypeError, match="grad: np.matrix has products of its own"):
        ag.grad(lambda m: ag.sum(m * m))(matrix)


def test_arrays_on_disk_and_columns_of_records(tmp_path):
    on_disk = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=3)
    on_disk[:] = V
    records = np.rec.array([(1.0, 2), (2.0, 3), (4.0, 4)], dtype=[("a", float), ("b", int)])
    for x in (on_disk, records.a):
        agrees(lambda a, w: a * w, x, V)
        assert_allclose(ag.grad(lambda x: ag.sum(x * x))(x), 2 * V)
    with pytest.raises(TypeError, match="mul: expected numbers, got recarray"):
        records * ag.Tensor(W)


# --- NumPy's scalar types -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.intp, np.bool_, int])
def test_integers_of_a_tensor_are_constant(kind):
    seen = []
    ag.grad(lambda x: seen.append(kind(x)) or x * kind(x))(2.5)
    assert seen == [kind(2.5)] and isinstance(seen[0], kind)
    assert kind(ag.Tensor(2.5)) == kind(2.5)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.complex128, float, complex])
def test_floats_of_a_tensor_would_lose_its_gradient(kind):
    assert kind(ag.Tensor(2.5)) == 2.5
    with pytest.raises(TypeError, match="would drop the gradient"):
        ag.grad(lambda x: kind(x) * x)(2.5)


def test_a_library_that_is_being_imported_is_waited_for(monkeypatch):
    class Box:
        """What holds numbers, and multiplies what it knows."""

        def __array__(self, dtype=None, copy=None):
            return np.array(V)

        def dot(self, other):
            return other + 1

    module = types.ModuleType("boxes")
    monkeypatch.setitem(sys.modules, "boxes", module)
    monkeypatch.setitem(libraries.waiting, "boxes", ("Box", ["dot"]))
    ag.Tensor(W)
    assert "boxes" in libraries.waiting
    module.Box = Box
    t = ag.Tensor(W)
    assert_allclose(Box().dot(t).value, V @ W)
    assert Box().dot(1) == 2
