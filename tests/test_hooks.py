"""Hooks: who is told of a gradient, when, how often, and what becomes of an answer."""

import gc
import weakref

import numpy as np
import pytest
from op_table import rows

import agx as ag
from agx._engine import hooks
from agx._engine.graph import backward, value_of


@pytest.fixture(autouse=True)
def no_hook_is_left():
    hooks.hooked.clear()
    yield
    if hooks.hooked:
        gc.collect()
    assert hooks.hooked == {}


def leaf(*values, label=""):
    return ag.Tensor(list(values), label=label)


def test_a_hook_sees_the_whole_gradient_once():
    x, seen = leaf(1.0, 2.0), []
    x.register_hook(seen.append)
    (x * x + 3 * x + x).sum().backward()
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], [6.0, 8.0])
    np.testing.assert_array_equal(x.grad, [6.0, 8.0])


def test_the_gradient_is_that_of_one_pass_whatever_has_accumulated():
    x, seen = leaf(1.0), []
    x.register_hook(seen.append)
    y = (x * x).sum()
    y.backward()
    y.backward()
    assert [float(g[0]) for g in seen] == [2.0, 2.0]
    np.testing.assert_array_equal(x.grad, [4.0])


def test_an_answer_replaces_the_gradient_of_a_leaf():
    x = leaf(3.0, 4.0)
    x.register_hook(lambda g: np.clip(g, -1, 1))
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_an_answer_replaces_what_an_intermediate_result_passes_on():
    x, seen = leaf(1.0, 2.0), []
    y = x * 2
    y.register_hook(lambda g: g * 10)
    z = y * y
    z.register_hook(seen.append)
    z.sum().backward()
    np.testing.assert_array_equal(y.grad, [40.0, 80.0])
    np.testing.assert_array_equal(x.grad, [80.0, 160.0])
    np.testing.assert_array_equal(seen[0], [1.0, 1.0])


def test_the_result_itself_may_have_a_hook():
    x = leaf(2.0)
    y = (x * x).sum()
    y.register_hook(lambda g: 5 * g)
    y.backward()
    np.testing.assert_array_equal(x.grad, [20.0])
    z = ag.Tensor(3.0)
    z.register_hook(lambda g: 7 * g)
    z.backward()
    assert z.grad == 7.0


def test_hooks_run_in_the_order_in_which_they_came():
    x, seen = leaf(1.0), []
    x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: seen.append(g.copy()))
    x.register_hook(lambda g: g * 10)
    x.sum().backward()
    np.testing.assert_array_equal(seen[0], [2.0])
    np.testing.assert_array_equal(x.grad, [20.0])


def test_handles_take_hooks_away():
    x, seen = leaf(1.0), []
    first, second = x.register_hook(seen.append), x.register_hook(seen.append)
    first.remove()
    first.remove()
    x.sum().backward()
    assert len(seen) == 1
    second.remove()
    x.sum().backward()
    assert len(seen) == 1
    assert hooks.hooked == {}


def test_handles_take_hooks_away_at_the_end_of_a_block():
    x, seen = leaf(1.0), []
    with x.register_hook(seen.append) as handle:
        x.sum().backward()
    assert isinstance(handle, hooks.Handle)
    with pytest.raises(KeyError), x.register_post_accumulate_grad_hook(seen.append):
        raise KeyError
    x.sum().backward()
    assert len(seen) == 1
    assert hooks.hooked == {}


def test_a_hook_may_remove_itself_and_others():
    x, seen = leaf(1.0), []

    def once(g):
        seen.append("once")
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda g: seen.append("always"))
    x.sum().backward()
    x.sum().backward()
    assert seen == ["once", "always", "always"]


def test_hooks_go_with_their_tensor():
    x = leaf(1.0)
    handle = x.register_hook(print)
    del x
    gc.collect()
    assert hooks.hooked == {}
    handle.remove()


def test_a_hook_that_refers_to_its_tensor_does_not_keep_it():
    x = leaf(1.0)
    x.register_hook(lambda g, x=x: g + x.value)
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None


