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


class _Sized(nn.Sequential):
    """The steps of a network for square images, which say what is wrong with those of another size."""

    kernel: int

    def __init__(self, name: str, channels: int, size: int, padding: int, *steps: Any) -> None:
        super().__init__(*steps)
        self._expected = name, channels, size, padding

    def forward(self, x: Any) -> Any:
        """Pass ``x`` through all steps."""
        name, channels, size, padding = self._expected
        shape = tuple(x.shape)
        if len(shape) == 4 and shape[1] == channels:
            sides = {_side(n, self.kernel, padding) for n in shape[2:]}
            if sides != {_side(size, self.kernel, padding)}:
                h, w = shape[2:]
                fits = h == w and _side(h, self.kernel, 0) > 0
                build = f", or build it with image_size={h}" if fits else ""
                raise ValueError(
                    f"{name}: expected images of {size} x {size} pixels, got {h} x {w}; resize them{build}"
                )
        return super().forward(x)


class _LeNet5(_Sized):
    kernel = 5


class _CNN(_Sized):
    kernel = 3


def _side(size: int, kernel: int, padding: int) -> int:
    """The side of what is left of an image after two convolutions and poolings."""
    return ((size + 2 * padding - kernel + 1) // 2 - kernel + 1) // 2


def _lenet5(name: str, channels: int, classes: int, size: int, rng: Any, batch_norm: bool) -> Any:
    if size < 16:
        raise ValueError(
            f"{name}: expected images of at least 16 x 16 pixels, got {size} x {size}; "
            "enlarge them (ag.data.digits(size=32)) or use ag.models.mlp"
        )
    rng = generator(rng)
    padding = 2 if size == 28 else 0
    side = _side(size, 5, padding)

    def activated(kind: Any, features: int) -> list[nn.Module]:
        return [kind(features), nn.ReLU()] if batch_norm else [nn.ReLU()]

    return _LeNet5(
        name,
        channels,
        size,
        padding,
        nn.Conv2d(channels, 6, 5, padding=padding, rng=rng),
        *activated(nn.BatchNorm2d, 6),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, rng=rng),
        *activated(nn.BatchNorm2d, 16),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * side * side, 120, rng=rng),
        *activated(nn.BatchNorm1d, 120),
        nn.Linear(120, 84, rng=rng),
        *activated(nn.BatchNorm1d, 84),
        nn.Linear(84, classes, rng=rng),
    )


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
    return _lenet5("lenet5", in_channels, classes, image_size, rng, False)


@_remembered
def lenet5_bn(
    in_channels: int = 1, classes: int = 10, image_size: int = 32, rng: Any = None
) -> nn.Sequential:
    """Build ``lenet5`` with batch norm before each ReLU (Ioffe and Szegedy, 2015).

    A training batch needs two images or more; otherwise as ``lenet5``.

    >>> ag.models.lenet5_bn(image_size=28)(np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 10)
    """
    return _lenet5("lenet5_bn", in_channels, classes, image_size, rng, True)


@_remembered
def cnn(
    in_channels: int = 1, classes: int = 10, image_size: int = 28, rng: Any = None
) -> nn.Sequential:
    """Build the convolutional network of Keras's MNIST example (Chollet, 2015) for square images.

    Two convolutions of 3 x 3, with 32 and 64 filters, ReLU and max pooling, then dropout of one half and
    a linear layer. Takes images (N, in_channels, image_size, image_size) and returns logits
    (N, classes). ``rng`` draws the weights (default: that of ``ag.seed``, which always draws what drops).
    Raises ValueError for an ``image_size`` of less than 10, and for images of another size.

    >>> ag.models.cnn().num_parameters
    34826
    """
    if image_size < 10:
        raise ValueError(
            f"cnn: expected images of at least 10 x 10 pixels, got {image_size} x {image_size}; enlarge "
            "them (ag.data.digits(size=28)) or use ag.models.mlp"
        )
    rng = generator(rng)
    side = _side(image_size, 3, 0)
    return _CNN(
        "cnn",
        in_channels,
        image_size,
        0,
        nn.Conv2d(in_channels, 32, 3, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(64 * side * side, classes, rng=rng),
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


def _convolution(before: int, after: int, kernel: int, stride: int, rng: Any) -> nn.Conv2d:
    """A convolution before a batch norm, with weights as He et al. (2015) draw them."""
    layer = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False, rng=rng)
    layer.weight.value[...] = nn.init.he_normal(layer.weight.shape, rng)
    return layer


class _Block(nn.Module):
    """Two convolutions, and a way around them: as it is, or projected to another size."""

    def __init__(self, before: int, after: int, stride: int, rng: Any) -> None:
        self.conv1 = _convolution(before, after, 3, stride, rng)
        self.bn1 = nn.BatchNorm2d(after)
        self.relu = nn.ReLU()
        self.conv2 = _convolution(after, after, 3, 1, rng)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample = None
        if stride > 1:
            projection = _convolution(before, after, 1, stride, rng)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(after))

    def forward(self, x: Any) -> Any:
        """Add what the convolutions make of ``x`` to it."""
        h = self.relu(self.bn1(self.conv1(x)))
        around = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn2(self.conv2(h)) + around)


class _ResNet(nn.Module):
    """Three stages of blocks with 16, 32 and 64 channels; the names of its state are torchvision's."""

    def __init__(self, blocks: int, channels: int, classes: int, rng: Any) -> None:
        rng = generator(rng)

        def stage(before: int, after: int, stride: int) -> nn.Sequential:
            first = _Block(before, after, stride, rng)
            return nn.Sequential(first, *(_Block(after, after, 1, rng) for _ in range(blocks - 1)))

        self.conv1 = _convolution(channels, 16, 3, 1, rng)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(64, classes, rng=rng)

    def forward(self, x: Any) -> Any:
        """Compute the logits of images ``x``."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.flatten(self.avgpool(x)))


@_remembered
def resnet8(in_channels: int = 3, classes: int = 10, rng: Any = None) -> nn.Module:
    """Build the residual network of 8 layers for small images (He et al., 2016, section 4.2).

    Three stages of one block, with 16, 32 and 64 channels; between stages images are halved, and the way
    around the block is a convolution of 1 x 1 (the paper's option B). Takes images (N, in_channels, H, W)
    of any size and returns logits (N, classes). ``rng`` draws the weights (default: that of ``ag.seed``).

    >>> ag.models.resnet8()(np.zeros((2, 3, 32, 32), np.float32)).shape
    (2, 10)
    """
    return _ResNet(1, in_channels, classes, rng)


@_remembered
def resnet20(in_channels: int = 3, classes: int = 10, rng: Any = None) -> nn.Module:
    """Build the residual network of 20 layers: as ``resnet8``, with three blocks in each stage.

    >>> ag.models.resnet20().num_parameters
    272474
    """
    return _ResNet(3, in_channels, classes, rng)


def __dir__() -> list[str]:
    return shown(globals())
