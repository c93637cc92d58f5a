"""A refusal is what a transform raises, whatever another library made of it."""

import contextlib
import math
import struct

import numpy as np
import pytest

import agx as ag

X = np.array([0.7, 1.3, 2.1])


def swallowed_by_numpy(x):
    return np.sum(np.zeros(2), initial=x[0])


@pytest.mark.parametrize(
    "f",
    [
        swallowed_by_numpy,
        lambda x: np.ones(3).sum(initial=x[0]),
        lambda x: np.ones(3).fill(x[0]),
        lambda x: np.fromiter(x, float).sum(),
        lambda x: struct.unpack("d", struct.pack("d", x[0]))[0],
    ],
)
@pytest.mark.parametrize("transform", [ag.grad, ag.jacobian, ag.hessian])
def test_what_compiled_code_says_in_its_place_is_replaced(transform, f):
    with pytest.raises(TypeError, match="would (drop the|lose its) gradient"):
        transform(f)(X)


def test_the_transforms_of_autograd_replace_it_too():
    from agx.compat.autograd import grad

    with pytest.raises(TypeError, match="would lose its gradient"):
        grad(swallowed_by_numpy)(X)


def test_errors_of_the_program_stay_as_they_are():
    def handled(x):
        try:
            return float(x[0])
        except TypeError:
            raise KeyError("mine") from None

    def later(x):
        try:
            return float(x[0])
        except TypeError:
            return np.zeros(2) @ np.zeros(3)

    with pytest.raises(KeyError, match="mine"):
        ag.grad(handled)(X)
    with pytest.raises(ValueError, match="matmul"):
        ag.grad(later)(X)
    with pytest.raises(ValueError, match="matmul"):
        ag.grad(lambda x: np.zeros(2) @ np.zeros(3))(X)


def test_a_refusal_that_the_program_handles_is_none():
    def f(x):
        try:
            return float(x[0])
        except TypeError:
            return x[0] ** 2

    assert ag.grad(f)(X) == pytest.approx([1.4, 0.0, 0.0])


def test_the_same_line_may_fail_for_another_reason_later():
    def root(v):
        return math.sqrt(v)

    def f(x):
        with contextlib.suppress(TypeError):
            root(x[0])
        return root(-1.0) * x[0]

    with pytest.raises(ValueError, match="math domain error|nonnegative"):
        ag.grad(f)(X)


def test_a_refusal_ends_with_its_transform():
    def outer(x):
        with contextlib.suppress(TypeError):
            ag.grad(swallowed_by_numpy)(X)
        return np.sum(np.zeros(2) @ np.zeros(3)) * x[0]

    with pytest.raises(ValueError, match="matmul"):
        ag.grad(outer)(X)


@pytest.mark.parametrize(
    "plain", [lambda t: float(t[0]), lambda t: t.tolist()[0], lambda t: np.asarray(t)[0]]
)
def test_what_nobody_differentiates_any_more_converts(plain):
    kept = []
    ag.grad(lambda x: kept.append(x * 1.0) or np.sum(x))(X)
    assert plain(kept[0]) == X[0]


@pytest.mark.parametrize(
    "plain", [lambda t: float(t[0]), lambda t: t.tolist()[0], lambda t: np.asarray(t)[0]]
)
def test_without_recording_everything_converts(plain):
    def f(x):
        with ag.no_grad():
            first = plain(x)
        return first * np.sum(x)

    assert ag.grad(f)(X) == pytest.approx([X[0]] * 3)


def test_what_an_outer_transform_follows_does_not_convert_after_the_inner_one():
    kept = []

    def f(x):
        ag.grad(lambda y: kept.append(y * x) or np.sum(y * x))(X)
        return float(np.sum(kept[0])) * x[0]

    with pytest.raises(TypeError, match="would drop the gradient"):
        ag.grad(f)(X)
