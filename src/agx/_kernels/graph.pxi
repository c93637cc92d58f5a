"""Nodes of the computational graph, and operations that record themselves in it.

This module knows graphs and nothing of calculus: derivatives are Python functions in a table. What it asks of
arrays and does with them comes first, the backward sweep and Scalars last.
"""

cdef extern from *:
    """
    #if defined(_MSC_VER)
        #define AGX_THREAD_LOCAL __declspec(thread)
    #else
        #define AGX_THREAD_LOCAL _Thread_local
    #endif
    /* What this thread does with new nodes: RECORDING, NOTING, TRACING and TIMING, FOLLOWING where the first
       is asked of the context, as an event loop has several tasks; who makes the notes, and who times. */
    static AGX_THREAD_LOCAL int agx_recording = 1;
    static AGX_THREAD_LOCAL PyObject *agx_note_maker = NULL;
    static AGX_THREAD_LOCAL PyObject *agx_timer = NULL;
    /* While a hand-written _backward runs: what its node and inputs have for a gradient, by node, and what
       its inputs were that have been assigned into. */
    static AGX_THREAD_LOCAL PyObject *agx_shares = NULL;
    static AGX_THREAD_LOCAL PyObject *agx_stand_ins = NULL;

    /* Where there is no GIL, idle memory has a lock, and nodes are counted by an atomic. */
    #if defined(Py_GIL_DISABLED)
        static PyMutex agx_memory;
        #define agx_lock_memory() PyMutex_Lock(&agx_memory)
        #define agx_unlock_memory() PyMutex_Unlock(&agx_memory)
        #if defined(_MSC_VER)
            #include <intrin.h>
            #define agx_next(n) ((unsigned long long)_InterlockedIncrement64((volatile long long *)(n)))
        #else
            #define agx_next(n) __atomic_add_fetch(n, 1, __ATOMIC_RELAXED)
        #endif
    #else
        #define agx_lock_memory() ((void)0)
        #define agx_unlock_memory() ((void)0)
        #define agx_next(n) (++*(n))
    #endif

    /* Gradients of leaves are added to by one thread at a time, which may come back for more. */
    static PyThread_type_lock agx_gradients;
    static volatile unsigned long agx_owner;
    static int agx_depth;

    static void agx_forget_locks(void) {
        agx_gradients = PyThread_allocate_lock();
        agx_owner = 0;
        agx_depth = 0;
    #if defined(Py_GIL_DISABLED)
        memset(&agx_memory, 0, sizeof agx_memory);
    #endif
    }

    static void agx_lock_gradients(void) {
        unsigned long me = PyThread_get_thread_ident();
        if (agx_owner != me) {
            if (!PyThread_acquire_lock(agx_gradients, NOWAIT_LOCK)) {
                Py_BEGIN_ALLOW_THREADS
                PyThread_acquire_lock(agx_gradients, WAIT_LOCK);
                Py_END_ALLOW_THREADS
            }
            agx_owner = me;
        }
        agx_depth++;
    }

    static void agx_unlock_gradients(void) {
        if (--agx_depth) return;
        agx_owner = 0;
        PyThread_release_lock(agx_gradients);
    }

    static void agx_hide_items(PyTypeObject *type) { type->tp_as_sequence->sq_item = NULL; }
    """
    void agx_hide_items(PyTypeObject *type)
    int agx_recording
    PyObject *agx_note_maker
    PyObject *agx_timer
    PyObject *agx_shares
    PyObject *agx_stand_ins
    void agx_lock_memory() noexcept nogil
    void agx_unlock_memory() noexcept nogil
    unsigned long long agx_next(unsigned long long *n) noexcept nogil
    void agx_forget_locks() noexcept
    void agx_lock_gradients() noexcept
    void agx_unlock_gradients() noexcept

agx_forget_locks()
cdef object ndarray = np.ndarray
cdef object asarray = np.asarray


cdef enum:
    RECORDING = 1
    NOTING = 2
    TRACING = 4
    FOLLOWING = 8
    TIMING = 16

# How many numbers were given to nodes, and whether any array was ever assigned into.
cdef unsigned long long recorded = 0
cdef bint assigned = False

cdef object recorded_here = ContextVar("agx.recording", default=True)


cdef int follow() except -1:
    """Do as the task does that runs now."""
    global agx_recording
    agx_recording = (agx_recording & ~RECORDING) | <bint>recorded_here.get()
    return 0


