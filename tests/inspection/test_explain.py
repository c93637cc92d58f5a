"""The chain rule in words and numbers: explain() for one operation, ag.trace for the sweep."""

import re

import numpy as np
import pytest
from op_table import rows

import agx as ag
from agx._engine.formulas import latex
from agx._engine.graph import Node
from agx.inspection.sweep import steps


def numbers():
    return ag.Scalar(2.0, label="a"), ag.Scalar(-3.0, label="b")


def test_product_as_on_the_blackboard():
    a, b = numbers()
    product = a * b
    (product * 2.0 + a).backward()
    assert str(product.explain()).splitlines() == [
        "mul: a * b = -6",
        "  d(a*b)/da = b = -3.0; incoming 2.0; contributes -6.0; a.grad: 1.0 -> -5.0",
        "  d(a*b)/db = a = 2.0; incoming 2.0; contributes 4.0; b.grad: 0.0 -> 4.0",
    ]


def test_result_that_no_gradient_has_come_to_starts_with_one():
    a, b = numbers()
    assert "incoming 1.0; contributes -3.0; a.grad: 0.0 -> -3.0" in str((a * b).explain())
    assert a.grad == b.grad == 0.0


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a, b: a + b, "add: a + b = -1\n  d(a+b)/da = 1.0; incoming"),
        (lambda a, b: a**3, "d(a**3)/da = 3 * a**(3 - 1) = 12.0"),
        (lambda a, b: 5.0 * b, "d(5*b)/db = 5.0"),
        (lambda a, b: -a, "neg: -a = -2\n  d(-a)/da = -1.0"),
        (lambda a, b: a.exp(), "d(exp(a))/da = exp(a) = 7.38906"),
        (lambda a, b: a / b, "d(a/b)/db = -a / b**2 = -0.222222"),
        (lambda a, b: b.relu(), "relu: relu(b) = 0"),
    ],
)
def test_rules_of_scalars(make, expected):
    assert expected in str(make(*numbers()).explain())


@pytest.mark.parametrize("kind", [ag.Scalar, ag.Tensor])
def test_input_that_comes_twice_gets_its_shares_one_after_the_other(kind):
    x = kind(3.0, label="x")
    y = x * x

    def told():
        return [line.text.split("; ")[-1] for line in y.explain().lines]

    assert told() == ["x.grad: 0.0 -> 3.0", "x.grad: 3.0 -> 6.0"]
    (y + x).backward()
    assert told() == ["x.grad: 1.0 -> 4.0", "x.grad: 4.0 -> 7.0"]


@pytest.mark.parametrize("kind", [ag.Scalar, ag.Tensor])
def test_infinite_slope_is_told_without_a_warning(kind):
    x = kind(0.0, label="x")
    y = x**0.5
    for _ in range(2):
        with np.errstate(all="raise"):
            assert "= inf; incoming 1.0; contributes inf; x.grad: 0.0 -> inf" in str(y.explain())
        with np.errstate(all="ignore"):
            y.backward()


def test_slope_below_an_infinite_gradient_is_told():
    x = ag.Scalar(0.0, label="x")
    y = x * 2.0
    (y**0.5).backward()
    assert "d(x*2)/dx = 2.0; incoming inf; contributes inf; x.grad: 0.0 -> inf" in str(y.explain())


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda x: (x + 1) * x, ["y * x", "d(y*x)/dy = x = 3.0", "d(y*x)/dx = y = 4.0"]),
        (lambda x: (x + 1) * (x + 2), ["y * z", "d(y*z)/dy = z = 5.0", "d(y*z)/dz = y = 4.0"]),
        (lambda x: (x + 1) ** (x - 1), ["y ** z", "d(y**z)/dy = z * y**(z - 1) = 8.0"]),
    ],
)
def test_unnamed_input_has_a_name_that_no_label_has(make, expected):
    told = str(make(ag.Scalar(3.0, label="x")).explain())
    assert all(text in told for text in expected)


def test_unnamed_input_that_comes_twice_has_one_name():
    x = ag.Scalar(3.0)
    assert str((x * x).explain()).startswith("mul: x * x = 9\n  d(x*x)/dx = x")


def test_labels_that_are_words_of_other_languages_are_names():
    x = ag.Scalar(3.0, label="x")
    found = (ag.Scalar(2.0, label="θ") * x).explain()
    assert "d(θ*x)/dx = θ = 2.0" in str(found) and "= θ = 2" in found.latex
    found = (ag.Scalar(2.0, label="lambda") * x).explain()
    assert "d(lambda*x)/dx = lambda = 2.0" in str(found)
    assert r"&= \mathrm{lambda} = 2, " in found.latex