def test_the_gradient_that_a_hook_sees_is_read_only():
    x, kept = leaf(1.0, 2.0), []

    def spoil(g):
        kept.append(g)
        with pytest.raises(ValueError, match="read-only"):
            g[0] = 5

    x.register_hook(spoil)
    y = x + 0.0
    y.register_hook(spoil)
    ag.relu(y).sum().backward(free=True)
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])
    x.grad[:] = 7.0
    for g in kept:
        np.testing.assert_array_equal(g, [1.0, 1.0])


def test_a_leaf_is_told_as_the_sweep_passes_it():
    """Each weight of a chain of layers is told after its layer, before the layers below are swept."""
    seen = []
    layers = [ag.Tensor(np.full(2, 1.0 + k), label=f"w{k}") for k in range(3)]
    h = leaf(1.0, 1.0)
    for w in layers:
        w.register_hook(lambda g, w=w: seen.append(w.label))
        h = ag.tanh(h * w)
        h.register_hook(lambda g, w=w: seen.append(f"below {w.label}"))
    h.sum().backward()
    assert seen == ["below w2", "w2", "below w1", "w1", "below w0", "w0"]


def test_a_leaf_that_is_used_twice_is_told_after_the_last_use():
    w, seen = leaf(2.0, label="w"), []
    w.register_hook(lambda g: seen.append(float(g[0])))
    x = leaf(1.0)
    h = x * w
    h.register_hook(lambda g: seen.append("h"))
    (h * w).sum().backward()
    assert seen == ["h", 4.0]


def test_nan_that_a_second_sweep_takes_away_is_not_seen():
    """0 * inf: the fast sweep gives NaN, and the check that a zero gradient stays zero removes it."""
    x, seen = leaf(0.0, 4.0), []
    x.register_hook(lambda g: seen.append(g.copy()))
    ag.where(x.value > 0, np.sqrt(x), 0.0).sum().backward()
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], [0.0, 0.25])
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])


def test_a_graph_that_is_freed_has_told_before():
    x, seen = leaf(1.0), []
    x.register_hook(seen.append)
    (x * x).sum().backward(free=True)
    np.testing.assert_array_equal(seen[0], [2.0])


def test_create_graph_gives_tensors_that_are_differentiated_again():
    x, seen = leaf(2.0), []
    handle = x.register_hook(lambda g: seen.append(g) or g * x)
    (x * x * x).sum().backward(create_graph=True)
    assert isinstance(seen[0], ag.Tensor)
    g = x.grad  # 3 x^2 * x
    np.testing.assert_array_equal(g.value, [24.0])
    x.grad = None
    seen.clear()
    handle.remove()
    g.sum().backward()
    np.testing.assert_array_equal(x.grad, [36.0])


def test_an_answer_stays_in_the_graph_where_the_seed_was_plain():
    w, kinds = leaf(2.0), []
    w.register_hook(lambda g: kinds.append(type(g)) or g * w)
    (w * 3.0).sum().backward(create_graph=True)
    g = w.grad
    assert kinds == [ag.Tensor]
    np.testing.assert_array_equal(g.value, [6.0])
    w.grad = None
    g.sum().backward()
    np.testing.assert_array_equal(w.grad, [6.0])  # 3, which the hook sees and makes 3 * w


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda g: None, [1.0, 1.0]),
        (lambda g: g, [1.0, 1.0]),
        (lambda g: np.full(2, 5.0), [5.0, 5.0]),
        (lambda g: np.clip(g, -0.5, 0.5), [0.5, 0.5]),
    ],
)
def test_answers_that_are_constant_with_create_graph(answer, expected):
    x = leaf(1.0, 2.0)
    x.register_hook(answer)
    (x * 1.0).sum().backward(create_graph=True)
    np.testing.assert_array_equal(np.asarray(value_of(x.grad)), expected)


def test_float32_stays_float32():
    x = ag.Tensor(np.ones(2, np.float32))
    x.register_hook(lambda g: g.astype(np.float64) * 2)
    (x * x).sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [4.0, 4.0])


