"""Loops over whole arrays of float32 or float64, shared among threads where they are long.

Each function returns a new array, or None for arguments that are not C-contiguous arrays of one such
dtype. ``team()`` says how many threads there are.
"""

from cython cimport floating
from libc.string cimport memset

import numpy as np

cimport numpy as cnp

from agx._kernels.arrays cimport empty
from agx._kernels.pool cimport awake, parallel
from agx._kernels.simd cimport simd_level

cdef extern from "loops.h" nogil:
    ctypedef struct float_loops "agx_loops_float":
        void (*relu)(const float *, float *, Py_ssize_t) noexcept nogil
        void (*mask)(const float *, float *, Py_ssize_t) noexcept nogil
        void (*relu_back)(const float *, const float *, float *, Py_ssize_t) noexcept nogil
        void (*pool)(const float *, const float *, float *, Py_ssize_t) noexcept nogil
        void (*unpool)(const float *, const float *, const float *, float *, float *,
                       Py_ssize_t) noexcept nogil
        float (*sum)(const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t) noexcept nogil
        int (*nan)(const float *, Py_ssize_t) noexcept nogil
    ctypedef struct double_loops "agx_loops_double":
        void (*relu)(const double *, double *, Py_ssize_t) noexcept nogil
        void (*mask)(const double *, double *, Py_ssize_t) noexcept nogil
        void (*relu_back)(const double *, const double *, double *, Py_ssize_t) noexcept nogil
        void (*pool)(const double *, const double *, double *, Py_ssize_t) noexcept nogil
        void (*unpool)(const double *, const double *, const double *, double *, double *,
                       Py_ssize_t) noexcept nogil
        double (*sum)(const double *, Py_ssize_t, Py_ssize_t, Py_ssize_t) noexcept nogil
        int (*nan)(const double *, Py_ssize_t) noexcept nogil
    const float_loops *of_floats "agx_float_loops"
    const double_loops *of_doubles "agx_double_loops"

cnp.import_array()

cdef object np_isnan = np.isnan

# Elements for which another thread pays.
cdef enum:
    WORK_PER_THREAD = 1 << 14

cdef struct Job:
    # What the arrays are: rows of ``width``, ``rows`` of them in an image, for the loops that see images.
    Py_ssize_t count, rows, width
    int parts, level, bytes
    void *x
    void *g
    void *out


cdef bint usable(object x) noexcept:
    return (cnp.PyArray_CheckExact(x) and cnp.PyArray_IS_C_CONTIGUOUS(x) and cnp.PyArray_ISBEHAVED_RO(x)
            and (cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32 or cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT64))


cdef bint alike(object x, object y) noexcept:
    cdef int i
    if cnp.PyArray_TYPE(x) != cnp.PyArray_TYPE(y) or cnp.PyArray_NDIM(x) != cnp.PyArray_NDIM(y):
        return False
    for i in range(cnp.PyArray_NDIM(x)):
        if cnp.PyArray_DIM(x, i) != cnp.PyArray_DIM(y, i):
            return False
    return True


