"""Special functions: values by SciPy, which must be installed, and their derivatives.

A ufunc of SciPy that is declared here also takes Tensors itself. Formulas are those of the NIST Digital
Library of Mathematical Functions, https://dlmf.nist.gov, whose numbers are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.graph import (
    Primitive,
    implements,
    numpy_functions,
    of_arrays,
    primitive,
    value_of,
)
from .elementwise.activations import erf as erf
from .elementwise.exponential import difference_or_zero, exp, log, log1p
from .elementwise.limits import clip
from .elementwise.quotient import steep_sign
from .reduce.softmax import log_softmax as plain_log_softmax
from .reduce.softmax import logsumexp as plain_logsumexp
from .reduce.softmax import softmax as plain_softmax
from .reduce.sums import sum as plain_sum
from .shape.axes import Axis, as_array, broadcast_to, holds_tensors
from .shape.where import where

if TYPE_CHECKING:
    from .._engine.signatures import Array, Varying

__all__ = [
    "beta",
    "betaln",
    "digamma",
    "entr",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "expit",
    "exprel",
    "gamma",
    "gammaln",
    "hyp1f1",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "iv",
    "ive",
    "j0",
    "j1",
    "jn",
    "jv",
    "kl_div",
    "log_expit",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "rel_entr",
    "softmax",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
    "yv",
]


def _scipy() -> Any:
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError(
            "agx.special needs SciPy, which is not installed; run `python -m pip install scipy`"
        ) from error
    return scipy.special


_sp = _scipy()
_PI = float(np.pi)


def _theirs(name: str) -> Any:
    """SciPy's ufunc of this name, which SciPy hides with SCIPY_ARRAY_API=1."""
    found = getattr(_sp, name)
    return found if isinstance(found, np.ufunc) else getattr(_sp._ufuncs, found.__name__)


def _ufunc(
    name: str,
    what: str,
    *rules: Callable[..., Any] | None,
    derivative: str | tuple[str | None, ...],
    as_: str = "",
) -> Primitive:
    """Declare a ufunc of SciPy, under the name ``as_`` if its own might mean something else."""
    doc = f"Compute {what}, elementwise, as ``scipy.special.{name}`` does."
    return primitive(as_ or name, _theirs(name), rules, derivative=derivative, doc=doc)


# --- the error function and the normal distribution ------------------------------------------------

implements(_theirs("erf"))(erf)
for _same in ("cbrt", "exp2", "expm1", "log1p"):  # NumPy has them too
    numpy_functions[_theirs(_same)] = numpy_functions[getattr(np, _same)]
erfc = _ufunc(
    "erfc",
    "1 - erf(x) without cancellation",
    lambda g, out, x: g * (-2 / _PI**0.5 * exp(-x * x)),
    derivative="-2 / sqrt(pi) * exp(-x**2)",
)


def _erfcx_slope(g: Any, out: Any, x: Any) -> Any:
    """2 x erfcx(x) - 2 / sqrt(pi), whose terms cancel for large x: there its expansion at infinity."""
    far = x > 50
    u = where(far, x, 50.0) ** -2.0
    series = u * (1 - u * (1.5 - u * (3.75 - u * (13.125 - u * 59.0625))))
    return g * where(far, -(_PI**-0.5) * series, 2 * where(far, 0.0, x) * out - 2 / _PI**0.5)


erfcx = _ufunc(
    "erfcx",
    "exp(x^2) erfc(x) without overflow",
    _erfcx_slope,
    derivative="2 * x * erfcx(x) - 2 / sqrt(pi)",
)
erfinv = _ufunc(
    "erfinv",
    "the inverse of erf",
    lambda g, out, x: g * (0.5 * _PI**0.5 * exp(out * out)),
    derivative="sqrt(pi) / 2 * exp(erfinv(x)**2)",
)
erfcinv = _ufunc(
    "erfcinv",
    "the inverse of erfc",
    lambda g, out, x: g * (-0.5 * _PI**0.5 * exp(out * out)),
    derivative="-sqrt(pi) / 2 * exp(erfcinv(x)**2)",
)
ndtr = _ufunc(
    "ndtr",
    "the standard normal distribution function",
    lambda g, out, x: g * ((2 * _PI) ** -0.5 * exp(-0.5 * x * x)),
    derivative="exp(-x**2 / 2) / sqrt(2 * pi)",
)
ndtri = _ufunc(
    "ndtri",
    "the quantiles of the standard normal distribution",
    lambda g, out, p: g * ((2 * _PI) ** 0.5 * exp(0.5 * out * out)),
    derivative="sqrt(2 * pi) * exp(ndtri(p)**2 / 2)",
)
# The ratio of density and distribution function keeps its digits far out in the lower tail.
log_ndtr = _ufunc(
    "log_ndtr",
    "the logarithm of the standard normal distribution function",
    lambda g, out, x: g * ((2 / _PI) ** 0.5 / erfcx(-x * 0.5**0.5)),
    derivative="exp(-x**2 / 2) / (sqrt(2 * pi) * ndtr(x))",
)

