"""What other libraries' objects and functions do with Tensors: compute with them, or say what to write.

A library that asks a Tensor for plain numbers would lose its gradient without a word. Which one asks is
told from the stack: SciPy's sparse matrices get an answer that makes them leave the operation to agx.
Where pandas and its like do not leave an operator to what they do not know, their methods are taught to, when
a Tensor is first made after they were imported.
"""

from __future__ import annotations

import functools
import sys
from types import FrameType
from typing import Any

import numpy as np

from .._engine.errors import refuse_kind
from .._engine.graph import Node, Primitive, with_foreign
from .._engine.refused import LIBRARIES, refusal
from .._engine.trace import is_wanted
from ..ops.elementwise.arithmetic import multiply
from ..ops.linalg.products import dot
from ..ops.linalg.sparse import is_sparse, matmul_with_sparse
from . import table
from .calls import values_of

# --- objects in agx's operations ----------------------------------------------------------------------


@with_foreign
def _with_sparse(primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Multiply by a sparse matrix; other operations of elements take it whole."""
    if not any(map(is_sparse, args)):
        return NotImplemented
    if primitive.name == "matmul" or (primitive.name == "mul" and _as_matrices(*args)):
        return matmul_with_sparse(*args)
    if primitive.elementwise:
        return primitive(*(a.toarray() if is_sparse(a) else a for a in args), **params)
    kind = next(type(a).__name__ for a in args if is_sparse(a))
    raise TypeError(
        f"{primitive.name}: {kind} is no array; multiply with @, or pass a.toarray()"
    ) from None


_PLAIN = {int, float, np.ndarray}


def plain(x: Any) -> Any:
    """What is compared with a Tensor: numbers and arrays, without labels, inside lists and tuples too."""
    if type(x) in _PLAIN:
        return x
    if is_sparse(x):
        return x.toarray()
    x = values_of(x)
    if isinstance(x, np.ndarray) or not hasattr(type(x), "__array__"):
        return x
    refuse_kind("comparison", x)
    return np.asarray(x)


def _as_matrices(x: Any, y: Any) -> bool:
    """Whether * multiplies matrices here, as it does for SciPy's older classes, but not by numbers."""
    one, other = (x, y) if is_sparse(x) else (y, x)
    return not hasattr(sys.modules["scipy.sparse"], "sparray") or (
        isinstance(one, sys.modules["scipy.sparse"].spmatrix) and np.ndim(other) > 0
    )


# --- objects on the left of an operator ---------------------------------------------------------------

#: Higher than that of a DataFrame (4000): pandas leaves most of its operators to whoever has the higher one.
PANDAS_PRIORITY = 5000
_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_COMPARISONS = [f"__{op}__" for op in ("eq", "ne", "lt", "le", "gt", "ge")]
_BOTH = [f"__{op}__" for op in _OPERATORS]

_FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")

#: The classes whose methods are taught to leave Tensors alone, by the library that is waited for.
waiting = {
    "pandas": (
        "DataFrame Series Index",
        ["__array_ufunc__", "dot", *(f"__i{op}__" for op in _OPERATORS)],
    ),
    "scipy.sparse": (
        " ".join(f"{f}_matrix {f}_array" for f in _FORMATS),
        ["dot", "multiply", "__init__"],
    ),
    "polars": ("DataFrame Series", ["__array_ufunc__", "__matmul__", *_BOTH, *_COMPARISONS]),
    "xarray": ("DataArray", ["dot"]),
}


def _sparse_of_plain(theirs: Any) -> Any:
    """A function that makes sparse matrices, and says what to write instead for Tensors."""

    @functools.wraps(theirs)
    def function(*args: Any, **kwargs: Any) -> Any:
        return theirs(*_entries(theirs.__name__, args), **kwargs)

    return function


def _entries(name: str, args: tuple[Any, ...]) -> list[Any]:
    """Arrays in place of Tensors whose gradients nobody wants. Raises TypeError for others."""
    for x in args:
        if isinstance(x, Node) and is_wanted(x):
            raise refusal(_lost(f"scipy.sparse.{name}", x, _FIXES["scipy.sparse"]))
    return [x.array if isinstance(x, Node) else x for x in args]


def _of_plain_values(theirs: Any) -> Any:
    """A function of a function whose values it compares and interpolates: it sees plain ones."""

    @functools.wraps(theirs)
    def function(f: Any, *args: Any, **kwargs: Any) -> Any:
        return theirs(lambda *x: _seen(f(*x)), *args, **kwargs)

    return function


def _seen(x: Any) -> Any:
    return np.asarray(x)[()] if isinstance(x, Node) and not x.traced else x


#: Functions inside SciPy that are taught the same, by the module that calls them by these names.
teaching = {
    "scipy.sparse._construct": (_sparse_of_plain, "diags diags_array spdiags"),
    "scipy.sparse": (_sparse_of_plain, "diags diags_array spdiags"),
    "scipy.optimize._minimize": (
        _of_plain_values,
        "_minimize_scalar_brent _minimize_scalar_bounded _minimize_scalar_golden",
    ),
    "scipy.optimize._zeros_py": (_of_plain_values, "_wrap_nan_raise"),
}


_imported = 0


def greet() -> None:
    """Teach the libraries that have been imported by now to leave what they cannot do to Tensors."""
    global _imported
    count = len(sys.modules)
    if count == _imported:
        return
    for name in [name for name in waiting if sys.modules.get(name) is not None]:
        classes, methods = waiting[name]
        kinds = [getattr(sys.modules[name], c, None) for c in classes.split()]
        if None in kinds:  # It is being imported.
            count = 0
            continue
        del waiting[name]
        for kind in kinds:
            for method in methods:
                if theirs := getattr(kind, method, None):
                    setattr(kind, method, _leaving_tensors(theirs))
    for name in [name for name in teaching if sys.modules.get(name) is not None]:
        teach, functions = teaching.pop(name)
        for function in functions.split():
            if theirs := getattr(sys.modules[name], function, None):
                setattr(sys.modules[name], function, teach(theirs))
    _imported = count


def _leaving_tensors(theirs: Any) -> Any:
    """A method that does what it did, but takes no Tensor: ``x.dot(t)`` is NumPy's, ``x += t`` is x + t."""

    @functools.wraps(theirs)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(a, Node) for a in args):
            return theirs(self, *args, **kwargs)
        if theirs.__name__ == "__init__":
            return theirs(self, *_entries(type(self).__name__, args), **kwargs)
        if theirs.__name__ == "dot":
            return dot(self if is_sparse(self) else np.asarray(self), *args)
        return multiply(self.toarray(), *args) if theirs.__name__ == "multiply" else NotImplemented

    return method


