"""Arithmetic on small arrays, where a call of NumPy's would cost more than the numbers.

Results are NumPy's to the bit. Anything unusual is left to NumPy: other dtypes, broadcasting between
arrays, and results that are not finite, about which NumPy warns.
"""

from cython cimport floating

import numpy as np

cimport numpy as cnp

from agx._kernels.arrays cimport alike, is_floating

cnp.import_array()

cdef enum:
    # Elements up to which an array is small.
    FEW = 256
    # Integers up to here are floats exactly.
    MOST_EXACT = 1 << 24

cdef object np_divide = np.divide
cdef object np_multiply = np.multiply
cdef object np_negative = np.negative


cdef inline bint is_small(object x) noexcept:
    return is_floating(x) and cnp.PyArray_SIZE(x) <= FEW


cdef inline bint is_number(object x, double *value) noexcept:
    if type(x) is float:
        value[0] = <double>x
        return True
    if type(x) is int and -MOST_EXACT < x < MOST_EXACT:
        value[0] = <double>x
        return True
    return False


cdef bint fill(Operation what, const floating *x, Py_ssize_t dx, const floating *y, Py_ssize_t dy,
               floating *out, Py_ssize_t n) noexcept nogil:
    """Write x op y, each with steps of 0 or 1; tells whether all results are finite."""
    cdef Py_ssize_t i
    cdef floating doubt = 0
    if what == ADD:
        for i in range(n):
            out[i] = x[i * dx] + y[i * dy]
    elif what == SUBTRACT:
        for i in range(n):
            out[i] = x[i * dx] - y[i * dy]
    elif what == MULTIPLY:
        for i in range(n):
            out[i] = x[i * dx] * y[i * dy]
    else:
        for i in range(n):
            out[i] = x[i * dx] / y[i * dy]
    for i in range(n):
        doubt += out[i] - out[i]
    return doubt == 0


cdef object combine(Operation what, object x, object y):
    """x op y for small arrays of one shape, or an array and a number; None for what NumPy must do."""
    cdef double number
    cdef float single
    cdef object like = x
    cdef Py_ssize_t dx = 1, dy = 1
    cdef void *a
    cdef void *b
    cdef bint fine
    if is_small(x):
        a = cnp.PyArray_DATA(x)
        if is_small(y):
            if not alike(x, y):
                return None
            b = cnp.PyArray_DATA(y)
        elif is_number(y, &number):
            single = <float>number
            b = &single if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32 else <void *>&number
            dy = 0
        else:
            return None
    elif is_small(y) and is_number(x, &number):
        single = <float>number
        a = &single if cnp.PyArray_TYPE(y) == cnp.NPY_FLOAT32 else <void *>&number
        b = cnp.PyArray_DATA(y)
        dx, like = 0, y
    else:
        return None
    cdef cnp.ndarray out = cnp.PyArray_EMPTY(
        cnp.PyArray_NDIM(like), cnp.PyArray_DIMS(like), cnp.PyArray_TYPE(like), 0)
    if cnp.PyArray_TYPE(like) == cnp.NPY_FLOAT32:
        fine = fill(what, <float *>a, dx, <float *>b, dy, <float *>cnp.PyArray_DATA(out),
                    cnp.PyArray_SIZE(out))
    else:
        fine = fill(what, <double *>a, dx, <double *>b, dy, <double *>cnp.PyArray_DATA(out),
                    cnp.PyArray_SIZE(out))
    return out if fine else None


cdef inline object compute(Operation what, object ufunc, object x, object y):
    found = combine(what, x, y)
    return ufunc(x, y) if found is None else found


cdef object pull_back(Operation what, Py_ssize_t i, object g, object out, object x, object y):
    """What argument ``i`` of out = x op y gets of the gradient ``g``, before un-broadcasting."""
    if what == ADD or (what == SUBTRACT and i == 0):
        return g
    if what == SUBTRACT:
        return compute(MULTIPLY, np_multiply, g, -1.0)
    if what == MULTIPLY:
        return compute(MULTIPLY, np_multiply, g, x if i else y)
    if i == 0:
        return compute(DIVIDE, np_divide, g, y)
    return compute(DIVIDE, np_divide, compute(MULTIPLY, np_multiply, np_negative(g), out), y)


cdef bint add_to(object total, object x) noexcept:
    """total += x for small arrays of one shape; False if NumPy must do it."""
    cdef Py_ssize_t i
    if not is_small(total) or not is_small(x) or not alike(total, x) or not cnp.PyArray_ISWRITEABLE(total):
        return False
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        for i in range(cnp.PyArray_SIZE(x)):
            (<float *>cnp.PyArray_DATA(total))[i] += (<float *>cnp.PyArray_DATA(x))[i]
    else:
        for i in range(cnp.PyArray_SIZE(x)):
            (<double *>cnp.PyArray_DATA(total))[i] += (<double *>cnp.PyArray_DATA(x))[i]
    return True


def calculate(str symbol, x, y):
    """Compute x op y for "+", "-", "*" or "/"; None for what NumPy must do."""
    return combine(<Operation>("+-*/".index(symbol) + 1), x, y)


def accumulate(total, x):
    """Add ``x`` to ``total`` in place; False for what NumPy must do."""
    return bool(add_to(total, x))
