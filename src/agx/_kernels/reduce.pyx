"""Log-sum-exp, softmax and cross entropy along the last axis, stable for any finite input; normalisation.

Each row is shifted by its largest element first, so no exponential overflows:
log sum exp(x) = m + log sum exp(x - m). Functions return a new array, or None for arguments that are not
C-contiguous arrays of one floating dtype, float32 or float64. The threads of ``team()`` share the rows.
"""

from cython cimport floating
from libc.math cimport INFINITY, log, sqrt
from libc.stdint cimport int64_t

cimport numpy as cnp

from agx._kernels.arrays cimport alike, empty, is_floating, like
from agx._kernels.machine cimport PER_ELEMENT, loops_of, loops_t, parallel, task_t, threads_for

cnp.import_array()

cdef enum:
    # What an element of a row costs, in multiply-adds.
    PER_EXPONENTIAL = 24
    MOST_PARTS = 256
    # Floats in a row that is too short for vectors, and those of such rows that are taken together.
    SHORT = 8
    BLOCK = 256

cdef struct Rows:
    # What the arrays are: ``count`` rows of ``n`` elements, and a gradient for each element or each row.
    const loops_t *loops
    Py_ssize_t count, n
    int parts
    bint single, mean
    char *x
    char *g
    char *out
    const int64_t *targets
    double[MOST_PARTS] totals


cdef inline floating limit(floating x, floating m) noexcept nogil:
    """exp(x - m) for an infinite ``m`` that is the largest element."""
    return x if x != x else <floating>(x == m)


cdef inline floating below(floating x, floating m) noexcept nogil:
    """x - m, and 0 between equal infinities."""
    return 0 if x == m else x - m


cdef floating shifted_exp(const Rows *job, const floating *x, floating *out, floating m) noexcept nogil:
    """The sum of exp(x - m), which are written too unless ``out`` is NULL."""
    cdef Py_ssize_t i
    cdef floating e, total = 0
    if m == INFINITY or m == -INFINITY:
        for i in range(job.n):
            e = limit(x[i], m)
            total += e
            if out != NULL:
                out[i] = e
        return total
    return <floating>job.loops.exp_sum(x, out, job.n, m)


cdef void exp_rows(const Rows *job, const floating *x, floating *out, floating *largest, floating *totals,
                   Py_ssize_t rows) noexcept nogil:
    """exp(x - m) of short rows, with the largest element m of each and the sum."""
    cdef floating[BLOCK] shifted
    cdef Py_ssize_t r, j, n = job.n
    cdef floating m
    for r in range(rows):
        m = -INFINITY
        for j in range(r * n, r * n + n):
            m = x[j] if x[j] > m else m
        for j in range(r * n, r * n + n):
            shifted[j] = below(x[j], m)
        largest[r], totals[r] = m, 0
    job.loops.exp_sum(shifted, out, rows * n, 0)
    for r in range(rows):
        for j in range(r * n, r * n + n):
            totals[r] += out[j]


cdef bint usable(object x) noexcept:
    return is_floating(x) and cnp.PyArray_NDIM(x) > 0


cdef object contiguous(object g):
    """An array in one piece: the gradient of a sum is a broadcast view. Anything else as it is."""
    return cnp.PyArray_GETCONTIGUOUS(g) if cnp.PyArray_CheckExact(g) else g


cdef int kind_of(object x) noexcept:
    """The type number of a plain contiguous array, or -1."""
    return cnp.PyArray_TYPE(x) if cnp.PyArray_CheckExact(x) and cnp.PyArray_ISCARRAY_RO(x) else -1


cdef int describe(Rows *job, object x, object out, object team) except -1:
    """Share the rows of ``x`` among threads."""
    cdef int i
    job.n, job.count = cnp.PyArray_DIM(x, cnp.PyArray_NDIM(x) - 1), 1
    for i in range(cnp.PyArray_NDIM(x) - 1):
        job.count *= cnp.PyArray_DIM(x, i)
    job.single = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    job.loops = loops_of(job.single)
    job.x, job.out = <char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(out)
    cdef int threads = threads_for(PER_EXPONENTIAL * cnp.PyArray_SIZE(x), job.count, team)
    job.parts = min(threads, <int>MOST_PARTS)
    return 0