# --- libraries that ask for plain numbers -------------------------------------------------------------

_LIBRARIES = LIBRARIES - {"numpy"}
_BETWEEN = {"agx", "contextlib", "functools", "numpy"}

#: What of pandas and NumPy's masked arrays makes a plain array because somebody wants one.
_CONVERSIONS = {
    "__init__",
    "__new__",
    "__setitem__",
    "array",
    "asarray",
    "asanyarray",
    "assign",
    "insert",
}
_CONVERSIONS |= {"masked_array", "masked_where"}

#: What of SciPy makes a plain array to see what kind of array it is.
_LOOKING = {"_compliance_scipy", "array_namespace"}

_NAMESPACES = {"scipy.special": "special", "scipy.linalg": "linalg", "scipy.fft": "fft"}
_NAMESPACES["scipy.sparse.linalg"] = "linalg"


def _module(frame: FrameType) -> str:
    return frame.f_globals.get("__name__") or ""


def _asking(frame: FrameType | None) -> tuple[str, list[FrameType]]:
    """The library whose code runs in ``frame``, and its frames from there to whoever called it."""
    found: list[FrameType] = []
    library = ""
    while frame is not None:
        module = _module(frame)
        top = "numpy.ma" if module.startswith("numpy.ma.") else module.partition(".")[0]
        if top == library or (not library and (top in _LIBRARIES or top == "numpy.ma")):
            library = top
            found.append(frame)
        elif top not in _BETWEEN:
            break
        frame = frame.f_back
    return library, found


def _public(module: str) -> str:
    """The part of a module's name before anything private."""
    parts = module.split(".")
    private = (k for k, part in enumerate(parts) if part.startswith("_"))
    return ".".join(parts[: next(private, len(parts))])


