"""From items to the vertices of a drawing: values and operations, or calls of modules as a box each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .outline import Item, count_text, place_of, total


@dataclass(slots=True)
class Vertex:
    """A box or an ellipse with lines of text, and the names of those that arrows come from, in order."""

    name: str
    kind: str  # leaf, constant, value, operation or module
    lines: list[str]
    sources: list[str] = field(default_factory=list)
    #: What is told of it where the pointer rests.
    title: str = ""
    #: What makes two modules equal, and how many this one stands for.
    signature: Any = None
    count: int = 1


_LONGEST = 48  # characters of a line
#: A drawing of more vertices is folded, if it has modules.
READABLE = 30
#: And then to no more boxes than this, if there is such a depth.
_FEW = 16


def vertices_of(items: list[Item], fold: int | bool | None) -> tuple[list[Vertex], int | None]:
    """The vertices, inputs first, and the depth at which modules are folded; None if they are not.

    ``fold`` is that depth, 0 for the whole model in one box, False for none, or None for the deepest that can
    be read.
    """
    if fold is None:
        deepest = max((len(item.calls) for item in items), default=0)
        apart = [v for item in items for v in _apart(item)] if len(items) <= READABLE else None
        if deepest == 0 or (apart is not None and len(apart) <= READABLE):
            return (apart or [v for item in items for v in _apart(item)]), None
        for depth in range(deepest - 1, 0, -1):
            found = _folded(items, depth)
            if len(found) <= _FEW:
                return found, depth
        return _folded(items, min(1, deepest - 1)), min(1, deepest - 1)
    if fold is False:
        return [v for item in items for v in _apart(item)], None
    return _folded(items, int(fold)), int(fold)


def _apart(item: Item) -> list[Vertex]:
    """The value's box, after the constants and the ellipse of what made it."""
    name = f"v{item.index}"
    leaf = not item.op
    lines = [item.title] if item.title else []
    changed = item.value.endswith("changed since")
    lines.append(item.value if changed else f"value {item.value}")
    if item.grad:
        lines.append(f"grad {item.grad}")
    kind = ("leaf" if item.wanted else "constant") if leaf else "value"
    box = Vertex(name, kind, [*map(_cut, lines)], title=place_of(item))
    if leaf:
        return [box]
    operation = Vertex(f"{name}_op", "operation", [item.op])
    found = []
    for i, source in enumerate(item.inputs):
        if isinstance(source, str):
            found.append(Vertex(f"{name}_c{i}", "constant", [source]))
        operation.sources.append(f"{name}_c{i}" if isinstance(source, str) else f"v{source}")
    box.sources = [operation.name]
    return [*found, operation, box]


def _home(item: Item, depth: int) -> tuple[str, Any, int] | None:
    """The call in whose box an item is: that at a depth, or a layer further up that has no parts."""
    if len(item.calls) > depth:
        return item.calls[depth]
    if len(item.calls) > 1 and next(item.calls[-1][1].children(), None) is None:
        return item.calls[-1]
    return None


def _cut(line: str) -> str:
    """A line that is not too long for a box."""
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


def _folded(items: list[Item], depth: int) -> list[Vertex]:
    """One box for each call of a module at a depth, an ellipse for each operation outside of them."""
    homes: dict[int, str] = {}
    boxes: dict[str, Vertex] = {}
    inside: dict[str, list[Item]] = {}
    for item in items:
        if not item.op:
            continue
        if (call := _home(item, depth)) is not None:
            path, module, number = call
            name = f"m{number}"
            said = repr(module)
            kind = type(module).__name__.lstrip("_") if "\n" in said else said
            boxes.setdefault(name, Vertex(name, "module", [_cut(path), _cut(kind)]))
        else:
            name = f"v{item.index}"
            boxes[name] = Vertex(
                name,
                "operation",
                [item.label, item.op] if item.label else [item.op],
                title=place_of(item),
            )
        homes[item.index] = name
        inside.setdefault(name, []).append(item)
    readers: dict[int, set[str]] = {}
    for item in items:
        for source in item.inputs:
            if isinstance(source, int):
                readers.setdefault(source, set()).add(homes[item.index])
    for item in items:
        if item.op or not (
            item.parameter and all(r[0] == "m" for r in readers.get(item.index, ()))
        ):
            continue
        homes[item.index] = ""  # The parameters of a box are counted in it.
    leaves = [item for item in items if not item.op and homes.get(item.index) is None]
    found = {f"v{item.index}": _apart(item)[0] for item in leaves}
    homes.update({item.index: f"v{item.index}" for item in leaves})
    for name, box in boxes.items():
        _fill(box, inside[name], homes, items)
    if items[-1].op:
        last = boxes[homes[items[-1].index]]
        last.lines.append(f"value {items[-1].value}")
    return _repeated([*found.values(), *boxes.values()])


def _fill(box: Vertex, members: list[Item], homes: dict[int, str], items: list[Item]) -> None:
    """Tell what a box makes, what parameters it has, and where its arrows come from."""
    parameters = {}
    for item in members:
        for source in item.inputs:
            if not isinstance(source, int):
                continue
            home = homes[source]
            if not home:
                parameters[source] = items[source].shape
            elif home != box.name and (box.kind == "operation" or home not in box.sources):
                box.sources.append(home)
    shape = f"{members[-1].shape}"
    made = [] if members[-1].shape == () else [shape]
    if parameters:
        made.append(count_text(total(parameters.values()), "parameter"))
    box.lines += made
    box.signature = (box.lines[1], *made) if box.kind == "module" else None


def _repeated(vertices: list[Vertex]) -> list[Vertex]:
    """Let equal modules of which each reads nothing but the one before be one box with a count."""
    readers: dict[str, int] = {}
    for v in vertices:
        for source in v.sources:
            readers[source] = readers.get(source, 0) + 1
    by_name = {v.name: v for v in vertices}
    stands: dict[str, str] = {}
    kept = []
    for v in vertices:
        v.sources = [stands.get(s, s) for s in v.sources]
        before = by_name[v.sources[0]] if len(v.sources) == 1 else None
        if (
            before is not None
            and v.signature is not None
            and v.signature == before.signature
            and readers[v.sources[0]] == 1
        ):
            before.count += 1
            stands[v.name] = before.name
            readers[before.name] = readers.get(v.name, 0)
        else:
            kept.append(v)
    for v in kept:
        if v.count > 1:
            v.lines[0] += f" and {v.count - 1} more"
            v.lines[1] += f" x {v.count}"
    return kept
