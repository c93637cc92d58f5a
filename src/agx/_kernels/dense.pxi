"""Products of float32 matrices of modest size, by the tiles of ``tile.h``.

The left factor is read where it lies, the right one copied a panel at a time into the order in which tiles
read it, unless it is small.
A general BLAS does the same for large matrices; for those of a small network its preparations cost as
much as the product.
"""

cdef enum:
    # Multiplications, and floats of the left factor, above which the product is BLAS's.
    MOST_WORK = 1 << 26
    MOST_FLOATS = 1 << 20
    # Floats of a right factor that stays at hand, which need not be copied to be read in order.
    FEW_COPIED = 1 << 13
    # Rows, and columns, of a product up to which its factors are cheaper to read along K than to turn.
    FEW_ROWS = 7
    FEW_COLUMNS = 12

cdef struct Matrices:
    # out (M, N) = a (M, K) b (K, N) + bias; strides in floats.
    Py_ssize_t M, N, K
    const float *a
    const float *b
    const float *bias
    float *out
    Py_ssize_t am, ak, bk, bn
    const instructions_t *set
    const tile_t *tile
    Py_ssize_t width, blocks, panels
    # Parts take blocks of rows, or else panels of columns.
    bint by_rows
    int parts
    float *memory
    Py_ssize_t share


cdef void pack(const instructions_t *set, float *to, Py_ssize_t width, const float *source,
               Py_ssize_t across, Py_ssize_t along, Py_ssize_t count, Py_ssize_t length) noexcept nogil:
    """to[k][j] = source[k * along + j * across] for j < count."""
    cdef Py_ssize_t j = 0, k
    if across == 1:
        for k in range(length):
            copy(to + k * width, source + k * along, count)
        return
    if along == 1:
        while j + 8 <= count:
            k = 0
            while k + 8 <= length:
                set.turn(source + j * across + k, across, to + k * width + j, width)
                k += 8
            while k < length:
                pack_few(to + k * width + j, source + j * across + k, across, 8)
                k += 1
            j += 8
    for k in range(length):
        pack_few(to + k * width + j, source + k * along + j * across, across, count - j)


