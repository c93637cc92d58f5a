"""Nodes of the computational graph, call-and-record, and the backward sweep.

This module knows graphs and nothing of calculus: derivatives are Python functions in a table,
and everything done to a gradient here (`+`, `sum`, `reshape`, `where`) works on plain arrays and,
when the backward pass itself is differentiated, on Tensors.
"""

from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject, PyObject_Call, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM

from types import MethodType

cimport numpy as cnp

from agx._kernels.arithmetic cimport (ADD, DIVIDE, MULTIPLY, NONE, SUBTRACT, Operation, add_to, alike,
                                      combine, pull_back)
from agx._kernels.arrays cimport has_own_memory, silence, unbroadcast
from agx._kernels.loops cimport has_nan

import numpy as np

cnp.import_array()

cdef extern from *:
    """
    #if defined(_MSC_VER)
        #define AGX_THREAD_LOCAL __declspec(thread)
    #else
        #define AGX_THREAD_LOCAL _Thread_local
    #endif
    static AGX_THREAD_LOCAL int agx_recording = 1;
    """
    int agx_recording

cdef bint recording() noexcept nogil:
    return agx_recording


cdef object ndarray = np.ndarray
cdef object asarray = np.asarray
cdef object np_add = np.add
cdef object np_zeros = np.zeros
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
cdef object generic = np.generic
cdef tuple no_args = ()
cdef type tensor_class = None


def declare_tensor(type cls):
    """Name the class that results are made of; called once, by the module that defines it."""
    global tensor_class
    tensor_class = cls


def set_recording(bint on):
    """Turn recording on or off in this thread; returns what it was."""
    global agx_recording
    cdef bint before = agx_recording
    agx_recording = on
    return before


def is_recording():
    """Tell whether operations in this thread are recorded for a backward pass."""
    return bool(agx_recording)


def declare_arithmetic(Primitive add, Primitive subtract, Primitive multiply, Primitive divide):
    """Name the four operations whose values and pull-backs are also known here, for speed."""
    add.operation = ADD
    subtract.operation = SUBTRACT
    multiply.operation = MULTIPLY
    divide.operation = DIVIDE


def do_nothing():
    """The ``_backward`` of a leaf."""


cdef class Primitive:
    """One operation: its name, its value, and one pull-back per positional argument.

    Positional arguments are differentiable, keyword arguments are metadata. A pull-back is called
    as ``rule(g, out, *args, **params)`` and returns None for a gradient that is zero everywhere;
    a variadic primitive has a single ``rule(i, g, out, *args, **params)``. ``overwrite`` may be a rule
    that leaves its result in the memory of ``g``; it is called when nobody else needs that.
    """

    cdef readonly str name
    cdef readonly object function
    cdef readonly object vjps
    cdef readonly bint variadic
    cdef readonly bint elementwise
    cdef Operation operation
    cdef public object overwrite
    cdef dict __dict__

    def __init__(self, str name, object function, object vjps, bint elementwise=False):
        self.name = name
        self.function = function
        self.vjps = vjps
        self.variadic = callable(vjps)
        self.elementwise = elementwise or getattr(function, "signature", "") is None
        self.__name__ = name

    def __call__(self, *args, **params):
        return call(self, args, params if params else None)

    def __get__(self, instance, owner):
        return self if instance is None else MethodType(self, instance)

    def __repr__(self):
        return f"<primitive {self.name}>"

    cdef object rule(self, Py_ssize_t i, tuple operands, dict params):
        """The pull-back of argument ``i`` applied to ``operands`` = (g, out, *args)."""
        if self.variadic:
            return apply(self.vjps, (i, *operands), params)
        vjp = self.vjps[i] if i < len(self.vjps) else None
        if vjp is None:
            raise TypeError(f"{self.name}: no gradient with respect to argument {i} is defined; "
                            "pass a plain array or .detach() it")
        return apply(vjp, operands, params)


