"""Trials of kernels that work element by element: arithmetic, activations, exponentials, updates."""

import math
import operator

import numpy as np
from kernels.test_activations import SLOPES, TAIL, ULPS, VALUES
from kernels.test_optim import ROWS
from kernels.test_optim import draw as arrays_of

import agx as ag
from agx._kernels import graph, loops

from .arrays import Guard
from .campaign import Trial, kernel

SYMBOLS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def within(dtype, single=1e-6, double=1e-14):
    return single if dtype.itemsize == 4 else double


@kernel("relu", "relu_gradient")
def draw_relu(d):
    dtype, shape = d.dtype(), d.shape(0)
    x, g = d.array(shape, dtype), d.array(shape, dtype)
    over = d.chance(0.3)
    yield Trial(lambda team: loops.relu(x, team), lambda: np.maximum(x, 0), told=(x,))
    yield Trial(
        lambda team: loops.relu_gradient(g.copy() if over else g, x, team, over),
        lambda: np.where(x > 0, g, 0),
        told=(g, x, over),
    )


@kernel("activation", "activation_gradient")
def draw_activation(d):
    name, a = d.one_of(loops.ACTIVATIONS), d.one_of((1.0, 1.0, 0.3))
    number, shape = loops.ACTIVATIONS.index(name), d.shape(0)
    a = a if name == "elu" else 1.0
    dtype = np.dtype("f4") if d.chance(0.9) else np.dtype("f8")
    x, g = d.array(shape, dtype), d.array(shape, dtype)
    wide = np.asarray(x, "f8").clip(-1e30, 1e30)
    of_elu = np.where(x > 0, 1.0, a) if name == "elu" else 1.0
    nan = np.where(np.isnan(x), np.nan, 0.0)

    def slopes():
        return np.where(np.array(g) == 0, 0, SLOPES[name](wide) * of_elu + nan)

    def share(team):
        value = loops.activation(number, x, a, team)
        found = loops.activation_gradient(number, g, value, x, a, team)
        if found is None or not np.isfinite(np.array(g)).all():
            return None
        over = np.where(np.abs(np.array(g)) < 1e-30, 1, np.array(g))
        return np.append(np.where(over == np.array(g), found / over, slopes()).ravel(), 1.0)

    yield Trial(
        lambda team: settle(loops.activation(number, x, a, team), x),
        lambda: settle(VALUES[name](wide) * of_elu + nan, x),
        6 * ULPS[name] * 1.2e-7 + TAIL.get(name, 0), 1e-36, told=(name, x, a),
    )  # fmt: skip
    yield Trial(share, lambda: np.append(slopes().ravel(), 1.0), 3e-6, 5e-7, told=(name, g, x, a))


def settle(value, x):
    """A value without what it is where x is infinite or near the end of float32: others test that."""
    return None if value is None else np.where(np.abs(np.array(x)) > 1e20, 0, value)


@kernel("exp", "erf")
def draw_exponential(d):
    shape, dtype = d.shape(0), d.dtype()
    x = d.array((d.number(100, 6000),), np.dtype("f8"), finite=d.chance(0.7))
    y = d.array(shape, dtype)
    yield Trial(lambda team: loops.exp(x, team), lambda: np.exp(x), 5e-16, told=(x,))
    flat = np.asarray(y, "f8").ravel().tolist()
    yield Trial(
        lambda team: loops.erf(y),
        lambda: np.reshape([math.erf(v) for v in flat], shape),
        within(dtype, 2e-6, 1e-13), told=(y,),
    )  # fmt: skip


@kernel("calculate", "accumulate")
def draw_arithmetic(d):
    symbol, shape = d.one_of(list(SYMBOLS)), d.shape(0, size=d.one_of((30, 300)))
    dtype, other = d.dtype(), d.dtype()
    x = d.array(shape, dtype, plain=0.8)
    y = d.array(
        d.one_of((shape, shape, shape, shape[1:], ())), d.one_of((dtype, dtype, other)), plain=0.8
    )
    if d.chance(0.3):
        y = d.one_of(
            (2.0, 0.0, -1.5, 3, -(2**24), 2**31, True, float("inf"), float("nan"), np.float32(2))
        )
    pair = (x, y) if d.chance(0.7) else (y, x)
    yield Trial(
        lambda team: graph.calculate(symbol, *pair),
        lambda: np.asarray(SYMBOLS[symbol](*pair)),
        told=(symbol, *pair),
    )
    total, added = Guard(np.ascontiguousarray(x)), d.array(shape, dtype, plain=0.8)

    def add(team):
        total.array[...] = x
        if not graph.accumulate(total.array, added):
            return None
        assert total.holds()
        return total.array

    yield Trial(add, lambda: x + added, told=(x, added))


