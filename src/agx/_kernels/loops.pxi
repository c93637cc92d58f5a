"""Loops over whole arrays of float32 or float64.

Functions of arrays are shared among threads where they are long; each returns a new array, or None for
arguments that are not C-contiguous arrays of one such dtype. ``team()`` says how many threads there are.

Updates of parameters are fused: one pass over memory for a whole optimiser step of one array. The
formulas are PyTorch's (torch.optim).
"""

cdef enum:
    # An element of an activation, in multiply-adds.
    PER_CURVE = 32
    # The most parts of exponentials.
    MOST_PARTS = 256

cdef struct Job:
    # Arrays of float32, if ``single``, or float64: ``count`` pieces, which so many ``parts`` share.
    const loops_t *loops
    Py_ssize_t count
    int parts, bytes
    bint single
    char *x
    char *g
    char *out
    # Rows of ``width``, ``rows`` of them in an image, for the loops that see images.
    Py_ssize_t rows, width
    # Rows of ``n``, or (outer, n, inner) around an axis that something runs along.
    Py_ssize_t outer, n, inner
    bint backwards, products, mean
    char *best
    # Numbers of rows or of classes, and a sum of each part's own.
    const int64_t *index
    double *totals


cdef object describe(Job *job, object x, Py_ssize_t count):
    """Choose the loops for the numbers of ``x``, which comes in ``count`` pieces."""
    job.count, job.x = count, <char *>cnp.PyArray_DATA(x)
    job.bytes = <int>cnp.PyArray_ITEMSIZE(x)
    job.single = job.bytes == 4
    job.loops = loops_of(job.single)


cdef object prepare(Job *job, object x, Py_ssize_t count, object team):
    """Share ``count`` pieces of ``x`` among threads."""
    describe(job, x, count)
    job.parts = threads_for(PER_ELEMENT * cnp.PyArray_SIZE(x), count, team)


cdef object share(task_t task, void *job, int parts):
    with nogil:
        parallel(task, job, parts)


cdef inline Py_ssize_t edge(const Job *job, int part) noexcept nogil:
    return part * job.count // job.parts


# --- relu ------------------------------------------------------------------------------------------

cdef void relu_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i, at = i * job.bytes
    job.loops.relu(job.x + at, job.out + at, n)


cdef void relu_back_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i, at = i * job.bytes
    job.loops.relu_back(job.g + at, job.x + at, job.out + at, n)


cdef void mask_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i, at = i * job.bytes
    job.loops.mask(job.x + at, job.g + at, n)


def relu(object x, object team):
    # Compute max(x, 0); NaN stays NaN.
    cdef Job job
    if not is_floating(x):
        return None
    out = like(x)
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.out = <char *>cnp.PyArray_DATA(out)
    share(relu_part, &job, job.parts)
    return out


def relu_gradient(object g, object x, object team, bint overwrite=False):
    # Compute g where x is positive, and zero elsewhere, in the memory of ``g`` on request.
    cdef Job job
    if not is_floating(g) or not is_floating(x) or not alike(g, x):
        return None
    if overwrite and not cnp.PyArray_ISWRITEABLE(g):
        return None
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.g = <char *>cnp.PyArray_DATA(g)
    if overwrite:
        share(mask_part, &job, job.parts)
        return g
    out = like(x)
    job.out = <char *>cnp.PyArray_DATA(out)
    share(relu_back_part, &job, job.parts)
    return out


# --- exponentials ------------------------------------------------------------------------------------

cdef void exp_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t i = edge(job, part), n = edge(job, part + 1) - i
    (<int *>job.g)[part] = instructions().exp(<double *>job.x + i, <double *>job.out + i, n)


def exp(object x, object team):
    # Compute the exponentials of many float64; None if one is no normal number, or nothing is gained.
    cdef Job job
    cdef int[MOST_PARTS] beyond
    cdef int part
    if not is_floating(x) or cnp.PyArray_ITEMSIZE(x) != 8 or instructions().exp == NULL:
        return None
    if cnp.PyArray_SIZE(x) < 8 * MOST_PARTS:
        return None
    prepare(&job, x, cnp.PyArray_SIZE(x), team)
    job.parts = min(job.parts, <int>MOST_PARTS)
    # NumPy has loops of its own for vectors of eight.
    if job.parts == 1 and instructions().tiles.width == 16:
        return None
    out = like(x)
    job.out, job.g = <char *>cnp.PyArray_DATA(out), <char *>beyond
    share(exp_part, &job, job.parts)
    for part in range(job.parts):
        if beyond[part]:
            return None
    return out


# --- activations -------------------------------------------------------------------------------------

#: Their names by number, as in ``simd.h``.
ACTIVATIONS = ("sigmoid", "silu", "softplus", "elu", "gelu", "gelu_tanh")


cdef struct Activation:
    const activation_t *functions
    Py_ssize_t count
    int parts
    float a
    const float *x
    const float *value
    const float *g
    float *out


cdef void activation_part(void *context, int part) noexcept nogil:
    cdef Activation *job = <Activation *>context
    cdef Py_ssize_t i = part * job.count // job.parts, stop = (part + 1) * job.count // job.parts
    job.functions.value(job.x + i, job.out + i, stop - i, job.a)


