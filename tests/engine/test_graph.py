"""The engine: recording, the sweep, ownership of gradients, hand-written operations."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import agx as ag
from agx._engine.graph import pullback


def leaf(*values):
    return ag.Tensor(np.array(values, dtype=float))


# --- accumulation --------------------------------------------------------------------------------


def test_leaves_accumulate_over_backward_calls():
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward()
    y.backward()
    assert x.grad == 8.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_that_scales_an_array_accumulates_an_array(dtype):
    scale, x = ag.Tensor(np.ones((), dtype)), ag.Tensor(np.ones((3, 2), dtype))
    for n in (1, 2):
        ag.sum(x * scale).backward()
        assert isinstance(scale.grad, np.ndarray)
        assert scale.grad == 6 * n


def test_intermediates_start_afresh_at_each_call():
    x = leaf(2.0)
    z = x * x
    y = (3 * z).sum()
    y.backward()
    y.backward()
    assert z.grad == 3.0
    assert x.grad == 24.0


def test_intermediates_keep_their_gradient():
    x = leaf(1.0, 2.0)
    y = x * x
    y.sum().backward()
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])


def test_an_argument_used_twice_gets_both_shares():
    x = leaf(3.0)
    (x + x * x + x).sum().backward()
    assert x.grad == 8.0


def test_a_diamond_is_swept_once():
    x = leaf(1.0)
    a = x * 2
    b, c = a * 3, a * 4
    (b * c).sum().backward()
    assert x.grad == 12 * 2 * 2 * 2


def test_gradient_is_zeros_before_any_arrives():
    x = ag.Tensor(np.ones((2, 3), np.float32))
    assert x.grad_or_none is None
    assert x.grad.shape == (2, 3)
    assert x.grad.dtype == np.float32
    assert not x.grad.any()


def test_gradient_can_be_set_and_reset():
    x = leaf(1.0, 2.0)
    x.grad = 0.0
    np.testing.assert_array_equal(x.grad, [0.0, 0.0])
    x.grad += np.array([1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])
    x.grad = None
    assert x.grad_or_none is None


def test_gradient_of_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"grad: expected shape \(2,\).*got \(3,\)"):
        leaf(1.0, 2.0).grad = np.ones(3)


def test_forgotten_unbroadcast_in_a_closure_fails_loudly():
    x = leaf(1.0)
    out = ag.Tensor(np.ones((2, 1)), inputs=[x], op="spread")

    def _backward():
        x.grad += out.grad

    out._backward = _backward
    with pytest.raises(ValueError, match="broadcast"):
        out.sum().backward()


# --- ownership -----------------------------------------------------------------------------------


def test_two_parameters_never_share_one_gradient_array():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x + y).sum().backward()
    x.grad *= 0.5
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])


@pytest.mark.parametrize(
    "function", [lambda x: x.reshape(2, 1), lambda x: x.T, lambda x: +x, lambda x: x[:]]
)
def test_a_gradient_is_no_view_of_another(function):
    x = leaf(1.0, 2.0)
    y = function(x)
    (y * 1.0).sum().backward()
    x.grad += 1
    assert (y.grad == 1).all()


def test_the_seed_is_not_kept():
    x = leaf(1.0, 2.0)
    seed = np.array([1.0, 2.0])
    (+x).backward(seed)
    x.grad *= 3
    np.testing.assert_array_equal(seed, [1.0, 2.0])


# --- size and life time --------------------------------------------------------------------------


def test_a_chain_of_100_000_operations():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.sum().backward()
    assert x.grad == 1.0
    del y


def test_the_graph_dies_without_the_garbage_collector():
    gc.disable()
    try:
        x = leaf(1.0)
        y = ag.exp(x) * 2
        probe = weakref.ref(y)
        z = y.sum()
        z.backward()
        del y, z
        assert probe() is None
    finally:
        gc.enable()


def test_free_lets_go_of_the_graph_and_of_intermediate_gradients():
    x = leaf(1.0)
    y = x * 2
    z = y.sum()
    z.backward(free=True)
    assert x.grad == 2.0
    assert y.inputs == []
    assert y.grad_or_none is None
    with pytest.raises(RuntimeError, match=r"op 'sum' was freed .* with retain_graph=True"):
        z.backward()
    with pytest.raises(RuntimeError, match="op 'mul' was freed"):
        (y * 3).sum().backward()


def deep(x):
    y = x
    for _ in range(1001):
        y = y + 1.0
    return y.sum()


LARGE = {
    "results": lambda x: (x + np.zeros((201, 200))).sum(),
    "constants": lambda x: (np.ones((1, 40_000)) @ (np.ones((40_000, 2)) @ x[:2])).sum(),
    "leaves": lambda x: (ag.Tensor(np.ones(150_000))[:3] * x[:3]).sum(),
    "nodes": deep,
}


@pytest.mark.parametrize("free", [False, None])
@pytest.mark.parametrize("build", LARGE.values(), ids=LARGE)
def test_a_large_graph_is_let_go_but_what_is_held_keeps_value_and_gradient(build, free):
    x = ag.Tensor(np.ones(200))
    inner = x * 2.0
    probe = weakref.ref(middle := inner * 3.0)
    z = build(middle)
    del middle
    z.backward(**({} if free is None else {"free": free}))
    assert probe() is None
    assert z.inputs == []
    assert z.grad == 1.0
    assert inner.grad.shape == inner.shape
    assert inner.grad.any()
    np.testing.assert_array_equal(x.grad, 2 * inner.grad)
    with pytest.raises(RuntimeError, match="op 'sum' was freed .* retain_graph=True"):
        z.backward()


@pytest.mark.parametrize("build", LARGE.values(), ids=LARGE)
def test_retain_graph_keeps_a_graph_of_any_size(build):
    x = ag.Tensor(np.ones(200))
    z = build(x * 1.0)
    z.backward(retain_graph=True)
    once = x.grad.copy()
    z.backward()
    np.testing.assert_array_equal(x.grad, 2 * once)


def test_retain_graph_and_free_contradict_each_other():
    with pytest.raises(ValueError, match="free=True lets go .* that retain_graph=True needs"):
        leaf(1.0).sum().backward(free=True, retain_graph=True)


@pytest.mark.parametrize("keep", [lambda kept, z: kept + z, lambda kept, z: (kept, z)])
def test_kept_losses_keep_nothing_else(keep):
    weights, kept, probes = ag.Tensor(np.ones((300, 300))), 0.0, []
    for _ in range(3):
        hidden = ag.tanh(np.ones((300, 300)) @ weights)
        probes.append(weakref.ref(hidden))
        loss = hidden.mean()
        loss.backward()
        kept = keep(kept, loss)
        del hidden
    assert [probe() for probe in probes] == [None] * 3


def test_nothing_is_kept_without_need():
    x = ag.Tensor([1.0], requires_grad=False)
    y = x * 2
    assert isinstance(y, ag.Tensor)
    assert not y.requires_grad
    assert y.inputs == []


# --- the graph that was recorded -----------------------------------------------------------------


def test_inputs_keep_order_and_multiplicity():
    x, y = leaf(1.0), leaf(2.0)
    assert [id(n) for n in (x - y).inputs] == [id(x), id(y)]
    assert [id(n) for n in (x * x).inputs] == [id(x), id(x)]
    assert (x * 3).arguments == (x, 3)
    assert (x * y).op == "mul"


def test_lists_among_the_arguments_become_constants():
    x = leaf(1.0, 2.0)
    (x * [3.0, 4.0]).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])


def test_pushing_by_hand_follows_the_lecture():
    x = leaf(2.0)
    y = x * x
    z = y * 3
    z.grad = 1.0
    for node in (z, y, x):
        node._backward()
    assert x.grad == 12.0


# --- hand-written operations ---------------------------------------------------------------------


def lecture_log(x):
    out = ag.Tensor(np.log(x.value), inputs=[x], op="log")

    def _backward():
        x.grad += out.grad / x.value

    out._backward = _backward
    return out


def test_a_closure_in_mid_graph():
    x = leaf(0.5, 2.0)
    (lecture_log(x * x) * 3).sum().backward()
    np.testing.assert_allclose(x.grad, 6 / x.value)


def test_a_closure_with_an_input_used_twice_and_backward_twice():
    x = leaf(2.0)
    y = x * 1.0
    out = ag.Tensor(y.value**2, inputs=[y, y], op="square")

    def _backward():
        y.grad += 2 * y.value * out.grad

    out._backward = _backward
    total = (out + y).sum()
    total.backward()
    assert x.grad == 5.0
    total.backward()
    assert x.grad == 10.0
    assert y.grad == 5.0


def test_a_closure_given_to_the_constructor():
    x = leaf(1.0)
    out = ag.Tensor(5.0, "five", lambda: None, [x], "label")
    assert (out.op, out.label, out.inputs) == ("five", "label", [x])
    out.backward()
    assert x.grad == 0.0


def test_second_derivative_through_a_closure_is_refused():
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match=r"op 'log' has a hand-written _backward.*ag.primitive"):
        pullback(lecture_log(x).sum(), [x], create_graph=True)


def test_first_derivative_through_a_closure_by_pullback():
    x = leaf(2.0)
    np.testing.assert_allclose(pullback(lecture_log(x).sum(), [x])[0], [0.5])
    assert x.grad_or_none is None


def test_inputs_without_a_backward_are_refused():
    x = leaf(1.0)
    out = ag.Tensor(x.value, inputs=[x], op="mystery")
    with pytest.raises(RuntimeError, match="op 'mystery' has inputs but no _backward"):
        out.backward()


def test_inputs_must_be_tensors():
    with pytest.raises(TypeError, match="inputs: expected Tensors, got float"):
        ag.Tensor(1.0, inputs=[2.0])


@pytest.mark.parametrize(
    "make", [lambda: ag.Tensor(1.0, _backward=3), lambda: setattr(leaf(1.0), "_backward", 3)]
)
def test_backward_must_be_callable(make):
    with pytest.raises(TypeError, match="_backward: expected a function of no arguments, got int"):
        make()


# --- primitives of one's own ---------------------------------------------------------------------


def test_a_primitive_of_ones_own_has_every_derivative():
    cube = ag.primitive("test_cube", lambda x: x**3, [lambda g, out, x: 3 * g * x**2])
    ag.testing.check_grads(cube, np.array([0.5, -2.0]), order=3)


def test_a_variadic_primitive():
    total = ag.primitive("test_total", lambda *xs: sum(xs), lambda i, g, out, *xs: g)
    x, y = leaf(1.0), leaf(2.0)
    total(x, y, x).sum().backward()
    assert (x.grad, y.grad) == (2.0, 1.0)


def test_a_missing_pull_back_is_reported():
    half = ag.primitive("test_half", lambda x, y: x * y, [lambda g, out, x, y: g * y, None])
    with pytest.raises(TypeError, match="test_half: no gradient with respect to argument 1"):
        half(leaf(1.0), leaf(2.0)).sum().backward()


def test_a_pull_back_of_a_wrong_shape_is_reported():
    bad = ag.primitive("test_bad", lambda x: x * 2, [lambda g, out, x: np.ones(5)])
    with pytest.raises(
        RuntimeError, match=r"test_bad: a gradient of shape \(5,\) does not fit .* \(2,\)"
    ):
        bad(leaf(1.0, 2.0)).sum().backward()


def test_a_primitive_needs_a_function():
    with pytest.raises(TypeError, match="function must be callable"):
        ag.primitive("test_none", None, [])


# --- recording on and off ------------------------------------------------------------------------


def test_no_grad_as_context_manager():
    x = leaf(1.0)
    with ag.no_grad():
        assert not ag.is_recording()
        y = x * 2
    assert ag.is_recording()
    assert not y.requires_grad
    assert y.inputs == []


@pytest.mark.parametrize("decorate", [ag.no_grad, ag.no_grad()])
def test_no_grad_as_decorator(decorate):
    @decorate
    def double(x):
        """Doubles."""
        return x * 2

    assert not double(leaf(1.0)).requires_grad
    assert double.__doc__ == "Doubles."


def test_no_grad_nests_and_survives_errors():
    quiet = ag.no_grad()
    with quiet:
        with quiet:
            pass
        assert not ag.is_recording()
        with pytest.raises(KeyError), ag.no_grad():
            raise KeyError
        assert not ag.is_recording()
    assert ag.is_recording()


def test_no_grad_belongs_to_its_thread():
    seen = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((leaf(1.0) * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_threads_may_share_parameters():
    w = leaf(2.0)
    results = []

    def work(k):
        (gradient,) = pullback((w * k * w).sum(), [w])
        results.append((k, float(gradient[0])))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(results) == [(k, 4.0 * k) for k in range(8)]


def test_detach_cuts_the_graph_and_shares_memory():
    x = leaf(1.0, 2.0)
    y = (x * 2).detach()
    assert not y.requires_grad
    z = x.detach()
    z.value[0] = 7.0
    assert x.value[0] == 7.0


def test_requires_grad_of_a_result_cannot_be_switched_off():
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match=r"result of op 'mul'.*use .detach\(\)"):
        y.requires_grad = False


# --- zero cotangents -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ag.where(x > 0, ag.sqrt(x), 0.0),
        lambda x: ag.where(x > 0, ag.log(x), 0.0),
        lambda x: ag.where(x > 0, x * ag.log(x), 0.0),
        lambda x: ag.where(x > 0, ag.exp(ag.sqrt(x)) / x, 0.0),
        lambda x: ag.where(x > 0, x**0.5, 0.0),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_where_did_not_choose_stays_zero(function):
    x = leaf(-1.0, 0.0, 4.0)
    function(x).sum().backward()
    assert (x.grad[:2] == 0).all()
    assert np.isfinite(x.grad[2])
    second = ag.hessian(lambda x: function(x).sum())(x.value)
    assert np.isfinite(second).all()
    assert not second[:2].any()


@pytest.mark.filterwarnings("ignore:overflow")
def test_the_logistic_function_written_out_does_not_lose_itself():
    x = leaf(-1000.0, 0.0)
    (1 / (1 + ag.exp(-x))).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])


def test_a_zero_weight_does_not_hide_its_own_gradient():
    x, w = leaf(4.0), leaf(0.0)
    (slope,) = pullback((ag.sqrt(x) * w).sum(), [x], create_graph=True)
    np.testing.assert_allclose(pullback(slope.sum(), [w])[0], [0.25])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_true_nan_is_not_hidden():
    x = leaf(-1.0)
    ag.sqrt(x).sum().backward()
    assert np.isnan(x.grad).all()


# --- errors --------------------------------------------------------------------------------------


def test_backward_of_an_array_needs_a_seed():
    with pytest.raises(RuntimeError, match=r"shape \(2,\).*\.sum\(\).*seed"):
        leaf(1.0, 2.0).backward()


def test_a_seed_of_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected a seed of shape \(2,\), got \(3,\)"):
        (leaf(1.0, 2.0) * 2).backward(np.ones(3))


def test_backward_without_a_graph_is_refused():
    x = ag.Tensor([1.0], requires_grad=False)
    with pytest.raises(RuntimeError, match="does not depend on anything that requires a gradient"):
        x.backward()


def test_backward_of_a_leaf_adds_one():
    x = ag.Tensor(3.0)
    x.backward()
    assert x.grad == 1.0


def test_arguments_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="add: expected numbers, got str"):
        leaf(1.0) + "text"


def test_refcounts_do_not_leak():
    x, constant = leaf(1.0, 2.0), np.ones(2)
    before = sys.getrefcount(constant), sys.getrefcount(x)
    for _ in range(100):
        (x * constant + x).sum().backward()
    assert (sys.getrefcount(constant), sys.getrefcount(x)) == before


# --- gradients in the memory of others -----------------------------------------------------------


def test_a_gradient_is_overwritten_only_where_nobody_else_needs_it():
    """relu may write into the gradient of its result; neither seeds nor shared gradients are touched."""
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    seed = np.arange(1.0, 13).reshape(3, 4)
    for free in (False, True):
        a, b, before = ag.Tensor(x), ag.Tensor(x), seed.copy()
        ag.relu(a).backward(seed, free=free)
        np.testing.assert_array_equal(seed, before)
        np.testing.assert_array_equal(a.grad, np.where(x > 0, seed, 0))
        shared = (ag.relu(a * 2) + ag.relu(b * 3)) * 5.0
        a.grad = None
        shared.backward(seed, free=free)
        np.testing.assert_allclose(a.grad, np.where(x > 0, 10 * seed, 0))
        np.testing.assert_allclose(b.grad, np.where(x > 0, 15 * seed, 0))


def test_intermediate_gradients_survive_an_overwriting_rule():
    x = ag.Tensor([-1.0, 2.0])
    y = ag.relu(x * 3)
    z = y * 2
    z.sum().backward()
    np.testing.assert_array_equal(y.grad, [2.0, 2.0])
    np.testing.assert_array_equal(x.grad, [0.0, 6.0])
    found = ag.grad(lambda v: (ag.relu(v * 3) * 2).sum())(np.array([-1.0, 2.0]))
    np.testing.assert_array_equal(found, [0.0, 6.0])
