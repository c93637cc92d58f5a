"""The tracer: nodes of its own on which a function is run, to be differentiated there."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import Any, Self

import numpy as np

from .._kernels.graph import Node, is_recording, new_tensor, set_recording
from .graph import pullback
from .walk import leaves_below, wanted_below


class _Here(threading.local):
    """The traces that this thread is in, the outermost first."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []


here = _Here()


def _enter(x: Any, follow: bool) -> Any:
    """A fresh node that carries ``x`` and its note; with ``follow`` it stays connected to the outside."""
    if isinstance(x, Node):
        connected: Any = x
        node = connected * 1.0 if follow and x.requires_grad else new_tensor(x.array)
        if x.note is not None:
            node.note = x.note
    else:
        node = new_tensor(np.array(x))
    node.shared = False
    return node


class Trace:
    """Fresh nodes for some values, and derivatives of what is computed from them.

    Functions are run and derivatives taken inside ``with trace``: everything is recorded then, also under
    ``no_grad``, and the nodes want gradients. Outside, other traces pass them by, as constants. A trace
    inside another one stays connected to it, unless it was made under ``no_grad``.

    ``strict`` makes what would lose the gradient of a node, such as ``float(t)``, raise.
    """

    def __init__(self, values: Iterable[Any], *, strict: bool = True) -> None:
        self.followed = is_recording()
        self.nodes = [_enter(x, self.followed) for x in values]
        for node in self.nodes if strict else ():
            node.traced = True
        self._own = set(self.nodes)
        self._points = [node for node in self.nodes if node.is_leaf]
        self._before: list[bool] = []
        #: Whether a result that does not depend on these nodes needs no word: it may be the derivative of
        #: one that does, as of a linear function, or was spoken of.
        self.excused = False

    def __enter__(self) -> Self:
        self._before.append(set_recording(True))
        here.traces.append(self)
        for node in self._points:
            node.requires_grad = True
        return self

    def __exit__(self, *exc: object) -> None:
        for node in self._points:
            node.requires_grad = False
        here.traces.remove(self)
        set_recording(self._before.pop())

    def outside(self, *results: Any, others: Collection[Node] = ()) -> list[Node]:
        """The leaves, and those of ``others``, below results besides this trace's; some more than once."""
        found: list[Node] = []
        for result in results:
            if isinstance(result, Node) and result.requires_grad:
                below = wanted_below(result) if others else leaves_below(result)
                found += [n for n in below if n not in self._own and (n.is_leaf or n in others)]
        return found

    def nested(self, *results: Any) -> bool:
        """Whether results also depend on Tensors from outside, as in a trace inside another one.

        Derivatives are then Tensors, so that nothing is lost to whoever differentiates again.
        """
        if not self.followed or not self.outside(*results):
            return False
        for trace in here.traces:
            if trace is not self and not trace.excused:
                trace.excused = trace.reaches(*results)
        return True

    def reaches(self, *results: Any) -> bool:
        """Whether any of the results was computed from nodes of this trace."""
        return any(
            not self._own.isdisjoint(wanted_below(r))
            for r in results
            if isinstance(r, Node) and r.requires_grad
        )

    def gradients(self, out: Node, seed: Any = None, nested: bool | None = None) -> list[Any]:
        """The gradient of ``out`` in each node: arrays, or Tensors if ``nested`` (as ``out`` is, if None)."""
        follow = self.nested(out) if nested is None else nested
        return pullback(out, self.nodes, seed, create_graph=follow)
