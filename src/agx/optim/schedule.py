"""What all learning-rate schedules share: the rates of groups, and their state."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .optimizer import Optimizer, check_counts, check_finite

#: Tells which of several schedules was made first.
_ORDER = itertools.count()


def groups_of(who: str, optimizer: Any) -> list[dict[str, Any]]:
    """The groups of an optimiser; raises TypeError for anything else."""
    groups: list[dict[str, Any]] | None = getattr(optimizer, "param_groups", None)
    if isinstance(optimizer, type) or groups is None:
        got = optimizer.__name__ if isinstance(optimizer, type) else type(optimizer).__name__
        raise TypeError(
            f"{who}: expected an optimiser, such as ag.optim.SGD(model.parameters()), got {got}"
        )
    return groups


def for_groups(who: str, name: str, value: Any, count: int) -> list[Any]:
    """One entry for each group, from one for all or a list."""
    values = list(value) if isinstance(value, Iterable) else [value] * count
    if len(values) != count:
        raise ValueError(
            f"{who}: {name} has {len(values)} entries, the optimiser {count} groups of parameters; "
            "give one for each, or one for all"
        )
    return values


def check_milestones(who: str, milestones: Any) -> list[int]:
    """The numbers of steps in a list; raises for anything else."""
    if not isinstance(milestones, Iterable) or isinstance(milestones, str):
        raise TypeError(f"{who}: milestones must be a list of integers, got {milestones!r}")
    found = list(milestones)
    for k, milestone in enumerate(found):
        check_counts(who, 0, **{f"milestones[{k}]": milestone})
    return found


class Schedule:
    """Set an optimiser's learning rates from the number of steps taken so far.

    Call ``step()`` after each epoch (after each batch for OneCycleLR and CyclicLR). Every group of
    parameters keeps a rate of its own, ``rate(count, base)`` of the one that it began with, or of one in
    ``base_lrs``. A rate that somebody else has changed since the last step, you or another schedule, is
    gone on from: two schedules of one optimiser multiply. One of your own defines ``rate``. Raises TypeError
    for something else than an optimiser.
    """

    #: Its name on the command line, if it has one there.
    command = ""

    #: Whether it says by itself with what rates the groups begin.
    fixed = False

    #: Whether ``step`` takes the quantity to watch.
    needs_metric = False

    def __init__(self, optimizer: Optimizer, base_lrs: Sequence[float] | None = None) -> None:
        rates = [group["lr"] for group in groups_of(type(self).__name__, optimizer)]
        self.optimizer = optimizer
        self._began = next(_ORDER), rates
        self.base_lrs: list[float] = list(rates if base_lrs is None else base_lrs)
        self.count = 0
        self._set_rates()

    def __repr__(self) -> str:
        rates = ", ".join(f"{group['lr']:.6g}" for group in self.optimizer.param_groups)
        return f"{type(self).__name__}(after {self.count} steps: lr={rates})"

    @classmethod
    def over(cls, optimizer: Optimizer, epochs: int) -> Schedule:
        """Make one that suits a training of ``epochs`` epochs, as ``agx train`` does."""
        return cls(optimizer)

    def rate(self, count: int, base: float) -> float:
        """Return the learning rate after ``count`` steps of a group that began with ``base``."""
        raise NotImplementedError(f"{type(self).__name__}: write rate(self, count, base)")

    def _rate(self, i: int, count: int, base: float) -> float:
        """The rate of group ``i``, for kinds that treat groups differently."""
        return self.rate(count, base)

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
                self.base_lrs[i] = self._base(i, group["lr"])
        self.count += 1
        self._set_rates()

    def _set_rates(self) -> None:
        for i, group in enumerate(self.optimizer.param_groups):
            rate = self._rate(i, self.count, self.base_lrs[i])
            check_finite(type(self).__name__, rate=rate)
            group["lr"] = rate
        self._made = tuple(group["lr"] for group in self.optimizer.param_groups)

    def _place(self, count: int, base_lrs: list[float]) -> None:
        """Be where the one is that it is a part of, with its rates unless they are fixed."""
        known = len(self.base_lrs) if self.fixed else 0
        self.count, self.base_lrs = count, self.base_lrs[:known] + base_lrs[known:]

    def _base(self, i: int, lr: float) -> float:
        """What group ``i`` would have begun with to have the rate ``lr`` by now."""
        at_zero = self._rate(i, self.count, 0.0)
        slope = self._rate(i, self.count, 1.0) - at_zero
        return (lr - at_zero) / slope if slope else lr

    def state_dict(self) -> dict[str, Any]:
        """Return settings, counts and the learning rates: numbers, texts and lists of numbers.

        ``json.dumps`` and ``np.savez(path, **schedule.state_dict())`` can write it. Save the
        optimiser's ``state_dict`` too; they can be loaded in either order.

        >>> sgd = ag.optim.SGD([ag.Tensor([1.0])], lr=1.0)
        >>> ag.optim.StepLR(sgd, 2).state_dict()
        {'step_size': 2, 'gamma': 0.1, 'base_lrs': [1.0], 'count': 0, 'lrs': [1.0]}
        """
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        return {**self._settings(), "lrs": rates}

    def _settings(self) -> dict[str, Any]:
        """What a state holds apart from the rates of the optimiser."""
        plain = (int, float, str, list, np.number)
        return {
            name: np.asarray(value).tolist()
            for name, value in vars(self).items()
            if isinstance(value, plain)
        }

    def _take(self, settings: Mapping[str, Any]) -> None:
        """Take over settings that fit."""
        vars(self).update(settings)

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
        self._take(new)
        self._made = tuple(group["lr"] for group in self.optimizer.param_groups)


def _are_numbers(values: Any) -> bool:
    array = np.asarray(values)
    return array.dtype.kind in "biuf" and not np.isnan(array).any()
