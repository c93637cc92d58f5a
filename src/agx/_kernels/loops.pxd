cdef bint has_nan(object x) except -1
cdef bint is_all_finite(object x) except -1
