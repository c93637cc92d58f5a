"""Convolution of stride 1 in float32 without copying patches.

An image is copied once into rows of a common length, zeros between them. Seen that way, the patch at
position p and the weight k meet at p + offset[k], and all positions of a band of rows are one long run:
a product whose second factor is the image itself (``tile.h``). Positions between the rows come out as
rubbish and are not copied to the result.

The gradient of the images is a convolution too, of the output's gradient with the flipped weight; that
of the weight sums over the same runs.

A function makes a plan, which holds its arrays, or None where this way is of no use: other dtypes or
strides, sizes that do not belong together, or a processor without tiles. ``geo`` is ((KH, KW), stride,
padding, dilation), ``workspace`` the floats of scratch memory for each thread, ``team()`` says how many
threads there are.
"""

cimport cython
from libc.string cimport memset

cimport numpy as cnp

from agx._kernels.arrays cimport empty, is_float32, scratch
from agx._kernels.machine cimport (PER_ELEMENT, WORK_PER_THREAD, copy, inner_tile_for, instructions,
                                   parallel, threads_for, tile_for, tile_t)

cdef enum:
    # Floats that a tile may read beyond the last position, and the most rows of a tile.
    SLACK = 256
    MOST_ROWS = 8
    # Floats of results, and of gradients, that should stay in the first-level cache.
    TILE_FLOATS = 12288
    INNER_FLOATS = 6144
    INNER_ROWS = 6
    # Weights of a filter that a tile takes at a time, so that those of all its rows stay there too.
    MOST_WEIGHTS = 640
    # The most that a size may be, so that products of two fit; floats of an image that are laid out at least.
    MOST_LENGTH = 0x7FFFFFFF
    MOST_FLOATS = 1 << 26

cnp.import_array()


cdef struct Sizes:
    const tile_t *tiles
    Py_ssize_t images, groups
    # Channels, height and width of a group's images; filters, height and width of its output.
    Py_ssize_t C, H, W, M, OH, OW
    Py_ssize_t KH, KW, top, left, DH, DW
    # The run: floats in a row, rows of output in a band, floats of a channel and of a whole image.
    Py_ssize_t pitch, rows, plane, image
    # Weights of a filter, and positions of a band up to a whole number of tiles.
    Py_ssize_t K, length


cdef bint read_geometry(Sizes *p, object geo, Py_ssize_t groups) except -1:
    """Take kernel, padding and dilation from ((KH, KW), stride, padding, dilation); True for stride 1."""
    cdef tuple kernel, stride, padding, dilation
    kernel, stride, padding, dilation = geo
    p.tiles, p.groups = instructions().tiles, groups
    p.KH, p.KW = kernel
    p.top, p.left = padding
    p.DH, p.DW = dilation
    return stride[0] == 1 and stride[1] == 1 and p.tiles != NULL


cdef bint are_lengths(Py_ssize_t size, Py_ssize_t kernel, Py_ssize_t padding, Py_ssize_t dilation) noexcept:
    """Whether what a kernel meets along an axis can be computed in integers of 64 bits."""
    return (0 <= size <= MOST_LENGTH and 1 <= kernel <= MOST_LENGTH and 0 <= padding <= MOST_LENGTH
            and 1 <= dilation <= MOST_LENGTH)


cdef bint read_sizes(Sizes *p, const cnp.npy_intp *x, const cnp.npy_intp *w) noexcept:
    """Take the sizes of images and weight; False if they do not belong together, or are large."""
    if p.groups < 1 or x[1] % p.groups or w[0] % p.groups or not x[0] or not x[1] or not w[0]:
        return False
    p.images, p.C, p.H, p.W = x[0], w[1], x[2], x[3]
    p.M = w[0] // p.groups
    if x[1] // p.groups != p.C or w[2] != p.KH or w[3] != p.KW:
        return False
    if not (are_lengths(p.H, p.KH, p.top, p.DH) and are_lengths(p.W, p.KW, p.left, p.DW)):
        return False
    p.K = p.C * p.KH * p.KW
    p.OH = p.H + 2 * p.top - p.DH * (p.KH - 1)
    p.OW = p.W + 2 * p.left - p.DW * (p.KW - 1)
    return p.OH > 0 and p.OW > 0


cdef bint has_output(const Sizes *p, object g) noexcept:
    """Whether ``g`` has the shape of the convolution."""
    cdef const cnp.npy_intp *shape = cnp.PyArray_DIMS(g)
    return (shape[0] == p.images and shape[1] % p.groups == 0 and shape[1] // p.groups == p.M
            and shape[2] == p.OH and shape[3] == p.OW)


