"""What agx answers where derivatives are in doubt: at kinks, zeros, ties and infinities.

A case is an expression of NumPy's names in x, y and z, so that other libraries can be asked the same
(see tools/record_corners.py). ``gradient`` is that of the sum of the result, ``second`` that of the sum
of all gradients; with several arguments each is a tuple. ``needs`` names a function that agx may lack.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

inf, nan, pi, e = np.inf, np.nan, np.pi, np.e


class Names:
    """The names that a case may use: arguments, constants, and the functions of a library."""

    def __init__(self, lookup: Callable[[str], Any], arguments: tuple[Any, ...]) -> None:
        self.lookup = lookup
        self.known = {"inf": inf, "nan": nan, **dict(zip("xyz", arguments, strict=False))}

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
    needs: str = ""
    dtype: type = np.float64

    def arguments(self) -> tuple[np.ndarray, ...]:
        points = self.at if isinstance(self.at, tuple) else (self.at,)
        return tuple(np.array(p, self.dtype) for p in points)

    def function(self, lookup: Callable[[str], Any]) -> Callable[..., Any]:
        """The case as a function of arrays of the library whose functions ``lookup`` finds."""
        code = compile(self.case, "<corner>", "eval")
        return lambda *arguments: eval(code, {}, Names(lookup, arguments))

    @property
    def point(self) -> str:
        """The arguments as text: x = ..., y = ..."""
        named = zip("xyz", self.arguments(), strict=False)
        text = ", ".join(f"{name} = {a.tolist()}" for name, a in named)
        return text + (" (float32)" if self.dtype is np.float32 else "")

    @property
    def key(self) -> str:
        return f"{self.case} at {self.point}"


LIMIT, KINK = "the limit", "0 at a kink, as relu"
INFINITE = "the one-sided limit is infinite"
TIE = "tied arguments share evenly"
GUARD = "a zero cotangent stays zero"
SATURATED = "saturated: 0, not 0 times infinity"
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
        Corner("sort(x)[0]", [1.0, 1.0, 2.0], 1, [0.5, 0.5, 0], TIE, needs="sort"),
        Corner("median(x)", [1.0, 1.0, 1.0], 1, [1 / 3, 1 / 3, 1 / 3], TIE, needs="median"),
        Corner("median(x)", [3.0, 1.0, 2.0, 9.0], 2.5, [0.5, 0, 0.5, 0], "the two in the middle", needs="median"),
        Corner("max(x)", [nan, 1.0, nan], nan, [0.5, 0, 0.5], "NaN is chosen, and shared"),
        Corner("percentile(x, 50)", [1.0, 1.0, 1.0], 1, [1 / 3, 1 / 3, 1 / 3], TIE, needs="percentile"),
        Corner("quantile(x, 0.25)", [1.0, 2.0, 3.0], 1.5, [0.5, 0.5, 0], "between two neighbours", needs="quantile"),
        Corner("max_pool2d(x, 2)", [[[[1.0, 1.0], [0.0, 1.0]]]], [[[[1]]]], [[[[1, 0], [0, 0]]]], "the first in each window"),
        Corner("ptp(x)", [2.0, 2.0], 0, [0, 0], "the shares of max and min cancel", needs="ptp"),
    ],
    "Products, sums and moments": [
        Corner("prod(x)", [2.0, 0.0, 3.0], 0, [0, 6, 0], "the product of the others, exactly", [3, 5, 2]),
        Corner("prod(x)", [0.0, 0.0, 3.0], 0, [0, 0, 0], "two zeros", [3, 3, 0]),
        Corner("prod(x)", [0.0, inf], nan, [inf, 0], "the product of the others"),
        Corner("prod(x, axis=0)", [[0.0, 2.0], [5.0, 0.0]], [0, 0], [[5, 0], [0, 2]], "a zero in each column"),
        Corner("prod(x)", [1e200, 1e200, 1e-300], inf, [1e-100, 1e-100, inf], "never the product divided by x"),
        Corner("cumprod(x)", [2.0, 0.0, 3.0], [2, 0, 0], [1, 8, 0], "exact where one is zero", needs="cumprod"),
        Corner("cumprod(x)", [0.0, 0.0, 3.0], [0, 0, 0], [1, 0, 0], "exact where two are zero", needs="cumprod"),
        Corner("std(x)", [1.0, 1.0, 1.0], 0, [0, 0, 0], "0 where it is 0", [0, 0, 0]),
        Corner("std(x)", [5.0], 0, [0], "one number is constant"),
        Corner("var(x)", [1.0, 1.0, 1.0], 0, [0, 0, 0], "a minimum", [0, 0, 0]),
        Corner("mean(x)", [inf, 1.0], inf, [0.5, 0.5], "linear"),
        Corner("sum(x)", [inf, -inf], nan, [1, 1], "linear, whatever the value"),
        Corner("cumsum(x)", [inf, 1.0], [inf, inf], [2, 1], "linear, whatever the value"),
        Corner("det(x)", [[0.0, 0.0], [0.0, 1.0]], 0, [[1, 0], [0, 0]], "cofactors, of a singular matrix too", needs="linalg"),
        Corner("nanmin(x)", [2.0, nan, 2.0], 2, [0.5, 0, 0.5], "NaN is passed over; ties share", needs="nanmin"),
        Corner("nanstd(x)", [1.0, nan, 1.0], 0, [0, 0, 0], "0 where it is 0", needs="nanstd"),
        Corner("std(x, axis=1)", [[1.0, 1.0], [1.0, 3.0]], [0, 1], [[0, 0], [-0.5, 0.5]], "0 where it is 0"),
        Corner("nansum(x)", [1.0, nan, 2.0], 3, [1, 0, 1], "NaN is passed over", needs="nansum"),
        Corner("nanmax(x)", [1.0, nan, 1.0], 1, [0.5, 0, 0.5], "NaN is passed over; ties share", needs="nanmax"),
        Corner("nanmean(x)", [1.0, nan, 3.0], 2, [0.5, 0, 0.5], "NaN is passed over", needs="nanmean"),
        Corner("nanprod(x)", [2.0, nan, 0.0], 0, [0, 0, 2], "NaN is passed over", needs="nanprod"),
    ],
    "Norms and angles": [
        Corner("norm(x)", [0.0, 0.0], 0, [0, 0], "0 at 0, within the ball of subgradients", needs="norm"),
        Corner("norm(x, 1)", [0.0, -2.0], 2, [0, -1], "0 at the kink", needs="linalg"),
        Corner("norm(x, inf)", [2.0, -2.0, 1.0], 2, [0.5, -0.5, 0], TIE, needs="linalg"),
        Corner("norm(x, axis=1)", [[0.0, 0.0], [3.0, 4.0]], [0, 5], [[0, 0], [0.6, 0.8]], "0 at 0, row by row", needs="linalg"),
        Corner("absolute(x + 1j * y)", (0.0, 0.0), 0, (0, 0), "a norm: 0 at 0", (0, 0)),
        Corner("angle(x + 1j * y)", (0.0, 0.0), 0, (0, 0), "0 where the angle is undefined"),
        Corner("angle(x + 1j * y)", (-1.0, 0.0), pi, (0, -1), "on the cut, from above", (-1, -1)),
        Corner("sqrt(sum(x ** 2))", [0.0, 0.0], 0, [nan, nan], "0 times infinity; use norm, or hypot"),
        Corner("hypot(x, y)", (0.0, 0.0), 0, (0, 0), "a norm: 0 at 0", (0, 0)),
        Corner("hypot(x, y)", (-0.0, -0.0), 0, (0, 0), "a norm: 0 at 0", (0, 0)),
        Corner("hypot(x, y)", (3.0, 0.0), 3, (1, 0), LIMIT, (0, 1 / 3)),
        Corner("hypot(x, y)", (3e300, 4e300), 5e300, (0.6, 0.8), OVERFLOW),
        Corner("hypot(x, y)", (3e-300, 4e-300), 5e-300, (0.6, 0.8), "squares would underflow"),
        Corner("hypot(x, y)", (inf, 1.0), inf, (1, 0), LIMIT, (0, 0)),
        Corner("hypot(x, y)", (1.0, -inf), inf, (0, -1), LIMIT, (0, 0)),
        Corner("arctan2(x, y)", (0.0, 0.0), 0, (0, 0), "0 where the angle is undefined", (0, 0)),
        Corner("arctan2(x, y)", (0.0, 1.0), 0, (1, 0), LIMIT, (-1, -1)),
        Corner("arctan2(x, y)", (0.0, -1.0), pi, (-1, 0), "on the cut, from above", (-1, -1)),
        Corner("arctan2(x, y)", (1e200, 1e200), pi / 4, (5e-201, -5e-201), OVERFLOW, (0, 0)),
        Corner("arctan2(x, y)", (1e-200, 1e-200), pi / 4, (5e199, -5e199), "squares would underflow"),
        Corner("arctan2(x, y)", (inf, 1.0), pi / 2, (0, 0), LIMIT, (0, 0)),
        Corner("arctan2(x, y)", (1.0, inf), 0, (0, 0), LIMIT, (0, 0)),
        Corner("arctan2(x, y)", (inf, -inf), 3 * pi / 4, (0, 0), LIMIT, (0, 0)),
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
        Corner("power(x, y)", (0.0, 0.0), 1, (0, 0), "0^0 is 1 by convention, and constant", (0, 0)),
        Corner("power(x, y)", (0.0, 2.0), 0, (0, 0), "0^y is constant for y > 0", (2, 0)),
        Corner("power(x, y)", (0.0, 1.0), 0, (1, 0), "0^y is constant for y > 0"),
        Corner("power(x, y)", (0.0, -1.0), inf, (-inf, -inf), INFINITE),
        Corner("power(x, y)", (2.0, 0.0), 1, (0, np.log(2)), LIMIT),
        Corner("power(x, y)", (-2.0, 3.0), -8, (12, nan), "no real powers near a whole exponent"),
        Corner("power(x, y)", (inf, -1.0), 0, (0, 0), LIMIT),
        Corner("power(x, y)", (0.5, inf), 0, (0, 0), LIMIT),
        Corner("power(x, y)", (2.0, -inf), 0, (0, 0), LIMIT),
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
        Corner("remainder(x, y)", (5.0, 3.0), 2, (1, -1), "x minus a whole multiple of y"),
        Corner("remainder(x, y)", (6.0, 3.0), 0, (1, -2), "the slope to the right of the jump"),
        Corner("remainder(x, y)", (-1.0, 3.0), 2, (1, 1), "x minus a whole multiple of y"),
        Corner("fmod(x, y)", (-4.0, 3.0), -1, (1, 1), "x minus a whole multiple of y"),
        Corner("fmod(x, y)", (5.0, inf), 5, (1, 0), "no multiple of y"),
        Corner("floor_divide(x, y)", (7.0, 2.0), 3, (0, 0), STEP),
    ],
    "Exponentials and logarithms": [
        Corner("exp(x)", [-inf, -1000.0], [0, 0], [0, 0], LIMIT, [0, 0]),
        Corner("exp(x)", [1000.0, inf], [inf, inf], [inf, inf], "overflows with its value", [inf, inf]),
        Corner("exp2(x)", [-inf, 0.0], [0, 1], [0, np.log(2)], LIMIT),
        Corner("expm1(x)", [-inf, 1e-300], [-1, 1e-300], [0, 1], LIMIT, [0, 1]),
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
        Corner("logaddexp2(x, y)", (-inf, -inf), -inf, (0.5, 0.5), TIE, (0, 0)),
        Corner("logsumexp(x)", [1000.0, -1000.0], 1000, [1, 0], "shifted by the largest", [0, 0]),
        Corner("logsumexp(x)", [-inf, -inf], -inf, [0.5, 0.5], TIE),
        Corner("logsumexp(x)", [inf, inf], inf, [0.5, 0.5], TIE),
        Corner("logsumexp(x)", [inf, 0.0], inf, [1, 0], LIMIT),
        Corner("logsumexp(x)", [-inf, 0.0], 0, [0, 1], LIMIT, [0, 0]),
        Corner("softmax(x)[0]", [1000.0, -1000.0], 1, [0, 0], "shifted by the largest", [0, 0]),
        Corner("softmax(x)[0]", [-inf, 0.0], 0, [0, 0], LIMIT, [0, 0]),
        Corner("log_softmax(x)[1]", [1000.0, -1000.0], -2000, [-1, 1], "shifted by the largest", [0, 0]),
        Corner("log_softmax(x)[1]", [-inf, 0.0], 0, [0, 0], LIMIT, [0, 0]),
    ],
    "Trigonometric and hyperbolic": [
        Corner("sinc(x)", [0.0, -0.0], [1, 1], [0, 0], "a power series at 0", [-(pi**2) / 3] * 2),
        Corner("sinc(x)", [1e-8], [1], [-(pi**2) / 3 * 1e-8], "no cancellation near 0", [-(pi**2) / 3]),
        Corner("i0(x)", [0.0], [1], [0], "even", [0.5]),
        Corner("arcsin(x)", [1.0, -1.0], [pi / 2, -pi / 2], [inf, inf], INFINITE, [inf, -inf]),
        Corner("arccos(x)", [1.0, -1.0], [0, pi], [-inf, -inf], INFINITE, [-inf, inf]),
        Corner("arctan(x)", [inf, -inf, 1e200], [pi / 2, -pi / 2, pi / 2], [0, 0, 0], LIMIT, [0, 0, 0]),
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
        Corner("cross_entropy(x, [0])", [[-inf, 0.0]], inf, [[-1, 1]], "certain and wrong", [[0, 0]]),
        Corner("mse(x, [0.0])", [1e200], inf, [2e200], "overflows with its value", [2]),
        Corner("huber(x, [0.0])", [-1e200], 1e200, [-1], "linear from 1 on", [0]),
        Corner("huber(x, [0.0, 0.0, 0.0])", [0.0, 1.0, 3.0], 1, [0, 1 / 3, 1 / 3], "linear from 1 on"),
        Corner("l1(x, [1.0, 0.0])", [1.0, 2.0], 1, [0, 0.5], "0 at the kink"),
        Corner("mse(x, [1.0])", [1.0], 0, [0], "a minimum", [2]),
    ],
    "Dtypes": [
        Corner("x * 2.0", [1.5], [3], [2], "a Python number has no dtype", dtype=np.float32),
        Corner("x ** 2", [1.5], [2.25], [3], "a Python number has no dtype", dtype=np.float32),
        Corner("maximum(x, 0.5)", [1.5], [1.5], [1], "a Python number has no dtype", dtype=np.float32),
        Corner("arctan2(x, y)", ([3e30], [3e30]), [np.float32(pi / 4)], ([np.float32(0.5 / 3e30)], [np.float32(-0.5 / 3e30)]), OVERFLOW, dtype=np.float32),
        Corner("sqrt(x) * 0.5", [0.0], [0], [inf], INFINITE, dtype=np.float32),
    ],
}  # fmt: skip


def corners() -> Iterator[Corner]:
    for rows in sections.values():
        yield from rows


def find(name: str) -> Any:
    """agx's function of that name; AttributeError if there is none."""
    import agx as ag

    return getattr(ag, name) if hasattr(ag, name) else getattr(ag.linalg, name)


def is_there(row: Corner) -> bool:
    """Whether agx has what the row needs."""
    try:
        return not row.needs or bool(find(row.needs))
    except AttributeError:
        return False


def derivatives(row: Corner) -> tuple[Any, list[Any], list[Any]]:
    """What agx computes of a row: value, gradients, and gradients of the sum of all gradients."""
    import agx as ag

    f, points = row.function(find), row.arguments()
    which = range(len(points))

    def total(*xs: Any) -> Any:
        return f(*xs).sum()

    def slopes(*xs: Any) -> Any:
        return sum(ag.grad(total, i)(*xs).sum() for i in which)

    with np.errstate(all="ignore"):
        first = [ag.grad(total, i)(*points) for i in which]
        second = [] if row.second is None else [ag.grad(slopes, i)(*points) for i in which]
        return f(*map(ag.Tensor, points)).value, first, second
