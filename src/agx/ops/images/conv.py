"""Convolution: a plan of who multiplies, made once for each call, which runs and can be printed.

A plan holds the arrays and the threads of its call, so each call makes its own.

Kernels multiply by tiles, if the processor has the instructions: images need no patches then, and filters
of 3 x 3 fewer products (Winograd's way, which is off after ``set_winograd(False)``). All else
goes by im2col, a piece at a time. The columns of a whole batch are never in
memory: patches of a few images (or of a few output rows of one large image) are gathered into a
workspace that fits the cache, multiplied, and overwritten. The backward pass gathers them anew.

Convolution is linear in the image and in the weight; its input and weight gradients are primitives of
their own, and the three are each other's pull-backs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._engine.graph import of_arrays, primitive, value_of
from ..._engine.sizes import MOST, whole
from ..._kernels import graph, loops, machine
from ..._runtime import buffers
from ..._runtime.threads import blas, single_threaded_blas, split, team
from ..shape.axes import as_array
from .border import bordered, framed
from .im2col import Geometry, Pair, contiguous, images, output_size

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "conv2d",
    "conv2d_plan",
    "set_winograd",
    "set_workspace",
]

_workspace_bytes = 1 << 20
_winograd = True
_buffers = threading.local()


def set_workspace(megabytes: float) -> float:
    """Limit the memory in which convolution keeps patches, and return the limit before.

    The default is 1 MB for each thread, which fits the second-level cache of common processors;
    one output row of one image is the least that is used.

    >>> before = ag.set_workspace(2.0)
    >>> ag.set_workspace(before)
    2.0
    """
    global _workspace_bytes
    if not isinstance(megabytes, (int, float, np.number)) or not 0 < megabytes <= MOST:
        raise ValueError(
            f"set_workspace: expected a positive number of megabytes, got {megabytes!r}"
        )
    before, _workspace_bytes = _workspace_bytes, int(megabytes * (1 << 20))
    return before / (1 << 20)


def set_winograd(on: bool) -> bool:
    """Let convolutions of 3 x 3 in float32 multiply less by Winograd's way, or not; return what held before.

    It makes 2 x 2 results by 16 products in place of 36, and rounds no worse than a product of matrices,
    but otherwise: results differ in their last digits. The default is True.

    >>> before = ag.set_winograd(False)
    >>> ag.set_winograd(before)
    False
    """
    global _winograd
    if not isinstance(on, (bool, np.bool_)):
        raise TypeError(f"set_winograd: expected True or False, got {on!r}")
    before, _winograd = _winograd, bool(on)
    return before


def _workspace(count: int, dtype: np.dtype) -> np.ndarray:
    """``count`` numbers of this thread's own, kept from call to call."""
    kept = getattr(_buffers, "bytes", None)
    if kept is None or kept.size < count * dtype.itemsize:
        kept = _buffers.bytes = np.empty(count * dtype.itemsize, np.uint8)
    return kept[: count * dtype.itemsize].view(dtype)


#: A piece of the work: slices of images, of output rows and of output positions.
Piece = tuple[slice, slice, slice]


