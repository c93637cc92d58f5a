"""Fused parameter updates: one pass over memory for a whole optimiser step of one array.

The formulas are PyTorch's (torch.optim); arrays are flat, of one dtype, and updated in place.
"""

from cython cimport floating
from libc.math cimport sqrt


def sgd(floating[::1] p, const floating[::1] g, floating[::1] velocity, double lr, double momentum,
        double weight_decay, bint nesterov, bint first):
    """p -= lr * v with v = momentum * v + g; ``first`` starts v as g. No momentum leaves v alone."""
    cdef Py_ssize_t i
    cdef floating d, v, rate = lr, mu = momentum, decay = weight_decay, keep = 0 if first else momentum
    with nogil:
        if momentum == 0:
            for i in range(p.shape[0]):
                p[i] -= rate * (g[i] + decay * p[i])
        elif nesterov:
            for i in range(p.shape[0]):
                d = g[i] + decay * p[i]
                v = keep * velocity[i] + d
                velocity[i] = v
                p[i] -= rate * (d + mu * v)
        else:
            for i in range(p.shape[0]):
                v = keep * velocity[i] + (g[i] + decay * p[i])
                velocity[i] = v
                p[i] -= rate * v


def adam(floating[::1] p, const floating[::1] g, floating[::1] mean, floating[::1] square, double lr,
         double beta1, double beta2, double eps, double weight_decay, bint decoupled, long step):
    """Adam (Kingma and Ba, 2015); ``decoupled`` weight decay is AdamW (Loshchilov and Hutter, 2019)."""
    cdef Py_ssize_t i
    cdef floating d, m, v, b1 = beta1, b2 = beta2, c1 = 1 - beta1, c2 = 1 - beta2, e = eps
    cdef floating shrink = 1 - lr * weight_decay if decoupled else 1
    cdef floating decay = 0 if decoupled else weight_decay
    cdef floating rate = lr / (1 - beta1 ** step), scale = 1 / sqrt(1 - beta2 ** step)
    with nogil:
        for i in range(p.shape[0]):
            d = g[i] + decay * p[i]
            m = b1 * mean[i] + c1 * d
            v = b2 * square[i] + c2 * d * d
            mean[i] = m
            square[i] = v
            p[i] = shrink * p[i] - rate * m / (<floating>sqrt(v) * scale + e)


def rmsprop(floating[::1] p, const floating[::1] g, floating[::1] square, floating[::1] velocity,
            double lr, double alpha, double eps, double weight_decay, double momentum):
    """RMSprop (Tieleman and Hinton, 2012): divide by a running root mean square of the gradient."""
    cdef Py_ssize_t i
    cdef floating d, s, v, a = alpha, e = eps, rate = lr, mu = momentum, decay = weight_decay
    with nogil:
        for i in range(p.shape[0]):
            d = g[i] + decay * p[i]
            s = a * square[i] + (1 - a) * d * d
            square[i] = s
            v = d / (<floating>sqrt(s) + e)
            if momentum > 0:
                v += mu * velocity[i]
                velocity[i] = v
            p[i] -= rate * v
