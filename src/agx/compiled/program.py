"""The executor of a plan: its instructions as steps on memory that is laid out once.

``Program`` turns each instruction into loops of NumPy's ufuncs over views of storages, or into nothing where
a view will do, or into a call of Python. Neighbouring loops over flat arrays of one length are joined into
groups, which run block by block. Storages that live at different times share memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._kernels import loops
from .._runtime.threads import team
from .layout import Storage, View, around, fresh, pack, pieces, reshaped, walk
from .recorder import Instruction, Spec

#: Elements of a block, so that several of them fit the first-level cache; elements from which loops join.
BLOCK, LEAST = 1024, 2048
#: Steps over which a loop may be moved to a group.
MOST_LATER = 64
#: Elements that a group may add up on the way, which one thread does; more are added by themselves.
MOST_ADDED = 1 << 17
#: Threads that may share a group.
MOST_PARTS = 16

_REDUCTIONS = {
    "sum": ("add", 0), "prod": ("multiply", 1), "any": ("logical_or", False), "all": ("logical_and", True),
    "max": ("maximum", None), "min": ("minimum", None),
}  # fmt: skip
_MOVES = {"reshape", "broadcast", "transpose", "slice", "put", "concatenate", "roll"}
Loop = tuple[int, int]


def _ufunc_loop(name: str, kinds: Sequence[np.dtype]) -> Loop | None:
    ufunc = np._core.umath.clip if name == "clip" else getattr(np, name, None)  # type: ignore[attr-defined]
    if not isinstance(ufunc, np.ufunc) or ufunc.signature or ufunc.nout != 1:
        return None
    return loops.ufunc_loop(ufunc, tuple(k.num for k in kinds))


def _conversion(kinds: Sequence[np.dtype]) -> Loop | None:
    letters = "".join("l" if k == np.int64 else k.char for k in kinds)
    return loops.conversion_loop(letters)


class Program:
    """Instructions laid out: (op, results, arguments, attributes, specs), on numbered values."""

    @staticmethod
    def supports(op: str, dtypes: Sequence[Any]) -> bool:
        """Whether an operation of arguments of these dtypes, the result's last, has steps."""
        kinds = [np.dtype(d) for d in dtypes]
        if any(k.hasobject or not k.isnative for k in kinds):
            return False
        if op in _MOVES or op == "where":
            return True
        if op == "cast":
            return kinds[0] == kinds[1] or _conversion(kinds) is not None
        if op == "add_at":
            return _ufunc_loop("add", (kinds[-1],) * 3) is not None and len(set(kinds)) == 1
        if op in _REDUCTIONS:
            name = _REDUCTIONS[op][0]
            return kinds[0] == kinds[-1] and _ufunc_loop(name, (kinds[0],) * 3) is not None
        return op != "call" and _ufunc_loop(op, kinds) is not None

    def __init__(
        self,
        inputs: Sequence[Spec],
        constants: Sequence[np.ndarray],
        instructions: Sequence[Instruction],
        outputs: Sequence[int],
        guards: Sequence[tuple[int, np.ndarray]] = (),
    ) -> None:
        build = _Build(inputs, constants, instructions, outputs, guards)
        self.run = build.executor().run
        self._lines = build.describe()

    def describe(self) -> list[str]:
        """What was made of the instructions."""
        return self._lines


