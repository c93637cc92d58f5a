"""Small networks to start from.

`agx train` builds each from the arguments that it has a name for: ``in_channels``, ``in_features``,
``image_size`` and ``classes``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from . import nn
from ._names import shown
from ._runtime.rng import generator

_Builder = TypeVar("_Builder", bound=Callable[..., Any])


def _remembered(function: _Builder) -> _Builder:
    """Leave on a model, as ``architecture``, which function built it and with what, for ``ag.save``."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def build(*args: Any, **options: Any) -> Any:
        model = function(*args, **options)
        given = signature.bind(*args, **options)
        given.apply_defaults()
        arguments = {key: value for key, value in given.arguments.items() if key != "rng"}
        model.architecture = {"factory": function.__name__, "arguments": arguments}
        return model

    return build  # type: ignore[return-value]


class _LeNet5(nn.Sequential):
    """The steps of LeNet-5, which say what is wrong with images of another size."""

    def __init__(self, channels: int, size: int, padding: int, *steps: Any) -> None:
        super().__init__(*steps)
        self._expected = channels, size, padding

    def forward(self, x: Any) -> Any:
        """Pass ``x`` through all steps."""
        channels, size, padding = self._expected
        shape = tuple(x.shape)
        if len(shape) == 4 and shape[1] == channels:
            sides = {_side(n, padding) for n in shape[2:]}
            if sides != {_side(size, padding)}:
                h, w = shape[2:]
                build = f", or build it with image_size={h}" if h == w >= 16 else ""
                raise ValueError(
                    f"lenet5: expected images of {size} x {size} pixels, got {h} x {w}; resize them{build}"
                )
        return super().forward(x)


def _side(size: int, padding: int) -> int:
    """The side of what is left of an image after two convolutions and poolings."""
    return ((size + 2 * padding - 4) // 2 - 4) // 2


@_remembered
def lenet5(
    in_channels: int = 1, classes: int = 10, image_size: int = 32, rng: Any = None
) -> nn.Sequential:
    """Build LeNet-5 with ReLU and max pooling (LeCun et al., 1998) for square images.

    Takes images (N, in_channels, image_size, image_size) and returns logits (N, classes); images of
    28 x 28 pixels are padded to 32 x 32, as in the paper. ``rng`` draws the weights (default: that of
    ``ag.seed``). Raises ValueError for an ``image_size`` of less than 16, and for images of another size.

    >>> model = ag.models.lenet5(in_channels=3, classes=10)
    >>> model(np.zeros((2, 3, 32, 32), np.float32)).shape
    (2, 10)
    """
    if image_size < 16:
        raise ValueError(
            f"lenet5: expected images of at least 16 x 16 pixels, got {image_size} x {image_size}; "
            "enlarge them (ag.data.digits(size=32)) or use ag.models.mlp"
        )
    rng = generator(rng)
    padding = 2 if image_size == 28 else 0
    side = _side(image_size, padding)
    return _LeNet5(
        in_channels,
        image_size,
        padding,
        nn.Conv2d(in_channels, 6, 5, padding=padding, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * side * side, 120, rng=rng),
        nn.ReLU(),
        nn.Linear(120, 84, rng=rng),
        nn.ReLU(),
        nn.Linear(84, classes, rng=rng),
    )


@_remembered
def mlp(
    in_features: int, hidden: Sequence[int] = (256, 128), classes: int = 10, rng: Any = None
) -> nn.Sequential:
    """Build a multilayer perceptron with ReLU between its layers.

    Takes (N, in_features), or images (N, C, H, W) of that many pixels in all, and returns logits
    (N, classes). ``rng`` draws the weights (default: that of ``ag.seed``).

    >>> ag.models.mlp(64, hidden=(32,), classes=3)(np.zeros((5, 1, 8, 8), np.float32)).shape
    (5, 3)
    """
    rng = generator(rng)
    layers: list[nn.Module] = [nn.Flatten()]
    for width in hidden:
        layers += [nn.Linear(in_features, width, rng=rng), nn.ReLU()]
        in_features = width
    return nn.Sequential(*layers, nn.Linear(in_features, classes, rng=rng))


def __dir__() -> list[str]:
    return shown(globals())