def _called(frame: FrameType) -> tuple[str, str]:
    """The module and the name of what was called in another library, as its users write them."""
    code, held = frame.f_code, frame.f_locals
    module, name = _module(frame), code.co_name
    if "<locals>" in code.co_qualname or name == "__ua_function__":  # The function is a variable.
        for f in held.values():
            decorated = getattr(f, "__name__", "_")
            if (
                decorated[0] not in "_<"
                and _module_of(f).partition(".")[0] == module.partition(".")[0]
            ):
                module, name = _module_of(f), decorated
                break
    home = _public(module)
    home = home if home.startswith("scipy") else home.partition(".core")[0]
    itself = held.get("self")
    if name == "wrapped" and home == "scipy.special":  # with SCIPY_ARRAY_API=1
        return home, getattr(itself, "name", name)
    kind = type(itself).__name__
    if home.startswith("scipy.stats") and itself is not None:
        kind = getattr(getattr(itself, "dist", itself), "name", None) or kind.removesuffix("_gen")
    if name in ("__init__", "__call__", "__new__"):
        name = kind
    elif itself is not None and name != kind:
        name = f"{kind}.{name}"
    return home, name


def _module_of(function: Any) -> str:
    return getattr(function, "__module__", None) or ""


def _instead(home: str, name: str) -> str:
    """What to write in place of a function of SciPy; empty if agx has nothing like it."""
    agx = sys.modules[__name__.partition(".")[0]]
    space = _NAMESPACES.get(home)
    if space and callable(getattr(getattr(agx, space), name, None)):
        return f"ag.{space}.{name}"
    if name in table.COMPATIBLE.get(home, "").split():
        return f"agx.compat.autograd.{home}.{name}"
    alike = home in (*_NAMESPACES, "scipy.integrate", "scipy.signal")
    return f"ag.{name}" if alike and callable(getattr(agx, name, None)) else ""


_UNITS = "convert it to the unit that you compute in and pass its plain numbers"
_FIXES = {
    "astropy": _UNITS,
    "numpy.ma": "a mask goes with ag.where(mask, other, t), and m.filled(0) is a plain array",
    "pint": _UNITS,
    "scipy": "declare it with ag.primitive and give its derivative",
    "scipy.integrate.quad": "write ag.sum(weights * f(nodes)) with the nodes and weights of "
    "np.polynomial.legendre.leggauss",
    "scipy.integrate.solve_ivp": "write agx.compat.autograd.scipy.integrate.odeint, whose function takes "
    "(y, t)",
    "scipy.interpolate": "write ag.interp to interpolate linearly, or declare it with ag.primitive and "
    "give its derivative",
    "scipy.optimize": "solve inside ag.no_grad(), and take one step of Newton's method from the solution, "
    'which has its derivative ("Solutions of equations" in docs/derivatives.md)',
    "scipy.sparse": "give ag.linalg.sparse_matmul or ag.linalg.spsolve the entries of a matrix as "
    "(entries, (rows, columns)), multiply by a column, t[:, None] * x, for sp.diags(t) @ x, or compute with "
    "a.toarray()",
    "unyt": _UNITS,
    "xarray": "compute with its plain arrays, x.data",
}
_ARRAYS = "compute with plain arrays, such as x.to_numpy()"


def asks(tensor: Node, frame: FrameType) -> Any:
    """What a library gets that asks for a plain array in ``frame``: the value, if this returns None.

    Raises TypeError where the gradient would be lost without a word.
    """
    library, frames = _asking(frame)
    if not library:
        return None
    module, name = _module(frames[-1]), frames[-1].f_code.co_name
    operator = name == "dot" or (name.startswith("__") and name not in _CONVERSIONS)
    if operator and module.startswith("scipy.sparse._"):
        return np.array(None, object)  # SciPy then returns NotImplemented.
    if frames[0].f_code.co_name in _LOOKING:
        return tensor.array
    if not is_wanted(tensor):
        return None
    if library != "scipy" and not tensor.traced and name in _CONVERSIONS:
        return None
    home, name = _called(frames[-1])
    if home == "scipy.optimize" and not tensor.traced:  # What is minimised is only looked at.
        return tensor.array.copy()
    called = f"a function of {home}" if name in ("wrapper", "inner") else f"{home}.{name}"
    other = library == "scipy" and _instead(home, name)
    known = _FIXES.get(called) or _FIXES.get(home) or _FIXES.get(library, _ARRAYS)
    fix = f"write {other}" if other else known
    raise refusal(_lost(called, tensor, fix))


def _lost(called: str, tensor: Node, fix: str) -> str:
    return (
        f"{called} would lose the gradient of a Tensor of shape {tensor.shape}: it knows plain arrays "
        f"only; {fix}, or pass t.value to leave the graph on purpose"
    )
