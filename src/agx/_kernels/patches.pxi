"""Patches of images: index construction, gather, scatter-add, pooling windows, and convolution through them.

Arrays are C-contiguous and of one dtype, float32 or float64, or a TypeError is raised; sizes that do not
belong together, or to which integers of 64 bits do not reach, are a ValueError. A geometry is (KH, KW,
stride, stride, padding, padding, dilation, dilation); columns have one row for each (channel, kernel row,
kernel column) and one column for each output position.

Convolution holds no GIL: gather the patches of a tile, multiply, move on. The multiplication is the
``cblas_?gemm`` of the BLAS that NumPy has loaded, called through a pointer, so that several threads can
work on several images at once. ``convolution`` goes another way where the processor allows it.
"""

ctypedef void (*window_loop)(
    const windows_t *s, const instructions_t *set, Py_ssize_t n, Py_ssize_t stop, const void *images,
    const void *others, void *to, void *work, int back) noexcept nogil

cdef extern from *:
    """
    #include <math.h>
    #include "simd.h"
    #define NUMBER float
    #define QUICK AGX_QUICK
    #define AGX_NAME(x) agx_##x##_of_floats
    #include "pooling.h"
    #define NUMBER double
    #define QUICK
    #define AGX_NAME(x) agx_##x##_of_doubles
    #include "pooling.h"
    """
    window_loop largest_of_floats "agx_largest_of_floats"
    window_loop largest_of_doubles "agx_largest_of_doubles"
    window_loop sums_of_floats "agx_sums_of_floats"
    window_loop sums_of_doubles "agx_sums_of_doubles"


cdef inline void valid_range(Py_ssize_t start, Py_ssize_t step, Py_ssize_t size, Py_ssize_t count,
                             Py_ssize_t *low, Py_ssize_t *high) noexcept nogil:
    """The k in [0, count) for which start + k * step lies in [0, size)."""
    low[0] = 0 if start >= 0 else (-start + step - 1) // step
    high[0] = 0 if start >= size else (size - 1 - start) // step + 1
    if high[0] > count:
        high[0] = count
    if low[0] > high[0]:
        low[0] = high[0]


