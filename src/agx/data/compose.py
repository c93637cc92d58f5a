"""Several transforms as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from .._runtime.rng import generator
from .arrays import Array
from .dataset import Transform


class Compose:
    """Call transforms one after the other, each with what the one before it returned.

    ``transforms`` are functions ``transform(x, rng) -> x``, as a Loader takes them, to which it is the same
    as a list of them. Raises TypeError for what cannot be called.

    >>> import agx as ag
    >>> augment = ag.data.Compose([ag.data.RandomCrop(8, padding=1), ag.data.RandomHorizontalFlip()])
    >>> loader = ag.data.Loader(ag.data.digits("train"), 64, transforms=[augment])
    """

    def __init__(self, transforms: Iterable[Transform]) -> None:
        if not isinstance(transforms, Iterable):
            raise TypeError(
                f"Compose: got {transforms!r}, expected a list of transforms: Compose([transform])"
            )
        self.transforms = tuple(transforms)
        for transform in self.transforms:
            if not callable(transform) or isinstance(transform, type):
                raise TypeError(
                    f"Compose: {transform!r} is no transform, expected a function transform(x, rng) -> x, "
                    "such as ag.data.ToFloat()"
                )

    @property
    def random(self) -> bool:
        """Whether one of them draws random numbers."""
        return any(getattr(transform, "random", True) for transform in self.transforms)

    def __call__(self, x: Array, rng: np.random.Generator | int | None = None) -> Array:
        one = generator(rng)
        for transform in self.transforms:
            x = transform(x, one)
        return x

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


def single(transforms: Iterable[Transform]) -> Iterator[Transform]:
    """Yield transforms one by one, also those that are composed."""
    for transform in transforms:
        if isinstance(transform, Compose):
            yield from single(transform.transforms)
        else:
            yield transform
