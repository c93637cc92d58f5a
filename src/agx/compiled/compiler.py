"""Functions that are recorded once for each signature of arguments, and then run without Python."""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .._engine.graph import Node
from .._engine.hooks import hooked
from .._engine.symbols import here, is_traced
from .._engine.trees import describe, flatten
from .._engine.verdict import users_level
from .._kernels import graph as _graph
from .outside import Chance, Outside
from .plan import Plan
from .recorder import LIBRARIES, Recorder, plain, users_line
from .rules import give_back
from .symbol import Symbol, slot_of

F = TypeVar("F", bound=Callable[..., Any])

#: Plans for one signature, and signatures, before a function runs as it is.
MOST_PLANS = 8
MOST_SIGNATURES = 64
_NUMBERS = "biufc"
_STATIC = (int, bool, str, bytes, type(None))
#: Names of code that may do more than compute.
_ACTS = {
    "print", "input", "open", "time", "time_ns", "perf_counter", "monotonic", "sleep", "urandom",
    "default_rng", "RandomState", "SeedSequence", "Random", "SystemRandom", "secrets", "uuid4",
}  # fmt: skip


class _Entry:
    """What is known of one signature: its plans, the last used first, or why there is none.

    ``hits`` counts the runs of plans, ``made`` the plans and ``misses`` the calls that had none.
    """

    def __init__(self) -> None:
        self.plans: list[_Recorded] = []
        self.refused = self.reason = ""
        self.hits = self.misses = self.made = 0


class _Recorded:
    """A plan, what it took from outside, and what it makes of the results."""

    def __init__(
        self, plan: Plan, outside: Outside, finish: Callable[..., Any], recorder: Recorder
    ) -> None:
        self.plan, self.outside, self.finish = plan, outside, finish
        self.nodes = [x for x in plan.sources if not isinstance(x, int)]
        self.without = recorder.without
        self.wanted = [(x, x.requires_grad) for x in self.nodes if isinstance(x, Node)]
        self.effects = recorder.effects
        #: How many of the values that the plan gives are results of the function; others are for effects.
        self.count = len(plan.outputs) - sum(node is not None for _, node, _ in self.effects)

    def inputs(self, leaves: list[Any]) -> list[np.ndarray]:
        """The arrays that the plan reads."""
        arrays = [x if type(x) is np.ndarray else np.asarray(x) for x in leaves]
        return arrays + [x.array for x in self.nodes]

    def broken(self, leaves: list[Any]) -> str:
        """What is not as it was when the plan was made."""
        return self.outside.changed() or self.plan.broken(self.inputs(leaves))

    def run(self, leaves: list[Any]) -> Any:
        """What the function returns, or _NONE if the plan does not hold for these arguments."""
        for node in self.without:
            if node.grad_or_none is not None:
                return _NONE
        for node, wanted in self.wanted:
            if node.requires_grad is not wanted:
                return _NONE
        if self.outside.changed():
            return _NONE
        try:
            found = self.plan.run(self.inputs(leaves))
        except Exception:  # which the function itself will raise, if it has to do with it
            return _NONE
        if found is None:
            return _NONE
        if not self.effects:
            return self.finish(found)
        k = self.count
        for effect, node, _ in self.effects:
            if node is None:
                effect()
            else:
                effect(node, found[k])
                k += 1
        return self.finish(found[: self.count])


