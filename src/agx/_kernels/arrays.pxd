cimport numpy as cnp

cdef enum Operation:
    NONE, ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER

cdef cnp.ndarray empty(int ndim, cnp.npy_intp *shape, int kind)
cdef bint is_float32(object x, int ndim) noexcept
cdef object unbroadcast(str op, object c, tuple shape)
cdef bint is_held(object dtype) noexcept
cdef object as_held(str op, object result)
cdef bint has_own_memory(object x) noexcept
cdef object silence(object g, object c)
cdef cnp.ndarray like(object x)
cdef object copied(object x)
cdef float *scratch(Py_ssize_t floats) except NULL
cdef bint is_floating(object x) noexcept
cdef bint alike(object x, object y) noexcept
cdef unsigned long long fingerprint(object x) except? 0
cdef object combine(Operation what, object x, object y)
cdef object compute(Operation what, object x, object y)
cdef bint is_two(object y) noexcept
cdef bint is_large(object x) noexcept
cdef object in_memory(object ufunc, object x, object y)
cdef object pull_back(Operation what, Py_ssize_t i, object g, object out, object x, object y, bint over)
cdef bint add_to(object total, object x) noexcept
