"""Trials of kernels of images: convolution, patches, pooling, augmentation."""

import numpy as np
import reference
from kernels.test_augment import drawn_windows, fetched, pictures, windows

import agx as ag
from agx._kernels import loops
from agx._runtime.threads import blas
from agx.ops.images.im2col import Geometry

from .arrays import Guard
from .campaign import Trial, kernel
from .elements import within
from .rows import scaled, wide


def geometry(d, most=4):
    """A geometry, and the sides of an image that it fits."""
    pair = lambda low, high: (d.number(low, high), d.number(low, high))
    kernel, dilation = pair(1, most), pair(1, 2) if d.chance(0.3) else (1, 1)
    geo = Geometry(
        kernel,
        pair(1, 3) if d.chance(0.5) else (1, 1),
        pair(0, 3) if d.chance(0.5) else (0, 0),
        dilation,
    )
    least = [
        max(1, s * (k - 1) + 1 - 2 * p)
        for k, s, p in zip(kernel, dilation, geo.padding, strict=True)
    ]
    return geo, tuple(n + d.one_of((0, 0, 1, 2, 3, 5, 8, 12, 20)) for n in least)


def sides_of(geo, size):
    return [
        (n, k, s, p, dil)
        for n, k, s, p, dil in zip(
            size, geo.kernel, geo.stride, geo.padding, geo.dilation, strict=True
        )
    ]


def tame(a):
    """The array as it lies, unless products of its numbers may overflow."""
    return a if np.abs(a).max(initial=0) < 1e7 else np.clip(a, -1e7, 1e7)


class Convolution:
    """Arguments of a convolution and its gradients, and what they are, with the size of their sums."""

    def __init__(self, d, single=0.7):
        self.geo, self.size = geometry(d)
        self.groups = d.one_of((1, 1, 1, 2, 3))
        channels, filters = d.one_of((1, 2, 3, 4, 8)), d.one_of((1, 1, 2, 3, 5, 8, 13))
        if d.chance(0.05):
            self.geo, channels, filters = Geometry((3, 3), (1, 1), (1, 1), (1, 1)), 16, 24
            self.size, self.groups = (d.number(4, 14), d.number(4, 14)), 1
        images = d.one_of((1, 1, 2, 3))
        self.dtype = np.dtype("f4") if d.chance(single) else np.dtype("f8")
        draw = lambda *shape: tame(d.array(shape, self.dtype, True, 0.7))
        self.x = draw(images, channels * self.groups, *self.size)
        self.w = draw(filters * self.groups, channels, *self.geo.kernel)
        self.b = draw(filters * self.groups) if d.chance(0.6) else None
        self.g = draw(images, filters * self.groups, *self.geo.output(*self.size))
        self.eps = within(self.dtype, 2e-5, 1e-12)

    @property
    def sides(self):
        return sides_of(self.geo, self.size)

    def wanted(self):
        """The convolution and the gradients of image and weight; absolute values give their sizes."""
        args = wide(self.x), wide(self.w), wide(self.g)
        found = reference.convolution(*args, *self.sides, self.groups)
        sizes = reference.convolution(*(np.abs(a) for a in args), *self.sides, self.groups)
        bias = 0 if self.b is None else wide(self.b)[:, None, None]
        sizes = [sizes[0] + np.abs(bias), *sizes[1:]]
        # Winograd's products are as near as those of the largest numbers of an image.
        quick = self.geo.kernel == (3, 3) and self.geo.stride == self.geo.dilation == (1, 1)
        sizes = [(s.max() if quick else s) + 1e-30 for s in sizes]
        return [found[0] + bias, *found[1:]], sizes

    def told(self):
        return self.x, self.w, self.b, self.g, self.geo, self.groups


@kernel("plan_forward", "plan_input_gradient", "plan_weight_gradient", every=6)
def draw_plans(d):
    c, workspace, winograd = Convolution(d), d.one_of((1 << 10, 1 << 16, 1 << 20)), d.chance(0.7)
    wanted, sizes = c.wanted()
    calls = (
        lambda team: loops.plan_forward(c.x, c.w, c.b, c.geo, c.groups, workspace, team, winograd),
        lambda team: loops.plan_input_gradient(
            c.g, c.w, c.x.shape, c.geo, c.groups, workspace, team, winograd
        ),
        lambda team: loops.plan_weight_gradient(
            c.x, c.g, c.w.shape, c.geo, c.groups, workspace, team, winograd
        ),
    )
    for call, value, size in zip(calls, wanted, sizes, strict=True):

        def run(team, call=call, size=size):
            plan = call(team)
            return None if plan is None else scaled(plan.run(), size)

        told = *c.told(), workspace, winograd
        yield Trial(run, lambda v=value, s=size: scaled(v, s), c.eps, c.eps, told=told)


