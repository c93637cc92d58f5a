"""Convolution of float32 and float64 without copying patches.

An image is copied once into rows of a common length (``runs.pxd``). Seen that way, the patch at position p
and the weight k meet at p + offset[k], and all positions of a band of rows are one long run: a product whose
second factor is the image itself (``tile.h``). Where the rows are longer than those of the result, positions
between them come out as rubbish and are not copied to it; else it is written where it belongs. Kernels of
one by one multiply images where they are.

The gradient of the images is a convolution too, of the output's gradient; with a stride, one for each row and
column modulo it, whose results are interleaved. That of the weight sums over the same runs.

A function makes a plan, which holds its arrays, or None where this way is of no use: other dtypes, sizes that
do not belong together, or a processor without tiles. ``geo`` is ((KH, KW), stride, padding, dilation),
``workspace`` the bytes of scratch memory for each thread, ``team()`` says how many threads there are;
``winograd`` allows fewer products (``winograd.pxi``).
"""

cdef enum:
    # Bytes of gradients that should stay in the first-level cache, and the rows that a tile reads of them.
    INNER_BYTES = 12288
    INNER_ROWS = 6
    # Weights of a filter that a tile takes at a time, so that those of all its rows stay there too.
    MOST_WEIGHTS = 640


cdef bint are_lengths(Py_ssize_t size, Py_ssize_t kernel, Py_ssize_t stride, Py_ssize_t padding,
                      Py_ssize_t dilation) noexcept:
    """Whether what a kernel meets along an axis can be computed without overflow."""
    return (0 <= size <= MOST_LENGTH and 1 <= kernel <= MOST_LENGTH and 1 <= stride <= MOST_LENGTH
            and 0 <= padding <= MOST_LENGTH and 1 <= dilation <= MOST_LENGTH)


cdef bint read_sizes(Sizes *p, const cnp.npy_intp *x, const cnp.npy_intp *w, object geo, Py_ssize_t groups,
                     bint back) except -1:
    """Take the sizes of a convolution, or of the gradient of its images; False for none of this module."""
    cdef Py_ssize_t[4] down, across
    cdef Py_ssize_t SH, SW, top, left, DH, DW, i
    for i in range(4):
        down[i], across[i] = geo[i]
    p.KH, SH, top, DH = down[0], down[1], down[2], down[3]
    p.KW, SW, left, DW = across[0], across[1], across[2], across[3]
    if p.tiles == NULL or groups < 1 or x[1] % groups or w[0] % groups or not x[0] or not x[1] or not w[0]:
        return False
    p.images, p.groups, p.C, p.M, p.H, p.W = x[0], groups, w[1], w[0] // groups, x[2], x[3]
    if x[1] // groups != p.C or w[2] != p.KH or w[3] != p.KW:
        return False
    if not (are_lengths(p.H, p.KH, SH, top, DH) and are_lengths(p.W, p.KW, SW, left, DW)):
        return False
    p.OH, p.OW = p.H + 2 * top - DH * (p.KH - 1) - 1, p.W + 2 * left - DW * (p.KW - 1) - 1
    if p.OH < 0 or p.OW < 0:
        return False
    p.OH, p.OW = p.OH // SH + 1, p.OW // SW + 1
    if not back:
        along(&p.down, p.H, p.OH, p.KH, SH, top, DH)
        along(&p.across, p.W, p.OW, p.KW, SW, left, DW)
    elif max(SH, SW) > MOST_PLANES:
        return False
    else:
        back_along(&p.down, p.H, p.OH, p.KH, SH, top, DH)
        back_along(&p.across, p.W, p.OW, p.KW, SW, left, DW)
        p.C, p.M = p.M, p.C
        p.H, p.W, p.OH, p.OW = p.OH, p.OW, p.H, p.W
    p.K = p.C * p.KH * p.KW
    p.in_place = p.KH == p.KW == SH == SW == 1 and top == left == 0 and p.H * p.W >= MOST_WIDTH
    return True


cdef bint has_output(const Sizes *p, object g, bint back) noexcept:
    """Whether ``g`` has the shape of the convolution."""
    cdef const cnp.npy_intp *shape = cnp.PyArray_DIMS(g)
    cdef Py_ssize_t channels = p.C if back else p.M
    return (shape[0] == p.images and shape[1] % p.groups == 0 and shape[1] // p.groups == channels
            and shape[2] == (p.H if back else p.OH) and shape[3] == (p.W if back else p.OW))


cdef Py_ssize_t multiply_adds(const Sizes *p, bint back) noexcept:
    """How much work there is; nobody needs to know of more than can be counted."""
    cdef double positions = <double>p.H * p.W if back else <double>p.OH * p.OW
    return <Py_ssize_t>min(p.images * <double>p.groups * p.M * p.K * positions, 1.0 * MOST_LENGTH)


