"""What a graph holds alive is counted once, and all of it."""

import tracemalloc

import numpy as np
import pytest

import agx as ag


def test_values_gradients_and_what_is_saved():
    x = ag.Tensor(np.zeros((100, 10)), label="x")
    loss = ag.sum(np.exp(x) * np.ones((100, 10)))
    loss.backward(retain_graph=True)
    rows = {row.what or row.op: row for row in ag.memory(loss).rows}
    assert rows["x"].values == rows["x"].gradients + 320 == 8320
    assert rows["mul"].saved == 8000 and rows["mul"].nodes == 1
    assert (
        rows["exp"].where.startswith("tests/inspection/test_memory.py:") or ":" in rows["exp"].where
    )


def test_shared_memory_counts_once():
    x = ag.Tensor(np.zeros((100, 10)), label="x")
    rows = {row.what or row.op: row for row in ag.memory(ag.sum(x.reshape(10, 100).T)).rows}
    assert rows["reshape"].bytes == rows["transpose"].bytes == 320


def test_what_a_backward_of_ones_own_holds_is_counted():
    x, factor = ag.Tensor(np.zeros(10)), np.full(1000, 2.0)
    out = ag.Tensor(x.value * 2, inputs=[x])

    def backward():
        x.grad += factor[:10] * out.grad
        return later

    out._backward = backward
    rows = {row.what or row.op: row for row in ag.memory(ag.sum(out)).rows}
    assert (rows["own"].saved, rows["leaf"].saved, rows["leaf"].nodes) == (8000, 0, 1)
    later = None  # a variable of the function that has no value before


def test_total_is_what_python_counts():
    def build():
        y = ag.Tensor(np.zeros(500))
        for _ in range(50):
            y = np.sin(y) + 1.0
        return ag.sum(y)

    build()
    tracemalloc.start()
    loss = build()
    real = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert ag.memory(loss).total == pytest.approx(real, rel=0.1)


def test_parameters_have_names_and_modules_are_told():
    model = ag.nn.Sequential(ag.nn.Linear(3, 4), ag.nn.ReLU())
    found = ag.memory(ag.sum(model(np.ones((2, 3), np.float32))))
    assert {"0.weight", "0.bias"} <= {row.what for row in found.rows}
    assert {row.module for row in found.rows if row.op == "relu"} == {"Sequential.1"}


def test_table_as_text_and_for_notebooks():
    found = ag.memory(ag.sum(np.exp(ag.Tensor(np.zeros(1000), label="x"))))
    lines = str(found).splitlines()
    assert lines[0].split() == [
        "bytes",
        "values",
        "gradients",
        "saved",
        "of",
        "line",
        "module",
        "nodes",
    ]
    assert lines[-1].endswith(
        "backward(free=True) lets go of all but leaves, and no_grad() keeps nothing"
    )
    assert repr(found) == str(found) and found._repr_html_().count("<tr>") == 4


def test_numbers_and_what_has_no_graph():
    a = ag.Scalar(1.0, label="a")
    assert [row.nodes for row in ag.memory(a * a).rows] == [1, 1]
    with pytest.raises(
        TypeError, match="memory: expected a Scalar or a Tensor, got int; give the loss"
    ):
        ag.memory(3)


def test_what_a_rule_of_ones_own_keeps_is_counted():
    @ag.custom_vjp
    def double(x):
        return x * 2

    double.defvjp(lambda x: (x * 2, {"kept": np.ones(10**5)}), lambda kept, g: (2 * g,))
    assert ag.memory(double(ag.Tensor(np.ones(3)))).total > 800_000
