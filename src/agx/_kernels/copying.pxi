"""What all threads that are awake share of large arrays: copies, also of views that repeat a small one, and
NumPy's loops, which do without the GIL."""

cdef extern from *:
    """
    #include "simd.h"
    AGX_FAST static void agx_repeat(char *to, const char *from, Py_ssize_t n, int item) {
        if (item == 4) {
            float x = *(const float *)from;
            for (Py_ssize_t i = 0; i < n; i++) ((float *)to)[i] = x;
        } else {
            double x = *(const double *)from;
            for (Py_ssize_t i = 0; i < n; i++) ((double *)to)[i] = x;
        }
    }
    """
    void repeat "agx_repeat"(char *to, const char *source, Py_ssize_t n, int item) noexcept nogil

cdef enum:
    # Bytes from which another thread is worth while.
    LARGE = 1 << 18
    # Numbers that are written one by one, or by vectors.
    REPEATED = 256
    # Bytes from which a loop of NumPy's is shared, and four times as many of one that is done at once.
    SHARED = 1 << 20


cdef struct Copy:
    # Rows of runs, whose numbers lie ``step`` bytes apart: next to each other, or all in one place.
    Py_ssize_t rows, next_row, run, step, item
    const char *source
    char *to
    int parts


cdef bint read_copy(Copy *job, const cnp.npy_intp *shape, const cnp.npy_intp *strides, int ndim) noexcept:
    """See an array as rows of runs, if it can be."""
    cdef int i = ndim - 1
    job.run, job.step, job.rows, job.next_row = shape[i], strides[i], 1, 0
    while i > 0 and strides[i - 1] == job.run * job.step:
        i -= 1
        job.run *= shape[i]
    if i > 0:
        i -= 1
        job.rows, job.next_row = shape[i], strides[i]
    while i > 0 and strides[i - 1] == job.rows * job.next_row:
        i -= 1
        job.rows *= shape[i]
    return i == 0 and (job.step == job.item or job.step == 0)


cdef void copy_part(void *context, int part) noexcept nogil:
    cdef Copy *job = <Copy *>context
    cdef Py_ssize_t first = part * job.run // job.parts, stop = (part + 1) * job.run // job.parts
    cdef Py_ssize_t row = 0, last = job.rows, done, more
    cdef const char *source
    cdef char *to
    if job.rows >= job.parts:
        first, stop = 0, job.run
        row, last = part * job.rows // job.parts, (part + 1) * job.rows // job.parts
    while row < last:
        source = job.source + row * job.next_row + first * job.step
        to = job.to + (row * job.run + first) * job.item
        if job.step:
            memcpy(to, source, (stop - first) * job.item)
        else:
            # Library functions copy faster than this module writes.
            done = min(stop - first, <Py_ssize_t>REPEATED)
            repeat(to, source, done, <int>job.item)
            while done < stop - first:
                more = min(min(done, <Py_ssize_t>PAGE), stop - first - done)
                memcpy(to + done * job.item, to, more * job.item)
                done += more
        row += 1


cdef object copied(object x):
    """A copy, in memory that earlier arrays left."""
    cdef Copy job
    if not cnp.PyArray_CheckExact(x) or (cnp.PyArray_TYPE(x) != cnp.NPY_FLOAT32 and
                                         cnp.PyArray_TYPE(x) != cnp.NPY_FLOAT64):
        return x.copy()
    out = like(x)
    job.item, job.source, job.to = cnp.PyArray_ITEMSIZE(x), cnp.PyArray_BYTES(x), cnp.PyArray_BYTES(out)
    if cnp.PyArray_NBYTES(x) < LARGE or not cnp.PyArray_ISBEHAVED_RO(x) or not read_copy(
            &job, cnp.PyArray_DIMS(x), cnp.PyArray_STRIDES(x), cnp.PyArray_NDIM(x)):
        cnp.PyArray_CopyInto(out, x)
        return out
    job.parts = awake()
    with nogil:
        parallel(copy_part, &job, job.parts)
    return out


def call_part(object ufunc, list pieces, int part):
    """Do a part of ``in_parts``."""
    with errstate(over="raise", divide="raise", invalid="raise"):
        ufunc(*pieces[part])


cdef bint in_parts(object ufunc, object x, object y, cnp.ndarray out) except -1:
    """Write ufunc(x, y), or ufunc(x), to ``out`` in parts; False for what NumPy warns about, and others."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    cdef int part, parts = awake()
    cdef list whole = [x, out] if y is None else [x, y, out], pieces = []
    for i, a in enumerate(whole):
        if cnp.PyArray_CheckExact(a):
            if not alike(a, out) or not cnp.PyArray_ISCARRAY_RO(a):
                return False
            whole[i] = a.reshape(-1)
    if geterr()["under"] != "ignore":
        return False
    for part in range(parts):
        piece = slice(part * n // parts, (part + 1) * n // parts)
        pieces.append([a[piece] if cnp.PyArray_CheckExact(a) else a for a in whole])
    try:
        run(partial(call_part, ufunc, pieces), parts)
    except FloatingPointError:
        return False
    return True
