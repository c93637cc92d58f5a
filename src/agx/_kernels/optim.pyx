"""Fused parameter updates: one pass over memory for a whole optimiser step of one array.

The formulas are PyTorch's (torch.optim). Arrays are updated in place; each function returns False, and
does nothing, unless all are C-contiguous, of one size and of one dtype, float32 or float64.
"""

from cython cimport floating
from libc.math cimport sqrt

cimport numpy as cnp

cnp.import_array()


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


cdef void sgd_loop(floating *p, const floating *g, floating *velocity, Py_ssize_t n, double lr,
                   double momentum, double weight_decay, bint nesterov, bint first) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating d, v, rate = lr, mu = momentum, decay = weight_decay, keep = 0 if first else momentum
    if momentum == 0:
        for i in range(n):
            p[i] -= rate * (g[i] + decay * p[i])
    elif nesterov:
        for i in range(n):
            d = g[i] + decay * p[i]
            v = keep * velocity[i] + d
            velocity[i] = v
            p[i] -= rate * (d + mu * v)
    else:
        for i in range(n):
            v = keep * velocity[i] + (g[i] + decay * p[i])
            velocity[i] = v
            p[i] -= rate * v


def sgd(p, g, velocity, double lr, double momentum, double weight_decay, bint nesterov, bint first):
    """p -= lr * v with v = momentum * v + g; ``first`` starts v as g. No momentum leaves v alone."""
    cdef void *a[3]
    cdef Py_ssize_t n
    cdef int kind = common_kind((p, g, velocity), a, &n)
    if kind == -1:
        return False
    with nogil:
        if kind == cnp.NPY_FLOAT32:
            sgd_loop(<float *>a[0], <float *>a[1], <float *>a[2], n, lr, momentum, weight_decay,
                     nesterov, first)
        else:
            sgd_loop(<double *>a[0], <double *>a[1], <double *>a[2], n, lr, momentum, weight_decay,
                     nesterov, first)
    return True


cdef void adam_loop(floating *p, const floating *g, floating *mean, floating *square, Py_ssize_t n,
                    double lr, double beta1, double beta2, double eps, double weight_decay,
                    bint decoupled, long step) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating d, m, v, b1 = beta1, b2 = beta2, c1 = 1 - beta1, c2 = 1 - beta2, e = eps
    cdef floating shrink = 1 - lr * weight_decay if decoupled else 1
    cdef floating decay = 0 if decoupled else weight_decay
    cdef floating rate = lr / (1 - beta1 ** step), scale = 1 / sqrt(1 - beta2 ** step)
    for i in range(n):
        d = g[i] + decay * p[i]
        m = b1 * mean[i] + c1 * d
        v = b2 * square[i] + c2 * d * d
        mean[i] = m
        square[i] = v
        p[i] = shrink * p[i] - rate * m / (<floating>sqrt(v) * scale + e)


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
            adam_loop(<float *>a[0], <float *>a[1], <float *>a[2], <float *>a[3], n, lr, beta1, beta2,
                      eps, weight_decay, decoupled, step)
        else:
            adam_loop(<double *>a[0], <double *>a[1], <double *>a[2], <double *>a[3], n, lr, beta1,
                      beta2, eps, weight_decay, decoupled, step)
    return True


cdef void rmsprop_loop(floating *p, const floating *g, floating *square, floating *velocity, Py_ssize_t n,
                       double lr, double alpha, double eps, double weight_decay,
                       double momentum) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating d, s, v, a = alpha, e = eps, rate = lr, mu = momentum, decay = weight_decay
    for i in range(n):
        d = g[i] + decay * p[i]
        s = a * square[i] + (1 - a) * d * d
        square[i] = s
        v = d / (<floating>sqrt(s) + e)
        if momentum > 0:
            v += mu * velocity[i]
            velocity[i] = v
        p[i] -= rate * v


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
            rmsprop_loop(<float *>a[0], <float *>a[1], <float *>a[2], <float *>a[3], n, lr, alpha, eps,
                         weight_decay, momentum)
        else:
            rmsprop_loop(<double *>a[0], <double *>a[1], <double *>a[2], <double *>a[3], n, lr, alpha,
                         eps, weight_decay, momentum)
    return True
