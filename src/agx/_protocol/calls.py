"""What agx does when NumPy is asked to apply one of its functions to a Tensor."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from .._engine.graph import Node, Primitive, constant_functions, numpy_functions
from ..ops.shape import assign, create
from . import table, ufuncs

constant_functions.update(table.constants())

#: What makes an array when NumPy is asked for one with ``like=`` a Tensor.
CREATORS = {
    getattr(np, name): getattr(create, name, getattr(np, name))
    for name in table.CREATION.split()
    if not name.endswith("_like")
}


#: What SciPy's optimisers make an array of what a function of the user's returned with, to compute with it.
_MAKE_ARRAYS = {np.atleast_1d, np.atleast_2d}


def values_of(x: Any) -> Any:
    """Arrays in place of Tensors, inside lists and tuples too."""
    if isinstance(x, Node):
        return x.array
    return type(x)(map(values_of, x)) if type(x) in (list, tuple) else x


def only_looks(name: str) -> bool:
    """Whether a function of NumPy of this name is constant, so that it may see plain arrays."""
    return any(f.__name__ == name for f in constant_functions)


def _name(function: Any) -> str:
    name = function.__name__
    if name.endswith(" (vectorized)"):
        return "numpy.frompyfunc"
    name = name.lstrip("_")  # as of scipy.special._zeta
    home = "numpy" if getattr(np, name, None) is function else "scipy.special"
    module = getattr(function, "__module__", None) or home  # ufuncs do not know theirs
    return f"{module}.{name}".replace("numpy._core", "numpy")


def _missing(function: Any) -> TypeError:
    if _name(function) == "numpy.frompyfunc":
        return TypeError(
            "numpy.frompyfunc: a function of single elements does not take Tensors; call it on the array "
            "itself, or ag.stack([f(x) for x in t]), or pass t.value to leave the graph on purpose"
        )
    reason = table.why_not(function)
    if reason:
        return TypeError(
            f"{_name(function)} does not take Tensors: {reason}; pass t.value instead of the Tensor"
        )
    if function.__name__ in table.COMPATIBLE["scipy.special"].split():
        return TypeError(
            f"{_name(function)} does not take Tensors; agx.compat.autograd.scipy.special."
            f"{function.__name__} does"
        )
    import difflib

    whole = [f for f in numpy_functions if not isinstance(getattr(f, "__self__", None), np.ufunc)]
    names = {f.__name__: _name(f).replace("numpy.", "ag.") for f in whole}
    close = difflib.get_close_matches(function.__name__, sorted(names), n=1, cutoff=0.7)
    near = [names[name].replace("scipy.", "ag.") for name in close]
    hint = f"the nearest thing is {near[0]}" if near else "agx has nothing like it yet"
    return TypeError(
        f"{_name(function)} is not differentiable in agx; {hint}. To leave the graph on purpose, pass "
        "t.value instead of the Tensor"
    )


def _load(function: Any) -> bool:
    """Import agx's version of a NumPy or SciPy function that it does not load by itself, if any."""
    module = getattr(function, "__module__", None) or ""
    if module.startswith("numpy.fft"):
        from ..ops.signal import fourier  # noqa: F401
    elif module.startswith("numpy.polynomial"):
        from ..ops.signal import polynomials_nd  # noqa: F401
    elif isinstance(function, np.ufunc) and "scipy.special" in sys.modules:
        from ..ops import special  # noqa: F401
    return function in numpy_functions


def _call_ours(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call agx's version of a NumPy function, naming an argument that it does not take."""
    ours = numpy_functions[function]
    try:
        return ours(*args, **kwargs)
    except TypeError:
        if isinstance(ours, Primitive):
            raise
        signature = inspect.signature(ours)
        try:
            signature.bind(*args, **kwargs)
        except TypeError as problem:
            raise TypeError(
                f"{_name(function)} of a Tensor: {problem}; agx supports "
                f"ag.{ours.__name__}{signature}"
            ) from None
        raise


def call_ufunc(tensor: Any, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Apply a ufunc, or a method of it, to arguments with a Tensor among them: ``__array_ufunc__``."""
    if method == "__call__" and not kwargs and ufunc not in constant_functions:
        ours = numpy_functions.get(ufunc)
        if ours is not None:
            return ours(*args)
    if any(isinstance(out, Node) for out in kwargs.get("out") or ()):
        return _call_into(ufunc, method, args, kwargs)
    if ufunc in constant_functions:
        return getattr(ufunc, method)(*map(values_of, args), **all_values(kwargs))
    if kwargs.pop("out", None) is not None:
        raise TypeError(
            f"{_name(ufunc)}: writing a Tensor into a plain array (out= or an in-place operator) "
            f"would lose its gradient; write x = x + t instead of x += t, or {assign.MAKE_ONE}"
        )
    if ufunc not in numpy_functions and not _load(ufunc):
        raise _missing(ufunc)
    if method != "__call__":
        return ufuncs.method(ufunc, method, _name(ufunc), args, kwargs)
    return ufuncs.call(ufunc, _name(ufunc), args, kwargs)


def _call_into(ufunc: Any, method: str, args: Any, kwargs: dict[str, Any]) -> Any:
    """Apply a ufunc and write what it gives into Tensors."""
    outs, where = kwargs.pop("out"), True if method != "__call__" else kwargs.pop("where", True)
    found = getattr(ufunc, method)(*args, **kwargs)
    if not isinstance(found, tuple):
        return assign.store(_name(ufunc), outs[0], found, where)
    pairs = zip(outs, found, strict=True)
    return tuple(
        f if out is None else assign.store(_name(ufunc), out, f, where) for out, f in pairs
    )


def call_function(tensor: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Apply another function of NumPy to arguments with a Tensor among them: ``__array_function__``."""
    if function in constant_functions:
        return function(*map(values_of, args), **all_values(kwargs))
    if function in CREATORS:
        made = CREATORS[function](*args, **kwargs)
        return made if isinstance(made, Node) else type(tensor)(made, requires_grad=False)
    if function not in numpy_functions and not _load(function):
        raise _missing(function)
    if function in _MAKE_ARRAYS:
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        if caller.startswith("scipy.optimize."):
            return function(*map(np.asarray, args))
    if "out" in kwargs:
        out = kwargs["out"]
        kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        if isinstance(out, Node):
            return assign.store(_name(function), out, function(*args, **kwargs))
        if out is not None:
            kwargs["out"] = out
    return _call_ours(function, args, kwargs)


def all_values(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments with arrays in place of Tensors."""
    return {k: values_of(v) for k, v in kwargs.items()}
