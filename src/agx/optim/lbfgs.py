"""L-BFGS, which evaluates the loss as often as it likes, and its search along a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._engine.symbols import refuse
from .._engine.tables import too_large
from .._kernels.graph import Scalar
from .optimizer import Optimizer, Parameters, check_counts, check_finite


class LBFGS(Optimizer):
    """Minimise with an approximate second derivative, made of the last gradients.

    ``step(closure)`` does up to ``max_iter`` iterations with at most about ``max_eval`` evaluations (a
    quarter more unless given), and ends early where no gradient is larger than ``tolerance_grad``, or a
    change of parameters or loss not larger than ``tolerance_change``. ``history_size`` changes of the
    gradient are remembered. ``line_search_fn="strong_wolfe"`` looks for the length of each step; else it
    is ``lr``. It wants the loss of all data, and takes one group of parameters (Nocedal and Wright, 2006,
    chapters 3 and 7).

    >>> w = ag.Tensor([1.0, 5.0])
    >>> lbfgs = ag.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     lbfgs.zero_grad()
    ...     loss = ((w - 3) ** 4).sum()
    ...     loss.backward()
    ...     return loss
    >>> lbfgs.step(closure).item()
    32.0
    """

    needs_closure = True

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        self.count = self.evaluations = 0
        self.scale, self.length = 1.0, 0.0
        self.direction = self.gradient = np.zeros(0)
        #: The last changes of the parameters and of the gradient.
        self.moves: list[np.ndarray] = []
        self.changes: list[np.ndarray] = []
        if max_eval is None and isinstance(max_iter, int):
            max_eval = max_iter * 5 // 4
        super().__init__(
            parameters, lr, max_iter=max_iter, max_eval=max_eval,
            tolerance_grad=tolerance_grad, tolerance_change=tolerance_change,
            history_size=history_size, line_search_fn=line_search_fn,
        )  # fmt: skip

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Take the parameters of the only group; raises ValueError for a second one."""
        if self.param_groups:
            raise ValueError("LBFGS: there can be one group of parameters; put all in one list")
        super().add_param_group(group)

    def _check(self, who: str, options: dict[str, Any]) -> None:
        names = ("lr", "tolerance_grad", "tolerance_change")
        check_finite(who, **{name: options[name] for name in names})
        names = ("max_iter", "max_eval", "history_size")
        check_counts(who, 1, **{name: options[name] for name in names})
        if options["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(
                f"{who}: line_search_fn must be 'strong_wolfe' or None, got "
                f"{options['line_search_fn']!r}"
            )

    # --- a step ----------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Do some iterations, and return what ``closure`` returned first.

        ``closure`` forgets the gradients, computes the loss, calls its ``backward()`` and returns it.
        Raises TypeError for what cannot be called. Warns, once for each optimiser, if no gradient came.
        """
        if not callable(closure):
            raise TypeError(
                "LBFGS.step: closure must be a function that computes the loss and its gradients, got "
                f"{type(closure).__name__}"
            )
        refuse("it searches with LBFGS")
        group = self.param_groups[0]
        check_finite("LBFGS", lr=group["lr"])
        first = closure()
        loss, (gradient, arrived) = _number(first), self._gathered()
        self._notice(arrived)
        self.evaluations += 1
        if not (_largest(gradient) <= group["tolerance_grad"]):
            self._iterate(closure, group, loss, gradient)
        return first

    def _iterate(
        self, closure: Callable[[], Any], group: dict[str, Any], loss: float, gradient: np.ndarray
    ) -> None:
        """Go from one point to the next, from ``loss`` and ``gradient`` on, until it is enough."""
        spent, least = 1, group["tolerance_change"]
        for k in range(1, group["max_iter"] + 1):
            self._turn(gradient, group["history_size"])
            self.gradient, before = gradient.copy(), loss
            self.length = float(group["lr"])
            if self.count == 1:
                self.length *= min(1.0, 1.0 / float(np.abs(gradient).sum()))
            slope = float(gradient @ self.direction)
            if slope > -least:
                break
            used = 0
            if group["line_search_fn"]:
                from .wolfe import strong_wolfe

                loss, gradient, self.length, used = strong_wolfe(
                    self._along(closure), self.length, self.direction, loss, gradient, slope,
                    group["max_eval"] - spent,
                )  # fmt: skip
                self._move(self.length)
            else:
                self._move(self.length)
                if k < group["max_iter"]:  # what comes after the last one may be another batch
                    loss, (gradient, _), used = _number(closure()), self._gathered(), 1
            spent += used
            self.evaluations += used
            if (
                spent >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(self.direction) * abs(self.length) <= least
                or abs(loss - before) < least
            ):
                break

    def _turn(self, gradient: np.ndarray, history_size: int) -> None:
        """Find the direction: the gradient times an approximate inverse of the second derivative."""
        self.count += 1
        if self.count == 1:
            self.direction = -gradient
            return
        change, move = gradient - self.gradient, self.direction * self.length
        curvature = float(change @ move)
        if curvature > 1e-10:
            self.moves = [*self.moves, move][-history_size:]
            self.changes = [*self.changes, change][-history_size:]
            self.scale = curvature / float(change @ change)
        d, pairs = -gradient, list(zip(self.moves, self.changes, strict=True))
        weights = []
        for move, change in reversed(pairs):
            curvature = float(change @ move)
            weight = float(move @ d) / curvature
            weights.append((weight, curvature))
            d -= weight * change
        d *= self.scale
        for move, change in pairs:
            weight, curvature = weights.pop()
            d += (weight - float(change @ d) / curvature) * move
        self.direction = d

    def _along(self, closure: Callable[[], Any]) -> Callable[[float], tuple[float, np.ndarray]]:
        """The loss and its gradient at some way along the direction, of which nothing remains."""
        start = [p.value if isinstance(p, Scalar) else p.array.copy() for p in self.parameters]

        def evaluate(length: float) -> tuple[float, np.ndarray]:
            self._move(length)
            loss, (gradient, _) = _number(closure()), self._gathered()
            for p, before in zip(self.parameters, start, strict=True):
                if isinstance(p, Scalar):
                    p.value = before
                else:
                    p.writable[...] = before
            return loss, gradient

        return evaluate

    def _move(self, length: float) -> None:
        """Change the parameters by some way along the direction."""
        place = 0
        for p in self.parameters:
            part = length * self.direction[place : place + getattr(p, "size", 1)]
            place += part.size
            if isinstance(p, Scalar):
                p.value += float(part[0])
            else:
                p.writable[...] += part.reshape(p.shape).astype(p.dtype, copy=False)

    def _gathered(self) -> tuple[np.ndarray, bool]:
        """All gradients as one new array, zeros where none came; and whether one is new."""
        parts, arrived = [], False
        for p in self.parameters:
            if isinstance(p, Scalar):
                arrived |= p.grad != 0
                parts.append(np.array([p.grad], float))
            elif p.grad_or_none is None:
                parts.append(np.zeros(p.size, p.dtype))
            else:
                arrived, p.spent = arrived or not p.spent, True
                parts.append(np.asarray(p.grad_or_none).reshape(-1))
        return np.concatenate(parts), arrived

    # --- state -----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return the options, counts and copies of what is remembered, to save or to load.

        ``np.savez(path, **optimizer.state_dict())`` writes it, and ``load_state_dict(np.load(path))``
        reads it.
        """
        group = self.param_groups[0]
        options = {name: group[name] for name in self.defaults}
        shape = (len(self.moves), self.direction.size)
        return {
            **options,
            "line_search_fn": options["line_search_fn"] or "",
            "count": self.count, "evaluations": self.evaluations,
            "scale": self.scale, "length": self.length,
            "direction": self.direction.copy(), "gradient": self.gradient.copy(),
            "moves": np.array(self.moves).reshape(shape), "changes": np.array(self.changes).reshape(shape),
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Nothing is changed unless all fits; raises ValueError that lists what does not.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"LBFGS: expected what state_dict() returned, got {type(state).__name__}; read a file "
                "with np.load(path)"
            )
        own = self.state_dict()
        problems = [f"missing: {name}" for name in sorted(own.keys() - set(state))]
        problems += [f"unexpected: {name}" for name in sorted(set(state) - own.keys())]
        new = {name: np.asarray(state[name]) for name in own if name in state}
        problems += [
            f"{name}: expected real numbers, got dtype {array.dtype}"
            for name, array in new.items()
            if name != "line_search_fn" and array.dtype.kind not in "biuf"
        ]
        size = sum(getattr(p, "size", 1) for p in self.parameters)
        size *= bool(np.any(new.get("count", 0)))
        problems += [
            f"{name} has shape {new[name].shape}, the parameters have {size} numbers"
            for name in ("direction", "gradient", "moves", "changes")
            if name in new and new[name].shape[-1:] != (size,)
        ]
        kind = np.result_type(*[getattr(p, "dtype", float) for p in self.parameters])
        problems += [
            f"{name}: {found} is too large for {kind}"
            for name in ("direction", "gradient", "moves", "changes")
            if name in new
            and new[name].dtype.kind in "iuf"
            and (found := too_large(new[name], kind)) is not None
        ]
        if problems:
            listing = "\n  ".join(problems)
            raise ValueError(f"LBFGS: the state does not fit; nothing was loaded\n  {listing}")
        options = {name: new[name].item() for name in self.defaults}
        options["line_search_fn"] = options["line_search_fn"] or None
        self._check("LBFGS: the state", options)
        self.param_groups[0].update(options)
        self.count, self.evaluations = int(new["count"]), int(new["evaluations"])
        self.scale, self.length = float(new["scale"]), float(new["length"])
        self.direction, self.gradient = new["direction"].astype(kind), new["gradient"].astype(kind)
        self.moves, self.changes = (
            list(new["moves"].astype(kind)),
            list(new["changes"].astype(kind)),
        )


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0))


def _number(loss: Any) -> float:
    """The number that a closure returned."""
    value = np.asarray(getattr(loss, "array", getattr(loss, "value", loss)))
    if value.size != 1 or value.dtype.kind not in "biuf":
        raise TypeError(
            f"LBFGS.step: closure must return the loss, one number, got {type(loss).__name__}"
        )
    return float(value.reshape(()))
