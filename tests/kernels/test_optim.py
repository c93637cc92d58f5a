"""Fused updates against the formulas written out: one row for each kernel."""

import inspect

import numpy as np
import pytest

import agx as ag
from agx._kernels import loops as kernels
from agx._kernels.graph import hold


def sgd(p, g, velocity, lr, momentum, weight_decay, nesterov, step):
    d = g + weight_decay * p
    if not momentum:
        return p - lr * d, velocity
    v = d if step == 1 else momentum * velocity + d
    return p - lr * (d + momentum * v if nesterov else v), v


def adam(p, g, mean, square, lr, beta1, beta2, eps, weight_decay, decoupled, step):
    d = g if decoupled else g + weight_decay * p
    shrunk = p * (1 - lr * weight_decay) if decoupled else p
    m, s = beta1 * mean + (1 - beta1) * d, beta2 * square + (1 - beta2) * d * d
    root = np.sqrt(s / (1 - beta2**step)) + eps
    return shrunk - lr * m / (1 - beta1**step) / root, m, s


def rmsprop(p, g, square, velocity, lr, alpha, eps, weight_decay, momentum, step):
    d = g + weight_decay * p
    s = alpha * square + (1 - alpha) * d * d
    v = d / (np.sqrt(s) + eps)
    if momentum:
        v += momentum * velocity
    return p - lr * v, s, v if momentum else velocity


BOTH = (False, True)
#: Each rule's formula, which returns the arrays after the step, and what it is tried with: its options,
#: and the number of the step.
ROWS = {
    "sgd": (sgd, [(0.5, m, 0.1, nesterov, step) for m in (0, 0.9) for nesterov in BOTH for step in (1, 2)]),
    "adam": (adam, [(0.5, 0.9, 0.99, 1e-3, 0.1, d, step) for d in BOTH for step in range(1, 2000, 37)]),
    "rmsprop": (rmsprop, [(0.5, 0.9, 1e-3, 0.1, momentum, 1) for momentum in (0.0, 0.8)]),
}  # fmt: skip
each_kernel = pytest.mark.parametrize("name", ROWS)


def draw(name, dtype, size=37):
    """The arrays that a kernel takes; one called ``square`` is positive."""
    formula, options = ROWS[name]
    arrays = list(inspect.signature(formula).parameters)[: -len(options[0])]
    rng = np.random.default_rng(size)
    drawn = {array: rng.standard_normal(size) for array in arrays}
    return [(a * a + 0.1 if array == "square" else a).astype(dtype) for array, a in drawn.items()]


def update(name, p, g, *kept, tried):
    """Take a step by the rule ``name``; tells whether it was taken."""
    *options, step = tried
    tensor = ag.Tensor(np.zeros(1))
    hold(tensor, p)
    hold(tensor, g, True)
    steps, arrays = [step - 1], dict(enumerate(kept))
    rule = kernels.UPDATES.index(name)
    arrived, others = kernels.update(rule, tuple(options), [tensor], [arrays], steps, 0)
    assert others == ([] if arrived else [0])
    assert steps == [step - (not arrived)]
    return arrived


def test_every_kernel_has_a_row():
    assert tuple(ROWS) == kernels.UPDATES


@each_kernel
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_a_step_follows_the_formula(name, dtype, rtol):
    formula, tried = ROWS[name]
    for options in tried:
        p, g, *kept = draw(name, dtype)
        gradient = g.copy()
        expected, *kept_then = formula(p, g, *kept, *options)
        assert update(name, p, g, *kept, tried=options)
        np.testing.assert_allclose(p, expected, 10 * rtol, rtol, err_msg=str(options))
        np.testing.assert_array_equal(g, gradient)
        for array, then in zip(kept, kept_then, strict=True):
            np.testing.assert_allclose(array, then, rtol, rtol, err_msg=str(options))


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    """1 - 0.999 rounded to float32 before the subtraction would be off by 1 in 80,000."""
    p, g, m, s = np.zeros((4, 50), np.float32)
    g += np.linspace(1, 9, 50, dtype=np.float32)
    assert update("adam", p, g, m, s, tried=(1.0, 0.9, 0.999, 0.0, 0.0, False, 1))
    np.testing.assert_allclose(p, -1, rtol=5e-7)


@each_kernel
@pytest.mark.parametrize(
    "bad",
    [np.zeros(3), np.zeros(4, np.float32), np.zeros((4, 2))[:, 0], np.zeros(4, int), [0.0] * 4],
    ids=["size", "dtype", "strided", "integers", "list"],
)
def test_arrays_that_do_not_belong_together_are_left_alone(name, bad):
    good = draw(name, np.float64, 4)
    for place in range(len(good)):
        arrays = [a.copy() for a in good]
        arrays[place] = bad
        assert not update(name, *arrays, tried=ROWS[name][1][0])
        for i, array in enumerate(arrays):
            np.testing.assert_array_equal(array, bad if i == place else good[i])


@each_kernel
def test_parameters_that_may_not_be_written_are_left_alone(name):
    p, *others = draw(name, np.float64)
    before = p.copy()
    p.flags.writeable = False
    assert not update(name, p, *others, tried=ROWS[name][1][0])
    np.testing.assert_array_equal(p, before)
