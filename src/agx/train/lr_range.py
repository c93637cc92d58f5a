"""The learning-rate range test: which rates a model learns with, tried out in a few batches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks, generators
from .evaluation import no_batches
from .inputs import pairs
from .loop import Steps

#: The weight of the past in the mean of losses, and how much worse than the best is hopeless.
_PAST, _HOPELESS = 0.9, 4.0


@dataclass
class LRRange:
    """Hold what ``lr_range_test`` found: the ``rates`` tried, and the ``losses`` of their batches.

    ``smoothed`` are running means of the losses, and ``suggestion`` is the rate at which they fall fastest.
    """

    rates: list[float]
    losses: list[float]

    @property
    def smoothed(self) -> list[float]:
        """The losses as means in which the past fades, without the pull of their beginning."""
        found, mean = [], 0.0
        for i, loss in enumerate(self.losses, 1):
            mean = _PAST * mean + (1 - _PAST) * loss
            found.append(mean / (1 - _PAST**i))
        return found

    @property
    def suggestion(self) -> float:
        """The rate of the steepest fall of the loss, before it is the least."""
        losses = np.array(self.smoothed)
        least = max(int(losses.argmin()), 1)
        slopes = np.gradient(losses, np.log(self.rates))[: least + 1]
        return self.rates[int(slopes.argmin())]

    def __repr__(self) -> str:
        low, high = self.rates[0], self.rates[-1]
        return f"LRRange({low:.3g} to {high:.3g}, suggestion={self.suggestion:.3g})"


def lr_range_test(
    model: Any,
    loader: Any,
    loss: Any,
    optimizer: Any,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
) -> LRRange:
    """Train with a learning rate that grows from ``low`` to ``high`` in ``steps`` batches (Smith, 2017).

    The rates of several groups keep their ratios. It ends early where the loss is four times the best one,
    or not finite. Weights, the optimiser and the random generators are put back as they were. Returns
    the rates and losses; ``ag.viz.lr_range`` draws them. Raises ValueError for rates that do not grow
    and for less than two steps.

    >>> layer = ag.nn.Linear(3, 2, rng=0)
    >>> x, y = np.random.default_rng(0).random((8, 3), np.float32), np.arange(8) % 2
    >>> sgd = ag.optim.SGD(layer.parameters(), 0.1)
    >>> found = ag.train.lr_range_test(layer, [(x, y)], ag.cross_entropy, sgd)
    """
    who = "lr_range_test"
    checks.check_model(who, model)
    checks.check_loader(who, loader)
    checks.check_loss(who, loss)
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"{who}: expected an optimiser of ag.optim, got {type(optimizer).__name__}")
    if not 0 < low < high < math.inf:
        raise ValueError(f"{who}: expected 0 < low < high, got low={low} and high={high}")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 2:
        raise ValueError(f"{who}: steps must be an integer of at least 2, got {steps!r}")
    owners = {"model": model, "loader": loader, "loss": loss}
    before = model.state_dict(), optimizer.state_dict(), generators.capture(owners)
    place = loader.state_dict() if hasattr(loader, "load_state_dict") else None
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.train()
        rates = np.geomspace(low, high, int(steps)).tolist()
        return _tried(Steps(model, loader, loss, [optimizer]), rates)
    finally:
        for module, mode in modes:
            module.training = mode
        optimizer.zero_grad()
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        if place is not None:
            loader.load_state_dict(place)
        generators.restore(before[2], owners)


def _tried(steps: Steps, rates: list[float]) -> LRRange:
    """Train with each of the rates for a batch, until the loss is hopeless."""
    groups = steps.optimizers[0].param_groups
    ratios = [group["lr"] / (groups[0]["lr"] or 1.0) for group in groups]
    found = LRRange([], [])
    for rate, batch in zip(rates, _endless(steps.loader), strict=False):
        for group, ratio in zip(groups, ratios, strict=True):
            group["lr"] = rate * ratio
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                value, _ = steps.take(batch, f"step {len(found.rates) + 1}")
        except FloatingPointError:
            if len(found.rates) < 2:
                raise
            break
        found.rates.append(rate)
        found.losses.append(value)
        smoothed = found.smoothed
        if len(smoothed) > 2 and smoothed[-1] > _HOPELESS * min(smoothed):
            break
    return found


def _endless(loader: Any) -> Iterator[tuple[Any, ...]]:
    """The batches of epoch after epoch."""
    for epoch in itertools.count():
        batch: Any = None
        for inputs, targets in pairs("lr_range_test", loader):
            batch = (*inputs, targets)
            yield batch
        if batch is None:
            raise ValueError(no_batches("lr_range_test", before=epoch > 0))
