"""NumPy twins of the kernels: slow, obvious, and what the kernels are tested against."""

import functools
import math

import numpy as np

#: float32 in the order of bytes that this machine does not have.
SWAPPED = np.dtype("f4").newbyteorder()


def im2col(x, geometry):
    """Patches of (N, C, H, W) as (N, C * KH * KW, OH * OW), element by element."""
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = geometry
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    n, c, h, w = x.shape
    down, across = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    out = np.empty((n, c, kh, kw, down, across), x.dtype)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dh, i * dh + sh * (down - 1) + 1, sh)
            columns = slice(j * dw, j * dw + sw * (across - 1) + 1, sw)
            out[:, :, i, j] = x[:, :, rows, columns]
    return out.reshape(n, c * kh * kw, down * across)


def conv2d(x, w, b, geometry, groups):
    """Convolution as a sum over patches."""
    parts = []
    for xs, ws in zip(np.split(x, groups, 1), np.split(w, groups, 0), strict=True):
        columns = im2col(xs, geometry)
        parts.append(np.einsum("od,ndp->nop", ws.reshape(len(ws), -1), columns))
    out = np.concatenate(parts, 1)
    return out if b is None else out + b[:, None]


def index_add(size, index, values):
    out = np.zeros(size, values.dtype)
    np.add.at(out, index, values)
    return out


def max_pool(x, rows, columns):
    out = np.empty((len(x), len(rows), len(columns)), x.dtype)
    for i, (h0, h1) in enumerate(rows):
        for j, (w0, w1) in enumerate(columns):
            out[:, i, j] = x[:, h0:h1, w0:w1].max(axis=(1, 2))
    return out


def first_largest(x, rows, columns):
    """Row and column of the first largest element of each window."""
    for i, (h0, h1) in enumerate(rows):
        for j, (w0, w1) in enumerate(columns):
            for n in range(len(x)):
                window = x[n, h0:h1, w0:w1]
                h, w = np.unravel_index(window.argmax(), window.shape)
                yield n, i, j, h0 + h, w0 + w


def max_unpool(x, g, rows, columns):
    out = np.zeros_like(x)
    for n, i, j, h, w in first_largest(x, rows, columns):
        out[n, h, w] += g[n, i, j]
    return out


def max_pick(x, u, rows, columns):
    out = np.empty((len(x), len(rows), len(columns)), x.dtype)
    for n, i, j, h, w in first_largest(x, rows, columns):
        out[n, i, j] = u[n, h, w]
    return out


def sum_pool(x, rows, columns):
    out = np.empty((len(x), len(rows), len(columns)), x.dtype)
    for i, (h0, h1) in enumerate(rows):
        for j, (w0, w1) in enumerate(columns):
            out[:, i, j] = x[:, h0:h1, w0:w1].sum(axis=(1, 2))
    return out


def sum_unpool(g, shape, rows, columns):
    out = np.zeros(shape, g.dtype)
    for i, (h0, h1) in enumerate(rows):
        for j, (w0, w1) in enumerate(columns):
            out[:, h0:h1, w0:w1] += g[:, i, j, None, None]
    return out


def logsumexp(x):
    x = x.astype(np.float64)
    m = x.max(axis=1, initial=-np.inf)
    safe = np.where(np.isfinite(m), m, 0)
    with np.errstate(divide="ignore", over="ignore"):
        return safe + np.log(np.exp(x - safe[:, None]).sum(axis=1))


def softmax(x):
    x = x.astype(np.float64)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# --- windows of any geometry as matrices of zeros and ones ------------------------------------------


def starts(n, k, stride, padding, dilation, ceil_mode=False):
    """Where a kernel of ``k`` weights begins on an axis of ``n`` positions, the padding below 0.

    In ceil mode it may reach beyond the padding by less than a stride, if it begins before that.
    """
    start, reach, end = -padding, dilation * (k - 1) + 1, n + padding
    while start + reach <= end or (ceil_mode and start + reach < end + stride and start < n):
        yield start
        start += stride


