"""Which vector instructions the kernels use: 0 for the baseline, 1 for AVX2, 2 for AVX-512."""

cdef extern from "simd.h" nogil:
    int agx_simd_best() noexcept

cdef int chosen = agx_simd_best()


cdef int simd_level() noexcept nogil:
    return chosen


def level():
    """The instructions in use."""
    return chosen


def set_level(int wanted):
    """Use other instructions, up to those that the processor has; returns what was used before."""
    global chosen
    cdef int before = chosen
    chosen = max(0, min(wanted, agx_simd_best()))
    return before
