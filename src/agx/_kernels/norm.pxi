"""Normalisation over batch and image, channel by channel, and over rows, in one pass each way where data fit
the cache.

Statistics are in float64. Channels, or rows, are shared among the threads of ``team()``.
"""

cdef enum:
    MOST_SHARES = 64
    # Numbers of a row above which sums need more digits than float32 has.
    LONG = 4096

cdef struct Norm:
    # Images, channels and numbers of a channel of an image; or rows of ``width`` numbers.
    const loops_t *loops
    Py_ssize_t images, channels, width
    int parts, bytes
    double eps
    const char *x
    const char *g
    const char *w
    const char *b
    char *out
    char *shares
    double *mean
    double *scale
    double *sums
    double *products


cdef inline double number_at(const Norm *job, const char *array, Py_ssize_t i) noexcept nogil:
    return (<const float *>array)[i] if job.bytes == 4 else (<const double *>array)[i]


cdef bint describe_norm(Norm *job, object x, bint by_rows, object team) except -1:
    """Whether ``x`` is an array (N, C, ...), or one of rows; share its channels, or rows, among threads."""
    if not is_floating(x) or cnp.PyArray_NDIM(x) < 2 or not cnp.PyArray_SIZE(x):
        return False
    job.images, job.channels = cnp.PyArray_DIM(x, 0), cnp.PyArray_DIM(x, 1)
    job.width = cnp.PyArray_SIZE(x) // (job.images * job.channels)
    if by_rows:
        job.width = cnp.PyArray_DIM(x, cnp.PyArray_NDIM(x) - 1)
        job.channels = cnp.PyArray_SIZE(x) // job.width
    job.bytes, job.x = <int>cnp.PyArray_ITEMSIZE(x), <const char *>cnp.PyArray_DATA(x)
    job.loops = loops_of(job.bytes == 4)
    cdef int threads = threads_for(PER_ELEMENT * cnp.PyArray_SIZE(x), job.channels, team)
    job.parts = min(threads, <int>MOST_SHARES)
    return by_rows or job.width >= 8


cdef bint are_vectors(object x, Py_ssize_t n, object w, object b):
    """Whether weight and bias have ``n`` numbers of the dtype of ``x``."""
    return (is_floating(w) and is_floating(b) and cnp.PyArray_SIZE(w) == cnp.PyArray_SIZE(b) == n
            and cnp.PyArray_TYPE(w) == cnp.PyArray_TYPE(b) == cnp.PyArray_TYPE(x))


cdef double *doubles(object a) noexcept:
    return <double *>cnp.PyArray_DATA(a)


cdef object vector(Py_ssize_t n):
    cdef cnp.npy_intp size = n
    return empty(1, &size, cnp.NPY_FLOAT64)


cdef inline Py_ssize_t norm_edge(const Norm *job, int part) noexcept nogil:
    return part * job.channels // job.parts


# --- channels ----------------------------------------------------------------------------------------

cdef void moments_part(void *context, int part) noexcept nogil:
    cdef Norm *job = <Norm *>context
    cdef Py_ssize_t c, stride = job.channels * job.width
    cdef double n = <double>job.images * job.width
    cdef const char *x
    for c in range(norm_edge(job, part), norm_edge(job, part + 1)):
        x = job.x + c * job.width * job.bytes
        job.mean[c] = job.loops.sum(x, job.images, stride, job.width) / n
        job.scale[c] = job.loops.deviation(x, job.images, stride, job.width, job.mean[c]) / n


def moments(x, team):
    # Mean and variance of each channel of (N, C, ...), two arrays (C,) of float64.
    cdef Norm job
    if not describe_norm(&job, x, False, team):
        return None
    mean, var = vector(job.channels), vector(job.channels)
    job.mean, job.scale = doubles(mean), doubles(var)
    share(moments_part, &job, job.parts)
    return mean, var


cdef void normalise_part(void *context, int part) noexcept nogil:
    cdef Norm *job = <Norm *>context
    cdef Py_ssize_t c, at
    for c in range(norm_edge(job, part), norm_edge(job, part + 1)):
        at = c * job.width * job.bytes
        job.loops.affine(job.x + at, job.out + at, job.images, job.channels * job.width, job.width,
                         job.mean[c], job.scale[c] * number_at(job, job.w, c), number_at(job, job.b, c))


def normalise(x, w, b, mean, scale, team):
    # (x - mean) scale w + b, all but x of (C,).
    cdef Norm job
    if not describe_norm(&job, x, False, team) or not are_vectors(x, job.channels, w, b):
        return None
    out = like(x)
    job.w, job.b = <const char *>cnp.PyArray_DATA(w), <const char *>cnp.PyArray_DATA(b)
    job.out, job.mean, job.scale = <char *>cnp.PyArray_DATA(out), doubles(mean), doubles(scale)
    share(normalise_part, &job, job.parts)
    return out


cdef void norm_sums_part(void *context, int part) noexcept nogil:
    cdef Norm *job = <Norm *>context
    cdef Py_ssize_t c, at, stride = job.channels * job.width
    for c in range(norm_edge(job, part), norm_edge(job, part + 1)):
        at = c * job.width * job.bytes
        job.sums[c] = job.loops.sum(job.g + at, job.images, stride, job.width)
        job.products[c] = job.loops.product(job.g + at, job.x + at, job.images, stride, job.width,
                                            job.mean[c])


