"""The optimisers: each says what it keeps for a parameter, and by which rule it is updated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .optimizer import Optimizer, Parameters


def _check_pair(
    who: str, name: str, pair: Any, limits: str, fit: Callable[[float, float], bool]
) -> None:
    """Raise unless an option has two numbers that ``fit``, in words ``limits``."""
    values = tuple(pair) if isinstance(pair, Iterable) else ()
    numbers = all(isinstance(value, (int, float, np.number)) for value in values)
    if len(values) != 2 or not numbers or not fit(*values):
        raise ValueError(f"{who}: {name} must be two numbers {limits}, got {pair}")


class SGD(Optimizer):
    """Descend along the gradient, with momentum v = momentum * v + g if asked: p -= lr * v.

    From the second step on ``dampening`` weakens what comes in: v = momentum * v + (1 - dampening) * g.
    ``nesterov`` looks ahead: p -= lr * (g + momentum * v) (Sutskever et al., 2013). ``weight_decay``
    adds weight_decay * p to the gradient; ``maximize`` climbs.

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
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
            nesterov=nesterov, maximize=maximize,
        )  # fmt: skip

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, options)
        if options["nesterov"] and not (options["momentum"] and not options["dampening"]):
            raise ValueError(f"{who}: nesterov needs a momentum and no dampening")

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return (
            group["lr"], group["weight_decay"], group["maximize"], group["momentum"],
            group["dampening"], group["nesterov"],
        )  # fmt: skip


class _Moments(Optimizer):
    """What Adam and its relatives share: running means of the gradient and of its square."""

    slots = ("mean", "square")

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, {k: v for k, v in options.items() if k != "betas"})
        _check_pair(
            who, "betas", options["betas"], "in [0, 1)", lambda a, b: 0 <= a < 1 and 0 <= b < 1
        )

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return (
            group["lr"], group["weight_decay"], group["maximize"], *group["betas"], group["eps"],
            group.get("decoupled_weight_decay", False),
        )  # fmt: skip


class Adam(_Moments):
    """Divide a running mean of the gradient by the root of a running mean of its square.

    Both are corrected for their start at zero (Kingma and Ba, 2015). ``weight_decay`` adds
    weight_decay * p to the gradient; ``amsgrad`` divides by the largest of the means of squares so far
    (Reddi et al., 2018); ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Adam([w], lr=0.1).step()
    """

    rule = "adam"
    extra = ("amsgrad", "largest")
    decoupled = False

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad,
            maximize=maximize,
        )  # fmt: skip

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return (
            group["lr"], group["weight_decay"], group["maximize"], *group["betas"], group["eps"],
            self.decoupled, group["amsgrad"],
        )  # fmt: skip


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
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


class NAdam(_Moments):
    """Adam with Nesterov's look ahead, by a momentum that grows (Dozat, 2016).

    It is beta1 * (1 - 0.96**(momentum_decay * t) / 2) in step t. ``weight_decay`` is added to the gradient,
    or with ``decoupled_weight_decay`` shrinks the parameters directly; ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.NAdam([w], lr=0.1).step()
    """

    rule = "nadam"

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay,
            momentum_decay=momentum_decay, decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )  # fmt: skip

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return *super()._options(group), group["momentum_decay"]


class RAdam(_Moments):
    """Adam that divides only once enough squares were seen, and then rectified (Liu et al., 2020).

    ``weight_decay`` is added to the gradient, or with ``decoupled_weight_decay`` shrinks the parameters
    directly; ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.RAdam([w], lr=0.1).step()
    """

    rule = "radam"

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay, maximize=maximize,
        )  # fmt: skip


class Adamax(_Moments):
    """Adam that divides by the largest recent gradient: u = max(beta2 * u, |g| + eps).

    (Kingma and Ba, 2015.) ``weight_decay`` adds weight_decay * p to the gradient; ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Adamax([w], lr=0.1).step()
    """

    rule = "adamax"
    slots = ("mean", "largest")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize
        )


class RMSprop(Optimizer):
    """Divide the gradient by the root of a running mean of its square (Tieleman and Hinton, 2012).

    ``centered`` subtracts the square of the running mean of the gradient, which leaves the variance
    (Graves, 2013). ``weight_decay`` adds weight_decay * p to the gradient; ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.RMSprop([w], lr=0.1).step()
    """

    rule = "rmsprop"
    slots = ("square", "velocity")
    extra = ("centered", "mean")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum,
            centered=centered, maximize=maximize,
        )  # fmt: skip

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, options)
        if options["alpha"] >= 1:
            raise ValueError(f"{who}: alpha must lie in [0, 1), got {options['alpha']}")

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return (
            group["lr"], group["weight_decay"], group["maximize"], group["alpha"], group["eps"],
            group["momentum"], group["centered"],
        )  # fmt: skip


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares so far (Duchi et al., 2011).

    The sum begins with ``initial_accumulator_value``, and the learning rate in step t is
    lr / (1 + (t - 1) * lr_decay). ``weight_decay`` adds weight_decay * p to the gradient; ``maximize``
    climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Adagrad([w], lr=0.1).step()
    """

    rule = "adagrad"
    slots = ("sum",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, lr_decay=lr_decay, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, eps=eps, maximize=maximize,
        )  # fmt: skip

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return (
            group["lr"], group["weight_decay"], group["maximize"], group["lr_decay"],
            group["initial_accumulator_value"], group["eps"],
        )  # fmt: skip


class Adadelta(Optimizer):
    """Multiply the gradient by the size of recent changes over that of recent gradients (Zeiler, 2012).

    Both sizes are roots of running means of squares, which keep the share ``rho`` in each step.
    ``weight_decay`` adds weight_decay * p to the gradient; ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Adadelta([w]).step()
    """

    rule = "adadelta"
    slots = ("square", "change")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize
        )

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, options)
        if options["rho"] > 1:
            raise ValueError(f"{who}: rho must lie in [0, 1], got {options['rho']}")

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return tuple(group[k] for k in ("lr", "weight_decay", "maximize", "rho", "eps"))


class Rprop(Optimizer):
    """Move each number by a step of its own, of which the gradient says only the direction.

    Steps begin at ``lr``, grow by the second of ``etas`` while the sign of the gradient stays, shrink by
    the first where it turns, and remain within ``step_sizes`` (Riedmiller and Braun, 1993). It wants the
    gradient of all data; those of batches turn too often. ``maximize`` climbs.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Rprop([w], lr=0.1).step()
    """

    rule = "rprop"
    slots = ("gradient", "size")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, etas=etas, step_sizes=step_sizes, maximize=maximize)

    def _check(self, who: str, options: dict[str, Any]) -> None:
        super()._check(who, {key: options[key] for key in ("lr", "maximize")})
        _check_pair(
            who, "etas", options["etas"], "below and above 1",
            lambda less, more: 0 < less < 1 < more < math.inf,
        )  # fmt: skip
        _check_pair(
            who, "step_sizes", options["step_sizes"], "in ascending order",
            lambda least, most: 0 <= least <= most,
        )  # fmt: skip

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        return group["lr"], 0.0, group["maximize"], *group["etas"], *group["step_sizes"]