def follow_contexts():
    """Keep apart from now on what the tasks of this thread's event loop record."""
    global agx_recording
    if not agx_recording & FOLLOWING:
        recorded_here.set(bool(agx_recording & RECORDING))
        agx_recording |= FOLLOWING


cdef int recording() except -1:
    """0 if nothing is recorded, else RECORDING, with NOTING where nodes get notes."""
    if agx_recording & FOLLOWING:
        follow()
    return agx_recording if agx_recording & RECORDING else 0


cdef bint is_tracing() noexcept nogil:
    return agx_recording & TRACING


cdef bint is_symbol(object x) noexcept:
    """Whether ``x`` stands for an array while a function is being compiled."""
    return symbol_class is not None and type(x) is symbol_class


cdef type symbol_class = None
cdef object symbolic = None
cdef object symbolic_rule = None
cdef object meet = None
cdef object np_zeros = np.zeros
cdef object generic = np.generic
cdef object ufunc = np.ufunc
cdef object np_square = np.square
cdef tuple no_args = ()
cdef type tensor_class = None
cdef object refuse_kind = None
cdef object otherwise = None
cdef object lose = None
cdef object check_closure = None
cdef object refuse_change = None
cdef type window_class = None
cdef object attach = None
cdef object through = None


def declare_tensor(type cls):
    """Name the class that results are made of; called once, by the module that defines it."""
    global tensor_class
    tensor_class = cls
    hide_items(cls)


def hide_items(type cls):
    """Let C code ask for the elements of a class as of a mapping, not as of a sequence.

    NumPy says of a sequence that is assigned to an element only that it is one, and not what went wrong.
    """
    agx_hide_items(<PyTypeObject *>cls)


def new_tensor(object value):
    """Return a new leaf that holds ``value``, for those below the module that defines Tensors."""
    return tensor_class(value)


def declare_refusals(object constants, object failures, object losses, object closures, object changes):
    """Name what refuses constants, sees failures, and refuses to lose gradients, closures and changes."""
    global refuse_kind, otherwise, lose, check_closure, refuse_change
    refuse_kind, otherwise, lose = constants, failures, losses
    check_closure, refuse_change = closures, changes


def declare_symbols(type symbols, object values, object rules, object meeting):
    """Name the class of symbols, what computes values and pull-backs with them, and what is told of nodes."""
    global symbol_class, symbolic, symbolic_rule, meet
    symbol_class, symbolic, symbolic_rule, meet = symbols, values, rules, meeting


def set_tracing(bint on):
    """Let symbols stand for the values of Tensors in this thread, or no longer; returns what was."""
    global agx_recording
    cdef bint before = agx_recording & TRACING
    agx_recording = (agx_recording & ~TRACING) | (TRACING if on else 0)
    return before


def hold(Node node, object value, bint gradient=False):
    """Let a symbol or an array be the value or the gradient of a node, as it is."""
    if gradient:
        node._grad = value
        node.spent = False
    else:
        node._value = value


def declare_memory(type windows, object attaching, object calls):
    """Name the class of windows on arrays that are assigned into, what opens one, and what reads through."""
    global window_class, attach, through
    window_class, attach, through = windows, attaching, calls


def set_recording(bint on):
    """Turn recording on or off in this thread; returns what it was."""
    global agx_recording
    cdef bint before = recording() != 0
    agx_recording = (agx_recording & ~RECORDING) | on
    if agx_recording & FOLLOWING:
        recorded_here.set(on)
    return before


def newest_number():
    """The number of the node that was made or recorded last."""
    return recorded


def is_recording():
    """Tell whether operations in this thread are recorded for a backward pass."""
    return recording() != 0


def set_note_maker(object maker):
    """Let ``maker(node)`` make the note of each node that this thread records; returns who did before."""
    global agx_recording, agx_note_maker
    before = None
    if agx_note_maker is not NULL:
        before = <object>agx_note_maker
        Py_DECREF(before)
    agx_note_maker = NULL
    agx_recording &= ~NOTING
    if maker is not None:
        Py_INCREF(maker)
        agx_note_maker = <PyObject *>maker
        agx_recording |= NOTING
    return before


cdef int take_note(object node) except -1:
    """Ask this thread's maker for the note of a node that was just recorded."""
    global agx_recording
    cdef object maker = <object>agx_note_maker
    agx_recording &= ~NOTING  # What the maker itself computes gets none.
    try:
        node.note = maker(node)
    finally:
        if agx_note_maker is not NULL:
            agx_recording |= NOTING
    return 0


