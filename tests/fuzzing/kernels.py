"""All kernels: which trials are drawn, and why a few are not among them."""

from . import elements, images, rows  # noqa: F401  # they fill the table
from .campaign import KERNELS
from .campaign import campaign as campaign

#: What is not called with arrays as they come, with the reason; all else that takes arrays is in the table.
OTHERS = {
    "input_gradient": "of patches: conv2d calls it at the baseline",
    "laid_out": "called with layout_of",
    "use_blas": "takes addresses",
    "call_part": "does a part of what kernels/test_copying.py shares among threads",
    "ufunc_loop": "gives an address to compiled programs, of which tests/compiled has random ones",
    "copy_loop": "the same",
    "choice_loop": "the same",
    "conversion_loop": "the same",
}


def covered():
    """The names of all kernels that trials are drawn of."""
    return {name for group in KERNELS for name in group}
