"""Elementwise functions that NumPy lacks or does in several passes, on flat arrays."""

from cython cimport floating
from libc.math cimport erf as c_erf


def erf(const floating[::1] x, floating[::1] out):
    """Write the error function of each element."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            out[i] = <floating>c_erf(x[i])


def relu_gradient(const floating[::1] g, const floating[::1] x, floating[::1] out):
    """Write g where x is positive and zero elsewhere."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            out[i] = g[i] if x[i] > 0 else 0
