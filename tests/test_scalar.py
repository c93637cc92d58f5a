"""Scalar: the lecture's numbers with gradients."""

import math

import numpy as np
import pytest

import agx as ag
from agx._engine.replay import sweep_as_tensors
from agx._kernels.graph import declare_sweep


def derivative(function, at):
    x = ag.Scalar(at)
    function(x).backward()
    return x.grad


def difference(function, at, h=1e-5):
    value = lambda t: float(function(ag.Scalar(t)))
    return (value(at + h) - value(at - h)) / (2 * h)


FUNCTIONS = {
    "add": lambda x: x + 2, "radd": lambda x: 2 + x, "sub": lambda x: x - 2, "rsub": lambda x: 2 - x,
    "mul": lambda x: x * 3, "rmul": lambda x: 3 * x, "div": lambda x: x / 3, "rdiv": lambda x: 3 / x,
    "pow": lambda x: x**3, "pow_fraction": lambda x: x**0.5, "rpow": lambda x: 3**x,
    "pow_self": lambda x: x**x, "neg": lambda x: -x, "pos": lambda x: +x, "abs": lambda x: abs(-x),
    "log": ag.log, "exp": ag.exp, "relu": ag.relu, "tanh": ag.tanh, "sigmoid": ag.sigmoid,
    "sqrt": ag.sqrt, "ag.abs": ag.abs, "max": lambda x: ag.max(x * 2, x), "min": lambda x: ag.min(x, 9),
    "maximum": lambda x: ag.maximum(0.1, x), "minimum": lambda x: ag.minimum(x, x * x),
    "numpy": lambda x: np.exp(x) + np.float64(2) * x - np.sqrt(x) / np.float32(4),
    "mixed": lambda x: x.log() * x.exp() + x.tanh() * x.sigmoid() - x.sqrt() ** x,
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("at", [0.7, 1.9])
def test_derivatives_agree_with_differences(name, at):
    function = FUNCTIONS[name]
    assert derivative(function, at) == pytest.approx(difference(function, at), rel=1e-6)


def test_value_grad_op_inputs_and_label():
    x, y = ag.Scalar(2, label="x"), ag.Scalar(3.0)
    z = x - y
    assert isinstance(x.value, float)
    assert (z.value, z.grad, z.op, x.label) == (-1.0, 0.0, "sub", "x")
    assert [id(s) for s in z.inputs] == [id(x), id(y)]
    assert [id(s) for s in (x * x).inputs] == [id(x), id(x)]


def test_plain_numbers_become_leaves():
    x = ag.Scalar(2.0)
    (constant,) = [s for s in (1 + x).inputs if s is not x]
    assert constant.value == 1.0
    assert constant.inputs == []


def test_leaves_accumulate_and_intermediates_start_afresh():
    x = ag.Scalar(2.0)
    z = x * x
    y = 3 * z
    y.backward()
    y.backward()
    assert (x.grad, z.grad) == (24.0, 3.0)


def test_seed():
    x = ag.Scalar(2.0)
    (x * 5).backward(0.5)
    assert x.grad == 2.5


def test_comparison_and_conversion():
    a, b = ag.Scalar(1.0), ag.Scalar(2.0)
    assert a < b <= 2.0 and b > 1 and a >= 1 and a == 1.0 and a != b
    assert sorted([b, a])[0] is a
    assert max(a, b) is b
    assert (float(b), int(b), bool(ag.Scalar(0.0)), f"{b:.1f}", b.item()) == (
        2.0,
        2,
        False,
        "2.0",
        2.0,
    )
    assert len({a, ag.Scalar(1.0)}) == 2
    assert (a == "one") is False


def test_sum_of_a_list():
    xs = [ag.Scalar(v) for v in (1.0, 2.0, 3.0)]
    total = sum(xs)
    total.backward()
    assert total.value == 6.0
    assert [x.grad for x in xs] == [1.0] * 3


def test_conventions_at_the_edges():
    assert derivative(ag.relu, 0.0) == 0.0
    assert derivative(ag.abs, 0.0) == 0.0
    assert derivative(lambda x: ag.maximum(x, x * 1), 1.0) == 1.0
    assert derivative(lambda x: x**0, 0.0) == 0.0
    assert derivative(lambda x: ag.Scalar(0.0) ** x, 2.0) == 0.0
    assert ag.sigmoid(ag.Scalar(-1000.0)).value == 0.0
    assert ag.sigmoid(ag.Scalar(1000.0)).value == 1.0
    assert ag.log(ag.Scalar(0.0)).value == -math.inf
    assert math.isnan(ag.relu(ag.Scalar(math.nan)).value)


def test_repr():
    x = ag.Scalar(2.0, label="x")
    assert repr(x) == "Scalar(2, grad=0, label='x')"
    assert repr(x * 1.5) == "Scalar(3, grad=0, op='mul')"


def test_a_chain_of_100_000_operations():
    x = ag.Scalar(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad == 1.0
    del y


def test_an_operation_of_ones_own():
    x = ag.Scalar(2.0)
    y = x * 1.0
    out = ag.Scalar(y.value**3, inputs=[y], op="cube")

    def _backward():
        y.grad += 3 * y.value**2 * out.grad

    out._backward = _backward
    (out + y).backward()
    assert (x.grad, out.inputs, out.op) == (13.0, [y], "cube")


def test_pushing_by_hand_follows_the_lecture():
    x = ag.Scalar(2.0)
    y = x * x
    z = y * 3
    z.grad = 1.0
    for node in (z, y, x):
        node._backward()
    assert x.grad == 12.0


def test_no_grad_records_nothing():
    x = ag.Scalar(2.0)
    with ag.no_grad():
        y = x * x
        own = ag.Scalar(1.0, inputs=[x])
    assert y.inputs == []
    assert own.inputs == []


# --- errors --------------------------------------------------------------------------------------


def test_a_scalar_is_made_of_a_number():
    with pytest.raises(TypeError, match="expected a number, got a Scalar"):
        ag.Scalar(ag.Scalar(1.0))


def test_inputs_must_be_scalars():
    with pytest.raises(TypeError, match="inputs: expected Scalars, got float"):
        ag.Scalar(1.0, inputs=[2.0])


def test_inputs_without_a_backward_are_refused():
    with pytest.raises(RuntimeError, match="op 'mystery' has inputs but no _backward"):
        ag.Scalar(1.0, inputs=[ag.Scalar(2.0)], op="mystery").backward()


def test_backward_must_be_callable():
    with pytest.raises(TypeError, match="_backward: expected a function of no arguments, got int"):
        ag.Scalar(1.0)._backward = 3


@pytest.mark.parametrize(
    "mix",
    [
        lambda s: s * ag.Tensor([1.0]),
        lambda s: ag.Tensor([1.0]) + s,
        lambda s: ag.add(ag.Tensor(1.0), s),
    ],
)
def test_scalar_and_tensor_do_not_mix(mix):
    with pytest.raises(TypeError, match="cannot mix Tensor and Scalar"):
        mix(ag.Scalar(2.0))


@pytest.mark.parametrize(
    "mix", [lambda s: s * np.ones(2), lambda s: np.ones(2) * s, lambda s: ag.maximum(s, "a")]
)
def test_scalars_combine_with_numbers_only(mix):
    with pytest.raises(TypeError, match="combines with Scalars and plain numbers only"):
        mix(ag.Scalar(2.0))


def test_functions_that_scalars_lack_are_named():
    with pytest.raises(
        TypeError, match="softmax: not defined for Scalar, which has add, .*use ag.Tensor"
    ):
        ag.softmax(ag.Scalar(1.0))
    with pytest.raises(TypeError, match="unsupported operand"):
        ag.Scalar(1.0) + "text"


# --- programs written for micrograd --------------------------------------------------------------


def tanh(x):
    """An operation of one's own, as micrograd's programs write them."""
    t = math.tanh(x.data)
    out = ag.Scalar(t, (x,), "tanh")

    def _backward():
        x.grad += (1 - t * t) * out.grad

    out._backward = _backward
    return out


def test_names_of_micrograd():
    x = ag.Scalar(3.0)
    y = (x * 2 + 1).relu()
    (total,) = y._prev
    assert (x.data, y.data, y._op, total._op, x._op) == (3.0, 7.0, "ReLU", "+", "")
    assert (
        (x + x)._prev == {x} and (x - 1)._op == "-" and (x / 2)._op == "/" and (x**2)._op == "**2"
    )
    x.data -= 0.5
    assert (x.value, x.data) == (2.5, 2.5)
    x.grad = 0
    assert f"{x.data:.4f} {x.grad:.4f}" == "2.5000 0.0000"


def test_an_operation_as_micrograd_has_it():
    x = ag.Scalar(0.7)
    y = tanh(x * 2) * x
    y.backward()
    assert x.grad == pytest.approx(math.tanh(1.4) + 1.4 / math.cosh(1.4) ** 2)
    assert {s._op for s in y._prev} == {"tanh", ""}
    assert ag.Scalar(1.0, [x], "mine").inputs == [x]


def nodes_below(root):
    found = set()

    def visit(v):
        if v not in found:
            found.add(v)
            for child in v._prev:
                visit(child)

    visit(root)
    return found


def test_training_a_neuron_with_micrograds_names():
    """The perceptron of y = sign(x0 - x1): plain descent on a hinge loss with weight decay."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(20, 2))
    targets = np.where(points[:, 0] > points[:, 1], 1, -1)
    w, b = [ag.Scalar(v) for v in rng.normal(size=2)], ag.Scalar(0)
    for _ in range(60):
        rows = [list(map(ag.Scalar, row)) for row in points]
        scores = [sum((wi * xi for wi, xi in zip(w, row, strict=True)), b) for row in rows]
        losses = [(1 + -t * s).relu() for t, s in zip(targets, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in w)
        for p in (*w, b):
            p.grad = 0
        total.backward()
        for p in (*w, b):
            p.data -= 0.5 * p.grad
    assert sum((t > 0) == (s.data > 0) for t, s in zip(targets, scores, strict=True)) >= 19
    assert {*w, b} <= nodes_below(total)


#: Where a derivative is infinite, or a number has overflowed.
INFINITE = {
    "log": (ag.log, 0.0),
    "reciprocal": (lambda x: 1 / x, 0.0),
    "the root cancels": (lambda x: ag.sqrt(x) ** 2, 0.0),
    "twice the root": (lambda x: ag.sqrt(x) * ag.sqrt(x), 0.0),
    "0 times infinity": (lambda x: ag.exp(ag.log(x)), 0.0),
    "entropy": (lambda x: x * ag.log(x), 0.0),
    "no weight": (lambda x: 0.0 * ag.log(x), 0.0),
    "a rectified root": (lambda x: ag.sqrt(ag.relu(x)), -1.0),
    "sigmoid": (lambda x: 1 / (1 + ag.exp(-x)), -1000.0),
    "softplus": (lambda x: ag.log(1 + ag.exp(x)), 1000.0),
    "mish": (lambda x: x * ag.tanh(ag.log(1 + ag.exp(x))), 1000.0),
    "length": (lambda x: ag.sqrt(1 + x * x), 1e200),
}


@pytest.mark.parametrize(("f", "at"), INFINITE.values(), ids=INFINITE)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:overflow", "ignore:invalid value")
def test_infinite_derivatives_are_those_of_tensors(f, at):
    t, x, hooked, told = ag.Tensor(at), ag.Scalar(at), ag.Scalar(at), []
    hooked.register_hook(told.append)
    hooked.register_post_accumulate_grad_hook(lambda leaf: told.append(leaf.grad))
    for node in (t, x, hooked):
        f(node).backward()
        np.testing.assert_array_equal(node.grad, t.grad)
    np.testing.assert_array_equal(told, [x.grad, x.grad])


def test_powers_of_negative_numbers_need_no_tensors():
    x = ag.Scalar(-3.0)
    declare_sweep(lambda *args: pytest.fail("the sweep of Tensors, which is slow"))
    try:
        (x**2).backward()
    finally:
        declare_sweep(sweep_as_tensors)
    assert x.grad == -6.0


def test_hooks_of_scalars_may_answer_where_a_derivative_is_infinite():
    x = ag.Scalar(0.0)
    x.grad = 1.0
    root = ag.sqrt(x)
    root.register_hook(lambda g: 7.0)
    x.register_hook(lambda g: 0.5)
    with ag.no_grad():
        (root * 2).backward()
    assert root.grad == 0.0
    (root * 2).backward()
    assert root.grad == 7.0
    assert x.grad == 1.5
