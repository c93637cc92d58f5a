"""What went wrong inside an operation, in words that name it, its arguments and a fix."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .symbols import is_traced

#: Errors that say which operation they come from already.
_NAMED = re.compile(r"[A-Za-z_][\w.]*: (?!Input operand|axis)")
#: Where the elements of np.matrix mean something else than those of an array.
_OF_MATRICES = {"mul", "pow", "grad"}
_KINDS = (
    np.linalg.LinAlgError, np.exceptions.AxisError, IndexError, ValueError, TypeError, MemoryError,
)  # fmt: skip


def refuse_kind(who: str, x: Any) -> None:
    """Raise TypeError for what means more than its numbers do: masks, units, arithmetic of its own."""
    kind = type(x)
    if kind is np.ndarray or kind is float:
        return
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{who}: a masked array would lose its mask; pass x.filled(0) and select with ag.where"
        )
    if hasattr(kind, "tocsr"):
        raise TypeError(
            f"{who}: {kind.__name__} is no array; its entries are one, which ag.linalg.sparse_matmul and "
            "ag.linalg.spsolve take as (entries, (rows, columns)), and so is a.toarray()"
        )
    if hasattr(kind, "unit") or hasattr(kind, "units"):
        raise TypeError(
            f"{who}: {kind.__name__} has a unit, which a Tensor would lose; convert it to the unit that "
            "you compute in and pass its plain numbers, such as q.value or q.magnitude"
        )
    if isinstance(x, np.matrix):
        if who in _OF_MATRICES:
            raise TypeError(
                f"{who}: np.matrix has products of its own; pass np.asarray(m), and write @ for products"
            )
    elif is_traced(x):
        return
    elif isinstance(x, np.ndarray) and kind.__array_ufunc__ is not np.ndarray.__array_ufunc__:
        raise TypeError(
            f"{who}: {kind.__name__} has arithmetic of its own, which Tensors do not know; pass "
            "np.asarray(a) if its plain numbers will do"
        )


def check_closure(closure: Any, has_inputs: bool, primitive: Any = None) -> None:
    """Raise unless ``closure`` can be the ``_backward`` of a Tensor or Scalar made of others."""
    if not callable(closure):
        raise TypeError(
            f"_backward: expected a function of no arguments, got {type(closure).__name__}"
        )
    if primitive is not None:
        raise TypeError(
            f"_backward: the result of op '{primitive.name}' has a pull-back, so that this function would "
            "never be called; give a Tensor(value, inputs=[...]) of your own a _backward, or use "
            "register_hook"
        )
    if not has_inputs:
        raise TypeError(
            "_backward: this was made without inputs, so that the function would never be called and "
            "the gradients would stay 0; name what it was computed from: inputs=[x, ...]"
        )


def refuse_change(
    primitive: Any,
    changed: list[int],
    operands: tuple[Any, ...],
    params: dict[str, Any],
    wanted: list[int],
) -> None:
    """Raise RuntimeError if a pull-back reads an array that was changed since the forward pass.

    ``changed`` are places among the operands (g, out, *args), 0 for the parameters; ``wanted`` are the
    arguments that get a gradient.
    """
    values = [getattr(x, "value", x) for x in operands]
    for i in changed:
        if not i:
            what = f"the array '{next(k for k, v in params.items() if isinstance(v, np.ndarray))}'"
        elif any(_reads(primitive, j, values, params, i) for j in wanted):
            which = "its result" if i == 1 else f"its argument {i - 2}"
            what = f"{which}, an array of shape {np.shape(values[i])}"
        else:
            continue
        raise RuntimeError(
            f"backward: op '{primitive.name}' needs {what}, which was changed in place after the forward "
            "pass; change a copy, or call backward() before"
        )


def _reads(
    primitive: Any, argument: int, values: list[Any], params: dict[str, Any], k: int
) -> bool:
    """Whether the pull-back of an argument depends on the numbers in operand ``k``, or fails with them."""
    now = values[k]
    if not isinstance(now, np.ndarray) or now.dtype.kind not in "fc":
        return True

    def rule(other: np.ndarray) -> Any:
        operands = [other if i == k else x for i, x in enumerate(values)]
        if primitive.variadic:
            return primitive.vjps(argument, *operands, **params)
        return primitive.vjps[argument](*operands, **params)

    others = (np.full_like(now, x) for x in (np.nan, np.inf, -np.inf, *np.ravel(values[1])[:1]))
    try:
        before = rule(now)
        for other in (1.5 - now, *others):
            after = rule(other)
            if before is None or after is None:
                if before is not after:
                    return True
            elif not np.array_equal(before, after, equal_nan=True):
                return True
    except Exception:
        return True
    return False


def explained(name: str, args: tuple[Any, ...], problem: Exception) -> Exception:
    """An error that names the operation, what it got and a fix, if ``problem`` does not."""
    text = str(problem)
    if _NAMED.match(text):
        return problem
    for i, a in enumerate(args):
        if (a is not None or "NoneType" in text) and (what := _no_number(a)):
            return TypeError(
                f"{name}: expected numbers, got {what} as argument {i}; convert it, such as with "
                "np.asarray(x, float)"
            )
    kind = next(k for k in _KINDS if isinstance(problem, k))
    return kind(f"{name}: {_reason(kind, text.removeprefix(f'{name}: '), args)}")


def _reason(kind: type, text: str, args: tuple[Any, ...]) -> str:
    try:
        arrays = [np.shape(a) for a in args if not isinstance(a, (int, float, complex))]
    except ValueError:
        return "expected an array, got a list whose rows differ in length; pad them to one length"
    shapes = " and ".join(map(str, arrays))
    if "broadcast" in text and len(arrays) > 1:
        return (
            f"shapes {shapes} do not broadcast; counted from the last axis each length must be the "
            "same or 1: insert an axis, such as x[:, None], or transpose"
        )
    if "requested shape" in text:
        return (
            f"shape {shapes} does not broadcast to{text.rsplit('requested shape')[1]}; counted from "
            "the last axis each length must be the same or 1"
        )
    if "core dimension" in text:
        return (
            f"shapes {shapes} do not fit: the axes that are summed over must be equally long; "
            "transpose one, or swap the arguments"
        )
    if "enough dimensions" in text:
        return f"an argument has too few axes, got {shapes}; for numbers use *, for vectors x[None]"
    if "input types" in text or "signature matching types" in text:
        dtypes = " and ".join(str(np.asarray(a).dtype) for a in map(_value, args))
        return f"is not defined for {dtypes}; convert with .astype, or take ag.real or ag.abs"
    if kind is np.exceptions.AxisError and len(arrays) == 1:
        n = len(arrays[0])
        last = f"use an axis from {-n} to {n - 1}" if n else "it has no axes; use x[None]"
        return f"{text}, of shape {shapes}; {last}"
    return f"{text}; got {'shapes' if len(arrays) > 1 else 'shape'} {shapes}" if arrays else text


def _value(a: Any) -> Any:
    return getattr(a, "array", a)


def _no_number(a: Any) -> str:
    """What ``a`` is, unless it consists of numbers."""
    dtype = getattr(a, "dtype", None)
    if not isinstance(dtype, np.dtype):
        try:
            dtype = np.asarray(a).dtype
        except (TypeError, ValueError):
            return ""
    return "" if dtype.kind in "biufc" else f"{type(a).__name__} of dtype {dtype}"
