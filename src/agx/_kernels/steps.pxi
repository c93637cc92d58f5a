"""What a compiled program runs: steps on memory that was laid out before, without Python between them.

A step is a loop of a NumPy ufunc, or of ``steps.h``, on operands at known places: ``bases[b] + offset``, with
a stride for each axis. Groups of loops over one flat array go block by block, so that what one leaves to the
next stays in the cache; threads share the blocks. ``agx.compiled.program`` lays steps out.
"""

ctypedef void (*loop_t)(char **, const Py_ssize_t *, const Py_ssize_t *, void *) noexcept nogil

cdef extern from "steps.h" nogil:
    ctypedef void (*here_t)(char **, const Py_ssize_t *, const Py_ssize_t *, void *) noexcept nogil
    here_t copy_any "agx_copy_any"
    here_t copy_words "agx_copy_words"
    here_t choose_any "agx_choose_any"
    here_t choose_words "agx_choose_words"
    here_t bool_to_double "agx_bool_to_double"
    here_t bool_to_float "agx_bool_to_float"
    here_t bool_to_long "agx_bool_to_long"
    here_t long_to_double "agx_long_to_double"
    here_t float_to_double "agx_float_to_double"
    here_t double_to_float "agx_double_to_float"

cdef extern from *:
    # NumPy 2.5 took this field out of what it tells Cython.
    ctypedef struct ufunc_t "PyUFuncObject":
        const char *types

cdef enum:
    MOST_OPERANDS = 8
    MOST_AXES = 32
    # Work below which the interpreter's lock is kept, in elements.
    SHORT = 4096


# --- loops -------------------------------------------------------------------------------------------

def ufunc_loop(cnp.ufunc ufunc, tuple kinds):
    # Where the loop of a ufunc for these type numbers is, and what it is given; None if there is none.
    cdef int i, k, n = ufunc.nargs
    cdef const char *types = (<ufunc_t *>ufunc).types
    if len(kinds) != n or n > MOST_OPERANDS or ufunc.functions == NULL:
        return None
    for i in range(ufunc.ntypes):
        for k in range(n):
            if <int>types[i * n + k] != <int>kinds[k]:
                break
        else:
            if ufunc.functions[i] == NULL:
                return None
            data = 0 if ufunc.data == NULL else <Py_ssize_t>ufunc.data[i]
            return <Py_ssize_t>ufunc.functions[i], data
    return None


def copy_loop(Py_ssize_t size):
    # The loop (x, out) that copies elements of ``size`` bytes.
    if size == 8:
        return <Py_ssize_t>copy_words, 0
    return <Py_ssize_t>copy_any, size


def choice_loop(Py_ssize_t size):
    # The loop (mask, x, y, out) that chooses among elements of ``size`` bytes.
    if size == 8:
        return <Py_ssize_t>choose_words, 0
    return <Py_ssize_t>choose_any, size


def conversion_loop(str kinds):
    # The loop (x, out) that converts between two dtypes, such as "?d"; None if there is none.
    cdef dict loops = {
        "?d": <Py_ssize_t>bool_to_double, "?f": <Py_ssize_t>bool_to_float, "?l": <Py_ssize_t>bool_to_long,
        "ld": <Py_ssize_t>long_to_double, "fd": <Py_ssize_t>float_to_double,
        "df": <Py_ssize_t>double_to_float,
    }
    return (loops[kinds], 0) if kinds in loops else None


# --- steps -------------------------------------------------------------------------------------------
#
# A stream of numbers: LOOP, words, function, data, operands, axes, (base, offset) of each operand, lengths
# of the axes, and for each axis the strides of all operands; or GROUP, words, count, length, block, scratch
# memory of a part, and count times function, data, operands, (base, offset, stride) of each. Base -1 is
# scratch memory, where a block starts at the offset. A negative count says that a group adds up, and that one
# thread goes over all of it.

cdef enum:
    LOOP, GROUP