def gradient_sums(g, x, mean, team):
    # The sums of g and of g (x - mean) of each channel.
    cdef Norm job
    if not is_floating(g) or not is_floating(x) or not alike(g, x) or not describe_norm(&job, x, False, team):
        return None
    sums, products = vector(job.channels), vector(job.channels)
    job.g, job.mean = <const char *>cnp.PyArray_DATA(g), doubles(mean)
    job.sums, job.products = doubles(sums), doubles(products)
    share(norm_sums_part, &job, job.parts)
    return sums, products


cdef void gradient_part(void *context, int part) noexcept nogil:
    cdef Norm *job = <Norm *>context
    cdef Py_ssize_t c, at
    cdef double a, n = <double>job.images * job.width
    for c in range(norm_edge(job, part), norm_edge(job, part + 1)):
        at = c * job.width * job.bytes
        a = job.scale[c] * number_at(job, job.w, c)
        job.loops.blend(job.g + at, job.x + at, job.out + at, job.images, job.channels * job.width, job.width,
                        job.mean[c], a, -a * job.scale[c] * job.scale[c] * job.products[c] / n,
                        -a * job.sums[c] / n)


def normalise_gradient(g, x, w, mean, scale, sums, products, team):
    # The gradient of x where mean and scale are those of x, from ``gradient_sums``.
    cdef Norm job
    if not is_floating(g) or not is_floating(x) or not alike(g, x) or not describe_norm(&job, x, False, team):
        return None
    if not are_vectors(x, job.channels, w, w):
        return None
    out = like(x)
    job.g, job.w = <const char *>cnp.PyArray_DATA(g), <const char *>cnp.PyArray_DATA(w)
    job.out, job.mean, job.scale = <char *>cnp.PyArray_DATA(out), doubles(mean), doubles(scale)
    job.sums, job.products = doubles(sums), doubles(products)
    share(gradient_part, &job, job.parts)
    return out


# --- rows --------------------------------------------------------------------------------------------

cdef void norm_rows_part(void *context, int part) noexcept nogil:
    cdef Norm *job = <Norm *>context
    cdef Py_ssize_t row, at
    cdef double[2] found
    for row in range(norm_edge(job, part), norm_edge(job, part + 1)):
        at = row * job.width * job.bytes
        if job.width <= LONG:
            job.loops.row_moments(job.x + at, job.width, found)
        else:
            found[0] = job.loops.sum(job.x + at, 1, 0, job.width) / job.width
            found[1] = job.loops.deviation(job.x + at, 1, 0, job.width, found[0]) / job.width
        job.mean[row], job.scale[row] = found[0], 1 / c_sqrt(found[1] + job.eps)
        job.loops.row_affine(job.x + at, job.w, job.b, job.out + at, job.width, job.mean[row], job.scale[row])


def normalise_rows(x, w, b, double eps, team):
    # (x - mean) / sqrt(variance + eps) w + b along the last axis, and mean and 1 / sqrt(...) of each row.
    cdef Norm job
    if not describe_norm(&job, x, True, team) or not are_vectors(x, job.width, w, b):
        return None
    out, mean, scale = like(x), vector(job.channels), vector(job.channels)
    job.w, job.b, job.eps = <const char *>cnp.PyArray_DATA(w), <const char *>cnp.PyArray_DATA(b), eps
    job.out, job.mean, job.scale = <char *>cnp.PyArray_DATA(out), doubles(mean), doubles(scale)
    share(norm_rows_part, &job, job.parts)
    return out, mean, scale


cdef void rows_gradient_part(void *context, int part) noexcept nogil:
    cdef Norm *job = <Norm *>context
    cdef Py_ssize_t row, at
    cdef double[2] sums
    cdef double r
    cdef char *shares = job.shares + 2 * part * job.width * job.bytes
    for row in range(norm_edge(job, part), norm_edge(job, part + 1)):
        at, r = row * job.width * job.bytes, job.scale[row]
        job.loops.row_products(job.g + at, job.w, job.x + at, job.width, job.mean[row], sums)
        job.loops.row_blend(job.g + at, job.w, job.x + at, job.out + at, shares,
                            shares + job.width * job.bytes, job.width, job.mean[row], r,
                            -r * r * r * sums[1] / job.width, -r * sums[0] / job.width)


def normalise_rows_gradient(g, x, w, mean, scale, team):
    # The gradients of x, and of weight and bias as shares (threads, 2, n) to be summed.
    cdef Norm job
    cdef cnp.npy_intp[3] shape
    if not is_floating(g) or not is_floating(x) or not alike(g, x) or not describe_norm(&job, x, True, team):
        return None
    if not are_vectors(x, job.width, w, w):
        return None
    shape = [job.parts, 2, job.width]
    out, shares = like(x), cnp.PyArray_ZEROS(3, shape, cnp.PyArray_TYPE(x), 0)
    job.g, job.w = <const char *>cnp.PyArray_DATA(g), <const char *>cnp.PyArray_DATA(w)
    job.out, job.shares = <char *>cnp.PyArray_DATA(out), <char *>cnp.PyArray_DATA(shares)
    job.mean, job.scale = doubles(mean), doubles(scale)
    share(rows_gradient_part, &job, job.parts)
    return out, shares
