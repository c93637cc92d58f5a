"""New arrays for the results of kernels, what kernels ask of their arguments, and un-broadcasting."""

import numpy as np

cimport numpy as cnp

cnp.import_array()

cdef object large = None
cdef Py_ssize_t least_bytes = 0
cdef type buffer_class = None


def keep_large_ones(function, Py_ssize_t least, type kind):
    """Let ``function(shape, dtype)`` make arrays of at least ``least`` bytes, whose base is a ``kind``."""
    global large, least_bytes, buffer_class
    large = function
    least_bytes = least
    buffer_class = kind


cdef bint has_own_memory(object x) noexcept:
    """Whether an array is no view of another one."""
    cdef object base
    if cnp.PyArray_CHKFLAGS(x, cnp.NPY_ARRAY_OWNDATA):
        return True
    base = x.base
    return base is None or type(base) is buffer_class


cdef cnp.ndarray empty(int ndim, cnp.npy_intp *shape, int kind):
    """An array of unspecified numbers; ``kind`` is NPY_FLOAT32 or NPY_FLOAT64."""
    cdef Py_ssize_t i, size = 4 if kind == cnp.NPY_FLOAT32 else 8
    for i in range(ndim):
        size *= shape[i]
    if large is None or size < least_bytes:
        return cnp.PyArray_EMPTY(ndim, shape, kind, 0)
    dtype = np.float32 if kind == cnp.NPY_FLOAT32 else np.float64
    return large(tuple([shape[i] for i in range(ndim)]), dtype)


cdef bint is_float32(object x, int ndim) noexcept:
    """Whether ``x`` is a plain array of float32 in this machine's byte order."""
    return (cnp.PyArray_CheckExact(x) and cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
            and cnp.PyArray_NDIM(x) == ndim and cnp.PyArray_ISBEHAVED_RO(x))


cdef object unbroadcast(str op, object c, tuple shape):
    """Sum over the axes along which an argument of ``shape`` was broadcast."""
    cdef Py_ssize_t extra = c.ndim - len(shape), i
    cdef tuple wide = c.shape
    cdef list axes = list(range(extra))
    cdef bint fits = extra >= 0
    if fits:
        for i in range(len(shape)):
            if wide[i + extra] != shape[i]:
                fits = fits and shape[i] == 1
                axes.append(i + extra)
    if not fits:
        raise RuntimeError(f"{op}: a gradient of shape {wide} does not fit an argument of shape {shape}; "
                           "the pull-back of this op is wrong")
    return c.sum(axis=tuple(axes)).reshape(shape)


cdef object silence(object g, object c):
    """Keep a zero cotangent zero where the local derivative is infinite or undefined."""
    undefined = np.isnan(getattr(c, "value", c))
    if not undefined.any():
        return c
    return np.where(undefined & (getattr(g, "value", g) == 0), 0.0, c)