cdef object share(Rows *job, task_t task):
    with nogil:
        parallel(task, job, job.parts)


cdef inline Py_ssize_t edge(const Rows *job, int part) noexcept nogil:
    return part * job.count // job.parts


# --- log-sum-exp -------------------------------------------------------------------------------------

cdef void logsumexp_rows(const Rows *job, floating *x, floating *out, int part) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating m, total
    for i in range(edge(job, part), edge(job, part + 1)):
        m = <floating>job.loops.largest(x + i * job.n, job.n)
        total = shifted_exp(job, x + i * job.n, NULL, m)
        out[i] = m + (<floating>log(total) if m - m == 0 else total - total)


cdef void logsumexp_part(void *context, int part) noexcept nogil:
    cdef Rows *job = <Rows *>context
    if job.single:
        logsumexp_rows(job, <float *>job.x, <float *>job.out, part)
    else:
        logsumexp_rows(job, <double *>job.x, <double *>job.out, part)


def logsumexp(x, team):
    """log(sum(exp(row))) of each row, in an array without the last axis."""
    cdef Rows job
    if not usable(x):
        return None
    out = empty(cnp.PyArray_NDIM(x) - 1, cnp.PyArray_DIMS(x), cnp.PyArray_TYPE(x))
    describe(&job, x, out, team)
    share(&job, logsumexp_part)
    return out


cdef void scaled_rows(const Rows *job, floating *g, floating *x, floating *out, int part) noexcept nogil:
    """Not exp(x - logsumexp(x)): a logarithm that is rounded at a large x spoils every digit."""
    cdef Py_ssize_t i, at
    cdef floating total
    for i in range(edge(job, part), edge(job, part + 1)):
        at = i * job.n
        total = shifted_exp(job, x + at, out + at, <floating>job.loops.largest(x + at, job.n))
        job.loops.scale(out + at, job.n, g[i] / total)


cdef void scaled_part(void *context, int part) noexcept nogil:
    cdef Rows *job = <Rows *>context
    if job.single:
        scaled_rows(job, <float *>job.g, <float *>job.x, <float *>job.out, part)
    else:
        scaled_rows(job, <double *>job.g, <double *>job.x, <double *>job.out, part)


def logsumexp_gradient(g, x, team):
    """g softmax(row) of each row."""
    cdef Rows job
    g = contiguous(g)
    if not usable(x) or cnp.PyArray_TYPE(x) != kind_of(g):
        return None
    out = like(x)
    describe(&job, x, out, team)
    if cnp.PyArray_SIZE(g) != job.count:
        return None
    job.g = <char *>cnp.PyArray_DATA(g)
    share(&job, scaled_part)
    return out


# --- softmax -----------------------------------------------------------------------------------------

cdef void softmax_rows(const Rows *job, floating *x, floating *out, int part) noexcept nogil:
    cdef Py_ssize_t i, at
    cdef floating m
    for i in range(edge(job, part), edge(job, part + 1)):
        at = i * job.n
        m = <floating>job.loops.largest(x + at, job.n)
        if job.mean:
            job.loops.shift(x + at, out + at, job.n, m, log(shifted_exp(job, x + at, NULL, m)))
        else:
            job.loops.scale(out + at, job.n, 1 / shifted_exp(job, x + at, out + at, m))


cdef void softmax_part(void *context, int part) noexcept nogil:
    cdef Rows *job = <Rows *>context
    if job.single:
        softmax_rows(job, <float *>job.x, <float *>job.out, part)
    else:
        softmax_rows(job, <double *>job.x, <double *>job.out, part)


cdef object along_rows(object x, bint logarithm, object team):
    cdef Rows job
    if not usable(x):
        return None
    out = like(x)
    describe(&job, x, out, team)
    job.mean = logarithm
    if job.n:
        share(&job, softmax_part)
    return out


