"""Elementwise functions that NumPy lacks or does in several passes, on flat arrays."""

from cython cimport floating
from libc.math cimport erf as c_erf


def erf(const floating[::1] x, floating[::1] out):
    """Write the error function of each element."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            out[i] = <floating>c_erf(x[i])
