"""Convolution loops that hold no GIL: gather the patches of a tile, multiply, move on.

The multiplication is the ``cblas_?gemm`` of the BLAS that NumPy has loaded, called through a pointer,
so that several threads can work on several images at once. Steps of one in float32 go another way where
the processor allows it (``direct``).

Sizes come as a tuple (C, H, W, O, OH, OW, groups, rows): channels, height and width of an image,
filters, output height and width, groups, and how many output rows make a tile. A geometry is that of
``patches``. Arrays are C-contiguous; ``work`` holds the columns of one tile.
"""

from cython cimport floating
from libc.stdint cimport int64_t, uintptr_t

from agx._kernels.patches cimport gather_image, scatter_image

ctypedef void (*sgemm32)(int, int, int, int, int, int, float, const float *, int, const float *, int,
                         float, float *, int) noexcept nogil
ctypedef void (*dgemm32)(int, int, int, int, int, int, double, const double *, int, const double *, int,
                         double, double *, int) noexcept nogil
ctypedef void (*sgemm64)(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t,
                         const float *, int64_t, float, float *, int64_t) noexcept nogil
ctypedef void (*dgemm64)(int, int, int, int64_t, int64_t, int64_t, double, const double *, int64_t,
                         const double *, int64_t, double, double *, int64_t) noexcept nogil

cdef uintptr_t sgemm_address = 0
cdef uintptr_t dgemm_address = 0
cdef bint long_integers = False
cdef enum:
    ROW_MAJOR = 101
    PLAIN = 111
    TRANSPOSED = 112


def use_blas(uintptr_t sgemm, uintptr_t dgemm, bint ilp64):
    """Take the addresses of cblas_sgemm and cblas_dgemm; ``ilp64`` if their integers have 64 bits."""
    global sgemm_address, dgemm_address, long_integers
    sgemm_address = sgemm
    dgemm_address = dgemm
    long_integers = ilp64


