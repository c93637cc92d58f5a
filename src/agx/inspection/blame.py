"""The first operation that was not finite where its inputs were, and what to write instead."""

from __future__ import annotations

import functools
import linecache
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np

from .._engine.graph import Node, pullback, value_of
from .._engine.walk import nodes_below
from .._kernels.graph import Scalar, number_of
from ..nn.paths import parameter_names, path_of
from .advice import Clue, advice_on
from .sweep import plain


@dataclass(frozen=True)
class Blame:
    """Say where a number that is not finite came from.

    ``node`` is the one at fault and ``op`` its operation, empty for data; ``file``, ``line`` and ``function``
    are those of the program that made it, ``module`` its path in a model, ``name`` its label or name there.
    ``part`` is "value", "slope" or "data", or empty if nothing is wrong; ``index`` is the first place that is
    not finite, ``values`` the operands there, which were ``finite`` unless infinities met, ``path`` the
    operations from there to the result, ``advice`` what to do. ``what`` is NaN or infinity.

    >>> p = ag.Tensor([0.0, 1.0])
    >>> with np.errstate(all="ignore"):
    ...     found = ag.blame(ag.sum(ag.log(p)))
    >>> found.op, found.index, found.part
    ('log', (0,), 'value')
    """

    node: Any = None
    part: str = ""
    what: str = ""
    op: str = ""
    file: str = ""
    line: int = 0
    function: str = ""
    module: str = ""
    name: str = ""
    index: tuple[int, ...] = ()
    values: tuple[Any, ...] = ()
    path: tuple[str, ...] = ()
    advice: str = ""
    finite: bool = True

    def __bool__(self) -> bool:
        return bool(self.part)

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}" if self.file else ""

    def __str__(self) -> str:
        if not self:
            return "nothing is wrong: the value and all gradients are finite"
        return "\n".join(self._lines())

    __repr__ = __str__

    def _lines(self) -> list[str]:
        at = f" at {self.index}" if self.index else ""
        if self.part == "data":
            lines = [f"{self.name or 'a leaf'} holds {self.what}{_rows(self.node, at)}"]
        else:
            where = f" in {self.module}" if self.module else ""
            what = (
                f"made {self.what}" if self.part == "value" else f"has a slope that is {self.what}"
            )
            of = "where its inputs were finite" if self.finite else "of infinity"
            lines = [f"'{self.op}'{where} {what}{at}, {of}"]
        if self.file:
            lines.append(f"  File {self.file}, line {self.line}, in {self.function}")
            if source := linecache.getline(self.file, self.line).strip():
                lines.append(f"    {source}")
        if self.values:
            lines.append(f"  inputs there: {', '.join(map(_short, self.values))}")
        if self.path:
            lines.append(f"  on its way to the result: {' -> '.join(self.path)}")
        return [*lines, f"  {self.advice}"]

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def blame(tensor: Any) -> Blame:
    """Find the first operation below ``tensor`` whose inputs were finite and whose result or slope was not.

    ``tensor`` is a loss, or any Scalar or Tensor. Where its value is finite, the gradients of all that it was
    computed from are looked at; nobody's ``grad`` is changed. Infinities that a program puts in, as masks do,
    are no fault. Returns a ``Blame``, which is true if anything is at fault and prints as a message.

    Raises TypeError for what has no graph, and RuntimeError where nothing was recorded or the graph let go.

    >>> x = ag.Tensor([0.0, 4.0], label="x")
    >>> print(ag.blame(ag.sum(ag.sqrt(x))))  # doctest: +ELLIPSIS
    'sqrt' has a slope that is infinite at (0,), where its inputs were finite
    ...
      the root has an infinite slope at 0: write sqrt(x + eps), or choose with np.where before it
    """
    if not isinstance(tensor, (Node, Scalar)):
        raise TypeError(
            f"blame: expected a Scalar or a Tensor, got {type(tensor).__name__}; give the loss"
        )
    order = nodes_below(tensor)
    if len(order) == 1 and tensor.op:
        if not getattr(tensor, "requires_grad", False):
            raise RuntimeError(
                "blame: nothing was recorded; compute it outside no_grad, from a leaf with requires_grad=True"
            )
        raise RuntimeError(
            "blame: the graph was let go; call it before backward(), or write backward(retain_graph=True)"
        )
    if bad_of(tensor):
        return _in_values(tensor, order)
    return _in_slopes(tensor, order)


def bad_of(x: Any) -> str:
    """NaN, infinite, or nothing, whichever a node or an array holds."""
    array = np.asarray(plain(x))
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return ""
    return "NaN" if np.isnan(array).any() else "infinite"