cdef struct Product:
    Sizes sizes
    int parts, packers
    # The weight; numbers from one filter, channel and group to the next.
    const char *w
    Py_ssize_t next_filter, next_channel, next_group
    const char *x
    char *packed
    const char *bias
    const Py_ssize_t *offset
    bint three_by_three
    char *out
    char *memory
    Py_ssize_t share


ctypedef fused word:
    uint32_t
    uint64_t


cdef void pack_block(const Product *job, const word *w, int rows, Py_ssize_t y, word *packed) noexcept nogil:
    """Write ``rows`` filters in the order in which a tile reads them: weight by weight of each pass."""
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t x, c, i, j, r
    cdef const word *source
    for x in range(p.across.passes):
        for c in range(p.C):
            for i in range(p.KH):
                if pass_of(&p.down, i) != y:
                    continue
                for j in range(p.KW):
                    if pass_of(&p.across, j) == x:
                        source = w + c * job.next_channel + i * p.KW + j
                        for r in range(rows):
                            packed[r] = source[r * job.next_filter]
                        packed += rows


cdef void pack_part(void *context, int part) noexcept nogil:
    """Pack every block of filters that is this part's turn."""
    cdef Product *job = <Product *>context
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t g, y, m, w, turn = 0
    cdef char *to = job.packed
    cdef int rows
    for g in range(p.groups):
        for y in range(p.down.passes):
            m = 0
            while m < p.M:
                rows = tile_for(p.tiles, p.M - m).rows
                w = g * job.next_group + m * job.next_filter
                if turn % job.packers == part:
                    if p.item == 4:
                        pack_block(job, <const uint32_t *>job.w + w, rows, y, <uint32_t *>to)
                    else:
                        pack_block(job, <const uint64_t *>job.w + w, rows, y, <uint64_t *>to)
                to += rows * p.C * p.down.taps[y] * p.KW * p.item
                turn += 1
                m += rows


cdef inline int vectors_of(const tile_t *t, Py_ssize_t numbers) noexcept nogil:
    """How many vectors to take of so many numbers: rather two and two at the end than three and one."""
    cdef Py_ssize_t needed = (numbers + t.width - 1) // t.width
    return vectors_for(t, needed - 2 if needed == t.vectors + 1 else needed)


