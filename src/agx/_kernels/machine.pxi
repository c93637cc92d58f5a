"""What the machine offers to kernels: vector instructions, and a team of threads.

A set of instructions is a struct of tables of loops (``simd.h``). One is chosen when agx is imported,
and kernels carry it, or a table of it, to where they use it.

The threads are Python's own (``agx._runtime.threads`` starts them on ``work``); between tasks they wait here.
"""

cdef extern from "tables.h" nogil:
    const instructions_t *SETS "agx_instruction_sets"
    int COUNT "agx_set_count"

cdef extern from "pool.h" nogil:
    bint THREADS "AGX_THREADS"
    void agx_pool_run(task_t task, void *context, int parts) noexcept
    void agx_pool_work(int i) noexcept
    int agx_pool_reserve() noexcept
    void agx_pool_admit() noexcept
    int agx_pool_workers() noexcept
    void agx_pool_forget() noexcept

cdef extern from *:
    """
    #if PY_VERSION_HEX < 0x030d0000
        #define Py_IsFinalizing _Py_IsFinalizing
    #endif
    """
    bint Py_IsFinalizing()


# --- instructions ------------------------------------------------------------------------------------

cdef int best_up_to(int wanted) noexcept:
    """The last set that this processor has, of those from the baseline, which it has, to ``wanted``."""
    cdef int i = max(0, min(wanted, COUNT - 1))
    while i and (SETS[i].present == NULL or not SETS[i].present()):
        i -= 1
    return i


cdef int chosen = best_up_to(COUNT)


cdef const instructions_t *instructions() noexcept nogil:
    """The set in use."""
    return &SETS[chosen]


cdef const loops_t *loops_of(bint single) noexcept nogil:
    """The set's loops over float32, or else float64."""
    return SETS[chosen].floats if single else SETS[chosen].doubles


def names():
    # Return what the sets are called, from the baseline to the best; a processor need not have them.
    return tuple([SETS[i].name.decode() for i in range(COUNT)])


def level():
    # Return the number of the set in use, counted from the baseline.
    return chosen


def set_level(int wanted):
    # Use the best set that the processor has up to this one; returns what was used before.
    global chosen
    cdef int before = chosen
    chosen = best_up_to(wanted)
    return before


def has_tiles():
    # Tell whether the set in use multiplies matrices by itself.
    return instructions().tiles != NULL


# --- threads -----------------------------------------------------------------------------------------

cdef int allowed = 1


cdef void parallel(task_t task, void *context, int parts) noexcept nogil:
    """Call ``task(context, part)`` for parts 0 to ``parts`` - 1, in whichever threads are free."""
    agx_pool_run(task, context, parts)


cdef int awake() noexcept nogil:
    """How many threads may share work now: those allowed, as far as they have been started."""
    return min(allowed, agx_pool_workers() + 1)


cpdef int threads_for(Py_ssize_t work, Py_ssize_t pieces, object team) except 0:
    # How many threads to share ``pieces`` among that are ``work`` multiply-adds; asks ``team()`` if many.
    if pieces < 2 or work < 2 * WORK_PER_THREAD:
        return 1
    return <int>max(1, min(<Py_ssize_t>team(), pieces, work // WORK_PER_THREAD))


def has_threads():
    # Tell whether agx was built to start threads, and to look for BLAS by name.
    return THREADS


def allow(int threads):
    # Let loops that start no threads themselves use this many.
    global allowed
    allowed = threads


def workers():
    # How many threads wait for parts, besides whichever thread calls.
    return agx_pool_workers()


def reserve():
    # Prepare the next worker; returns its number, or -1 if there are too many.
    return agx_pool_reserve()


def admit():
    # Count the reserved worker in, now that its thread runs.
    agx_pool_admit()


def work(int i):
    # Be worker ``i`` for ever.
    with nogil:
        agx_pool_work(i)


def forget():
    # Start afresh in a forked child, which has none of its parent's threads.
    agx_pool_forget()
    agx_forget_locks()


cdef void call_python(void *context, int part) noexcept nogil:
    with gil:
        function, errors = <tuple>context
        try:
            function(part)
        except BaseException as error:
            errors.append(error)


def run(function, int parts):
    # Call ``function(part)`` for every part, in whichever threads are free; raises the first error.
    cdef list errors = []
    cdef tuple context = (function, errors)
    cdef int i
    if Py_IsFinalizing():  # Other threads end when they ask for the interpreter.
        for i in range(parts):
            function(i)
        return
    with nogil:
        parallel(call_python, <void *>context, parts)
    if errors:
        raise errors[0]
