"""The backward sweep: cotangents carried from a result to what it was computed from.

Everything done to a gradient here (`+`, `sum`, `reshape`, `where`) works on plain arrays and, when the
backward pass itself is differentiated, on Tensors.
"""

cdef object np_add = np.add
cdef object mend = None
cdef object plain_of = None
cdef object deposit_symbol = None


def declare_mend(object function):
    """Name the function that says what a zero cotangent times an infinite derivative is, from its graph."""
    global mend
    mend = function


def declare_plain(object function, object deposits):
    """Name what gives up symbols for arrays, and with them the plan, and what leaves them with leaves."""
    global plain_of, deposit_symbol
    plain_of, deposit_symbol = function, deposits


# --- ways through a graph ----------------------------------------------------------------------------


cdef int expand_all(object node, set seen, list stack, list order) except -1:
    if node not in seen:
        seen.add(node)
        stack.append(node)
        stack.append(None)
        stack.extend(reversed(node.inputs))
    return 0


def nodes_below(root):
    """Every Tensor or Scalar that ``root`` was computed from, and itself, the first inputs first."""
    return walk(present_node(<Node>root) if isinstance(root, Node) else root, expand_all)


cdef int expand_wanted(object top, set seen, list stack, list order) except -1:
    """Follow the inputs that want a gradient of a node that is met for the first time."""
    cdef Py_ssize_t met = len(seen)
    cdef Node node
    seen.add(top)
    if len(seen) == met:
        return 0
    node = <Node>top
    if node._args is None:
        if node._freed:
            raise RuntimeError(f"backward: the graph behind op '{node.op}' was freed by an earlier "
                               "backward(); call that one with retain_graph=True to use a graph again, "
                               "or detach() what an earlier batch left, such as a hidden state, and make an "
                               "array that each step fills in that step")
        order.append(node)
        return 0
    stack.append(node)
    stack.append(None)
    if assigned:
        settle_arguments(node)
    for a in node._args:
        if isinstance(a, Node) and (<Node>a)._requires_grad:
            stack.append(a)
    return 0


cpdef list wanted_below(Node root):
    """The nodes below ``root`` that want a gradient, inputs before results.

    Where arrays were assigned into they come as they were recorded: what an array was written over with
    meets its cotangent before those who read the earlier numbers do, and each adds to it in place.
    """
    cdef list order = walk(present_node(root), expand_wanted)
    if assigned:
        for node in order:
            if (<Node>node).past:
                order.sort(key=number_of)
                break
    return order


def leaves_among(list order):
    """The nodes that were computed from nothing."""
    return [n for n in order if (<Node>n)._args is None]


def leaves_below(Node root):
    """The leaves below ``root`` that want a gradient."""
    return leaves_among(wanted_below(root))


# --- what a node passes on ----------------------------------------------------------------------------


cdef enum Care:
    # What is done about a NaN in a share: nothing, mend it, mend it in a result that is not finite
    # itself, or give up.
    NO_CARE
    MEND
    DOUBT
    GIVE_UP


cdef inline bint is_wanted(object a, set needed) except -1:
    """Whether an argument is a node that gets a share."""
    return isinstance(a, Node) and (<Node>a)._requires_grad and (needed is None or a in needed)


