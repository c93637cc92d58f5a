"""Notes that nodes carry: a line of the source, a path in a model, a time, or whatever helps to explain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._kernels.graph import set_note_maker


class notes:  # noqa: N801
    """Give each node that this thread records inside ``with`` a note: ``node.note = make(node)``.

    What ``make`` itself computes gets none. Makers do not add up: inside another one the inner is asked.

    >>> from agx._engine.notes import notes
    >>> with notes(lambda node: f"{node.op} of shape {node.shape}"):
    ...     y = ag.sin(ag.Tensor([1.0, 2.0]))
    >>> y.note
    'sin of shape (2,)'
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self._before: list[Callable[[Any], Any] | None] = []

    def __enter__(self) -> None:
        self._before.append(set_note_maker(self._make))

    def __exit__(self, *exc: object) -> None:
        set_note_maker(self._before.pop())


class recorded:  # noqa: N801
    """The set of nodes that this thread records inside ``with``; whoever makes notes is asked all the same.

    >>> from agx._engine.notes import recorded
    >>> with recorded() as nodes:
    ...     y = ag.sin(ag.Tensor([1.0, 2.0]))
    >>> nodes == {y}
    True
    """

    def __enter__(self) -> set[Any]:
        nodes: set[Any] = set()

        def make(node: Any) -> Any:
            nodes.add(node)
            return None if before is None else before(node)

        self._before = before = set_note_maker(make)
        return nodes

    def __exit__(self, *exc: object) -> None:
        set_note_maker(self._before)
