"""Losses of pairs and triples: what is alike lies close, and what is better ranks higher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine.graph import of_arrays
from ...ops.elementwise.arithmetic import sqrt
from ...ops.elementwise.limits import minimum, relu
from ...ops.linalg.distances import pairwise_distance
from ...ops.shape.where import where
from .arguments import check_number, matching, reduced, signs, takes

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "triplet_margin_loss",
]


@takes("numbers")
@of_arrays
def cosine_embedding_loss(
    x1: Any, x2: Any, targets: Any, *, margin: float = 0.0, reduction: str = "mean"
) -> Array:
    """Compute 1 - cos(x1, x2) for pairs that are alike, max(0, cos(x1, x2) - margin) for others.

    ``x1`` and ``x2`` have shape (N, D) or (D,), ``targets`` (N,) or (): 1 for alike, -1 for others.
    Raises ValueError for other targets, or shapes that do not fit.

    >>> x = np.array([[1.0, 0.0], [1.0, 1.0]])
    >>> ag.cosine_embedding_loss(x, x[::-1], np.array([1, -1]), reduction="none").round(4)
    array([0.2929, 0.7071])
    """
    op, tiny = "cosine_embedding_loss", 1e-12
    check_number(op, "margin", margin)
    x1, x2 = matching(op, x1=x1, x2=x2)
    if len(x1.shape) not in (1, 2):
        raise ValueError(f"{op}: expected x1 and x2 of shape (N, D) or (D,), got {x1.shape}")
    alike = signs(op, targets, x1.shape[:-1], x1.dtype) == 1
    lengths = sqrt(((x1 * x1).sum(axis=-1) + tiny) * ((x2 * x2).sum(axis=-1) + tiny))
    cosine = (x1 * x2).sum(axis=-1) / lengths
    return reduced(op, where(alike, 1 - cosine, relu(cosine - margin)), reduction)


@takes("numbers")
@of_arrays
def hinge_embedding_loss(
    distances: Any, targets: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Array:
    """Compute the distance of what is alike, and max(0, margin - distance) of what is not.

    ``targets`` are 1 for alike and -1 for others, of the shape of the ``distances``. Raises ValueError
    for other targets, or of another shape.

    >>> ag.hinge_embedding_loss(np.array([0.2, 0.2]), np.array([1, -1]), reduction="none")
    array([0.2, 0.8])
    """
    op = "hinge_embedding_loss"
    check_number(op, "margin", margin)
    [x] = matching(op, distances=distances)
    alike = signs(op, targets, x.shape, x.dtype) == 1
    return reduced(op, where(alike, x, relu(margin - x)), reduction)


@takes("numbers")
@of_arrays
def margin_ranking_loss(
    x1: Any, x2: Any, targets: Any, *, margin: float = 0.0, reduction: str = "mean"
) -> Array:
    """Compute max(0, margin - t (x1 - x2)): for t = 1 ``x1`` should be larger by ``margin``, for -1 ``x2``.

    All three have one shape. Raises ValueError if they do not, and for other targets.

    >>> ag.margin_ranking_loss(np.array([1.0, 2.0]), np.array([3.0, 0.0]), np.array([1, 1]))
    np.float64(1.0)
    """
    op = "margin_ranking_loss"
    check_number(op, "margin", margin)
    x1, x2 = matching(op, x1=x1, x2=x2)
    t = signs(op, targets, x1.shape, x1.dtype)
    return reduced(op, relu(margin - t * (x1 - x2)), reduction)


@takes("numbers")
@of_arrays
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Array:
    """Compute max(0, margin + d(anchor, positive) - d(anchor, negative)) of ``pairwise_distance`` d.

    All three have one shape, (N, D) or (D,). With ``swap`` the distance to the negative is the smaller of
    the anchor's and the positive's (Balntas et al., 2016). Raises ValueError for shapes that differ, and
    for a ``margin`` that is not positive.

    >>> a, b = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])
    >>> ag.triplet_margin_loss(a, b, a, eps=0.0)
    np.float64(6.0)
    """
    op = "triplet_margin_loss"
    check_number(op, "margin", margin)
    if not margin > 0:
        raise ValueError(f"{op}: margin must be positive, got {margin!r}")
    anchor, positive, negative = matching(op, anchor=anchor, positive=positive, negative=negative)
    if not anchor.shape:
        raise ValueError(f"{op}: expected vectors of shape (N, D) or (D,), got single numbers")
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(op, relu(margin + pairwise_distance(anchor, positive, p, eps) - far), reduction)
