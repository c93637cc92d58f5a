"""Random programs: a compiled function, the function, and its instructions one by one agree."""

import gc
import random
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agx as ag
from agx.compiled.plan import Stepwise

ONE = [
    np.sin, np.tanh, lambda a: np.exp(-np.abs(a)), lambda a: a**2, lambda a: -a, lambda a: a.T,
    lambda a: np.sqrt(np.abs(a) + 1), lambda a: np.maximum(a, 0), lambda a: np.where(a > 0, a, 0.1 * a),
    lambda a: np.cumsum(a, axis=0), lambda a: np.roll(a, 1), lambda a: np.clip(a, -0.5, 0.5),
    lambda a: a.reshape(-1).reshape(a.T.shape), lambda a: np.sort(a, axis=1), lambda a: a - a.mean(axis=0),
    lambda a: np.flip(a, 0), lambda a: a / (1 + np.sum(a**2)), lambda a: a[::-1], lambda a: a.copy(),
    lambda a: np.stack([a[i] for i in range(len(a))]), lambda a: np.concatenate([a[1:], a[:1]]),
    lambda a: a[np.arange(len(a))[::-1]], lambda a: np.diff(a, axis=0, prepend=0.0), ag.relu,
    lambda a: ag.softmax(a, axis=1), lambda a: np.tril(a), lambda a: a + np.std(a, axis=0),
    lambda a: a + np.prod(a * 0.1, axis=0), lambda a: a - np.max(a, axis=1, keepdims=True),
    lambda a: a if np.sum(a) > 0 else a * 2, lambda a: sum(a[i] * i for i in range(2)) + a,
]  # fmt: skip
TWO = [
    np.add, np.multiply, np.subtract, lambda a, b: a / (np.abs(b) + 1), np.maximum, np.hypot,
    lambda a, b: a @ b.T @ a * 0.1, lambda a, b: np.arctan2(a, b + 2.0), lambda a, b: np.where(a > b, a, b),
    np.logaddexp, lambda a, b: a * b[0] + b[:, :1],
]  # fmt: skip
#: What may not be differentiated by NumPy's own meaning: assignment into arrays of the function's own.
WRITING = [
    lambda a, b: assigned(a, 0, b[1]),
    lambda a, b: assigned(a, slice(1, None), b[1:] * 2),
    lambda a, b: assigned(a, (slice(None), 1), 5.0),
    lambda a, b: added(a, b),
]


def assigned(a, index, value):
    new = a * 1.0
    new[index] = value
    new[index] *= 0.5
    return new


def added(a, b):
    total = np.zeros(a.shape)
    for k in range(3):
        total += a * k + b
    return total


def program(seed, smooth):
    """A function of two arrays of one shape, square where that matters."""
    chance = random.Random(seed)
    steps = []
    for k in range(chance.randint(2, 8)):
        kind = chance.choice([ONE, ONE, TWO, *([] if smooth else [WRITING])])
        steps.append((kind, chance.choice(kind), chance.randrange(k + 2), chance.randrange(k + 2)))

    def function(x, y):
        values = [x, y]
        for kind, step, i, j in steps:
            values.append(step(values[i]) if kind is ONE else step(values[i], values[j]))
        return np.sum(values[-1] * np.cos(values[-2])) if smooth else (values[-1], values[-2])

    return function


def close(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@settings(max_examples=80)
@given(seed=st.integers(0, 10**9), smooth=st.booleans(), size=st.sampled_from([3, 3, 4, 70]))
def test_random_programs(seed, smooth, size):
    function = program(seed, smooth)
    plain = ag.grad(function, (0, 1)) if smooth else function
    compiled = ag.compile(plain)
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        for _ in range(4):
            arrays = rng.normal(size=(2, size, size))
            close(compiled(*arrays), plain(*arrays))
    (entry,) = compiled._entries.values()
    for recorded in entry.plans:
        plan = recorded.plan
        parts = (
            plan.specs[: len(plan.sources)],
            plan.constants,
            plan.instructions,
            plan.outputs,
            plan.guards,
        )
        twin = Stepwise(*parts)
        inputs = [arrays[source] for source in plan.sources]
        found, expected = plan.run(inputs), twin.run(inputs)
        assert (found is None) == (expected is None)
        close(found or (), expected or ())


@pytest.mark.parametrize("size", [3, 4000])
def test_nothing_is_left_behind(size):
    def make():
        array = np.ones(size)
        compiled = ag.compile(ag.grad(lambda x: ag.sum(ag.sin(x) * array)))
        for _ in range(3):
            compiled(array)
        return weakref.ref(compiled)

    references = [make() for _ in range(3)]
    gc.collect()
    assert not any(r() for r in references)