# --- the gamma function ----------------------------------------------------------------------------


def _polygamma_value(n: Any, x: Any) -> Any:
    out = _sp.polygamma(n, x)
    return out.astype(np.float32) if getattr(getattr(x, "dtype", None), "char", "") == "f" else out


_polygamma = primitive(
    "polygamma", _polygamma_value, (None, lambda g, out, n, x: g * _polygamma(n + 1, x))
)


@of_arrays
def polygamma(n: Any, x: Any) -> Array:
    """Compute derivative ``n`` of digamma at ``x``, elementwise (DLMF 5.15).

    ``n`` holds integers >= 0 and broadcasts against ``x``; raises TypeError if it is a Tensor that requires
    a gradient.

    >>> ag.special.polygamma(1, 1.0).round(4)
    np.float64(1.6449)
    """
    return _polygamma(n, x)


gammaln = _ufunc(
    "gammaln", "log(abs(gamma(x)))", lambda g, out, x: g * digamma(x), derivative="digamma(x)"
)
gamma = _ufunc(
    "gamma",
    "the gamma function",
    lambda g, out, x: g * (out * digamma(x)),
    derivative="gamma(x) * digamma(x)",
)
digamma = _ufunc(
    "digamma",
    "the derivative of log(gamma(x))",
    lambda g, out, x: g * _polygamma(1, x),
    derivative="polygamma(1, x)",
)
psi = digamma
betaln = _ufunc(
    "betaln",
    "log(abs(beta(x, y)))",
    lambda g, out, x, y: g * (digamma(x) - digamma(x + y)),
    lambda g, out, x, y: g * (digamma(y) - digamma(x + y)),
    derivative=("digamma(x) - digamma(x + y)", "digamma(y) - digamma(x + y)"),
)
beta = _ufunc(
    "beta",
    "gamma(x) gamma(y) / gamma(x + y)",
    lambda g, out, x, y: g * out * (digamma(x) - digamma(x + y)),
    lambda g, out, x, y: g * out * (digamma(y) - digamma(x + y)),
    derivative=(
        "beta(x, y) * (digamma(x) - digamma(x + y))",
        "beta(x, y) * (digamma(y) - digamma(x + y))",
    ),
)

# --- logistic --------------------------------------------------------------------------------------

expit = _ufunc(
    "expit",
    "1 / (1 + exp(-x))",
    lambda g, out, x: g * (out * expit(-x)),
    derivative="expit(x) * (1 - expit(x))",
)
logit = _ufunc(
    "logit",
    "log(x / (1 - x))",
    lambda g, out, x: g / (x + 0.0) + g / (1 - x),
    derivative="1 / (x * (1 - x))",
)
log_expit = _ufunc(
    "log_expit",
    "log(1 / (1 + exp(-x))) without overflow",
    lambda g, out, x: g * expit(-x),
    derivative="expit(-x)",
)

# --- entropy ---------------------------------------------------------------------------------------


