"""Loops over whole arrays of float32 or float64.

Functions of arrays are shared among threads where they are long; each returns a new array, or None for
arguments that are not C-contiguous arrays of one such dtype. ``team()`` says how many threads there are.

Updates of parameters are fused: one pass over memory for a whole optimiser step of one array. The
formulas are PyTorch's (torch.optim). Each returns False, and does nothing, unless all arrays are
C-contiguous, of one size and of one such dtype.
"""

from cython cimport floating
from libc.math cimport erf as c_erf
from libc.string cimport memset

import numpy as np

cimport numpy as cnp

from agx._kernels.arrays cimport alike, empty, is_floating, like
from agx._kernels.machine cimport (PER_ELEMENT, WORK_PER_THREAD, activation_t, awake, instructions, loops_of,
                                   loops_t, parallel, task_t, threads_for)

cnp.import_array()

cdef extern from *:
    """
    #include "simd.h"
    #include <math.h>
    #define NUMBER float
    #define AGX_NAME(x) agx_##x##_of_floats
    #define AGX_ROOT sqrtf
    #include "updates.h"
    #define NUMBER double
    #define AGX_NAME(x) agx_##x##_of_doubles
    #define AGX_ROOT sqrt
    #include "updates.h"
    """
    void sgd_of_floats "agx_sgd_of_floats"(
        float *p, const float *g, float *velocity, Py_ssize_t n, double lr, double momentum,
        double weight_decay, bint nesterov, bint first) noexcept nogil
    void sgd_of_doubles "agx_sgd_of_doubles"(
        double *p, const double *g, double *velocity, Py_ssize_t n, double lr, double momentum,
        double weight_decay, bint nesterov, bint first) noexcept nogil
    void adam_of_floats "agx_adam_of_floats"(
        float *p, const float *g, float *mean, float *square, Py_ssize_t n, double lr, double beta1,
        double beta2, double eps, double weight_decay, bint decoupled, long step) noexcept nogil
    void adam_of_doubles "agx_adam_of_doubles"(
        double *p, const double *g, double *mean, double *square, Py_ssize_t n, double lr, double beta1,
        double beta2, double eps, double weight_decay, bint decoupled, long step) noexcept nogil
    void rmsprop_of_floats "agx_rmsprop_of_floats"(
        float *p, const float *g, float *square, float *velocity, Py_ssize_t n, double lr, double alpha,
        double eps, double weight_decay, double momentum) noexcept nogil
    void rmsprop_of_doubles "agx_rmsprop_of_doubles"(
        double *p, const double *g, double *square, double *velocity, Py_ssize_t n, double lr, double alpha,
        double eps, double weight_decay, double momentum) noexcept nogil

cdef object ndarray = np.ndarray
cdef object np_isnan = np.isnan
cdef object np_isfinite = np.isfinite

cdef enum:
    # An element of an activation, in multiply-adds.
    PER_CURVE = 32

cdef struct Job:
    # What the arrays are: rows of ``width``, ``rows`` of them in an image, for the loops that see images.
    Py_ssize_t count, rows, width
    int parts, bytes
    const loops_t *loops
    char *x
    char *g
    char *out


cdef object describe(Job *job, object x, Py_ssize_t count):
    """Choose the loops for the numbers of ``x``, which comes in ``count`` pieces."""
    job.count, job.x = count, <char *>cnp.PyArray_DATA(x)
    job.bytes = <int>cnp.PyArray_ITEMSIZE(x)
    job.loops = loops_of(job.bytes == 4)


cdef object prepare(Job *job, object x, Py_ssize_t count, object team):
    """Share ``count`` pieces of ``x`` among threads."""
    describe(job, x, count)
    job.parts = threads_for(PER_ELEMENT * cnp.PyArray_SIZE(x), count, team)


cdef inline Py_ssize_t edge(const Job *job, int part) noexcept nogil:
    return part * job.count // job.parts


# --- relu ------------------------------------------------------------------------------------------

cdef void relu_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i, at = i * job.bytes
    job.loops.relu(job.x + at, job.out + at, n)


cdef void relu_back_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i, at = i * job.bytes
    job.loops.relu_back(job.g + at, job.x + at, job.out + at, n)


cdef void mask_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i, at = i * job.bytes
    job.loops.mask(job.x + at, job.g + at, n)


def relu(object x, object team):
    """Compute max(x, 0); NaN stays NaN."""
    cdef Job job
    if not is_floating(x):
        return None
    out = like(x)
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.out = <char *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(relu_part, &job, job.parts)
    return out


