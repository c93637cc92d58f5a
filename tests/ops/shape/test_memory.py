"""What assignments mean: random programs against NumPy's own arrays, and who sees what of one another.

``AGX_PROGRAMS=5000`` runs more programs than the 200 of every day.
"""

import os

import numpy as np
from programs import on_tensors, random_program, run, value_and_slope

import agx as ag

SEEDS = range(int(os.environ.get("AGX_PROGRAMS", "200")))


def programs(every=1):
    """Programs whose results are numbers that differences can be taken of."""
    for seed in SEEDS[::every]:
        program, x = random_program(seed)
        value, slope = value_and_slope(program, x)
        if np.isfinite(slope).all() and np.abs(slope).max() < 1e4:
            yield program, x, value, slope


def on_agx(program):
    return lambda x: run(program, on_tensors(x))


def differences(f, x, v, step=1e-5):
    return (f(x + step * v) - f(x - step * v)) / (2 * step)


def agree(found, expected, rtol=1e-9):
    size = 1 + np.abs(expected).max(initial=0)
    return np.allclose(found, expected, rtol=rtol, atol=rtol * size)


def test_values_and_gradients_of_programs():
    ran = 0
    for program, x, value, slope in programs():
        found, gradient = ag.value_and_grad(on_agx(program))(x)
        assert agree(found, value), program
        assert agree(gradient, slope), program
        ran += 1
    assert ran > 0.8 * len(SEEDS)


def test_backward_of_programs():
    for program, x, _, slope in programs(2):
        leaf = ag.Tensor(x)
        on_agx(program)(leaf).backward()
        assert agree(leaf.grad, slope), program
        assert np.array_equal(leaf.value, x), program


def test_other_transforms_of_programs():
    rng = np.random.default_rng(3)
    for program, x, _, slope in programs(5):
        f, v = on_agx(program), rng.normal(size=x.shape)
        assert agree(ag.jvp(f, (x,), (v,))[1], (slope * v).sum()), program
        assert agree(ag.jacobian(lambda y, f=f: ag.stack([f(y), 2.0 * y.sum()]))(x)[0], slope), (
            program
        )
        assert agree(ag.grad(ag.checkpoint(f))(x), slope), program


def test_second_derivatives_of_programs():
    rng = np.random.default_rng(4)
    for program, x, _, _ in programs(3):
        if "constant(" in program:  # What is constant at a point is another constant at the next.
            continue
        f, v = on_agx(program), rng.normal(size=x.shape)
        expected = differences(ag.grad(f), x, v)
        assert agree(ag.hvp(f)(x, v), expected, rtol=1e-4), program
        leaf = ag.Tensor(x)
        f(leaf).backward(create_graph=True)
        slope, leaf.grad = leaf.grad, None
        (slope * v).sum().backward()
        assert agree(leaf.grad, expected, rtol=1e-4), program


def test_programs_in_single_precision():
    for program, x, value, slope in programs(5):
        if np.abs(slope).max() < 100:
            found, gradient = ag.value_and_grad(on_agx(program))(x.astype(np.float32))
            assert agree(found, value, rtol=2e-3) and agree(gradient, slope, rtol=2e-3), program
            assert gradient.dtype == np.float32, program


def test_programs_leave_the_same_numbers_without_a_gradient():
    for program, x, value, _ in programs(5):
        with ag.no_grad():
            assert agree(on_agx(program)(ag.Tensor(x)), value), program