cdef list contributions(Node node, object g, set needed, bint create_graph, Care care, bint last,
                        object stacked):
    """Pairs (input, its share of the gradient) that ``node`` passes on for its cotangent ``g``.

    ``last`` tells that nobody needs the memory of ``g`` afterwards. Where ``g`` is a stack of cotangents,
    ``stacked(primitive, i, operands, params)`` computes the stack of shares. None if it gives up.
    """
    if node._primitive is None:
        return closure_contributions(node, g, create_graph)
    cdef Primitive p = node._primitive
    cdef bint known = p.operation != NONE and not create_graph and not care and stacked is None
    cdef tuple args = node._args, operands = None if known else operands_of(node, g, create_graph)
    cdef Py_ssize_t i, final = len(args) - 1
    cdef list shares = []
    cdef object a, c
    while known and last and final and not is_wanted(args[final], needed):
        final -= 1
    for i in range(len(args)):
        a = args[i]
        if not is_wanted(a, needed):
            continue
        c = None
        if stacked is not None:
            if last and p.overwrite is not None and i == len(args) - 1:
                c = apply(p.overwrite, operands, node._params)
            if c is None:
                c = stacked(p, i, operands, node._params or {})
            if c is not None:
                shares.append((a, c))
            continue
        if known:
            c = pull_back(p.operation, i, g, node._value, value_of(args[0]), value_of(args[1]),
                          last and i == final)
        elif last and p.overwrite is not None and i == len(args) - 1:
            c = apply(p.overwrite, operands, node._params)
        if c is None:
            if operands is None:
                operands = operands_of(node, g, False)
            c = p.rule(i, operands, node._params)
            if isinstance(c, Node):
                c = present_node(<Node>c)
                if not create_graph and not (<Node>c)._requires_grad:
                    c = (<Node>c)._value
        if c is None:
            continue
        if care == GIVE_UP:
            if has_nan(asarray(c)):
                return None
        elif care and p.elementwise:
            c = mend(node, i, g, c, care == DOUBT) if create_graph else silence(g, c)
        shares.append((a, fit(p.name, c, <Node>a)))
    if not intact(node):
        blame(node, operands_of(node, g if stacked is None else g[0], create_graph))
    return shares


cdef tuple operands_of(Node node, object g, bint create_graph):
    """(g, out, *args) for the pull-backs of ``node``: as arrays, or as nodes to be differentiated again."""
    cdef Py_ssize_t i, n = len(node._args)
    cdef tuple operands = PyTuple_New(n + 2)
    cdef object a = node if create_graph else node._value
    Py_INCREF(g)
    PyTuple_SET_ITEM(operands, 0, g)
    Py_INCREF(a)
    PyTuple_SET_ITEM(operands, 1, a)
    for i in range(n):
        a = node._args[i] if create_graph else value_of(node._args[i])
        Py_INCREF(a)
        PyTuple_SET_ITEM(operands, i + 2, a)
    return operands


# --- the sweep ---------------------------------------------------------------------------------------


def push(Node node):
    """Add this one node's contribution to the ``grad`` of each of its inputs."""
    if assigned:
        settle_arguments(node)
    for a, c in contributions(node, node.grad, None, False, NO_CARE, False, None):
        (<Node>a).grad += c


cdef list closure_contributions(Node node, object g, bint create_graph):
    """Run a hand-written ``_backward`` and read off what it added to each input's gradient."""
    if node._closure is None:
        raise RuntimeError(f"backward: op '{node.op}' has inputs but no _backward; set "
                           "out._backward to a function that adds to the inputs' grad")
    if create_graph:
        raise RuntimeError(f"op '{node.op}' has a hand-written _backward, which gives first derivatives "
                           "only; declare it with ag.primitive to differentiate twice")
    global agx_shares, agx_stand_ins
    cdef dict shares = dict.fromkeys(node._args), given = (node._extras or {}).get("given")
    shares[node] = g
    cdef PyObject *others = agx_shares
    cdef PyObject *before = agx_stand_ins
    agx_shares, agx_stand_ins = <PyObject *>shares, NULL if given is None else <PyObject *>given
    try:
        node._closure()
    finally:
        agx_shares, agx_stand_ins = others, before
    del shares[node]
    return [(a, c) for a, c in shares.items() if c is not None and (<Node>a)._requires_grad]


cdef object fit(str op, object c, Node x):
    """Give a contribution the shape and dtype of the node that it belongs to."""
    cdef object value = x._value
    if type(c) is ndarray and type(value) is ndarray and alike(c, value):
        return c
    if type(c) is not ndarray and not isinstance(c, Node) and not is_symbol(c):
        c = asarray(c)
    shape = value.shape
    if c.shape != shape:
        c = unbroadcast(op, c, shape)
    if c.dtype is not value.dtype and c.dtype != value.dtype:
        if c.dtype.kind == "c" and value.dtype.kind != "c":
            c = c.real
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


