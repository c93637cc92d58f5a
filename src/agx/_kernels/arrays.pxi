"""What kernels do with arrays as wholes: new ones for results, what they ask of their arguments,
un-broadcasting, fingerprints, and arithmetic on small ones.

A program makes arrays of the same sizes over and over. Fresh ones above the allocator's threshold come as
untouched pages, and touching them costs more than filling them; so the memory of large results that have
died is kept, up to a limit, and handed out again.

A fingerprint is how a backward pass sees that an array was changed in place. Up to ``WHOLE`` words of
8 bytes every one counts; of longer arrays eight words at each of ``PLACES`` places spread evenly, for every
place costs a wait for memory.

On small arrays a call of NumPy's would cost more than the numbers. Results are NumPy's to the bit.
Anything unusual is left to NumPy: other dtypes, broadcasting between arrays, and results that are not
finite, about which NumPy warns.
"""

cdef extern from *:
    """
    #include <string.h>
    #if defined(_MSC_VER)
    #include <intrin.h>
    #endif
    /* What is surely too much, in bytes and as a length: sums and products of two are still counted. */
    #define AGX_TOO_LARGE ((double)(PY_SSIZE_T_MAX / 2))
    #define AGX_MOST_LENGTH (PY_SSIZE_T_MAX >> 4 * sizeof(Py_ssize_t))
    #define AGX_PRIME 0x9E3779B97F4A7C15ULL
    /* Two words of 8 bytes and what came before them: a product of 128 bits, one half upon the other. */
    static inline unsigned long long agx_fold(unsigned long long before, const char *words) {
        unsigned long long a, b;
        memcpy(&a, words, 8);
        memcpy(&b, words + 8, 8);
        a ^= before;
        b ^= AGX_PRIME;
    #if defined(__SIZEOF_INT128__)
        unsigned __int128 product = (unsigned __int128)a * b;
        return (unsigned long long)product ^ (unsigned long long)(product >> 64);
    #elif defined(_M_X64) || defined(_M_ARM64)
        return (a * b) ^ __umulh(a, b);
    #else
        a = (a ^ (b >> 32 | b << 32)) * AGX_PRIME;
        return a ^ (a >> 29);
    #endif
    }
    """
    const double TOO_LARGE "AGX_TOO_LARGE"
    const Py_ssize_t MOST_LENGTH "AGX_MOST_LENGTH"
    const unsigned long long PRIME "AGX_PRIME"
    unsigned long long fold "agx_fold"(unsigned long long before, const char *words) noexcept nogil

cdef object large = None
cdef Py_ssize_t least_bytes = LEAST
cdef object kept = threading.local()
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
cdef object complex64 = np.dtype(np.complex64)
cdef object complex128 = np.dtype(np.complex128)


def keep_large_ones(function, Py_ssize_t least):
    """Let ``function(shape, dtype)`` make arrays of at least ``least`` bytes; None is memory used again."""
    global large, least_bytes
    large = function
    least_bytes = least


# --- memory that is used again -------------------------------------------------------------------------

cdef enum:
    # Bytes below which the allocator is quick by itself, and those in a cache line, on which memory begins:
    # vectors that straddle two of them cost a quarter more.
    LEAST = 1 << 16
    LINE = 64
    # Sizes are whole pages. How many idle blocks are kept, and how many bytes at any time.
    PAGE = 4096
    BLOCKS = 256
    SPARE = 1 << 27

cdef const char *BUFFER = "agx.buffer"
cdef PyObject *idle[BLOCKS]  # arrays of bytes, the newest last
cdef int blocks = 0
cdef Py_ssize_t idle_bytes = 0
cdef Py_ssize_t held_bytes = 0
cdef Py_ssize_t peak_bytes = 0
cdef Py_ssize_t most_bytes = SPARE


cdef int make_room(Py_ssize_t size) except -1:
    """Let go of idle blocks, the oldest first, so that with ``size`` more bytes no more is kept than was
    needed once."""
    cdef Py_ssize_t most = min(max(<Py_ssize_t>SPARE, peak_bytes - held_bytes), most_bytes)
    while blocks and (blocks == BLOCKS or idle_bytes + size > most):
        take_block(0)
    return idle_bytes + size <= most


