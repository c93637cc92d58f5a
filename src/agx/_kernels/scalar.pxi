"""Scalar: one number in the computational graph, with the arithmetic of Python's float.

Each operation computes its value and, in the same stroke, its partial derivatives as plain numbers;
the backward pass multiplies them along the edges (the chain rule as drawn on a blackboard).

Their sweep is a loop of its own, not that of Tensors: edges hold numbers, so that it calls no pull-back.
Where one of these is infinite Tensors are asked, which know what 0 times infinity is.
"""

cdef dict hooked = None
cdef object hooks = None
cdef object sweep_as_tensors = None


def declare_sweep(object function):
    """Name the function that does what ``backward`` does with Tensors in the place of Scalars."""
    global sweep_as_tensors
    sweep_as_tensors = function


def declare_hooks(dict nodes, object functions):
    """Name the table of nodes that have hooks, and the module that registers and runs them."""
    global hooked, hooks
    hooked, hooks = nodes, functions


@cython.trashcan(True)
cdef class Scalar:
    """Hold a number, its gradient, and how it was computed.

    ``value`` and ``grad`` are floats. Operators take Scalars and plain numbers on either side.
    ``inputs``, ``op`` and ``_backward`` describe an operation of your own. Programs written for micrograd
    find ``data``, ``_prev`` and ``_op``, and may say ``Scalar(data, children, op)``.

    >>> x = ag.Scalar(3.0, label="x")
    >>> y = x * x + 1
    >>> y.backward()
    >>> x.grad
    6.0
    """

    cdef public double value
    cdef public double grad
    cdef double _dx
    cdef double _dy
    cdef Scalar _x
    cdef Scalar _y
    cdef tuple _inputs
    # Whether ``_extras`` has a hand-written closure.
    cdef bint _own
    cdef bint _seen
    cdef readonly bint _constant
    cdef public str op
    cdef public dict _extras
    cdef object _code
    cdef int _instruction
    cdef object __weakref__

    def __init__(self, value, op="", _backward=None, inputs=(), label=""):
        if isinstance(value, Scalar):
            raise TypeError("Scalar: expected a number, got a Scalar; use its .value for a fresh leaf")
        if isinstance(op, (tuple, list, set)):
            op, _backward, inputs = ("" if _backward is None else _backward), None, op
        self.value = float(value)
        self.op = op
        if label:
            self.label = label
        self.inputs = inputs
        if _backward is not None:
            self._backward = _backward

    @property
    def label(self):
        """A name for people; empty if none was given."""
        return extra(self._extras, "label", "")

    @label.setter
    def label(self, str new):
        self._extras = {**(self._extras or {}), "label": new}

    @property
    def note(self):
        """What somebody has noted about this node, such as a line of the source; None if nobody has."""
        return extra(self._extras, "note", None)

    @note.setter
    def note(self, new):
        self._extras = {**(self._extras or {}), "note": new}

    @property
    def where(self):
        """File, line and function of the program that made this number; None for leaves."""
        return place(self._code, self._instruction)

    @property
    def inputs(self):
        """The Scalars this one was computed from, in order, repeated as often as they were used."""
        if self._inputs is not None:
            return list(self._inputs)
        return [s for s in (self._x, self._y) if s is not None]

    @inputs.setter
    def inputs(self, nodes):
        self._inputs = None
        self._x = self._y = None
        cdef tuple given = tuple(nodes)
        for node in given:
            if not isinstance(node, Scalar):
                raise TypeError(f"inputs: expected Scalars, got {type(node).__name__}")
        if given and recording():
            self._inputs = given
            self._code = agx_running(&self._instruction)
            if recording() & NOTING:
                take_note(self)

    @property
    def data(self):
        """The same as ``value``, as micrograd has it."""
        return self.value

    @data.setter
    def data(self, double new):
        self.value = new

    @property
    def _prev(self):
        """The set of ``inputs``, as micrograd has it."""
        return set(self.inputs)

    @property
    def _op(self):
        """The operation as micrograd writes it, such as "+"."""
        if self.op == "pow" and self._y is not None:
            return f"**{self._y.value:g}"
        return SYMBOLS.get(self.op, self.op)

    @property
    def _backward(self):
        """The function that passes this node's gradient on to its inputs."""
        return extra(self._extras, "closure", None) or self._push

    @_backward.setter
    def _backward(self, closure):
        hooks.check_closure(closure, not is_leaf(self) or not recording())
        self._extras = {**(self._extras or {}), "closure": closure}
        self._own = closure is not None

    def _push(self):
        push_number(self)

    def backward(self, double seed=1.0):
        """Add the derivative of this number to the ``grad`` of every leaf it was computed from.

        Leaves accumulate over calls; intermediate results start afresh at each call. ``seed`` is the
        derivative to start from. Raises RuntimeError for an operation of your own without a
        ``_backward``.

        >>> x = ag.Scalar(2.0)
        >>> (x**3).backward()
        >>> x.grad
        12.0
        """
        cdef list order = results_below(self)
        cdef Scalar node
        cdef bint doubt = not isfinite(self.value), own = False
        for x in order:
            node = <Scalar>x
            if not node._own and node._inputs is not None:
                raise RuntimeError(f"backward: op '{node.op}' has inputs but no _backward; set "
                                   "out._backward to a function that adds to the inputs' grad")
            node.grad = 0.0
            own |= node._own
            doubt |= not isfinite(node._dx) or not isfinite(node._dy)
        if doubt and order and not own:
            return sweep_as_tensors(self, order, seed)
        if hooked:
            return hooks.sweep_scalars(self, order, seed)
        if is_leaf(self):
            self.grad += seed
            return
        self.grad = seed
        for x in reversed(order):
            node = <Scalar>x
            if node._own:
                node._extras["closure"]()
            elif node.grad != 0.0:
                push_number(node)

    @cython.always_allow_keywords(True)
    def register_hook(self, hook):
        """Call ``hook(gradient)`` when the gradient is complete, as ``Tensor.register_hook`` does.

        >>> x = ag.Scalar(2.0)
        >>> handle = x.register_hook(lambda g: 10 * g)
        >>> (x * x).backward()
        >>> x.grad
        40.0
        """
        return hooks.register(self, hook)

    @cython.always_allow_keywords(True)
    def register_post_accumulate_grad_hook(self, hook):
        """Call ``hook(leaf)`` when a gradient was added to ``grad``, as of a Tensor."""
        return hooks.register_after(self, hook)

    def explain(self):
        """Tell the local rule in symbols and numbers, a sentence for each input.

        >>> a, b = ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")
        >>> print((a * b).explain().lines[0].text)
        d(a*b)/da = b = -3.0; incoming 1.0; contributes -3.0; a.grad: 0.0 -> -3.0
        """
        return hooks.explain(self)

    @property
    def arguments(self):
        """The same as ``inputs``: every number in a Scalar graph is a node."""
        return tuple(self.inputs)

    def item(self):
        """Return the value as a Python float."""
        return self.value

    def __float__(self):
        return self.value

    def __int__(self):
        return int(self.value)

    def __bool__(self):
        return self.value != 0.0

    def __hash__(self):
        return <Py_ssize_t><void *>self >> 4

    def __format__(self, spec):
        return format(self.value, spec) if spec else repr(self)

    def __repr__(self):
        op = f", op='{self.op}'" if self.op else ""
        label = f", label='{self.label}'" if self.label else ""
        return f"Scalar({self.value:.6g}, grad={self.grad:.6g}{op}{label})"

    def _repr_html_(self):
        return hooks.html_of_number(self)

    def __richcmp__(self, other, int how):
        cdef double a, b
        if not as_number(self, &a) or not as_number(other, &b):
            return NotImplemented
        if how == 0:
            return a < b
        if how == 1:
            return a <= b
        if how == 2:
            return a == b
        if how == 3:
            return a != b
        if how == 4:
            return a > b
        return a >= b

    def __add__(a, b):
        cdef Scalar x = as_scalar(a), y = as_scalar(b)
        if x is None or y is None:
            return NotImplemented
        return record_number("add", x.value + y.value, x, 1.0, y, 1.0)

    def __radd__(a, b):
        cdef Scalar y = as_scalar(b)
        return NotImplemented if y is None else y + a

    def __sub__(a, b):
        cdef Scalar x = as_scalar(a), y = as_scalar(b)
        if x is None or y is None:
            return NotImplemented
        return record_number("sub", x.value - y.value, x, 1.0, y, -1.0)

    def __rsub__(a, b):
        cdef Scalar y = as_scalar(b)
        return NotImplemented if y is None else y - a

    def __mul__(a, b):
        cdef Scalar x = as_scalar(a), y = as_scalar(b)
        if x is None or y is None:
            return NotImplemented
        return record_number("mul", x.value * y.value, x, y.value, y, x.value)

    def __rmul__(a, b):
        cdef Scalar y = as_scalar(b)
        return NotImplemented if y is None else y * a

    def __truediv__(a, b):
        cdef Scalar x = as_scalar(a), y = as_scalar(b)
        if x is None or y is None:
            return NotImplemented
        cdef double out = x.value / y.value
        return record_number("div", out, x, 1.0 / y.value, y, -out / y.value)

    def __rtruediv__(a, b):
        cdef Scalar y = as_scalar(b)
        return NotImplemented if y is None else y / a

    def __pow__(a, b, modulo):
        cdef Scalar x = as_scalar(a), y = as_scalar(b)
        if x is None or y is None or modulo is not None:
            return NotImplemented
        cdef double out = c_pow(x.value, y.value), dx = 0.0, dy = 0.0
        if y.value != 0.0:
            dx = y.value * c_pow(x.value, y.value - 1.0)
        if not y._constant and (x.value != 0.0 or y.value < 0.0):
            dy = out * c_log(x.value)
        return record_number("pow", out, x, dx, y, dy)

    def __rpow__(a, b, modulo):
        cdef Scalar y = as_scalar(b)
        return NotImplemented if y is None or modulo is not None else y ** a

    def __neg__(Scalar a):
        return record_number("neg", -a.value, a, -1.0, None, 0.0)

    def __pos__(Scalar a):
        return a

    def __abs__(Scalar a):
        cdef double sign = (a.value > 0.0) - (a.value < 0.0)
        return record_number("abs", fabs(a.value), a, sign, None, 0.0)

    def exp(Scalar a):
        """Return e to the power of this number."""
        cdef double out = c_exp(a.value)
        return record_number("exp", out, a, out, None, 0.0)

    def log(Scalar a):
        """Return the natural logarithm: -inf at 0, NaN below."""
        return record_number("log", c_log(a.value), a, 1.0 / a.value, None, 0.0)

    def sqrt(Scalar a):
        """Return the square root."""
        cdef double out = c_sqrt(a.value)
        return record_number("sqrt", out, a, 0.5 / out, None, 0.0)

    def relu(Scalar a):
        """Return the number if it is positive, else 0; the derivative at 0 is 0."""
        cdef bint on = a.value > 0.0
        return record_number("relu", a.value if on or a.value != a.value else 0.0, a, on, None, 0.0)

    def tanh(Scalar a):
        """Return the hyperbolic tangent."""
        cdef double out = c_tanh(a.value)
        return record_number("tanh", out, a, 1.0 - out * out, None, 0.0)

    def sigmoid(Scalar a):
        """Return 1 / (1 + exp(-x)), without overflow."""
        cdef double e = c_exp(-fabs(a.value))
        cdef double out = (1.0 if a.value >= 0.0 else e) / (1.0 + e)
        return record_number("sigmoid", out, a, e / ((1.0 + e) * (1.0 + e)), None, 0.0)

    @cython.always_allow_keywords(True)
    def maximum(Scalar a, other):
        """Return the larger of two numbers; a tie shares the derivative."""
        cdef Scalar b = as_scalar(other)
        if b is None:
            raise TypeError(f"maximum: expected a Scalar or a number, got {type(other).__name__}")
        cdef double share = 0.5 if a.value == b.value else <double>(a.value > b.value)
        return record_number("maximum", a.value if a.value >= b.value else b.value, a, share, b, 1.0 - share)

    @cython.always_allow_keywords(True)
    def minimum(Scalar a, other):
        """Return the smaller of two numbers; a tie shares the derivative."""
        return -(-a).maximum(-other)

    @staticmethod
    def __agx_call__(primitive, args, params):
        """Answer a function of ``ag`` that was given Scalars."""
        if "axis" in params:  # ag.max(a, b): the second number arrives as ``axis``
            args = (*args, params["axis"])
        return apply_to_numbers(primitive.scalar, primitive.name, args)

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        if method != "__call__" or kwargs:
            return NotImplemented
        name = UFUNCS.get(ufunc.__name__, ufunc.__name__)
        return apply_to_numbers(FUNCTIONS.get(name), name, args)


