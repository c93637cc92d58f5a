"""The walk over a graph, the tracer, and the notes of nodes."""

import threading

import numpy as np
import pytest

import agx as ag
from agx._engine.notes import notes, recorded
from agx._engine.trace import Trace
from agx._engine.walk import leaves_below, nodes_below, wanted_below


def diamond(make):
    x, y = make(2.0, label="x"), make(3.0, label="y")
    a = x * y
    b = a + x
    c = a * b
    return x, y, a, b, c


@pytest.mark.parametrize("make", [ag.Tensor, ag.Scalar])
def test_inputs_come_before_results_and_the_first_come_first(make):
    x, y, a, b, c = diamond(make)
    assert [id(n) for n in nodes_below(c)] == [id(n) for n in (x, y, a, b, c)]


@pytest.mark.parametrize("make", [ag.Tensor, ag.Scalar])
def test_a_walk_does_not_recurse(make):
    x = make(1.0)
    for _ in range(100_000):
        x = -x
    assert len(nodes_below(x)) == 100_001


def test_constants_are_met_but_want_nothing():
    x, c = ag.Tensor(1.0), ag.Tensor(2.0, requires_grad=False)
    y = x * c
    assert {id(n) for n in nodes_below(y)} == {id(x), id(c), id(y)}
    assert [id(n) for n in wanted_below(y)] == [id(x), id(y)]
    assert [id(n) for n in leaves_below(y)] == [id(x)]


# --- the tracer -----------------------------------------------------------------------------------


def test_points_of_a_trace_want_gradients_inside_only():
    with Trace([1.0, np.arange(2)]) as trace:
        x, y = trace.nodes
        out = (x * y).sum()
        assert trace.gradients(out)[0] == 1.0
        assert not trace.nested(out)
    assert not x.requires_grad
    assert y.dtype == np.float64
    assert not np.shares_memory(y.value, np.arange(2))


def test_what_is_outside_of_a_trace():
    w = ag.Tensor(2.0)
    with Trace([1.0]) as trace:
        x, h = trace.nodes[0], w * 3.0
        with recorded() as inside:
            result = x * w + h * 2.0 + ag.Tensor(1.0, requires_grad=False)
        assert [id(n) for n in sorted(trace.entered_by(result, inside), key=float)] == [
            id(w),
            id(h),
        ]
        assert trace.entered_by(5.0, inside) == []
        assert trace.entered_by(h, inside) == [h]


def test_a_trace_stays_connected_to_the_one_around_it():
    with Trace([3.0]) as outer, Trace(outer.nodes) as inner:
        out = inner.nodes[0] ** 2
        assert inner.nested(out)
        slope = inner.gradients(out)[0]
        assert outer.gradients(slope)[0] == 2.0


def test_under_no_grad_everything_is_recorded_and_nothing_followed():
    with Trace([3.0]) as outer, ag.no_grad(), Trace(outer.nodes) as inner:
        out = inner.nodes[0] ** 2
        assert not inner.nested(out)
        assert inner.gradients(out)[0] == 6.0
    with ag.no_grad():
        x = ag.Tensor([1.0, 2.0])
        assert not (x * 2).requires_grad


def test_a_strict_trace_refuses_to_lose_a_gradient():
    with Trace([1.0]) as strict, Trace([1.0], strict=False) as lenient:
        with pytest.raises(TypeError, match="gradient"):
            float(strict.nodes[0])
        assert float(lenient.nodes[0]) == 1.0


def test_checkpoint_under_no_grad_in_the_backward_pass():
    """The inside is recorded when it is computed again, whatever the caller does."""
    x = ag.Tensor([0.5, 1.0])
    y = ag.checkpoint(lambda t: ag.sin(t) * t)(x).sum()
    with ag.no_grad():
        y.backward()
    np.testing.assert_allclose(x.grad, np.sin(x.value) + x.value * np.cos(x.value))


def test_transforms_of_compat_work_under_no_grad():
    from agx.compat.autograd import grad

    with ag.no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0


# --- notes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [ag.Tensor, ag.Scalar])
def test_every_node_that_is_recorded_gets_a_note(make):
    x = make(2.0)
    before = x * x
    with notes(lambda node: f"made by {node.op}"):
        y = x * x + 1.0
    after = y * y
    assert [n.note for n in nodes_below(y)] == [
        None,
        "made by mul",
        *[None] * (make is ag.Scalar),
        "made by add",
    ]
    assert before.note is None
    assert after.note is None
    assert x.note is None


def test_notes_can_be_set_by_hand():
    x = ag.Tensor(1.0)
    x.note = {"line": 3}
    assert x.note == {"line": 3}


@pytest.mark.parametrize("make", [ag.Tensor, ag.Scalar])
def test_operations_written_by_hand_get_notes_too(make):
    x = make(2.0)
    with notes(lambda node: node.op):
        y = make(4.0, op="square", inputs=[x])
    assert y.note == "square"


def test_what_is_not_recorded_gets_none():
    x, seen = ag.Tensor(2.0), []
    with notes(seen.append):
        with ag.no_grad():
            x * x
        np.sin(1.0)
        ag.Tensor(1.0, requires_grad=False) * 2
    assert seen == []


def test_notes_nest_and_end_with_an_error():
    x = ag.Tensor(1.0)
    with notes(lambda node: "outer"):
        with pytest.raises(KeyError), notes(lambda node: (-node).note or {}[node.op]):
            _ = -x
        assert (-x).note == "outer"
    assert (-x).note is None


def test_what_a_maker_computes_gets_no_note():
    x = ag.Tensor(2.0)
    with notes(lambda node: (node * 2).note):
        y = x * x
        z = y * y
    assert y.note is None
    assert z.note is None
    with notes(lambda node: "again"):
        assert (x * x).note == "again"


def test_an_error_in_a_maker_is_raised_and_notes_go_on():
    x, fail = ag.Tensor(2.0), [True]

    def maker(node):
        if fail.pop():
            raise OSError("no room")
        return "fine"

    with notes(maker):
        with pytest.raises(OSError, match="no room"):
            x * x
        fail.append(False)
        assert (x * x).note == "fine"


def test_notes_are_made_in_one_thread_only():
    x, found = ag.Tensor(1.0), []
    with notes(lambda node: "here"):
        thread = threading.Thread(target=lambda: found.append((x * x).note))
        thread.start()
        thread.join()
    assert found == [None]


def test_notes_are_made_inside_transforms_and_of_their_backward_passes():
    seen = []
    with notes(lambda node: seen.append(node.op)):
        ag.grad(ag.grad(lambda x: np.sin(x)))(1.0)
    assert {"sin", "cos", "mul"} <= set(seen)


def test_a_note_is_carried_into_a_transform():
    x, seen = ag.Tensor(2.0), []
    x.note = "weights of the first layer"

    def f(t):
        seen.append(t.note)
        return t * t

    ag.grad(f)(x)
    assert seen == ["weights of the first layer"]


def test_notes_live_as_long_as_their_node():
    x = ag.Tensor(2.0)
    with notes(lambda node: node.op):
        y = (x * x).sum()
    y.backward(free=True)
    assert y.note == "sum"