@kernel("conv2d", "im2col", "col2im", "fill_indices", every=6)
def draw_patches(d):
    c = Convolution(d)
    wanted, sizes = c.wanted()

    def convolve(team):
        x, w = ag.Tensor(c.x), ag.Tensor(c.w)
        out = ag.conv2d(x, w, c.b, c.geo.stride, c.geo.padding, c.geo.dilation, c.groups)
        out.backward(np.ascontiguousarray(c.g))
        return tuple(scaled(a, s) for a, s in zip((out.value, x.grad, w.grad), sizes, strict=True))

    yield Trial(
        convolve,
        lambda: tuple(scaled(a, s) for a, s in zip(wanted, sizes, strict=True)),
        c.eps,
        1e-3,
        told=c.told(),
    )
    x, geo = d.array((2, 2, *c.size), c.dtype, plain=0.6), c.geo
    down, across = geo.output(*c.size)
    matrix = lambda a: np.moveaxis(a, 1, -1).reshape(-1, a.shape[1])
    patches = reference.im2col(np.asarray(x), geo)
    yield Trial(
        lambda team: np.asarray(ag.im2col(x, *geo)).reshape(2 * down * across, -1),
        lambda: matrix(patches), told=(x, geo),
    )  # fmt: skip
    u = d.array(np.asarray(ag.im2col(x, *geo)).shape, c.dtype, True, 0.6)
    back = Guard(np.zeros(x.shape, c.dtype))

    def scatter(team):
        back.array[...] = 0
        columns = np.ascontiguousarray(
            np.moveaxis(wide(u).reshape(2, down * across, -1), 1, 2)
        ).astype(c.dtype)
        loops.scatter_add(columns, back.array, 0, 0, 2, down, across, geo.flat)
        assert back.holds()
        return back.array

    def scattered():
        p = np.moveaxis(wide(u).reshape(2, down, across, 2, *geo.kernel), 3, 1)
        return reference.patches_added(p, *c.sides)

    yield Trial(scatter, scattered, c.eps, c.eps, told=(u, geo))
    index = Guard(np.zeros((down * across, 2 * geo.kernel[0] * geo.kernel[1]), np.int64))

    def fill(team):
        loops.fill_indices(index.array, *c.size, across, geo.flat)
        assert index.holds()
        return index.array

    def filled():
        numbers = np.arange(1, 2 * c.size[0] * c.size[1] + 1.0).reshape(1, 2, *c.size)
        return matrix(reference.im2col(numbers, geo)) - 1

    yield Trial(fill, filled, told=(geo, c.size))


@kernel("gather", "forward", "weight_gradient", every=6)
def draw_columns(d):
    """Kernels of patches, called as ``conv2d`` does, for some of the images and channels."""
    c = Convolution(d, single=0.5)
    x, (down, across) = np.ascontiguousarray(wide(c.x)).astype(c.dtype), c.geo.output(*c.size)
    n0, c0 = d.number(0, len(x) - 1), d.number(0, x.shape[1] - 1)
    images, channels = d.number(1, len(x) - n0), d.number(1, x.shape[1] - c0)
    some = x[n0 : n0 + images, c0 : c0 + channels]
    cols = Guard(
        np.zeros((images, channels * c.geo.kernel[0] * c.geo.kernel[1], down * across), c.dtype)
    )

    def gather(team):
        loops.gather(x, cols.array, n0, c0, channels, down, across, c.geo.flat)
        assert cols.holds()
        return cols.array

    yield Trial(gather, lambda: reference.im2col(some, c.geo), told=(x, n0, c0, c.geo))
    wanted, sizes = c.wanted()
    rows, depth = d.number(1, down), c.w[0].size
    w = np.ascontiguousarray(wide(c.w)).astype(c.dtype).reshape(len(c.w), depth)
    b = None if c.b is None else np.ascontiguousarray(wide(c.b)).astype(c.dtype)
    g = np.ascontiguousarray(wide(c.g)).astype(c.dtype).reshape(len(x), len(w), -1)
    numbers = (x.shape[1], *c.size, len(w), down, across, c.groups, rows)
    work, out = Guard(np.zeros(depth * rows * across, c.dtype)), Guard(np.zeros(g.shape, c.dtype))

    def forward(team):
        loops.forward(x, w, b, out.array, work.array, numbers, c.geo.flat, 0, len(x))
        assert out.holds() and work.holds()
        return scaled(out.array.reshape(wanted[0].shape), sizes[0])

    yield (
        Trial(forward, lambda: scaled(wanted[0], sizes[0]), c.eps, c.eps, told=c.told())
        if blas()
        else None
    )
    to = Guard(np.zeros(w.shape, c.dtype))

    def weight(team):
        to.array[...] = 0
        loops.weight_gradient(x, g, to.array, work.array, numbers, c.geo.flat, 0, len(x))
        assert to.holds() and work.holds()
        return scaled(to.array.reshape(wanted[2].shape), sizes[2])

    yield (
        Trial(weight, lambda: scaled(wanted[2], sizes[2]), c.eps, c.eps, told=c.told())
        if blas()
        else None
    )