cdef inline void pack_few(float *to, const float *source, Py_ssize_t across, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        to[j] = source[j * across]


cdef void multiply_panel(const Matrices *job, const float *b, const Py_ssize_t *offset, Py_ssize_t first,
                         Py_ssize_t last, Py_ssize_t column, int vectors, float *spare) noexcept nogil:
    """Write blocks ``first`` to ``last`` of the columns from ``column`` on, ``vectors`` wide."""
    cdef const tile_t *t = job.tile
    cdef float[MOST_ROWS] zeros
    cdef Py_ssize_t i, block, row, count = min(job.N, vectors * t.width), ld = job.N
    cdef float *to
    cdef float *out
    memset(zeros, 0, sizeof(zeros))
    for block in range(first, last):
        row = min(block * t.rows, job.M - t.rows)
        out = to = job.out + row * job.N + column
        if count < vectors * t.width:
            to, ld = spare, job.width
        if job.bias:
            for i in range(t.rows):
                copy(to + i * ld, job.bias + column, count)
        t.product(vectors, job.K, job.a + row * job.am, job.am, job.ak, b, offset,
                  NULL if job.bias else zeros, to, ld)
        if to is not out:
            for i in range(t.rows):
                copy(out + i * job.N, spare + i * job.width, count)


cdef void multiply_matrices_part(void *context, int part) noexcept nogil:
    cdef Matrices *job = <Matrices *>context
    cdef const tile_t *t = job.tile
    cdef Py_ssize_t first = 0, last = job.blocks, panel = 0, panels = job.panels
    cdef Py_ssize_t k, column, vectors, count
    cdef float *memory = job.memory + part * job.share
    cdef Py_ssize_t *offset = <Py_ssize_t *>memory
    cdef float *spare = memory + 2 * (job.K + 8)
    cdef float *turned = spare + MOST_ROWS * job.width
    cdef bint as_it_lies
    if job.by_rows:
        first, last = part * job.blocks // job.parts, (part + 1) * job.blocks // job.parts
    else:
        panel, panels = part * job.panels // job.parts, (part + 1) * job.panels // job.parts
    vectors = vectors_for(t, min(job.width, job.N + t.width - 1) // t.width)
    as_it_lies = job.bn == 1 and job.N >= vectors * t.width and (
        last - first <= 2 or job.K * job.N <= FEW_COPIED)
    for k in range(job.K):
        offset[k] = k * (job.bk if as_it_lies else job.width)
    while panel < panels:
        # The last panel is as narrow as it can be, and starts further left to be full.
        vectors = vectors_for(t, (job.N - panel * job.width + t.width - 1) // t.width)
        column = max(0, min(panel * job.width, job.N - vectors * t.width))
        count = min(job.N, vectors * t.width)
        if as_it_lies:
            multiply_panel(job, job.b + column, offset, first, last, column, <int>vectors, spare)
        else:
            if count < vectors * t.width:
                memset(turned, 0, job.K * job.width * sizeof(float))
            pack(job.set, turned, job.width, job.b + column * job.bn, job.bn, job.bk, count, job.K)
            multiply_panel(job, turned, offset, first, last, column, <int>vectors, spare)
        panel += 1


cdef bint multiply_matrices(Matrices *job, int threads) except False:
    cdef Py_ssize_t count
    job.tile = tile_for(job.set.tiles, job.M)
    job.width = job.tile.vectors * job.tile.width
    job.blocks = (job.M + job.tile.rows - 1) // job.tile.rows
    job.panels = (job.N + job.width - 1) // job.width
    job.by_rows = job.blocks >= job.panels
    # The last block, or panel, may overlap the one before, which no other part may write meanwhile.
    count = max(job.blocks, job.panels)
    job.parts = <int>max(1, min(<Py_ssize_t>threads, count // 2))
    job.share = 2 * (job.K + 8) + (MOST_ROWS + job.K) * job.width
    job.share += -job.share & 15
    job.memory = scratch(job.parts * job.share)
    share(multiply_matrices_part, job, job.parts)
    return True


# --- few rows by a matrix that lies across, or many by one of few columns -----------------------------

cdef void inner_matrices_part(void *context, int part) noexcept nogil:
    """Inner products of rows of a with rows of b's transpose, which both lie in order."""
    cdef Matrices *job = <Matrices *>context
    cdef const tile_t *t
    cdef Py_ssize_t[MOST_ROWS] offset
    cdef Py_ssize_t m = 0, bottom = job.M, first = 0, last = job.N, n, i, j, k, body, columns
    cdef const float *b
    cdef float *to
    cdef float rest
    if job.by_rows:
        m, bottom = part * job.M // job.parts, (part + 1) * job.M // job.parts
    else:
        first, last = part * job.N // job.parts, (part + 1) * job.N // job.parts
    while m < bottom:
        t = inner_tile_for(job.set.tiles, bottom - m)
        body = job.K - job.K % t.width
        for j in range(t.vectors):
            offset[j] = j * job.bn
        n = first
        while n < last:
            columns = min(<Py_ssize_t>t.vectors, last - n)
            for j in range(columns, t.vectors):
                offset[j] = 0
            b = job.b + n * job.bn
            for i in range(t.rows):
                to = job.out + (m + i) * job.N + n
                for j in range(columns):
                    rest = job.bias[n + j] if job.bias else 0
                    for k in range(body, job.K):
                        rest += job.a[(m + i) * job.am + k] * b[j * job.bn + k]
                    to[j] = rest
            t.inner(1, body, job.a + m * job.am, job.am, 0, b, 0, offset, <int>columns,
                    job.out + m * job.N + n, job.N)
            n += columns
        m += t.rows


def matmul(object x, object y, object bias, object team):
    # x (M, K) @ y (K, N) + bias (N,), or None where this kernel is of no use.
    #
    # ``bias`` may be None, ``team()`` says how many threads there are. The kernel is of use for float32
    # matrices of modest size, either of which may be a transpose, on a processor with tiles.
    cdef Matrices job
    cdef cnp.npy_intp[2] shape
    cdef int threads
    cdef cnp.ndarray out
    job.set = instructions()
    if job.set.tiles == NULL or not is_float32(x, 2) or not is_float32(y, 2):
        return None
    if bias is not None and not (is_float32(bias, 1) and cnp.PyArray_IS_C_CONTIGUOUS(bias)):
        return None
    cdef cnp.ndarray a = <cnp.ndarray>x
    cdef cnp.ndarray b = <cnp.ndarray>y
    job.M, job.K, job.N = cnp.PyArray_DIM(a, 0), cnp.PyArray_DIM(a, 1), cnp.PyArray_DIM(b, 1)
    if bias is not None and cnp.PyArray_DIM(bias, 0) != job.N:
        return None
    if cnp.PyArray_DIM(b, 0) != job.K or not job.M or not job.K or not job.N:
        return None
    if job.M > MOST_FLOATS // job.K or job.M * job.K > MOST_WORK // job.N or job.K > 1 << 14:
        return None
    job.a, job.b = <float *>cnp.PyArray_DATA(a), <float *>cnp.PyArray_DATA(b)
    job.am, job.ak = cnp.PyArray_STRIDE(a, 0) // 4, cnp.PyArray_STRIDE(a, 1) // 4
    job.bk, job.bn = cnp.PyArray_STRIDE(b, 0) // 4, cnp.PyArray_STRIDE(b, 1) // 4
    job.bias = NULL if bias is None else <float *>cnp.PyArray_DATA(bias)
    shape[0], shape[1] = job.M, job.N
    out = empty(2, shape, cnp.NPY_FLOAT32)
    job.out = <float *>cnp.PyArray_DATA(out)
    threads = threads_for(job.M * job.K * job.N, job.M * job.N, team)
    job.by_rows = job.M > job.N
    if job.bk == 1 and job.ak == 1 and (job.M <= FEW_ROWS and job.bn != 1
                                        or job.N <= min(<Py_ssize_t>FEW_COLUMNS, job.K // 8)):
        job.parts = <int>min(<Py_ssize_t>threads, max(job.M, job.N))
        share(inner_matrices_part, &job, job.parts)
    else:
        multiply_matrices(&job, threads)
    return out