class _Build:
    """The making of a program."""

    def __init__(
        self, inputs: Any, constants: Any, instructions: Any, outputs: Any, guards: Any
    ) -> None:
        self.inputs = tuple((tuple(s), np.dtype(d)) for s, d in inputs)
        self.instructions = instructions
        self.constants = [np.array(c, order="C") for c in constants]
        self.views: list[View] = [fresh(spec, k) for k, spec in enumerate(self.inputs)]
        self.wanted = {*outputs, *(slot for slot, _ in guards)}
        self.last = {slot: k for k, made in enumerate(instructions) for slot in made[2]}
        self.views += [fresh((c.shape, c.dtype)) for c in self.constants]
        self.late: list[View] = []  # constants that reductions start with
        self.done: list[Any] = []  # ("loop", loop, views) or ("call", function, views, views)
        for k, made in enumerate(instructions):
            self._lay_out(k, *made)
        self._number_bases(outputs, guards)
        self.groups: list[int] = []
        self.stream: list[int] = []
        self.items: list[Any] = []
        self._place()
        self._write()

    # --- what instructions become ----------------------------------------------------------------

    def _new(self, spec: Spec) -> View:
        return fresh((tuple(spec[0]), np.dtype(spec[1])))

    def _loop(self, loop: Loop | None, *views: View, lead: int = -1) -> None:
        """A loop over views, broadcast to the shape of the one that leads."""
        shape = views[lead].ghost.shape
        assert loop is not None
        if math.prod(shape):
            spread = [
                v if v.ghost.shape == shape else v.of(np.broadcast_to(v.ghost, shape))
                for v in views
            ]
            self.done.append(("loop", loop, spread, lead % len(views)))

    def _copy(self, source: View, to: View) -> None:
        self._loop(loops.copy_loop(source.ghost.itemsize), source, to)

    def _constant(self, value: Any, dtype: Any) -> View:
        self.constants.append(np.array(value, dtype))
        view = fresh(((), np.dtype(dtype)))
        self.late.append(view)
        return view

    def _lay_out(self, k: int, op: str, out: Any, args: Any, attrs: Any, specs: Any) -> None:
        given = [self.views[a] for a in args]
        if op == "call":
            made = [self._new(spec) for spec in specs]
            self.done.append(("call", attrs["function"], given, made))
            self.views += made
        elif op in ("put", "add_at"):
            self.views.append(self._changed(k, op, args, attrs["index"]))
        elif op in _REDUCTIONS:
            self.views.append(self._reduced(op, given[0], attrs, specs[0]))
        else:
            self.views.append(
                self._moved(op, given, attrs, specs[0]) or self._computed(op, given, specs[0])
            )

    def _computed(self, op: str, given: list[View], spec: Spec) -> View:
        out = self._new(spec)
        kinds = [v.ghost.dtype for v in (*given, out)]
        if op == "where":
            loop: Loop | None = loops.choice_loop(out.ghost.itemsize)
        elif op == "cast":
            same = kinds[0] == kinds[1]
            loop = loops.copy_loop(out.ghost.itemsize) if same else _conversion(kinds)
        else:
            loop = _ufunc_loop(op, kinds)
        if loop is None:
            raise ValueError(f"a program has no operation {op!r} for {', '.join(map(str, kinds))}")
        self._loop(loop, *given, out)
        return out

    def _moved(self, op: str, given: list[View], attrs: Any, spec: Spec) -> View | None:
        """The result of an operation that only moves elements; None for others."""
        x = given[0]
        if op == "transpose":
            return x.of(x.ghost.transpose(attrs["axes"]))
        if op == "slice":
            return x.of(_viewed(x.ghost, attrs["index"]))
        if op == "broadcast":
            return x.of(np.broadcast_to(x.ghost, spec[0]))
        if op == "reshape":
            found = reshaped(x, tuple(spec[0]))
            if found is not None:
                return found
            copy = self._new((x.ghost.shape, x.ghost.dtype))
            self._copy(x, copy)
            return reshaped(copy, tuple(spec[0]))
        if op == "concatenate":
            out, axis, at = self._new(spec), attrs["axis"], 0
            for part in given:
                n = part.ghost.shape[axis]
                index = (slice(None),) * (axis % out.ghost.ndim) + (slice(at, at + n),)
                self._copy(part, out.of(out.ghost[index]))
                at += n
            return out
        if op == "roll":
            out = self._new(spec)
            for source, to in pieces(x.ghost.shape, attrs["shift"], attrs["axis"]):
                self._copy(x.of(x.ghost[source]), out.of(out.ghost[to]))
            return out
        return None

    def _reduced(self, op: str, x: View, attrs: Any, spec: Spec) -> View:
        name, start = _REDUCTIONS[op]
        dtype = x.ghost.dtype
        out, axes = self._new(spec), tuple(attrs["axis"])
        kept = [1 if a in axes else n for a, n in enumerate(x.ghost.shape)]
        total = out.ghost.reshape(kept)
        if start is None:
            first = tuple(slice(0, 1) if a in axes else slice(None) for a in range(x.ghost.ndim))
            self._copy(x.of(x.ghost[first]), out.of(total))
            parts = _after_first(x.ghost, axes)
        else:
            self._copy(self._constant(start, dtype), out)
            parts = [x.ghost]
        loop = _ufunc_loop(name, (dtype,) * 3)
        for part in parts:
            if part.size:
                spread = out.of(np.broadcast_to(total, part.shape))
                self.done.append(("loop", loop, [spread, x.of(part), spread], 1))
        return out

    def _changed(self, k: int, op: str, args: Any, index: Any) -> View:
        """``put`` or ``add_at``, in the memory of the array where nobody else needs it."""
        x, values = (self.views[a] for a in args)
        out = x if self._is_spent(k, x, values) else self._new((x.ghost.shape, x.ghost.dtype))
        if out is not x:
            for rest in around(x.ghost.shape, index) if op == "put" else [...]:
                self._copy(x.of(_viewed(x.ghost, rest)), out.of(_viewed(out.ghost, rest)))
        part = out.of(_viewed(out.ghost, index))
        if op == "put":
            self._copy(values, part)
        else:
            self._loop(_ufunc_loop("add", (x.ghost.dtype,) * 3), part, values, part)
        return out

    def _is_spent(self, k: int, x: View, values: View) -> bool:
        """Whether a storage is the program's own, and nothing after instruction ``k`` reads it."""
        storage = x.storage
        if not x.whole or values.storage is storage or not self._is_own(storage):
            return False
        readers = [s for s, v in enumerate(self.views) if v.storage is storage]
        return all(self.last.get(s, -1) <= k and s not in self.wanted for s in readers)

    def _is_own(self, storage: Storage) -> bool:
        """Whether a loop of the program writes a storage first."""
        return storage.base < 0 and any(
            d[0] == "loop" and d[2][-1].storage is storage for d in self.done
        )

    # --- memory ------------------------------------------------------------------------------------

    def _number_bases(self, outputs: Any, guards: Any) -> None:
        """Bases are inputs, constants, the arena, outputs, and results of calls, in this order."""
        first = len(self.inputs)
        count = len(self.constants) - len(self.late)
        for i, view in enumerate([*self.views[first : first + count], *self.late]):
            view.storage.base = first + i
        self.arena = first + len(self.constants)
        self.bases = self.arena + 1 + len(outputs)
        called = {}
        for d in self.done:
            for view in d[3] if d[0] == "call" else ():
                view.storage.base = called[id(view.storage)] = self.bases
                self.bases += 1
        self.outputs: list[Any] = []
        for i, slot in enumerate(outputs):
            view, base = self.views[slot], self.arena + 1 + i
            spec = view.ghost.shape, view.ghost.dtype
            made = called.get(id(view.storage))
            unchanged = view.whole and spec[0] == view.storage.ghost.shape
            if made is not None and unchanged and made not in self.outputs:
                self.outputs.append(made)
                continue
            if not (view.whole and view.storage.base < 0):
                copy = fresh(spec)
                self._copy(view, copy)
                view = copy
            if view.storage.ghost.shape != spec[0]:
                view.storage.ghost = view.storage.ghost.reshape(spec[0])
            view.storage.base = base
            self.outputs.append(spec)
        self.guards = []
        for slot, expected in guards:
            view = self.views[slot]
            if not view.ghost.flags.c_contiguous:
                copy = fresh((view.ghost.shape, view.ghost.dtype))
                self._copy(view, copy)
                view = copy
            view.storage.last = len(self.done) + 1
            self.guards.append((view, np.array(expected, view.ghost.dtype, order="C")))

    def _place(self) -> None:
        """Find groups and the times at which storages live, and give those of the arena places."""
        self.parts = _grouped(self.done)
        own: dict[int, Storage] = {}
        for time, part in enumerate(self.parts):
            for _, _, views, *more in part:
                for view in [*views, *(more[0] if isinstance(more[0], list) else ())]:
                    storage = view.storage
                    if storage.base < 0 or storage.base == self.arena:
                        own[id(storage)] = storage
                        storage.base = self.arena
                        storage.first = time if storage.first < 0 else storage.first
                        storage.last = max(storage.last, time)
        local = _local(self.parts, self.guards)
        self.scratch = 0
        self.local: dict[int, int] = {}
        for part in self.parts:
            self.scratch = max(self.scratch, _share_buffers(part, local, self.local))
        self.memory = pack([s for s in own.values() if id(s) not in self.local])

    # --- the stream --------------------------------------------------------------------------------

    def _write(self) -> None:
        start = 0
        for part in self.parts:
            if part[0][0] == "call":
                if len(self.stream) > start:
                    self.items.append((start, len(self.stream)))
                start = len(self.stream)
                self.items.append(_Call(part[0], self.arena))
            elif len(part) > 1 or _flat_length(part[0]) >= 8 * LEAST:
                self._write_group(part)
            else:
                self._write_loop(part[0])
        if len(self.stream) > start:
            self.items.append((start, len(self.stream)))

    def _write_loop(self, made: Any) -> None:
        _, loop, views, lead = made
        lengths, strides = walk([v.ghost for v in views], lead)
        places = [number for v in views for number in v.place]
        steps_ = [s for axis in strides for s in axis]
        body = [*loop, len(views), len(lengths), *places, *lengths, *steps_]
        self.stream += [0, len(body) + 2, *body]

    def _write_group(self, part: list[Any]) -> None:
        length = _flat_length(part[0])
        body: list[int] = []
        for _, loop, views, lead in part:
            _, strides = walk([v.ghost for v in views], lead)
            body += [*loop, len(views)]
            for i, view in enumerate(views):
                if id(view.storage) in self.local:
                    body += [-1, self.local[id(view.storage)], strides[0][i]]
                else:
                    body += [*view.place, strides[0][i]]
        count = -len(part) if any(map(_adds_up, part)) else len(part)
        self.stream += [1, len(body) + 6, count, length, BLOCK, self.scratch, *body]
        self.groups.append(len(part))

    def executor(self) -> loops.Executor:
        """What runs it."""
        scratch = MOST_PARTS * self.scratch if self.groups else 0
        calls = [item for item in self.items if isinstance(item, _Call)]
        table, memory = self.bases, self.memory

        def frame() -> tuple[Any, ...]:
            own = _aligned(scratch + memory)
            views = [call.views_in(own[scratch:]) for call in calls]
            return (
                own,
                np.zeros(table, np.intp),
                dict(zip(map(id, calls), views, strict=True)),
                MOST_PARTS,
            )

        guards = tuple((*v.place, e.nbytes, e) for v, e in self.guards)
        longest = max((_elements(d) for d in self.done if d[0] == "loop"), default=0)
        return loops.Executor(
            self.stream, tuple(self.items), self.inputs, tuple(self.outputs), tuple(self.constants),
            self.bases, guards, frame, scratch, longest, team,
        )  # fmt: skip

    def describe(self) -> list[str]:
        """What was made of the instructions."""
        loops = sum(d[0] == "loop" for d in self.done)
        calls = len(self.done) - loops
        joined = f", {sum(self.groups)} of them in {len(self.groups)} groups" if self.groups else ""
        return [f"{loops} loops{joined}, {calls} calls, {self.memory} bytes of memory"]