def test_parameters_have_their_names():
    class Net(ag.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = ag.nn.Linear(2, 3)

        def forward(self, x):
            return self.layer(x)

    out = Net()(np.ones((1, 2), np.float32))
    found, trace = out.explain(), ag.trace(ag.sum(out))
    assert found.title.startswith("linear: linear(x, layer.weight, layer.bias)[0, 0] = ")
    assert r"\partial \mathrm{layer.weight}} &: " in found.latex
    assert "layer.weight: + (3, 2) of norm 2.449; layer.bias: + [1.0, 1.0, 1.0]" in str(trace)
    assert r"\bar{\mathrm{layer.bias}} &" in trace.latex
    out = ag.nn.Sequential(ag.nn.Linear(2, 3))(np.ones((1, 2), np.float32))
    assert "linear(x, 0.weight, 0.bias)" in str(out.explain())
    assert "partial \\mathrm{0.weight}" in out.explain().latex


def test_choice_by_a_condition_is_told():
    found = ag.where(np.array([False, True]), ag.Tensor([1.0, 2.0], label="x"), 0.0).explain(1)
    assert str(found).splitlines() == [
        "where: where(condition, x, 0)[1] = 2",
        "  d(where(condition, x, 0))/dx: incoming 1.0; x[1] gets 1.0",
    ]
    assert (
        r"\begin{cases} x & \mathrm{condition} \\ 0 & \text{otherwise} \end{cases}" in found.latex
    )
    assert latex("where(x, y)") == r"\operatorname{where}\left(x, y\right)"


def test_constant_gets_no_sentence():
    a, _ = numbers()
    assert len((a * 2.0).explain().lines) == 1


def test_chosen_element_and_what_adds_up_by_broadcasting():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3), label="x")
    v = ag.Tensor([1.0, 2.0, 3.0], label="v")
    y = x * v
    ag.sum(y**2).backward()
    assert str(y.explain((1, 2))).splitlines() == [
        "mul: (x * v)[1, 2] = 15",
        "  d(x*v)/dx = v = 3.0; incoming 30.0; contributes 90.0; x.grad[1, 2]: 0.0 -> 90.0",
        "  d(x*v)/dv = x = 5.0; incoming 30.0; contributes 150.0, one of 2 elements that add up there; "
        "v.grad[2]: 0.0 -> 174.0",
    ]
    assert str(y.explain((-1, -1))) == str(y.explain(np.array([1, 2]))) == str(y.explain((1, 2)))
    assert str((v * v).explain(np.int64(1))) == str((v * v).explain(1))


def test_operation_without_a_formula_is_told_by_its_rule():
    x, v = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], label="x"), ag.Tensor([5.0, 6.0], label="v")
    assert str((x @ v).explain(1)).splitlines() == [
        "matmul: (x @ v)[1] = 39",
        "  d(x@v)/dx: incoming 1.0; x[1,1] gets 6.0, x[1,0] gets 5.0",
        "  d(x@v)/dv: incoming 1.0; v[1] gets 4.0, v[0] gets 3.0",
    ]
    assert "and 1 more" in str(ag.sum(ag.Tensor(np.ones(5), label="x")).explain())


def test_forms():
    a, b = numbers()
    found = (a * b).explain()
    assert repr(found) == str(found)
    assert r"\frac{\partial (a \, b)}{\partial a} &= b = -3, \quad 1 \cdot (-3) = -3" in found.latex
    assert found._repr_html_().count("<tr>") == 3
    assert "&lt;" in ag.maximum(ag.Tensor(1.0), ag.Tensor(2.0)).explain()._repr_html_()


def test_what_has_no_rule_is_refused():
    x = ag.Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="explain: expected the result of an operation, got a leaf"):
        x.explain()
    with pytest.raises(IndexError, match=r"explain: expected an index into shape \(2,\), got 2"):
        (x * x).explain(2)
    for index in (1.5, "a", (0, 0), slice(0, 1)):
        with pytest.raises(IndexError, match="explain: expected an index into shape"):
            (x * x).explain(index)
    with pytest.raises(IndexError, match=r"explain: expected an index into shape \(\), got 1.5"):
        ag.sum(x).explain(1.5)
    with pytest.raises(IndexError, match=r"expected a result with elements, got shape \(0, 2\)"):
        (ag.Tensor(np.ones((0, 2))) * 2).explain()
    loss = ag.sum(x)
    loss.backward(free=True)
    with pytest.raises(RuntimeError, match="explain: the graph was let go"):
        loss.explain()


# --- the sweep -----------------------------------------------------------------------------------


def test_trace_lists_the_sweep_in_order():
    a, b = numbers()
    assert str(ag.trace(a * b + a)).splitlines() == [
        "step  node      incoming  contributes to",
        "1     add            1.0  mul: 0.0 + 1.0 = 1.0; a: 0.0 + 1.0 = 1.0",
        "2     mul            1.0  a: 1.0 - 3.0 = -2.0; b: 0.0 + 2.0 = 2.0",
    ]


def test_trace_can_be_stepped():
    a, b = numbers()
    seen = [
        (step.node.op, step.incoming, [c.after for c in step.contributions])
        for step in ag.trace(a * b + a)
    ]
    assert seen == [("add", 1.0, [1.0, 1.0]), ("mul", 1.0, [-2.0, 2.0])]