def relu_gradient(object g, object x, object team, bint overwrite=False):
    """Compute g where x is positive, and zero elsewhere, in the memory of ``g`` on request."""
    cdef Job job
    if not is_floating(g) or not is_floating(x) or not alike(g, x):
        return None
    if overwrite and not cnp.PyArray_ISWRITEABLE(g):
        return None
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.g = <char *>cnp.PyArray_DATA(g)
    if overwrite:
        with nogil:
            parallel(mask_part, &job, job.parts)
        return g
    out = like(x)
    job.out = <char *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(relu_back_part, &job, job.parts)
    return out


# --- activations -------------------------------------------------------------------------------------

#: Their names by number, as in ``simd.h``.
ACTIVATIONS = ("sigmoid", "silu", "softplus", "elu", "gelu", "gelu_tanh")


cdef struct Activation:
    const activation_t *functions
    Py_ssize_t count
    int parts
    float a
    const float *x
    const float *g
    float *out


cdef void activation_part(void *context, int part) noexcept nogil:
    cdef Activation *job = <Activation *>context
    cdef Py_ssize_t i = part * job.count // job.parts, stop = (part + 1) * job.count // job.parts
    job.functions.value(job.x + i, job.out + i, stop - i, job.a)


cdef void activation_back_part(void *context, int part) noexcept nogil:
    cdef Activation *job = <Activation *>context
    cdef Py_ssize_t i = part * job.count // job.parts, stop = (part + 1) * job.count // job.parts
    job.functions.back(job.x + i, job.g + i, job.out + i, stop - i, job.a)


cdef bint prepare_activation(Activation *job, int which, object x, double a, object team) except -1:
    """Whether ``x`` is an array of float32 that kernels take."""
    if not is_floating(x) or cnp.PyArray_TYPE(x) != cnp.NPY_FLOAT32:
        return False
    job.functions, job.a = &instructions().activations[which], <float>a
    job.x, job.count = <float *>cnp.PyArray_DATA(x), cnp.PyArray_SIZE(x)
    job.parts = threads_for(PER_CURVE * job.count, job.count, team)
    return True


def activation(int which, object x, double a, object team):
    """Compute an activation of float32, by its number in ``simd.h``, with its parameter ``a``."""
    cdef Activation job
    if not prepare_activation(&job, which, x, a, team):
        return None
    out = like(x)
    job.out = <float *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(activation_part, &job, job.parts)
    return out


def activation_gradient(int which, object g, object x, double a, object team, bint overwrite=False):
    """Multiply g by the slope at x, in the memory of ``g`` on request."""
    cdef Activation job
    if not is_floating(g) or not is_floating(x) or not alike(g, x):
        return None
    if overwrite and not cnp.PyArray_ISWRITEABLE(g):
        return None
    if not prepare_activation(&job, which, x, a, team):
        return None
    out = g if overwrite else like(x)
    job.g, job.out = <float *>cnp.PyArray_DATA(g), <float *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(activation_back_part, &job, job.parts)
    return out


# --- windows of two by two -------------------------------------------------------------------------

cdef void pool_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t n, i, rows = job.rows // 2, width = job.width // 2, row = job.width * job.bytes
    cdef char *x
    for n in range(edge(job, part), edge(job, part + 1)):
        for i in range(rows):
            x = job.x + (n * job.rows + 2 * i) * row
            job.loops.pool(x, x + row, job.out + (n * rows + i) * width * job.bytes, width)


cdef void unpool_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t n, i, at, rows = job.rows // 2, width = job.width // 2, row = job.width * job.bytes
    for n in range(edge(job, part), edge(job, part + 1)):
        for i in range(rows):
            at = (n * job.rows + 2 * i) * row
            job.loops.unpool(job.x + at, job.x + at + row, job.g + (n * rows + i) * width * job.bytes,
                             job.out + at, job.out + at + row, width)
            if job.width % 2:
                memset(job.out + at + row - job.bytes, 0, job.bytes)
                memset(job.out + at + 2 * row - job.bytes, 0, job.bytes)
        if job.rows % 2:
            memset(job.out + ((n + 1) * job.rows - 1) * row, 0, row)


cdef object prepare_images(Job *job, object x, object team):
    prepare(job, x, cnp.PyArray_DIM(x, 0) * cnp.PyArray_DIM(x, 1), team)
    job.rows, job.width = cnp.PyArray_DIM(x, 2), cnp.PyArray_DIM(x, 3)


