"""Fingerprints of arrays, by which a backward pass sees that one was changed in place.

Up to ``WHOLE`` words of 8 bytes every one counts; of longer arrays four words at each of ``PLACES``
places spread evenly, for every place costs a wait for memory.
"""

import numpy as np

cimport numpy as cnp
from libc.string cimport memcpy

cnp.import_array()

cdef enum:
    WHOLE = 4096
    PLACES = 256

cdef unsigned long long PRIME = 0x9E3779B97F4A7C15ULL


cdef inline unsigned long long mix(unsigned long long h, unsigned long long word) noexcept nogil:
    h = (h ^ word) * PRIME
    return h ^ (h >> 29)


cdef unsigned long long of_bytes(const char *data, Py_ssize_t size) noexcept nogil:
    cdef unsigned long long h0 = 1, h1 = 2, h2 = 3, h3 = 4, word = 0
    cdef unsigned long long[4] four
    cdef Py_ssize_t words = size // 8, i = 0
    cdef Py_ssize_t end = words, step = 4
    if words > WHOLE:
        step = words // PLACES
        end -= 4
        memcpy(four, data + 8 * end, 32)
        h0, h1 = mix(h0, four[0]), mix(h1, four[1])
        h2, h3 = mix(h2, four[2]), mix(h3, four[3])
    while i + 4 <= end:
        memcpy(four, data + 8 * i, 32)
        h0, h1 = mix(h0, four[0]), mix(h1, four[1])
        h2, h3 = mix(h2, four[2]), mix(h3, four[3])
        i += step
    while i < end:
        memcpy(&word, data + 8 * i, 8)
        h0 = mix(h0, word)
        i += 1
    if size % 8:
        word = 0
        memcpy(&word, data + 8 * words, size % 8)
        h0 = mix(h0, word)
    return mix(mix(h0, h1), mix(h2, h3))


cdef unsigned long long fingerprint(object x) except? 0:
    """A number that hardly ever stays the same when ``x`` is changed."""
    cdef object plain = x
    if not cnp.PyArray_CHKFLAGS(x, cnp.NPY_ARRAY_C_CONTIGUOUS):
        if cnp.PyArray_SIZE(x) > 2 * WHOLE:
            plain = x.ravel(order="K") if x.flags.f_contiguous else x.flat[:: x.size // (4 * PLACES)]
        plain = np.ascontiguousarray(plain)
    return of_bytes(<const char *>cnp.PyArray_DATA(plain), cnp.PyArray_NBYTES(plain))


def fingerprint_of(object x):
    """Return the fingerprint of an array."""
    return fingerprint(x)
