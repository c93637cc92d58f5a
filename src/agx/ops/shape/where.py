"""The choice between two arrays, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..._engine.graph import Node, implements, primitive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..._engine.signatures import Operand, Tensor

__all__ = [
    "where",
]


def _where_value(x: Any, y: Any, *, condition: Any) -> Any:
    return np.where(condition, x, y)


_where = primitive(
    "where",
    _where_value,
    (
        lambda g, out, x, y, *, condition: _where(g, 0.0, condition=condition),
        lambda g, out, x, y, *, condition: _where(0.0, g, condition=condition),
    ),
    stacked=lambda i, g, out, x, y, *, condition: (
        np.where(condition, 0.0, g) if i else np.where(condition, g, 0.0)
    ),
)


@overload
def where(condition: Operand, /) -> tuple[np.ndarray, ...]: ...
@overload
def where(condition: Operand, x: Node, y: Operand, /) -> Tensor: ...
@overload
def where(condition: Operand, x: ArrayLike, y: Node, /) -> Tensor: ...
@overload
def where(condition: Operand, x: ArrayLike, y: ArrayLike, /) -> np.ndarray: ...
@implements(np.where)
def where(condition: Any, /, *choices: Any) -> Any:
    """Choose elements of ``x`` where ``condition`` holds and of ``y`` elsewhere: where(condition, x, y).

    The three broadcast against one another. The gradient goes to the chosen element only, so what
    was not chosen may be infinite or undefined without harm. ``where(condition)`` returns the indices of
    what is not zero, one array for each axis. Raises TypeError for one choice.

    >>> x = ag.Tensor([-1.0, 4.0])
    >>> with np.errstate(invalid="ignore"):
    ...     ag.where(x > 0, ag.sqrt(x), 0.0).sum().backward()
    >>> x.grad
    array([0.  , 0.25])
    """
    if isinstance(condition, Node):
        condition = condition.value
    if not choices:
        return np.nonzero(condition)
    if len(choices) != 2:
        raise TypeError(f"where: expected both x and y or neither, got {len(choices)} of them")
    x, y = choices
    return _where(x, y, condition=condition)