class _Call:
    """A call of Python, whose arguments are views of a frame's memory or of what a run has made."""

    def __init__(self, made: Any, arena: int) -> None:
        _, self.function, self.given, self.made = made
        self.arena = arena
        self.bases = [v.storage.base for v in self.made]

    def views_in(self, memory: np.ndarray) -> list[Any]:
        """Its arguments that lie in the arena, as arrays; None for others."""
        arena = self.arena
        return [_array(memory, v) if v.storage.base == arena else None for v in self.given]

    def __call__(self, objects: list[Any], frame: Any) -> list[tuple[int, np.ndarray]]:
        arguments = [
            _part(objects[v.storage.base], v) if x is None else x
            for x, v in zip(frame[id(self)], self.given, strict=True)
        ]
        found = self.function(*arguments)
        results = found if type(found) is tuple else (found,)
        checked = []
        for base, view, x in zip(self.bases, self.made, results, strict=True):
            if x.shape != view.ghost.shape or x.dtype != view.ghost.dtype:
                wanted = f"{view.ghost.dtype} {view.ghost.shape}"
                raise ValueError(f"a call gave {x.dtype} {x.shape}, and {wanted} when recorded")
            # A result is the program's own to give away.
            own = x.base is None and x.flags.c_contiguous and not any(x is a for a in arguments)
            checked.append((base, x if own else np.array(x, order="C")))
        return checked


