"""What a training can be asked for by name: models, optimisers, schedules, and what suits the data."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .. import models, optim
from ..data.readers import named


def _kinds(base: type) -> list[Any]:
    """The classes of ``ag.optim`` that are a kind of ``base``, in the order of their definition."""
    public = [value for name, value in vars(optim).items() if not name.startswith("_")]
    return [c for c in public if isinstance(c, type) and issubclass(c, base) and c is not base]


OPTIMIZERS = {kind.__name__.lower(): kind for kind in _kinds(optim.Optimizer)}

#: The momentum of each optimiser that has one, unless another is asked for.
MOMENTA = {
    name: 0.9 if name == "sgd" else inspect.signature(kind).parameters["momentum"].default
    for name, kind in OPTIMIZERS.items()
    if "momentum" in inspect.signature(kind).parameters
}

#: What makes each schedule of the optimiser and the number of epochs.
SCHEDULES: dict[str, Callable[[Any, int], Any]] = {
    "none": lambda optimizer, epochs: None,
    **{kind.command: kind.over for kind in _kinds(optim.Schedule)},
}

MODELS = dir(models)


def recipe(name: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Complete the chosen settings (None: not chosen) with those that suit the data.

    Raises ValueError for a momentum that the optimiser does not have.
    """
    given = {key: value for key, value in chosen.items() if value is not None}
    optimizer = given.get("optimizer", "sgd")
    settings = {**named(name).recipe, "optimizer": optimizer}
    if optimizer in MOMENTA:
        settings["momentum"] = MOMENTA[optimizer]
    elif "momentum" in given:
        having = " or ".join(MOMENTA)
        raise ValueError(f"--momentum: {optimizer} has its own; use it with {having}")
    if optimizer != "sgd":
        settings["lr"] = 0.001
    return {**settings, **given}


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
    """Call a function of ``ag.models`` with those of its arguments that follow from the images."""
    known = {
        "in_channels": shape[0], "in_features": math.prod(shape), "image_size": shape[1],
        "classes": outputs,
    }  # fmt: skip
    return model(**accepted(model, known))


def accepted(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {key: value for key, value in options.items() if key in parameters}