cdef object take_block(int i):
    """Hand out an idle block."""
    global blocks, idle_bytes
    cdef object block = <object>idle[i]
    Py_DECREF(block)
    idle_bytes -= cnp.PyArray_NBYTES(block)
    blocks -= 1
    memmove(&idle[i], &idle[i + 1], (blocks - i) * sizeof(PyObject *))
    return block


cdef void give_block(object capsule) noexcept:
    """Keep the memory of an array that nobody holds any more."""
    global blocks, idle_bytes, held_bytes
    cdef PyObject *block = <PyObject *>PyCapsule_GetPointer(capsule, BUFFER)
    cdef Py_ssize_t size = cnp.PyArray_NBYTES(<object>block)
    agx_lock_memory()
    held_bytes -= size
    cdef bint room = make_room(size)
    if room:
        idle[blocks] = block
        blocks += 1
        idle_bytes += size
    agx_unlock_memory()
    if not room:
        Py_DECREF(<object>block)


def limit_idle(Py_ssize_t most):
    """Keep at most so many bytes that nobody holds; returns how many it was."""
    global most_bytes
    cdef Py_ssize_t before = most_bytes
    agx_lock_memory()
    most_bytes = most
    while idle_bytes > most:
        take_block(0)
    agx_unlock_memory()
    return before


def count_idle():
    """How many bytes are kept that nobody holds."""
    return idle_bytes


cdef cnp.ndarray in_buffer(int ndim, cnp.npy_intp *shape, int kind, Py_ssize_t bytes):
    """An array of unspecified numbers in memory that is used again."""
    global held_bytes, peak_bytes
    cdef cnp.npy_intp size = ((bytes + PAGE - 1) & -PAGE) + LINE
    cdef object block = None
    cdef int i
    agx_lock_memory()
    for i in range(blocks - 1, -1, -1):
        if cnp.PyArray_NBYTES(<object>idle[i]) == size:
            block = take_block(i)
            break
    if block is None:
        make_room(size)
    agx_unlock_memory()
    if block is None:
        block = cnp.PyArray_EMPTY(1, &size, cnp.NPY_UINT8, 0)
    agx_lock_memory()
    held_bytes += size
    peak_bytes = max(peak_bytes, held_bytes)
    agx_unlock_memory()
    cdef size_t address = <size_t>cnp.PyArray_DATA(block)
    cdef object found = cnp.PyArray_New(np.ndarray, ndim, shape, kind, NULL,
                                        <void *>(address + (-address & (LINE - 1))), 0,
                                        cnp.NPY_ARRAY_CARRAY, None)
    cdef object capsule = PyCapsule_New(<void *>block, BUFFER, give_block)
    Py_INCREF(block)
    cnp.set_array_base(found, capsule)
    return found


def new(tuple shape, object dtype):
    """Return an array of unspecified numbers; a large one in memory that is used again."""
    cdef object kind = np.dtype(dtype)
    cdef cnp.npy_intp[64] dims
    cdef int i
    cdef double bytes = kind.itemsize
    for i in range(len(shape)):
        dims[i] = shape[i]
        bytes *= dims[i]
    if bytes < LEAST or bytes >= TOO_LARGE or kind.char not in "fdFD":
        return np.empty(shape, kind)
    return in_buffer(<int>len(shape), dims, kind.num, <Py_ssize_t>bytes)


# --- arrays as wholes ----------------------------------------------------------------------------------


cdef bint is_held(object dtype) noexcept:
    """Whether a Tensor holds numbers of ``dtype`` as they are."""
    return (dtype is float32 or dtype is float64 or dtype is complex128 or dtype is complex64
            or (dtype.isnative and dtype.char in "fdFD"))


cdef object as_held(str op, object result):
    """Numbers in the dtype in which a Tensor holds them; another order of bytes does not change which.

    Raises TypeError for anything but numbers.
    """
    native = result.dtype.newbyteorder("=")
    if native.kind in "biufc":
        return result.astype(native if is_held(native) else complex128 if native.kind == "c" else float64)
    raise TypeError(f"{op}: the result has dtype {result.dtype}; a Tensor holds real or complex "
                    "numbers")