cdef bint add_in_place(Node node, object g, set needed, dict cotangents, set owned, object stacked) except -1:
    """Let ``node`` add its share to the cotangent of its only argument, if that is the sweep's own."""
    cdef Primitive p = node._primitive
    cdef PyObject *found
    cdef Node x
    if not isinstance(node._args[0], Node):
        return False
    x = <Node>node._args[0]
    if needed is not None and x not in needed:
        return False
    found = PyDict_GetItemWithError(cotangents, x)
    if found is NULL or (<object>found).dtype != g.dtype:
        return False
    if isinstance(<object>found, Node):
        if not x.version:
            return False
    elif x not in owned or type(<object>found) is not ndarray or isinstance(g, Node):
        return False
    if not intact(node):
        blame(node, operands_of(node, g if stacked is None else g[0], False))
    return p.accumulate(<object>found, g, stacked is not None, **node._params) is not False


cdef int complain(Node node, object g, object problem) except -1:
    """Raise what went wrong in a pull-back, or that an array was changed which explains it."""
    if not isinstance(problem, RuntimeError):
        if node._primitive is not None and not intact(node):
            blame(node, operands_of(node, g, False))
        rule = "_backward" if node._primitive is None else "pull-back"
        problem.add_note(f"in the {rule} of op '{node.op}'")
    raise problem


cdef inline bint accumulates(Node node):
    """Whether a node adds its share to a cotangent that it may add to, so that this be one."""
    return node._primitive is not None and node._primitive.accumulate is not None


cdef bint overwrote(Node node, object c, object g, bint alone):
    """Whether a pull-back left its result in the memory of the cotangent, for one argument."""
    cdef Primitive p = node._primitive
    return c is g and p is not None and (p.overwrite is not None or p.operation > ADD
                                         or (p.operation == ADD and alone))


cdef bint collect(dict cotangents, Node x, object c, bint create_graph, set owned) except -1:
    """Add a share to the cotangent of ``x``; False if it is the first."""
    cdef PyObject *found = PyDict_GetItemWithError(cotangents, x)
    if found is NULL:
        cotangents[x] = c
        return False
    if create_graph:
        cotangents[x] = <object>found + c
    elif x in owned:
        if is_symbol(c):
            cotangents[x] = <object>found + c
        elif not add_to(<object>found, c):
            np_add(<object>found, c, <object>found)
    elif is_symbol(<object>found) or is_symbol(c):
        cotangents[x] = <object>found + c
    else:
        cotangents[x] = asarray(compute(ADD, <object>found, c))
        owned.add(x)
    return True


cdef dict propagate(list order, object seed, set needed, set kept, bint create_graph,
                    Care care, set owned, object stacked, object watch, bint ends=False):
    """Carry cotangents from the last node of ``order`` to the first.

    Returns the cotangents of leaves and of the nodes in ``kept`` (None keeps all), or None if it gives up.
    ``owned`` collects nodes whose cotangent is an array of the sweep's own. ``watch`` is told of complete
    gradients, and answers with those to go on with (see ``hooks.Watch``). ``ends`` ends it at ``kept``.
    """
    cdef Py_ssize_t k
    cdef Node node, x
    cdef PyObject *found
    cdef bint last, fleeting, alone, telling = False
    cdef bint plain = kept is not None and not create_graph and not care
    cdef dict cotangents = {order[len(order) - 1]: seed}
    cdef tuple pair
    try:
        for k in range(len(order) - 1, -1, -1):
            node = <Node>order[k]
            if watch is not None:
                telling = True
                for x in watch.due.get(k, ()):
                    found = PyDict_GetItemWithError(cotangents, x)
                    if found is not NULL:
                        cotangents[x] = watch.tell(x, <object>found)
                        owned.discard(x)
                telling = False
            found = PyDict_GetItemWithError(cotangents, node)
            if found is NULL or node._args is None or (needed is not None and node not in needed):
                continue
            if ends and node in kept:
                continue
            g = <object>found
            timer = <object>agx_timer if agx_recording & TIMING else None
            if timer is not None:
                start = timer.clock()
            fleeting = node.past and (kept is None or node not in kept)
            last = fleeting and create_graph or (
                fleeting or (plain and stacked is None and node not in kept)) and node in owned
            if accumulates(node) and add_in_place(node, g, needed, cotangents, owned, stacked):
                if fleeting or (kept is not None and node not in kept):
                    del cotangents[node]
                if timer is not None:
                    timer.backward(node, start)
                continue
            shares = contributions(node, g, needed, create_graph, care, last, stacked)
            if shares is None:
                return None
            for pair in shares:
                x = <Node>pair[0]
                if collect(cotangents, x, pair[1], create_graph, owned):
                    continue
                alone = len(shares) == 1
                if ((plain or x._args is None or x.version or accumulates(node))
                        and (is_fresh(pair[1], g, node) or (last and overwrote(node, pair[1], g, alone)))):
                    owned.add(x)
            if timer is not None:
                timer.backward(node, start)
            if fleeting or (kept is not None and node not in kept):
                del cotangents[node]
    except Exception as problem:
        if telling:
            raise
        g = cotangents[node]
        complain(node, g if stacked is None else g[0], problem)
    return cotangents


