"""Optimisers and learning-rate schedules, with PyTorch's formulas.

They take Tensors or Scalars. A parameter whose gradient never arrived is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ._kernels import loops as _kernels
from ._kernels.scalar import Scalar
from ._names import shown
from .tensor import Tensor


def _check_range(who: str, **values: float) -> None:
    for name, value in values.items():
        if not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{who}: {name} must be a number, got {value!r}")
        if not value >= 0:
            raise ValueError(f"{who}: {name} must not be negative, got {value}")


def _listed(who: str, parameters: Iterable[Tensor]) -> list[Any]:
    """The parameters as a list, each a Tensor or a Scalar."""
    if isinstance(parameters, (Tensor, Scalar)) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"{who}: expected a list of parameters, got one {type(parameters).__name__}; put it in a "
            "list, or give a module's .parameters()"
        )
    found = list(parameters)
    for i, p in enumerate(found):
        if not isinstance(p, (Tensor, Scalar)):
            raise TypeError(
                f"{who}: parameter {i} must be a Tensor or a Scalar, got {type(p).__name__}; wrap "
                "arrays in ag.Tensor"
            )
    return found


class Optimizer:
    """Update parameters by their gradients; each kind has its own ``step``.

    Raises TypeError for parameters that are neither Tensors nor Scalars, ValueError for none, for one
    given twice, or for a result of an operation.
    """

    #: Names of the arrays that an optimiser keeps for each parameter.
    slots: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Tensor], lr: float, **options: float) -> None:
        who = type(self).__name__
        _check_range(who, lr=lr, **options)
        self.parameters = self._checked(who, parameters)
        self.lr = lr
        self.options = options
        self.steps = [0] * len(self.parameters)
        self.state: list[dict[str, np.ndarray]] = [{} for _ in self.parameters]

    @staticmethod
    def _checked(who: str, parameters: Iterable[Tensor]) -> list[Any]:
        found = _listed(who, parameters)
        if not found:
            raise ValueError(f"{who}: got no parameters; does the model have any?")
        for i, p in enumerate(found):
            if p.inputs:
                raise ValueError(
                    f"{who}: parameter {i} is the result of op '{p.op}', which would be recomputed; "
                    "optimise the leaf it came from"
                )
            if not isinstance(p, Scalar) and p.dtype.kind == "c":
                raise TypeError(
                    f"{who}: parameter {i} is complex; optimise its real and imaginary parts, two real "
                    "arrays, and compute with re + 1j * im"
                )
        if len({id(p) for p in found}) != len(found):
            raise ValueError(f"{who}: the same parameter was given twice")
        return found

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters:
            p.grad = 0.0 if isinstance(p, Scalar) else None

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for i, p in enumerate(self.parameters):
            if isinstance(p, Scalar):
                value = np.array([p.value])
                self._update(i, value, np.array([p.grad]))
                p.value = float(value[0])
            elif p.grad_or_none is not None:
                self._update(i, p.writable, p.grad_or_none)

    def _update(self, i: int, value: np.ndarray, gradient: np.ndarray) -> None:
        """Change the array ``value`` of parameter ``i`` in place."""
        state = self.state[i]
        if not state:
            state.update({name: np.zeros(value.size, value.dtype) for name in self.slots})
        step = self.steps[i] + 1
        if not self._kernel(value, gradient, state, step):
            self._check_state(i, value)
            copy = np.array(value, order="C")
            self._kernel(copy, np.array(gradient, value.dtype, order="C"), state, step)
            value[...] = copy
        self.steps[i] = step

    def _check_state(self, i: int, value: np.ndarray) -> None:
        for kept in self.state[i].values():
            if kept.size != value.size or kept.dtype != value.dtype:
                raise ValueError(
                    f"{type(self).__name__}: parameter {i} had {kept.size} numbers of {kept.dtype} and "
                    f"now has {value.size} of {value.dtype}; make a new optimiser"
                )

    def _kernel(
        self, p: np.ndarray, g: np.ndarray, state: dict[str, np.ndarray], step: int
    ) -> bool:
        """Change ``p`` and ``state``; False, and nothing is done, unless all lie in order."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return learning rate, step counts and copies of the arrays kept, to save or to load."""
        found: dict[str, Any] = {"lr": self.lr, "steps": np.array(self.steps)}
        for i, state in enumerate(self.state):
            found.update({f"{i}.{name}": array.copy() for name, array in state.items()})
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Nothing is changed unless all fits; raises ValueError that lists what does not.
        """
        who = type(self).__name__
        steps = np.asarray(state.get("steps", ()))
        if steps.shape != (len(self.parameters),):
            raise ValueError(
                f"{who}: the state is for {steps.size} parameters, this optimiser has "
                f"{len(self.parameters)}"
            )
        sizes = {
            f"{i}.{name}": getattr(p, "size", 1)
            for i, p in enumerate(self.parameters)
            for name in self.slots
            if steps[i]
        }
        expected = {"lr", "steps", *sizes}
        problems = [f"missing: {key}" for key in sorted(expected - set(state))]
        problems += [f"unexpected: {key}" for key in sorted(set(state) - expected)]
        problems += [
            f"{key} has {np.size(state[key])} elements, parameter {key.split('.')[0]} has {size}"
            for key, size in sizes.items()
            if key in state and np.size(state[key]) != size
        ]
        if problems:
            listing = "\n  ".join(problems)
            raise ValueError(f"{who}: the state does not fit; nothing was loaded\n  {listing}")
        lr = float(state["lr"])
        kept: list[dict[str, np.ndarray]] = [
            {
                name: np.array(state[f"{i}.{name}"], getattr(p, "dtype", float)).reshape(-1)
                for name in self.slots
                if steps[i]
            }
            for i, p in enumerate(self.parameters)
        ]
        self.lr, self.steps, self.state = lr, steps.tolist(), kept

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in {"lr": self.lr, **self.options}.items())
        return f"{type(self).__name__}({len(self.parameters)} parameters, {options})"


class SGD(Optimizer):
    """Descend along the gradient, with momentum v = momentum * v + g if asked: p -= lr * v.

    ``nesterov`` looks ahead: p -= lr * (g + momentum * v) (Sutskever et al., 2013). ``weight_decay``
    adds weight_decay * p to the gradient.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.SGD([w], lr=0.1).step()
    """

    slots = ("velocity",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs a momentum")
        self.nesterov = nesterov

    def _kernel(self, p: Any, g: Any, state: Any, step: int) -> bool:
        momentum, decay = self.options["momentum"], self.options["weight_decay"]
        return _kernels.sgd(
            p, g, state["velocity"], self.lr, momentum, decay, self.nesterov, step == 1
        )


class Adam(Optimizer):
    """Divide a running mean of the gradient by the root of a running mean of its square.

    Both are corrected for their start at zero (Kingma and Ba, 2015). ``weight_decay`` adds
    weight_decay * p to the gradient.

    >>> w = ag.Tensor([1.0])
    >>> w.grad = np.array([2.0])
    >>> ag.optim.Adam([w], lr=0.1).step()
    """

    slots = ("mean", "square")
    decoupled = False

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, eps=eps, weight_decay=weight_decay)
        if len(betas) != 2 or not all(0 <= b < 1 for b in betas):
            raise ValueError(
                f"{type(self).__name__}: betas must be two numbers in [0, 1), got {betas}"
            )
        self.betas = betas

    def _kernel(self, p: Any, g: Any, state: Any, step: int) -> bool:
        eps, decay = self.options["eps"], self.options["weight_decay"]
        return _kernels.adam(
            p, g, state["mean"], state["square"], self.lr, *self.betas, eps, decay, self.decoupled,
            step,
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
        parameters: Iterable[Tensor],
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

    slots = ("square", "velocity")

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(
            parameters, lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum
        )

    def _kernel(self, p: Any, g: Any, state: Any, step: int) -> bool:
        o = self.options
        return _kernels.rmsprop(
            p, g, state["square"], state["velocity"], self.lr, o["alpha"], o["eps"],
            o["weight_decay"], o["momentum"],
        )  # fmt: skip


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together so that their norm is at most ``max_norm``; return the norm before.

    The norm is that of all gradients as one vector. Raises ValueError for a negative ``max_norm``,
    TypeError for parameters that are neither Tensors nor Scalars.

    >>> w = ag.Tensor([0.0, 0.0])
    >>> w.grad = np.array([3.0, 4.0])
    >>> ag.optim.clip_grad_norm([w], 1.0)
    5.0
    """
    _check_range("clip_grad_norm", max_norm=max_norm)
    found = _listed("clip_grad_norm", parameters)
    total = math.sqrt(sum(float(np.vdot(g, g).real) for g in (_gradient(p) for p in found)))
    scale = max_norm / (total + 1e-6)
    if scale < 1:
        for p in found:
            if isinstance(p, Scalar) or p.grad_or_none is not None:
                p.grad *= scale
    return total


