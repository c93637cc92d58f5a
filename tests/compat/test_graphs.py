"""Graphs of a run, for programs that walk them, and functions that are traced once."""

import numpy
import pytest
from numpy.testing import assert_allclose

import agx.compat.autograd.numpy as np
from agx.compat.autograd import grad, jacobian
from agx.compat.autograd.core import JVPNode, VJPNode, backward_pass, sum_outgrads
from agx.compat.autograd.extend import defvjp, primitive
from agx.compat.autograd.misc import const_graph
from agx.compat.autograd.misc.tracers import const_graph_unary, full_graph
from agx.compat.autograd.tracer import Node, toposort, trace
from agx.compat.autograd.util import subval, subvals

X = numpy.array([0.5, 1.5])
f = lambda x: np.sin(x) * x[1] + np.where(x > 1, x, 2.0 * x)


class Names(Node):
    """Keeps the name of each step."""

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        assert_allclose(fun(*args, **kwargs), value)
        self.name, self.parents, self.argnums = fun.__name__, parents, parent_argnums

    def initialize_root(self):
        self.name, self.parents = "x", ()


def test_a_node_for_each_step():
    value, end = trace(Names.new_root(), lambda x: np.exp(x) * x + 1.0, 2.0)
    assert_allclose(value, 2 * numpy.exp(2.0) + 1)
    assert [node.name for node in toposort(end)] == ["add", "mul", "exp", "x"]
    assert end.argnums == (0,) and end.parents[0].argnums == (0, 1)


def test_steps_of_ones_own_primitives():
    double = primitive(lambda x: 2 * x)
    defvjp(double, lambda ans, x: lambda g: 2 * g)
    _, end = trace(VJPNode.new_root(), lambda x: double(x) ** 2, 3.0)
    assert backward_pass(1.0, end) == 24.0


@pytest.mark.parametrize("x", [X, {"a": X, "b": [2.0]}], ids=["array", "nest"])
def test_pulling_back_through_the_nodes(x):
    g = lambda x: np.sum(f(x)) if not isinstance(x, dict) else np.sum(f(x["a"]) * x["b"][0])
    value, end = trace(VJPNode.new_root(), g, x)
    found, want = backward_pass(1.0, end), grad(g)(x)
    if isinstance(x, dict):
        found, want = [found["a"], found["b"][0]], [want["a"], want["b"][0]]
    for a, b in zip(found, want, strict=True):
        assert_allclose(a, b)


def test_pushing_forward_through_the_nodes():
    v = numpy.array([1.0, -2.0])
    _, end = trace(JVPNode.new_root(v), f, X)
    assert_allclose(end.g, jacobian(f)(X) @ v)


def test_a_nest_of_results_has_a_node():
    value, end = trace(VJPNode.new_root(), lambda x: {"s": np.sin(x), "k": 1.0}, X)
    assert value["k"] == 1.0
    assert_allclose(backward_pass({"s": numpy.ones(2), "k": 0.0}, end), numpy.cos(X))


def test_a_result_that_does_not_depend_on_the_argument():
    with pytest.warns(UserWarning, match="Output seems independent of input"):
        assert trace(Names.new_root(), lambda x: 3.0, 1.0) == (3.0, None)
    with (
        pytest.warns(UserWarning, match="Output seems independent"),
        pytest.raises(ValueError, match="const_graph: the result does not depend on the argument"),
    ):
        const_graph_unary(lambda x: 3.0)(1.0)


def test_a_constant_graph_runs_the_function_once():
    calls = []

    def slow(scale, x, y=1.0):
        calls.append(0)
        return scale * f(x) ** 2 * y

    cached = const_graph(slow, 3.0, y=2.0)
    for x in (X, X + 0.3, X + 0.4):
        assert_allclose(cached(x), 6 * f(x) ** 2)
    assert len(calls) == 1
    assert_allclose(grad(lambda x: np.sum(cached(x)))(X), grad(lambda x: np.sum(6 * f(x) ** 2))(X))
    assert cached.__name__ == "slow"


def test_a_full_graph():
    end = full_graph(lambda x, y: x * np.sin(y), 2.0, 0.5)
    fun, args, kwargs, parents = end.recipe
    assert fun.__name__ == "mul" and [i for i, _ in parents] == [0, 1]
    assert_allclose(end.value, 2 * numpy.sin(0.5))


def test_nodes_that_lack_a_method():
    with pytest.raises(NotImplementedError, match="Bare: define initialize_root"):
        type("Bare", (Node,), {}).new_root()
    with pytest.raises(NotImplementedError, match="Node: define __init__"):
        Node(1.0, None, (), {}, (), ())


def test_a_step_without_a_function():
    import agx as ag

    def closure(x):
        return ag.Tensor(x.value**2, inputs=[x], op="square by hand") * 2.0

    with pytest.raises(TypeError, match="trace: the step 'square by hand' has no function"):
        trace(Names.new_root(), closure, 3.0)


def test_sums_and_replacements():
    assert sum_outgrads([1.0, 2.0, 3.0]) == 6.0
    assert subval((1, 2, 3), 1, 9) == (1, 9, 3) and subvals([1, 2], [(0, 5)]) == (5, 2)