cdef int deposit(Node leaf, object g, bint owned) except -1:
    """Add a gradient to that of a leaf."""
    leaf.spent = False
    if is_tracing() and deposit_symbol(leaf, g):
        return 0
    before = gradient_of(leaf)
    if before is None:
        if not owned:
            g = copied(g)
        set_gradient(leaf, g if isinstance(g, (cnp.ndarray, Node)) else asarray(g))
    elif isinstance(before, Node):
        set_gradient(leaf, before + g)
    else:
        np_add(before, g, before)
    return 0


cdef bint any_nan_among(dict cotangents, list nodes):
    """Whether the gradient of a leaf among ``nodes`` holds a NaN."""
    cdef Node node
    for a in nodes:
        node = <Node>a
        if node._args is None:
            g = cotangents.get(node)
            if g is not None and has_nan(g):
                return True
    return False


cdef Care care_of(list order, bint create_graph) except *:
    """What to do about a NaN, of which nobody need ask where none could be mended."""
    cdef Node node
    for a in order:
        node = <Node>a
        if node._args is not None and (node._primitive is None or node._primitive.settled <= create_graph):
            return MEND if is_finite(<Node>order[len(order) - 1]) else DOUBT
    return NO_CARE


cdef bint is_finite(Node root) except -1:
    """Whether a result holds neither NaN nor infinity."""
    if is_symbol(root._value):
        return bool(np.isfinite(root._value).all())
    if cnp.PyArray_SIZE(root._value) == 1 and is_floating(root._value):
        return isfinite(<double>root._value.item())
    return is_all_finite(root._value)


cdef object see_values(list order, object seed):
    """Give up the symbols of a graph for the arrays that they stand for; returns the seed as one."""
    cdef Node node
    for a in order:
        node = <Node>a
        node._value = plain_of(node._value)
        if node._args is not None:
            node._args = tuple([plain_of(a) for a in node._args])
        if node._params is not None:
            node._params = plain_of(node._params)
            node._settings = settings_of(node._params)
    return plain_of(seed)


cdef dict look_closer(list order, object seed, set needed, set kept, Care care, set owned, object watch,
                      bint ends):
    """The cotangents once more, where a NaN or an infinity has come out: with their graphs, which tell a
    zero by chance from one that stays zero. Operations that do without graphs have every zero stay zero.
    """
    owned.clear()
    if is_tracing():
        seed = see_values(order, seed)
    before = set_recording(True)
    try:
        found = propagate(order, seed, needed, kept, True, care, owned, None, watch, ends)
        return {node: value_of(g) for node, g in found.items()}
    except Exception:
        if watch is not None and watch.failed:
            raise
        owned.clear()
    finally:
        set_recording(before)
    return propagate(order, seed, needed, kept, False, MEND, owned, None, watch, ends)


cdef enum:
    # How many nodes, how many bytes of results and constants, and how many with the leaves, somebody may
    # want to look at after the sweep.
    MOST_NODES = 1000
    MOST_RESULTS = 1 << 18
    MOST_BYTES = 1 << 20


cdef Py_ssize_t bytes_of(object x) noexcept:
    """The memory of an array's own."""
    return cnp.PyArray_NBYTES(<cnp.ndarray>x) if type(x) is ndarray and has_own_memory(x) else 0


