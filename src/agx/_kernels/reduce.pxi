"""Log-sum-exp, softmax and cross entropy along the last axis, stable for any finite input; normalisation.

Each row is shifted by its largest element first, so no exponential overflows:
log sum exp(x) = m + log sum exp(x - m). Functions return a new array, or None for arguments that are not
C-contiguous arrays of one floating dtype, float32 or float64. The threads of ``team()`` share the rows.
"""

cdef enum:
    # What an element of a row costs, in multiply-adds.
    PER_EXPONENTIAL = 24
    # Floats in a row that is too short for vectors, and those of such rows that are taken together.
    SHORT_ROW = 8
    BLOCK = 256

cdef inline floating limit(floating x, floating m) noexcept nogil:
    """exp(x - m) for an infinite ``m`` that is the largest element."""
    return x if x != x else <floating>(x == m)


cdef inline floating below(floating x, floating m) noexcept nogil:
    """x - m, and 0 between equal infinities."""
    return 0 if x == m else x - m


cdef floating shifted_exp(const Job *job, const floating *x, floating *out, floating m) noexcept nogil:
    """The sum of exp(x - m), which are written too unless ``out`` is NULL."""
    cdef Py_ssize_t i
    cdef floating e, total = 0
    if m == INFINITY or m == -INFINITY:
        for i in range(job.n):
            e = limit(x[i], m)
            total += e
            if out != NULL:
                out[i] = e
        return total
    return <floating>job.loops.exp_sum(x, out, job.n, m)


cdef void exp_rows(const Job *job, const floating *x, floating *out, floating *largest, floating *totals,
                   Py_ssize_t rows) noexcept nogil:
    """exp(x - m) of short rows, with the largest element m of each and the sum."""
    cdef floating[BLOCK] shifted
    cdef Py_ssize_t r, j, n = job.n
    cdef floating m
    for r in range(rows):
        m = -INFINITY
        for j in range(r * n, r * n + n):
            m = x[j] if x[j] > m else m
        for j in range(r * n, r * n + n):
            shifted[j] = below(x[j], m)
        largest[r], totals[r] = m, 0
    job.loops.exp_sum(shifted, out, rows * n, 0)
    for r in range(rows):
        for j in range(r * n, r * n + n):
            totals[r] += out[j]


cdef bint usable(object x) noexcept:
    return is_floating(x) and cnp.PyArray_NDIM(x) > 0


cdef object contiguous(object g):
    """An array in one piece: the gradient of a sum is a broadcast view. Anything else as it is."""
    return cnp.PyArray_GETCONTIGUOUS(g) if cnp.PyArray_CheckExact(g) else g


cdef int kind_of(object x) noexcept:
    """The type number of a plain contiguous array, or -1."""
    return cnp.PyArray_TYPE(x) if cnp.PyArray_CheckExact(x) and cnp.PyArray_ISCARRAY_RO(x) else -1


cdef object describe_rows(Job *job, object x, object out, object team):
    """Share the rows of ``x`` among threads."""
    cdef Py_ssize_t i, count = 1
    for i in range(cnp.PyArray_NDIM(x) - 1):
        count *= cnp.PyArray_DIM(x, <int>i)
    describe(job, x, count)
    job.n, job.out = cnp.PyArray_DIM(x, cnp.PyArray_NDIM(x) - 1), <char *>cnp.PyArray_DATA(out)
    cdef int threads = threads_for(PER_EXPONENTIAL * cnp.PyArray_SIZE(x), count, team)
    job.parts = min(threads, <int>MOST_PARTS)


# --- log-sum-exp -------------------------------------------------------------------------------------

cdef void logsumexp_rows(const Job *job, floating *x, floating *out, int part) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating m, total
    for i in range(edge(job, part), edge(job, part + 1)):
        m = <floating>job.loops.largest(x + i * job.n, job.n)
        total = shifted_exp(job, x + i * job.n, NULL, m)
        out[i] = m + (<floating>c_log(total) if m - m == 0 else total - total)


cdef void logsumexp_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        logsumexp_rows(job, <float *>job.x, <float *>job.out, part)
    else:
        logsumexp_rows(job, <double *>job.x, <double *>job.out, part)


def logsumexp(x, team):
    # log(sum(exp(row))) of each row, in an array without the last axis.
    cdef Job job
    if not usable(x):
        return None
    out = empty(cnp.PyArray_NDIM(x) - 1, cnp.PyArray_DIMS(x), cnp.PyArray_TYPE(x))
    describe_rows(&job, x, out, team)
    share(logsumexp_part, &job, job.parts)
    return out


cdef void scaled_rows(const Job *job, floating *g, floating *x, floating *out, int part) noexcept nogil:
    """Not exp(x - logsumexp(x)): a logarithm that is rounded at a large x spoils every digit."""
    cdef Py_ssize_t i, at
    cdef floating total
    for i in range(edge(job, part), edge(job, part + 1)):
        at = i * job.n
        total = shifted_exp(job, x + at, out + at, <floating>job.loops.largest(x + at, job.n))
        job.loops.scale(out + at, job.n, g[i] / total)


