cdef bint has_nan(object x) except -1