@kernel("any_nan", "all_finite")
def draw_search(d):
    x = d.array(d.shape(0), d.one_of((np.dtype("f4"), np.dtype("f8"), np.dtype("f2"))))
    yield Trial(lambda team: graph.any_nan(x), lambda: np.isnan(x).any(), told=(x,))
    yield Trial(lambda team: graph.all_finite(x), lambda: np.isfinite(x).all(), told=(x,))


@kernel("spread", "new")
def draw_spread(d):
    shape = d.shape(0)
    x = d.array(
        tuple(n if d.chance(0.6) else 1 for n in shape[d.number(0, len(shape)) :]), d.dtype()
    )
    more = (d.number(0, 3),) if d.chance(0.2) else ()
    wanted = more + shape
    yield Trial(
        lambda team: graph.spread(x, wanted), lambda: np.broadcast_to(x, wanted), told=(x, wanted)
    )
    dtype = d.one_of(("f4", "f8", "c16", "i8", "?"))

    def make(team):
        out = graph.new(wanted, np.dtype(dtype))
        out[...] = 1
        return out

    yield Trial(make, lambda: np.ones(wanted, dtype), told=(wanted, dtype))


@kernel("layout_of", "fingerprint_of")
def draw_layout(d):
    memory = d.values((d.number(1, 60),), d.dtype())
    view = memory
    for _ in range(d.number(1, 3)):
        step = d.one_of((1, 2, 3, -1, -2))
        axis = d.number(0, view.ndim - 1)
        cut = (slice(None),) * axis + (slice(d.number(0, 3), None, step),)
        view = view[cut]
        if view.ndim == 1 and view.size and view.size % 2 == 0 and d.chance(0.5):
            view = view.reshape(2, -1)
        elif d.chance(0.3):
            view = view.T
    yield Trial(
        lambda team: (
            graph.laid_out(memory, graph.layout_of(view, memory))
            if np.shares_memory(view, memory)
            else None
        ),
        lambda: view,
        told=(memory, view),
    )
    x = d.array(d.shape(0), d.dtype())
    changed = np.array(x)
    if changed.size:
        changed.flat[d.number(0, min(changed.size, 1000) - 1)] = 0.123456789
    same = np.array_equal(np.array(x), changed, equal_nan=True)
    yield (
        Trial(
            lambda team: np.array(
                [
                    graph.fingerprint_of(x) == graph.fingerprint_of(x),
                    graph.fingerprint_of(np.array(x)) == graph.fingerprint_of(changed),
                ]
            ),
            lambda: np.array([True, same]),
            told=(x,),
        )
        if x.nbytes < 1024
        else None
    )


@kernel("update")
def draw_update(d):
    name, dtype = d.one_of(list(ROWS)), d.dtype()
    formula, tried = ROWS[name]
    *options, step = d.one_of(tried)
    drawn = arrays_of(name, dtype, d.one_of((0, 1, 5, 8, 17, 37, 64, 100)))
    place = d.number(0, len(drawn) - 1)
    strange = d.one_of(
        (lambda a: a,) * 6 + (lambda a: a[::-1], lambda a: np.repeat(a, 2)[::2], lambda a: a[1:])
    )
    rule = loops.UPDATES.index(name)

    def step_once(team):
        guards = [Guard(a) for a in drawn]
        arrays = [g.array for g in guards]
        arrays[place] = strange(arrays[place])
        tensor, steps = ag.Tensor(np.zeros(1)), [step - 1]
        graph.hold(tensor, arrays[0])
        graph.hold(tensor, arrays[1], True)
        kept = dict(enumerate(arrays[2:]))
        _, others = loops.update(rule, tuple(options), len(kept), [tensor], [kept], steps, 0)
        assert all(g.holds() for g in guards)
        return None if others else (arrays[0], *arrays[2:])

    def written_out():
        p, g, *kept = drawn
        return tuple(formula(p, g, *kept, *options, step))

    rtol = within(dtype, 2e-4, 1e-11)
    yield Trial(step_once, written_out, rtol, rtol / 10, told=(name, dtype, options, step))
