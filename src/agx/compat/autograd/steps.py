"""The steps of a function's run, and what classes of nodes keep of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .boxes import subvals


class Node:
    """What ``trace`` makes of each step: a class of one's own says what to keep of it."""

    __slots__ = ()

    def __init__(
        self,
        value: Any,
        fun: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parent_argnums: tuple[int, ...],
        parents: tuple[Any, ...],
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__}: define __init__")

    def initialize_root(self, *args: Any, **kwargs: Any) -> None:
        """Set up the node of the argument that is traced."""
        raise NotImplementedError(f"{type(self).__name__}: define initialize_root")

    @classmethod
    def new_root(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the node of the argument that is traced."""
        root = cls.__new__(cls)
        root.initialize_root(*args, **kwargs)
        return root


class Step(NamedTuple):
    """A call of a primitive: the arguments of ``Node``, under their names."""

    value: Any
    fun: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    parent_argnums: tuple[int, ...]
    parents: tuple[Any, ...]

    def from_parents(self) -> tuple[Any, ...]:
        """The arguments that come from parents."""
        return tuple(self.args[i] for i in self.parent_argnums)

    def again(self, values: Sequence[Any]) -> Any:
        """Call the function with other ``values`` from the parents."""
        changed = zip(self.parent_argnums, values, strict=True)
        return self.fun(*subvals(self.args, changed), **self.kwargs)

    def without_values(self) -> Step:
        """The step without the values of its parents, which ``again`` does not need."""
        return self._replace(
            value=None, args=subvals(self.args, ((i, None) for i in self.parent_argnums))
        )


class Keeping(Node):
    """A node whose class says in ``keep`` what it keeps of its step."""

    __slots__ = ()

    def __init__(self, *step: Any) -> None:
        self.keep(Step(*step))

    def keep(self, step: Step) -> None:
        """Set the attributes of the node."""
        raise NotImplementedError(f"{type(self).__name__}: define keep")
