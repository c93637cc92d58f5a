"""Arrays that were changed between the forward pass and the sweep: whether a pull-back reads them."""


cdef bint unchanged(Node x) except -1:
    """Whether a node that code outside came to hold after it was used has kept its value."""
    if x._shared:
        return not x._printed or fingerprint(x._value) == x._print
    if x._args is not None and not is_symbol(x._value) and not has_own_memory(x._value):
        for a in x._args:
            if isinstance(a, Node) and not unchanged(<Node>a):
                return False
    return True


cdef bint same(Node node, Py_ssize_t i) except -1:
    """Whether argument ``i`` is what it was when ``node`` was recorded."""
    cdef object a = node._args[i]
    cdef unsigned long long before
    cdef int shift = <int>(16 * (min(len(node._args), 4) - 1 - i))
    if isinstance(a, Node) and i < 4 and ((node._versions >> shift) & 0xFFFF) != (<Node>a)._version & 0xFFFF:
        return False
    if i < 64 and node._watched >> i & 1:
        before = node._prints[i] if i < FEW else <unsigned long long>node._extras["prints"][i - FEW]
        return fingerprint((<Node>a)._value if isinstance(a, Node) else a) == before
    return not isinstance(a, Node) or unchanged(<Node>a)


cdef bint intact(Node node) except -1:
    """Whether ``node`` and its arguments are what they were when it was recorded."""
    cdef Py_ssize_t i
    cdef Operation known = node._primitive.operation
    if known == ADD or known == SUBTRACT or node.past or is_symbol(node._value):
        return True
    for i in range(len(node._args)):
        if not same(node, i):
            return False
    if node._params is not None and settings_of(node._params) != node._settings:
        return False
    return not node._printed or fingerprint(node._value) == node._print


cdef object blame(Node node, tuple operands):
    """Raise RuntimeError if the pull-back of ``node`` reads an array that was changed."""
    cdef Py_ssize_t i, n = len(node._args)
    cdef list changed = []
    if node._params is not None and settings_of(node._params) != node._settings:
        changed.append(0)
    changed += [i + 2 for i in range(n) if not same(node, i)]
    if node._printed and fingerprint(node._value) != node._print:
        changed.append(1)
    refuse_change(node._primitive, changed, operands, node._params or {},
                  [i for i in range(n) if is_wanted(node._args[i], None)])
