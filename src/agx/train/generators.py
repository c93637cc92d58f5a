"""The random generators that a training draws from, and their states."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .._runtime.rng import generator, set_state, state_of


def capture(owners: Mapping[str, Any]) -> dict[str, Any]:
    """The states of agx's generator, NumPy's and Python's, and of those that models and others keep."""
    version, numbers, gauss = random.getstate()
    return {
        "default": state_of(generator()),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  transforms may draw from it
        "python": {"version": version, "numbers": np.array(numbers, np.int64), "gauss": gauss},
        "own": {name: state_of(rng) for name, rng in _named(owners)},
    }


def restore(state: Mapping[str, Any], owners: Mapping[str, Any]) -> None:
    """Put all of them into the states that ``capture`` found."""
    own, saved = dict(_named(owners)), state["own"]
    new = {name for name in own.keys() - saved.keys() if name.startswith(("model.", "loss."))}
    if new or saved.keys() - own.keys():
        raise ValueError(
            f"the state has the generators {', '.join(saved) or 'none'} beside the default one, this "
            f"training {', '.join(own) or 'none'}; make it as it was when the state was saved"
        )
    set_state("generators", generator(), state["default"])
    np.random.set_state(dict(state["numpy"]))  # noqa: NPY002
    kept = state["python"]
    numbers = tuple(int(n) for n in kept["numbers"])
    random.setstate((kept["version"], numbers, kept["gauss"]))
    for name in saved:
        set_state(name, own[name], saved[name])


def _named(owners: Mapping[str, Any]) -> Iterator[tuple[str, np.random.Generator]]:
    """The generators among the attributes of some objects and of the modules inside them."""
    for role, owner in owners.items():
        inside = getattr(owner, "named_modules", None)
        for path, part in inside() if callable(inside) else [("", owner)]:
            for name, value in getattr(part, "__dict__", {}).items():
                if isinstance(value, np.random.Generator):
                    yield ".".join(filter(None, (role, path, name))), value