@pytest.mark.parametrize(
    ("answer", "shape", "dtype"),
    [(np.ones(3), (3,), "float64"), (1.0, (), "float64"), (np.ones(2) * 1j, (2,), "complex128")],
)
def test_an_answer_that_does_not_fit_is_refused(answer, shape, dtype):
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: answer)
    with pytest.raises(ValueError, match="register_hook: expected a gradient of shape") as caught:
        (x * x).sum().backward()
    assert f"returned one of shape {shape} and dtype {dtype}; return None" in str(caught.value)


def test_an_error_in_a_hook_is_raised_as_it_is_and_leaves_gradients_alone():
    x, w = leaf(1.0), leaf(2.0)

    def broken(g):
        raise KeyError("mine")

    handle = x.register_hook(broken)
    y = (x * w).sum()
    with pytest.raises(KeyError, match="mine") as caught:
        y.backward(free=True)
    assert not hasattr(caught.value, "__notes__")
    assert x.grad_or_none is None
    assert w.grad_or_none is None
    handle.remove()
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0])
    np.testing.assert_array_equal(w.grad, [1.0])


def test_what_cannot_have_a_hook_says_so():
    with pytest.raises(RuntimeError, match="register_hook: this Tensor requires no gradient"):
        ag.Tensor(1.0, requires_grad=False).register_hook(print)
    with pytest.raises(TypeError, match="register_hook: expected a function, got int"):
        leaf(1.0).register_hook(3)
    with pytest.raises(RuntimeError, match="grad_hook: gradients are added to leaves"):
        (leaf(1.0) * 2).register_post_accumulate_grad_hook(print)
    with pytest.raises(TypeError, match="grad_hook: expected a function, got int"):
        leaf(1.0).register_post_accumulate_grad_hook(3)


@pytest.mark.parametrize(
    ("function", "arrays"), [(row[0], row[1:]) for group in rows.values() for row in group]
)
def test_a_hook_that_only_looks_changes_nothing(function, arrays):
    with np.errstate(all="ignore"):
        free, watched = [[ag.Tensor(a) for a in arrays] for _ in range(2)]
        seen = [[] for _ in arrays]
        for t, found in zip(watched, seen, strict=True):
            t.register_hook(found.append)
        function(*free).sum().real.backward()
        function(*watched).sum().real.backward()
    for a, b, found in zip(free, watched, seen, strict=True):
        np.testing.assert_allclose(b.grad, a.grad, rtol=1e-12, atol=1e-12)
        assert len(found) <= 1
        np.testing.assert_array_equal(found[0] if found else np.zeros(b.shape), b.grad)


# --- after a gradient was added -------------------------------------------------------------------


def test_after_the_gradient_was_added():
    x, seen = leaf(1.0, label="x"), []
    x.register_hook(lambda g: g * 3)
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t.label, float(t.grad[0]))))
    y = (x * x).sum()
    y.backward()
    y.backward()
    assert seen == [("x", 6.0), ("x", 12.0)]
    np.testing.assert_array_equal(x.grad, [12.0])


def test_a_step_may_be_taken_inside_the_backward_pass():
    def network():
        rng = np.random.default_rng(0)
        return [ag.Tensor(rng.standard_normal((3, 3))) for _ in range(3)]

    def loss(weights):
        h = np.ones((2, 3))
        for w in weights:
            h = ag.tanh(h @ w)
        return (h * h).sum()

    def step(w):
        w.value = w.value - 0.1 * w.grad
        w.grad = None

    ours, theirs = network(), network()
    for w in ours:
        w.register_post_accumulate_grad_hook(step)
    for _ in range(3):
        loss(ours).backward()
        loss(theirs).backward()
        for w in theirs:
            step(w)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.value, b.value, rtol=1e-12)


def test_after_the_gradient_was_added_with_a_graph():
    x, seen = leaf(2.0), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad))
    (x * x).sum().backward(create_graph=True)
    assert isinstance(seen[0], ag.Tensor)


