"""Module: something with parameters that can be called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..tensor import Tensor


class Module:
    """Compute outputs from inputs with parameters of its own.

    Write ``forward``. Parameters are the Tensors among the attributes, in the order in which they
    were assigned; modules, and lists, tuples and dicts of Tensors or modules, are searched too.

    >>> class Line(ag.nn.Module):
    ...     def __init__(self):
    ...         self.slope = ag.Tensor(np.ones(1))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> [name for name, _ in Line().named_parameters()]
    ['slope']
    """

    training: bool = True

    def forward(self, *inputs: Any) -> Any:
        """Compute the outputs; each kind of module has its own."""
        raise NotImplementedError(f"{type(self).__name__}: write a forward method")

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    # --- what is inside --------------------------------------------------------------------------

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the modules directly inside, in order of definition."""
        for name, value in vars(self).items():
            yield from ((n, v) for n, v in _flatten(name, value) if isinstance(v, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, module) for this module and all inside it."""
        yield prefix, self
        for name, child in self.children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all inside it."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted name, parameter) in order of definition; a shared one comes once."""
        seen: set[int] = set()
        for name, value in self._named_state():
            if isinstance(value, Tensor) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def parameters(self) -> list[Tensor]:
        """Return the parameters in order of definition.

        >>> [p.shape for p in ag.nn.Linear(3, 2).parameters()]
        [(2, 3), (2,)]
        """
        return [p for _, p in self.named_parameters()]

    @property
    def num_parameters(self) -> int:
        """The number of numbers in all parameters."""
        return sum(p.size for p in self.parameters())

    def register_buffer(self, name: str, array: np.ndarray) -> None:
        """Keep an array that belongs to the state but is not trained, as attribute ``name``."""
        vars(self).setdefault("_buffers", []).append(name)
        setattr(self, name, array)

    def _named_state(self, prefix: str = "") -> Iterator[tuple[str, Tensor | np.ndarray]]:
        """Parameters and buffers by dotted name, in order of definition."""
        buffers = vars(self).get("_buffers", ())
        for name, value in vars(self).items():
            for path, item in _flatten(f"{prefix}{name}", value):
                if isinstance(item, Module):
                    yield from item._named_state(f"{path}.")
                elif isinstance(item, Tensor):
                    if item.is_leaf and item.requires_grad:
                        yield path, item
                elif name in buffers:
                    yield path, item

    # --- modes -----------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Put this module and all inside it in training mode, and return it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Put this module and all inside it in evaluation mode, and return it."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.grad = None

    # --- state -----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and buffers by dotted name, as arrays.

        >>> list(ag.nn.Linear(3, 2).state_dict())
        ['weight', 'bias']
        """
        return {name: np.array(_array(value)) for name, value in self._named_state()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Copy arrays into the parameters and buffers of the same names.

        Nothing is changed unless all fits. Raises ValueError that lists every name that is missing,
        unexpected, or of another shape; with ``strict=False`` only shapes matter.

        >>> layer = ag.nn.Linear(3, 2)
        >>> layer.load_state_dict(ag.nn.Linear(3, 2).state_dict())
        """
        own = dict(self._named_state())
        problems = []
        if strict:
            problems += [f"missing: {name}" for name in own if name not in state]
            problems += [f"unexpected: {name}" for name in state if name not in own]
        for name, value in own.items():
            if name in state and np.shape(state[name]) != value.shape:
                problems.append(
                    f"{name}: expected shape {value.shape}, got {np.shape(state[name])}"
                )
        if problems:
            listing = "\n  ".join(problems)
            raise ValueError(
                f"load_state_dict: the state does not fit {type(self).__name__}; nothing was loaded\n"
                f"  {listing}"
            )
        for name, value in own.items():
            if name in state:
                _array(value)[...] = np.asarray(state[name])

    # --- text ------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of ``repr``."""
        return ""

    def __repr__(self) -> str:
        lines = [f"  ({name}): " + repr(m).replace("\n", "\n  ") for name, m in self.children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


def _array(value: Tensor | np.ndarray) -> np.ndarray:
    return value.value if isinstance(value, Tensor) else value


def _flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The Tensors, modules and arrays in an attribute: itself, or what a container holds."""
    if isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _flatten(f"{name}.{i}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(f"{name}.{key}", item)
    elif isinstance(value, (Tensor, Module, np.ndarray)):
        yield name, value


class Sequential(Module):
    """Call modules or functions one after another.

    Raises TypeError for a step that cannot be called.

    >>> net = ag.nn.Sequential(ag.nn.Linear(4, 8), ag.relu, ag.nn.Linear(8, 2))
    >>> net(np.ones((3, 4), np.float32)).shape
    (3, 2)
    """

    def __init__(self, *steps: Any) -> None:
        for i, step in enumerate(steps):
            if not callable(step):
                raise TypeError(f"Sequential: step {i} is no module or function, got {step!r}")
        self.steps = list(steps)

    def forward(self, x: Any) -> Any:
        """Pass ``x`` through all steps."""
        for step in self.steps:
            x = step(x)
        return x

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (index, module) for the steps that are modules."""
        return ((str(i), s) for i, s in enumerate(self.steps) if isinstance(s, Module))

    def _named_state(self, prefix: str = "") -> Iterator[tuple[str, Tensor | np.ndarray]]:
        for name, child in self.children():
            yield from child._named_state(f"{prefix}{name}.")

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int | slice) -> Any:
        found = self.steps[index]
        return Sequential(*found) if isinstance(index, slice) else found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.steps)

    def __repr__(self) -> str:
        lines = [
            f"  ({i}): " + (repr(s) if isinstance(s, Module) else s.__name__).replace("\n", "\n  ")
            for i, s in enumerate(self.steps)
        ]
        return "\n".join(["Sequential(", *lines, ")"])