cdef class Node:
    """A value in the graph together with the operation and the arguments it came from."""

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
    cdef object __weakref__

    def __cinit__(self):
        self.label = ""
        self._op = ""

    def _init(self, object value, str op, object closure, object inputs, str label,
              bint requires_grad):
        self._value = value
        self._op = op
        self.label = label
        self._requires_grad = requires_grad
        if closure is not do_nothing:
            self._closure = closure
        cdef tuple nodes = tuple(inputs)
        if nodes:
            self._requires_grad = False
            for node in nodes:
                if not isinstance(node, Node):
                    raise TypeError(f"inputs: expected Tensors, got {type(node).__name__}; "
                                    "constants need no node")
                if (<Node>node)._requires_grad:
                    self._requires_grad = bool(agx_recording)
            if self._requires_grad:
                self._args = nodes

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, new):
        if new is not self._value:
            new = asarray(new)
            if new.dtype is not float32 and new.dtype is not float64:
                new = new.astype(float64)
            self._value = new
            if self._grad is not None and (self._grad.shape != new.shape
                                           or self._grad.dtype != new.dtype):
                self._grad = None

    @property
    def grad(self):
        """The gradient, of the value's shape and dtype; zeros if none has arrived."""
        if self._grad is None:
            self._grad = np_zeros(self._value.shape, self._value.dtype)
        return self._grad

    @grad.setter
    def grad(self, new):
        if new is None or new is self._grad:
            self._grad = new
            return
        new = asarray(new)
        if new.shape != self._value.shape and new.shape != ():
            raise ValueError(f"grad: expected shape {self._value.shape} (the value's), "
                             f"got {new.shape}")
        fresh = np_zeros(self._value.shape, self._value.dtype)
        fresh += new
        self._grad = fresh

    @property
    def grad_or_none(self):
        """The gradient, or None if none has arrived."""
        return self._grad

    @property
    def requires_grad(self):
        """Whether a backward pass computes a gradient for this node."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, bint flag):
        if self._args is not None and not flag:
            raise RuntimeError(f"requires_grad: the result of op '{self.op}' depends on its inputs; "
                               "use .detach()")
        self._requires_grad = flag

    @property
    def is_leaf(self):
        """Whether this node was made by hand rather than by an operation on the graph."""
        return self._args is None

    @property
    def inputs(self):
        """The nodes this one was computed from, in order, repeated as often as they were used."""
        return [] if self._args is None else [a for a in self._args if isinstance(a, Node)]

    @property
    def arguments(self):
        """Everything this node was computed from: nodes, arrays and numbers, in order."""
        return () if self._args is None else self._args

    @property
    def params(self):
        """The keyword arguments of the operation that made this node."""
        return dict(self._params or {})

    @property
    def op(self):
        """The name of the operation that made this node; empty for a leaf."""
        return self._op if self._primitive is None else self._primitive.name

    @property
    def primitive(self):
        """The primitive that made this node, or None."""
        return self._primitive

    @property
    def _backward(self):
        if self._closure is not None:
            return self._closure
        return do_nothing if self._args is None else MethodType(push, self)

    @_backward.setter
    def _backward(self, closure):
        if not callable(closure):
            raise TypeError(f"_backward: expected a function of no arguments, "
                            f"got {type(closure).__name__}")
        self._closure = closure


def push(Node node):
    """Add this one node's contribution to the ``grad`` of each of its inputs."""
    for a, c in contributions(node, node.grad, None, False, False, False):
        (<Node>a).grad += c


cdef inline object apply(object function, tuple args, dict params):
    return function(*args) if params is None else PyObject_Call(function, args, params)


cdef object call(Primitive p, tuple args, dict params):
    """Compute the value of ``p`` and, when recording, remember how it came about."""
    cdef Py_ssize_t i, n = len(args)
    cdef bint any_node = False, wanted = False, converted = False
    cdef object a, result
    cdef Node out
    for i in range(n):
        a = args[i]
        if isinstance(a, Node):
            any_node = True
            wanted |= (<Node>a)._requires_grad
    if not any_node:
        return call_plain(p, args, params)
    cdef tuple values = PyTuple_New(n)
    for i in range(n):
        a = args[i]
        if isinstance(a, Node):
            a = (<Node>a)._value
        elif type(a) is not float and type(a) is not int and type(a) is not ndarray:
            a = constant(p, a)
            converted = True
        Py_INCREF(a)
        PyTuple_SET_ITEM(values, i, a)
    if params is not None:
        result = apply(p.function, values, params)
    elif n == 2:
        result = None if p.operation == NONE else combine(p.operation, values[0], values[1])
        if result is None:
            result = p.function(values[0], values[1])
    elif n == 1:
        result = p.function(values[0])
    else:
        result = p.function(*values)
    if type(result) is not ndarray:
        result = asarray(result)
    dtype = result.dtype
    if dtype is not float32 and dtype is not float64:
        result = as_float(p, result)
    out = <Node>(<PyTypeObject *>tensor_class).tp_new(
        tensor_class, <PyObject *>no_args, NULL)
    out._value = result
    out._primitive = p
    if wanted and agx_recording:
        out._args = constants_as_arrays(args, values) if converted else args
        out._params = params
        out._requires_grad = True
    return out


cdef object call_plain(Primitive p, tuple args, dict params):
    """Compute without a graph: no Tensor among the arguments."""
    for a in args:
        if type(a) is not float and type(a) is not int and type(a) is not ndarray:
            handler = getattr(type(a), "__agx_call__", None)
            if handler is not None:
                return handler(p, args, params or {})
    return apply(p.function, args, params)


