"""NumPy twins of the kernels: slow, obvious, and what the kernels are tested against."""

import numpy as np


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