cdef void run_loop(const Py_ssize_t *step, char **bases) noexcept nogil:
    cdef loop_t function = <loop_t><void *>step[2]
    cdef void *data = <void *>step[3]
    cdef Py_ssize_t operands = step[4], axes = step[5], i, axis, one = 1
    cdef Py_ssize_t[MOST_OPERANDS] none
    cdef Py_ssize_t[MOST_AXES] place
    cdef char *p[MOST_OPERANDS]
    cdef char *given[MOST_OPERANDS]
    cdef const Py_ssize_t *shape = step + 6 + 2 * operands
    cdef const Py_ssize_t *strides = shape + axes
    for i in range(operands):
        p[i] = bases[step[6 + 2 * i]] + step[7 + 2 * i]
    if axes == 0:
        for i in range(operands):
            none[i] = 0
        function(p, &one, none, data)
        return
    if axes == 1:
        function(p, shape, strides, data)
        return
    for axis in range(axes):
        place[axis] = 0
    while True:
        for i in range(operands):  # Loops may move the pointers.
            given[i] = p[i]
        function(given, shape + axes - 1, strides + (axes - 1) * operands, data)
        axis = axes - 2
        while axis >= 0:
            place[axis] += 1
            for i in range(operands):
                p[i] += strides[axis * operands + i]
            if place[axis] < shape[axis]:
                break
            for i in range(operands):
                p[i] -= strides[axis * operands + i] * shape[axis]
            place[axis] = 0
            axis -= 1
        if axis < 0:
            return


cdef struct Group:
    const Py_ssize_t *step
    char **bases
    char *scratch
    int parts


cdef void group_part(void *context, int part) noexcept nogil:
    cdef Group *job = <Group *>context
    cdef const Py_ssize_t *step = job.step
    cdef const Py_ssize_t *inner
    cdef Py_ssize_t count = -step[2] if step[2] < 0 else step[2], length = step[3], block = step[4]
    cdef Py_ssize_t _k, i, operands, n
    cdef Py_ssize_t blocks = (length + block - 1) // block
    cdef Py_ssize_t at = part * blocks // job.parts * block, stop = (part + 1) * blocks // job.parts * block
    cdef char *scratch = job.scratch + part * step[5]
    cdef char *p[MOST_OPERANDS]
    cdef Py_ssize_t[MOST_OPERANDS] strides
    while at < min(stop, length):
        n = min(block, length - at)
        inner = step + 6
        for _k in range(count):
            operands = inner[2]
            for i in range(operands):
                strides[i] = inner[5 + 3 * i]
                if inner[3 + 3 * i] < 0:
                    p[i] = scratch + inner[4 + 3 * i]
                else:
                    p[i] = job.bases[inner[3 + 3 * i]] + inner[4 + 3 * i] + at * strides[i]
            (<loop_t><void *>inner[0])(p, &n, strides, <void *>inner[1])
            inner += 3 + 3 * operands
        at += block


