"""The one walk over a graph, of Tensors or Scalars; what each does on the way is a function."""

ctypedef int (*Expand)(object node, set seen, list stack, list order) except -1


cdef inline list walk(object root, Expand expand):
    """Nodes below ``root``, each once and after those it was computed from; no recursion.

    ``expand`` is called with each node that is met. To go on from there it puts on the stack the node,
    None and the inputs, the last of which is visited first; a leaf it puts into the order.
    """
    cdef set seen = set()
    cdef list stack = [root], order = []
    while stack:
        top = stack.pop()
        if top is None:
            order.append(stack.pop())
        else:
            expand(top, seen, stack, order)
    return order