cdef object constant(Primitive p, object a):
    """An argument that is not a node, as a number or an array of numbers."""
    if isinstance(a, (float, int, generic)):
        return a
    if hasattr(type(a), "__agx_call__"):
        raise TypeError(f"{p.name}: cannot mix Tensor and {type(a).__name__} in one operation; "
                        "wrap the number with ag.Tensor, or use its .value")
    array = asarray(a)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{p.name}: expected numbers, got {type(a).__name__} of dtype {array.dtype}")
    return array


cdef tuple constants_as_arrays(tuple args, tuple values):
    return tuple([a if isinstance(a, Node) else v for a, v in zip(args, values)])


cdef object as_float(Primitive p, object result):
    if result.dtype.kind in "biuf":
        return result.astype(float64)
    raise TypeError(f"{p.name}: the result has dtype {result.dtype}; a Tensor holds float32 or "
                    "float64 (complex numbers and objects are not supported)")


cdef list topological_order(Node root):
    """Nodes that want a gradient below ``root``, inputs before results; no recursion."""
    cdef set seen = set()
    cdef list stack = [root], order = []
    cdef Node node
    while stack:
        top = stack.pop()
        if top is None:
            order.append(stack.pop())
            continue
        if top in seen:
            continue
        seen.add(top)
        node = <Node>top
        if node._args is None:
            if node._freed:
                raise RuntimeError(f"backward: the graph behind op '{node.op}' was freed by an earlier "
                                   "backward(free=True); call backward() without free=True to use "
                                   "a graph again")
            order.append(node)
            continue
        stack.append(node)
        stack.append(None)
        for a in node._args:
            if isinstance(a, Node) and (<Node>a)._requires_grad and a not in seen:
                stack.append(a)
    return order


cdef list contributions(Node node, object g, set needed, bint create_graph, bint careful, bint last):
    """Pairs (input, its share of the gradient) that ``node`` passes on for its cotangent ``g``.

    ``last`` tells that nobody needs the memory of ``g`` afterwards.
    """
    if node._primitive is None:
        return closure_contributions(node, g, create_graph)
    cdef Primitive p = node._primitive
    cdef bint known = p.operation != NONE and not create_graph and not careful
    cdef tuple args = node._args, operands
    cdef Py_ssize_t i, n = len(args)
    cdef list shares = []
    cdef object a, c
    operands = PyTuple_New(n + 2)
    Py_INCREF(g)
    PyTuple_SET_ITEM(operands, 0, g)
    c = node if create_graph else node._value
    Py_INCREF(c)
    PyTuple_SET_ITEM(operands, 1, c)
    for i in range(n):
        a = args[i]
        if not create_graph and isinstance(a, Node):
            a = (<Node>a)._value
        Py_INCREF(a)
        PyTuple_SET_ITEM(operands, i + 2, a)
    for i in range(n):
        a = args[i]
        if not isinstance(a, Node) or not (<Node>a)._requires_grad:
            continue
        if needed is not None and a not in needed:
            continue
        c = None
        if known:
            c = pull_back(p.operation, i, g, node._value, operands[2], operands[3])
        elif last and p.overwrite is not None:
            c = apply(p.overwrite, operands, node._params)
        if c is None:
            c = p.rule(i, operands, node._params)
        if c is None:
            continue
        if careful and p.elementwise:
            c = silence(g, c)
        shares.append((a, fit(p.name, c, <Node>a)))
    return shares


cdef list closure_contributions(Node node, object g, bint create_graph):
    """Run a hand-written ``_backward`` and read off what it added to each input's gradient."""
    if node._closure is None:
        raise RuntimeError(f"backward: op '{node.op}' has inputs but no _backward; set "
                           "out._backward to a function that adds to the inputs' grad")
    if create_graph:
        raise RuntimeError(f"op '{node.op}' has a hand-written _backward, which gives first derivatives "
                           "only; declare it with ag.primitive to differentiate twice")
    cdef dict before = {}
    cdef list shares = []
    cdef Node x
    own = node._grad
    for a in node._args:
        before[a] = (<Node>a)._grad
        (<Node>a)._grad = None
    node._grad = g
    try:
        node._closure()
        for a in before:
            x = <Node>a
            if x._grad is not None and x._requires_grad:
                shares.append((a, x._grad))
    finally:
        node._grad = own
        for a, grad in before.items():
            (<Node>a)._grad = grad
    return shares


