ctypedef void (*task_t)(void *context, int part) noexcept nogil

cdef void parallel(task_t task, void *context, int parts) noexcept nogil
cdef int awake() noexcept nogil
