"""Arrays that are assigned into: which numbers they hold, and how those came about.

The numbers lie in an array of one axis, which a ``Memory`` holds together with the node of its newest
version. Tensors see it through a ``Window``; views of one another look at the same memory. What computes
with such a Tensor gets a node that holds a copy of what is there now: graphs never see numbers change.

Each assignment records a version: ``assign`` takes the new elements and the version before. ``read`` copies
elements out of a version. Their pull-backs are ``read`` and ``erase``, and ``embed``; all four are linear.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..._engine import hooks
from ..._engine.entered import here
from ..._engine.graph import Node, is_recording, primitive, set_recording
from ..._engine.symbols import refuse
from ..._kernels import graph as _graph
from ..._kernels.graph import laid_out, layout_of
from ..._runtime import buffers
from .axes import broadcast_to, in_order
from .index import getitem, is_basic, last_assigned, scattered
from .where import where

#: Where the first element of a view lies in memory, its lengths, and its strides, all counted in elements.
Layout = tuple[int, tuple[int, ...], tuple[int, ...]]


class Spot(NamedTuple):
    """Elements of a memory of ``size``: those that an index names in the view of some layout, or all of it.

    ``last`` tells which of them were the last to be assigned, where an index names some twice.
    """

    size: int
    layout: Layout
    index: Any = None
    last: Any = None

    def seen(self, flat: np.ndarray) -> np.ndarray:
        """The view of the layout on a memory, or on several along a first axis."""
        return laid_out(flat, self.layout)


def _read_value(flat: Any, *, spot: Spot) -> Any:
    view = spot.seen(in_order(flat))
    if spot.index is None:
        return view.copy()
    return np.array(view[spot.index] if flat.ndim == 1 else [v[spot.index] for v in view])


def _add(total: Any, g: Any, lead: Any, *, spot: Spot) -> Any:
    if isinstance(total, Node):
        return spot.index is None and _rewrite(total, spot, _read_from(total, spot) + g)
    if not total.flags.c_contiguous:
        return False
    view = spot.seen(total)
    if spot.index is None:
        view += g
    else:
        for v, share in zip(view, g, strict=True) if lead else [(view, g)]:
            np.add.at(v, spot.index, share)
    return True


def _embed_value(v: Any, *, spot: Spot) -> Any:
    _, lengths, _ = spot.layout
    flat = np.zeros(spot.size, v.dtype)
    view = spot.seen(flat)
    view[...] = v if spot.index is None else scattered(v, index=spot.index, shape=lengths)
    return flat


def _read_stack(i: int, g: Any, out: Any, flat: Any, *, spot: Spot) -> Any:
    found = np.zeros((len(g), spot.size), g.dtype)
    _add(found, g, True, spot=spot)
    return found


def _erase_value(flat: Any, *, spot: Spot) -> Any:
    return _erase(in_order(flat).copy(), spot)


def _erase(flat: np.ndarray, spot: Spot) -> np.ndarray:
    view = spot.seen(flat)
    if spot.index is None:
        view[...] = 0
    else:
        for v in view if flat.ndim > 1 else [view]:
            v[spot.index] = 0
    return flat


def _assign_value(v: Any, flat: Any, *, spot: Spot) -> Any:
    flat = in_order(flat).copy()
    spot.seen(flat)[... if spot.index is None else spot.index] = v
    return flat


def _assigned(g: Any, spot: Spot) -> Any:
    """What comes back to the new elements: nothing to those that others were assigned over at once."""
    found = _read_from(g, spot)
    return found if spot.last is None else where(spot.last, found, 0.0)


def _read_from(g: Any, spot: Spot) -> Any:
    """The elements of a cotangent; of one that was assigned into without a copy of all."""
    window = _graph.window_of(g) if isinstance(g, Node) and spot.index is None else None
    if window is None or window.layout != (0, (spot.size,), (1,)):
        return read(g, spot=spot)
    return window.copy(spot.seen(window.array), None)


def _rewrite(g: Any, spot: Spot, new: Any) -> bool:
    """Assign to the elements of a cotangent that is differentiated again; False if that is not to be done."""
    if g.is_leaf or not g.kept.flags.c_contiguous:
        return False
    window = window_for(g)
    node = new if isinstance(new, Node) and new.requires_grad else None
    value = new.array if isinstance(new, Node) else np.asarray(new)
    window.memory.put(spot.seen(window.value), ..., node, value)
    return True


def _assign_stack(i: int, g: Any, out: Any, *args: Any, spot: Spot) -> Any:
    if i:
        return _erase(in_order(g).copy(), spot)
    found = _read_value(g, spot=spot)
    return found if spot.last is None else np.where(spot.last, found, 0.0)


def _erase_own(g: Any, *operands: Any, spot: Spot) -> Any:
    if isinstance(g, Node):
        return g if spot.index is None and _rewrite(g, spot, 0.0) else None
    return _erase(g, spot) if g.flags.c_contiguous else None


read = primitive(
    "read",
    _read_value,
    (lambda g, out, flat, *, spot: embed(g, spot=spot),),
    stacked=_read_stack,
    accumulate=_add,
)
embed = primitive(
    "embed",
    _embed_value,
    (lambda g, out, v, *, spot: read(g, spot=spot),),
    stacked=lambda i, g, out, v, *, spot: _read_value(g, spot=spot),
)
erase = primitive(
    "erase",
    _erase_value,
    (lambda g, out, flat, *, spot: erase(g, spot=spot),),
    stacked=lambda i, g, out, flat, *, spot: _erase(in_order(g).copy(), spot),
)
assign = primitive(
    "assign",
    _assign_value,
    (
        lambda g, out, v, flat, *, spot: _assigned(g, spot),
        lambda g, out, v, flat, *, spot: erase(g, spot=spot),
    ),
    stacked=_assign_stack,
    overwrite=_erase_own,
)


# --- what Tensors see ----------------------------------------------------------------------------


class Memory:
    """The numbers behind Tensors that are assigned into, and the node of their newest version.

    The node is None where the numbers do not depend on anything that requires a gradient.
    """

    __slots__ = ("count", "flat", "lent", "newest", "shown", "since", "written")

    def __init__(self, since: int) -> None:
        self.flat: np.ndarray = np.empty(0)
        self.count, self.newest = 0, None
        #: The number of the newest node when something was written last.
        self.written = 0
        #: Whether code outside may hold the numbers, and is to see them change.
        self.shown = False
        #: The number of the node that held these numbers first.
        self.since = since
        #: The node whose value the numbers are, to be copied before anything is written into them.
        self.lent: Any = None

    def borrow(self, node: Any, window: Window) -> None:
        """Let all numbers be the value of a node that was just computed, and has not been seen yet."""
        self.flat, self.lent = node.array.ravel("K"), node
        self._count()
        spot = Spot(self.flat.size, window.layout)
        self.renew(_graph.record(embed, self.flat, (node,), {"spot": spot}))

    def own(self) -> None:
        """Have memory of its own to write into."""
        if self.lent is not None:
            self.flat, self.lent = self.flat.copy(), None

    def put(self, view: np.ndarray, index: Any, new: Any, value: Any) -> None:
        """Write ``value`` into ``view[index]``; ``new`` is its node, if it has one that wants a gradient."""
        refuse("it assigns into a Tensor")
        basic = is_basic(index)
        target = _part(view, index) if basic else view
        names = () if basic else (index, last_assigned(index, view.shape))
        spot = Spot(self.flat.size, layout_of(target, self.flat), *names)
        whole = basic and target.size == self.flat.size
        first = self.newest is None and new is not None and not whole
        before = self.flat.copy() if first else self.newest
        target[... if basic else index] = value
        self._count()
        if new is None and self.newest is None:
            return
        given = value if new is None else new
        made_by, args = (embed, (given,)) if whole else (assign, (given, before))
        node = _graph.record(made_by, self.flat, args, {"spot": spot})
        self.renew(node)

    def _count(self) -> None:
        self.count, self.written = self.count + 1, _graph.newest_number()

    def renew(self, node: Any) -> None:
        """Note the newest version, if it wants a gradient."""
        if node is not None and not node.requires_grad:
            node = None
        if self.newest is not None:
            self.newest.past = True
        if node is not None:
            node.version = True
        self.newest = node


def _part(array: np.ndarray, index: Any) -> np.ndarray:
    """The view of an array that a basic index names, which is one of a single number too."""
    parts = index if isinstance(index, tuple) else (index,)
    found: np.ndarray = array[parts if any(p is ... for p in parts) else (*parts, ...)]
    return found


class Window:
    """The view of a memory through which a Tensor sees it.

    It has no layout if it is the real or imaginary part of numbers that have changed since it was taken.
    """

    __slots__ = ("_array", "_fixed", "_flat", "_node", "_seen", "layout", "memory", "origin")

    def __init__(
        self, memory: Memory, layout: Layout | None, origin: Any = None, fixed: bool = False
    ) -> None:
        self.memory, self._fixed = memory, fixed
        self.layout: Any = layout
        #: What the Tensor was before, which graphs of that time refer to.
        self.origin: Any = origin
        self._array: Any = None
        self._flat: Any = None
        self._node: Any = None
        self._seen = -1

    @property
    def array(self) -> np.ndarray:
        """What is seen, to be read."""
        if self.layout is None:
            raise RuntimeError(
                "the real or imaginary part was taken before the Tensor was assigned into, and does not see "
                "that; take it again"
            )
        if self._flat is not self.memory.flat:
            self._flat = self.memory.flat
            self._array = laid_out(self._flat, self.layout)
            self._array.flags.writeable = not self._fixed
        return self._array

    @property
    def value(self) -> np.ndarray:
        """What is seen, to be written into too."""
        self.memory.own()
        self.memory.shown = True
        return self.array

    def sees_all(self) -> bool:
        """Whether no number of the memory lies outside."""
        return math.prod(self.layout[1]) == self.memory.flat.size

    @property
    def node(self) -> Any:
        """The node that tells where the numbers come from."""
        newest = self.memory.newest
        return self.present() if newest is None else newest

    def present(self) -> Any:
        """A node that holds a copy of what is seen now."""
        memory, array = self.memory, self.array
        if memory.lent is not None and self.layout == layout_of(memory.lent.array, memory.flat):
            return memory.lent
        stale = self._seen != memory.count
        if not stale and memory.newest is not None and is_recording():
            stale = not self._node.requires_grad  # It was made where nothing was recorded.
        if stale:
            self._node = self.copy(array, None)
            self._seen = memory.count
        return self._node

    def copy(self, view: np.ndarray, index: Any) -> Any:
        """A node that holds a copy of a part of the memory, or of the elements that an index names there."""
        repeated = [step == 0 and n > 1 for step, n in zip(view.strides, view.shape, strict=True)]
        if any(repeated) and view.size:
            once = self.copy(view[tuple(slice(1) if r else slice(None) for r in repeated)], None)
            whole = broadcast_to(once, view.shape)
            return whole if index is None else getitem(whole, index)
        value = np.array(view if index is None else view[index])
        memory = self.memory
        if memory.newest is None or not is_recording():
            return _graph.record(None, value, (), {})
        spot = Spot(memory.flat.size, layout_of(view, memory.flat), index)
        return _graph.record(read, value, (memory.newest,), {"spot": spot})

    @property
    def grad(self) -> Any:
        """The gradient of what is seen; None if none has arrived."""
        memory = self.memory
        node = self.node if memory.lent is None else memory.lent
        flat = node.grad_or_none
        if flat is None or node is (self._node if memory.lent is None else self.present()):
            return flat
        if memory.lent is not None:
            layout = layout_of(memory.lent.array, memory.flat)
            plain = isinstance(flat, np.ndarray) and layout == layout_of(flat, flat)
            flat = flat.ravel("K") if plain else embed(flat, spot=Spot(memory.flat.size, layout))
        if isinstance(flat, Node):
            return read(flat, spot=Spot(flat.size, self.layout))
        return laid_out(flat, self.layout)

    def set_grad(self, new: Any) -> None:
        """Forget the gradient, or set that of all that is seen."""
        node = self.node
        if new is not None and node is self.memory.newest:
            new = embed(np.asarray(new), spot=Spot(self.memory.flat.size, self.layout))
        node.grad = new

    def hooked(self, hook: Any) -> tuple[Any, Any]:
        """The node whose gradient holds that of what is seen now, and what a hook for this is for that."""
        if self.present() is self.memory.lent:
            return self.memory.lent, hook
        spot = Spot(self.memory.flat.size, self.layout)

        def for_all(g: Any) -> Any:
            seen = read(g, spot=spot)
            if isinstance(seen, np.ndarray):
                seen.flags.writeable = False
            new = hook(seen)
            if new is None or new is seen:
                return None
            new = new if isinstance(new, Node) else np.asarray(new)
            hooks.check_replacement(new, seen)
            return assign(new, g, spot=spot)

        return self.node, for_all

    def fill(self, new: Any) -> None:
        """Give all elements new values, which have no gradient."""
        if new is not self.array:
            self.memory.own()
            self.memory.put(self.array, ..., None, np.asarray(new))

    def settle(self, tensor: Any) -> bool:
        """Make a leaf of a Tensor that holds constants, with memory of its own; False for any other."""
        if self.memory.newest is not None or tensor.traced:
            return False
        tensor._memory, value = None, self.array.copy()
        tensor.value = value
        return True


def _split_off(tensor: Any) -> Any:
    """Move what a Tensor was in its graph to a node of its own, with its hooks."""
    refuse("it assigns into a Tensor")
    origin = _graph.split_off(tensor)
    hooks.move(tensor, origin)
    return origin


def _enter(tensor: Any) -> None:
    """Move what a Tensor holds into memory of its own, to be assigned into."""
    array = tensor.kept
    if array.size and not _is_one_to_one(array):
        raise ValueError(
            f"a Tensor of shape {array.shape} repeats elements in memory, as broadcasting does, and cannot "
            "be assigned into; assign into t.copy()"
        )
    (low, high), start = byte_bounds(array), array.__array_interface__["data"][0]
    strides = tuple(s // array.itemsize for s in array.strides)
    layout = ((start - low) // array.itemsize if array.size else 0, array.shape, strides)
    origin = _split_off(tensor)
    memory = Memory(_graph.number_of(origin))
    memory.flat = np.zeros((high - low) // array.itemsize if array.size else 0, array.dtype)
    tensor._memory = Window(memory, layout, origin)
    tensor._memory.array[...] = array
    if origin.requires_grad:
        before = set_recording(True)
        try:
            spot = Spot(memory.flat.size, layout)
            memory.renew(_graph.record(embed, memory.flat, (origin,), {"spot": spot}))
        finally:
            set_recording(before)


def replace(tensor: Any, new: Any) -> bool:
    """Let a Tensor hold a new result in the place of all that it held; False if that takes a copy."""
    if (
        not isinstance(new, Node)
        or new is tensor
        or new._memory is not None
        or new.primitive is None
    ):
        return False
    _check_is_free(tensor)
    if _graph.root_of(tensor) is not tensor:
        return False
    value, window = new.array, _graph.window_of(tensor)
    if tensor.shared if window is None else window.memory.shown:
        return False
    if (
        not buffers.is_own(value)
        or not value.flags.forc
        or (value.shape, value.dtype) != (tensor.shape, tensor.dtype)
    ):
        return False
    layout = layout_of(value, value)
    if window is None:
        if layout_of(tensor.kept, tensor.kept) != layout:
            return False
        origin = _split_off(tensor)
        window = tensor._memory = Window(Memory(_graph.number_of(origin)), layout, origin)
    elif not window.sees_all() or window.layout != layout:
        return False
    window.memory.borrow(new, window)
    return True


def _is_one_to_one(array: np.ndarray) -> bool:
    """Whether every element of an array has a place of its own in memory."""
    reach = array.itemsize
    for step, n in sorted(
        (abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1
    ):
        if step < reach:
            return False
        reach += step * (n - 1)
    return True


def _attach(view: Any, whole: Any) -> Window | None:
    """The window of a view that was made before ``whole`` was assigned into; None if it is no view of it."""
    mine, old = view.kept, whole.kept
    memory = whole._memory.memory
    if mine.dtype != old.dtype:
        outdated = _graph.number_of(view) <= memory.written
        return Window(memory, None, _split_off(view)) if outdated else None
    if not np.may_share_memory(mine, old):  # It was given another value since.
        return None
    window, item = whole._memory, mine.itemsize
    shift = mine.__array_interface__["data"][0] - old.__array_interface__["data"][0]
    strides = tuple(s // item for s in mine.strides)
    layout = (window.layout[0] + shift // item, mine.shape, strides)
    fixed = old.flags.writeable and not mine.flags.writeable
    return Window(window.memory, layout, _split_off(view), fixed)


def window_for(tensor: Any) -> Window:
    """The window of a Tensor that is about to be assigned into."""
    _check_is_free(tensor)
    if _graph.window_of(tensor) is None:
        _enter(_whole(tensor))
    return _graph.window_of(tensor)


def _whole(tensor: Any) -> Any:
    """The Tensor whose memory another one shares: itself, or that of which it is a view."""
    whole = _graph.root_of(tensor)
    return whole if np.may_share_memory(tensor.kept, whole.kept) else tensor


def is_parameter(tensor: Any) -> bool:
    """Whether a Tensor is a leaf that requires a gradient and that no transform follows, or a view of one."""
    if _graph.window_of(tensor) is not None:
        return False
    whole = _whole(tensor)
    return bool(whole.is_leaf and whole.requires_grad and not whole.traced)


def parameter(tensor: Any) -> np.ndarray:
    """The numbers of such a leaf, or of a view of it, to be written into where nothing is recorded."""
    _ = _whole(tensor).writable  # Graphs that need what they were will know.
    return tensor.kept


def _check_is_free(tensor: Any) -> None:
    """Raise for what cannot be assigned into."""
    window = _graph.window_of(tensor)
    if not (tensor.kept if window is None else window.array).flags.writeable:
        raise ValueError(
            "assignment destination is read-only, as what np.diagonal and np.broadcast_to give is; assign "
            "into t.copy(), or to t itself, such as with np.fill_diagonal"
        )
    if window is not None:
        start = window.memory.since
    else:
        whole = _whole(tensor)
        start = _graph.number_of(whole)
        if tensor.dtype != _graph.root_of(tensor).dtype:
            raise TypeError(
                "the real or imaginary part of a Tensor cannot be assigned into; assign all of it, as in "
                "t.real = x, or to t[...]"
            )
        if is_parameter(tensor):
            raise TypeError(
                "a leaf that requires a gradient cannot be assigned into, because its user would see it "
                "change; assign into t.copy(), or under ag.no_grad() between steps"
            )
    if start <= here.sealed:
        raise TypeError(
            "a function of plain numbers assigns into a Tensor from outside, whose gradient would be lost; "
            "return the new numbers, and assign them where it is called"
        )
    if any(start <= trace.start for trace in here.traces if not trace.strict):
        raise TypeError(
            "checkpoint: the function assigns into an array from outside, which running it again in the "
            "backward pass would do twice; assign into a copy that the function makes, and return that"
        )


def _through(p: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Call an operation where an argument sees an array that was assigned into: a view stays one."""
    window = _graph.window_of(args[0]) if p.views and isinstance(args[0], Node) else None
    if window is None:
        return _graph.call_now(p, tuple(map(_graph.present, args)), params)
    index = params.get("index")
    found = p.function(window.array, **params)
    if isinstance(found, np.generic) and index is not None:
        return window.copy(_part(window.array, index), None)
    if found.dtype == window.array.dtype and np.may_share_memory(found, window.memory.flat):
        layout, fixed = layout_of(found, window.memory.flat), not found.flags.writeable
        return _graph.look(found, Window(window.memory, layout, None, fixed))
    if index is not None:
        return window.copy(window.array, index)
    copied = _graph.call_now(p, tuple(map(_graph.present, args)), params)
    copied._memory = None if copied.dtype == window.array.dtype else args[0]
    return copied


def register_hook(tensor: Any, hook: Any) -> hooks.Handle:
    """Run ``hook`` on the gradient of what a Tensor is now."""
    window = _graph.window_of(tensor)
    if window is not None and callable(hook) and tensor.requires_grad:
        tensor, hook = window.hooked(hook)
    return hooks.register(tensor, hook)


_graph.declare_memory(Window, _attach, _through)
