"""Polynomials of several variables, coefficients from the lowest power up, as ``numpy.polynomial`` has them.

Loaded when a Tensor meets that module, which takes time to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.polynomial import polynomial

from ..._engine.graph import implements
from ..shape.axes import as_array, reshape

if TYPE_CHECKING:
    from ..._engine.signatures import Array


def _horner(x: Any, c: Any, outer: bool) -> Any:
    """Evaluate polynomials with coefficients along axis 0 of ``c``, lowest power first."""
    if outer:
        c = reshape(c, (*c.shape, *(1,) * x.ndim))
    found = c[-1] + 0 * x
    for k in range(c.shape[0] - 2, -1, -1):
        found = c[k] + found * x
    return found


def _at_points(op: str, points: Sequence[Any], c: Any) -> Any:
    points = [as_array(p) for p in points]
    shapes = [p.shape for p in points]
    if len(set(shapes)) != 1:
        raise ValueError(f"{op}: expected coordinates of one shape, got {shapes}")
    found = as_array(c)
    for k, x in enumerate(points):
        found = _horner(x, found, k == 0)
    return found


@implements(polynomial.polyval2d)
def polyval2d(x: Any, y: Any, c: Any) -> Array:
    """Evaluate the polynomial with coefficients c[i, j] of x^i y^j at points (x, y).

    >>> from agx.ops.signal.polynomials_nd import polyval2d
    >>> polyval2d(ag.Tensor([2.0]), ag.Tensor([3.0]), np.eye(2)).value
    array([7.])
    """
    return _at_points("polyval2d", (x, y), c)


@implements(getattr(polynomial, "polyvalnd", None))
def polyvalnd(pts: Sequence[Any], c: Any) -> Array:
    """Evaluate the polynomial with coefficients c[i, j, ...] of x^i y^j ... at points (x, y, ...).

    >>> from agx.ops.signal.polynomials_nd import polyvalnd
    >>> polyvalnd((ag.Tensor([2.0]), ag.Tensor([3.0])), np.eye(2)).value
    array([7.])
    """
    return _at_points("polyvalnd", pts, c)


@implements(polynomial.polygrid2d)
def polygrid2d(x: Any, y: Any, c: Any) -> Array:
    """Evaluate the polynomial with coefficients c[i, j] of x^i y^j on the grid of x and y.

    >>> from agx.ops.signal.polynomials_nd import polygrid2d
    >>> polygrid2d(ag.Tensor([2.0]), ag.Tensor([3.0, 4.0]), np.eye(2)).value
    array([[7., 9.]])
    """
    x, y, c = as_array(x), as_array(y), as_array(c)
    return _horner(y, _horner(x, c, True), True)
