"""Shape operations: any arguments that NumPy takes, and broadcasting undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import agx as ag

X = np.arange(24.0).reshape(2, 3, 4)


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_broadcasting_is_undone(shapes):
    a, b = (np.random.default_rng(k).standard_normal(s) for k, s in enumerate(shapes.input_shapes))
    x, y = ag.Tensor(a), ag.Tensor(b)
    out = x * y
    seed = np.random.default_rng(2).standard_normal(shapes.result_shape)
    out.backward(seed)
    assert x.grad.shape == a.shape
    assert y.grad.shape == b.shape
    for t, other in ((x, b), (y, a)):
        bump = np.random.default_rng(3).standard_normal(t.shape)
        np.testing.assert_allclose(np.vdot(t.grad, bump), np.sum(seed * (bump * other)), atol=1e-9)


CALLS = {
    "reshape": lambda m, x: [m.reshape(x, (4, 6)), m.reshape(x, -1), m.reshape(x, (2, -1))],
    "transpose": lambda m, x: [m.transpose(x), m.transpose(x, (1, 2, 0)), m.transpose(x, (-1, 0, 1))],
    "swapaxes": lambda m, x: [m.swapaxes(x, 0, -1)],
    "moveaxis": lambda m, x: [m.moveaxis(x, 0, -1), m.moveaxis(x, (0, 2), (1, 0))],
    "expand_dims": lambda m, x: [m.expand_dims(x, 0), m.expand_dims(x, (0, -1))],
    "squeeze": lambda m, x: [m.squeeze(x[:1]), m.squeeze(x[:1, :, :1], 0), m.squeeze(x[:1, :, :1], (0, 2))],
    "broadcast_to": lambda m, x: [m.broadcast_to(x, (5, 2, 3, 4)), m.broadcast_to(x[..., :1], (2, 3, 7))],
    "flip": lambda m, x: [m.flip(x), m.flip(x, 1), m.flip(x, (0, -1))],
    "roll": lambda m, x: [m.roll(x, 5), m.roll(x, 1, 2), m.roll(x, (1, -2), (0, 2)), m.roll(x, 1, (0, 1))],
    "concatenate": lambda m, x: [m.concatenate([x, X]), m.concatenate([x, x], -1), m.concatenate([x, X[0]], None)],
    "stack": lambda m, x: [m.stack([x, X]), m.stack([x, X], -1)],
    "split": lambda m, x: [*m.split(x, 3, 1), *m.split(x, [1, 3], 2), *m.split(x, [1], -1), *m.split(x, 2)],
    "tile": lambda m, x: [m.tile(x, 2), m.tile(x, (2, 1, 1, 2)), m.tile(x, (2, 3))],
    "repeat": lambda m, x: [m.repeat(x, 2), m.repeat(x, 3, 1), m.repeat(x, [1, 0, 2], 1)],
    "pad": lambda m, x: [m.pad(x, 1), m.pad(x, (1, 2)), m.pad(x, ((0, 0), (1, 0), (2, 1)), constant_values=5.0)]
    + [m.pad(x, ((0, 0), (1, 2), (2, 0)), mode=k) for k in ("edge", "reflect", "symmetric", "wrap")],
    "ravel": lambda m, x: [m.ravel(x)],
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_values_are_numpys(name):
    ours, expected = CALLS[name](ag, ag.Tensor(X)), CALLS[name](np, X)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a.value, b)
    for a, b in zip(CALLS[name](ag, X), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", CALLS)
def test_gradients(name):
    count = len(CALLS[name](np, X))
    for k in range(count):
        ag.testing.check_grads(lambda x, k=k: CALLS[name](ag, x * x)[k], X / 10, order=1)


def test_methods_take_sizes_one_by_one():
    t = ag.Tensor(X)
    assert t.reshape(4, 6).shape == t.reshape((4, 6)).shape == t.reshape([4, -1]).shape == (4, 6)
    assert t.transpose(2, 0, 1).shape == (4, 2, 3)
    assert t.flatten().shape == t.ravel().shape == (24,)
    assert t.swapaxes(0, 1).squeeze().shape == (3, 2, 4)


@given(
    shape=hnp.array_shapes(max_dims=3, max_side=4),
    data=st.data(),
)
def test_concatenation_gives_each_part_its_gradient(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    parts = [ag.Tensor(np.full(shape, float(k))) for k in range(3)]
    joined = ag.concatenate(parts, axis)
    seed = np.arange(joined.size, dtype=float).reshape(joined.shape)
    joined.backward(seed)
    for t, expected in zip(parts, np.split(seed, 3, axis), strict=True):
        np.testing.assert_array_equal(t.grad, expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: ag.split(t, 5), "split: axis 0 has 2 elements, which 5 sections do not divide"),
        (
            lambda t: ag.stack([t, X[0]]),
            r"stack: expected arrays of one shape, got \[\(2, 3, 4\), \(3, 4\)\]",
        ),
        (lambda t: ag.concatenate([]), "concatenate: expected at least one array, got none"),
        (lambda t: ag.pad(t, 1, mode="empty"), "pad: mode must be 'constant', .* got 'empty'"),
        (lambda t: ag.roll(t, (1, 2), (0, 1, 0)), "roll: 2 shifts for 3 axes"),
        (lambda t: ag.moveaxis(t, (0, 1), 0), "moveaxis: 2 source axes, 1 destinations"),
        (lambda t: t.reshape(5, 5), "cannot reshape array of size 24"),
        (lambda t: t.reshape(6, 4, order="Z"), "reshape: order must be 'C', 'F' or 'A', got 'Z'"),
    ],
)
def test_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call(ag.Tensor(X))
