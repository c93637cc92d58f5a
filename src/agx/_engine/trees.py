"""Nested containers of arrays: dicts, lists, tuples, named tuples and dataclasses."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Set
from typing import Any

import numpy as np

from .graph import Node
from .sequences import is_sequence


def flatten(tree: Any) -> tuple[list[Any], Callable[..., Any]]:
    """Return the leaves of a tree in order, and a function that builds the tree of other leaves.

    Dicts keep their order, dataclasses that of their fields; None has no leaves; everything else is
    a leaf. The builder calls the classes of dataclasses, so that they compute what depends on their
    fields; with ``bare=True`` it only sets the fields, for leaves that are no such arguments.
    """
    if type(tree) is np.ndarray:
        return [tree], lambda new, bare=False: next(iter(new))
    leaves: list[Any] = []
    part = _collect(tree, leaves)
    return leaves, lambda new, bare=False: part(iter(new), bare)


def _collect(tree: Any, leaves: list[Any]) -> Callable[..., Any]:
    if tree is None:
        return lambda new, bare: None
    if isinstance(tree, dict) and not hasattr(
        tree, "tocsr"
    ):  # a sparse matrix of SciPy is one leaf
        parts = {k: _collect(v, leaves) for k, v in tree.items()}
        return lambda new, bare: _like_dict(tree, {k: part(new, bare) for k, part in parts.items()})
    if isinstance(tree, (list, tuple)):
        items = [_collect(v, leaves) for v in tree]
        kind: Any = type(tree)
        if hasattr(tree, "_fields"):
            return lambda new, bare: kind(*(item(new, bare) for item in items))
        return lambda new, bare: kind(item(new, bare) for item in items)
    if _is_dataclass(tree):
        fields = {f.name: _collect(getattr(tree, f.name), leaves) for f in _fields(tree)}
        return lambda new, bare: _like_dataclass(
            tree, {name: part(new, bare) for name, part in fields.items()}, bare
        )
    leaves.append(tree)
    return lambda new, bare: next(new)


def _is_dataclass(tree: Any) -> bool:
    return hasattr(type(tree), "__dataclass_fields__") and not isinstance(tree, type)


def _all_fields(tree: Any) -> tuple[Any, ...]:
    import dataclasses  # which takes time to import, and few trees need

    return dataclasses.fields(tree)


def _fields(tree: Any) -> list[Any]:
    return [f for f in _all_fields(tree) if f.init]


def _like_dict(tree: dict[Any, Any], values: dict[Any, Any]) -> dict[Any, Any]:
    if type(tree) is dict:
        return values
    made = copy.copy(tree)
    dict.update(
        made, values
    )  # what a class adds of its own, as Counter does, it added to the original
    held = getattr(tree, "__dict__", None)
    if held is tree:  # attributes that are the items
        made.__dict__ = made
    elif held:  # attributes that repeat the items
        vars(made).update({k: v for k, v in values.items() if k in held and held[k] is tree[k]})
        for name in held:
            if isinstance(getattr(type(tree), name, None), functools.cached_property):
                delattr(made, name)  # which is computed again, from the new items
    return made


def _like_dataclass(tree: Any, values: dict[str, Any], bare: bool) -> Any:
    cls: Any = type(tree)
    if not bare:
        made = _call(cls, values)
        _keep_state(tree, made)
        return made
    made = object.__new__(cls)
    for f in _all_fields(tree):
        object.__setattr__(made, f.name, values.get(f.name))
    return made


def _call(cls: Any, values: dict[str, Any]) -> Any:
    """The dataclass of these fields. Raises TypeError if they are not all that it is made of."""
    try:
        inspect.signature(cls.__init__).bind(None, **values)
        lost = [k for k, f in cls.__dataclass_fields__.items() if f._field_type.name == _INIT_VAR]
        problem = f"its {lost[0]!r} is an InitVar, which it does not keep" if lost else ""
    except TypeError as error:
        problem = str(error)
    if problem:
        raise TypeError(
            f"the dataclass {cls.__name__} cannot be made again from its fields: {problem}; pass a dict of "
            "the numbers, and make the dataclass inside the function"
        )
    return cls(**values)


_INIT_VAR = "_FIELD_INITVAR"


def _keep_state(tree: Any, made: Any) -> None:
    """Give ``made`` the numbers and text that ``tree`` was given after it was made.

    Real numbers stay where the class has a number too. Others may be kept from an earlier computation with
    the fields, which is made again.
    """
    fields = {f.name for f in _fields(tree)}
    for name, value in getattr(tree, "__dict__", {}).items():
        if name in fields:
            continue
        new = vars(made).get(name)
        discrete = isinstance(value, (int, str, bytes)) and not isinstance(new, Node)
        if discrete or (isinstance(value, _NUMBERS) and isinstance(new, _NUMBERS)):
            object.__setattr__(made, name, value)


_NUMBERS = (float, complex, np.ndarray, np.generic)


def leaves_like(tree: Any, like: Any, who: str) -> list[Any]:
    """The leaves of ``tree`` in the order of those of ``like``; None stands for any part of it.

    Raises ValueError, which begins with ``who``, if they are not built alike.
    """
    if tree is None:
        return [None] * len(flatten(like)[0])
    if like is None:
        return []
    names, part = _parts(like)
    theirs, theirs_part = _parts(tree)
    if names != theirs and (not isinstance(like, dict) or set(names or ()) != set(theirs or ())):
        raise ValueError(f"{who} {describe(like)}, got {describe(tree)}")
    if names is None:
        return [tree]
    return [x for n in names for x in leaves_like(theirs_part(n), part(n), who)]


def _parts(tree: Any) -> tuple[list[Any] | None, Callable[[Any], Any]]:
    """The names of what a container holds, and how to get it; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree), tree.__getitem__
    if isinstance(tree, (list, tuple)):
        return list(range(len(tree))), tree.__getitem__
    if _is_dataclass(tree):
        return [f.name for f in _fields(tree)], functools.partial(getattr, tree)
    return None, lambda name: None


def describe(tree: Any) -> str:
    """What kind of container or leaf this is, for an error."""
    if isinstance(tree, dict):
        return f"a dict with the keys {list(tree)}"
    if isinstance(tree, (list, tuple)):
        return f"a {type(tree).__name__} of {len(tree)}"
    if isinstance(tree, (Node, np.ndarray, np.generic)):
        return f"an array of shape {tree.shape}"
    if hasattr(tree, "dtype"):
        return f"a {type(tree).__name__} instead of its array, such as x.data or x.magnitude"
    return "None" if tree is None else f"a {type(tree).__name__}"


def is_other_container(leaf: Any) -> bool:
    """Whether a leaf holds others, in a way that trees do not know: a deque, a UserDict, a mapping proxy."""
    return isinstance(leaf, (Mapping, Set)) or is_sequence(leaf)


def is_differentiable(leaf: Any) -> bool:
    """Whether a leaf is a real or complex number, array or Tensor, rather than integers or text."""
    if type(leaf) is np.ndarray:
        return leaf.dtype.kind in "fc"
    if isinstance(leaf, (Node, float, complex)):
        return True
    dtype = getattr(leaf, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind in "fc"