def test_complex_numbers_are_told_with_both_parts():
    z, w = ag.Tensor(3 + 4j, label="z"), ag.Tensor(2.0, label="w")
    assert "z: 0.0 + (0.6-0.8j) = 0.6-0.8j" in str(ag.trace(ag.abs(z)))
    assert "z: 0.0 + (1.2-1.6j) = 1.2-1.6j" in str(ag.trace(ag.abs(z) * 2))
    assert "1     neg            1.0  z: 0.0 - 1.0 = -1.0" in str(ag.trace(-z))
    found = (z * w).explain()
    assert "d(z*w)/dz = w = 2.0; incoming 1.0; contributes 2.0; z.grad: 0.0 -> 2.0" in str(found)
    assert "d(z*w)/dw = z = 3+4j; incoming 1.0; contributes 3+4j; w.grad: 0.0 -> 3.0" in str(found)
    assert r"w = 2, \quad 1 \cdot 2 = 2" in found.latex
    assert r"z = 3+4j, \quad 1 \cdot (3+4j) = 3+4j" in found.latex
    assert "d(-z)/dz = -1.0; incoming" in str((-z).explain())


@pytest.mark.parametrize("given", [ag.Tensor([1.0, 2.0]), ag.Tensor([1.0]), 1.0, [1.0, 2.0]])
def test_trace_of_what_is_neither_a_matrix_nor_a_loss_says_what_to_give(given):
    shape = re.escape(str(np.shape(given)))
    with pytest.raises(ValueError, match=rf"got shape {shape}; give one number, such as ag\.sum"):
        ag.trace(given)


def test_trace_of_a_matrix_is_its_trace():
    assert ag.trace(np.eye(3)) == 3.0 and ag.trace(ag.Tensor(np.eye(3))).item() == 3.0


def test_forms_of_a_trace():
    a, b = numbers()
    trace = ag.trace(a * b)
    assert repr(trace) == str(trace) and trace._repr_html_().count("<tr>") == 2
    assert r"\bar{a} &\mathrel{+}= \text{-3.0}" in trace.latex
    large = ag.trace(ag.sum(ag.Tensor(np.ones((3, 3)), label="x") ** 2))
    assert "(3, 3) of norm 3" in str(large)


@pytest.mark.parametrize("kind", [ag.Scalar, ag.Tensor])
@pytest.mark.parametrize(
    ("value", "function", "expected"),
    [
        (0.0, lambda x: x**0.5, "x: 0.0 + inf = inf"),
        (0.0, lambda x: 1 / x, "x: 0.0 - inf = -inf"),
        (0.0, lambda x: x**-1, "x: 0.0 - inf = -inf"),
        (0.0, lambda x: x.log() if isinstance(x, ag.Scalar) else ag.log(x), "x: 0.0 + inf = inf"),
        (-1.0, lambda x: x**0.5, "x: 0.0 + nan = nan"),
        (0.0, lambda x: x**0.5 * 0.0, "x: 0.0 + 0.0 = 0.0"),
        (0.0, lambda x: x**0.5 + -1 / x, "x: inf + inf = inf"),
    ],
)
def test_infinite_slopes_are_told_as_backward_has_them(kind, value, function, expected):
    x = kind(value, label="x")
    with np.errstate(all="ignore"):
        out = function(x)
    with np.errstate(all="raise"):
        told = str(ag.trace(out))
        ag.explore(out)
    assert told.endswith(expected)
    with np.errstate(all="ignore"):
        out.backward()
    assert told.rsplit(" ", 1)[1] == f"{float(x.grad):.1f}"


def test_freed_graph_is_refused():
    loss = ag.sum(ag.Tensor([1.0]) * 2.0)
    loss.backward(free=True)
    with pytest.raises(RuntimeError, match="trace: the graph was let go; call it before backward"):
        ag.trace(loss)


def test_hand_written_backward_takes_part_and_grads_stay():
    def log(x):
        out = ag.Tensor(np.log(x.value), inputs=[x], op="log")

        def _backward():
            x.grad += out.grad / x.value

        out._backward = _backward
        return out

    x = ag.Tensor([1.0, 2.0])
    x.grad = np.array([7.0, 7.0])
    loss = ag.sum(log(x) * x)
    last = {id(c.input): c.after for step in steps(loss) for c in step.contributions}
    np.testing.assert_allclose(last[id(x)], 1 + np.log(x.value))
    np.testing.assert_array_equal(x.grad, [7.0, 7.0])


@pytest.mark.parametrize("name", sorted(rows))
def test_sweep_ends_with_the_gradients_of_backward(name):
    """Every operation of the table, through steps and through backward()."""
    for function, *arrays in rows[name]:
        leaves = [ag.Tensor(a) for a in arrays]
        with np.errstate(all="ignore"):
            out = function(*leaves)
            if not isinstance(out, Node) or not out.requires_grad or out.dtype.kind == "c":
                continue
            seed = np.linspace(0.5, 1.5, out.size).reshape(out.shape)
            gradients = {}
            for step in steps(out, seed):
                gradients.update((id(c.input), c.after) for c in step.contributions)
            out.backward(seed, retain_graph=True)
        for leaf in leaves:
            found = gradients.get(id(leaf))
            if found is not None and np.isfinite(leaf.grad).all():
                np.testing.assert_allclose(found, leaf.grad, rtol=1e-6, atol=1e-8)
