"""Pooling windows of images, and the loops over them, compiled into who uses them."""

from cython cimport floating
from libc.stdint cimport int64_t

cimport numpy as cnp

from agx._kernels.checks cimport has_sizes, integers


cdef struct Windows:
    # Images, and the first and the last-plus-one row (OH, 2) and column (OW, 2) of each window.
    Py_ssize_t count, H, W, OH, OW
    const int64_t *rows
    const int64_t *columns


cdef inline const int64_t *bounds(object side, Py_ssize_t size) except NULL:
    """Windows (count, 2) that lie on an axis of length ``size`` and are not empty, or else ValueError."""
    cdef const int64_t *at = integers(side)
    cdef Py_ssize_t i
    has_sizes(side, (len(side), 2))
    for i in range(cnp.PyArray_DIM(side, 0)):
        if not 0 <= at[2 * i] < at[2 * i + 1] <= size:
            raise ValueError(f"patches: a window from {at[2 * i]} to {at[2 * i + 1]} does not lie on an "
                             f"axis of length {size}")
    return at


cdef inline Windows read_windows(object images, object pooled, object rows, object columns) except *:
    """Read the windows of ``images`` (count, H, W) that ``pooled`` (count, OH, OW) has numbers of."""
    cdef Windows s
    s.count, s.H, s.W = images.shape
    s.rows, s.columns = bounds(rows, s.H), bounds(columns, s.W)
    s.OH, s.OW = cnp.PyArray_DIM(rows, 0), cnp.PyArray_DIM(columns, 0)
    has_sizes(pooled, (s.count, s.OH, s.OW))
    return s


cdef inline Py_ssize_t first_largest(const floating *x, const Windows *s, Py_ssize_t i,
                                     Py_ssize_t j) noexcept nogil:
    """Where in an image window (i, j) has its first largest element, NaN before all others."""
    cdef Py_ssize_t h, w, best = s.rows[2 * i] * s.W + s.columns[2 * j]
    cdef floating value
    for h in range(s.rows[2 * i], s.rows[2 * i + 1]):
        for w in range(s.columns[2 * j], s.columns[2 * j + 1]):
            value = x[h * s.W + w]
            if value > x[best] or (value != value and x[best] == x[best]):
                best = h * s.W + w
    return best


cdef inline void pick_largest(const floating *x, const floating *u, floating *out,
                              const Windows *s) noexcept nogil:
    cdef Py_ssize_t _n, i, j
    for _n in range(s.count):
        for i in range(s.OH):
            for j in range(s.OW):
                out[j] = u[first_largest(x, s, i, j)]
            out += s.OW
        x += s.H * s.W
        u += s.H * s.W


cdef inline void add_to_largest(const floating *x, const floating *g, floating *dx,
                                const Windows *s) noexcept nogil:
    cdef Py_ssize_t _n, i, j
    for _n in range(s.count):
        for i in range(s.OH):
            for j in range(s.OW):
                dx[first_largest(x, s, i, j)] += g[j]
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
