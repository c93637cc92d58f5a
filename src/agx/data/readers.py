"""The data sets that `agx train` knows by name, and the settings that suit each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from .columns import SUFFIXES
from .dataset import ArrayDataset
from .folder import image_folder
from .table import Table, table

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


#: The settings for a folder of pictures: few, most often, so that many epochs are needed.
FOLDER_RECIPE = {"epochs": 20, "batch_size": 32, "lr": 0.01, "schedule": "cosine", "shift": 0.0}


#: The settings for a table, whose examples are small.
TABLE_RECIPE = {"epochs": 50, "batch_size": 32, "lr": 0.05, "schedule": "cosine", "shift": 0.0}


def named(name: str) -> Reader:
    """The reader of this name, or of the table or the folder of pictures at this path."""
    if name in READERS:
        return READERS[name]
    if name.lower().endswith(SUFFIXES):
        return Reader(functools.partial(_part, name), TABLE_RECIPE, standardize=False)
    return Reader(functools.partial(image_folder, name), FOLDER_RECIPE, standardize=True)


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


def _part(
    path: str,
    split: Literal["train", "test"] | None = None,
    *,
    target: str | None = None,
    task: Literal["classification", "regression"] | None = None,
    missing: Literal["raise", "drop", "fill"] = "raise",
    drop: Sequence[str] = (),
    seed: int = 0,
) -> Table:
    """A part of the table at a path, in the way of other readers."""
    return table(path, target, split, task=task, missing=missing, drop=drop, seed=seed)
