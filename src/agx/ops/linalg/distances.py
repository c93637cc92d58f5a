"""How far apart vectors are, and how alike their directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine.graph import of_arrays
from ..elementwise.limits import clip
from ..reduce.sums import sum
from ..shape.axes import as_array, one_axis
from .norms import vector_norm

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "cosine_similarity",
    "pairwise_distance",
]


@of_arrays
def cosine_similarity(x1: Any, x2: Any, axis: int = 1, eps: float = 1e-8) -> Array:
    """Compute the cosine of the angle between vectors along ``axis``; shapes broadcast.

    x1 x2 / (max(|x1|, eps) max(|x2|, eps)), so that it is 0 for a zero vector.

    >>> ag.cosine_similarity(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])).round(4)
    array([0.7071])
    """
    x1, x2 = as_array(x1), as_array(x2)
    axis = one_axis("cosine_similarity", axis, max(x1.ndim, x2.ndim))
    axis -= max(x1.ndim, x2.ndim)
    first, second = (
        x / clip(vector_norm(x, axis=axis, keepdims=True), eps, None) for x in (x1, x2)
    )
    return sum(first * second, axis)


@of_arrays
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False
) -> Array:
    """Compute the norm of order ``p`` of x1 - x2 + eps along the last axis; shapes broadcast.

    ``eps`` keeps the distance of equal vectors differentiable.

    >>> ag.pairwise_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).round(4)
    array([5.])
    """
    return vector_norm(as_array(x1) - as_array(x2) + eps, ord=p, axis=-1, keepdims=keepdims)
