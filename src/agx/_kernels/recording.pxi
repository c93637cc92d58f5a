"""Operations that record themselves: what ``graph`` does when a primitive is called."""

cdef object apply(object function, tuple args, dict params):
    return function(*args) if params is None else PyObject_Call(function, args, params)


cdef object in_kept_memory(Primitive p, tuple args):
    """The value of a ufunc in memory that is used again; None for small results, and others."""
    cdef object x = value_of(args[0])
    if p.kernel is not None and is_large(x):
        found = p.kernel(x)
        if found is not None:
            return found
    if p.operation == POWER:
        return in_memory(np_square, x, None) if is_two(args[1]) else None
    return in_memory(p.function, x, value_of(args[1]) if len(args) > 1 else None) if p.floats else None


cdef object call(Primitive p, tuple args, dict params):
    """Compute the value of ``p`` and, when recording, remember how it came about."""
    cdef Py_ssize_t i, n = len(args)
    cdef bint any_node = False, wanted = False, converted = False, traced = False
    cdef object a, result
    cdef Node out
    if agx_recording & FOLLOWING:
        follow()
    for i in range(n):
        a = args[i]
        if isinstance(a, Node):
            if (<Node>a)._memory is not None and assigned and window_of(<Node>a) is not None:
                return through(p, args, params or {})
            any_node = True
            wanted |= (<Node>a)._requires_grad
            traced |= (<Node>a)._traced
    if not any_node:
        return call_plain(p, args, params)
    if p.nin and n > p.nin:
        raise TypeError(f"{p.name}: a Tensor does not go with out=; use the result instead")
    cdef tuple values
    result = None
    if agx_recording & TRACING:
        result, args = symbolic(p, args, params or {})
    if result is None and n == 2 and p.operation != NONE and params is None:
        result = combine(p.operation, value_of(args[0]), value_of(args[1]))
    if result is None and params is None and n <= 2:
        result = in_kept_memory(p, args)
    if result is None:
        values = PyTuple_New(n)
        for i in range(n):
            a = value_of(args[i])
            if type(a) is ndarray:
                if cnp.PyArray_TYPE(<cnp.ndarray>a) >= cnp.NPY_OBJECT:
                    refuse(p, a, a.dtype)
            elif type(a) is not float and type(a) is not int:
                a = constant(p, a)
                converted = True
            Py_INCREF(a)
            PyTuple_SET_ITEM(values, i, a)
        if n == 1 and params is None:
            result = p.function(values[0])
        else:
            result = apply(p.function, values, params)
    if type(result) is not ndarray and not is_symbol(result):
        keep_gradients(p, result, "result")
        result = asarray(result)
    if not is_held(result.dtype):
        result = as_held(p.name, result)
    out = <Node>(<PyTypeObject *>tensor_class).tp_new(
        tensor_class, <PyObject *>no_args, NULL)
    out._value = result
    out._primitive = p
    if wanted and agx_recording & RECORDING:
        out._args = constants_as_arrays(args, values) if converted else args
        out._params = params
        out._requires_grad = True
        out._traced = traced
        number(out)
        locate(out)
        watch(out, p)
        if agx_recording & NOTING:
            take_note(out)
    if p.views and isinstance(args[0], Node):
        link(out, <Node>args[0])
    return out


cdef int number(Node node) except -1:
    """Number a node as it is made, and again as it is recorded."""
    global recorded
    node._number = agx_next(&recorded)
    return 0


cdef unsigned long long versions_of(tuple args) noexcept:
    """The versions of the first four arguments."""
    cdef unsigned long long found = 0
    cdef Py_ssize_t i
    for i in range(min(len(args), 4)):
        found <<= 16
        if isinstance(args[i], Node):
            found |= (<Node>args[i])._version & 0xFFFF
    return found


