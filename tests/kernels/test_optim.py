"""Fused updates against the formulas written out: one row for each kernel."""

import inspect

import numpy as np
import pytest

import agx as ag
from agx._kernels import loops as kernels
from agx._kernels.graph import hold


def sgd(p, g, velocity, lr, weight_decay, maximize, momentum, dampening, nesterov, step):
    d = (-g if maximize else g) + weight_decay * p
    if not momentum:
        return p - lr * d, velocity
    v = d if step == 1 else momentum * velocity + (1 - dampening) * d
    return p - lr * (d + momentum * v if nesterov else v), v


def moments(p, g, mean, square, lr, weight_decay, maximize, beta1, beta2, decoupled):
    """What Adam and its relatives begin with: the shrunk parameter, the gradient, and both means."""
    g = -g if maximize else g
    d = g if decoupled else g + weight_decay * p
    shrunk = p * (1 - lr * weight_decay) if decoupled else p
    return shrunk, d, beta1 * mean + (1 - beta1) * d, beta2 * square + (1 - beta2) * d * d


def adam(p, g, mean, square, largest, lr, wd, maximize, b1, b2, eps, decoupled, amsgrad, step):
    p, _, m, s = moments(p, g, mean, square, lr, wd, maximize, b1, b2, decoupled)
    largest = np.maximum(largest, s) if amsgrad else largest
    root = np.sqrt((largest if amsgrad else s) / (1 - b2**step)) + eps
    return p - lr * m / (1 - b1**step) / root, m, s, largest


def nadam(p, g, mean, square, lr, wd, maximize, b1, b2, eps, decoupled, momentum_decay, step):
    p, d, m, s = moments(p, g, mean, square, lr, wd, maximize, b1, b2, decoupled)
    mus = b1 * (1 - 0.5 * 0.96 ** (np.arange(1, step + 2) * momentum_decay))
    ahead = (1 - mus[-2]) * d / (1 - mus[:-1].prod()) + mus[-1] * m / (1 - mus.prod())
    return p - lr * ahead / (np.sqrt(s / (1 - b2**step)) + eps), m, s


def radam(p, g, mean, square, lr, wd, maximize, b1, b2, eps, decoupled, step):
    p, _, m, s = moments(p, g, mean, square, lr, wd, maximize, b1, b2, decoupled)
    end = 2 / (1 - b2) - 1
    length = end - 2 * step * b2**step / (1 - b2**step)
    by = lr * m / (1 - b1**step)
    if length > 5:
        rectified = (length - 4) * (length - 2) * end / ((end - 4) * (end - 2) * length)
        by *= np.sqrt(rectified * (1 - b2**step)) / (np.sqrt(s) + eps)
    return p - by, m, s


def adamax(p, g, mean, largest, lr, weight_decay, maximize, beta1, beta2, eps, decoupled, step):
    d = (-g if maximize else g) + weight_decay * p
    m, u = beta1 * mean + (1 - beta1) * d, np.maximum(beta2 * largest, abs(d) + eps)
    return p - lr * m / (1 - beta1**step) / u, m, u


def rmsprop(p, g, square, velocity, centre, lr, wd, maximize, alpha, eps, momentum, centered, step):
    d = (-g if maximize else g) + wd * p
    s, m = alpha * square + (1 - alpha) * d * d, alpha * centre + (1 - alpha) * d
    v = d / (np.sqrt(np.maximum(s - m * m, 0) if centered else s) + eps)
    if momentum:
        v += momentum * velocity
    return p - lr * v, s, v if momentum else velocity, m if centered else centre


def adagrad(p, g, square, lr, weight_decay, maximize, lr_decay, initial, eps, step):
    d = (-g if maximize else g) + weight_decay * p
    s = square + d * d + (initial if step == 1 else 0)
    return p - lr / (1 + (step - 1) * lr_decay) * d / (np.sqrt(s) + eps), s


def adadelta(p, g, square, square_change, lr, weight_decay, maximize, rho, eps, step):
    d = (-g if maximize else g) + weight_decay * p
    s = rho * square + (1 - rho) * d * d
    by = np.sqrt(square_change + eps) / np.sqrt(s + eps) * d
    return p - lr * by, s, rho * square_change + (1 - rho) * by * by


