"""Whether arrays hold NaN or infinities."""

cdef object np_isnan = np.isnan
cdef object np_isfinite = np.isfinite
cdef object everything = slice(None)
cdef object first_alone = slice(1)


cdef struct Search:
    const char *x
    Py_ssize_t count, bytes
    int parts
    # What looks at numbers for what is sought, and whether each part has some.
    int (*look)(const void *x, Py_ssize_t n) noexcept nogil
    int[256] found


cdef void search_part(void *context, int part) noexcept nogil:
    cdef Search *job = <Search *>context
    cdef Py_ssize_t i = part * job.count // job.parts, stop = (part + 1) * job.count // job.parts
    job.found[part] = job.look(job.x + i * job.bytes, stop - i)


cdef bint holds(object x, bint nan):
    """Whether an array that is floating holds a NaN, or else anything that is not finite."""
    cdef Search job
    cdef int part, total = 0
    job.x, job.count, job.bytes = cnp.PyArray_BYTES(x), cnp.PyArray_SIZE(x), cnp.PyArray_ITEMSIZE(x)
    cdef const loops_t *loops = loops_of(job.bytes == 4)
    job.look = loops.nan if nan else loops.endless
    # Threads that wait may help; this runs between other work, and starts none.
    job.parts = <int>max(1, min(<Py_ssize_t>awake(), job.count * PER_ELEMENT // WORK_PER_THREAD))
    with nogil:
        parallel(search_part, &job, job.parts)
    for part in range(job.parts):
        total |= job.found[part]
    return total


cdef bint has_nan(object x) except -1:
    """Whether an array holds a NaN."""
    cdef list parts = []
    cdef int i
    if is_floating(x):
        return holds(x, True)
    if type(x) is ndarray:
        for i in range(cnp.PyArray_NDIM(x)):  # Broadcasting repeats along axes with strides of 0.
            parts.append(everything if cnp.PyArray_STRIDE(x, i) else first_alone)
        x = x[tuple(parts)]
    return bool(np_isnan(x).any())


cdef bint is_all_finite(object x) except -1:
    """Whether an array holds neither NaN nor infinity."""
    return not holds(x, False) if is_floating(x) else bool(np_isfinite(x).all())


def any_nan(x):
    """Tell whether an array holds a NaN."""
    return bool(has_nan(x))


def all_finite(x):
    """Tell whether an array holds neither NaN nor infinity."""
    return bool(is_all_finite(x))
