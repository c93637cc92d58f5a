"""Modules that hold modules: called one after another, or kept in a list or by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence
from typing import TYPE_CHECKING, Any, Self, overload

from ..tensor import Tensor
from .module import Module

if TYPE_CHECKING:
    from .._engine.signatures import Array

__all__ = [
    "ModuleDict",
    "ModuleList",
    "Sequential",
]


class Sequential(Module):
    """Call modules or functions one after another.

    Raises TypeError for a step that cannot be called, or is a class of modules.

    >>> net = ag.nn.Sequential(ag.nn.Linear(4, 8), ag.relu, ag.nn.Linear(8, 2))
    >>> net(np.ones((3, 4), np.float32)).shape
    (3, 2)
    """

    def __init__(self, *steps: Callable[..., Any]) -> None:
        for i, step in enumerate(steps):
            if isinstance(step, type) and issubclass(step, Module):
                raise TypeError(
                    f"Sequential: step {i} is the class {step.__name__}; make one of it, {step.__name__}(...)"
                )
            if not callable(step):
                fix = "; write Sequential(*steps)" if isinstance(step, (list, tuple)) else ""
                raise TypeError(f"Sequential: step {i} is no module or function, got {step!r}{fix}")
        self.steps = list(steps)

    def forward(self, x: Array) -> Tensor:
        """Pass ``x`` through all steps."""
        found: Any = x
        for step in self.steps:
            found = step(found)
        return found

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if name == "steps":
                yield from ((str(i), _owner(step)) for i, step in enumerate(value))
            else:
                yield name, value

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(*self.steps[index])
        return self.steps[index]

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        return iter(self.steps)

    def _shown(self) -> Iterator[tuple[str, str]]:
        for i, step in enumerate(self.steps):
            function = not isinstance(step, Module) and getattr(step, "__name__", None)
            yield str(i), function or repr(step)
        yield from ((name, text) for name, text in super()._shown() if not name.isdigit())


def _owner(step: Any) -> Any:
    """The module of which a step is a method, perhaps with arguments; or else the step."""
    function = step.func if isinstance(step, functools.partial) else step
    owner = getattr(function, "__self__", function)
    return owner if isinstance(owner, Module) else step


class _Holder(Module):
    """Modules that are kept, and called by whoever keeps them."""

    def forward(self, *inputs: Any) -> Any:
        """Refuse: what holds modules computes nothing."""
        kind, rest = type(self).__name__, ".values()" if isinstance(self, ModuleDict) else ""
        raise NotImplementedError(
            f"{kind} holds modules and is not called; call them, as in for layer in self.layers{rest}: "
            "x = layer(x), or use Sequential"
        )

    def _checked(self, module: Any) -> Module:
        """Raise TypeError for what is no module."""
        if not isinstance(module, Module):
            made = isinstance(module, type) and issubclass(module, Module)
            fix = f"; make one of it, {module.__name__}(...)" if made else ""
            raise TypeError(f"{type(self).__name__}: expected a module, got {module!r}{fix}")
        return module


class ModuleList(_Holder, MutableSequence[Any]):
    """Hold modules in a list, so that their parameters are found; it has the methods of a list.

    In the state they have the names that PyTorch gives them. Raises TypeError for what is no module.

    >>> layers = ag.nn.ModuleList(ag.nn.Linear(3, 3) for _ in range(2))
    >>> list(layers.state_dict())
    ['0.weight', '0.bias', '1.weight', '1.bias']
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.held = [self._checked(module) for module in modules]

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if name == "held":
                yield from ((str(i), module) for i, module in enumerate(value))
            else:
                yield name, value

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, index: Any) -> Any:
        return ModuleList(self.held[index]) if isinstance(index, slice) else self.held[index]

    def __setitem__(self, index: Any, module: Any) -> None:
        several = isinstance(index, slice)
        self.held[index] = [*map(self._checked, module)] if several else self._checked(module)

    def __delitem__(self, index: Any) -> None:
        del self.held[index]

    def insert(self, index: int, module: Any) -> None:
        """Put a module before the one at ``index``."""
        self.held.insert(index, self._checked(module))


class ModuleDict(_Holder):
    """Hold modules by name, so that their parameters are found; it has the methods of a dict.

    In the state they have the names that PyTorch gives them. Raises TypeError for what is no module, and
    for a name that is no text, and ValueError for one with a dot.

    >>> heads = ag.nn.ModuleDict({"class": ag.nn.Linear(3, 2), "depth": ag.nn.Linear(3, 1)})
    >>> list(heads.state_dict())
    ['class.weight', 'class.bias', 'depth.weight', 'depth.bias']
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        self.held: dict[str, Module] = {}
        self.update(modules)

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            yield from value.items() if name == "held" else ((name, value),)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> Self:
        """Add modules by name, or put them in the place of those of the same names."""
        new = dict(modules)
        for name, module in new.items():
            self._checked_name(name)
            self._checked(module)
        self.held.update(new)
        return self

    def _checked_name(self, name: Any) -> str:
        if not isinstance(name, str):
            raise TypeError(f"ModuleDict: a name is text, got {name!r}; write {str(name)!r}")
        if not name or "." in name:
            raise ValueError(
                f"ModuleDict: a name is not empty and has no dot, got {name!r}; choose another"
            )
        return name

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, name: str) -> Any:
        return self.held[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.update({name: module})

    def __delitem__(self, name: str) -> None:
        del self.held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __contains__(self, name: object) -> bool:
        return name in self.held

    def keys(self) -> Iterable[str]:
        """The names."""
        return self.held.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self.held.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self.held.items()

    def pop(self, name: str) -> Any:
        """Take a module out and return it."""
        return self.held.pop(name)

    def clear(self) -> None:
        """Take all modules out."""
        self.held.clear()