def _in_values(root: Any, order: list[Any]) -> Blame:
    """Who first made what is not finite of what was, among those through which the root came to it."""
    reached, waiting = {id(root)}, [root]
    chain = []
    while waiting:
        node = waiting.pop()
        chain.append(node)
        for a in _inputs(node):
            if id(a) not in reached and bad_of(a):
                reached.add(id(a))
                waiting.append(a)
    chain.sort(key=_age)
    leaves = [n for n in chain if not n.op and bad_of(n) == "NaN"]
    given = [n for n in chain if any(bad_of(a) == "NaN" for a in _constants(n))]
    from_finite = [n for n in chain if n.op and not any(bad_of(a) for a in n.arguments)]
    to_nan = [
        n
        for n in chain
        if n.op and bad_of(n) == "NaN" and all(bad_of(a) != "NaN" for a in n.arguments)
    ]
    if leaves:
        return _data(leaves[0], order)
    if given:
        constant = next(a for a in _constants(given[0]) if bad_of(a) == "NaN")
        return _data(constant, order, given[0])
    if bad_of(root) == "NaN" and to_nan and any(_endless(n) for n in chain):
        from_finite = [n for n in from_finite if not _put_in(n)]
    endless = [n for n in chain if not n.op and (not to_nan or getattr(n, "requires_grad", True))]
    if from_finite or (to_nan and not endless):
        return _made((from_finite or to_nan)[0], order, root)
    if endless:
        return _data(endless[0], order)
    for n in chain:
        for a in filter(bad_of, _constants(n)):
            return _data(a, order, n)
    return _made(chain[0], order, root)


def _endless(node: Any) -> bool:
    return any(bad_of(a) == "infinite" for a in _constants(node))


def _put_in(node: Any) -> bool:
    """Whether an infinity is the program's own, as in a mask."""
    return node.op in ("where", "full", "zeros", "assign")


def _age(node: Any) -> int:
    return number_of(node) if isinstance(node, Node) else 0


def _inputs(node: Any) -> list[Any]:
    return list(node.inputs)


def _constants(node: Any) -> list[Any]:
    return [a for a in node.arguments if not isinstance(a, (Node, Scalar))]


def _data(x: Any, order: list[Any], reader: Any = None) -> Blame:
    """What a leaf, or a constant of an operation, holds."""
    array = np.asarray(plain(x))
    wrong = np.isnan(array) if bad_of(x) == "NaN" else ~np.isfinite(array)
    name = getattr(x, "label", "") or parameter_names(order).get(id(x), "")
    known = "the parameter " if name and not getattr(x, "label", "") else ""
    advice = (
        "it was so before this step: lower the learning rate if it grew, load or initialise it anew if not"
        if known
        else "leave such rows out, or fill them (np.nan_to_num); look for what made it before agx saw it"
    )
    if not known and getattr(x, "requires_grad", False):
        advice += "; lower the learning rate if these are weights"
    kind = f"{known}'{name}'" if name else "" if reader is None else f"an argument of '{reader.op}'"
    return Blame(
        node=x if reader is None else array,
        part="data",
        what="NaN" if bad_of(x) == "NaN" else "infinity",
        name=kind,
        index=first_place(wrong),
        **(_place(reader) if reader is not None else {}),
        advice=advice,
    )


def _rows(node: Any, at: str) -> str:
    """Row and column of the first, and how many there are."""
    array = np.asarray(plain(node))
    bad = ~np.isfinite(array)
    if array.ndim == 2:
        row, column = (int(i) for i in np.argwhere(bad)[0])
        at = f" in row {row}, column {column}"
    count = int(bad.sum())
    return at + (f" and {count - 1} other places" if count > 1 else "")


def _place(node: Any) -> dict[str, Any]:
    if node.where is None:
        return {}
    file, line, function = node.where
    return {
        "file": file if not os.path.isabs(file) else relative(file),
        "line": line,
        "function": function,
        "module": path_of(getattr(node, "scope", None)),
    }


def relative(file: str) -> str:
    """A file as from the folder that the program runs in, if it is below it."""
    here = os.path.join(os.getcwd(), "")
    return file.removeprefix(here)


def _made(node: Any, order: list[Any], root: Any, share: Any = None, seed: Any = None) -> Blame:
    """The blame of an operation, for its value or, with ``share``, for what it passes on of ``seed``."""
    array = np.asarray(plain(node))
    wrong = ~np.isfinite(array if share is None else share)
    of_infinity = share is None and any(bad_of(a) for a in node.arguments)
    if of_infinity and np.isnan(array).any():
        wrong = np.isnan(array)
    index = first_place(wrong)
    values = _operands(node, index, wrong.shape)
    readers: dict[int, list[Any]] = {}
    for n in order:
        for a in _inputs(n):
            readers.setdefault(id(a), []).append(n)
    way = _way(node, root, readers)
    if inner := _inside(node, seed):
        module = inner.module or path_of(node.scope)
        return replace(inner, module=module, path=(*inner.path, node.op, *way))
    bad = array if share is None else share
    return Blame(
        node=node,
        part="value" if share is None else "slope",
        what=_kind(bad[index], share),
        finite=not of_infinity,
        op=node.op,
        name=node.label,
        index=index,
        values=values,
        path=way,
        advice=advice_on(Clue(node, readers, share is not None, list(values))),
        **_place(node),
    )


