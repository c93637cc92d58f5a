"""Rows that are picked, added to and run along: gather and scatter of rows, running sums and products, and
which elements are the largest.

Functions take C-contiguous arrays of one floating dtype, float32 or float64, and return None for others. An
array that something runs along is seen as (outer, n, inner); the threads of ``team()`` share its lines.
"""

cdef extern from *:
    """
    #include "simd.h"
    #define NUMBER float
    #define AGX_NAME(x) agx_##x##_of_floats
    #include "rows.h"
    #define NUMBER double
    #define AGX_NAME(x) agx_##x##_of_doubles
    #include "rows.h"
    """
    void share_line_of_floats "agx_share_line_of_floats"(
        const float *x, float best, float g, float *out, Py_ssize_t n) noexcept nogil
    void share_line_of_doubles "agx_share_line_of_doubles"(
        const double *x, double best, double g, double *out, Py_ssize_t n) noexcept nogil
    void share_columns_of_floats "agx_share_columns_of_floats"(
        const float *x, const float *best, const float *g, float *out, Py_ssize_t n, Py_ssize_t width,
        Py_ssize_t first, Py_ssize_t stop) noexcept nogil
    void share_columns_of_doubles "agx_share_columns_of_doubles"(
        const double *x, const double *best, const double *g, double *out, Py_ssize_t n, Py_ssize_t width,
        Py_ssize_t first, Py_ssize_t stop) noexcept nogil
    void add_of_floats "agx_add_of_floats"(float *out, const float *g, Py_ssize_t n) noexcept nogil
    void add_of_doubles "agx_add_of_doubles"(double *out, const double *g, Py_ssize_t n) noexcept nogil
    void add_rows_of_floats "agx_add_rows_of_floats"(
        float *out, const float *x, Py_ssize_t rows, Py_ssize_t next, Py_ssize_t n) noexcept nogil
    void add_rows_of_doubles "agx_add_rows_of_doubles"(
        double *out, const double *x, Py_ssize_t rows, Py_ssize_t next, Py_ssize_t n) noexcept nogil

cdef enum:
    # Lines that are run along side by side, so that one need not wait for another's last addition.
    ABREAST = 8


cdef bint describe_lines(Job *job, object x, Py_ssize_t axis, object team) except -1:
    """See ``x`` as (outer, n, inner) around an axis."""
    cdef int i, ndim
    if not is_floating(x) or not cnp.PyArray_SIZE(x):
        return False
    ndim = cnp.PyArray_NDIM(x)
    if not 0 <= axis < ndim:
        return False
    job.outer = job.inner = 1
    for i in range(ndim):
        if i < axis:
            job.outer *= cnp.PyArray_DIM(x, i)
        elif i > axis:
            job.inner *= cnp.PyArray_DIM(x, i)
    job.n = cnp.PyArray_DIM(x, <int>axis)
    # One long run of lines is shared by columns.
    prepare(job, x, job.outer if job.inner == 1 or job.outer > 1 else job.inner, team)
    return True


cdef void stretch(const Job *job, int part, Py_ssize_t *lines, Py_ssize_t *columns) noexcept nogil:
    """The lines, and the columns of each, that are this part's."""
    lines[0], lines[1], columns[0], columns[1] = 0, job.outer, 0, job.inner
    if job.inner == 1 or job.outer > 1:
        lines[0], lines[1] = edge(job, part), edge(job, part + 1)
    else:
        columns[0], columns[1] = edge(job, part), edge(job, part + 1)


# --- picked rows -------------------------------------------------------------------------------------