cdef bint is_large_graph(list order):
    """Whether a graph takes more memory than may stay behind after the sweep."""
    cdef Py_ssize_t results = 0, leaves = 0
    cdef Node node
    if len(order) > MOST_NODES:
        return True
    for a in order:
        node = <Node>a
        if node._args is None:
            leaves += bytes_of(node._value)
            continue
        results += 0 if node.past else bytes_of(node._value)
        for a in node._args:
            if not isinstance(a, Node) or not (<Node>a)._requires_grad:
                results += bytes_of(value_of(a))
    return results > MOST_RESULTS or results + leaves > MOST_BYTES


cdef int let_go(list order) except -1:
    """Cut the results of a graph off from what they were computed from."""
    cdef Node node
    for a in order:
        node = <Node>a
        if node._args is not None:
            node._args = None
            node._params = None
            node._closure = None
            node._freed = True
    return 0


def backward(Node root, object seed, bint free, bint retain, object watch=None):
    """Add the gradient of ``root`` to every leaf below it; give intermediates theirs.

    With ``free``, and unless it is small or ``retain`` keeps it, the graph is let go afterwards.

    The sweep runs at full speed first. Only if a NaN reaches a leaf, or the result is not finite, is it run
    again with a look at every elementwise operation where a zero cotangent meets an infinite derivative;
    with hooks it gives up at the first NaN, and each is told once.
    """
    cdef list order = wanted_below(root)
    if watch is not None and not watch.wants(order):
        watch = None
    cdef set owned = set(), kept = set() if free else None
    cdef Care care = care_of(order, False), first = GIVE_UP if care and watch is not None else NO_CARE
    cdef dict cotangents = None
    cdef Node node
    cdef PyObject *found
    if care != DOUBT:
        cotangents = propagate(order, seed, None, kept, False, first, owned, None, watch)
    if cotangents is None or (care and watch is None and any_nan_among(cotangents, order)):
        cotangents = look_closer(order, seed, None, kept, care, owned, watch, False)
    agx_lock_gradients()
    try:
        for a in order:
            node = <Node>a
            found = PyDict_GetItemWithError(cotangents, node)
            g = None if found is NULL else <object>found
            if node._args is not None:
                set_gradient(node, g)
            elif g is not None and (watch is None or node not in watch.told):
                deposit(node, g, node in owned)
    finally:
        agx_unlock_gradients()
    if free or (not retain and is_large_graph(order)):
        let_go(order)


def pullback(Node root, object seed, list wrt, bint create_graph, object watch=None, object stacked=None,
             bint ends=False, list order=None):
    """Gradients of ``root`` with respect to the nodes ``wrt``; touches no ``grad``.

    Plain arrays, or Tensors that can be differentiated again with ``create_graph``. None stands for
    a node that ``root`` does not depend on. With ``stacked`` seed and gradients are stacks (see
    ``contributions``), and the answer is None if it holds a NaN, which only a single sweep looks into.
    With ``ends`` the sweep does not go on to what lies below ``wrt``. ``order`` is what ``wanted_below``
    says, if it is known.
    """
    if order is None:
        order = wanted_below(root)
    wrt = [origin_node(node) for node in wrt]
    if watch is not None and not watch.wants(order):
        watch = None
    cdef Care care = care_of(order, create_graph), first = GIVE_UP if care and watch is not None else NO_CARE
    cdef bint closer = care == DOUBT
    cdef set kept = set(wrt), needed = set(wrt)
    cdef Node node
    for a in order:
        node = <Node>a
        if node._args is not None and node not in needed:
            for a in node._args:
                if isinstance(a, Node) and a in needed:
                    needed.add(node)
                    break
    cdef set owned = set()
    cdef dict cotangents = None
    if create_graph:
        cotangents = propagate(order, seed, needed, kept, True, care, owned, None, watch, ends)
        return [cotangents.get(node) for node in wrt]
    if not closer:
        cotangents = propagate(order, seed, needed, kept, False, first, owned, stacked, watch, ends)
        closer = cotangents is None or (
            care and watch is None and any([has_nan(g) for g in cotangents.values()]))
    if closer:
        if stacked is not None:
            return None
        cotangents = look_closer(order, seed, needed, kept, care, owned, watch, ends)
    found = [cotangents.get(node) for node in wrt]
    return [g if g is None or n in owned else copied(g) for n, g in zip(wrt, found)]
