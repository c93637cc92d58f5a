"""Initial values of weights: arrays of a shape, drawn from a generator.

The fans of a weight (O, C, ...) are C and O times the number of kernel elements, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._names import shown
from .._runtime.rng import generator

Shape = tuple[int, ...]


def fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs and outputs a weight connects.

    >>> ag.nn.init.fans((6, 3, 5, 5))
    (75, 150)
    """
    if len(shape) < 2:
        raise ValueError(f"init: fans need a weight of two axes or more, got shape {shape}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def uniform(shape: Shape, bound: float, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Draw from the uniform distribution on [-bound, bound].

    >>> abs(ag.nn.init.uniform((100,), 0.1)).max() <= 0.1
    np.True_
    """
    return generator(rng).uniform(-bound, bound, shape).astype(dtype)


def normal(shape: Shape, std: float, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Draw from the normal distribution of mean 0 and standard deviation ``std``.

    >>> ag.nn.init.normal((2, 3), 0.1).shape
    (2, 3)
    """
    return generator(rng).normal(0.0, std, shape).astype(dtype)


def zeros(shape: Shape, dtype: Any = np.float32) -> np.ndarray:
    """Return zeros.

    >>> ag.nn.init.zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(shape, dtype)


def ones(shape: Shape, dtype: Any = np.float32) -> np.ndarray:
    """Return ones.

    >>> ag.nn.init.ones((2,))
    array([1., 1.], dtype=float32)
    """
    return np.ones(shape, dtype)


def glorot_uniform(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Draw from U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    >>> ag.nn.init.glorot_uniform((2, 3)).shape
    (2, 3)
    """
    return uniform(shape, math.sqrt(6 / sum(fans(shape))), rng, dtype)


def glorot_normal(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Draw from N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    >>> ag.nn.init.glorot_normal((2, 3)).shape
    (2, 3)
    """
    return normal(shape, math.sqrt(2 / sum(fans(shape))), rng, dtype)


def he_uniform(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Draw from U(-a, a), a = sqrt(6 / fan_in), which suits relu (He et al., 2015).

    >>> ag.nn.init.he_uniform((2, 3)).shape
    (2, 3)
    """
    return uniform(shape, math.sqrt(6 / fans(shape)[0]), rng, dtype)


def he_normal(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Draw from N(0, 2 / fan_in), which suits relu (He et al., 2015).

    >>> ag.nn.init.he_normal((2, 3)).shape
    (2, 3)
    """
    return normal(shape, math.sqrt(2 / fans(shape)[0]), rng, dtype)


def orthogonal(
    shape: Shape, gain: float = 1.0, rng: Any = None, dtype: Any = np.float32
) -> np.ndarray:
    """Draw a random matrix with orthonormal rows or columns (Saxe et al., 2013).

    Axes after the first are taken together.

    >>> w = ag.nn.init.orthogonal((2, 3), dtype=np.float64)
    >>> np.allclose(w @ w.T, np.eye(2))
    True
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(generator(rng).standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


def __dir__() -> list[str]:
    return shown(globals())
