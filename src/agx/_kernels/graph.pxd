from agx._kernels.arithmetic cimport Operation


cdef class Primitive:
    cdef readonly str name
    cdef readonly object function
    cdef readonly object vjps
    cdef readonly bint variadic
    cdef readonly bint elementwise
    cdef Operation operation
    cdef public object overwrite
    cdef dict __dict__

    cdef object rule(self, Py_ssize_t i, tuple operands, dict params)


cdef class Node:
    cdef object _value
    cdef object _grad
    cdef tuple _args
    cdef dict _params
    cdef Primitive _primitive
    cdef object _closure
    cdef str _op
    cdef public str label
    cdef bint _requires_grad
    cdef bint _freed
    cdef bint _traced
    cdef object __weakref__


cdef bint recording() noexcept nogil
cdef object apply(object function, tuple args, dict params)
