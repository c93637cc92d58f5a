"""What HIPS autograd offers and agx does not, with what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_BOXES = "a traced value is a Tensor, or a container of them; test with isbox or isinstance"
_RULES = "derivatives belong to the functions; give them with defvjp and defjvp, use make_vjp and make_jvp"
_STACK = "agx keeps no stack of traces; run a function on Tensors with trace, make_vjp or grad"
_PARTS = "a part of HIPS autograd's own derivative of this function; use make_vjp or make_jvp of it"

#: Names of HIPS autograd's modules that have no counterpart here.
INSTEAD = {
    "new_box": _BOXES, "box_types": _BOXES, "box_type_mappings": _BOXES, "find_top_boxed_args": _BOXES,
    "SparseBox": _BOXES, "sparse_object_types": _BOXES, "sparse_add": "use vspace(x).mut_add",
    "TraceStack": _STACK, "trace_stack": _STACK,
    "primitive_vjps": _RULES, "primitive_jvps": _RULES, "notrace_primitives": "use register_notrace",
    "trace_primitives_map": _RULES, "translate_vjp": _RULES, "translate_jvp": _RULES,
    "identity_vjp": _RULES, "identity_jvp": _RULES, "add_outgrads": "use vspace(x).add",
    "deprecated_defvjp": "call .defvjp of a primitive", "deprecated_defgrad": "call .defgrad of a primitive",
    "deprecated_defvjp_is_zero": "call .defvjp_is_zero of a primitive",
    "primitive_with_deprecation_warnings": "use primitive",
    "container_untake": "use vspace(x).add with zeros elsewhere", "TupleMeta": _BOXES, "ListMeta": _BOXES,
    "DictMeta": _BOXES, "grad_container_take": _RULES, "grad_sequence_extend_left": _RULES,
    "grad_sequence_extend_right": _RULES, "fwd_grad_make_sequence": _RULES,
    "grad_reshape_list": _PARTS, "array_from_scalar_or_array_gradmaker": _PARTS,
    "tensordot_adjoint_0": _PARTS, "tensordot_adjoint_1": _PARTS, "wrapped_reshape": "use numpy.reshape",
    "parse_einsum_input": "it is NumPy's own, and private there",
}  # fmt: skip


def absent(module: str) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that says why a name is missing."""

    def look_up(name: str) -> Any:
        if name in INSTEAD:
            raise ImportError(f"{module} has no {name}: {INSTEAD[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return look_up
