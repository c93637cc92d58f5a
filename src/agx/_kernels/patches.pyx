"""Patches of images: index construction, gather, scatter-add, and pooling windows.

All arrays are C-contiguous. A geometry is (KH, KW, stride, stride, padding, padding, dilation,
dilation); columns have one row for each (channel, kernel row, kernel column) and one column for each
output position.
"""

from cython cimport floating
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset


cdef inline void valid_range(Py_ssize_t start, Py_ssize_t step, Py_ssize_t size, Py_ssize_t count,
                             Py_ssize_t *low, Py_ssize_t *high) noexcept nogil:
    """The k in [0, count) for which start + k * step lies in [0, size)."""
    low[0] = 0 if start >= 0 else (-start + step - 1) // step
    high[0] = 0 if start >= size else (size - 1 - start) // step + 1
    if high[0] > count:
        high[0] = count
    if low[0] > high[0]:
        low[0] = high[0]


def fill_indices(int64_t[:, ::1] out, Py_ssize_t H, Py_ssize_t W, Py_ssize_t OW, tuple geometry):
    """Write the flat index into (C, H, W) of each patch element; -1 where there is padding.

    ``out`` has shape (P, C * KH * KW).
    """
    cdef Py_ssize_t KH, KW, SH, SW, PH, PW, DH, DW, p, q, c, kh, kw, h, w
    KH, KW, SH, SW, PH, PW, DH, DW = geometry
    cdef Py_ssize_t channels = out.shape[1] // (KH * KW) if KH * KW else 0
    with nogil:
        for p in range(out.shape[0]):
            q = 0
            for c in range(channels):
                for kh in range(KH):
                    h = (p // OW) * SH - PH + kh * DH
                    for kw in range(KW):
                        w = (p % OW) * SW - PW + kw * DW
                        if 0 <= h < H and 0 <= w < W:
                            out[p, q] = (c * H + h) * W + w
                        else:
                            out[p, q] = -1
                        q += 1


cdef void gather_image(const floating *x, floating *cols, Py_ssize_t channels, Py_ssize_t H,
                       Py_ssize_t W, Py_ssize_t OH, Py_ssize_t OW, const Py_ssize_t *geo) noexcept nogil:
    cdef Py_ssize_t KH = geo[0], KW = geo[1], SH = geo[2], SW = geo[3]
    cdef Py_ssize_t _c, kh, kw, oh, ow, h, left, low, high
    cdef const floating *row
    for _c in range(channels):
        for kh in range(KH):
            for kw in range(KW):
                left = kw * geo[7] - geo[5]
                valid_range(left, SW, W, OW, &low, &high)
                for oh in range(OH):
                    h = oh * SH - geo[4] + kh * geo[6]
                    if h < 0 or h >= H:
                        memset(cols, 0, OW * sizeof(floating))
                    else:
                        row = x + h * W + left
                        if SW == 1 and low == 0 and high == OW:
                            memcpy(cols, row, OW * sizeof(floating))
                        else:
                            for ow in range(low):
                                cols[ow] = 0
                            if SW == 1:
                                for ow in range(low, high):
                                    cols[ow] = row[ow]
                            else:
                                for ow in range(low, high):
                                    cols[ow] = row[ow * SW]
                            for ow in range(high, OW):
                                cols[ow] = 0
                    cols += OW
        x += H * W


cdef void scatter_image(const floating *cols, floating *x, Py_ssize_t channels, Py_ssize_t H,
                        Py_ssize_t W, Py_ssize_t OH, Py_ssize_t OW, const Py_ssize_t *geo) noexcept nogil:
    cdef Py_ssize_t KH = geo[0], KW = geo[1], SH = geo[2], SW = geo[3]
    cdef Py_ssize_t _c, kh, kw, oh, ow, h, left, low, high
    cdef floating *row
    for _c in range(channels):
        for kh in range(KH):
            for kw in range(KW):
                left = kw * geo[7] - geo[5]
                valid_range(left, SW, W, OW, &low, &high)
                for oh in range(OH):
                    h = oh * SH - geo[4] + kh * geo[6]
                    if 0 <= h < H:
                        row = x + h * W + left
                        if SW == 1:
                            for ow in range(low, high):
                                row[ow] += cols[ow]
                        else:
                            for ow in range(low, high):
                                row[ow * SW] += cols[ow]
                    cols += OW
        x += H * W


def gather(const floating[:, :, :, ::1] x, floating[:, :, ::1] cols, Py_ssize_t n0, Py_ssize_t c0,
           Py_ssize_t channels, Py_ssize_t OH, Py_ssize_t OW, tuple geometry):
    """Write the patches of images n0, n0 + 1, ... (channels from c0 on) as columns.

    ``cols`` has shape (images, channels * KH * KW, OH * OW).
    """
    cdef Py_ssize_t geo[8]
    cdef Py_ssize_t i
    for i in range(8):
        geo[i] = geometry[i]
    with nogil:
        for i in range(cols.shape[0]):
            if cols.shape[1] and cols.shape[2]:
                gather_image(&x[n0 + i, c0, 0, 0], &cols[i, 0, 0], channels, x.shape[2], x.shape[3],
                             OH, OW, geo)


def scatter_add(const floating[:, :, ::1] cols, floating[:, :, :, ::1] x, Py_ssize_t n0, Py_ssize_t c0,
                Py_ssize_t channels, Py_ssize_t OH, Py_ssize_t OW, tuple geometry):
    """Add columns back into the images they were gathered from: the transpose of ``gather``."""
    cdef Py_ssize_t geo[8]
    cdef Py_ssize_t i
    for i in range(8):
        geo[i] = geometry[i]
    with nogil:
        for i in range(cols.shape[0]):
            if cols.shape[1] and cols.shape[2]:
                scatter_image(&cols[i, 0, 0], &x[n0 + i, c0, 0, 0], channels, x.shape[2], x.shape[3],
                              OH, OW, geo)


def index_add(floating[::1] out, const int64_t[::1] index, const floating[::1] values):
    """Add each value at its index of ``out``; repeated indices accumulate."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(index.shape[0]):
            out[index[i]] += values[i]


cdef Py_ssize_t first_largest(const floating *x, Py_ssize_t W, int64_t h0, int64_t h1, int64_t w0,
                              int64_t w1) noexcept nogil:
    cdef Py_ssize_t h, w, best = h0 * W + w0
    cdef floating value
    for h in range(h0, h1):
        for w in range(w0, w1):
            value = x[h * W + w]
            if value > x[best] or (value != value and x[best] == x[best]):
                best = h * W + w
    return best


def max_pool(const floating[:, :, ::1] x, floating[:, :, ::1] out, const int64_t[:, ::1] rows,
             const int64_t[:, ::1] columns):
    """Write the largest value of each window of each image.

    ``x`` is (images, H, W), ``out`` (images, OH, OW); ``rows`` (OH, 2) and ``columns`` (OW, 2) hold the
    first and the last-plus-one row and column of the windows.
    """
    cdef Py_ssize_t n, i, j, W = x.shape[2]
    with nogil:
        for n in range(out.shape[0]):
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    out[n, i, j] = (&x[n, 0, 0])[first_largest(
                        &x[n, 0, 0], W, rows[i, 0], rows[i, 1], columns[j, 0], columns[j, 1])]


def max_unpool(const floating[:, :, ::1] x, const floating[:, :, ::1] g, floating[:, :, ::1] dx,
               const int64_t[:, ::1] rows, const int64_t[:, ::1] columns):
    """Add each ``g`` where the window of ``x`` has its first largest value; ``dx`` starts as zeros."""
    cdef Py_ssize_t n, i, j, W = x.shape[2]
    with nogil:
        for n in range(g.shape[0]):
            for i in range(g.shape[1]):
                for j in range(g.shape[2]):
                    (&dx[n, 0, 0])[first_largest(
                        &x[n, 0, 0], W, rows[i, 0], rows[i, 1], columns[j, 0], columns[j, 1])
                    ] += g[n, i, j]


def max_pick(const floating[:, :, ::1] x, const floating[:, :, ::1] u, floating[:, :, ::1] out,
             const int64_t[:, ::1] rows, const int64_t[:, ::1] columns):
    """Read ``u`` where each window of ``x`` has its first largest value: transpose of ``max_unpool``."""
    cdef Py_ssize_t n, i, j, W = x.shape[2]
    with nogil:
        for n in range(out.shape[0]):
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    out[n, i, j] = (&u[n, 0, 0])[first_largest(
                        &x[n, 0, 0], W, rows[i, 0], rows[i, 1], columns[j, 0], columns[j, 1])]


def sum_pool(const floating[:, :, ::1] x, floating[:, :, ::1] out, const int64_t[:, ::1] rows,
             const int64_t[:, ::1] columns):
    """Write the sum over each window of each image."""
    cdef Py_ssize_t n, i, j, h, w
    cdef floating total
    with nogil:
        for n in range(out.shape[0]):
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    total = 0
                    for h in range(rows[i, 0], rows[i, 1]):
                        for w in range(columns[j, 0], columns[j, 1]):
                            total += x[n, h, w]
                    out[n, i, j] = total


def sum_unpool(const floating[:, :, ::1] g, floating[:, :, ::1] dx, const int64_t[:, ::1] rows,
               const int64_t[:, ::1] columns):
    """Add each ``g`` to every element of its window: the transpose of ``sum_pool``."""
    cdef Py_ssize_t n, i, j, h, w
    with nogil:
        for n in range(g.shape[0]):
            for i in range(g.shape[1]):
                for j in range(g.shape[2]):
                    for h in range(rows[i, 0], rows[i, 1]):
                        for w in range(columns[j, 0], columns[j, 1]):
                            dx[n, h, w] += g[n, i, j]
