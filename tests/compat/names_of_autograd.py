"""The public names that each module of HIPS autograd 1.9.1 defines, or offers for import."""

NAMES = {
    "": (
        "checkpoint deriv dict elementwise_grad grad grad_and_aux grad_named hessian "
        "hessian_tensor_product hessian_vector_product holomorphic_grad isinstance jacobian list "
        "make_ggnvp make_hvp make_jvp make_vjp multigrad_dict primitive tensor_jacobian_product "
        "tuple type value_and_grad vector_jacobian_product"
    ),
    "builtins": (
        "ContainerVSpace DictBox DictMeta DictVSpace ListMeta ListVSpace NamedTupleVSpace "
        "SequenceBox SequenceVSpace TupleMeta TupleVSpace container_take container_untake dict "
        "dict_ fwd_grad_make_sequence grad_container_take grad_sequence_extend_left "
        "grad_sequence_extend_right isinstance isinstance_ list list_ make_sequence "
        "sequence_extend_left sequence_extend_right tuple tuple_ type type_"
    ),
    "core": (
        "JVPNode SparseBox SparseObject VJPNode VSpace add_outgrads backward_pass def_linear defjvp "
        "defjvp_argnum defjvp_argnums defvjp defvjp_argnum defvjp_argnums deprecated_defgrad "
        "deprecated_defvjp deprecated_defvjp_is_zero deprecated_defvjp_message identity_jvp "
        "identity_vjp make_jvp make_vjp primitive primitive_ primitive_jvps primitive_vjps "
        "primitive_with_deprecation_warnings sparse_add sparse_object_types sum_outgrads "
        "translate_jvp translate_vjp vspace"
    ),
    "differential_operators": (
        "checkpoint deriv elementwise_grad grad grad_and_aux grad_named hessian "
        "hessian_tensor_product hessian_vector_product holomorphic_grad jacobian make_ggnvp "
        "make_hvp make_jvp make_jvp_reversemode make_vjp multigrad_dict tensor_jacobian_product "
        "value_and_grad vector_jacobian_product"
    ),
    "extend": (
        "Box JVPNode SparseObject VJPNode VSpace def_linear defjvp defjvp_argnum defjvp_argnums "
        "defvjp defvjp_argnum defvjp_argnums notrace_primitive primitive register_notrace vspace"
    ),
    "misc": "const_graph flatten",
    "misc.fixed_points": "fixed_point fixed_point_vjp",
    "misc.flatten": "flatten flatten_func",
    "misc.optimizers": "adam rmsprop sgd unflatten_optimizer",
    "misc.tracers": "ConstGraphNode FullGraphNode const_graph const_graph_unary full_graph",
    "numpy": (
        "Box custom_where fft linalg numpy_boxes numpy_jvps numpy_vjps numpy_vspaces numpy_wrapper "
        "random where"
    ),
    "numpy.fft": (
        "check_even_shape check_no_repeated_axes fft_grad get_fft2_args get_fft_args get_fftn_args "
        "irfft_grad make_rfft_factors rfft_grad truncate_pad"
    ),
    "numpy.linalg": (
        "T add2d grad_cholesky grad_eig grad_eigh grad_inv grad_pinv grad_solve grad_svd norm "
        "norm_jvp norm_vjp"
    ),
    "numpy.numpy_boxes": "ArrayBox Box diff_methods nondiff_methods",
    "numpy.numpy_jvps": (
        "atleast_jvpmaker broadcast forward_grad_np_std forward_grad_np_var fwd_grad_chooser "
        "fwd_grad_concatenate_args fwd_grad_partition fwd_grad_sort np_abs_jvp np_conj_jvp"
    ),
    "numpy.numpy_vjps": (
        "array_from_args_gradmaker array_from_scalar_or_array_gradmaker balanced_eq dot_adjoint_0 "
        "dot_adjoint_1 dot_vjp_0 dot_vjp_1 grad_broadcast_to grad_chooser grad_concatenate_args "
        "grad_diff grad_einsum grad_gradient grad_inner grad_kron grad_np_cumsum grad_np_mean "
        "grad_np_prod grad_np_std grad_np_sum grad_np_var grad_partition grad_repeat "
        "grad_reshape_list grad_rollaxis grad_sort grad_tile grad_transpose match_complex "
        "matmul_adjoint_0 matmul_adjoint_1 matmul_vjp_0 matmul_vjp_1 nograd_functions np_abs_vjp "
        "np_conj_vjp pad_vjp repeat_to_match_shape replace_zero reverse_axis tensordot_adjoint_0 "
        "tensordot_adjoint_1 tensordot_vjp_0 tensordot_vjp_1 unbroadcast unbroadcast_einsum "
        "unbroadcast_f unpermuter untake wrapped_reshape"
    ),
    "numpy.numpy_vspaces": (
        "ArrayVSpace ComplexArrayVSpace EigResultVSpace EighResultVSpace QRResultVSpace "
        "SVDResultVSpace SlogdetResultVSpace"
    ),
    "numpy.numpy_wrapper": (
        "append array array_from_args c_ c_class column_stack concatenate concatenate_args hstack "
        "make_diagonal mean metadata notrace_functions numpy_version parse_einsum_input r_ r_class "
        "row_stack select stack std var vstack wrap_if_boxes_inside wrap_intdtype wrap_namespace"
    ),
    "scipy": "integrate signal special stats",
    "scipy.integrate": "argnums_unpack grad_odeint odeint",
    "scipy.linalg": "grad_solve_banded grad_solve_triangular",
    "scipy.signal": "compute_conv_size convolve einsum_tensordot flipped_idxs grad_convolve parse_axes",
    "scipy.special": (
        "beta betainc betaln digamma erf erfc erfcinv erfinv expit fwd_grad_logsumexp gamma "
        "gammainc gammaincc gammaln gammasgn i0 i1 inv_root_pi iv ive j0 j1 jn logit logsumexp "
        "make_gammainc_vjp_arg1 make_grad_logsumexp multigammaln polygamma psi rgamma root_pi y0 y1 "
        "yn"
    ),
    "scipy.stats": "beta chi2 dirichlet gamma multivariate_normal norm poisson t",
    "scipy.stats.beta": "cdf grad_beta_logpdf_arg0 grad_beta_logpdf_arg1 grad_beta_logpdf_arg2 logpdf pdf",
    "scipy.stats.chi2": "cdf grad_chi2_logpdf logpdf pdf",
    "scipy.stats.dirichlet": "logpdf pdf rvs",
    "scipy.stats.gamma": "cdf grad_gamma_logpdf_arg0 grad_gamma_logpdf_arg1 logpdf pdf",
    "scipy.stats.multivariate_normal": "covgrad entropy generalized_outer_product logpdf pdf solve",
    "scipy.stats.norm": "cdf logcdf logpdf logsf pdf sf",
    "scipy.stats.poisson": "cdf grad_poisson_logpmf logpmf pmf",
    "scipy.stats.t": (
        "cdf grad_tlogpdf_df grad_tlogpdf_diff grad_tlogpdf_loc grad_tlogpdf_scale grad_tlogpdf_x "
        "logcdf logpdf pdf"
    ),
    "test_util": (
        "EPS RTOL TOL check_equivalent check_grads check_jvp check_vjp combo_check "
        "make_numerical_jvp scalar_close"
    ),
    "tracer": (
        "Box Node TraceStack box_type_mappings box_types find_top_boxed_args getval isbox new_box "
        "notrace_primitive notrace_primitives primitive register_notrace trace trace_primitives_map "
        "trace_stack"
    ),
    "util": "deprecation_msg func quick_grad_check subval subvals toposort",
    "wrap_util": "get_doc get_name unary_to_nary wrap_nary_f wraps",
}