def max_pool_2x2(object x, object team):
    """Take the largest element of each 2 x 2 tile of (N, C, H, W); a row or column left over is dropped."""
    cdef Job job
    cdef cnp.npy_intp[4] shape
    if not is_floating(x) or cnp.PyArray_NDIM(x) != 4:
        return None
    shape = [cnp.PyArray_DIM(x, 0), cnp.PyArray_DIM(x, 1), cnp.PyArray_DIM(x, 2) // 2,
             cnp.PyArray_DIM(x, 3) // 2]
    out = empty(4, shape, cnp.PyArray_TYPE(x))
    prepare_images(&job, x, team)
    job.out = <char *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(pool_part, &job, job.parts)
    return out


cdef bint are_tiles(object g, object x) noexcept:
    """Whether ``g`` has a number for each 2 x 2 tile of ``x``."""
    return (cnp.PyArray_DIM(g, 0) == cnp.PyArray_DIM(x, 0) and cnp.PyArray_DIM(g, 1) == cnp.PyArray_DIM(x, 1)
            and cnp.PyArray_DIM(g, 2) == cnp.PyArray_DIM(x, 2) // 2
            and cnp.PyArray_DIM(g, 3) == cnp.PyArray_DIM(x, 3) // 2)


def max_unpool_2x2(object g, object x, object team):
    """Write each element of ``g`` where its tile of ``x`` has its first largest element, zero elsewhere."""
    cdef Job job
    if not is_floating(g) or not is_floating(x) or cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(x):
        return None
    if cnp.PyArray_NDIM(g) != 4 or cnp.PyArray_NDIM(x) != 4 or not are_tiles(g, x):
        return None
    out = like(x)
    prepare_images(&job, x, team)
    job.g, job.out = <char *>cnp.PyArray_DATA(g), <char *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(unpool_part, &job, job.parts)
    return out


# --- sums over images and positions ------------------------------------------------------------------

cdef void sum_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t m
    for m in range(edge(job, part), edge(job, part + 1)):
        (<float *>job.out)[m] = <float>job.loops.sum(
            <float *>job.g + m * job.width, job.rows, job.count * job.width, job.width)


def channel_sums(object g, object team):
    """Sum float32 (N, C, H, W) over all but the channels."""
    cdef Job job
    cdef cnp.npy_intp channels
    if not is_floating(g) or cnp.PyArray_TYPE(g) != cnp.NPY_FLOAT32 or cnp.PyArray_NDIM(g) != 4:
        return None
    channels = cnp.PyArray_DIM(g, 1)
    out = empty(1, &channels, cnp.NPY_FLOAT32)
    prepare(&job, g, channels, team)
    job.rows, job.width = cnp.PyArray_DIM(g, 0), cnp.PyArray_DIM(g, 2) * cnp.PyArray_DIM(g, 3)
    job.g, job.out = job.x, <char *>cnp.PyArray_DATA(out)
    with nogil:
        parallel(sum_part, &job, job.parts)
    return out


# --- looking for NaN and infinities ------------------------------------------------------------------

cdef void nan_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    (<int *>job.out)[part] = job.loops.nan(job.x + i * job.bytes, n)


cdef void endless_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    (<int *>job.out)[part] = job.loops.endless(job.x + i * job.bytes, n)


cdef bint any_part(object x, task_t task):
    """Whether a task that looks at a part finds something in ``x``."""
    cdef Job job
    cdef int[256] found
    cdef int part, total = 0
    describe(&job, x, cnp.PyArray_SIZE(x))
    job.out = <char *>found
    # Threads that wait may help; this runs between other work, and starts none.
    job.parts = <int>max(1, min(<Py_ssize_t>awake(), job.count * PER_ELEMENT // WORK_PER_THREAD))
    with nogil:
        parallel(task, &job, job.parts)
    for part in range(job.parts):
        total |= found[part]
    return total


cdef object once(object x):
    """An array without the repetitions that broadcasting makes."""
    if type(x) is ndarray and 0 in x.strides:
        return x[tuple([slice(0, 1) if step == 0 else slice(None) for step in x.strides])]
    return x


cdef bint has_nan(object x) except -1:
    """Whether an array holds a NaN."""
    if is_floating(x):
        return any_part(x, nan_part)
    return bool(np_isnan(once(x)).any())


cdef bint is_all_finite(object x) except -1:
    """Whether an array holds neither NaN nor infinity."""
    return not any_part(x, endless_part) if is_floating(x) else bool(np_isfinite(x).all())


def any_nan(x):
    """Tell whether an array holds a NaN."""
    return bool(has_nan(x))


def all_finite(x):
    """Tell whether an array holds neither NaN nor infinity."""
    return bool(is_all_finite(x))


# --- the error function ------------------------------------------------------------------------------

cdef void erf_loop(const floating *x, floating *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <floating>c_erf(x[i])


def erf(x):
    """Compute the error function of each element."""
    if not is_floating(x):
        return None
    out = like(x)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(x)
    cdef bint single = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    cdef void *a = cnp.PyArray_DATA(x)
    cdef void *b = cnp.PyArray_DATA(out)
    with nogil:
        if single:
            erf_loop(<float *>a, <float *>b, n)
        else:
            erf_loop(<double *>a, <double *>b, n)
    return out


# --- updates of parameters ---------------------------------------------------------------------------

cdef int common_kind(tuple arrays, void **data, Py_ssize_t *size) except -2:
    """NPY_FLOAT32 or NPY_FLOAT64 if the arrays can be updated together, else -1; and where they lie."""
    cdef int kind = -1
    cdef Py_ssize_t i
    for i, a in enumerate(arrays):
        if not cnp.PyArray_CheckExact(a) or not cnp.PyArray_IS_C_CONTIGUOUS(a):
            return -1
        if kind == -1:
            kind, size[0] = cnp.PyArray_TYPE(a), cnp.PyArray_SIZE(a)
            if not cnp.PyArray_ISBEHAVED(a) or (kind != cnp.NPY_FLOAT32 and kind != cnp.NPY_FLOAT64):
                return -1
        if cnp.PyArray_TYPE(a) != kind or cnp.PyArray_SIZE(a) != size[0] or not cnp.PyArray_ISBEHAVED_RO(a):
            return -1
        data[i] = cnp.PyArray_DATA(a)
    return kind


def sgd(p, g, velocity, double lr, double momentum, double weight_decay, bint nesterov, bint first):
    """p -= lr * v with v = momentum * v + g; ``first`` starts v as g. No momentum leaves v alone."""
    cdef void *a[3]
    cdef Py_ssize_t n
    cdef int kind = common_kind((p, g, velocity), a, &n)
    if kind == -1:
        return False
    with nogil:
        if kind == cnp.NPY_FLOAT32:
            sgd_of_floats(<float *>a[0], <float *>a[1], <float *>a[2], n, lr, momentum, weight_decay,
                          nesterov, first)
        else:
            sgd_of_doubles(<double *>a[0], <double *>a[1], <double *>a[2], n, lr, momentum, weight_decay,
                           nesterov, first)
    return True


def adam(p, g, mean, square, double lr, double beta1, double beta2, double eps, double weight_decay,
         bint decoupled, long step):
    """Adam (Kingma and Ba, 2015); ``decoupled`` weight decay is AdamW (Loshchilov and Hutter, 2019)."""
    cdef void *a[4]
    cdef Py_ssize_t n
    cdef int kind = common_kind((p, g, mean, square), a, &n)
    if kind == -1:
        return False
    with nogil:
        if kind == cnp.NPY_FLOAT32:
            adam_of_floats(<float *>a[0], <float *>a[1], <float *>a[2], <float *>a[3], n, lr, beta1, beta2,
                           eps, weight_decay, decoupled, step)
        else:
            adam_of_doubles(<double *>a[0], <double *>a[1], <double *>a[2], <double *>a[3], n, lr, beta1,
                            beta2, eps, weight_decay, decoupled, step)
    return True


def rmsprop(p, g, square, velocity, double lr, double alpha, double eps, double weight_decay,
            double momentum):
    """RMSprop (Tieleman and Hinton, 2012): divide by a running root mean square of the gradient."""
    cdef void *a[4]
    cdef Py_ssize_t n
    cdef int kind = common_kind((p, g, square, velocity), a, &n)
    if kind == -1:
        return False
    with nogil:
        if kind == cnp.NPY_FLOAT32:
            rmsprop_of_floats(<float *>a[0], <float *>a[1], <float *>a[2], <float *>a[3], n, lr, alpha, eps,
                              weight_decay, momentum)
        else:
            rmsprop_of_doubles(<double *>a[0], <double *>a[1], <double *>a[2], <double *>a[3], n, lr, alpha,
                               eps, weight_decay, momentum)
    return True