def _part(x: np.ndarray, view: View) -> np.ndarray:
    """What a view means of the array that its storage is."""
    return x if view.whole and view.ghost.shape == x.shape else _array(x, view)


def _array(memory: np.ndarray, view: View) -> np.ndarray:
    """The part of some memory that a view means."""
    at = view.storage.offset + view.offset
    return np.ndarray(view.ghost.shape, view.ghost.dtype, memory, at, view.ghost.strides)


def _aligned(size: int) -> np.ndarray:
    raw = np.empty(size + 64, np.uint8)
    start = -raw.__array_interface__["data"][0] % 64
    return raw[start : start + size]


def _viewed(x: np.ndarray, index: Any) -> np.ndarray:
    """A basic index of an array as a view of it, where integers alone would give a number."""
    given = index if isinstance(index, tuple) else (index,)
    return x[given] if any(i is ... for i in given) else x[(*given, ...)]


def _after_first(x: np.ndarray, axes: tuple[int, ...]) -> list[np.ndarray]:
    """What is left of ``x`` without the first element along ``axes``, as disjoint parts."""
    parts = []
    for k, a in enumerate(axes):
        index = [slice(None)] * x.ndim
        for before in axes[:k]:
            index[before] = slice(0, 1)
        index[a] = slice(1, None)
        parts.append(x[tuple(index)])
    return parts