#: By the names of agx's own primitives, which the engine declares them for.
FUNCTIONS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "pow": operator.pow, "neg": operator.neg, "abs": operator.abs,
    "exp": Scalar.exp, "log": Scalar.log, "sqrt": Scalar.sqrt, "relu": Scalar.relu,
    "tanh": Scalar.tanh, "sigmoid": Scalar.sigmoid,
    "maximum": Scalar.maximum, "minimum": Scalar.minimum, "max": Scalar.maximum, "min": Scalar.minimum,
}
SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "relu": "ReLU"}
UFUNCS = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "negative": "neg",
    "absolute": "abs",
}


cdef object apply_to_numbers(object function, str name, tuple args):
    if function is None:
        raise TypeError(f"{name}: not defined for Scalar, which has {', '.join(FUNCTIONS)}; "
                        "use ag.Tensor for the rest")
    numbers = [as_scalar(a) for a in args]
    if any([n is None for n in numbers]):
        kinds = ", ".join([type(a).__name__ for a in args])
        raise TypeError(f"{name}: a Scalar combines with Scalars and plain numbers only, got {kinds}; "
                        "for arrays use ag.Tensor")
    return function(*numbers)


cdef bint as_number(object s, double *out):
    if isinstance(s, Scalar):
        out[0] = (<Scalar>s).value
    elif isinstance(s, (int, float)):
        out[0] = s
    else:
        return False
    return True


