"""Where nodes come from: the line of the program that made each, and the module in which it did."""

cdef extern from *:
    """
    static const char *agx_home = "";
    static Py_ssize_t agx_home_length = 0;
    static AGX_THREAD_LOCAL PyObject *agx_scope = NULL;

    static int agx_is_home(PyCodeObject *code) {
        PyObject *file = code->co_filename;
        const char *name;
        Py_ssize_t i = agx_home_length, length;
        if (PyUnicode_IS_COMPACT_ASCII(file)) {
            name = (const char *)PyUnicode_1BYTE_DATA(file);
            length = PyUnicode_GET_LENGTH(file);
        } else if ((name = PyUnicode_AsUTF8AndSize(file, &length)) == NULL) {
            PyErr_Clear();
            return 0;
        }
        if (length < i) return 0;
        while (i > 0 && name[i - 1] == agx_home[i - 1]) i--;  /* Other paths differ at the end first. */
        return i == 0;
    }

    /* The code and the instruction that this thread runs outside agx; without one, what called agx first. */
    static PyObject *agx_running(int *instruction) {
        PyFrameObject *frame = PyEval_GetFrame(), *held = NULL, *above;
        PyCodeObject *code;
        if (frame == NULL) Py_RETURN_NONE;
        while (agx_is_home(code = PyFrame_GetCode(frame)) && (above = PyFrame_GetBack(frame)) != NULL) {
            Py_DECREF(code);
            Py_XDECREF(held);
            frame = held = above;
        }
        *instruction = PyFrame_GetLasti(frame);
        Py_XDECREF(held);
        return (PyObject *)code;
    }

    static int agx_line(PyObject *code, int instruction) {
        return PyCode_Addr2Line((PyCodeObject *)code, instruction);
    }
    """
    const char *agx_home
    Py_ssize_t agx_home_length
    PyObject *agx_scope
    object agx_running(int *instruction)
    int agx_line(object code, int instruction)

cdef bytes home = b""


def declare_home(str folder):
    """Name the folder of agx, whose own lines are nobody's program."""
    global home, agx_home, agx_home_length
    home = folder.encode()
    agx_home, agx_home_length = home, len(home)


cdef object place(object code, int instruction):
    """File, line and function; None without code."""
    return None if code is None else (code.co_filename, agx_line(code, instruction), code.co_qualname)


cdef class Scope:
    """One call of a module: ``module``, and the Scope ``above`` in which it was called, or None."""


def enter(object module):
    """Let nodes of this thread be recorded in a new Scope, until ``leave``; returns it."""
    global agx_scope
    cdef Scope scope = Scope.__new__(Scope)
    scope.module = module
    if agx_scope is not NULL:
        scope.above = <Scope>agx_scope
    agx_scope = <PyObject *>scope
    return scope


def leave(Scope scope):
    """Return to the Scope above."""
    global agx_scope
    agx_scope = NULL if scope.above is None else <PyObject *>scope.above


def set_timer(object new):
    """Let ``new`` time what this thread does, or nobody; returns who did before."""
    global agx_recording, agx_timer
    before = None
    if agx_timer is not NULL:
        before = <object>agx_timer
        Py_DECREF(before)
    agx_timer = NULL
    agx_recording &= ~TIMING
    if new is not None:
        Py_INCREF(new)
        agx_timer = <PyObject *>new
        agx_recording |= TIMING
    return before


cdef int tell_plan(object timer, object start) except -1:
    """Tell a timer of a plan that has just ended."""
    cdef int instruction = 0
    code = agx_running(&instruction)
    timer.compiled(place(code, instruction), None if agx_scope is NULL else <Scope>agx_scope, start)
    return 0


cdef object locate(Node node):
    """Remember where a node is recorded."""
    node._code = agx_running(&node._instruction)
    if agx_scope is not NULL:
        node._scope = <Scope>agx_scope
