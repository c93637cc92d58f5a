"""What agx answers where derivatives are in doubt: at kinks, zeros, ties and infinities.

A case is an expression of NumPy's names in x, y and z, so that other libraries can be asked the same
(see tools/record_corners.py). ``gradient`` is that of the sum of the result, ``second`` that of the sum
of all gradients; with several arguments each is a tuple. ``smooth`` says why other primitives have no row.
"""

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

inf, nan, pi, e = np.inf, np.nan, np.pi, np.e


def chain(x: Any) -> Any:
    """5000 operations, one after another."""
    for _ in range(5000):
        x = x * 1.0
    return x


def backward_twice(tensor: Callable[[float], Any]) -> float:
    """What x.grad is after the second of two backward passes of 3 z, z = x x, at x = 2."""
    x = tensor(2.0)
    z = x * x
    y = 3 * z
    y.backward()
    y.backward()
    return float(x.grad)


class Names:
    """The names that a case may use: arguments, constants, and the functions of a library."""

    def __init__(self, lookup: Callable[[str], Any], arguments: tuple[Any, ...]) -> None:
        self.lookup = lookup
        self.known = {
            "inf": inf,
            "nan": nan,
            "chain": chain,
            **dict(zip("xyz", arguments, strict=False)),
        }

    def __getitem__(self, name: str) -> Any:
        return self.known[name] if name in self.known else self.lookup(name)


@dataclass
class Corner:
    """One case and what is expected of it."""

    case: str
    at: Any
    value: Any
    gradient: Any
    why: str
    second: Any = None
    dtype: type = np.float64

    @property
    def points(self) -> tuple[Any, ...]:
        return self.at if isinstance(self.at, tuple) else (self.at,)

    def arguments(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array(p, self.dtype) for p in self.points)

    def function(self, lookup: Callable[[str], Any]) -> Callable[..., Any]:
        """The case as a function of arrays of the library whose functions ``lookup`` finds."""
        code = compile(self.case, "<corner>", "eval")
        return lambda *arguments: eval(code, {}, Names(lookup, arguments))

    @property
    def point(self) -> str:
        """The arguments as text: x = ..., y = ..."""
        named = zip("xyz", self.points, strict=False)
        text = ", ".join(f"{name} = {at}" for name, at in named)
        return text + (" (float32)" if self.dtype is np.float32 else "")

    @property
    def key(self) -> str:
        return f"{self.case} at {self.point}"


LIMIT, KINK = "the limit", "0 at a kink, as relu"
INFINITE = "the one-sided limit is infinite"
TIE = "tied arguments share evenly"
GUARD = "a zero cotangent stays zero"
SATURATED = "saturated: 0, not 0 times infinity"
SQUARE = "smooth: the length cancels"
STEP = "constant almost everywhere"
NEAR = 1 - 1e-13
OVERFLOW = "squares would overflow; the ratio does not"

