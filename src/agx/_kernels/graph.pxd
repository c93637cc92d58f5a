cdef bint recording() noexcept nogil