cdef inline void gemm(int ta, int tb, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating *a,
                      Py_ssize_t lda, const floating *b, Py_ssize_t ldb, floating beta, floating *c,
                      Py_ssize_t ldc) noexcept nogil:
    """c = a b + beta c, either factor transposed on request."""
    if floating is float:
        if long_integers:
            (<sgemm64>sgemm_address)(ROW_MAJOR, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
        else:
            (<sgemm32>sgemm_address)(ROW_MAJOR, ta, tb, <int>m, <int>n, <int>k, 1, a, <int>lda, b,
                                     <int>ldb, beta, c, <int>ldc)
    else:
        if long_integers:
            (<dgemm64>dgemm_address)(ROW_MAJOR, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
        else:
            (<dgemm32>dgemm_address)(ROW_MAJOR, ta, tb, <int>m, <int>n, <int>k, 1, a, <int>lda, b,
                                     <int>ldb, beta, c, <int>ldc)


cdef inline void multiply(Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating *a, bint transposed,
                          Py_ssize_t lda, const floating *b, Py_ssize_t ldb, floating *c,
                          Py_ssize_t ldc) noexcept nogil:
    """c = a b, or a^T b."""
    gemm(TRANSPOSED if transposed else PLAIN, PLAIN, m, n, k, a, lda, b, ldb, <floating>0, c, ldc)


cdef inline void add_product(Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating *a, Py_ssize_t lda,
                             const floating *b, Py_ssize_t ldb, floating *c,
                             Py_ssize_t ldc) noexcept nogil:
    """c += a b^T."""
    gemm(PLAIN, TRANSPOSED, m, n, k, a, lda, b, ldb, <floating>1, c, ldc)


cdef struct Sizes:
    Py_ssize_t C, H, W, O, OH, OW, groups, rows
    Py_ssize_t channels, filters, depth, P, tiles
    Py_ssize_t geo[8]
    bint direct


cdef Sizes read_sizes(tuple sizes, tuple geometry):
    cdef Sizes s
    cdef Py_ssize_t i
    s.C, s.H, s.W, s.O, s.OH, s.OW, s.groups, s.rows = sizes
    for i in range(8):
        s.geo[i] = geometry[i]
    s.channels = s.C // s.groups
    s.filters = s.O // s.groups
    s.depth = s.channels * s.geo[0] * s.geo[1]
    s.P = s.OH * s.OW
    s.tiles = (s.OH + s.rows - 1) // s.rows
    s.direct = geometry == (1, 1, 1, 1, 0, 0, 1, 1)
    return s


cdef const floating *tile_columns(const floating *x, floating *work, const Sizes *s, Py_ssize_t first,
                                  Py_ssize_t count, Py_ssize_t *stride) noexcept nogil:
    """The columns of ``count`` output rows from ``first`` on, and the distance between their rows."""
    cdef Py_ssize_t geo[8]
    cdef Py_ssize_t i
    if s.direct:
        stride[0] = s.P
        return x + first * s.OW
    for i in range(8):
        geo[i] = s.geo[i]
    geo[4] -= first * geo[2]
    gather_image(x, work, s.channels, s.H, s.W, count, s.OW, geo)
    stride[0] = count * s.OW
    return work


def forward(const floating[:, :, :, ::1] x, const floating[:, ::1] w, const floating[::1] b,
            floating[:, :, ::1] out, floating[::1] work, tuple sizes, tuple geometry,
            Py_ssize_t start, Py_ssize_t stop):
    """Write the convolution of images ``start`` to ``stop``; an empty ``b`` is no bias."""
    cdef Sizes s = read_sizes(sizes, geometry)
    cdef Py_ssize_t n, k, t, r, o, p, count, ld = 0
    cdef const floating *columns
    cdef floating *tile
    with nogil:
        for n in range(start, stop):
            for t in range(s.tiles):
                r = t * s.rows
                count = min(s.rows, s.OH - r)
                for k in range(s.groups):
                    columns = tile_columns(&x[n, k * s.channels, 0, 0], &work[0], &s, r, count, &ld)
                    multiply(s.filters, count * s.OW, s.depth, &w[k * s.filters, 0], False, s.depth,
                             columns, ld, &out[n, k * s.filters, r * s.OW], s.P)
                if b.shape[0]:
                    for o in range(s.O):
                        tile = &out[n, o, r * s.OW]
                        for p in range(count * s.OW):
                            tile[p] += b[o]


def input_gradient(const floating[:, :, ::1] g, const floating[:, ::1] w, floating[:, :, :, ::1] x,
                   floating[::1] work, tuple sizes, tuple geometry, Py_ssize_t start, Py_ssize_t stop):
    """Add the gradient of images ``start`` to ``stop`` to ``x``, which starts as zeros."""
    cdef Sizes s = read_sizes(sizes, geometry)
    cdef Py_ssize_t n, k, t, r, i, count
    cdef Py_ssize_t geo[8]
    cdef floating *image
    for i in range(8):
        geo[i] = s.geo[i]
    with nogil:
        for n in range(start, stop):
            for k in range(s.groups):
                image = &x[n, k * s.channels, 0, 0]
                if s.direct:
                    multiply(s.depth, s.P, s.filters, &w[k * s.filters, 0], True, s.depth,
                             &g[n, k * s.filters, 0], s.P, image, s.P)
                    continue
                for t in range(s.tiles):
                    r = t * s.rows
                    count = min(s.rows, s.OH - r)
                    multiply(s.depth, count * s.OW, s.filters, &w[k * s.filters, 0], True, s.depth,
                             &g[n, k * s.filters, r * s.OW], s.P, &work[0], count * s.OW)
                    geo[4] = s.geo[4] - r * s.geo[2]
                    scatter_image(&work[0], image, s.channels, s.H, s.W, count, s.OW, geo)


def weight_gradient(const floating[:, :, :, ::1] x, const floating[:, :, ::1] g, floating[:, ::1] w,
                    floating[::1] work, tuple sizes, tuple geometry, Py_ssize_t start,
                    Py_ssize_t stop):
    """Add the gradient of the weight from images ``start`` to ``stop`` to ``w``, (O, depth)."""
    cdef Sizes s = read_sizes(sizes, geometry)
    cdef Py_ssize_t n, k, t, r, count, ld = 0
    cdef const floating *columns
    with nogil:
        for n in range(start, stop):
            for t in range(s.tiles):
                r = t * s.rows
                count = min(s.rows, s.OH - r)
                for k in range(s.groups):
                    columns = tile_columns(&x[n, k * s.channels, 0, 0], &work[0], &s, r, count, &ld)
                    add_product(s.filters, s.depth, count * s.OW, &g[n, k * s.filters, r * s.OW], s.P,
                                columns, ld, &w[k * s.filters, 0], s.depth)
