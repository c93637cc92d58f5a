"""Log-sum-exp and softmax of rows, stable for any finite input.

Each row is shifted by its largest element first, so no exponential overflows:
log sum exp(x) = m + log sum exp(x - m).
"""

from cython cimport floating
from libc.math cimport INFINITY, log

cdef extern from *:
    """
    #include <math.h>
    #include <stdint.h>

    #if defined(_MSC_VER)
        #define AGX_RESTRICT __restrict
    #else
        #define AGX_RESTRICT restrict
    #endif

    /* Sixteen running results let the compiler use vectors without -ffast-math. */
    #define AGX_REDUCTIONS(type)                                                                     \
        static type agx_largest_##type(const type *x, Py_ssize_t n) {                                \
            type lane[16], m = (type)-INFINITY;                                                      \
            Py_ssize_t i, k, body = n - n % 16;                                                      \
            for (k = 0; k < 16; k++) lane[k] = m;                                                    \
            for (i = 0; i < body; i += 16)                                                           \
                for (k = 0; k < 16; k++) {                                                           \
                    type v = x[i + k], larger = v > lane[k] ? v : lane[k];                           \
                    lane[k] = v != v ? v : larger;                                                   \
                }                                                                                    \
            for (k = 0; k < 16; k++) m = lane[k] > m || lane[k] != lane[k] ? lane[k] : m;            \
            for (i = body; i < n; i++) m = x[i] > m || x[i] != x[i] ? x[i] : m;                      \
            return m;                                                                                \
        }                                                                                            \
        static type agx_total_##type(const type *x, Py_ssize_t n) {                                  \
            type lane[16], s = 0;                                                                    \
            Py_ssize_t i, k, body = n - n % 16;                                                      \
            for (k = 0; k < 16; k++) lane[k] = 0;                                                    \
            for (i = 0; i < body; i += 16)                                                           \
                for (k = 0; k < 16; k++) lane[k] += x[i + k];                                        \
            for (k = 0; k < 16; k++) s += lane[k];                                                   \
            for (i = body; i < n; i++) s += x[i];                                                    \
            return s;                                                                                \
        }
    AGX_REDUCTIONS(float)
    AGX_REDUCTIONS(double)

    /* exp(x - m) for x <= m to within 2 ulp, without branches so that the loop vectorises:
       x - m = n ln 2 + r, a polynomial for exp(r), and 2^n put together from its bits. */
    static void agx_exp_row_float(
        const float *AGX_RESTRICT x, float *AGX_RESTRICT out, Py_ssize_t size, float m) {
        for (Py_ssize_t i = 0; i < size; i++) {
            float d = x[i] - m;
            float y = d > -87.3f ? d : -87.3f;
            union { float f; int32_t i; } n, scale;
            n.f = y * 1.44269504f + 12582912.0f;
            float k = n.f - 12582912.0f;
            float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
            float p = 1.9875691500e-4f;
            p = p * r + 1.3981999507e-3f;
            p = p * r + 8.3334519073e-3f;
            p = p * r + 4.1665795894e-2f;
            p = p * r + 1.6666665459e-1f;
            p = p * r + 5.0000001201e-1f;
            p = p * r * r + r + 1.0f;
            scale.i = (n.i + 127) << 23;
            float e = p * scale.f;
            e = d > -87.3f ? e : 0.0f;
            out[i] = d != d ? d : e;
        }
    }
    static void agx_exp_row_double(const double *x, double *out, Py_ssize_t size, double m) {
        for (Py_ssize_t i = 0; i < size; i++) out[i] = exp(x[i] - m);
    }
    """
    float agx_largest_float(const float *, Py_ssize_t) noexcept nogil
    double agx_largest_double(const double *, Py_ssize_t) noexcept nogil
    float agx_total_float(const float *, Py_ssize_t) noexcept nogil
    double agx_total_double(const double *, Py_ssize_t) noexcept nogil
    void agx_exp_row_float(const float *, float *, Py_ssize_t, float) noexcept nogil
    void agx_exp_row_double(const double *, double *, Py_ssize_t, double) noexcept nogil


cdef inline floating largest(const floating *x, Py_ssize_t n) noexcept nogil:
    """The largest element; a NaN wins."""
    if floating is float:
        return agx_largest_float(x, n)
    else:
        return agx_largest_double(x, n)


cdef inline floating total(const floating *x, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return agx_total_float(x, n)
    else:
        return agx_total_double(x, n)


cdef floating shifted_exp(const floating *x, floating *out, Py_ssize_t n, floating m) noexcept nogil:
    """Write exp(x - m) and return its sum; an infinite or undefined ``m`` gives the limit."""
    cdef Py_ssize_t i
    if m == INFINITY or m == -INFINITY:
        for i in range(n):
            out[i] = x[i] == m
    elif floating is float:
        agx_exp_row_float(x, out, n, m)
    else:
        agx_exp_row_double(x, out, n, m)
    return total(out, n)


def logsumexp_rows(const floating[:, ::1] x, floating[::1] out, floating[::1] work):
    """Write log(sum(exp(row))) of each row; ``work`` has the length of a row."""
    cdef Py_ssize_t i, n = x.shape[1]
    cdef floating m, s
    with nogil:
        for i in range(x.shape[0]):
            m = -INFINITY
            if n:
                m = largest(&x[i, 0], n)
            if m == INFINITY or m == -INFINITY:
                out[i] = m
            else:
                s = shifted_exp(&x[i, 0], &work[0], n, m)
                out[i] = m + <floating>log(s)


def softmax_rows(const floating[:, ::1] x, floating[:, ::1] out):
    """Write exp(row) / sum(exp(row)) of each row."""
    cdef Py_ssize_t i, j, n = x.shape[1]
    cdef floating scale
    if not n:
        return
    with nogil:
        for i in range(x.shape[0]):
            scale = 1 / shifted_exp(&x[i, 0], &out[i, 0], n, largest(&x[i, 0], n))
            for j in range(n):
                out[i, j] *= scale


def log_softmax_rows(const floating[:, ::1] x, floating[:, ::1] out):
    """Write row - log(sum(exp(row))) of each row."""
    cdef Py_ssize_t i, j, n = x.shape[1]
    cdef floating m, s
    if not n:
        return
    with nogil:
        for i in range(x.shape[0]):
            m = largest(&x[i, 0], n)
            s = <floating>log(shifted_exp(&x[i, 0], &out[i, 0], n, m))
            for j in range(n):
                out[i, j] = (x[i, j] - m) - s
