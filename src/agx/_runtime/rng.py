"""The random generator that everything random in agx uses unless it is given its own ``rng=``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

_default: np.random.Generator | None = None  # made when first wanted: numpy.random is slow to load


def seed(n: int) -> None:
    """Restart the default generator from the integer ``n``, so that a run can be repeated.

    >>> import agx as ag
    >>> ag.seed(0)
    >>> layer = ag.nn.Linear(2, 1)  # the same weights after every seed(0)
    """
    global _default
    _default = np.random.default_rng(n)


def state() -> object:
    """The state of the default generator; None if it is not made yet."""
    return None if _default is None else _default.bit_generator.state


def generator(rng: np.random.Generator | int | None = None) -> np.random.Generator:
    """Return ``rng``, a generator seeded with it if it is an integer, or the default one."""
    global _default
    if rng is None:
        if _default is None:
            _default = np.random.default_rng()
        return _default
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool):
        return np.random.default_rng(rng)
    raise TypeError(
        f"rng: expected a numpy.random.Generator, an integer seed or None, got {type(rng).__name__}; "
        "make one with numpy.random.default_rng(seed)"
    )


@contextlib.contextmanager
def using(rng: np.random.Generator) -> Iterator[None]:
    """Make ``rng`` the default generator while this lasts."""
    global _default
    before, _default = _default, rng
    try:
        yield
    finally:
        _default = before


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a generator as plain values, which can be written as JSON."""
    state: dict[str, Any] = _plain(rng.bit_generator.state)
    return state


def set_state(who: str, rng: np.random.Generator, state: dict[str, Any]) -> None:
    """Put a generator into a state of ``state_of``. Raises ValueError for that of another kind."""
    kind = type(rng.bit_generator).__name__
    if not isinstance(state, dict) or state.get("bit_generator") != kind:
        found = state.get("bit_generator") if isinstance(state, dict) else state
        raise ValueError(f"{who}: the state is of the generator {found!r}, expected {kind!r}")
    rng.bit_generator.state = state


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