def softmax(x, team):
    """exp(row) / sum(exp(row)) of each row."""
    return along_rows(x, False, team)


def log_softmax(x, team):
    """row - log(sum(exp(row))) of each row."""
    return along_rows(x, True, team)


cdef void softmax_back_part(void *context, int part) noexcept nogil:
    """y (g - sum of g y), or g - exp(y) sum of g."""
    cdef Rows *job = <Rows *>context
    cdef Py_ssize_t i, at, row = job.n * (4 if job.single else 8)
    for i in range(edge(job, part), edge(job, part + 1)):
        at = i * row
        if job.mean:
            job.loops.spread(job.g + at, job.x + at, job.out + at, job.n,
                             job.loops.sum(job.g + at, 1, 0, job.n))
        else:
            job.loops.centre(job.g + at, job.x + at, job.out + at, job.n,
                             job.loops.dot(job.g + at, job.x + at, job.n))


def softmax_gradient(g, y, bint logarithm, team):
    """Pull g back to the rows of which ``y`` is the softmax, or its logarithm."""
    cdef Rows job
    g = contiguous(g)
    if not usable(y) or cnp.PyArray_TYPE(y) != kind_of(g) or cnp.PyArray_SIZE(g) != cnp.PyArray_SIZE(y):
        return None
    out = like(y)
    describe(&job, y, out, team)
    job.mean, job.g = logarithm, <char *>cnp.PyArray_DATA(g)
    share(&job, softmax_back_part)
    return out


# --- cross entropy -----------------------------------------------------------------------------------

cdef bint are_targets(object targets, Py_ssize_t rows) noexcept:
    return (cnp.PyArray_CheckExact(targets) and cnp.PyArray_TYPE(targets) == cnp.NPY_INT64
            and cnp.PyArray_NDIM(targets) == 1 and cnp.PyArray_DIM(targets, 0) == rows
            and cnp.PyArray_ISCARRAY_RO(targets))


cdef bint is_matrix(object z, object targets, cnp.npy_intp *rows, cnp.npy_intp *n) noexcept:
    """Whether there is a target for each row of a matrix of scores, and its sizes."""
    if not is_floating(z):
        return False
    cdef cnp.ndarray array = <cnp.ndarray>z
    if cnp.PyArray_NDIM(array) != 2:
        return False
    rows[0], n[0] = cnp.PyArray_DIM(array, 0), cnp.PyArray_DIM(array, 1)
    return are_targets(targets, rows[0])


