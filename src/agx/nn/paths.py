"""Where in a model something happened, as people write it: ``LeNet.features.0``, ``conv1.weight``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._engine.places import Scope


def calls_of(scope: Scope | None) -> list[Scope]:
    """The calls that led to this one, the outermost first."""
    calls: list[Scope] = []
    while scope is not None:
        calls.append(scope)
        scope = scope.above
    return calls[::-1]


def _name(scope: Scope) -> str:
    """What the module above calls this one; the name of its class where it is no part of that."""
    for name, module in scope.above.module.named_modules() if scope.above else ():
        if module is scope.module and name:
            return str(name)
    return type(scope.module).__name__.lstrip("_")


def path_of(scope: Scope | None) -> str:
    """The path of a module: the class of the outermost one, then attributes; empty outside modules.

    >>> from agx.nn.paths import path_of
    >>> model = ag.nn.Sequential(ag.nn.Linear(2, 3), ag.nn.ReLU())
    >>> path_of(model(np.ones((1, 2), np.float32)).scope)
    'Sequential.1'
    """
    return ".".join(_name(call) for call in calls_of(scope))


def tell_path(problem: Exception, scope: Scope) -> None:
    """Say in an error where in a model it was raised: once, by the innermost module.

    A message that begins with the layer has the path in front, others a note below. A layer of agx's own that
    is called alone has no need of either.
    """
    alone = scope.above is None and type(scope.module).__module__.startswith("agx.")
    if alone or getattr(problem, "_agx_told", False):
        return
    problem._agx_told = True  # type: ignore[attr-defined]
    said, path = repr(scope.module), "" if scope.above is None else f"{path_of(scope)} = "
    if problem.args and str(problem.args[0]).startswith(said):
        problem.args = (f"{path}{problem.args[0]}", *problem.args[1:])
    else:
        problem.add_note(f"in {path}{said.splitlines()[0].rstrip('(')}")


def parameter_names(nodes: Iterable[Any]) -> dict[int, str]:
    """The name of each parameter, by its ``id``, in the outermost modules that made some of ``nodes``.

    >>> from agx.nn.paths import parameter_names
    >>> layer = ag.nn.Linear(2, 3)
    >>> parameter_names([layer(np.ones((1, 2), np.float32))])[id(layer.weight)]
    'weight'
    """
    names: dict[int, str] = {}
    roots = {}
    for node in nodes:
        scope = getattr(node, "scope", None)
        while scope is not None and scope.above is not None:
            scope = scope.above
        if scope is not None:
            roots[id(scope.module)] = scope.module
    for module in roots.values():
        for name, parameter in module.named_parameters():
            names.setdefault(id(parameter), name)
    return names
