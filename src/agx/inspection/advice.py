"""What to write in place of an operation that is not finite: patterns in a graph, and their cures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._engine.walk import nodes_below
from .sweep import plain

#: Operations that arrange or scale what another made.
_ARRANGING = {"reshape", "transpose", "getitem", "astype", "squeeze", "copy", "expand_dims", "read"}


class Clue(NamedTuple):
    """A blamed node, the readers of each node by its ``id``, whether its slope is at fault, its operands."""

    node: Any
    readers: dict[int, list[Any]]
    slope: bool
    values: list[Any]


def _op(x: Any) -> str:
    return getattr(x, "op", "")


def _arguments(x: Any) -> tuple[Any, ...]:
    return tuple(getattr(x, "arguments", ()))


def _source(x: Any) -> Any:
    """What made the numbers of ``x``, through what only arranges them."""
    while _op(x) in _ARRANGING and _arguments(x):
        x = _arguments(x)[0]
    return x


def _is(x: Any, number: float) -> bool:
    """Whether ``x`` is a given number, and no result."""
    return not _op(x) and np.size(plain(x)) == 1 and bool(np.all(plain(x) == number))


def _makes(x: Any, *ops: str, depth: int = 3) -> bool:
    """Whether an operation of some names is at most ``depth`` steps below, or is ``x`` itself."""
    x = _source(x)
    if _op(x) in ops:
        return True
    return depth > 0 and any(_makes(a, *ops, depth=depth - 1) for a in _arguments(x) if _op(a))


def _other(x: Any, number: float) -> Any:
    """The term that is added to a number, or None."""
    if _op(x) == "add":
        a, b = _arguments(x)
        return b if _is(a, number) else a if _is(b, number) else None
    return None


def _complement(x: Any) -> Any:
    """p in 1 - p, or None."""
    if _op(x) == "sub" and _is(_arguments(x)[0], 1.0):
        return _arguments(x)[1]
    if _op(x) == "add" and (term := _other(x, 1.0)) is not None and _op(term) == "neg":
        return _arguments(term)[0]
    return None


def _less_one(x: Any) -> bool:
    """Whether ``x`` is exp(z) - 1 or 1 - exp(z)."""
    x = _source(x)
    x = _source(_arguments(x)[0]) if _op(x) == "neg" else x
    term = _other(x, -1.0)
    if _op(x) == "sub" and any(_is(a, 1.0) for a in _arguments(x)):
        a, b = _arguments(x)
        term = a if _is(b, 1.0) else b
    return _op(_source(_complement(x) if term is None else term)) == "exp"


def _is_sigmoid(x: Any) -> bool:
    x = _source(x)
    if _op(x) == "sigmoid":
        return True
    if _op(x) in ("div", "reciprocal"):
        below = _other(_source(_arguments(x)[-1]), 1.0)
        return below is not None and _op(_source(below)) == "exp"
    return False


def _is_softmax(x: Any) -> bool:
    x = _source(x)
    if _op(x) == "softmax":
        return True
    if _op(x) != "div":
        return False
    above, below = map(_source, _arguments(x))
    return _makes(above, "exp", depth=1) and _op(below) == "sum" and _makes(below, "exp")


def _log(clue: Clue) -> str:
    x = _source(_arguments(clue.node)[0])
    if _op(x) == "softmax":
        return "write ag.log_softmax(z) in place of the logarithm of a softmax"
    if _is_softmax(x):
        return "the logarithm of exp(z) / sum(exp(z)) is ag.log_softmax(z), which does not overflow"
    if _is_sigmoid(x):
        return "write ag.logsigmoid(z), or ag.binary_cross_entropy_with_logits for a loss"
    p = _complement(x)
    if p is not None and _is_sigmoid(p):
        return (
            "the logarithm of 1 - sigmoid(z) is ag.logsigmoid(-z); for a loss, give the logits to "
            "ag.binary_cross_entropy_with_logits"
        )
    if _less_one(x):
        return "write log(-np.expm1(z)) for log(1 - exp(z)), log(np.expm1(z)) for log(exp(z) - 1)"
    if p is not None:
        return "write ag.log1p(-p) and keep p below 1, such as np.clip(p, 0, 1 - eps)"
    if _op(x) in ("sum", "mean") and _makes(x, "exp"):
        return "the logarithm of a sum of exponentials is ag.logsumexp(z)"
    if (term := _other(x, 1.0)) is not None:
        if _op(_source(term)) == "exp":
            return "log(1 + exp(z)) is ag.softplus(z), which does not overflow"
        return "write ag.log1p(x) for log(1 + x), and keep x above -1"
    if _op(x) == "add" and _makes(x, "exp", depth=1):
        return "the logarithm of a sum of exponentials is ag.logaddexp(a, b)"
    if _op(x) == "prod":
        return "the logarithm of a product is the sum of the logarithms"
    if _op(x) == "norm" or (
        clue.values and np.size(clue.values[0]) and np.all(clue.values[0] == 0)
    ):
        product = any(_op(r) == "mul" for r in clue.readers.get(id(clue.node), []))
        if product:
            return (
                "x * log(x) is 0 at 0 in ag.special.xlogy(x, x), but its slope is infinite there: for a "
                "gradient, clip x too, x = np.maximum(x, eps); for a loss, use ag.cross_entropy of logits"
            )
        return (
            "the logarithm of 0 is infinite: keep its argument away from 0, such as log(x + eps) or "
            "np.maximum(x, eps)"
        )
    if clue.slope:
        return (
            "the number is so small that its slope 1 / x overflows: write log(np.maximum(x, eps))"
        )
    return (
        "the logarithm of a negative number is not real: keep its argument positive, such as with "
        "np.maximum(x, eps) or ag.softplus(x)"
    )


def _exp(clue: Clue) -> str:
    readers = clue.readers.get(id(clue.node), [])
    around = [r for a in readers for r in (a, *clue.readers.get(id(a), []))]
    if any(_is_softmax(r) for r in around) or (
        any(_op(r) == "div" for r in around) and any(_op(r) == "sum" for r in readers)
    ):
        return "exp(z) / sum(exp(z)) is ag.softmax(z), which subtracts the largest score first"
    if any(_op(r) == "log" and _op(_source(_arguments(r)[0])) in ("sum", "mean") for r in around):
        return "the logarithm of a sum of exponentials is ag.logsumexp(z)"
    if any(_other(r, 1.0) is not None for r in readers):
        logs = any(_op(r) in ("log", "log1p") for r in around)
        return "log(1 + exp(z)) is ag.softplus(z)" if logs else "1 / (1 + exp(-z)) is ag.sigmoid(z)"
    if any(_op(r) == "log1p" for r in readers):
        return "log1p(exp(z)) is ag.softplus(z)"
    if any(
        _op(r) == "add" and _makes(s, "log", depth=0)
        for r in readers
        for s in clue.readers.get(id(r), [])
    ):
        return "the logarithm of a sum of exponentials is ag.logaddexp(a, b)"
    if any(_op(r) == "sub" and any(_is(a, 1.0) for a in _arguments(r)) for r in readers):
        return "write ag.expm1(x) for exp(x) - 1, and keep its argument small"
    if any(
        _op(r) == "sub" and all(_makes(a, "exp", depth=0) for a in _arguments(r)) for r in readers
    ):
        return "write ag.tanh, sinh or cosh for these exponentials, or work with their logarithms"
    if any(_op(r) == "sum" for r in readers):
        return "subtract the largest exponent first, as ag.logsumexp and ag.softmax do"
    return (
        "the exponential is beyond what the dtype holds: keep its argument below 88 (float32) or 709 "
        "(float64), such as with np.minimum, or work with the logarithm"
    )


def _divide(clue: Clue) -> str:
    below = _source(_arguments(clue.node)[-1])
    name = _op(below)
    above = _arguments(clue.node)[0]
    if _less_one(below) or (_less_one(above) and not np.any(clue.values[:1])):
        return (
            "write np.expm1(z) for exp(z) - 1, -np.expm1(z) for 1 - exp(z); at 0 / 0 choose the limit with "
            "ag.where, and keep 0 out of the division as in x / ag.where(y == 0, 1, y)"
        )
    if _other(below, 0.0) is None and _makes(below, "std", "var", depth=2):
        return "the deviation vanishes where all numbers are equal: divide by std + eps or sqrt(var + eps)"
    if name == "sqrt" and _makes(below, "mean", "var", depth=2):
        return "the deviation vanishes where all numbers are equal: divide by sqrt(var + eps)"
    if name in ("norm", "hypot", "absolute", "sqrt"):
        return "a vector of length 0 has no direction: divide by np.maximum(norm, eps), or by norm + eps"
    if name == "sum" and _makes(below, "exp"):
        return "exp(z) / sum(exp(z)) is ag.softmax(z)"
    if name in ("sum", "mean", "count_nonzero"):
        return "the sum below is 0, such as a count of nothing: divide by np.maximum(sum, 1) or by sum + eps"
    if name == "sub" and _makes(below, "max", "min", "amax", "amin", depth=1):
        return "the range is 0 where all numbers are equal: divide by the range + eps"
    if name == "sub" and _makes(_arguments(clue.node)[0], "exp", "expm1", "sub", depth=1):
        return "both vanish at the limit: use ag.expm1, ag.sinc or a series where it is small"
    return (
        "division by 0: add eps below, or choose with np.where before the division, as in "
        "x / np.where(y == 0, 1, y)"
    )


def _sqrt(clue: Clue) -> str:
    if not clue.slope:
        return (
            "the root of a negative number is not real: keep its argument up with np.maximum(x, 0)"
        )
    if _makes(_arguments(clue.node)[0], "sum", "mul", "pow", "square", depth=2):
        return (
            "the root of a sum of squares has no slope at 0: use ag.linalg.norm, or sqrt(x + eps)"
        )
    return "the root has an infinite slope at 0: write sqrt(x + eps), or choose with np.where before it"


def _power(clue: Clue) -> str:
    base = clue.values[0] if clue.values else None
    e = getattr(_arguments(clue.node)[-1], "value", _arguments(clue.node)[-1])
    if base is not None and np.all(np.asarray(base) == 0):
        if clue.slope:
            return "0 ** p has an infinite slope for p below 1: write (x + eps) ** p, or ag.sqrt and its like"
        return "0 to a negative power is infinite: write (x + eps) ** p, or choose with np.where before it"
    if base is not None and np.all(np.asarray(base) < 0) and np.any(np.mod(e, 1) != 0):
        return (
            "a negative number to a fractional power is not real: take np.abs(x) ** p, with np.sign(x) if "
            "the sign is to stay"
        )
    return "the power is beyond what the dtype holds: scale the numbers, work with logarithms, or use float64"


def _product(clue: Clue) -> str:
    if any(np.isinf(v).any() for v in clue.values):
        if _op(clue.node) == "mul":
            return "0 times infinity is not known: choose with np.where before the product"
        return (
            "infinities that cancel are not known, as where a mask hides a whole row: let it leave one entry"
            ", or choose with np.where before"
        )
    return (
        "the numbers are beyond what the dtype holds: lower the learning rate if weights have grown, scale "
        "the data, or use float64; lengths are safe in np.hypot and ag.linalg.norm"
    )


def _inverse(name: str) -> Callable[[Clue], str]:
    def advice(clue: Clue) -> str:
        if clue.slope:
            return (
                f"{name} has an infinite slope at -1 and 1: clip its argument, np.clip(x, -1 + eps, 1 - eps)"
                "; an angle between vectors is safe in ag.arctan2(norm(cross), dot)"
            )
        return f"{name} is defined from -1 to 1: clip its argument, np.clip(x, -1, 1)"

    return advice


def _mean(clue: Clue) -> str:
    x = plain(_arguments(clue.node)[0]) if _arguments(clue.node) else np.zeros(1)
    if np.size(x) == 0 or 0 in np.shape(x):
        return "nothing is left to average: see that the selection is not empty, or divide by max(count, 1)"
    if _op(clue.node) in ("std", "var"):
        if clue.slope:
            return "the standard deviation has no slope where all numbers are equal: use sqrt(var + eps)"
        if np.size(x) <= 1 + clue.node.params.get("ddof", 0):
            return "one number has no spread with ddof=1: use ddof=0, or more numbers"
    return _product(clue)


def _softmax(clue: Clue) -> str:
    return (
        "a row has no finite score, as where a mask hides every entry: let the mask leave one, or choose "
        "the result with np.where"
    )


_ADVICE: dict[str, Callable[[Clue], str]] = {
    **dict.fromkeys(("log", "log2", "log10"), _log),
    **dict.fromkeys(("exp", "exp2", "expm1"), _exp),
    "div": _divide,
    "reciprocal": _divide,
    "sqrt": _sqrt,
    "pow": _power,
    "arccos": _inverse("arccos"),
    "arcsin": _inverse("arcsin"),
    "arctanh": _inverse("arctanh"),
    **dict.fromkeys(("mean", "std", "var", "average", "median"), _mean),
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp", "softmax_nll"), _softmax),
    **dict.fromkeys(
        (
            "mul",
            "square",
            "matmul",
            "linear",
            "conv2d",
            "conv1d",
            "dot",
            "einsum",
            "sum",
            "cumsum",
            "add",
            "sub",
        ),
        _product,
    ),
}
_SIMPLE = {
    "log1p": "log1p(x) is infinite at -1 and not real below: keep x above -1, as by np.maximum(x, -1 + eps)",
    "sinh": "sinh is beyond what the dtype holds: keep its argument small, or work with the logarithm",
    "cosh": "cosh is beyond what the dtype holds; its logarithm is ag.logaddexp(x, -x) - log(2)",
    "tan": "tan is infinite at pi / 2: keep its argument away from there, or use sin and cos",
    "prod": "the product is beyond what the dtype holds: add logarithms instead",
    "cumprod": "the product is beyond what the dtype holds: add logarithms instead, with np.cumsum",
    "gamma": "the gamma function is beyond what the dtype holds: use ag.special.gammaln",
    "astype": "the numbers are beyond what float32 holds: scale them before, or stay with float64",
    "arccosh": "arccosh is defined from 1 on, and has an infinite slope there: np.maximum(x, 1 + eps)",
    "cbrt": "the cube root has an infinite slope at 0: write cbrt(x + eps), or choose with np.where before",
    "xlogy": "xlogy(x, y) has an infinite slope at y = 0: keep y away from there, np.maximum(y, eps)",
    "norm": "the length is beyond what the dtype holds: scale the numbers",
}


_OVERFLOWING = {"pow", "exp", "exp2", "expm1", *(op for op, f in _ADVICE.items() if f is _product)}


def _grown(clue: Clue) -> str:
    """What to do first where an overflow comes of weights that have grown."""
    node, first = clue.node, clue.values[:1]
    made = plain(node)
    if clue.slope or _op(node) not in _OVERFLOWING or not np.isinf(made).any():
        return ""
    if not all(np.isfinite(v).all() for v in clue.values) or not np.any(first):
        return ""
    leaves = (n for n in nodes_below(node) if not n.op and getattr(n, "requires_grad", True))
    most = max((np.max(np.abs(plain(n)), initial=0) for n in leaves), default=0)
    if not 1e6 < most < np.inf:
        return ""
    return (
        f"a leaf has grown to {most:.1e}: if it holds weights, use a smaller learning rate or clip the "
        "gradients; if not, "
    )


def advice_on(clue: Clue) -> str:
    """What to write instead, in one sentence."""
    return _grown(clue) + _advice(clue)


def _advice(clue: Clue) -> str:
    op = clue.node.op
    if op in _ADVICE:
        return _ADVICE[op](clue)
    return _SIMPLE.get(
        op,
        f"{op} is not finite there: keep its argument away from that place, such as with np.clip, or choose "
        "with np.where before it",
    )