def rprop(p, g, before, square, lr, weight_decay, maximize, less, more, least, most, step):
    d = -g if maximize else g
    by = np.array([1, more, less])[np.sign(d * before).astype(int)]
    size = np.clip((square + lr if step == 1 else square) * by, least, most)
    d = np.where(d * before < 0, 0, d)
    return p - np.sign(d) * size, d, size


BOTH = (False, True)
#: Each rule's formula, which returns the arrays after the step, and what it is tried with: its options,
#: and the number of the step.
ROWS = {
    "sgd": (sgd, [(0.5, 0.1, up, m, 0.2, nesterov, step) for up in BOTH for m in (0, 0.9) for nesterov in BOTH for step in (1, 2)]),
    "adam": (adam, [(0.5, 0.1, step % 2, 0.9, 0.99, 1e-3, d, ams, step) for d in BOTH for ams in BOTH for step in range(1, 2000, 74)]),
    "rmsprop": (rmsprop, [(0.5, 0.1, up, 0.9, 1e-3, m, centered, 1) for up in BOTH for m in (0.0, 0.8) for centered in BOTH]),
    "adagrad": (adagrad, [(0.5, 0.1, up, 0.3, 0.2, 1e-3, step) for up in BOTH for step in (1, 2, 9)]),
    "adadelta": (adadelta, [(0.5, 0.1, up, 0.8, 1e-3, 1) for up in BOTH]),
    "adamax": (adamax, [(0.5, 0.1, up, 0.8, 0.9, 1e-3, False, step) for up in BOTH for step in (1, 2, 50)]),
    "nadam": (nadam, [(0.5, 0.1, step % 2, b1, 0.99, 1e-3, d, 4e-3, step) for b1 in (0, 0.9, 0.999) for d in BOTH for step in range(1, 2000, 74)]),
    "radam": (radam, [(0.5, 0.1, step % 2, 0.9, b2, 1e-3, d, step) for b2 in (0, 0.99) for d in BOTH for step in (1, 2, 5, 6, 7, 1000)]),
    "rprop": (rprop, [(0.5, 0.0, up, 0.5, 1.2, 1e-6, most, step) for up in BOTH for most in (1, 50) for step in (1, 2)]),
}  # fmt: skip
each_kernel = pytest.mark.parametrize("name", ROWS)


def draw(name, dtype, size=37):
    """The arrays that a kernel takes; squares are positive, ``centre`` is small."""
    formula, options = ROWS[name]
    arrays = list(inspect.signature(formula).parameters)[: -len(options[0])]
    rng = np.random.default_rng(size)
    drawn = {array: rng.standard_normal(size) for array in arrays}
    for array in ("square", "square_change", "largest", "centre"):
        if array in drawn:
            drawn[array] = 0.1 * drawn[array] if array == "centre" else drawn[array] ** 2 + 0.1
    return [array.astype(dtype) for array in drawn.values()]


def update(name, p, g, *kept, tried):
    """Take a step by the rule ``name``; tells whether it was taken."""
    *options, step = tried
    tensor = ag.Tensor(np.zeros(1))
    hold(tensor, p)
    hold(tensor, g, True)
    steps, arrays = [step - 1], dict(enumerate(kept))
    rule = kernels.UPDATES.index(name)
    arrived, others = kernels.update(rule, tuple(options), len(kept), [tensor], [arrays], steps, 0)
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
    assert update("adam", p, g, m, s, tried=(1.0, 0.0, False, 0.9, 0.999, 0.0, False, False, 1))
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


def test_an_array_that_a_rule_misses_leaves_all_alone():
    p, g, m, s = draw("radam", np.float64)
    before, tensor = p.copy(), ag.Tensor(np.zeros(1))
    hold(tensor, p)
    hold(tensor, g, True)
    options = (0.5, 0.0, False, 0.9, 0.99, 1e-3, False, True)
    rule = kernels.UPDATES.index("adam")
    assert kernels.update(rule, options, 3, [tensor], [{0: m, 1: s}], [0], 0) == (False, [0])
    np.testing.assert_array_equal(p, before)