def _elements(made: Any) -> int:
    return int(made[2][made[3]].ghost.size)


def _flat_length(made: Any) -> int:
    """How many elements a loop goes over in one run that may be cut into blocks; 0 for another."""
    if made[0] != "loop" or made[2][-1].ghost.size < LEAST:
        return 0
    _, _, views, lead = made
    lengths, strides = walk([v.ghost for v in views], lead)
    if len(lengths) != 1 or (not strides[0][-1] and lengths[0] > MOST_ADDED):
        return 0
    return lengths[0]


def _adds_up(made: Any) -> bool:
    """Whether a flat loop reduces all to one number."""
    return made[2][-1].ghost.strides == (0,) * made[2][-1].ghost.ndim and made[2][-1].ghost.ndim > 0


class _Group:
    """Loops over flat arrays of one length, in which a storage is only met in one place by each element."""

    def __init__(self, made: Any, length: int) -> None:
        self.made: list[Any] = []
        self.length = length
        self.places: dict[int, Any] = {}
        self.written: set[int] = set()
        self.totals: set[int] = set()
        self.join(made)

    def join(self, made: Any) -> bool:
        """Take a loop if it fits."""
        _, _, views, lead = made
        strides = walk([v.ghost for v in views], lead)[1][0]
        places = {id(v.storage): (v.offset, s) for v, s in zip(views, strides, strict=True)}
        out = id(views[-1].storage)
        if _adds_up(made) and out in self.places:
            return False
        for view, stride in zip(views, strides, strict=True):
            key = id(view.storage)
            if key in self.totals:
                return False
            known = self.places.get(key)
            meets = key in self.written or (key == out and known is not None)
            if meets and known != (view.offset, stride):
                return False
            if key == out and places[out] != (view.offset, stride):
                return False
        for key, place in places.items():
            if self.places.setdefault(key, place) != place:
                self.places[key] = None
        self.written.add(out)
        if _adds_up(made):
            self.totals.add(out)
        self.made.append(made)
        return True


