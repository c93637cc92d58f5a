"""Every function of NumPy that can be overridden, and what agx makes of it.

Each name is classified once: differentiable, constant (it returns plain arrays, which have no
gradient) or not applicable, with the reason. ``agx coverage`` prints what is here.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

#: Functions that have derivatives, by the module that offers them.
DIFFERENTIABLE = {
    "": """
        absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil clip conjugate
        copysign cos cosh deg2rad degrees divide divmod exp exp2 expm1 fabs float_power floor
        floor_divide fmax fmin fmod frexp heaviside hypot ldexp log log10 log1p log2 logaddexp
        logaddexp2 matmul matvec maximum minimum modf multiply negative nextafter positive power rad2deg
        radians reciprocal remainder rint sign sin sinh sqrt square subtract tan tanh trunc vecdot
        vecmat

        amax amin angle append apply_along_axis apply_over_axes around array array_split asanyarray
        asarray ascontiguousarray asfortranarray astype atleast_1d atleast_2d atleast_3d average
        bincount block broadcast_arrays broadcast_to choose column_stack compress concatenate
        convolve copy corrcoef correlate cov cross cumprod cumsum cumulative_prod cumulative_sum
        delete diag diagflat diagonal diff dot dsplit dstack ediff1d einsum expand_dims extract fix
        flip fliplr flipud full_like geomspace gradient histogram histogram2d histogram_bin_edges
        histogramdd hsplit hstack i0 imag inner insert interp intersect1d ix_ kron linspace logspace
        matrix_transpose max mean median meshgrid min moveaxis nan_to_num nancumprod nancumsum
        nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar
        outer pad partition percentile piecewise poly polyadd polyder polydiv polyfit polyint polymul
        polysub polyval prod ptp quantile ravel real real_if_close repeat require reshape resize
        roll rollaxis roots rot90 round select setdiff1d setxor1d sinc sort sort_complex split
        squeeze stack std sum swapaxes take take_along_axis tensordot tile trace transpose trapezoid
        tril trim_zeros triu union1d unique unique_all unique_counts unique_inverse unique_values
        unstack unwrap vander var vdot vsplit vstack where
    """,
    "lib.stride_tricks": "sliding_window_view",
    "polynomial.polynomial": "polygrid2d polyval2d polyvalnd",
    "lib.scimath": "arccos arcsin arctanh log log10 log2 logn power sqrt",
    "linalg": """
        cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul matrix_norm
        matrix_power matrix_transpose multi_dot norm outer pinv qr slogdet solve svd svdvals tensordot
        tensorinv tensorsolve trace vecdot vector_norm
    """,
    "fft": """
        fft fft2 fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2
        rfftn
    """,
}  # fmt: skip

#: Functions whose results are constant, or no numbers: they see and return plain arrays.
CONSTANT = {
    "": """
        equal greater greater_equal less less_equal logical_and logical_not logical_or logical_xor
        not_equal isfinite isinf isnan signbit spacing _ones_like

        all allclose any argmax argmin argpartition argsort argwhere array2string array_equal
        array_equiv array_repr array_str can_cast common_type count_nonzero diag_indices_from
        digitize einsum_path flatnonzero in1d isclose iscomplex iscomplexobj isin isneginf
        isposinf isreal isrealobj lexsort may_share_memory min_scalar_type nanargmax nanargmin ndim
        nonzero result_type save savetxt savez savez_compressed searchsorted shape
        shares_memory size tril_indices_from triu_indices_from
    """,
    "linalg": "matrix_rank",
}

#: Functions that write into their first argument, which may be a Tensor.
ASSIGNING = "copyto fill_diagonal place put put_along_axis putmask"

#: Functions that make arrays; with ``like=`` a Tensor they make a Tensor.
CREATION = """
    arange empty empty_like eye frombuffer fromfile fromfunction fromiter fromstring full genfromtxt identity
    loadtxt ones ones_like tri zeros zeros_like
"""

#: Functions that make no sense for Tensors, by the reason.
NOT_APPLICABLE = {
    "its arguments are integers or bits, which have no gradient": {
        "": """
            bitwise_and bitwise_count bitwise_or bitwise_xor gcd invert lcm left_shift right_shift
            packbits unpackbits ravel_multi_index unravel_index
        """,
    },
    "its arguments are dates": {
        "": "busday_count busday_offset datetime_as_string is_busday isnat"
    },
    "its arguments are structured arrays": {
        "lib.recfunctions": """
            append_fields apply_along_fields assign_fields_by_name drop_fields find_duplicates join_by
            merge_arrays rec_append_fields rec_drop_fields rec_join recursive_fill_fields
            rename_fields repack_fields require_fields stack_arrays structured_to_unstructured
            unstructured_to_structured
        """,
    },
    "its arguments are strings": {
        "strings": """
            _center _expandtabs _expandtabs_length _ljust _lstrip_chars _lstrip_whitespace _partition
            _partition_index _replace _rjust _rpartition _rpartition_index _rstrip_chars
            _rstrip_whitespace _slice _strip_chars _strip_whitespace _zfill count endswith find index
            isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle isupper rfind rindex
            startswith str_len

            _join _rsplit _split _splitlines capitalize center decode encode expandtabs ljust lower mod
            multiply partition replace rjust rpartition swapcase title translate upper zfill
        """,
        "char": "equal greater greater_equal less less_equal not_equal",
    },
}

#: The functions of SciPy that agx has only under ``agx.compat.autograd``, by module.
COMPATIBLE = {
    "scipy.integrate": "odeint",
    "scipy.linalg": "solve_sylvester sqrtm",
    "scipy.signal": "convolve",
    "scipy.special": "betainc gammainc gammaincc gammasgn multigammaln rgamma stdtr yn",
    "scipy.stats": """
        beta.cdf beta.logpdf beta.pdf chi2.cdf chi2.logpdf chi2.pdf dirichlet.logpdf dirichlet.pdf gamma.cdf
        gamma.logpdf gamma.pdf multivariate_normal.entropy multivariate_normal.logpdf
        multivariate_normal.pdf norm.cdf norm.logcdf norm.logpdf norm.logsf norm.pdf norm.sf poisson.cdf
        poisson.logpmf poisson.pmf t.cdf t.logcdf t.logpdf t.pdf
    """,
}


def names(groups: dict[str, str]) -> list[str]:
    """The names in a group, such as "linalg.inv"."""
    return [f"{m}.{n}" if m else n for m, names in groups.items() for n in names.split()]


def function(name: str) -> Any:
    """The function of NumPy called ``name``, or None in a version that lacks it."""
    head, _, tail = name.rpartition(".")
    if head in ("fft", "polynomial.polynomial"):
        importlib.import_module(f"numpy.{head}")
    home: Any = np
    for part in head.split(".") if head else ():
        home = getattr(home, part, None)
    found = getattr(home, tail, None)
    return getattr(np._core.umath, tail, None) if found is None else found  # type: ignore[attr-defined]


def constants() -> set[Any]:
    """The functions that see and return plain arrays."""
    return {f for f in map(function, names(CONSTANT)) if f is not None}


def why_not(function: Any) -> str:
    """Why a function is not applicable to Tensors; empty if it is."""
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy._core", "numpy")
    name = f"{module}.{function.__name__}".removeprefix("numpy.")
    for reason, groups in NOT_APPLICABLE.items():
        if name in names(groups) or f"strings.{function.__name__}" in names(groups):
            return reason
    return ""
