"""What all optimisers share: parameters in groups, and their state."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

import numpy as np

from .._engine.notices import warn
from .._engine.symbols import acting, is_compiling
from .._engine.tables import table, too_large
from .._kernels import loops as _kernels
from .._kernels.graph import Scalar
from ..tensor import Tensor

#: Tensors or Scalars, or groups of them: dicts with "params" and options of their own.
Parameters = Iterable[Any]

#: The options that are True or False.
_FLAGS = {"maximize", "nesterov", "amsgrad", "centered", "decoupled_weight_decay"}


def check_range(who: str, **values: float) -> None:
    """Raise TypeError for what is no number, ValueError for a negative one."""
    for name, value in values.items():
        if not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{who}: {name} must be a number, got {value!r}")
        if not value >= 0:
            raise ValueError(f"{who}: {name} must not be negative, got {value}")


def check_finite(who: str, **values: float) -> None:
    """Raise TypeError for what is no number, ValueError for one that is negative or infinite."""
    check_range(who, **values)
    for name, value in values.items():
        if math.isinf(value):
            raise ValueError(f"{who}: {name} must be finite, got {value}")


def check_counts(who: str, least: int, **values: Any) -> None:
    """Raise for what is no integer of at least ``least``."""
    kind = "a positive integer" if least == 1 else "an integer of at least 0"
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{who}: {name} must be {kind}, got {value!r}")
        if value < least:
            raise ValueError(f"{who}: {name} must be {kind}, got {value}")


def listed(who: str, parameters: Any) -> list[Any]:
    """The parameters as a list, each a Tensor or a Scalar."""
    if isinstance(parameters, (Tensor, Scalar, Mapping)) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"{who}: expected a list of parameters, got one {type(parameters).__name__}; put it in a "
            "list, or give a module's .parameters()"
        )
    if isinstance(parameters, Set):
        raise TypeError(
            f"{who}: a {type(parameters).__name__} of parameters has no order, so that a saved state "
            "could not be told apart; give a list"
        )
    found = list(parameters)
    for i, p in enumerate(found):
        if isinstance(p, tuple):
            raise TypeError(
                f"{who}: parameter {i} is a tuple; give model.parameters(), not named_parameters()"
            )
        if not isinstance(p, (Tensor, Scalar)):
            raise TypeError(
                f"{who}: parameter {i} must be a Tensor or a Scalar, got {type(p).__name__}; wrap "
                "arrays in ag.Tensor, and give groups as a list of dicts, all with 'params'"
            )
    return found


def _checked(who: str, parameters: Any) -> list[Any]:
    """The parameters as a list of leaves that can be optimised, each once."""
    found = listed(who, parameters)
    if not found:
        raise ValueError(
            f"{who}: got no parameters; keep them as Tensors in attributes of the model, "
            "self.w = ag.Tensor(...), and give model.parameters() rather than a generator that was read"
        )
    for i, p in enumerate(found):
        if p.inputs:
            raise ValueError(
                f"{who}: parameter {i} is the result of op '{p.op}', which would be recomputed; "
                "optimise the leaf it came from"
            )
        if not isinstance(p, Scalar) and p.dtype.kind == "c":
            raise TypeError(
                f"{who}: parameter {i} is complex; optimise its real and imaginary parts, two real "
                "arrays, and compute with re + 1j * im"
            )
    if len({id(p) for p in found}) != len(found):
        raise ValueError(f"{who}: the same parameter was given twice")
    return found


def _give_memory(parameters: list[Any]) -> None:
    """Copy the arrays that may not be written to, and those in which another parameter lies too."""
    held = [p for p in parameters if isinstance(p, Tensor) and p.shared and p.size]
    below: list[Any] = []  # those that begin before and end behind where the next one begins
    for p in sorted(held, key=lambda p: np.lib.array_utils.byte_bounds(p.array)[0]):
        first = np.lib.array_utils.byte_bounds(p.array)[0]
        below = [a for a in below if np.lib.array_utils.byte_bounds(a)[1] > first]
        if not p.array.flags.writeable or any(np.shares_memory(p.array, a) for a in below):
            p.value = p.array.copy()
        else:
            below.append(p.array)


class Optimizer:
    """Update parameters by their gradients; each kind has its own ``step``.

    ``parameters`` are Tensors or Scalars, or groups of them with options of their own, as in PyTorch:
    ``[{"params": weights, "weight_decay": 0.1}, {"params": biases, "lr": 0.01}]``; what a group leaves
    out it takes from the other arguments. ``param_groups`` holds the groups as dicts, and what is
    written into them counts from the next step on.

    Raises TypeError for parameters that are neither Tensors nor Scalars and for options that the
    optimiser does not have, ValueError for no parameters, for one given twice, or for a result of an
    operation.
    """

    #: The rule of ``_kernels/updates.h``, the names of the arrays that it keeps for each parameter, and of
    #: one more that it keeps if an option, the first of the two names, asks for it.
    rule: str = ""
    slots: tuple[str, ...] = ()
    extra: tuple[str, str] | None = None

    #: Whether ``step`` takes a function that computes the loss and its gradients.
    needs_closure = False

    def __init__(self, parameters: Parameters, lr: float, **options: Any) -> None:
        who = type(self).__name__
        self.defaults: dict[str, Any] = {"lr": lr, **options}
        self._check(who, self.defaults)
        self.param_groups: list[dict[str, Any]] = []
        self.parameters: list[Any] = []
        self.steps: list[int] = []
        self.state: list[dict[str, np.ndarray]] = []
        self._dropped = self._warned = False
        if isinstance(parameters, Iterable) and not isinstance(parameters, (Tensor, Mapping, Set)):
            parameters = list(parameters)
        if isinstance(parameters, list) and parameters and isinstance(parameters[0], Mapping):
            for group in parameters:
                self.add_param_group(group)
        else:
            self._add(_checked(who, parameters), self.defaults)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Take in more parameters: ``{"params": [...]}``, and options where they are to differ.

        >>> a, b = ag.Tensor([1.0]), ag.Tensor([2.0])
        >>> sgd = ag.optim.SGD([a], lr=0.1)
        >>> sgd.add_param_group({"params": [b], "lr": 0.01})
        >>> [g["lr"] for g in sgd.param_groups]
        [0.1, 0.01]
        """
        who = f"{type(self).__name__}: group {len(self.param_groups)}"
        if not isinstance(group, Mapping) or "params" not in group:
            got = (
                f"keys {', '.join(map(repr, group))}" if isinstance(group, Mapping) else repr(group)
            )
            raise TypeError(f"{who} must be a dict with 'params', a list of parameters, got {got}")
        unknown = [key for key in group if key not in ("params", "name", *self.defaults)]
        if unknown:
            raise TypeError(
                f"{who} has no option {unknown[0]!r}; there are {', '.join(self.defaults)}"
            )
        params = group["params"]
        found = _checked(who, [params] if isinstance(params, (Tensor, Scalar)) else params)
        options = {**self.defaults, **{k: v for k, v in group.items() if k != "params"}}
        self._check(who, {key: options[key] for key in self.defaults})
        known = {id(p): i for i, g in enumerate(self.param_groups) for p in g["params"]}
        for i, p in enumerate(found):
            if id(p) in known:
                raise ValueError(
                    f"{who}: parameter {i} is in group {known[id(p)]} already; leave it out of one"
                )
        self._add(found, options)

    def _add(self, parameters: list[Any], options: Mapping[str, Any]) -> None:
        self.param_groups.append({"params": parameters, **options})
        self.parameters += parameters
        _give_memory(self.parameters)
        self.steps += [0] * len(parameters)
        self.state += [{} for _ in parameters]

    def _check(self, who: str, options: dict[str, Any]) -> None:
        """Raise for options that are no finite numbers, or negative; a kind with others overrides it."""
        for name, value in options.items():
            if name not in _FLAGS:
                check_finite(who, **{name: value})
            elif not isinstance(value, (bool, np.bool_)):
                raise TypeError(f"{who}: {name} must be True or False, got {value!r}")

    @property
    def lr(self) -> float:
        """The learning rate: that of the first group. One that is set is every group's.

        Setting it raises ValueError where the groups have different ones, and for a negative number.
        """
        rate: float = self.param_groups[0]["lr"]
        return rate

    @lr.setter
    def lr(self, new: float) -> None:
        rates = [group["lr"] for group in self.param_groups]
        if len(set(rates)) > 1:
            raise ValueError(
                f"{type(self).__name__}: the groups have the learning rates "
                f"{', '.join(map(str, rates))}; set each of them, as in "
                "optimizer.param_groups[0]['lr'] = 0.1"
            )
        check_finite(type(self).__name__, lr=new)
        for group in self.param_groups:
            group["lr"] = new

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients; with ``set_to_none=False`` those that came become zeros, as in PyTorch."""
        for p in self.parameters:
            if isinstance(p, Scalar):
                p.grad = 0.0
            elif p.grad_or_none is not None:
                self._dropped |= not p.spent
                p.grad = None if set_to_none else np.zeros_like(p.array)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, and return the result of ``closure``, called before.

        Warns, once for each optimiser, if no gradient came since the last step. Raises for a learning rate
        that is no number or negative.
        """
        loss = None if closure is None else closure()
        acting(self._step) if is_compiling() else self._step()
        return loss

    def _step(self) -> None:
        start, arrived, rule = 0, False, _kernels.UPDATES.index(self.rule)
        for group in self.param_groups:
            rate, params = group["lr"], group["params"]
            if not (type(rate) is float and 0 <= rate < math.inf):
                check_finite(type(self).__name__, lr=rate)
            slots, options = self._slots(group), self._options(group)
            came, others = _kernels.update(
                rule, options, len(slots), params, self.state, self.steps, start
            )
            arrived |= came
            for i in others:
                arrived |= self._update(start + i, params[i], rule, options, slots)
            start += len(params)
        self._notice(arrived)

    def _notice(self, arrived: bool) -> None:
        """Warn, once, if no gradient arrived since the last step."""
        if not (arrived or self._warned):
            self._warned = True
            warn(f"{type(self).__name__}.step: {self._reason()}")
        self._dropped = False

    def _reason(self) -> str:
        """Why no gradient came since the last step."""
        count = len(self.parameters)
        which = f"none of the {count} parameters" if count > 1 else "the parameter"
        if self._dropped:
            return (
                "zero_grad() came after backward() and threw the gradients away; call it before "
                "backward(), or after step()"
            )
        if all(isinstance(p, Scalar) for p in self.parameters):
            return "every gradient is 0; call loss.backward() before step()"
        if any(getattr(p, "grad_or_none", None) is not None for p in self.parameters):
            return (
                "these gradients were used by the last step already, and none came since; call "
                "loss.backward() before each step()"
            )
        if not any(p.requires_grad for p in self.parameters if not isinstance(p, Scalar)):
            return f"{which} requires a gradient: requires_grad is False; set it to True"
        return (
            f"{which} has a gradient, so nothing changes; call loss.backward() before step(), and "
            "make the optimiser of the parameters of the model that the loss is computed with"
        )

    def _update(
        self, i: int, p: Any, rule: int, options: tuple[float, ...], slots: tuple[str, ...]
    ) -> bool:
        """Update a Scalar, or a Tensor that lies anywhere; tells whether its gradient is a new one."""
        if isinstance(p, Scalar):
            came = p.grad != 0 or self.steps[i] > 0
            p.value = float(self._changed(i, np.array(p.value), p.grad, rule, options, slots))
            return came
        if p.grad_or_none is None:
            return False
        came, p.spent = not p.spent, True
        value = p.writable
        value[...] = self._changed(i, value, p.grad_or_none, rule, options, slots)
        return came

    def _changed(
        self,
        i: int,
        value: np.ndarray,
        gradient: Any,
        rule: int,
        options: tuple[float, ...],
        slots: tuple[str, ...],
    ) -> np.ndarray:
        """What the array of parameter ``i`` becomes; what is kept for it changes in place."""
        state = self.state[i]
        for name in slots:
            if name not in state:
                state[name] = np.zeros(value.size, value.dtype)
        self._check_state(i, value)
        copy = Tensor(np.array(value, order="C"))
        copy.grad = np.array(gradient, value.dtype)
        _kernels.update(
            rule, options, len(slots), [copy], self.state[i : i + 1], self.steps[i : i + 1], 0
        )
        self.steps[i] += 1
        return copy.array

    def _check_state(self, i: int, value: np.ndarray) -> None:
        for kept in self.state[i].values():
            if kept.size != value.size or kept.dtype != value.dtype:
                raise ValueError(
                    f"{type(self).__name__}: parameter {i} had {kept.size} numbers of {kept.dtype} and "
                    f"now has {value.size} of {value.dtype}; make a new optimiser"
                )

    def _slots(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The names of the arrays that are kept for each parameter of a group."""
        return (*self.slots, self.extra[1]) if self.extra and group[self.extra[0]] else self.slots

    def _options(self, group: dict[str, Any]) -> tuple[float, ...]:
        """What the rule takes of the options of a group, in its order."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return the options, step counts and copies of the arrays kept, to save or to load.

        ``np.savez(path, **optimizer.state_dict())`` writes it, and ``load_state_dict(np.load(path))``
        reads it. An option of several groups is an array with a row for each.
        """
        found: dict[str, Any] = {"steps": np.array(self.steps)}
        several = len(self.param_groups) > 1
        for name in self.defaults:
            values = [group[name] for group in self.param_groups]
            found[name] = np.array(values) if several else values[0]
        if several:
            found["sizes"] = np.array([len(group["params"]) for group in self.param_groups])
        for i, state in enumerate(self.state):
            found.update({f"{i}.{name}": array.copy() for name, array in state.items()})
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Options that it does not hold, the learning rate apart, stay as they are. Nothing is changed
        unless all fits; raises ValueError that lists what does not.
        """
        who = type(self).__name__
        if not isinstance(state, Mapping):
            raise TypeError(
                f"{who}: expected what state_dict() returned, got {type(state).__name__}; read a file "
                "with np.load(path)"
            )
        steps = np.asarray(state.get("steps", ()))
        self._check_groups(state, steps)
        sizes = {
            f"{i}.{name}": getattr(p, "size", 1)
            for i, p in enumerate(self.parameters)
            for name in self._saved(i, state)
            if steps[i]
        }
        expected = {"lr", "steps", *sizes}
        problems = [f"missing: {key}" for key in sorted(expected - set(state))]
        unexpected = set(state) - expected - set(self.defaults) - {"sizes"}
        problems += [f"unexpected: {key}" for key in sorted(unexpected)]
        problems += [
            f"{key} has {np.size(state[key])} elements, parameter {key.split('.')[0]} has {size}"
            for key, size in sizes.items()
            if key in state and np.size(state[key]) != size
        ]
        problems += [
            f"{name} has {np.size(state[name])} elements, expected {np.size(self._option(name))}"
            for name in self.defaults
            if name in state and np.size(state[name]) != np.size(self._option(name))
        ]
        problems += [
            f"{key}: {told}"
            for key in sizes
            if key in state and (told := self._unfit(key, state[key]))
        ]
        if problems:
            listing = "\n  ".join(problems)
            raise ValueError(f"{who}: the state does not fit; nothing was loaded\n  {listing}")
        kept: list[dict[str, np.ndarray]] = [
            {
                name: np.array(state[f"{i}.{name}"], getattr(p, "dtype", float)).reshape(-1)
                for name in self._saved(i, state)
                if steps[i]
            }
            for i, p in enumerate(self.parameters)
        ]
        self._load_options({name: state[name] for name in self.defaults if name in state})
        self.steps, self.state = steps.tolist(), kept

    def _unfit(self, key: str, array: Any) -> str:
        """Why an array cannot be kept for its parameter; empty if it can."""
        array, p = np.asarray(array), self.parameters[int(key.partition(".")[0])]
        if array.dtype.kind not in "biuf":
            return f"expected real numbers, got dtype {array.dtype}"
        kind = np.dtype(getattr(p, "dtype", float))
        found = too_large(array, kind)
        return "" if found is None else f"{found} is too large for {kind}"

    def _saved(self, i: int, state: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the arrays that a state holds, or should, for parameter ``i``."""
        extra = (self.extra[1],) if self.extra and f"{i}.{self.extra[1]}" in state else ()
        return self.slots + extra

    def _check_groups(self, state: Mapping[str, Any], steps: np.ndarray) -> None:
        who = type(self).__name__
        if steps.shape != (len(self.parameters),):
            raise ValueError(
                f"{who}: the state is for {steps.size} parameters, this optimiser has "
                f"{len(self.parameters)}"
            )
        if steps.dtype.kind not in "iu" or (steps < 0).any():
            raise ValueError(
                f"{who}: the counts of steps of the state must be integers from 0, got {steps}"
            )
        own = [len(group["params"]) for group in self.param_groups]
        sizes = np.asarray(state.get("sizes", [steps.size])).tolist()
        if sizes != own:
            raise ValueError(
                f"{who}: the state is for groups of {sizes} parameters, this optimiser has groups of "
                f"{own}; give it the parameters in the same groups"
            )

    def _option(self, name: str) -> list[Any]:
        return [group[name] for group in self.param_groups]

    def _load_options(self, found: dict[str, Any]) -> None:
        """Set the options of all groups, one row of each array for each group, if they may be so."""
        count, loaded = len(self.param_groups), []
        rows = {name: np.asarray(v).reshape(count, -1).tolist() for name, v in found.items()}
        for i, group in enumerate(self.param_groups):
            new = {name: group[name] for name in self.defaults}
            for name, row in rows.items():
                new[name] = tuple(row[i]) if len(row[i]) > 1 else row[i][0]
            self._check(f"{type(self).__name__}: group {i} of the state", new)
            loaded.append(new)
        for group, new in zip(self.param_groups, loaded, strict=True):
            group.update(new)

    def __repr__(self) -> str:
        name, count = type(self).__name__, len(self.parameters)
        texts = [
            ", ".join(f"{k}={group[k]}" for k in self.defaults if group[k] is not False)
            for group in self.param_groups
        ]
        if len(texts) == 1:
            return f"{name}({count} parameters, {texts[0]})"
        lines = [f"{name}({count} parameters in {len(texts)} groups"]
        for i, (group, text) in enumerate(zip(self.param_groups, texts, strict=True)):
            title = f"group {i}" + (f" {group['name']!r}" if "name" in group else "")
            lines.append(f"  {title}: {len(group['params'])} parameters, {text}")
        return "\n".join([*lines, ")"])

    def _repr_html_(self) -> str:
        head = ["group", "parameters", *self.defaults]
        rows = [
            [group.get("name", i), len(group["params"]), *(group[k] for k in self.defaults)]
            for i, group in enumerate(self.param_groups)
        ]
        return table(head, rows, type(self).__name__)
