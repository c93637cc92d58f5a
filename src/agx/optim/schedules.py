"""Learning-rate schedules: each is a formula, or watches a quantity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .optimizer import Optimizer, check_finite


def _groups(who: str, optimizer: Any) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] | None = getattr(optimizer, "param_groups", None)
    if isinstance(optimizer, type) or groups is None:
        got = optimizer.__name__ if isinstance(optimizer, type) else type(optimizer).__name__
        raise TypeError(
            f"{who}: expected an optimiser, such as ag.optim.SGD(model.parameters()), got {got}"
        )
    return groups


def _for_groups(who: str, name: str, value: Any, count: int) -> list[float]:
    """One number for each group, from one for all or a list."""
    values = list(value) if isinstance(value, Iterable) else [value] * count
    if len(values) != count:
        raise ValueError(
            f"{who}: {name} has {len(values)} numbers, the optimiser {count} groups of parameters; "
            "give one number for each, or one for all"
        )
    return values


def _check_counts(who: str, least: int, **values: Any) -> None:
    """Raise for what is no integer of at least ``least``."""
    kind = "a positive integer" if least == 1 else "an integer of at least 0"
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{who}: {name} must be {kind}, got {value!r}")
        if value < least:
            raise ValueError(f"{who}: {name} must be {kind}, got {value}")


class Schedule:
    """Set an optimiser's learning rates from the number of steps taken so far.

    Call ``step()`` after each epoch (after each batch for OneCycleLR). Every group of parameters keeps
    a rate of its own, ``rate(count, base)`` of the one that it began with. A rate that somebody else has
    changed since the last step, you or another schedule, is gone on from: two schedules of one optimiser
    multiply. One of your own defines ``rate``. Raises TypeError for something else than an optimiser.
    """

    #: Its name on the command line.
    command: str

    #: Whether ``step`` takes the quantity to watch.
    needs_metric = False

    def __init__(self, optimizer: Optimizer) -> None:
        groups = _groups(type(self).__name__, optimizer)
        self.optimizer = optimizer
        self.base_lrs: list[float] = [group["lr"] for group in groups]
        self.count = 0
        self._set_rates()

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that suits a training of ``epochs`` epochs, as ``agx train`` does."""
        return cls(optimizer)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        raise NotImplementedError(f"{type(self).__name__}: write rate(self, count, base)")

    def step(self) -> None:
        """Move on to the next learning rates."""
        if not hasattr(self, "optimizer"):
            raise TypeError(
                f"{type(self).__name__}: __init__ did not make a schedule; call "
                "super().__init__(optimizer) in it"
            )
        groups = self.optimizer.param_groups
        self.base_lrs += [0.0] * (len(groups) - len(self.base_lrs))
        for i, group in enumerate(groups):
            if i >= len(self._made) or group["lr"] != self._made[i]:
                self.base_lrs[i] = self._base(group["lr"])
        self.count += 1
        self._set_rates()

    def _set_rates(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            rate = self.rate(self.count, base)
            check_finite(type(self).__name__, rate=rate)
            group["lr"] = rate
        self._made = tuple(group["lr"] for group in self.optimizer.param_groups)

    def _base(self, lr: float) -> float:
        """What a group would have begun with to have the rate ``lr`` by now."""
        at_zero = self.rate(self.count, 0.0)
        slope = self.rate(self.count, 1.0) - at_zero
        return (lr - at_zero) / slope if slope else lr

    def state_dict(self) -> dict[str, Any]:
        """Return settings, counts and the learning rates: numbers, texts and lists of numbers.

        ``json.dumps`` and ``np.savez(path, **schedule.state_dict())`` can write it. Save the
        optimiser's ``state_dict`` too; they can be loaded in either order.

        >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
        >>> ag.optim.StepLR(sgd, 2).state_dict()
        {'step_size': 2, 'gamma': 0.1, 'base_lrs': [1.0], 'count': 0, 'lrs': [1.0]}
        """
        plain = (int, float, str, list, np.number)
        found = {
            name: np.asarray(value).tolist()
            for name, value in vars(self).items()
            if isinstance(value, plain)
        }
        found["lrs"] = [float(group["lr"]) for group in self.optimizer.param_groups]
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned, and set the optimiser's learning rates.

        Nothing is changed unless all fits; raises ValueError that lists what does not.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"{type(self).__name__}: expected what state_dict() returned, got {type(state).__name__}"
            )
        own = self.state_dict()
        new = {name: np.asarray(state[name]).tolist() for name in state}
        problems = [f"missing: {name}" for name in sorted(own.keys() - new.keys())]
        problems += [f"unexpected: {name}" for name in sorted(new.keys() - own.keys())]
        for name in own.keys() & new.keys():
            if np.shape(own[name]) != np.shape(new[name]):
                size = f"{np.size(new[name])} elements, expected {np.size(own[name])}"
                problems.append(f"{name} has {size}; has the optimiser the same groups?")
            elif _are_numbers(own[name]) != _are_numbers(new[name]):
                problems.append(f"{name} is {new[name]!r}, expected something like {own[name]!r}")
        if problems:
            listing = "\n  ".join(problems)
            raise ValueError(
                f"{type(self).__name__}: the state does not fit; nothing was loaded\n  {listing}"
            )
        for lr in new["lrs"]:
            check_finite(f"{type(self).__name__}: the state", lr=lr)
        for group, lr in zip(self.optimizer.param_groups, new.pop("lrs"), strict=True):
            group["lr"] = lr
        vars(self).update(new)
        self._made = tuple(group["lr"] for group in self.optimizer.param_groups)


