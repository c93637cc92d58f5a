"""The random generators that a training draws from, and their states."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .._runtime.rng import generator, set_state, state_of


def capture(*owners: Any) -> dict[str, Any]:
    """The states of agx's generator, NumPy's and Python's, and of those that models and others keep."""
    version, numbers, gauss = random.getstate()
    return {
        "default": state_of(generator()),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  transforms may draw from it
        "python": {"version": version, "numbers": np.array(numbers, np.int64), "gauss": gauss},
        "own": {name: state_of(rng) for name, rng in _named(owners)},
    }


def restore(state: Mapping[str, Any], *owners: Any) -> None:
    """Put all of them into the states that ``capture`` found."""
    own = dict(_named(owners))
    if own.keys() != state["own"].keys():
        raise ValueError(
            f"the state has the generators {', '.join(state['own']) or 'none'} beside the default one, this "
            f"training {', '.join(own) or 'none'}; make it as it was when the state was saved"
        )
    set_state("generators", generator(), state["default"])
    np.random.set_state(dict(state["numpy"]))  # noqa: NPY002
    kept = state["python"]
    numbers = tuple(int(n) for n in kept["numbers"])
    random.setstate((kept["version"], numbers, kept["gauss"]))
    for name, rng in own.items():
        set_state(name, rng, state["own"][name])


def _named(owners: Iterable[Any]) -> Iterator[tuple[str, np.random.Generator]]:
    """The generators among the attributes of some objects and of the modules inside them."""
    for i, owner in enumerate(owners):
        inside = getattr(owner, "named_modules", None)
        for path, part in inside() if callable(inside) else [("", owner)]:
            for name, value in getattr(part, "__dict__", {}).items():
                if isinstance(value, np.random.Generator):
                    yield f"{i}.{path}.{name}", value
