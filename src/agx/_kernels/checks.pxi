"""What kernels that work on patches of images ask of their arguments."""

cdef int misfit(str text, tuple numbers) except -1:
    """Raise ValueError with a text and its numbers."""
    raise ValueError("patches: " + text % numbers)


cdef inline bint are_single(tuple arrays, object written) except -1:
    """Whether the numbers are float32, or else float64; arrays of anything else are refused."""
    cdef int kind = cnp.PyArray_TYPE(written) if is_floating(written) else -1
    for a in arrays:
        if not is_floating(a) or cnp.PyArray_TYPE(a) != kind:
            kind = -1
    if kind == -1 or not cnp.PyArray_ISWRITEABLE(written):
        raise TypeError("patches: expected C-contiguous, aligned arrays of one dtype, float32 or float64, "
                        "the last of them writeable")
    return kind == cnp.NPY_FLOAT32


cdef inline const int64_t *integers(object a) except NULL:
    if (not cnp.PyArray_CheckExact(a) or not cnp.PyArray_ISCARRAY_RO(a)
            or cnp.PyArray_TYPE(a) != cnp.NPY_INT64):
        raise TypeError("patches: expected a C-contiguous array of int64")
    return <const int64_t *>cnp.PyArray_DATA(a)


cdef inline bint has_sizes(object a, tuple sizes) except -1:
    """Whether an array has these lengths, or else ValueError."""
    if a.shape != sizes:
        misfit("expected an array of shape %s, got %s", (sizes, a.shape))
    return True


cdef inline bint in_reach(const Py_ssize_t *geo, Py_ssize_t OH, Py_ssize_t OW) except -1:
    """Whether all positions of a kernel fit into integers, or else ValueError."""
    cdef int i
    cdef inline bint fine = OH >= 0 and OW >= 0
    for i in range(8):
        fine = fine and (geo[i] >= 1 or i == 4 or i == 5)
    fine = fine and <double>OH * geo[2] + abs(<double>geo[4]) + <double>geo[0] * geo[6] < TOO_LARGE
    fine = fine and <double>OW * geo[3] + abs(<double>geo[5]) + <double>geo[1] * geo[7] < TOO_LARGE
    if not fine:
        misfit("kernel (%s, %s), stride (%s, %s), padding (%s, %s) and dilation (%s, %s) do not go with an "
               "output of (%s, %s)", (geo[0], geo[1], geo[2], geo[3], geo[4], geo[5], geo[6], geo[7], OH, OW))
    return True


cdef inline const int64_t *bounds(object side, Py_ssize_t size) except NULL:
    """Windows (count, 2) that lie on an axis of length ``size``, or else ValueError."""
    cdef const int64_t *at = integers(side)
    cdef Py_ssize_t i
    has_sizes(side, (len(side), 2))
    for i in range(cnp.PyArray_DIM(side, 0)):
        if not 0 <= at[2 * i] <= at[2 * i + 1] <= size:
            misfit("a window from %s to %s does not lie on an axis of length %s",
                   (at[2 * i], at[2 * i + 1], size))
    return at


cdef inline Py_ssize_t first_outside(const int64_t *index, Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """The first of the indices that is below 0 or not below ``size``; ``n`` if none is."""
    cdef Py_ssize_t i
    for i in range(n):
        if not 0 <= index[i] < size:
            return i
    return n
