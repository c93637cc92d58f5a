"""Learning-rate schedules that are formulas."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from .optimizer import Optimizer, check_counts, check_finite
from .schedule import Schedule, check_milestones, for_groups, groups_of


def _check_shares(who: str, **values: float) -> None:
    """Raise for what is no number from 0 to 1."""
    check_finite(who, **values)
    for name, value in values.items():
        if value > 1:
            raise ValueError(f"{who}: {name} must lie in [0, 1], got {value}")


class StepLR(Schedule):
    """Multiply the learning rate by ``gamma`` every ``step_size`` steps.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.StepLR(sgd, step_size=2, gamma=0.5)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    command = "step"

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        check_counts("StepLR", 1, step_size=step_size)
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


class MultiStepLR(Schedule):
    """Multiply the learning rate by ``gamma`` after each number of steps in ``milestones``.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.MultiStepLR(sgd, milestones=[1, 3], gamma=0.5)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    command = "multistep"

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(check_milestones("MultiStepLR", milestones))
        check_finite("MultiStepLR", gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that lowers the learning rate after a half and three quarters of ``epochs`` epochs."""
        return cls(optimizer, [epochs // 2, epochs * 3 // 4])

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        return base * self.gamma ** bisect_right(self.milestones, count)


class ExponentialLR(Schedule):
    """Multiply the learning rate by ``gamma`` in every step.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.ExponentialLR(sgd, gamma=0.5)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(3)]
    [1.0, 0.5, 0.25]
    """

    command = "exponential"

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        check_finite("ExponentialLR", gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that lowers the learning rate to a hundredth in ``epochs`` epochs."""
        return cls(optimizer, 0.01 ** (1 / epochs))

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        return base * self.gamma**count


class ConstantLR(Schedule):
    """Multiply the learning rate by ``factor``, from 0 to 1, for the first ``total_iters`` steps.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.ConstantLR(sgd, factor=0.5, total_iters=2)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        check_counts("ConstantLR", 0, total_iters=total_iters)
        _check_shares("ConstantLR", factor=factor)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        return base * self.factor if count < self.total_iters else base


class LinearLR(Schedule):
    """Multiply the learning rate by a factor that goes from ``start_factor`` to ``end_factor``.

    It does so in ``total_iters`` steps along a straight line: a warm-up from a third unless asked otherwise.
    SequentialLR goes on with another schedule. Factors lie between 0 and 1.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    command = "linear"

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        check_counts("LinearLR", 1, total_iters=total_iters)
        _check_shares("LinearLR", start_factor=start_factor, end_factor=end_factor)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that lowers the learning rate to 0 in ``epochs`` epochs."""
        return cls(optimizer, 1.0, 0.0, epochs)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        way = min(count, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * way)


class PolynomialLR(Schedule):
    """Lower the learning rate to 0 in ``total_iters`` steps: (1 - count / total_iters) ** power.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.PolynomialLR(sgd, total_iters=2, power=2.0)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(3)]
    [1.0, 0.25, 0.0]
    """

    command = "polynomial"

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        check_counts("PolynomialLR", 1, total_iters=total_iters)
        check_finite("PolynomialLR", power=power)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one of power 0.9 that reaches 0 in ``epochs`` epochs."""
        return cls(optimizer, epochs, 0.9)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        return float(base * (1 - min(count, self.total_iters) / self.total_iters) ** self.power)


class LambdaLR(Schedule):
    """Multiply the learning rate by ``lr_lambda(count)``, of one function or of one for each group.

    Functions are not saved: ``state_dict`` holds the counts and rates, and a schedule that loads it is made
    with the same functions. Raises TypeError for what cannot be called.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.LambdaLR(sgd, lambda count: 1 / (1 + count))
    >>> [(sgd.lr, schedule.step())[0] for _ in range(2)]
    [1.0, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
    ) -> None:
        count = len(groups_of("LambdaLR", optimizer))
        self.lr_lambdas = tuple(for_groups("LambdaLR", "lr_lambda", lr_lambda, count))
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    "LambdaLR: lr_lambda must be a function of the number of steps, such as "
                    f"lambda count: 0.95**count, got {function!r:.60}"
                )
        super().__init__(optimizer)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of the first group if it began with ``base``."""
        return self._rate(0, count, base)

    def _rate(self, i: int, count: int, base: float) -> float:
        return base * self.lr_lambdas[min(i, len(self.lr_lambdas) - 1)](count)


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
        check_counts("CosineAnnealingLR", 1, T_max=T_max)
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


class CosineAnnealingWarmRestarts(Schedule):
    """Lower the learning rate to ``eta_min`` along half a cosine, again and again.

    The first time takes ``T_0`` steps, each later one ``T_mult`` times as many as the one before
    (Loshchilov and Hutter, 2017).

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> schedule = ag.optim.CosineAnnealingWarmRestarts(sgd, T_0=2)
    >>> [round((sgd.lr, schedule.step())[0], 6) for _ in range(4)]
    [1.0, 0.5, 1.0, 0.5]
    """

    command = "restarts"

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0
    ) -> None:
        check_counts("CosineAnnealingWarmRestarts", 1, T_0=T_0, T_mult=T_mult)
        check_finite("CosineAnnealingWarmRestarts", eta_min=eta_min)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that goes down three times in ``epochs`` epochs, each time twice as slowly."""
        return cls(optimizer, max(1, epochs // 7), 2)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        length, at = self.T_0, count % self.T_0 if self.T_mult == 1 else count
        while at >= length:
            length, at = length * self.T_mult, at - length
        return _between(base, self.eta_min, at / length)


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
    fixed = True

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        check_counts("OneCycleLR", 1, total_steps=total_steps)
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
        groups = groups_of("OneCycleLR", optimizer)
        peaks = for_groups("OneCycleLR", "max_lr", max_lr, len(groups))
        for peak in peaks:
            check_finite("OneCycleLR", max_lr=peak)
        super().__init__(optimizer, peaks)

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


class CyclicLR(Schedule):
    """Let the learning rate go up from ``base_lr`` to ``max_lr`` and down again, along straight lines.

    Up in ``step_size_up`` steps, down in ``step_size_down``, or as many (Smith, 2017). With the mode
    "triangular2" each time goes half as far up as the one before, with "exp_range" the way up shrinks by
    ``gamma`` in every step. Both rates are one number, or one for each group of parameters. The momentum
    is left alone.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])])
    >>> schedule = ag.optim.CyclicLR(sgd, base_lr=1.0, max_lr=2.0, step_size_up=2)
    >>> [(sgd.lr, schedule.step())[0] for _ in range(5)]
    [1.0, 1.5, 2.0, 1.5, 1.0]
    """

    command = "cyclic"
    fixed = True

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
    ) -> None:
        down = step_size_up if step_size_down is None else step_size_down
        check_counts("CyclicLR", 1, step_size_up=step_size_up, step_size_down=down)
        if mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                f"CyclicLR: mode must be 'triangular', 'triangular2' or 'exp_range', got {mode!r}"
            )
        check_finite("CyclicLR", gamma=gamma)
        count = len(groups_of("CyclicLR", optimizer))
        base_lrs = for_groups("CyclicLR", "base_lr", base_lr, count)
        self.max_lrs: list[float] = for_groups("CyclicLR", "max_lr", max_lr, count)
        for low, high in zip(base_lrs, self.max_lrs, strict=True):
            check_finite("CyclicLR", base_lr=low, max_lr=high)
        self.step_size_up, self.step_size_down = step_size_up, down
        self.mode, self.gamma = mode, gamma
        super().__init__(optimizer, base_lrs)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that goes three times from a tenth of the optimiser's rates to these and back."""
        rates = [group["lr"] for group in optimizer.param_groups]
        return cls(optimizer, [rate / 10 for rate in rates], rates, max(1, epochs // 6))

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of the first group if it began with ``base``."""
        return self._rate(0, count, base)

    def _rate(self, i: int, count: int, base: float) -> float:
        cycle, at = divmod(count, self.step_size_up + self.step_size_down)
        way = at / self.step_size_up
        if at > self.step_size_up:
            way = 1 - (at - self.step_size_up) / self.step_size_down
        if self.mode != "triangular":
            way *= 0.5**cycle if self.mode == "triangular2" else self.gamma**count
        return base + (self.max_lrs[min(i, len(self.max_lrs) - 1)] - base) * way


def _between(start: float, end: float, share: float) -> float:
    """From ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
