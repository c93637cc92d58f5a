"""Checking derivatives numerically."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...ops.complex import imag, is_complex, real
from ...ops.shape.axes import concatenate, ravel
from ...testing.check import check_grads as _check
from .absent import absent as _absent
from .boxes import peek
from .differential_operators import make_jvp, make_vjp
from .nests import items, rebuild
from .spaces import vspace as vspace
from .wrap_util import unary_to_nary

TOL = RTOL = EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Tell whether two numbers agree, absolutely or relatively, to 1e-6."""
    return bool(abs(a - b) < TOL or abs(a - b) < RTOL * abs(a + b))


def check_equivalent(x: Any, y: Any) -> None:
    """Raise AssertionError unless two nests have the same form and nearly the same numbers."""
    ours, theirs = list(items(x)), list(items(y))
    if [np.shape(peek(v)) for v in ours] != [np.shape(peek(v)) for v in theirs]:
        raise AssertionError(f"check_equivalent: the forms differ: {x} and {y}")
    for a, b in zip(ours, theirs, strict=True):
        if not np.allclose(peek(a), peek(b), rtol=RTOL, atol=TOL):
            raise AssertionError(f"check_equivalent: the values differ: {x} and {y}")


def check_vjp(f: Callable[..., Any], x: Any) -> None:
    """Compare the first derivative of ``f`` with finite differences."""
    check_grads(f, modes=["rev"], order=1)(x)


def check_jvp(f: Callable[..., Any], x: Any) -> None:
    """Compare the forward derivative of ``f`` with finite differences."""
    check_grads(f, modes=["fwd"], order=1)(x)


def _parts(tree: Any) -> list[Any]:
    """The real numbers that make up a nest."""
    found: list[Any] = []
    for x in items(tree):
        x = x if hasattr(x, "shape") else np.asarray(x)
        found += [real(x), imag(x)] if is_complex(x) else [x]
    return found


def _vector(tree: Any) -> Any:
    return concatenate([ravel(p) for p in _parts(tree)])


def _reader(example: Any) -> Callable[[Any], Any]:
    """What makes a nest like ``example`` of the vector of its real numbers."""

    def read(vector: Any) -> Any:
        start = 0

        def take(x: Any) -> Any:
            nonlocal start
            shape, size = np.shape(x), np.size(x)
            out = vector[start : start + size].reshape(shape)
            start += size
            if np.iscomplexobj(x):
                out = out + 1j * vector[start : start + size].reshape(shape)
                start += size
            return out

        return rebuild(example, (take(peek(x)) for x in items(example)))

    return read


@unary_to_nary
def check_grads(
    fun: Callable[..., Any], x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2
) -> None:
    """Compare derivatives with finite differences up to ``order``, and forward ones with reverse ones.

    Raises AssertionError if they differ, ValueError for modes other than "fwd" and "rev".

    >>> from agx.compat.autograd.test_util import check_grads
    >>> check_grads(lambda x: x**3, modes=["rev"])(1.5)
    """
    if set(modes) - {"fwd", "rev"}:
        raise ValueError(f"check_grads: modes are 'fwd' and 'rev', got {list(modes)}")
    point, read = np.asarray(_vector(x), np.float64), _reader(x)
    flat = lambda vector: _vector(fun(read(vector)))
    _check(flat, point, order=order, step=EPS)  # short: random points may lie near a kink
    if "fwd" in modes or order > 1:
        rng = np.random.default_rng(0)
        v = rng.standard_normal(point.shape)
        value, forward = make_jvp(flat)(point)(v)
        w = rng.standard_normal(np.shape(value))
        expected = np.dot(make_vjp(flat, who="")(point)[0](w), v)
        if not np.isclose(np.dot(w, forward), expected, rtol=1e-6, atol=1e-6):
            raise AssertionError("check_grads: forward and reverse derivatives differ")


def combo_check(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., None]:
    """Return ``check_grads(fun, ...)`` for every combination of values, given as lists of them."""
    check = check_grads(fun, *args, **kwargs)

    def check_all(*choices: Any, **named: Any) -> None:
        for values in itertools.product(*choices):
            for settings in itertools.product(*named.values()):
                check(*values, **dict(zip(named, settings, strict=True)))

    return check_all


__getattr__ = _absent("agx.compat.autograd.test_util")
