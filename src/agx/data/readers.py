"""The data sets that `agx train` knows by name, and the settings that suit each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from .dataset import ArrayDataset

Function = TypeVar("Function", bound=Callable[..., ArrayDataset])


class Reader(NamedTuple):
    """A function that reads a data set, and the settings with which a network learns it in little time.

    ``standardize`` says whether pixels are given mean 0 and deviation 1; strokes on black learn as
    well as they are.
    """

    read: Callable[..., ArrayDataset]
    recipe: dict[str, Any]
    standardize: bool


#: Every reader by its name in ``ag.data`` and on the command line.
READERS: dict[str, Reader] = {}


def reader(
    *,
    epochs: int,
    lr: float,
    batch_size: int = 64,
    schedule: str = "none",
    shift: float = 0.0,
    standardize: bool = False,
) -> Callable[[Function], Function]:
    """Declare a function to be a reader, with the settings of SGD with momentum that suit its data.

    Training images are shifted at random by up to ``shift`` of their side.
    """
    recipe = {
        "epochs": epochs, "batch_size": batch_size, "lr": lr, "schedule": schedule, "shift": shift,
    }  # fmt: skip

    def declare(function: Function) -> Function:
        READERS[function.__name__] = Reader(function, recipe, standardize)
        return function

    return declare