@functools.cache
def places(n, k, stride, padding, dilation, ceil_mode=False):
    """[place, weight, position] is 1 where a kernel of ``k`` weights meets an axis of ``n`` positions."""
    begins = list(starts(n, k, stride, padding, dilation, ceil_mode))
    out = np.zeros((len(begins), k, n))
    for place, start in enumerate(begins):
        for weight in range(k):
            position = start + weight * dilation
            if 0 <= position < n:
                out[place, weight, position] = 1
    return out


@functools.cache
def lengths(n, k, stride, padding, ceil_mode):
    """How much of each place of a kernel is image or padding."""
    return [min(k, n + padding - start) for start in starts(n, k, stride, padding, 1, ceil_mode)]


def evenly(n, count):
    """[window, position] averages over ``count`` windows that cover ``n`` positions."""
    out = np.zeros((count, n))
    for i in range(count):
        first, last = math.floor(i * n / count), math.ceil((i + 1) * n / count)
        out[i, first:last] = 1 / (last - first)
    return out


@functools.cache
def _positions(side):
    """[place, weight]: the position, or -1 in the padding."""
    at = places(*side)
    return np.where(at.any(axis=2), at.argmax(axis=2), -1)


def first_largest_of(x, rows, columns):
    """Where in a flattened image each window has its first largest element, NaN before all others.

    That is -1 for a window of padding alone.
    """
    down, across = _positions(rows), _positions(columns)
    i, j = down[:, None, :, None], across[None, :, None, :]
    inside = (i >= 0) & (j >= 0)
    where = np.broadcast_to(i * x.shape[3] + j, inside.shape).reshape(*inside.shape[:2], -1)
    inside = inside.reshape(where.shape)
    # Order the numbers, NaN above infinity; what is no element of the image comes below all of them.
    values, rank = np.unique(x, return_inverse=True)
    rank = rank.reshape(*x.shape[:2], -1)[:, :, np.where(inside, where, 0)]
    best = np.where(inside, rank, -1).argmax(axis=-1)[..., None]
    at = np.take_along_axis(np.broadcast_to(where, rank.shape), best, -1)[..., 0]
    return np.where(inside.any(axis=-1), at, -1)


def patches_of(x, rows, columns):
    """The numbers that each weight meets at each place, [..., row, column, weight row, weight column]."""
    (down, kh, h), (across, kw, w) = sizes = places(*rows).shape, places(*columns).shape
    d, a = (_flat(side, size, x) for side, size in zip((rows, columns), sizes, strict=True))
    met = (d @ x @ a.T).reshape(*x.shape[:-2], down, kh, across, kw)
    return np.swapaxes(met, -3, -2)


def patches_added(p, rows, columns):
    """The transpose of ``patches_of``."""
    (down, kh, h), (across, kw, w) = sizes = places(*rows).shape, places(*columns).shape
    d, a = (_flat(side, size, p) for side, size in zip((rows, columns), sizes, strict=True))
    return d.T @ np.swapaxes(p, -3, -2).reshape(*p.shape[:-4], down * kh, across * kw) @ a


def _flat(side, shape, like):
    return places(*side).reshape(shape[0] * shape[1], shape[2]).astype(like.dtype)


def convolution(x, w, g, rows, columns, groups):
    """A convolution, and what its gradient ``g`` is for images and weight."""
    n, (filters, c, kh, kw), (oh, ow) = len(x), w.shape, g.shape[2:]
    o = filters // groups
    x = x.reshape(n, groups, c, *x.shape[2:])
    met = np.moveaxis(patches_of(x, rows, columns), 2, 4).reshape(n, groups, oh * ow, c * kh * kw)
    w, g = w.reshape(groups, o, c * kh * kw), g.reshape(n, groups, o, oh * ow)
    back = (np.swapaxes(g, 2, 3) @ w).reshape(n, groups, oh, ow, c, kh, kw)
    dx = patches_added(np.moveaxis(back, 4, 2), rows, columns)
    return (
        (w @ np.swapaxes(met, 2, 3)).reshape(n, filters, oh, ow),
        dx.reshape(n, groups * c, *dx.shape[3:]),
        (g @ met).sum(axis=0).reshape(filters, c, kh, kw),
    )