cdef object fit(str op, object c, Node x):
    """Give a contribution the shape and dtype of the node that it belongs to."""
    cdef object value = x._value
    if type(c) is ndarray and alike(c, value):
        return c
    if type(c) is not ndarray and not isinstance(c, Node):
        c = asarray(c)
    shape = value.shape
    if c.shape != shape:
        c = unbroadcast(op, c, shape)
    if c.dtype is not value.dtype and c.dtype != value.dtype:
        c = c.astype(value.dtype)
    return c


cdef bint is_fresh(object c, object g, Node node):
    """Whether an array belongs to nobody else, so that it may be kept and added to in place."""
    if type(c) is not ndarray or c is g or c is node._value or not has_own_memory(c):
        return False
    for a in node._args:
        if a is c or (isinstance(a, Node) and (<Node>a)._value is c):
            return False
    return True


cdef dict propagate(list order, object seed, set needed, set kept, bint create_graph,
                    bint careful, set owned):
    """Carry cotangents from the last node of ``order`` to the first.

    Returns the cotangents of leaves and of the nodes in ``kept`` (None keeps all). ``owned`` collects
    the nodes whose cotangent is an array of the sweep's own.
    """
    cdef Py_ssize_t k
    cdef Node node, x
    cdef PyObject *found
    cdef bint last, plain = kept is not None and not create_graph and not careful
    cdef dict cotangents = {order[len(order) - 1]: seed}
    cdef tuple pair
    for k in range(len(order) - 1, -1, -1):
        node = <Node>order[k]
        found = PyDict_GetItem(cotangents, node)
        if found is NULL or node._args is None or (needed is not None and node not in needed):
            continue
        g = <object>found
        last = plain and node in owned and node not in kept
        for pair in contributions(node, g, needed, create_graph, careful, last):
            x = <Node>pair[0]
            c = pair[1]
            found = PyDict_GetItem(cotangents, x)
            if found is NULL:
                cotangents[x] = c
                if (plain or x._args is None) and is_fresh(c, g, node):
                    owned.add(x)
            elif create_graph:
                cotangents[x] = <object>found + c
            elif x in owned:
                if not add_to(<object>found, c):
                    np_add(<object>found, c, <object>found)
            else:
                a = combine(ADD, <object>found, c)
                cotangents[x] = asarray(<object>found + c) if a is None else a
                owned.add(x)
        if kept is not None and node not in kept:
            del cotangents[node]
    return cotangents


cdef bint any_nan(dict cotangents, list nodes):
    """Whether the gradient of a leaf among ``nodes`` holds a NaN."""
    cdef Node node
    for node in nodes:
        if node._args is None:
            g = cotangents.get(node)
            if g is not None and has_nan(g):
                return True
    return False


def backward(Node root, object seed, bint free):
    """Add the gradient of ``root`` to every leaf below it; give intermediates theirs.

    The sweep runs at full speed first. Only if a NaN reaches a leaf is it run again with a check at
    every elementwise operation that a zero cotangent stays zero.
    """
    cdef list order = topological_order(root)
    cdef set owned = set(), kept = set() if free else None
    cdef dict cotangents = propagate(order, seed, None, kept, False, False, owned)
    cdef Node node
    if any_nan(cotangents, order):
        owned.clear()
        cotangents = propagate(order, seed, None, kept, False, True, owned)
    for node in order:
        g = cotangents.get(node)
        if node._args is not None:
            node._grad = g
        elif g is None:
            continue
        elif node._grad is None:
            node._grad = g if node in owned else g.copy()
        else:
            np_add(node._grad, g, node._grad)
    if free:
        for node in order:
            if node._args is not None:
                node._args = None
                node._params = None
                node._freed = True


def pullback(Node root, object seed, list wrt, bint create_graph):
    """Gradients of ``root`` with respect to the nodes ``wrt``; touches no ``grad``.

    Plain arrays, or Tensors that can be differentiated again with ``create_graph``. None stands for
    a node that ``root`` does not depend on.
    """
    cdef list order = topological_order(root)
    cdef set kept = set(wrt), needed = set(wrt)
    cdef Node node
    for node in order:
        if node._args is not None and node not in needed:
            for a in node._args:
                if isinstance(a, Node) and a in needed:
                    needed.add(node)
                    break
    cdef set owned = set()
    cdef dict cotangents = propagate(order, seed, needed, kept, create_graph, create_graph, owned)
    if create_graph:
        return [cotangents.get(node) for node in wrt]
    if any([has_nan(g) for g in cotangents.values()]):
        owned.clear()
        cotangents = propagate(order, seed, needed, kept, False, True, owned)
    found = [cotangents.get(node) for node in wrt]
    return [g if g is None or n in owned else g.copy() for n, g in zip(wrt, found)]


def leaves(Node root):
    """The leaves below ``root`` that want a gradient."""
    return [n for n in topological_order(root) if (<Node>n)._args is None]