cdef void activation_back_part(void *context, int part) noexcept nogil:
    cdef Activation *job = <Activation *>context
    cdef Py_ssize_t i = part * job.count // job.parts, stop = (part + 1) * job.count // job.parts
    job.functions.back(job.x + i, job.value + i, job.g + i, job.out + i, stop - i, job.a)


cdef bint prepare_activation(Activation *job, int which, object x, double a, object team) except -1:
    """Whether ``x`` is an array of float32 that kernels take."""
    if not is_floating(x) or cnp.PyArray_TYPE(x) != cnp.NPY_FLOAT32:
        return False
    job.functions, job.a = &instructions().activations[which], <float>a
    job.x, job.count = <float *>cnp.PyArray_DATA(x), cnp.PyArray_SIZE(x)
    job.parts = threads_for(PER_CURVE * job.count, job.count, team)
    return True


def activation(int which, object x, double a, object team):
    # Compute an activation of float32, by its number in ``simd.h``, with its parameter ``a``.
    cdef Activation job
    if not prepare_activation(&job, which, x, a, team):
        return None
    out = like(x)
    job.out = <float *>cnp.PyArray_DATA(out)
    share(activation_part, &job, job.parts)
    return out


def activation_gradient(int which, object g, object value, object x, double a, object team,
                        bint overwrite=False):
    # Multiply g by the slope at x, where the activation is ``value``, in the memory of ``g`` on request.
    #
    # Zeros of g stay zeros.
    cdef Activation job
    if cnp.PyArray_CheckExact(g) and not overwrite:
        g = cnp.PyArray_GETCONTIGUOUS(g)
    if not is_floating(g) or not is_floating(x) or not alike(g, x):
        return None
    if not is_floating(value) or not alike(value, x):
        return None
    if overwrite and not cnp.PyArray_ISWRITEABLE(g):
        return None
    if not prepare_activation(&job, which, x, a, team):
        return None
    out = g if overwrite else like(x)
    job.value, job.g = <float *>cnp.PyArray_DATA(value), <float *>cnp.PyArray_DATA(g)
    job.out = <float *>cnp.PyArray_DATA(out)
    share(activation_back_part, &job, job.parts)
    return out


# --- windows of two by two -------------------------------------------------------------------------

cdef void pool_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t n, i, rows = job.rows // 2, width = job.width // 2, row = job.width * job.bytes
    cdef char *x
    for n in range(edge(job, part), edge(job, part + 1)):
        for i in range(rows):
            x = job.x + (n * job.rows + 2 * i) * row
            job.loops.pool(x, x + row, job.out + (n * rows + i) * width * job.bytes, width)


cdef void unpool_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t n, i, at, rows = job.rows // 2, width = job.width // 2, row = job.width * job.bytes
    for n in range(edge(job, part), edge(job, part + 1)):
        for i in range(rows):
            at = (n * job.rows + 2 * i) * row
            job.loops.unpool(job.x + at, job.x + at + row, job.g + (n * rows + i) * width * job.bytes,
                             job.out + at, job.out + at + row, width)
            if job.width % 2:
                memset(job.out + at + row - job.bytes, 0, job.bytes)
                memset(job.out + at + 2 * row - job.bytes, 0, job.bytes)
        if job.rows % 2:
            memset(job.out + ((n + 1) * job.rows - 1) * row, 0, row)


cdef object prepare_images(Job *job, object x, object team):
    prepare(job, x, cnp.PyArray_DIM(x, 0) * cnp.PyArray_DIM(x, 1), team)
    job.rows, job.width = cnp.PyArray_DIM(x, 2), cnp.PyArray_DIM(x, 3)


