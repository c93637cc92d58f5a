"""The schedule that watches a quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .optimizer import Optimizer, check_counts, check_finite
from .schedule import Schedule, for_groups, groups_of


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
        check_counts("ReduceLROnPlateau", 0, patience=patience, cooldown=cooldown)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must lie between 0 and 1, got {factor}")
        groups = groups_of("ReduceLROnPlateau", optimizer)
        self.min_lrs = for_groups("ReduceLROnPlateau", "min_lr", min_lr, len(groups))
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
