"""Memory that Tensors share, of which a part may be assigned into: what ``graph`` knows of it."""

cdef int link(Node view, Node of) except -1:
    """Remember whose memory a view shares. One that holds on to no graph lets go of what has one."""
    if is_symbol(view._value) or is_symbol(of._value):
        return 0
    cdef PyObject *owner = cnp.PyArray_BASE(view._value)
    if view._value is not of._value and (owner is NULL or (
            owner is not <PyObject *>of._value and owner is not cnp.PyArray_BASE(of._value))):
        return 0
    cdef object whole = of if of._memory is None else of._memory
    if isinstance(whole, Node) and view._args is None and (<Node>whole)._args is not None:
        whole = PyWeakref_NewRef(whole, None)
    view._memory = whole
    return 0


cpdef Node root_of(Node a):
    """The Tensor whose memory ``a`` shares: itself, unless it is a view of another one."""
    cdef object of = a._memory
    if of is None or type(of) is window_class:
        return a
    if isinstance(of, Node):
        return <Node>of
    of = of()
    return a if of is None else <Node>of


cpdef object window_of(Node a):
    """The window through which a Tensor sees an array that was assigned into; None if it was not."""
    cdef Node whole
    if type(a._memory) is window_class:
        return a._memory
    whole = root_of(a)
    if type(whole._memory) is not window_class:
        return None
    cdef object found = attach(a, whole)
    if found is not None:
        a._memory = found
    return found


cdef Node present_node(Node a):
    """The node of a graph that holds what a Tensor is now."""
    if a._memory is None or not assigned:
        return a
    cdef object window = window_of(a)
    if window is None:
        return a
    cdef Node node = <Node>window.present()
    label = extra(a._extras, "label", "")
    if label:
        node.label = label
    return node


def present(a):
    """The node of a graph that holds what a Tensor is now; anything else as it is."""
    return present_node(<Node>a) if isinstance(a, Node) else a


def call_now(Primitive p, tuple args, dict params):
    """Call an operation on nodes that are what they are now."""
    return call(p, args, params if params else None)


def record(Primitive p, object value, tuple args, dict params):
    """Return a node of ``value``, which ``p`` is said to have made of ``args``; a leaf without ``p``."""
    cdef Node out = <Node>(<PyTypeObject *>tensor_class).tp_new(tensor_class, <PyObject *>no_args, NULL)
    out._value = value
    if p is None:
        return out
    out._primitive = p
    for a in args:
        if isinstance(a, Node):
            (<Node>a)._needed = True
            out._requires_grad |= (<Node>a)._requires_grad
            out._traced |= (<Node>a)._traced
    if out._requires_grad:
        out._args = args
        out._params = params
        number(out)
        locate(out)
        if agx_recording & NOTING:
            take_note(out)
    return out


def look(object value, object window):
    """Return a Tensor that sees ``value`` through a window, and has no place in a graph of its own."""
    cdef Node out = <Node>(<PyTypeObject *>tensor_class).tp_new(tensor_class, <PyObject *>no_args, NULL)
    out._value = value
    out._memory = window
    return out


def split_off(Node a):
    """Move what a Tensor was in its graph to a node of its own, which is returned."""
    global assigned
    assigned = True
    cdef Node old = <Node>(<PyTypeObject *>tensor_class).tp_new(tensor_class, <PyObject *>no_args, NULL)
    old._value, old._args, old._params, old._primitive = a._value, a._args, a._params, a._primitive
    old._closure, old._requires_grad = a._closure, a._requires_grad
    old._code, old._instruction, old._scope = a._code, a._instruction, a._scope
    old._extras, old._freed, old._traced = a._extras, a._freed, a._traced
    old._shared, old._needed, old._printed, old._print = a._shared, a._needed, a._printed, a._print
    old._version, old._versions, old._watched = a._version, a._versions, a._watched
    old._prints, old._settings = a._prints, a._settings
    old._number, old._grad = a._number, a._grad
    a._args = a._params = a._closure = None
    return old


cdef Node origin_node(Node a):
    """The node that a Tensor was before it was assigned into, which graphs of that time refer to."""
    return <Node>a._memory.origin if type(a._memory) is window_class else a


def origins(set nodes):
    """What each of some Tensors was before it was assigned into: the same set, if none was."""
    if assigned:
        for a in nodes:
            if type((<Node>a)._memory) is window_class:
                return {origin_node(<Node>a) for a in nodes}
    return nodes


cdef int settle_arguments(Node node) except -1:
    """Let a node refer to what its arguments were, where those were assigned into since."""
    cdef tuple given = node._args or ()
    cdef bint any_window = False
    for x in given:
        if isinstance(x, Node) and (<Node>x)._memory is not None:
            any_window |= window_of(<Node>x) is not None
    if any_window:
        node._args = tuple([origin_node(<Node>x) if isinstance(x, Node) else x for x in given])
        if node._primitive is None:
            remember_given(node, given)
    return 0


cdef int remember_given(Node node, tuple given) except -1:
    """Remember which Tensors a hand-written _backward knows its arguments by, if they were assigned into."""
    before = extra(node._extras, "given", {})
    pairs = {x: a for x, a in zip(given, node._args) if x is not a}
    if pairs:
        node._extras = {**(node._extras or {}), "given": {**before, **pairs}}
    return 0


cdef object gradient_of(Node a):
    """The gradient of a node, for a hand-written _backward what it knows of it."""
    return a._grad if agx_shares is NULL else (<dict>agx_shares).get(a, a._grad)


cdef int set_gradient(Node a, object g) except -1:
    """Set the gradient of a node, or what a hand-written _backward knows of it."""
    if agx_shares is not NULL and a in <dict>agx_shares:
        (<dict>agx_shares)[a] = g
    else:
        a._grad = g
    return 0


def number_of(Node a):
    """When a node was recorded."""
    return a._number
