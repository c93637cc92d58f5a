"""What assignments cost grows as the number of elements does: counted in calls, in bytes and in copies."""

import gc
import sys
import tracemalloc

import numpy as np
import pytest

import agx as ag


def fill(x, steps, look):
    t = ag.zeros(x.shape)
    for k in range(steps):
        t[k] = look(x[0] * k)
    return (t * t).sum()


def recurrence(x, steps, look):
    u = np.zeros_like(x)
    u[0] = x[0]
    for k in range(steps - 1):
        u[k + 1] = look(0.9 * u[k]) + x[1]
    return (u * u).sum()


def reading(x, steps, look):
    total = 0.0
    for k in range(steps):
        total = total + look(x[k] ** 2)
    return total


def reading_what_was_assigned(x, steps, look):
    t, total = x.copy(), 0.0
    t[0] = 1.0
    for k in range(steps):
        total = total + look(t[k] ** 2)
    return total


def rows(x, steps, look):
    t = np.zeros_like(x.reshape(-1, 2))
    for k in range(steps):
        row = t[k % len(t)]
        row += look(x[:2] * k)
    return (t * t).sum()


def elements_in_place(x, steps, look):
    t = x.copy()
    for k in range(steps):
        t[k] *= look(t[k - 1])
    return np.tanh(t).sum()


PROGRAMS = [fill, recurrence, reading, reading_what_was_assigned, rows, elements_in_place]
WAYS = {
    "forward": lambda f, x: f(ag.Tensor(x)),
    "backward": lambda f, x: f(ag.Tensor(x)).backward(),
    "backward(free=True)": lambda f, x: f(ag.Tensor(x)).backward(free=True),
    "grad": lambda f, x: ag.grad(f)(x),
}


def calls(f):
    """How many functions of Python and C are called, which counts loops over earlier versions."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        f()
    finally:
        sys.setprofile(None)
    return count


def peak(f):
    """The most bytes that are held at a time."""
    gc.collect()
    tracemalloc.start()
    try:
        f()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", ["backward", "grad"])
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("measure", [calls, peak])
def test_twice_the_steps_cost_twice_as_much(program, way, measure):
    def cost(n):
        x = np.linspace(0.5, 1.0, n)
        return measure(lambda: WAYS[way](lambda y: program(y, n, lambda v: v), x))

    cost(20)
    assert cost(300) < 2.3 * cost(150)


def large_steps(program, way):
    """For each step whether, since the one before, half as much memory as the whole array was taken."""
    n, large, last = 20_000, [], [0]

    def note(x):
        now, highest = tracemalloc.get_traced_memory()
        large.append(highest - last[0] > 4 * n)
        last[0] = now
        tracemalloc.reset_peak()
        return x * 1.0

    probe = ag.primitive("probe", note, [lambda g, out, x: note(g)])
    peak(lambda: WAYS[way](lambda y: program(y, 40, probe), np.linspace(0.5, 1.0, n)))
    return large


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_no_step_copies_the_whole_array(program, way):
    large = large_steps(program, way)
    assert len(large) >= (39 if way == "forward" else 78)
    assert sum(large) <= 4  # At the beginning, and where the backward pass begins.


def copying(x, steps, look):
    t = ag.zeros(x.shape)
    for k in range(steps):
        t = t.copy()
        t[k] = look(x[0] * k)
    return t.sum()


def test_steps_that_copy_are_seen():
    assert sum(large_steps(copying, "forward")) >= 39
    assert sum(large_steps(copying, "backward")) >= 78