cdef unsigned long long settings_of(dict params) except? 0:
    """The fingerprint of the arrays among the keyword arguments, such as the targets of a loss."""
    cdef unsigned long long found = 0
    for setting in params.values():
        if type(setting) is ndarray and setting.dtype.kind != "O":
            found = 31 * found + fingerprint(setting)
    return found


cdef object watch(Node out, Primitive p):
    """Remember what the arguments are, as far as others may change them before the backward pass."""
    if is_symbol(out._value):
        return None
    cdef tuple args = out._args
    cdef Py_ssize_t i, n = min(len(args), 64)
    cdef bint outside, fickle = False
    cdef object a, value
    if p.operation == ADD or p.operation == SUBTRACT:
        for i in range(n):  # Their values are not needed, but results may be views of others.
            if isinstance(args[i], Node):
                (<Node>args[i])._needed = True
        return None
    out._versions = versions_of(args)
    if out._params is not None:
        out._settings = settings_of(out._params)
    if n > FEW:
        out._extras = {"prints": [0] * (n - FEW)}
    for i in range(n):
        a = args[i]
        if isinstance(a, Node):
            (<Node>a)._needed = True
            outside, value = (<Node>a)._shared, (<Node>a)._value
        else:
            outside, value = type(a) is ndarray, a
        if outside:
            fickle = True
            out._watched |= <unsigned long long>1 << i
            if i < FEW:
                out._prints[i] = fingerprint(value)
            else:
                out._extras["prints"][i - FEW] = fingerprint(value)
    if fickle and not has_own_memory(out._value):
        out.share()


cdef object call_plain(Primitive p, tuple args, dict params):
    """Compute without a graph: no Tensor among the arguments."""
    for a in args:
        if type(a) is ndarray:
            if cnp.PyArray_TYPE(<cnp.ndarray>a) >= cnp.NPY_OBJECT:
                refuse(p, a, a.dtype)
        elif type(a) is not float and type(a) is not int:
            handler = getattr(type(a), "__agx_call__", None)
            if handler is not None:
                return handler(p, args, params or {})
            if a is None and len(args) == 1:
                refuse(p, a, asarray(a).dtype)
            keep_gradients(p, a)
    return apply(p.function, args, params)


cdef int keep_gradients(Primitive p, object a, str how="argument") except -1:
    """Refuse Tensors that want gradients, which would be lost, in an array's place or in a setting."""
    if agx_recording & RECORDING and type(a) is not ndarray and not isinstance(a, (float, int, generic)):
        lose(p.name, a, how)
    return 0


cdef int check_settings(Primitive p, dict params) except -1:
    """Refuse Tensors that want gradients among the keyword arguments."""
    for how, a in params.items():
        if isinstance(a, (Node, list)) or (type(a) is tuple and a and isinstance((<tuple>a)[0], Node)):
            keep_gradients(p, a, how)
    return 0


cdef object constant(Primitive p, object a):
    """An argument that is not a node, as a number or an array of numbers."""
    if isinstance(a, (float, int, complex, generic)) or is_symbol(a):
        return a
    keep_gradients(p, a)
    if hasattr(type(a), "__agx_call__"):
        raise TypeError(f"{p.name}: cannot mix Tensor and {type(a).__name__} in one operation; "
                        "wrap the number with ag.Tensor, or use its .value")
    array = asarray(a)
    if cnp.PyArray_TYPE(array) >= cnp.NPY_OBJECT:
        refuse(p, a, array.dtype)
    if type(a) is not list:
        refuse_kind(p.name, a)
    return array


cdef int refuse(Primitive p, object a, object dtype) except -1:
    """Raise TypeError for objects, text and dates; among the types above them are numbers too."""
    if dtype.kind not in "biufc":
        raise TypeError(f"{p.name}: expected numbers, got {type(a).__name__} of dtype {dtype}; convert "
                        "it, such as with np.asarray(x, float)")
    return 0


cdef tuple constants_as_arrays(tuple args, tuple values):
    return tuple([a if isinstance(a, Node) else v for a, v in zip(args, values)])
