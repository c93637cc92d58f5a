"""Calls of NumPy's own functions, by the name of the function: (call, *points where it is smooth).

A call is made with plain arrays, which is what NumPy returns, and with Tensors, which must agree.
Functions with no row here have one in the table of primitives.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.polynomial import polynomial
from points import apart, complex_normal, normal, positive, unit

v, m = normal(4), apart(3, 4)
holes = m.copy()
holes[0, 1] = holes[2, 2] = np.nan
where = np.array([[True, False, True, True]])
NUMPY_2_2 = np.lib.NumpyVersion(np.__version__) >= "2.2.0"
NUMPY_2_4 = np.lib.NumpyVersion(np.__version__) >= "2.4.0"
QUANTILES = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher",
    "midpoint", "nearest",
)  # fmt: skip
PADS = (
    "edge",
    "reflect",
    "symmetric",
    "wrap",
    "maximum",
    "minimum",
    "mean",
    "median",
    "linear_ramp",
)

reductions = {
    name: [
        (lambda x, f=f: f(x), m),
        (lambda x, f=f: f(x, axis=1), m),
        (lambda x, f=f: f(x, axis=(0, 1), keepdims=True), m),
        (lambda x, f=f: f(a=x, axis=-1, keepdims=True), m),
    ]
    for name, f in (
        (name, getattr(np, name))
        for name in (
            "sum", "mean", "var", "std", "prod", "max", "min", "amax", "amin", "ptp", "median",
            "nansum", "nanmean", "nanvar", "nanstd", "nanprod", "nanmax", "nanmin", "nanmedian",
        )
    )
}  # fmt: skip
for name in ("nansum", "nanmean", "nanvar", "nanstd", "nanprod", "nanmax", "nanmin", "nanmedian"):
    f = getattr(np, name)
    reductions[name] += [
        (lambda x, f=f: f(np.where(np.isnan(holes), np.nan, x), axis=1), m),
        (lambda x, f=f: f(np.where(np.isnan(holes), np.nan, x), axis=0, keepdims=True), m),
    ]
for name in (
    "sum",
    "mean",
    "var",
    "std",
    "prod",
    "nansum",
    "nanmean",
    "nanvar",
    "nanstd",
    "nanprod",
):
    f = getattr(np, name)
    reductions[name].append((lambda x, f=f: f(x, axis=1, where=where), m))
for name in ("var", "std", "nanvar", "nanstd"):
    f = getattr(np, name)
    reductions[name].append((lambda x, f=f: f(x, axis=0, ddof=1), m))
    reductions[name].append((lambda x, f=f: f(x, axis=0, mean=x[:1] * 2), m))
for name in ("sum", "prod", "max", "min", "nansum", "nanprod", "nanmax", "nanmin"):
    f = getattr(np, name)
    reductions[name].append((lambda x, f=f: f(x, axis=1, where=where, initial=0.17), m))

rows = {
    **reductions,
    "average": [
        (np.average, m),
        (lambda w: np.average([1.0, 2.0], weights=w), positive(2)),
        (lambda x, w: np.average(x, 1, w), m, positive(4)),
        (lambda x, w: np.average(x, None, w, True)[0], m, positive(3, 4)),
        (lambda x, w: np.average(x, (1, 0), w.T, keepdims=True), m, positive(3, 4)),
        (lambda x, w: np.average(x, 1, w, True)[1] * x[0, 0], m, positive(3, 4)),
    ],
    "quantile": [
        *((lambda x, k=k: np.quantile(x, [0.2, 0.71], axis=1, method=k), m) for k in QUANTILES),
        (lambda x: np.quantile(x, [[0.0, 1.0]], axis=(0, 1), keepdims=True), m),
        (
            lambda x: np.quantile(x, 0.4, axis=0, method="inverted_cdf", weights=positive_weights),
            m,
        ),
    ],
    "percentile": [(lambda x: np.percentile(x, 30.0, axis=0), m)],
    "nanquantile": [
        (lambda x: np.nanquantile(np.where(np.isnan(holes), np.nan, x), [0.2, 0.7], axis=1), m),
        (lambda x: np.nanquantile(x, 0.3), m),
    ],
    "nanpercentile": [
        (
            lambda x: np.nanpercentile(
                np.where(np.isnan(holes), np.nan, x), 30, axis=0, keepdims=True
            ),
            m,
        )
    ],
    "cumsum": [(np.cumsum, m), (lambda x: np.cumsum(x, -1, np.float64), m)],
    "cumprod": [(np.cumprod, m), (lambda x: np.cumprod(x, 0), m)],
    "nancumsum": [(lambda x: np.nancumsum(np.where(np.isnan(holes), np.nan, x), 1), m)],
    "nancumprod": [(lambda x: np.nancumprod(np.where(np.isnan(holes), np.nan, x), 1), m)],
    "cumulative_sum": [
        (lambda x: np.cumulative_sum(x, axis=1, include_initial=True), m),
        (lambda x: np.cumulative_sum(x), normal()),
    ],
    "cumulative_prod": [
        (lambda x: np.cumulative_prod(x, axis=0, include_initial=True), m),
        (lambda x: np.cumulative_prod(x), v),
    ],
    "diff": [
        (np.diff, m),
        (lambda x: np.diff(x, 2, 0, prepend=1.5, append=x[:1]), m),
        (lambda x: np.diff(x, 0), m),
    ],
    "ediff1d": [(np.ediff1d, m), (lambda x: np.ediff1d(x, 1.0, [2.0, 3.0]), m)],
    "gradient": [
        (lambda x: np.gradient(x)[1], m),
        (lambda x: np.gradient(x, 0.5, axis=0, edge_order=2), m),
        (lambda x, c: np.gradient(x, np.cumsum(c), axis=1), m, positive(4)),
        (lambda x, c: np.gradient(x, np.cumsum(c), axis=1, edge_order=2), m, positive(4)),
        (lambda x: np.gradient(x, 2.0, np.array([0.0, 1.0, 2.0, 3.0]))[1], m),
        (lambda x: np.gradient(x, np.array([0.0, 1.0, 3.0, 4.0]), axis=-1), m),
        (lambda x: np.gradient(x, [x[0, 0], 1.0, 3.0, 4.0], axis=-1), m),
        (np.gradient, v[:2]),
    ],
    "trapezoid": [
        (np.trapezoid, m),
        (lambda y, x: np.trapezoid(y, x, axis=0), m, apart(3)),
        (lambda y, x: np.trapezoid(y, x), m, apart(3, 4)),
        (lambda x: np.trapezoid(x, [[0.0, 1.0, 3.0, 4.0]]), v),
    ],
    "sort": [
        (np.sort, m),
        (lambda x: np.sort(x, axis=0), m),
        (lambda x: np.sort(x, axis=None) ** 2, m),
    ],
    "sort_complex": [(lambda x: np.abs(np.sort_complex(x) + 1j), v)],
    "partition": [(lambda x: np.partition(x, 2) ** 2, m), (lambda x: np.partition(x, 1, None), m)],
    "unique": [
        (np.unique, m),
        (lambda x: np.unique(x, axis=0)[0], m),
        (lambda x: np.unique(x, True, True, True)[0] ** 2, m),
        (lambda x: np.unique(np.concatenate([x, x])), v),
    ],
    "unique_values": [(lambda x: np.sort(np.unique_values(x)), v)],
    "unique_counts": [(lambda x: np.unique_counts(x).values, v)],
    "unique_inverse": [(lambda x: np.unique_inverse(x).values, v)],
    "unique_all": [(lambda x: np.unique_all(x).values, v)],
    "union1d": [(np.union1d, v, normal(3))],
    "intersect1d": [
        (lambda x: np.intersect1d(x, x[1:]) * x.sum(), v),
        (lambda x: np.intersect1d(x, x[1:], True, True)[0], v),
    ],
    "setdiff1d": [
        (lambda x: np.setdiff1d(x, x[:2]) * x[0], v),
        (lambda x: np.setdiff1d(x, x[:2], assume_unique=True), v),
    ],
    "setxor1d": [(np.setxor1d, v, normal(3))],
    "take": [
        (lambda x: np.take(x, [0, 7, -2], mode="wrap"), v),
        (lambda x: np.take(x, [[0, 9]], 1, mode="clip"), m),
        (lambda x: np.take(x, [True, False]), v[:2]),
    ],
    "take_along_axis": [
        (lambda x: np.take_along_axis(x, np.argsort(m, 0), 0), m),
        (lambda x: np.take_along_axis(x, np.array([1, 0]), axis=None), m),
    ],
    "choose": [
        (lambda x, y: np.choose(np.array([[0, 1, 1, 0]]), [x, y]), m, v),
        (lambda x, y: np.choose([0, 1, 5, -3], [x, y], mode="clip"), v, normal(4)),
    ],
    "select": [(lambda x, y: np.select([m > 0.2, m > -0.1], [x, y * x], 3.0), m, v)],
    "compress": [(lambda x: np.compress([True, False, True], x, 0), m)],
    "extract": [(lambda x: np.extract(m > 0, x), m)],
    "piecewise": [
        (lambda x: np.piecewise(x, [x < 0, x > 0.2], [lambda x: x**2, 2.0, np.exp]), m),
        (lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda x, a: -x * a, lambda x, a: x], 3), v),
    ],
    "where": [(lambda x, y: np.where(m > 0, x, y * x), m, v)],
    # shapes
    "append": [(np.append, m, v), (lambda x, y: np.append(x, y, axis=0), m, normal(1, 4))],
    "array_split": [(lambda x: np.array_split(x, 3)[1], v)],
    "atleast_1d": [(lambda x: np.atleast_1d(x * 1.0), normal())],
    "atleast_2d": [(lambda x, y: np.atleast_2d(x, y)[0], v, m)],
    "atleast_3d": [(np.atleast_3d, v), (np.atleast_3d, m)],
    "block": [
        (lambda x, y: np.block([[x, np.ones((3, 1))], [y, 2.0]]), m, normal(1, 4)),
        (np.block, m),
        (lambda x, y: np.block([x, np.ones(2), y]), v, v),
    ],
    "broadcast_arrays": [(lambda x, y: np.broadcast_arrays(x, y)[0] * y, v, m)],
    "broadcast_to": [(lambda x: np.broadcast_to(array=x, shape=(2, 4)) * x, v)],
    "column_stack": [(lambda x, y: np.column_stack([x, y]), v[:3], m)],
    "concatenate": [
        (lambda x, y: np.concatenate([x, y], axis=0, dtype=np.float64), v, v),
        (lambda x, y: np.concatenate((x, y), axis=None), v, m),
        (lambda x: np.concatenate([x, [x[0], x[1]]]), v),
    ],
    "copy": [(lambda x: np.copy(x) * x, v)],
    "delete": [(lambda x: np.delete(x, [0, 2], axis=1), m), (lambda x: np.delete(x, 1), m)],
    "diag": [(lambda x: np.diag(x, 1), v), (lambda x: np.diag(x, -1), m)],
    "diagflat": [(lambda x: np.diagflat(x, -1), v)],
    "diagonal": [
        (lambda x: np.diagonal(x, 1), m),
        (lambda x: np.diagonal(x, 0, 0, 2), normal(2, 3, 2)),
    ],
    "dsplit": [(lambda x: np.dsplit(x, 2)[1], normal(2, 1, 4))],
    "dstack": [(lambda x, y: np.dstack([x, y]), v, v)],
    "expand_dims": [(lambda x: np.expand_dims(x, (0, 2)), v)],
    "flip": [(lambda x: np.flip(x, 0), m)],
    "fliplr": [(np.fliplr, m)],
    "flipud": [(np.flipud, m)],
    "hsplit": [(lambda x: np.hsplit(x, [1, 3])[1], m)],
    "hstack": [(lambda x, y: np.hstack([x, y]), v, v), (lambda x, y: np.hstack([x, y]), m, m)],
    "insert": [
        (lambda x, y: np.insert(x, 1, y, axis=0), m, v),
        (lambda x: np.insert(x, [1, 3], [5.0, 6.0]), v),
        (lambda x: np.insert(x, 1, [x[0], 6.0]), v),
    ],
    "matrix_transpose": [(np.matrix_transpose, normal(2, 3, 4))],
    "meshgrid": [
        (lambda x, y: np.meshgrid(x, y)[1], v, normal(3)),
        (lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True)[0], v, normal(3)),
    ],
    "moveaxis": [(lambda x: np.moveaxis(x, 0, -1), normal(2, 3, 2))],
    "pad": [
        *((lambda x, k=k: np.pad(x, ((2, 1), (1, 3)), mode=k), m) for k in PADS),
        (lambda x: np.pad(x, 2, constant_values=((1.0, 2.0), (3.0, 4.0))), m),
        *NUMPY_2_4 * ((lambda x: np.pad(x, {1: 2}), m),),
        (lambda x: np.pad(x, 2, "mean", stat_length=2), m),
        (lambda x: np.pad(x, 2, "linear_ramp", end_values=(5.0, 1.0)), m),
        (lambda x: np.pad(x, 2, "linear_ramp", end_values=x[0, 0]), m),
        (lambda x, y: np.pad(x, 2, constant_values=((1.0, y[0]), (y[1], 4.0))), m, v),
        *(
            (lambda x, k=k: np.pad(x, ((1, 2), (9, 4)), k, reflect_type="odd"), m)
            for k in ("reflect", "symmetric")
        ),
        (lambda x: np.pad(x, (2, 1), "reflect", reflect_type="odd"), v[:1]),
        (lambda x: np.pad(x, 3), normal()),
    ],
    "ravel": [(lambda x: np.ravel(x, "F"), m)],
    "repeat": [(lambda x: np.repeat(x, [1, 0, 2], 0), m)],
    "reshape": [
        (lambda x: np.reshape(x, (2, -1), order="F"), m),
        (lambda x: np.reshape(x, (2, 6), "F"), m),
        *NUMPY_2_2 * ((lambda x: np.reshape(x, shape=(6, 2)), m),),
    ],
    "resize": [(lambda x: np.resize(x, (3, 7)), m)],
    "roll": [
        (lambda x: np.roll(x, 2), m),
        (lambda x: np.roll(x, (1, -1), axis=(0, 1)), m),
        (lambda x: np.roll(x, (1, 2), np.int64(1)), m),
    ],
    "rollaxis": [(lambda x: np.rollaxis(x, 2), normal(2, 3, 2))],
    "rot90": [(lambda x: np.rot90(x, 3), m)],
    "lib.stride_tricks.sliding_window_view": [
        (lambda x: sliding_window_view(x, (2, 3)) * 2, m),
        (lambda x: sliding_window_view(x, 2, axis=1), m),
    ],
    "split": [(lambda x: np.split(x, 2, axis=1)[1], m)],
    "squeeze": [(np.squeeze, normal(1, 3, 1))],
    "stack": [(lambda x, y: np.stack([x, y], axis=-1, dtype=np.float64), v, v)],
    "swapaxes": [(lambda x: np.swapaxes(x, 0, 1), m)],
    "tile": [(lambda x: np.tile(x, (2, 1, 2)), m)],
    "transpose": [(lambda x: np.transpose(x, axes=(1, 0)), m), (lambda x: np.transpose(a=x), m)],
    "tril": [(lambda x: np.tril(x, 1), m)],
    "triu": [(lambda x: np.triu(x, -1), normal(2, 3, 3))],
    "trim_zeros": [
        (lambda x: np.trim_zeros(np.concatenate([[0.0], x, [0.0, 0.0]])), v),
        (lambda x: np.trim_zeros(np.concatenate([[0.0], x, [0.0]]), "b"), v),
    ],
    "unstack": [(lambda x: np.unstack(x, axis=1)[2], m)],
    "vsplit": [(lambda x: np.vsplit(x, 3)[1], m)],
    "vstack": [(lambda x, y: np.vstack([x, y]), v, m)],
    "apply_along_axis": [
        (lambda x: np.apply_along_axis(np.sort, 0, x), m),
        (lambda x: np.apply_along_axis(lambda r: np.outer(r, r), 1, x), m),
        (lambda x: np.apply_along_axis(np.prod, 1, x), m),
    ],
    "apply_over_axes": [(lambda x: np.apply_over_axes(np.prod, x, [0, 2]), normal(2, 3, 2))],
    "astype": [(lambda x: np.astype(x, np.float64, copy=False), v)],
    # products
    "histogram_bin_edges": [
        (lambda x: np.histogram_bin_edges(x, 3), m),
        (lambda x: np.histogram_bin_edges(x, "sturges"), m),
        (lambda x, y: np.histogram_bin_edges(x, 2, range=(y[0], 4.0)), m, v),
        (lambda x: np.histogram_bin_edges(x), normal(1)),
        (lambda x: np.histogram_bin_edges(x, np.sort(x)[1:3]), v),
    ],
    "histogram": [
        (lambda x: np.histogram(x, 3)[1], m),
        (lambda x: np.histogram(x, 3, density=True)[0], m),
        (lambda x, w: np.histogram(x, 3, None, None, w)[0], m, positive(3, 4)),
        (lambda x, w: np.histogram(x, 3, density=True, weights=w)[0], m, positive(3, 4)),
        (lambda w: np.histogram(m, [-0.1, 0.05, 0.2], weights=w)[0], positive(3, 4)),
        (
            lambda w: np.histogram(m, 4, range=(-0.1, 0.2), density=True, weights=w)[0],
            positive(3, 4),
        ),
    ],
    "histogram2d": [
        (lambda x, y: np.histogram2d(x, y, 2, density=True)[0], v, normal(4)),
        (lambda x, w: np.histogram2d(x, x, [2, 3], [[-2, 2], [-3, 3]], None, w)[0], v, positive(4)),
        (lambda x, y: np.histogram2d(x, y, bins=[3, 2])[2], v, normal(4)),
    ],
    "histogramdd": [
        (lambda x: np.histogramdd(x, 2, density=True)[0], normal(5, 3)),
        (lambda x, w: np.histogramdd(x, [2, 3], weights=w)[0], normal(5, 2), positive(5)),
        (lambda x: np.histogramdd(x, bins=3)[1][0], v),
        (lambda x: np.histogramdd([x, x], bins=3, range=[None, (-4, 4)])[1][0], v),
    ],
    "ix_": [(lambda x, y: np.multiply(*np.ix_(x, y)), v, normal(3))],
    "bincount": [(lambda w: np.bincount([1, 1, 3, 0], weights=w, minlength=6), v)],
    "corrcoef": [
        (np.corrcoef, normal(2, 5)),
        (lambda x: np.corrcoef(x, rowvar=False), normal(5, 2)),
    ],
    "cov": [
        (np.cov, m),
        (np.cov, v),
        (lambda x, y: np.cov(x, y, ddof=0), normal(2, 5), normal(5)),
        (lambda x: np.cov(x, rowvar=False, bias=True), normal(4, 2)),
        (lambda x: np.cov(x, fweights=[1, 2, 3, 1], aweights=[0.1, 0.5, 0.2, 0.9]), m),
        (lambda x, w: np.cov(x, aweights=w), m, positive(4)),
    ],
    "cross": [
        (np.cross, normal(2, 3), normal(3)),
        (lambda x, y: np.cross(x, y, 0, 1, 0), normal(3, 2), normal(2, 3)),
    ],
    "dot": [(np.dot, m, v), (np.dot, normal(2, 3), normal(2, 3, 2)), (np.dot, normal(), v)],
    "einsum": [
        (lambda x: np.einsum("ii->i", x) * 2, normal(3, 3)),
        (lambda x: np.einsum("ii", x), normal(3, 3)),
        (lambda x, y: np.einsum(x, [0, 1], y, [1], [0]), m, v),
        (lambda x, y: np.einsum("i...,j...", x, y, optimize=True), m, normal(2, 4)),
        (lambda x, y: np.einsum("iij,jk->k", x, y), normal(2, 2, 3), normal(3, 2)),
        (lambda x: np.einsum("ij->", x), m),
        (
            lambda x, y, z: np.einsum("ab,bc,cd->da", x, y, z),
            normal(2, 3),
            normal(3, 2),
            normal(2, 2),
        ),
    ],
    "inner": [(np.inner, m, v), (np.inner, m, normal(2, 4)), (np.inner, normal(), v)],
    "kron": [(np.kron, m, v), (np.kron, v, normal(2, 2))],
    "outer": [(np.outer, m, v)],
    "tensordot": [(lambda x, y: np.tensordot(x, y, axes=1), m, normal(4, 2))],
    "trace": [(lambda x: np.trace(x, 1), m), (lambda x: np.trace(x, 0, 0, 2), normal(2, 3, 2))],
    "vdot": [
        (np.vdot, m, normal(3, 4)),
        (lambda x, y: np.real(np.vdot(x + 1j * y, y - 2j * x)), v, normal(4)),
    ],
    "vecdot": [
        (np.vecdot, m, v),
        (lambda x, y: np.vecdot(x, y, axis=0, keepdims=True), m, normal(3, 4)),
        (lambda x, y: np.imag(np.vecdot(x + 1j * y, y - 2j * x)), v, normal(4)),
    ],
    "matvec": [
        (lambda x, y: np.matvec(x, y), m, v),
        (lambda x, y: np.matvec(x, y), normal(2, 3, 2), normal(2)),
    ],
    "vecmat": [(lambda x, y: np.vecmat(x, y), normal(3), m)],
    "matmul": [(lambda x, y: np.matmul(x, y, dtype=np.float64), m, v)],
    # signals and polynomials
    "convolve": [
        (lambda a, b, k=k: np.convolve(a, b, k), normal(n), normal(p))
        for k in ("full", "same", "valid")
        for n, p in ((5, 2), (2, 5), (3, 3))
    ],
    "correlate": [
        (lambda a, b, k=k: np.correlate(a, b, k), normal(n), normal(p))
        for k in ("full", "same", "valid")
        for n, p in ((5, 2), (2, 5), (3, 3))
    ],
    "interp": [
        (np.interp, unit(5), np.array([-0.9, -0.2, 0.3, 0.95]), normal(4)),
        (lambda x, f: np.interp(x, [0.0, 0.1], f, left=-1.0, right=5.0), apart(5), normal(2)),
        (lambda x, f: np.interp(x, [0.1, 0.35, 0.7], f, period=0.8), apart(5), normal(3)),
        (lambda x: np.interp(x, [0.1], [3.0]) * x, apart(5)),
    ],
    "poly": [(np.poly, v), (np.poly, normal(3, 3))],
    "polyadd": [(np.polyadd, v, normal(2))],
    "polysub": [(np.polysub, normal(2), v)],
    "polymul": [(np.polymul, v, normal(2))],
    "polyder": [(lambda p: np.polyder(p, 2), v)],
    "polyint": [(lambda p: np.polyint(p, 2, [1.0, 2.0]), v)],
    "polydiv": [
        (lambda u, w: np.polydiv(u, w)[0], v, 1 + positive(2)),
        (lambda u, w: np.polydiv(u, w)[1], v, 1 + positive(2)),
    ],
    "polyval": [(np.polyval, v, m)],
    "polyfit": [
        (lambda x, y: np.polyfit(x, y, 2), apart(5), normal(5)),
        (lambda x, y, w: np.polyfit(x, y, 1, w=w), apart(5), normal(5), positive(5)),
        (lambda x, y: np.polyfit(x, y, 1), apart(4), normal(4, 2)),
    ],
    "polynomial.polynomial.polyval2d": [(polynomial.polyval2d, v, normal(4), normal(3, 2))],
    "polynomial.polynomial.polyvalnd": [
        (lambda x, c: polynomial.polyvalnd((x,), c), m, normal(3, 2)),
        (lambda x, y, z, c: polynomial.polyvalnd((x, y, z), c), v, v, normal(4), normal(2, 3, 2)),
    ],
    "polynomial.polynomial.polygrid2d": [
        (polynomial.polygrid2d, v, normal(3), normal(3, 2)),
        (polynomial.polygrid2d, normal(2, 2), normal(3), normal(2, 2, 2)),
    ],
    "roots": [
        (lambda x: np.sort(np.real(np.roots(np.poly(x)))), apart(3)),
        (lambda x: np.abs(np.roots([1.0, -3.0, x[0]])), positive(1)),
        (lambda x: np.abs(np.roots(np.concatenate([[1.0, 0.5], x**2 + 3, [0.0]]))), positive(2)),
    ],
    "vander": [(np.vander, v), (lambda x: np.vander(x, 3, True), v)],
    # making arrays
    "array": [
        (lambda x: np.array([x, x], like=x) * x, v),
        (lambda x: np.array(x, ndmin=3, like=x) * x, v),
    ],
    "full_like": [
        (lambda x: np.full_like(x, x[1]), v),
        (lambda x: np.full_like(x, fill_value=x, shape=(2, 4)), v),
    ],
    "asarray": [(lambda x: np.asarray(x, like=x) * x, v)],
    "asanyarray": [(lambda x: np.asanyarray(x, like=x) * x, v)],
    "ascontiguousarray": [(lambda x: np.ascontiguousarray(x, like=x) * x, normal())],
    "asfortranarray": [(lambda x: np.asfortranarray(x, like=x) * x, v)],
    "require": [(lambda x: np.require(x, like=x) * x, v)],
    "linspace": [
        (lambda a, b: np.linspace(a, b, 5, axis=1), v, normal(4)),
        (lambda a, b: np.linspace(a, b, 4, endpoint=False, retstep=True)[0], v, normal(4)),
        (lambda a, b: np.linspace(a, b, 4, retstep=True)[1] * a, v, normal(4)),
    ],
    "logspace": [
        (lambda a, b: np.logspace(a, b, 3, base=2.0), v, normal(4)),
        (lambda a, b: np.logspace(a, 1.0, 3, base=b), unit(2), positive(2)),
    ],
    "geomspace": [(lambda a, b: np.geomspace(a, b, 4), positive(2), positive(2))],
    # elementwise functions that are no ufuncs, or have several results
    "around": [(lambda x: np.around(x, 1) * x, apart(4) + 0.01)],
    "round": [(lambda x: np.round(x, decimals=1) * x, apart(4) + 0.01)],
    "fix": [(lambda x: np.fix(x * 3) * x, apart(4))],
    "unwrap": [
        (lambda x: np.unwrap(x * 20), apart(5)),
        (lambda x: np.unwrap(x * 20, axis=0, period=2.0), m),
    ],
    "real_if_close": [(lambda x: np.real_if_close(x + 0j) * x, v)],
    "nan_to_num": [(lambda x: np.nan_to_num(np.where(x > 0, np.nan, x), nan=2.0) * x, m)],
    "sinc": [(np.sinc, v)],
    "i0": [(np.i0, v)],
    "clip": [
        (lambda x: np.clip(x, -0.12, None) * x, m),
        (lambda x: np.clip(x, a_min=np.full(4, -0.1), a_max=0.14) * x, m),
        (lambda x: np.ones(4).clip(x, 0.05) * x, v),
    ],
    "modf": [(lambda x: np.modf(x * 3)[0] ** 2, apart(4))],
    "frexp": [(lambda x: np.frexp(x * 3)[0] ** 2, apart(4))],
    "divmod": [(lambda x, y: np.divmod(x, y)[1] * x, apart(4) + 3, positive(4))],
    "float_power": [
        (np.float_power, positive(4), v),
        (lambda x: np.float_power(x, [3, 2, 1, 2]), v),
    ],
    "copysign": [(lambda x: np.copysign(x, -1.0) * x, v)],
    "nextafter": [(lambda x: np.nextafter(x, 9.0) * x, v)],
    "ldexp": [(lambda x: np.ldexp(x, 2) * x, v)],
    # complex numbers
    "angle": [(lambda x, y: np.angle(x + 1j * y), v, positive(4))],
    "imag": [(lambda x, y: np.imag((x + 1j * y) ** 3), v, normal(4))],
    "real": [(lambda x, y: np.real(np.exp(x + 1j * y)), v, normal(4))],
    "lib.scimath.sqrt": [(lambda x: np.abs(np.emath.sqrt(x) + 1), v), (np.emath.sqrt, positive(3))],
    "lib.scimath.log": [(lambda x: np.abs(np.emath.log(x) + 1), v)],
    "lib.scimath.log2": [(lambda x: np.abs(np.emath.log2(x) + 1), v)],
    "lib.scimath.log10": [(lambda x: np.abs(np.emath.log10(x) + 1), v)],
    "lib.scimath.logn": [(lambda x: np.abs(np.emath.logn(3.0, x) + 1), v)],
    "lib.scimath.power": [(lambda x: np.abs(np.emath.power(x, 1.5) + 1), v)],
    "lib.scimath.arccos": [(lambda x: np.abs(np.emath.arccos(x) + 1), 1 + positive(3))],
    "lib.scimath.arcsin": [(lambda x: np.abs(np.emath.arcsin(x) + 1), 1 + positive(3))],
    "lib.scimath.arctanh": [(lambda x: np.abs(np.emath.arctanh(x) + 1), 1 + positive(3))],
}

positive_weights = positive(3)
complex_points = complex_normal(3)

methods = [
    (lambda x: np.full((2, 4), x, like=x), v),
    (lambda x: np.fromfunction(lambda i: x[1] * i, (3,), like=x), v),
    (lambda x: np.maximum.reduce(x, axis=0, initial=0.05, where=where), m),
    (lambda x: np.hypot.reduce(x, axis=1, where=where), m),
    (lambda x: np.hypot.reduce(x, axis=(0, 1), keepdims=True, initial=1.5), m),
    (lambda x: np.subtract.reduce(x, axis=1, initial=0.5, where=where), m),
    (lambda x: np.logaddexp.reduce(x, axis=1, where=where), m),
    (lambda x: np.logaddexp2.reduce(x, axis=1, where=where), m),
    (lambda x: np.fmax.reduce(x, axis=1, initial=-5.0, where=where), m),
    (lambda x: np.subtract.reduce(x, axis=-1), normal()),
    (lambda x: np.hypot.reduceat(x, [1, 0], axis=-1), m),
    (lambda x: np.add.reduce(x), m),
    (lambda x: np.add.reduce(x, axis=None, initial=2.0), m),
    (lambda x: np.add.reduce(x, 1, where=where), m),
    (lambda x: np.multiply.reduce(x, axis=(0, 1), keepdims=True), m),
    (lambda x: np.maximum.reduce(x, axis=1), m),
    (lambda x: np.minimum.reduce(x), m),
    (lambda x: np.logaddexp.reduce(x, axis=1), m),
    (lambda x: np.subtract.reduce(x), m),
    (lambda x: np.divide.reduce(x, axis=-1), positive(3, 4)),
    (lambda x: np.hypot.reduce(x, axis=None), m),
    (lambda x: np.add.accumulate(x, axis=1), m),
    (lambda x: np.multiply.accumulate(x), m),
    (lambda x: np.maximum.accumulate(x, axis=1) * x, m),
    (lambda x: np.subtract.accumulate(x), m),
    (lambda x, y: np.subtract.outer(x, y), m, v),
    (lambda x, y: np.multiply.outer(x, y), v, normal(3)),
    (lambda x: np.add.reduceat(x, [0, 2, 1], axis=1), m),
    (lambda x: np.multiply.reduceat(x, [0, 1]), m),
    (lambda x: np.add(x, 1.0, dtype=np.float64), m),
]