cdef Py_ssize_t no_class(const int64_t *targets, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    """The first row whose target is no class, or -1."""
    cdef Py_ssize_t i
    for i in range(rows):
        if targets[i] < 0 or targets[i] >= classes:
            return i
    return -1


def are_classes(targets, Py_ssize_t classes, Py_ssize_t ignored):
    """Tell whether int64 (N,) holds numbers from 0 to ``classes`` - 1 only, and none is ``ignored``."""
    cdef Py_ssize_t i, n
    cdef const int64_t *t
    if not cnp.PyArray_CheckExact(targets):
        return False
    cdef cnp.ndarray array = <cnp.ndarray>targets
    n, t = cnp.PyArray_SIZE(array), <const int64_t *>cnp.PyArray_DATA(array)
    if not are_targets(array, n):
        return False
    for i in range(n):
        if t[i] == ignored:
            return False
    return no_class(t, n, classes) < 0


cdef void nll_rows(Rows *job, floating *x, floating *out, int part) noexcept nogil:
    cdef floating[BLOCK] largest
    cdef floating[BLOCK] sums
    cdef floating[BLOCK] e
    cdef Py_ssize_t i = edge(job, part), stop = edge(job, part + 1), r, rows = 1
    cdef double total = 0
    cdef floating loss
    while i < stop:
        if floating is float and job.n < SHORT:
            rows = min(BLOCK // job.n, stop - i)
            exp_rows(job, x + i * job.n, e, largest, sums, rows)
        else:
            largest[0] = <floating>job.loops.largest(x + i * job.n, job.n)
            sums[0] = shifted_exp(job, x + i * job.n, NULL, largest[0])
        for r in range(rows):
            loss = <floating>log(sums[r]) - below(x[i * job.n + job.targets[i]], largest[r])
            if job.mean:
                total += loss
            else:
                out[i] = loss
            i += 1
    job.totals[part] = total


cdef void nll_part(void *context, int part) noexcept nogil:
    cdef Rows *job = <Rows *>context
    if job.single:
        nll_rows(job, <float *>job.x, <float *>job.out, part)
    else:
        nll_rows(job, <double *>job.x, <double *>job.out, part)


def nll(z, targets, bint mean, team):
    """-log softmax(row)[target] of each row of (N, C), or its mean."""
    cdef Rows job
    cdef double total = 0
    cdef int part
    cdef cnp.npy_intp rows, n
    if not is_matrix(z, targets, &rows, &n) or not n or (mean and not rows):
        return None
    out = empty(0 if mean else 1, &rows, kind_of(z))
    describe(&job, z, out, team)
    job.mean, job.targets = mean, <const int64_t *>cnp.PyArray_DATA(targets)
    cdef Py_ssize_t wrong = no_class(job.targets, rows, n)
    if wrong >= 0:
        raise ValueError(f"softmax_nll: targets must be class numbers from 0 to {n - 1}, got "
                         f"{targets[wrong]} at position {wrong}")
    share(&job, nll_part)
    if mean:
        for part in range(job.parts):
            total += job.totals[part]
        if job.single:
            (<float *>job.out)[0] = <float>(total / rows)
        else:
            (<double *>job.out)[0] = total / rows
    return out


cdef void nll_gradient_rows(const Rows *job, floating *g, floating *x, floating *out,
                            int part) noexcept nogil:
    cdef floating[BLOCK] largest
    cdef floating[BLOCK] sums
    cdef Py_ssize_t i = edge(job, part), stop = edge(job, part + 1), r, rows = 1
    cdef floating *row
    cdef floating s, p, factor
    while i < stop:
        if floating is float and job.n < SHORT:
            rows = min(BLOCK // job.n, stop - i)
            exp_rows(job, x + i * job.n, out + i * job.n, largest, sums, rows)
        else:
            largest[0] = <floating>job.loops.largest(x + i * job.n, job.n)
            sums[0] = shifted_exp(job, x + i * job.n, out + i * job.n, largest[0])
        for r in range(rows):
            row = out + i * job.n
            factor = g[0] / job.count if job.mean else g[i]
            s = 1 / sums[r]
            p = row[job.targets[i]] * s
            job.loops.scale(row, job.n, s * factor)
            row[job.targets[i]] = (p - 1) * factor
            i += 1


cdef void nll_gradient_part(void *context, int part) noexcept nogil:
    cdef Rows *job = <Rows *>context
    if job.single:
        nll_gradient_rows(job, <float *>job.g, <float *>job.x, <float *>job.out, part)
    else:
        nll_gradient_rows(job, <double *>job.g, <double *>job.x, <double *>job.out, part)


def nll_gradient(g, z, targets, bint mean, team):
    """(softmax(row) - one_hot(target)) g of each row, g divided by their number for the mean."""
    cdef Rows job
    cdef cnp.npy_intp rows, n
    if not is_matrix(z, targets, &rows, &n):
        return None
    g = contiguous(g)
    if kind_of(g) != kind_of(z) or cnp.PyArray_SIZE(g) != (1 if mean else rows):
        return None
    out = like(z)
    describe(&job, z, out, team)
    job.mean, job.g = mean, <char *>cnp.PyArray_DATA(g)
    job.targets = <const int64_t *>cnp.PyArray_DATA(targets)
    cdef Py_ssize_t wrong = no_class(job.targets, rows, n)
    if wrong >= 0:
        raise ValueError(f"softmax_nll: targets have changed since the loss was computed: expected class "
                         f"numbers from 0 to {n - 1}, got {targets[wrong]} at position {wrong}; compute "
                         "the loss from a copy of an array that you write into")
    share(&job, nll_gradient_part)
    return out


include "norm.pxi"
