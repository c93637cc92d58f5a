"""NumPy's own functions on Tensors: what NumPy returns, with derivatives."""

import importlib
import warnings

import numpy as np
import pytest
from numpy.testing import overrides
from numpy_table import methods, rows

import agx as ag
from agx._engine.graph import numpy_functions
from agx._protocol import report
from agx._protocol import table as coverage


def overridable():
    for module in ("char", "fft", "lib.recfunctions", "ma", "polynomial", "rec", "strings"):
        importlib.import_module(f"numpy.{module}")
    yield from overrides.get_overridable_numpy_ufuncs()
    yield from overrides.get_overridable_numpy_array_functions()


def parameters():
    overridden = set(overridable())
    for name, group in rows.items():
        if coverage.function(name) not in overridden:
            continue  # this version of NumPy lacks it, or does not ask
        for k, row in enumerate(group):
            yield pytest.param(row[0], row[1:], id=f"{name}-{k}")
    for k, row in enumerate(methods):
        yield pytest.param(row[0], row[1:], id=f"method-{k}")


@pytest.mark.parametrize(("call", "arrays"), list(parameters()))
def test_value_is_numpys_and_derivatives_are_right(call, arrays):
    tensors = [ag.Tensor(a) for a in arrays]
    found, expected = call(*tensors), call(*arrays)
    assert isinstance(found, ag.Tensor)
    assert found.requires_grad
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.value, expected, rtol=1e-11, atol=1e-12)
    ag.testing.check_grads(call, *arrays, order=2, rtol=3e-6)
    ag.testing.check_grads(call, *arrays, order=3, rtol=1e-5, atol=1e-5)


# --- the table of what is covered ------------------------------------------------------------------


def name_of(function):
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy._core", "numpy")
    return f"{module}.{function.__name__}".removeprefix("numpy.").replace(
        "_scimath_impl", "scimath"
    )


def test_every_function_that_numpy_lets_us_override_is_classified():
    known = {row.name for row in report.rows()}
    strings = {n.removeprefix("strings.") for n in known if n.startswith("strings.")}
    missing = {
        name_of(f) for f in overridable() if name_of(f) not in known and f.__name__ not in strings
    }
    assert missing == set()


def test_every_function_is_classified_once():
    names = [row.name for row in report.rows()]
    assert len(names) == len(set(names))


def test_differentiable_functions_work():
    rows = [r for r in report.rows() if r.kind == "differentiable"]
    missing = [r.name for r in rows if not r.works]
    assert len(missing) <= 0.03 * len(rows), missing


def test_every_differentiable_function_has_a_row_somewhere():
    from op_table import rows as primitives

    from agx._engine.graph import Primitive

    tested = set(rows)
    for r in report.rows():
        if r.kind != "differentiable" or not r.works or r.name in tested:
            continue
        if r.name.startswith(("linalg.", "fft.")):
            continue  # they have tables of their own
        ours = numpy_functions[coverage.function(r.name)]
        assert isinstance(ours, Primitive), r.name
        assert ours.name in primitives, r.name


def test_each_row_calls_the_function_it_is_named_after(monkeypatch):
    seen, overridden = set(), set(overridable())
    report.rows()  # loads what is loaded on demand

    class Recorder(dict):
        def __getitem__(self, function):
            seen.add(function)
            return super().__getitem__(function)

        def get(self, function):
            seen.add(function)
            return super().get(function)

    for module in ("agx._protocol.calls", "agx._protocol.ufuncs"):
        monkeypatch.setattr(f"{module}.numpy_functions", Recorder(numpy_functions))
    for name, group in rows.items():
        if coverage.function(name) not in overridden:
            continue
        seen.clear()
        for call, *arrays in group:
            call(*map(ag.Tensor, arrays))
        assert coverage.function(name) in seen, name


def test_ag_offers_the_very_functions_that_numpy_calls():
    names = coverage.DIFFERENTIABLE[""].split()
    hidden = {"asanyarray", "ascontiguousarray", "asfortranarray", "require"}
    hidden |= {"trace"}  # of one number agx lists the backward sweep, and NumPy refuses
    for name in set(names) - hidden:
        f = coverage.function(name)
        assert f is None or getattr(ag, name) is numpy_functions[f], name