cdef bint in_range(const int64_t *index, Py_ssize_t count, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        if index[i] < -rows or index[i] >= rows:
            return False
    return True


cdef bint read_rows(Job *job, object x, object index) except -1:
    """Whether ``index`` numbers rows of ``x``, each of which is one run."""
    if not is_floating(x) or cnp.PyArray_NDIM(x) < 1 or not cnp.PyArray_SIZE(x):
        return False
    if not (cnp.PyArray_CheckExact(index) and cnp.PyArray_TYPE(index) == cnp.NPY_INT64
            and cnp.PyArray_ISCARRAY_RO(index)):
        return False
    job.n, job.count = cnp.PyArray_DIM(x, 0), cnp.PyArray_SIZE(index)
    job.bytes = <int>(cnp.PyArray_NBYTES(x) // job.n)
    job.inner = cnp.PyArray_SIZE(x) // job.n
    job.index, job.single = <const int64_t *>cnp.PyArray_DATA(index), cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    return in_range(job.index, job.count, job.n)


cdef void pick_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i, row
    for i in range(edge(job, part), edge(job, part + 1)):
        row = job.index[i] + (job.n if job.index[i] < 0 else 0)
        copy(<float *>(job.out + i * job.bytes), <const float *>(job.x + row * job.bytes), job.bytes // 4)


def pick(x, index, team):
    # x[index] for integers in range, which may be negative.
    cdef Job job
    cdef cnp.npy_intp[32] shape
    cdef int i, k
    if not read_rows(&job, x, index) or cnp.PyArray_NDIM(x) + cnp.PyArray_NDIM(index) > 32:
        return None
    k = cnp.PyArray_NDIM(index)
    for i in range(k):
        shape[i] = cnp.PyArray_DIM(index, i)
    for i in range(1, cnp.PyArray_NDIM(x)):
        shape[k + i - 1] = cnp.PyArray_DIM(x, i)
    out = empty(k + cnp.PyArray_NDIM(x) - 1, shape, cnp.PyArray_TYPE(x))
    job.x, job.out = <char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(out)
    job.parts = threads_for(PER_ELEMENT * cnp.PyArray_SIZE(out), job.count, team)
    share(pick_part, &job, job.parts)
    return out


cdef void add_rows(const Job *job, floating *out, const floating *g, int part) noexcept nogil:
    """Each part has rows of its own, copies them if they lie elsewhere, and adds to them in order."""
    cdef Py_ssize_t i, row
    cdef Py_ssize_t first = part * job.n // job.parts, stop = (part + 1) * job.n // job.parts
    cdef const char *x = job.x + first * job.bytes
    if job.x != job.out:
        memcpy(out + first * job.inner, x, (stop - first) * job.bytes)
    for i in range(job.count):
        row = job.index[i] + (job.n if job.index[i] < 0 else 0)
        if not first <= row < stop:
            continue
        if floating is float:
            add_of_floats(out + row * job.inner, g + i * job.inner, job.inner)
        else:
            add_of_doubles(out + row * job.inner, g + i * job.inner, job.inner)


cdef void add_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        add_rows(job, <float *>job.out, <float *>job.g, part)
    else:
        add_rows(job, <double *>job.out, <double *>job.g, part)


def add_at(x, index, g, team, out=None):
    # x[index] += g, where a row that is named twice gets both, in place or in ``out``; True, or None.
    cdef Job job
    out = x if out is None else out
    if not read_rows(&job, x, index) or not is_floating(g) or not is_floating(out):
        return None
    if not alike(x, out) or not cnp.PyArray_ISWRITEABLE(out):
        return None
    if cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(out) or cnp.PyArray_SIZE(g) != job.count * job.inner:
        return None
    job.g, job.out = <char *>cnp.PyArray_DATA(g), <char *>cnp.PyArray_DATA(out)
    job.x = <char *>cnp.PyArray_DATA(x)
    job.parts = threads_for(PER_ELEMENT * cnp.PyArray_SIZE(g), job.n, team)
    share(add_part, &job, job.parts)
    return True


# --- sums ----------------------------------------------------------------------------------------------

cdef void sum_lines_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t[2] lines
    cdef Py_ssize_t[2] columns
    cdef Py_ssize_t line, width
    cdef char *out
    cdef const char *x
    stretch(job, part, lines, columns)
    width = columns[1] - columns[0]
    for line in range(lines[0], lines[1]):
        x = job.x + (line * job.n * job.inner + columns[0]) * job.bytes
        out = job.out + (line * job.inner + columns[0]) * job.bytes
        if job.inner == 1 and job.single:
            (<float *>out)[0] = <float>job.loops.total_of_line(x, job.n)
        elif job.inner == 1:
            (<double *>out)[0] = job.loops.total_of_line(x, job.n)
        else:
            memset(out, 0, width * job.bytes)
            if job.single:
                add_rows_of_floats(<float *>out, <const float *>x, job.n, job.inner, width)
            else:
                add_rows_of_doubles(<double *>out, <const double *>x, job.n, job.inner, width)


def sums(x, Py_ssize_t axis, team):
    # The sums along an axis, flat; those of columns are added up row after row.
    cdef Job job
    cdef cnp.npy_intp count
    if not describe_lines(&job, x, axis, team):
        return None
    count = job.outer * job.inner
    out = empty(1, &count, cnp.PyArray_TYPE(x))
    job.out = <char *>cnp.PyArray_DATA(out)
    share(sum_lines_part, &job, job.parts)
    return out


# --- running sums and products -----------------------------------------------------------------------

cdef void run_lines(const Job *job, const floating *x, floating *out, Py_ssize_t step,
                    int lines) noexcept nogil:
    """Along ``lines`` of n elements each, n apart."""
    cdef floating[ABREAST] total
    cdef Py_ssize_t _i, at = job.n - 1 if step < 0 else 0
    cdef int k
    for k in range(lines):
        total[k] = x[k * job.n + at]
        out[k * job.n + at] = total[k]
    for _i in range(job.n - 1):
        at += step
        for k in range(lines):
            if job.products:
                total[k] *= x[k * job.n + at]
            else:
                total[k] += x[k * job.n + at]
            out[k * job.n + at] = total[k]


cdef void run_columns(const Job *job, const floating *x, floating *out, Py_ssize_t first,
                      Py_ssize_t stop) noexcept nogil:
    """Down a block of n rows of ``inner`` elements, in the columns from ``first`` to ``stop``."""
    cdef Py_ssize_t _i, j, step = -job.inner if job.backwards else job.inner
    cdef const floating *at = x + ((job.n - 1) * job.inner if job.backwards else 0)
    cdef floating *to = out + (at - x)
    for j in range(first, stop):
        to[j] = at[j]
    for _i in range(job.n - 1):
        at += step
        to += step
        if job.products:
            for j in range(first, stop):
                to[j] = to[j - step] * at[j]
        else:
            for j in range(first, stop):
                to[j] = to[j - step] + at[j]


cdef void run_along(const Job *job, const floating *x, floating *out, int part) noexcept nogil:
    cdef Py_ssize_t[2] lines
    cdef Py_ssize_t[2] columns
    cdef Py_ssize_t line, block = job.n * job.inner
    stretch(job, part, lines, columns)
    line = lines[0]
    while line < lines[1]:
        if job.inner > 1:
            run_columns(job, x + line * block, out + line * block, columns[0], columns[1])
            line += 1
        elif line + ABREAST <= lines[1]:
            run_lines(job, x + line * block, out + line * block, -1 if job.backwards else 1, ABREAST)
            line += ABREAST
        else:
            run_lines(job, x + line * block, out + line * block, -1 if job.backwards else 1, 1)
            line += 1


cdef void run_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        run_along(job, <float *>job.x, <float *>job.out, part)
    else:
        run_along(job, <double *>job.x, <double *>job.out, part)


def cumulate(x, Py_ssize_t axis, bint products, bint backwards, team):
    # Running sums, or products, along an axis, from its first element or its last.
    cdef Job job
    if not describe_lines(&job, x, axis, team):
        return None
    out = like(x)
    job.products, job.backwards, job.out = products, backwards, <char *>cnp.PyArray_DATA(out)
    share(run_part, &job, job.parts)
    return out


cdef void product_lines(const Job *job, const floating *g, const floating *y, const floating *x,
                        floating *out,
                        int lines) noexcept nogil:
    """y[i - 1] a[i] with a[i] = g[i] + x[i + 1] a[i + 1], along ``lines`` of n elements each."""
    cdef floating[ABREAST] a
    cdef Py_ssize_t i, at, n = job.n
    cdef floating next
    cdef int k
    for k in range(lines):
        a[k] = g[k * n + n - 1]
    i = n - 2
    while i >= 0:
        for k in range(lines):
            at = k * n + i
            next = x[at + 1] * a[k]
            out[at + 1] = y[at] * a[k]
            a[k] = g[at] + (0 if a[k] == 0 else next)
        i -= 1
    for k in range(lines):
        out[k * n] = a[k]


cdef void product_columns(const Job *job, const floating *g, const floating *y, const floating *x,
                          floating *out,
                          Py_ssize_t first, Py_ssize_t stop) noexcept nogil:
    """The same down a block; ``out`` holds a until it is used."""
    cdef Py_ssize_t i, j, step = job.inner, at = (job.n - 1) * step
    cdef floating a, next
    for j in range(first, stop):
        out[at + j] = g[at + j]
    i = job.n - 2
    while i >= 0:
        at -= step
        for j in range(first, stop):
            a = out[at + step + j]
            next = x[at + step + j] * a
            out[at + j] = g[at + j] + (0 if a == 0 else next)
            out[at + step + j] = y[at + j] * a
        i -= 1


cdef void product_along(const Job *job, const floating *g, const floating *y, const floating *x,
                        floating *out,
                        int part) noexcept nogil:
    cdef Py_ssize_t[2] lines
    cdef Py_ssize_t[2] columns
    cdef Py_ssize_t line, at, block = job.n * job.inner
    cdef int count
    stretch(job, part, lines, columns)
    line = lines[0]
    while line < lines[1]:
        at, count = line * block, 1
        if job.inner > 1:
            product_columns(job, g + at, y + at, x + at, out + at, columns[0], columns[1])
        else:
            count = ABREAST if line + ABREAST <= lines[1] else 1
            product_lines(job, g + at, y + at, x + at, out + at, count)
        line += count


cdef void product_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        product_along(job, <float *>job.g, <float *>job.best, <float *>job.x, <float *>job.out, part)
    else:
        product_along(job, <double *>job.g, <double *>job.best, <double *>job.x, <double *>job.out, part)


def product_gradient(g, y, x, Py_ssize_t axis, team):
    # The gradient of x, of which ``y`` are the running products along an axis, all finite.
    cdef Job job
    if not is_floating(g) or not is_floating(y) or not is_floating(x) or not alike(g, x) or not alike(y, x):
        return None
    if not describe_lines(&job, x, axis, team):
        return None
    out = like(x)
    job.g, job.best, job.out = (<char *>cnp.PyArray_DATA(g), <char *>cnp.PyArray_DATA(y),
                                <char *>cnp.PyArray_DATA(out))
    share(product_part, &job, job.parts)
    return out


# --- which are the largest ---------------------------------------------------------------------------

cdef void share_along(const Job *job, const floating *x, const floating *best, const floating *g,
                      floating *out,
                      int part) noexcept nogil:
    cdef Py_ssize_t[2] lines
    cdef Py_ssize_t[2] columns
    cdef Py_ssize_t line, one, block = job.n * job.inner
    cdef const floating *x_at
    cdef floating *out_at
    stretch(job, part, lines, columns)
    for line in range(lines[0], lines[1]):
        x_at, out_at, one = x + line * block, out + line * block, line * job.inner
        if floating is float and job.inner == 1:
            share_line_of_floats(x_at, best[line], g[line], out_at, job.n)
        elif floating is float:
            share_columns_of_floats(x_at, best + one, g + one, out_at, job.n, job.inner, columns[0],
                                    columns[1])
        elif job.inner == 1:
            share_line_of_doubles(x_at, best[line], g[line], out_at, job.n)
        else:
            share_columns_of_doubles(x_at, best + one, g + one, out_at, job.n, job.inner, columns[0],
                                     columns[1])


cdef void share_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        share_along(job, <float *>job.x, <float *>job.best, <float *>job.g, <float *>job.out, part)
    else:
        share_along(job, <double *>job.x, <double *>job.best, <double *>job.g, <double *>job.out, part)


def share_extreme(g, best, x, Py_ssize_t axis, team):
    # Share g evenly among the elements of x that are the ``best`` along an axis; None if one is NaN.
    cdef Job job
    if not is_floating(g) or not is_floating(best) or not describe_lines(&job, x, axis, team):
        return None
    if cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(x) or cnp.PyArray_TYPE(best) != cnp.PyArray_TYPE(x):
        return None
    if cnp.PyArray_SIZE(g) != job.outer * job.inner or cnp.PyArray_SIZE(best) != job.outer * job.inner:
        return None
    if has_nan(best):
        return None
    out = like(x)
    job.g, job.best = <char *>cnp.PyArray_DATA(g), <char *>cnp.PyArray_DATA(best)
    job.out = <char *>cnp.PyArray_DATA(out)
    share(share_part, &job, job.parts)
    return out