def fill_indices(object out, Py_ssize_t H, Py_ssize_t W, Py_ssize_t OW, tuple geometry):
    # Write the flat index into (C, H, W) of each patch element; -1 where there is padding.
    #
    # ``out`` has shape (P, C * KH * KW).
    cdef Py_ssize_t p, c, kh, kw, h, w, positions = out.shape[0], columns = out.shape[1]
    cdef Py_ssize_t[8] geo = geometry
    cdef Py_ssize_t KH = geo[0], KW = geo[1], SH = geo[2], SW = geo[3], PH = geo[4], PW = geo[5]
    cdef Py_ssize_t DH = geo[6], DW = geo[7]
    in_reach(geo, positions // OW + 1 if OW > 0 else -1, OW)
    cdef Py_ssize_t channels = columns // KH // KW
    has_sizes(out, (positions, channels * KH * KW))
    if not cnp.PyArray_ISWRITEABLE(out) or H < 0 or W < 0 or <double>channels * H * W >= TOO_LARGE:
        misfit("no indices of images of shape (%s, %s, %s) fit into the array", (channels, H, W))
    cdef int64_t *index = <int64_t *>integers(out)
    with nogil:
        for p in range(positions):
            for c in range(channels):
                for kh in range(KH):
                    h = (p // OW) * SH - PH + kh * DH
                    for kw in range(KW):
                        w = (p % OW) * SW - PW + kw * DW
                        index[0] = (c * H + h) * W + w if 0 <= h < H and 0 <= w < W else -1
                        index += 1


cdef void gather_image(const floating *x, floating *cols, Py_ssize_t channels, Py_ssize_t H,
                       Py_ssize_t W, Py_ssize_t OH, Py_ssize_t OW, const Py_ssize_t *geo) noexcept nogil:
    cdef Py_ssize_t KH = geo[0], KW = geo[1], SH = geo[2], SW = geo[3], PH = geo[4], PW = geo[5]
    cdef Py_ssize_t DH = geo[6], DW = geo[7], _c, kh, kw, oh, ow, h, left, low = 0, high = 0
    cdef const floating *row
    for _c in range(channels):
        for kh in range(KH):
            for kw in range(KW):
                left = kw * DW - PW
                valid_range(left, SW, W, OW, &low, &high)
                for oh in range(OH):
                    h = oh * SH - PH + kh * DH
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
    cdef Py_ssize_t KH = geo[0], KW = geo[1], SH = geo[2], SW = geo[3], PH = geo[4], PW = geo[5]
    cdef Py_ssize_t DH = geo[6], DW = geo[7], _c, kh, kw, oh, ow, h, left, low = 0, high = 0
    cdef floating *row
    for _c in range(channels):
        for kh in range(KH):
            for kw in range(KW):
                left = kw * DW - PW
                valid_range(left, SW, W, OW, &low, &high)
                for oh in range(OH):
                    h = oh * SH - PH + kh * DH
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


cdef struct Columns:
    # Tiling of images, and of their columns; where the channels that are meant begin.
    Py_ssize_t count, size, first, channels, H, W, OH, OW, columns
    Py_ssize_t[8] geo


cdef Columns read_columns(object x, object cols, Py_ssize_t n0, Py_ssize_t c0, Py_ssize_t channels,
                          Py_ssize_t OH, Py_ssize_t OW, tuple geometry) except *:
    cdef Columns s
    cdef Py_ssize_t N, C
    N, C, s.H, s.W = x.shape
    s.geo = geometry
    in_reach(s.geo, OH, OW)
    # Python's integers, which do not overflow.
    has_sizes(cols, (len(cols), <object>channels * s.geo[0] * s.geo[1], <object>OH * OW))
    s.count = len(cols)
    if not (0 <= n0 <= N - s.count and 0 <= c0 <= C - channels and channels >= 0):
        misfit("there are no %s images from %s on with %s channels from %s on in shape %s",
               (s.count, n0, channels, c0, x.shape))
    s.size, s.first = C * s.H * s.W, (n0 * C + c0) * s.H * s.W
    s.columns = cnp.PyArray_DIM(cols, 1) * cnp.PyArray_DIM(cols, 2)
    s.channels, s.OH, s.OW = channels, OH, OW
    return s


cdef void gather_images(const floating *x, floating *cols, const Columns *s) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(s.count):
        gather_image(x + s.first + i * s.size, cols + i * s.columns, s.channels, s.H, s.W, s.OH, s.OW, s.geo)


cdef void scatter_images(const floating *cols, floating *x, const Columns *s) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(s.count):
        scatter_image(cols + i * s.columns, x + s.first + i * s.size, s.channels, s.H, s.W, s.OH, s.OW, s.geo)


def gather(object x, object cols, Py_ssize_t n0, Py_ssize_t c0, Py_ssize_t channels, Py_ssize_t OH,
           Py_ssize_t OW, tuple geometry):
    # Write the patches of images n0, n0 + 1, ... (channels from c0 on) as columns.
    #
    # ``x`` is (N, C, H, W), ``cols`` (images, channels * KH * KW, OH * OW).
    cdef bint single = are_single((x,), cols)
    cdef Columns s = read_columns(x, cols, n0, c0, channels, OH, OW, geometry)
    cdef void *a = cnp.PyArray_DATA(x)
    cdef void *b = cnp.PyArray_DATA(cols)
    with nogil:
        if single:
            gather_images(<float *>a, <float *>b, &s)
        else:
            gather_images(<double *>a, <double *>b, &s)


def scatter_add(object cols, object x, Py_ssize_t n0, Py_ssize_t c0, Py_ssize_t channels, Py_ssize_t OH,
                Py_ssize_t OW, tuple geometry):
    # Add columns back into the images they were gathered from: the transpose of ``gather``.
    cdef bint single = are_single((cols,), x)
    cdef Columns s = read_columns(x, cols, n0, c0, channels, OH, OW, geometry)
    cdef void *a = cnp.PyArray_DATA(cols)
    cdef void *b = cnp.PyArray_DATA(x)
    with nogil:
        if single:
            scatter_images(<float *>a, <float *>b, &s)
        else:
            scatter_images(<double *>a, <double *>b, &s)


cdef void add_each(floating *out, const int64_t *index, const floating *values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[index[i]] += values[i]


def index_add(object out, object index, object values):
    # Add each value at its index of ``out``, a vector; repeated indices accumulate.
    cdef bint single = are_single((values,), out)
    cdef const int64_t *at = integers(index)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(index), wrong = first_outside(at, n, cnp.PyArray_SIZE(out))
    has_sizes(values, index.shape)
    if wrong < n:
        raise IndexError(f"patches: index {at[wrong]} is outside an array of {out.size} elements")
    cdef void *a = cnp.PyArray_DATA(out)
    cdef void *b = cnp.PyArray_DATA(values)
    with nogil:
        if single:
            add_each(<float *>a, at, <float *>b, n)
        else:
            add_each(<double *>a, at, <double *>b, n)


# --- pooling windows ---------------------------------------------------------------------------------

cdef enum:
    # Most columns that windows step by, and most numbers of an image's planes, to be looked at together.
    MOST_STEP = 4
    MOST_IN_PLANES = 1 << 24


cdef void lay_planes(windows_t *s, const Py_ssize_t *geo) noexcept:
    """See what columns windows have, and how planes are to lie around them."""
    cdef Py_ssize_t last
    s.left, s.step, s.taps, s.pitch, s.pad = -geo[5], geo[3], geo[1], 0, 0
    if not (1 <= s.step <= MOST_STEP and -s.W <= s.left <= 0 and 1 <= s.taps <= 3 * s.W // s.across + 1):
        s.step = s.taps = 0
    s.pairs = s.step == s.taps == 2 and s.left == 0 and s.OW <= s.W // 2
    if s.step:
        last = (s.left + (s.taps - 1) * s.across) // s.step + s.OW + AGX_ABREAST
        s.pad = (s.step - 1 - s.left) // s.step
        s.pitch = s.pad + max(last, (s.W + s.step - 1) // s.step)
        if <double>s.H * s.step * s.pitch > MOST_IN_PLANES:
            s.pitch = 0


cdef windows_t read_windows(object images, object pooled, object rows, object columns,
                            tuple geometry) except *:
    """Read the windows of ``images`` (count, H, W) that ``pooled`` (count, OH, OW) has numbers of."""
    cdef windows_t s
    cdef Py_ssize_t[8] geo = geometry
    s.count, s.H, s.W = images.shape
    s.rows, s.columns = bounds(rows, s.H), bounds(columns, s.W)
    s.OH, s.OW = cnp.PyArray_DIM(rows, 0), cnp.PyArray_DIM(columns, 0)
    has_sizes(pooled, (s.count, s.OH, s.OW))
    s.down, s.across = geo[6], geo[7]
    if not (1 <= s.down <= INT_MAX and 1 <= s.across <= INT_MAX):
        misfit("expected steps from 1 to %s in a window, got %s", (INT_MAX, geometry[6:]))
    lay_planes(&s, geo)
    return s


cdef struct Pooling:
    windows_t windows
    const instructions_t *set
    window_loop loop
    int parts
    bint back
    Py_ssize_t share
    const void *images
    const void *others
    void *to
    char *work


cdef void pooling_part(void *context, int part) noexcept nogil:
    cdef Pooling *job = <Pooling *>context
    cdef Py_ssize_t n = job.windows.count
    job.loop(&job.windows, job.set, part * n // job.parts, (part + 1) * n // job.parts, job.images,
             job.others, job.to, job.work + part * job.share, job.back)


cdef object share_images(Pooling *job, object images, object others, object to, object team):
    """Share images among threads, each of which needs memory for some rows and the planes of one."""
    cdef windows_t *s = &job.windows
    cdef Py_ssize_t floats = 2 * (s.W + s.OW + AGX_ABREAST)
    if not cnp.PyArray_SIZE(to):
        return
    job.images, job.others = cnp.PyArray_DATA(images), cnp.PyArray_DATA(others)
    job.to = cnp.PyArray_DATA(to)
    job.parts = threads_for(PER_ELEMENT * s.count * s.H * s.W, s.count, team)
    job.set = instructions()
    if job.set.find_largest == NULL:
        s.pitch = 0
    if s.pitch:
        floats += s.H * s.step * s.pitch + s.taps
    floats += -floats & 15
    job.work, job.share = <char *>scratch(job.parts * floats), floats * 4
    share(pooling_part, job, job.parts)


def largest(object x, object out, object rows, object columns, tuple geometry, object team,
            bint back=False, object u=None):
    # Write the largest element of each window of each image, -infinity for an empty one.
    #
    # ``x`` is (images, H, W), ``out`` (images, OH, OW); ``rows`` (OH, 2) and ``columns`` (OW, 2) hold the
    # first and the last-plus-one row and column of the windows. Windows of one size at equal distances have
    # a ``geometry``; in that of others the stride is 0. With a ``u`` like ``x``, write its numbers from
    # where windows of ``x`` have their first largest element, 0 for an empty one. ``back`` transposes that:
    # ``u`` is like the windows, ``out`` like ``x``.
    cdef Pooling job
    cdef bint single = are_single((x,) if u is None else (x, u), out)
    job.windows = read_windows(x, u if back else out, rows, columns, geometry)
    job.windows.empty = -INFINITY if u is None else 0
    job.loop, job.back = largest_of_floats if single else largest_of_doubles, back
    if u is None:
        u = x
    has_sizes(out if back else u, x.shape)
    share_images(&job, x, u, out, team)


def window_sums(object x, object out, object rows, object columns, tuple geometry, object team,
                bint back=False):
    # Write the sum over each window of each image, or ``back`` the sum over the windows of each element.
    cdef Pooling job
    cdef bint single = are_single((x,), out)
    job.windows = read_windows(out if back else x, x if back else out, rows, columns, geometry)
    job.windows.pitch = 0
    job.loop, job.back = sums_of_floats if single else sums_of_doubles, back
    share_images(&job, x, x, out, team)


# --- convolution -------------------------------------------------------------------------------------

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
    # Take the addresses of cblas_sgemm and cblas_dgemm; ``ilp64`` if their integers have 64 bits.
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


cdef struct Tiling:
    # Channels, height and width of an image; filters, height and width of the output; output rows in a tile.
    Py_ssize_t C, H, W, O, OH, OW, groups, rows
    Py_ssize_t channels, filters, depth, P, tiles
    Py_ssize_t[8] geo
    # With kernels of one by one an image is its own columns.
    bint pointwise
    # The images that this call does.
    Py_ssize_t start, stop


cdef Tiling read_tiling(object x, object w, object g, object work, tuple sizes, tuple geometry,
                        Py_ssize_t start, Py_ssize_t stop) except *:
    """Read the sizes, which those of images, weight, output and workspace must agree with."""
    cdef Tiling s
    s.C, s.H, s.W, s.O, s.OH, s.OW, s.groups, s.rows = sizes
    s.geo = geometry
    in_reach(s.geo, s.OH, s.OW)
    if s.groups < 1 or s.C % s.groups or s.O % s.groups or not 1 <= s.rows <= s.OH:
        misfit("sizes %s do not belong together", (sizes,))
    s.channels, s.filters = s.C // s.groups, s.O // s.groups
    s.pointwise = geometry == (1, 1, 1, 1, 0, 0, 1, 1)
    # Python's integers, which do not overflow.
    depth, positions = <object>s.channels * s.geo[0] * s.geo[1], <object>s.OH * s.OW
    has_sizes(x, (len(x), s.C, s.H, s.W))
    has_sizes(w, (s.O, depth))
    has_sizes(g, (len(x), s.O, positions))
    fine = (s.OH, s.OW) == (s.H, s.W) if s.pointwise else depth * s.rows * s.OW <= work.size
    fine = fine and 0 <= start <= stop <= len(x) and max(depth, positions, s.filters) <= INT_MAX
    if not fine or not sgemm_address:
        misfit("BLAS cannot do images %s to %s of %s, sizes %s", (start, stop, len(x), sizes))
    s.depth, s.P = depth, positions
    s.tiles = (s.OH + s.rows - 1) // s.rows
    s.start, s.stop = start, stop
    return s


cdef const floating *tile_columns(const floating *x, floating *work, const Tiling *s, Py_ssize_t first,
                                  Py_ssize_t count, Py_ssize_t *stride) noexcept nogil:
    """The columns of ``count`` output rows from ``first`` on, and the distance between their rows."""
    cdef Py_ssize_t[8] geo
    if s.pointwise:
        stride[0] = s.P
        return x + first * s.OW
    memcpy(geo, s.geo, sizeof(geo))
    geo[4] -= first * geo[2]
    gather_image(x, work, s.channels, s.H, s.W, count, s.OW, geo)
    stride[0] = count * s.OW
    return work


cdef void multiply_images(const floating *x, const floating *w, const floating *b, floating *out,
                          floating *work, const Tiling *s) noexcept nogil:
    cdef Py_ssize_t n, k, t, r, o, p, count, ld = 0
    cdef const floating *columns
    cdef floating *to
    for n in range(s.start, s.stop):
        for t in range(s.tiles):
            r = t * s.rows
            count = min(s.rows, s.OH - r)
            to = out + n * s.O * s.P + r * s.OW
            for k in range(s.groups):
                columns = tile_columns(x + (n * s.C + k * s.channels) * s.H * s.W, work, s, r, count, &ld)
                multiply(s.filters, count * s.OW, s.depth, w + k * s.filters * s.depth, False, s.depth,
                         columns, ld, to + k * s.filters * s.P, s.P)
            if b:
                for o in range(s.O):
                    for p in range(count * s.OW):
                        to[o * s.P + p] += b[o]


def forward(object x, object w, object b, object out, object work, tuple sizes, tuple geometry,
            Py_ssize_t start, Py_ssize_t stop):
    # Write the convolution of images ``start`` to ``stop``; ``b`` may be None.
    #
    # ``x`` is (N, C, H, W), ``w`` (O, depth), ``out`` (N, O, OH * OW); ``sizes`` are (C, H, W, O, OH, OW,
    # groups, rows) with the output rows of a tile, and ``work`` holds the columns of one.
    cdef bint single = are_single((x, w, work) if b is None else (x, w, work, b), out)
    cdef Tiling s = read_tiling(x, w, out, work, sizes, geometry, start, stop)
    if b is not None:
        has_sizes(b, (s.O,))
    cdef void *xs = cnp.PyArray_DATA(x)
    cdef void *ws = cnp.PyArray_DATA(w)
    cdef void *bs = NULL if b is None else cnp.PyArray_DATA(b)
    cdef void *outs = cnp.PyArray_DATA(out)
    cdef void *columns = cnp.PyArray_DATA(work)
    with nogil:
        if single:
            multiply_images(<float *>xs, <float *>ws, <float *>bs, <float *>outs, <float *>columns, &s)
        else:
            multiply_images(<double *>xs, <double *>ws, <double *>bs, <double *>outs, <double *>columns, &s)


cdef void multiply_back(const floating *g, const floating *w, floating *x, floating *work,
                        const Tiling *s) noexcept nogil:
    cdef Py_ssize_t n, k, t, r, count
    cdef Py_ssize_t[8] geo
    cdef const floating *filters
    cdef const floating *gradient
    cdef floating *image
    memcpy(geo, s.geo, sizeof(geo))
    for n in range(s.start, s.stop):
        for k in range(s.groups):
            image = x + (n * s.C + k * s.channels) * s.H * s.W
            filters, gradient = w + k * s.filters * s.depth, g + (n * s.O + k * s.filters) * s.P
            if s.pointwise:
                multiply(s.depth, s.P, s.filters, filters, True, s.depth, gradient, s.P, image, s.P)
                continue
            for t in range(s.tiles):
                r = t * s.rows
                count = min(s.rows, s.OH - r)
                multiply(s.depth, count * s.OW, s.filters, filters, True, s.depth, gradient + r * s.OW, s.P,
                         work, count * s.OW)
                geo[4] = s.geo[4] - r * s.geo[2]
                scatter_image(work, image, s.channels, s.H, s.W, count, s.OW, geo)


def input_gradient(object g, object w, object x, object work, tuple sizes, tuple geometry,
                   Py_ssize_t start, Py_ssize_t stop):
    # Add the gradient of images ``start`` to ``stop`` to ``x``, which starts as zeros.
    cdef bint single = are_single((g, w, work), x)
    cdef Tiling s = read_tiling(x, w, g, work, sizes, geometry, start, stop)
    cdef void *gs = cnp.PyArray_DATA(g)
    cdef void *ws = cnp.PyArray_DATA(w)
    cdef void *xs = cnp.PyArray_DATA(x)
    cdef void *columns = cnp.PyArray_DATA(work)
    with nogil:
        if single:
            multiply_back(<float *>gs, <float *>ws, <float *>xs, <float *>columns, &s)
        else:
            multiply_back(<double *>gs, <double *>ws, <double *>xs, <double *>columns, &s)


cdef void add_products(const floating *x, const floating *g, floating *w, floating *work,
                       const Tiling *s) noexcept nogil:
    cdef Py_ssize_t n, k, t, r, count, ld = 0
    cdef const floating *columns
    for n in range(s.start, s.stop):
        for t in range(s.tiles):
            r = t * s.rows
            count = min(s.rows, s.OH - r)
            for k in range(s.groups):
                columns = tile_columns(x + (n * s.C + k * s.channels) * s.H * s.W, work, s, r, count, &ld)
                add_product(s.filters, s.depth, count * s.OW,
                            g + (n * s.O + k * s.filters) * s.P + r * s.OW, s.P, columns, ld,
                            w + k * s.filters * s.depth, s.depth)


def weight_gradient(object x, object g, object w, object work, tuple sizes, tuple geometry,
                    Py_ssize_t start, Py_ssize_t stop):
    # Add the gradient of the weight from images ``start`` to ``stop`` to ``w``, (O, depth).
    cdef bint single = are_single((x, g, work), w)
    cdef Tiling s = read_tiling(x, w, g, work, sizes, geometry, start, stop)
    cdef void *xs = cnp.PyArray_DATA(x)
    cdef void *gs = cnp.PyArray_DATA(g)
    cdef void *ws = cnp.PyArray_DATA(w)
    cdef void *columns = cnp.PyArray_DATA(work)
    with nogil:
        if single:
            add_products(<float *>xs, <float *>gs, <float *>ws, <float *>columns, &s)
        else:
            add_products(<double *>xs, <double *>gs, <double *>ws, <double *>columns, &s)