def max_pool_2x2(object x, object team):
    # Take the largest element of each 2 x 2 tile of (N, C, H, W); a row or column left over is dropped.
    cdef Job job
    cdef cnp.npy_intp[4] shape
    if not is_floating(x) or cnp.PyArray_NDIM(x) != 4:
        return None
    shape = [cnp.PyArray_DIM(x, 0), cnp.PyArray_DIM(x, 1), cnp.PyArray_DIM(x, 2) // 2,
             cnp.PyArray_DIM(x, 3) // 2]
    out = empty(4, shape, cnp.PyArray_TYPE(x))
    prepare_images(&job, x, team)
    job.out = <char *>cnp.PyArray_DATA(out)
    share(pool_part, &job, job.parts)
    return out


cdef bint are_tiles(object g, object x) noexcept:
    """Whether ``g`` has a number for each 2 x 2 tile of ``x``."""
    return (cnp.PyArray_DIM(g, 0) == cnp.PyArray_DIM(x, 0) and cnp.PyArray_DIM(g, 1) == cnp.PyArray_DIM(x, 1)
            and cnp.PyArray_DIM(g, 2) == cnp.PyArray_DIM(x, 2) // 2
            and cnp.PyArray_DIM(g, 3) == cnp.PyArray_DIM(x, 3) // 2)


def max_unpool_2x2(object g, object x, object team):
    # Write each element of ``g`` where its tile of ``x`` has its first largest element, zero elsewhere.
    cdef Job job
    if not is_floating(g) or not is_floating(x) or cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(x):
        return None
    if cnp.PyArray_NDIM(g) != 4 or cnp.PyArray_NDIM(x) != 4 or not are_tiles(g, x):
        return None
    out = like(x)
    prepare_images(&job, x, team)
    job.g, job.out = <char *>cnp.PyArray_DATA(g), <char *>cnp.PyArray_DATA(out)
    share(unpool_part, &job, job.parts)
    return out


# --- sums over images and positions ------------------------------------------------------------------

cdef void sum_part(void *context, int part) noexcept nogil:
    cdef Job *job = <Job *>context
    cdef Py_ssize_t m
    for m in range(edge(job, part), edge(job, part + 1)):
        (<float *>job.out)[m] = <float>job.loops.sum(
            <float *>job.g + m * job.width, job.rows, job.count * job.width, job.width)


def channel_sums(object g, object team):
    # Sum float32 (N, C, H, W) over all but the channels.
    cdef Job job
    cdef cnp.npy_intp channels
    if not is_floating(g) or cnp.PyArray_TYPE(g) != cnp.NPY_FLOAT32 or cnp.PyArray_NDIM(g) != 4:
        return None
    channels = cnp.PyArray_DIM(g, 1)
    out = empty(1, &channels, cnp.NPY_FLOAT32)
    prepare(&job, g, channels, team)
    job.rows, job.width = cnp.PyArray_DIM(g, 0), cnp.PyArray_DIM(g, 2) * cnp.PyArray_DIM(g, 3)
    job.g, job.out = job.x, <char *>cnp.PyArray_DATA(out)
    share(sum_part, &job, job.parts)
    return out


# --- the error function ------------------------------------------------------------------------------

cdef void erf_loop(const floating *x, floating *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <floating>c_erf(x[i])


def erf(x):
    # Compute the error function of each element.
    if not is_floating(x):
        return None
    out = like(x)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(x)
    cdef bint single = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    cdef void *a = cnp.PyArray_DATA(x)
    cdef void *b = cnp.PyArray_DATA(out)
    with nogil:
        if single:
            erf_loop(<float *>a, <float *>b, n)
        else:
            erf_loop(<double *>a, <double *>b, n)
    return out


# --- updates of parameters ---------------------------------------------------------------------------

#: The rules by number; the options of each are in the order of ``updates.h``.
UPDATES = ("sgd", "adam", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "rprop")


cdef void *data_of(object a, int kind, Py_ssize_t size) noexcept:
    """Where an array of so many numbers of a kind lies, if it lies in order; else NULL."""
    if not is_floating(a):
        return NULL
    cdef cnp.ndarray array = <cnp.ndarray>a
    fits = cnp.PyArray_TYPE(array) == kind and cnp.PyArray_SIZE(array) == size
    return cnp.PyArray_DATA(array) if fits else NULL


cdef bint change(int rule, const double *options, Py_ssize_t slots, object p, object g, tuple kept,
                 Py_ssize_t step) except -1:
    """Update one array; False, and nothing is done, unless all lie in order and belong together."""
    if len(kept) < slots or not is_floating(p):
        return False
    cdef cnp.ndarray array = <cnp.ndarray>p
    cdef int kind = cnp.PyArray_TYPE(array)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(array)
    cdef void *gradient = data_of(g, kind, n)
    cdef void *at = cnp.PyArray_DATA(array)
    cdef void* places[3]
    cdef const instructions_t *set = instructions()
    if gradient == NULL or not cnp.PyArray_ISWRITEABLE(array):
        return False
    for i in range(slots):
        places[i] = data_of(kept[i], kind, n)
        if places[i] == NULL:
            return False
    with nogil:
        (set.float_updates if kind == cnp.NPY_FLOAT32 else set.double_updates)[rule](
            at, gradient, places, n, options, step)
    return True


def update(int rule, tuple options, Py_ssize_t slots, list parameters, list kept, list steps,
           Py_ssize_t start):
    # Update Tensors by a rule; whether a gradient is new, and the places of those that are left alone.
    # Of each parameter ``kept`` has arrays by name, of which the rule takes the first ``slots``, and
    # ``steps`` the count of steps, from ``start`` on. What has a gradient but does not lie in order is left
    # alone.
    cdef double[8] numbers
    cdef bint arrived = False
    cdef list others = []
    cdef tuple arrays
    cdef Py_ssize_t i, step
    cdef Node p
    for i in range(len(options)):
        numbers[i] = options[i]
    for i in range(len(parameters)):
        a = parameters[i]
        if isinstance(a, Node) and (<Node>a)._memory is None:
            p, step = <Node>a, steps[start + i] + 1
            if p._grad is None:
                continue
            arrays = tuple((<dict>kept[start + i]).values())
            if change(rule, numbers, slots, p._value, p._grad, arrays, step):
                steps[start + i] = step
                p._version += 1
                arrived |= not p.spent
                p.spent = True
                continue
        others.append(i)
    return arrived, others
