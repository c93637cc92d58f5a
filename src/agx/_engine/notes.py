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