cdef void multiply_run(const Sizes *p, const tile_t *t, Py_ssize_t K, const char *a, const char *run,
                       const Py_ssize_t *offset, const char *start, char *to, Py_ssize_t ld,
                       Py_ssize_t positions, char *spare) noexcept nogil:
    """Multiply a block of filters by a run; what tiles write beyond the end of a direct result is lost."""
    cdef Py_ssize_t pieces = max(1, (K + MOST_WEIGHTS - 1) // MOST_WEIGHTS)
    cdef Py_ssize_t piece, k, stop, width, position = 0
    cdef int vectors
    cdef bint last = False
    for piece in range(pieces):
        k, stop = piece * K // pieces, (piece + 1) * K // pieces
        position = 0
        while position < positions:
            vectors = vectors_of(t, positions - position)
            width = vectors * t.width
            last = p.direct and position + width > positions
            if last and p.in_place:
                position = positions - width
            t.product(vectors, stop - k, a + k * t.rows * p.item, 1, t.rows, run + position * p.item,
                      offset + k, NULL if piece else start, spare if last else to + position * p.item,
                      MOST_WIDTH if last else ld)
            position += width
    if last:
        position -= width
        p.set.gather(to + position * p.item, ld * p.item, spare, MOST_WIDTH * p.item, t.rows,
                     positions - position, 1, <int>p.item)


cdef bint is_three_by_three(const Sizes *p, const Py_ssize_t *offset) noexcept nogil:
    """Whether there is one filter of one channel, whose weights meet three columns of three rows in order."""
    cdef Py_ssize_t k
    if p.M != 1 or p.K != 9 or p.down.passes > 1 or p.across.passes > 1:
        return False
    for k in range(9):
        if offset[k] != k // 3 * p.pitch + k % 3 and offset[8 - k] != k // 3 * p.pitch + k % 3:
            return False
    return p.OW >= p.tiles.width


cdef void convolve_band(const Product *job, const char *run, char *result, Py_ssize_t n, Py_ssize_t g,
                        Py_ssize_t first) noexcept nogil:
    """Write the output rows from ``first`` on of group ``g`` of image ``n``, which lies in ``run``."""
    cdef const Sizes *p = &job.sizes
    cdef const tile_t *t
    cdef const char *a = job.packed + g * p.M * p.K * p.item
    cdef const char *start
    cdef const Py_ssize_t *offset = job.offset
    cdef char[MOST_ROWS * 8] zeros
    cdef char *out
    cdef char *to
    cdef Py_ssize_t y, x, m, k, K, count
    memset(zeros, 0, sizeof(zeros))
    for y in range(p.down.passes):
        count = min(p.rows, p.down.count[y] - first)
        m = 0
        while m < p.M:
            t = tile_for(p.tiles, p.M - m)
            start = job.bias + (g * p.M + m) * p.item if job.bias else zeros
            out = job.out + ((n * p.groups + g) * p.M + m) * p.OH * p.OW * p.item
            if job.three_by_three and count >= 4:
                t.nine(run, p.pitch, a, offset[0] > 0, start, out + first * p.OW * p.item, count, p.OW)
                break
            k = 0
            for x in range(p.across.passes):
                K = p.C * p.down.taps[y] * p.across.taps[x]
                to = out + first * p.OW * p.item if p.direct else result + x * MOST_ROWS * p.length * p.item
                if count > 0 and p.across.count[x]:
                    multiply_run(p, t, K, a, run, offset + k, start, to,
                                 p.OH * p.OW if p.direct else p.length,
                                 (count - 1) * p.pitch + p.across.count[x], result)
                a += K * t.rows * p.item
                k += K
            if not p.direct and count > 0:
                crop(p, result, out, t.rows, y, first, count)
            m += t.rows
        offset += p.C * p.down.taps[y] * p.KW


cdef void convolve_part(void *context, int part) noexcept nogil:
    cdef Product *job = <Product *>context
    cdef const Sizes *p = &job.sizes
    cdef char *run = job.memory + part * job.share
    cdef char *result = run + (0 if p.in_place else p.image * p.item)
    cdef const char *x
    cdef Py_ssize_t n, g, first
    if not p.in_place:
        memset(run, 0, p.image * p.item)
    for n in range(part * p.images // job.parts, (part + 1) * p.images // job.parts):
        for g in range(p.groups):
            x = job.x + (n * p.groups + g) * p.C * p.H * p.W * p.item
            first = 0
            while first < p.down.positions:
                if not p.in_place:
                    lay_out(p, x, run, first)
                convolve_band(job, x + first * p.W * p.item if p.in_place else run, result, n, g, first)
                first += p.rows


cdef object convolve(Product *job, object x, object w, object bias, int parts):
    """Return every image's convolution; ``job`` has the sizes, and where its weights lie."""
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t weights = p.groups * p.M * p.K
    cdef Py_ssize_t head = (weights * p.item + p.K * sizeof(Py_ssize_t) + 63) // 64 * 64
    cdef cnp.npy_intp[4] shape = [p.images, p.groups * p.M, p.OH, p.OW]
    out = empty(4, shape, cnp.NPY_FLOAT32 if p.item == 4 else cnp.NPY_FLOAT64)
    job.x, job.w, job.out = cnp.PyArray_BYTES(x), cnp.PyArray_BYTES(w), cnp.PyArray_BYTES(out)
    job.bias = NULL if bias is None else cnp.PyArray_BYTES(bias)
    job.parts = parts
    job.packers = parts if weights * PER_ELEMENT >= WORK_PER_THREAD else 1
    job.share = MOST_ROWS * (MOST_WIDTH if p.direct else p.across.passes * p.length) * p.item
    if not p.in_place:
        job.share += p.image * p.item
    cdef char *memory = <char *>scratch((head + parts * job.share) // 4)
    cdef Py_ssize_t *offset = <Py_ssize_t *>memory
    job.packed, job.offset = memory + p.K * sizeof(Py_ssize_t), offset
    job.memory = memory + head
    with nogil:
        find_offsets(p, offset)
        job.three_by_three = is_three_by_three(p, offset)
        parallel(pack_part, job, job.packers)
        parallel(convolve_part, job, parts)
    return out


# --- gradient of the weight ------------------------------------------------------------------------

cdef struct Inner:
    Sizes sizes
    int parts
    Py_ssize_t together, length
    # Whether the gradient is read where it is.
    bint as_it_lies
    const char *x
    const char *g
    const Py_ssize_t *offset
    char *first
    char *others
    char *memory
    Py_ssize_t share


cdef void spread_gradient(const Inner *job, const char *g, char *run, Py_ssize_t first) noexcept nogil:
    """Copy a band of a gradient into rows of the common length; ``run`` has zeros between them."""
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t m, r, row = p.OW * p.item, pitch = p.pitch * p.item, count = min(p.rows, p.OH - first)
    for m in range(p.M):
        p.set.gather(run, pitch, g + (m * p.OH + first) * row, row, count, p.OW, 1, <int>p.item)
        for r in range(count, p.rows):
            memset(run + r * pitch, 0, row)
        run += job.length * p.item


cdef void add_inner(const Inner *job, Py_ssize_t n, Py_ssize_t g, Py_ssize_t first, Py_ssize_t count,
                    const char *runs, const char *spreads, char *w) noexcept nogil:
    """Add the sums over a band of ``count`` images, for all filters and weights of a group."""
    cdef const Sizes *p = &job.sizes
    cdef const tile_t *t
    cdef Py_ssize_t m = 0, k, length = job.length, ld = job.length, next_x = p.image, next_g = p.M * ld
    if p.in_place:
        runs = job.x + ((n * p.groups + g) * p.C * p.plane + first * p.W) * p.item
        next_x = p.groups * p.C * p.plane
    if job.as_it_lies:
        length, ld, next_g = min(p.rows, p.OH - first) * p.OW, p.OH * p.OW, p.groups * p.M * p.OH * p.OW
        spreads = job.g + ((n * p.groups + g) * p.M * p.OH + first) * p.OW * p.item
    while m < p.M:
        t = inner_tile_for(p.tiles, p.M - m)
        k = 0
        while k < p.K:
            t.inner(count, length, spreads + m * ld * p.item, ld, next_g, runs, next_x, job.offset + k,
                    <int>min(p.K - k, <Py_ssize_t>t.vectors), w + (m * p.K + k) * p.item, p.K)
            k += t.vectors
        m += t.rows


cdef void weight_part(void *context, int part) noexcept nogil:
    cdef Inner *job = <Inner *>context
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t size = p.groups * p.M * p.K * p.item
    cdef char *runs = job.memory + part * job.share
    cdef char *spreads = runs + (0 if p.in_place else job.together * p.image * p.item)
    cdef char *w = job.others + (part - 1) * size if part else job.first
    cdef Py_ssize_t stop = (part + 1) * p.images // job.parts
    cdef Py_ssize_t n, i, g, first, count
    memset(runs, 0, job.share)
    n = part * p.images // job.parts
    while n < stop:
        count = min(job.together, stop - n)
        for g in range(p.groups):
            first = 0
            while first < p.OH:
                for i in range(count):
                    if not p.in_place:
                        lay_out(p, job.x + ((n + i) * p.groups + g) * p.C * p.H * p.W * p.item,
                                runs + i * p.image * p.item, first)
                    if not job.as_it_lies:
                        spread_gradient(job, job.g + ((n + i) * p.groups + g) * p.M * p.OH * p.OW * p.item,
                                        spreads + i * p.M * job.length * p.item, first)
                add_inner(job, n, g, first, count, runs, spreads, w + g * p.M * p.K * p.item)
                first += p.rows
        n += job.together


cdef void add(cython.floating *out, const cython.floating *share, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] += share[i]


cdef object tiled_weight_gradient(Sizes *p, object x, object g, Py_ssize_t workspace, int parts):
    """Sum over images and positions."""
    cdef Inner job
    cdef cnp.npy_intp[4] shape = [p.groups * p.M, p.C, p.KH, p.KW]
    cdef Py_ssize_t i, each, head, size = p.groups * p.M * p.K, width = p.tiles.width
    w = cnp.PyArray_ZEROS(4, shape, cnp.NPY_FLOAT32 if p.item == 4 else cnp.NPY_FLOAT64, 0)
    job.length = p.rows * p.pitch
    job.as_it_lies = p.direct and job.length % width == 0 and p.OH * p.OW % width == 0
    job.length += -job.length & 15
    job.parts = parts
    each = (0 if p.in_place else p.image) + (0 if job.as_it_lies else p.M * job.length)
    each *= p.item
    job.together = max(1, INNER_BYTES // (INNER_ROWS * job.length * p.item))
    if each:
        job.together = max(1, min(job.together, workspace // each))
    job.share = job.together * each
    job.share += -job.share & 63
    # One share is the result itself; the others, and scratch memory behind them, are added at the end.
    head = (p.K + MOST_ROWS) * sizeof(Py_ssize_t)
    cdef char *memory = <char *>scratch((head + (parts - 1) * size * p.item + 64 + parts * job.share) // 4)
    cdef Py_ssize_t *offset = <Py_ssize_t *>memory
    job.sizes, job.offset = p[0], offset
    job.x, job.g, job.first = cnp.PyArray_BYTES(x), cnp.PyArray_BYTES(g), cnp.PyArray_BYTES(w)
    job.others = memory + head
    job.memory = memory + (head + (parts - 1) * size * p.item + 63) // 64 * 64
    with nogil:
        find_offsets(p, offset)
        memset(offset + p.K, 0, MOST_ROWS * sizeof(Py_ssize_t))
        memset(job.others, 0, (parts - 1) * size * p.item)
        parallel(weight_part, &job, parts)
        for i in range(parts - 1):
            if p.item == 4:
                add(<float *>job.first, <float *>job.others + i * size, size)
            else:
                add(<double *>job.first, <double *>job.others + i * size, size)
    return w
