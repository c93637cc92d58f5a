"""Noise in the values of a function: how much is found, what is checked in spite of it, and what is not."""

import numpy as np
import pytest

import agx as ag
from agx.testing import GradientError, check_grads
from agx.testing.noise import is_noisy, measure, noise_of

X = np.array([0.7, -0.4, 1.1])
GRID = np.arange(-6, 7)


def jitter(x):
    """A number between -1 and 1 that is the same again for the same argument, and otherwise as if random."""
    h = np.frombuffer(np.ascontiguousarray(x, np.float64).tobytes(), np.uint64)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9)
    return ((h >> np.uint64(11)) / 2.0**52 - 1).reshape(np.shape(x))


def stepping(x):
    """A saw of height 1 with a tooth every 0.013: smooth nearby, with jumps in the distance."""
    return (x / 0.013) % 1.0 - 0.5


def noisy(level, factor=1.0, kind=jitter):
    """The sine with noise of a size, and its derivative times ``factor``."""
    value = lambda x: np.sin(x) + level * kind(x)
    return ag.primitive("noisy", value, [lambda g, out, x: g * np.cos(x) * factor])


@pytest.mark.parametrize("level", [1e-12, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("spacing", [1e-6, 1e-4, 1e-3])
def test_the_size_of_the_noise(level, spacing):
    t = 0.3 + GRID * spacing
    found = noise_of(np.exp(t) + level * np.sqrt(3) * jitter(t))
    assert level / 4 < found < 4 * level or found < 1e3 * level == 1e-9


@pytest.mark.parametrize("f", [np.exp, np.sin, lambda t: t**3, np.sqrt, lambda t: 1 / t])
@pytest.mark.parametrize("spacing", [1e-5, 1e-3, 1e-2])
def test_smooth_values_have_the_noise_of_rounding(f, spacing):
    assert noise_of(f(1.0 + GRID * spacing)) < 1e-14


def test_constant_values_have_no_noise():
    assert noise_of(np.full(13, 0.1)) == 0.0


def test_what_bends_fast_is_not_noisy():
    assert not is_noisy(lambda t: t + 1e-5 * np.sin(100 * t), 0.1, 1e-5)
    assert is_noisy(lambda t: t + 1e-5 * jitter(t), 0.1, 1e-5)
    assert is_noisy(lambda t: t + 1e-5 * stepping(t), 0.1, 1e-5)


@pytest.mark.parametrize("f", [abs, np.sign, lambda t: abs(t - 0.05), lambda t: np.sqrt(abs(t))])
def test_a_single_kink_or_jump_is_no_noise(f):
    assert not is_noisy(f, 0.1, 1e-3)


def test_the_step_that_is_chosen():
    found = measure(lambda t: float(np.sin(t + 0.3) + 1e-6 * jitter(t)), 1e-3)
    assert found.step > 1e-2 and 1e-7 < found.noise < 2e-6
    assert abs(found.slope - np.cos(0.3)) < found.error < 1e-3


@pytest.mark.parametrize("kind", [jitter, stepping])
@pytest.mark.parametrize("level", [1e-11, 1e-9, 1e-7, 1e-6, 1e-5])
def test_a_right_rule_passes_at_every_level(level, kind):
    done = check_grads(noisy(level, kind=kind), X, order=1)
    assert done.error < 1e-2
    assert level < 1e-8 or (done.noise > level / 10 and done.step > 1e-3)


@pytest.mark.parametrize("kind", [jitter, stepping])
@pytest.mark.parametrize(
    ("level", "factor"), [(1e-9, 1.001), (1e-7, 0.99), (1e-5, 1.2), (1e-5, -1)]
)
def test_a_wrong_rule_fails_at_every_level(level, factor, kind):
    with pytest.raises(GradientError):
        check_grads(noisy(level, factor, kind), X, order=1)


def test_second_derivatives_of_noise_are_those_of_the_rule():
    assert check_grads(noisy(1e-7), X).order == 2


def test_too_much_noise_is_named():
    with pytest.raises(
        GradientError, match=r"the values of f are noisy, by about .*; compute f"
    ) as c:
        check_grads(noisy(0.3), X, order=1)
    assert c.value.kind == "precision"


@pytest.mark.parametrize(
    ("f", "x", "options"),
    [
        (lambda x: 1e8 + ag.sin(x), X, {}),
        (lambda z: 1e8 + ag.sin(z), X + 1j, {}),
        (ag.sin, X, {"step": 1e-12}),
    ],
)
def test_rounding_is_noise(f, x, options):
    done = check_grads(f, x, order=1, **options)
    assert done.step > options.get("step", 1e-3) and done.error < 1e-5


def wrong(name):
    """Rules of clean functions that are wrong by little."""
    last = np.array([0.0, 0.0, 1.0])
    rules = {
        "a factor": lambda g, out, x: g * np.cos(x) * 1.001,
        "the sign": lambda g, out, x: -g * np.cos(x),
        "a missing term": lambda g, out, x: g * (np.cos(x) - 1e-3),
        "one element": lambda g, out, x: g * np.cos(x) * (1 + 1e-3 * last),
    }
    return ag.primitive("wrong", np.sin, [rules[name]])


@pytest.mark.parametrize("name", ["a factor", "the sign", "a missing term", "one element"])
@pytest.mark.parametrize(
    "around",
    [
        lambda f, x: f(x),
        lambda f, x: f(x) + 1e-5 * ag.sin(100 * x),
        lambda f, x: f(x) + 1e-4 * ag.sin(1000 * x),
        lambda f, x: f(x) * ag.exp(3 * x),
        lambda f, x: f(x) + 1e4,
    ],
)
def test_no_wrong_rule_of_a_function_without_noise_passes(name, around):
    f = wrong(name)
    with pytest.raises(GradientError) as caught:
        check_grads(lambda x: around(f, x), X)
    assert caught.value.op in ("wrong", "")


@pytest.mark.parametrize("options", [{}, {"rtol": 1e-6, "atol": 1e-6}])
def test_the_rule_of_a_solver(options):
    pytest.importorskip("scipy")
    from agx.compat.autograd.scipy.integrate import odeint
    from agx.compat.autograd.test_util import check_grads as of_hips

    flow = lambda y, t, k: -k * y + np.sin(y)
    solve = lambda y0, k: odeint(flow, y0, np.linspace(0.0, 1.0, 5), (k,), **options)
    point = np.array([1.0, 0.5]), np.array([0.7, 1.2])
    assert check_grads(solve, *point, order=1).noise > 1e-9
    of_hips(solve, (0, 1), modes=["rev"], order=1)(*point)
    with pytest.raises(GradientError):
        check_grads(lambda y0, k: solve(y0, k) + 0.01 * (k * k.value).sum(), *point, order=1)