def test_constant_functions_return_plain_arrays():
    t = ag.Tensor([[1.0, -2.0], [3.0, 0.5]])
    for call in (
        lambda x: np.argpartition(x, 1),
        lambda x: np.digitize(x, [0.0, 1.0]),
        lambda x: np.histogram(x, 3)[0],
        lambda x: np.isneginf(x),
        lambda x: np.nanargmax(x),
        lambda x: np.lexsort(x),
        lambda x: np.spacing(x),
        lambda x: np.isin(x, [0.5]),
        lambda x: np.iscomplex(x),
        lambda x: np.linalg.matrix_rank(x),
        lambda x: np.ix_(x[0] > 0)[0],
    ):
        found = call(t)
        assert not isinstance(found, ag.Tensor)
        np.testing.assert_array_equal(found, call(t.value))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.array_split(ary=x, indices_or_sections=2)[1],
        lambda x: np.hsplit(ary=x, indices_or_sections=2)[0],
        lambda x: np.delete(axis=1, arr=x, obj=0),
        lambda x: np.diag(v=x, k=1),
        lambda x: np.diagonal(a=x, offset=-1),
        lambda x: np.flipud(m=x),
        lambda x: np.resize(a=x, new_shape=3),
        lambda x: np.rot90(k=2, m=x),
        lambda x: np.rollaxis(axis=1, a=x),
        lambda x: np.tril(m=x),
        lambda x: np.fix(x=x),
        lambda x: np.linalg.inv(a=x),
        lambda x: np.clip(x, 0.0, 1.0, None),
        lambda x: np.round(x, 1, None),
    ],
)
def test_numpys_names_of_arguments(call):
    x = np.array([[1.0, -2.0], [3.0, 0.5]])
    found = call(ag.Tensor(x))
    assert isinstance(found, ag.Tensor)
    np.testing.assert_allclose(found.value, call(x))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.histogram(x, 4)[0],
        lambda x: np.histogram(x, [-1.0, 0.5, 3.0])[0],
        lambda x: np.histogram(x, 3, range=(-1, 1), density=True)[0],
        lambda x: np.histogram2d(x[0], x[1], 2)[0],
        lambda x: np.histogram2d(x[0], x[1], [-2.0, 0.0, 1.0, 3.0])[0],
        lambda x: np.histogramdd(x, bins=2)[0],
        lambda x: np.histogramdd(x, bins=[[-2.0, 1.0, 3.0], 2])[0],
    ],
)
def test_counts_are_constant(call):
    x = np.array([[1.0, -2.0], [3.0, 0.5]])
    found, expected = call(ag.Tensor(x)), call(x)
    assert not isinstance(found, ag.Tensor)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_creation_functions_take_like():
    t = ag.Tensor([1.0])
    made = np.zeros(3, like=t)
    assert isinstance(made, ag.Tensor)
    assert not made.requires_grad
    assert made.value.tolist() == [0.0, 0.0, 0.0]
    assert np.full((2,), 7.0, like=t).value.tolist() == [7.0, 7.0]
    assert np.arange(3, like=t).value.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t: np.frompyfunc(abs, 1, 1)(t),
            "numpy.frompyfunc: .*call it on the array itself, or ag.stack",
        ),
        (lambda t: np.bitwise_and(t, t), "numpy.bitwise_and does not take Tensors: .*integers"),
        (lambda t: np.put(t, [0], 1.0), r"a leaf that requires a gradient .* assign into t.copy\(\)"),
        (lambda t: np.isnat(t), "its arguments are dates"),
        (lambda t: np.strings.isalpha(t), "its arguments are strings"),
        (lambda t: np.sum(t, out=np.zeros(())), "sum: out= would lose the gradient"),
        (lambda t: np.cumsum(t, out=np.zeros(2)), "cumsum: out= would lose the gradient"),
        (lambda t: np.concatenate([t, t], out=np.zeros(4)), "concatenate: out= would lose the gradient"),
        (lambda t: np.take(t, [0], out=np.zeros(1)), "take: out= would lose the gradient"),
        (lambda t: np.einsum("i->", t, out=np.zeros(())), "einsum: out= would lose the gradient"),
        (lambda t: np.add.at(np.ones(2), [0], t), r"numpy.add.at: a plain array .*ag.zeros\(shape\)"),
        (lambda t: np.add.reduce(t, out=np.zeros(())), "would lose its gradient"),
        (lambda t: np.exp(t, where=[True, False]), r"where= leaves the other elements undefined"),
        (lambda t: ag.exp(t, where=[True, False]), r"where= leaves the other elements undefined"),
        (lambda t: ag.exp(t, out=np.empty(2)), "would lose its gradient"),
        (lambda t: np.clip(t, 0, 1, np.empty(2)), "clip: out= would lose the gradient"),
        (lambda t: np.round(t, 1, np.empty(2)), "round: out= would lose the gradient"),
        (lambda t: np.fix(t, np.empty(2)), "fix: out= would lose the gradient"),
        (lambda t: np.dot(t, t, out=np.empty(())), "dot: out= would lose the gradient"),
        (lambda t: np.outer(t, t, out=np.empty((2, 2))), "outer: out= would lose the gradient"),
        (lambda t: np.exp(t, signature="d->d"), "numpy.exp of a Tensor does not take signature="),
        (lambda t: np.max(t, where=[True, False]), "max: where= needs initial="),
        (lambda t: np.sort(t, order="f"), "sort: order= is for structured arrays"),
        (lambda t: np.histogram(np.ones(3), weights=t), "weights should have the same shape as a"),
        (lambda t: np.histogramdd(np.ones((3, 2)), weights=t), r"expected 3 weights, .* got \(2,\)"),
        (lambda t: np.histogramdd(t, bins=[2, 2]), "points of 1 coordinates need as many bins and ranges"),
        (lambda t: np.quantile(np.ones(3), t), "no gradient with respect to q"),
        (lambda t: np.average(t, weights=np.ones(3)), "average: weights of shape"),
        (lambda t: np.average(t[None], axis=1, weights=np.ones(3)), r"expected weights of shape \(2,\)"),
        (lambda t: np.average(t, weights=np.zeros(2)), "weights sum to zero"),
        (lambda t: np.diff(t, -1), "diff: n must not be negative"),
        (lambda t: np.diff(t[0]), "diff: expected at least one axis"),
        (lambda t: np.gradient(t, edge_order=3), "edge_order must be 1 or 2"),
        (lambda t: np.gradient(t, edge_order=2), "edge_order=2 needs 3"),
        (lambda t: np.gradient(t, 1.0, 2.0), "expected 0, 1 or 1 spacings"),
        (lambda t: np.gradient(t, np.ones(3)), "expected 2 coordinates"),
        (lambda t: np.pad(t, 1, mode="empty"), "pad: mode must be"),
        (lambda t: np.pad(t, 1, mode="reflect", reflect_type="no"), "must be 'even' or 'odd', got 'no'"),
        (lambda t: np.pad(t, 1, mode="edge", stat_length=1), "stat_length= is not for mode='edge'"),
        (lambda t: np.pad(t, 1.5), "pad_width must be integers, got 1.5"),
        (lambda t: np.pad(t, -1), "pad_width must not be negative, got -1"),
        (lambda t: np.pad(t, {1: 2}), "axis 1 is out of bounds"),
        (lambda t: np.stack([t, t], dtype="f4", casting="safe"), "lets no float64 become float32"),
        (lambda t: ag.reshape(t, 2, copy=False), "copy=False is not supported"),
        (lambda t: np.transpose(t[None], (0, 3)), "axis 3 is out of bounds"),
        (lambda t: np.trim_zeros(t, "x"), "trim must be made of 'f' and 'b', got 'x'"),
        (lambda t: ag.trim_zeros(t, axis=1), "axis 1 is out of bounds"),
        (lambda t: np.convolve(t[None], t), "convolve: expected a of one axis"),
        (lambda t: np.convolve(t, np.ones(0)), "convolve: v cannot be empty"),
        (lambda t: np.convolve(t, t, "most"), "mode must be 'full', 'same' or 'valid'"),
        (lambda t: np.interp(t, [0.0, 1.0], [1.0]), "interp: expected xp and fp"),
        (lambda t: np.interp(t, [0.0, 1.0], [1.0, 2.0], period=0), "period must not be 0"),
        (lambda t: np.polyder(t, -1), "polyder: m must not be negative"),
        (lambda t: np.polyint(t, -1), "polyint: m must not be negative"),
        (lambda t: np.polyint(t, 3, [1.0, 2.0]), "expected one constant or 3"),
        (lambda t: np.polyfit(t, t, 1, full=True), "full= and cov= are not supported"),
        (lambda t: np.cross(t, t), "cross: expected vectors of 3 elements"),
        (lambda t: np.inner(t, np.ones(3)), "inner: last axes differ"),
        (lambda t: np.vecdot(t, np.ones(3)), "vecdot: lengths 2 and 3 differ"),
        (lambda t: np.bincount([0, 1, 2], weights=t), "bincount: expected weights of the shape"),
        (lambda t: np.choose(t, [1.0, 2.0]), "choose: the first argument must be integers"),
        (lambda t: np.select([[True, False]], [t, t]), "as many choices as conditions"),
        (lambda t: np.piecewise(t, [t.value > 0], [1, 2, 3]), "1 conditions need as many functions"),
        (lambda t: np.meshgrid(t, t, indexing="ab"), "indexing must be 'xy' or 'ij'"),
        (lambda t: np.linspace(t, 1.0, -1), "num must not be negative"),
        (lambda t: np.geomspace(t, 0.0), "start and stop must not be 0"),
        (lambda t: np.lib.stride_tricks.sliding_window_view(t, 1, writeable=True), "writeable=True"),
        (lambda t: ag.cumulative_sum(t[None]), "needs axis="),
        (lambda t: np.vander(t[None]), "vander: expected one axis"),
        (lambda t: np.add.reduceat(t, [5]), "indices must be between 0 and 1"),
        (lambda t: np.modf.reduce(t), "only supported for binary functions"),
        (lambda t: np.divmod.outer(t, t), "only ufuncs of two arguments"),
        (lambda t: np.subtract.reduce(t, where=[True, False]), "does not have an identity"),
        (lambda t: np.subtract.reduce(t[None], axis=None), "not reorderable"),
        (lambda t: np.subtract.reduce(t[:0]), "zero-size array to reduction operation subtract"),
        (lambda t: np.vecdot(t, t, axes=[0, 0, ()]), "numpy.vecdot of a Tensor does not take axes="),
        (lambda t: np.copyto(np.ones(2), t), r"copyto: a plain array .*ag.zeros\(shape\)"),
        (lambda t: np.put(np.ones(2), [0], t), r"put: a plain array .*ag.zeros\(shape\)"),
        (lambda t: np.sum(t, where=np.ones((2, 2), bool)), r"sum: where= of shape \(2, 2\) does not broa"),
        (lambda t: np.max(t, where=np.ones((2, 2), bool), initial=0), r"max: where= of shape \(2, 2\)"),
        (lambda t: np.var(t, ddof=1, correction=1), "var: ddof= and correction= are two names"),
        (lambda t: np.nanstd(t, ddof=1, correction=1), "nanstd: ddof= and correction= are two names"),
        (lambda t: np.take_along_axis(t, np.array([0]), 1), "axis 1 is out of bounds"),
        (lambda t: np.take_along_axis(t, np.array([[0]]), 0), "expected indices of 1 axes, got 2"),
        (lambda t: np.select([[1, 0]], [t]), "select: condition 0 must be booleans"),
        (lambda t: np.bincount([0, -1], weights=t), "vector of integers that are not negative"),
        (lambda t: np.cov(t, aweights=[1.0, -1.0]), "aweights must be 2 numbers that are not negative"),
        (lambda t: np.cov(t, fweights=[1, 2, 3]), "fweights must be 2 numbers"),
        (lambda t: np.cov(t, fweights=[1.5, 2]), "fweights must be integers"),
        (lambda t: np.cov(t, ddof=0.5), "ddof must be an integer, got 0.5"),
        (lambda t: np.gradient(t, axis=(0, 0)), "repeated axis"),
        (lambda t: np.polyfit(t, t, -1), "deg must not be negative, got -1"),
        (lambda t: ag.topk(t, 5), "topk: k must be between 0 and 2"),
    ],
)  # fmt: skip
def test_bad_calls_say_what_and_why(call, message):
    with pytest.raises((TypeError, ValueError, ZeroDivisionError, IndexError), match=message):
        call(ag.Tensor([1.0, 2.0]))


