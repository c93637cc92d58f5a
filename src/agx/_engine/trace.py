"""The tracer: nodes of its own on which a function is run, to be differentiated there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Self

import numpy as np

from .._kernels.graph import (
    Node,
    is_recording,
    new_tensor,
    newest_number,
    origins,
    present,
    set_recording,
)
from .entered import here
from .errors import refuse_kind
from .graph import pullback
from .hooks import any_hooked
from .refused import meant_by
from .symbols import is_traced
from .walk import leaves_among, leaves_below, wanted_below


def _enter(x: Any, follow: bool) -> Any:
    """A fresh node that carries ``x`` and its note; with ``follow`` it stays connected to the outside."""
    if isinstance(x, Node):
        connected: Any = x
        node = connected * 1.0 if follow and x.requires_grad else new_tensor(x.array)
        if x.note is not None:
            node.note = x.note
    else:
        refuse_kind("grad", x)
        node = new_tensor(x.copy() if is_traced(x) else np.array(x))
    node.shared = False
    return node


def is_wanted(node: Node) -> bool:
    """Whether somebody would miss the gradient of ``node``: not under ``no_grad`` or after its transform."""
    return is_recording() and any(leaf.requires_grad for leaf in leaves_below(node))


class Trace:
    """Fresh nodes for some values, and derivatives of what is computed from them.

    Functions are run and derivatives taken inside ``with trace``: everything is recorded then, also under
    ``no_grad``, and the nodes want gradients. Outside, other traces pass them by, as constants. A trace
    inside another one stays connected to it, unless it was made under ``no_grad``.

    ``strict`` makes what would lose the gradient of a node, such as ``float(t)``, raise.
    """

    def __init__(self, values: Iterable[Any], *, strict: bool = True) -> None:
        self.followed, self.strict = is_recording(), strict
        self.start = newest_number()
        self.nodes = [_enter(x, self.followed) for x in values]
        for node in self.nodes if strict else ():
            node.traced = True
        self._entered = set(self.nodes)
        self._points = [node for node in self.nodes if node.is_leaf]
        self._before: list[bool] = []
        self._walked: tuple[Node | None, int, list[Node]] = None, 0, []
        #: Whether a result that does not depend on these nodes needs no word: it may be the derivative of
        #: one that does, as of a linear function, or was spoken of.
        self.excused = False

    def __enter__(self) -> Self:
        self._before.append(set_recording(True))
        here.traces.append(self)
        for node in self._points:
            node.requires_grad = True
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        for node in self._points:
            node.requires_grad = False
        here.traces.remove(self)
        set_recording(self._before.pop())
        refused = meant_by(problem) if problem is not None else None
        if not here.traces:
            here.refused = None
        if refused is not None:
            raise refused from None

    @property
    def _own(self) -> set[Node]:
        """The nodes that graphs refer to."""
        return origins(self._entered)

    def entered_by(self, result: Any, inside: Collection[Node]) -> list[Node]:
        """What ``result`` was computed from outside: what wants a gradient and was not made here.

        ``inside`` holds what this thread recorded in this trace; what others computed from its nodes is
        inside as well.
        """
        if not isinstance(result, Node) or not result.requires_grad:
            return []
        own, result = self._own, present(result)
        made = set(own)
        for node in wanted_below(result):
            if node in inside or any(x in made for x in node.inputs):
                made.add(node)
        needed, stack = {result: None}, [result]
        while stack:
            node = stack.pop()
            if node in made and node not in own:
                new = [x for x in node.inputs if x.requires_grad and x not in needed]
                needed.update(dict.fromkeys(new))
                stack += new
        return [node for node in needed if node not in made]

    def _below(self, result: Node) -> list[Node]:
        """The nodes below a result that want a gradient, found once for as long as nothing is recorded."""
        walked, number, found = self._walked
        if walked is not result or number != newest_number():
            found = wanted_below(result)
            self._walked = result, newest_number(), found
        return found

    def nested(self, *results: Any) -> bool:
        """Whether results also depend on Tensors from outside, as in a trace inside another one.

        Derivatives are then Tensors, so that nothing is lost to whoever differentiates again. So are
        those that hooks may make depend on what an outer trace follows.
        """
        if not self.followed:
            return False
        roots = [r for r in results if isinstance(r, Node) and r.requires_grad]
        around = [trace for trace in here.traces if trace is not self]
        own = self._own
        if all(own.issuperset(leaves_among(self._below(r))) for r in roots):
            return bool(around) and any(any_hooked(self._below(r)) for r in roots)
        for trace in around:
            trace.excused = trace.excused or trace.reaches(*results)
        return True

    def reaches(self, *results: Any) -> bool:
        """Whether any of the results was computed from nodes of this trace."""
        own = self._own
        for r in results:
            if isinstance(r, Node) and r.requires_grad and not own.isdisjoint(self._below(r)):
                return True
        return False

    def gradients(self, out: Node, seed: Any = None, nested: bool | None = None) -> list[Any]:
        """The gradient of ``out`` in each node: arrays, or Tensors if ``nested`` (as ``out`` is, if None)."""
        follow = self.nested(out) if nested is None else nested
        order = self._below(out) if out.requires_grad else None
        return pullback(out, self.nodes, seed, create_graph=follow, order=order)