cdef void turn(Sizes *p) noexcept:
    """From the convolution to the one that the gradient of its images is."""
    p.C, p.M = p.M, p.C
    p.H, p.W, p.OH, p.OW = p.OH, p.OW, p.H, p.W
    p.top, p.left = p.DH * (p.KH - 1) - p.top, p.DW * (p.KW - 1) - p.left
    p.K = p.C * p.KH * p.KW


cdef bint choose_rows(Sizes *p, Py_ssize_t workspace, bint inner) noexcept:
    """Choose the rows of a band so that everything fits ``workspace`` floats; False if one is too much.

    So it is if there is none: the gradient of images without pixels has no rows.
    """
    cdef Py_ssize_t most, bands, row
    if not p.OH or not p.OW:
        return False
    p.pitch = max(p.W + p.left, p.OW)
    if ((p.KH - 1.0) * p.DH + 1) * p.pitch * p.C + <double>p.M * p.pitch > MOST_FLOATS:
        return False
    row = p.C * p.pitch + (p.M * p.pitch if inner else 0)
    most = max(1, workspace // row - (p.KH - 1) * p.DH)
    if not inner:
        most = min(most, max(1, TILE_FLOATS // p.pitch))
    bands = (p.OH + most - 1) // most
    p.rows = (p.OH + bands - 1) // bands
    p.plane = (p.rows + (p.KH - 1) * p.DH) * p.pitch
    p.image = p.C * p.plane + SLACK + (p.KW - 1) * p.DW
    p.image += -p.image % 16
    p.length = p.rows * p.pitch + SLACK
    p.length += -p.length % 16
    return True


cdef Py_ssize_t multiply_adds(const Sizes *p) noexcept:
    """How much work there is; nobody needs to know of more than can be counted."""
    cdef double count = <double>p.images * p.groups * p.M * p.K * p.OH * p.OW
    return <Py_ssize_t>min(count, 1.0 * MOST_LENGTH)


cdef void find_offsets(const Sizes *p, Py_ssize_t *offset) noexcept nogil:
    cdef Py_ssize_t c, i, j, k = 0
    for c in range(p.C):
        for i in range(p.KH):
            for j in range(p.KW):
                offset[k] = c * p.plane + i * p.DH * p.pitch + j * p.DW
                k += 1


cdef void lay_out(const Sizes *p, const float *x, float *run, Py_ssize_t first) noexcept nogil:
    """Copy the rows of an image that output rows from ``first`` on see; ``run`` has zeros around them."""
    cdef Py_ssize_t c, r, y, rows = p.plane // p.pitch
    cdef float *to
    for c in range(p.C):
        for r in range(rows):
            y = first + r - p.top
            to = run + c * p.plane + r * p.pitch + p.left
            if 0 <= y < p.H:
                copy(to, x + (c * p.H + y) * p.W, p.W)
            else:
                memset(to, 0, p.W * sizeof(float))


cdef struct Product:
    Sizes sizes
    int parts, packers
    const float *w
    Py_ssize_t[4] strides
    Py_ssize_t next_group
    const float *x
    float *packed
    const float *bias
    const Py_ssize_t *offset
    float *out
    float *memory
    Py_ssize_t share


cdef void pack_block(const Product *job, const float *w, int rows, float *packed) noexcept nogil:
    """Write ``rows`` filters in the order in which a tile reads them: weight by weight."""
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t c, i, j, r
    cdef const float *source
    for c in range(p.C):
        for i in range(p.KH):
            for j in range(p.KW):
                source = w + c * job.strides[1] + i * job.strides[2] + j * job.strides[3]
                for r in range(rows):
                    packed[r] = source[r * job.strides[0]]
                packed += rows


cdef void pack_part(void *context, int part) noexcept nogil:
    """Pack every block of filters that is this part's turn."""
    cdef Product *job = <Product *>context
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t g, m, turn = 0
    cdef int rows
    for g in range(p.groups):
        m = 0
        while m < p.M:
            rows = tile_for(p.tiles, p.M - m).rows
            if turn % job.packers == part:
                pack_block(job, job.w + g * job.next_group + m * job.strides[0], rows,
                           job.packed + (g * p.M + m) * p.K)
            turn += 1
            m += rows


cdef void crop(const Sizes *p, const float *tile, Py_ssize_t ld, float *out, Py_ssize_t rows,
               Py_ssize_t count) noexcept nogil:
    """Copy ``count`` rows of each of the ``rows`` results to where they belong."""
    cdef Py_ssize_t i, r
    for i in range(rows):
        for r in range(count):
            copy(out + (i * p.OH + r) * p.OW, tile + i * ld + r * p.pitch, p.OW)


cdef void convolve_band(const Product *job, const float *run, float *result, Py_ssize_t n, Py_ssize_t g,
                        Py_ssize_t first) noexcept nogil:
    """Write the output rows from ``first`` on of group ``g`` of image ``n``, which lies in ``run``."""
    cdef const Sizes *p = &job.sizes
    cdef const tile_t *t
    cdef const float *a = job.packed + g * p.M * p.K
    cdef float[MOST_ROWS] start
    cdef Py_ssize_t count = min(p.rows, p.OH - first)
    cdef Py_ssize_t positions = (count - 1) * p.pitch + p.OW
    cdef Py_ssize_t pieces = (p.K + MOST_WEIGHTS - 1) // MOST_WEIGHTS
    cdef Py_ssize_t m = 0, i, k, stop, piece, position, vectors
    while m < p.M:
        t = tile_for(p.tiles, p.M - m)
        for i in range(t.rows):
            start[i] = job.bias[g * p.M + m + i] if job.bias else 0
        for piece in range(pieces):
            k, stop = piece * p.K // pieces, (piece + 1) * p.K // pieces
            position = 0
            while position < positions:
                vectors = min(t.vectors, (positions - position + t.width - 1) // t.width)
                t.product(<int>vectors, stop - k, a + k * t.rows, run + position, job.offset + k,
                          NULL if piece else start, result + position, p.length)
                position += vectors * t.width
        crop(p, result, p.length, job.out + (((n * p.groups + g) * p.M + m) * p.OH + first) * p.OW,
             t.rows, count)
        a += p.K * t.rows
        m += t.rows


cdef void convolve_part(void *context, int part) noexcept nogil:
    cdef Product *job = <Product *>context
    cdef const Sizes *p = &job.sizes
    cdef float *run = job.memory + part * job.share
    cdef float *result = run + p.image
    cdef Py_ssize_t n, g, first
    memset(run, 0, p.image * sizeof(float))
    for n in range(part * p.images // job.parts, (part + 1) * p.images // job.parts):
        for g in range(p.groups):
            first = 0
            while first < p.OH:
                lay_out(p, job.x + (n * p.groups + g) * p.C * p.H * p.W, run, first)
                convolve_band(job, run, result, n, g, first)
                first += p.rows


cdef void convolve(Product *job, int parts):
    """Write every image's convolution; ``job`` has the sizes, the arrays, and where its weights lie."""
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t weights = p.groups * p.M * p.K, head = (weights + 2 * p.K + 15) // 16 * 16
    job.parts = parts
    job.packers = parts if weights * PER_ELEMENT >= WORK_PER_THREAD else 1
    job.share = p.image + MOST_ROWS * p.length
    cdef float *memory = scratch(head + parts * job.share)
    cdef Py_ssize_t *offset = <Py_ssize_t *>memory
    job.packed, job.offset = <float *>(offset + p.K), offset
    job.memory = memory + head
    with nogil:
        find_offsets(p, offset)
        parallel(pack_part, job, job.packers)
        parallel(convolve_part, job, parts)


cdef object forward(const Sizes *p, object x, object w, object bias, int parts):
    cdef Product job
    cdef cnp.npy_intp[4] shape = [p.images, p.groups * p.M, p.OH, p.OW]
    out = empty(4, shape, cnp.NPY_FLOAT32)
    job.sizes = p[0]
    job.x, job.w = <float *>cnp.PyArray_DATA(x), <float *>cnp.PyArray_DATA(w)
    job.bias = NULL if bias is None else <float *>cnp.PyArray_DATA(bias)
    job.out = <float *>cnp.PyArray_DATA(out)
    job.strides, job.next_group = [p.K, p.KH * p.KW, p.KW, 1], p.M * p.K
    convolve(&job, parts)
    return out


cdef object input_gradient(const Sizes *p, object g, object w, int parts):
    """Convolve ``g`` with the weight turned round."""
    cdef Product job
    cdef Py_ssize_t area = p.KH * p.KW
    cdef cnp.npy_intp[4] shape = [p.images, p.groups * p.M, p.OH, p.OW]
    x = empty(4, shape, cnp.NPY_FLOAT32)
    job.sizes = p[0]
    job.x, job.w = <float *>cnp.PyArray_DATA(g), <float *>cnp.PyArray_DATA(w) + area - 1
    job.bias, job.out = NULL, <float *>cnp.PyArray_DATA(x)
    job.strides, job.next_group = [area, p.M * area, -p.KW, -1], p.C * p.M * area
    convolve(&job, parts)
    return x


# --- gradient of the weight ------------------------------------------------------------------------

cdef struct Inner:
    Sizes sizes
    int parts
    Py_ssize_t together
    const float *x
    const float *g
    const Py_ssize_t *offset
    float *first
    float *others
    float *memory
    Py_ssize_t share


cdef void spread(const Sizes *p, const float *g, float *run, Py_ssize_t length,
                 Py_ssize_t first) noexcept nogil:
    """Copy a band of a gradient into rows of the common length; ``run`` has zeros between them."""
    cdef Py_ssize_t m, r
    cdef float *to
    for m in range(p.M):
        for r in range(p.rows):
            to = run + m * length + r * p.pitch
            if first + r < p.OH:
                copy(to, g + (m * p.OH + first + r) * p.OW, p.OW)
            else:
                memset(to, 0, p.OW * sizeof(float))


cdef void add_inner(const Inner *job, const float *runs, const float *spreads, Py_ssize_t count,
                    Py_ssize_t length, float *w) noexcept nogil:
    """Add the sums over ``count`` images that are laid out, for all filters and weights of a group."""
    cdef const Sizes *p = &job.sizes
    cdef const tile_t *t
    cdef Py_ssize_t m = 0, k
    while m < p.M:
        t = inner_tile_for(p.tiles, p.M - m)
        k = 0
        while k < p.K:
            t.inner(count, length, spreads + m * length, length, p.M * length, runs, p.image,
                    job.offset + k, <int>min(p.K - k, <Py_ssize_t>t.vectors), w + m * p.K + k, p.K)
            k += t.vectors
        m += t.rows


cdef void weight_part(void *context, int part) noexcept nogil:
    cdef Inner *job = <Inner *>context
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t length = p.rows * p.pitch + (-(p.rows * p.pitch) & 15)
    cdef float *runs = job.memory + part * job.share
    cdef float *spreads = runs + job.together * p.image
    cdef float *w = job.others + (part - 1) * p.groups * p.M * p.K if part else job.first
    cdef Py_ssize_t stop = (part + 1) * p.images // job.parts
    cdef Py_ssize_t n, i, g, first, count
    memset(runs, 0, job.share * sizeof(float))
    n = part * p.images // job.parts
    while n < stop:
        count = min(job.together, stop - n)
        for g in range(p.groups):
            first = 0
            while first < p.OH:
                for i in range(count):
                    lay_out(p, job.x + ((n + i) * p.groups + g) * p.C * p.H * p.W, runs + i * p.image, first)
                    spread(p, job.g + ((n + i) * p.groups + g) * p.M * p.OH * p.OW,
                           spreads + i * p.M * length, length, first)
                add_inner(job, runs, spreads, count, length, w + g * p.M * p.K)
                first += p.rows
        n += job.together


cdef void add_shares(float *out, const float *shares, Py_ssize_t size, int parts) noexcept nogil:
    cdef Py_ssize_t i
    cdef int part
    for part in range(parts):
        for i in range(size):
            out[i] += shares[part * size + i]


cdef object weight_gradient(const Sizes *p, object x, object g, Py_ssize_t workspace, int parts):
    """Sum over images and positions."""
    cdef Inner job
    cdef cnp.npy_intp[4] shape = [p.groups * p.M, p.C, p.KH, p.KW]
    cdef Py_ssize_t each, length = p.rows * p.pitch + 15, head, size = p.groups * p.M * p.K
    w = cnp.PyArray_ZEROS(4, shape, cnp.NPY_FLOAT32, 0)
    job.sizes, job.parts = p[0], parts
    each = p.image + p.M * length
    job.together = max(1, min(INNER_FLOATS // (INNER_ROWS * length), workspace // each))
    job.share = job.together * each
    job.share += -job.share % 16
    # One share is the result itself; the others, and scratch memory behind them, are added at the end.
    head = (2 * (p.K + MOST_ROWS) + (parts - 1) * size + 15) // 16 * 16
    cdef float *memory = scratch(head + parts * job.share)
    cdef Py_ssize_t *offset = <Py_ssize_t *>memory
    job.x, job.g = <float *>cnp.PyArray_DATA(x), <float *>cnp.PyArray_DATA(g)
    job.first, job.others = <float *>cnp.PyArray_DATA(w), memory + 2 * (p.K + MOST_ROWS)
    job.offset, job.memory = offset, memory + head
    with nogil:
        find_offsets(p, offset)
        memset(offset + p.K, 0, MOST_ROWS * sizeof(Py_ssize_t))
        memset(job.others, 0, (parts - 1) * size * sizeof(float))
        parallel(weight_part, &job, parts)
        add_shares(job.first, job.others, size, parts - 1)
    return w


# --- plans -------------------------------------------------------------------------------------------

cdef enum Pass:
    FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT


@cython.final
@cython.freelist(4)
@cython.auto_pickle(False)
cdef class Plan:
    """A convolution, or one of its gradients, of certain arrays by tiles: how, and then its result."""

    cdef Sizes sizes
    cdef Pass which
    cdef object first, second, bias
    cdef Py_ssize_t workspace
    cdef const char *instructions
    cdef readonly int threads

    @property
    def way(self):
        """Who multiplies."""
        return f"{self.instructions.decode()} tiles"

    def run(self):
        """Return the result, a new array."""
        first, second = cnp.PyArray_GETCONTIGUOUS(self.first), cnp.PyArray_GETCONTIGUOUS(self.second)
        if self.which == WEIGHT_GRADIENT:
            return weight_gradient(&self.sizes, first, second, self.workspace, self.threads)
        if self.which == INPUT_GRADIENT:
            return input_gradient(&self.sizes, first, second, self.threads)
        bias = None if self.bias is None else cnp.PyArray_GETCONTIGUOUS(self.bias)
        return forward(&self.sizes, first, second, bias, self.threads)


cdef Plan planned(Sizes *p, Pass which, object first, object second, object bias, Py_ssize_t workspace,
                  object team):
    cdef Plan plan = Plan.__new__(Plan)
    if not choose_rows(p, workspace, which == WEIGHT_GRADIENT):
        return None
    plan.sizes, plan.which, plan.workspace = p[0], which, workspace
    plan.first, plan.second, plan.bias = first, second, bias
    plan.instructions = instructions().name
    plan.threads = threads_for(multiply_adds(p), p.images, team)
    return plan


def plan_forward(object x, object w, object bias, object geo, Py_ssize_t groups, Py_ssize_t workspace,
                 object team):
    """Plan to convolve images (N, C, H, W) with ``w`` (O, C / groups, KH, KW); ``bias`` is (O,) or None."""
    cdef Sizes p
    if not is_float32(x, 4) or not is_float32(w, 4) or not read_geometry(&p, geo, groups):
        return None
    if not read_sizes(&p, cnp.PyArray_DIMS(x), cnp.PyArray_DIMS(w)):
        return None
    if bias is not None and not (is_float32(bias, 1) and cnp.PyArray_DIM(bias, 0) == groups * p.M):
        return None
    return planned(&p, FORWARD, x, w, bias, workspace, team)


def plan_input_gradient(object g, object w, tuple shape, object geo, Py_ssize_t groups,
                        Py_ssize_t workspace, object team):
    """Plan the gradient of images of ``shape`` from that of the output."""
    cdef Sizes p
    cdef cnp.npy_intp[4] images = shape
    if not is_float32(g, 4) or not is_float32(w, 4) or not read_geometry(&p, geo, groups):
        return None
    if not read_sizes(&p, images, cnp.PyArray_DIMS(w)) or not has_output(&p, g):
        return None
    turn(&p)
    if p.top < 0 or p.left < 0:
        return None
    return planned(&p, INPUT_GRADIENT, g, w, None, workspace, team)


def plan_weight_gradient(object x, object g, tuple shape, object geo, Py_ssize_t groups,
                         Py_ssize_t workspace, object team):
    """Plan the gradient of a weight of ``shape`` from that of the output."""
    cdef Sizes p
    cdef cnp.npy_intp[4] weight = shape
    if not is_float32(x, 4) or not is_float32(g, 4) or not read_geometry(&p, geo, groups):
        return None
    if not read_sizes(&p, cnp.PyArray_DIMS(x), weight) or not has_output(&p, g):
        return None
    return planned(&p, WEIGHT_GRADIENT, x, g, None, workspace, team)
