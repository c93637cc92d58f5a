"""Pooling windows of images, and the loops over them, compiled into who uses them."""

from cython cimport floating
from libc.limits cimport INT_MAX
from libc.stdint cimport int64_t

cimport numpy as cnp

from agx._kernels.checks cimport bounds, has_sizes


cdef struct Windows:
    # Images, the first and the last-plus-one row (OH, 2) and column (OW, 2) of each window, and the steps
    # from row to row and from column to column in it.
    Py_ssize_t count, H, W, OH, OW, down, across
    const int64_t *rows
    const int64_t *columns


cdef inline Windows read_windows(object images, object pooled, object rows, object columns,
                                 tuple dilation=(1, 1)) except *:
    """Read the windows of ``images`` (count, H, W) that ``pooled`` (count, OH, OW) has numbers of."""
    cdef Windows s
    s.count, s.H, s.W = images.shape
    s.rows, s.columns = bounds(rows, s.H), bounds(columns, s.W)
    s.OH, s.OW = cnp.PyArray_DIM(rows, 0), cnp.PyArray_DIM(columns, 0)
    has_sizes(pooled, (s.count, s.OH, s.OW))
    s.down, s.across = dilation
    if not (1 <= s.down <= INT_MAX and 1 <= s.across <= INT_MAX):
        raise ValueError(f"patches: expected steps from 1 to {INT_MAX} in a window, got {dilation}")
    return s


cdef inline Py_ssize_t first_largest(const floating *x, const Windows *s, Py_ssize_t i,
                                     Py_ssize_t j) noexcept nogil:
    """Where in an image window (i, j) has its first largest element, NaN before all others; -1 if empty."""
    cdef Py_ssize_t w, h = s.rows[2 * i], best = -1
    cdef floating value
    if h < s.rows[2 * i + 1] and s.columns[2 * j] < s.columns[2 * j + 1]:
        best = h * s.W + s.columns[2 * j]
    while h < s.rows[2 * i + 1]:
        w = s.columns[2 * j]
        while w < s.columns[2 * j + 1]:
            value = x[h * s.W + w]
            if value > x[best] or (value != value and x[best] == x[best]):
                best = h * s.W + w
            w += s.across
        h += s.down
    return best


cdef inline void pick_largest(const floating *x, const floating *u, floating *out, floating empty,
                              const Windows *s) noexcept nogil:
    cdef Py_ssize_t _n, i, j, at
    for _n in range(s.count):
        for i in range(s.OH):
            for j in range(s.OW):
                at = first_largest(x, s, i, j)
                out[j] = u[at] if at >= 0 else empty
            out += s.OW
        x += s.H * s.W
        u += s.H * s.W


cdef inline void add_to_largest(const floating *x, const floating *g, floating *dx,
                                const Windows *s) noexcept nogil:
    cdef Py_ssize_t _n, i, j, at
    for _n in range(s.count):
        for i in range(s.OH):
            for j in range(s.OW):
                at = first_largest(x, s, i, j)
                if at >= 0:
                    dx[at] += g[j]
            g += s.OW
        x += s.H * s.W
        dx += s.H * s.W


cdef inline void sum_windows(const floating *x, floating *out, const Windows *s) noexcept nogil:
    cdef Py_ssize_t _n, i, j, h, w
    cdef floating total
    for _n in range(s.count):
        for i in range(s.OH):
            for j in range(s.OW):
                total = 0
                for h in range(s.rows[2 * i], s.rows[2 * i + 1]):
                    for w in range(s.columns[2 * j], s.columns[2 * j + 1]):
                        total += x[h * s.W + w]
                out[j] = total
            out += s.OW
        x += s.H * s.W


cdef inline void add_to_windows(const floating *g, floating *dx, const Windows *s) noexcept nogil:
    cdef Py_ssize_t _n, i, j, h, w
    for _n in range(s.count):
        for i in range(s.OH):
            for j in range(s.OW):
                for h in range(s.rows[2 * i], s.rows[2 * i + 1]):
                    for w in range(s.columns[2 * j], s.columns[2 * j + 1]):
                        dx[h * s.W + w] += g[j]
            g += s.OW
        dx += s.H * s.W