class Pooling:
    """Windows that pooling takes, and the shape of images that they fit."""

    def __init__(self, d):
        geo, size = geometry(d)
        if d.chance(0.25):
            geo, size = Geometry((2, 2), (2, 2), (0, 0), (1, 1)), (d.number(2, 12), d.number(2, 20))
        padding = tuple(min(p, k // 2) for p, k in zip(geo.padding, geo.kernel, strict=True))
        self.geo, self.ceil, self.dtype = geo._replace(padding=padding), d.chance(0.3), d.dtype()
        sides = zip(size, geo.kernel, geo.dilation, strict=True)
        self.size = tuple(max(n, s * (k - 1) + 1) for n, k, s in sides)
        self.shape = (d.number(1, 2), d.number(1, 3), *self.size)
        self.eps = within(self.dtype, 3e-6, 1e-13)

    @property
    def sides(self):
        return sides_of(self.geo, self.size)


@kernel("max_pool2d", "max_pool_backward", every=6)
def draw_max_pool(d):
    p = Pooling(d)
    sides = [(*side, p.ceil) for side in p.sides]
    x = d.array(p.shape, p.dtype, plain=0.6)
    few = np.asarray(d.integers(-2, 3, p.shape)).astype(p.dtype)
    at = reference.first_largest_of(few, *sides)
    whole = (at >= 0).all()
    g = d.array(at.shape, p.dtype, True, 0.6)
    pool = lambda a: ag.max_pool2d(
        a, p.geo.kernel, p.geo.stride, p.geo.padding, p.geo.dilation, p.ceil
    )
    lines = lambda a: np.array(a).reshape(p.shape[0] * p.shape[1], -1)

    def largest():
        where = reference.first_largest_of(np.array(x), *sides)
        return np.take_along_axis(lines(x), lines(where), -1).reshape(where.shape)

    def back(team):
        t = ag.Tensor(few)
        pool(t).backward(np.ascontiguousarray(g))
        return t.grad

    def spread():
        out = np.zeros(lines(x).shape)
        for line, places, values in zip(out, lines(at), wide(lines(g)), strict=True):
            np.add.at(line, places, values)
        return out.reshape(p.shape)

    told = p.geo, p.ceil
    yield Trial(lambda team: np.asarray(pool(x)), largest, told=(x, *told)) if whole else None
    yield Trial(back, spread, p.eps, p.eps, told=(few, g, *told)) if whole else None


@kernel("avg_pool2d", "avg_pool_backward", every=6)
def draw_average_pool(d):
    p = Pooling(d)
    sides = [side[:4] for side in p.sides]
    down, across = (reference.places(*side, 1, p.ceil).sum(axis=1) for side in sides)
    whole = np.outer(*[reference.lengths(*side, p.ceil) for side in sides])
    x = d.array(p.shape, p.dtype, True, 0.6)
    g = d.array((*p.shape[:2], *whole.shape), p.dtype, True, 0.6)
    pool = lambda a: ag.avg_pool2d(a, p.geo.kernel, p.geo.stride, p.geo.padding, p.ceil)
    small = lambda a, like: wide(a) / (float(np.abs(wide(like)).max(initial=0)) + 1e-30)

    def back(team):
        t = ag.Tensor(np.zeros(p.shape, p.dtype))
        pool(t).backward(np.ascontiguousarray(g))
        return small(t.grad, g)

    yield Trial(
        lambda team: small(pool(x), x),
        lambda: down @ small(x, x) @ across.T / whole, p.eps, 10 * p.eps, told=(x, p.geo, p.ceil),
    )  # fmt: skip
    yield Trial(
        back,
        lambda: down.T @ (small(g, g) / whole) @ across, p.eps, 10 * p.eps, told=(g, p.geo, p.ceil),
    )  # fmt: skip


@kernel("max_pool_2x2", "max_unpool_2x2", "channel_sums", "largest", "window_sums", every=6)
def draw_tiles(d):
    dtype, shape = d.dtype(), (d.number(1, 3), d.number(1, 4), d.number(0, 13), d.number(0, 40))
    x = d.array(shape, dtype, plain=0.7)
    half = (*shape[:2], shape[2] // 2, shape[3] // 2)
    tiles = lambda a: (
        a[..., : 2 * half[2], : 2 * half[3]]
        .reshape(*half[:3], 2, half[3], 2)
        .swapaxes(-3, -2)
        .reshape(*half, 4)
    )
    yield Trial(
        lambda team: loops.max_pool_2x2(x, team), lambda: tiles(np.array(x)).max(-1), told=(x,)
    )
    few = np.asarray(d.integers(-1, 2, shape)).astype(dtype)
    g = d.array(half, dtype, plain=0.7)

    def back():
        out = np.zeros(shape, dtype)
        where = tiles(few).argmax(-1)
        for k in range(4):
            out[..., k // 2 : 2 * half[2] : 2, k % 2 : 2 * half[3] : 2] = np.where(where == k, g, 0)
        return out

    yield Trial(lambda team: loops.max_unpool_2x2(g, few, team), back, told=(g, few))
    y = d.array(shape, np.dtype("f4"), True, 0.8)
    size = np.abs(wide(y)).sum((0, 2, 3)) + 1e-30
    yield Trial(
        lambda team: scaled(loops.channel_sums(y, team), size),
        lambda: scaled(wide(y).sum((0, 2, 3)), size), 1e-5, 1e-6, told=(y,),
    )  # fmt: skip
    images = (d.number(1, 3), d.number(1, 9), d.number(1, 30))
    bounds = [np.sort(d.integers(0, n + 1, (d.number(1, 5), 2)), axis=1) for n in images[1:]]
    z = d.values(images, dtype, finite=True)
    out = Guard(np.zeros((images[0], *map(len, bounds)), dtype))
    none = (0, 0, 0, 0, 0, 0, 1, 1)

    def run(call):
        def called(team):
            call(z, out.array, *bounds, none, team)
            assert out.holds()
            return out.array

        return called

    def each(function):
        cells = [
            [function(z[:, a:b, e:f].reshape(len(z), (b - a) * (f - e))) for e, f in bounds[1]]
            for a, b in bounds[0]
        ]
        return np.moveaxis(np.array(cells), -1, 0)

    yield Trial(
        run(loops.largest), lambda: each(lambda c: c.max(-1, initial=-np.inf)), told=(z, *bounds)
    )
    total = each(lambda c: np.abs(wide(c)).sum(-1)) + 1e-30
    sums = run(loops.window_sums)
    yield Trial(
        lambda team: scaled(sums(team), total),
        lambda: scaled(each(lambda c: wide(c).sum(-1)), total), *[within(dtype, 1e-5, 1e-13)] * 2, told=(z, *bounds),
    )  # fmt: skip


@kernel("cut", "warp", "mix_images", every=6)
def draw_augmented(d):
    n, channels, height, width = d.number(0, 4), d.number(1, 3), d.number(0, 20), d.number(0, 20)
    kind = d.one_of((np.uint8, np.float32))
    x, how = pictures((n, channels, height, width), kind, d.rng), drawn_windows(n, d.rng)
    yield Trial(
        lambda team: loops.cut(x, how, width, height, team),
        lambda: windows(x, how, width, height),
        told=(x, how),
    )
    affine = d.integers(-100_000, 100_000, (n, 6))
    a, b, c, e, f, g = affine.T[:, :, None, None]
    i, j = np.arange(height)[:, None], np.arange(width)
    rows, columns = a * i + b * j + c, e * i + f * j + g
    yield Trial(
        lambda team: loops.warp(x, affine, False, team),
        lambda: fetched(x, (rows + 32768) >> 16, (columns + 32768) >> 16), told=(x, affine),
    )  # fmt: skip
    mix = np.stack([d.rng.permutation(n), d.integers(0, 65537, n)], axis=1).reshape(n, 2)

    def mixed():
        weight, whole = mix[:, 1, None, None, None], x.astype("f8" if kind == np.float32 else "i8")
        total = weight * whole + (65536 - weight) * whole[mix[:, 0]]
        return (total + 32768) >> 16 if kind == np.uint8 else total / 65536

    yield Trial(lambda team: loops.mix_images(x, mix, team), mixed, 1e-6, 1e-7, told=(x, mix))