sections: dict[str, list[Corner]] = {
    "The rectifier and its kin": [
        Corner("relu(x)", [-1.0, 0.0, -0.0, 2.0], [0, 0, 0, 2], [0, 0, 0, 1], KINK, [0, 0, 0, 0]),
        Corner("maximum(x, 0)", [-1.0, 0.0, -0.0, 2.0], [0, 0, 0, 2], [0, 0, 0, 1], KINK, [0, 0, 0, 0]),
        Corner("maximum(0, x)", [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1], KINK, [0, 0, 0]),
        Corner("-minimum(-x, 0)", [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1], KINK, [0, 0, 0]),
        Corner("fmax(x, 0)", [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1], KINK, [0, 0, 0]),
        Corner("clip(x, 0, None)", [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1], KINK, [0, 0, 0]),
        Corner("where(x > 0, x, 0.0)", [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1], "0 is not above 0", [0, 0, 0]),
        Corner("leaky_relu(x, 0.0)", [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1], KINK, [0, 0, 0]),
        Corner("leaky_relu(x, 0.1)", [-2.0, 0.0, 2.0], [-0.2, 0, 2], [0.1, 0.1, 1], "the left slope at 0", [0, 0, 0]),
        Corner("leaky_relu(x, 0.0)", [-inf, inf], [0, inf], [0, 1], "as relu: no 0 times infinity"),
        Corner("relu(x)", [-inf, inf], [0, inf], [0, 1], LIMIT, [0, 0]),
        Corner("clip(x, -1, 1)", [-1.0, 1.0, 0.0, -inf, inf], [-1, 1, 0, -1, 1], [0, 0, 1, 0, 0], "0 at and beyond the bounds", [0, 0, 0, 0, 0]),
        Corner("clip(x, y - 1, y)", ([0.5, 1.0, 0.0], [1.0, 1.0, 1.0]), [0.5, 1, 0], ([1, 0, 0], [0, 1, 1]), "a bound gets what x does not"),
        Corner("maximum(x, 0)", [nan], [nan], [0], "NaN is not above 0, as in relu"),
        Corner("relu(x)", [nan], [nan], [0], "NaN is not above 0"),
        Corner("clip(x, 0, None)", [nan], [nan], [0], "NaN is not above 0, as in relu"),
        Corner("fmax(x, 0)", [nan], [0], [0], "NaN is passed over"),
        Corner("relu(x)", [1e-300, -1e-300], [1e-300, 0], [1, 0], "the sign decides, however small"),
        Corner("clip(x, 2.0, 1.0)", [0.0, 1.5, 3.0], [1, 1, 1], [0, 0, 0], "the upper bound wins"),
        Corner("max(x, initial=1.0)", [1.0, 0.0], 1, [0, 0], "0 at a tie with a number"),
    ],
    "Absolute values and steps": [
        Corner("absolute(x)", [0.0, -0.0, -2.0], [0, 0, 2], [0, 0, -1], "0 at the kink, between -1 and 1", [0, 0, 0]),
        Corner("fabs(x)", [0.0, -2.0], [0, 2], [0, -1], "0 at the kink", [0, 0]),
        Corner("absolute(x)", [inf, -inf], [inf, inf], [1, -1], LIMIT),
        Corner("sqrt(x * x)", [0.0], [0], [nan], "0 times infinity; absolute(x) has 0"),
        Corner("sign(x)", [0.0, 3.0, -inf], [0, 1, -1], [0, 0, 0], STEP, [0, 0, 0]),
        Corner("copysign(x, -1.0)", [0.0, 2.0, -2.0], [0, -2, -2], [0, -1, 1], "-absolute(x)", [0, 0, 0]),
        Corner("copysign(x, y)", ([2.0, -2.0], [-3.0, 0.0]), [-2, 2], ([-1, -1], [0, 0]), "only the sign of y counts"),
        Corner("heaviside(x, y)", ([-1.0, 0.0, 1.0], [0.5, 0.5, 0.5]), [0, 0.5, 1], ([0, 0, 0], [0, 1, 0]), "y is the value at x = 0"),
        Corner("floor(x)", [0.0, 0.5, 1.0], [0, 0, 1], [0, 0, 0], STEP),
        Corner("ceil(x)", [0.0, 0.5, 1.0], [0, 1, 1], [0, 0, 0], STEP),
        Corner("trunc(x)", [-0.5, 1.0], [0, 1], [0, 0], STEP),
        Corner("rint(x)", [0.5, 1.5, 0.2], [0, 2, 0], [0, 0, 0], STEP),
        Corner("round(x)", [0.5, 1.5, 0.2], [0, 2, 0], [0, 0, 0], STEP),
        Corner("modf(x)[0]", [0.0, 1.0, -1.5], [0, 0, -0.5], [1, 1, 1], "x minus a constant"),
        Corner("frexp(x)[0]", [0.0, 3.0], [0, 0.75], [1, 0.25], "the exponent is constant"),
        Corner("ldexp(x, 3)", [0.0, inf], [0, inf], [8, 8], "linear", [0, 0]),
        Corner("spacing(x)", [1.0], [2.0**-52], [0], STEP),
        Corner("nextafter(x, 2.0)", [1.0, 2.0], [1 + 2.0**-52, 2], [1, 0], "x moved by a constant, or 2"),
        Corner("nan_to_num(x)", [nan, 1.0], [0, 1], [0, 1], "what was replaced is constant"),
        Corner("nan_to_num(x, posinf=9.0, neginf=-9.0)", [inf, -inf], [9, -9], [0, 0], "what was replaced is constant"),
    ],
    "Ties": [
        Corner("maximum(x, y)", ([1.0, 2.0, 0.0], [1.0, 3.0, 0.0]), [1, 3, 0], ([0.5, 0, 0.5], [0.5, 1, 0.5]), TIE),
        Corner("minimum(x, y)", ([1.0, 2.0], [1.0, 3.0]), [1, 2], ([0.5, 1], [0.5, 0]), TIE),
        Corner("maximum(x, y)", ([inf, -inf], [inf, -inf]), [inf, -inf], ([0.5, 0.5], [0.5, 0.5]), TIE),
        Corner("maximum(x, y)", ([0.0], [-0.0]), [0], ([0.5], [0.5]), "0 and -0 are equal"),
        Corner("maximum(x, x)", [3.0], [3], [1], "the shares sum to 1"),
        Corner("maximum(x, y)", ([nan, 1.0, nan], [1.0, nan, nan]), [nan, nan, nan], ([1, 0, 0.5], [0, 1, 0.5]), "NaN is chosen, as NumPy does"),
        Corner("minimum(x, y)", ([nan, 1.0], [1.0, nan]), [nan, nan], ([1, 0], [0, 1]), "NaN is chosen, as NumPy does"),
        Corner("fmax(x, y)", ([nan, 1.0, 2.0], [1.0, nan, 2.0]), [1, 1, 2], ([0, 1, 0.5], [1, 0, 0.5]), "NaN is passed over, as NumPy does"),
        Corner("fmin(x, y)", ([nan, 1.0, 2.0], [1.0, nan, 2.0]), [1, 1, 2], ([0, 1, 0.5], [1, 0, 0.5]), "NaN is passed over, as NumPy does"),
        Corner("max(x)", [1.0, 1.0, 0.0], 1, [0.5, 0.5, 0], TIE, [0, 0, 0]),
        Corner("min(x)", [1.0, 1.0, 1.0, 2.0], 1, [1 / 3, 1 / 3, 1 / 3, 0], TIE, [0, 0, 0, 0]),
        Corner("max(x, axis=1)", [[1.0, 1.0], [2.0, 3.0]], [1, 3], [[0.5, 0.5], [0, 1]], TIE),
        Corner("max(x)", [-inf, -inf], -inf, [0.5, 0.5], TIE),
        Corner("max(x)", [0.0, -0.0], 0, [0.5, 0.5], "0 and -0 are equal"),
        Corner("sort(x)[0]", [1.0, 1.0, 2.0], 1, [0.5, 0.5, 0], TIE),
        Corner("median(x)", [1.0, 1.0, 1.0], 1, [1 / 3, 1 / 3, 1 / 3], TIE),
        Corner("median(x)", [3.0, 1.0, 2.0, 9.0], 2.5, [0.5, 0, 0.5, 0], "the two in the middle"),
        Corner("median(x)", [inf, inf, 1.0], inf, [0.5, 0.5, 0], "infinite ones tie"),
        Corner("median(x)", [nan, 1.0, 2.0], nan, [0, 0, 0], "NaN is a constant here"),
        Corner("nanmedian(x)", [nan, 1.0, 1.0, 0.0], 1, [0, 0.5, 0.5, 0], "NaN is passed over; ties share"),
        Corner("sort(x)[0]", [-inf, -inf, 0.0], -inf, [0.5, 0.5, 0], "infinite ones tie"),
        Corner("sort(x)[2]", [nan, 1.0, 0.0], nan, [1, 0, 0], "NaN comes last, as NumPy has it"),
        Corner("partition(x, 0)[0]", [1.0, 1.0, 2.0], 1, [0.5, 0.5, 0], TIE),
        Corner("topk(x, 1)[0]", [1.0, 2.0, 2.0], [2], [0, 0.5, 0.5], TIE),
        Corner("unique(x)", [1.0, 1.0, 2.0], [1, 2], [0.5, 0.5, 1], TIE),
        Corner("pad(x, 1, 'maximum')", [2.0, 2.0], [2, 2, 2, 2], [2, 2], TIE),
        Corner("pad(x, 1, 'minimum')", [2.0, 2.0, 3.0], [2, 2, 2, 3, 2], [2, 2, 1], TIE),
        Corner("max(x)", [nan, 1.0, nan], nan, [0.5, 0, 0.5], "NaN is chosen, and shared"),
        Corner("percentile(x, 50)", [1.0, 1.0, 1.0], 1, [1 / 3, 1 / 3, 1 / 3], TIE),
        Corner("quantile(x, 0.25)", [1.0, 2.0, 3.0], 1.5, [0.5, 0.5, 0], "between two neighbours"),
        Corner("max_pool2d(x, 2)", [[[[1.0, 1.0], [0.0, 1.0]]]], [[[[1]]]], [[[[1, 0], [0, 0]]]], "the first in each window"),
        Corner("max_pool2d(x, 2)", [[[[-inf, -inf], [-inf, -inf]]]], [[[[-inf]]]], [[[[1, 0], [0, 0]]]], "the first in each window"),
        Corner("ptp(x)", [2.0, 2.0], 0, [0, 0], "the shares of max and min cancel"),
    ],
    "Products, sums and moments": [
        Corner("prod(x)", [2.0, 0.0, 3.0], 0, [0, 6, 0], "the product of the others, exactly", [3, 5, 2]),
        Corner("prod(x)", [0.0, 0.0, 3.0], 0, [0, 0, 0], "two zeros", [3, 3, 0]),
        Corner("prod(x)", [0.0, inf], nan, [inf, 0], "the product of the others"),
        Corner("prod(x, axis=0)", [[0.0, 2.0], [5.0, 0.0]], [0, 0], [[5, 0], [0, 2]], "a zero in each column"),
        Corner("prod(x)", [1e200, 1e200, 1e-300], inf, [1e-100, 1e-100, inf], "never the product divided by x"),
        Corner("cumprod(x)", [2.0, 0.0, 3.0], [2, 0, 0], [1, 8, 0], "exact where one is zero"),
        Corner("cumprod(x)", [0.0, 0.0, 3.0], [0, 0, 0], [1, 0, 0], "exact where two are zero"),
        Corner("cumprod(x)[0]", [1e200, 1e200, 2.0], 1e200, [1, 0, 0], GUARD),
        Corner("cumprod(x)", [1e200, 1e200, 1e-300], [1e200, inf, inf], [1e200, 1e200, inf], "never the product divided by x"),
        Corner("ptp(x)", [-inf, inf, inf], inf, [-1, 0.5, 0.5], TIE),
        Corner("std(x)", [1.0, 1.0, 1.0], 0, [0, 0, 0], "0 where it is 0", [nan, nan, nan]),
        Corner("std(x)", [5.0], 0, [0], "one number is constant"),
        Corner("std(x, ddof=1)", [5.0], nan, [nan], "no degree of freedom"),
        Corner("var(x, ddof=2)", [1.0, 2.0], inf, [-inf, inf], "no degree of freedom"),
        Corner("var(x)", [1.0, 1.0, 1.0], 0, [0, 0, 0], "a minimum", [0, 0, 0]),
        Corner("mean(x)", [inf, 1.0], inf, [0.5, 0.5], "linear"),
        Corner("chain(x)", [1.0], [1], [1], "5000 products by 1, one after another"),
        Corner("sum(x)", [inf, -inf], nan, [1, 1], "linear, whatever the value"),
        Corner("cumsum(x)", [inf, 1.0], [inf, inf], [2, 1], "linear, whatever the value"),
        Corner("nanmin(x)", [2.0, nan, 2.0], 2, [0.5, 0, 0.5], "NaN is passed over; ties share"),
        Corner("nanstd(x)", [1.0, nan, 1.0], 0, [0, 0, 0], "0 where it is 0"),
        Corner("std(x, axis=1)", [[1.0, 1.0], [1.0, 3.0]], [0, 1], [[0, 0], [-0.5, 0.5]], "0 where it is 0"),
        Corner("nansum(x)", [1.0, nan, 2.0], 3, [1, 0, 1], "NaN is passed over"),
        Corner("nanmax(x)", [1.0, nan, 1.0], 1, [0.5, 0, 0.5], "NaN is passed over; ties share"),
        Corner("nanmean(x)", [1.0, nan, 3.0], 2, [0.5, 0, 0.5], "NaN is passed over"),
        Corner("nanprod(x)", [2.0, nan, 0.0], 0, [0, 0, 2], "NaN is passed over"),
        Corner("nanmax(x)", [nan, nan], nan, [0, 0], "nothing was chosen"),
        Corner("nanmean(x)", [nan, nan], nan, [0, 0], "nothing was added"),
    ],
    "Norms and angles": [
        Corner("norm(x)", [0.0, 0.0], 0, [0, 0], "0 at 0, within the ball of subgradients", [nan, nan]),
        Corner("norm(x)", [3e200, 4e200], 5e200, [0.6, 0.8], OVERFLOW),
        Corner("norm(x)", [3e-200, 4e-200], 5e-200, [0.6, 0.8], "squares would underflow"),
        Corner("norm(x)", [inf, 1.0], inf, [1, 0], LIMIT, [0, 0]),
        Corner("norm(x)", [inf, -inf], inf, [1, -1], "as hypot: 1 or -1 for an infinite one", [0, 0]),
        Corner("norm(x, 1)", [0.0, -2.0], 2, [0, -1], "0 at the kink"),
        Corner("norm(x, inf)", [2.0, -2.0, 1.0], 2, [0.5, -0.5, 0], TIE),
        Corner("norm(x, -inf)", [2.0, -1.0, 1.0], 1, [0, -0.5, 0.5], TIE),
        Corner("norm(x, 3)", [0.0, 0.0], 0, [0, 0], "0 at 0", [nan, nan]),
        Corner("norm(x, 3)", [0.0, -2.0], 2, [0, -1], LIMIT, [0, 0]),
        Corner("norm(x, 3)", [1e200, 1e200], 2 ** (1 / 3) * 1e200, [2 ** (-2 / 3), 2 ** (-2 / 3)], "cubes would overflow"),
        Corner("norm(x, 3)", [inf, 1.0], inf, [1, 0], LIMIT),
        Corner("norm(x, 0.5)", [0.0, 4.0], 4, [0, 1], "0 at the cusp"),
        Corner("norm(x, -1)", [0.0, 2.0], 0, [0, 0], "0 at the kink"),
        Corner("norm(x, 0)", [0.0, 2.0], 1, [0, 0], "counts what is not 0"),
        Corner("norm(x, axis=1)", [[0.0, 0.0], [3.0, 4.0]], [0, 5], [[0, 0], [0.6, 0.8]], "0 at 0, row by row"),
        Corner("absolute(x + 1j * y)", (0.0, 0.0), 0, (0, 0), "a norm: 0 at 0", (nan, nan)),
        Corner("absolute(x + 1j * y)", (3e300, 4e300), 5e300, (0.6, 0.8), OVERFLOW, (3.2e-302, -2.4e-302)),
        Corner("angle(x + 1j * y)", (0.0, 0.0), 0, (0, 0), "0 where the angle is undefined", (nan, nan)),
        Corner("angle(x + 1j * y)", (-1.0, 0.0), pi, (0, -1), "on the cut, from above", (-1, -1)),
        Corner("sqrt(sum(x ** 2))", [0.0, 0.0], 0, [nan, nan], "0 times infinity; use norm, or hypot"),
        Corner("hypot(x, y)", (0.0, 0.0), 0, (0, 0), "a norm: 0 at 0", (nan, nan)),
        Corner("hypot(x, y)", (-0.0, -0.0), 0, (0, 0), "a norm: 0 at 0", (nan, nan)),
        Corner("hypot(x, y)", (3.0, 0.0), 3, (1, 0), LIMIT, (0, 1 / 3)),
        Corner("hypot(x, y)", (3e300, 4e300), 5e300, (0.6, 0.8), OVERFLOW),
        Corner("hypot(x, y)", (3e-300, 4e-300), 5e-300, (0.6, 0.8), "squares would underflow"),
        Corner("hypot(x, y)", (inf, 1.0), inf, (1, 0), LIMIT, (0, 0)),
        Corner("hypot(x, y)", (1.0, -inf), inf, (0, -1), LIMIT, (0, 0)),
        Corner("arctan2(x, y)", (0.0, 0.0), 0, (0, 0), "0 where the angle is undefined", (nan, nan)),
        Corner("arctan2(x, y)", (0.0, 1.0), 0, (1, 0), LIMIT, (-1, -1)),
        Corner("arctan2(x, y)", (0.0, -1.0), pi, (-1, 0), "on the cut, from above", (-1, -1)),
        Corner("arctan2(x, y)", (1e200, 1e200), pi / 4, (5e-201, -5e-201), OVERFLOW, (0, 0)),
        Corner("arctan2(x, y)", (1e-200, 1e-200), pi / 4, (5e199, -5e199), "squares would underflow"),
        Corner("arctan2(x, y)", (inf, 1.0), pi / 2, (0, 0), LIMIT, (0, 0)),
        Corner("arctan2(x, y)", (1.0, inf), 0, (0, 0), LIMIT, (0, 0)),
        Corner("arctan2(x, y)", (inf, -inf), 3 * pi / 4, (0, 0), LIMIT, (0, 0)),
        Corner("interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 0.0])", [0.0, 1.0, 2.0, -1.0, 3.0], [0, 1, 0, 0, 0], [1, -1, 0, 0, 0], "the slope to the right of a knot; 0 outside"),
    ],
    "Guards": [
        Corner("where(x > 0, sqrt(x), 0.0)", [-1.0, 0.0, 4.0], [0, 0, 2], [0, 0, 0.25], GUARD, [0, 0, -1 / 32]),
        Corner("where(x > 0, log(x), 0.0)", [-1.0, 0.0, 1.0], [0, 0, 0], [0, 0, 1], GUARD, [0, 0, -1]),
        Corner("where(x != 0, sin(x) / x, 1.0)", [0.0], [1], [0], GUARD, [0]),
        Corner("where(x != 0, 1 / x, 0.0)", [0.0, 2.0], [0, 0.5], [0, -0.25], GUARD, [0, 0.25]),
        Corner("where(x > 0, x ** 0.5, 0.0)", [-1.0, 0.0], [0, 0], [0, 0], GUARD, [0, 0]),
        Corner("where(absolute(x) < 1, arcsin(x), 0.0)", [1.0, 2.0, 0.0], [0, 0, 0], [0, 0, 1], GUARD, [0, 0, 0]),
        Corner("where(x < 700, exp(x), 0.0)", [1000.0], [0], [0], GUARD, [0]),
        Corner("where(x == 0, 0.0, x * log(x))", [0.0], [0], [0], GUARD, [0]),
        Corner("where(x > 0, arctanh(x), x)", [-1.0], [-1], [1], GUARD, [0]),
        Corner("where(x > 0, cbrt(x), 0.0)", [0.0], [0], [0], GUARD, [0]),
        Corner("0.0 * sqrt(x)", [0.0], [0], [0], "the cotangent of the root is 0", [0]),
        Corner("0.0 * log(x)", [0.0], [nan], [0], "the cotangent of the logarithm is 0", [0]),
        Corner("sqrt(maximum(x, 0))", [-1.0], [0], [0], "a constant, however steep the root", [0]),
        Corner("sqrt(relu(x))", [-1.0], [0], [0], "a constant, however steep the root", [0]),
        Corner("sqrt(clip(x, 0, None))", [-1.0], [0], [0], "a constant, however steep the root", [0]),
        Corner("log(maximum(x, y))", ([-1.0], [0.0]), [-inf], ([0], [inf]), "only the chosen one counts"),
        Corner("sqrt(maximum(x, 1e-12))", [-1.0, 0.0], [1e-6, 1e-6], [0, 0], "clipped"),
        Corner("where(x > 0, x, y)", ([1.0, -1.0], [nan, inf]), [1, inf], ([1, 0], [0, 1]), "only the chosen one counts"),
    ],
    "Roots and powers": [
        Corner("sqrt(x)", [0.0, -0.0], [0, 0], [inf, inf], INFINITE, [-inf, -inf]),
        Corner("sqrt(x)", [inf], [inf], [0], LIMIT, [0]),
        Corner("cbrt(x)", [0.0, -0.0], [0, 0], [inf, inf], INFINITE, [-inf, inf]),
        Corner("cbrt(x)", [-8.0, inf], [-2, inf], [1 / 12, 0], "defined for negative numbers"),
        Corner("square(x)", [0.0, inf], [0, inf], [0, inf], LIMIT, [2, 2]),
        Corner("x ** 0", [0.0, inf, nan], [1, 1, 1], [0, 0, 0], "the constant 1", [0, 0, 0]),
        Corner("x ** 1", [0.0, inf], [0, inf], [1, 1], "x itself", [0, 0]),
        Corner("x ** 2", [0.0, -0.0, -3.0], [0, 0, 9], [0, 0, -6], "x times x", [2, 2, 2]),
        Corner("x ** 3", [0.0, -2.0], [0, -8], [0, 12], "negative bases with whole exponents", [0, -12]),
        Corner("x ** 0.5", [0.0], [0], [inf], INFINITE, [-inf]),
        Corner("x ** 1.5", [0.0], [0], [0], LIMIT, [inf]),
        Corner("x ** -1", [0.0, -0.0], [inf, -inf], [-inf, -inf], INFINITE, [inf, -inf]),
        Corner("x ** -1", [inf, -inf], [0, 0], [0, 0], LIMIT, [0, 0]),
        Corner("x ** -2", [0.0, -2.0], [inf, 0.25], [-inf, 0.25], INFINITE, [inf, 0.375]),
        Corner("power(x, y)", (0.0, 0.0), 1, (0, 0), "0^0 is 1 by convention, and constant", (nan, nan)),
        Corner("power(x, y)", (0.0, 2.0), 0, (0, 0), "0^y is constant for y > 0", (2, 0)),
        Corner("power(x, y)", (0.0, 1.0), 0, (1, 0), "0^y is constant for y > 0"),
        Corner("power(x, y)", (0.0, -1.0), inf, (-inf, -inf), INFINITE),
        Corner("power(x, y)", (2.0, 0.0), 1, (0, np.log(2)), LIMIT),
        Corner("power(x, y)", (-2.0, 3.0), -8, (12, nan), "no real powers near a whole exponent"),
        Corner("power(x, y)", (inf, -1.0), 0, (0, 0), LIMIT),
        Corner("power(x, y)", (0.5, inf), 0, (0, 0), LIMIT),
        Corner("power(x, y)", (2.0, -inf), 0, (0, 0), LIMIT),
        Corner("x ** inf", [0.5, -0.5], [0, 0], [0, 0], LIMIT),
        Corner("power(x, y)", (1.0, inf), 1, (inf, 0), "1^y is constant"),
        Corner("2.0 ** x", [-inf, 0.0], [0, 1], [0, np.log(2)], LIMIT, [0, np.log(2) ** 2]),
        Corner("0.0 ** x", [0.0, 2.0], [1, 0], [0, 0], "0^0 is 1 by convention, and constant", [0, 0]),
        Corner("float_power(x, 2)", [0.0], [0], [0], "as power, in float64", [2]),
    ],
    "Quotients": [
        Corner("1 / x", [0.0, -0.0], [inf, -inf], [-inf, -inf], INFINITE, [inf, -inf]),
        Corner("1 / x", [inf, -inf], [0, 0], [0, 0], LIMIT, [0, 0]),
        Corner("reciprocal(x)", [0.0, inf], [inf, 0], [-inf, 0], INFINITE, [inf, 0]),
        Corner("x / y", (0.0, 2.0), 0, (0.5, 0), LIMIT, (-0.25, -0.25)),
        Corner("x / y", (0.0, inf), 0, (0, 0), LIMIT, (0, 0)),
        Corner("x / y", (1.0, 0.0), inf, (inf, -inf), INFINITE),
        Corner("x / y", (1e300, 1e300), 1, (1e-300, -1e-300), "y is never squared"),
        Corner("x / y", (1e-300, 1e-300), 1, (1e300, -1e300), "y is never squared"),
        Corner("x / inf", [0.0, 1.0], [0, 0], [0, 0], LIMIT),
        Corner("x / y", (0.0, 0.0), nan, (inf, nan), "0 / 0 has no limit"),
        Corner("remainder(x, y)", (5.0, 3.0), 2, (1, -1), "x minus a whole multiple of y"),
        Corner("remainder(x, y)", (6.0, 3.0), 0, (1, -2), "the slope to the right of the jump"),
        Corner("remainder(x, y)", (-1.0, 3.0), 2, (1, 1), "x minus a whole multiple of y"),
        Corner("fmod(x, y)", (-4.0, 3.0), -1, (1, 1), "x minus a whole multiple of y"),
        Corner("fmod(x, y)", (5.0, inf), 5, (1, 0), "no multiple of y"),
        Corner("fmod(x, y)", (6.0, 3.0), 0, (1, -2), "the slope beyond the jump"),
        Corner("remainder(x, y)", (5.0, inf), 5, (1, 0), "no multiple of y"),
        Corner("floor_divide(x, y)", (7.0, 2.0), 3, (0, 0), STEP),
        Corner("floor_divide(x, y)", (6.0, 3.0), 2, (0, 0), STEP),
    ],
    "Exponentials and logarithms": [
        Corner("exp(x)", [-inf, -1000.0], [0, 0], [0, 0], LIMIT, [0, 0]),
        Corner("exp(x)", [1000.0, inf], [inf, inf], [inf, inf], "overflows with its value", [inf, inf]),
        Corner("exp2(x)", [-inf, 0.0], [0, 1], [0, np.log(2)], LIMIT),
        Corner("exp2(x)", [2000.0], [inf], [inf], "overflows with its value"),
        Corner("expm1(x)", [-inf, 1e-300], [-1, 1e-300], [0, 1], LIMIT, [0, 1]),
        Corner("expm1(x)", [1000.0], [inf], [inf], "overflows with its value", [inf]),
        Corner("log(x)", [0.0, -0.0], [-inf, -inf], [inf, inf], INFINITE, [-inf, -inf]),
        Corner("log(x)", [inf, 1e300], [inf, np.log(1e300)], [0, 1e-300], LIMIT, [0, 0]),
        Corner("log2(x)", [0.0], [-inf], [inf], INFINITE, [-inf]),
        Corner("log10(x)", [0.0], [-inf], [inf], INFINITE, [-inf]),
        Corner("log1p(x)", [-1.0], [-inf], [inf], INFINITE, [-inf]),
        Corner("log1p(x)", [1e-300, inf], [1e-300, inf], [1, 0], LIMIT, [-1, 0]),
        Corner("logaddexp(x, y)", (-inf, -inf), -inf, (0.5, 0.5), TIE, (0, 0)),
        Corner("logaddexp(x, y)", (inf, inf), inf, (0.5, 0.5), TIE, (0, 0)),
        Corner("logaddexp(x, y)", (-inf, 0.0), 0, (0, 1), LIMIT, (0, 0)),
        Corner("logaddexp(x, y)", (1000.0, -1000.0), 1000, (1, 0), LIMIT, (0, 0)),
        Corner("logaddexp(x, y)", (inf, -inf), inf, (1, 0), LIMIT, (0, 0)),
        Corner("logaddexp2(x, y)", (-inf, -inf), -inf, (0.5, 0.5), TIE, (0, 0)),
        Corner("logsumexp(x)", [1000.0, -1000.0], 1000, [1, 0], "shifted by the largest", [0, 0]),
        Corner("logsumexp(x)", [-inf, -inf], -inf, [0.5, 0.5], TIE),
        Corner("logsumexp(x)", [inf, inf], inf, [0.5, 0.5], TIE),
        Corner("logsumexp(x)", [inf, 0.0], inf, [1, 0], LIMIT),
        Corner("logsumexp(x)", [-inf, 0.0], 0, [0, 1], LIMIT, [0, 0]),
        Corner("softmax(x)[0]", [1000.0, -1000.0], 1, [0, 0], "shifted by the largest", [0, 0]),
        Corner("softmax(x)[0]", [-inf, 0.0], 0, [0, 0], LIMIT, [0, 0]),
        Corner("softmax(x)[0]", [-inf, -inf], 0.5, [0.25, -0.25], TIE, [0, 0]),
        Corner("log_softmax(x)[1]", [1000.0, -1000.0], -2000, [-1, 1], "shifted by the largest", [0, 0]),
        Corner("log_softmax(x)[1]", [-inf, 0.0], 0, [0, 0], LIMIT, [0, 0]),
        Corner("log_softmax(x)[0]", [inf, 0.0], 0, [0, 0], LIMIT, [0, 0]),
        Corner("log_softmax(x)[0]", [-inf, -inf], -np.log(2), [0.5, -0.5], TIE, [0, 0]),
    ],
    "Trigonometric and hyperbolic": [
        Corner("sinc(x)", [0.0, -0.0], [1, 1], [0, 0], "a power series at 0", [-(pi**2) / 3] * 2),
        Corner("sinc(x)", [1e-8], [1], [-(pi**2) / 3 * 1e-8], "no cancellation near 0", [-(pi**2) / 3]),
        Corner("i0(x)", [0.0], [1], [0], "even", [0.5]),
        Corner("arcsin(x)", [1.0, -1.0], [pi / 2, -pi / 2], [inf, inf], INFINITE, [inf, -inf]),
        Corner("arccos(x)", [1.0, -1.0], [0, pi], [-inf, -inf], INFINITE, [-inf, inf]),
        Corner("arctan(x)", [inf, -inf, 1e200], [pi / 2, -pi / 2, pi / 2], [0, 0, 0], LIMIT, [0, 0, 0]),
        Corner("arcsin(x)", [2.0], [nan], [nan], "outside the domain"),
        Corner("sinh(x)", [-1000.0, inf], [-inf, inf], [inf, inf], "overflows with its value", [-inf, inf]),
        Corner("cosh(x)", [-1000.0, inf], [inf, inf], [-inf, inf], "overflows with its value", [inf, inf]),
        Corner("tanh(x)", [-inf, 1000.0], [-1, 1], [0, 0], SATURATED, [0, 0]),
        Corner("arcsinh(x)", [1e300, -inf], [np.arcsinh(1e300), -inf], [1e-300, 0], OVERFLOW, [0, 0]),
        Corner("arccosh(x)", [1.0], [0], [inf], INFINITE, [-inf]),
        Corner("arccosh(x)", [1e300, inf], [np.arccosh(1e300), inf], [1e-300, 0], OVERFLOW, [0, 0]),
        Corner("arctanh(x)", [1.0, -1.0], [inf, -inf], [inf, inf], INFINITE, [inf, -inf]),
        Corner("arctanh(x)", [NEAR], [np.arctanh(NEAR)], [1 / float(1 - Fraction(NEAR) ** 2)], "no cancellation near 1"),
        Corner("sin(x)", [0.0, inf], [0, nan], [1, nan], "no limit at infinity"),
        Corner("cos(x)", [0.0, inf], [1, nan], [0, nan], "no limit at infinity"),
        Corner("deg2rad(x)", [inf], [inf], [pi / 180], "linear", [0]),
        Corner("rad2deg(x)", [inf], [inf], [180 / pi], "linear", [0]),
        Corner("unwrap(x)", [0.0, 4.0], [0, 4 - 2 * pi], [1, 1], "plus a constant"),
        Corner("tan(x)", [0.0], [0], [1], LIMIT, [0]),
    ],
    "Activations": [
        Corner("1 / (1 + exp(-x))", [-1000.0, -inf], [0, 0], [0, 0], SATURATED, [0, 0]),
        Corner("1 / (1 + exp(-x))", [1000.0, inf], [1, 1], [0, 0], LIMIT, [0, 0]),
        Corner("sigmoid(x)", [-1000.0, 1000.0, -inf, inf], [0, 1, 0, 1], [0, 0, 0, 0], SATURATED, [0, 0, 0, 0]),
        Corner("sigmoid(x)", [-50.0, 50.0], [np.exp(-50), 1], [np.exp(-50), np.exp(-50)], "no 1 - 1", [np.exp(-50), -np.exp(-50)]),
        Corner("softplus(x)", [-1000.0, 1000.0, -inf, inf], [0, 1000, 0, inf], [0, 1, 0, 1], LIMIT, [0, 0, 0, 0]),
        Corner("log(1 + exp(x))", [-1000.0], [0], [0], LIMIT, [0]),
        Corner("softplus(x)", [0.0], [np.log(2)], [0.5], "smooth", [0.25]),
        Corner("silu(x)", [0.0], [0], [0.5], "smooth", [0.5]),
        Corner("gelu(x)", [0.0], [0], [0.5], "smooth", [(2 / pi) ** 0.5]),
        Corner("silu(x)", [-inf, inf], [0, inf], [0, 1], LIMIT, [0, 0]),
        Corner("silu(x)", [-1000.0, 1000.0], [0, 1000], [0, 1], LIMIT, [0, 0]),
        Corner("gelu(x)", [-inf, inf], [0, inf], [0, 1], LIMIT, [0, 0]),
        Corner("gelu(x, 'tanh')", [-inf, inf, 1e200], [0, inf, 1e200], [0, 1, 1], LIMIT, [0, 0, 0]),
        Corner("erf(x)", [-inf, 1e200, 0.0], [-1, 1, 0], [0, 0, 2 / pi**0.5], LIMIT, [0, 0, 0]),
    ],
    "Losses": [
        Corner("binary_cross_entropy(sigmoid(x), [1.0])", [-50.0], 50, [-1], "the quotient survives", [np.exp(-50)]),
        Corner("binary_cross_entropy(sigmoid(x), [0.0])", [-50.0], np.exp(-50), [np.exp(-50)], "log1p keeps the digits"),
        Corner("binary_cross_entropy_with_logits(x, [0.0])", [-inf], 0, [0], "certain and right", [0]),
        Corner("binary_cross_entropy_with_logits(x, [1.0])", [inf], 0, [0], "certain and right", [0]),
        Corner("binary_cross_entropy_with_logits(x, [1.0])", [-inf], inf, [-1], "certain and wrong", [0]),
        Corner("binary_cross_entropy_with_logits(x, [1.0])", [-1000.0], 1000, [-1], "linear", [0]),
        Corner("binary_cross_entropy_with_logits(x, [1.0])", [0.0], np.log(2), [-0.5], LIMIT, [0.25]),
        Corner("cross_entropy(x, [1])", [[1000.0, -1000.0]], 2000, [[1, -1]], "shifted by the largest", [[0, 0]]),
        Corner("cross_entropy(x, [0])", [[1000.0, -1000.0]], 0, [[0, 0]], "certain and right", [[0, 0]]),
        Corner("cross_entropy(x, [1])", [[-inf, 0.0]], 0, [[0, 0]], "a class ruled out", [[0, 0]]),
        Corner("binary_cross_entropy(x, [1.0])", [1.0], 0, [-1], "certain and right", [1]),
        Corner("binary_cross_entropy(x, [1.0])", [0.0], 100, [-(2.0**1022)], "the logarithm ends at -100, its slope stays finite"),
        Corner("binary_cross_entropy(x, [0.0])", [0.0], 0, [1], "certain and right", [1]),
        Corner("cross_entropy(x, [0])", [[-inf, 0.0]], inf, [[-1, 1]], "certain and wrong", [[0, 0]]),
        Corner("cross_entropy(x, [0])", [[inf, 0.0]], 0, [[0, 0]], "certain and right", [[0, 0]]),
        Corner("cross_entropy(x, [0])", [[-inf, -inf]], np.log(2), [[-0.5, 0.5]], TIE, [[0, 0]]),
        Corner("mse(x, [0.0])", [1e200], inf, [2e200], "overflows with its value", [2]),
        Corner("huber(x, [0.0])", [-1e200], 1e200, [-1], "linear from 1 on", [0]),
        Corner("huber(x, [0.0, 0.0, 0.0])", [0.0, 1.0, 3.0], 1, [0, 1 / 3, 1 / 3], "linear from 1 on"),
        Corner("l1(x, [1.0, 0.0])", [1.0, 2.0], 1, [0, 0.5], "0 at the kink"),
        Corner("mse(x, [1.0])", [1.0], 0, [0], "a minimum", [2]),
    ],
    "Matrices": [
        Corner("det(x)", [[0.0, 0.0], [0.0, 1.0]], 0, [[1, 0], [0, 0]], "cofactors, of a singular matrix too"),
        Corner("det(x)", [[1.0, 2.0], [2.0, 4.0]], 0, [[4, -2], [-2, 1]], "cofactors, of a singular matrix too", [[1, -1], [-1, 1]]),
        Corner("det(x)", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0]], 0, [[0, 0, 0]] * 3, "no cofactor of a matrix of rank 1", [[2, -2, 0], [-2, 2, 0], [0, 0, 0]]),
        Corner("det(x)", [[1e200, 0.0], [0.0, 1e200]], inf, [[1e200, 0], [0, 1e200]], "cofactors need not overflow"),
        Corner("det(x)", [[1e-200, 0.0], [0.0, 1e-200]], 0, [[1e-200, 0], [0, 1e-200]], "cofactors need not underflow"),
        Corner("slogdet(x)[1]", [[1e200, 0.0], [0.0, 1e200]], 2 * np.log(1e200), [[1e-200, 0], [0, 1e-200]], "the determinant would overflow"),
        Corner("inv(x)", [[2.0, 0.0], [0.0, 1e-100]], [[0.5, 0], [0, 1e100]], [[-0.25, -5e99], [-5e99, -1e200]], "large, not lost"),
        Corner("solve(x, y)", ([[2.0, 0.0], [0.0, 1e-100]], [1.0, 1.0]), [0.5, 1e100], ([[-0.25, -5e99], [-5e99, -1e200]], [0.5, 1e100]), "large, not lost"),
        Corner("pinv(x)", [[1.0, 0.0], [0.0, 0.0]], [[1, 0], [0, 0]], [[-1, 1], [1, 0]], "among matrices of the same rank"),
        Corner("pinv(x)", [[0.0, 0.0], [0.0, 0.0]], [[0, 0], [0, 0]], [[0, 0], [0, 0]], "among matrices of the same rank"),
        Corner("lstsq(x, y)[0]", ([[1.0, 0.0], [0.0, 0.0]], [1.0, 1.0]), [1, 0], ([[-1, 1], [1, 0]], [1, 0]), "among matrices of the same rank"),
        Corner("cond(x)", [[1.0, 0.0], [0.0, 0.0]], inf, [[0, 0], [0, 0]], "0 where it is infinite"),
        Corner("matrix_norm(x)", [[0.0, 0.0], [0.0, 0.0]], 0, [[0, 0], [0, 0]], "a norm: 0 at 0", [[nan, nan], [nan, nan]]),
        Corner("matrix_norm(x, ord='nuc')", [[1.0, 0.0], [0.0, 1.0]], 2, [[1, 0], [0, 1]], "equal singular values alike"),
        Corner("matrix_norm(x, ord='nuc')", [[1.0, 0.0], [0.0, 0.0]], 1, [[1, 0], [0, 0]], "0 at the kink"),
        Corner("matrix_norm(x, ord='nuc')", [[0.0, 0.0], [0.0, 0.0]], 0, [[0, 0], [0, 0]], "a norm: 0 at 0"),
        Corner("matrix_norm(x, ord=2)", [[1.0, 0.0], [0.0, 1.0]], 1, [[0.5, 0], [0, 0.5]], TIE),
        Corner("matrix_norm(x, ord=2)", [[0.0, 0.0], [0.0, 0.0]], 0, [[0, 0], [0, 0]], "a norm: 0 at 0"),
        Corner("matrix_norm(x, ord=1)", [[1.0, 0.0], [0.0, 1.0]], 1, [[0.5, 0], [0, 0.5]], TIE),
        Corner("expm(x)", [[0.0, 0.0], [0.0, 0.0]], [[1, 0], [0, 1]], [[1, 1], [1, 1]], "a power series", [[2, 2], [2, 2]]),
        Corner("sqrtm(x)", [[1.0, 0.0], [0.0, 1.0]], [[1, 0], [0, 1]], [[0.5, 0.5], [0.5, 0.5]], "smooth at equal eigenvalues", [[-0.5, -0.5], [-0.5, -0.5]]),
        Corner("sqrtm(x)", [[1.0, 0.0], [0.0, 0.0]], [[1, 0], [0, 0]], [[nan, nan], [nan, nan]], "no derivative at an eigenvalue 0"),
        Corner("logm(x)", [[1.0, 0.0], [0.0, 1.0]], [[0, 0], [0, 0]], [[1, 1], [1, 1]], "smooth at equal eigenvalues", [[-2, -2], [-2, -2]]),
        Corner("symmetric_function(x, exp)", [[0.0, 0.0], [0.0, 0.0]], [[1, 0], [0, 1]], [[1, 1], [1, 1]], "divided differences", [[2, 2], [2, 2]]),
        Corner("eigh(x)[1][0, 0]", [[1.0, 0.0], [0.0, 1.0]], 1, [[nan, 0], [nan, nan]], "equal eigenvalues: any basis would do"),
        Corner("eigh(x)[1][0, 0]", [[1.0, 0.0], [0.0, 2.0]], 1, [[0, 0], [0, 0]], "distinct eigenvalues"),
        Corner("svd(x)[0][0, 0]", [[1.0, 0.0], [0.0, 1.0]], 1, [[nan, nan], [nan, nan]], "equal singular values: any basis would do"),
        Corner("real(eig(x)[1][0, 0])", [[1.0, 0.0], [0.0, 1.0]], 1, [[nan, nan], [nan, nan]], "equal eigenvalues: any basis would do"),
        Corner("real(eigvals(x))", [[0.0, 1.0], [0.0, 0.0]], [0, 0], [[nan, nan], [nan, nan]], "eigenvectors that coincide"),
        Corner("svd(x)[1]", [[1.0, 0.0], [0.0, 1.0]], [1, 1], [[1, 0], [0, 1]], "equal singular values alike"),
        Corner("svdvals(x)", [[1.0, 0.0], [0.0, 1.0]], [1, 1], [[1, 0], [0, 1]], "equal singular values alike"),
        Corner("eigh(x)[0]", [[1.0, 0.0], [0.0, 1.0]], [1, 1], [[1, 0], [0, 1]], "equal eigenvalues alike"),
        Corner("eigvalsh(x)", [[1.0, 0.0], [0.0, 1.0]], [1, 1], [[1, 0], [0, 1]], "equal eigenvalues alike"),
        Corner("real(eigvals(x))", [[1.0, 0.0], [0.0, 1.0]], [1, 1], [[1, 0], [0, 1]], "equal eigenvalues alike"),
        Corner("cholesky(x)", [[1e-200, 0.0], [0.0, 1.0]], [[1e-100, 0], [0, 1]], [[5e99, 0], [1e100, 0.5]], "of the lower triangle; large, not lost"),
    ],
    "Smooth, of parts that are not": [
        Corner("norm(x) ** 2", [0.0, 0.0], 0, [0, 0], SQUARE, [2, 2]),
        Corner("norm(x) * norm(x)", [0.0, 0.0], 0, [0, 0], SQUARE, [2, 2]),
        Corner("square(norm(x, axis=1))", [[0.0, 0.0], [3.0, 4.0]], [0, 25], [[0, 0], [6, 8]], SQUARE, [[2, 2], [2, 2]]),
        Corner("power(norm(x), 4)", [0.0, 0.0], 0, [0, 0], SQUARE, [0, 0]),
        Corner("exp(-norm(x) ** 2)", [0.0, 0.0], 1, [0, 0], SQUARE, [-2, -2]),
        Corner("cos(norm(x))", [0.0, 0.0], 1, [0, 0], "sin(n) is n times something smooth", [-1, -1]),
        Corner("norm(x, 3) ** 3", [0.0, 0.0], 0, [0, 0], "the sum of |x|**3", [0, 0]),
        Corner("norm(x) ** 2 + norm(x)", [0.0, 0.0], 0, [0, 0], "has no second derivative", [nan, nan]),
        Corner("norm(x) * x[0]", [0.0, 0.0], 0, [0, 0], "has no second derivative", [nan, nan]),
        Corner("norm(x - x)", [1.0, 2.0], 0, [0, 0], "nothing moves it", [0, 0]),
        Corner("matrix_norm(x) ** 2", [[0.0, 0.0]], 0, [[0, 0]], SQUARE, [[2, 2]]),
        Corner("hypot(x, y) ** 2", (0.0, 0.0), 0, (0, 0), SQUARE, (2, 2)),
        Corner("absolute(x) ** 2", [0.0, -3.0], [0, 9], [0, -6], SQUARE, [2, 2]),
        Corner("fabs(x) * fabs(x)", [0.0], [0], [0], SQUARE, [2]),
        Corner("absolute(x) ** 3", [0.0], [0], [0], SQUARE, [0]),
        Corner("absolute(x + 1j * y) ** 2", (0.0, 0.0), 0, (0, 0), SQUARE, (2, 2)),
        Corner("maximum(x, -x) ** 2", [0.0], [0], [0], "a tie of two variables, as NaN", [nan]),
        Corner("nanstd(x) ** 2", [1.0, nan, 1.0], 0, [0, 0, 0], "the variance", [0, 0, 0]),
        Corner("std(x) ** 2", [1.0, 1.0, 1.0], 0, [0, 0, 0], "the variance", [0, 0, 0]),
        Corner("sqrt(x) ** 2", [0.0], [0], [1], "the root cancels", [0]),
        Corner("sqrt(sum(x ** 2)) ** 2", [0.0, 0.0], 0, [0, 0], "the root cancels", [2, 2]),
        Corner("(x ** 0.5) ** 2", [0.0], [0], [1], "the root cancels", [0]),
        Corner("cbrt(x) ** 3", [0.0], [0], [1], "the root cancels", [0]),
        Corner("x * sqrt(x)", [0.0], [0], [0], "x is the square of the root", [inf]),
        Corner("exp(log(x))", [0.0], [0], [nan], "0 times infinity, and neither stays"),
        Corner("cos(arccos(x))", [1.0], [1], [nan], "0 times infinity, and neither stays"),
        Corner("arctan(1 / x)", [0.0], [pi / 2], [nan], "0 times infinity, and neither stays"),
    ],
    "Special functions": [
        Corner("special.erfc(x)", [inf, -inf, 0.0], [0, 2, 1], [0, 0, -2 / pi**0.5], LIMIT, [0, 0, 0]),
        Corner("special.erfcx(x)", [0.0, inf], [1, 0], [-2 / pi**0.5, 0], LIMIT, [2, 0]),
        Corner("special.erfcx(x)", [1e9], [1e-9 / pi**0.5], [-1e-18 / pi**0.5], "no cancellation far out", [2e-27 / pi**0.5]),
        Corner("special.erfinv(x)", [1.0, -1.0], [inf, -inf], [inf, inf], INFINITE),
        Corner("special.erfcinv(x)", [0.0, 2.0], [inf, -inf], [-inf, -inf], INFINITE),
        Corner("special.ndtr(x)", [-inf, inf], [0, 1], [0, 0], LIMIT, [0, 0]),
        Corner("special.ndtri(x)", [0.0, 1.0], [-inf, inf], [inf, inf], INFINITE),
        Corner("special.log_ndtr(x)", [-1e10, inf], [-5e19, 0], [1e10, 0], "no cancellation far out", [-1, 0]),
        Corner("special.gammaln(x)", [0.0, inf], [inf, inf], [-inf, inf], INFINITE, [inf, 0]),
        Corner("special.gammaln(x)", [-1.0], [inf], [nan], "slopes of both signs meet at a pole"),
        Corner("special.gamma(x)", [0.0, 1000.0], [inf, inf], [-inf, inf], INFINITE),
        Corner("special.digamma(x)", [0.0, inf], [-inf, inf], [inf, 0], INFINITE, [-inf, 0]),
        Corner("special.polygamma(1, x)", [0.0], [inf], [-inf], INFINITE, [inf]),
        Corner("special.betaln(x, y)", (0.0, 1.0), inf, (-inf, 0), INFINITE),
        Corner("special.beta(x, 2.0)", [0.0], [inf], [-inf], INFINITE),
        Corner("special.expit(x)", [-1000.0, 1000.0], [0, 1], [0, 0], SATURATED, [0, 0]),
        Corner("special.logit(x)", [0.0, 1.0], [-inf, inf], [inf, inf], INFINITE, [-inf, inf]),
        Corner("special.log_expit(x)", [-1000.0, -inf, inf], [-1000, -inf, 0], [1, 1, 0], LIMIT, [0, 0, 0]),
        Corner("special.entr(x)", [0.0], [0], [inf], INFINITE, [-inf]),
        Corner("special.xlogy(x, y)", (0.0, 0.0), 0, (-inf, 0), "0 where x is 0, whatever y"),
        Corner("special.xlogy(x, y)", (0.0, 1.0), 0, (0, 0), LIMIT),
        Corner("special.xlog1py(x, y)", (0.0, -1.0), 0, (-inf, 0), "0 where x is 0, whatever y"),
        Corner("special.rel_entr(x, y)", (0.0, 1.0), 0, (-inf, 0), INFINITE),
        Corner("special.kl_div(x, y)", (0.0, 0.0), 0, (0, 0), "flat along x = y"),
        Corner("special.kl_div(x, y)", (1.0, 0.0), inf, (inf, -inf), INFINITE),
        Corner("special.kl_div(x, y)", (0.0, 1.0), 1, (-inf, 1), INFINITE),
        Corner("special.logsumexp(x, None, y)", ([1000.0, 0.0], [0.5, 0.0]), 1000 + np.log(0.5), ([1, 0], [2, 0]), "no weight, no share"),
        Corner("special.logsumexp(x, None, y)", ([inf, inf], [1.0, 3.0]), inf, ([0.25, 0.75], [0.25, 0.25]), "infinite ones share by their weights"),
        Corner("special.i0(x)", [0.0, 800.0], [1, inf], [0, inf], "overflows with its value"),
        Corner("special.i1(x)", [0.0], [0], [0.5], "odd", [0]),
        Corner("special.i0e(x)", [0.0], [1], [0], "0 at the kink"),
        Corner("special.i1e(x)", [0.0], [0], [0.5], "odd"),
        Corner("special.iv(1, x)", [0.0], [0], [0.5], "odd"),
        Corner("special.ive(0, x)", [0.0], [1], [0], "0 at the kink"),
        Corner("special.j0(x)", [0.0], [1], [0], "even", [-0.5]),
        Corner("special.j1(x)", [0.0], [0], [0.5], "odd", [0]),
        Corner("special.jv(1, x)", [0.0], [0], [0.5], "odd"),
        Corner("special.y0(x)", [0.0], [-inf], [inf], INFINITE),
        Corner("special.y1(x)", [0.0], [-inf], [inf], INFINITE),
        Corner("special.yv(0, x)", [0.0], [-inf], [inf], INFINITE),
        Corner("special.exprel(x)", [0.0, -1e30, 1e30], [1, 1e-30, inf], [0.5, 1e-60, inf], LIMIT, [1 / 3, 2e-90, inf]),
    ],
    "Dtypes": [
        Corner("x * 2.0", [1.5], [3], [2], "a Python number has no dtype", dtype=np.float32),
        Corner("x ** 2", [1.5], [2.25], [3], "a Python number has no dtype", dtype=np.float32),
        Corner("maximum(x, 0.5)", [1.5], [1.5], [1], "a Python number has no dtype", dtype=np.float32),
        Corner("arctan2(x, y)", ([3e30], [3e30]), [np.float32(pi / 4)], ([np.float32(0.5 / 3e30)], [np.float32(-0.5 / 3e30)]), OVERFLOW, dtype=np.float32),
        Corner("sqrt(x) * 0.5", [0.0], [0], [inf], INFINITE, dtype=np.float32),
        Corner("norm(x)", [3e30, 4e30], 5e30, [0.6, 0.8], OVERFLOW, dtype=np.float32),
        Corner("norm(x)", [3e-30, 4e-30], 5e-30, [0.6, 0.8], "squares would underflow", dtype=np.float32),
        Corner("hypot(x, y)", (3e30, 4e30), 5e30, (0.6, 0.8), OVERFLOW, dtype=np.float32),
        Corner("sigmoid(x)", [-80.0, 200.0], [np.exp(-80.0), 1], [np.exp(-80.0), 0], SATURATED, dtype=np.float32),
        Corner("1 / (1 + exp(-x))", [-100.0], [0], [0], SATURATED, dtype=np.float32),
        Corner("logsumexp(x)", [1000.0, 0.0], 1000, [1, 0], "shifted by the largest", dtype=np.float32),
        Corner("log1p(x)", [1e-30], [1e-30], [1], LIMIT, dtype=np.float32),
        Corner("binary_cross_entropy(sigmoid(x), [1.0])", [-50.0], 50, [-1], "the quotient survives", dtype=np.float32),
    ],
}  # fmt: skip


