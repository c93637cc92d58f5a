"""Contenders must do the same work, or comparing their times means nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .networks import Contenders

#: The first steps show the loss, the update and its momentum.
RUNS = 3
TOLERANCE = 1e-4


def check_agreement(work: str, contenders: Contenders) -> None:
    """Raise AssertionError unless all contenders return the same numbers, up to rounding."""
    results = {
        name: [array for _ in range(RUNS) for array in _arrays(run())]
        for name, run in contenders.items()
    }
    for name, found in results.items():
        worst = max(_distance(a, b) for a, b in zip(found, results["agx"], strict=True))
        if not worst < TOLERANCE:
            raise AssertionError(
                f"{work}: {name} and agx disagree by {worst:.1e} of the largest number; they must "
                "do the same work"
            )


def _arrays(result: Any) -> list[np.ndarray]:
    """What a contender returned, as a list of arrays."""
    items = result if isinstance(result, list) else [result]
    return [np.asarray(getattr(item, "value", item), np.float64) for item in items]


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference over the largest number."""
    if a.shape != b.shape:
        return math.inf
    worst = float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
    return worst if math.isfinite(worst) else math.inf
