"""How primitives and their pull-backs are recorded: as what they are made of, or as one call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .._engine.graph import Node, Primitive, registry
from .._engine.symbols import here, hooks, is_traced
from .._kernels import graph as _graph
from .._kernels.graph import declare_plain
from .calls import frozen
from .lowering import scattered
from .recorder import EscapeError, Recorder, plain
from .symbol import Symbol, count_references, record_call, slot_of

#: Instructions that a rule may have; one with more is called.
_MOST = 24


_transparent: dict[Any, bool] = {}


def symbols_in(*trees: Any) -> list[Symbol]:
    """The symbols in nested containers."""
    found: list[Symbol] = []
    for x in trees:
        kind = type(x)
        if kind is Symbol:
            found.append(x)
        elif kind in (tuple, list) and x:
            found += symbols_in(*x)
        elif kind is dict and x:
            found += symbols_in(*x.values())
        elif kind is slice:
            found += symbols_in(x.start, x.stop, x.step)
    return found


def record(key: Any, function: Callable[..., Any], args: Any, params: Any) -> Any:
    """Compute a function of symbols; record what it does, or where that is not seen a call of it."""
    recorder = symbols_in(args, params)[0]._recorder
    if recorder.failed:
        return function(*plain(args), **plain(params))
    kinds = tuple(_kind(x) for x in args)
    try:
        known = key, kinds, str(params) if params else ""
        choice = _transparent.get(known)
    except TypeError:
        choice = None
    if choice is not False:
        mark = recorder.mark()
        recorder.strict += 1
        try:
            found = function(*args, **params)
            new = recorder.instructions[mark[0] :]
            good = len(new) <= _MOST and not any(made[0] == "call" for made in new)
            good = good and (found is None or isinstance(found, (np.ndarray, np.floating)))
        except Exception:
            good = False
        finally:
            recorder.strict -= 1
        if good and choice is None:
            good = _same(plain(found), function(*plain(args), **plain(params)))
        _transparent[known] = good
        if good:
            return found
        recorder.roll_back(mark)
    return record_call(recorder, function, args, params, (key, frozen(args), frozen(params)), False)


def _kind(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return is_traced(x), x.dtype.char, x.ndim
    return type(x)


def _same(x: Any, y: Any) -> bool:
    if x is None or y is None:
        return x is y
    x, y = np.asarray(x), np.asarray(y)
    if x.dtype != y.dtype or x.shape != y.shape:
        return False
    return x.tobytes() == y.tobytes() or bool(
        np.array_equal(x, y, equal_nan=True) and (np.signbit(x.real) == np.signbit(y.real)).all()
    )


# --- what the engine asks ----------------------------------------------------------------------------

#: Operations of which the kernels are called in float32, as networks have them between others.
_KERNELS = {"relu", "relu_gradient"}
_SPECIAL: dict[str, Callable[..., Any]] = {
    "reshape": lambda x, *, shape: np.reshape(x, shape),
    "transpose": lambda x, *, axes: np.transpose(x, axes),
    "getitem": lambda x, *, index: x[index] if is_traced(x) else NotImplemented,
    "stack": lambda *arrays, axis: np.stack(arrays, axis),
    "sum": lambda x, *, axis, keepdims: np.add.reduce(x, axis, keepdims=keepdims),
    "mean": lambda x, *, axis, keepdims: np.mean(x, axis, keepdims=keepdims),
    "scatter_add": lambda g, *, index, shape: scattered(g, index, shape),
    "matmul": lambda x, y: NotImplemented if x.dtype.char == "f" else np.matmul(x, y),
    "astype": lambda x, *, dtype: x.astype(dtype),
}


def value_of_primitive(p: Primitive, args: Any, params: Any) -> Any:
    """The value of a primitive of symbols."""
    recorder = symbols_in(args, params)[0]._recorder
    special = _SPECIAL.get(p.name) if registry.get(p.name) is p else None
    if special is not None and not recorder.failed:
        found = special(*args, **params)
        if found is not NotImplemented:
            return found
    if isinstance(p.function, np.ufunc) and not params:
        return p.function(*args)
    kernel = p.name in _KERNELS and args[0].dtype.char == "f"
    if (kernel or registry.get(p.name) is not p) and not recorder.failed:
        return record_call(recorder, p.function, args, params, (p, frozen(params)), False)
    return record(p, p.function, args, params)


def meet(node: Any, cleared: bool = False) -> None:
    """Let a Tensor from outside be an input of the plan; ``cleared`` says that its gradient is being set."""
    recorder = here.recorder
    if recorder is None or recorder.failed or _graph.number_of(node) > here.start:
        return
    if cleared:
        recorder.cleared.add(node)
    if node in recorder.nodes:
        return
    value = node.kept
    if type(value) is not np.ndarray:
        return
    if recorder.strict:
        raise EscapeError
    if node in recorder.stepped:
        recorder.fail("it uses parameters after step() has changed them")
        return
    symbol = Symbol(recorder, recorder.input(value, node), value.copy())
    recorder.nodes[node] = value, symbol, symbol._slot
    _graph.hold(node, symbol)


def _deposit(leaf: Any, g: Any) -> bool:
    """Add to the gradient of a Tensor from outside, as an effect of the plan; False if there is none."""
    recorder = here.recorder
    if recorder is None or recorder.failed or _graph.number_of(leaf) > here.start:
        return False
    meet(leaf)
    before = leaf.grad_or_none
    if type(before) is np.ndarray and leaf not in recorder.cleared:
        before = Symbol(recorder, recorder.input(before, GradientOf(leaf)), before.copy())
    elif before is None and leaf not in recorder.cleared:
        recorder.without.append(leaf)
    if isinstance(before, Node):
        recorder.fail("a gradient is a Tensor")
        return False
    found = g if before is None else before + g
    if type(found) is not Symbol:
        found = Symbol(recorder, slot_of(recorder, np.asarray(found)), np.asarray(found))
    _graph.hold(leaf, found, True)
    return True


class GradientOf:
    """The gradient of a Tensor as an input of a plan."""

    def __init__(self, node: Any) -> None:
        self.node = node

    @property
    def array(self) -> Any:
        """The gradient now."""
        return self.node.grad_or_none


def give_back(recorder: Recorder) -> None:
    """Give Tensors from outside arrays again: what became of them is done whenever the plan runs."""
    for node, (array, symbol, slot) in recorder.nodes.items():
        held, g = node.kept, node.grad_or_none
        if type(g) is Symbol:
            recorder.effects.append((_set_gradient, node, g._slot))
            _graph.hold(node, np.array(g._value), True)
        if held is symbol:
            if symbol._slot != slot:
                recorder.effects.append((_copy_into, node, symbol._slot))
                array[...] = symbol._value
            _graph.hold(node, array)
        elif type(held) is Symbol:
            recorder.effects.append((_replace, node, held._slot))
            _graph.hold(node, np.array(held._value))
        else:
            recorder.failed = recorder.failed or "it gives a Tensor from outside a new array"
    recorder.stepped.update(recorder.nodes)
    recorder.nodes.clear()


def _set_gradient(node: Any, array: np.ndarray) -> None:
    _graph.hold(node, array, True)


def _copy_into(node: Any, array: np.ndarray) -> None:
    node.writable[...] = array


def _replace(node: Any, array: np.ndarray) -> None:
    node.value = array


def _act(function: Callable[[], Any], draws: bool) -> Any:
    """Change what is outside, or draw random numbers, now and whenever the plan runs."""
    recorder = here.recorder
    if recorder.strict:
        raise EscapeError
    if draws:
        return function() if recorder.failed else _draw(recorder, function)
    give_back(recorder)
    recorder.effects.append((function, None, 0))
    recorder.acted, here.recorder = True, None
    before = _graph.set_tracing(False)
    try:
        return function()
    finally:
        _graph.set_tracing(before)
        here.recorder = recorder


def _draw(recorder: Recorder, function: Callable[[], Any]) -> Any:
    if recorder.chance.used():
        recorder.fail("it draws random numbers; pass them as an argument")
        return function()
    found = record_call(recorder, function, (), {}, key=object())
    recorder.chance.look()
    return found


def _value(p: Primitive, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """The symbol of the value of a primitive of Tensors, and its arguments; None if there is no symbol."""
    values, any_symbol = [], False
    for x in args:
        if isinstance(x, Node):
            meet(x)
            x = x.kept
        any_symbol |= type(x) is Symbol
        values.append(x)
    if not any_symbol and not symbols_in(values, params):
        return None, args
    for k, x in enumerate(values):
        if type(x) in (list, tuple) and not symbols_in(x):
            values[k] = np.asarray(x)
            args = (*args[:k], values[k], *args[k + 1 :])
    found = value_of_primitive(p, tuple(values), params)
    if type(found) is not Symbol:
        return np.asarray(found), args
    whole = found._value if type(found._value) is np.ndarray else np.asarray(found._value)
    return Symbol(found._recorder, found._slot, whole), args


def _rule(p: Primitive, i: int, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """What a pull-back gives for symbols; NotImplemented if there is none, or they record themselves."""
    if any(isinstance(x, Node) for x in operands) or not symbols_in(operands, params):
        return NotImplemented
    vjps: Any = p.vjps
    if not p.variadic and (i >= len(vjps) or vjps[i] is None):
        return NotImplemented
    rule = functools.partial(vjps, i) if p.variadic else vjps[i]
    if registry.get(p.name) is p:
        return record((p, i), rule, operands, params)
    recorder = symbols_in(operands, params)[
        0
    ]._recorder  # one of the user's, who may keep something
    return record_call(recorder, rule, operands, params, None, False)


def _see(x: Any) -> Any:
    """An array in place of a symbol, of which there is no plan then."""
    for symbol in symbols_in(x):
        symbol._recorder.fail("a NaN or an infinity came out, at which agx looks closer", here=True)
    return plain(x)


setattr(Symbol, "__agx_call__", staticmethod(value_of_primitive))  # noqa: B010
hooks.symbol, hooks.record, hooks.act = Symbol, record, _act
_graph.declare_symbols(Symbol, _value, _rule, meet)
declare_plain(_see, _deposit)
count_references()