@pytest.mark.parametrize("create_graph", [False, True])
def test_every_leaf_can_be_told_of(create_graph):
    x, w, seen = leaf(1.0, label="x"), leaf(2.0, label="w"), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append("hook"))
    y = (x * w + w).sum()
    backward(
        y, create_graph=create_graph, on_leaf=lambda t: seen.append((t.label, float(t.grad[0])))
    )
    assert set(seen) == {"hook", ("x", 2.0), ("w", 2.0)}
    assert seen.index("hook") + 1 == seen.index(("x", 2.0))
    np.testing.assert_array_equal(
        np.asarray(x.grad_or_none.value if create_graph else x.grad), [2.0]
    )


# --- transforms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [ag.grad, ag.jacobian])
def test_transforms_run_the_hooks_of_what_they_trace(transform):
    seen = []

    def f(x):
        y = x * x
        y.register_hook(lambda g: seen.append(g.shape) or g * 10)
        return y.sum()

    np.testing.assert_array_equal(transform(f)(np.array([1.0, 2.0])), [20.0, 40.0])
    assert seen == [(2,)]


def test_rows_of_a_jacobian_are_told_one_by_one():
    seen = []

    def f(x):
        y = x * x
        y.register_hook(lambda g: seen.append(g.copy()))
        return y

    np.testing.assert_array_equal(ag.jacobian(f)(np.array([1.0, 2.0])), [[2.0, 0.0], [0.0, 4.0]])
    np.testing.assert_array_equal(seen, np.eye(2))


def test_hooks_of_other_graphs_do_not_matter():
    x, y = leaf(1.0), leaf(2.0)
    handle = y.register_hook(lambda g: g * 100)
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0])
    np.testing.assert_array_equal(ag.grad(lambda x: (x * x).sum())(np.ones(2)), [2.0, 2.0])
    handle.remove()


def test_second_derivatives_go_through_hooks():
    """d(x^2 2x)/dx, where the hook of y = x^2 runs again on the gradient 2x y' of y: 64 + 8."""

    def f(x):
        y = x * x
        y.register_hook(lambda g: g * y)
        return y.sum()

    x = np.array([2.0, 3.0])
    np.testing.assert_array_equal(ag.grad(f)(x), [16.0, 54.0])
    np.testing.assert_array_equal(ag.grad(lambda x: ag.grad(f)(x).sum())(x), [72.0, 342.0])


# --- checkpoint -----------------------------------------------------------------------------------


def test_hooks_of_leaves_outside_a_checkpoint_run_once_on_the_whole_gradient():
    w, x, seen = leaf(2.0), leaf(1.0), []
    w.register_hook(lambda g: seen.append(float(g[0])) or g * 10)
    inside = ag.checkpoint(lambda x: x * w * 2)
    inside(x).sum().backward()
    (inside(x).sum() + (3 * w).sum()).backward()
    assert seen == [2.0, 5.0]
    np.testing.assert_array_equal(w.grad, [70.0])
    np.testing.assert_array_equal(x.grad, [8.0])


def test_hooks_of_results_outside_a_checkpoint_run_once_on_the_whole_gradient():
    w, x, seen = leaf(2.0), leaf(1.0), []
    h = w * w
    h.register_hook(lambda g: seen.append(float(g[0])) or g * 10)
    (ag.checkpoint(lambda x: x * h * 2 + w)(x).sum() + (3 * h).sum()).backward()
    assert seen == [5.0]
    np.testing.assert_array_equal(w.grad, [201.0])
    np.testing.assert_array_equal(x.grad, [8.0])


def test_hooks_of_parameters_inside_a_checkpoint():
    layer = ag.nn.Linear(1, 1)
    for p in layer.parameters():
        p.register_hook(lambda g: g * 0.5)
    ag.checkpoint(layer)(ag.Tensor(np.ones((1, 1), np.float32))).sum().backward()
    for p in layer.parameters():
        np.testing.assert_array_equal(p.grad, np.full(p.shape, 0.5))


