"""New arrays for the results of kernels, and what kernels ask of their arguments."""

import numpy as np

cimport numpy as cnp

cnp.import_array()

cdef object large = None
cdef Py_ssize_t least_bytes = 0


def keep_large_ones(function, Py_ssize_t least):
    """Let ``function(shape, dtype)`` make arrays of at least ``least`` bytes."""
    global large, least_bytes
    large = function
    least_bytes = least


cdef cnp.ndarray empty(int ndim, cnp.npy_intp *shape, int kind):
    """An array of unspecified numbers; ``kind`` is NPY_FLOAT32 or NPY_FLOAT64."""
    cdef Py_ssize_t i, size = 4 if kind == cnp.NPY_FLOAT32 else 8
    for i in range(ndim):
        size *= shape[i]
    if large is None or size < least_bytes:
        return cnp.PyArray_EMPTY(ndim, shape, kind, 0)
    return large(tuple([shape[i] for i in range(ndim)]), np.float32 if kind == cnp.NPY_FLOAT32 else np.float64)


cdef bint is_float32(object x, int ndim) noexcept:
    """Whether ``x`` is a plain array of float32 in this machine's byte order."""
    return (cnp.PyArray_CheckExact(x) and cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
            and cnp.PyArray_NDIM(x) == ndim and cnp.PyArray_ISBEHAVED_RO(x))
