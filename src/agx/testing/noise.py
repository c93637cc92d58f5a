"""The noise of a function's values, such as a solver's tolerance leaves, and differences in spite of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

#: How far apart values are taken to see noise: solvers are smooth over short ways, where they take the
#: same steps, and noisy over long ones.
SPACINGS = (1e-3, 3e-3, 1e-2, 5e-2)
STEPS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
POINTS = 13
#: How far from the point noise is looked for.
REACH = 0.1
#: The largest error, in parts of the slope, with which a difference says anything.
COARSEST = 1e-2
#: How many times the noise two values may differ in error: solvers are also wrong together.
SAFETY = 10


class Measured(NamedTuple):
    """A slope from differences, what it may be wrong by, the step, and the noise of the values."""

    slope: float
    error: float
    step: float
    noise: float


NOTHING = Measured(np.nan, np.inf, 0.0, 0.0)


def noise_of(values: np.ndarray) -> float:
    """The standard deviation of the noise in values at equal distances; 0 if they look smooth.

    Hamming's table of differences: those of order k of a smooth function fall with k, and those of
    noise have the variance (2k)!/(k!)^2 times that of a value. Noise shows where three estimates in a
    row agree to a factor of 4 and the differences change their sign (More and Wild, "Estimating
    computational noise", SIAM J. Sci. Comput. 33, 2011).
    """
    estimates, turns = [], []
    for k in range(1, len(values) - 3):
        table = np.diff(values, k)
        estimates.append(math.sqrt(float(np.mean(table**2)) / math.comb(2 * k, k)))
        turns.append(bool(table.min() < 0 < table.max()))
    for k in range(len(estimates) - 2):
        window = estimates[k : k + 3]
        if turns[k] and 0 < max(window) <= 4 * min(window):
            return window[0]
    return 0.0


def is_rough(line: Callable[[float], float], start: float, end: float, noise: float) -> bool:
    """Whether there is ``noise`` between two places however near values are to each other.

    A smooth function only bends fast: follow the largest fourth difference into shorter intervals.
    """
    shortest = 1e-9 * max(abs(start), abs(end))
    while end - start > shortest:
        places = np.linspace(start, end, 17)
        bends = np.abs(np.diff([line(t) for t in places], 4))
        k = int(np.argmax(bends))
        if not bends[k] > noise / 2:  # of a jump it is at least as large, of noise 8 times
            return False
        start, end = places[k], places[k + 4]
    return True


def is_noisy(line: Callable[[float], float], reach: float, noise: float) -> bool:
    """Whether there is noise in more than one place, and not a single kink or jump."""
    ends = np.linspace(-reach, reach, 6)
    places = (is_rough(line, *pair, noise) for pair in itertools.pairwise(ends))
    return sum(itertools.islice(filter(None, places), 2)) == 2


def measure(line: Callable[[float], float], step: float) -> Measured:
    """The slope at 0 of a function with noise, by the step at which noise and bend matter least.

    Of noise that is larger over longer ways the largest counts with which there is something to see.
    Without noise, or with too much of it, nothing is measured: ``error`` is infinite then.
    """
    noise, spacings = 0.0, [step / 4, *(s for s in SPACINGS if s > step / 4)]
    best: dict[float, Measured] = {}
    for h in (step, *(s for s in STEPS if s > step)):
        while spacings and spacings[0] <= h / 2:
            spacing = spacings.pop(0)
            values = [line(k * spacing) for k in range(-(POINTS // 2), POINTS // 2 + 1)]
            if np.isfinite(values).all():
                noise = max(noise, noise_of(np.array(values)))
        slopes = [_difference(line, h), _difference(line, h / 2)]
        error = abs(slopes[0] - slopes[1]) + SAFETY * noise / h
        if noise and error < best.get(noise, NOTHING).error:  # which NaN is not
            best[noise] = Measured(slopes[0], error, h, noise)
    largest = 0.0
    for _, found in sorted(best.items(), reverse=True):
        clear = found.error <= COARSEST * abs(found.slope)
        if (clear or not largest) and is_noisy(line, max(found.step, REACH), found.noise):
            if clear:
                return found
            largest = found.noise
    return NOTHING._replace(noise=largest)


def _difference(line: Callable[[float], float], h: float) -> float:
    """The central difference of fourth order."""
    near, far = line(h / 2) - line(-h / 2), line(h) - line(-h)
    return (8 * near - far) / (6 * h)
