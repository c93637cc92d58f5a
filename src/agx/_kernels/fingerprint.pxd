cdef unsigned long long fingerprint(object x) except? 0
