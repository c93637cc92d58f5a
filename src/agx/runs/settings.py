"""What a training can be asked for by name: models, optimisers, schedules, and what suits the data."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .. import data, optim
from ..data.readers import named


def _kinds(base: type) -> list[Any]:
    """The classes of ``ag.optim`` that are a kind of ``base``, in the order of their definition."""
    public = [value for name, value in vars(optim).items() if not name.startswith("_")]
    return [c for c in public if isinstance(c, type) and issubclass(c, base) and c is not base]


OPTIMIZERS = {
    kind.__name__.lower(): kind for kind in _kinds(optim.Optimizer) if not kind.needs_closure
}


def takes(optimizer: str, option: str) -> bool:
    """Whether an optimiser has an option."""
    return option in inspect.signature(OPTIMIZERS[optimizer]).parameters


#: The learning rate of each, unless the data or the user say otherwise.
RATES = {
    name: 0.001 if name == "rmsprop" else inspect.signature(kind).parameters["lr"].default
    for name, kind in OPTIMIZERS.items()
}

#: The momentum of each optimiser that has one, unless another is asked for.
MOMENTA = {
    name: 0.9 if name == "sgd" else inspect.signature(kind).parameters["momentum"].default
    for name, kind in OPTIMIZERS.items()
    if takes(name, "momentum")
}

#: What makes each schedule of the optimiser and the number of epochs.
SCHEDULES: dict[str, Callable[[Any, int], Any]] = {
    "none": lambda optimizer, epochs: None,
    **{kind.command: kind.over for kind in _kinds(optim.Schedule) if kind.command},
}


#: What images are changed at random by, of the side of an image in pixels.
AUGMENTATIONS: dict[str, Callable[[int], Any]] = {
    "crop": lambda side: data.RandomCrop(side, padding=max(1, side // 8)),
    "flip": lambda side: data.RandomHorizontalFlip(),
    "rotate": lambda side: data.RandomRotation(10, interpolation="bilinear"),
    "shift": lambda side: data.RandomAffine(0, translate=(0.1, 0.1)),
    "brightness": lambda side: data.ColorJitter(brightness=0.3),
    "erase": lambda side: data.RandomErasing(),
}


def recipe(name: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Complete the chosen settings (None: not chosen) with those that suit the data.

    Raises ValueError for a momentum or a weight decay that the optimiser does not have.
    """
    given = {key: value for key, value in chosen.items() if value is not None}
    optimizer = given.get("optimizer", "sgd")
    settings = {**named(name).recipe, "optimizer": optimizer}
    if optimizer in MOMENTA:
        settings["momentum"] = MOMENTA[optimizer]
    elif "momentum" in given:
        having = " or ".join(MOMENTA)
        raise ValueError(f"--momentum: {optimizer} has its own; use it with {having}")
    if "weight_decay" in given and not takes(optimizer, "weight_decay"):
        raise ValueError(f"--weight-decay: {optimizer} has none; choose another optimiser")
    if optimizer != "sgd":
        settings["lr"] = RATES[optimizer]
    return {**settings, **given}
