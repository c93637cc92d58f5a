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
    "primitive_": "use primitive", "deprecated_defvjp_message": _PARTS, "deprecation_msg": _PARTS,
    "fixed_point_vjp": _PARTS, "diff_methods": _BOXES, "nondiff_methods": _BOXES,
    "make_numerical_jvp": "use check_grads", "c_class": "use numpy.c_", "r_class": "use numpy.r_",
    "wrap_intdtype": "NumPy's classes of integers take Tensors here", "T": "use numpy.swapaxes(x, -1, -2)",
    "add2d": "use x[..., None, :]", "generalized_outer_product": "use numpy.einsum",
    "solve": "use numpy.linalg.solve",
    "einsum_tensordot": "use numpy.tensordot", "root_pi": "use numpy.sqrt(numpy.pi)",
    "inv_root_pi": "use 1 / numpy.sqrt(numpy.pi)",
    "parse_einsum_input": "it is NumPy's own, and private there",
    "row_stack": "NumPy took it out in 2.5; use numpy.vstack",
}  # fmt: skip


_RULE_NAMES = """
    check_even_shape check_no_repeated_axes fft_grad get_fft2_args get_fft_args get_fftn_args irfft_grad
    make_rfft_factors rfft_grad truncate_pad grad_cholesky grad_eig grad_eigh grad_inv grad_pinv grad_solve
    grad_svd norm_jvp norm_vjp argnums_unpack grad_odeint grad_solve_banded grad_solve_triangular
    compute_conv_size flipped_idxs grad_convolve parse_axes fwd_grad_logsumexp make_gammainc_vjp_arg1
    make_grad_logsumexp grad_beta_logpdf_arg0 grad_beta_logpdf_arg1 grad_beta_logpdf_arg2 grad_chi2_logpdf
    grad_gamma_logpdf_arg0 grad_gamma_logpdf_arg1 covgrad grad_poisson_logpmf grad_tlogpdf_df
    grad_tlogpdf_diff grad_tlogpdf_loc grad_tlogpdf_scale grad_tlogpdf_x
"""
INSTEAD |= dict.fromkeys(_RULE_NAMES.split(), _PARTS)


def absent(module: str) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that says why a name is missing."""

    def look_up(name: str) -> Any:
        if name in INSTEAD:
            raise ImportError(f"{module} has no {name}: {INSTEAD[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return look_up
