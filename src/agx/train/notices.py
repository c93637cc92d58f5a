"""What of a training is most likely a mistake: parameters that do not learn, a loss of all pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._engine.graph import Node
from .._engine.notices import warn
from .measure import named

#: Operations whose arguments after the first are the weights of a layer.
_LAYERS = frozenset({"linear", "conv2d", "conv1d", "conv_transpose2d"})


class Learning:
    """Look for Tensors that get gradients but are in no optimiser, and for parameters that get none."""

    def __init__(self, model: Any, optimizers: Sequence[Any]) -> None:
        self.model = model
        self.optimizers = [
            o for o in optimizers if hasattr(o, "parameters") and hasattr(o, "steps")
        ]
        self.steps = [list(o.steps) for o in self.optimizers]
        self.known = [p for o in optimizers for p in getattr(o, "parameters", ())]
        self.known += _parameters(model)
        self.before: list[Node] = []
        self.batches = 0

    def look(self, batch: Sequence[Any], loss: Node) -> None:
        """Look at the graphs of the first two batches, and warn of what would not learn."""
        if self.batches == 2:
            return
        self.batches += 1
        ids = {id(p) for p in (*self.known, *batch)}
        found = {id(p): (p, weight) for p, weight in _leaves(loss) if id(p) not in ids}
        if self.batches == 1:
            self.before = [p for p, _ in found.values()]
            return
        kept = {id(p) for p in self.before}
        for i, (p, weight) in found.items():
            if i in kept or weight:
                warn(_unknown(p, i in kept))
                break
        self.before = []

    def look_at_gradients(self, loss: float) -> None:
        """Warn if the first batch gave nothing but zeros, though there is a loss."""
        if self.batches > 1 or not loss:
            return
        grads = [g for p in self.known if (g := getattr(p, "grad_or_none", None)) is not None]
        if grads and not any(np.any(getattr(g, "value", g)) for g in grads):
            warn(
                f"fit: the loss is {loss:.4g}, and every gradient is 0, so that nothing is learned; look for "
                "an operation that is flat, such as round, sign, a comparison, or ReLU or sigmoid far from 0"
            )

    def look_back(self) -> None:
        """Warn of parameters that got no gradient in the first epoch, though others did."""
        names = {id(p): repr(name) for name, p in _named_parameters(self.model)}
        for optimizer, before in zip(self.optimizers, self.steps, strict=True):
            pairs = zip(optimizer.steps, before, strict=False)
            still = [i for i, (now, then) in enumerate(pairs) if now == then]
            idle = [optimizer.parameters[i] for i in still]
            idle = [p for p in idle if getattr(p, "requires_grad", False)]
            if not idle or len(still) == len(before):
                continue
            inside = [p for p in idle if id(p) in names]
            shown = ", ".join(names[id(p)] for p in inside[:5]) + ", ..." * (len(inside) > 5)
            why = f"{shown}: are they used in forward, and not behind .value or detach()?"
            if len(inside) < len(idle) and names:
                why = (
                    f"{len(idle) - len(inside)} not in the model; make the optimiser after the last change "
                    "of the model"
                )
            warn(
                f"fit: {len(idle)} of {len(before)} parameters of {type(optimizer).__name__} got no gradient "
                f"in the first epoch, so they do not learn: {why}"
            )


def notice_all_pairs(loss: Any, outputs: Any, targets: Any, value: Node) -> None:
    """Warn of outputs (N, 1) and targets (N,), or the other way round, that became (N, N) in a loss."""
    a, b = outputs.shape, np.shape(targets)
    if a == b or {a, b} != {(n := max(*a, *b, 0),), (n, 1)} or n < 2:
        return
    for node in _nodes(value):
        plain = [np.shape(x) for x in getattr(node, "arguments", ()) if not isinstance(x, Node)]
        inputs = [x.shape for x in node.inputs]
        if node.shape == (n, n) and set(inputs) == {a} and b in plain:
            fix = "targets[:, None]" if a == (n, 1) else "targets[:, 0]"
            warn(
                f"fit: outputs of shape {a} and targets of shape {b} became {(n, n)} in the loss "
                f"{named(loss)}: every output with every target; give them one shape, such as {fix}"
            )
            return


def _unknown(p: Node, kept: bool) -> str:
    what = f"a Tensor of shape {p.shape}" + (f" ({p.label})" if p.label else "")
    if not kept:
        return (
            f"fit: {what} is the weight of a layer that is made anew for every batch, so it does not "
            "learn; make layers in __init__, self.layer = ag.nn.Linear(...), and use them in forward"
        )
    return (
        f"fit: {what} gets a gradient, but was neither in an optimiser nor among model.parameters(), so it "
        "does not learn; keep it, or the layer that has it, in an attribute of the model before the "
        "optimiser is made (a constant takes requires_grad=False)"
    )


def _nodes(root: Node) -> Iterator[Node]:
    """Every node of a graph, once."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        yield node
        for child in node.inputs:
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _leaves(root: Node) -> Iterator[tuple[Node, bool]]:
    """The leaves that get a gradient, and whether each is the weight of a layer."""
    nodes = list(_nodes(root))
    weights = {id(x) for n in nodes if n.op in _LAYERS for x in getattr(n, "arguments", ())[1:]}
    for node in nodes:
        if node.is_leaf and node.requires_grad:
            yield node, id(node) in weights


def _parameters(of: Any) -> list[Any]:
    return list(of.parameters()) if callable(getattr(of, "parameters", None)) else []


def _named_parameters(model: Any) -> list[tuple[str, Any]]:
    found = getattr(model, "named_parameters", None)
    return list(found()) if callable(found) else []
