"""A team of threads for loops that hold no GIL.

The threads are Python's own (``agx._runtime.threads`` starts them on ``work``); between tasks they wait here.
"""

cdef extern from "pool.h" nogil:
    void agx_pool_run(task_t task, void *context, int parts) noexcept
    void agx_pool_work(int i) noexcept
    int agx_pool_reserve() noexcept
    void agx_pool_admit() noexcept
    int agx_pool_workers() noexcept
    void agx_pool_forget() noexcept


cdef void parallel(task_t task, void *context, int parts) noexcept nogil:
    """Call ``task(context, part)`` for parts 0 to ``parts`` - 1, in whichever threads are free."""
    agx_pool_run(task, context, parts)


cdef int allowed = 1


cdef int awake() noexcept nogil:
    """How many threads may share work now: those allowed, as far as they have been started."""
    return min(allowed, agx_pool_workers() + 1)


def allow(int threads):
    """Let loops that start no threads themselves use this many."""
    global allowed
    allowed = threads


def workers():
    """How many threads wait for parts, besides whichever thread calls."""
    return agx_pool_workers()


def reserve():
    """Prepare the next worker; returns its number, or -1 if there are too many."""
    return agx_pool_reserve()


def admit():
    """Count the reserved worker in, now that its thread runs."""
    agx_pool_admit()


def work(int i):
    """Be worker ``i`` for ever."""
    with nogil:
        agx_pool_work(i)


def forget():
    """Start afresh in a forked child, which has none of its parent's threads."""
    agx_pool_forget()


cdef void call_python(void *context, int part) noexcept nogil:
    with gil:
        function, errors = <tuple>context
        try:
            function(part)
        except BaseException as error:
            errors.append(error)


def run(function, int parts):
    """Call ``function(part)`` for every part, in whichever threads are free; raises the first error."""
    cdef list errors = []
    cdef tuple context = (function, errors)
    with nogil:
        parallel(call_python, <void *>context, parts)
    if errors:
        raise errors[0]
