"""How a model is built again: by a function of ``ag.models``, of layers of agx, or by code of one's own."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import models, nn
from .._runtime import rng
from ..ops.elementwise import activations
from ..ops.elementwise.exponential import sigmoid, softplus
from ..ops.elementwise.limits import relu
from ..ops.elementwise.trigonometric import tanh

MODELS = dir(models)

#: What may stand between the layers of a Sequential without being a layer.
_FUNCTIONS: tuple[Any, ...] = relu, sigmoid, softplus, tanh
FUNCTIONS = {f.__name__: f for f in _FUNCTIONS}
FUNCTIONS |= {f: getattr(activations, f) for f in activations.__all__ if f != "prelu"}


@contextlib.contextmanager
def importing_from_here() -> Iterator[None]:
    """Find modules of the current folder too while this lasts, as ``python -m`` does."""
    added = "" not in sys.path
    if added:
        sys.path.insert(0, "")
    try:
        yield
    finally:
        if added and "" in sys.path:
            sys.path.remove("")


Factory = Callable[[tuple[int, int, int], int], Any]


def factory(name: str) -> Factory:
    """Find the function that builds a model from an image's shape (C, H, W) and a number of outputs.

    ``name`` is a function of ``ag.models``, or module:function with a module that can be imported, from
    the current folder too. Raises LookupError if there is no such thing.

    >>> ag.runs.factory("mlp")((1, 8, 8), 10)(np.zeros((3, 1, 8, 8), np.float32)).shape
    (3, 10)
    """
    if name in MODELS:
        return functools.partial(_build, getattr(models, name))
    function = _imported(name)

    @functools.wraps(function, updated=())
    def build(shape: tuple[int, int, int], outputs: int) -> Any:
        return _signed(function(shape, outputs), name, [list(shape), outputs])

    return build


def _signed(model: Any, name: str, arguments: Any) -> Any:
    """Leave on a model how it was built."""
    if hasattr(model, "state_dict"):
        model.architecture = {"factory": name, "arguments": arguments}
    return model


def _imported(name: str) -> Callable[..., Any]:
    """The function of a module:function."""
    module_name, colon, function_name = name.partition(":")
    if not (module_name and colon and function_name):
        raise LookupError(f"expected {', '.join(MODELS)} or module:factory, got {name!r}")
    try:
        with importing_from_here():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise LookupError(
            f"no module {module_name!r} in the current folder or among the installed packages"
        ) from None
    function = getattr(module, function_name, None)
    if not callable(function):
        raise LookupError(f"module {module_name!r} has no function {function_name!r}")
    return function


def _build(model: Callable[..., Any], shape: tuple[int, int, int], outputs: int) -> Any:
    return model(**following(model, shape, outputs))


def following(model: Callable[..., Any], shape: Any, outputs: int) -> dict[str, Any]:
    """Those arguments of a function of ``ag.models`` that follow from the images."""
    known = {
        "in_channels": shape[0], "in_features": math.prod(shape), "image_size": shape[1],
        "classes": outputs,
    }  # fmt: skip
    return accepted(model, known)


def accepted(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    """Those of some options that a function takes."""
    parameters = inspect.signature(function).parameters
    return {key: value for key, value in options.items() if key in parameters}


# --- what a file says, and what is made of it ----------------------------------------------------


def describe(model: Any) -> dict[str, Any] | None:
    """Say how a model is built, as what JSON can hold: None for one that only its own code builds.

    ``{"factory": name, "arguments": ...}`` is what functions of ``ag.models``, and those that ``factory``
    found, leave on what they build; ``{"layers": ...}`` are a Sequential's layers as they are printed.
    """
    found = getattr(model, "architecture", None)
    if isinstance(found, Mapping):
        found = plain(found)
        if found["factory"] not in MODELS or _is_like(build(found), model):
            return found
    with contextlib.suppress(ValueError):
        found = {"layers": _layers(model)}
        if _is_like(build(found), model):
            return found
    return None


class _Sparing(np.random.Generator):
    """A generator of so many initial values, and no more."""

    def __init__(self, most: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.left = most

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        return super().uniform(low, high, self._taken(size))

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        return super().normal(loc, scale, self._taken(size))

    def standard_normal(self, size: Any = None, *rest: Any, **options: Any) -> Any:
        return super().standard_normal(self._taken(size), *rest, **options)

    def _taken(self, size: Any) -> Any:
        self.left -= math.prod(np.atleast_1d(1 if size is None else size).tolist())
        if self.left < 0:
            raise ValueError(
                "the model that is described has far more numbers than the file; mend it"
            )
        return size


def build(
    architecture: Any, allowed: str | None = None, dtype: Any = np.float32, most: float = math.inf
) -> Any:
    """Build what ``describe`` says; parameters get ``dtype`` where layers are described.

    Code outside agx is imported and called only if ``allowed`` names it. Raises ValueError otherwise, for
    what describes no model, and for one that draws more than ``most`` initial values; draws nothing from the
    generator of ``ag.seed``.
    """
    with rng.using(_Sparing(most)):
        match architecture:
            case {"layers": layers}:
                return _of_layers(layers, dtype)
            case {"factory": str(name), "arguments": dict() | list() as given}:
                return _called(name, given, allowed)
    raise ValueError(f"expected the description of a model, got {architecture!r:.80}")


def _called(name: str, given: Any, allowed: str | None) -> Any:
    if allowed not in (None, name):
        raise ValueError(
            f"the model is built by {name}, not by {allowed}; leave out model={allowed!r}"
        )
    if name in MODELS:
        function = getattr(models, name)
    elif allowed is None:
        raise ValueError(
            f"the model is built by {name}, which is code outside agx; if you trust it, say its name: "
            f"model={name!r}, or give the model: model=my_model"
        )
    else:
        function = _imported(name)
    try:
        model = function(**given) if isinstance(given, dict) else function(*map(_tuples, given))
    except TypeError as error:
        raise ValueError(f"{name} does not take the arguments {given}: {error}") from error
    return model if name in MODELS else _signed(model, name, given)


def _tuples(value: Any) -> Any:
    """Shapes as they were before JSON made lists of them."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def _is_like(built: Any, model: Any) -> bool:
    """Whether two models have the same layers, and arrays of the same names and shapes."""
    shapes = [{k: v.shape for k, v in m.state_dict().items()} for m in (built, model)]
    return type(built) is type(model) and repr(built) == repr(model) and shapes[0] == shapes[1]


