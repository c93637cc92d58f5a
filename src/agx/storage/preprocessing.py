"""Transforms that belong to a model, as what JSON can hold."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import data
from ..data.compose import single

#: The transforms that a file can name: what they do depends on their settings alone.
KINDS = {kind.__name__: kind for kind in (data.Normalize, data.TableEncoder, data.ToFloat)}


def described(transforms: Iterable[Any]) -> list[dict[str, Any]]:
    """Return class names and settings of transforms, which are attributes of the same names.

    Raises TypeError for one that a file cannot hold, such as a function, or that is random.

    >>> from agx.storage.preprocessing import described
    >>> described([ag.data.ToFloat()])
    [{'name': 'ToFloat', 'white': 255}]
    """
    found = []
    for i, transform in enumerate(single(transforms)):
        name = type(transform).__name__
        if KINDS.get(name) is not type(transform):
            why = "is random" if name.startswith("Random") else "cannot be written to a file"
            raise TypeError(
                f"save: preprocessing[{i}] is {transform!r}, which {why}, expected {' or '.join(KINDS)}; "
                "leave out what is for training only, and make what the model needs a part of it"
            )
        names = inspect.signature(type(transform)).parameters
        settings = {key: np.asarray(getattr(transform, key)).tolist() for key in names}
        found.append({"name": name, **settings})
    return found


def rebuilt(descriptions: Any) -> list[Any]:
    """Make the transforms that ``described`` describes. Raises ValueError for anything else."""
    found = []
    for description in descriptions:
        try:
            settings = dict(description)
            found.append(KINDS[settings.pop("name")](**settings))
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(
                f"the preprocessing {description!r:.80} is none of {', '.join(KINDS)} with its settings; "
                "it may come from a newer agx"
            ) from error
    return found
