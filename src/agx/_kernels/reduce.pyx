"""Log-sum-exp, softmax and cross entropy along the last axis, stable for any finite input.

Each row is shifted by its largest element first, so no exponential overflows:
log sum exp(x) = m + log sum exp(x - m). Functions return a new array, or None for arguments that are not
C-contiguous arrays of one floating dtype, float32 or float64.
"""

from cython cimport floating
from libc.math cimport INFINITY, log
from libc.stdint cimport int64_t

cimport numpy as cnp

from agx._kernels.arrays cimport empty, is_floating, like
from agx._kernels.machine cimport loops_of, loops_t

cnp.import_array()


cdef inline floating limit(floating x, floating m) noexcept nogil:
    """exp(x - m) for an infinite ``m`` that is the largest element."""
    return x if x != x else <floating>(x == m)


cdef inline floating below(floating x, floating m) noexcept nogil:
    """x - m, and 0 between equal infinities."""
    return 0 if x == m else x - m


cdef floating shifted_exp(const loops_t *loops, const floating *x, floating *out, Py_ssize_t n,
                          floating m) noexcept nogil:
    """The sum of exp(x - m), which are written too unless ``out`` is NULL."""
    cdef Py_ssize_t i
    cdef floating e, total = 0
    if m == INFINITY or m == -INFINITY:
        for i in range(n):
            e = limit(x[i], m)
            total += e
            if out != NULL:
                out[i] = e
        return total
    return <floating>loops.exp_sum(x, out, n, m)


cdef bint usable(object x) noexcept:
    return is_floating(x) and cnp.PyArray_NDIM(x) > 0


cdef Py_ssize_t row_length(object x) noexcept:
    return cnp.PyArray_DIM(x, cnp.PyArray_NDIM(x) - 1)


cdef Py_ssize_t row_count(object x) noexcept:
    cdef Py_ssize_t count = 1
    cdef int i
    for i in range(cnp.PyArray_NDIM(x) - 1):
        count *= cnp.PyArray_DIM(x, i)
    return count


# --- log-sum-exp -------------------------------------------------------------------------------------