def test_hooks_inside_nested_checkpoints_run_once():
    w, x, seen = leaf(2.0), leaf(3.0), []

    def inner(x):
        y = x * w
        y.register_hook(lambda g: seen.append("y") or g * 10)
        return y * 1.0

    def outer(x):
        h = x * 1.0
        h.register_hook(lambda g: seen.append("h") or g * 10)
        return ag.checkpoint(lambda x: inner(x) * h)(x * 1.0) + h

    w.register_hook(lambda g: seen.append("w"))
    ag.checkpoint(outer)(x).sum().backward()  # x w h + h
    assert sorted(seen) == ["h", "w", "y"]
    np.testing.assert_array_equal(w.grad, [90.0])
    np.testing.assert_array_equal(x.grad, [60.0 + 70.0])


def test_a_hook_inside_a_checkpoint_runs_for_each_result():
    x, seen = leaf(2.0), []

    def f(x):
        y = x * x
        y.register_hook(lambda g: seen.append(float(g[0])))
        return y * 3.0, y * 5.0

    a, b = ag.checkpoint(f)(x)
    (a + b).sum().backward()
    assert sorted(seen) == [3.0, 5.0]
    np.testing.assert_array_equal(x.grad, [32.0])


def test_second_derivatives_through_a_checkpoint_with_hooks():
    def f(x, wrap):
        w = x * 2.0
        w.register_hook(lambda g: g * w)
        return wrap(lambda x: x * w * x)(x * 1.0).sum()

    x = np.array([2.0])
    first, second = [
        [ag.grad(f)(x, wrap), ag.grad(lambda x, w=wrap: ag.grad(f)(x, w).sum())(x)]
        for wrap in (lambda f: f, ag.checkpoint)
    ]
    np.testing.assert_allclose(second, first)


def test_an_argument_of_a_checkpoint_may_depend_on_what_its_function_uses():
    """w (2w)^2 in w: a Tensor from outside that is also below the argument counts once."""

    def f(w):
        x = w * 2
        return ag.checkpoint(lambda x: x * w * x)(x).sum()

    w = leaf(2.0)
    f(w).backward(create_graph=True)
    np.testing.assert_array_equal(w.grad.value, [48.0])
    first, w.grad = w.grad, None
    first.sum().backward()
    np.testing.assert_array_equal(w.grad, [48.0])


# --- Scalars --------------------------------------------------------------------------------------


def test_scalars_have_the_same_hooks():
    x, w, seen = ag.Scalar(3.0, label="x"), ag.Scalar(2.0), []
    x.grad = 100.0
    x.register_hook(lambda g: seen.append(g) or 10 * g)
    x.register_post_accumulate_grad_hook(lambda s: seen.append((s.label, s.grad)))
    y = x * w
    y.register_hook(lambda g: seen.append(("y", g)))
    (y + x * x).backward()
    assert seen == [("y", 1.0), 8.0, ("x", 180.0)]
    assert (x.grad, w.grad) == (180.0, 3.0)


def test_scalars_with_hooks_agree_with_those_without():
    def run(hook):
        x, w = ag.Scalar(0.5), ag.Scalar(-1.5)
        h = x
        for _ in range(3):
            h = (h * w + x).tanh()
        if hook:
            h.register_hook(lambda g: None)
            x.register_hook(lambda g: None)
        out = ag.Scalar(h.value * 2, op="double", inputs=[h])
        out._backward = lambda: setattr(h, "grad", h.grad + 2 * out.grad)
        out.backward()
        out.backward(2.0)
        return x.grad, w.grad, h.grad

    assert run(True) == run(False)


def test_a_leaf_scalar_that_is_the_result_and_an_error_in_a_hook():
    x = ag.Scalar(1.0)
    x.grad = 3.0
    handle = x.register_hook(lambda g: 10 * g)
    x.backward()
    assert x.grad == 13.0
    handle.remove()
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * 2).backward()
    assert x.grad == 15.0