def _are_numbers(values: Any) -> bool:
    array = np.asarray(values)
    return array.dtype.kind in "biuf" and not np.isnan(array).any()


class StepLR(Schedule):
    """Multiply the learning rate by ``gamma`` every ``step_size`` steps.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.StepLR(sgd, step_size=2, gamma=0.5)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    command = "step"

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        _check_counts("StepLR", 1, step_size=step_size)
        check_finite("StepLR", gamma=gamma)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that lowers the learning rate after each third of ``epochs`` epochs."""
        return cls(optimizer, max(1, epochs // 3))

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        return base * self.gamma ** (count // self.step_size)


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
        _check_counts("CosineAnnealingLR", 1, T_max=T_max)
        check_finite("CosineAnnealingLR", eta_min=eta_min)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that reaches its end in ``epochs`` epochs."""
        return cls(optimizer, epochs)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        swing = (1 + math.cos(math.pi * count / self.T_max)) / 2
        return self.eta_min + (base - self.eta_min) * swing


class OneCycleLR(Schedule):
    """Raise the learning rate to ``max_lr`` and lower it to almost nothing, along cosines.

    It starts at max_lr / div_factor, peaks after ``pct_start`` of ``total_steps``, and ends at the start
    divided by ``final_div_factor`` (Smith and Topin, 2018). ``max_lr`` is one number, or one for each
    group of parameters. The momentum is left alone.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.OneCycleLR(sgd, max_lr=1.0, total_steps=10)
    >>> round(sgd.lr, 6)
    0.04
    """

    command = "onecycle"

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        _check_counts("OneCycleLR", 1, total_steps=total_steps)
        check_finite(
            "OneCycleLR",
            pct_start=pct_start,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
        )
        if pct_start > 1 or not div_factor or not final_div_factor:
            raise ValueError(
                "OneCycleLR: pct_start must lie in [0, 1] and the factors be positive, got "
                f"pct_start={pct_start}, div_factor={div_factor}, final_div_factor={final_div_factor}"
            )
        self.total_steps = total_steps
        self.peak = pct_start * total_steps - 1
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        groups = _groups("OneCycleLR", optimizer)
        peaks = _for_groups("OneCycleLR", "max_lr", max_lr, len(groups))
        for peak in peaks:
            check_finite("OneCycleLR", max_lr=peak)
        for group, peak in zip(groups, peaks, strict=True):
            group["lr"] = peak
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that peaks at the optimiser's learning rates, with a step for each epoch."""
        return cls(optimizer, [group["lr"] for group in optimizer.param_groups], epochs)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group whose peak is ``base``.

        Raises ValueError after the last step.
        """
        if count >= self.total_steps + 1:
            raise ValueError(
                f"OneCycleLR: step {count} of {self.total_steps}; raise total_steps (epochs times batches)"
            )
        count = min(count, self.total_steps - 1)
        first = base / self.div_factor
        if count < self.peak:
            return _between(first, base, count / self.peak)
        if count == self.peak:
            return base
        rest = self.total_steps - 1 - self.peak
        return _between(base, first / self.final_div_factor, (count - self.peak) / rest)


def _between(start: float, end: float, share: float) -> float:
    """From ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class ReduceLROnPlateau(Schedule):
    """Multiply the learning rate by ``factor`` when a quantity has not improved for a while.

    ``step(metric)`` takes the quantity; smaller is better unless ``mode="max"``. An improvement is one
    by more than ``threshold``: times the size of the best value so far, or, with
    ``threshold_mode="abs"``, as it is. (PyTorch compares with best * (1 - threshold), which moves the
    wrong way where the best is negative.) ``patience`` steps without one are forgiven; ``cooldown``
    steps after a reduction do not count. Rates do not fall below ``min_lr``, one number or one for each
    group of parameters, and changes below ``eps`` are not made.

    ``ag.fit`` gives it the loss, that of the validation if there is one, and the accuracy if the mode
    is "max"; ``watch`` names another column of the history, such as ``"validation_f1"``.

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
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
        *,
        watch: str = "",
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"ReduceLROnPlateau: mode must be 'min' or 'max', got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"ReduceLROnPlateau: threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}"
            )
        check_finite(
            "ReduceLROnPlateau", factor=factor, patience=patience, threshold=threshold, eps=eps
        )
        _check_counts("ReduceLROnPlateau", 0, patience=patience, cooldown=cooldown)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must lie between 0 and 1, got {factor}")
        groups = _groups("ReduceLROnPlateau", optimizer)
        self.min_lrs = _for_groups("ReduceLROnPlateau", "min_lr", min_lr, len(groups))
        for least in self.min_lrs:
            check_finite("ReduceLROnPlateau", min_lr=least)
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.eps, self.watch = cooldown, eps, watch
        self.best = math.inf if mode == "min" else -math.inf
        self.bad = self.resting = 0
        self.optimizer = optimizer
        self._made = ()

    def step(self, metric: float) -> None:  # type: ignore[override]
        """Take the quantity after an epoch, and lower the learning rates if it is due."""
        value = np.asarray(getattr(metric, "value", metric))
        if value.size != 1 or value.dtype.kind not in "biuf":
            raise TypeError(
                "ReduceLROnPlateau: step(metric) takes one number, such as the loss of the validation, got "
                f"{metric!r:.60}"
            )
        metric = float(value.reshape(()))
        self.best, self.bad = (metric, 0) if self._is_better(metric) else (self.best, self.bad + 1)
        if self.resting:
            self.resting -= 1
            self.bad = 0
        if self.bad > self.patience:
            self.bad, self.resting = 0, self.cooldown
            self._lower()

    def _is_better(self, metric: float) -> bool:
        gain = self.best - metric if self.mode == "min" else metric - self.best
        if math.isinf(self.best):  # the first quantity, unless it is infinite itself
            return gain > 0
        return gain > self.threshold * (abs(self.best) if self.threshold_mode == "rel" else 1.0)

    def _lower(self) -> None:
        groups = self.optimizer.param_groups
        self.min_lrs += [0.0] * (len(groups) - len(self.min_lrs))
        for group, least in zip(groups, self.min_lrs, strict=True):
            lower = max(group["lr"] * self.factor, least)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower
