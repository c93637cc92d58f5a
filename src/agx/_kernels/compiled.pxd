cimport numpy as cnp

cdef enum Operation:
    NONE, ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER


cdef class Primitive:
    cdef readonly str name
    cdef readonly object function
    cdef readonly object vjps
    cdef readonly bint variadic
    cdef int nin
    cdef readonly bint elementwise
    cdef readonly bint keeps_zeros
    cdef readonly int settled
    cdef bint floats
    cdef Operation operation
    cdef public object kernel
    cdef public object stacked
    cdef public object overwrite
    cdef public object accumulate
    cdef readonly bint views
    cdef public tuple derivative
    cdef public object scalar
    cdef dict __dict__

    cdef object rule(self, Py_ssize_t i, tuple operands, dict params)


cdef enum:
    FEW = 3


cdef class Scope:
    cdef readonly object module
    cdef readonly Scope above


cdef class Node:
    cdef object _value
    cdef object _grad
    cdef tuple _args
    cdef dict _params
    cdef Primitive _primitive
    cdef object _closure
    cdef public dict _extras
    cdef bint _requires_grad
    cdef bint _freed
    cdef bint _traced
    # When it was recorded, whether it is a version of an array that is assigned into, and not the newest.
    cdef unsigned long long _number
    cdef public bint version
    cdef public bint past
    # What this is a view of: None, the Tensor whose memory it shares, or its window on an array that was
    # assigned into.
    cdef public object _memory
    # Whether code outside may hold the value, whether a graph needs it, and what it was when both held.
    cdef bint _shared
    cdef bint _needed
    cdef bint _printed
    # Whether an optimiser has used the gradient, and nobody has set, added to or read it since.
    cdef public bint spent
    cdef unsigned long long _print
    # How often the value was replaced, and what the arguments were when this node was recorded:
    # fingerprints of the first few; ``_extras`` has those of the others.
    cdef unsigned long long _version
    cdef unsigned long long _versions
    cdef unsigned long long _watched
    cdef unsigned long long[FEW] _prints
    cdef unsigned long long _settings
    # Where it was recorded: in which line of a program, as code and instruction, and in which module.
    cdef object _code
    cdef int _instruction
    cdef Scope _scope
    cdef object __weakref__

    cdef object share(self)
    cdef Node now(self)
    cdef tuple settled(self)


cdef cnp.ndarray empty(int ndim, cnp.npy_intp *shape, int kind)
cdef cnp.ndarray like(object x)
cdef float *scratch(Py_ssize_t floats) except NULL
cdef bint is_floating(object x) noexcept
cdef bint is_float32(object x, int ndim) noexcept
cdef bint alike(object x, object y) noexcept
cdef bint has_nan(object x) except -1