cdef void scaled_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        scaled_rows(job, <float *>job.g, <float *>job.x, <float *>job.out, part)
    else:
        scaled_rows(job, <double *>job.g, <double *>job.x, <double *>job.out, part)


def logsumexp_gradient(g, x, team):
    # g softmax(row) of each row.
    cdef Job job
    g = contiguous(g)
    if not usable(x) or cnp.PyArray_TYPE(x) != kind_of(g):
        return None
    out = like(x)
    describe_rows(&job, x, out, team)
    if cnp.PyArray_SIZE(g) != job.count:
        return None
    job.g = <char *>cnp.PyArray_DATA(g)
    share(scaled_part, &job, job.parts)
    return out


# --- softmax -----------------------------------------------------------------------------------------

cdef void softmax_rows(const Job *job, floating *x, floating *out, int part) noexcept nogil:
    cdef Py_ssize_t i, at
    cdef floating m
    for i in range(edge(job, part), edge(job, part + 1)):
        at = i * job.n
        m = <floating>job.loops.largest(x + at, job.n)
        if job.mean:
            job.loops.shift(x + at, out + at, job.n, m, c_log(shifted_exp(job, x + at, NULL, m)))
        else:
            job.loops.scale(out + at, job.n, 1 / shifted_exp(job, x + at, out + at, m))


cdef void softmax_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        softmax_rows(job, <float *>job.x, <float *>job.out, part)
    else:
        softmax_rows(job, <double *>job.x, <double *>job.out, part)


cdef object along_rows(object x, bint logarithm, object team):
    cdef Job job
    if not usable(x):
        return None
    out = like(x)
    describe_rows(&job, x, out, team)
    job.mean = logarithm
    if job.n:
        share(softmax_part, &job, job.parts)
    return out


def softmax(x, team):
    # exp(row) / sum(exp(row)) of each row.
    return along_rows(x, False, team)


def log_softmax(x, team):
    # row - log(sum(exp(row))) of each row.
    return along_rows(x, True, team)


cdef void softmax_back_part(void *context, int part) noexcept nogil:
    """y (g - sum of g y), or g - exp(y) sum of g."""
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i, at, row = job.n * (4 if job.single else 8)
    for i in range(edge(job, part), edge(job, part + 1)):
        at = i * row
        if job.mean:
            job.loops.spread(job.g + at, job.x + at, job.out + at, job.n,
                             job.loops.sum(job.g + at, 1, 0, job.n))
        else:
            job.loops.centre(job.g + at, job.x + at, job.out + at, job.n,
                             job.loops.dot(job.g + at, job.x + at, job.n))


def softmax_gradient(g, y, bint logarithm, team):
    # Pull g back to the rows of which ``y`` is the softmax, or its logarithm.
    cdef Job job
    g = contiguous(g)
    if not usable(y) or cnp.PyArray_TYPE(y) != kind_of(g) or cnp.PyArray_SIZE(g) != cnp.PyArray_SIZE(y):
        return None
    out = like(y)
    describe_rows(&job, y, out, team)
    job.mean, job.g = logarithm, <char *>cnp.PyArray_DATA(g)
    share(softmax_back_part, &job, job.parts)
    return out


# --- cross entropy -----------------------------------------------------------------------------------

cdef bint are_targets(object targets, Py_ssize_t rows) noexcept:
    return (cnp.PyArray_CheckExact(targets) and cnp.PyArray_TYPE(targets) == cnp.NPY_INT64
            and cnp.PyArray_NDIM(targets) == 1 and cnp.PyArray_DIM(targets, 0) == rows
            and cnp.PyArray_ISCARRAY_RO(targets))


cdef bint is_matrix(object z, object targets, cnp.npy_intp *rows, cnp.npy_intp *n) noexcept:
    """Whether there is a target for each row of a matrix of scores, and its sizes."""
    if not is_floating(z):
        return False
    cdef cnp.ndarray array = <cnp.ndarray>z
    if cnp.PyArray_NDIM(array) != 2:
        return False
    rows[0], n[0] = cnp.PyArray_DIM(array, 0), cnp.PyArray_DIM(array, 1)
    return are_targets(targets, rows[0])