cdef Scalar as_scalar(object s):
    """A Scalar for a Scalar or a plain number (a new leaf), None for anything else."""
    cdef Scalar constant
    if isinstance(s, Scalar):
        return <Scalar>s
    if isinstance(s, (int, float)) or (hasattr(s, "__float__") and not hasattr(s, "__len__")):
        constant = record_number("", s, None, 0.0, None, 0.0)
        constant._constant = True
        return constant
    return None


cdef Scalar record_number(str op, double value, Scalar x, double dx, Scalar y, double dy):
    cdef Scalar out = Scalar.__new__(Scalar)
    out.value = value
    out.op = op
    cdef int how
    if x is not None:
        how = recording()
        if how:
            out._x = x
            out._dx = dx
            out._y = y
            out._dy = dy
            out._code = agx_running(&out._instruction)
            if how & NOTING:
                take_note(out)
    return out


cdef bint is_leaf(Scalar s):
    return s._x is None and s._inputs is None


cdef void push_number(Scalar s):
    if s._x is not None:
        s._x.grad += s._dx * s.grad
        if s._y is not None:
            s._y.grad += s._dy * s.grad


cdef int expand_results(object top, set seen, list stack, list order) except -1:
    """Follow the inputs of a result that is met for the first time; leaves are left out."""
    cdef Scalar node = <Scalar>top
    if node._seen or is_leaf(node):
        return 0
    node._seen = True
    stack.append(node)
    stack.append(None)
    if node._inputs is not None:
        stack.extend(node._inputs)
        return 0
    stack.append(node._x)
    if node._y is not None:
        stack.append(node._y)
    return 0


cdef list results_below(Scalar root):
    """The results below ``root``, inputs before what is computed from them."""
    cdef list order = walk(root, expand_results)
    for x in order:
        (<Scalar>x)._seen = False
    return order
