"""The steps of a training: forward, backward and update for a batch, and what is checked on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import checks
from .faults import (
    are_finite,
    bad_gradient,
    blame_of_slopes,
    in_batch,
    looks_finite,
    reason,
    size_of,
    watched,
)
from .notices import Learning, notice_all_pairs


class Steps:
    """What a training does with a batch: its parts, and what is known of them so far."""

    def __init__(self, model: Any, loader: Any, loss: Any, optimizers: list[Any]) -> None:
        self.model, self.loader, self.loss, self.optimizers = model, loader, loss, optimizers
        self.watched = watched(optimizers)
        self.learning = Learning(model, optimizers)
        buffers = model.named_buffers() if hasattr(model, "named_buffers") else ()
        self.buffers = [(buffer, buffer.copy()) for _, buffer in buffers]
        self.count = self.epochs = 0
        #: How long the weights were after 1, 2, 4, 8, ... steps.
        self.sizes: list[tuple[int, float]] = []

    def take(
        self, batch: Sequence[Any], where: str, before: Sequence[Callable[[], Any]] = ()
    ) -> tuple[float, np.ndarray]:
        """Learn from a batch; returns the loss and the outputs.

        ``before`` is called when the gradients are there, before they are used.
        """
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        outputs, value = self.forward(batch, where)
        self.learning.look(batch, value)
        value.backward(free=True)
        loss = value.item()
        self.learning.look_at_gradients(loss)
        known = self.epochs or are_finite(batch)
        if not (known and looks_finite(self.watched)):
            self.check_gradients(batch, where, loss)
        for call in before:
            call()
        for optimizer in self.optimizers:
            optimizer.step()
        self.count += 1
        if self.count & (self.count - 1) == 0:
            self.sizes.append((self.count, size_of(self.model)))
        return loss, outputs.array

    def end_epoch(self) -> None:
        """Look back at the first epoch for what did not learn in it."""
        self.epochs += 1
        if self.epochs == 1:
            self.learning.look_back()

    def go_on(self, count: int) -> None:
        """Take it that so many steps were made before, and looked at."""
        self.count, self.epochs, self.learning.batches = count, 1, 2

    def forward(self, batch: Any, where: str) -> tuple[Any, Any]:
        """The outputs and the loss of a batch; raises FloatingPointError unless it is finite."""
        *inputs, targets = batch
        for buffer, before in self.buffers:
            np.copyto(before, buffer)
        outputs = self.model(*inputs)
        checks.check_result("fit", outputs)
        value = self.loss(outputs, targets)
        checks.check_value("fit", self.loss, value)
        if not math.isfinite(number := value.item()):
            self.restore()
            sizes = [*self.sizes, (self.count, size_of(self.model))] if self.count else []
            why = reason(
                self.loader, batch, self.model, outputs, value, rates(self.optimizers), sizes
            )
            raise FloatingPointError(f"fit: the loss became {number} in {where}: {why}")
        if not self.count:
            notice_all_pairs(self.loss, outputs, targets, value)
        return outputs, value

    def restore(self) -> None:
        """Make running statistics what they were before the last batch."""
        for buffer, before in self.buffers:
            np.copyto(buffer, before)

    def check_gradients(self, batch: Any, where: str, loss: float) -> None:
        """Raise FloatingPointError unless the gradients are finite, and name one."""
        if found := bad_gradient(self.model, self.optimizers):
            self.restore()
            *inputs, targets = batch
            why = in_batch(self.loader, batch) or (
                "look for an operation with an infinite slope, such as sqrt or log at 0, or lower the "
                f"learning rate, {rates(self.optimizers)}"
                + blame_of_slopes(self.loss(self.model(*inputs), targets))
            )
            self.restore()
            raise FloatingPointError(
                f"fit: {found} in {where}, where the loss is {loss:.4g}: {why}"
            )


def rates(optimizers: Sequence[Any]) -> Any:
    """The learning rate, or the list of those of all groups if they differ; None if there is none."""
    found: list[Any] = []
    for optimizer in optimizers:
        groups = getattr(optimizer, "param_groups", None)
        if groups is not None:
            found += [group["lr"] for group in groups]
        elif hasattr(optimizer, "lr"):
            found.append(optimizer.lr)
    return found if len(set(found)) > 1 else next(iter(found), None)
