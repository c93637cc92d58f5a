"""One operation, and what is known of it."""


@cython.auto_pickle(False)
cdef class Primitive:
    """One operation and all that is known of it; the object is its identity, the name is for people.

    ``function`` is its value. Positional arguments are differentiable, keyword arguments are metadata.
    ``vjps`` are one pull-back for each positional argument, called as ``rule(g, out, *args, **params)``,
    which returns None for a gradient that is zero everywhere; a variadic primitive has a single
    ``rule(i, g, out, *args, **params)``. The rest may be missing:

    ``kernel(x)`` computes the value of a large array otherwise, or returns None.
    ``stacked(i, g, out, *args, **params)`` pulls a stack of cotangents back to argument ``i`` at once, or
    returns None if it cannot. ``overwrite`` is a pull-back that leaves its result in the memory of ``g``;
    it is called when nobody else needs that, for the last argument. ``accumulate(total, g, lead, **params)``
    adds the share of the only argument to ``total`` in place, behind the first ``lead`` axes of both, or
    returns False if it cannot. ``views`` says that the value may share the memory of the first argument,
    ``keeps_zeros`` that where a cotangent is zero so are the shares, whatever the arguments are, and
    ``settled`` that its pull-backs make no NaN of arrays which they do not make of Tensors too.
    ``derivative`` has a ``Formula`` for each argument, or None. ``scalar`` is the same operation on Scalars.
    """

    def __init__(self, str name, object function, object vjps, bint elementwise=False, *,
                 object kernel=None, object stacked=None, object overwrite=None, object accumulate=None,
                 bint views=False, bint keeps_zeros=False, bint settled=False, tuple derivative=(),
                 object scalar=None):
        self.name = name
        self.function = function
        self.vjps = vjps
        self.variadic = callable(vjps)
        self.nin = getattr(function, "nin", 0)
        self.elementwise = elementwise or getattr(function, "signature", "") is None
        self.keeps_zeros = keeps_zeros or (
            self.elementwise and len(derivative) > 0 and all([d in ("0", "1", "-1") for d in derivative]))
        self.settled = 2 if self.keeps_zeros else settled
        self.floats = (self.elementwise and isinstance(function, ufunc) and function.nout == 1
                       and function.types[0][0] != "O")
        self.kernel = kernel
        self.stacked = stacked
        self.overwrite = overwrite
        self.accumulate = accumulate
        self.views = views
        self.derivative = derivative
        self.scalar = scalar
        self.__name__ = name

    def __call__(self, *args, **params):
        if params and isinstance(self.function, ufunc):
            return self.function(*args, **params)  # NumPy sends it back, with what it takes.
        if params:
            check_settings(self, params)
        try:
            if agx_recording & TIMING:
                timer = <object>agx_timer
                start = timer.clock()
                found = call(self, args, params if params else None)
                timer.forward(self, found, start)
                return found
            return call(self, args, params if params else None)
        except (TypeError, ValueError, IndexError, MemoryError) as problem:
            return otherwise(self, args, params, problem)

    def __get__(self, instance, owner):
        return self if instance is None else PyMethod_New(self, instance)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return f"<primitive {self.name}>"

    cdef object rule(self, Py_ssize_t i, tuple operands, dict params):
        """The pull-back of argument ``i`` applied to ``operands`` = (g, out, *args)."""
        if agx_recording & TRACING:
            found = symbolic_rule(self, i, operands, params or {})
            if found is not NotImplemented:
                return found
        if self.variadic:
            return apply(self.vjps, (i, *operands), params)
        vjp = self.vjps[i] if i < len(self.vjps) else None
        if vjp is None:
            raise TypeError(f"{self.name}: no gradient with respect to argument {i} is defined; "
                            "pass a plain array or .detach() it")
        return apply(vjp, operands, params)
