"""Trials of kernels that work along lines: softmax and its relatives, sums, picked rows, normalisation."""

import numpy as np

from agx._kernels import loops

from .arrays import Guard
from .campaign import Trial, kernel
from .elements import within

EPS = 1e-3


def wide(x):
    return np.array(x, "f8")


def soft(x):
    """softmax of rows, of which infinities take all, evenly, and rows of -infinity are even."""
    x = wide(x)
    most = x.max(axis=-1, keepdims=True, initial=-np.inf)
    e = np.where(np.isinf(most), x == most, np.exp(x - np.where(np.isinf(most), 0, most)))
    return np.where(np.isnan(most), np.nan, e / e.sum(axis=-1, keepdims=True))


def lse(x):
    x = wide(x)
    most = x.max(axis=-1, initial=-np.inf)
    still = np.where(np.isfinite(most), most, 0)
    out = still + np.log(np.exp(x - still[..., None]).sum(axis=-1))
    return np.where(np.isposinf(most), np.inf, out)


def log_soft(x):
    shifted = wide(x) - wide(x).max(axis=-1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def scaled(x, size):
    """Numbers as shares of ``size``, and 1, so that what is near is told by that."""
    return None if x is None else np.append(wide(x) / size, 1.0)


@kernel("logsumexp", "softmax", "log_softmax", "logsumexp_gradient")
def draw_softmax(d):
    dtype, shape = d.dtype(), d.shape(1)
    x, g = d.array(shape, dtype), d.array(shape[:-1], dtype, finite=True)
    eps = within(dtype, 4e-6, 2e-14)
    most = 1 + float(np.abs(wide(x)[np.isfinite(wide(x))]).max(initial=0))
    yield Trial(
        lambda team: scaled(loops.logsumexp(x, team), most),
        lambda: scaled(lse(x), most), eps, eps, told=(x,),
    )  # fmt: skip
    yield Trial(lambda team: loops.softmax(x, team), lambda: soft(x), 30 * eps, 1e-36, told=(x,))
    yield Trial(
        lambda team: loops.log_softmax(x, team),
        lambda: log_soft(x).astype(dtype), eps, 10 * eps, told=(x,),
    ) if np.isfinite(wide(x)).all() else None  # fmt: skip
    yield Trial(
        lambda team: loops.logsumexp_gradient(g, x, team),
        lambda: wide(g)[..., None] * soft(x), 100 * eps, 1e-30, told=(g, x),
    )  # fmt: skip


@kernel("softmax_gradient")
def draw_softmax_gradient(d):
    dtype, shape, logarithm = d.dtype(), d.shape(1), d.chance(0.5)
    x, g = d.values(shape, dtype, finite=True), d.array(shape, dtype, finite=True)
    y = np.asarray(log_soft(x) if logarithm else soft(x)).astype(dtype)
    eps, total = within(dtype, 4e-4, 2e-12), np.abs(wide(g)).sum(-1).max(initial=1e-30)

    def back():
        v, u = wide(y), wide(g)
        if logarithm:
            return u - np.exp(v) * u.sum(-1, keepdims=True)
        return v * (u - (u * v).sum(-1, keepdims=True))

    yield Trial(
        lambda team: scaled(loops.softmax_gradient(g, y, logarithm, team), total),
        lambda: scaled(back(), total), eps, eps, told=(g, y, logarithm),
    )  # fmt: skip


#: Targets that are not plain int64 of the right number.
STRANGE_TARGETS = (
    lambda t: t.astype("i4"),
    lambda t: np.repeat(t, 2)[::2],
    lambda t: t[1:],
    lambda t: t.astype(">i8"),
)


def or_refused(call):
    """What a call gives, or 1 if it says that a target is no class."""

    def tried(team):
        try:
            return call(team)
        except ValueError as error:
            return np.array(1.0 if "class numbers from 0 to" in str(error) else 2.0)

    return tried


@kernel("are_classes", "nll", "nll_gradient")
def draw_nll(d):
    dtype, mean = d.dtype(), d.chance(0.5)
    rows, n = shape = d.shape(2, 2)
    z = d.array(shape, dtype, finite=True)
    t = d.integers(0, max(n, 1), rows)
    wrong = bool(rows) and (not n or d.chance(0.1))
    if wrong and n:
        t[d.number(0, rows - 1)] = d.one_of((-1, n, 2**62, -(2**63)))
    elif not wrong and d.chance(0.2):
        t = d.one_of(STRANGE_TARGETS)(t)
    g = d.array(() if mean else (rows,), dtype, finite=True)
    eps, least = within(dtype, 4e-6, 2e-14), float(np.abs(wide(z)).max(initial=1))
    small = lambda x: scaled(x, float(np.abs(wide(g)).max(initial=1e-30)))
    plain = t.dtype == np.int64 and t.dtype.isnative and t.flags.c_contiguous

    def losses():
        if wrong:
            return scaled(np.array(1.0), least)
        each = lse(z) - wide(z)[np.arange(rows), t]
        return scaled(each.mean() if mean else each, least)

    def slopes():
        if wrong:
            return np.array(1.0)
        shares = wide(g) / rows if mean else wide(g)[:, None]
        return small((soft(z) - (np.arange(n) == t[:, None])) * shares)

    yield Trial(
        lambda team: loops.are_classes(t, n, -100),
        lambda: np.bool_(plain and ((t >= 0) & (t < n)).all()), told=(t, n),
    )  # fmt: skip
    yield Trial(
        lambda team: scaled(or_refused(lambda n: loops.nll(z, t, mean, n))(team), least),
        losses, 10 * eps, 10 * eps, told=(z, t, mean),
    ) if n else None  # fmt: skip
    yield Trial(
        or_refused(lambda team: small(loops.nll_gradient(g, z, t, mean, team))),
        slopes, 100 * eps, 10 * eps, told=(g, z, t, mean),
    )  # fmt: skip


@kernel("sums", "cumulate", "product_gradient", "share_extreme")
def draw_lines(d):
    dtype, shape = d.dtype(), d.shape(1)
    x, axis = d.array(shape, dtype), d.number(0, len(shape) - 1)
    y = d.array(shape, dtype, finite=True)
    eps = within(dtype, 2e-6, 1e-14)
    size = float(np.abs(wide(y)).sum(axis).max(initial=0)) + 1e-30
    yield Trial(
        lambda team: scaled(loops.sums(y, axis, team), size),
        lambda: scaled(wide(y).sum(axis), size), eps, eps, told=(y, axis),
    )  # fmt: skip
    products, back = d.chance(0.5), d.chance(0.5)
    function = np.cumprod if products else np.cumsum
    yield Trial(
        lambda team: loops.cumulate(x, axis, products, back, team),
        lambda: np.flip(function(np.flip(x, axis), axis), axis) if back else function(x, axis),
        told=(x, axis, products, back),
    )
    z = d.rng.uniform(0.5, 1.5, shape).astype(dtype)
    z[d.rng.random(shape) < 0.1] = 0
    run, g = np.cumprod(z, axis), d.values(shape, dtype, finite=True)
    yield Trial(
        lambda team: loops.product_gradient(g, run, z, axis, team),
        lambda: slopes_of_products(wide(g), wide(z), axis),
        within(dtype, 1e-3, 1e-11), within(dtype, 1e-4, 1e-12), told=(g, z, axis),
    ) if shape[axis] < 40 and z.size < 2000 else None  # fmt: skip
    few = np.asarray(d.integers(0, 3, shape)).astype(dtype)
    best = few.max(axis) if shape[axis] else np.zeros(np.delete(shape, axis), dtype)
    h = d.array(best.shape, dtype, finite=True)

    def shares():
        hit = few == np.expand_dims(best, axis)
        return np.where(
            hit, np.expand_dims(np.array(h), axis) / hit.sum(axis, keepdims=True).astype(dtype), 0
        )

    yield Trial(
        lambda team: loops.share_extreme(h, best, few, axis, team), shares, told=(h, few, axis)
    )


def slopes_of_products(g, x, axis):
    lines = (np.moveaxis(a, axis, -1) for a in (g, x))
    g, x = lines
    out = np.zeros(x.shape)
    for i in range(x.shape[-1]):
        others = x.copy()
        others[..., i] = 1
        out[..., i] = (np.cumprod(others, -1) * g)[..., i:].sum(-1)
    return np.moveaxis(out, -1, axis)


@kernel("pick", "add_at", "index_add")
def draw_picked(d):
    dtype, shape = d.dtype(), d.shape(1)
    x, n = d.array(shape, dtype), shape[0]
    index = d.integers(-n, n, d.shape(0, 2, 50)) if n else np.zeros(2, np.int64)
    if d.chance(0.1) and index.size:
        index.flat[0] = d.one_of((n, -n - 1, 2**62, -(2**63)))
    elif d.chance(0.2) and index.ndim:
        index = d.one_of((lambda a: a.astype("i4"), lambda a: a[::-1], lambda a: a.astype(">i8")))(
            index
        )
    yield Trial(lambda team: loops.pick(x, index, team), lambda: x[index], told=(x, index))
    g = d.array(index.shape + shape[1:], dtype)
    guard, elsewhere = Guard(np.array(x)), d.chance(0.5)
    out = Guard(np.zeros(shape, dtype))

    def add(team):
        guard.array[...] = x
        done = loops.add_at(guard.array, index, g, team, *([out.array] if elsewhere else []))
        assert guard.holds() and out.holds()
        if not done:
            return None
        return out.array if elsewhere else guard.array

    def added():
        wanted = np.array(x)
        np.add.at(wanted, index, g)
        return wanted

    yield Trial(add, added, told=(x, index, g, elsewhere))
    flat, values = Guard(np.zeros(max(n, 1), dtype)), d.values((d.number(0, 40),), dtype)
    places = d.integers(0, max(n, 1), values.size)

    def add_each(team):
        flat.array[...] = 0
        loops.index_add(flat.array, places, values)
        assert flat.holds()
        return flat.array

    def each_added():
        wanted = np.zeros(max(n, 1), dtype)
        np.add.at(wanted, places, values)
        return wanted

    yield Trial(add_each, each_added, told=(places, values))


@kernel("moments", "normalise", "gradient_sums", "normalise_gradient")
def draw_channels(d):
    dtype, shape = d.dtype(), d.shape(2, 4, 2000)
    x, g = d.array(shape, dtype, finite=True), d.array(shape, dtype, finite=True)
    x = np.clip(x, -1e3, 1e3) if d.chance(0.9) else x
    c = shape[1]
    w, b = (d.array((c,), dtype, finite=True, plain=0.9) for _ in range(2))
    axes, per = (0, *range(2, len(shape))), (1, -1) + (1,) * (len(shape) - 2)
    mean, scale = d.rng.standard_normal(c), d.rng.uniform(0.1, 2, c)
    eps = within(dtype, 1e-5, 1e-11)
    square = float((wide(x) ** 2).max(initial=1e-30))
    of = lambda pair: (
        None if pair is None else (scaled(pair[0], square**0.5), scaled(pair[1], square))
    )
    yield Trial(
        lambda team: of(loops.moments(x, team)),
        lambda: of((wide(x).mean(axes), wide(x).var(axes))), eps, eps, told=(x,),
    )  # fmt: skip
    yield Trial(
        lambda team: loops.normalise(x, w, b, mean, scale, team),
        lambda: (wide(x) - mean.reshape(per)) * (scale * w).reshape(per) + wide(b).reshape(per),
        10 * eps, eps, told=(x, w, b),
    )  # fmt: skip
    centred = wide(x) - mean.reshape(per)
    sums = wide(g).sum(axes), (wide(g) * centred).sum(axes)
    met = np.abs(wide(x)) + np.abs(mean).reshape(per)
    sizes = np.abs(wide(g)).sum(axes) + 1e-30, (np.abs(wide(g)) * met).sum(axes) + 1e-30
    shares = lambda pair: (
        None if pair is None else tuple(scaled(a, s) for a, s in zip(pair, sizes, strict=True))
    )
    yield Trial(
        lambda team: shares(loops.gradient_sums(g, x, mean, team)),
        lambda: shares(sums),
        eps,
        eps,
        told=(g, x),
    )
    count = x.size / max(c, 1)

    def back():
        h, r = wide(g) * wide(w).reshape(per), scale.reshape(per)
        total, product = (wide(w) * s for s in sums)
        return r * (h - total.reshape(per) / count - centred * r * r * product.reshape(per) / count)

    yield Trial(
        lambda team: loops.normalise_gradient(g, x, w, mean, scale, *sums, team),
        back, 100 * eps, 100 * eps, told=(g, x, w),
    )  # fmt: skip


@kernel("normalise_rows", "normalise_rows_gradient")
def draw_rows(d):
    dtype, shape = d.dtype(), d.shape(1, 3, 2000)
    n = shape[-1]
    x, g = d.array(shape, dtype, finite=True), d.array(shape, dtype, finite=True)
    w, b = (d.array((n,), dtype, finite=True, plain=0.9) for _ in range(2))
    lines = int(np.prod(shape[:-1]))
    eps = within(dtype, 1e-4, 1e-10)
    tame = np.abs(wide(x)).max(initial=0) < 1e3

    def forward():
        mean, r = wide(x).mean(-1, keepdims=True), 1 / np.sqrt(wide(x).var(-1, keepdims=True) + EPS)
        return (wide(x) - mean) * r * wide(w) + wide(b), mean.reshape(lines), r.reshape(lines)

    yield (
        Trial(
            lambda team: loops.normalise_rows(x, w, b, EPS, team), forward, eps, eps, told=(x, w, b)
        )
        if tame
        else None
    )
    mean, scale = wide(x).mean(-1).reshape(lines), 1 / np.sqrt(wide(x).var(-1) + EPS).reshape(lines)

    def back():
        h, c = wide(g) * wide(w), wide(x) - wide(x).mean(-1, keepdims=True)
        r = scale.reshape(*shape[:-1], 1)
        dx = r * (h - h.mean(-1, keepdims=True) - c * r * r * (h * c).mean(-1, keepdims=True))
        rest = tuple(range(len(shape) - 1))
        return scaled(dx, size), np.stack([(wide(g) * c * r).sum(rest), wide(g).sum(rest)]) / sums

    size = np.abs(wide(g) * wide(w)).max(initial=1e-30) * scale.max(initial=1e-30) * 10
    sums = np.abs(wide(g)).sum() + 1e-30

    def call(team):
        found = loops.normalise_rows_gradient(g, x, w, mean, scale, team)
        return (
            None if found is None else (scaled(found[0], size), wide(found[1]).sum(axis=0) / sums)
        )

    yield Trial(call, back, 100 * eps, eps, told=(g, x, w)) if tame else None


@kernel("matmul")
def draw_matmul(d):
    m, k, n = (d.one_of((1, 2, 3, 7, 8, 9, 16, 17, 33, 48, 70)) for _ in range(3))
    k2 = k if d.chance(0.95) else k + 1
    dtype = np.dtype("f4") if d.chance(0.9) else d.dtype()
    x, y = d.array((m, k), dtype, finite=True), d.array((k2, n), dtype, finite=True)
    b = d.array((n,), dtype, finite=True, plain=0.9) if d.chance(0.5) else None
    x, y = (np.clip(a, -1e12, 1e12) if np.abs(a).max() > 1e12 else a for a in (x, y))
    size = (
        np.abs(wide(x)) @ np.abs(wide(y)) + (0 if b is None else np.abs(wide(b))) + 1e-30
        if k == k2
        else 1
    )
    share = lambda out: None if out is None else np.append((wide(out) / size).ravel(), 1.0)
    yield Trial(
        lambda team: share(loops.matmul(x, y, b, team)),
        lambda: share(wide(x) @ wide(y) + (0 if b is None else wide(b))), 2e-6, 2e-6, told=(x, y, b),
    )  # fmt: skip