def _gradient(p: Any) -> Any:
    if isinstance(p, Scalar):
        return p.grad
    return 0.0 if p.grad_or_none is None else p.grad_or_none


# --- schedules -----------------------------------------------------------------------------------


class Schedule:
    """Set an optimiser's learning rate from the number of steps taken so far.

    Call ``step()`` after each epoch (after each batch for OneCycleLR).
    """

    #: Its name on the command line.
    command: str

    #: Whether ``step`` takes the quantity to watch.
    needs_metric = False

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.count = 0
        optimizer.lr = self.rate(0)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that suits a training of ``epochs`` epochs, as ``agx train`` does."""
        return cls(optimizer)

    def rate(self, count: int) -> float:
        """Return the learning rate after ``count`` steps."""
        raise NotImplementedError

    def step(self) -> None:
        """Move on to the next learning rate."""
        self.count += 1
        self.optimizer.lr = self.rate(self.count)


class StepLR(Schedule):
    """Multiply the learning rate by ``gamma`` every ``step_size`` steps.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.StepLR(sgd, step_size=2, gamma=0.5)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    command = "step"

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size must be a positive integer, got {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that lowers the learning rate after each third of ``epochs`` epochs."""
        return cls(optimizer, max(1, epochs // 3))

    def rate(self, count: int) -> float:
        """Return the learning rate after ``count`` steps."""
        return self.base_lr * self.gamma ** (count // self.step_size)


class CosineAnnealingLR(Schedule):
    """Lower the learning rate to ``eta_min`` in ``T_max`` steps along half a cosine.

    (Loshchilov and Hutter, 2017, without restarts.)

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.CosineAnnealingLR(sgd, T_max=2)
    >>> [round((sgd.lr, schedule.step())[0], 6) for _ in range(3)]
    [1.0, 0.5, 0.0]
    """

    command = "cosine"

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        if T_max < 1:
            raise ValueError(f"CosineAnnealingLR: T_max must be a positive integer, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that reaches its end in ``epochs`` epochs."""
        return cls(optimizer, epochs)

    def rate(self, count: int) -> float:
        """Return the learning rate after ``count`` steps."""
        swing = (1 + math.cos(math.pi * count / self.T_max)) / 2
        return self.eta_min + (self.base_lr - self.eta_min) * swing


class OneCycleLR(Schedule):
    """Raise the learning rate to ``max_lr`` and lower it to almost nothing, along cosines.

    It starts at max_lr / div_factor, peaks after ``pct_start`` of ``total_steps``, and ends at the start
    divided by ``final_div_factor`` (Smith and Topin, 2018). The momentum is left alone.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.OneCycleLR(sgd, max_lr=1.0, total_steps=10)
    >>> round(sgd.lr, 6)
    0.04
    """

    command = "onecycle"

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        if total_steps < 1 or not 0 <= pct_start <= 1:
            raise ValueError(
                "OneCycleLR: total_steps must be positive and pct_start lie in [0, 1], got "
                f"{total_steps} and {pct_start}"
            )
        self.max_lr, self.total_steps = max_lr, total_steps
        self.peak = pct_start * total_steps - 1
        self.first = max_lr / div_factor
        self.last = self.first / final_div_factor
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that peaks at the optimiser's learning rate, with a step for each epoch."""
        return cls(optimizer, optimizer.lr, epochs)

    def rate(self, count: int) -> float:
        """Return the learning rate after ``count`` steps; raises ValueError after the last."""
        if count >= self.total_steps + 1:
            raise ValueError(
                f"OneCycleLR: step {count} of {self.total_steps}; raise total_steps (epochs times batches)"
            )
        count = min(count, self.total_steps - 1)
        if count < self.peak:
            return _between(self.first, self.max_lr, count / self.peak)
        if count == self.peak:
            return self.max_lr
        rest = self.total_steps - 1 - self.peak
        return _between(self.max_lr, self.last, (count - self.peak) / rest)


def _between(start: float, end: float, share: float) -> float:
    """From ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class ReduceLROnPlateau(Schedule):
    """Multiply the learning rate by ``factor`` when a quantity has not improved for a while.

    ``step(metric)`` takes the quantity; smaller is better unless ``mode="max"``. An improvement is one by
    the share ``threshold``; ``patience`` epochs without one are forgiven. Changes below ``eps`` are not made.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.ReduceLROnPlateau(sgd, factor=0.5, patience=1)
    >>> [(schedule.step(loss), sgd.lr)[1] for loss in (1.0, 1.0, 1.0, 0.5)]
    [1.0, 1.0, 0.5, 0.5]
    """

    command = "plateau"
    needs_metric = True

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"ReduceLROnPlateau: mode must be 'min' or 'max', got {mode!r}")
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must lie between 0 and 1, got {factor}")
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.min_lr, self.eps = threshold, min_lr, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.bad = 0
        self.optimizer = optimizer

    def step(self, metric: float) -> None:  # type: ignore[override]
        """Take the quantity after an epoch, and lower the learning rate if it is due."""
        metric = float(metric)
        if self.mode == "min":
            better = metric < self.best * (1 - self.threshold)
        else:
            better = metric > self.best * (1 + self.threshold)
        self.best, self.bad = (metric, 0) if better else (self.best, self.bad + 1)
        if self.bad > self.patience:
            self.bad = 0
            lower = max(self.optimizer.lr * self.factor, self.min_lr)
            if self.optimizer.lr - lower > self.eps:
                self.optimizer.lr = lower


def __dir__() -> list[str]:
    return shown(globals())
