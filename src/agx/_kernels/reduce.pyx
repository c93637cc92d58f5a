"""Log-sum-exp and softmax of rows, stable for any finite input.

Each row is shifted by its largest element first, so no exponential overflows:
log sum exp(x) = m + log sum exp(x - m).
"""

from cython cimport floating
from libc.math cimport INFINITY, exp, log

cdef extern from *:
    """
    #include <math.h>
    #include <stdint.h>
    #include <string.h>

    /* exp for x <= 0 to within 2 ulp, without branches so that loops vectorise:
       x = n ln 2 + r, a polynomial for exp(r), and 2^n put together from its bits. */
    static inline float agx_exp_float(float x) {
        float y = x < -87.3f ? -87.3f : x;
        float n = y * 1.44269504f + 12582912.0f;
        int32_t bits;
        memcpy(&bits, &n, 4);
        n -= 12582912.0f;
        float r = (y - n * 0.693359375f) + n * 2.12194440e-4f;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1.0f;
        int32_t scale_bits = (int32_t)((uint32_t)(bits + 127) << 23);
        float scale;
        memcpy(&scale, &scale_bits, 4);
        float result = p * scale;
        result = x < -87.3f ? 0.0f : result;
        return x != x ? x : result;
    }
    static inline double agx_exp_double(double x) { return exp(x); }
    """
    float agx_exp_float(float x) noexcept nogil
    double agx_exp_double(double x) noexcept nogil


cdef inline floating exp_of(floating x) noexcept nogil:
    if floating is float:
        return agx_exp_float(x)
    else:
        return agx_exp_double(x)


cdef floating largest(const floating *x, Py_ssize_t n) noexcept nogil:
    """The largest element; a NaN wins. Eight running maxima let the compiler use vectors."""
    cdef floating lanes[8]
    cdef floating m
    cdef Py_ssize_t i, k, body = n - n % 8
    for k in range(8):
        lanes[k] = -INFINITY
    for i in range(0, body, 8):
        for k in range(8):
            lanes[k] = x[i + k] if x[i + k] > lanes[k] or x[i + k] != x[i + k] else lanes[k]
    m = -INFINITY
    for k in range(8):
        m = lanes[k] if lanes[k] > m or lanes[k] != lanes[k] else m
    for i in range(body, n):
        m = x[i] if x[i] > m or x[i] != x[i] else m
    return m


cdef floating total(const floating *x, Py_ssize_t n) noexcept nogil:
    cdef floating lanes[8]
    cdef floating s = 0
    cdef Py_ssize_t i, k, body = n - n % 8
    for k in range(8):
        lanes[k] = 0
    for i in range(0, body, 8):
        for k in range(8):
            lanes[k] += x[i + k]
    for k in range(8):
        s += lanes[k]
    for i in range(body, n):
        s += x[i]
    return s


cdef floating shifted_exp(const floating *x, floating *out, Py_ssize_t n, floating m) noexcept nogil:
    """Write exp(x - m) and return its sum; an infinite or undefined ``m`` gives the limit."""
    cdef Py_ssize_t i
    if m == INFINITY or m == -INFINITY:
        for i in range(n):
            out[i] = x[i] == m
    else:
        for i in range(n):
            out[i] = exp_of(x[i] - m)
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
