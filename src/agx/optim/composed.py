"""Learning-rate schedules that are made of others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from .optimizer import Optimizer
from .schedule import Schedule, check_milestones, groups_of
from .schedules import CosineAnnealingLR, LinearLR


def _listed(schedulers: Any) -> list[Any]:
    return list(schedulers) if isinstance(schedulers, Iterable) else [schedulers]


class _Composed(Schedule):
    """What is made of schedules of the same optimiser, and starts them anew."""

    def __init__(self, optimizer: Optimizer, schedulers: Iterable[Schedule]) -> None:
        who, parts = type(self).__name__, tuple(_listed(schedulers))
        if not parts:
            raise ValueError(f"{who}: got no schedules; give a list, such as [warm_up, cosine]")
        for k, part in enumerate(parts):
            if not isinstance(part, Schedule) or part.needs_metric:
                got = part.__name__ if isinstance(part, type) else type(part).__name__
                raise TypeError(
                    f"{who}: schedule {k} must be one that steps without a quantity, such as "
                    f"ag.optim.LinearLR(optimizer), got {got}"
                )
            if getattr(part, "optimizer", None) is not optimizer:
                raise ValueError(
                    f"{who}: schedule {k} is one of another optimiser; make all of the same"
                )
            if part.count:
                raise ValueError(
                    f"{who}: schedule {k} has taken {part.count} steps already; make a new one"
                )
        groups = groups_of(who, optimizer)
        self.schedulers = parts
        first = min(part._began for part in parts)
        for group, rate in zip(groups, first[1], strict=False):  # before any of them had changed it
            group["lr"] = rate
        super().__init__(optimizer)
        self._began = first

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of the first group if it began with ``base``."""
        return self._rate(0, count, base)

    def _active(self, count: int) -> list[tuple[Schedule, int]]:
        """The schedules that set the rate after ``count`` steps, and how many steps of them that is."""
        raise NotImplementedError

    def _rate(self, i: int, count: int, base: float) -> float:
        for part, at in self._active(count):
            known = part.fixed and i < len(part.base_lrs)
            base = part._rate(i, at, part.base_lrs[i] if known else base)
        return base

    def _set_rates(self) -> None:
        self._place(self.count, self.base_lrs)
        super()._set_rates()

    def _place(self, count: int, base_lrs: list[float]) -> None:
        super()._place(count, base_lrs)
        for part, at in self._active(count):
            part._place(at, base_lrs)

    def _settings(self) -> dict[str, Any]:
        found = super()._settings()
        for k, part in enumerate(self.schedulers):
            found.update({f"{k}.{name}": value for name, value in part._settings().items()})
        return found

    def _take(self, settings: Mapping[str, Any]) -> None:
        super()._take({name: value for name, value in settings.items() if "." not in name})
        for k, part in enumerate(self.schedulers):
            start = f"{k}."
            part._take(
                {
                    name.removeprefix(start): value
                    for name, value in settings.items()
                    if name.startswith(start)
                }
            )


class SequentialLR(_Composed):
    """Follow several schedules, one after the other: the next one from each of ``milestones`` on.

    Each begins there with its first rate, of the learning rates that the optimiser had before the
    schedules were made. Raises TypeError and ValueError for schedules that take a quantity, are another
    optimiser's, or have taken steps.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> parts = [ag.optim.LinearLR(sgd, 0.5, total_iters=2), ag.optim.ExponentialLR(sgd, 0.5)]
    >>> schedule = ag.optim.SequentialLR(sgd, parts, milestones=[2])
    >>> [(sgd.lr, schedule.step())[0] for _ in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    command = "warmup"

    def __init__(
        self, optimizer: Optimizer, schedulers: Iterable[Schedule], milestones: Iterable[int]
    ) -> None:
        self.milestones = check_milestones("SequentialLR", milestones)
        parts = _listed(schedulers)
        if len(self.milestones) != len(parts) - 1:
            raise ValueError(
                f"SequentialLR: {len(parts)} schedules need {len(parts) - 1} milestones between them, got "
                f"{len(self.milestones)}"
            )
        if sorted(set(self.milestones)) != self.milestones:
            raise ValueError(f"SequentialLR: milestones must ascend, got {self.milestones}")
        super().__init__(optimizer, parts)

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that warms up for a tenth of ``epochs`` epochs, then follows half a cosine."""
        first = max(1, epochs // 10)
        cosine = CosineAnnealingLR(optimizer, max(1, epochs - first))
        return cls(optimizer, [LinearLR(optimizer, 0.1, 1.0, first), cosine], [first])

    def _active(self, count: int) -> list[tuple[Schedule, int]]:
        k = bisect_right(self.milestones, count)
        return [(self.schedulers[k], count - (self.milestones[k - 1] if k else 0))]


class ChainedScheduler(_Composed):
    """Follow several schedules at once: each starts from the rate that the one before it gives.

    Schedules that are factors multiply. ``optimizer`` is theirs unless given. Raises as SequentialLR does.

    >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
    >>> parts = [ag.optim.ConstantLR(sgd, 0.1, total_iters=2), ag.optim.ExponentialLR(sgd, 0.5)]
    >>> schedule = ag.optim.ChainedScheduler(parts)
    >>> [round((sgd.lr, schedule.step())[0], 6) for _ in range(4)]
    [0.1, 0.05, 0.25, 0.125]
    """

    def __init__(self, schedulers: Iterable[Schedule], optimizer: Optimizer | None = None) -> None:
        parts = _listed(schedulers)
        if optimizer is None and parts:
            optimizer = getattr(parts[0], "optimizer", None)
        super().__init__(optimizer, parts)  # type: ignore[arg-type]

    def _active(self, count: int) -> list[tuple[Schedule, int]]:
        return [(part, count) for part in self.schedulers]