def _touched(made: Any) -> tuple[set[int], set[int]]:
    """The storages that a step reads, and those that it writes."""
    if made[0] == "call":
        return {id(v.storage) for v in made[2]}, {id(v.storage) for v in made[3]}
    return {id(v.storage) for v in made[2]}, {id(made[2][-1].storage)}


def _grouped(done: list[Any]) -> list[list[Any]]:
    """The steps in an order in which loops of one length are together, as far as they do not need others."""
    parts: list[list[Any]] = []
    lengths = {id(made): _flat_length(made) for made in done}
    rest = done
    while rest:
        made = rest[0]
        if not lengths[id(made)]:
            parts.append([made])
            rest = rest[1:]
            continue
        group = _Group(made, lengths[id(made)])
        before, later = _around(group, rest[1:], lengths)
        parts += [*_grouped(before), group.made]
        rest = later
    return parts


def _around(group: _Group, rest: list[Any], lengths: dict[int, int]) -> tuple[list[Any], list[Any]]:
    """Let loops join the group; returns what can go before it, and what must come later."""
    before: list[Any] = []
    later: list[Any] = []
    read: set[int] = set()
    written: set[int] = set()
    called = False
    for k, made in enumerate(rest):
        reads, writes = _touched(made)
        free = not (reads & written or writes & (read | written))
        if free and lengths[id(made)] == group.length and group.join(made):
            continue
        mine = set(group.places)
        free = (
            free
            and not (reads & group.written or writes & mine)
            and not (called and made[0] == "call")
        )
        if free:
            before.append(made)
            continue
        later.append(made)
        read |= reads
        written |= writes
        called = called or made[0] == "call"
        if len(later) > MOST_LATER:
            return before, later + rest[k + 1 :]
    return before, later


def _local(parts: list[list[Any]], guards: list[Any]) -> set[int]:
    """Storages that only one group writes and reads."""
    where: dict[int, set[int]] = {}
    storages: dict[int, Storage] = {}
    for time, part in enumerate(parts):
        for made in part:
            views = [*made[2], *(made[3] if made[0] == "call" else ())]
            for view in views:
                where.setdefault(id(view.storage), set()).add(time)
                storages[id(view.storage)] = view.storage
    kept = {id(view.storage) for view, _ in guards}
    found = set()
    for key, times in where.items():
        part = parts[min(times)]
        if len(times) == 1 and len(part) > 1 and key not in kept:
            found.add(key)
    arena = {key for key, s in storages.items() if s.first >= 0}
    return found & arena


def _share_buffers(part: list[Any], local: set[int], places: dict[int, int]) -> int:
    """Give the local storages of a group buffers of a block each; returns the bytes that takes."""
    last = {id(v.storage): k for k, made in enumerate(part) for v in made[2]}
    free: list[int] = []
    top = 0
    for k, made in enumerate(part):
        if made[0] != "loop" or len(part) == 1:
            return 0
        key = id(made[2][-1].storage)
        if key in local and key not in places:
            if free:
                places[key] = free.pop()
            else:
                places[key] = top
                top += BLOCK * 16
        for view in made[2]:
            other = id(view.storage)
            if other in local and last[other] == k and places[other] not in free:
                free.append(places[other])
    return top