def _layers(model: Any) -> Any:
    """A layer as the call that makes it, an activation as its name, a Sequential as a list of these."""
    if type(model) is nn.Sequential:
        return [_layers(step) for step in model]
    name = getattr(model, "__name__", "")
    if FUNCTIONS.get(name) is model:
        return name
    if getattr(nn, type(model).__name__, None) is type(model):
        return repr(model)
    raise ValueError(f"{model!r} is no layer of agx")


def _of_layers(layers: Any, dtype: Any) -> Any:
    """What ``_layers`` describes: only layers of agx are called, and only with numbers and words."""
    if isinstance(layers, list):
        return nn.Sequential(*[_of_layers(step, dtype) for step in layers])
    if isinstance(layers, str) and layers in FUNCTIONS:
        return FUNCTIONS[layers]
    try:
        call = ast.parse(layers, mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            raise ValueError("expected the call of a layer")
        return _argument(call, dtype)
    except (TypeError, SyntaxError, ValueError) as error:
        raise ValueError(f"the layer {layers!r:.80} cannot be built: {error}") from error


def _argument(node: ast.expr, dtype: Any) -> Any:
    """A number, a word or several of them, or a layer of agx that a call makes of such."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return ast.literal_eval(node)
    kind = vars(nn).get(node.func.id)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ValueError(f"ag.nn has no layer {node.func.id}")
    given = [_argument(a, dtype) for a in node.args]
    options = {k.arg: _argument(k.value, dtype) for k in node.keywords if k.arg}
    return kind(*given, **options, **accepted(kind, {"dtype": dtype}))
