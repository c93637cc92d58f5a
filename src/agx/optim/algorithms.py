"""The optimisers: each says what it keeps for a parameter, and by which rule it is updated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .optimizer import Optimizer, Parameters


class SGD(Optimizer):
    """Descend along the gradient, with momentum v = momentum * v + g if asked: p -= lr * v.

    ``nesterov`` looks ahead: p -= lr * (g + momentum * v) (Sutskever et al., 2013). ``weight_decay``
    adds weight_decay * p to the gradient.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.SGD([w], lr=0.1).step()
    """

    rule = "sgd"
    slots = ("velocity",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov
        )

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, {k: v for k, v in options.items() if k != "nesterov"})
        if options["nesterov"] and not options["momentum"]:
            raise ValueError(f"{who}: nesterov needs a momentum")

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return group["lr"], group["momentum"], group["weight_decay"], group["nesterov"]


class Adam(Optimizer):
    """Divide a running mean of the gradient by the root of a running mean of its square.

    Both are corrected for their start at zero (Kingma and Ba, 2015). ``weight_decay`` adds
    weight_decay * p to the gradient.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Adam([w], lr=0.1).step()
    """

    rule = "adam"
    slots = ("mean", "square")
    decoupled = False

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, {k: v for k, v in options.items() if k != "betas"})
        betas = options["betas"]
        if (
            not isinstance(betas, Iterable)
            or len(pair := tuple(betas)) != 2
            or not all(isinstance(b, (int, float, np.number)) and 0 <= b < 1 for b in pair)
        ):
            raise ValueError(f"{who}: betas must be two numbers in [0, 1), got {betas}")

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        beta1, beta2 = group["betas"]
        return group["lr"], beta1, beta2, group["eps"], group["weight_decay"], self.decoupled


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters directly (Loshchilov and Hutter, 2019).

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.AdamW([w], lr=0.1).step()
    """

    decoupled = True

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)


class RMSprop(Optimizer):
    """Divide the gradient by the root of a running mean of its square (Tieleman and Hinton, 2012).

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.RMSprop([w], lr=0.1).step()
    """

    rule = "rmsprop"
    slots = ("square", "velocity")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(
            parameters, lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum
        )

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, options)
        if options["alpha"] >= 1:
            raise ValueError(f"{who}: alpha must lie in [0, 1), got {options['alpha']}")

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return tuple(group[name] for name in ("lr", "alpha", "eps", "weight_decay", "momentum"))