def declare_arithmetic(Primitive add, Primitive subtract, Primitive multiply, Primitive divide,
                       Primitive power):
    """Name the operations whose values and pull-backs are also known here, for speed."""
    add.operation = ADD
    subtract.operation = SUBTRACT
    multiply.operation = MULTIPLY
    divide.operation = DIVIDE
    power.operation = POWER


cdef inline object value_of(object a):
    """An argument without its graph: the value of a node, or anything else as it is."""
    return (<Node>a)._value if isinstance(a, Node) else a


cdef inline object extra(dict extras, str name, object otherwise):
    """What few nodes have: a label, a note, hooks."""
    return otherwise if extras is None else extras.get(name, otherwise)


def do_nothing():
    """The ``_backward`` of a leaf."""


@cython.auto_pickle(False)
cdef class Node:
    """A value in the graph together with the operation and the arguments it came from."""

    def __cinit__(self):
        number(self)

    cdef object share(self):
        """Note that code outside may write into the value from now on."""
        self._shared = True
        if is_symbol(self._value):
            return
        if self._needed or self._args is not None:
            self._print = fingerprint(self._value)
            self._printed = True
        if self._args is not None and not has_own_memory(self._value):
            for a in self._args:
                if isinstance(a, Node) and not (<Node>a)._shared:
                    (<Node>a).share()

    cdef Node now(self):
        """The node that holds what this Tensor is now: itself, unless its memory was assigned into."""
        if self._memory is None:
            return self
        window = window_of(self)
        return self if window is None else <Node>window.node

    cdef tuple settled(self):
        """The arguments of what this Tensor is now."""
        cdef Node node = self.now()
        if assigned:
            settle_arguments(node)
        return node._args

    def _init(self, object value, str op, object closure, object inputs, str label,
              bint requires_grad):
        self._value = value
        self._shared = True
        if op:
            self._extras = {**(self._extras or {}), "op": op}
        if label:
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
            given = nodes
            nodes = tuple([present_node(<Node>node) for node in nodes])
            for node in nodes:
                if (<Node>node)._requires_grad:
                    self._requires_grad = recording() != 0
            if self._requires_grad:
                self._args = nodes
                remember_given(self, given)
                number(self)
                locate(self)
                for node in nodes:
                    (<Node>node)._needed = True
                if agx_recording & NOTING:
                    take_note(self)
            else:
                self._closure = closure or do_nothing

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
        """File, line and function of the program that made this node; None for leaves."""
        cdef Node node = self.now()
        return place(node._code, node._instruction)

    @property
    def scope(self):
        """The call of a module in which this node was recorded, or None."""
        return self.now()._scope

    @property
    def value(self):
        if agx_recording & TRACING:
            meet(self)
        if self._memory is not None and (window := window_of(self)) is not None:
            if agx_stand_ins is not NULL and self in <dict>agx_stand_ins:
                return (<Node>(<dict>agx_stand_ins)[self])._value
            return window.value
        if not self._shared:
            self.share()
        return self._value

    @property
    def array(self):
        """The value, for code that only reads it and lets it go."""
        if agx_recording & TRACING:
            meet(self)
        if self._memory is not None and (window := window_of(self)) is not None:
            return window.array
        return self._value

    @property
    def kept(self):
        """The value before anything was assigned into it, which is what graphs of that time refer to."""
        return self._value

    @property
    def writable(self):
        """The value, to be written into; graphs that need what it was will know."""
        self._version += 1
        return self._value

    @property
    def disposable(self):
        """Whether nobody needs the value of this sum, difference or product, nor its pull-back."""
        if self._args is None or self._needed or self._shared or self._memory is not None:
            return False
        if self._primitive is None or _Py_REFCNT(<PyObject *>self._value) > 1:
            return False
        return ADD <= self._primitive.operation <= MULTIPLY

    @property
    def shared(self):
        """Whether code outside the graph may hold the value."""
        return self._shared

    @shared.setter
    def shared(self, bint flag):
        self._shared = flag

    @property
    def shape(self):
        """The lengths of the axes."""
        return self._value.shape

    @property
    def ndim(self):
        """The number of axes."""
        return self._value.ndim

    @property
    def size(self):
        """The number of elements."""
        return self._value.size

    @property
    def dtype(self):
        """float32, float64, complex64 or complex128."""
        return self._value.dtype

    @value.setter
    def value(self, new):
        if self._memory is not None and (window := window_of(self)) is not None:
            window.fill(new)
        elif new is not self._value:
            new = new if is_symbol(new) else asarray(new)
            if not is_held(new.dtype):
                new = as_held("value", new)
            if not self._shared:
                self.share()
            self._value = new
            self._version += 1
            self._shared = True
            if self._grad is not None and (self._grad.shape != new.shape
                                           or self._grad.dtype != new.dtype):
                self._grad = None

    @property
    def grad(self):
        """The gradient, of the value's shape and dtype; zeros if none has arrived."""
        if self._memory is not None and (window := window_of(self)) is not None:
            if agx_stand_ins is not NULL and self in <dict>agx_stand_ins:
                return (<dict>agx_stand_ins)[self].grad
            found = window.grad
            return np_zeros(self._value.shape, self._value.dtype) if found is None else found
        self.spent = False
        if agx_shares is not NULL and self in <dict>agx_shares:
            found = (<dict>agx_shares)[self]
            if found is None:
                found = (<dict>agx_shares)[self] = np_zeros(self._value.shape, self._value.dtype)
            return found
        if self._grad is None:
            self._grad = np_zeros(self._value.shape, self._value.dtype)
        return self._grad

    @grad.setter
    def grad(self, new):
        if self._memory is not None and (window := window_of(self)) is not None:
            if agx_stand_ins is not NULL and self in <dict>agx_stand_ins:
                (<dict>agx_stand_ins)[self].grad = new
            else:
                window.set_grad(new)
            return
        if agx_recording & TRACING:
            meet(self, True)
        self.spent = False
        if new is None or is_symbol(new) or new is (self._grad if agx_shares is NULL else
                                                    (<dict>agx_shares).get(self, self._grad)):
            set_gradient(self, new)
            return
        cdef bint node = isinstance(new, Node)
        new = new if node else asarray(new)
        if new.shape != self._value.shape and (node or new.shape != ()):
            raise ValueError(f"grad: expected shape {self._value.shape} (the value's), got {new.shape}")
        if node:
            set_gradient(self, new)
            return
        fresh = np_zeros(self._value.shape, self._value.dtype)
        fresh += new
        set_gradient(self, fresh)

    @property
    def grad_or_none(self):
        """The gradient, or None if none has arrived."""
        if self._memory is not None and (window := window_of(self)) is not None:
            return window.grad
        if agx_recording & TRACING:
            meet(self)
        return gradient_of(self)

    @property
    def traced(self):
        """Whether a transform such as ``ag.grad`` differentiates what is computed from this node."""
        return self._traced if self._memory is None else self.now()._traced

    @traced.setter
    def traced(self, bint flag):
        self._traced = flag

    @property
    def requires_grad(self):
        """Whether a backward pass computes a gradient for this node."""
        return self._requires_grad if self._memory is None else self.now()._requires_grad

    @requires_grad.setter
    def requires_grad(self, bint flag):
        if self._memory is not None and (window := window_of(self)) is not None:
            if not window.settle(self):
                (<Node>window.origin).requires_grad = flag
                return
        if self._args is not None and not flag:
            raise RuntimeError(f"requires_grad: the result of op '{self.op}' depends on its inputs; "
                               "use .detach()")
        self._requires_grad = flag

    @property
    def is_leaf(self):
        """Whether this node was made by hand rather than by an operation on the graph."""
        return self.now()._args is None

    @property
    def inputs(self):
        """The nodes this one was computed from, in order, repeated as often as they were used."""
        cdef tuple args = self.settled()
        return [] if args is None else [a for a in args if isinstance(a, Node)]

    @property
    def arguments(self):
        """Everything this node was computed from: nodes, arrays and numbers, in order."""
        cdef tuple args = self.settled()
        return () if args is None else args

    @property
    def params(self):
        """The keyword arguments of the operation that made this node."""
        return dict(self.now()._params or {})

    @property
    def op(self):
        """The name of the operation that made this node; empty for a leaf."""
        cdef Node node = self.now()
        return extra(node._extras, "op", "") if node._primitive is None else node._primitive.name

    @property
    def primitive(self):
        """The primitive that made this node, or None."""
        return self.now()._primitive

    @property
    def _backward(self):
        if self._closure is not None:
            return self._closure
        if self._args is None:
            return do_nothing
        return PyMethod_New(push, self)

    @_backward.setter
    def _backward(self, closure):
        check_closure(closure, self._args is not None or self._closure is not None, self._primitive)
        self._closure = closure
