"""The sweep that looks closer where a NaN appears, and what hooks are told by it."""

import numpy as np
import pytest

import agx as ag
from agx._engine.graph import value_of

#: Functions at points where a NaN makes the sweep look closer, by what their gradient is there.
CLOSER = {
    "the root cancels": (lambda x: ag.sqrt(x) ** 2, 0.0, 1.0),
    "0 times infinity": (lambda x: ag.exp(ag.log(x)), 0.0, np.nan),
    "guarded": (lambda x: ag.where(x > 0, ag.log(x), 0.0), 0.0, 0.0),
    "saturated": (lambda x: 1 / (1 + ag.exp(-x)), -1000.0, 0.0),
    "lost in an overflow": (lambda x: ag.log(1 + ag.exp(x)), 1000.0, np.nan),
    "a matrix": (lambda x: rebuilt_identity(x), 0.0, 1.0),
}


def rebuilt_identity(x):
    w, v = ag.linalg.eigh(np.eye(2) * x)
    return ag.sum((v * ag.exp(w)) @ v.mT) / 2


@pytest.mark.parametrize(("f", "at", "slope"), CLOSER.values(), ids=CLOSER)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:overflow")
def test_numbers_are_the_same_with_hooks_and_without(f, at, slope):
    told = []
    for create_graph in (False, True):
        for hook in (False, True):
            x = ag.Tensor(at)
            y = x * 1.0
            if hook:
                x.register_hook(told.append)
                y.register_hook(told.append)
            out = f(y)
            out.backward(create_graph=create_graph)
            np.testing.assert_allclose(value_of(x.grad), slope)
        with x.register_hook(told.append):
            np.testing.assert_allclose(ag.jacobian(f)(np.array(at)), slope)
    assert len(told) == 4
    for g in told:
        np.testing.assert_allclose(value_of(g), slope)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_pass_that_begins_again_keeps_what_hooks_have_answered():
    x, told = ag.Tensor(0.0), []
    root = ag.sqrt(x)
    total = root * root + 3 * x
    total.register_hook(lambda g: told.append("total") or 2 * g)
    root.register_hook(lambda g: told.append("root"))
    x.register_hook(lambda g: told.append(float(g)))
    x.register_post_accumulate_grad_hook(lambda leaf: told.append("added"))
    total.backward()
    assert told == ["total", "root", 8.0, "added"]
    assert x.grad == 8.0


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_error_in_a_hook_ends_a_pass_that_begins_again():
    x = ag.Tensor(0.0)
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (ag.sqrt(x) ** 2).backward()
    assert x.grad_or_none is None
