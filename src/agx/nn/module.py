"""Module: something with parameters that can be called."""

from __future__ import annotations

import reprlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AnySet
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from .._engine.notices import warn_once
from .._engine.places import enter, leave
from .._engine.tables import table, too_large
from ..tensor import Tensor
from .paths import tell_path

if TYPE_CHECKING:
    from .._engine.signatures import Forwards, P, T
    from .summary import Summary


class Module:
    """Compute outputs from inputs with parameters of its own.

    Write ``forward``. Parameters are the Tensors among the attributes, in the order in which they
    were assigned; modules, and lists, tuples, deques and dicts of Tensors or modules, are searched too.
    A Tensor with ``requires_grad=False`` is frozen: not a parameter, but part of the state
    (``requires_grad_`` lets it learn again). Raises TypeError where an array, or the result of an
    operation, would take the place of a parameter.

    >>> class Line(ag.nn.Module):
    ...     def __init__(self):
    ...         self.slope = ag.Tensor(np.ones(1))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> [name for name, _ in Line().named_parameters()]
    ['slope']
    """

    training: bool = True
    _told: bool = False  # that its data are converted

    if TYPE_CHECKING:
        forward: Callable[..., Any]  # that of a subclass takes what it likes
    else:

        def forward(self, *inputs: Any) -> Any:
            """Compute the outputs; each kind of module has its own."""
            raise NotImplementedError(f"{type(self).__name__}: write a forward method")

    def __call__(self: Forwards[P, T], *inputs: P.args, **options: P.kwargs) -> T:
        scope = enter(self)
        try:
            return self.forward(*inputs, **options)
        except (ValueError, TypeError, IndexError) as problem:
            tell_path(problem, scope)
            raise
        except AttributeError as problem:
            if inputs and problem.obj is inputs[0] and problem.name in ("shape", "ndim", "dtype"):
                several = isinstance(inputs[0], tuple)
                raise TypeError(
                    f"{self!r}: expected an array or a Tensor, got {type(inputs[0]).__name__}; "
                    "join Tensors with ag.stack or ag.array"
                    + (", or take one of them, as in output, state = lstm(x)" if several else "")
                    + "; convert numbers, such as with np.asarray(x, np.float32)"
                ) from None
            raise
        finally:
            leave(scope)

    if not TYPE_CHECKING:  # checkers know which attributes there are

        def __setattr__(self, name: str, value: Any) -> None:
            _check_attribute(self, name, value)
            super().__setattr__(name, value)

    # --- what is inside --------------------------------------------------------------------------

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        """Names and values of all that may hold parameters, buffers or modules."""
        yield from vars(self).items()

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the modules directly inside, in order of definition."""
        for name, value in self._attributes():
            yield from ((n, v) for n, v in _flatten(name, value) if isinstance(v, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, module) for this module and all inside it."""
        yield from self._named_modules(prefix, ())

    def _named_modules(
        self, prefix: str, above: tuple[Module, ...]
    ) -> Iterator[tuple[str, Module]]:
        yield prefix, self
        above = (*above, self)
        for name, child in self.children():
            if not any(child is module for module in above):
                yield from child._named_modules(f"{prefix}.{name}" if prefix else name, above)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all inside it."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted name, parameter) in order of definition; a shared one comes once."""
        seen: set[int] = set()
        for name, value in self._named_state():
            if isinstance(value, Tensor) and value.requires_grad and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def parameters(self) -> list[Tensor]:
        """Return the parameters in order of definition.

        >>> [p.shape for p in ag.nn.Linear(3, 2).parameters()]
        [(2, 3), (2,)]
        """
        found = [p for _, p in self.named_parameters()]
        self._notice_results(found)
        return found

    def _notice_results(self, parameters: list[Tensor]) -> None:
        """Warn of an attribute computed from Tensors that nobody keeps, so that they would not learn."""
        for module in self.modules():
            for name, value in module._attributes():
                if not isinstance(value, Tensor) or value.is_leaf or not value.requires_grad:
                    continue
                leaves = _leaves(value)
                if leaves and not any(leaf is p for leaf in leaves for p in parameters):
                    kind = type(module).__name__
                    warn_once(
                        f"{kind}.{name}",
                        f"{kind}.{name} is the result of op '{value.op}', not a parameter, and would not "
                        "learn; compute with arrays first, as in ag.Tensor(0.1 * array)",
                    )

    @property
    def num_parameters(self) -> int:
        """The number of numbers in all parameters."""
        return sum(p.size for p in self.parameters())

    def register_buffer(self, name: str, array: np.ndarray) -> None:
        """Keep an array that belongs to the state but is not trained, as attribute ``name``."""
        vars(self).setdefault("_buffers", []).append(name)
        setattr(self, name, np.asarray(array))

    def named_buffers(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (dotted name, array) for the arrays of the state that are not trained.

        >>> [name for name, _ in ag.nn.BatchNorm1d(3).named_buffers()]
        ['running_mean', 'running_var', 'num_batches_tracked']
        """
        for name, value in self._named_state():
            if isinstance(value, np.ndarray):
                yield name, value

    def _named_state(
        self, prefix: str = "", above: tuple[Module, ...] = ()
    ) -> Iterator[tuple[str, Tensor | np.ndarray]]:
        """Parameters, frozen ones too, and buffers by dotted name, in order of definition."""
        buffers, above = vars(self).get("_buffers", ()), (*above, self)
        for name, value in self._attributes():
            for path, item in _flatten(f"{prefix}{name}", value):
                if isinstance(item, Module):
                    if not any(item is module for module in above):
                        yield from item._named_state(f"{path}.", above)
                elif isinstance(item, Tensor):
                    if _is_own(item):
                        yield path, item
                elif name in buffers:
                    yield path, item

    # --- modes -----------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Put this module and all inside it in training mode, and return it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all inside it in evaluation mode, and return it."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze all Tensors inside (False), or let all of them learn (again), and return the module.

        Frozen ones are no parameters, so that a loop over ``parameters()`` does not find them again. Make
        the optimiser afterwards, or give it the new ones with ``add_param_group``.

        >>> layer = ag.nn.Linear(3, 2).requires_grad_(False)
        >>> len(layer.parameters()), len(layer.requires_grad_().parameters())
        (0, 2)
        """
        for _, value in self._named_state():
            if isinstance(value, Tensor):
                value.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with ``set_to_none=False`` they become zeros."""
        for p in self.parameters():
            p.grad = None if set_to_none else np.zeros_like(p.array)

    # --- state -----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and buffers by dotted name, as arrays.

        >>> list(ag.nn.Linear(3, 2).state_dict())
        ['weight', 'bias']
        """
        return {name: np.array(_array(value)) for name, value in self._own_state().items()}

    def _own_state(self) -> dict[str, Tensor | np.ndarray]:
        """All of the state by name; raises ValueError for two of one name, of which one would be lost."""
        found: dict[str, Tensor | np.ndarray] = {}
        for name, value in self._named_state():
            if name in found:
                raise ValueError(
                    f"{type(self).__name__}: two arrays of the state are called {name!r}; rename an "
                    "attribute, or the key of a dict"
                )
            found[name] = value
        return found

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Copy arrays into the parameters and buffers of the same names.

        Nothing is changed unless all fits. Raises ValueError that lists every name that is missing,
        unexpected, of another shape, not of real numbers or too large for the dtype; with ``strict=False``
        missing and unexpected names do not matter.

        >>> layer = ag.nn.Linear(3, 2)
        >>> layer.load_state_dict(ag.nn.Linear(3, 2).state_dict())
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"load_state_dict: expected arrays by name, as state_dict() returns, got "
                f"{type(state).__name__}"
                + (
                    "; give its state_dict()"
                    if hasattr(state, "state_dict")
                    else "; read a file with np.load(path)"
                )
            )
        own = self._own_state()
        problems = []
        if strict:
            problems += [f"missing: {name}" for name in own if name not in state]
            known = {*own, "__metadata__"}  # of a file that says more than arrays do
            problems += [f"unexpected: {name}" for name in state if name not in known]
        arrays = {name: np.asarray(_array(state[name])) for name in own if name in state}
        for name, array in arrays.items():
            if array.shape != own[name].shape:
                problems.append(f"{name}: expected shape {own[name].shape}, got {array.shape}")
            elif array.dtype.kind not in "biuf":
                problems.append(f"{name}: expected real numbers, got dtype {array.dtype}")
            elif (found := too_large(array, own[name].dtype)) is not None:
                problems.append(f"{name}: {found} is too large for {own[name].dtype}")
        if problems:
            listing = "\n  ".join(problems)
            raise ValueError(
                f"load_state_dict: the state does not fit {type(self).__name__}; nothing was loaded\n"
                f"  {listing}"
            )
        for name, array in arrays.items():
            target = own[name]
            (target.writable if isinstance(target, Tensor) else target)[...] = array

    # --- text ------------------------------------------------------------------------------------

    def summary(self, input_shape: int | Sequence[int], dtype: Any = None) -> Summary:
        """Tell what each layer makes of one sample: shapes, parameters, multiply-adds and memory.

        ``input_shape`` is the shape of a sample, without the batch. The model runs once, in evaluation
        mode, on zeros of ``dtype`` (by default that of the parameters), and is left as it was. Raises
        ValueError that names the layer which an input of that shape does not fit.

        >>> ag.nn.Linear(3, 2).summary(3).multiply_adds
        8
        """
        from .summary import summarize

        return summarize(self, list(self._named_state()), input_shape, dtype)

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of ``repr``."""
        return ""

    def _shown(self) -> Iterator[tuple[str, str]]:
        """Name and text of each part that ``repr`` lists."""
        return ((name, repr(module)) for name, module in self.children())

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        lines = [f"  ({name}): " + text.replace("\n", "\n  ") for name, text in self._shown()]
        kind = type(self).__name__.lstrip("_")
        if not lines:
            return f"{kind}({self.extra_repr()})"
        return "\n".join([f"{kind}(", *lines, ")"])

    def _repr_html_(self) -> str:
        rows = []
        for path, module in self.named_modules():
            said = repr(module)
            kind = type(module).__name__.lstrip("_") if "\n" in said else said
            count = sum(p.size for p in module.parameters())
            rows.append(["\u2003" * path.count(".") + path, kind, f"{count:,}" if count else ""])
        return table(["name", "module", "parameters"], rows)


def parameter(array: np.ndarray) -> Tensor:
    """A Tensor of an array that the caller lets go of."""
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"a parameter has dtype float32 or float64, got {array.dtype}; pass dtype=np.float32"
        )
    new = Tensor(array)
    new.shared = False
    return new


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def _check_attribute(module: Module, name: str, value: Any) -> None:
    """Raise for what would hide a method, or take the place of a parameter without being one."""
    who, old = f"{type(module).__name__}.{name}", vars(module).get(name)
    if callable(getattr(Module, name, None)) and not callable(value):
        raise TypeError(
            f"{who} would take the place of the method {name}(); choose another name, such as "
            f"self.my_{name}"
        )
    if not isinstance(old, Tensor) or old is value or not _is_parameter(old):
        return
    result = isinstance(value, Tensor) and not (_is_own(value) or value.traced)
    if result or isinstance(value, np.ndarray):
        what = f"the result of op '{value.op}'" if result else "a plain array"
        raise TypeError(
            f"{who} is a parameter and would become {what}, which does not learn; change its numbers with "
            f".{name}.value[...] = new, or assign ag.Tensor(new)"
        )


def _is_own(value: Tensor) -> bool:
    """Whether somebody made it of numbers, not an operation."""
    return value.is_leaf and not value.op


def _is_parameter(value: Tensor) -> bool:
    return _is_own(value) and value.requires_grad


def _leaves(root: Tensor) -> list[Any]:
    """The Tensors from which one was computed."""
    waiting: list[Any] = [root]
    seen = {id(root)}
    found = []
    while waiting:
        node = waiting.pop()
        if node.is_leaf and node.requires_grad:
            found.append(node)
        fresh = [child for child in node.inputs if id(child) not in seen]
        seen.update(map(id, fresh))
        waiting += fresh
    return found


def _flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The Tensors, modules and arrays in an attribute: itself, or what a container holds."""
    if isinstance(value, (list, tuple, deque)):
        for i, item in enumerate(value):
            yield from _flatten(f"{name}.{i}", item)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        yield from _flatten(name, value.ravel().tolist())
    elif isinstance(value, AnySet):
        if any(isinstance(item, (Tensor, Module)) for item in value):
            raise TypeError(
                f"{name} is a {type(value).__name__} of parameters or modules, which has no order; make it "
                "a list"
            )
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(f"{name}.{key}", item)
    elif isinstance(value, (Tensor, Module, np.ndarray)):
        yield name, value


class Composed(Module):
    """A module whose text says how it is made, not what it is made of."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


def settings_in_words(text: str, *settings: tuple[str, Any, Any]) -> str:
    """``text``, and each setting (name, value, default) that differs from its default."""
    return text + "".join(
        f", {name}={value!r}" for name, value, plain in settings if value != plain
    )


class Weightless(Module):
    """A module without parameters: what it gives is of the kind of what it takes."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Tensor, /) -> Tensor: ...
        @overload
        def __call__(self, x: np.ndarray, /) -> np.ndarray: ...
        def __call__(self, x: Any, /) -> Any: ...