def test_all_nan_slices_warn_and_give_nan():
    t = ag.Tensor([[np.nan, np.nan], [1.0, 2.0]])
    for f in (np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanmedian):
        with pytest.warns(RuntimeWarning):
            found = f(t, axis=1)
        assert np.isnan(found.value[0])
        assert np.isfinite(found.value[1])


@pytest.mark.parametrize(
    "f",
    [
        np.prod, np.var, np.std, np.mean, np.nanprod, np.median, np.nanmedian,
        lambda x, axis: np.max(x, axis, initial=2.0), lambda x, axis: np.nanmin(x, axis, initial=2.0),
        lambda x, axis: np.multiply.reduce(x, axis),
        lambda x, axis: np.hypot.reduce(x, axis=axis, initial=2.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("axis", [0, 1, None])
def test_reductions_of_nothing(f, axis):
    t = ag.Tensor(np.zeros((0, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, expected = f(t, axis=axis), f(t.value, axis=axis)
        found.sum().backward()
    np.testing.assert_array_equal(found.value, expected)
    assert t.grad.shape == (0, 3)


def test_the_product_of_a_number_takes_an_axis():
    assert ag.grad(lambda x: np.prod(x, axis=0))(3.0) == 1.0


def test_too_few_elements_for_a_variance():
    t = ag.Tensor([1.0, 2.0])
    with pytest.warns(RuntimeWarning):
        np.var(t, ddof=2).backward()
    assert np.isinf(t.grad).all()


# --- ties ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.median, [1.0, 1.0, 0.0, 1.0], [1 / 3, 1 / 3, 0.0, 1 / 3]),
        (lambda x: np.sort(x) @ np.arange(4.0), [1.0, 1.0, 0.0, 1.0], [2.0, 2.0, 0.0, 2.0]),
        (lambda x: np.partition(x, 1)[1], [2.0, 2.0, 5.0], [0.5, 0.5, 0.0]),
        (lambda x: np.quantile(x, 0.75), [1.0, 1.0, 1.0], [1 / 3, 1 / 3, 1 / 3]),
        (lambda x: np.unique(x)[0], [3.0, 1.0, 1.0], [0.0, 0.5, 0.5]),
        (np.ptp, [1.0, 1.0], [0.0, 0.0]),
        (np.nanmax, [np.nan, 2.0, 2.0], [0.0, 0.5, 0.5]),
        (lambda x: np.maximum.reduce(x), [2.0, 2.0], [0.5, 0.5]),
    ],
)
def test_ties_share_the_gradient(f, x, expected):
    t = ag.Tensor(x)
    f(t).backward()
    np.testing.assert_allclose(t.grad, expected)


def test_topk_is_differentiable():
    x = ag.Tensor([1.0, 5.0, 3.0])
    values, index = ag.topk(x, 2)
    assert (values.value.tolist(), index.tolist()) == ([5.0, 3.0], [1, 2])
    (values * np.array([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 10.0]


def test_put_along_axis_returns_a_new_array():
    x, y = ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), ag.Tensor([[7.0], [8.0]])
    out = ag.put_along_axis(x, np.array([[1], [0]]), y, 1)
    assert out.value.tolist() == [[1.0, 7.0], [8.0, 4.0]]
    assert x.value.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    out.sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert y.grad.tolist() == [[1.0], [1.0]]


def test_float32_stays_float32():
    t = ag.Tensor(np.array([3.0, 1.0, 2.0], np.float32))
    for f in (
        np.median, np.sort, np.cumprod, np.diff, np.gradient, np.trapezoid, np.ptp, np.nanmean,
        np.nanstd, lambda x: np.quantile(x, 0.3), lambda x: np.interp(x, [0.0, 4.0], [0.0, 1.0]) * 1,
        lambda x: np.pad(x, 2, "mean"), lambda x: np.block([x, x]), np.unique, np.cov,
        lambda x: np.polyval(x, 2.0), lambda x: np.average(x), np.poly, lambda x: np.linspace(x, 2.0),
        lambda x: np.insert(x, 1, 2.0), lambda x: np.gradient(x, [0, 1, 3]),
        lambda x: np.nanvar(x, mean=np.ones(1)),
    ):  # fmt: skip
        out = f(t)
        assert out.dtype in (np.float32, np.result_type(np.asarray(f(t.value)).dtype))
        out.sum().backward()
        assert t.grad.dtype == np.float32


def test_no_warning_on_import_of_the_table():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "differentiable functions of NumPy work" in report.report()
