cdef enum Operation:
    NONE, ADD, SUBTRACT, MULTIPLY, DIVIDE

cdef object combine(Operation what, object x, object y)
cdef object pull_back(Operation what, Py_ssize_t i, object g, object out, object x, object y)
cdef bint add_to(object total, object x) noexcept