#: Primitives that no row reaches, by the reason.
smooth: dict[str, str] = {
    "linear, moves or adds elements": "avg_pool2d col2im im2col max_pick2d pad pos roll shared sum_pool2d sum_unpool2d tile",
    "linear, weighs elements with complex exponentials": "fftn ifftn irfftn rfftn",
    "linear in each argument": "conv2d conv2d_input conv2d_weight convolve einsum linear linspace sparse_matmul "
    "toeplitz_ahead toeplitz_delayed toeplitz_lags",
    "a polynomial, the gradient of det where matrices are singular": "cofactor",
    "raises where columns depend on one another, and is smooth elsewhere": "qr solve_banded solve_toeplitz "
    "solve_triangular spsolve",
}  # fmt: skip


def corners() -> Iterator[Corner]:
    for rows in sections.values():
        yield from rows


def find(name: str) -> Any:
    """agx's function of that name; AttributeError if there is none."""
    import agx as ag

    return getattr(ag, name) if hasattr(ag, name) else getattr(ag.linalg, name)


def is_there(row: Corner) -> bool:
    """Whether SciPy is, if the row needs it."""
    return "special." not in row.case or importlib.util.find_spec("scipy") is not None


def primitives(row: Corner) -> set[str]:
    """The primitives that the value and the gradients of a row are computed with."""
    import agx as ag
    from agx._engine.graph import is_node, pullback
    from agx._engine.walk import wanted_below

    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        leaves = [ag.Tensor(a) for a in row.arguments()]
        out = row.function(find)(*leaves).sum()
        roots = [out, *pullback(out, leaves, create_graph=True)] if is_node(out) else []
    followed = (r for r in roots if is_node(r) and r.requires_grad)
    return {node.op for root in followed for node in wanted_below(root)}


def derivatives(row: Corner) -> tuple[Any, list[Any], list[Any]]:
    """What agx computes of a row: value, gradients, and gradients of the sum of all gradients."""
    import agx as ag

    f, points = row.function(find), row.arguments()
    which = range(len(points))

    def total(*xs: Any) -> Any:
        return f(*xs).sum()

    def slopes(*xs: Any) -> Any:
        return sum(ag.grad(total, i)(*xs).sum() for i in which)

    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        first = [ag.grad(total, i)(*points) for i in which]
        second = [] if row.second is None else [ag.grad(slopes, i)(*points) for i in which]
        return f(*map(ag.Tensor, points)).value, first, second