class Compiled:
    """A function that runs as a plan; ``plan(*args)`` gives the plan for some arguments."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self._entries: dict[Any, _Entry] = {}
        self._full = _Entry()
        functools.update_wrapper(self, f, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves: list[Any] = []
        key = _key(args, kwargs, leaves)
        if key is None or here.recorder is not None or hooked or any(map(_is_followed, leaves)):
            return self.f(*args, **kwargs)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._enter(key)
        if entry.refused:
            return self.f(*args, **kwargs)
        found = _run(entry, leaves)
        return self._record(entry, args, kwargs) if found is _NONE else found

    def _enter(self, key: Any) -> _Entry:
        if len(self._entries) < MOST_SIGNATURES:
            return self._entries.setdefault(key, _Entry())
        if not self._full.refused:
            self._refuse(
                self._full,
                f"it has plans for {MOST_SIGNATURES} signatures; pass whole numbers that change as floats",
            )
        return self._full

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __copy__(self) -> Compiled:
        return self

    def __deepcopy__(self, memo: Any) -> Compiled:
        return self  # as functions do

    def __repr__(self) -> str:
        plans = sum(len(entry.plans) for entry in self._entries.values())
        return f"<compiled {getattr(self.f, '__name__', self.f)}: {plans} plans>"

    def plan(self, *args: Any, **kwargs: Any) -> Plan:
        """Return the plan for these arguments, which is made if there is none; print it to read it.

        Raises ValueError with the reason if the function runs as it is.
        """
        key = _key(args, kwargs, [])
        if key not in self._entries or not self._entries[key].plans:
            self(*args, **kwargs)
        entry = self._entries.get(key)
        if entry is None or not entry.plans:
            reason = (
                entry.refused or entry.reason
                if entry
                else "the arguments are Tensors or unknown objects"
            )
            raise ValueError(f"compile: there is no plan: {reason}")
        return entry.plans[0].plan

    def _record(self, entry: _Entry, args: Any, kwargs: Any) -> Any:
        """Run the function once, and keep the plan of what it did."""
        if entry.misses >= MOST_PLANS:
            if not entry.plans:
                self._refuse(entry, entry.reason)
            return self.f(*args, **kwargs)
        if len(entry.plans) >= MOST_PLANS:
            if entry.hits < entry.made:
                leaves: list[Any] = []
                _signature((args, kwargs), leaves)
                broken = entry.plans[0].broken(leaves)
                self._refuse(
                    entry,
                    f"none of its {MOST_PLANS} plans holds: {broken} differs from call to call",
                )
                return self.f(*args, **kwargs)
            entry.plans.pop()
        run = _Recording(self.f, args, kwargs)
        try:
            result = run.result()
        except Exception as problem:
            run.leave()
            if run.recorder.acted or run.outside.changed():
                problem.add_note("while ag.compile recorded the function")
                raise
            result = self.f(*args, **kwargs)  # which raises what the user is to see
            self._refuse(entry, run.recorder.failed or f"recording it met {problem!r:.200}")
            return result
        if not run.recorder.failed:
            entry.plans.insert(0, run.recorded)
            entry.made += 1
        elif run.recorder.passing:
            entry.misses, entry.reason = entry.misses + 1, run.recorder.failed
        else:
            self._refuse(entry, run.recorder.failed)
        return result

    def _refuse(self, entry: _Entry, reason: str) -> None:
        entry.refused, entry.plans = reason, []
        warnings.warn(
            f"compile: {getattr(self.f, '__name__', self.f)} runs as it is, because {reason}",
            UserWarning,
            stacklevel=users_level(),
        )


def compile(f: F) -> F:
    """Return a function that gives what ``f`` gives, recorded once and then run without Python.

    The first call with arguments of some shapes and dtypes runs ``f`` and records what NumPy and agx
    compute; later ones run that plan. What steers Python (``if x > 0``), what is read from outside and
    what has another shape is looked at in each call, and the plan is made again where it differs. Where
    there is no plan, such as for a function that prints, ``f`` itself runs, and a warning says why.

    Derivatives are compiled with the function: ``ag.compile(ag.grad(f))``. Raises TypeError if ``f`` is no
    function.

    >>> slope = ag.compile(ag.grad(lambda x: ag.sum(x**3)))
    >>> slope(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    if not callable(f):
        raise TypeError(
            f"compile: expected a function, got {describe(f)}; write ag.compile(f)(x), not ag.compile(f(x))"
        )
    return Compiled(f)  # type: ignore[return-value]


_NONE = object()


def _is_followed(leaf: Any) -> bool:
    return isinstance(leaf, Node) or type(leaf) is Symbol


def _key(args: Any, kwargs: Any, leaves: list[Any]) -> Any:
    """What tells calls apart that have plans of their own; None if that cannot be told."""
    key = _signature(args, leaves)
    if kwargs and key is not None:
        named = _signature(kwargs, leaves)
        key = None if named is None else (key, named)
    return key if key is None or _graph.is_recording() else (key, False)


def _signature(tree: Any, leaves: list[Any]) -> Any:
    """The structure of arguments, with shapes and dtypes; None if there is something unknown in it."""
    kind = type(tree)
    if kind is np.ndarray:
        leaves.append(tree)
        return tree.shape, tree.dtype
    if kind is float or kind is complex:
        leaves.append(tree)
        return kind
    if isinstance(tree, np.generic):
        leaves.append(tree)
        return kind
    if isinstance(tree, (list, tuple)):
        return _joint(kind, [_signature(x, leaves) for x in tree])
    if isinstance(tree, dict) and not hasattr(kind, "tocsr"):
        return _joint((kind, *tree), [_signature(x, leaves) for x in tree.values()])
    if kind in _STATIC:
        return kind, tree
    if isinstance(tree, Node) or kind is Symbol:
        leaves.append(tree)
        return Node
    if isinstance(tree, np.ndarray) or hasattr(kind, "tocsr"):
        return None
    if not hasattr(kind, "__dataclass_fields__") or isinstance(tree, type):
        return kind, _Identity(tree)
    names = [name for name, field in kind.__dataclass_fields__.items() if field.init]
    others = {k: v for k, v in vars(tree).items() if k not in names}
    if not all(type(v) in _STATIC or type(v) is float for v in others.values()):
        return None
    parts = [_signature(getattr(tree, name), leaves) for name in names]
    return _joint((kind, *others.items()), parts)


def _joint(kind: Any, parts: list[Any]) -> Any:
    return None if None in parts else (kind, *parts)


class _Identity:
    """An object as a part of a signature: it is that of itself alone."""

    __slots__ = ("of",)

    def __init__(self, of: Any) -> None:
        self.of = of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.of is other.of

    def __hash__(self) -> int:
        return id(self.of)


def _run(entry: _Entry, leaves: list[Any]) -> Any:
    """What the first plan that holds gives, or _NONE."""
    for k, recorded in enumerate(entry.plans):
        found = recorded.run(leaves)
        if found is not _NONE:
            entry.hits += 1
            if k:
                entry.plans.insert(0, entry.plans.pop(k))
            return found
    return _NONE


class _Recording:
    """One run of a function on symbols."""

    def __init__(self, f: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self.recorder = Recorder()
        self.f, self.args, self.kwargs = f, args, kwargs
        self.outside = Outside(f)
        for leaf in flatten((args, kwargs))[0]:
            if type(leaf) is not np.ndarray:
                self.outside.look(leaf)
        self._entered = False

    def result(self) -> Any:
        """What the function returned, as numbers; ``recorded`` is the plan, unless the recorder failed."""
        recorder = self.recorder
        leaves, build = flatten((self.args, self.kwargs))
        symbols, count = [], 0
        for leaf in leaves:
            if (
                isinstance(leaf, (np.ndarray, np.generic, float, complex))
                and type(leaf) is not bool
            ):
                dtype = getattr(leaf, "dtype", np.dtype(float))
                if dtype.kind not in _NUMBERS:
                    recorder.fail(f"an argument has dtype {dtype}")
                symbols.append(Symbol(recorder, recorder.input(leaf, count), leaf))
                count += 1
            else:
                symbols.append(leaf)
        args, kwargs = build(symbols)
        recorder.chance = Chance(self.outside)
        self._enter()
        try:
            found = self.f(*args, **kwargs)
        finally:
            self.leave()
        result, build_result = flatten(found)
        held = [x.kept if isinstance(x, Node) else x for x in result]
        for x in result:
            if not isinstance(x, (Node, np.ndarray, np.generic, float, complex, *_STATIC)):
                raise TypeError(f"it returns a {type(x).__name__}")
        wanting = any(isinstance(x, Node) and x.requires_grad and not x.is_leaf for x in result)
        if wanting and not recorder.effects:
            recorder.fail(
                "it returns a Tensor that wants a gradient; compile the gradient too, or detach()"
            )
        if not recorder.failed:
            recorder.failed = self.outside.unseen
        if not recorder.failed and (changed := self.outside.changed()):
            recorder.failed = f"it changes {changed}"
            self.outside.clean(plain)
        if not recorder.failed and recorder.chance.used():
            recorder.failed = "it draws random numbers; pass them as an argument"
        if recorder.failed:
            return build_result([_whole(x) for x in result])
        finish = _finisher(
            [_form(x, h) for x, h in zip(result, held, strict=True)], build_result, found
        )
        held = [x for x in held if type(x) in (Symbol, np.ndarray)]
        slots = [slot_of(recorder, x) for x in held]
        slots += [slot for _, node, slot in recorder.effects if node is not None]
        self.recorded = _Recorded(Plan(recorder, slots), self.outside, finish, recorder)
        return finish([np.array(plain(x)) for x in held])

    def _enter(self) -> None:
        here.recorder, here.start = self.recorder, _graph.newest_number()
        # Where somebody measures already, that is not disturbed.
        self._profiled = bool(self.outside.mentioned & _ACTS) and sys.getprofile() is None
        if self._profiled:
            importlib.import_module("numpy.random")  # which would ask for such numbers now
            sys.setprofile(self._watch)
        self._before = _graph.set_tracing(True)
        self._entered = True

    def leave(self) -> None:
        """Give Tensors from outside their arrays back."""
        if not self._entered:
            return
        self._entered = False
        _graph.set_tracing(self._before)
        if self._profiled:
            sys.setprofile(None)
        here.recorder = None
        give_back(self.recorder)

    def _watch(self, frame: Any, event: str, function: Any) -> None:
        code = frame.f_code
        seeds = (
            event == "call" and code.co_name == "seed" and code.co_filename.endswith("random.py")
        )
        if seeds and frame.f_locals.get("a") is None:
            self.recorder.failed = self.recorder.failed or "it makes random numbers anew"
        if event != "c_call":
            return
        name, module = function.__name__, getattr(function, "__module__", "")
        ours = code.co_filename.startswith(LIBRARIES)
        acts = function in (print, input, open) or module in ("time", "posix")
        if name == "urandom" or (acts and not ours):
            what = "makes random numbers anew" if name == "urandom" else f"calls {name}()"
            self.recorder.failed = self.recorder.failed or f"it {what} in {users_line()}"


def _whole(x: Any) -> Any:
    """A result without symbols."""
    if isinstance(x, Node) and is_traced(x.kept):
        _graph.hold(x, np.asarray(plain(x.kept)))
    return plain(x)


def _form(x: Any, held: Any) -> Callable[[Any], Any]:
    """What makes a result of the iterator over the arrays of a plan."""
    if not is_traced(held) and type(held) is not np.ndarray:
        return lambda arrays: x
    if isinstance(x, Node):
        return lambda arrays: _leaf(next(arrays))
    value = plain(held)
    if type(value) is np.ndarray:
        return next
    if isinstance(value, np.generic):
        return lambda arrays: next(arrays)[()]
    return lambda arrays: next(arrays).item()


def _leaf(value: np.ndarray) -> Any:
    node = _graph.new_tensor(value)
    node.requires_grad = False
    return node


def _finisher(forms: list[Callable[[Any], Any]], build: Any, found: Any) -> Callable[..., Any]:
    """What makes the result of a function of the arrays of its plan."""
    if len(forms) == 1 and not isinstance(found, (list, tuple, dict)):
        only = forms[0]
        if only is next:
            return lambda arrays: arrays[0]
        return lambda arrays: only(iter(arrays))
    if type(found) is tuple and all(form is next for form in forms) and len(forms) == len(found):
        return tuple

    def finish(arrays: Any) -> Any:
        rest = iter(arrays)
        return build([form(rest) for form in forms])

    return finish