cdef void run_steps(const Py_ssize_t *step, const Py_ssize_t *stop, char **bases, char *scratch,
                    int parts) noexcept nogil:
    cdef Group job
    while step < stop:
        if step[0] == LOOP:
            run_loop(step, bases)
        else:
            job.step, job.bases, job.scratch = step, bases, scratch
            job.parts = 1 if step[2] < 0 else <int>min(<Py_ssize_t>parts, (step[3] + step[4] - 1) // step[4])
            parallel(group_part, &job, job.parts)
        step += step[1]


# --- programs ----------------------------------------------------------------------------------------

cdef struct Spec:
    int kind, ndim
    cnp.npy_intp[MOST_AXES] shape


cdef bint read_spec(Spec *spec, object given) except -1:
    shape, dtype = given
    spec.kind, spec.ndim = dtype.num, len(shape)
    for i, n in enumerate(shape):
        spec.shape[i] = n
    return spec.ndim <= MOST_AXES


@cython.final
@cython.auto_pickle(False)
cdef class Executor:
    """A program that was laid out: runs its steps and calls on fresh memory for results."""

    cdef object stream, frame_of, team
    cdef tuple items, inputs, outputs, constants, guards
    cdef list frames
    cdef Py_ssize_t bases, scratch, longest
    cdef cnp.ndarray input_specs, output_specs

    def __init__(self, stream, items, inputs, outputs, constants, bases, guards, frame_of, scratch, longest,
                 team):
        # ``items`` are (start, stop) of steps in the stream, or calls; ``frame_of()`` makes memory.
        #
        # ``inputs`` and ``outputs`` are (shape, dtype); ``outputs`` may also be the number of a base that a
        # call fills. Bases are inputs, constants, the arena, outputs, and results of calls, in this order.
        self.stream = np.ascontiguousarray(stream, np.intp)
        self.items, self.inputs, self.outputs, self.constants = items, inputs, outputs, constants
        self.bases, self.guards, self.frame_of, self.frames = bases, guards, frame_of, []
        self.scratch, self.longest, self.team = scratch, longest, team
        self.input_specs = np.zeros(max(1, len(inputs)) * sizeof(Spec), np.uint8)
        self.output_specs = np.zeros(max(1, len(outputs)) * sizeof(Spec), np.uint8)
        for i, spec in enumerate(inputs):
            read_spec(&(<Spec *>cnp.PyArray_DATA(self.input_specs))[i], spec)
        for i, spec in enumerate(outputs):
            if type(spec) is tuple:
                read_spec(&(<Spec *>cnp.PyArray_DATA(self.output_specs))[i], spec)

    def run(self, arrays):
        if not agx_recording & TIMING:
            return self.run_now(arrays)
        timer = <object>agx_timer
        start = timer.clock()
        found = self.run_now(arrays)
        tell_plan(timer, start)
        return found

    cdef object run_now(self, arrays):
        # The outputs for these inputs, or None where a guard does not hold.
        cdef list objects = [None] * self.bases
        cdef Py_ssize_t i = 0
        for x in arrays:
            if i >= len(self.inputs):
                break
            objects[i] = self.taken(i, x)
            i += 1
        if i != len(self.inputs) or i != len(arrays):
            raise ValueError(f"expected {len(self.inputs)} arrays, got {len(arrays)}")
        frame = self.frames.pop() if self.frames else self.frame_of()
        try:
            return self.run_in(frame, objects)
        finally:
            self.frames.append(frame)

    cdef object taken(self, Py_ssize_t i, object x):
        """An input as a plain array in order, of which shape and dtype are right."""
        cdef const Spec *spec = &(<Spec *>cnp.PyArray_DATA(self.input_specs))[i]
        cdef int axis
        cdef bint right = isinstance(x, np.ndarray)
        right = right and cnp.PyArray_TYPE(x) == spec.kind and cnp.PyArray_NDIM(x) == spec.ndim
        if right:
            for axis in range(spec.ndim):
                right &= cnp.PyArray_DIM(x, axis) == spec.shape[axis]
        if not right:
            got = (np.shape(x), getattr(x, "dtype", type(x).__name__))
            raise ValueError(f"argument {i}: expected {self.inputs[i]}, got {got}")
        return x if cnp.PyArray_ISCARRAY_RO(x) else np.array(x, order="C", subok=False)

    cdef object run_in(self, tuple frame, list objects):
        cdef object memory = frame[0]
        cdef cnp.ndarray table = frame[1]
        cdef char **bases = <char **>cnp.PyArray_DATA(table)
        cdef Py_ssize_t i, first = len(self.inputs), start, stop
        cdef const Py_ssize_t *stream = <const Py_ssize_t *>cnp.PyArray_DATA(self.stream)
        cdef char *arena = <char *>cnp.PyArray_DATA(memory)
        cdef const Spec *spec
        cdef int parts = 1
        for i in range(first):
            bases[i] = <char *>cnp.PyArray_DATA(objects[i])
        for i in range(len(self.constants)):
            objects[first + i] = self.constants[i]
            bases[first + i] = <char *>cnp.PyArray_DATA(self.constants[i])
        first += len(self.constants)
        objects[first], bases[first] = memory, arena + self.scratch
        first += 1
        for i in range(len(self.outputs)):
            if type(self.outputs[i]) is tuple:
                spec = &(<Spec *>cnp.PyArray_DATA(self.output_specs))[i]
                if spec.kind == cnp.NPY_FLOAT32 or spec.kind == cnp.NPY_FLOAT64:
                    x = empty(spec.ndim, <cnp.npy_intp *>spec.shape, spec.kind)
                else:
                    x = cnp.PyArray_EMPTY(spec.ndim, <cnp.npy_intp *>spec.shape, spec.kind, 0)
                objects[first + i], bases[first + i] = x, <char *>cnp.PyArray_DATA(x)
        if self.longest >= SHORT:
            parts = threads_for(PER_ELEMENT * self.longest, self.longest, self.team)
            parts = min(parts, <int>frame[3])
        for item in self.items:
            if type(item) is tuple:
                start, stop = item
                if self.longest >= SHORT:
                    with nogil:
                        run_steps(stream + start, stream + stop, bases, arena, parts)
                else:
                    run_steps(stream + start, stream + stop, bases, arena, 1)
            else:
                for base, x in item(objects, frame[2]):
                    objects[base] = x
                    bases[base] = <char *>cnp.PyArray_DATA(x)
        for base, offset, size, expected in self.guards:
            if memcmp(bases[<Py_ssize_t>base] + <Py_ssize_t>offset, cnp.PyArray_DATA(expected), size):
                return None
        return tuple([objects[first + i] if type(made) is tuple else objects[<Py_ssize_t>made]
                      for i, made in enumerate(self.outputs)])