def _inside(node: Any, seed: Any) -> Blame:
    """The blame inside a checkpointed function, which is computed again; nothing for any other operation."""
    inside = getattr(getattr(node, "primitive", None), "inside", None)

    def look(_: Any, result: Any) -> Blame:
        if not isinstance(result, Node):
            return Blame()
        order = nodes_below(result)
        if seed is not None:
            return _in_slopes(result, order, seed)
        return _in_values(result, order) if bad_of(result) else Blame()

    with np.errstate(all="ignore"):
        return inside([a.array for a in node.arguments], look) if inside else Blame()


def _kind(number: Any, share: Any) -> str:
    return "NaN" if np.isnan(number) else "infinite" if share is not None else "infinity"


def first_place(wrong: np.ndarray) -> tuple[int, ...]:
    """The first index at which something is true; () for a number."""
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim and wrong.any() else ()


def _operands(node: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The numbers that met at a place, or how large operands of another shape are."""
    found = []
    for a in node.arguments:
        array = np.asarray(plain(a))
        if array.dtype.kind not in "biufc":
            continue
        try:
            found.append(np.broadcast_to(array, shape)[index].item())
        except ValueError:
            found.append(array)
    return tuple(found)


def _short(x: Any) -> str:
    if not isinstance(x, np.ndarray):
        return f"{x:.6g}"
    if x.size == 0:
        return f"an array of shape {x.shape}"
    with np.errstate(all="ignore"):
        return f"an array of shape {x.shape} from {np.min(x.real):.4g} to {np.max(x.real):.4g}"


def _way(node: Any, root: Any, readers: dict[int, list[Any]]) -> tuple[str, ...]:
    """The operations from a node to the root, by the way with the fewest of them."""
    ways: dict[int, tuple[str, ...]] = {id(node): ()}
    waiting = [node]
    for n in waiting:
        if n is root:
            break
        for reader in readers.get(id(n), []):
            if id(reader) not in ways:
                ways[id(reader)] = (*ways[id(n)], reader.op)
                waiting.append(reader)
    way = ways.get(id(root), ())
    return way if len(way) <= 8 else (*way[:4], "...", *way[-3:])


# --- gradients -----------------------------------------------------------------------------------


def _in_slopes(root: Any, order: list[Any], seed: Any = None) -> Blame:
    """Who first passed on what is not finite, of a cotangent that was."""
    if isinstance(root, Scalar):
        return _in_scalars(root, order)
    wanted = [n for n in order if n.requires_grad]
    if not root.requires_grad or not root.op:
        return Blame()
    if root.array.dtype.kind == "c":
        raise TypeError(
            "blame: expected a real result, got a complex one; give its ag.real or ag.abs"
        )
    with np.errstate(all="ignore"):
        seed = np.ones(root.shape, root.dtype) if seed is None else seed
        found = pullback(root, wanted, seed)
        gradients = {id(n): value_of(g) for n, g in zip(wanted, found, strict=True)}
        for node in sorted(wanted, key=_age, reverse=True):
            if not node.op or bad_of(gradients[id(node)]):
                continue
            for share in _shares(node, gradients):
                if bad_of(share):
                    return _made(node, order, root, np.asarray(share), gradients[id(node)])
    return Blame()


def _shares(node: Any, gradients: dict[int, Any]) -> Iterable[Any]:
    """What a node passes on to those of its inputs whose gradients are not finite."""
    p, arguments = node.primitive, [plain(a) for a in node.arguments]
    for i, a in enumerate(node.arguments):
        if not isinstance(a, Node) or not a.requires_grad or not bad_of(gradients[id(a)]):
            continue
        if p is None:
            yield gradients[id(a)]
            continue
        rule = functools.partial(p.vjps, i) if callable(p.vjps) else p.vjps[i]
        yield value_of(rule(gradients[id(node)], node.kept, *arguments, **node.params))


def _in_scalars(root: Scalar, order: list[Any]) -> Blame:
    kept = [n.grad for n in order]
    for n in order:
        n.grad = 0.0
    try:
        root.backward()
        for node in reversed(order):
            if node.op and np.isfinite(node.grad):
                for a in node.inputs:
                    if not np.isfinite(a.grad):
                        return _made(node, order, root, np.array(a.grad))
    finally:
        for n, grad in zip(order, kept, strict=True):
            n.grad = grad
    return Blame()
