cimport numpy as cnp

cdef cnp.ndarray empty(int ndim, cnp.npy_intp *shape, int kind)
cdef bint is_float32(object x, int ndim) noexcept
cdef object unbroadcast(str op, object c, tuple shape)
cdef bint has_own_memory(object x) noexcept
cdef object silence(object g, object c)