cdef bint has_own_memory(object x) noexcept:
    """Whether an array is no view of another one."""
    cdef PyObject *base
    if cnp.PyArray_CHKFLAGS(<cnp.ndarray>x, cnp.NPY_ARRAY_OWNDATA):
        return True
    base = cnp.PyArray_BASE(<cnp.ndarray>x)
    return base is NULL or PyCapsule_IsValid(<object>base, BUFFER)


cdef cnp.ndarray empty(int ndim, cnp.npy_intp *shape, int kind):
    """An array of unspecified numbers; ``kind`` is NPY_FLOAT32 or NPY_FLOAT64."""
    cdef Py_ssize_t i
    cdef double size = 4 if kind == cnp.NPY_FLOAT32 else 8  # which does not overflow
    for i in range(ndim):
        size *= shape[i]
    if size < least_bytes or size >= TOO_LARGE:
        return cnp.PyArray_EMPTY(ndim, shape, kind, 0)
    if large is None:
        return in_buffer(ndim, shape, kind, <Py_ssize_t>size)
    dtype = np.float32 if kind == cnp.NPY_FLOAT32 else np.float64
    return large(tuple([shape[i] for i in range(ndim)]), dtype)


cdef cnp.ndarray like(object x):
    """An array of unspecified numbers with the shape and dtype of ``x``."""
    return empty(cnp.PyArray_NDIM(<cnp.ndarray>x), cnp.PyArray_DIMS(<cnp.ndarray>x),
                 cnp.PyArray_TYPE(<cnp.ndarray>x))


cdef float *scratch(Py_ssize_t floats) except NULL:
    """Memory of the calling thread's own, kept from call to call, on a cache line."""
    cdef cnp.ndarray memory = getattr(kept, "memory", None)
    if memory is None or cnp.PyArray_SIZE(memory) < floats + 16:
        memory = kept.memory = np.empty(floats + 16, np.float32)
    cdef size_t address = <size_t>cnp.PyArray_DATA(memory)
    return <float *>(address + (-address & 63))


cdef bint is_floating(object x) noexcept:
    """Whether ``x`` is a plain C-contiguous array of float32 or float64."""
    return (cnp.PyArray_CheckExact(x) and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x)
            and (cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_FLOAT32
                 or cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_FLOAT64))


cdef bint alike(object x, object y) noexcept:
    """Whether two arrays have one shape and one dtype."""
    cdef int i, n = cnp.PyArray_NDIM(<cnp.ndarray>x)
    if n != cnp.PyArray_NDIM(<cnp.ndarray>y):
        return False
    if cnp.PyArray_TYPE(<cnp.ndarray>x) != cnp.PyArray_TYPE(<cnp.ndarray>y):
        return False
    for i in range(n):
        if cnp.PyArray_DIM(<cnp.ndarray>x, i) != cnp.PyArray_DIM(<cnp.ndarray>y, i):
            return False
    return True


cdef bint is_float32(object x, int ndim) noexcept:
    """Whether ``x`` is a plain array of float32 in this machine's byte order."""
    return (cnp.PyArray_CheckExact(x) and cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_FLOAT32
            and cnp.PyArray_NDIM(<cnp.ndarray>x) == ndim and cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray>x))


cdef object unbroadcast(str op, object c, tuple shape):
    """Sum over the axes along which an argument of ``shape`` was broadcast."""
    cdef Py_ssize_t extra = c.ndim - len(shape), i
    cdef tuple wide = c.shape
    cdef list axes = list(range(extra))
    cdef bint fits = extra >= 0
    if fits:
        for i in range(len(shape)):
            if wide[i + extra] != shape[i]:
                fits = fits and shape[i] == 1
                axes.append(i + extra)
    if not fits:
        raise RuntimeError(f"{op}: a gradient of shape {wide} does not fit an argument of shape {shape}; "
                           "the pull-back of this op is wrong")
    return c.sum(axis=tuple(axes)).reshape(shape)