cdef Py_ssize_t no_class(const int64_t *targets, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    """The first row whose target is no class, or -1."""
    cdef Py_ssize_t i
    for i in range(rows):
        if targets[i] < 0 or targets[i] >= classes:
            return i
    return -1


def are_classes(targets, Py_ssize_t classes, Py_ssize_t ignored):
    # Tell whether int64 (N,) holds numbers from 0 to ``classes`` - 1 only, and none is ``ignored``.
    cdef Py_ssize_t i, n
    cdef const int64_t *t
    if not cnp.PyArray_CheckExact(targets):
        return False
    cdef cnp.ndarray array = <cnp.ndarray>targets
    n, t = cnp.PyArray_SIZE(array), <const int64_t *>cnp.PyArray_DATA(array)
    if not are_targets(array, n):
        return False
    for i in range(n):
        if t[i] == ignored:
            return False
    return no_class(t, n, classes) < 0


cdef void nll_rows(Job *job, floating *x, floating *out, int part) noexcept nogil:
    cdef floating[BLOCK] largest
    cdef floating[BLOCK] sums
    cdef floating[BLOCK] e
    cdef Py_ssize_t i = edge(job, part), stop = edge(job, part + 1), r, rows = 1
    cdef double total = 0
    cdef floating loss
    while i < stop:
        if floating is float and job.n < SHORT_ROW:
            rows = min(BLOCK // job.n, stop - i)
            exp_rows(job, x + i * job.n, e, largest, sums, rows)
        else:
            largest[0] = <floating>job.loops.largest(x + i * job.n, job.n)
            sums[0] = shifted_exp(job, x + i * job.n, NULL, largest[0])
        for r in range(rows):
            loss = <floating>c_log(sums[r]) - below(x[i * job.n + job.index[i]], largest[r])
            if job.mean:
                total += loss
            else:
                out[i] = loss
            i += 1
    job.totals[part] = total


cdef void nll_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        nll_rows(job, <float *>job.x, <float *>job.out, part)
    else:
        nll_rows(job, <double *>job.x, <double *>job.out, part)


def nll(z, targets, bint mean, team):
    # -log softmax(row)[target] of each row of (N, C), or its mean.
    cdef Job job
    cdef double total = 0
    cdef double[MOST_PARTS] totals
    cdef int part
    cdef cnp.npy_intp rows, n
    if not is_matrix(z, targets, &rows, &n) or not n or (mean and not rows):
        return None
    out = empty(0 if mean else 1, &rows, kind_of(z))
    describe_rows(&job, z, out, team)
    job.mean, job.totals, job.index = mean, totals, <const int64_t *>cnp.PyArray_DATA(targets)
    cdef Py_ssize_t wrong = no_class(job.index, rows, n)
    if wrong >= 0:
        raise ValueError(f"softmax_nll: targets must be class numbers from 0 to {n - 1}, got "
                         f"{targets[wrong]} at position {wrong}")
    share(nll_part, &job, job.parts)
    if mean:
        for part in range(job.parts):
            total += totals[part]
        if job.single:
            (<float *>job.out)[0] = <float>(total / rows)
        else:
            (<double *>job.out)[0] = total / rows
    return out


cdef void nll_gradient_rows(const Job *job, floating *g, floating *x, floating *out,
                            int part) noexcept nogil:
    cdef floating[BLOCK] largest
    cdef floating[BLOCK] sums
    cdef Py_ssize_t i = edge(job, part), stop = edge(job, part + 1), r, rows = 1
    cdef floating *row
    cdef floating s, p, factor
    while i < stop:
        if floating is float and job.n < SHORT_ROW:
            rows = min(BLOCK // job.n, stop - i)
            exp_rows(job, x + i * job.n, out + i * job.n, largest, sums, rows)
        else:
            largest[0] = <floating>job.loops.largest(x + i * job.n, job.n)
            sums[0] = shifted_exp(job, x + i * job.n, out + i * job.n, largest[0])
        for r in range(rows):
            row = out + i * job.n
            factor = g[0] / job.count if job.mean else g[i]
            s = 1 / sums[r]
            p = row[job.index[i]] * s
            job.loops.scale(row, job.n, s * factor)
            row[job.index[i]] = (p - 1) * factor
            i += 1


cdef void nll_gradient_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    if job.single:
        nll_gradient_rows(job, <float *>job.g, <float *>job.x, <float *>job.out, part)
    else:
        nll_gradient_rows(job, <double *>job.g, <double *>job.x, <double *>job.out, part)


def nll_gradient(g, z, targets, bint mean, team):
    # (softmax(row) - one_hot(target)) g of each row, g divided by their number for the mean.
    cdef Job job
    cdef cnp.npy_intp rows, n
    if not is_matrix(z, targets, &rows, &n):
        return None
    g = contiguous(g)
    if kind_of(g) != kind_of(z) or cnp.PyArray_SIZE(g) != (1 if mean else rows):
        return None
    out = like(z)
    describe_rows(&job, z, out, team)
    job.mean, job.g = mean, <char *>cnp.PyArray_DATA(g)
    job.index = <const int64_t *>cnp.PyArray_DATA(targets)
    cdef Py_ssize_t wrong = no_class(job.index, rows, n)
    if wrong >= 0:
        raise ValueError(f"softmax_nll: targets have changed since the loss was computed: expected class "
                         f"numbers from 0 to {n - 1}, got {targets[wrong]} at position {wrong}; compute "
                         "the loss from a copy of an array that you write into")
    share(nll_gradient_part, &job, job.parts)
    return out