class _Patches:
    """The pieces in which one convolution goes through patches: groups of channels, images, output rows."""

    def __init__(
        self, x: tuple[int, ...], w: tuple[int, ...], geo: Geometry, groups: int, dtype: np.dtype
    ) -> None:
        self.n, c, self.height, self.width = x
        self.groups, self.channels, self.filters = groups, c // groups, w[0] // groups
        self.down, self.across = geo.output(self.height, self.width)
        self.geo, self.dtype = geo, dtype
        self.depth = self.channels * geo.kernel[0] * geo.kernel[1]
        self.pointwise = geo == ((1, 1), (1, 1), (0, 0), (1, 1))
        # BLAS may take integers of 32 bits; nobody knows how a product of nothing is done.
        most = max(self.depth, self.filters, self.down * self.across)
        self.library = blas() if self.n and self.depth and most <= MOST else None
        work = min(self.n * w[0] * self.depth * self.down * self.across, MOST)
        self.threads = machine.threads_for(work, self.n, team) if self.library else 1

    @property
    def way(self) -> str:
        """Who multiplies."""
        if self.library is None:
            return "patches, numpy.matmul"
        kind = "sgemm" if self.dtype == np.float32 else "dgemm"
        return f"patches, {self.library.symbol.replace('sgemm', kind)}"

    def do(
        self, share: Callable[[int, int, int], None], multiply: Callable[[Piece, int, slice], None]
    ) -> None:
        """Share out a loop of images that calls BLAS, or multiply piece by piece with NumPy."""
        if self.library is None:
            for piece in self.pieces():
                for k in range(self.groups):
                    multiply(piece, k, slice(k * self.filters, (k + 1) * self.filters))
        else:
            with single_threaded_blas():
                split(share, self.n, self.threads)

    @property
    def rows(self) -> int:
        """How many output rows of one image fit the workspace."""
        row = max(1, self.depth * self.across * self.dtype.itemsize)
        return min(self.down, max(1, _workspace_bytes // row))

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes in the order in which the kernels take them."""
        channels, filters = self.channels * self.groups, self.filters * self.groups
        image = (channels, self.height, self.width, filters, self.down, self.across)
        return (*image, self.groups, self.rows)

    def workspace(self) -> np.ndarray:
        """Room for the columns of one piece of one image."""
        return _workspace(1 if self.pointwise else self.depth * self.rows * self.across, self.dtype)

    def pieces(self) -> Iterator[Piece]:
        """Slices of images, output rows and output positions whose columns fit the workspace."""
        rows = self.rows
        image = max(1, self.depth * self.down * self.across * self.dtype.itemsize)
        count = max(1, _workspace_bytes // image)
        for n in range(0, self.n, count):
            for r in range(0, self.down, rows):
                stop = min(r + rows, self.down)
                yield (
                    slice(n, min(n + count, self.n)),
                    slice(r, stop),
                    slice(r * self.across, stop * self.across),
                )

    def columns(self, count: int, positions: slice) -> np.ndarray:
        """Room for the columns of a piece, (images, depth, positions)."""
        width = positions.stop - positions.start
        return _workspace(count * self.depth * width, self.dtype).reshape(count, self.depth, width)

    def window(self, rows: slice) -> tuple[int, ...]:
        """The geometry that starts at an output row: a shift of the padding."""
        kh, kw, sh, sw, ph, pw, dh, dw = self.geo.flat
        return kh, kw, sh, sw, ph - rows.start * sh, pw, dh, dw

    def gather(self, x: np.ndarray, group: int, piece: Piece) -> np.ndarray:
        """The columns of a piece of ``x``, (images, depth, positions)."""
        batch, rows, positions = piece
        first = group * self.channels
        if self.pointwise:
            part = x[batch, first : first + self.channels]
            return part.reshape(len(part), self.depth, -1)[:, :, positions]
        columns = self.columns(batch.stop - batch.start, positions)
        loops.gather(
            x, columns, batch.start, first, self.channels, rows.stop - rows.start, self.across,
            self.window(rows),
        )  # fmt: skip
        return columns

    def scatter(self, columns: np.ndarray, x: np.ndarray, group: int, piece: Piece) -> None:
        """Add the columns of a piece back into ``x``."""
        batch, rows, _ = piece
        loops.scatter_add(
            columns, x, batch.start, group * self.channels, self.channels, rows.stop - rows.start,
            self.across, self.window(rows),
        )  # fmt: skip


def _common_dtype(x: Any, w: Any) -> np.dtype:
    return np.dtype("f4") if x.dtype.char == w.dtype.char == "f" else np.dtype("f8")


def _operands(x: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays contiguous and of one dtype."""
    dtype = _common_dtype(x, w)
    return contiguous(x, dtype), contiguous(w, dtype)


class _Forward(_Patches):
    """The convolution itself."""

    def __init__(self, x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> None:
        self.x, self.w = _operands(x, w)
        super().__init__(x.shape, w.shape, geo, groups, self.x.dtype)
        self.b = None if b is None else contiguous(b, self.dtype)

    def run(self) -> np.ndarray:
        """Compute it."""
        result = buffers.empty((self.n, len(self.w), self.down, self.across), self.dtype)
        out = result.reshape(self.n, len(self.w), self.down * self.across)
        x, w, b = self.x, self.w.reshape(len(self.w), self.depth), self.b

        def share(part: int, start: int, stop: int) -> None:
            work = self.workspace()
            loops.forward(x, w, b, out, work, self.sizes, self.geo.flat, start, stop)

        def multiply(piece: Piece, k: int, filters: slice) -> None:
            batch, _, positions = piece
            np.matmul(w[filters], self.gather(x, k, piece), out=out[batch, filters, positions])
            if b is not None:
                out[batch, filters, positions] += b[filters, None]

        self.do(share, multiply)
        return result


class _InputGradient(_Patches):
    """The gradient of the images."""

    def __init__(self, g: Any, w: Any, shape: tuple[int, ...], geo: Geometry, groups: int) -> None:
        self.g, self.w = _operands(g, w)
        super().__init__(shape, w.shape, geo, groups, self.g.dtype)
        self.shape = shape

    def run(self) -> np.ndarray:
        """Compute it."""
        x = buffers.zeros(self.shape, self.dtype)
        g = self.g.reshape(self.n, len(self.w), self.down * self.across)
        w = self.w.reshape(len(self.w), self.depth)

        def share(part: int, start: int, stop: int) -> None:
            work = self.workspace()
            loops.input_gradient(g, w, x, work, self.sizes, self.geo.flat, start, stop)

        def multiply(piece: Piece, k: int, filters: slice) -> None:
            batch, _, positions = piece
            columns = self.columns(batch.stop - batch.start, positions)
            np.matmul(w[filters].T, g[batch, filters, positions], out=columns)
            self.scatter(columns, x, k, piece)

        self.do(share, multiply)
        return x


class _WeightGradient(_Patches):
    """The gradient of the weight."""

    def __init__(self, x: Any, g: Any, shape: tuple[int, ...], geo: Geometry, groups: int) -> None:
        self.x, self.g = _operands(x, g)
        super().__init__(x.shape, shape, geo, groups, self.x.dtype)
        self.shape = shape

    def run(self) -> np.ndarray:
        """Compute it."""
        shares = np.zeros((self.threads, self.shape[0], self.depth), self.dtype)
        x, g = self.x, self.g.reshape(self.n, self.shape[0], self.down * self.across)

        def share(part: int, start: int, stop: int) -> None:
            work = self.workspace()
            loops.weight_gradient(x, g, shares[part], work, self.sizes, self.geo.flat, start, stop)

        def multiply(piece: Piece, k: int, filters: slice) -> None:
            batch, _, positions = piece
            columns = self.gather(x, k, piece).transpose(0, 2, 1)
            shares[0, filters] += np.matmul(g[batch, filters, positions], columns).sum(axis=0)

        self.do(share, multiply)
        w = shares[0] if self.threads == 1 else shares.sum(axis=0)
        return w.reshape(self.shape)


# --- plans: by tiles where they can, else through patches -----------------------------------------


def _plan_forward(x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> Any:
    if x.ndim != 4:
        images("conv2d", x)
    check("conv2d", x, w, b, geo, groups)
    tiles = loops.plan_forward(x, w, b, geo, groups, _workspace_bytes, team, _winograd)
    return tiles or _Forward(x, w, b, geo, groups)


def _plan_input_gradient(g: Any, w: Any, shape: tuple[int, ...], geo: Geometry, groups: int) -> Any:
    tiles = loops.plan_input_gradient(g, w, shape, geo, groups, _workspace_bytes, team, _winograd)
    return tiles or _InputGradient(g, w, shape, geo, groups)


def _plan_weight_gradient(
    x: Any, g: Any, shape: tuple[int, ...], geo: Geometry, groups: int
) -> Any:
    tiles = loops.plan_weight_gradient(x, g, shape, geo, groups, _workspace_bytes, team, _winograd)
    return tiles or _WeightGradient(x, g, shape, geo, groups)


class Conv2dPlan(NamedTuple):
    """Who multiplies in a convolution of ``x`` and ``w``, in how many threads, and in its gradients."""

    dtype: str
    x: tuple[int, ...]
    w: tuple[int, ...]
    forward: str
    x_gradient: str
    w_gradient: str

    def __repr__(self) -> str:
        text = f"conv2d {self.dtype} {self.x} * {self.w}: {self.forward}"
        for name, way in (("x", self.x_gradient), ("w", self.w_gradient)):
            text += "" if way == self.forward else f"; gradient of {name}: {way}"
        return text


def _in_words(plan: Any) -> str:
    if isinstance(plan, _Patches) and plan.library is None:
        return plan.way
    return f"{plan.way}, {plan.threads} thread{'s' if plan.threads > 1 else ''}"


def plan_of(x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> Conv2dPlan:
    """Do ``conv2d_plan`` with a geometry that has been checked."""
    x, w, b = map(value_of, (x, w, b))
    forward = _plan_forward(x, w, b, geo, groups)
    dtype = _common_dtype(x, w)
    g = np.broadcast_to(dtype.type(0), (len(x), len(w), *geo.output(*x.shape[2:])))
    gradients = (
        _plan_input_gradient(g, w, x.shape, geo, groups),
        _plan_weight_gradient(x, g, w.shape, geo, groups),
    )
    return Conv2dPlan(dtype.name, x.shape, w.shape, *map(_in_words, (forward, *gradients)))


# --- the operations -------------------------------------------------------------------------------


def _forward(x: Any, w: Any, b: Any = None, *, geo: Geometry, groups: int) -> np.ndarray:
    return _plan_forward(x, w, b, geo, groups).run()


def _input_gradient(
    g: Any, w: Any, *, shape: tuple[int, ...], geo: Geometry, groups: int
) -> np.ndarray:
    return _plan_input_gradient(g, w, shape, geo, groups).run()


def _weight_gradient(
    x: Any, g: Any, *, shape: tuple[int, ...], geo: Geometry, groups: int
) -> np.ndarray:
    plan = _plan_weight_gradient(x, g, shape, geo, groups)
    found = plan.run()
    # Zeros between the rows of an image meet its infinities, which no patch would let them.
    if isinstance(plan, loops.Plan) and graph.any_nan(found):
        return _WeightGradient(x, g, shape, geo, groups).run()
    return found


def _bias_gradient(g: Any) -> Any:
    sums = loops.channel_sums(g, team)
    return g.sum(axis=(0, 2, 3)) if sums is None else sums


_conv2d = primitive(
    "conv2d",
    _forward,
    (
        lambda g, out, x, w, *b, geo, groups: _conv2d_input(
            g, w, shape=x.shape, geo=geo, groups=groups
        ),
        lambda g, out, x, w, *b, geo, groups: _conv2d_weight(
            x, g, shape=w.shape, geo=geo, groups=groups
        ),
        lambda g, out, x, w, b, *, geo, groups: _bias_gradient(g),
    ),
)
_conv2d_input = primitive(
    "conv2d_input",
    _input_gradient,
    (
        lambda u, out, g, w, *, shape, geo, groups: _conv2d(u, w, geo=geo, groups=groups),
        lambda u, out, g, w, *, shape, geo, groups: _conv2d_weight(
            u, g, shape=w.shape, geo=geo, groups=groups
        ),
    ),
)
_conv2d_weight = primitive(
    "conv2d_weight",
    _weight_gradient,
    (
        lambda v, out, x, g, *, shape, geo, groups: _conv2d_input(
            g, v, shape=x.shape, geo=geo, groups=groups
        ),
        lambda v, out, x, g, *, shape, geo, groups: _conv2d(x, v, geo=geo, groups=groups),
    ),
)


def check(op: str, x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> None:
    """Raise ValueError unless images, weight, bias, geometry and groups belong together."""
    whole(op, "groups", groups, 1)
    if x.shape[1] % groups or w.shape[0] % groups:
        raise ValueError(
            f"{op}: groups={groups} must divide the {x.shape[1]} channels of x and the "
            f"{w.shape[0]} filters of w"
        )
    if x.shape[1] != w.shape[1] * groups:
        raise ValueError(
            f"{op}: x has {x.shape[1]} channels, w expects {w.shape[1] * groups} "
            f"(w.shape == {tuple(w.shape)}, groups == {groups}); check in_channels"
        )
    if b is not None and tuple(b.shape) != (w.shape[0],):
        raise ValueError(f"{op}: expected b of shape {(w.shape[0],)}, got {tuple(b.shape)}")
    output_size(op, geo, *x.shape[2:])


def _arguments(
    x: Any, w: Any, b: Any, stride: Pair, padding: Pair | str, dilation: Pair
) -> tuple[Any, Any, Any, Geometry]:
    """Read what ``conv2d`` is given, but for its groups."""
    x = images("conv2d", x)
    w = w if hasattr(w, "shape") else as_array(w)
    b = b if b is None or hasattr(b, "shape") else as_array(b)
    if len(w.shape) != 4:
        raise ValueError(f"conv2d: expected w of shape (O, C, KH, KW), got {tuple(w.shape)}")
    geo, widths = framed("conv2d", w.shape[2:], stride, padding, dilation)
    return bordered("conv2d", x, widths, "zeros") if widths else x, w, b, geo


@of_arrays
def conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Correlate images with filters: out[n, o] = b[o] + sum over c of x[n, c] * w[o, c].

    ``x`` has shape (N, C, H, W), ``w`` (O, C / groups, KH, KW), ``b`` (O,), and the result
    (N, O, OH, OW) with OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1. Padding is zeros; "same"
    adds as many as keep H and W for a stride of 1, an odd one at the end, and "valid" none.
    Raises ValueError, with the numbers, for sizes that do not fit. Patches are gathered into a
    bounded workspace (see ``set_workspace``).

    >>> ag.conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3)))[0, 0, 0]
    array([27., 27., 27.])
    """
    return convolve(*_arguments(x, w, b, stride, padding, dilation), groups)


def conv2d_plan(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Conv2dPlan:
    """Say who multiplies in ``conv2d`` of the same arguments, and in its gradients; compute nothing.

    Raises ValueError, with the numbers, for sizes that do not fit.

    >>> ag.conv2d_plan(np.ones((1, 3, 8, 8)), np.ones((2, 3, 5, 5))).dtype
    'float64'
    """
    return plan_of(*_arguments(x, w, b, stride, padding, dilation), groups)


def convolve(x: Any, w: Any, b: Any, geo: Geometry, groups: int) -> Any:
    """Do ``conv2d`` with a geometry that has been checked."""
    if b is None:
        return _conv2d(x, w, geo=geo, groups=groups)
    return _conv2d(x, w, b, geo=geo, groups=groups)


def convolve_transposed(x: Any, w: Any, shape: tuple[int, ...], geo: Geometry, groups: int) -> Any:
    """The images of ``shape`` that the transpose of a convolution makes of ``x``; all has been checked."""
    return _conv2d_input(x, w, shape=shape, geo=geo, groups=groups)
