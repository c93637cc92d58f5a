"""The search along a line for a point that satisfies the strong conditions of Wolfe, as PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: How much of the promised decrease is to come, and how much of the slope may stay.
DECREASE, SLOPE = 1e-4, 0.9


@dataclass
class _Point:
    """A place on the line, with the loss, the gradient, and the slope of the loss along the line."""

    at: float
    loss: float
    gradient: np.ndarray
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, np.ndarray]],
    length: float,
    direction: np.ndarray,
    loss: float,
    gradient: np.ndarray,
    slope: float,
    most: int,
    tolerance: float = 1e-9,
) -> tuple[float, np.ndarray, float, int]:
    """Find how far to go: the loss, the gradient and the length there, and the number of evaluations.

    ``evaluate(length)`` gives the loss and its gradient; about ``most`` evaluations are made, and none
    in an interval that moves no parameter by ``tolerance``. (Nocedal and Wright, 2006, algorithms 3.5
    and 3.6, with minFunc's safeguards.)
    """

    def look(at: float) -> _Point:
        found, g = evaluate(at)
        return _Point(at, found, g, float(g @ direction))

    start = _Point(0.0, loss, gradient, slope)
    low, high, count = _bracket(look, start, look(length), most)
    size = float(np.abs(direction).max())
    short = False  # whether the last step was close to an end of the interval
    while high is not None and count < most:
        if abs(high.at - low.at) * size < tolerance:
            break
        left, right = sorted((low.at, high.at))
        at = _lowest(low, high, left, right)
        margin = 0.1 * (right - left)
        close = min(right - at, at - left) < margin
        if close and (short or at >= right or at <= left):
            at = right - margin if abs(at - right) < abs(at - left) else left + margin
            close = False
        short = close
        new, count = look(at), count + 1
        if not (new.loss <= loss + DECREASE * at * slope and new.loss < low.loss):
            high = new
            if high.loss < low.loss:
                low, high = high, low
        elif abs(new.slope) <= -SLOPE * slope:
            low, high = new, None
        else:
            if new.slope * (high.at - low.at) >= 0:
                high = low
            low = new
    return low.loss, low.gradient, low.at, count + 1


def _bracket(
    look: Callable[[float], _Point], start: _Point, new: _Point, most: int
) -> tuple[_Point, _Point | None, int]:
    """The lower and the higher end of an interval with a suitable point, or this; and evaluations."""
    before, count = start, 0
    while count < most:
        lower = new.loss <= start.loss + DECREASE * new.at * start.slope  # which NaN is not
        lower &= count < 2 or new.loss < before.loss
        if lower and abs(new.slope) <= -SLOPE * start.slope:
            return new, None, count
        if not lower or new.slope >= 0:
            break
        least, longest = new.at + 0.01 * (new.at - before.at), new.at * 10
        at = _lowest(before, new, least, longest)
        before, new, count = new, look(at), count + 1
    else:
        before = start
    low, high = (new, before) if new.loss < before.loss else (before, new)
    return low, high, count


def _lowest(a: _Point, b: _Point, least: float, most: float) -> float:
    """Where the cubic through two points with their slopes is lowest, between two bounds."""
    if a.at > b.at:
        a, b = b, a
    chord = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.at - b.at)
    square = chord**2 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (least + most) / 2
    root = math.sqrt(square)
    at = b.at - (b.at - a.at) * ((b.slope + root - chord) / (b.slope - a.slope + 2 * root))
    return min(max(at, least), most)
