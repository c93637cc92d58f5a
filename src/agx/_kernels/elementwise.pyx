"""Elementwise functions that NumPy lacks or does in several passes, on flat arrays."""

from cython cimport floating
from libc.math cimport erf as c_erf

cdef extern from *:
    """
    #if defined(_MSC_VER)
        #define AGX_RESTRICT __restrict
    #else
        #define AGX_RESTRICT restrict
    #endif
    /* Selects instead of branches, so that the loops vectorise. */
    #define AGX_RELU_GRADIENT(type)                                                                  \
        static void agx_relu_gradient_##type(                                                        \
            const type *AGX_RESTRICT g, const type *AGX_RESTRICT x, type *AGX_RESTRICT out,          \
            Py_ssize_t n) {                                                                          \
            for (Py_ssize_t i = 0; i < n; i++) {                                                     \
                type passed = g[i];                                                                  \
                out[i] = x[i] > 0 ? passed : 0;                                                      \
            }                                                                                        \
        }
    AGX_RELU_GRADIENT(float)
    AGX_RELU_GRADIENT(double)
    """
    void agx_relu_gradient_float(const float *, const float *, float *, Py_ssize_t) noexcept nogil
    void agx_relu_gradient_double(const double *, const double *, double *, Py_ssize_t) noexcept nogil


def erf(const floating[::1] x, floating[::1] out):
    """Write the error function of each element."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            out[i] = <floating>c_erf(x[i])


def relu_gradient(const floating[::1] g, const floating[::1] x, floating[::1] out):
    """Write g where x is positive and zero elsewhere."""
    cdef Py_ssize_t n = x.shape[0]
    if not n:
        return
    with nogil:
        if floating is float:
            agx_relu_gradient_float(&g[0], &x[0], &out[0], n)
        else:
            agx_relu_gradient_double(&g[0], &x[0], &out[0], n)