cdef void logsumexp_rows(const loops_t *loops, const floating *x, floating *out, Py_ssize_t rows,
                         Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating m, total
    for i in range(rows):
        m = <floating>loops.largest(x + i * n, n)
        total = shifted_exp(loops, x + i * n, NULL, n, m)
        out[i] = m + (<floating>log(total) if m - m == 0 else total - total)


def logsumexp(x):
    """log(sum(exp(row))) of each row, in an array without the last axis."""
    if not usable(x):
        return None
    cdef int kind = cnp.PyArray_TYPE(x)
    cdef const loops_t *loops = loops_of(kind == cnp.NPY_FLOAT32)
    out = empty(cnp.PyArray_NDIM(x) - 1, cnp.PyArray_DIMS(x), kind)
    cdef Py_ssize_t n = row_length(x), rows = row_count(x)
    cdef void *a = cnp.PyArray_DATA(x)
    cdef void *b = cnp.PyArray_DATA(out)
    with nogil:
        if kind == cnp.NPY_FLOAT32:
            logsumexp_rows(loops, <float *>a, <float *>b, rows, n)
        else:
            logsumexp_rows(loops, <double *>a, <double *>b, rows, n)
    return out


cdef void scaled_rows(const loops_t *loops, const floating *g, const floating *x, floating *out,
                      Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """Not exp(x - logsumexp(x)): a logarithm that is rounded at a large x spoils every digit."""
    cdef Py_ssize_t i
    cdef floating total
    for i in range(rows):
        total = shifted_exp(loops, x, out, n, <floating>loops.largest(x, n))
        loops.scale(out, n, g[i] / total)
        x += n
        out += n


def logsumexp_gradient(g, x):
    """g softmax(row) of each row."""
    g = contiguous(g)
    if not usable(x) or cnp.PyArray_TYPE(x) != kind_of(g) or cnp.PyArray_SIZE(g) != row_count(x):
        return None
    out = like(x)
    cdef Py_ssize_t n = row_length(x), rows = row_count(x)
    cdef bint single = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    cdef const loops_t *loops = loops_of(single)
    cdef void *a = cnp.PyArray_DATA(g)
    cdef void *b = cnp.PyArray_DATA(x)
    cdef void *c = cnp.PyArray_DATA(out)
    with nogil:
        if single:
            scaled_rows(loops, <float *>a, <float *>b, <float *>c, rows, n)
        else:
            scaled_rows(loops, <double *>a, <double *>b, <double *>c, rows, n)
    return out


cdef object contiguous(object g):
    """An array in one piece: the gradient of a sum is a broadcast view. Anything else as it is."""
    return cnp.PyArray_GETCONTIGUOUS(g) if cnp.PyArray_CheckExact(g) else g


cdef int kind_of(object x) noexcept:
    """The type number of a plain contiguous array, or -1."""
    return cnp.PyArray_TYPE(x) if cnp.PyArray_CheckExact(x) and cnp.PyArray_ISCARRAY_RO(x) else -1


# --- softmax -----------------------------------------------------------------------------------------

cdef void softmax_rows(const loops_t *loops, const floating *x, floating *out, Py_ssize_t rows,
                       Py_ssize_t n, bint logarithm) noexcept nogil:
    cdef Py_ssize_t _i, j
    cdef floating m, s
    for _i in range(rows):
        m = <floating>loops.largest(x, n)
        s = shifted_exp(loops, x, out, n, m)
        if logarithm:
            s = <floating>log(s)
            for j in range(n):
                out[j] = below(x[j], m) - s
        else:
            loops.scale(out, n, 1 / s)
        x += n
        out += n


cdef object along_rows(object x, bint logarithm):
    if not usable(x):
        return None
    out = like(x)
    cdef Py_ssize_t n = row_length(x), rows = row_count(x) if n else 0
    cdef bint single = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    cdef const loops_t *loops = loops_of(single)
    cdef void *a = cnp.PyArray_DATA(x)
    cdef void *b = cnp.PyArray_DATA(out)
    with nogil:
        if single:
            softmax_rows(loops, <float *>a, <float *>b, rows, n, logarithm)
        else:
            softmax_rows(loops, <double *>a, <double *>b, rows, n, logarithm)
    return out


def softmax(x):
    """exp(row) / sum(exp(row)) of each row."""
    return along_rows(x, False)


def log_softmax(x):
    """row - log(sum(exp(row))) of each row."""
    return along_rows(x, True)


# --- cross entropy -----------------------------------------------------------------------------------

cdef bint are_targets(object targets, Py_ssize_t rows) noexcept:
    return (cnp.PyArray_CheckExact(targets) and cnp.PyArray_TYPE(targets) == cnp.NPY_INT64
            and cnp.PyArray_NDIM(targets) == 1 and cnp.PyArray_DIM(targets, 0) == rows
            and cnp.PyArray_ISCARRAY_RO(targets))


def are_classes(targets, Py_ssize_t classes, Py_ssize_t ignored):
    """Tell whether int64 (N,) holds numbers from 0 to ``classes`` - 1 only, and none is ``ignored``."""
    cdef Py_ssize_t i, n
    cdef const int64_t *t
    if not cnp.PyArray_CheckExact(targets) or not are_targets(targets, cnp.PyArray_SIZE(targets)):
        return False
    n, t = cnp.PyArray_SIZE(targets), <const int64_t *>cnp.PyArray_DATA(targets)
    for i in range(n):
        if t[i] < 0 or t[i] >= classes or t[i] == ignored:
            return False
    return True


cdef Py_ssize_t nll_rows(const loops_t *loops, const floating *x, const int64_t *targets, floating *out,
                         Py_ssize_t rows, Py_ssize_t n, bint mean) noexcept nogil:
    """Returns the first row whose target is no class, or -1."""
    cdef Py_ssize_t i
    cdef int64_t t
    cdef double total = 0
    cdef floating m, loss
    for i in range(rows):
        t = targets[i]
        if t < 0 or t >= n:
            return i
        m = <floating>loops.largest(x, n)
        loss = <floating>log(shifted_exp(loops, x, NULL, n, m)) - below(x[t], m)
        if mean:
            total += loss
        else:
            out[i] = loss
        x += n
    if mean:
        out[0] = <floating>(total / rows)
    return -1


def nll(z, targets, bint mean):
    """-log softmax(row)[target] of each row of (N, C), or its mean."""
    if not usable(z) or cnp.PyArray_NDIM(z) != 2 or not are_targets(targets, cnp.PyArray_DIM(z, 0)):
        return None
    cdef cnp.npy_intp rows = cnp.PyArray_DIM(z, 0), n = cnp.PyArray_DIM(z, 1)
    cdef int kind = cnp.PyArray_TYPE(z)
    cdef const loops_t *loops = loops_of(kind == cnp.NPY_FLOAT32)
    if not n or (mean and not rows):
        return None
    out = empty(0 if mean else 1, &rows, kind)
    cdef void *a = cnp.PyArray_DATA(z)
    cdef const int64_t *t = <const int64_t *>cnp.PyArray_DATA(targets)
    cdef void *b = cnp.PyArray_DATA(out)
    cdef Py_ssize_t wrong
    with nogil:
        if kind == cnp.NPY_FLOAT32:
            wrong = nll_rows(loops, <float *>a, t, <float *>b, rows, n, mean)
        else:
            wrong = nll_rows(loops, <double *>a, t, <double *>b, rows, n, mean)
    if wrong >= 0:
        raise ValueError(f"softmax_nll: targets must be class numbers from 0 to {n - 1}, got "
                         f"{targets[wrong]} at position {wrong}")
    return out


cdef Py_ssize_t nll_gradient_rows(const loops_t *loops, const floating *g, const floating *x,
                                  const int64_t *targets, floating *out, Py_ssize_t rows, Py_ssize_t n,
                                  bint mean) noexcept nogil:
    """Returns the first row whose target is no class, or -1."""
    cdef Py_ssize_t i
    cdef int64_t t
    cdef floating s, p, factor
    for i in range(rows):
        t = targets[i]
        if t < 0 or t >= n:
            return i
        factor = g[0] / rows if mean else g[i]
        s = 1 / shifted_exp(loops, x, out, n, <floating>loops.largest(x, n))
        p = out[t] * s
        loops.scale(out, n, s * factor)
        out[t] = (p - 1) * factor
        x += n
        out += n
    return -1


def nll_gradient(g, z, targets, bint mean):
    """(softmax(row) - one_hot(target)) g of each row, g divided by their number for the mean."""
    if not usable(z) or cnp.PyArray_NDIM(z) != 2 or not are_targets(targets, cnp.PyArray_DIM(z, 0)):
        return None
    cdef Py_ssize_t rows = cnp.PyArray_DIM(z, 0), n = cnp.PyArray_DIM(z, 1)
    g = contiguous(g)
    if kind_of(g) != cnp.PyArray_TYPE(z) or cnp.PyArray_SIZE(g) != (1 if mean else rows):
        return None
    out = like(z)
    cdef bint single = cnp.PyArray_TYPE(z) == cnp.NPY_FLOAT32
    cdef const loops_t *loops = loops_of(single)
    cdef void *a = cnp.PyArray_DATA(g)
    cdef void *b = cnp.PyArray_DATA(z)
    cdef const int64_t *t = <const int64_t *>cnp.PyArray_DATA(targets)
    cdef void *c = cnp.PyArray_DATA(out)
    cdef Py_ssize_t wrong
    with nogil:
        if single:
            wrong = nll_gradient_rows(loops, <float *>a, <float *>b, t, <float *>c, rows, n, mean)
        else:
            wrong = nll_gradient_rows(loops, <double *>a, <double *>b, t, <double *>c, rows, n, mean)
    if wrong >= 0:
        raise ValueError(f"softmax_nll: targets have changed since the loss was computed: expected class "
                         f"numbers from 0 to {n - 1}, got {targets[wrong]} at position {wrong}; compute "
                         "the loss from a copy of an array that you write into")
    return out