def _over_or_zero(x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0."""
    return x / where((x == 0) & (y == 0), 1.0, y)


def _ratio(x: Any, y: Any) -> Any:
    """x / y, and 1 where both are 0: the slopes of kl_div then vanish there, as where x = y > 0."""
    both = (x == 0) & (y == 0)
    return where(both, 1.0, x / where(both, 1.0, y))


xlogy = _ufunc(
    "xlogy",
    "x log(y), and 0 where x is 0",
    lambda g, out, x, y: g * log(y),
    lambda g, out, x, y: g * _over_or_zero(x, y),
    derivative=("log(y)", "x / y"),
)
xlog1py = _ufunc(
    "xlog1py",
    "x log(1 + y), and 0 where x is 0",
    lambda g, out, x, y: g * log1p(y),
    lambda g, out, x, y: g * _over_or_zero(x, 1 + y),
    derivative=("log1p(y)", "x / (1 + y)"),
)
entr = _ufunc(
    "entr",
    "-x log(x), and -inf where x is negative",
    lambda g, out, x: -g * (log(x) + 1),
    derivative="-log(x) - 1",
)
rel_entr = _ufunc(
    "rel_entr",
    "x log(x / y), 0 where x is 0",
    lambda g, out, x, y: g * (log(_ratio(x, y)) + 1),
    lambda g, out, x, y: -g * _ratio(x, y),
    derivative=("log(x / y) + 1", "-x / y"),
)
kl_div = _ufunc(
    "kl_div",
    "x log(x / y) - x + y",
    lambda g, out, x, y: g * log(_ratio(x, y)),
    lambda g, out, x, y: g * (1 - _ratio(x, y)),
    derivative=("log(x / y)", "1 - x / y"),
)

# --- Bessel functions (DLMF 10.6 and 10.29), differentiable in x -----------------------------------

jv = _ufunc(
    "jv",
    "the Bessel function of the first kind and order v",
    None,
    lambda g, out, v, x: g * 0.5 * (jv(v - 1, x) - jv(v + 1, x)),
    as_="bessel_j",
    derivative=(None, "(jv(v - 1, x) - jv(v + 1, x)) / 2"),
)
jn = jv
yv = _ufunc(
    "yv",
    "the Bessel function of the second kind and order v",
    None,
    lambda g, out, v, x: g * 0.5 * (yv(v - 1, x) - yv(v + 1, x)),
    as_="bessel_y",
    derivative=(None, "(yv(v - 1, x) - yv(v + 1, x)) / 2"),
)
iv = _ufunc(
    "iv",
    "the modified Bessel function of the first kind and order v",
    None,
    lambda g, out, v, x: g * 0.5 * (iv(v - 1, x) + iv(v + 1, x)),
    as_="bessel_iv",
    derivative=(None, "(iv(v - 1, x) + iv(v + 1, x)) / 2"),
)
ive = _ufunc(
    "ive",
    "exp(-abs(x)) iv(v, x)",
    None,
    lambda g, out, v, x: g * (0.5 * (ive(v - 1, x) + ive(v + 1, x)) - steep_sign(x) * out),
    as_="bessel_ie",
    derivative=(None, "(ive(v - 1, x) + ive(v + 1, x)) / 2 - sign(x) * ive(v, x)"),
)
j0 = _ufunc("j0", "jv(0, x)", lambda g, out, x: -g * j1(x), as_="bessel_j0", derivative="-j1(x)")
j1 = _ufunc(
    "j1",
    "jv(1, x)",
    lambda g, out, x: g * 0.5 * (j0(x) - jv(2, x)),
    as_="bessel_j1",
    derivative="(j0(x) - jv(2, x)) / 2",
)
y0 = _ufunc("y0", "yv(0, x)", lambda g, out, x: -g * y1(x), as_="bessel_y0", derivative="-y1(x)")
# At 0 the pole of yv(2, x) is the stronger one.
y1 = _ufunc(
    "y1",
    "yv(1, x)",
    lambda g, out, x: g * 0.5 * (y0(where(x == 0, 1.0, x)) - yv(2, x)),
    as_="bessel_y1",
    derivative="(y0(x) - yv(2, x)) / 2",
)
i0 = _ufunc("i0", "iv(0, x)", lambda g, out, x: g * i1(x), as_="bessel_i0", derivative="i1(x)")
i1 = _ufunc(
    "i1",
    "iv(1, x)",
    lambda g, out, x: g * 0.5 * (i0(x) + iv(2, x)),
    as_="bessel_i1",
    derivative="(i0(x) + iv(2, x)) / 2",
)
i0e = _ufunc(
    "i0e",
    "exp(-abs(x)) i0(x)",
    lambda g, out, x: g * (i1e(x) - steep_sign(x) * out),
    as_="bessel_i0e",
    derivative="i1e(x) - sign(x) * i0e(x)",
)
i1e = _ufunc(
    "i1e",
    "exp(-abs(x)) i1(x)",
    lambda g, out, x: g * (0.5 * (i0e(x) + ive(2, x)) - steep_sign(x) * out),
    as_="bessel_i1e",
    derivative="(i0e(x) + ive(2, x)) / 2 - sign(x) * i1e(x)",
)

# --- the confluent hypergeometric function (DLMF 13.3.15) ------------------------------------------


def _hyp1f1_value(a: Any, b: Any, x: Any) -> Any:
    return _sp.hyp1f1(a, b, np.minimum(x, 1e5))  # as infinite beyond, where SciPy takes for ever


hyp1f1 = primitive(
    "hyp1f1",
    _hyp1f1_value,
    (None, None, lambda g, out, a, b, x: g * (a / b) * hyp1f1(a + 1, b + 1, x)),
    elementwise=True,
    derivative=(None, None, "a / b * hyp1f1(a + 1, b + 1, x)"),
)
hyp1f1.__doc__ = """Compute Kummer's function, differentiable in x, elementwise."""
implements(_theirs("hyp1f1"))(hyp1f1)
exprel = _ufunc(
    "exprel",
    "(exp(x) - 1) / x",
    lambda g, out, x: g * 0.5 * hyp1f1(2.0, 3.0, clip(x, -1e100)),
    derivative="hyp1f1(2, 3, x) / 2",
)

# --- log-sum-exp -----------------------------------------------------------------------------------


def _weighted_rule(i: int, g: Any, out: Any, a: Any, b: Any, *, axis: Axis, sign: Any) -> Any:
    """b e / sum(b e) and e / sum(b e) for e = exp(a - max(a)); an element of weight 0 has no share."""
    plain, off = value_of(a), value_of(b) == 0
    top = np.max(np.where(off, -np.inf, plain), axis=axis, keepdims=True)
    e = exp(difference_or_zero(a, top))
    share = where(off, 0.0, e * b)
    total = plain_sum(share, axis, keepdims=True)
    if i:
        return g * e / total
    return g * share / where(total == 0, 1.0, total)


_weighted = primitive(
    "logsumexp_weighted",
    lambda a, b, *, axis, sign: _sp.logsumexp(a, axis, sign * b, keepdims=True),
    _weighted_rule,
)


@of_arrays
def logsumexp(
    a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Varying:
    """Compute log(sum(b exp(a))) along ``axis`` (all axes by default) without overflow.

    The weights ``b`` broadcast against ``a`` and are differentiable. The logarithm of a negative sum is
    NaN; with ``return_sign`` it is that of its size, and the constant sign of the sum comes too.

    >>> ag.special.logsumexp(np.array([1000.0, 0.0]), b=np.array([0.5, 0.0])).round(4)
    np.float64(999.3069)
    """
    a, b = as_array(a), as_array(b) if holds_tensors(b) else b
    if b is None and not return_sign:
        return plain_logsumexp(a, axis, keepdims=keepdims)
    b = np.ones((), a.dtype) if b is None else b
    b = b if hasattr(b, "shape") else np.asarray(b, a.dtype)
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = broadcast_to(a, shape), broadcast_to(b, shape)
    if not return_sign:
        out = _weighted(a, b, axis=axis, sign=1)
        return out if keepdims else out.squeeze(axis)
    sign = _sp.logsumexp(value_of(a), axis, value_of(b), keepdims=True, return_sign=True)[1]
    out = _weighted(a, b, axis=axis, sign=np.where(sign == 0, 1, sign))
    return (out, sign) if keepdims else (out.squeeze(axis), sign.squeeze(axis))  # type: ignore[return-value]


@of_arrays
def softmax(x: Any, axis: Axis = None) -> Array:
    """Compute exp(x) / sum(exp(x)) along ``axis`` (all axes by default) without overflow.

    >>> ag.special.softmax(np.zeros((2, 2)))
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    return plain_softmax(as_array(x), axis)


@of_arrays
def log_softmax(x: Any, axis: Axis = None) -> Array:
    """Compute the logarithm of ``softmax`` along ``axis`` (all axes by default).

    >>> ag.special.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    return plain_log_softmax(as_array(x), axis)