def layout_of(cnp.ndarray view, cnp.ndarray flat):
    """Where a view lies in an array of one axis: (offset, lengths, strides), in elements."""
    cdef Py_ssize_t i, size = cnp.PyArray_ITEMSIZE(flat)
    cdef Py_ssize_t offset = <char *>cnp.PyArray_DATA(view) - <char *>cnp.PyArray_DATA(flat)
    cdef tuple strides = tuple([cnp.PyArray_STRIDE(view, i) // size for i in range(cnp.PyArray_NDIM(view))])
    return (offset // size if cnp.PyArray_SIZE(view) else 0), (<object>view).shape, strides


def laid_out(cnp.ndarray flat, tuple layout):
    """The view of a C-contiguous array that a layout describes along its last axis, behind the others."""
    cdef tuple lengths = layout[1], strides = layout[2]
    cdef int i, lead = cnp.PyArray_NDIM(flat) - 1, ndim = lead + <int>len(lengths)
    cdef Py_ssize_t size = cnp.PyArray_ITEMSIZE(flat)
    cdef cnp.npy_intp[64] dims
    cdef cnp.npy_intp[64] steps
    for i in range(lead):
        dims[i], steps[i] = cnp.PyArray_DIM(flat, i), cnp.PyArray_STRIDE(flat, i)
    for i in range(lead, ndim):
        dims[i], steps[i] = lengths[i - lead], <Py_ssize_t>strides[i - lead] * size
    cdef char *data = <char *>cnp.PyArray_DATA(flat) + <Py_ssize_t>layout[0] * size
    cdef object view = cnp.PyArray_New(np.ndarray, ndim, dims, cnp.PyArray_TYPE(flat), steps, data, 0,
                                       cnp.PyArray_FLAGS(flat) & cnp.NPY_ARRAY_WRITEABLE, None)
    cnp.set_array_base(view, flat)
    return view


def spread(object x, tuple shape):
    """Repeat ``x`` to fill ``shape``: in an array if that is small, else in a view that is read only."""
    cdef cnp.npy_intp[64] dims
    cdef cnp.npy_intp[64] steps
    cdef Py_ssize_t i, size = 1, ndim = len(shape), more = ndim - cnp.PyArray_NDIM(x)
    if not cnp.PyArray_ISNOTSWAPPED(x):
        x = x.astype(x.dtype.newbyteorder("="))
    for i in range(ndim):
        dims[i], steps[i] = shape[i], 0
        size *= dims[i]
        if i >= more and cnp.PyArray_DIM(x, i - more) != 1:
            steps[i] = cnp.PyArray_STRIDE(x, i - more)
    cdef object found = cnp.PyArray_New(np.ndarray, <int>ndim, dims, cnp.PyArray_TYPE(x), steps,
                                        cnp.PyArray_DATA(x), 0, 0, None)
    if size <= SMALL:
        return cnp.PyArray_NewCopy(found, cnp.NPY_CORDER)
    cnp.set_array_base(found, x)
    return found


cdef object silence(object g, object c):
    """Keep a zero cotangent zero where the local derivative is infinite or undefined."""
    undefined = np.isnan(c)
    if not undefined.any():
        return c
    return np.where(undefined & (g == 0), 0.0, c)


# --- fingerprints ------------------------------------------------------------------------------------

cdef enum:
    WHOLE = 4096
    PLACES = 256

cdef inline unsigned long long mix(unsigned long long h, unsigned long long word) noexcept nogil:
    h = (h ^ word) * PRIME
    return h ^ (h >> 29)


cdef unsigned long long of_bytes(const char *data, Py_ssize_t size) noexcept nogil:
    cdef unsigned long long h0 = 3 * PRIME, h1 = 5 * PRIME, h2 = 7 * PRIME, h3 = 9 * PRIME, word = 0
    cdef Py_ssize_t words = size // 8, i = 0
    cdef Py_ssize_t step = words // PLACES if words > WHOLE else 8
    while i + 8 <= words:
        h0 = fold(h0, data + 8 * i)
        h1 = fold(h1, data + 8 * i + 16)
        h2 = fold(h2, data + 8 * i + 32)
        h3 = fold(h3, data + 8 * i + 48)
        i += step
    i = words - 8 if words > WHOLE else i
    while i < words:
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
    if not cnp.PyArray_Check(x):
        return 0  # a symbol, which has no memory
    if not cnp.PyArray_CHKFLAGS(<cnp.ndarray>x, cnp.NPY_ARRAY_C_CONTIGUOUS):
        if cnp.PyArray_SIZE(<cnp.ndarray>x) > 2 * WHOLE:
            plain = x.ravel(order="K") if x.flags.f_contiguous else x.flat[:: x.size // (4 * PLACES)]
        plain = np.ascontiguousarray(plain)
    return of_bytes(<const char *>cnp.PyArray_DATA(<cnp.ndarray>plain),
                    cnp.PyArray_NBYTES(<cnp.ndarray>plain))


def fingerprint_of(object x):
    """Return the fingerprint of an array."""
    return fingerprint(x)


# --- arithmetic on small arrays -----------------------------------------------------------------------

cdef enum:
    # Elements up to which an array is small.
    SMALL = 256
    # Integers up to here are floats exactly.
    MOST_EXACT = 1 << 24

cdef tuple ufuncs = (None, np.add, np.subtract, np.multiply, np.divide)  # by Operation
cdef object np_divide = np.divide
cdef object np_multiply = np.multiply
cdef object np_negative = np.negative


cdef inline bint is_small(object x) noexcept:
    return is_floating(x) and cnp.PyArray_SIZE(<cnp.ndarray>x) <= SMALL


cdef inline bint is_number(object x, double *value) noexcept:
    if type(x) is float:
        value[0] = <double>x
        return True
    if type(x) is int and -MOST_EXACT < x < MOST_EXACT:
        value[0] = <double>x
        return True
    return False


cdef bint fill(Operation what, const floating *x, Py_ssize_t dx, const floating *y, Py_ssize_t dy,
               floating *out, Py_ssize_t n) noexcept nogil:
    """Write x op y, each with steps of 0 or 1; tells whether all results are finite."""
    cdef Py_ssize_t i
    cdef floating doubt = 0
    if what == ADD:
        for i in range(n):
            out[i] = x[i * dx] + y[i * dy]
    elif what == SUBTRACT:
        for i in range(n):
            out[i] = x[i * dx] - y[i * dy]
    elif what == MULTIPLY:
        for i in range(n):
            out[i] = x[i * dx] * y[i * dy]
    else:
        for i in range(n):
            out[i] = x[i * dx] / y[i * dy]
    for i in range(n):
        doubt += out[i] - out[i]
    return doubt == 0


cdef object combined(Operation what, object x, object y):
    """x op y for small arrays of one shape, or an array and a number; None for what NumPy must do."""
    cdef double number
    cdef float single
    cdef object like = x
    cdef Py_ssize_t dx = 1, dy = 1
    cdef void *a
    cdef void *b
    cdef bint fine
    if is_small(x):
        a = cnp.PyArray_DATA(<cnp.ndarray>x)
        if is_small(y):
            if not alike(x, y):
                return None
            b = cnp.PyArray_DATA(<cnp.ndarray>y)
        elif is_number(y, &number):
            single = <float>number
            b = &single if cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_FLOAT32 else <void *>&number
            dy = 0
        else:
            return None
    elif is_small(y) and is_number(x, &number):
        single = <float>number
        a = &single if cnp.PyArray_TYPE(<cnp.ndarray>y) == cnp.NPY_FLOAT32 else <void *>&number
        b = cnp.PyArray_DATA(<cnp.ndarray>y)
        dx, like = 0, y
    else:
        return None
    cdef cnp.ndarray out = cnp.PyArray_EMPTY(
        cnp.PyArray_NDIM(<cnp.ndarray>like), cnp.PyArray_DIMS(<cnp.ndarray>like),
        cnp.PyArray_TYPE(<cnp.ndarray>like), 0)
    if cnp.PyArray_TYPE(<cnp.ndarray>like) == cnp.NPY_FLOAT32:
        fine = fill(what, <float *>a, dx, <float *>b, dy, <float *>cnp.PyArray_DATA(out),
                    cnp.PyArray_SIZE(out))
    else:
        fine = fill(what, <double *>a, dx, <double *>b, dy, <double *>cnp.PyArray_DATA(out),
                    cnp.PyArray_SIZE(out))
    return out if fine else None


cdef object combine(Operation what, object x, object y):
    """The same, and squares."""
    if what == POWER:
        return combined(MULTIPLY, x, x) if is_two(y) else None
    return combined(what, x, y)


cdef bint is_two(object y) noexcept:
    return (type(y) is int or type(y) is float) and y == 2


cdef bint is_large(object x) noexcept:
    """Whether results like ``x`` go into memory that is used again."""
    return is_floating(x) and cnp.PyArray_NBYTES(<cnp.ndarray>x) >= LEAST


cdef bint joins(object y, object x) noexcept:
    """Whether an operation of ``x`` and ``y`` has the shape and the dtype of ``x``."""
    cdef int i, more
    if type(y) is float or type(y) is int:
        return True
    if not cnp.PyArray_CheckExact(y) or cnp.PyArray_TYPE(<cnp.ndarray>y) != cnp.PyArray_TYPE(<cnp.ndarray>x):
        return False
    more = cnp.PyArray_NDIM(<cnp.ndarray>x) - cnp.PyArray_NDIM(<cnp.ndarray>y)
    if more < 0:
        return False
    for i in range(cnp.PyArray_NDIM(<cnp.ndarray>y)):
        if cnp.PyArray_DIM(<cnp.ndarray>y, i) not in (1, cnp.PyArray_DIM(<cnp.ndarray>x, i + more)):
            return False
    return True


cdef object in_memory(object ufunc, object x, object y):
    """ufunc(x, y), or ufunc(x), in memory that is used again; None for what is not large."""
    cdef object as_x = None
    if is_large(x) and (y is None or joins(y, x)):
        as_x = x
    elif is_large(y) and joins(x, y):
        as_x = y
    else:
        return None
    cdef cnp.ndarray out = like(as_x)
    cdef Py_ssize_t least = SHARED if y is None and ufunc is not np_square else 4 * SHARED
    if cnp.PyArray_NBYTES(out) >= least and awake() > 1 and in_parts(ufunc, x, y, out):
        return out
    return ufunc(x, out) if y is None else ufunc(x, y, out)


cdef object compute(Operation what, object x, object y):
    found = combine(what, x, y)
    if found is None:
        found = in_memory(ufuncs[<int>what], x, y)
    return ufuncs[<int>what](x, y) if found is None else found


cdef inline bint is_plain(object x) noexcept:
    """Whether ``x`` is an array or a number, and not what stands for one."""
    return cnp.PyArray_CheckExact(x) or cnp.PyArray_CheckAnyScalar(x)


cdef object pull_back(Operation what, Py_ssize_t i, object g, object out, object x, object y, bint over):
    """What argument ``i`` of out = x op y gets of the gradient ``g``, before un-broadcasting.

    With ``over`` a large one may be written over ``g``. None for powers that only their rule knows.
    """
    over = over and is_large(g) and is_plain(x) and is_plain(y) and is_plain(out)
    if what == ADD or (what == SUBTRACT and i == 0):
        return g
    if what == POWER:
        if i or not is_two(y):
            return None
        x = compute(MULTIPLY, x, 2.0)
    elif what == SUBTRACT:
        return compute(MULTIPLY, g, -1.0)  # not over it, for it is the share of the other
    elif what == MULTIPLY:
        x = x if i else y
    elif i:
        g = np_negative(g, g) if over else compute(MULTIPLY, g, -1.0)
        g = np_multiply(g, out, g) if over else compute(MULTIPLY, g, out)
    if what == DIVIDE:
        return np_divide(g, y, g) if over else compute(DIVIDE, g, y)
    return np_multiply(g, x, g) if over else compute(MULTIPLY, g, x)


cdef bint add_to(object total, object x) noexcept:
    """total += x for small arrays of one shape; False if NumPy must do it."""
    cdef Py_ssize_t i
    cdef void *a
    cdef void *b
    if not is_small(total) or not is_small(x) or not alike(total, x):
        return False
    if not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>total):
        return False
    a, b = cnp.PyArray_DATA(<cnp.ndarray>total), cnp.PyArray_DATA(<cnp.ndarray>x)
    if cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_FLOAT32:
        for i in range(cnp.PyArray_SIZE(<cnp.ndarray>x)):
            (<float *>a)[i] += (<float *>b)[i]
    else:
        for i in range(cnp.PyArray_SIZE(<cnp.ndarray>x)):
            (<double *>a)[i] += (<double *>b)[i]
    return True


def calculate(str symbol, x, y):
    """Compute x op y for "+", "-", "*" or "/"; None for what NumPy must do."""
    return combine(<Operation>("+-*/".index(symbol) + 1), x, y)


def accumulate(total, x):
    """Add ``x`` to ``total`` in place; False for what NumPy must do."""
    return bool(add_to(total, x))