cdef object prepare(Job *job, object x, Py_ssize_t count, object team):
    """Share ``count`` pieces of ``x`` among threads."""
    cdef Py_ssize_t parts = 1, size = cnp.PyArray_SIZE(x)
    if size >= 2 * WORK_PER_THREAD:
        parts = max(1, min(<Py_ssize_t>team(), size // WORK_PER_THREAD, count))
    job.count, job.parts, job.level = count, <int>parts, simd_level()
    job.bytes = <int>cnp.PyArray_ITEMSIZE(x)
    job.x = cnp.PyArray_DATA(x)


cdef inline Py_ssize_t edge(const Job *job, int part) noexcept nogil:
    return part * job.count // job.parts


# --- relu ------------------------------------------------------------------------------------------

cdef void relu_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    if job.bytes == 4:
        of_floats[job.level].relu(<float *>job.x + i, <float *>job.out + i, n)
    else:
        of_doubles[job.level].relu(<double *>job.x + i, <double *>job.out + i, n)


cdef void relu_back_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    if job.bytes == 4:
        of_floats[job.level].relu_back(<float *>job.g + i, <float *>job.x + i, <float *>job.out + i, n)
    else:
        of_doubles[job.level].relu_back(<double *>job.g + i, <double *>job.x + i, <double *>job.out + i, n)


cdef void mask_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    if job.bytes == 4:
        of_floats[job.level].mask(<float *>job.x + i, <float *>job.g + i, n)
    else:
        of_doubles[job.level].mask(<double *>job.x + i, <double *>job.g + i, n)


cdef cnp.ndarray like(object x):
    return empty(cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), cnp.PyArray_TYPE(x))


def relu(object x, object team):
    """Compute max(x, 0); NaN stays NaN."""
    cdef Job job
    if not usable(x):
        return None
    out = like(x)
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.out = cnp.PyArray_DATA(out)
    with nogil:
        parallel(relu_part, &job, job.parts)
    return out


def relu_gradient(object g, object x, object team, bint overwrite=False):
    """Compute g where x is positive, and zero elsewhere, in the memory of ``g`` on request."""
    cdef Job job
    if not usable(g) or not usable(x) or not alike(g, x):
        return None
    if overwrite and not cnp.PyArray_ISWRITEABLE(g):
        return None
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.g = cnp.PyArray_DATA(g)
    if overwrite:
        with nogil:
            parallel(mask_part, &job, job.parts)
        return g
    out = like(x)
    job.out = cnp.PyArray_DATA(out)
    with nogil:
        parallel(relu_back_part, &job, job.parts)
    return out


# --- windows of two by two -------------------------------------------------------------------------

cdef void pool_images(Job *job, const floating *x, floating *out, int part) noexcept nogil:
    cdef Py_ssize_t n, i, rows = job.rows // 2, width = job.width // 2
    cdef const floating *row
    for n in range(edge(job, part), edge(job, part + 1)):
        for i in range(rows):
            row = x + (n * job.rows + 2 * i) * job.width
            if floating is float:
                of_floats[job.level].pool(row, row + job.width, out + (n * rows + i) * width, width)
            else:
                of_doubles[job.level].pool(row, row + job.width, out + (n * rows + i) * width, width)


cdef void pool_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.bytes == 4:
        pool_images(job, <float *>job.x, <float *>job.out, part)
    else:
        pool_images(job, <double *>job.x, <double *>job.out, part)


cdef void unpool_images(Job *job, const floating *x, const floating *g, floating *out,
                        int part) noexcept nogil:
    cdef Py_ssize_t n, i, at, rows = job.rows // 2, width = job.width // 2, W = job.width
    for n in range(edge(job, part), edge(job, part + 1)):
        for i in range(rows):
            at = (n * job.rows + 2 * i) * W
            if floating is float:
                of_floats[job.level].unpool(x + at, x + at + W, g + (n * rows + i) * width, out + at,
                                            out + at + W, width)
            else:
                of_doubles[job.level].unpool(x + at, x + at + W, g + (n * rows + i) * width, out + at,
                                             out + at + W, width)
            if W % 2:
                out[at + W - 1] = out[at + 2 * W - 1] = 0
        if job.rows % 2:
            memset(out + ((n + 1) * job.rows - 1) * W, 0, W * sizeof(floating))


cdef void unpool_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.bytes == 4:
        unpool_images(job, <float *>job.x, <float *>job.g, <float *>job.out, part)
    else:
        unpool_images(job, <double *>job.x, <double *>job.g, <double *>job.out, part)


cdef object prepare_images(Job *job, object x, object team):
    prepare(job, x, cnp.PyArray_DIM(x, 0) * cnp.PyArray_DIM(x, 1), team)
    job.rows, job.width = cnp.PyArray_DIM(x, 2), cnp.PyArray_DIM(x, 3)


def max_pool_2x2(object x, object team):
    """Take the largest element of each 2 x 2 tile of (N, C, H, W); a row or column left over is dropped."""
    cdef Job job
    cdef cnp.npy_intp[4] shape
    if not usable(x) or cnp.PyArray_NDIM(x) != 4:
        return None
    shape = [cnp.PyArray_DIM(x, 0), cnp.PyArray_DIM(x, 1), cnp.PyArray_DIM(x, 2) // 2,
             cnp.PyArray_DIM(x, 3) // 2]
    out = empty(4, shape, cnp.PyArray_TYPE(x))
    prepare_images(&job, x, team)
    job.out = cnp.PyArray_DATA(out)
    with nogil:
        parallel(pool_part, &job, job.parts)
    return out


def max_unpool_2x2(object g, object x, object team):
    """Write each element of ``g`` where its tile of ``x`` has its first largest element, zero elsewhere."""
    cdef Job job
    if not usable(g) or not usable(x) or cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(x):
        return None
    if cnp.PyArray_NDIM(g) != 4 or cnp.PyArray_NDIM(x) != 4:
        return None
    out = like(x)
    prepare_images(&job, x, team)
    job.g, job.out = cnp.PyArray_DATA(g), cnp.PyArray_DATA(out)
    with nogil:
        parallel(unpool_part, &job, job.parts)
    return out


# --- sums over images and positions ------------------------------------------------------------------

cdef void sum_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t m
    for m in range(edge(job, part), edge(job, part + 1)):
        (<float *>job.out)[m] = of_floats[job.level].sum(
            <float *>job.g + m * job.width, job.rows, job.count * job.width, job.width)


def channel_sums(object g, object team):
    """Sum float32 (N, C, H, W) over all but the channels."""
    cdef Job job
    cdef cnp.npy_intp channels
    if not usable(g) or cnp.PyArray_TYPE(g) != cnp.NPY_FLOAT32 or cnp.PyArray_NDIM(g) != 4:
        return None
    channels = cnp.PyArray_DIM(g, 1)
    out = empty(1, &channels, cnp.NPY_FLOAT32)
    prepare(&job, g, channels, team)
    job.rows, job.width = cnp.PyArray_DIM(g, 0), cnp.PyArray_DIM(g, 2) * cnp.PyArray_DIM(g, 3)
    job.g, job.out = job.x, cnp.PyArray_DATA(out)
    with nogil:
        parallel(sum_part, &job, job.parts)
    return out


# --- looking for NaN ---------------------------------------------------------------------------------

cdef void nan_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    if job.bytes == 4:
        (<int *>job.out)[part] = of_floats[job.level].nan(<float *>job.x + i, n)
    else:
        (<int *>job.out)[part] = of_doubles[job.level].nan(<double *>job.x + i, n)


cdef bint has_nan(object x) except -1:
    """Whether an array holds a NaN."""
    cdef Job job
    cdef int[256] found
    cdef int part, total = 0
    if not usable(x):
        return bool(np_isnan(x).any())
    job.count, job.x, job.out = cnp.PyArray_SIZE(x), cnp.PyArray_DATA(x), found
    job.bytes, job.level = <int>cnp.PyArray_ITEMSIZE(x), simd_level()
    job.parts = <int>max(1, min(<Py_ssize_t>awake(), job.count // WORK_PER_THREAD))
    with nogil:
        parallel(nan_part, &job, job.parts)
    for part in range(job.parts):
        total |= found[part]
    return total


def any_nan(x):
    """Tell whether an array holds a NaN."""
    return bool(has_nan(x))
