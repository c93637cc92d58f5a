"""Losses as modules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from ..module import Module
from .arguments import check_reduction
from .binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    sigmoid_focal_loss,
    soft_margin_loss,
)
from .classes import cross_entropy, focal_loss, kl_div, multi_margin_loss, nll_loss
from .pairs import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
)
from .regression import (
    gaussian_nll_loss,
    huber,
    l1,
    mse,
    poisson_nll_loss,
    smooth_l1_loss,
)

if TYPE_CHECKING:
    import numpy as np

    from ..._engine.signatures import Tensor

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SigmoidFocalLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
]


class _Loss(Module):
    """A loss function with its options, the keyword arguments of the function, as a module."""

    function: Callable[..., Any]

    #: Ways to reduce beside the usual ones.
    reductions: tuple[str, ...] = ()

    #: What the predictions are, as the function says; None where a subclass has a ``forward`` of its own.
    takes: str | None

    #: Over what it is a mean, as the function says; None for all examples alike.
    over: Callable[..., Any] | None

    def __init_subclass__(cls, *, function: Callable[..., Any] | None = None) -> None:
        super().__init_subclass__()
        if {"forward", "__call__"} & vars(cls).keys():
            cls.takes = cls.over = None
        if function is not None:
            cls.function = staticmethod(function)
            cls.takes = vars(function)["takes"]
            cls.over = staticmethod(vars(function)["over"]) if vars(function)["over"] else None
            cls.__doc__ = f"Compute ``ag.{function.__name__}`` with options given once (see there)."

    if TYPE_CHECKING:

        @overload
        def __call__(self, predictions: Tensor, targets: Any, /) -> Tensor: ...
        @overload
        def __call__(self, predictions: np.ndarray, targets: Any, /) -> np.ndarray: ...
        def __call__(self, predictions: Any, targets: Any, /) -> Any: ...

    def __init__(self, *positional: Any, **options: Any) -> None:
        name, arguments = type(self).__name__, inspect.signature(type(self).function).parameters
        known = [a.name for a in arguments.values() if a.kind is a.KEYWORD_ONLY]
        if positional:
            raise TypeError(
                f"{name}: got {len(positional)} arguments without a name, expected options only, such as "
                f"{known[0]}=...; make the loss first, loss = ag.nn.{name}(), then call it: "
                "loss(predictions, targets)"
            )
        for option in options:
            if option not in known:
                raise TypeError(f"{name}: no option {option!r}; there are {', '.join(known)}")
        check_reduction(name, options.get("reduction", "mean"), *self.reductions)
        self.options = options

    def forward(self, *inputs: Any) -> Any:
        """Compute the loss of predictions and targets."""
        return type(self).function(*inputs, **self.options)

    def extra_repr(self) -> str:
        """Return the options."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class _LossOfThree(_Loss):
    """A loss of three arrays."""

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __call__(self, first: Tensor, second: Any, third: Any, /) -> Tensor: ...
        @overload
        def __call__(self, first: np.ndarray, second: Any, third: Any, /) -> Any: ...
        def __call__(self, first: Any, second: Any, third: Any, /) -> Any: ...


class CrossEntropyLoss(_Loss, function=cross_entropy): ...


class NLLLoss(_Loss, function=nll_loss): ...


class FocalLoss(_Loss, function=focal_loss): ...


class MultiMarginLoss(_Loss, function=multi_margin_loss): ...


class KLDivLoss(_Loss, function=kl_div):
    reductions = ("batchmean",)


class MSELoss(_Loss, function=mse): ...


class L1Loss(_Loss, function=l1): ...


class HuberLoss(_Loss, function=huber): ...


class SmoothL1Loss(_Loss, function=smooth_l1_loss): ...


class PoissonNLLLoss(_Loss, function=poisson_nll_loss): ...


class GaussianNLLLoss(_LossOfThree, function=gaussian_nll_loss): ...


class BCELoss(_Loss, function=binary_cross_entropy): ...


class BCEWithLogitsLoss(_Loss, function=binary_cross_entropy_with_logits): ...


class SigmoidFocalLoss(_Loss, function=sigmoid_focal_loss): ...


class SoftMarginLoss(_Loss, function=soft_margin_loss): ...


class HingeEmbeddingLoss(_Loss, function=hinge_embedding_loss): ...


class CosineEmbeddingLoss(_LossOfThree, function=cosine_embedding_loss): ...


class MarginRankingLoss(_LossOfThree, function=margin_ranking_loss): ...


class TripletMarginLoss(_LossOfThree, function=triplet_margin_loss): ...
