"""Averages of parameters over the steps of a training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .._engine.symbols import acting
from .._engine.tables import too_large
from .._kernels.graph import Scalar
from ..tensor import Tensor
from .optimizer import check_finite, listed


class ExponentialMovingAverage:
    """Average parameters over the steps: average = decay * average + (1 - decay) * parameter.

    Call ``update()`` after each ``step()`` of the optimiser; the first one copies. Of a module the buffers,
    such as the running statistics of batch norm, are copied in each (as PyTorch's AveragedModel with
    get_ema_multi_avg_fn). ``average_parameters()`` lends the averages to the parameters, ``copy_to()``
    gives them for good. Raises TypeError for what is neither a module nor a list of Tensors or Scalars,
    ValueError for a ``decay`` outside of 0 to 1.

    >>> w = ag.Tensor([0.0])
    >>> ema = ag.optim.ExponentialMovingAverage([w], decay=0.75)
    >>> for value in (4.0, 8.0):
    ...     w.value = np.array([value])
    ...     ema.update()
    >>> with ema.average_parameters():
    ...     print(w.value)
    [5.]
    >>> w.value
    array([8.])
    """

    def __init__(self, parameters: Any, decay: float = 0.999) -> None:
        who = type(self).__name__
        check_finite(who, decay=decay)
        if decay > 1:
            raise ValueError(f"{who}: decay must lie in [0, 1], got {decay}")
        if hasattr(parameters, "named_parameters"):
            self._own = dict(parameters.named_parameters())
            self._buffers = dict(parameters.named_buffers())
        else:
            self._own = {str(i): p for i, p in enumerate(listed(who, parameters))}
            self._buffers = {}
        if not self._own:
            raise ValueError(f"{who}: got no parameters; give a module or its parameters()")
        self.decay, self.n_averaged = decay, 0
        self.averages = {name: array.copy() for name, array in self._arrays().items()}
        self._trained: dict[str, np.ndarray] | None = None

    def _arrays(self) -> dict[str, np.ndarray]:
        """The parameters and buffers as they are."""
        return {**{name: _array(p) for name, p in self._own.items()}, **self._buffers}

    def update(self) -> None:
        """Take the parameters in as they are now.

        Raises RuntimeError while ``average_parameters()`` lends the averages, ValueError for a parameter that
        has become one of another shape.
        """
        acting(self._update)

    def _update(self) -> None:
        who = type(self).__name__
        if self._trained is not None:
            raise RuntimeError(
                f"{who}: the parameters are averages now; call update() outside of average_parameters()"
            )
        arrays = self._arrays()
        for name, array in arrays.items():
            if array.shape != self.averages[name].shape:
                raise ValueError(
                    f"{who}: {name} had shape {self.averages[name].shape} and now has {array.shape}; "
                    "make a new one"
                )
        for name, array in arrays.items():
            average = self.averages[name]
            if self.n_averaged and name in self._own:
                average += (array - average) * (1 - self.decay)
            else:
                average[...] = array
        self.n_averaged += 1

    @contextlib.contextmanager
    def average_parameters(self) -> Iterator[None]:
        """Lend the averages to the parameters and buffers within a ``with`` block, such as for evaluation.

        Afterwards these are what they were before. Raises RuntimeError inside of another such block.
        """
        if self._trained is not None:
            raise RuntimeError(
                f"{type(self).__name__}: the parameters are averages already; leave the other "
                "average_parameters() first"
            )
        self._trained = {name: array.copy() for name, array in self._arrays().items()}
        try:
            self._put(self.averages)
            yield
        finally:
            before, self._trained = self._trained, None
            self._put(before)

    def copy_to(self) -> None:
        """Give the averages to the parameters and buffers for good."""
        self._put(self.averages)

    def _put(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, p in self._own.items():
            if isinstance(p, Scalar):
                p.value = float(arrays[name])
            else:
                p.writable[...] = arrays[name]
        for name, buffer in self._buffers.items():
            buffer[...] = arrays[name]

    def state_dict(self) -> dict[str, Any]:
        """Return the decay, the number of updates, and copies of the averages by name, to save or to load.

        Names are those of the module, or numbers, behind "module." as in PyTorch.
        """
        averages = {f"module.{name}": array.copy() for name, array in self.averages.items()}
        return {"decay": self.decay, "n_averaged": self.n_averaged, **averages}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned; the parameters stay as they are.

        Nothing is changed unless all fits; raises ValueError that lists what does not.
        """
        who = type(self).__name__
        if not isinstance(state, Mapping):
            raise TypeError(
                f"{who}: expected what state_dict() returned, got {type(state).__name__}; read a file "
                "with np.load(path)"
            )
        own = {name: np.asarray(value) for name, value in self.state_dict().items()}
        new = {name: np.asarray(value) for name, value in state.items()}
        problems = [f"missing: {name}" for name in own if name not in new]
        problems += [f"unexpected: {name}" for name in new if name not in own]
        for name in own.keys() & new.keys():
            if new[name].shape != own[name].shape:
                problems.append(f"{name}: expected shape {own[name].shape}, got {new[name].shape}")
            elif new[name].dtype.kind not in "biuf":
                problems.append(f"{name}: expected real numbers, got dtype {new[name].dtype}")
            elif (found := too_large(new[name], own[name].dtype)) is not None:
                problems.append(f"{name}: {found} is too large for {own[name].dtype}")
        if not problems and not 0 <= new["decay"] <= 1:
            problems.append(f"decay: expected a number in [0, 1], got {new['decay']}")
        if problems:
            listing = "\n  ".join(sorted(problems))
            raise ValueError(f"{who}: the state does not fit; nothing was loaded\n  {listing}")
        self.decay, self.n_averaged = float(new["decay"]), int(new["n_averaged"])
        for name, average in self.averages.items():
            average[...] = new[f"module.{name}"]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({len(self._own)} parameters, decay={self.decay}, "
            f"{self.n_averaged} updates)"
        )


def _array(p: Any) -> np.ndarray:
    return p.array if isinstance(p, Tensor) else np.asarray(p.value)
